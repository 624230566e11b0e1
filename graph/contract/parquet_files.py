"""Parquet files: their columns, and rows as they are written in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.contract.cells import FileCells, FoundRows, describe_damage, write_as_json
from graph.contract.sources import Source
from graph.errors import UnreadableTableError

if TYPE_CHECKING:
    from graph.arrow import Chunks


def read_parquet_names(source: Source) -> tuple[str, ...]:
    """The columns that the file has, in its order."""
    with pq.ParquetFile(source.path) as file:
        return tuple(file.schema_arrow.names)


def read_parquet(source: Source, wanted: Sequence[str]) -> FileCells:
    """Read the wanted columns, in whatever types the file has them.

    Raises
    ------
    UnreadableTableError
        If the file is damaged.
    """
    try:
        with pq.ParquetFile(source.path) as file:
            table = file.read(columns=list(wanted))
    except (OSError, pa.ArrowException) as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    columns = {name: _without_dictionary(table[name]) for name in wanted}
    return FileCells(columns, table.num_rows)


def find_in_parquet(source: Source, wanted: set[int]) -> FoundRows:
    """Look rows up by their place, counted from 0; what is shown counts from 1."""
    rows: dict[int, str] = {}
    start = 0  # a row group at a time: a file may be larger than memory
    with pq.ParquetFile(source.path) as file:
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            here = sorted(row for row in wanted if start <= row < start + n_rows)
            if here:
                records = _without_views(file.read_row_group(group)).take(np.array(here) - start).to_pylist()
                rows.update(zip(here, map(write_as_json, records), strict=True))
            start += n_rows
    return FoundRows({row: row + 1 for row in wanted}, rows)


def _without_views(table: pa.Table) -> pa.Table:
    """Arrow cannot take rows of its string views yet."""
    types = [pa.string() if pa.types.is_string_view(column.type) else column.type for column in table.schema]
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))


def _without_dictionary(column: Chunks) -> Chunks:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
