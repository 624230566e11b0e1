"""Every way in which accounts are connected, as sparse matrices, and means over whoever is.

Accounts that use one thing are neighbours through it, each pair weighed by one over the number of the other users, so
that a crowd's parcel locker says no more than a couple's tablet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeddings.features.accounts import (
    COMMON_KINDS,
    OTHER_KIND,
    find_distinct_pairs,
    read_kind_codes,
)
from embeddings.features.history import MICROS_PER_DAY, find_review_targets
from graph.model import Floats, Ints, Snapshot

WINDOW_DAYS = 28
"""Reviews of one target with one opinion agree where they fall into one window of so many days."""
GOOD_RATING, BAD_RATING = 4.0, 2.0
_TINY_WEIGHT = 1e-6
COLUMNS_AT_ONCE = 32
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Relation:
    """One way of being connected.

    ``member`` (N, T) holds 1 where an account uses a thing (``shared``), or (N, N) where an account deals with another.
    """

    name: str
    member: sparse.csr_array
    shared: bool


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
    keep = np.bincount(column, minlength=n_things)[column] > 1  # what one account has joins nobody
    things, column = np.unique(column[keep], return_inverse=True)
    ones = np.ones(len(column), dtype=np.float32)
    return Relation(name, sparse.csr_array((ones, (row[keep], column)), shape=(n, len(things))), shared=True)


def _deal(name: str, account: Ints, other: Ints, n: int) -> Relation:
    row, column = find_distinct_pairs(account, other, n_second=n)
    ones = np.ones(len(row), dtype=np.float32)
    return Relation(name, sparse.csr_array((ones, (row, column)), shape=(n, n)), shared=False)


def average_known(member: sparse.csr_array, weights: Floats | None, values: Matrix) -> Matrix:
    """The mean of what is known of neighbours (N, F); NaN where nobody near knows it.

    Parameters
    ----------
    member
        (N, T) who uses which thing, or who deals with whom.
    weights
        (T,) of things, one over the other users of each; None where ``member`` holds dealings.
    values
        (T or N, F) float32 of the neighbours, NaN where silent.
    """
    known = np.isfinite(values)
    weight = _sum_over(member, weights, known.astype(np.float64))
    total = _sum_over(member, weights, np.where(known, values, 0.0).astype(np.float64))
    heard = weight > _TINY_WEIGHT
    return np.where(heard, total / np.where(heard, weight, 1.0), np.nan).astype(np.float32)


def _sum_over(member: sparse.csr_array, weights: Floats | None, values: Floats) -> Floats:
    """The weighed sum over neighbours (N, F); with ``weights`` of things, over those that use the same."""
    if weights is None:
        return np.asarray(member @ values)
    # Over all users, then without the account itself: neighbours are never listed pair by pair.
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
