"""The data contract: read a folder's tables, map their columns, check every row, set bad ones aside.

Everything downstream may rely on what :func:`read_folder` returns: canonical columns in a fixed
order and type, ids exactly as written, times as UTC instants, no row that breaks the contract.
A check works on whole columns; only rows that fail one are looked at singly.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import is_true, make_table
from graph.contract.cells import FoundRows, write_as_json
from graph.contract.columns import check_columns, check_relations, pick_columns
from graph.contract.csv_files import guard_row as guard_csv_row
from graph.contract.faults import Faults
from graph.contract.files import find_rows, read_cells, read_header
from graph.contract.rejects import Rejects, collect_rejects, sort_rejects
from graph.contract.repeats import drop_repeats
from graph.contract.schema import Either, Table
from graph.contract.sources import Source, find_sources, name_place, refuse_unknown_mapping
from graph.errors import DataError, TooManyRejectsError
from graph.files import replacing_file
from graph.model import Ints
from graph.progress import Progress, no_progress
from graph.settings import Settings
from graph.spreadsheets import format_row, guard_cell


@dataclass(frozen=True)
class _Origin:
    """Which rows of the file (M,) a table's rows were; rows with a wrong number of cells do not count."""

    source: Source
    n_columns: int
    position: Ints


@dataclass(frozen=True)
class CheckedTable:
    """One table after the check: ``n_read == rows.num_rows + len(rejects) + n_repeated + n_ignored``.

    Attributes
    ----------
    name, path
        The table of the contract and the file it was read from.
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
        origin = self._origin
        at = np.asarray(rows, dtype=np.int64) if origin is None else origin.position[rows]
        if origin is None:  # built by hand: there is no file to look into
            written = dict(zip(at.tolist(), map(write_as_json, self.rows.take(at).to_pylist()), strict=True))
            found = FoundRows({row: row + 1 for row in at.tolist()}, written)
        else:
            found = find_rows(origin.source, set(at.tolist()), width=origin.n_columns)
        keep = np.ones(self.rows.num_rows, dtype=bool)
        keep[rows] = False
        further = [(found.line[row], why, found.row[row]) for row, why in zip(at.tolist(), reasons, strict=True)]
        before = zip(self.rejects.line.tolist(), self.rejects.reason, self.rejects.row, strict=True)
        kept = origin and replace(origin, position=origin.position[keep])
        rejects = sort_rejects([*before, *further])
        return replace(self, rows=self.rows.filter(keep), rejects=rejects, _origin=kept)

    def guard_row(self, row: str) -> str:
        """A reject's row in which no cell is a formula to a spreadsheet; a row of Parquet is JSON, and none anyway."""
        if self._origin is None or self._origin.source.is_parquet:
            return str(guard_cell(row))
        return guard_csv_row(self._origin.source, row)

    def with_rows(self, rows: pa.Table) -> CheckedTable:
        """The table with other rows, of which no file says any longer where they stand."""
        return replace(self, rows=rows, _origin=None)


def read_folder(folder: Path, settings: Settings, *, progress: Progress = no_progress) -> dict[str, CheckedTable]:
    """Read and check every table of the contract that a folder holds.

    Parameters
    ----------
    folder
        Holds one file per table: ``NAME.csv``, ``NAME.csv.gz``, ``NAME.parquet``, or the file that
        ``settings.tables`` names.
    settings
        Files, columns and encodings of the tables.
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
    tables: dict[str, CheckedTable] = {}
    for source in find_sources(folder, settings):
        table = _check_table(source)
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
                f" {limit:.3g} that load.max_reject_share allows; the first is {_say_first(table)}"
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
                f" the first is {_say_first(table)}"
            )


def _say_first(table: CheckedTable) -> str:
    return f"{name_place(table.path)} {table.rejects.line[0]}: {table.rejects.reason[0]}"


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
            text.write("table,file,line,reason,row\n")
            text.writelines(f"{format_row(cells)}\n" for cells in _list_rejects(tables, raw=raw))
            text.detach()
    except OSError as error:
        raise DataError(f"{path}: the reject file cannot be written: {error.strerror}") from error


def _list_rejects(tables: Mapping[str, CheckedTable], *, raw: bool) -> Iterator[tuple[Any, ...]]:
    for name, table in tables.items():
        rows = table.rejects.row if raw else map(table.guard_row, table.rejects.row)
        for line, reason, row in zip(table.rejects.line.tolist(), table.rejects.reason, rows, strict=True):
            cells = (name, table.path.name, line, reason)
            yield (*(cells if raw else map(guard_cell, cells)), row)


# ── one table ─────────────────────────────────────────────────────────────────────────────────────
def _check_table(source: Source) -> CheckedTable:
    header = read_header(source)
    picked = pick_columns(source, header)
    wanted = dict.fromkeys((*picked.values(), *source.settings.attributes))
    cells = read_cells(source, header, list(wanted))
    faults = Faults()
    rows = make_table(check_columns(source, cells, picked, faults))
    check_relations(source.table, rows, faults)
    keep = np.ones(cells.n_rows, dtype=bool)
    keep[list(faults.reason)] = False
    n_ignored = _leave_ignored(source, rows, keep)
    n_repeated = drop_repeats(source.table, rows, keep, faults)
    rejects = collect_rejects(source, len(header), cells.n_ragged, faults)
    rows = _merge_either(rows if keep.all() else rows.filter(keep), source.table.either)
    return CheckedTable(
        name=source.table.name,
        path=source.path,
        rows=rows,
        rejects=rejects,
        n_read=cells.n_rows + cells.n_ragged,
        silent=_find_silent(source.table, rows),
        n_repeated=n_repeated,
        n_ignored=n_ignored,
        _origin=_Origin(source, len(header), np.flatnonzero(keep)),
    )


def _leave_ignored(source: Source, rows: pa.Table, keep: NDArray[np.bool_]) -> int:
    """Clear ``keep`` for rows whose identifier says nothing, and count them."""
    if not source.settings.ignore or source.table.use is None:
        return 0
    value = rows[source.table.use.value]
    ignored = keep & is_true(pc.is_in(value, value_set=pa.array(source.settings.ignore)))
    keep[ignored] = False
    return int(ignored.sum())


def _find_silent(table: Table, rows: pa.Table) -> tuple[str, ...]:
    needed = {column.name for column in table.columns if column.required or column.kind == "flag"}
    optional = [column for column in rows.column_names if column not in needed and column != "updated_at"]
    return tuple(column for column in optional if rows[column].null_count == rows.num_rows)


def _merge_either(rows: pa.Table, either: Either | None) -> pa.Table:
    """One column of two, if the contract says so: the first where there is one, else the other, told apart."""
    if not either or not either.told_by:
        return rows
    one = pc.coalesce(rows[either.one], rows[either.other])
    merged = rows.set_column(rows.column_names.index(either.one), either.one, one).drop_columns([either.other])
    return merged.append_column(either.told_by, pc.is_null(rows[either.one]))
