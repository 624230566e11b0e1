"""Sheets of workbooks: their columns as text, and rows by the number that the sheet gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from graph.arrow import join_pieces
from graph.contract.cells import FileCells, FoundRows, write_as_json
from graph.contract.containers import open_workbook
from graph.contract.limits import check_rows
from graph.contract.sources import Source
from graph.errors import UnreadableTableError
from graph.settings import LoadSettings

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

    from graph.arrow import Cells

_ROWS_AT_ONCE = 1 << 14


def read_sheet_names(source: Source) -> tuple[str, ...]:
    """The names in the first row that is not empty; a column without one is called by its number.

    Raises
    ------
    UnreadableTableError
        If the sheet is empty.
    """
    first = next(_walk(source, with_header=True), None)
    if first is None:
        _open_sheet.cache_clear()
        raise UnreadableTableError(f"{source.name} is empty: not even a header")
    is_named = source.settings.header
    return tuple(name.strip() if name and is_named else f"column {n}" for n, name in enumerate(first[1], start=1))


def read_sheet(source: Source, header: Sequence[str], wanted: Sequence[str]) -> FileCells:
    """Read the wanted columns as text, null where a cell is empty: numbers by their digits, times as ISO 8601."""
    places = {name: header.index(name) for name in wanted}
    pieces: dict[str, list[Cells]] = {name: [] for name in wanted}
    rows, n_rows = _walk(source), 0
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        n_rows += len(batch)
        check_rows(source, n_rows)
        for name, place in places.items():
            pieces[name].append(pa.array([cells[place] for _, cells in batch], pa.string()))
    _open_sheet.cache_clear()
    return FileCells({name: join_pieces(parts, pa.string()) for name, parts in pieces.items()}, n_rows)


def sample_sheet(source: Source, header: Sequence[str], n_rows: int) -> dict[str, list[str | None]]:
    """The first rows that are not empty, column by column."""
    rows = [cells for _, cells in islice(_walk(source), n_rows)]
    _open_sheet.cache_clear()
    return {name: [cells[place] for cells in rows] for place, name in enumerate(header)}


def list_first_rows(source: Source, n_rows: int) -> list[tuple[int, list[str | None]]]:
    """The first rows that are not empty, wherever the header is, and the number that the sheet shows beside each."""
    rows = list(islice(_walk(source, with_header=True), n_rows))
    _open_sheet.cache_clear()
    return rows


def find_in_sheet(source: Source, header: Sequence[str], wanted: set[int]) -> FoundRows:
    """Look rows up by their place among those that are not empty, counted from 0."""
    found = FoundRows({}, {})
    for place, (number, cells) in enumerate(_walk(source)):
        if place in wanted:
            found.line[place] = number
            found.row[place] = write_as_json(dict(zip(header, cells, strict=False)))
    _open_sheet.cache_clear()
    return found


def _walk(source: Source, *, with_header: bool = False) -> Iterator[tuple[int, list[str | None]]]:
    """The rows that are not empty, and the number that the sheet shows beside each."""
    sheet = _open_sheet(source.path, source.member, source.sheet or "", source.limits, source.path.stat().st_mtime_ns)
    seen_header = with_header or not source.settings.header
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number <= source.settings.skip_lines:
            continue
        cells = [_as_text(cell) for cell in row]
        if any(cell is not None for cell in cells):
            if seen_header:
                yield number, cells
            seen_header = True


@lru_cache(maxsize=1)
def _open_sheet(path: Path, member: str | None, sheet: str, limits: LoadSettings, _changed_at: int) -> CalamineSheet:
    """A sheet, which is unpacked as a whole: kept from the look at its header until its rows are read."""
    with open_workbook(path, member, limits) as book:
        return book.get_sheet_by_name(sheet)


def _as_text(cell: Any) -> str | None:
    """A cell as it is in CSV, were it exported; a whole number has no decimals, as an id must not.

    >>> [_as_text(each) for each in (7.0, 7.25, True, "", datetime(2024, 1, 31, 10))]
    ['7', '7.25', 'true', None, '2024-01-31T10:00:00']
    """
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell) if isinstance(cell, (int, timedelta)) else None
