"""Whether the generations of a store are whole, and going back to one that is."""

from __future__ import annotations

from pathlib import Path

from graph import errors
from graph.stores.checks import (
    NAMES,
    GenerationRecord,
    State,
    TableCheck,
    Verification,
    check_casebook,
    check_measures,
)
from graph.stores.embedded.draft import noticing_full_disk
from graph.stores.embedded.examine import read_tables
from graph.stores.embedded.explain import explained
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import (
    MEND,
    Generation,
    has_whole_names,
    hold,
    sweep,
)
from graph.stores.embedded.journal import MEASURES, Journal
from graph.stores.embedded.lock import WriterLock
from graph.stores.embedded.manifest import TableContent
from graph.stores.embedded.republish import publish_again
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.location import Folder


def verify_folder(location: Folder) -> Verification:
    """Read all that a store holds, and compare it with what was written.

    Raises
    ------
    StoreNotFoundError
        If there is no store.
    """
    folder = StoreFolder(Path(location.path))
    with explained(location.path):
        folder.require()
        numbers = folder.list_numbers()
        if not numbers:
            return Verification(location.path, None, (*_count_rows(location), *_check_books(location)))
        records = tuple(_record(folder, number, looks=True) for number in reversed(numbers))
        tables = _check_tables(folder, numbers[-1], records[0].state)
        return Verification(location.path, numbers[-1], (*tables, *_check_books(location)), records)


def _check_books(location: Folder) -> tuple[TableCheck, ...]:
    return (*check_casebook(Journal(location)), *check_measures(Journal(location, MEASURES)))


def list_records(location: Folder) -> list[GenerationRecord]:
    """The generations of a store, the newest first, without reading what they hold."""
    folder = StoreFolder(Path(location.path))
    with explained(location.path):
        folder.require()
        return [_record(folder, number, looks=False) for number in reversed(folder.list_numbers())]


def restore(location: Folder, number: int | None) -> GenerationRecord | None:
    """Make an earlier generation the graph again, as a new one; what came after it stays as long as others do.

    Parameters
    ----------
    location
        Of the store.
    number
        Which generation; None for the newest that is whole.

    Returns
    -------
    GenerationRecord or None
        The new generation; None where the newest one is whole, and no other was asked for.

    Raises
    ------
    UnknownIdError
        If there is no such generation.
    StoreDamagedError
        If it is not whole itself, or none is.
    """
    folder = StoreFolder(Path(location.path))
    with explained(location.path), noticing_full_disk(folder.path):
        folder.require()
        folder.prepare_rooms()
        with WriterLock(folder, wait_seconds=location.wait_seconds):
            sweep(folder, kept=location.kept_generations)
            numbers = folder.list_numbers()
            chosen = _choose(folder, numbers, number)
            if number is None and chosen == numbers[-1] and not _is_disturbed(folder, chosen):
                return None
            made = _publish_again(folder, chosen)
            sweep(folder, kept=location.kept_generations)
            return _record(folder, made, looks=False)


def _choose(folder: StoreFolder, numbers: list[int], wanted: int | None) -> int:
    if wanted is not None and wanted not in numbers:
        there = ", ".join(map(str, numbers)) or "none"
        raise errors.UnknownIdError(f"no generation {wanted} in {folder.path}; there are {there}")
    for number in reversed(numbers) if wanted is None else [wanted]:
        if _look(folder, number) == "whole":
            return number
    if wanted is None:
        raise errors.StoreDamagedError(f"no generation of {folder.path} is whole; load the tables into a new store")
    raise errors.StoreDamagedError(f"generation {wanted} of {folder.path} is not whole; {MEND}")


def _is_disturbed(folder: StoreFolder, number: int) -> bool:
    """Whether something lies beside a graph that is whole, so that it cannot be opened, or its names are damaged."""
    held = _hold_or_none(folder, number)
    if held is None:
        return True
    try:
        held.check_size()
        return not has_whole_names(held)
    except errors.StoreDamagedError:
        return True
    finally:
        held.release()


def _publish_again(folder: StoreFolder, number: int) -> int:
    held = hold(folder, number)
    assert held is not None  # it was whole, and the lock keeps others out
    try:
        return publish_again(held, folder, made_from=held.number)
    finally:
        held.release()


def _record(folder: StoreFolder, number: int, *, looks: bool) -> GenerationRecord:
    state = _look(folder, number) if looks else None
    held = _hold_or_none(folder, number)
    if held is None:
        return GenerationRecord(number, None, None, None, None, None, "damaged")
    said = held.manifest
    held.release()
    accounts = said.tables["Account"].rows if "Account" in said.tables else 0
    return GenerationRecord(number, said.made_at, said.command, said.made_from, accounts, said.bytes, state)


def _look(folder: StoreFolder, number: int) -> State:
    held = _hold_or_none(folder, number)
    if held is None:
        return "damaged"
    try:
        return "whole" if held.is_whole() else "damaged"
    except FileNotFoundError:
        return "damaged"
    finally:
        held.release()


def _hold_or_none(folder: StoreFolder, number: int) -> Generation | None:
    try:
        return hold(folder, number)
    except errors.StoreDamagedError:
        return None


def _check_tables(folder: StoreFolder, number: int, state: State | None) -> tuple[TableCheck, ...]:
    held = _hold_or_none(folder, number)
    if held is None:
        return ()
    try:
        names = _check_names(held)
        if state == "whole":  # then so is each table, for its checksum was taken of this very file
            return (*(TableCheck(name, each.rows, "whole") for name, each in held.manifest.tables.items()), *names)
        found = read_tables(held.file, list(held.manifest.tables))
    finally:
        held.release()
    tables = held.manifest.tables
    if held.manifest.stretches is None:  # its checksums were made otherwise
        return (*(_say_readable(name, found[name]) for name in tables), *names)
    return (*(_compare(name, found[name], written) for name, written in tables.items()), *names)


def _check_names(held: Generation) -> tuple[TableCheck, ...]:
    """Of what everything is called, which is derived: a generation without it says nothing of it."""
    if held.manifest.names is None:
        return ()
    return (TableCheck(NAMES, None, "whole" if has_whole_names(held) else "damaged"),)


def _compare(name: str, found: TableContent | None, written: TableContent) -> TableCheck:
    if found is None:
        return TableCheck(name, None, "unreadable")
    return TableCheck(name, found.rows, "whole" if found == written else "damaged")


def _say_readable(name: str, found: TableContent | None) -> TableCheck:
    return TableCheck(name, None, "unreadable") if found is None else TableCheck(name, found.rows, "not recorded")


def _count_rows(location: Folder) -> tuple[TableCheck, ...]:
    """An older store's tables, of which nobody wrote down how they were."""
    from graph.stores.embedded.content import describe_graph, sum_up

    with EmbeddedStore(location) as store:
        tables, _ = sum_up(describe_graph(store.connection))
    return tuple(TableCheck(name, each.rows, "not recorded") for name, each in tables.items())
