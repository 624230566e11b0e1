"""The data contract: read a folder's tables, map their columns, check every row, set bad ones aside.

Everything downstream may rely on what :func:`read_folder` returns: canonical columns in a fixed
order and type, ids exactly as written, times as UTC instants, no row that breaks the contract.
A check works on whole columns; only rows that fail one are looked at singly.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import is_true
from graph.contract.cells import write_as_json
from graph.contract.columns import check_relations
from graph.contract.csv_files import guard_row as guard_csv_row
from graph.contract.faults import Faults
from graph.contract.mappings import refuse_unknown_mapping
from graph.contract.parts import Part, find_starts, join_faults, join_rows, read_parts
from graph.contract.rejects import Reject, Rejects, collect_rejects, list_rejects
from graph.contract.repeats import drop_repeats, name_rows
from graph.contract.schema import Either, Table
from graph.contract.sources import Source, find_sources, name_place
from graph.errors import DataError, TooManyRejectsError
from graph.files import replacing_file
from graph.model import Ints
from graph.progress import Progress, no_progress
from graph.settings import Settings
from graph.spreadsheets import format_row, guard_cell

_TABLES_AT_ONCE = 2
_REJECTS_HEADER = "table,file,line,reason,row\n"


@dataclass(frozen=True)
class _Origin:
    """Which rows of its files (M,) a table's rows were, counted through all parts; and what is rejected of them."""

    parts: tuple[Part, ...]
    position: Ints
    rejects: tuple[Reject, ...]


@dataclass(frozen=True)
class CheckedTable:
    """One table after the check: ``n_read == rows.num_rows + len(rejects) + n_repeated + n_ignored``.

    Attributes
    ----------
    name, path
        The table of the contract and the file it was read from, the first where it is several.
    rows
        Canonical columns: ids and words ``string``, times ``timestamp[us]`` in UTC, numbers
        ``float64``; absent columns are there, all null.  ``addresses`` has ``address`` and a bool
        ``is_id``, true where it is an opaque ``address_id`` whose spelling must not be touched.
    rejects
        The rows set aside.
    n_read, n_repeated, n_ignored
        Rows in the file; rows that repeat an earlier one in every canonical column; rows that say nothing (``ignore``).
    silent
        Optional columns that are absent or empty: what needs them falls silent.
    """

    name: str
    path: Path
    rows: pa.Table
    rejects: Rejects
    n_read: int
    silent: tuple[str, ...]
    n_repeated: int = 0
    n_ignored: int = 0
    _origin: _Origin | None = field(default=None, repr=False, compare=False)

    def reject(self, rows: Ints, reasons: Sequence[str]) -> CheckedTable:
        """Set further rows aside, those that contradict what a store already holds.

        Parameters
        ----------
        rows
            (K,) positions in ``rows``, each once.
        reasons
            (K,) what is wrong with each.
        """
        keep = np.ones(self.rows.num_rows, dtype=bool)
        keep[rows] = False
        kept = self.rows.filter(keep)
        if self._origin is None:  # built by hand: there is no file to look into
            return replace(self, rows=kept, rejects=self._list_by_hand(rows, reasons))
        origin = self._origin
        at = Faults(dict(zip(origin.position[rows].tolist(), reasons, strict=True)))
        whole = [replace(part, n_ragged=0) for part in origin.parts]  # the others are listed already
        rejects = (*origin.rejects, *collect_rejects(whole, at))
        further = _Origin(origin.parts, origin.position[keep], rejects)
        return replace(self, rows=kept, rejects=list_rejects(origin.parts, rejects), _origin=further)

    def _list_by_hand(self, rows: Ints, reasons: Sequence[str]) -> Rejects:
        at = np.asarray(rows, dtype=np.int64)
        written = map(write_as_json, self.rows.take(at).to_pylist())
        further = [Reject(0, line + 1, why, row) for line, why, row in zip(at.tolist(), reasons, written, strict=True)]
        before = zip(self.rejects.line.tolist(), self.rejects.reason, self.rejects.row, strict=True)
        return list_rejects((), [*(Reject(0, *each) for each in before), *further])

    def list_sources(self) -> tuple[Source, ...]:
        """The files that the rejects are from, reject by reject; none where they are from no file."""
        if self._origin is None:
            return ()
        by_line = sorted(self._origin.rejects, key=lambda reject: (reject.part, reject.line))
        return tuple(self._origin.parts[each.part].source for each in by_line)

    def list_files(self) -> tuple[str, ...]:
        """The files that play the table's part, by name."""
        sources = [part.source.name for part in self._origin.parts] if self._origin else [self.path.name]
        return tuple(dict.fromkeys(sources))

    def say_first_reject(self) -> str:
        """Where the first row that is set aside stands, and why it is."""
        sources, file = self.list_sources(), self.rejects.file
        place = sources[0].place if sources else name_place(self.path)
        return f"{place} {self.rejects.line[0]}{f' of {file[0]}' if file else ''}: {self.rejects.reason[0]}"

    def list_guarded(self) -> list[str]:
        """The rejects' rows in which no cell is a formula to a spreadsheet; what is no CSV is JSON, and none anyway."""
        sources = self.list_sources() or (None,) * len(self.rejects)
        return [_guard_row(source, row) for source, row in zip(sources, self.rejects.row, strict=True)]

    def forget_rows(self) -> CheckedTable:
        """The same without its rows, for who only wants to know what is rejected."""
        return replace(self, rows=self.rows.schema.empty_table(), _origin=None)

    def with_rows(self, rows: pa.Table) -> CheckedTable:
        """The table with other rows, of which no file says any longer where they stand."""
        return replace(self, rows=rows, _origin=None)


def read_folder(folder: Path, settings: Settings, *, progress: Progress = no_progress) -> dict[str, CheckedTable]:
    """Read and check every table of the contract that a folder holds.

    Parameters
    ----------
    folder
        Holds one file per table: ``NAME.csv``, ``NAME.csv.gz``, ``NAME.parquet`` and their like, or the files
        that ``settings.tables`` names.
    settings
        Files, columns and forms of the tables.
    progress
        Called after each table with ``"read NAME"`` and its rows, twice.

    Returns
    -------
    dict
        Checked tables in the contract's order; ``accounts`` is always there.

    Raises
    ------
    MissingTableError
        If the folder, ``accounts`` or a file that the settings name is not there.
    MissingColumnError
        If a required or mapped column is not there.
    UnreadableTableError
        If a file is empty, damaged, or in another encoding or format than it should be.
    DataError
        If two files claim the same table, or a header the same name twice.
    ConfigError
        If the settings map a table or column that the contract does not know.
    """
    refuse_unknown_mapping(settings)
    found = groupby(find_sources(folder, settings), key=lambda source: source.table.name)
    tables: dict[str, CheckedTable] = {}
    with ThreadPoolExecutor(_TABLES_AT_ONCE) as pool:  # Arrow lets go of Python while it works on a column
        for table in pool.map(_check_table, [list(sources) for _, sources in found]):
            tables[table.name] = table
            progress(f"read {table.name}", table.n_read, table.n_read)
    return tables


def check_reject_share(tables: Mapping[str, CheckedTable], settings: Settings) -> None:
    """Stop a load whose tables have too many bad rows.

    Raises
    ------
    TooManyRejectsError
        If any table's share of rejects is above ``load.max_reject_share``.
    """
    limit = settings.load.max_reject_share
    for table in tables.values():
        n_bad = len(table.rejects)
        if n_bad > limit * table.n_read:
            raise TooManyRejectsError(
                f"{table.path.name}: {n_bad:,} of {table.n_read:,} rows break the contract, more than the"
                f" {limit:.3g} that load.max_reject_share allows; the first is {table.say_first_reject()}"
            )


def refuse_rejects(tables: Mapping[str, CheckedTable]) -> None:
    """Stop a load that has any bad row.

    Raises
    ------
    TooManyRejectsError
        Names the table, and the first of its bad rows.
    """
    for table in tables.values():
        if n_bad := len(table.rejects):
            raise TooManyRejectsError(
                f"{table.path.name}: {n_bad:,} of {table.n_read:,} rows are rejected, and --strict allows none;"
                f" the first is {table.say_first_reject()}"
            )


def _guard_row(source: Source | None, row: str) -> str:
    return guard_csv_row(source, row) if source and source.is_csv else str(guard_cell(row))


def write_rejects(tables: Mapping[str, CheckedTable], path: Path, *, raw: bool = False) -> None:
    """Write all rejects as one CSV file: table, file, line, reason, row.

    Unless ``raw``, no cell is a formula to a spreadsheet, and none inside of a row either: who puts rows into a table
    again says ``guarded`` of it, and loads what there was.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    try:
        with replacing_file(path) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            text.write(_REJECTS_HEADER)
            text.writelines(f"{format_row(cells)}\n" for cells in _list_rejects(tables, raw=raw))
            text.detach()
    except OSError as error:
        raise DataError(f"{path}: the reject file cannot be written: {error.strerror}") from error


def is_reject_file(path: Path) -> bool:
    """Whether there is a file of rejects in a place, and nothing else."""
    try:
        with path.open("rb") as file:
            return file.read(len(_REJECTS_HEADER)) == _REJECTS_HEADER.encode()
    except OSError:
        return False


def _list_rejects(tables: Mapping[str, CheckedTable], *, raw: bool) -> Iterator[tuple[Any, ...]]:
    for name, table in tables.items():
        rows = table.rejects.row if raw else table.list_guarded()
        files = [source.name for source in table.list_sources()] or [table.path.name] * len(table.rejects)
        for file, line, reason, row in zip(files, table.rejects.line.tolist(), table.rejects.reason, rows, strict=True):
            cells = (name, file, line, reason)
            yield (*(cells if raw else map(guard_cell, cells)), row)


# ── one table ─────────────────────────────────────────────────────────────────────────────────────
def _check_table(sources: Sequence[Source]) -> CheckedTable:
    parts = read_parts(sources)
    record = parts[0].source.table
    rows, faults = name_rows(record, join_rows(parts)), join_faults(parts)
    check_relations(record, rows, faults)
    keep = np.ones(rows.num_rows, dtype=bool)
    keep[list(faults.reason)] = False
    n_ignored = _leave_ignored(parts, rows, keep)
    n_repeated = drop_repeats(record, rows, keep, faults)
    rejects = tuple(collect_rejects(parts, faults))
    rows = _merge_either(rows if keep.all() else rows.filter(keep), record.either)
    return CheckedTable(
        name=record.name,
        path=parts[0].source.path,
        rows=rows,
        rejects=list_rejects(parts, rejects),
        n_read=sum(part.n_rows + part.n_ragged for part in parts),
        silent=_find_silent(record, rows),
        n_repeated=n_repeated,
        n_ignored=n_ignored,
        _origin=_Origin(tuple(part.forget_rows() for part in parts), np.flatnonzero(keep), rejects),
    )


def _leave_ignored(parts: Sequence[Part], rows: pa.Table, keep: NDArray[np.bool_]) -> int:
    """Clear ``keep`` for rows whose identifier says nothing, and count them."""
    before = int(keep.sum())
    for part, start in zip(parts, find_starts(parts).tolist(), strict=True):
        settings, use = part.source.settings, part.source.table.use
        if settings.ignore and use is not None:
            own = slice(start, start + part.n_rows)
            keep[own] &= ~is_true(pc.is_in(part.rows[use.value], value_set=pa.array(settings.ignore)))
    return before - int(keep.sum())


_UNMISSED = frozenset({"updated_at", "fee", "guarantee", "title", "transfer_id"})
"""Optional columns without which no channel falls silent."""


def _find_silent(table: Table, rows: pa.Table) -> tuple[str, ...]:
    needed = {column.name for column in table.columns if column.required or column.kind == "flag"}
    optional = [column for column in rows.column_names if column not in needed and column not in _UNMISSED]
    return tuple(column for column in optional if rows[column].null_count == rows.num_rows)


def _merge_either(rows: pa.Table, either: Either | None) -> pa.Table:
    """One column of two, if the contract says so: the first where there is one, else the other, told apart."""
    if not either or not either.told_by:
        return rows
    one = pc.coalesce(rows[either.one], rows[either.other])
    merged = rows.set_column(rows.column_names.index(either.one), either.one, one).drop_columns([either.other])
    return merged.append_column(either.told_by, pc.is_null(rows[either.one]))
