"""Groups worth looking at: several searches, at several resolutions, over the links of all channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from detection.candidates.leiden import Network, find_communities
from detection.candidates.links import Links
from detection.groups import MIN_SIZE, Groups, gather_groups, join_groups, pick_rows
from detection.parallel import map_threads
from detection.policy import Policy
from graph.components import find_components
from graph.model import Ints

Search = Callable[[], Groups]
"""One of several searches, which may run beside one another."""


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
    return run_searches(list_searches(links, resolutions, policy, seed=seed), rows=len(links.a))


def list_searches(links: Links, resolutions: tuple[float, ...], policy: Policy, *, seed: int) -> list[Search]:
    """The searches that :func:`find_candidates` makes, those that take longest first."""
    if not len(links.a):
        return []
    used, network = _number_ends(links)

    def find_at(resolution: float) -> Groups:
        return _split(used, find_communities(network, resolution, seed=seed), policy.largest_group)

    def find_above(floor: float) -> Groups:
        return _split(used, find_components(network.ends[network.bits > floor], len(used)), policy.largest_group)

    floors = np.quantile(links.bits, policy.strong_link_shares).tolist()
    return [*(partial(find_at, bits) for bits in resolutions), *(partial(find_above, floor) for floor in floors)]


def run_searches(searches: Sequence[Search], *, rows: int) -> Groups:
    """Every distinct group that some searches find, of so many links together."""
    return join_groups([gather_groups([]), *map_threads(lambda search: search(), searches, rows=rows)])


def _number_ends(links: Links) -> tuple[Ints, Network]:
    """The accounts that are linked (n,), and their network."""
    is_used = np.zeros(int(links.b.max()) + 1, dtype=bool)
    is_used[links.a] = is_used[links.b] = True
    number = np.cumsum(is_used) - 1
    return np.flatnonzero(is_used), Network(np.column_stack([number[links.a], number[links.b]]), links.bits)


def _split(used: Ints, label: Ints, largest: int) -> Groups:
    """The accounts of each label that is neither alone nor a crowd."""
    order = np.argsort(label, kind="stable")
    size = np.bincount(label)
    kept = np.flatnonzero((size >= MIN_SIZE) & (size <= largest))
    return pick_rows(used[order], np.cumsum(size) - size, size, kept)
