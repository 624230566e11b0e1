"""Facts that form a set, compared column by column as whole numbers: which are new, missing or marked.

Accounts and identifiers are numbers by their place among all keys, words by their place among the words of both sides,
times by their microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import find_distinct, read_ints
from graph.contract.schema import INSTANT

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks
    from graph.model import Ints

_NEVER = int(np.iinfo(np.int64).min)  # in the place of a time that is not known: equal to itself alone


@dataclass(frozen=True)
class FactSets:
    """The facts of a store (M,) and those of a load (N,), column by column as numbers.

    The first ``n_keys`` columns say whom or what a fact is about.  ``is_gone`` (N,) says which rows of the load are no
    facts but marks: what they tell of is no more.
    """

    there: pd.DataFrame
    given: pd.DataFrame
    is_gone: NDArray[np.bool_]
    n_keys: int

    def find_new(self) -> NDArray[np.bool_]:
        """Which rows of the load (N,) are facts that are neither in the store nor told before, and not marked."""
        facts = self.given[~self.is_gone] if self.is_gone.any() else self.given
        fresh = ~pd.concat([self.there, facts]).duplicated().to_numpy()[len(self.there) :]
        is_new = np.zeros(len(self.given), dtype=bool)
        is_new[~self.is_gone] = fresh & ~self._find_marked(facts)[0]
        return is_new

    def find_missing(self) -> NDArray[np.bool_]:
        """Which facts of the store (M,) the load does not have."""
        both = pd.concat([self.there, self.given[~self.is_gone]])
        missing: NDArray[np.bool_] = ~both.duplicated(keep="last").to_numpy()[: len(self.there)]
        return missing

    def find_ended(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which facts of the store (M,) are marked, and which rows of the load (N,) mark one."""
        marked, marks = self._find_marked(self.there)
        ends = np.zeros(len(self.given), dtype=bool)
        ends[np.flatnonzero(self.is_gone)[marks]] = True
        return marked, ends

    def _find_marked(self, facts: pd.DataFrame) -> tuple[NDArray[np.bool_], Ints]:
        """Which facts are marked, and by which of the marks; what a mark leaves open may be anything."""
        marked = np.zeros(len(facts), dtype=bool)
        if not self.is_gone.any():
            return marked, np.empty(0, dtype=np.int64)
        marks = self.given[self.is_gone].reset_index(drop=True)
        keys, open_ones = list(marks.columns[: self.n_keys]), list(marks.columns[self.n_keys :])
        pairs = marks.assign(mark=marks.index).merge(facts.assign(fact=np.arange(len(facts))), on=keys)
        meets = np.ones(len(pairs), dtype=bool)
        for name in open_ones:
            told, kept = pairs[f"{name}_x"], pairs[f"{name}_y"]
            meets &= ((told == kept) | (told == -1) | (told == _NEVER)).to_numpy()
        marked[pairs["fact"].to_numpy()[meets]] = True
        return marked, np.unique(pairs["mark"].to_numpy()[meets])


def code_facts(given: pa.Table, there: pa.Table, *, keys: Sequence[Cells], is_gone: NDArray[np.bool_]) -> FactSets:
    """Number facts so that they can be compared.

    Parameters
    ----------
    given
        (N,) rows of a load; the first ``len(keys)`` columns name things by key.
    there
        (M,) rows of the store, column by column the same, but naming those things by their place in ``keys``.
    keys
        The keys of the things that each of the first columns names, those in the store first.
    is_gone
        (N,) which rows of the load say that what they tell of is no more.
    """
    old, new = {}, {}
    for place, (told, kept) in enumerate(zip(given.columns, there.columns, strict=True)):
        name = f"c{place}"
        if place < len(keys):
            old[name], new[name] = kept.to_numpy(), _codes(told, keys[place])
        elif pa.types.is_timestamp(told.type):
            old[name], new[name] = _micros(kept), _micros(told)
        else:
            words = find_distinct(pa.chunked_array([*told.chunks, *kept.chunks], type=pa.string()))
            old[name], new[name] = _codes(kept, words), _codes(told, words)
    return FactSets(pd.DataFrame(old), pd.DataFrame(new), is_gone, len(keys))


def _codes(values: Chunks, words: Cells) -> Ints:
    """Each value's place among ``words``; -1 for a null."""
    place = pc.index_in(values, value_set=words.drop_null() if words.null_count else words)
    return read_ints(place, missing=-1)


def _micros(values: Chunks) -> Ints:
    return read_ints(values.cast(INSTANT).cast(pa.int64()), missing=_NEVER)
