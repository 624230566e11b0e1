"""Arrow's columns as types, and the few calls whose published types say less than they do.

pyarrow comes without types and ``pyarrow-stubs`` describes it from outside: not every call is described as it is.
Where it is not, the call is made here, once, with the types that hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:  # classes of pyarrow take no parameters at run time
    from typing import TypeAlias

    Chunks: TypeAlias = pa.ChunkedArray[Any]
    """A column of a table."""
    Cells: TypeAlias = pa.Array[Any]
    """One piece of memory."""
    Values: TypeAlias = Chunks | Cells

_compute: Any = pc  # untyped: see above
_arrow: Any = pa
_Column = TypeVar("_Column", "Chunks", "Cells")
_Values = TypeVar("_Values", bound="Values")


def make_table(columns: Mapping[str, Values]) -> pa.Table:
    """Columns of equal length (N,) side by side."""
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))


def is_true(mask: Values) -> NDArray[np.bool_]:
    """A nullable mask (N,) with unknown read as false."""
    known = fill_nulls(mask, False)
    return np.asarray(known.to_numpy(zero_copy_only=False) if isinstance(known, pa.Array) else known.to_numpy(), bool)


def find_true(mask: Values) -> NDArray[np.int64]:
    """The rows (K,) for which a nullable mask (N,) holds."""
    return np.flatnonzero(is_true(mask))


def read_ints(values: Values, *, missing: int) -> NDArray[np.int64]:
    """Whole numbers (N,), with ``missing`` in the place of each null."""
    known = fill_nulls(values, missing)
    ints: NDArray[np.int64] = known.to_numpy().astype(np.int64, copy=False)
    return ints


def read_floats(values: Values) -> NDArray[np.float64]:
    """Numbers (N,), NaN in the place of each null."""
    floats: NDArray[np.float64] = fill_nulls(values.cast(pa.float64()), np.nan).to_numpy()
    return floats


def read_texts(values: Values) -> list[str]:
    """Texts (N,) of which none is null."""
    texts: list[str] = values.to_pylist()  # type: ignore[assignment]  # that none is null is not in the type
    return texts


def count_bytes(texts: Values) -> NDArray[np.int64]:
    """How long each text (N,) is in UTF-8; none for a null."""
    return read_ints(_compute.binary_length(texts), missing=0)


def join_pieces(pieces: Sequence[Cells], kind: pa.DataType) -> Chunks:
    """Pieces of one column, of which there may be none."""
    joined: Chunks = _arrow.chunked_array(pieces, kind)
    return joined


def is_outside(values: Chunks, least: int, most: int) -> Chunks:
    """Which of the values (N,) are below or above the bounds; null where a value is."""
    mask: Chunks = _compute.or_(_compute.less(values, least), _compute.greater(values, most))
    return mask


def equals(values: Values, word: str) -> Values:
    """Which of the values (N,) are this word; null where a value is."""
    mask: Values = _compute.equal(values, word)
    return mask


def take_or_null(values: Chunks, rows: NDArray[np.int64]) -> Chunks:
    """The value at each of the rows (K,), null where a row is below zero."""
    return values.take(null_below_zero(rows))


def null_below_zero(rows: NDArray[np.int64]) -> Cells:
    """Rows (N,), with null in the place of each that is below zero: there is no such row."""
    found: Cells = _arrow.array(rows, mask=rows < 0)
    return found


def find_distinct(values: Chunks) -> Cells:
    """The distinct values (K,), in the order in which they come."""
    distinct: Cells = _compute.unique(values)
    return distinct


def join_texts(first: Values | str, second: Values | str, mark: str) -> Chunks:
    """``first``, the mark and ``second``, row by row (N,)."""
    joined: Chunks = _compute.binary_join_element_wise(first, second, mark)
    return joined


def join_texts_that_are_there(columns: Sequence[Values], mark: str) -> Chunks:
    """The texts of several columns (N,) with a mark between them, without those that are null; null where all are.

    Two at a time: Arrow can skip nulls itself, but then leaves out rows in which all are null (as of pyarrow 26).
    """
    joined: Any = columns[0]
    for column in columns[1:]:
        both = _compute.and_(_compute.is_valid(joined), _compute.is_valid(column))
        between = _compute.if_else(both, mark, "")
        one, other = _compute.fill_null(joined, ""), _compute.fill_null(column, "")
        whole = _compute.binary_join_element_wise(one, other, between)
        joined = blank_where(_compute.equal(whole, ""), whole)
    texts: Chunks = joined
    return texts


def coalesce(columns: Sequence[Chunks]) -> Chunks:
    """Row by row (N,) the first value that is known, of columns of one type."""
    known: Chunks = _compute.coalesce(*columns)
    return known


def fill_nulls(values: _Values, other: Any) -> _Values:
    """The values (N,) with one and the same in the place of each null; Arrow would copy values without one too."""
    filled: _Values = _compute.fill_null(values, other) if values.null_count else values
    return filled


def number_distinct(values: Chunks) -> NDArray[np.int64]:
    """A number (N,) for each value, counted from 0 in the order in which they come; null is a value too."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    if pa.types.is_string(values.type):
        values = values.cast(pa.large_string())
    elif pa.types.is_floating(values.type):
        values = _compute.add(values, 0.0)  # no zero is below another
    # In one piece: of several, each would bring a dictionary of its own, and to make one of them takes the time of all.
    return read_ints(_compute.dictionary_encode(values.combine_chunks(), null_encoding="encode").indices, missing=-1)


def find_first_rows(numbered: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """For each row (N,) the first row that has the same numbers, from 0, in all columns (N,)."""
    groups = numbered[0]
    for column in numbered[1:]:
        # Numbered anew after each column: products of many columns' numbers would not fit 64 bits.
        groups = number_distinct(_arrow.chunked_array([groups * (column.max(initial=0) + 1) + column]))
    first = np.empty(groups.max(initial=-1) + 1, dtype=np.int64)
    first[groups[::-1]] = np.arange(len(groups))[::-1]  # the last one written is the first one of the group
    return first[groups]


def find_repeated(values: Chunks, *, more_than: int = 1) -> Cells:
    """The distinct values (K,) that come more often than so many times."""
    counts = _compute.value_counts(values)
    repeated: Cells = counts.field(0).filter(_compute.greater(counts.field(1), more_than))
    return repeated


def split_by_pattern(texts: Values, pattern: str) -> dict[str, Chunks]:
    """What each named group of a pattern holds of the texts (N,): empty where it is left out, null where none fits."""
    found = _compute.extract_regex(texts, pattern=pattern)
    return {field.name: _compute.struct_field(found, field.name) for field in found.type}


def blank_where(mask: Values, values: _Column) -> _Column:
    """The values (N,) with null where the mask holds."""
    blanked: _Column = _compute.if_else(mask, pa.scalar(None, values.type), values)
    return blanked


def replace_where(mask: NDArray[np.bool_], values: Cells, others: Cells) -> Cells:
    """The values (N,) with ``others`` (K,), in their order, where the mask (N,) holds, K times."""
    replaced: Cells = _compute.replace_with_mask(values, pa.array(mask), others)
    return replaced
