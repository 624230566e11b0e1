"""Ids that are not what they were: digits written as 1.23E+15, leading zeros that are gone, other capitals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

_SAMPLED_ROWS, _SAMPLED_STRETCHES = 20_000, 40
"""So many rows of each column show whether there is anything to look for in all of them."""
_SPELLINGS: Mapping[str, Callable[[Any], Any]] = {
    "spaces around": pc.utf8_trim_whitespace,
    "signs around": lambda ids: pc.utf8_trim(ids, characters="'\"`{}[]()#"),
    "a .0 at the end": lambda ids: pc.replace_substring_regex(ids, pattern=r"^(\d+)\.0+$", replacement=r"\1"),
    "capitals": pc.utf8_lower,
}
_IDS = {column.name for table in CONTRACT.values() for column in table.columns if column.kind == "id"}
_OWNERS = {"account": ("accounts", "account_id"), "product": ("listings", "product_id")}


def find_changed_ids(tables: Mapping[str, pa.Table]) -> tuple[Doubt, ...]:
    """Doubt ids in scientific notation, and those that match none that is listed but for zeros, spaces or capitals.

    Parameters
    ----------
    tables
        Checked rows by the contract's table.
    """
    return gather([*_find_exponents(tables), *_find_lost_zeros(tables), *_find_misspelt(tables)])


def _find_exponents(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str, Wrong]]:
    for table, column, values in list_columns(tables, _IDS):
        says = "are numbers as a spreadsheet shortens them, so that different ids became one"
        mend = "export the column as text; --despite-doubts loads it as it is"
        yield table, column, Wrong("shortened", match(_with_plus(values), _EXPONENT), says, mend, is_grave=True)


def _with_plus(values: Chunks) -> Chunks:
    """The values (K,) that hold a plus sign: to look for it takes less time than to look for a pattern."""
    return values.filter(pc.match_substring(values, "+"))


@dataclass(frozen=True)
class _Mentions:
    """The ids that a table lists, and the columns of others that name them, by table and name."""

    owner: str
    listed: Cells
    columns: Mapping[tuple[str, str], Chunks]


def _list_mentions(tables: Mapping[str, pa.Table]) -> Iterator[_Mentions]:
    for thing, (owner, key) in _OWNERS.items():
        if owner in tables and tables[owner].num_rows:
            columns = {
                (name, column): rows[column]
                for name, rows in tables.items()
                for column in CONTRACT[name].find_mentions("account" if thing == "account" else "product")
                if name != owner
            }
            yield _Mentions(owner, tables[owner][key].combine_chunks(), columns)


def _find_lost_zeros(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str, Wrong]]:
    for each in _list_mentions(tables):
        for (name, column), values in each.columns.items():
            yield name, column, _look_for_zeros(values, each.listed, each.owner)


def _find_misspelt(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str, Wrong]]:
    for each in _list_mentions(tables):
        # Where some rows of all columns name nobody but who is listed, so do the others, or nearly.
        some = [chunk for values in each.columns.values() for chunk in _take_some(values).chunks]
        if len(_find_alone(pa.chunked_array(some, pa.string()), each.listed)):
            same = _spell_alike(each.listed)
            for (name, column), values in each.columns.items():
                yield name, column, _look_for_spellings(values, each.listed, same, each.owner)


def _take_some(values: Chunks) -> Chunks:
    """Stretches of a column from its beginning to its end, as parts of a table are written differently."""
    if len(values) <= _SAMPLED_ROWS:
        return values
    starts = range(0, len(values), len(values) // _SAMPLED_STRETCHES)
    length = _SAMPLED_ROWS // _SAMPLED_STRETCHES
    return pa.chunked_array([chunk for start in starts for chunk in values.slice(start, length).chunks], values.type)


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


def _look_for_spellings(values: Chunks, listed: Cells, same: Values, owner: str) -> Wrong:
    alone = _find_alone(values, listed)
    lost = alone.filter(pc.is_in(_spell_alike(alone), value_set=same)) if len(alone) else alone
    if len(lost) < max(_LEAST_LOST, len(alone) / 2):
        return Wrong("spelling", values.slice(0, 0), "", "")
    rows = values.filter(pc.is_in(values, value_set=lost))
    says = f"are ids of {owner} but for {_say_difference(lost, listed)}, and match nothing as they are"
    mend = "write both columns alike; --despite-doubts loads them as they are"
    return Wrong("spelling", rows, says, mend, is_grave=True)


def _find_alone(values: Chunks, listed: Cells) -> Cells:
    """The distinct ids among some (N,) that are not listed."""
    return find_distinct(values.filter(pc.invert(pc.is_in(values, value_set=listed)))).drop_null()


def _spell_alike(ids: Values) -> Values:
    for spell in _SPELLINGS.values():
        ids = spell(ids)
    return ids


def _say_difference(lost: Values, listed: Values) -> str:
    """What lies between ids and those that are listed: what one spelling alone does away with, or all of it."""
    for what, spell in _SPELLINGS.items():
        if pc.all(pc.is_in(spell(lost), value_set=spell(listed))).as_py():
            return what
    return " or ".join(_SPELLINGS)
