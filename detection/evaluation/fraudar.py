"""Dense blocks of rows × columns that camouflage cannot hide: FRAUDAR's objective, peeled in batches.

An entry weighs its value over log(degree of its column + 5): what accounts have in common with the
whole market counts little, so that reviewing popular products besides hides nobody (Hooi, Song,
Beutel, Shah, Shin & Faloutsos, FRAUDAR, KDD 2016).  The weakest nodes are peeled off, and the
densest state on the way is the block.  Its entries are then taken out and the search begins anew;
the weights stay those of the whole matrix, so that densities compare.

Instead of one node at a time, all nodes leave together whose weight is at most (1 + ``slack``) times
the weakest, or less than the best density so far.  The latter are in no densest block; for the former
the paper's bound becomes 2 (1 + ``slack``): when the first node of the densest block leaves, every
node left has at least 1 / (1 + ``slack``) of that density.  Nodes of one weight leave together, so
that the answer does not depend on the order of rows and columns.  Five million entries take seconds, see
``benchmarks/results/review_speed.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

from graph.model import Floats, Ints

Matrix = csr_array | csr_matrix
COMMON_COLUMN = 5.0
"""Added to a column's degree before the logarithm, so that rare columns do not weigh without end (the paper's c)."""
_GRAIN = 2.0**24
"""Weights are multiples of 1 / this, so that sums come out the same in any order."""
_STAYS = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class DenseBlock:
    """Some rows and columns, and how dense they are together.

    ``rows`` (r,) and ``columns`` (c,) sorted; ``density`` is the weight of the entries inside (and of the
    nodes' own suspicion, if any was given) over r + c.
    """

    rows: Ints
    columns: Ints
    density: float


@dataclass(frozen=True)
class _Bipartite:
    """Rows and columns as nodes, in that order: node u's entries are ``start[u]:start[u + 1]``.

    ``other`` (2E,) the node at the other end and ``weight`` (2E,); each entry of the matrix is in there twice.
    """

    start: Ints
    other: NDArray[np.int32]
    weight: Floats
    n_rows: int


def find_dense_blocks(
    matrix: Matrix, *, n_blocks: int = 1, slack: float = 0.001, row_suspicion: Floats | None = None
) -> tuple[DenseBlock, ...]:
    """Find the blocks with the most weight per row and column, the first one first.

    Parameters
    ----------
    matrix
        (rows, columns), entries ≥ 0; ones for an account × product graph.
    n_blocks
        At most so many; fewer when no entry is left.
    slack
        0 comes closest to one node at a time, in many more rounds.
    row_suspicion
        (rows,) weight ≥ 0 that a row brings by itself (the paper's a_i).

    Notes
    -----
    O(E + (rounds) × (nodes left)) for each block, in place of the paper's O(E log V).

    Examples
    --------
    Accounts 0 to 2 reviewed the same three products, accounts 3 and 4 one each.

    >>> reviews = csr_array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    >>> block = find_dense_blocks(reviews)[0]
    >>> block.rows, block.columns
    (array([0, 1, 2]), array([0, 1, 2]))
    """
    left = _weigh_entries(matrix)
    suspicion = np.zeros(left.shape[0]) if row_suspicion is None else _round(row_suspicion)
    blocks = []
    for _ in range(n_blocks):
        left.eliminate_zeros()
        if not left.nnz:
            break
        block = _peel(_join_sides(left), np.concatenate([suspicion, np.zeros(left.shape[1])]), slack)
        blocks.append(block)
        left.data[_lies_inside(left, block)] = 0.0
    return tuple(blocks)


def _weigh_entries(matrix: Matrix) -> csr_array:
    """A copy of the matrix in which each entry weighs by its column; of columns as they are before any is peeled."""
    weighed = csr_array(matrix).astype(np.float64)
    weighed.sum_duplicates()
    weighed.data = _round(weighed.data * weigh_columns(weighed)[weighed.indices])
    return weighed


def weigh_columns(matrix: Matrix) -> Floats:
    """What one entry in each column weighs: 1 / log(degree + 5) (columns,).

    >>> weigh_columns(csr_array(np.ones((3, 1)))).round(3)
    array([0.481])
    """
    degree = np.bincount(matrix.indices, weights=matrix.data, minlength=matrix.shape[1])
    weight: Floats = 1.0 / np.log(degree + COMMON_COLUMN)
    return weight


def _round(weight: Floats) -> Floats:
    rounded: Floats = np.round(weight * _GRAIN) / _GRAIN
    return rounded


def _lies_inside(matrix: Matrix, block: DenseBlock) -> NDArray[np.bool_]:
    """Which entries lie in the block (E,)."""
    row_inside = np.zeros(matrix.shape[0], dtype=bool)
    row_inside[block.rows] = True
    column_inside = np.zeros(matrix.shape[1], dtype=bool)
    column_inside[block.columns] = True
    inside: NDArray[np.bool_] = np.repeat(row_inside, np.diff(matrix.indptr)) & column_inside[matrix.indices]
    return inside


def _join_sides(matrix: Matrix) -> _Bipartite:
    n_rows, n_entries = matrix.shape[0], matrix.nnz
    by_column = matrix.tocsc()
    start = np.concatenate([matrix.indptr, n_entries + by_column.indptr[1:].astype(np.int64)]).astype(np.int64)
    other = np.concatenate([matrix.indices.astype(np.int32) + np.int32(n_rows), by_column.indices.astype(np.int32)])
    return _Bipartite(start, other, np.concatenate([matrix.data, by_column.data]), n_rows)


def _peel(sides: _Bipartite, suspicion: Floats, slack: float) -> DenseBlock:
    """Take the weakest away, round by round; the state after the densest round is the block."""
    n = len(suspicion)
    ends = np.repeat(np.arange(n), np.diff(sides.start))
    degree = suspicion + np.bincount(ends, weights=sides.weight, minlength=n)
    total, n_left = float(degree.sum() + suspicion.sum()) / 2.0, n
    left_in = np.full(n, _STAYS, dtype=np.int64)  # the round in which a node left
    best, best_round, rounds = total / n, 0, 0
    active = np.arange(n)
    while n_left:
        active = active[left_in[active] == _STAYS]
        limit = (1.0 + slack) * float(degree[active].min())
        leaving = active[degree[active] <= max(limit, np.nextafter(best, 0.0))]
        while len(leaving):
            rounds += 1
            left_in[leaving] = rounds
            entries = _gather_entries(sides, leaving)
            within = entries.weight[left_in[entries.node] == rounds]  # from both ends
            total -= float(degree[leaving].sum()) - float(within.sum()) / 2.0
            n_left -= len(leaving)
            lost = _sum_by_node(entries.take(left_in[entries.node] == _STAYS), n)
            degree[lost.node] -= lost.weight
            if n_left and total / n_left > best:
                best, best_round = total / n_left, rounds
            leaving = lost.node[degree[lost.node] <= max(limit, np.nextafter(best, 0.0))]
    nodes = np.flatnonzero(left_in > best_round)
    return DenseBlock(nodes[nodes < sides.n_rows], nodes[nodes >= sides.n_rows] - sides.n_rows, best)


@dataclass(frozen=True)
class _Entries:
    """Entries of some nodes: the ``node`` (K,) at the other end and the ``weight`` (K,)."""

    node: Ints
    weight: Floats

    def take(self, wanted: NDArray[np.bool_]) -> _Entries:
        """Some of the entries."""
        return _Entries(self.node[wanted], self.weight[wanted])


def _gather_entries(sides: _Bipartite, nodes: Ints) -> _Entries:
    """All entries of some nodes, without a loop over nodes."""
    begin, counts = sides.start[nodes], sides.start[nodes + 1] - sides.start[nodes]
    ends = np.cumsum(counts)
    rows = np.arange(int(ends[-1])) + np.repeat(begin - (ends - counts), counts)
    return _Entries(sides.other[rows].astype(np.int64), sides.weight[rows])


def _sum_by_node(entries: _Entries, n_nodes: int) -> _Entries:
    """One entry for each distinct node; sorting is dearer than counting where there are many."""
    node = np.unique(entries.node) if len(entries.node) * 16 < n_nodes else np.arange(n_nodes)
    place = np.searchsorted(node, entries.node) if len(node) < n_nodes else entries.node
    total = np.bincount(place, weights=entries.weight, minlength=len(node)).astype(np.float64)
    return _Entries(node, total).take(total > 0)
