"""One thing that was done about a flag: an event, written once and never changed, as one line of JSON.

The book that holds them is like the casebook, and beside it: see :mod:`graph.casebook.book`.  All events of a plan have
its id as their ``batch``; the first of them, ``applied``, says what the plan was bound to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from graph.casebook.book import Casebook, Lines
from graph.casebook.events import convert_event, name_event
from graph.casebook.reach import FROM_COPY
from graph.errors import DataError, StoreDamagedError

FORMAT = 1
"""Of events; a later Ringfence that says more, or something else, in one writes a higher number."""

Measure = Literal["watch", "notify", "step-up", "limit", "deposit", "delay", "hold", "freeze"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""From mild to grave."""

ChangeKind = Literal["added", "raised", "lowered", "removed", "renewed"]
EventKind = Literal["applied", "undone", "added", "raised", "lowered", "removed", "renewed"]
Subject = Literal["account", "review"]
Key = tuple[str, str]
"""A subject, and its id."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class MeasureEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was done.

    Attributes
    ----------
    event_id
        A checksum of everything else.
    kind
        ``applied`` and ``undone`` are of a plan; the others say what became of a measure.
    subject, subject_id
        Of what: an account, a review, or a plan.
    by, at, reason
        Who did it, when (UTC), and why.
    turn
        1 + the highest turn that was known.
    measure, until
        What is in force from now on, and when it ends by itself (UTC); None where nothing is.
    before
        What was in force before.
    tier, run_id, rings
        The flag that it rests on, and the rings that the flag cites.
    batch
        The plan.
    bound
        Of ``applied``: what the plan was bound to.
    """

    event_id: str
    kind: EventKind
    subject: Literal["account", "review", "plan"]
    subject_id: str
    by: str
    at: Instant
    turn: int
    reason: str
    batch: str
    format: int = FORMAT
    measure: Measure | None = None
    until: Instant | None = None
    before: Measure | None = None
    tier: str | None = None
    run_id: str | None = None
    rings: tuple[str, ...] = ()
    bound: dict[str, str] = {}

    @property
    def key(self) -> Key:
        """Of what it is."""
        return self.subject, self.subject_id


def write_event(event: MeasureEvent) -> str:
    """One line of JSON, in ASCII."""
    return json.dumps(msgspec.to_builtins(event), sort_keys=True, separators=(",", ":"), allow_nan=False)


def make_event(*, turn: int, at: datetime, **said: Any) -> MeasureEvent:
    """An event with its id; ``said`` are the other fields."""
    event = MeasureEvent(event_id="", turn=turn, at=at, **said)
    return msgspec.structs.replace(event, event_id=name_event(msgspec.to_builtins(event)))


def read_events(lines: Iterable[str]) -> tuple[MeasureEvent, ...]:
    """All events of a book.

    Raises
    ------
    StoreDamagedError
        If one of them is not as it was written.
    StoreVersionError
        If a newer Ringfence wrote one.
    """
    try:
        return tuple(_read_event(line) for line in lines)
    except DataError as error:
        raise StoreDamagedError(f"the book of measures is damaged: {error}; {FROM_COPY}") from error


def _read_event(line: str) -> MeasureEvent:
    event = convert_event(line, MeasureEvent, newest=FORMAT, book="the book of measures")
    until = None if event.until is None else event.until.astimezone(UTC)
    return msgspec.structs.replace(event, at=event.at.astimezone(UTC), until=until)


Say = Callable[[tuple[MeasureEvent, ...]], Sequence[Mapping[str, Any]]]


def add_events(book: Casebook, say: Say, *, at: datetime) -> tuple[MeasureEvent, ...]:
    """Add events to a book, all of them or none; returns what was added.

    Parameters
    ----------
    book
        Of measures.
    say
        From the events so far to the fields of new ones, in their order; what it raises leaves the book as it was.
    at
        When (UTC).
    """
    made: list[MeasureEvent] = []

    def write(lines: Lines) -> list[str]:
        known = read_events(lines)
        turn = 1 + max((each.turn for each in known), default=0)
        made[:] = [make_event(turn=place, at=at, **fields) for place, fields in enumerate(say(known), start=turn)]
        return [write_event(each) for each in made]

    book.append(write)
    return tuple(made)
