"""Communities of weighted pairs by Leiden's algorithm, from arrays and always the same from the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import graspologic_native
import numpy as np
from scipy import sparse

from graph.memory import give_memory_back
from graph.model import Floats, Ints

Quality = Literal["potts", "modularity"]
MANY_PAIRS = 50_000
"""Of so many pairs compiled loops of our own find communities, in a third of the time that the library takes; of fewer
the library has found them before compiled code is there."""
_ROUNDING_BITS = 1e-6
"""So much less than nothing a gain may be, and be more when it is added up in another order."""


@dataclass(frozen=True)
class Network:
    """Weighted pairs.

    Parameters
    ----------
    ends
        Rows of the two ends of each pair (P, 2); every node from 0 to N - 1 is in one.
    bits
        The weight of each pair (P,), above 0.
    """

    ends: Ints
    bits: Floats

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """The weights, both ways (N, N); made once for all runs."""
        return _make_symmetric(self.ends, self.bits, int(self.ends.max(initial=-1)) + 1)


def find_communities(network: Network, resolution: float, *, seed: int, quality: Quality = "potts") -> Ints:
    """The community of each node, in one run of the Leiden algorithm, about O(P).

    Parameters
    ----------
    network
        The weighted pairs.
    resolution
        With ``"potts"`` the bits that a pair inside a community must average; with ``"modularity"`` how many times the
        weight that chance gives.
    seed
        In which order nodes are visited.
    quality
        What is made large: the constant Potts model, which finds small groups in a market of any size, or modularity,
        which the usual recipes take and which joins small groups where the market is large.

    Returns
    -------
    Ints
        Its number (N,).

    Source: Traag, Waltman & van Eck, Scientific Reports 9, 2019.

    >>> triangle, pair = [[0, 1], [1, 2], [0, 2]], [[3, 4]]
    >>> network = Network(np.array(triangle + pair), np.array([2.0, 2.0, 2.0, 0.5]))
    >>> find_communities(network, 1.0, seed=0).tolist()
    [0, 0, 0, 1, 2]
    """
    if quality == "potts" and len(network.bits) >= MANY_PAIRS:
        from detection.candidates.potts import find_potts_communities

        return find_potts_communities(network.matrix, resolution, seed=seed)
    community = _run_leiden(network.matrix, resolution, seed=seed, quality=quality)
    if quality == "potts":
        community = _merge(network.ends, network.bits, community, resolution)
    # Numbered by their first node, for the library's own numbers say nothing.
    _, first, number = np.unique(community, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)


def _run_leiden(matrix: sparse.csr_array, resolution: float, *, seed: int, quality: Quality) -> Ints:
    n = matrix.shape[0]
    _, found = graspologic_native.leiden_csr(
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float64, copy=False),
        n,
        resolution=resolution,
        use_modularity=quality == "modularity",
        seed=seed,
    )
    community = np.empty(n, dtype=np.int64)
    community[np.fromiter(found.keys(), np.int64, n)] = np.fromiter(found.values(), np.int64, n)
    del found
    give_memory_back()
    return community


def _merge(ends: Ints, bits: Floats, community: Ints, resolution: float) -> Ints:
    """Join communities that are better off as one, the best pairs first, until none are.

    With the constant Potts model the library leaves many that are: see ADR 19.
    """
    while True:
        size = np.bincount(community).astype(float)
        between = community[ends]
        apart = between[:, 0] != between[:, 1]
        ends, bits, between = ends[apart], bits[apart], between[apart]
        low, high, shared = _sum_pairs(between, bits, len(size))
        gain = shared - resolution * size[low] * size[high]
        best = _choose_best(low[gain > 0], high[gain > 0], gain[gain > 0], len(size))
        here = np.arange(len(size))
        joins = (best > here) & (best[best] == here)  # each is the other's best, so that no third one is joined too
        if not joins.any():
            return community
        # Who gains with nobody gains with no two that become one either: such pairs need not be looked at again.
        hopeful = np.zeros(len(size), dtype=bool)
        for end in (low, high):
            hopeful[end[gain > -_ROUNDING_BITS]] = True
        kept = hopeful[between[:, 0]] & hopeful[between[:, 1]]
        ends, bits = ends[kept], bits[kept]
        into = here.copy()
        into[best[joins]] = here[joins]
        community = np.unique(into[community], return_inverse=True)[1]


def _sum_pairs(between: Ints, bits: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    """Each pair of communities once, and the bits between them."""
    ends = between.min(axis=1), between.max(axis=1)
    pairs = sparse.coo_array((bits, ends), shape=(n, n)).tocsr().tocoo()
    return pairs.row.astype(np.int64), pairs.col.astype(np.int64), pairs.data


def _choose_best(low: Ints, high: Ints, gain: Floats, n: int) -> Ints:
    """For each community the one that it gains most by, the first of several (n,); -1 where there is none."""
    one, other, both = np.concatenate([low, high]), np.concatenate([high, low]), np.concatenate([gain, gain])
    order = np.lexsort((other, -both, one))
    rows, first = np.unique(one[order], return_index=True)
    best = np.full(n, -1, dtype=np.int64)
    best[rows] = other[order][first]
    return best


def _make_symmetric(ends: Ints, bits: Floats, n: int) -> sparse.csr_array:
    """The weights of pairs, each of which is there once, both ways (n, n)."""
    one, other = ends.T.astype(np.int32)  # half as wide as elsewhere: of large networks this is most of the memory
    both = np.concatenate([one, other]), np.concatenate([other, one])
    return sparse.coo_array((np.concatenate([bits, bits]), both), shape=(n, n)).tocsr()
