"""Groups worth looking at: several searches, at several resolutions, over the links of all channels."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.candidates.leiden import find_communities
from detection.candidates.links import Links
from detection.groups import MIN_SIZE, Groups, gather_groups, join_groups, pick_rows
from detection.parallel import map_threads
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
        For Leiden; the same seed gives the same groups.
    """
    if not len(links.a):
        return gather_groups([])
    used, ends = np.unique(np.column_stack([links.a, links.b]), return_inverse=True)
    ends = ends.reshape(-1, 2)
    found = map_threads(
        lambda bits: find_communities(ends, links.bits, bits, seed=seed), resolutions, rows=len(links.a)
    )
    for floor in np.quantile(links.bits, policy.strong_link_shares):
        found.append(_find_components(ends[links.bits > floor], len(used)))
    return join_groups([_split(used, label, policy.largest_group) for label in found])


def _find_components(ends: Ints, n: int) -> Ints:
    pairs = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n))
    return connected_components(pairs, directed=False)[1].astype(np.int64)


def _split(used: Ints, label: Ints, largest: int) -> Groups:
    """The accounts of each label that is neither alone nor a crowd."""
    order = np.argsort(label, kind="stable")
    size = np.bincount(label)
    kept = np.flatnonzero((size >= MIN_SIZE) & (size <= largest))
    return pick_rows(used[order], np.cumsum(size) - size, size, kept)
