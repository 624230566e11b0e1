"""Where the nodes of a picture stand: as far apart as their edges say, nobody on top of anybody, in round figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist

from graph.components import find_components
from graph.model import Floats

MARGIN, NAME_HEIGHT = 26.0, 12.0
WIDE_MARGIN = 56.0
_LONGEST = 150.0
"""So many pixels an edge is long at the most: a few nodes need not fill a picture."""
_ROUNDS = 60
_GAP = 7.0
_NUDGES = 80
_APART = 1.0
"""How far beyond the longest way in the picture parts stand that no edge joins."""


@dataclass(frozen=True)
class Spot:
    """A place in a picture, or its size, in pixels."""

    x: float
    y: float


def place_nodes(
    sizes: Sequence[float], pairs: Sequence[tuple[int, int]], room: Spot, *, seed: int, wide: float = 1.0
) -> list[Spot]:
    """A place for each node, so that distances are as those along the edges.

    Stress majorization (Gansner, Koren and North 2004), from random places: n cubed once and n squared for each of
    60 rounds, which for 500 nodes is some tenths of a second.

    Parameters
    ----------
    sizes
        The radius of each node (n), in pixels.
    pairs
        Which nodes are joined.
    room
        How large the picture is.
    seed
        Of the places to begin with.
    wide
        How much more room a node takes to its sides than above it, for its name.

    >>> [(spot.x, spot.y) for spot in place_nodes([9.0], [], Spot(100.0, 60.0), seed=1)]
    [(50.0, 30.0)]
    """
    if len(sizes) == 0:
        return []
    raw = _spread(_measure(len(sizes), pairs), np.random.default_rng(seed))
    # What is narrowed before nodes are pushed apart, and widened after it, keeps names apart too.
    narrow = np.array([1.0 / wide, 1.0])
    places = (
        _part(_fit(raw, room) * narrow, np.asarray(sizes, dtype=float), Spot(room.x / wide, room.y), _GAP * wide)
        / narrow
    )
    # Rounded, so that the last bits of a sum, which other machines may add up in another order, change no byte.
    return [Spot(float(x), float(y)) for x, y in np.round(places, 1)]


def _measure(n: int, pairs: Sequence[tuple[int, int]]) -> Floats:
    """How far apart any two nodes should be (n, n): the ways along edges; parts stand beside one another."""
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    joined = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n))
    ways: Floats = shortest_path(joined, method="D", directed=False, unweighted=True)
    part = find_components(ends, n)
    # A node by itself need not stand as far from everything as a large part is wide.
    wide = np.array([np.max(ways[part == each][:, part == each], initial=0.0) for each in range(part.max() + 1)])
    between: Floats = (wide[part][:, None] + wide[part][None, :]) / 2 + _APART
    return np.where(np.isfinite(ways), ways, between)


def _spread(distance: Floats, rng: np.random.Generator) -> Floats:
    """Places without a scale (n, 2) whose distances are as wanted, as far as a plane allows."""
    n = len(distance)
    weight = 1.0 / np.maximum(distance, 1.0) ** 2
    np.fill_diagonal(weight, 0.0)
    laplacian = np.diag(weight.sum(axis=1)) - weight
    inverse = np.linalg.pinv(laplacian, hermitian=True)
    places: Floats = rng.standard_normal((n, 2)) * max(float(distance.max()), 1.0)
    for _ in range(_ROUNDS):
        pull = weight * distance / np.maximum(cdist(places, places), 1e-9)
        places = inverse @ (pull.sum(axis=1)[:, None] * places - pull @ places)
    return _turn(places)


def _turn(places: Floats) -> Floats:
    """The longest side lies flat, since pictures are wider than they are high."""
    middle = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(middle, full_matrices=False)
    turned: Floats = middle @ axes.T
    # A direction has no sign of its own: the first node stands on the left, and in the upper half.
    return turned * np.where(turned[0] > 0, -1.0, 1.0)


def _fit(places: Floats, room: Spot) -> Floats:
    """Fill the room, but for its margins, as far as edges need not be too long for it."""
    low, high = places.min(axis=0), places.max(axis=0)
    size, middle = np.array([room.x - 2 * WIDE_MARGIN, room.y - 2 * MARGIN]), np.array([room.x, room.y]) / 2
    scale = np.minimum(size / np.maximum(high - low, 1e-6), _LONGEST)
    fitted: Floats = middle + (places - (low + high) / 2) * scale
    return fitted


def _part(places: Floats, sizes: Floats, room: Spot, gap: float) -> Floats:
    """Push apart what lies on top of one another, and keep everything inside."""
    low, high = np.full(2, MARGIN), np.array([room.x, room.y]) - MARGIN
    high[1] -= NAME_HEIGHT
    reach = sizes[:, None] + sizes[None, :] + gap
    np.fill_diagonal(reach, 0.0)
    # Where two lie in the very same place, their numbers say which way each goes.
    turn = np.arange(len(sizes)) * 2.399963
    places = places + (0.01 * np.column_stack([np.cos(turn), np.sin(turn)]) if len(sizes) > 1 else 0.0)
    for _ in range(_NUDGES):
        distance = cdist(places, places)
        lacking = np.maximum(reach - distance, 0.0) / np.maximum(distance, 1e-9)
        if not lacking.any():
            break
        push = places * lacking.sum(axis=1)[:, None] - lacking @ places
        places = np.clip(places + 0.4 * push, np.minimum(low, high), np.maximum(low, high))
    return places
