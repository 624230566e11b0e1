"""The casebook on a server: a node for each event, which Ringfence never changes, and Bloom shows.

The node's ``line`` is the event; the properties beside it are for people to look at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from graph import errors
from graph.casebook.book import Lines
from graph.stores.server.bolt import Bolt, Transaction
from graph.stores.server.schema import KEYS

EVENT_LABEL = "CaseEvent"
_SHOWN = ("event_id", "kind", "subject", "subject_id", "word", "by", "reason", "turn", "accounts", "thing_kind")

_NAME = f"{EVENT_LABEL.lower()}_key"
_MAKE_KEY = f"CREATE CONSTRAINT {_NAME} IF NOT EXISTS FOR {KEYS[_NAME][0]} REQUIRE {KEYS[_NAME][1]} IS UNIQUE"
# Setting a property takes the node's lock: those who write wait for one another, and read what the others wrote.
_LOCK = "MATCH (s:Schema {name: 'ringfence'}) SET s.casebook = coalesce(s.casebook, 0) + 1 RETURN s.casebook AS n"
_READ = f"MATCH (e:{EVENT_LABEL}) RETURN e.line AS line, e.place AS place ORDER BY place"
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
        return _check(self._bolt, [row["line"] for row in self._bolt.ask(_READ)])

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
            rows = transaction.run(_READ).data()
            known = _check(self._bolt, [row["line"] for row in rows])
            if written and set(written[0]) <= set(known):
                return written[0]
            added = tuple(say(known))
            place = 1 + max((row["place"] for row in rows), default=0)
            events = [_lay_out(line, number) for number, line in enumerate(added, start=place)]
            transaction.run(_WRITE, events=events).consume()
            written[:] = [added]
            return added

        return self._bolt.transact(work, writing=True)


def _lay_out(line: str, place: int) -> dict[str, Any]:
    fields = json.loads(line)
    shown = {name: fields[name] for name in _SHOWN if fields.get(name) is not None}
    return shown | {"at": datetime.fromisoformat(fields["at"]), "line": line, "place": place}


def _check(bolt: Bolt, lines: Sequence[str | None]) -> Lines:
    """The events, all of which say what they said when they were written."""
    whole = tuple(line for line in lines if line is not None and _is_whole(line))
    if len(whole) < len(lines):
        raise errors.StoreDamagedError(
            f"{len(lines) - len(whole)} of the {EVENT_LABEL} nodes on {bolt.server} were changed, and not by Ringfence;"
            " delete them, and import an export of the casebook"
        )
    return whole


def _is_whole(line: str) -> bool:
    from graph.casebook.events import name_event

    try:
        fields = json.loads(line)
        return bool(name_event(fields) == fields["event_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
