"""The casebook on a server: a node for each event, which Ringfence never changes, and Bloom shows.

The node's ``line`` is the event; the properties beside it are for people to look at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph import errors
from graph.casebook.book import Lines
from graph.casebook.reach import MEND, Reach, chain, find_reach, require_reach
from graph.stores.server.bolt import Bolt, Transaction
from graph.stores.server.schema import KEYS

EVENT_LABEL, DAMAGED_LABEL = "CaseEvent", "DamagedCaseEvent"
_SHOWN = ("event_id", "kind", "subject", "subject_id", "word", "by", "reason", "turn", "accounts", "thing_kind")

_NAME = f"{EVENT_LABEL.lower()}_key"
_MAKE_KEY = f"CREATE CONSTRAINT {_NAME} IF NOT EXISTS FOR {KEYS[_NAME][0]} REQUIRE {KEYS[_NAME][1]} IS UNIQUE"
# Setting a property takes the node's lock: those who write wait for one another, and read what the others wrote.
_LOCK = "MATCH (s:Schema {name: 'ringfence'}) SET s.casebook = coalesce(s.casebook, 0) + 1 RETURN s.casebook AS n"
# What is written down of how far it reaches comes first: events that are added meanwhile are no fewer than that.
_READ = (
    "OPTIONAL MATCH (s:Schema {name: 'ringfence'})"
    " RETURN -1 AS place, s.casebook_sha256 AS line, s.casebook_events AS n, '' AS id"
    f" UNION ALL MATCH (e:{EVENT_LABEL}) RETURN e.place AS place, e.line AS line, 0 AS n, elementId(e) AS id"
)
_REACH = "MATCH (s:Schema {name: 'ringfence'}) SET s.casebook_events = $entries, s.casebook_sha256 = $sha256"
_PUT_ASIDE = f"UNWIND $ids AS id MATCH (e) WHERE elementId(e) = id REMOVE e:{EVENT_LABEL} SET e:{DAMAGED_LABEL}"
_PLACE = f"UNWIND $places AS place MATCH (e:{EVENT_LABEL} {{event_id: place.event_id}}) SET e.place = place.place"
_WRITE = f"UNWIND $events AS event CREATE (e:{EVENT_LABEL}) SET e = event"


class ServerCasebook:
    """A :class:`~graph.casebook.book.Casebook` on a server.

    Parameters
    ----------
    bolt
        The server, which has a store.
    """

    def __init__(self, bolt: Bolt) -> None:
        self._bolt = bolt

    def read(self) -> Lines:
        """Every event; see :class:`~graph.casebook.book.Casebook`."""
        return _check(self._bolt, _find(self._bolt.ask(_READ)))

    def append(self, say: Callable[[Lines], Sequence[str]]) -> Lines:
        """Add what is to be said in one transaction; see :class:`~graph.casebook.book.Casebook`.

        An event has an id that no other has: where the connection breaks while a transaction is being committed, and it
        is tried again, what was committed after all is found and not written twice.
        """
        if not self._bolt.ask("SHOW CONSTRAINTS YIELD name WHERE name = $name RETURN name", name=_NAME):
            self._bolt.ask(_MAKE_KEY, writing=True)
        written: list[Lines] = []

        def work(transaction: Transaction) -> Lines:
            transaction.run(_LOCK).consume()
            found = _find(transaction.run(_READ).data())
            known = _check(self._bolt, found)
            if written and set(written[0]) <= set(known):
                return written[0]
            added = tuple(say(known))
            events = [_lay_out(line, number) for number, line in enumerate(added, start=found.next_place)]
            transaction.run(_WRITE, events=events).consume()
            transaction.run(_REACH, vars(find_reach(chain((*known, *added))))).consume()
            written[:] = [added]
            return added

        return self._bolt.transact(work, writing=True)

    def mend(self, choose: Callable[[Lines], Sequence[str]]) -> Lines:
        """Put aside what is not chosen, and add what is not there; see :class:`~graph.casebook.book.Casebook`."""

        def work(transaction: Transaction) -> Lines:
            transaction.run(_LOCK).consume()
            found = _find(transaction.run(_READ).data())
            chosen = tuple(choose(tuple(line for line in found.lines if line is not None)))
            events = [_lay_out(line, number) for number, line in enumerate(chosen, start=1)]
            kept = {line for line in found.lines if line in set(chosen)}
            aside = [each for each, line in zip(found.ids, found.lines, strict=True) if line not in kept]
            transaction.run(_PUT_ASIDE, ids=aside).consume()
            transaction.run(_PLACE, places=[each for each in events if each["line"] in kept]).consume()
            transaction.run(_WRITE, events=[each for each in events if each["line"] not in kept]).consume()
            transaction.run(_REACH, vars(find_reach(chain(chosen)))).consume()
            return chosen

        return self._bolt.transact(work, writing=True)


@dataclass(frozen=True)
class _Found:
    """The nodes in their order: lines and ids (N each), the next node's place, and how far they reached."""

    lines: tuple[str | None, ...]
    ids: tuple[str, ...]
    next_place: int
    reach: Reach | None


def _find(rows: Sequence[dict[str, Any]]) -> _Found:
    head, *events = rows
    events.sort(key=lambda row: row["place"] or 0)
    reach = None if head["n"] is None else Reach(int(head["n"]), str(head["line"]))
    lines, ids = (tuple(row[name] for row in events) for name in ("line", "id"))
    return _Found(lines, ids, 1 + max((row["place"] or 0 for row in events), default=0), reach)


def _lay_out(line: str, place: int) -> dict[str, Any]:
    fields = json.loads(line)
    shown = {name: fields[name] for name in _SHOWN if fields.get(name) is not None}
    return shown | {"at": datetime.fromisoformat(fields["at"]), "line": line, "place": place}


def _check(bolt: Bolt, found: _Found) -> Lines:
    """The events, all of which say what they said when they were written."""
    whole = tuple(line for line in found.lines if line is not None and _is_whole(line))
    name = f"{EVENT_LABEL} nodes on {bolt.server}"
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
