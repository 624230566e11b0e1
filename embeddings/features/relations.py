"""What accounts and their neighbours are like, as one wide table for a model that learns from labels.

Boosted trees on features averaged over neighbours are hard to beat as detectors (GADBench, Tang et al., NeurIPS
2023).  Every relation is a sparse matrix.  Accounts that use one thing are neighbours through it, each pair weighed by
one over the number of the other users, so that a crowd's parcel locker says no more than a couple's tablet.

Labels, flags, rings and decisions are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeddings.features.accounts import (
    COMMON_KINDS,
    OTHER_KIND,
    AccountFeatures,
    Bools,
    account_features,
    empty_snapshot,
    find_distinct_pairs,
    read_kind_codes,
)
from embeddings.features.history import MICROS_PER_DAY, account_habits, find_review_targets
from graph.model import Floats, Ints, Snapshot

SURROUNDINGS_SCHEMA = 1
"""Raised whenever a column changes its meaning; columns that come or go are seen by their names."""
WINDOW_DAYS = 28
"""Reviews of one target with one opinion agree where they fall into one window of so many days."""
GOOD_RATING, BAD_RATING = 4.0, 2.0
NEIGHBOURS = "log_neighbours"
TWO_STEPS = "two steps away"
_TINY_WEIGHT = 1e-6
_COLUMNS_AT_ONCE = 32

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """Columns of which the same accounts say something.

    ``names`` (F,); ``rows`` (M,) of accounts, rising; ``values`` (M, F) float32, NaN where silent.
    """

    names: tuple[str, ...]
    rows: Ints
    values: Matrix


@dataclass(frozen=True)
class Surroundings:
    """A wide table with a row per account: its own features, its degrees, and the means over its neighbours.

    It is kept in ``blocks``, for most accounts have no neighbour of most kinds: whoever is not in a block is silent in
    its columns.  Columns are named ``topic.feature`` for the account's own, and ``relation: topic.feature`` for its
    neighbours'.
    """

    n_accounts: int
    blocks: tuple[Block, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names (F,) of all columns."""
        return tuple(name for block in self.blocks for name in block.names)


@dataclass(frozen=True)
class Relation:
    """One way of being connected.

    ``member`` (N, T) holds 1 where an account uses a thing (``shared``), or (N, N) where an account deals with another.
    """

    name: str
    member: sparse.csr_array
    shared: bool


def describe_surroundings(snapshot: Snapshot) -> Surroundings:
    """Describe every account and its neighbours.

    Parameters
    ----------
    snapshot
        The graph as arrays.  Labels are not read.

    Returns
    -------
    Surroundings
        Without the columns of which the market knows nothing; :func:`surroundings_names` lists all.

    Notes
    -----
    O(E·f) time for E uses, orders and reviews and f features of an account's own; 4 f bytes for each account and each
    of the relations that it is in.
    """
    return Surroundings(snapshot.n_accounts, tuple(describe_blocks(snapshot)))


def describe_blocks(snapshot: Snapshot) -> Iterator[Block]:
    """Describe every account and its neighbours, one block at a time."""
    own = _keep_varied(join_own(account_features(snapshot), account_habits(snapshot)))
    yield own
    relations = [relation for relation in find_relations(snapshot) if relation.member.nnz]
    if not relations:
        return
    degrees = np.stack([count_neighbours(relation) for relation in relations], axis=1)
    yield Block(tuple(f"{relation.name}: {NEIGHBOURS}" for relation in relations), own.rows, degrees)
    mean = _Mean.of_none(own.values.shape)
    for relation in relations:
        near = _average_block(relation, own.values, own.names)
        mean.add(near)
        yield near
    anyone = mean.read()
    mean = _Mean.of_none(own.values.shape)
    for relation in relations:
        mean.add(_average_block(relation, anyone, own.names))
    two_steps = mean.read()
    rows = np.flatnonzero(np.isfinite(two_steps).any(axis=1))
    yield Block(tuple(f"{TWO_STEPS}: {name}" for name in own.names), rows, two_steps[rows])


@cache
def surroundings_names() -> frozenset[str]:
    """Every name that a column can have, in whatever market."""
    own = [*account_features(empty_snapshot()).names, *account_habits(empty_snapshot()).names]
    relations = [relation.name for relation in find_relations(empty_snapshot())]
    near = [f"{relation}: {name}" for relation in (*relations, TWO_STEPS) for name in own]
    return frozenset([*own, *near, *(f"{relation}: {NEIGHBOURS}" for relation in relations)])


def pick_columns(surroundings: Surroundings, names: Iterable[str], rows: Ints | None = None) -> Matrix:
    """The columns of some names (N, F), in their order; NaN where this market has no such column.

    With ``rows`` (n,), of those accounts only (n, F).
    """
    rows = np.arange(surroundings.n_accounts) if rows is None else rows
    wanted = {name: position for position, name in enumerate(names)}
    picked = np.full((len(rows), len(wanted)), np.nan, dtype=np.float32)
    for block in surroundings.blocks:
        inside = np.flatnonzero([name in wanted for name in block.names])
        if len(inside):
            found = find_in_block(block, rows)
            columns = np.array([wanted[block.names[position]] for position in inside.tolist()])
            picked[np.ix_(found.there, columns)] = block.values[np.ix_(found.place, inside)]
    return picked


@dataclass(frozen=True)
class Found:
    """``there`` (M,): which of the accounts that were asked for are in a block; ``place`` (M,) of each in it."""

    there: Ints
    place: Ints


def find_in_block(block: Block, rows: Ints) -> Found:
    """Which of some accounts (K,) a block says something of."""
    if not len(block.rows):
        return Found(block.rows, block.rows)
    place = np.minimum(np.searchsorted(block.rows, rows), len(block.rows) - 1)
    there = np.flatnonzero(block.rows[place] == rows)
    return Found(there, place[there])


def join_own(*tables: AccountFeatures) -> Block:
    """Own features side by side."""
    values = np.concatenate([np.where(each.known, each.values, np.float32(np.nan)) for each in tables], axis=1)
    return Block(tuple(name for each in tables for name in each.names), np.arange(len(values)), values)


def _keep_varied(own: Block) -> Block:
    """Without the features that nobody has or that all have alike."""
    keep = np.flatnonzero(find_varied(own.values))
    return Block(tuple(own.names[place] for place in keep.tolist()), own.rows, own.values[:, keep])


def find_varied(values: Matrix, least: int = 1) -> Bools:
    """Columns (F,) that are known of so many accounts, ``least``, and in which accounts differ."""
    if not len(values):
        return np.zeros(values.shape[1], dtype=bool)
    known = np.isfinite(values).sum(axis=0)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    varied: Bools = (known >= least) & ((known < len(values)) | (low < high))
    return varied


def find_relations(snapshot: Snapshot) -> list[Relation]:
    """Every way of being connected, by the same names in every market; some may be empty."""
    n, uses, orders, reviews = snapshot.n_accounts, snapshot.uses, snapshot.orders, snapshot.reviews
    kind = read_kind_codes(snapshot)[uses.identifier]
    target = find_review_targets(snapshot)
    return [
        *(
            _share(f"shares {name}", uses.account[kind == code], uses.identifier[kind == code], n)
            for code, name in enumerate((*COMMON_KINDS, OTHER_KIND))
        ),
        _deal("sold to", orders.seller, orders.buyer, n),
        _deal("bought from", orders.buyer, orders.seller, n),
        _deal("referred", snapshot.referral_by, snapshot.referral_account, n),
        _deal("referred by", snapshot.referral_account, snapshot.referral_by, n),
        _share("bought the same", orders.buyer, orders.product, n),
        _share("reviewed the same", reviews.author, target, n),
        _share("agreed in a review", reviews.author, _code_opinions(target, snapshot), n),
    ]


def _code_opinions(target: Ints, snapshot: Snapshot) -> Ints:
    """One code for each target, opinion and window of time (R,); -1 where one of them is unknown."""
    rating, at = snapshot.reviews.rating, snapshot.reviews.reviewed_at.astype("datetime64[us]")
    known = (target >= 0) & ~np.isnat(at) & np.isfinite(rating)
    window = at[known].astype(np.int64) // (WINDOW_DAYS * MICROS_PER_DAY)
    opinion = (rating[known] >= GOOD_RATING).astype(np.int64) - (rating[known] <= BAD_RATING)
    code = np.full(len(target), -1, dtype=np.int64)
    parts = np.stack([target[known], opinion, window])
    code[known] = np.unique(parts, axis=1, return_inverse=True)[1].reshape(-1)
    return code


def _share(name: str, account: Ints, thing: Ints, n: int) -> Relation:
    known = (account >= 0) & (thing >= 0)
    n_things = int(thing[known].max(initial=-1)) + 1
    row, column = find_distinct_pairs(account[known], thing[known], n_second=n_things)
    keep = np.bincount(column, minlength=n_things)[column] > 1
    things, column = np.unique(column[keep], return_inverse=True)
    ones = np.ones(len(column), dtype=np.float32)
    return Relation(name, sparse.csr_array((ones, (row[keep], column)), shape=(n, len(things))), shared=True)


def _deal(name: str, account: Ints, other: Ints, n: int) -> Relation:
    row, column = find_distinct_pairs(account, other, n_second=n)
    ones = np.ones(len(row), dtype=np.float32)
    return Relation(name, sparse.csr_array((ones, (row, column)), shape=(n, n)), shared=False)


def average_over(relation: Relation, values: Matrix) -> Matrix:
    """The mean of what is known of neighbours (N, F), never of the account itself; NaN without any.

    >>> both = sparse.csr_array(np.array([[1.0], [1.0], [0.0]]))
    >>> average_over(Relation("shares device", both, shared=True), np.array([[1.0], [5.0], [9.0]])).ravel().tolist()
    [5.0, 1.0, nan]
    """
    near = _average_block(relation, values, [""] * values.shape[1])
    mean = np.full(values.shape, np.nan, dtype=np.float32)
    mean[near.rows] = near.values
    return mean


def _average_block(relation: Relation, values: Matrix, names: Sequence[str]) -> Block:
    """The mean of what is known of neighbours, for the accounts that have any."""
    rows = np.flatnonzero(np.diff(relation.member.indptr))
    member = relation.member[rows]
    heard = rows if relation.shared else np.unique(member.indices)
    weights = 1.0 / (count_users(relation) - 1.0) if relation.shared else None
    member = member if relation.shared else member[:, heard]
    mean = np.empty((len(rows), values.shape[1]), dtype=np.float32)
    for begin in range(0, values.shape[1], _COLUMNS_AT_ONCE):  # exact sums of all columns at once would be large
        columns = slice(begin, begin + _COLUMNS_AT_ONCE)
        mean[:, columns] = _average_known(member, weights, values[heard, columns])
    return Block(tuple(f"{relation.name}: {name}" for name in names), rows, mean)


def _average_known(member: sparse.csr_array, weights: Floats | None, values: Matrix) -> Matrix:
    known = np.isfinite(values)
    weight = _sum_over(member, weights, known.astype(np.float64))
    total = _sum_over(member, weights, np.where(known, values, 0.0).astype(np.float64))
    heard = weight > _TINY_WEIGHT
    return np.where(heard, total / np.where(heard, weight, 1.0), np.nan).astype(np.float32)


def _sum_over(member: sparse.csr_array, weights: Floats | None, values: Floats) -> Floats:
    """The weighed sum over neighbours (N, F); with ``weights`` of things, over those that use the same."""
    if weights is None:
        return np.asarray(member @ values)
    weighed = member @ sparse.diags_array(weights)
    own: Floats = np.asarray(weighed.sum(axis=1)).reshape(-1, 1) * values
    return np.asarray(weighed @ (member.T @ values)) - own


def count_users(relation: Relation) -> Floats:
    """How many accounts use each thing (T,)."""
    return np.bincount(relation.member.indices, minlength=relation.member.shape[1]).astype(np.float64)


def count_neighbours(relation: Relation) -> Matrix:
    """How many neighbours each account has (N,), as ``log(1 + x)``; once for each thing that they share."""
    others = count_users(relation) - 1.0 if relation.shared else np.ones(relation.member.shape[1])
    count: Matrix = np.log1p(np.asarray(relation.member @ others)).astype(np.float32)
    return count


@dataclass(frozen=True)
class _Mean:
    """A mean of tables cell by cell (N, F), over those that know the cell."""

    total: Matrix
    count: Matrix

    @classmethod
    def of_none(cls, shape: tuple[int, ...]) -> _Mean:
        return cls(np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32))

    def add(self, block: Block) -> None:
        known = np.isfinite(block.values)
        self.total[block.rows] += np.where(known, block.values, np.float32(0))
        self.count[block.rows] += known

    def read(self) -> Matrix:
        """NaN where no table knows the cell."""
        known = self.count > 0
        return np.where(known, self.total / np.where(known, self.count, np.float32(1)), np.float32(np.nan))
