"""Rows × columns as two lists of entries, and what their degrees give by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graph.model import Floats, Ints

EXACT_DEGREES, BINS_PER_OCTAVE = 8, 4
"""Rows of so few entries are classes of their own; above, a class spans a quarter of an octave."""
_NULL_ROUNDS = 200


@dataclass(frozen=True)
class Side:
    """Entries by node: those of node u are ``other[start[u]:start[u + 1]]``."""

    start: Ints
    other: NDArray[np.int32]

    def gather(self, nodes: Ints) -> Ints:
        """The other ends of all entries of some nodes, node by node."""
        begin, count = self.start[nodes], self.start[nodes + 1] - self.start[nodes]
        ends = np.cumsum(count)
        rows = np.arange(int(count.sum())) + np.repeat(begin - (ends - count), count)
        others: Ints = self.other[rows].astype(np.int64)
        return others

    @property
    def degree(self) -> Ints:
        """Entries of each node."""
        return np.diff(self.start)


@dataclass(frozen=True)
class Incidence:
    """Rows and columns that have entries in common, and the null.

    Attributes
    ----------
    rows, columns : entries by row (n rows) and by column (m columns)
    degree : (n,) entries of each row
    row_class : (n,) 0..K-1: rows of about the same degree
    class_size : (K,) rows of each class
    column_kind : (m,) 0..U-1: columns of the same degree
    chance : (K, U) that a row of each class has an entry in one given column of each kind
    n_columns : columns that have entries
    """

    rows: Side
    columns: Side
    degree: Ints
    row_class: Ints
    class_size: Ints
    column_kind: Ints
    chance: Floats
    n_columns: int


def read_incidence(matrix: csr_array) -> Incidence:
    """Sides, classes and the null of a matrix (n, m) without explicit zeros; every entry counts as one."""
    by_column = matrix.tocsc()
    rows = Side(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32))
    columns = Side(by_column.indptr.astype(np.int64), by_column.indices.astype(np.int32))
    degree, column_degree = rows.degree, columns.degree
    # Rows and columns of like degree have like chances: the null is fitted once for each class, not for each node.
    row_class = np.unique(bin_degrees(degree), return_inverse=True)[1]
    kind_degree, kind, kind_size = np.unique(column_degree, return_inverse=True, return_counts=True)
    class_size = np.bincount(row_class)
    mean_degree = np.bincount(row_class, weights=degree) / np.maximum(class_size, 1)
    chance = fit_null(mean_degree, class_size, kind_degree.astype(np.float64), kind_size)
    n_columns = int((column_degree > 0).sum())
    return Incidence(rows, columns, degree, row_class, class_size, kind, chance, n_columns)


def bin_degrees(degree: Ints) -> Ints:
    """Small degrees as they are, larger ones by the quarter octave.

    >>> bin_degrees(np.array([1, 7, 8, 9, 10, 16, 100]))
    array([ 1,  7,  8,  8,  9, 12, 22])
    """
    octaves = np.log2(np.maximum(degree, EXACT_DEGREES) / EXACT_DEGREES)
    binned = EXACT_DEGREES + np.floor(BINS_PER_OCTAVE * octaves).astype(np.int64)
    return np.where(degree < EXACT_DEGREES, degree, binned)


def fit_null(row_degree: Floats, n_rows: Ints, column_degree: Floats, n_columns: Ints) -> Floats:
    """The chance that a row of each class has an entry in one given column of each kind (K, U).

    The configuration model of greatest entropy (Saracco, Di Clemente, Gabrielli & Squartini, Scientific Reports
    5, 2015), by scaling the two sides in turn.  Nobody enters one column twice: who has many entries cannot
    have them all in the most popular columns.

    Parameters
    ----------
    row_degree, n_rows
        (K,) the mean degree of each class of rows, and how many rows there are.
    column_degree, n_columns
        (U,) the same of each kind of column.

    Examples
    --------
    Half of ten products are eleven times as popular as the others; who reviews five cannot go by that alone.

    >>> chance = fit_null(np.array([1.0, 5.0]), np.array([55, 1]), np.array([1.0, 11.0]), np.array([5, 5]))
    >>> (chance[:, 1] / chance[:, 0]).round(1)
    array([12.8,  3.9])
    """
    root = max(float(np.sqrt(row_degree @ n_rows)), 1.0)
    x, y = row_degree / root, column_degree / root
    for _ in range(_NULL_ROUNDS):
        x = row_degree / np.maximum((n_columns * y / (1.0 + np.outer(x, y))).sum(axis=1), 1e-300)
        y = column_degree / np.maximum(((n_rows * x)[:, None] / (1.0 + np.outer(x, y))).sum(axis=0), 1e-300)
    odds = np.outer(x, y)
    chance: Floats = odds / (1.0 + odds)
    return chance
