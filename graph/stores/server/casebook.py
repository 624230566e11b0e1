"""The books of events on a server: a node for each event, which Ringfence never changes, and Bloom shows.

The node's ``line`` is the event; the properties beside it are for people to look at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph import errors
from graph.casebook.book import Lines
from graph.casebook.reach import MEND, Reach, chain, find_reach, mending_from_copy, require_reach
from graph.stores.server.bolt import Bolt, Transaction
from graph.stores.server.event_links import MOST_AT_ONCE, join_new
from graph.stores.server.schema import KEYS

_SHOWN = (
    *("event_id", "kind", "subject", "subject_id", "word", "by", "reason", "turn", "accounts", "thing_kind"),
    *("measure", "before", "tier", "rings", "run_id", "batch"),
)

JOINING_SECONDS = 1.0
"""What is said waits no longer for a load or a run until it is joined to the graph: the next time will do."""

# Setting a property takes the node's lock: those who write wait for one another, and read what the others wrote.
_LOCK = "MATCH (s:Schema {name: 'ringfence'}) SET s.casebook = coalesce(s.casebook, 0) + 1 RETURN s.casebook AS n"


@dataclass(frozen=True)
class Book:
    """A book of events: its name, and the labels of its nodes and of those that were put aside."""

    name: str
    label: str
    damaged: str

    @property
    def read(self) -> str:
        """All of it.  How far it reaches comes first: events that are added meanwhile are no fewer than that."""
        return (
            "OPTIONAL MATCH (s:Schema {name: 'ringfence'})"
            f" RETURN -1 AS place, s.{self.name}_sha256 AS line, s.{self.name}_events AS n, '' AS id"
            f" UNION ALL MATCH (e:{self.label}) RETURN e.place AS place, e.line AS line, 0 AS n, elementId(e) AS id"
        )

    @property
    def reach(self) -> str:
        """Write down how far it reaches."""
        said = f"s.{self.name}_events = $entries, s.{self.name}_sha256 = $sha256"
        return f"MATCH (s:Schema {{name: 'ringfence'}}) SET {said}"

    @property
    def put_aside(self) -> str:
        """Take events out of it that are not what they were."""
        moved = f"UNWIND $ids AS id MATCH (e) WHERE elementId(e) = id REMOVE e:{self.label} SET e:{self.damaged}"
        return f"{moved} WITH e MATCH (e)-[r:SAID_OF]-() DELETE r"

    @property
    def place(self) -> str:
        """Put events in another order."""
        return f"UNWIND $places AS place MATCH (e:{self.label} {{event_id: place.event_id}}) SET e.place = place.place"

    @property
    def write(self) -> str:
        """Add events."""
        return f"UNWIND $events AS event CREATE (e:{self.label}) SET e = event"


CASEBOOK = Book("casebook", "CaseEvent", "DamagedCaseEvent")
MEASURES = Book("measures", "MeasureEvent", "DamagedMeasureEvent")
"""What people said, and what is done about flags."""


class ServerCasebook:
    """A :class:`~graph.casebook.book.Casebook` on a server.

    Parameters
    ----------
    bolt
        The server, which has a store.
    book
        Which one.
    """

    def __init__(self, bolt: Bolt, book: Book = CASEBOOK) -> None:
        self._bolt = bolt
        self._book = book

    def read(self) -> Lines:
        """Every event; see :class:`~graph.casebook.book.Casebook`."""
        try:
            return self._check(_find(self._bolt.ask(self._book.read)))
        except errors.StoreDamagedError:  # unless somebody added an event between its head and its end
            return self._check(_find(self._bolt.ask(self._book.read)))

    def knows_its_end(self) -> bool:
        """Whether the ``Schema`` node says how many there are; see :class:`~graph.casebook.book.Casebook`."""
        return _find(self._bolt.ask(self._book.read)).reach is not None

    def append(self, say: Callable[[Lines], Sequence[str]]) -> Lines:
        """Add what is to be said in one transaction; see :class:`~graph.casebook.book.Casebook`.

        An event has an id that no other has: where the connection breaks while a transaction is being committed, and it
        is tried again, what was committed after all is found and not written twice.
        """
        self._make_key()
        written: list[Lines] = []

        def work(transaction: Transaction) -> Lines:
            transaction.run(_LOCK).consume()
            found = _find(transaction.run(self._book.read).data())
            known = self._check(found)
            if written and set(written[0]) <= set(known):
                return written[0]
            added = tuple(say(known))
            events = [_lay_out(line, number) for number, line in enumerate(added, start=found.next_place)]
            transaction.run(self._book.write, events=events).consume()
            transaction.run(self._book.reach, vars(find_reach(chain((*known, *added))))).consume()
            written[:] = [added]
            return added

        said = self._bolt.transact(work, writing=True)
        if said:
            self._join()
        return said

    def _join(self) -> None:
        """Join what people said to what it is about, unless somebody at work is in the way."""
        if self._book != CASEBOOK:
            return
        with suppress(errors.StoreError):
            while self._bolt.transact(join_new, writing=True, patience_seconds=JOINING_SECONDS) == MOST_AT_ONCE:
                pass

    def mend(self, choose: Callable[[Lines], Sequence[str]]) -> Lines:
        """Put aside what is not chosen, and add what is not there; see :class:`~graph.casebook.book.Casebook`."""

        def work(transaction: Transaction) -> Lines:
            transaction.run(_LOCK).consume()
            found = _find(transaction.run(self._book.read).data())
            chosen = tuple(choose(tuple(line for line in found.lines if line is not None)))
            events = [_lay_out(line, number) for number, line in enumerate(chosen, start=1)]
            kept = {line for line in found.lines if line in set(chosen)}
            aside = [each for each, line in zip(found.ids, found.lines, strict=True) if line not in kept]
            transaction.run(self._book.put_aside, ids=aside).consume()
            transaction.run(self._book.place, places=[each for each in events if each["line"] in kept]).consume()
            transaction.run(self._book.write, events=[each for each in events if each["line"] not in kept]).consume()
            transaction.run(self._book.reach, vars(find_reach(chain(chosen)))).consume()
            return chosen

        said = self._bolt.transact(work, writing=True)
        self._join()
        return said

    def _make_key(self) -> None:
        """A graph that was made before there was such a book has no key for it."""
        name = f"{self._book.label.lower()}_key"
        if not self._bolt.ask("SHOW CONSTRAINTS YIELD name WHERE name = $name RETURN name", name=name):
            what, key = KEYS[name]
            self._bolt.ask(f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR {what} REQUIRE {key} IS UNIQUE", writing=True)

    def _check(self, found: _Found) -> Lines:
        """The events, all of which say what they said when they were written."""
        name = f"{self._book.label} nodes on {self._bolt.server}"
        with mending_from_copy(is_asked=self._book != CASEBOOK):
            return _require_whole(found, name)


@dataclass(frozen=True)
class _Found:
    """The nodes in their order: lines and ids (N each), the next node's place, and how far they reached."""

    lines: tuple[str | None, ...]
    ids: tuple[str, ...]
    next_place: int
    reach: Reach | None


def _find(rows: Sequence[dict[str, Any]]) -> _Found:
    head, *events = sorted(rows, key=lambda row: row["place"] or 0)  # the head has the place before all others
    reach = None if head["n"] is None else Reach(int(head["n"]), str(head["line"]))
    lines, ids = (tuple(row[name] for row in events) for name in ("line", "id"))
    return _Found(lines, ids, 1 + max((row["place"] or 0 for row in events), default=0), reach)


def _lay_out(line: str, place: int) -> dict[str, Any]:
    fields = json.loads(line)
    shown = {name: fields[name] for name in _SHOWN if fields.get(name) is not None}
    return shown | {"at": datetime.fromisoformat(fields["at"]), "line": line, "place": place}


def _require_whole(found: _Found, name: str) -> Lines:
    whole = tuple(line for line in found.lines if line is not None and _is_whole(line))
    if len(whole) < len(found.lines):
        raise errors.StoreDamagedError(
            f"{len(found.lines) - len(whole)} of the {name} were changed, and not by Ringfence: {MEND}"
        )
    require_reach(found.reach, chain(whole), name)
    return whole


def _is_whole(line: str) -> bool:
    from graph.casebook.events import name_event

    try:
        fields = json.loads(line)
        return bool(name_event(fields) == fields["event_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
