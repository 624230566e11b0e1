"""Channels as incidences: accounts and the things that they share, and direct dealings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detection.channels.record import Channel
from detection.groups import ByAccount, are_among, find_rows, index_by_account
from graph.model import Ints, Times

NO_TARGET = int(np.iinfo(np.int64).min)


ANYTHING = NO_TARGET + 1
"""The subject of what is shared in time only."""


@dataclass(frozen=True)
class SharedThings:
    """One channel: accounts and the things that they share; each pair appears once.

    Attributes
    ----------
    record
        What the channel is.
    account : (E,) rows
    thing : (E,) codes in 0..n_things-1
    first_at, last_at : (E,) datetime64[us], NaT where unknown
    subject : (n_things,) what the thing is: a row of the snapshot's identifiers (identifier kinds),
        of its products or, as -1 - row, of its accounts (the others)
    grain : (n_things,) how coarsely the thing is taken, 0..n_grains-1; a group is judged by the
        grain that says most about it
    stratum : (n_things,) which things compete for the same deeds, 0..: chance deals out what
        accounts did in one window among what was done in that window
    unshared
        How many more uses there are, in stratum 0, by accounts and of things that are left out: nobody shares those
    """

    record: Channel
    account: Ints
    thing: Ints
    first_at: Times
    last_at: Times
    subject: Ints
    grain: Ints
    stratum: Ints
    unshared: int = 0

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.record.name

    @property
    def is_silent(self) -> bool:
        """Whether nothing is known."""
        return not len(self.account)

    @cached_property
    def by_account(self) -> ByAccount:
        """The uses of each account."""
        return index_by_account(self.account)

    def find_uses(self, account: Ints, thing: Ints) -> Ints:
        """The use of each thing by each account (P,), which there has to be."""
        order, code = self._by_pair
        place: Ints = order[np.searchsorted(code, thing * self.n_rows + account)]
        return place

    @cached_property
    def _by_pair(self) -> tuple[Ints, Ints]:
        """The uses by thing and account, and both of each in one number."""
        code = self.thing * self.n_rows + self.account
        order = np.argsort(code, kind="stable")
        return order, code[order]

    @cached_property
    def common(self) -> Ints:
        """The things that two accounts have part in, or more (C,), sorted."""
        return np.flatnonzero(self.popularity >= 2)

    @cached_property
    def common_uses(self) -> sparse.csr_array:
        """1 where an account has part in a common thing (accounts + 1, C).

        See :meth:`find_row` for the rows.
        """
        column = np.full(self.n_things, -1, dtype=np.int32)
        column[self.common] = np.arange(len(self.common))
        uses = np.flatnonzero(column[self.thing] >= 0)
        # Half as wide as rows are elsewhere: what is walked through this much should be small.
        ends = self.account[uses].astype(np.int32), column[self.thing[uses]]
        return sparse.csr_array((np.ones(len(uses), dtype=np.int8), ends), shape=(self.n_rows, len(self.common)))

    @cached_property
    def uses_by_stratum(self) -> sparse.csr_array:
        """How many uses each account has in each stratum (accounts + 1, strata); see :meth:`find_row` for the rows."""
        shape = self.n_rows, len(self.stratum_uses)
        ends = self.account.astype(np.int32), self.stratum[self.thing].astype(np.int32)
        return sparse.csr_array((np.ones(len(self.account), dtype=np.int32), ends), shape=shape)

    @cached_property
    def n_uses(self) -> Ints:
        """How many uses each account has (accounts + 1,); see :meth:`find_row` for the rows."""
        return np.bincount(self.account, minlength=self.n_rows)

    @cached_property
    def n_rows(self) -> int:
        """How many rows what is told by account has; see :meth:`find_row`."""
        return int(self.account.max(initial=-1)) + 2

    def find_row(self, account: Ints) -> Ints:
        """The rows of some accounts in what is told by account: the last row is that of all without a use."""
        return np.minimum(account, self.n_rows - 1)

    @cached_property
    def stratum_uses(self) -> Ints:
        """The uses of all things of each stratum."""
        uses = np.bincount(self.stratum[self.thing])
        uses[:1] += self.unshared
        return uses

    @cached_property
    def n_grains(self) -> int:
        """In how many grains the channel is looked at."""
        return int(self.grain.max(initial=0)) + 1

    @property
    def n_things(self) -> int:
        """How many distinct things there are."""
        return len(self.subject)

    @cached_property
    def popularity(self) -> Ints:
        """How many accounts share each thing (n_things,)."""
        return np.bincount(self.thing, minlength=self.n_things)

    @cached_property
    def crowd(self) -> Ints:
        """How many accounts ever shared the subject of each thing (n_things,), for identifiers."""
        pairs = np.unique(np.stack([self.subject[self.thing], self.account]), axis=1)
        subject, count = np.unique(pairs[0], return_counts=True)
        return count[np.searchsorted(subject, self.subject)]

    def find_owners(self, n_accounts: int, household_size: int) -> NDArray[np.bool_]:
        """Which accounts (N,) have a thing that no more than a household uses."""
        owned = self.popularity[self.thing] <= household_size
        return np.bincount(self.account[owned], minlength=n_accounts) > 0

    @cached_property
    def overlaps(self) -> NDArray[np.bool_]:
        """Which things two accounts used at the same time, or at unknown times (n_things,)."""
        order = np.lexsort((self.first_at, self.thing))
        thing, first, last = self.thing[order], self.first_at[order], self.last_at[order]
        again = thing[1:] == thing[:-1]
        unknown = np.isnat(first[1:]) | np.isnat(last[:-1]) | (first[:-1] == last[:-1])
        together = again & (unknown | (first[1:] <= last[:-1]))
        overlaps = np.zeros(self.n_things, dtype=bool)
        overlaps[thing[1:][together]] = True
        return overlaps

    @cached_property
    def began_at(self) -> Times:
        """When each thing was first seen (n_things,), NaT where unknown."""
        began = np.full(self.n_things, np.iinfo(np.int64).max)
        known = ~np.isnat(self.first_at)
        np.minimum.at(began, self.thing[known], self.first_at[known].astype(np.int64))
        return np.where(began < np.iinfo(np.int64).max, began, np.iinfo(np.int64).min).astype("datetime64[us]")


@dataclass(frozen=True)
class Pairs:
    """Two accounts each, ``low`` < ``high`` (P,), sorted."""

    low: Ints
    high: Ints

    @cached_property
    def _by_low(self) -> ByAccount:
        return index_by_account(self.low)

    def list_among(self, accounts: Ints) -> Ints:
        """The rows of pairs of which both are among some accounts, which come sorted; O(pairs of the accounts)."""
        return _list_among(self._by_low, self.high, accounts)


@dataclass(frozen=True)
class Dealings:
    """Direct dealings, one row each: ``source`` (D,) and ``target`` (D,) rows of accounts."""

    record: Channel
    source: Ints
    target: Ints

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.record.name

    @property
    def is_silent(self) -> bool:
        """Whether nobody deals with anybody."""
        return not len(self.source)

    @cached_property
    def _by_source(self) -> ByAccount:
        return index_by_account(self.source)

    def list_among(self, accounts: Ints) -> Ints:
        """The rows of dealings among some accounts, which come sorted; O(dealings of the accounts)."""
        return _list_among(self._by_source, self.target, accounts)

    def count_among(self, accounts: Ints) -> tuple[Ints, Ints]:
        """Who deals with whom among some accounts, which come sorted: source and target (P, 2), how often (P,)."""
        rows, width = self.list_among(accounts), int(accounts.max(initial=0)) + 1
        pairs, times = np.unique(self.source[rows] * width + self.target[rows], return_counts=True)
        return np.column_stack(np.divmod(pairs, width)), times

    @cached_property
    def pairs(self) -> Pairs:
        """The distinct pairs that deal with one another, whichever way and however often."""
        low, high = np.minimum(self.source, self.target), np.maximum(self.source, self.target)
        width = int(high.max(initial=0)) + 1
        return Pairs(*np.divmod(np.unique(low * width + high), width))

    def join_partners(self, n_accounts: int) -> sparse.csr_array:
        """1 where two accounts have dealt with one another, however often (N, N)."""
        known = self._partners
        silent = np.full(n_accounts - known.shape[0], known.indptr[-1])
        rows = np.concatenate([known.indptr, silent.astype(known.indptr.dtype)])
        return sparse.csr_array((known.data, known.indices, rows), shape=(n_accounts, n_accounts))

    @cached_property
    def _partners(self) -> sparse.csr_array:
        """The same of the accounts up to the last that deals with anybody."""
        low, high = self.pairs.low, self.pairs.high
        width = int(high.max(initial=0)) + 1
        ends = np.concatenate([low, high]).astype(np.int32), np.concatenate([high, low]).astype(np.int32)
        return sparse.csr_array((np.ones(len(ends[0])), ends), shape=(width, width))


def _list_among(by_one: ByAccount, other: Ints, accounts: Ints) -> Ints:
    rows = np.sort(find_rows(accounts, by_one))
    return rows[are_among(other[rows], accounts)]


def stack_grains(grains: list[SharedThings]) -> SharedThings:
    """One channel of several grains."""
    return join_parts([replace(part, grain=np.full(part.n_things, place)) for place, part in enumerate(grains)])


def join_parts(parts: list[SharedThings]) -> SharedThings:
    """Things of several parts as one channel, each with strata of its own."""
    things = np.cumsum([0, *(part.n_things for part in parts)])
    strata = np.cumsum([0, *(int(part.stratum.max(initial=-1)) + 1 for part in parts)])
    join: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _PLAIN_COLUMNS}
    thing = np.concatenate([part.thing + begin for part, begin in zip(parts, things, strict=False)])
    stratum = np.concatenate([part.stratum + begin for part, begin in zip(parts, strata, strict=False)])
    whole = replace(parts[0], unshared=sum(part.unshared for part in parts))
    return replace(whole, thing=thing, stratum=stratum, **join)


_PLAIN_COLUMNS = ("account", "first_at", "last_at", "subject", "grain")


def gather_things(record: Channel, account: Ints, code: Ints, at: Times, subject: Ints) -> SharedThings:
    """Distinct (account, code) pairs with codes renumbered and their first and last time."""
    _, first_row, thing = np.unique(code, return_index=True, return_inverse=True)
    order = np.lexsort((at, thing * (int(account.max(initial=0)) + 1) + account))
    account, thing, at = account[order], thing[order], at[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(account) != 0) | (np.diff(thing) != 0)
    begin = np.flatnonzero(starts)
    end = np.append(begin, len(order))[1:] - 1
    # NaT sorts last: step back to the first time where the last one is unknown.
    last_at = np.where(np.isnat(at[end]), at[begin], at[end])
    plain = np.zeros(len(first_row), dtype=np.int64)
    return SharedThings(record, account[begin], thing[begin], at[begin], last_at, subject[first_row], plain, plain)
