"""A table's file, whatever its kind: its header, its cells, and rows as they are written in it."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from graph.contract.cells import FileCells, FoundRows, describe_damage
from graph.contract.csv_files import find_in_csv, read_csv, read_csv_names, sample_csv
from graph.contract.faults import quote
from graph.contract.json_files import find_in_json, is_list_of_records, read_json, read_json_names, sample_json
from graph.contract.limits import check_unpacked, refuse_size
from graph.contract.packed import DAMAGE, read_mark, read_start
from graph.contract.parquet_files import find_in_parquet, read_parquet, read_parquet_names, sample_parquet
from graph.contract.sheet_files import find_in_sheet, read_sheet, read_sheet_names, sample_sheet
from graph.contract.sources import Source
from graph.errors import DataError, UnreadableTableError
from graph.mapping import as_names

_LONGEST_NAME = 1024
_DELIMITERS = (",", ";", "\t", "|")


def settle_form(source: Source) -> Source:
    """Find out of the file what the settings leave open and the file leaves no doubt about.

    A byte order mark proves an encoding, and a delimiter is the one by which the header has the columns that the table
    must have.  Nothing else is recognised here: whatever could be one thing or another is for the settings to say.

    Raises
    ------
    UnreadableTableError
        If the file is a folder, empty or damaged.
    """
    _check_file(source)
    if source.format in ("parquet", "sheet"):
        return source
    try:
        start = read_start(source)
    except DAMAGE as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    if source.settings.encoding is None and (encoding := read_mark(start)):
        source = _with(source, encoding=encoding)
    if source.format == "json" and not source.settings.records and not is_list_of_records(start):
        return _with(source, format="jsonl")
    if source.format == "jsonl" and start.lstrip().startswith(b"["):
        return _with(source, format="json")
    if source.format == "csv" and source.settings.delimiter is None:
        return _with(source, delimiter=_find_delimiter(source))
    return source


def _with(source: Source, **settings: Any) -> Source:
    return replace(source, settings=msgspec.structs.replace(source.settings, **settings))


def _find_delimiter(source: Source) -> str:
    needed = {name for names in list_needed(source) for name in names}
    for delimiter in _DELIMITERS:
        if needed <= set(read_csv_names(_with(source, delimiter=delimiter))):
            return delimiter
    return ","


def list_needed(source: Source) -> Iterator[tuple[str, ...]]:
    """The file's columns for each of the contract's that it must have."""
    for column in source.table.columns:
        mapped = source.settings.columns.get(column.name)
        if mapped is not None or (column.required and column.name not in source.settings.always):
            yield as_names(mapped or column.name)


def _check_file(source: Source) -> None:
    if source.path.is_dir():
        raise UnreadableTableError(f"{source.name} is a folder; a table is one file")
    if not source.path.is_file():
        raise UnreadableTableError(f"{source.name} is no file; a table is read several times, a pipe once")
    try:
        n_bytes = source.path.stat().st_size
    except OSError as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    check_unpacked(source, 0 if source.packing else n_bytes)
    if not n_bytes:
        raise UnreadableTableError(f"{source.name} is empty: not even a header")


def read_header(source: Source) -> tuple[str, ...]:
    """The file's column names, white space around them dropped.

    Raises
    ------
    UnreadableTableError
        If the file is empty or damaged.
    DataError
        If a name comes twice.
    """
    try:
        header = _read_names(source)
    except (*DAMAGE, zlib.error) as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    if len(header) > source.limits.max_columns:
        refuse_size(source, f"has {len(header):,} columns", "max_columns")
    if long := [name for name in header if len(name) > _LONGEST_NAME]:
        raise DataError(f"{source.name}: column {quote(long[0])} has a name longer than {_LONGEST_NAME:,} letters")
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if twice:
        raise DataError(f"{source.name}: the header names {quote(twice[0])} twice; rename one of them")
    return header


def _read_names(source: Source) -> tuple[str, ...]:
    match source.format:
        case "parquet":
            return read_parquet_names(source)
        case "sheet":
            return read_sheet_names(source)
        case "json" | "jsonl":
            return read_json_names(source)
        case _:
            return read_csv_names(source)


def read_cells(source: Source, header: Sequence[str], wanted: Sequence[str]) -> FileCells:
    """Read the wanted columns: in the file's own types from Parquet, as text from all others."""
    match source.format:
        case "parquet":
            return read_parquet(source, wanted)
        case "sheet":
            return read_sheet(source, header, wanted)
        case "json" | "jsonl":
            return read_json(source, wanted)
        case _:
            return read_csv(source, header, wanted)


def sample_rows(source: Source, header: Sequence[str], n_rows: int) -> dict[str, list[str | None]]:
    """The first rows of a file as text, column by column, for whoever only wants to see what they look like."""
    match source.format:
        case "parquet":
            return sample_parquet(source, header, n_rows)
        case "sheet":
            return sample_sheet(source, header, n_rows)
        case "json" | "jsonl":
            return sample_json(source, header, n_rows)
        case _:
            return sample_csv(source, header, n_rows)


def find_rows(source: Source, wanted: set[int], *, header: Sequence[str], n_ragged: int = 0) -> FoundRows:
    """Find rows, counted from 0, in a table's file, and the ``n_ragged`` rows that are no rows of it."""
    match source.format:
        case "parquet":
            return find_in_parquet(source, wanted)
        case "sheet":
            return find_in_sheet(source, header, wanted)
        case "json" | "jsonl":
            return find_in_json(source, wanted, n_ragged)
        case _:
            return find_in_csv(source, wanted, len(header), n_ragged)
