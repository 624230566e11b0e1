"""Groups worth looking at: several searches, at several resolutions, over the links of all channels."""

from __future__ import annotations

import random

import igraph
import numpy as np

from detection.candidates.links import Links
from detection.groups import MIN_SIZE, Groups, gather_groups, join_groups, pick_rows
from detection.policy import Policy
from graph.model import Ints


def find_candidates(links: Links, resolutions: tuple[float, ...], policy: Policy, *, seed: int) -> Groups:
    """Propose groups: communities at each resolution, and components of the strongest links.

    Parameters
    ----------
    links
        Weighted pairs.
    resolutions
        Bits that a pair of accounts inside a community must average (Leiden with the constant Potts
        model: Traag, Waltman & van Eck, Scientific Reports 9, 2019).
    policy
        How large a group may be, and which links are strong.
    seed
        For igraph's generator; the same seed gives the same groups.
    """
    if not len(links.a):
        return gather_groups([])
    used, ends = np.unique(np.concatenate([links.a, links.b]), return_inverse=True)
    graph = igraph.Graph(n=len(used), edges=ends.reshape(2, -1).T)
    # One Leiden pass: a second moves few accounts, and every group is trimmed and improved afterwards.
    largest = policy.largest_group
    parts = [_split(used, _find_communities(graph, links, bits, seed=seed), largest) for bits in resolutions]
    for floor in np.quantile(links.bits, policy.strong_link_shares):
        strong = graph.subgraph_edges(np.flatnonzero(links.bits > floor), delete_vertices=False)
        parts.append(_split(used, np.asarray(strong.connected_components().membership, dtype=np.int64), largest))
    return join_groups(parts)


def _find_communities(graph: igraph.Graph, links: Links, resolution: float, *, seed: int) -> Ints:
    igraph.set_random_number_generator(random.Random(seed))  # igraph knows no numpy generator
    clustering = graph.community_leiden("CPM", weights=links.bits, resolution=resolution, n_iterations=1)
    igraph.set_random_number_generator(random)
    return np.asarray(clustering.membership, dtype=np.int64)


def _split(used: Ints, label: Ints, largest: int) -> Groups:
    """The accounts of each label that is neither alone nor a crowd."""
    order = np.argsort(label, kind="stable")
    size = np.bincount(label)
    kept = np.flatnonzero((size >= MIN_SIZE) & (size <= largest))
    return pick_rows(used[order], np.cumsum(size) - size, size, kept)
