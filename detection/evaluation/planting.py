"""Rings planted in a copy of a market: new accounts that behave as its own do, and conspire besides.

Honest groups too: they live on as everybody does, for most of the market's time, and have a home, a hobby, a favourite
shop or a first day in common.

Everything that a ring does is drawn from the market itself: how old accounts are when they act, how many
identifiers of each kind they have, what is bought from whom for how much, what is reviewed.  Camouflage
is the activity of real accounts, copied.  The snapshot that is handed in is not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from detection.channels.windows import MICROS_PER_DAY
from detection.evaluation.market_draft import (
    NOWHEN,
    HonestKind,
    MarketDraft,
    PlantPlan,
    RingDraft,
    extend_market,
    pick_sales,
    pick_verdicts,
)
from detection.evaluation.simulation.rings import spread_over_members
from detection.policy import DEFAULT_POLICY
from graph.model import Ints, Orders, Snapshot
from graph.vocabulary import RING_KINDS, RingKind

NO_SHARING = "none"
CAMPAIGN_DAYS = 20.0
USUAL_DAYS = 60
"""How long before its campaign an account begins to act in a market that knows no times of signing up."""
SIGN_UP_MINUTES = 10.0
"""Between one account of a farm and the next."""
CLASS_HOURS = 4.0
"""In which a class signs up."""
DEALINGS_EACH = 5
"""Ordinary dealings of a member of an honest group."""
HONEST_KINDS: tuple[HonestKind, ...] = get_args(HonestKind)


@dataclass(frozen=True)
class PlantedMarket:
    """A market with rings: the snapshot, and the members of each plan's ring by id."""

    snapshot: Snapshot
    members: tuple[frozenset[str], ...]


def find_plantable_honest(snapshot: Snapshot) -> tuple[HonestKind, ...]:
    """The kinds of honest groups that a market has facts for."""
    has_sales, has_verdicts = pick_sales(snapshot.orders).size > 0, pick_verdicts(snapshot.reviews).size > 0
    there = {
        "household": len(snapshot.uses.account) > 0,
        "club": has_sales,
        "fans": has_verdicts,
        "class": not np.isnat(snapshot.created_at).all(),
    }
    return tuple(kind for kind in HONEST_KINDS if there[kind])


def find_plantable(snapshot: Snapshot) -> dict[RingKind, str]:
    """The kinds of rings that can be planted in a market; why not, for those that cannot; else ''."""
    orders, reviews = snapshot.orders, snapshot.reviews
    no_orders = "" if pick_sales(orders).size else "no orders with a known seller and time"
    no_reviews = "" if pick_verdicts(reviews).size else "no reviews with a target, a rating and a time"
    no_refunds = no_orders or ("" if _list_refund_codes(orders) else "no orders that were refunded or disputed")
    no_farms = "" if len(snapshot.referral_account) or not np.isnat(snapshot.created_at).all() else (
        "no referrals and no times of signing up"
    )  # fmt: skip
    no_things = "" if len(snapshot.uses.account) else "no identifiers"
    reasons = (no_orders, no_reviews, no_reviews, no_refunds, no_farms, no_things)
    return dict(zip(RING_KINDS, reasons, strict=True))


def plant_rings(snapshot: Snapshot, plans: Sequence[PlantPlan], rng: np.random.Generator) -> PlantedMarket:
    """Copy a market and plant rings in the copy, O(facts of the market).

    Parameters
    ----------
    snapshot
        The market; its rows keep their numbers, and the new accounts come after them.
    plans
        What to plant; kinds that `find_plantable` says cannot be planted do nothing.
    rng
        The same state gives the same copy.
    """
    draft = MarketDraft(snapshot, rng)
    members = []
    for plan in plans:
        first = snapshot.n_accounts + sum(map(len, draft.created))
        ring = _found_ring(draft, plan, np.arange(first, first + plan.size))
        draft.created.append(ring.created)
        n_dealings = _count_dealings(draft)
        _CAMPAIGNS[plan.kind](draft, ring)
        _hide(draft, ring, round(plan.camouflage * (_count_dealings(draft) - n_dealings)))
        _identify(draft, ring)
        members.append(ring.members)
    market = extend_market(draft)
    return PlantedMarket(market, tuple(frozenset(market.account_id[rows].tolist()) for rows in members))


def _count_dealings(draft: MarketDraft) -> int:
    return sum(map(len, draft.amounts)) + sum(map(len, draft.ratings))


def _found_ring(draft: MarketDraft, plan: PlantPlan, members: Ints) -> RingDraft:
    """Choose when a ring acts, in the middle of the records, and when its accounts were made."""
    snapshot, rng = draft.snapshot, draft.rng
    if not len(draft.times):
        return RingDraft(plan, members, np.full(plan.size, NOWHEN), NOWHEN, NOWHEN)
    first, last = np.quantile(draft.times, [0.1, 0.9] if plan.kind in HONEST_KINDS else [0.3, 0.9])
    begins = int(first if plan.kind in HONEST_KINDS else rng.uniform(first, last))
    lasts = int(last - first) if plan.kind in HONEST_KINDS else int(CAMPAIGN_DAYS * MICROS_PER_DAY)
    ends = min(begins + lasts, int(draft.times[-1]))
    if np.isnat(snapshot.created_at).all():
        created = np.full(plan.size, NOWHEN)
    elif plan.kind == "farm":
        steps = rng.exponential(SIGN_UP_MINUTES * 60e6, plan.size).cumsum()
        created = (begins - float(_draw_ages(draft, 1)[0]) + steps).astype(np.int64)
    elif plan.kind == "class":
        came = rng.uniform(0, CLASS_HOURS * MICROS_PER_DAY / 24, plan.size)
        created = (begins - float(_draw_ages(draft, 1)[0]) + came).astype(np.int64)
    else:
        created = begins - _draw_ages(draft, plan.size)
    return RingDraft(plan, members, created, begins, max(ends, begins + 1))


def _draw_ages(draft: MarketDraft, count: int) -> Ints:
    """How old the market's accounts are when they buy or review (count,), microseconds."""
    return draft.rng.choice(draft.ages, count) if len(draft.ages) else np.full(count, MICROS_PER_DAY)


def _draw_times(draft: MarketDraft, ring: RingDraft, count: int) -> Ints:
    """Times in one to three waves of the campaign."""
    if ring.begins == NOWHEN:
        return np.full(count, NOWHEN)
    span = ring.ends - ring.begins
    waves = draft.rng.integers(0, span, int(draft.rng.integers(1, 4)))
    at = ring.begins + draft.rng.choice(waves, count) + draft.rng.uniform(0, 0.15 * span, count).astype(np.int64)
    times: Ints = np.minimum(at, ring.ends)
    return times


def _list_refund_codes(orders: Orders) -> list[int]:
    codes = [code for code, name in enumerate(orders.status_names) if name.casefold() in DEFAULT_POLICY.refund_statuses]
    return [code for code in codes if (orders.status == code).any()]


def _usual_status(orders: Orders) -> int:
    """The status that most orders have."""
    known = orders.status[orders.status >= 0]
    return int(np.bincount(known).argmax()) if len(known) else -1


def _trade(draft: MarketDraft, ring: RingDraft) -> None:
    """Trade in circles and back and forth, by listings where the market has them."""
    rng, orders, n = draft.rng, draft.snapshot.orders, ring.plan.size
    sales = draft.sales
    by_listing = np.mean(orders.product[sales] >= 0) > 0.5
    listing = np.array([draft.list_product(int(row)) if by_listing else -1 for row in ring.members])
    count = int(n * rng.uniform(2.5, 6.0))
    first = rng.integers(0, n, count)
    step = rng.choice([1, 2], count, p=[0.75, 0.25]) * rng.choice([1, -1], count, p=[0.75, 0.25])
    second = (first + np.where(n > 2, step, 1)) % n
    amount = rng.choice(orders.amount[sales], count)
    at, status = _draw_times(draft, ring, count), np.full(count, _usual_status(orders))
    draft.order(ring.members[first], ring.members[second], listing[second], at, status, amount)


def _praise(draft: MarketDraft, ring: RingDraft) -> None:
    _rate(draft, ring, (5.0, 5.0, 5.0, 5.0, 4.0), order_share=0.65)


def _slander(draft: MarketDraft, ring: RingDraft) -> None:
    _rate(draft, ring, (1.0, 1.0, 1.0, 1.0, 2.0), order_share=0.4)


def _rate(draft: MarketDraft, ring: RingDraft, ratings: tuple[float, ...], *, order_share: float) -> None:
    """Rate one to three targets of a real seller, some after an order."""
    rng, reviews = draft.rng, draft.snapshot.reviews
    target = _choose_targets(draft)
    each = rng.integers(1, len(target) + 1, len(ring.members))
    author = np.repeat(ring.members, each)
    chosen = target[np.concatenate([rng.permutation(len(target))[:count] for count in each])]
    at = _draw_times(draft, ring, len(author))
    product, seller = reviews.product[chosen], reviews.seller[chosen]
    draft.review(author, product, seller, at, rng.choice(ratings, len(author)))
    sales = draft.sales
    buys = (rng.random(len(author)) < order_share) & (seller >= 0) & bool(len(sales))
    if buys.any():
        before = rng.lognormal(np.log(3.0 * MICROS_PER_DAY), 0.8, int(buys.sum())).astype(np.int64)
        ordered = np.maximum(at[buys] - before, draft.find_made(ring, author[buys], NOWHEN))
        amount = rng.choice(draft.snapshot.orders.amount[sales], len(ordered))
        status = np.full(len(ordered), _usual_status(draft.snapshot.orders))
        draft.order(author[buys], seller[buys], product[buys], ordered, status, amount)


def _choose_targets(draft: MarketDraft) -> Ints:
    """Reviews of one to three different targets of one seller (of the market, where sellers are unknown)."""
    reviews = draft.snapshot.reviews
    known = draft.verdicts
    first = int(draft.rng.choice(known))
    same = known[reviews.seller[known] == reviews.seller[first]]
    _, one_each = np.unique(np.stack([reviews.product[same], reviews.seller[same]]), axis=1, return_index=True)
    return draft.rng.permutation(same[one_each])[:3]


def _claim_refunds(draft: MarketDraft, ring: RingDraft) -> None:
    """Order from two to five shops, and claim three orders in four back."""
    rng, orders = draft.rng, draft.snapshot.orders
    sales = draft.sales
    shops = np.unique(orders.seller[rng.choice(sales, int(rng.integers(2, 6)))])
    shelf = sales[np.isin(orders.seller[sales], shops)]
    buyer = np.repeat(ring.members, 1 + rng.poisson(2.0, len(ring.members)))
    what = rng.choice(shelf, len(buyer))
    claimed = rng.choice(_list_refund_codes(orders), len(buyer))
    status = np.where(rng.random(len(buyer)) < 0.75, claimed, _usual_status(orders))
    at = _draw_times(draft, ring, len(buyer))
    draft.order(buyer, orders.seller[what], orders.product[what], at, status, orders.amount[what])


def _farm(draft: MarketDraft, ring: RingDraft) -> None:
    """Refer one another in a tree where the market has referrals, then buy something each in the same few shops."""
    rng, orders = draft.rng, draft.snapshot.orders
    if len(draft.snapshot.referral_account):
        child = np.arange(1, len(ring.members))
        fan_out = int(rng.integers(2, 7))
        draft.referrals.append(np.stack([ring.members[child], ring.members[(child - 1) // fan_out]]))
    sales = draft.sales
    if len(sales):
        shelf = rng.choice(sales, 3 + len(ring.members) // 4)
        what = rng.choice(shelf, len(ring.members))
        at = _draw_times(draft, ring, len(what))
        status = np.full(len(what), _usual_status(orders))
        draft.order(ring.members, orders.seller[what], orders.product[what], at, status, orders.amount[what])


def _live_on(draft: MarketDraft, ring: RingDraft) -> None:
    """Buy and review what others do."""
    _hide(draft, ring, DEALINGS_EACH * ring.plan.size)


def _swap(draft: MarketDraft, ring: RingDraft) -> None:
    """Trade with one another, season after season, beside an ordinary life."""
    _trade(draft, ring)
    _live_on(draft, ring)


def _admire(draft: MarketDraft, ring: RingDraft) -> None:
    """Praise one seller, as its customers, beside an ordinary life."""
    _praise(draft, ring)
    _live_on(draft, ring)


def _idle(draft: MarketDraft, ring: RingDraft) -> None:
    """Do nothing but share."""


def _hide(draft: MarketDraft, ring: RingDraft, count: int) -> None:
    """Copy ordinary dealings of real accounts: what they bought and reviewed, at times of the members' own."""
    rng, orders, reviews = draft.rng, draft.snapshot.orders, draft.snapshot.reviews
    sales, verdicts = draft.sales, draft.verdicts
    pool = len(sales) + len(verdicts)
    if not pool or not count:
        return
    drawn = rng.integers(0, pool, count)
    who = rng.choice(ring.members, count)
    begins = draft.find_made(ring, who, ring.begins - USUAL_DAYS * MICROS_PER_DAY)
    at = begins + (rng.random(count) * np.maximum(ring.ends - begins, 1)).astype(np.int64)
    buys = drawn < len(sales)
    what = sales[drawn[buys]]
    draft.order(
        who[buys], orders.seller[what], orders.product[what], at[buys], orders.status[what], orders.amount[what]
    )
    said = verdicts[drawn[~buys] - len(sales)]
    draft.review(who[~buys], reviews.product[said], reviews.seller[said], at[~buys], reviews.rating[said])


def _identify(draft: MarketDraft, ring: RingDraft) -> None:
    """Give members as many identifiers of their own as real accounts have, and let a few at a time share one kind."""
    shared = ring.plan.sharing
    account, value = spread_over_members(draft.rng, ring.members) if shared != NO_SHARING else (ring.members[:0],) * 2
    if len(account):
        _use(draft, ring, account, draft.issue(shared, int(value.max()) + 1)[value])
    for kind, per_account in draft.things_per_account.items():
        own = draft.rng.choice(per_account, len(ring.members))
        if kind == shared:  # a shared thing takes the place of one of its own
            own = np.maximum(own - np.isin(ring.members, account), 0)
        _use(draft, ring, np.repeat(ring.members, own), draft.issue(kind, int(own.sum())))


def _use(draft: MarketDraft, ring: RingDraft, account: Ints, identifier: Ints) -> None:
    """See accounts with identifiers, once each, some time between their making and the campaign's end."""
    if ring.begins == NOWHEN or np.isnat(draft.snapshot.uses.seen_at).all():
        at = np.full(len(account), NOWHEN)
    else:
        begins = draft.find_made(ring, account, ring.begins - USUAL_DAYS * MICROS_PER_DAY)
        at = begins + (draft.rng.random(len(account)) * np.maximum(ring.ends - begins, 1)).astype(np.int64)
    draft.uses.append(np.stack([account, identifier, at]))


_CAMPAIGNS: dict[RingKind | HonestKind, Callable[[MarketDraft, RingDraft], None]] = {
    "trade": _trade,
    "review": _praise,
    "attack": _slander,
    "refund": _claim_refunds,
    "farm": _farm,
    "shared-identity": _idle,
    "household": _live_on,
    "club": _swap,
    "fans": _admire,
    "class": _live_on,
}
