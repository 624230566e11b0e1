"""What accounts and their neighbours are like, as one wide table for a model that learns from labels.

Boosted trees on features averaged over neighbours are hard to beat as detectors (GADBench, Tang et al., NeurIPS
2023).  Labels, flags, rings and decisions are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from embeddings.features.accounts import (
    AccountFeatures,
    Bools,
    account_features,
    empty_snapshot,
)
from embeddings.features.history import account_history
from embeddings.features.relations import (
    COLUMNS_AT_ONCE,
    Matrix,
    Relation,
    average_known,
    count_neighbours,
    count_users,
    find_relations,
)
from graph.model import Ints, Snapshot

FEATURE_TABLE_SCHEMA = 1
"""Raised whenever a column changes its meaning; columns that come or go are seen by their names."""
NEIGHBOURS = "log_neighbours"
TWO_STEPS = "two steps away"


@dataclass(frozen=True)
class TableBlock:
    """Columns of which the same accounts say something.

    ``names`` (F,); ``rows`` (M,) of accounts, rising; ``values`` (M, F) float32, NaN where silent.
    """

    names: tuple[str, ...]
    rows: Ints
    values: Matrix


@dataclass(frozen=True)
class FeatureTable:
    """A wide table with a row per account: its own features, its degrees, and the means over its neighbours.

    It is kept in ``blocks``, for most accounts have no neighbour of most kinds: whoever is not in a block is silent in
    its columns.  Columns are named ``topic.feature`` for the account's own, and ``relation: topic.feature`` for its
    neighbours'.
    """

    n_accounts: int
    blocks: tuple[TableBlock, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names (F,) of all columns."""
        return tuple(name for block in self.blocks for name in block.names)


def describe_accounts(snapshot: Snapshot) -> FeatureTable:
    """Describe every account and its neighbours.

    Parameters
    ----------
    snapshot
        The graph as arrays.  Labels are not read.

    Returns
    -------
    FeatureTable
        Without the columns of which the market knows nothing; :func:`list_table_columns` lists all.

    Notes
    -----
    O(E·f) time for E uses, orders and reviews and f features of an account's own; 4 f bytes for each account and each
    of the relations that it is in.
    """
    return FeatureTable(snapshot.n_accounts, tuple(describe_blocks(snapshot)))


def describe_blocks(snapshot: Snapshot) -> Iterator[TableBlock]:
    """Describe every account and its neighbours, one block at a time."""
    own = _keep_varied(join_own(account_features(snapshot), account_history(snapshot)))
    yield own
    relations = [relation for relation in find_relations(snapshot) if relation.member.nnz]
    if not relations:
        return
    degrees = np.stack([count_neighbours(relation) for relation in relations], axis=1)
    yield TableBlock(tuple(f"{relation.name}: {NEIGHBOURS}" for relation in relations), own.rows, degrees)
    mean = _Mean.of_none(own.values.shape)
    for relation in relations:
        near = _average_block(relation, own.values, own.names)
        mean.add(near)
        yield near
    two_steps = mean.read()
    # What is near those who are near takes the place of what is near, some columns at a time: none needs another.
    for begin in range(0, two_steps.shape[1], COLUMNS_AT_ONCE):
        columns = slice(begin, begin + COLUMNS_AT_ONCE)
        two_steps[:, columns] = _average_all(relations, two_steps[:, columns])
    rows = np.flatnonzero(np.isfinite(two_steps).any(axis=1))
    yield TableBlock(tuple(f"{TWO_STEPS}: {name}" for name in own.names), rows, two_steps[rows])


def _average_all(relations: Sequence[Relation], values: Matrix) -> Matrix:
    """The mean, over the relations, of the mean over neighbours in each (N, F)."""
    mean = _Mean.of_none(values.shape)
    for relation in relations:
        mean.add(_average_block(relation, values, [""] * values.shape[1]))
    return mean.read()


@cache
def list_table_columns() -> frozenset[str]:
    """Every name that a column can have, in whatever market."""
    own = [*account_features(empty_snapshot()).names, *account_history(empty_snapshot()).names]
    relations = [relation.name for relation in find_relations(empty_snapshot())]
    near = [f"{relation}: {name}" for relation in (*relations, TWO_STEPS) for name in own]
    return frozenset([*own, *near, *(f"{relation}: {NEIGHBOURS}" for relation in relations)])


def pick_columns(table: FeatureTable, names: Iterable[str], rows: Ints | None = None) -> Matrix:
    """The columns of some names (N, F), in their order; NaN where this market has no such column.

    With ``rows`` (n,), of those accounts only (n, F).
    """
    rows = np.arange(table.n_accounts) if rows is None else rows
    wanted = {name: position for position, name in enumerate(names)}
    picked = np.full((len(rows), len(wanted)), np.nan, dtype=np.float32)
    for block in table.blocks:
        inside = np.flatnonzero([name in wanted for name in block.names])
        if len(inside):
            found = find_in_block(block, rows)
            columns = np.array([wanted[block.names[position]] for position in inside.tolist()])
            picked[np.ix_(found.there, columns)] = block.values[np.ix_(found.place, inside)]
    return picked


def move_rows(table: FeatureTable, place: Ints, n_accounts: int) -> FeatureTable:
    """The table of a market as part of a larger one, in which further accounts are silent.

    Parameters
    ----------
    table
        Of N accounts.
    place
        (N,) the row of each in the larger market, rising.
    n_accounts
        Of the larger market.
    """
    moved = (TableBlock(block.names, place[block.rows], block.values) for block in table.blocks)
    return FeatureTable(n_accounts, tuple(moved))


@dataclass(frozen=True)
class Found:
    """``there`` (M,): which of the accounts that were asked for are in a block; ``place`` (M,) of each in it."""

    there: Ints
    place: Ints


def find_in_block(block: TableBlock, rows: Ints) -> Found:
    """Which of some accounts (K,) a block says something of."""
    if not len(block.rows):
        return Found(block.rows, block.rows)
    place = np.minimum(np.searchsorted(block.rows, rows), len(block.rows) - 1)
    there = np.flatnonzero(block.rows[place] == rows)
    return Found(there, place[there])


def join_own(*tables: AccountFeatures) -> TableBlock:
    """Own features side by side."""
    values = np.concatenate([np.where(each.known, each.values, np.float32(np.nan)) for each in tables], axis=1)
    return TableBlock(tuple(name for each in tables for name in each.names), np.arange(len(values)), values)


def _keep_varied(own: TableBlock) -> TableBlock:
    """Without the features that nobody has or that all have alike."""
    keep = np.flatnonzero(find_varied(own.values))
    return TableBlock(tuple(own.names[place] for place in keep.tolist()), own.rows, own.values[:, keep])


def find_varied(values: Matrix, least: int = 1) -> Bools:
    """Columns (F,) that are known of so many accounts, ``least``, and in which accounts differ."""
    if not len(values):
        return np.zeros(values.shape[1], dtype=bool)
    known = np.isfinite(values).sum(axis=0)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    varied: Bools = (known >= least) & ((known < len(values)) | (low < high))
    return varied


def average_over(relation: Relation, values: Matrix) -> Matrix:
    """The mean of what is known of neighbours (N, F), never of the account itself; NaN without any.

    >>> from scipy import sparse
    >>> both = sparse.csr_array(np.array([[1.0], [1.0], [0.0]]))
    >>> average_over(Relation("shares device", both, shared=True), np.array([[1.0], [5.0], [9.0]])).ravel().tolist()
    [5.0, 1.0, nan]
    """
    near = _average_block(relation, values, [""] * values.shape[1])
    mean = np.full(values.shape, np.nan, dtype=np.float32)
    mean[near.rows] = near.values
    return mean


def _average_block(relation: Relation, values: Matrix, names: Sequence[str]) -> TableBlock:
    """The mean of what is known of neighbours, for the accounts that have any."""
    rows = np.flatnonzero(np.diff(relation.member.indptr))
    member = relation.member[rows]
    heard = rows if relation.shared else np.unique(member.indices)
    weights = 1.0 / (count_users(relation) - 1.0) if relation.shared else None
    member = member if relation.shared else member[:, heard]
    mean = np.empty((len(rows), values.shape[1]), dtype=np.float32)
    for begin in range(0, values.shape[1], COLUMNS_AT_ONCE):  # exact sums of all columns at once would be large
        columns = slice(begin, begin + COLUMNS_AT_ONCE)
        mean[:, columns] = average_known(member, weights, values[heard, columns])
    return TableBlock(tuple(f"{relation.name}: {name}" for name in names), rows, mean)


@dataclass(frozen=True)
class _Mean:
    """A mean of tables cell by cell, over those that know the cell: ``total`` (N, F), and ``count`` (N, F) of them."""

    total: Matrix
    count: NDArray[np.uint8]

    @classmethod
    def of_none(cls, shape: tuple[int, ...]) -> _Mean:
        return cls(np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.uint8))

    def add(self, block: TableBlock) -> None:
        for begin in range(0, block.values.shape[1], COLUMNS_AT_ONCE):
            columns = slice(begin, begin + COLUMNS_AT_ONCE)
            values = block.values[:, columns]
            known = np.isfinite(values)
            self.total[:, columns][block.rows] += np.where(known, values, np.float32(0))
            self.count[:, columns][block.rows] += known

    def read(self) -> Matrix:
        """NaN where no table knows the cell; the mean can be read once, for it takes the place of the total."""
        np.divide(self.total, self.count, out=self.total, where=self.count > 0)
        self.total[self.count == 0] = np.nan
        return self.total
