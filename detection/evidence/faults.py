"""Faulty goods: of which products so many of all buyers complain that the product is to blame, and not they."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import BLAME, REFUND
from detection.channels.facts import find_refunds
from detection.groups import ByAccount, find_distinct, index_by_account
from detection.policy import Policy
from graph.model import Floats, Ints, Snapshot


@dataclass(frozen=True)
class Complaints:
    """Refunds asked, or bad reviews, one row each (C,).

    By whom; ``product`` and ``seller`` rows, -1 where unknown; ``is_customers`` where the account has an order of it.
    """

    by_account: ByAccount
    product: Ints
    seller: Ints
    is_customers: NDArray[np.bool_]


@dataclass(frozen=True)
class Faults:
    """What the market's buyers complain of.

    ``acts`` by channel; ``by_buyer`` and ``product`` (B,) who complained, in whatever way, of which product that it has
    an order of, each pair once; ``grade`` (n_products,) how far each product is to be taken for faulty, in [0, 1].
    """

    acts: Mapping[str, Complaints]
    by_buyer: ByAccount
    product: Ints
    grade: Floats


def find_faults(snapshot: Snapshot, policy: Policy) -> Faults:
    """Count each product's buyers, and those who complain of it.

    A household is added to the buyers, so that a few never make a fault: of three who bought and complained three of
    eleven did.
    """
    orders, reviews, width = snapshot.orders, snapshot.reviews, max(snapshot.n_products, 1)
    known = orders.product >= 0
    bought = find_distinct(orders.buyer[known] * width + orders.product[known])
    refunded = find_refunds(snapshot, policy)
    bad = reviews.rating <= policy.bad_rating
    product = reviews.product[bad]
    listed_by = snapshot.product_seller[product] if snapshot.n_products else reviews.seller[bad]
    blamed = reviews.author[bad] * width + product
    acts = {
        REFUND: Complaints(
            index_by_account(orders.buyer[refunded]),
            orders.product[refunded],
            orders.seller[refunded],
            known[refunded],
        ),
        BLAME: Complaints(
            index_by_account(reviews.author[bad]),
            product,
            np.where(product >= 0, listed_by, reviews.seller[bad]),
            (product >= 0) & np.isin(blamed, bought),
        ),
    }
    asked = orders.buyer[refunded & known] * width + orders.product[refunded & known]
    complained = find_distinct(np.concatenate([asked, blamed[acts[BLAME].is_customers]]))
    buyer, of = np.divmod(complained, width)
    unhappy = np.bincount(of, minlength=width)
    share = unhappy / (np.bincount(bought % width, minlength=width) + policy.household_size)
    return Faults(acts, index_by_account(buyer), of, grade_fault(share, policy))


def grade_fault(share: Floats, policy: Policy) -> Floats:
    """How far a share of complaints makes a fault, in [0, 1]: from ``fault_share`` on in full, at half of it hardly.

    >>> from detection.policy import DEFAULT_POLICY
    >>> grade_fault(np.array([0.9, 0.5, 0.25]), DEFAULT_POLICY)
    array([1.    , 1.    , 0.0625])
    """
    grade: Floats = np.minimum(np.square(np.square(share / policy.fault_share)), 1.0)
    return grade
