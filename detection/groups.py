"""Groups of accounts as arrays: many at once, overlapping or not, joined with facts about their members."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.model import Ints

MIN_SIZE = 3
"""Two accounts are a pair, not a ring."""


@dataclass(frozen=True)
class ByAccount:
    """Facts of which each is about one account, found by account.

    The rows of account a are ``order[begin[a]:begin[a] + count[a]]``.
    """

    order: Ints
    begin: Ints
    count: Ints


def index_by_account(account: Ints) -> ByAccount:
    """Index facts (F,) by the account that each is about, O(F log F)."""
    count = np.bincount(account)
    return ByAccount(np.argsort(account, kind="stable"), np.cumsum(count) - count, count)


@dataclass(frozen=True)
class MemberFacts:
    """Which ``row`` (F,) of a table of facts is about which ``membership`` (F,) of the groups."""

    membership: Ints
    row: Ints


@dataclass(frozen=True)
class Groups:
    """Groups of accounts, overlapping or not.

    ``account`` (M,) rows, grouped and sorted within each group; ``start`` (G + 1,) where each group
    begins: group g is ``account[start[g]:start[g + 1]]``.
    """

    account: Ints
    start: Ints

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def size(self) -> Ints:
        """Accounts in each group (G,)."""
        return np.diff(self.start)

    @cached_property
    def group(self) -> Ints:
        """The group of each membership (M,)."""
        return np.repeat(np.arange(len(self)), self.size)

    def code(self, n_accounts: int) -> Ints:
        """Group and account of each membership in one number (M,), sorted."""
        return self.group * n_accounts + self.account

    def members(self, group: int) -> Ints:
        """The accounts of one group."""
        return self.account[self.start[group] : self.start[group + 1]]

    def find_facts(self, facts: ByAccount) -> MemberFacts:
        """Join the memberships with facts of which each is about one account, O(facts of the members)."""
        known = np.minimum(self.account, max(len(facts.count) - 1, 0))
        count = np.where(known == self.account, facts.count[known], 0) if len(facts.count) else np.zeros_like(known)
        membership = np.repeat(np.arange(len(self.account)), count)
        nth = np.arange(len(membership)) - np.repeat(np.cumsum(count) - count, count)
        return MemberFacts(membership, facts.order[facts.begin[self.account[membership]] + nth])


def find_rows(accounts: Ints, facts: ByAccount) -> Ints:
    """The rows of the facts about some accounts, account by account."""
    return Groups(accounts, np.array([0, len(accounts)])).find_facts(facts).row


def gather_groups(parts: Iterable[Ints]) -> Groups:
    """Distinct groups that are large enough, in a canonical order; each part comes sorted."""
    listed = list(parts)
    size = np.array([len(part) for part in listed], dtype=np.int64)
    return distinct_groups(np.concatenate([np.empty(0, dtype=np.int64), *listed]), size)


def join_groups(proposals: Iterable[Groups]) -> Groups:
    """Every distinct group of several searches."""
    listed = list(proposals)
    return distinct_groups(
        np.concatenate([groups.account for groups in listed]), np.concatenate([groups.size for groups in listed])
    )


def distinct_groups(account: Ints, size: Ints) -> Groups:
    """Drop groups that are too small and repeated ones; see :func:`number_groups`."""
    return number_groups(account, size)[0]


def number_groups(account: Ints, size: Ints) -> tuple[Groups, Ints]:
    """The distinct groups that are large enough, and which of them each given one is, without a loop over groups.

    Two groups are the same when their first member, their size and the sum of a 64-bit mix of their
    members (Steele, Lea & Flood, OOPSLA 2014) are; that also is their order.

    Parameters
    ----------
    account
        (M,) rows, grouped and sorted within each group.
    size
        (G,) accounts in each group.

    Returns
    -------
    tuple
        The groups, and for each given one (G,) its number among them, -1 for one that is too small.
    """
    is_large = size >= MIN_SIZE
    account, size = account[np.repeat(is_large, size)], size[is_large]
    start = np.cumsum(size) - size
    # Comparing sorted members one by one would need a loop; two different groups collide once in 2^64 pairs.
    mixed = np.add.reduceat(spread_bits(account), start)
    first = account[start]
    order = np.lexsort((mixed, size, first))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = np.any([np.diff(key[order]) != 0 for key in (first, size, mixed)], axis=0)
    number = np.full(len(is_large), -1)
    number[np.flatnonzero(is_large)[order]] = np.cumsum(fresh) - 1
    return pick_rows(account, start, size, order[fresh]), number


def pick_rows(account: Ints, start: Ints, size: Ints, wanted: Ints) -> Groups:
    """Some of the groups, in the order wanted."""
    sizes = size[wanted]
    ends = np.cumsum(sizes)
    rows = np.arange(int(sizes.sum())) + np.repeat(start[wanted] - (ends - sizes), sizes)
    return Groups(account[rows], np.concatenate([[0], ends]).astype(np.int64))


def take_groups(groups: Groups, wanted: Ints) -> Groups:
    """Some of the groups, in the order wanted."""
    return pick_rows(groups.account, groups.start[:-1], groups.size, wanted)


def split_groups(groups: Groups, n_parts: int) -> list[Groups]:
    """The groups in order, in so many parts of about as many memberships each; fewer where there are few groups."""
    # A group is of the part in which its middle lies.
    part = (groups.start[:-1] + groups.start[1:]) * n_parts // (2 * max(len(groups.account), 1))
    return [take_groups(groups, np.flatnonzero(part == number)) for number in np.unique(part).tolist()]


def find_distinct(values: Ints) -> Ints:
    """The distinct values, sorted; where most are distinct, much faster than ``np.unique``, which hashes them."""
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = np.diff(ordered) != 0
    return ordered[is_first]


def are_among(values: Ints, known: Ints) -> NDArray[np.bool_]:
    """Which values are among known ones, which come sorted: much faster than ``np.isin``, which would sort them again.

    >>> are_among(np.array([3, 1, 9]), np.array([1, 2, 3])).tolist()
    [True, True, False]
    """
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    among: NDArray[np.bool_] = known[place] == values
    return among


def spread_bits(values: NDArray[np.integer[Any]]) -> NDArray[np.uint64]:
    """Numbers spread over 64 bits, the same ones everywhere (SplitMix64)."""
    mixed = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
