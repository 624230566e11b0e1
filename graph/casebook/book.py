"""Where events are kept, as the others know it: a book in which lines are added at the end, and no line changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # a store has a casebook, also for those who ask nothing of it
    from graph.casebook.events import Event

Lines = tuple[str, ...]


class Casebook(Protocol):
    """Events as lines of JSON, in the order in which they were added."""

    def read(self) -> Lines:
        """Every event.

        Raises
        ------
        StoreDamagedError
            If what is kept is not what was written.
        """

    def knows_its_end(self) -> bool:
        """Whether it is written down how far it reaches, so that nothing can be gone there unnoticed."""

    def append(self, say: Callable[[Lines], Sequence[str]]) -> Lines:
        """Add what is to be said given what was said so far, all of it or nothing; returns what was added.

        Nobody else adds anything meanwhile.  What ``say`` raises leaves the book as it was.

        Raises
        ------
        StoreBusyError
            If somebody else adds for too long.
        StoreFullError, StoreReadOnlyError
            If nothing can be written; nothing is changed.
        """

    def mend(self, choose: Callable[[Lines], Sequence[str]]) -> Lines:
        """Write the book anew with what is chosen of all that can be read of it, damaged or not, and of an export.

        Nobody else adds anything meanwhile.  What there was stays beside it, where no command reads it.

        Raises
        ------
        StoreBusyError, StoreFullError, StoreReadOnlyError
            As :meth:`append`.
        """


def say_in(book: Casebook, say: Callable[[tuple[Event, ...]], Sequence[dict[str, Any]]]) -> tuple[Event, ...]:
    """Add events to a book: their time and turn are given here, as the last of all that are known.

    Parameters
    ----------
    book
        The casebook.
    say
        From the events so far to the fields of new ones (see :class:`~graph.casebook.events.Event`), in their order.
    """
    from graph.casebook.events import find_next_turn, make_event, read_events, write_event

    made: list[Event] = []

    def write(lines: Lines) -> list[str]:
        known = read_events(lines)
        now, fields_of = datetime.now(UTC), enumerate(say(known), start=find_next_turn(known))
        made[:] = [make_event(turn=turn, at=now, **fields) for turn, fields in fields_of]
        return [write_event(each) for each in made]

    book.append(write)
    return tuple(made)


def import_events(book: Casebook, lines: Sequence[str]) -> int:
    """Add the events that the book does not have yet, as they are; returns how many.

    Raises
    ------
    StoreVersionError
        If a newer Ringfence wrote one; nothing is added.
    """
    from graph.casebook.events import read_events

    wanted = {event.event_id: line for event, line in zip(read_events(lines), lines, strict=True)}

    def choose(known: Lines) -> list[str]:
        there = {event.event_id for event in read_events(known)}
        return [line for event_id, line in wanted.items() if event_id not in there]

    return len(book.append(choose))


def mend_events(book: Casebook, lines: Sequence[str]) -> int:
    """Put a damaged book in order: what is whole of it, and what some lines have besides; returns how many events.

    Raises
    ------
    StoreVersionError
        If a newer Ringfence wrote one; the book is as it was.
    """
    from graph.casebook.events import is_whole, read_event, read_events
    from graph.casebook.fold import sort_events

    wanted = {event.event_id: line for event, line in zip(read_events(lines), lines, strict=True)}

    def choose(known: Lines) -> list[str]:
        kept = {read_event(line).event_id: line for line in known if is_whole(line)} | wanted
        return [kept[event.event_id] for event in sort_events(read_event(line) for line in kept.values())]

    return len(book.mend(choose))
