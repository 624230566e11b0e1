"""Leiden under the constant Potts model in compiled loops, for networks of which the library takes too long.

Imported where it is used: numba takes a third of a second to come.

Source: Traag, Waltman & van Eck, Scientific Reports 9, 2019.  What is chosen there at random in proportion to its gain,
when communities are refined, is here what gains most.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detection.compiled import compile_loop
from graph.model import Floats, Ints

_ROUNDING_BITS = 1e-9
"""A gain below this is none, so that what is added up in another order does not move anybody."""

Narrow: TypeAlias = NDArray[np.int32]
"""Numbers of nodes or communities: half as wide as elsewhere, for what takes long is to wait for memory."""
Edges: TypeAlias = tuple[Ints, Narrow, Floats]
"""Where the neighbours of each node begin, and where the last one's end (N + 1,); all neighbours (2P,); bits (2P,)."""
Tally: TypeAlias = NDArray[np.float64]
"""Of each label (N, 2) what a node shares with it and how many nodes it has: side by side, for both are looked at."""
_SHARED, _SIZE = 0, 1


def find_potts_communities(weights: sparse.csr_array, resolution: float, *, seed: int) -> Ints:
    """The community of each node, about O(P) for P pairs.

    Communities hang together, and no two would be better off as one.

    Parameters
    ----------
    weights
        Bits of each pair, above 0, both ways (N, N), nothing on the diagonal.
    resolution
        Bits that a pair inside a community must average.
    seed
        In which order nodes are visited.

    Returns
    -------
    Ints
        Its number (N,), in the order of their first nodes.
    """
    edges, size = _read(weights), np.ones(weights.shape[0])
    generator = np.random.default_rng(seed)
    part = community = np.arange(len(size), dtype=np.int32)
    while True:
        order = generator.permutation(len(size)).astype(np.int32)
        community, n_communities = _number(_move(edges, size, community, resolution, order))
        if n_communities == len(size):
            return _number(part)[0].astype(np.int64)
        piece, n_pieces = _cut(_leave_crossing(edges, community), size, community, resolution, order)
        if n_pieces == len(size):
            return _number(part)[0].astype(np.int64)
        edges = _gather(edges, piece, np.argsort(piece, kind="stable"), n_pieces)
        part, size = piece[part], np.bincount(piece, weights=size).astype(np.float64)
        above = np.empty(n_pieces, dtype=np.int32)
        above[piece] = community
        community = above


def _read(weights: sparse.csr_array) -> Edges:
    starts, neighbours = weights.indptr.astype(np.int64, copy=False), weights.indices.astype(np.int32, copy=False)
    return starts, neighbours, weights.data.astype(np.float64, copy=False)


def _cut(inside: Edges, size: Floats, community: Narrow, resolution: float, order: Narrow) -> tuple[Narrow, int]:
    """The pieces of communities (N,), and how many there are; if refining joins nothing, what hangs together."""
    piece, n_pieces = _number(_refine(inside, size, community, resolution, order))
    return (piece, n_pieces) if n_pieces < len(size) else _number(_cut_apart(inside))


@compile_loop
def _move(edges: Edges, size: Floats, before: Narrow, resolution: float, order: Narrow) -> Narrow:
    """Move each node to the community that it gains most by, and its neighbours once more, until none gains.

    From the communities before to those after (N,), whose numbers are below N.
    """
    starts, neighbours, _ = edges
    n, community = len(size), before.copy()
    tally, count, empty = np.zeros((n, 2)), np.zeros(n, np.int32), np.empty(n, np.int32)
    n_empty = _count_nodes(size, community, tally, count, empty)
    near, seen, may = np.empty(n, np.int32), np.empty(n, np.int32), np.ones(n, np.bool_)
    queue, waits = order.copy(), np.ones(n, np.bool_)
    head, length = 0, n
    while length > 0:
        node = queue[head]
        head, length = (head + 1) % n, length - 1
        waits[node] = False
        n_near = _share(edges, node, community, tally, near, seen)
        old, own = community[node], size[node]
        best, most = old, tally[old, _SHARED] - resolution * own * (tally[old, _SIZE] - own)
        if most < -_ROUNDING_BITS and count[old] > 1:
            best, most = empty[n_empty - 1], 0.0  # it is better off alone
        better = _choose(near[:n_near], tally, may, old, resolution * own, most)
        best = better if better >= 0 else best
        if best == old:
            continue
        n_empty -= count[best] == 0
        community[node] = best
        tally[old, _SIZE], tally[best, _SIZE] = tally[old, _SIZE] - own, tally[best, _SIZE] + own
        count[old], count[best] = count[old] - 1, count[best] + 1
        if count[old] == 0:
            empty[n_empty] = old
            n_empty += 1
        around = neighbours[starts[node] : starts[node + 1]]
        length = _call_neighbours(around, community, best, queue, waits, head, length)
    return community


@compile_loop
def _count_nodes(size: Floats, community: Narrow, tally: Tally, count: Narrow, empty: Narrow) -> int:
    """Fill in the size of each community, how many nodes it has (N,) and which are empty (N,); how many are."""
    for node in range(len(size)):
        tally[community[node], _SIZE] += size[node]
        count[community[node]] += 1
    n_empty = 0
    for number in range(len(size)):
        if count[number] == 0:
            empty[n_empty] = number
            n_empty += 1
    return n_empty


@compile_loop
def _share(edges: Edges, node: int, label: Narrow, tally: Tally, near: Narrow, seen: Narrow) -> int:
    """Add up what a node has with each label near it, in the tally, of those that ``near`` begins with; ``seen`` (N,)
    is written over.
    """
    starts, neighbours, bits = edges
    first, n_near = starts[node], 0
    # Labels lie anywhere in memory: all are asked for before anything is done with the first of them.
    for at in range(first, starts[node + 1]):
        seen[at - first] = label[neighbours[at]]
    for at in range(first, starts[node + 1]):
        number = seen[at - first]
        shared = tally[number, _SHARED]
        if shared == 0.0:
            near[n_near] = number
            n_near += 1
        tally[number, _SHARED] = shared + bits[at]
    return n_near


@compile_loop
def _choose(near: Narrow, tally: Tally, may: NDArray[np.bool_], old: int, price: float, least: float) -> int:
    """The label near a node that may be joined and by which it gains most, if more than the least; else -1.

    ``price`` is what each node of a label costs; sets what is shared back to nothing.
    """
    best, most = -1, least
    for number in near:
        gain = tally[number, _SHARED] - price * tally[number, _SIZE]
        if number != old and may[number] and gain > most + _ROUNDING_BITS:
            best, most = number, gain
        tally[number, _SHARED] = 0.0
    return best


@compile_loop
def _call_neighbours(
    around: Narrow,
    community: Narrow,
    joined: int,
    queue: Narrow,
    waits: NDArray[np.bool_],
    head: int,
    length: int,
) -> int:
    """Let those neighbours of a node wait that are not in what it joined; how many wait then."""
    for other in around:
        if not waits[other] and community[other] != joined:
            waits[other] = True
            queue[(head + length) % len(queue)] = other
            length += 1
    return length


@compile_loop
def _leave_crossing(edges: Edges, community: Narrow) -> Edges:
    """The network without pairs between communities."""
    starts, neighbours, bits = edges
    n = len(starts) - 1
    between = np.zeros(n + 1, np.int64)
    for node in range(n):
        between[node + 1] = between[node]
        for at in range(starts[node], starts[node + 1]):
            between[node + 1] += community[neighbours[at]] == community[node]
    ends, weights = np.empty(between[-1], np.int32), np.empty(between[-1])
    for node in range(n):
        free = between[node]
        for at in range(starts[node], starts[node + 1]):
            if community[neighbours[at]] == community[node]:
                ends[free], weights[free] = neighbours[at], bits[at]
                free += 1
    return between, ends, weights


@compile_loop
def _refine(inside: Edges, size: Floats, community: Narrow, resolution: float, order: Narrow) -> Narrow:
    """Pieces of communities (N,): each node, alone at first, joins the piece that it gains most by.

    The network has no pairs between communities.  Nodes and pieces that are not well tied to the rest of their
    community stay apart, whereby it may be cut.
    """
    n = len(size)
    whole, outside, tally = np.zeros(n), np.zeros(n), np.zeros((n, 2))
    near, seen, piece = np.empty(n, np.int32), np.empty(n, np.int32), np.arange(n).astype(np.int32)
    ties, is_alone = np.empty(n), np.ones(n, np.bool_)
    tally[:, _SIZE] = size
    _sum_bits(inside, outside)
    for node in range(n):
        whole[community[node]] += size[node]
    is_tied = outside >= resolution * size * (whole[community] - size) - _ROUNDING_BITS
    for node in order:
        if not (is_alone[node] and is_tied[node]):
            continue
        n_near = _share(inside, node, piece, tally, near, seen)
        for place in range(n_near):
            ties[place] = tally[near[place], _SHARED]
        best = _choose(near[:n_near], tally, is_tied, node, resolution * size[node], 0.0)
        if best < 0:
            continue
        for place in range(n_near):
            if near[place] == best:
                outside[best] += outside[node] - 2.0 * ties[place]
        tally[best, _SIZE] += size[node]
        piece[node] = best
        is_alone[best] = is_alone[node] = False
        rest = whole[community[node]] - tally[best, _SIZE]
        is_tied[best] = outside[best] >= resolution * tally[best, _SIZE] * rest - _ROUNDING_BITS
    return piece


@compile_loop
def _sum_bits(edges: Edges, total: Floats) -> None:
    """Add up the bits of each node's pairs in ``total`` (N,)."""
    starts, _, bits = edges
    for node in range(len(total)):
        for at in range(starts[node], starts[node + 1]):
            total[node] += bits[at]


@compile_loop
def _cut_apart(edges: Edges) -> Narrow:
    """What hangs together (N,), each named after one of its nodes."""
    starts, neighbours, _ = edges
    n = len(starts) - 1
    piece, stack = np.full(n, -1, np.int32), np.empty(n, np.int32)
    for first in range(n):
        if piece[first] >= 0:
            continue
        piece[first], stack[0], length = first, first, 1
        while length > 0:
            length -= 1
            node = stack[length]
            for other in neighbours[starts[node] : starts[node + 1]]:
                if piece[other] < 0:
                    piece[other], stack[length] = first, other
                    length += 1
    return piece


@compile_loop
def _number(label: Narrow) -> tuple[Narrow, int]:
    """Labels below N (N,) numbered from 0 in the order in which they come, and how many there are."""
    number, numbered, n = np.full(len(label), -1, np.int32), np.empty(len(label), np.int32), 0
    for node in range(len(label)):
        if number[label[node]] < 0:
            number[label[node]] = n
            n += 1
        numbered[node] = number[label[node]]
    return numbered, n


@compile_loop
def _gather(edges: Edges, piece: Narrow, by_piece: Ints, n_pieces: int) -> Edges:
    """The network of pieces (N,): the bits between each two; ``by_piece`` are the nodes of each piece in turn (N,)."""
    starts, neighbours, bits = edges
    n_crossing = 0
    for node in range(len(piece)):
        for other in neighbours[starts[node] : starts[node + 1]]:
            n_crossing += piece[other] != piece[node]
    ends, weights = np.empty(n_crossing, np.int32), np.zeros(n_crossing)
    between, place, free = np.zeros(n_pieces + 1, np.int64), np.full(n_pieces, -1), 0
    for node in by_piece:
        number = piece[node]
        first = between[number]  # where the piece before ended
        for at in range(starts[node], starts[node + 1]):
            other = piece[neighbours[at]]
            if other == number:
                continue
            if place[other] < first:
                place[other], ends[free] = free, other
                free += 1
            weights[place[other]] += bits[at]
        between[number + 1] = free
    return between, ends[:free], weights[:free]
