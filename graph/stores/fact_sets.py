"""Facts that form a set, compared column by column as whole numbers: which are new, missing or marked.

Accounts and identifiers are numbers by their place among all keys, words by their place among the words of both sides,
times by their microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import find_distinct, find_first_rows, number_distinct, read_ints
from graph.contract.schema import INSTANT

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks
    from graph.model import Ints

_NEVER = int(np.iinfo(np.int64).min)  # in the place of a time that is not known: equal to itself alone


@dataclass(frozen=True)
class FactSets:
    """The facts of a store (M, C) and those of a load (N, C), column by column as numbers.

    The first ``n_keys`` columns say whom or what a fact is about.  ``is_gone`` (N,) says which rows of the load are no
    facts but marks: what they tell of is no more.
    """

    there: Ints
    given: Ints
    is_gone: NDArray[np.bool_]
    n_keys: int

    def find_new(self) -> NDArray[np.bool_]:
        """Which rows of the load (N,) are facts that are neither in the store nor told before, and not marked."""
        facts = self.given[~self.is_gone] if self.is_gone.any() else self.given
        first = _find_first(np.concatenate([self.there, facts]) if len(self.there) else facts)
        fresh = (first == np.arange(len(first)))[len(self.there) :]
        is_new = np.zeros(len(self.given), dtype=bool)
        is_new[~self.is_gone] = fresh & ~self._find_marked(facts)[0]
        return is_new

    def find_missing(self) -> NDArray[np.bool_]:
        """Which facts of the store (M,) the load does not have."""
        facts = self.given[~self.is_gone]
        first = _find_first(np.concatenate([facts, self.there]))
        missing: NDArray[np.bool_] = first[len(facts) :] >= len(facts)
        return missing

    def find_ended(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which facts of the store (M,) are marked, and which rows of the load (N,) mark one."""
        marked, marks = self._find_marked(self.there)
        ends = np.zeros(len(self.given), dtype=bool)
        ends[np.flatnonzero(self.is_gone)[marks]] = True
        return marked, ends

    def _find_marked(self, facts: Ints) -> tuple[NDArray[np.bool_], Ints]:
        """Which facts are marked, and by which of the marks; what a mark leaves open may be anything."""
        marked = np.zeros(len(facts), dtype=bool)
        if not self.is_gone.any():
            return marked, np.empty(0, dtype=np.int64)
        marks = self.given[self.is_gone]
        same = _find_first(np.concatenate([marks[:, : self.n_keys], facts[:, : self.n_keys]]))
        mark, fact = _pair(same[: len(marks)], same[len(marks) :])
        told, kept = marks[mark, self.n_keys :], facts[fact, self.n_keys :]
        meets = ((told == kept) | (told == -1) | (told == _NEVER)).all(axis=1)
        marked[fact[meets]] = True
        return marked, np.unique(mark[meets])


def _find_first(facts: Ints) -> Ints:
    """For each fact (N, C) the first that is equal to it.

    Column by column, times and things before accounts, only facts are looked at that have an equal in all before.
    """
    first: Ints = np.arange(len(facts))
    rows, groups = first.copy(), np.zeros(len(facts), dtype=np.int64)
    for column in facts.T[::-1]:
        groups = find_first_rows([groups, number_distinct(pa.chunked_array([column[rows]]))])
        has_equal = np.bincount(groups, minlength=len(rows))[groups] > 1
        is_there = np.cumsum(has_equal) - 1
        rows, groups = rows[has_equal], is_there[groups[has_equal]]
    first[rows] = rows[groups]
    return first


def _pair(some: Ints, others: Ints) -> tuple[Ints, Ints]:
    """The places of all pairs of equal numbers: among some, and among others."""
    order = np.argsort(others, kind="stable")
    start, end = (np.searchsorted(others[order], some, side=side) for side in ("left", "right"))
    n = end - start
    within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    return np.repeat(np.arange(len(some)), n), order[np.repeat(start, n) + within]


def code_facts(given: pa.Table, there: pa.Table, *, keys: Sequence[Cells], is_gone: NDArray[np.bool_]) -> FactSets:
    """Number facts so that they can be compared.

    Parameters
    ----------
    given
        (N,) rows of a load; the first ``len(keys)`` columns name things by key, or by place in ``keys``.
    there
        (M,) rows of the store, column by column the same, but naming those things by their place in ``keys``.
    keys
        The keys of the things that each of the first columns names, those in the store first.
    is_gone
        (N,) which rows of the load say that what they tell of is no more.
    """
    old, new = [], []
    for place, (told, kept) in enumerate(zip(given.columns, there.columns, strict=True)):
        if place < len(keys):
            both = kept.to_numpy(), _codes(told, keys[place])
        elif pa.types.is_timestamp(told.type):
            both = _micros(kept), _micros(told)
        else:
            words = find_distinct(pa.chunked_array([*told.chunks, *kept.chunks], type=pa.string()))
            both = _codes(kept, words), _codes(told, words)
        old.append(both[0])
        new.append(both[1])
    return FactSets(np.stack(old, axis=1), np.stack(new, axis=1), is_gone, len(keys))


def _codes(values: Chunks, words: Cells) -> Ints:
    """Each value's place among ``words``, unless it is one; -1 for a null."""
    if pa.types.is_integer(values.type):
        return read_ints(values, missing=-1)
    place = pc.index_in(values, value_set=words.drop_null() if words.null_count else words)
    return read_ints(place, missing=-1)


def _micros(values: Chunks) -> Ints:
    return read_ints(values.cast(INSTANT).cast(pa.int64()), missing=_NEVER)
