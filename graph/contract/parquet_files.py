"""Parquet files: their columns, and rows as they are written in them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.arrow import count_bytes, join_pieces, read_ints
from graph.contract.cells import FileCells, FoundRows, describe_damage, write_as_json
from graph.contract.limits import check_row_bytes, check_rows, check_unpacked
from graph.contract.packed import DAMAGE, open_bytes
from graph.contract.sources import Source
from graph.errors import UnreadableTableError

if TYPE_CHECKING:
    from graph.arrow import Cells, Values

_ROWS_AT_ONCE, _ROWS_TO_LOOK_UP = 1 << 18, 1 << 16
_PIECE_BYTES = 1 << 20
_SHORT_BYTES = 256
"""So many rows as are read at once take 64 MiB at most where every one of their values is as short as that."""


def read_parquet_names(source: Source) -> tuple[str, ...]:
    """The columns that the file has, in its order."""
    with pq.ParquetFile(_content(source)) as file:
        return tuple(file.schema_arrow.names)


def read_parquet(source: Source, wanted: Sequence[str]) -> FileCells:
    """Read the wanted columns, in whatever types the file has them.

    Raises
    ------
    UnreadableTableError
        If the file is damaged.
    TooLargeError
        If it has too many rows, or unpacks to too much.
    """
    columns: dict[str, list[Cells]] = {name: [] for name in wanted}
    gauges = {name: _Gauge(source) for name in wanted}
    n_rows = n_bytes = 0
    try:
        with _open(source) as file:
            check_rows(source, file.metadata.num_rows)
            types = {name: _plain_type(file.schema_arrow.field(name).type) for name in wanted}
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(wanted)):
                n_rows += batch.num_rows
                n_bytes += sum(gauges[name].measure(batch[name]) for name in wanted)
                check_unpacked(source, n_bytes)
                for name in wanted:
                    columns[name].append(_unpack(batch[name], types[name]))
    except (*DAMAGE, UnicodeDecodeError, KeyError) as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    return FileCells({name: join_pieces(chunks, types[name]) for name, chunks in columns.items()}, n_rows)


def sample_parquet(source: Source, names: Sequence[str], n_rows: int) -> dict[str, list[str | None]]:
    """The first rows, column by column, as text."""
    with pq.ParquetFile(_content(source)) as file:
        batch = next(file.iter_batches(batch_size=n_rows), None)
    if batch is None:
        return {name: [] for name in names}
    plain = {name: batch[name] for name in names if not pa.types.is_nested(batch[name].type)}
    return {name: _as_texts(column) for name, column in plain.items()}


def _as_texts(column: Cells) -> list[str | None]:
    return [None if value is None or value != value else str(value) for value in column.to_pylist()]


def find_in_parquet(source: Source, wanted: set[int]) -> FoundRows:
    """Look rows up by their place, counted from 0; what is shown counts from 1."""
    rows: dict[int, str] = {}
    start, asked = 0, np.array(sorted(wanted), dtype=np.int64)
    with _open(source) as file:  # some rows at a time: a file may be larger than memory
        for batch in file.iter_batches(batch_size=_ROWS_TO_LOOK_UP):
            here = asked[np.searchsorted(asked, start) : np.searchsorted(asked, start + batch.num_rows)]
            if len(here):
                records = _as_shown(batch, here - start).to_pylist()
                rows.update(zip(here.tolist(), map(write_as_json, records), strict=True))
            start += batch.num_rows
    return FoundRows({row: row + 1 for row in wanted}, rows)


def _content(source: Source) -> Path | pa.BufferReader:
    """The file, or what it is once it is unpacked: Parquet is read from its end, which nothing that is packed has."""
    if source.packing is None:
        return source.path
    unpacked = bytearray()
    with open_bytes(source) as raw:
        while piece := raw.read(_PIECE_BYTES):
            unpacked += piece
            check_unpacked(source, len(unpacked))
    return pa.BufferReader(pa.py_buffer(bytes(unpacked)))


def _open(source: Source) -> pq.ParquetFile:
    """Open a file whose long values are read once each where they repeat: one may stand in millions of rows."""
    content = _content(source)
    with pq.ParquetFile(content) as file:
        n_columns, n_groups = file.metadata.num_columns, file.metadata.num_row_groups
        packed = [
            file.metadata.schema.column(place).path
            for place in range(n_columns)
            if file.metadata.schema.column(place).physical_type == "BYTE_ARRAY"
            and any("DICTIONARY" in "".join(_encodings(file, group, place)) for group in range(n_groups))
        ]
    short = _find_short(content, packed) if packed else set()
    return pq.ParquetFile(content, read_dictionary=[name for name in packed if name not in short])


def _find_short(content: Path | pa.BufferReader, packed: list[str]) -> set[str]:
    """The columns none of whose repeated values is long: to read those once for each row takes a fifth of the time.

    What a file repeats stands before the rows of each group of them, and comes whole with the first of those rows.
    """
    short = set(packed)
    with pq.ParquetFile(content, read_dictionary=packed) as file:
        for group in range(file.num_row_groups):
            for batch in islice(file.iter_batches(batch_size=1, row_groups=[group], columns=packed), 1):
                short = {name for name in short if name in batch.schema.names and _is_short(batch[name])}
    return short


def _is_short(column: Cells) -> bool:
    """Whether the values that a group of rows repeats are all short, as its first row shows.

    Of a single value it cannot be told whether it is the only one, or the row's own with others behind it.
    """
    if not pa.types.is_dictionary(column.type):
        return False
    values = cast("pa.DictionaryArray[Any, Any]", column).dictionary
    return len(values) > 1 and _has_length(values.type) and int(count_bytes(values).max()) <= _SHORT_BYTES


def _encodings(file: pq.ParquetFile, group: int, column: int) -> tuple[str, ...]:
    return cast("tuple[str, ...]", file.metadata.row_group(group).column(column).encodings)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


class _Gauge:
    """Measures a column piece by piece; no value may be larger than a row.

    Values that are read once each come in a dictionary that has those of the pieces before at its beginning.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: Cells | None = None
        self._length = np.empty(0, dtype=np.int64)

    def measure(self, column: Cells) -> int:
        """The bytes that a piece takes once each of its rows has a value of its own."""
        if not pa.types.is_dictionary(column.type):
            _check_longest(self._source, column)
            return column.nbytes
        packed = cast("pa.DictionaryArray[Any, Any]", column)
        if not _has_length(packed.dictionary.type):
            return len(column) * 16
        self._learn(packed.dictionary)
        rows = read_ints(packed.indices.drop_null(), missing=-1)
        return int(self._length[rows].sum()) + 4 * len(column)

    def _learn(self, values: Cells) -> None:
        known = self._known
        if known is None or len(values) < len(known) or not values.slice(0, len(known)).equals(known):
            self._length = np.empty(0, dtype=np.int64)
        new = values.slice(len(self._length))
        _check_longest(self._source, new)
        self._known, self._length = values, np.concatenate([self._length, count_bytes(new)])


def _check_longest(source: Source, values: Values) -> None:
    if _has_length(values.type) and len(values):
        check_row_bytes(source, int(count_bytes(values).max()))


def _has_length(kind: pa.DataType) -> bool:
    types = pa.types
    return types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind)


def _unpack(column: Cells, kind: pa.DataType) -> Cells:
    return column if column.type == kind else column.cast(kind)


def _as_shown(batch: pa.RecordBatch, rows: Any) -> pa.Table:
    """Some rows, with times as text: Python knows neither the year 0 nor the year 10,000."""
    columns = []
    for column in batch.columns:
        # Arrow cannot take rows of its string views yet.
        known = column.cast(pa.string()) if pa.types.is_string_view(column.type) else column
        taken = known.take(pa.array(rows))
        if pa.types.is_temporal(taken.type):
            with suppress(pa.ArrowException):
                taken = taken.cast(pa.string())
        columns.append(taken)
    return pa.Table.from_arrays(columns, names=batch.schema.names)
