"""Groups worth looking at: several searches, at several resolutions, over the links of all channels."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import igraph
import numpy as np

from detection.links import Links
from graph.model import Ints

MAX_SIZE = 400
"""Larger communities are crowds, not rings; the finer resolutions look inside them."""


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

    @property
    def group(self) -> Ints:
        """The group of each membership (M,)."""
        return np.repeat(np.arange(len(self)), self.size)

    def members(self, group: int) -> Ints:
        """The accounts of one group."""
        return self.account[self.start[group] : self.start[group + 1]]


def gather_groups(parts: Iterable[Ints]) -> Groups:
    """Distinct groups of two accounts or more, in a canonical order; each part comes sorted."""
    distinct = sorted({tuple(part.tolist()) for part in parts if len(part) > 1})
    account = np.fromiter((row for group in distinct for row in group), dtype=np.int64)
    sizes = np.fromiter((len(group) for group in distinct), dtype=np.int64, count=len(distinct))
    return Groups(account, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


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
    parts: list[Ints] = []
    for resolution in resolutions:
        parts += _split(used, _find_communities(graph, links, resolution, seed=seed))
    for floor in np.quantile(links.bits, [0.9, 0.98]):
        strong = graph.subgraph_edges(np.flatnonzero(links.bits > floor), delete_vertices=False)
        parts += _split(used, np.asarray(strong.connected_components().membership, dtype=np.int64))
    return gather_groups(parts)


def _find_communities(graph: igraph.Graph, links: Links, resolution: float, *, seed: int) -> Ints:
    igraph.set_random_number_generator(random.Random(seed))  # igraph knows no numpy generator
    clustering = graph.community_leiden("CPM", weights=links.bits, resolution=resolution, n_iterations=2)
    igraph.set_random_number_generator(random)
    return np.asarray(clustering.membership, dtype=np.int64)


def _split(used: Ints, label: Ints) -> list[Ints]:
    """The accounts of each label that is neither alone nor a crowd."""
    order = np.argsort(label, kind="stable")
    size = np.bincount(label)
    parts = np.split(used[order], np.cumsum(size)[:-1])
    return [part for part in parts if 1 < len(part) <= MAX_SIZE]
