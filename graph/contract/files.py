"""A table's file, whatever its kind: its header, its cells, and rows as they are written in it."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from graph.contract.cells import FileCells, FoundRows, describe_damage
from graph.contract.csv_files import find_in_csv, read_csv, read_csv_names
from graph.contract.faults import quote
from graph.contract.limits import check_unpacked, refuse_size
from graph.contract.parquet_files import find_in_parquet, read_parquet, read_parquet_names
from graph.contract.sources import Source
from graph.errors import DataError, UnreadableTableError

_LONGEST_NAME = 1024


def read_header(source: Source) -> tuple[str, ...]:
    """The file's column names, white space around them dropped.

    Raises
    ------
    UnreadableTableError
        If the file is a folder, empty or damaged.
    DataError
        If a name comes twice.
    """
    try:
        if source.path.is_dir():
            raise UnreadableTableError(f"{source.path.name} is a folder; a table is one file")
        if not source.path.is_file():
            raise UnreadableTableError(f"{source.path.name} is no file; a table is read several times, a pipe once")
        check_unpacked(source, 0 if source.is_gzip else source.path.stat().st_size)
        if source.path.stat().st_size == 0:
            raise UnreadableTableError(f"{source.path.name} is empty: not even a header")
        header = read_parquet_names(source) if source.is_parquet else read_csv_names(source)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    if len(header) > source.limits.max_columns:
        refuse_size(source, f"has {len(header):,} columns", "max_columns")
    if long := [name for name in header if len(name) > _LONGEST_NAME]:
        raise DataError(f"{source.path.name}: column {quote(long[0])} has a name longer than {_LONGEST_NAME:,} letters")
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if twice:
        raise DataError(f"{source.path.name}: the header names {quote(twice[0])} twice; rename one of them")
    return header


def read_cells(source: Source, header: Sequence[str], wanted: Sequence[str]) -> FileCells:
    """Read the wanted columns: as text from CSV, in the file's own types from Parquet."""
    return read_parquet(source, wanted) if source.is_parquet else read_csv(source, header, wanted)


def find_rows(source: Source, wanted: set[int], *, width: int, n_ragged: int = 0) -> FoundRows:
    """Find rows, counted from 0, in a table's file, and the ``n_ragged`` rows that are not ``width`` cells wide."""
    if source.is_parquet:
        return find_in_parquet(source, wanted)
    return find_in_csv(source, wanted, width, n_ragged)
