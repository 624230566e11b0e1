"""What is said of a store when somebody asks whether it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from graph.casebook.book import Casebook
from graph.casebook.events import read_events
from graph.errors import StoreDamagedError, StoreVersionError
from graph.measures.events import read_events as read_measures

State = Literal["whole", "damaged", "unreadable", "changed", "not recorded"]
"""As it was written; something else; nothing that can be read; facts that somebody else than Ringfence changed on a
server since the last load; or nobody wrote down how it was."""


NAMES = "names"
"""What everything is called, which searching reads, among the tables of a store in a folder."""
CASEBOOK, MEASURES = "casebook", "measures"
"""What people decided and said, and what was done about flags, among the tables of a store."""


@dataclass(frozen=True)
class TableCheck:
    """One table (a label, or a kind of relationship), how many rows were found in it, and whether they are whole."""

    table: str
    rows: int | None
    state: State


@dataclass(frozen=True)
class GenerationRecord:
    """One generation of a graph in a folder.

    ``made_at`` is UTC, ISO 8601; ``command`` made it, from the generation ``made_from``.  ``state`` is None where it
    was not looked at; where it is damaged, the rest may be unknown.
    """

    generation: int
    made_at: str | None
    command: str | None
    made_from: int | None
    accounts: int | None
    bytes: int | None
    state: State | None = None


@dataclass(frozen=True)
class Verification:
    """What a store holds, table by table, and whether it is whole.

    Attributes
    ----------
    location
        Of the store.
    generation
        Which one is the graph now; None where there are no generations.
    tables
        What is in it.
    generations
        All of them, the newest first.
    """

    location: str
    generation: int | None
    tables: tuple[TableCheck, ...]
    generations: tuple[GenerationRecord, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """What somebody else has changed since the last load."""
        return tuple(each.table for each in self.tables if each.state == "changed")

    @property
    def damaged(self) -> tuple[str, ...]:
        """What is not whole now, in words."""
        lost = tuple(each.table for each in self.tables if each.state in ("damaged", "unreadable"))
        newest = self.generations[0].state if self.generations else "whole"
        return lost or (() if newest == "whole" else (f"generation {self.generation}",))


def check_casebook(book: Casebook) -> tuple[TableCheck, ...]:
    """Whether every event is as it was written; nothing where nobody has said anything yet."""
    return _check(CASEBOOK, book, read_events)


def check_measures(book: Casebook) -> tuple[TableCheck, ...]:
    """The same of what was done about flags."""
    return _check(MEASURES, book, read_measures)


def _check(name: str, book: Casebook, read: Callable[[Iterable[str]], object]) -> tuple[TableCheck, ...]:
    try:
        lines = book.read()
    except StoreDamagedError:
        return (TableCheck(name, None, "damaged"),)
    try:
        read(lines)
    except StoreDamagedError:
        return (TableCheck(name, len(lines), "damaged"),)
    except StoreVersionError:  # whole as far as this Ringfence can tell
        return (TableCheck(name, len(lines), "not recorded"),)
    state: State = "whole" if book.knows_its_end() else "not recorded"  # an older Ringfence's
    return (TableCheck(name, len(lines), state),) if lines else ()
