"""The rows of one table with a key against the store: what is new, what holds from now on, what became history.

Most rows of a load are new, or say what the store says.  Only what may be more than that (another state of a row that
is known, several states of one, the end of one) is put in order by :mod:`graph.stores.timelines`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import find_distinct, find_repeated, is_true
from graph.contract.repeats import find_removed
from graph.contract.schema import INSTANT, Table
from graph.stores.history import say_contradiction

if TYPE_CHECKING:
    from graph.arrow import Cells
    from graph.model import Ints
    from graph.stores.timelines import Outcome


@dataclass(frozen=True)
class Stored:
    """What a store has of one table: the rows that hold, with the columns ``Table.kept``, and those that held.

    ``earlier`` has ``valid_from``, ``valid_until`` and ``ended_as`` besides.
    """

    rows: pa.Table
    earlier: pa.Table


@dataclass(frozen=True)
class ChangedRows:
    """What a load makes of one table with a key.

    Attributes
    ----------
    holds
        Rows (H,) that are not in the store as they are: new ones, and those that take the place of others.
    ends
        Rows (E,) of the store that hold no longer, or no longer as they are.
    earlier
        Former states, with ``valid_from``, ``valid_until`` and ``ended_as``.
    n_added, n_changed, n_removed
        How many rows of the file were new, were another state, or took something away; and of the last also how many
        rows of the store are gone because the load has them no more.
    n_ends
        How many rows of the file took something away.
    bad, reasons
        Rows (B,) of the file that contradict the store, and how.
    """

    holds: pa.Table
    ends: pa.Table
    earlier: pa.Table
    n_added: int
    n_changed: int
    n_removed: int
    n_ends: int
    bad: Ints
    reasons: tuple[str, ...]

    def forget_rows(self) -> ChangedRows:
        """The same without its rows, for who only wants to know how many there were."""
        empty = {name: getattr(self, name).schema.empty_table() for name in ("holds", "ends", "earlier")}
        return replace(self, **empty)

    @property
    def gone(self) -> pa.Table:
        """The rows of the store in whose place there is nothing."""
        key = self.ends.column_names[0]
        stay = pc.is_in(self.ends[key], value_set=self.holds[key].combine_chunks())
        return self.ends.filter(pc.invert(stay))


def compare(table: Table, rows: pa.Table, stored: Stored, *, at: int, replaces: bool = False) -> ChangedRows:
    """Compare checked rows (N,) with what a store has.

    Parameters
    ----------
    table
        Of the contract, with a key.
    rows
        Its checked rows; several may be states of one thing.
    stored
        What the store has.
    at
        The instant of the load, in microseconds since 1970: when a state holds that names no instant itself.
    replaces
        Whether what the rows do not have is gone.
    """
    key, gone = str(table.key), find_removed(rows)
    given = rows.select(list(table.kept))
    # A name that only other tables gave is no row; where it once was one, that one has ended.
    stored = _leave_bare(table, stored)
    place = pc.index_in(given[key], value_set=stored.rows[key].combine_chunks())
    found = np.flatnonzero(is_true(pc.is_valid(place)))
    there = stored.rows.take(place.drop_null())
    bad, reasons = _find_others(table, given, found, there)
    differs = np.zeros(len(gone), dtype=bool)
    differs[found] = _find_different(table, given.take(found), there)
    chosen = _find_concerned(table, given, differs | gone, stored)
    chosen[bad] = False
    is_new = is_true(pc.is_null(place)) & ~chosen
    missing = _find_missing(table, given.filter(~gone), stored.rows) if replaces else stored.rows.slice(0, 0)
    plain = given if is_new.all() else given.filter(is_new)
    outcome = _follow(table, given, (chosen, gone), (stored, missing), at)
    return _join(plain, outcome, (bad, reasons))


def _join(plain: pa.Table, outcome: Outcome | None, others: tuple[Ints, tuple[str, ...]]) -> ChangedRows:
    bad, reasons = others
    if outcome is None:
        nothing = plain.slice(0, 0)
        return ChangedRows(plain, nothing, _without_span(nothing), plain.num_rows, 0, 0, 0, bad, reasons)
    return ChangedRows(
        holds=pa.concat_tables([plain, outcome.holds]) if outcome.holds.num_rows else plain,
        ends=outcome.ends,
        earlier=outcome.history,
        n_added=plain.num_rows + len(outcome.added),
        n_changed=len(outcome.changed),
        n_removed=len(outcome.removed),
        n_ends=int((outcome.removed >= 0).sum()),
        bad=np.concatenate([bad, outcome.bad]),
        reasons=(*reasons, *outcome.reasons),
    )


def _without_span(rows: pa.Table) -> pa.Table:
    empty = rows.append_column("valid_from", pa.array([], INSTANT)).append_column("valid_until", pa.array([], INSTANT))
    return empty.append_column("ended_as", pa.array([], pa.string()))


def _leave_bare(table: Table, stored: Stored) -> Stored:
    """Of what is only named, what has no history stays a row that says nothing, to be filled in."""
    if not table.is_thing or not stored.earlier.num_rows:
        return stored
    key = str(table.key)
    once = is_true(pc.is_in(stored.rows[key], value_set=stored.earlier[key].combine_chunks()))
    says = ~find_bare(table, stored.rows)
    return Stored(stored.rows.filter(pa.array(says | ~once)), stored.earlier)


def find_bare(table: Table, rows: pa.Table) -> NDArray[np.bool_]:
    """Which rows (N,) say nothing but their key."""
    bare = np.ones(rows.num_rows, dtype=bool)
    for name in table.facts:
        bare &= is_true(pc.is_null(rows[name]))
    return bare


def _find_others(table: Table, given: pa.Table, found: Ints, there: pa.Table) -> tuple[Ints, tuple[str, ...]]:
    """The rows (B,) that have the key of another thing of the store: one of another buyer, or another author."""
    reason: dict[int, str] = {}
    key = str(table.key)
    for name in table.fixed:
        told, kept = given[name].take(found), there[name]
        other = is_true(pc.is_valid(told)) & ~is_true(pc.equal(told, kept))
        for row in np.flatnonzero(other).tolist():
            at = int(found[row])
            reason.setdefault(at, say_contradiction(key, name, given[key][at].as_py(), kept[row].as_py()))
    return np.array(sorted(reason), dtype=np.int64), tuple(reason[row] for row in sorted(reason))


def _find_different(table: Table, given: pa.Table, there: pa.Table) -> NDArray[np.bool_]:
    """Which rows (K,) say more than the store's, or something else: a blank says nothing."""
    remarks = [each.name for each in table.columns if each.remark]
    times = [table.time] if table.time in table.ordered_by else []
    differs = np.zeros(given.num_rows, dtype=bool)
    for name in (*table.facts, *remarks, *times):
        told, kept = given[name], there[name]
        differs |= is_true(pc.is_valid(told)) & ~is_true(pc.equal(told, kept))
    return differs


def _find_concerned(table: Table, given: pa.Table, odd: NDArray[np.bool_], stored: Stored) -> NDArray[np.bool_]:
    """Which rows (N,) are of a thing of which some row is odd, or which has several rows, or a history."""
    key = given[str(table.key)]
    keys: list[Cells] = [find_distinct(key.filter(odd))] if odd.any() else []
    if pc.count_distinct(key).as_py() < len(key):
        keys.append(find_repeated(key))
    if stored.earlier.num_rows:
        once = stored.earlier[str(table.key)].combine_chunks()
        now = stored.rows[str(table.key)].combine_chunks()
        keys.append(once.filter(pc.invert(pc.is_in(once, value_set=now))))
    if not keys:
        return np.zeros(len(key), dtype=bool)
    return is_true(pc.is_in(key, value_set=pa.concat_arrays(keys)))


def _find_missing(table: Table, given: pa.Table, kept: pa.Table) -> pa.Table:
    """The rows of the store that the load does not have any more."""
    key = str(table.key)
    there = is_true(pc.is_in(kept[key], value_set=given[key].combine_chunks()))
    bare = find_bare(table, kept) if table.is_thing else np.zeros(kept.num_rows, dtype=bool)
    return kept.filter(pa.array(~there & ~bare))


def _follow(
    table: Table,
    given: pa.Table,
    which: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    known: tuple[Stored, pa.Table],
    at: int,
) -> Outcome | None:
    """Put in order what is more than new or the same; a row that is missing has ended with the load."""
    (chosen, gone), (stored, missing) = which, known
    if not chosen.any() and not missing.num_rows:
        return None
    from graph.stores.timelines import States, follow  # and pandas with it: see graph.pandas_later

    key = str(table.key)
    place = np.concatenate([np.flatnonzero(chosen), np.full(missing.num_rows, -1)])
    ended = _blank_order(table, missing)
    rows = pa.concat_tables([given.filter(pa.array(chosen)), ended])
    named = find_distinct(rows[key])
    return follow(
        States(
            table=table,
            given=rows,
            place=place,
            is_gone=np.concatenate([gone[chosen], np.ones(missing.num_rows, dtype=bool)]),
            kept=_of(stored.rows, key, named),
            history=_of(stored.earlier, key, named),
            at=at,
        )
    )


def _blank_order(table: Table, rows: pa.Table) -> pa.Table:
    names: Sequence[str] = table.ordered_by
    for name in names:
        nothing = pa.chunked_array([pa.nulls(rows.num_rows, INSTANT)])
        rows = rows.set_column(rows.column_names.index(name), name, nothing)
    return rows


def _of(rows: pa.Table, key: str, named: Cells) -> pa.Table:
    return rows.filter(pc.is_in(rows[key], value_set=named))
