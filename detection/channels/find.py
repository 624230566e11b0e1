"""The ways in which accounts are connected, each as an incidence of accounts and shared things.

A *thing* is whatever two accounts can have in common: a device, an address, the reviews of one
target at one time with one opinion, the refunds asked of one seller, the person who referred them,
the hour in which they signed up.  What happens at a time is looked at in several *grains*, from
coarse to fine: a campaign may take a day or half a year, and be about a product or all that a
seller offers.  Dealings between accounts (trades) are direct links.  Every channel is a
function of the snapshot and falls silent where its columns are missing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detection.channels.circulation import count_earlier_sales, find_laps, find_sales
from detection.channels.facts import find_kept_trades, find_refunds, find_shared_placeholders
from detection.channels.incidence import ANYTHING, Dealings, SharedThings, gather_things, stack_grains
from detection.channels.record import Channel
from detection.channels.windows import MICROS_PER_DAY, DatedActs, number_windows, part_in_time, share_in_time
from detection.policy import Policy
from graph.model import Snapshot


def find_identifiers(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Identifiers of one kind, in their canonical spelling."""
    uses, is_meant = snapshot.uses, snapshot.identifier_kind == record.name
    if policy.ignore_placeholders:
        is_meant = is_meant & ~find_shared_placeholders(snapshot, is_meant)
    rows = np.flatnonzero(is_meant[uses.identifier])
    identifier, at = uses.identifier[rows], uses.seen_at[rows]
    thing = identifier if record.lease_days is None else part_in_time(identifier, at, record.lease_days)
    found = gather_things(record, uses.account[rows], thing, at, identifier)
    # Of a kind that hardly anybody has given, all there is may be a ring's.
    return replace(found, unshared=round(policy.prior_uses)) if record.is_ones_own else found


def find_praise_or_blame(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Reviews of one target, of one opinion, at one time (Beutel et al., CopyCatch, WWW 2013)."""
    reviews = snapshot.reviews
    is_praise = record.party == "beneficiary"
    opinion = reviews.rating >= policy.good_rating if is_praise else reviews.rating <= policy.bad_rating
    rows = np.flatnonzero(opinion & ((reviews.product >= 0) | (reviews.seller >= 0)))
    product, seller = reviews.product[rows], reviews.seller[rows]
    of_product = np.where(product >= 0, product, -1 - seller)
    of_seller = np.where(seller >= 0, -1 - seller, product)
    # Bought praise is of one product, or of whatever a seller offers: both are looked at, and the better one counts.
    acts = [DatedActs(reviews.author[rows], target, reviews.reviewed_at[rows]) for target in (of_product, of_seller)]
    return share_in_time(record, acts if (product >= 0).any() else acts[1:])


def find_refund_claims(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Refunds and disputes asked of one seller at one time."""
    orders = snapshot.orders
    rows = np.flatnonzero(find_refunds(snapshot, policy) & (orders.seller >= 0))
    of_seller = -1 - orders.seller[rows]
    of_product = np.where(orders.product[rows] >= 0, orders.product[rows], of_seller)
    # A refund may be asked for one product that all buy for it, or of whatever a seller offers.
    targets = [of_product, of_seller] if (orders.product[rows] >= 0).any() else [of_seller]
    return share_in_time(record, [DatedActs(orders.buyer[rows], each, orders.ordered_at[rows]) for each in targets])


def find_purchases(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Products bought at one time, but for those that a refund or a review speaks of already, or that go round."""
    orders, reviews = snapshot.orders, snapshot.reviews
    width = snapshot.n_products + 1
    # A purchase that is reviewed or refunded would count the same deed in two channels.
    spoken_of = np.isin(orders.buyer * width + orders.product, reviews.author * width + reviews.product)
    # An item that goes round is another channel's.
    goes_round = np.isin(orders.product, orders.product[count_earlier_sales(orders) > 0])
    rows = np.flatnonzero((orders.product >= 0) & ~spoken_of & ~goes_round & ~find_refunds(snapshot, policy))
    acts = DatedActs(orders.buyer[rows], orders.product[rows], orders.ordered_at[rows])
    return share_in_time(record, [acts])


def find_items_back(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Items that went round: through whose hands each passed, from when it was sold until its seller had it again."""
    orders = snapshot.orders
    bought = find_sales(orders)
    order, lap = find_laps(orders)
    # What these bought besides is what chance could have let go round.
    others = np.setdiff1d(np.flatnonzero(bought & np.isin(orders.buyer, orders.buyer[order])), order)
    rows, thing = np.concatenate([order, others]), np.concatenate([lap, -1 - np.arange(len(others))])
    found = gather_things(record, orders.buyer[rows], thing, orders.ordered_at[rows], orders.product[rows])
    return replace(found, unshared=int(bought.sum()) - len(rows))


def find_referrers(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Whoever referred others, and those whom they referred, share the referrer."""
    known = snapshot.referral_by != snapshot.referral_account
    by, referred = snapshot.referral_by[known], snapshot.referral_account[known]
    nowhen = np.full(2 * len(by), "NaT", dtype="datetime64[us]")
    return gather_things(record, np.concatenate([referred, by]), np.tile(by, 2), nowhen, np.tile(-1 - by, 2))


def find_sign_ups(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Accounts created at one time; windows overlap by half, so that no moment is a border in all."""
    rows = np.flatnonzero(~np.isnat(snapshot.created_at))
    at, nothing = snapshot.created_at[rows], np.full(len(rows), ANYTHING)
    grains = []
    # A border between windows would cut a group in two; shifted by half, one of the two windows holds it.
    for days in record.windows_days:
        for shift in (0, int(days * MICROS_PER_DAY) // 2):
            window = number_windows(at + np.timedelta64(shift, "us"), days)
            grains.append(gather_things(record, rows, window, at, nothing))
    return stack_grains(grains)


def find_trades(snapshot: Snapshot, record: Channel, policy: Policy) -> Dealings:
    """Trades, from buyer to seller, but for those that a refund speaks of already."""
    orders, kept = snapshot.orders, find_kept_trades(snapshot, policy)
    return Dealings(record, orders.buyer[kept], orders.seller[kept])
