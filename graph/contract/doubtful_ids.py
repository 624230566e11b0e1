"""Ids that a spreadsheet has changed: digits written as 1.23E+15, leading zeros that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_distinct
from graph.contract.doubts import Doubt, Wrong, gather, list_columns, match
from graph.contract.schema import CONTRACT

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks, Values

_EXPONENT = r"^\d(\.\d+)?[eE]\+\d{2,3}$"
_LEAST_LOST = 10
"""So many ids that lack nothing but zeros, and half of all that match nothing, are no chance."""

_IDS = {column.name for table in CONTRACT.values() for column in table.columns if column.kind == "id"}
_OWNERS = {"account": ("accounts", "account_id"), "product": ("listings", "product_id")}


def find_changed_ids(tables: Mapping[str, pa.Table]) -> tuple[Doubt, ...]:
    """Doubt ids in scientific notation, and ids that match none that is listed but for their zeros.

    Parameters
    ----------
    tables
        Checked rows by the contract's table.
    """
    return gather([*_find_exponents(tables), *_find_lost_zeros(tables)])


def _find_exponents(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str, Wrong]]:
    for table, column, values in list_columns(tables, _IDS):
        says = "are numbers as a spreadsheet shortens them, so that different ids became one"
        mend = "export the column as text; --despite-doubts loads it as it is"
        yield table, column, Wrong("shortened", match(_with_plus(values), _EXPONENT), says, mend, is_grave=True)


def _with_plus(values: Chunks) -> Chunks:
    """The values (K,) that hold a plus sign: to look for it takes less time than to look for a pattern."""
    return values.filter(pc.match_substring(values, "+"))


def _find_lost_zeros(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str, Wrong]]:
    for name, rows in tables.items():
        for thing, (owner, key) in _OWNERS.items():
            if owner == name or owner not in tables or not tables[owner].num_rows:
                continue
            listed = tables[owner][key].combine_chunks()
            for column in CONTRACT[name].find_mentions("account" if thing == "account" else "product"):
                yield name, column, _look_for_zeros(rows[column], listed, owner)


def _begin_with_zero(ids: Values) -> bool:
    return bool(pc.any(pc.starts_with(ids, "0")).as_py())


def _look_for_zeros(values: Chunks, listed: Cells, owner: str) -> Wrong:
    if not (_begin_with_zero(values) or _begin_with_zero(listed)):
        return Wrong("zeros", values.slice(0, 0), "", "")  # the same without its zeros: nothing can match but as it is
    alone = find_distinct(values.filter(pc.invert(pc.is_in(values, value_set=listed)))).drop_null()
    if not len(alone):
        return Wrong("zeros", values.slice(0, 0), "", "")
    bare = pc.utf8_ltrim(alone, characters="0")
    digits = pc.match_substring_regex(alone, r"^\d+$")
    lost = alone.filter(pc.and_(digits, pc.is_in(bare, value_set=pc.utf8_ltrim(listed, characters="0"))))
    if len(lost) < max(_LEAST_LOST, len(alone) / 2):
        lost = lost.slice(0, 0)
    rows = values.filter(pc.is_in(values, value_set=lost))
    says = f"are ids of {owner} but for leading zeros, and match nothing as they are"
    return Wrong(
        "zeros", rows, says, "export both columns as text; --despite-doubts loads them as they are", is_grave=True
    )
