"""Rows that repeat an earlier row of their table, and rows that contradict one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import (
    coalesce,
    count_bytes,
    fill_nulls,
    find_first_rows,
    is_true,
    join_texts,
    number_distinct,
    read_texts,
    replace_where,
)
from graph.contract.faults import Faults, quote
from graph.contract.schema import INSTANT, Table
from graph.contract.texts import MAX_ID_BYTES

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.model import Ints


def name_rows(table: Table, rows: pa.Table) -> pa.Table:
    """The rows (N,) with a key also where the file has none: what they say, so that the same said again is the same.

    A row that says the same but for its status, or when it was updated, is a later state of it.
    """
    if not table.named_by or not rows[str(table.key)].null_count:
        return rows
    said = [_write_part(rows[name]) for name in table.named_by]
    names = said[0]
    for part in said[1:]:
        names = join_texts(names, part, "/")
    names = _shorten(names)
    place = rows.column_names.index(str(table.key))
    return rows.set_column(place, str(table.key), coalesce([rows[str(table.key)], names]))


def _write_part(values: Chunks) -> Chunks:
    """A column as a part of a name; a slash inside of it is written out, or a/b, c would be a, b/c."""
    text = fill_nulls(values.cast(pa.string()), "")
    if not pa.types.is_string(values.type):
        return text
    plain: Chunks = pc.replace_substring(pc.replace_substring(text, "%", "%25"), "/", "%2F")
    return plain


def _shorten(names: Chunks) -> Chunks:
    """A checksum in the place of names that are longer than an id may be."""
    whole = names.combine_chunks()
    long = count_bytes(whole) > MAX_ID_BYTES
    if not long.any():
        return names
    sums = [f"sha256:{sha256(name.encode()).hexdigest()}" for name in read_texts(whole.filter(pa.array(long)))]
    return pa.chunked_array([replace_where(long, whole, pa.array(sums, pa.string()))])


def drop_repeats(table: Table, rows: pa.Table, keep: NDArray[np.bool_], faults: Faults) -> int:
    """Clear ``keep`` for rows that repeat an earlier one, fault those that contradict it; count the former.

    Rows of one key that are told to follow one another are states of one thing, and all of them stay.

    Parameters
    ----------
    table
        Whose key names a row; without one a row repeats another that is equal in every column.
    rows
        The table's rows (N,), bad ones among them: those neither repeat nor are repeated.
    keep
        (N,) which rows are good so far; changed in place.
    faults
        Gets the rows whose key an earlier row has with other cells and no order between them, and which row that is.
    """
    good = np.flatnonzero(keep)
    among = rows if len(good) == len(keep) else rows.take(good)
    named = [among[table.key]] if table.key else among.columns
    first = _find_first(named)
    if not table.key or (first == np.arange(len(good))).all():
        later = good[first != np.arange(len(good))]
        keep[later] = False
        return len(later)
    states = _States(table, good, first, _find_states(table, among, first))
    return _part_states(states, rows, keep, faults)


@dataclass(frozen=True)
class _States:
    """For each good row (G,) its place, and the places among the good ones of the first row of its key and state."""

    table: Table
    good: Ints
    of_key: Ints
    of_state: Ints


def _find_states(table: Table, rows: pa.Table, first: Ints) -> Ints:
    """For each row (N,) the first row of the same state: of its key and instant, or of its key where one has none."""
    instants = read_instants(table, rows)
    if instants.null_count == len(instants):
        return first
    undated = np.zeros(len(first), dtype=bool)
    undated[first[is_true(pc.is_null(instants))]] = True
    return np.where(undated[first], first, _find_first([rows[str(table.key)], instants]))


def _part_states(states: _States, rows: pa.Table, keep: NDArray[np.bool_], faults: Faults) -> int:
    table, good, place = states.table, states.good, np.arange(len(states.good))
    again = states.of_state != place
    later, earlier = good[again], good[states.of_state[again]]
    keep[later] = False
    compared = [*table.facts, *(column.name for column in table.columns if column.kind == "flag")]
    differs = _fault_contradictions(table, compared, (later, earlier), rows, faults)
    follows = (states.of_key != place) & ~again
    n_others = _fault_contradictions(table, table.fixed, (good[follows], good[states.of_key[follows]]), rows, faults)
    if n_others:
        keep[[row for row in faults.reason if keep[row]]] = False
    return len(later) - differs


def read_instants(table: Table, rows: pa.Table) -> Chunks:
    """When each row (N,) of a table with a key came to be as it says; null where it does not say."""
    told = [rows[name] for name in table.ordered_by]
    return coalesce(told) if told else pa.chunked_array([pa.nulls(rows.num_rows, INSTANT)])


def find_removed(rows: pa.Table) -> NDArray[np.bool_]:
    """Which rows (N,) say that what they tell of is no more."""
    return is_true(rows["removed"]) if "removed" in rows.column_names else np.zeros(rows.num_rows, dtype=bool)


def _find_first(columns: Sequence[Chunks]) -> Ints:
    """For each row (N,), the position of the first row that is equal to it in all columns.

    Column by column only those rows are looked at that have an equal in all columns before; texts come last, for it
    takes longest to compare them.
    """
    first = np.arange(len(columns[0]))
    rows = first
    groups: list[Ints] = []
    for column in sorted(columns, key=lambda each: pa.types.is_string(each.type)):
        found = number_distinct(column if len(rows) == len(column) else column.take(rows))
        group = find_first_rows([*groups, found])
        has_equal = np.bincount(group, minlength=len(rows))[group] > 1
        rows, groups = rows[has_equal], [group[has_equal]]
    first[rows] = rows[find_first_rows(groups)]
    return first


def _fault_contradictions(
    table: Table, names: Sequence[str], pairs: tuple[Ints, Ints], rows: pa.Table, faults: Faults
) -> int:
    """Fault the later rows of pairs (later, earlier) that differ in a column; return how many do."""
    later, earlier = pairs
    if not len(later):
        return 0
    at_fault: dict[int, str] = {}
    keys = rows[str(table.key)].take(later).to_pylist()
    for name in names:
        was, now = rows[name].take(earlier), rows[name].take(later)
        both_null = is_true(pc.and_(pc.is_null(was), pc.is_null(now)))
        same = is_true(pc.equal(was, now)) | both_null
        for position in np.flatnonzero(~same).tolist():
            before = was[position].as_py()
            given = f"without {name}" if before is None else f"{name} {quote(before)}"
            row = int(later[position])
            at_fault.setdefault(row, f"{table.key} {quote(keys[position])} was already given {given}")
            faults.earlier[row] = int(earlier[position])
    faults.add(at_fault, at_fault.values())
    return len(at_fault)
