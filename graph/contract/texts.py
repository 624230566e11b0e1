"""Cells as text, whatever the file holds them as; and how long a text may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import blank_where, count_bytes, equals, find_true
from graph.contract.faults import Faults
from graph.contract.sources import Source
from graph.errors import DataError, UnreadableTableError

if TYPE_CHECKING:
    from graph.arrow import Chunks

MAX_ID_BYTES = 1024  # an id is a key of an index in every store
MAX_TEXT_BYTES = 1024 * 1024


def read_as_text(source: Source, name: str, raw: Chunks, faults: Faults) -> Chunks:
    """A column (N,) of any physical type as strings, null where empty.

    Raises
    ------
    DataError
        If its cells are lists or records.
    UnreadableTableError
        If they are bytes that are no text.
    """
    if pa.types.is_nested(raw.type):
        raise DataError(f"{source.name}: column {name} holds {raw.type}, not single values")
    if pa.types.is_floating(raw.type):
        return _whole_numbers_as_text(name, raw, faults)
    try:
        text = raw.cast(pa.string())
        if not source.is_parquet:
            return text  # empty cells are null and the encoding is checked already
        text.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UnreadableTableError(f"{source.name}: column {name} ({raw.type}) is not text: {error}") from error
    return _blank_empty(text)


def trim(text: Chunks) -> Chunks:
    """Without white space around each text; null where nothing else is there."""
    return _blank_empty(pc.utf8_trim_whitespace(text))


def check_size(name: str, text: Chunks, limit: int, faults: Faults) -> None:
    """Fault what is longer than ``limit`` bytes of UTF-8, and what a graph store would cut at a NUL."""
    long = np.flatnonzero(count_bytes(text) > limit)
    faults.add_values(text, long, f"{name} {{}} is longer than {limit:,} bytes")
    nul = find_true(pc.match_substring(text, "\0"))
    faults.add_values(text, nul, f"{name} {{}} holds a NUL character, which no graph store keeps")


def _blank_empty(text: Chunks) -> Chunks:
    empty = equals(text, "")
    # Few columns have such cells; a column without stays the piece of memory that it was.
    return blank_where(empty, text) if pc.any(empty).as_py() else text


def _whole_numbers_as_text(name: str, raw: Chunks, faults: Faults) -> Chunks:
    """Ids that a float column holds, as happens to whole numbers with gaps: 7.0 is '7', 7.5 is no id."""
    values = raw.cast(pa.float64()).to_numpy()
    missing = np.isnan(values)
    with np.errstate(invalid="ignore"):
        whole = (np.abs(values) < 2**53) & (values == np.floor(values))  # beyond, neighbours are one float
    faults.add_values(raw, np.flatnonzero(~whole & ~missing), f"{name} {{}} is a fraction or too long to be exact")
    digits = pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole)
    return pa.chunked_array([digits.cast(pa.string())])
