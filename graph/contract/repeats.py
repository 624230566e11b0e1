"""Rows that repeat an earlier row of their table, and rows that contradict one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import is_true, read_ints
from graph.contract.faults import Faults, quote

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.model import Ints


def drop_repeats(key: str | None, rows: pa.Table, keep: NDArray[np.bool_], faults: Faults) -> int:
    """Clear ``keep`` for rows that repeat an earlier one, fault those that contradict it; count the former.

    Parameters
    ----------
    key
        The column that names a row; without one a row repeats another that is equal in every column.
    rows
        The table's rows (N,), bad ones among them: those neither repeat nor are repeated.
    keep
        (N,) which rows are good so far; changed in place.
    faults
        Gets the rows whose key an earlier row has with other cells, and which row that is.
    """
    good = np.flatnonzero(keep)
    columns = [rows[key]] if key else rows.columns
    first = good[_find_first([column if len(good) == len(keep) else column.take(good) for column in columns])]
    again = first != good
    later, earlier = good[again], first[again]
    keep[later] = False
    if not key or not len(later):
        return len(later)
    differs = _fault_contradictions(key, rows, later, earlier, faults)
    return len(later) - differs


def _find_first(columns: Sequence[Chunks]) -> Ints:
    """For each row (N,), the position of the first row that is equal to it in all columns."""
    groups = _codes(columns[0])
    for column in columns[1:]:
        codes = _codes(column)
        # Numbered anew after each column: products of many columns' codes would not fit 64 bits.
        groups = pd.factorize(groups * (codes.max(initial=0) + 1) + codes)[0].astype(np.int64)
    positions = np.arange(len(groups))
    first = np.empty(groups.max(initial=-1) + 1, dtype=np.int64)
    first[groups[::-1]] = positions[::-1]  # the last one written is the first one of the group
    answer: Ints = first[groups]
    return answer


def _codes(column: Chunks) -> Ints:
    """Number the distinct values (N,) from 0, null among them."""
    if not pa.types.is_string(column.type):
        numbered: Ints = pd.factorize(column.to_numpy(), use_na_sentinel=False)[0].astype(np.int64)
        return numbered
    if not len(column):
        return np.empty(0, dtype=np.int64)
    encoded = pc.dictionary_encode(column, null_encoding="encode").unify_dictionaries().combine_chunks()
    return read_ints(cast("pa.DictionaryArray[Any, Any]", encoded).indices, missing=-1)


def _fault_contradictions(key: str, rows: pa.Table, later: Ints, earlier: Ints, faults: Faults) -> int:
    """Fault the later rows that differ from the earlier one; return how many do."""
    at_fault: dict[int, str] = {}
    keys = rows[key].take(later).to_pylist()
    for name in rows.column_names:
        was, now = rows[name].take(earlier), rows[name].take(later)
        both_null = is_true(pc.and_(pc.is_null(was), pc.is_null(now)))
        same = is_true(pc.equal(was, now)) | both_null
        for position in np.flatnonzero(~same).tolist():
            before = was[position].as_py()
            given = f"without {name}" if before is None else f"{name} {quote(before)}"
            row = int(later[position])
            at_fault.setdefault(row, f"{key} {quote(keys[position])} was already given {given}")
            faults.earlier[row] = int(earlier[position])
    faults.add(at_fault, at_fault.values())
    return len(at_fault)
