"""The ways in which accounts are connected, each as an incidence of accounts and shared things.

A *thing* is whatever two accounts can have in common: a device, an address, the reviews of one
target at one time with one opinion, the refunds asked of one seller, the person who referred them,
the hour in which they signed up.  What happens at a time is looked at in several *grains*, from
coarse to fine: a campaign may take a day or half a year, and be about a product or all that a
seller offers.  Dealings between accounts (trades) are direct links.  Every channel is a
function of the snapshot and falls silent where its columns are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from detection.channels.catalogue import (
    BLAME,
    DEED_WINDOWS_DAYS,
    LEASE_DAYS,
    NETWORK,
    PRAISE,
    PURCHASE,
    PURCHASE_WINDOWS_DAYS,
    REFERRED,
    REFUND,
    SIGN_UP,
    SIGN_UP_WINDOWS_DAYS,
    TRADE,
)
from detection.channels.facts import BAD_RATING, GOOD_RATING, find_refunds
from detection.channels.incidence import ANYTHING, Dealings, SharedThings, gather, stack_grains
from detection.channels.windows import MICROS_PER_DAY, Deeds, number_windows, part_in_time, share_deeds
from detection.parallel import map_threads
from graph.model import Snapshot


def find_shared_things(snapshot: Snapshot) -> tuple[SharedThings, ...]:
    """Every channel of shared things that the snapshot has facts for, identifiers first."""
    finders: list[Callable[[], SharedThings]] = [
        *(partial(_share_identifiers, snapshot, kind) for kind in snapshot.identifier_kinds),
        partial(_share_opinions, snapshot, PRAISE),
        partial(_share_opinions, snapshot, BLAME),
        partial(_share_refunds, snapshot),
        partial(_share_purchases, snapshot),
        partial(_share_referrers, snapshot),
        partial(_share_sign_ups, snapshot),
    ]
    found = map_threads(lambda find: find(), finders, rows=snapshot.n_accounts)
    return tuple(channel for channel in found if len(channel.account))


def find_dealings(snapshot: Snapshot) -> tuple[Dealings, ...]:
    """Trades (buyer to seller)."""
    orders = snapshot.orders
    known = (orders.seller >= 0) & (orders.seller != orders.buyer)
    trades = Dealings(TRADE, orders.buyer[known], orders.seller[known])
    return (trades,) if len(trades.source) else ()


def _share_identifiers(snapshot: Snapshot, kind: str) -> SharedThings:
    uses = snapshot.uses
    rows = np.flatnonzero((snapshot.identifier_kind == kind)[uses.identifier])
    identifier, at = uses.identifier[rows], uses.seen_at[rows]
    thing = part_in_time(identifier, at, LEASE_DAYS) if kind == NETWORK else identifier
    return gather(kind, uses.account[rows], thing, at, identifier)


def _share_opinions(snapshot: Snapshot, name: str) -> SharedThings:
    """Reviews of one target, of one opinion, at one time (Beutel et al., CopyCatch, WWW 2013)."""
    reviews = snapshot.reviews
    opinion = reviews.rating >= GOOD_RATING if name == PRAISE else reviews.rating <= BAD_RATING
    rows = np.flatnonzero(opinion & ((reviews.product >= 0) | (reviews.seller >= 0)))
    product, seller = reviews.product[rows], reviews.seller[rows]
    of_product = np.where(product >= 0, product, -1 - seller)
    of_seller = np.where(seller >= 0, -1 - seller, product)
    deeds = [Deeds(reviews.author[rows], target, reviews.reviewed_at[rows]) for target in (of_product, of_seller)]
    return share_deeds(name, deeds if (product >= 0).any() else deeds[1:], DEED_WINDOWS_DAYS)


def _share_refunds(snapshot: Snapshot) -> SharedThings:
    """Refunds and disputes asked of one seller at one time."""
    orders = snapshot.orders
    rows = np.flatnonzero(find_refunds(snapshot) & (orders.seller >= 0))
    deeds = Deeds(orders.buyer[rows], -1 - orders.seller[rows], orders.ordered_at[rows])
    return share_deeds(REFUND, [deeds], DEED_WINDOWS_DAYS)


def _share_purchases(snapshot: Snapshot) -> SharedThings:
    """Products bought at one time, but for those that a refund or a review speaks of already."""
    orders, reviews = snapshot.orders, snapshot.reviews
    width = snapshot.n_products + 1
    spoken_of = np.isin(orders.buyer * width + orders.product, reviews.author * width + reviews.product)
    rows = np.flatnonzero((orders.product >= 0) & ~spoken_of & ~find_refunds(snapshot))
    deeds = Deeds(orders.buyer[rows], orders.product[rows], orders.ordered_at[rows])
    return share_deeds(PURCHASE, [deeds], PURCHASE_WINDOWS_DAYS)


def _share_referrers(snapshot: Snapshot) -> SharedThings:
    """Whoever referred others, and those whom they referred, share the referrer."""
    known = snapshot.referral_by != snapshot.referral_account
    by, referred = snapshot.referral_by[known], snapshot.referral_account[known]
    nowhen = np.full(2 * len(by), "NaT", dtype="datetime64[us]")
    return gather(REFERRED, np.concatenate([referred, by]), np.tile(by, 2), nowhen, np.tile(-1 - by, 2))


def _share_sign_ups(snapshot: Snapshot) -> SharedThings:
    """Accounts created at one time; windows overlap by half, so that no moment is a border in all."""
    rows = np.flatnonzero(~np.isnat(snapshot.created_at))
    at, nothing = snapshot.created_at[rows], np.full(len(rows), ANYTHING)
    grains = []
    for days in SIGN_UP_WINDOWS_DAYS:
        for shift in (0, int(days * MICROS_PER_DAY) // 2):
            window = number_windows(at + np.timedelta64(shift, "us"), days)
            grains.append(gather(SIGN_UP, rows, window, at, nothing))
    return stack_grains(grains)
