"""The ways in which accounts are connected, each as an incidence of accounts and shared things.

A *thing* is whatever two accounts can have in common: a device, an address, the reviews of one
target at one time with one opinion, the refunds asked of one seller, the person who referred them,
the hour in which they signed up.  What happens at a time is looked at in several *grains*, from
coarse to fine: a campaign may take a day or half a year, and be about a product or all that a
seller offers.  Dealings between accounts (trades) are direct links.  Every channel is a
function of the snapshot and falls silent where its columns are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from detection.side_by_side import map_threads
from graph.model import Ints, Reviews, Snapshot, Times

DEED_WINDOWS_DAYS = (4, 32, 256)
"""Windows in which accounts do the same to one target; where no time is known, there is but one."""
PURCHASE_WINDOWS_DAYS = (1, 4, 16)
"""Longer ones show who likes what."""
SIGN_UP_WINDOWS_DAYS = (1 / 24, 1 / 4, 1.5, 9)
NETWORK, LEASE_DAYS = "ip", 90
"""Uses of a network address further apart than this are by different people."""
REFUND_STATUSES = frozenset({"refunded", "disputed", "chargeback", "charged_back", "returned"})
GOOD_RATING, BAD_RATING = 4.0, 2.0

PRAISE, BLAME, REFUND, PURCHASE, REFERRED, SIGN_UP, TRADE = (
    "praise", "blame", "refund", "purchase", "referral", "sign-up", "trade",
)  # fmt: skip
BEHAVIOUR = frozenset({PRAISE, BLAME, REFUND, PURCHASE, REFERRED, SIGN_UP, TRADE})
DONE_WITH_SELLERS = (PRAISE, BLAME, REFUND, PURCHASE)
NO_TARGET = int(np.iinfo(np.int64).min)
ANYTHING = NO_TARGET + 1
"""The subject of what is shared in time only."""
MICROS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class ByAccount:
    """Facts of which each is about one account, found by account.

    The rows of account a are ``order[begin[a]:begin[a] + count[a]]``.
    """

    order: Ints
    begin: Ints
    count: Ints


def index_by_account(account: Ints) -> ByAccount:
    """Index facts (F,) by the account that each is about, O(F log F)."""
    count = np.bincount(account)
    return ByAccount(np.argsort(account, kind="stable"), np.cumsum(count) - count, count)


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
    grain : (n_things,) how coarsely the thing is taken, 0..n_grains-1; a group is judged by the
        grain that says most about it
    stratum : (n_things,) which things compete for the same deeds, 0..: chance deals out what
        accounts did in one window among what was done in that window
    """

    name: str
    account: Ints
    thing: Ints
    first_at: Times
    last_at: Times
    subject: Ints
    grain: Ints
    stratum: Ints

    @cached_property
    def by_account(self) -> ByAccount:
        """The uses of each account."""
        return index_by_account(self.account)

    @cached_property
    def stratum_uses(self) -> Ints:
        """The uses of all things of each stratum."""
        return np.bincount(self.stratum[self.thing])

    @cached_property
    def n_grains(self) -> int:
        """In how many grains the channel is looked at."""
        return int(self.grain.max(initial=0)) + 1

    @property
    def n_things(self) -> int:
        """How many distinct things there are."""
        return len(self.subject)

    @cached_property
    def popularity(self) -> Ints:
        """How many accounts share each thing (n_things,)."""
        return np.bincount(self.thing, minlength=self.n_things)

    @cached_property
    def crowd(self) -> Ints:
        """How many accounts ever shared the subject of each thing (n_things,), for identifiers."""
        pairs = np.unique(np.stack([self.subject[self.thing], self.account]), axis=1)
        subject, count = np.unique(pairs[0], return_counts=True)
        return count[np.searchsorted(subject, self.subject)]

    @cached_property
    def overlaps(self) -> NDArray[np.bool_]:
        """Which things two accounts used at the same time, or at unknown times (n_things,)."""
        order = np.lexsort((self.first_at, self.thing))
        thing, first, last = self.thing[order], self.first_at[order], self.last_at[order]
        again = thing[1:] == thing[:-1]
        unknown = np.isnat(first[1:]) | np.isnat(last[:-1]) | (first[:-1] == last[:-1])
        together = again & (unknown | (first[1:] <= last[:-1]))
        overlaps = np.zeros(self.n_things, dtype=bool)
        overlaps[thing[1:][together]] = True
        return overlaps

    @cached_property
    def began_at(self) -> Times:
        """When each thing was first seen (n_things,), NaT where unknown."""
        began = np.full(self.n_things, np.iinfo(np.int64).max)
        known = ~np.isnat(self.first_at)
        np.minimum.at(began, self.thing[known], self.first_at[known].astype(np.int64))
        return np.where(began < np.iinfo(np.int64).max, began, np.iinfo(np.int64).min).astype("datetime64[us]")

    @cached_property
    def ended_at(self) -> Times:
        """When each thing was last seen (n_things,), NaT where unknown."""
        ended = np.full(self.n_things, np.iinfo(np.int64).min)  # which is how NaT is kept
        np.maximum.at(ended, self.thing, self.last_at.astype(np.int64))
        return ended.astype("datetime64[us]")


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


def find_review_targets(reviews: Reviews) -> Ints:
    """What each review is of (R,): the row of a product, -1 - the row of a seller, or ``NO_TARGET``."""
    by_seller = np.where(reviews.seller >= 0, -1 - reviews.seller, NO_TARGET)
    return np.where(reviews.product >= 0, reviews.product, by_seller)


def find_thing_sellers(channel: SharedThings, snapshot: Snapshot) -> Ints:
    """The seller concerned by each thing whose subject is a product or an account (n_things,)."""
    subject = channel.subject
    listed_by = snapshot.product_seller[np.maximum(subject, 0)] if snapshot.n_products else np.full(len(subject), -1)
    return np.where(subject >= 0, listed_by, np.where(subject == ANYTHING, -1, -1 - subject))


def _share_identifiers(snapshot: Snapshot, kind: str) -> SharedThings:
    uses = snapshot.uses
    rows = np.flatnonzero((snapshot.identifier_kind == kind)[uses.identifier])
    identifier, at = uses.identifier[rows], uses.seen_at[rows]
    thing = _part_in_time(identifier, at, LEASE_DAYS) if kind == NETWORK else identifier
    return _gather(kind, uses.account[rows], thing, at, identifier)


def _part_in_time(code: Ints, at: Times, idle_days: float) -> Ints:
    """Codes parted where nothing is heard of them for long: an address on the network goes from hand to hand."""
    order = np.lexsort((at, code))
    sorted_code, days = code[order], at[order].astype(np.int64) / MICROS_PER_DAY
    idle = (np.diff(days, prepend=days[:1]) > idle_days) & ~np.isnat(at[order])
    begins = (np.diff(sorted_code, prepend=-1) != 0) | idle
    parted = np.empty_like(code)
    parted[order] = np.cumsum(begins)
    return parted


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


def find_refunds(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Which orders were refunded or disputed (O,)."""
    names = snapshot.orders.status_names
    refunds = [code for code, status in enumerate(names) if status.casefold() in REFUND_STATUSES]
    return np.isin(snapshot.orders.status, refunds)


@dataclass(frozen=True)
class Deeds:
    """Who did something to which target, and when."""

    account: Ints
    target: Ints
    at: Times


def share_deeds(name: str, levels: Iterable[Deeds], windows_days: Iterable[float]) -> SharedThings:
    """What accounts do to one target within each window, and that they do it at that time at all.

    The two are apart so that being busy at the same time counts once, however much is done then.
    """
    grains = []
    for deeds in levels:
        if np.isnat(deeds.at).all():
            grains.append(_gather(name, deeds.account, deeds.target, deeds.at, deeds.target))
        else:
            grains += [_share_in_windows(name, deeds, days) for days in windows_days]
    return _stack_grains(grains)


def _share_in_windows(name: str, deeds: Deeds, days: float) -> SharedThings:
    dated = np.flatnonzero(~np.isnat(deeds.at))
    account, target, at = deeds.account[dated], deeds.target[dated], deeds.at[dated]
    window = _number_windows(at, days)
    when = _gather(name, account, window, at, np.full(len(window), ANYTHING))
    what = _gather(name, account, target * (int(window.max(initial=0)) + 1) + window, at, target)
    stratum = np.empty(what.n_things, dtype=np.int64)
    stratum[what.thing] = 1 + _number_windows(what.first_at, days)
    return _join_parts([when, replace(what, stratum=stratum)])


def _share_referrers(snapshot: Snapshot) -> SharedThings:
    """Whoever referred others, and those whom they referred, share the referrer."""
    known = snapshot.referral_by != snapshot.referral_account
    by, referred = snapshot.referral_by[known], snapshot.referral_account[known]
    nowhen = np.full(2 * len(by), "NaT", dtype="datetime64[us]")
    return _gather(REFERRED, np.concatenate([referred, by]), np.tile(by, 2), nowhen, np.tile(-1 - by, 2))


def _share_sign_ups(snapshot: Snapshot) -> SharedThings:
    """Accounts created at one time; windows overlap by half, so that no moment is a border in all."""
    rows = np.flatnonzero(~np.isnat(snapshot.created_at))
    at, nothing = snapshot.created_at[rows], np.full(len(rows), ANYTHING)
    grains = []
    for days in SIGN_UP_WINDOWS_DAYS:
        for shift in (0, int(days * MICROS_PER_DAY) // 2):
            window = _number_windows(at + np.timedelta64(shift, "us"), days)
            grains.append(_gather(SIGN_UP, rows, window, at, nothing))
    return _stack_grains(grains)


def _number_windows(at: Times, days: float) -> Ints:
    """The window of days in which each time lies, from 0."""
    window = at.astype(np.int64) // int(days * MICROS_PER_DAY)
    numbered: Ints = window - window.min(initial=np.iinfo(np.int64).max)
    return numbered


def _stack_grains(grains: list[SharedThings]) -> SharedThings:
    """One channel of several grains."""
    return _join_parts([replace(part, grain=np.full(part.n_things, place)) for place, part in enumerate(grains)])


def _join_parts(parts: list[SharedThings]) -> SharedThings:
    """Things of several parts as one channel, each with strata of its own."""
    things = np.cumsum([0, *(part.n_things for part in parts)])
    strata = np.cumsum([0, *(int(part.stratum.max(initial=-1)) + 1 for part in parts)])
    join = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _PLAIN_COLUMNS}
    thing = np.concatenate([part.thing + begin for part, begin in zip(parts, things, strict=False)])
    stratum = np.concatenate([part.stratum + begin for part, begin in zip(parts, strata, strict=False)])
    return SharedThings(parts[0].name, thing=thing, stratum=stratum, **join)


_PLAIN_COLUMNS = ("account", "first_at", "last_at", "subject", "grain")


def _gather(name: str, account: Ints, code: Ints, at: Times, subject: Ints) -> SharedThings:
    """Distinct (account, code) pairs with codes renumbered and their first and last time."""
    _, first_row, thing = np.unique(code, return_index=True, return_inverse=True)
    order = np.lexsort((at, thing * (int(account.max(initial=0)) + 1) + account))
    account, thing, at = account[order], thing[order], at[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(account) != 0) | (np.diff(thing) != 0)
    begin = np.flatnonzero(starts)
    end = np.append(begin, len(order))[1:] - 1
    # NaT sorts last: step back to the first time where the last one is unknown.
    last_at = np.where(np.isnat(at[end]), at[begin], at[end])
    plain = np.zeros(len(first_row), dtype=np.int64)
    return SharedThings(name, account[begin], thing[begin], at[begin], last_at, subject[first_row], plain, plain)
