"""Arrow's columns as types, and the few calls whose published types say less than they do.

pyarrow comes without types and ``pyarrow-stubs`` describes it from outside: not every call is described as it is.
Where it is not, the call is made here, once, with the types that hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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


def make_table(columns: Mapping[str, Values]) -> pa.Table:
    """Columns of equal length (N,) side by side."""
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))


def is_true(mask: Values) -> NDArray[np.bool_]:
    """A nullable mask (N,) with unknown read as false."""
    known = _compute.fill_null(mask, False)
    return np.asarray(known.to_numpy(zero_copy_only=False) if isinstance(known, pa.Array) else known.to_numpy(), bool)


def find_true(mask: Values) -> NDArray[np.int64]:
    """The rows (K,) for which a nullable mask (N,) holds."""
    return np.flatnonzero(is_true(mask))


def equals(values: Values, word: str) -> Values:
    """Which of the values (N,) are this word; null where a value is."""
    mask: Values = _compute.equal(values, word)
    return mask


def blank_where(mask: Values, values: Values) -> Values:
    """The values (N,) with null where the mask holds."""
    blanked: Values = _compute.if_else(mask, pa.scalar(None, values.type), values)
    return blanked
