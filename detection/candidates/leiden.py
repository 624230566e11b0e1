"""Communities of weighted pairs by Leiden's algorithm, from arrays and always the same from the same seed."""

from __future__ import annotations

from typing import Literal

import graspologic_native
import numpy as np
from scipy import sparse

from graph.model import Floats, Ints

Quality = Literal["potts", "modularity"]


def find_communities(ends: Ints, bits: Floats, resolution: float, *, seed: int, quality: Quality = "potts") -> Ints:
    """The community of each node, in one run of the Leiden algorithm, about O(P).

    Parameters
    ----------
    ends
        Rows of the two ends of each pair (P, 2); every node from 0 to N - 1 is in one.
    bits
        The weight of each pair (P,), above 0.
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
    >>> find_communities(np.array(triangle + pair), np.array([2.0, 2.0, 2.0, 0.5]), 1.0, seed=0).tolist()
    [0, 0, 0, 1, 2]
    """
    n = int(ends.max(initial=-1)) + 1
    one_way = sparse.coo_array((bits, (ends[:, 0], ends[:, 1])), shape=(n, n)).tocsr()
    matrix = (one_way + one_way.T).tocsr()
    _, found = graspologic_native.leiden_csr(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        n,
        resolution=resolution,
        use_modularity=quality == "modularity",
        seed=seed,
    )
    community = np.empty(n, dtype=np.int64)
    community[np.fromiter(found.keys(), np.int64, n)] = np.fromiter(found.values(), np.int64, n)
    # Numbered by their first node, for the library's own numbers say nothing.
    _, first, number = np.unique(community, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)
