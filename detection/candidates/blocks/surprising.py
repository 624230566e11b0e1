"""Blocks of rows × columns in bits against chance: who chose the same things more often than degrees explain.

FRAUDAR (``detection.evaluation.fraudar``) asks how dense a block is, and has to outdo the densest place that
a market has by nature.  Here a block is set against what its rows and columns give by chance,
and charged for being named, so that a thin block of people who have little else in common stands out.

A block says: of these rows' entries, more are in these columns than the degrees make likely, so and so
many times as many in each.  Its bits are the log-likelihood ratio of that, over all entries of its rows, less
the length of saying it (Rissanen, Automatica 14, 1978): how many rows of each degree, and which; which columns,
and how much likelier each is.  Rows are named among those of the same degree, so that to be as busy as
one another counts too.  The null is that of :mod:`detection.candidates.blocks.null`.

The search alternates.  Given rows, the columns are those of which it pays to say how much likelier they are.
Given that, the rows of each degree are the best so many, found exactly by sorting, as in subset scans (Neill,
Fast subset scan for spatial pattern detection, JRSS B 74, 2012).  It begins at several places
(:mod:`detection.candidates.blocks.seeds`) and ends where the bits no longer grow.  What was found is taken out,
and the search begins anew, as long as there is anything to find.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix
from scipy.special import gammaln

from detection.candidates.blocks.null import Incidence, read_incidence
from detection.candidates.blocks.seeds import MIN_ROWS, list_seeds
from graph.model import Floats, Ints

Matrix = csr_array | csr_matrix

MIN_COLUMNS = 2
"""One column is a crowd."""
PARTS_IN_COMMON = 0.1
"""Of the cells of two parts of one block; campaigns have an account or two in common by chance."""
ROUNDS = 40
_TILT_ROUNDS = 6
_PARAMETER_BITS = 1.5
_FEW_COLUMNS = 10
_GRAIN = 2.0**24
"""Weights are multiples of 1 / this, so that sums come out the same in any order."""
_LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class SurprisingBlock:
    """Rows and columns that meet more often than chance explains.

    ``rows`` (r,) and ``columns`` (c,) sorted; ``bits`` what it shows beyond what saying it costs: above 0.
    """

    rows: Ints
    columns: Ints
    bits: float


def find_surprising_blocks(matrix: Matrix, *, n_blocks: int = 1) -> tuple[SurprisingBlock, ...]:
    """Find the blocks that chance explains least, most bits first; no two share an entry.

    Parameters
    ----------
    matrix
        (rows, columns); whatever is not 0 is one entry.
    n_blocks
        At most so many.

    Notes
    -----
    O(E log E) to set up, then O(rounds × entries of the rows and columns of a block) for each start: see
    ``benchmarks/results/review_speed.md``.  Rows and columns in another order give the same blocks, but that of
    several exactly alike another one may come first.

    Examples
    --------
    Four hundred accounts review two products each; the first eight review the same five besides.

    >>> account = np.arange(400)
    >>> reviews = np.zeros((400, 60))
    >>> reviews[account, account % 60] = reviews[account, (account**2 + 7) % 60] = 1
    >>> reviews[:8, 20:25] = 1
    >>> block = find_surprising_blocks(csr_array(reviews))[0]
    >>> block.rows, block.columns
    (array([0, 1, 2, 3, 4, 5, 6, 7]), array([20, 21, 22, 23, 24]))
    """
    left = csr_array(matrix).astype(np.float64)
    left.sum_duplicates()
    blocks: list[SurprisingBlock] = []
    while len(blocks) < n_blocks and (picked := _find_apart(left)[: n_blocks - len(blocks)]):
        blocks += picked
        for block in picked:
            left.data[_lies_inside(left, block)] = 0.0
    return tuple(sorted(blocks, key=lambda block: -block.bits))


def _find_apart(left: csr_array) -> list[SurprisingBlock]:
    """Blocks that have no entry in common, from every start; explicit zeros are taken out of the matrix first."""
    left.eliminate_zeros()
    if not left.nnz:
        return []
    # The null is that of what is left: blocks that were taken out would make the rest look busier than it is.
    incidence = read_incidence(left)
    found = [improve_block(incidence, rows) for rows in list_seeds(incidence)]
    return pick_apart(block for block in found if block is not None)


def pick_apart(found: Iterable[SurprisingBlock]) -> list[SurprisingBlock]:
    """Blocks that have no entry in common with a better one, the best first.

    Two campaigns may pass for one block.  What falls apart into blocks that show more together is left out.
    """
    distinct = {(block.rows.tobytes(), block.columns.tobytes()): block for block in found}
    standing: list[SurprisingBlock] = []
    for block in sorted(distinct.values(), key=lambda block: (len(block.rows), -block.bits)):
        inside = [part for part in standing if 2 * _count_common(part.rows, block.rows) > len(part.rows)]
        if sum(part.bits for part in _choose_apart(inside, common=PARTS_IN_COMMON)) <= block.bits:
            standing.append(block)
    return _choose_apart(standing, common=0.0)


def _choose_apart(blocks: Iterable[SurprisingBlock], *, common: float) -> list[SurprisingBlock]:
    """Of blocks that have more than a share of the smaller one's cells in common, the one with the most bits."""
    chosen: list[SurprisingBlock] = []
    for block in sorted(blocks, key=lambda block: -block.bits):
        if all(_share_cells(block, better) <= common for better in chosen):
            chosen.append(block)
    return chosen


def _share_cells(block: SurprisingBlock, other: SurprisingBlock) -> float:
    cells = _count_common(block.rows, other.rows) * _count_common(block.columns, other.columns)
    return cells / min(len(each.rows) * len(each.columns) for each in (block, other))


def _count_common(nodes: Ints, others: Ints) -> int:
    return len(np.intersect1d(nodes, others, assume_unique=True))


def _lies_inside(matrix: csr_array, block: SurprisingBlock) -> NDArray[np.bool_]:
    """Which entries lie in the block (E,)."""
    row_inside, column_inside = (np.zeros(length, dtype=bool) for length in matrix.shape)
    row_inside[block.rows] = True
    column_inside[block.columns] = True
    inside: NDArray[np.bool_] = np.repeat(row_inside, np.diff(matrix.indptr)) & column_inside[matrix.indices]
    return inside


def improve_block(incidence: Incidence, rows: Ints) -> SurprisingBlock | None:
    """Alternate, beginning with some rows; None where that ends in nothing that is worth saying."""
    best: SurprisingBlock | None = None
    for _ in range(ROUNDS):
        tilt = _tilt_columns(incidence, rows)
        if len(tilt.columns) < MIN_COLUMNS:
            break
        choice = _choose_rows(incidence, tilt)
        bits = choice.bits - tilt.cost_bits
        if len(choice.rows) < MIN_ROWS or (best is not None and bits <= best.bits):
            break
        rows, best = choice.rows, SurprisingBlock(choice.rows, tilt.columns, bits)
    return best if best is not None and best.bits > 0 else None


@dataclass(frozen=True)
class _Tilt:
    """How much likelier some ``columns`` (c,) are than by chance.

    ``weight_bits`` (c,) is log2 of that, ``norm_bits`` (K,) what each entry of a row of each class pays for it, and
    ``cost_bits`` what it takes to say so.
    """

    columns: Ints
    weight_bits: Floats
    norm_bits: Floats
    cost_bits: float


@dataclass(frozen=True)
class _Touched:
    """Columns (t,) that some rows have entries in, how many each, and of which kind.

    Their order does not depend on ids, so that sums over them do not either.
    """

    column: Ints
    count: Ints
    kind: Ints


def _tilt_columns(incidence: Incidence, rows: Ints) -> _Tilt:
    """The columns that some rows prefer, as far as saying so pays.

    The tilts of greatest likelihood are found by scaling: every column is as often chosen as it was, less the
    first time, and the others together as often as they were.
    """
    touched = _count_columns(incidence, rows)
    in_column = incidence.chance[:, touched.kind] / _sum_chances(incidence)[:, None]
    entries = np.bincount(incidence.row_class[rows], incidence.degree[rows], len(incidence.class_size))
    total, norm, rest, likely = float(entries.sum()), np.ones(len(entries)), 1.0, _FEW_COLUMNS
    for _ in range(_TILT_ROUNDS):
        expected = np.maximum((entries / norm) @ in_column, 1e-12)
        tilt = np.maximum((touched.count - 1.0) / expected / rest, 1.0)
        gain = touched.count * np.log2(tilt) - expected * (tilt - 1.0) * rest / _LN2
        chosen = gain > _cost_tilts(touched.count) + max(float(np.log2(incidence.n_columns / likely)), 0.0)
        outside = total - float(touched.count[chosen].sum())
        rest = max(outside, 0.5) / max(float((entries / norm).sum() - expected[chosen].sum()), 0.5)
        norm = 1.0 + in_column[:, chosen] @ (tilt[chosen] - 1.0)
        likely = max(int(chosen.sum()), 1)
    n = int(chosen.sum())
    cost = float(_cost_tilts(touched.count[chosen]).sum() + _count_choices(incidence.n_columns, n) + _say(n))
    order = np.argsort(touched.column[chosen])
    return _Tilt(touched.column[chosen][order], _round(np.log2(tilt[chosen]))[order], _round(np.log2(norm)), cost)


def _count_columns(incidence: Incidence, rows: Ints) -> _Touched:
    column, count = np.unique(incidence.rows.gather(rows), return_counts=True)
    kind = incidence.column_kind[column]
    order = np.lexsort((count, kind))
    return _Touched(column[order], count[order], kind[order])


def _sum_chances(incidence: Incidence) -> Floats:
    """How many entries a row of each class has by chance (K,)."""
    columns_of_kind = np.bincount(incidence.column_kind, minlength=incidence.chance.shape[1])
    total: Floats = np.maximum(incidence.chance @ columns_of_kind, 1e-300)
    return total


def _cost_tilts(count: NDArray[np.int64]) -> Floats:
    """Bits to say how much likelier each column is: a parameter known from so many times (c,)."""
    cost: Floats = 0.5 * np.log2(count + 1.0) + _PARAMETER_BITS
    return cost


@dataclass(frozen=True)
class _Choice:
    """The ``rows`` (r,) that are worth naming, and the ``bits`` beyond that."""

    rows: Ints
    bits: float


def _choose_rows(incidence: Incidence, tilt: _Tilt) -> _Choice:
    """Of each class the best so many rows, where they show more than naming them costs."""
    shown = _weigh_rows(incidence, tilt)
    parts, bits = [shown.row[:0]], 0.0
    for low, high in zip(shown.start[:-1].tolist(), shown.start[1:].tolist(), strict=True):
        total = np.cumsum(shown.bits[low:high])
        n = np.arange(1, high - low + 1)
        size = int(incidence.class_size[incidence.row_class[shown.row[low]]])
        net = total - _count_choices(size, n) - _say(n) - np.log2(len(incidence.class_size))
        net[:-1][np.diff(shown.bits[low:high]) == 0] = -np.inf  # rows that show the same come together
        best = int(net.argmax())
        if net[best] > 0:
            parts.append(shown.row[low : low + best + 1])
            bits += float(net[best])
    return _Choice(np.sort(np.concatenate(parts)), bits)


@dataclass(frozen=True)
class _Shown:
    """What rows show: ``row`` (S,) and its ``bits`` > 0, by class, most bits first; ``start`` of each class."""

    row: Ints
    bits: Floats
    start: Ints


def _weigh_rows(incidence: Incidence, tilt: _Tilt) -> _Shown:
    """The log-likelihood ratio of each row with an entry in the columns, if it is above 0."""
    weight = np.repeat(tilt.weight_bits, incidence.columns.degree[tilt.columns])
    row, place = np.unique(incidence.columns.gather(tilt.columns), return_inverse=True)
    inside = np.bincount(place, weights=weight, minlength=len(row))
    bits = inside - incidence.degree[row] * tilt.norm_bits[incidence.row_class[row]]
    row, bits = row[bits > 0], bits[bits > 0]
    row_class = incidence.row_class[row]
    order = np.lexsort((-bits, row_class))
    start = np.append(np.flatnonzero(np.diff(row_class[order], prepend=-1)), len(order))
    return _Shown(row[order], bits[order], start)


def _count_choices(of: int, n: NDArray[np.int64] | int) -> Floats:
    """log2 of how many ways there are to choose n."""
    choices: Floats = (gammaln(of + 1.0) - gammaln(np.add(n, 1.0)) - gammaln(np.subtract(of + 1.0, n))) / _LN2
    return choices


def _say(n: NDArray[np.int64] | int) -> Floats:
    """Bits of a whole number (Elias, IEEE Transactions on Information Theory 21, 1975), to within one."""
    bits: Floats = 2.0 * np.log2(np.add(n, 1.0))
    return bits


def _round(bits: Floats) -> Floats:
    rounded: Floats = np.round(bits * _GRAIN) / _GRAIN
    return rounded
