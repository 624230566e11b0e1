"""What orders and reviews say: refunds, targets, sellers concerned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.channels.incidence import ANYTHING, NO_TARGET, SharedThings
from detection.policy import Policy
from graph.model import Ints, Reviews, Snapshot
from graph.placeholders import find_placeholders


def find_review_targets(reviews: Reviews) -> Ints:
    """What each review is of (R,): the row of a product, -1 - the row of a seller, or ``NO_TARGET``."""
    by_seller = np.where(reviews.seller >= 0, -1 - reviews.seller, NO_TARGET)
    return np.where(reviews.product >= 0, reviews.product, by_seller)


def find_thing_sellers(channel: SharedThings, snapshot: Snapshot) -> Ints:
    """The seller concerned by each thing whose subject is a product or an account (n_things,)."""
    subject = channel.subject
    listed_by = snapshot.product_seller[np.maximum(subject, 0)] if snapshot.n_products else np.full(len(subject), -1)
    return np.where(subject >= 0, listed_by, np.where(subject == ANYTHING, -1, -1 - subject))


def find_refunds(snapshot: Snapshot, policy: Policy) -> NDArray[np.bool_]:
    """Which orders were refunded or disputed (O,)."""
    names = snapshot.orders.status_names
    # Statuses are words of the export, whatever their case.
    refunds = [code for code, status in enumerate(names) if status.casefold() in policy.refund_statuses]
    return np.isin(snapshot.orders.status, refunds)


def find_kept_trades(snapshot: Snapshot, policy: Policy) -> Ints:
    """Orders between two accounts that stood, sorted: whoever asked for the money back is no friend of the seller's."""
    orders = snapshot.orders
    is_trade = (orders.seller >= 0) & (orders.seller != orders.buyer)
    return np.flatnonzero(is_trade & ~find_refunds(snapshot, policy))


def find_shared_placeholders(snapshot: Snapshot, looked_at: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of some identifiers (V,) several accounts have, and stand for nothing (V,)."""
    users = np.bincount(snapshot.uses.identifier, minlength=snapshot.n_identifiers)
    shared = np.flatnonzero(looked_at & (users > 1))
    found = np.zeros(snapshot.n_identifiers, dtype=bool)
    found[shared] = find_placeholders(snapshot.identifier_value[shared])
    return found
