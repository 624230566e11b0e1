"""Where the search for surprising blocks starts: rows that may have something in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.candidates.blocks.null import Incidence, Side
from detection.groups import spread_bits
from detection.likelihood import score_surprise
from graph.model import Floats, Ints

N_CELLS, N_SHINGLES = 48, 96
"""Starts of either sort that are followed up, the most surprising first."""
SHINGLE_ROUNDS = 6
CLASSES_IN_BAND = 4
"""A band is an octave of degrees; bands overlap by half."""
MIN_ROWS = 3
Hashes = NDArray[np.uint64]


def list_seeds(incidence: Incidence) -> Iterator[Ints]:
    """Starts of three sorts, each a set of rows, sorted; without those that were there before.

    - bands: all rows of about the same degree, for campaigns that are large in the whole market;
    - cells: the rows of one band in one column, where there are more of them than chance gives;
    - shingles: rows that share the two columns which a hash puts first (Gibson, Kumar & Tomkins, Discovering large
      dense subgraphs in massive graphs, VLDB 2005), for small groups that have much in common.
    """
    seen: set[bytes] = set()
    for seeds in (_list_bands(incidence), _list_cells(incidence), _list_shingles(incidence)):
        for rows in seeds:
            if len(rows) >= MIN_ROWS and rows.tobytes() not in seen:
                seen.add(rows.tobytes())
                yield rows


def _list_bands(incidence: Incidence) -> Iterator[Ints]:
    for low in range(0, len(incidence.class_size), CLASSES_IN_BAND // 2):
        inside = (incidence.row_class >= low) & (incidence.row_class < low + CLASSES_IN_BAND)
        yield np.flatnonzero(inside & (incidence.degree >= 2))


def _list_cells(incidence: Incidence) -> Iterator[Ints]:
    """The rows of the cells of column × band that are fullest against chance."""
    n_bands = len(incidence.class_size) // CLASSES_IN_BAND + 1
    for shift in (0, CLASSES_IN_BAND // 2):
        band = (incidence.row_class + shift) // CLASSES_IN_BAND
        band[incidence.degree < 2] = n_bands  # those with one entry share nothing else
        column = np.repeat(np.arange(len(incidence.column_kind)), incidence.columns.degree)
        cell = column * (n_bands + 1) + band[incidence.columns.other]
        cells, count = np.unique(cell, return_counts=True)
        at, of = np.divmod(cells, n_bands + 1)
        expected = _expect_band(incidence, band, n_bands + 1)[of, incidence.column_kind[at]]
        bits = np.where((count >= MIN_ROWS) & (of < n_bands), score_surprise(count, expected), 0.0)
        for best in np.argsort(-bits, kind="stable")[: N_CELLS // 2].tolist():
            if bits[best] > 0:
                rows = incidence.columns.gather(at[best : best + 1])
                yield np.sort(rows[band[rows] == of[best]]).astype(np.int64)


@dataclass(frozen=True)
class _Shingled:
    """Groups of rows: ``row`` (S,) group by group, ``start`` (G + 1,), and the ``gain_bits`` (G,) of each."""

    row: Ints
    start: Ints
    gain_bits: Floats


def _expect_band(incidence: Incidence, band: Ints, n_bands: int) -> Floats:
    """How many rows of each band one column of each kind has by chance (n_bands, U)."""
    n_classes = len(incidence.class_size)
    size = np.bincount(band * n_classes + incidence.row_class, minlength=n_bands * n_classes)
    expected: Floats = size.reshape(n_bands, n_classes) @ incidence.chance
    return expected


def _list_shingles(incidence: Incidence) -> Iterator[Ints]:
    """Rows with the same two columns in front, the most surprising groups first."""
    mark = mark_columns(incidence)
    rounds = [_shingle(incidence, spread_bits(mark + np.uint64(number))) for number in range(SHINGLE_ROUNDS)]
    gain = np.concatenate([found.gain_bits for found in rounds])
    of_round = np.repeat(np.arange(len(rounds)), [len(found.gain_bits) for found in rounds])
    first = np.searchsorted(of_round, of_round)
    for best in np.argsort(-gain, kind="stable")[:N_SHINGLES].tolist():
        found, place = rounds[of_round[best]], best - first[best]
        yield np.sort(found.row[found.start[place] : found.start[place + 1]])


def _shingle(incidence: Incidence, key: Hashes) -> _Shingled:
    """Groups of rows by the two of their columns that have the lowest keys, O(E)."""
    rank = np.empty(len(key), dtype=np.int64)
    rank[np.argsort(key, kind="stable")] = np.arange(len(key))
    rank[incidence.columns.degree < MIN_ROWS] = len(key)
    rows = np.flatnonzero(incidence.degree >= 2)
    if not len(rows):
        return _Shingled(rows, np.zeros(1, dtype=np.int64), np.zeros(0))
    entries, count = rank[incidence.rows.gather(rows)], incidence.degree[rows]
    begin = np.cumsum(count) - count
    lowest = np.minimum.reduceat(entries, begin)
    entries[entries == np.repeat(lowest, count)] = len(key)
    second = np.minimum.reduceat(entries, begin)
    both = second < len(key)
    return _group_pairs(incidence, rows[both], np.argsort(rank, kind="stable")[np.stack([lowest, second])[:, both]])


def _group_pairs(incidence: Incidence, rows: Ints, pair: Ints) -> _Shingled:
    """Rows by their pair (2, S) of columns, with the surprise of so many having both."""
    code = pair[0] * np.int64(len(incidence.column_kind)) + pair[1]
    order = np.lexsort((rows, code))
    size = np.unique(code, return_counts=True)[1]
    order, size = order[np.repeat(size >= MIN_ROWS, size)], size[size >= MIN_ROWS]
    kind = incidence.column_kind[pair[:, order[np.cumsum(size) - size]]]
    expected = np.zeros(len(size))
    for n_rows, chance in zip(incidence.class_size.tolist(), incidence.chance, strict=True):
        expected += n_rows * chance[kind[0]] * chance[kind[1]]
    gain = score_surprise(size, expected)
    inside = np.repeat(gain > 0, size)
    return _Shingled(rows[order][inside], np.concatenate([[0], np.cumsum(size[gain > 0])]), gain[gain > 0])


def mark_columns(incidence: Incidence) -> Hashes:
    """A number for each column (m,) that depends on where it stands in the graph, not on its place in the table.

    Two rounds of colour refinement (Weisfeiler & Leman, 1968): columns of which rows and their other columns
    look alike get one number.
    """
    by_row = spread_bits(incidence.degree)
    by_column = spread_bits(_sum_marks(incidence.columns, by_row))
    by_row = spread_bits(_sum_marks(incidence.rows, by_column))
    return spread_bits(_sum_marks(incidence.columns, by_row))


def _sum_marks(side: Side, mark: Hashes) -> Hashes:
    """The sum, modulo 2^64, of the marks at the other ends of each node's entries."""
    total = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mark[side.other])])
    summed: Hashes = total[side.start[1:]] - total[side.start[:-1]]
    return summed
