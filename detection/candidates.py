"""Groups worth looking at: several searches, at several resolutions, over the links of all channels."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import igraph
import numpy as np
from numpy.typing import NDArray

from detection.channels import ByAccount
from detection.links import Links
from graph.model import Ints

MIN_SIZE = 3
"""Two accounts are a pair, not a ring."""
MAX_SIZE = 400
"""Larger communities are crowds, not rings; the finer resolutions look inside them."""


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
    """Drop groups that are too small and repeated ones, without a loop over groups.

    Two groups are the same when their first member, their size and the sum of a 64-bit mix of their
    members (Steele, Lea & Flood, OOPSLA 2014) are; that also is their order.

    Parameters
    ----------
    account
        (M,) rows, grouped and sorted within each group.
    size
        (G,) accounts in each group.
    """
    keep = np.repeat(size >= MIN_SIZE, size)
    account, size = account[keep], size[size >= MIN_SIZE]
    start = np.cumsum(size) - size
    mixed = np.add.reduceat(spread_bits(account), start) if len(size) else np.empty(0, dtype=np.uint64)
    first = account[start]
    order = np.lexsort((mixed, size, first))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = np.any([np.diff(key[order]) != 0 for key in (first, size, mixed)], axis=0)
    return _pick(account, start, size, order[fresh])


def _pick(account: Ints, start: Ints, size: Ints, wanted: Ints) -> Groups:
    """Some of the groups, in the order wanted."""
    sizes = size[wanted]
    ends = np.cumsum(sizes)
    rows = np.arange(int(sizes.sum())) + np.repeat(start[wanted] - (ends - sizes), sizes)
    return Groups(account[rows], np.concatenate([[0], ends]).astype(np.int64))


def take_groups(groups: Groups, wanted: Ints) -> Groups:
    """Some of the groups, in the order wanted."""
    return _pick(groups.account, groups.start[:-1], groups.size, wanted)


def spread_bits(values: NDArray[np.integer[Any]]) -> NDArray[np.uint64]:
    """Numbers spread over 64 bits, the same ones everywhere (SplitMix64)."""
    mixed = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def find_candidates(links: Links, n_accounts: int, resolutions: tuple[float, ...], *, seed: int) -> Groups:
    """Propose groups: communities at each resolution, and components of the strongest links.

    Parameters
    ----------
    links
        Weighted pairs.
    n_accounts
        Rows of accounts.
    resolutions
        Bits that a pair of accounts inside a community must average (Leiden with the constant Potts
        model: Traag, Waltman & van Eck, Scientific Reports 9, 2019).
    seed
        For igraph's generator; the same seed gives the same groups.
    """
    if not len(links.a):
        return gather_groups([])
    used, ends = np.unique(np.concatenate([links.a, links.b]), return_inverse=True)
    graph = igraph.Graph(n=len(used), edges=ends.reshape(2, -1).T)
    parts = [_split(used, _find_communities(graph, links, bits, seed=seed)) for bits in resolutions]
    for floor in np.quantile(links.bits, [0.9, 0.98]):
        strong = graph.subgraph_edges(np.flatnonzero(links.bits > floor), delete_vertices=False)
        parts.append(_split(used, np.asarray(strong.connected_components().membership, dtype=np.int64)))
    return join_groups(parts)


def _find_communities(graph: igraph.Graph, links: Links, resolution: float, *, seed: int) -> Ints:
    igraph.set_random_number_generator(random.Random(seed))  # igraph knows no numpy generator
    clustering = graph.community_leiden("CPM", weights=links.bits, resolution=resolution, n_iterations=1)
    igraph.set_random_number_generator(random)
    return np.asarray(clustering.membership, dtype=np.int64)


def _split(used: Ints, label: Ints) -> Groups:
    """The accounts of each label that is neither alone nor a crowd."""
    order = np.argsort(label, kind="stable")
    size = np.bincount(label)
    kept = np.flatnonzero((size >= MIN_SIZE) & (size <= MAX_SIZE))
    return _pick(used[order], np.cumsum(size) - size, size, kept)
