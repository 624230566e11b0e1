"""The ways in which accounts are connected, each as an incidence of accounts and shared things.

A *thing* is whatever two accounts can have in common: a device, an address, the reviews of one
target in one week with one opinion, the refunds asked of one seller, the person who referred them,
the hour in which they signed up.  Dealings between accounts (trades, referrals) are direct links.
Every channel is a function of the snapshot and falls silent where its columns are missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.model import Ints, Reviews, Snapshot, Times

OPINION_WINDOW_DAYS = {"praise": 7, "blame": 30}  # bad reviews are rarer, so that a wider window is as telling
REFUND_WINDOW_DAYS = 60
REFUND_STATUSES = frozenset({"refunded", "disputed", "chargeback", "charged_back", "returned"})
GOOD_RATING, BAD_RATING = 4.0, 2.0

PRAISE, BLAME, REFUND, REFERRED, SIGN_UP, TRADE, REFERRAL = (
    "praise", "blame", "refund", "co-referral", "sign-up", "trade", "referral",
)  # fmt: skip
BEHAVIOUR = frozenset({PRAISE, BLAME, REFUND, REFERRED, SIGN_UP, TRADE, REFERRAL})
NO_TARGET = int(np.iinfo(np.int64).min)
MICROS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class SharedThings:
    """One channel: accounts and the things that they share; each pair appears once.

    Attributes
    ----------
    name
        The identifier's kind (``device``, ...) or the behaviour (``praise``, ...).
    account : (E,) rows
    thing : (E,) codes in 0..n_things-1
    first_at, last_at : (E,) datetime64[us], NaT where unknown
    subject : (n_things,) what the thing is: a row of the snapshot's identifiers (identifier kinds),
        of its products or, as -1 - row, of its accounts (the others)
    """

    name: str
    account: Ints
    thing: Ints
    first_at: Times
    last_at: Times
    subject: Ints

    @property
    def n_things(self) -> int:
        """How many distinct things there are."""
        return len(self.subject)

    @cached_property
    def popularity(self) -> Ints:
        """How many accounts share each thing (n_things,)."""
        return np.bincount(self.thing, minlength=self.n_things)

    @cached_property
    def began_at(self) -> Times:
        """When each thing was first seen (n_things,), NaT where unknown."""
        began = np.full(self.n_things, np.iinfo(np.int64).max)
        known = ~np.isnat(self.first_at)
        np.minimum.at(began, self.thing[known], self.first_at[known].astype(np.int64))
        return np.where(began < np.iinfo(np.int64).max, began, np.iinfo(np.int64).min).astype("datetime64[us]")


@dataclass(frozen=True)
class Pairs:
    """Two accounts each, ``low`` < ``high`` (P,), sorted."""

    low: Ints
    high: Ints


@dataclass(frozen=True)
class Dealings:
    """Direct dealings, one row each: ``source`` (D,) and ``target`` (D,) rows of accounts."""

    name: str
    source: Ints
    target: Ints

    @cached_property
    def pairs(self) -> Pairs:
        """The distinct pairs that deal with one another, whichever way and however often."""
        low, high = np.minimum(self.source, self.target), np.maximum(self.source, self.target)
        width = int(high.max(initial=0)) + 1
        return Pairs(*np.divmod(np.unique(low * width + high), width))


def find_shared_things(snapshot: Snapshot) -> tuple[SharedThings, ...]:
    """Every channel of shared things that the snapshot has facts for, identifiers first."""
    kinds = [_share_identifiers(snapshot, kind) for kind in snapshot.identifier_kinds]
    behaviours = [
        _share_opinions(snapshot, PRAISE),
        _share_opinions(snapshot, BLAME),
        _share_refunds(snapshot),
        _share_referrers(snapshot),
        _share_sign_ups(snapshot),
    ]
    return tuple(channel for channel in (*kinds, *behaviours) if len(channel.account))


def find_dealings(snapshot: Snapshot) -> tuple[Dealings, ...]:
    """Trades (buyer to seller) and referrals (referrer to account)."""
    orders = snapshot.orders
    known = (orders.seller >= 0) & (orders.seller != orders.buyer)
    trades = Dealings(TRADE, orders.buyer[known], orders.seller[known])
    others = snapshot.referral_by != snapshot.referral_account
    referrals = Dealings(REFERRAL, snapshot.referral_by[others], snapshot.referral_account[others])
    return tuple(channel for channel in (trades, referrals) if len(channel.source))


def find_review_targets(reviews: Reviews) -> Ints:
    """What each review is of (R,): the row of a product, -1 - the row of a seller, or ``NO_TARGET``."""
    by_seller = np.where(reviews.seller >= 0, -1 - reviews.seller, NO_TARGET)
    return np.where(reviews.product >= 0, reviews.product, by_seller)


def _share_identifiers(snapshot: Snapshot, kind: str) -> SharedThings:
    uses = snapshot.uses
    rows = np.flatnonzero((snapshot.identifier_kind == kind)[uses.identifier])
    return _gather(kind, uses.account[rows], uses.identifier[rows], uses.seen_at[rows], uses.identifier[rows])


def _share_opinions(snapshot: Snapshot, name: str) -> SharedThings:
    """Reviews of one target, of one opinion, in one week (Beutel et al., CopyCatch, WWW 2013)."""
    reviews = snapshot.reviews
    opinion = reviews.rating >= GOOD_RATING if name == PRAISE else reviews.rating <= BAD_RATING
    target = find_review_targets(reviews)
    rows = np.flatnonzero(opinion & (target != NO_TARGET) & ~np.isnat(reviews.reviewed_at))
    at = reviews.reviewed_at[rows]
    return _gather(name, reviews.author[rows], _window(target[rows], at, OPINION_WINDOW_DAYS[name]), at, target[rows])


def _share_refunds(snapshot: Snapshot) -> SharedThings:
    """Refunds and disputes asked of one seller in one window."""
    orders = snapshot.orders
    refunds = [code for code, status in enumerate(orders.status_names) if status.casefold() in REFUND_STATUSES]
    rows = np.flatnonzero(np.isin(orders.status, refunds) & (orders.seller >= 0) & ~np.isnat(orders.ordered_at))
    seller, at = -1 - orders.seller[rows], orders.ordered_at[rows]
    return _gather(REFUND, orders.buyer[rows], _window(seller, at, REFUND_WINDOW_DAYS), at, seller)


def _share_referrers(snapshot: Snapshot) -> SharedThings:
    by = snapshot.referral_by
    nowhen = np.full(len(by), "NaT", dtype="datetime64[us]")
    return _gather(REFERRED, snapshot.referral_account, by, nowhen, -1 - by)


def _share_sign_ups(snapshot: Snapshot) -> SharedThings:
    """Accounts created in one slot, so short that on a usual day it holds one account."""
    rows = np.flatnonzero(~np.isnat(snapshot.created_at))
    at = snapshot.created_at[rows]
    micros = at.astype(np.int64)
    busy_half = np.ptp(np.quantile(micros, [0.25, 0.75])) if len(rows) else 0.0
    slot_micros = max(60_000_000, int(2 * busy_half / max(len(rows), 1)))
    return _gather(SIGN_UP, rows, micros // slot_micros, at, np.zeros(len(rows), dtype=np.int64))


def _window(target: Ints, at: Times, days: int) -> Ints:
    """A code for each (target, window of days)."""
    window = at.astype(np.int64) // (days * MICROS_PER_DAY)
    window -= window.min(initial=0)
    return target * (int(window.max(initial=0)) + 1) + window


def _gather(name: str, account: Ints, code: Ints, at: Times, subject: Ints) -> SharedThings:
    """Distinct (account, code) pairs with codes renumbered and their first and last time."""
    _, first_row, thing = np.unique(code, return_index=True, return_inverse=True)
    order = np.lexsort((at, account, thing))
    account, thing, at = account[order], thing[order], at[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(account) != 0) | (np.diff(thing) != 0)
    begin = np.flatnonzero(starts)
    end = np.append(begin, len(order))[1:] - 1
    # NaT sorts last: step back to the first time where the last one is unknown.
    last_at = np.where(np.isnat(at[end]), at[begin], at[end])
    return SharedThings(name, account[begin], thing[begin], at[begin], last_at, subject[first_row])
