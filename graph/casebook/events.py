"""One thing that a person said: an event, written once and never changed, as one line of JSON.

Its id is a checksum of all that it says, so that the same event is the same wherever it is kept or moved to, and a
changed one is noticed.  ``turn`` counts: an event's is higher than that of every event that was known where it was
made.  So whoever decides after having seen an earlier decision comes after it, whatever the clocks of two machines say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec

from graph.errors import DataError, StoreDamagedError, StoreVersionError

FORMAT = 1
"""Of events; a later Ringfence that says more, or something else, in one writes a higher number."""

EventKind = Literal[
    "decided",
    "undone",
    "ignored",
    "heeded",
    "claimed",
    "released",
    "noted",
    "skipped",
    "merged",
    "split",
    "reopened",
    "appealed",
    "ruled",
]
"""A verdict; an event or batch taken back; a thing that links nobody, and one that links again; what becomes of a
case, which has the id of its ring; an appeal of an account, and the answer to it."""
Subject = Literal["ring", "account", "review", "thing", "event"]
DecidedOn = Literal["ring", "account", "review"]
Word = Literal["confirmed", "dismissed", "cleared", "watch"]
WORDS: tuple[Word, ...] = get_args(Word)

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone: without one it would be another instant on another machine."""

LONGEST_REASON = 100_000
"""Characters."""
HIGHEST_TURN = 10**9
"""Of an event that is taken in: nobody has said so much, and the next event needs a higher one."""


class SeenMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member as it was: ``bits`` tied it to the others."""

    account_id: str
    role: str
    bits: float


class SeenEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel showed, in bits beyond chance."""

    channel: str
    bits: float
    observed: float
    expected: float
    sentence: str


class SeenReading(msgspec.Struct, frozen=True, kw_only=True):
    """An innocent explanation as it was heard."""

    name: str
    bits: float
    won: bool
    sentence: str


class Seen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What there was to see of a subject at the moment when something was said of it.

    ``score`` lies in [0, 1]; ``net_bits`` and ``members`` are a ring's, ``reasons`` an account's or a review's.
    """

    run_id: str | None = None
    tier: str | None = None
    score: float | None = None
    net_bits: float | None = None
    ring_kind: str | None = None
    members: tuple[SeenMember, ...] = ()
    evidence: tuple[SeenEvidence, ...] = ()
    innocent: tuple[SeenReading, ...] = ()
    reasons: tuple[str, ...] = ()
    ring_ids: tuple[str, ...] = ()


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a person said.

    Attributes
    ----------
    event_id
        A checksum of everything else.
    kind, subject, subject_id
        What was said, and of what; of a thing the id is its canonical value, of ``undone`` an event or a batch.
    by, at, reason
        Who said it, when (UTC), and why.
    turn
        1 + the highest turn known where it was said.
    word
        Of a decision: its verdict.
    accounts
        Of a decision on a ring: the members whom it is about.  ``is_whole``: all that the ring had.
    thing_kind, until
        Of a thing: its kind, and when it links again (UTC; None for never).  Of a claim: when it lapses; of an appeal:
        when it has to be answered.
    ruling, things, not_same_as
        Of an answer to an appeal: whether it was granted; and if so what does not link the account any more: things by
        kind and canonical value, and other accounts, whatever it has in common with them.
    into
        Of a case that is merged: the case that goes on.
    despite
        Who had the case when it was done all the same.
    is_public
        Of a note: whether it may be told to those whom the case is about.
    batch
        What was said at once, and can be taken back at once.
    seen
        What there was to see.
    """

    event_id: str
    kind: EventKind
    subject: Subject
    subject_id: str
    by: str
    at: Instant
    turn: int
    reason: str
    format: int = FORMAT
    word: Word | None = None
    accounts: tuple[str, ...] = ()
    is_whole: bool = False
    thing_kind: str | None = None
    until: Instant | None = None
    into: str | None = None
    ruling: Literal["granted", "refused"] | None = None
    things: tuple[tuple[str, str], ...] = ()
    not_same_as: tuple[str, ...] = ()
    despite: tuple[str, ...] = ()
    is_public: bool = False
    batch: str | None = None
    seen: Seen | None = None


def find_next_turn(known: Iterable[Event]) -> int:
    """The turn of what is said after all that is known."""
    return 1 + max((each.turn for each in known), default=0)


def make_event(*, turn: int, at: datetime, **said: Any) -> Event:
    """An event with its id; ``said`` are the other fields of :class:`Event`."""
    event = Event(event_id="", turn=turn, at=at, **said)
    return msgspec.structs.replace(event, event_id=name_event(msgspec.to_builtins(event)))


def name_event(fields: dict[str, Any]) -> str:
    """The id of an event: ``E`` and a checksum of what it says.

    >>> name_event({"event_id": "", "reason": "family phone"}) == name_event({"reason": "family phone"})
    True
    """
    text = _write({name: value for name, value in fields.items() if name != "event_id"})
    return _name_text(text)


def _name_text(text: str) -> str:
    return "E" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def write_event(event: Event) -> str:
    """One line of JSON, in ASCII, however many lines a reason has."""
    return _write(msgspec.to_builtins(event))


def _write(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)


def copy_line(line: str) -> str:
    """The line of an event as a casebook keeps it; see :func:`read_event` for what it refuses.

    Raises
    ------
    DataError
        Also if its turn is one that no casebook reaches.
    """
    event = read_event(line)
    if not 0 <= event.turn <= HIGHEST_TURN:
        raise DataError(f"event {event.event_id} has the turn {event.turn}, which no casebook reaches")
    return _write(json.loads(line))


def read_event(line: str) -> Event:
    """An event from its line, as a casebook keeps it or as anybody may have written the same JSON.

    Raises
    ------
    DataError
        If it is no event, or not as it was written.
    StoreVersionError
        If a newer Ringfence wrote it: what it says is not for this one to leave out.
    """
    try:
        event = msgspec.json.decode(line, type=Event)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _read_any(line)
    # Keys are in order, and a quotation mark in a text is written with a backslash: this is the id's one place.
    rest = line.replace(f'"event_id":"{event.event_id}",', "", 1)
    is_ours = event.format <= FORMAT and event.event_id == _name_text(rest)
    return _in_utc(event) if is_ours else _read_any(line)


def _read_any(line: str) -> Event:
    return _in_utc(convert_event(line, Event, newest=FORMAT, book="the casebook"))


AnyEvent = TypeVar("AnyEvent", bound=msgspec.Struct)


def convert_event(line: str, kind: type[AnyEvent], *, newest: int, book: str) -> AnyEvent:
    """One event of a book, as it was written.

    Parameters
    ----------
    line
        Of JSON; its ``event_id`` is the checksum of the other fields (:func:`name_event`).
    kind
        What the book holds.
    newest
        The highest ``format`` that is known.
    book
        In words.

    Raises
    ------
    DataError
        If it is no event, or not as it was written.
    StoreVersionError
        If a newer Ringfence wrote it.
    """
    try:
        fields = json.loads(line)
        if isinstance(fields, dict) and isinstance(fields.get("format", 1), int) and fields.get("format", 1) > newest:
            raise StoreVersionError(
                f"event {fields.get('event_id')} of {book} was written by a newer Ringfence (format"
                f" {fields['format']}; this one reads up to {newest}); upgrade Ringfence"
            )
        event = msgspec.convert(fields, kind)
        if name_event(fields) != fields["event_id"]:
            raise DataError(f"event {fields['event_id']} is not as it was written: its checksum is another one")
    except (ValueError, RecursionError) as error:  # of JSON, of msgspec, and DataError itself
        raise error if isinstance(error, DataError) else DataError(f"this is no event: {error}") from error
    return event


def is_whole(line: str) -> bool:
    """Whether a line is an event as it was written.

    Raises
    ------
    StoreVersionError
        If a newer Ringfence wrote it.
    """
    try:
        read_event(line)
    except DataError:
        return False
    return True


def _in_utc(event: Event) -> Event:
    if event.at.tzinfo is UTC and (event.until is None or event.until.tzinfo is UTC):
        return event
    until = None if event.until is None else event.until.astimezone(UTC)
    return msgspec.structs.replace(event, at=event.at.astimezone(UTC), until=until)


def read_events(lines: Iterable[str]) -> tuple[Event, ...]:
    """All events of a casebook.

    Raises
    ------
    StoreDamagedError
        If one of them is not as it was written.
    StoreVersionError
        If a newer Ringfence wrote one.
    """
    try:
        return tuple(read_event(line) for line in lines)
    except DataError as error:
        raise StoreDamagedError(f"the casebook is damaged: {error}; `ringfence verify` says what is whole") from error
