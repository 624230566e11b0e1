"""Rings planted in a copy of a market: new accounts that behave as its own do, and conspire besides.

Everything that a ring does is drawn from the market itself: how old accounts are when they act, how many
identifiers of each kind they have, what is bought from whom for how much, what is reviewed.  Camouflage
is the activity of real accounts, copied.  The snapshot that is handed in is not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from detection.channels.facts import REFUND_STATUSES
from detection.channels.windows import MICROS_PER_DAY
from detection.evaluation.simulation.rings import spread_over_members
from graph.model import Floats, Ints, Orders, Reviews, Snapshot, Strings, Times, Uses

PlantKind = Literal["trade", "review", "attack", "refund", "farm", "shared-identity"]
PLANT_KINDS: tuple[PlantKind, ...] = ("trade", "review", "attack", "refund", "farm", "shared-identity")
NO_SHARING = "none"
CAMPAIGN_DAYS = 20.0
USUAL_DAYS = 60
"""How long before its campaign an account begins to act in a market that knows no times of signing up."""
SIGN_UP_MINUTES = 10.0
"""Between one account of a farm and the next."""
_NOWHEN = int(np.iinfo(np.int64).min)
"""NaT as an integer."""


@dataclass(frozen=True)
class PlantPlan:
    """One ring to plant.

    Attributes
    ----------
    kind, size
        What it does, with how many new accounts.
    sharing
        A kind of identifier that a few members at a time share, or ``none``.
    camouflage
        Ordinary dealings for each fraudulent one.
    """

    kind: PlantKind
    size: int
    sharing: str = "device"
    camouflage: float = 0.0


@dataclass(frozen=True)
class PlantedMarket:
    """A market with rings: the snapshot, and the members of each plan's ring by id."""

    snapshot: Snapshot
    members: tuple[frozenset[str], ...]


@dataclass
class _Seedbed:
    """Rows of new facts while they are being made; times in microseconds, ``_NOWHEN`` where unknown."""

    snapshot: Snapshot
    rng: np.random.Generator
    created: list[Ints] = field(default_factory=list)
    uses: list[Ints] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    orders: list[Ints] = field(default_factory=list)
    amounts: list[Floats] = field(default_factory=list)
    reviews: list[Ints] = field(default_factory=list)
    ratings: list[Floats] = field(default_factory=list)
    referrals: list[Ints] = field(default_factory=list)
    sellers: list[int] = field(default_factory=list)

    @cached_property
    def sales(self) -> Ints:
        """Rows of orders with a known seller and time."""
        return _pick_sales(self.snapshot.orders)

    @cached_property
    def verdicts(self) -> Ints:
        """Rows of reviews with a target, a rating and a time."""
        return _pick_verdicts(self.snapshot.reviews)

    @cached_property
    def times(self) -> Ints:
        """When anything happened in the market, sorted."""
        snapshot = self.snapshot
        times = np.concatenate([snapshot.orders.ordered_at, snapshot.reviews.reviewed_at, snapshot.uses.seen_at])
        return np.sort(times[~np.isnat(times)].astype(np.int64))

    @cached_property
    def ages(self) -> Ints:
        """How old the market's accounts were whenever they did something."""
        snapshot = self.snapshot
        who = np.concatenate([snapshot.orders.buyer, snapshot.reviews.author, snapshot.uses.account])
        at = np.concatenate([snapshot.orders.ordered_at, snapshot.reviews.reviewed_at, snapshot.uses.seen_at])
        known = ~(np.isnat(at) | np.isnat(snapshot.created_at[who]))
        ages: Ints = at[known].astype(np.int64) - snapshot.created_at[who[known]].astype(np.int64)
        return ages[ages >= 0]

    @cached_property
    def things_per_account(self) -> dict[str, Ints]:
        """How many identifiers of each kind each account has, by kind (N,)."""
        return {kind: _count_per_account(self.snapshot, kind) for kind in self.snapshot.identifier_kinds}

    @property
    def made(self) -> Ints:
        """When each account was made, the new ones included."""
        return np.concatenate([self.snapshot.created_at.astype(np.int64), *self.created])

    def find_made(self, ring: _Ring, accounts: Ints, otherwise: int) -> Ints:
        """When members of a ring were made; another instant where unknown."""
        made = ring.created[accounts - ring.members[0]]
        return np.where(made == _NOWHEN, otherwise, made)

    def issue(self, kind: str, count: int) -> Ints:
        """Rows of new identifiers."""
        first = self.snapshot.n_identifiers + len(self.kinds)
        self.kinds += [kind] * count
        return np.arange(first, first + count)

    def list_product(self, seller: int) -> int:
        """The row of a new listing."""
        self.sellers.append(seller)
        return self.snapshot.n_products + len(self.sellers) - 1

    def order(self, buyer: Ints, seller: Ints, product: Ints, at: Ints, status: Ints, amount: Floats) -> None:
        """Add orders."""
        self.orders.append(np.stack(np.broadcast_arrays(buyer, seller, product, at, status)))
        self.amounts.append(amount)

    def review(self, author: Ints, product: Ints, seller: Ints, at: Ints, rating: Floats) -> None:
        """Add reviews."""
        self.reviews.append(np.stack(np.broadcast_arrays(author, product, seller, at)))
        self.ratings.append(rating)


@dataclass(frozen=True)
class _Ring:
    """A plan's accounts (rows), when they were made, and when they act; microseconds."""

    plan: PlantPlan
    members: Ints
    created: Ints
    begins: int
    ends: int


def find_plantable(snapshot: Snapshot) -> dict[PlantKind, str]:
    """The kinds of rings that can be planted in a market; why not, for those that cannot; else ''."""
    orders, reviews = snapshot.orders, snapshot.reviews
    no_orders = "" if _pick_sales(orders).size else "no orders with a known seller and time"
    no_reviews = "" if _pick_verdicts(reviews).size else "no reviews with a target, a rating and a time"
    no_refunds = no_orders or ("" if _list_refund_codes(orders) else "no orders that were refunded or disputed")
    no_farms = "" if len(snapshot.referral_account) or not np.isnat(snapshot.created_at).all() else (
        "no referrals and no times of signing up"
    )  # fmt: skip
    no_things = "" if len(snapshot.uses.account) else "no identifiers"
    reasons = (no_orders, no_reviews, no_reviews, no_refunds, no_farms, no_things)
    return dict(zip(PLANT_KINDS, reasons, strict=True))


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
    bed = _Seedbed(snapshot, rng)
    members = []
    for plan in plans:
        first = snapshot.n_accounts + sum(map(len, bed.created))
        ring = _found_ring(bed, plan, np.arange(first, first + plan.size))
        bed.created.append(ring.created)
        n_dealings = _count_dealings(bed)
        _CAMPAIGNS[plan.kind](bed, ring)
        _hide(bed, ring, round(plan.camouflage * (_count_dealings(bed) - n_dealings)))
        _identify(bed, ring)
        members.append(ring.members)
    market = _extend(bed)
    return PlantedMarket(market, tuple(frozenset(market.account_id[rows].tolist()) for rows in members))


def _count_dealings(bed: _Seedbed) -> int:
    return sum(map(len, bed.amounts)) + sum(map(len, bed.ratings))


def _found_ring(bed: _Seedbed, plan: PlantPlan, members: Ints) -> _Ring:
    """Choose when a ring acts, in the middle of the records, and when its accounts were made."""
    snapshot, rng = bed.snapshot, bed.rng
    if not len(bed.times):
        return _Ring(plan, members, np.full(plan.size, _NOWHEN), _NOWHEN, _NOWHEN)
    first, last = np.quantile(bed.times, [0.3, 0.9])
    begins = int(rng.uniform(first, last))
    ends = min(begins + int(CAMPAIGN_DAYS * MICROS_PER_DAY), int(bed.times[-1]))
    if np.isnat(snapshot.created_at).all():
        created = np.full(plan.size, _NOWHEN)
    elif plan.kind == "farm":
        steps = rng.exponential(SIGN_UP_MINUTES * 60e6, plan.size).cumsum()
        created = (begins - float(_draw_ages(bed, 1)[0]) + steps).astype(np.int64)
    else:
        created = begins - _draw_ages(bed, plan.size)
    return _Ring(plan, members, created, begins, max(ends, begins + 1))


def _draw_ages(bed: _Seedbed, count: int) -> Ints:
    """How old the market's accounts are when they buy or review (count,), microseconds."""
    return bed.rng.choice(bed.ages, count) if len(bed.ages) else np.full(count, MICROS_PER_DAY)


def _draw_times(bed: _Seedbed, ring: _Ring, count: int) -> Ints:
    """Times in one to three waves of the campaign."""
    if ring.begins == _NOWHEN:
        return np.full(count, _NOWHEN)
    span = ring.ends - ring.begins
    waves = bed.rng.integers(0, span, int(bed.rng.integers(1, 4)))
    at = ring.begins + bed.rng.choice(waves, count) + bed.rng.uniform(0, 0.15 * span, count).astype(np.int64)
    times: Ints = np.minimum(at, ring.ends)
    return times


def _pick_sales(orders: Orders) -> Ints:
    return np.flatnonzero((orders.seller >= 0) & ~np.isnat(orders.ordered_at))


def _pick_verdicts(reviews: Reviews) -> Ints:
    has_target = (reviews.product >= 0) | (reviews.seller >= 0)
    return np.flatnonzero(has_target & ~np.isnan(reviews.rating) & ~np.isnat(reviews.reviewed_at))


def _list_refund_codes(orders: Orders) -> list[int]:
    codes = [code for code, name in enumerate(orders.status_names) if name.casefold() in REFUND_STATUSES]
    return [code for code in codes if (orders.status == code).any()]


def _usual_status(orders: Orders) -> int:
    """The status that most orders have."""
    known = orders.status[orders.status >= 0]
    return int(np.bincount(known).argmax()) if len(known) else -1


def _trade(bed: _Seedbed, ring: _Ring) -> None:
    """Trade in circles and back and forth, by listings where the market has them."""
    rng, orders, n = bed.rng, bed.snapshot.orders, ring.plan.size
    sales = bed.sales
    by_listing = np.mean(orders.product[sales] >= 0) > 0.5
    listing = np.array([bed.list_product(int(row)) if by_listing else -1 for row in ring.members])
    count = int(n * rng.uniform(2.5, 6.0))
    first = rng.integers(0, n, count)
    step = rng.choice([1, 2], count, p=[0.75, 0.25]) * rng.choice([1, -1], count, p=[0.75, 0.25])
    second = (first + np.where(n > 2, step, 1)) % n
    amount = rng.choice(orders.amount[sales], count)
    at, status = _draw_times(bed, ring, count), np.full(count, _usual_status(orders))
    bed.order(ring.members[first], ring.members[second], listing[second], at, status, amount)


def _praise(bed: _Seedbed, ring: _Ring) -> None:
    _rate(bed, ring, (5.0, 5.0, 5.0, 5.0, 4.0), order_share=0.65)


def _slander(bed: _Seedbed, ring: _Ring) -> None:
    _rate(bed, ring, (1.0, 1.0, 1.0, 1.0, 2.0), order_share=0.4)


def _rate(bed: _Seedbed, ring: _Ring, ratings: tuple[float, ...], *, order_share: float) -> None:
    """Rate one to three targets of a real seller, some after an order."""
    rng, reviews = bed.rng, bed.snapshot.reviews
    target = _choose_targets(bed)
    each = rng.integers(1, len(target) + 1, len(ring.members))
    author = np.repeat(ring.members, each)
    chosen = target[np.concatenate([rng.permutation(len(target))[:count] for count in each])]
    at = _draw_times(bed, ring, len(author))
    product, seller = reviews.product[chosen], reviews.seller[chosen]
    bed.review(author, product, seller, at, rng.choice(ratings, len(author)))
    sales = bed.sales
    buys = (rng.random(len(author)) < order_share) & (seller >= 0) & bool(len(sales))
    if buys.any():
        before = rng.lognormal(np.log(3.0 * MICROS_PER_DAY), 0.8, int(buys.sum())).astype(np.int64)
        ordered = np.maximum(at[buys] - before, bed.find_made(ring, author[buys], _NOWHEN))
        amount = rng.choice(bed.snapshot.orders.amount[sales], len(ordered))
        status = np.full(len(ordered), _usual_status(bed.snapshot.orders))
        bed.order(author[buys], seller[buys], product[buys], ordered, status, amount)


def _choose_targets(bed: _Seedbed) -> Ints:
    """Reviews of one to three different targets of one seller (of the market, where sellers are unknown)."""
    reviews = bed.snapshot.reviews
    known = bed.verdicts
    first = int(bed.rng.choice(known))
    same = known[reviews.seller[known] == reviews.seller[first]]
    _, one_each = np.unique(np.stack([reviews.product[same], reviews.seller[same]]), axis=1, return_index=True)
    return bed.rng.permutation(same[one_each])[:3]


def _claim_refunds(bed: _Seedbed, ring: _Ring) -> None:
    """Order from two to five shops, and claim three orders in four back."""
    rng, orders = bed.rng, bed.snapshot.orders
    sales = bed.sales
    shops = np.unique(orders.seller[rng.choice(sales, int(rng.integers(2, 6)))])
    shelf = sales[np.isin(orders.seller[sales], shops)]
    buyer = np.repeat(ring.members, 1 + rng.poisson(2.0, len(ring.members)))
    what = rng.choice(shelf, len(buyer))
    claimed = rng.choice(_list_refund_codes(orders), len(buyer))
    status = np.where(rng.random(len(buyer)) < 0.75, claimed, _usual_status(orders))
    at = _draw_times(bed, ring, len(buyer))
    bed.order(buyer, orders.seller[what], orders.product[what], at, status, orders.amount[what])


def _farm(bed: _Seedbed, ring: _Ring) -> None:
    """Refer one another in a tree where the market has referrals, then buy something each in the same few shops."""
    rng, orders = bed.rng, bed.snapshot.orders
    if len(bed.snapshot.referral_account):
        child = np.arange(1, len(ring.members))
        fan_out = int(rng.integers(2, 7))
        bed.referrals.append(np.stack([ring.members[child], ring.members[(child - 1) // fan_out]]))
    sales = bed.sales
    if len(sales):
        shelf = rng.choice(sales, 3 + len(ring.members) // 4)
        what = rng.choice(shelf, len(ring.members))
        at = _draw_times(bed, ring, len(what))
        status = np.full(len(what), _usual_status(orders))
        bed.order(ring.members, orders.seller[what], orders.product[what], at, status, orders.amount[what])


def _idle(bed: _Seedbed, ring: _Ring) -> None:
    """Do nothing but share."""


def _hide(bed: _Seedbed, ring: _Ring, count: int) -> None:
    """Copy ordinary dealings of real accounts: what they bought and reviewed, at times of the members' own."""
    rng, orders, reviews = bed.rng, bed.snapshot.orders, bed.snapshot.reviews
    sales, verdicts = bed.sales, bed.verdicts
    pool = len(sales) + len(verdicts)
    if not pool or not count:
        return
    drawn = rng.integers(0, pool, count)
    who = rng.choice(ring.members, count)
    begins = bed.find_made(ring, who, ring.begins - USUAL_DAYS * MICROS_PER_DAY)
    at = begins + (rng.random(count) * np.maximum(ring.ends - begins, 1)).astype(np.int64)
    buys = drawn < len(sales)
    what = sales[drawn[buys]]
    bed.order(who[buys], orders.seller[what], orders.product[what], at[buys], orders.status[what], orders.amount[what])
    said = verdicts[drawn[~buys] - len(sales)]
    bed.review(who[~buys], reviews.product[said], reviews.seller[said], at[~buys], reviews.rating[said])


def _identify(bed: _Seedbed, ring: _Ring) -> None:
    """Give members as many identifiers of their own as real accounts have, and let a few at a time share one kind."""
    shared = ring.plan.sharing
    account, value = spread_over_members(bed.rng, ring.members) if shared != NO_SHARING else (ring.members[:0],) * 2
    if len(account):
        _use(bed, ring, account, bed.issue(shared, int(value.max()) + 1)[value])
    for kind, per_account in bed.things_per_account.items():
        own = bed.rng.choice(per_account, len(ring.members))
        if kind == shared:  # a shared thing takes the place of one of its own
            own = np.maximum(own - np.isin(ring.members, account), 0)
        _use(bed, ring, np.repeat(ring.members, own), bed.issue(kind, int(own.sum())))


def _count_per_account(snapshot: Snapshot, kind: str) -> Ints:
    """How many identifiers of a kind each account of the market has (N,)."""
    rows = snapshot.identifier_kind[snapshot.uses.identifier] == kind
    pairs = np.unique(np.stack([snapshot.uses.account[rows], snapshot.uses.identifier[rows]]), axis=1)
    return np.bincount(pairs[0], minlength=snapshot.n_accounts)


def _use(bed: _Seedbed, ring: _Ring, account: Ints, identifier: Ints) -> None:
    """See accounts with identifiers, once each, some time between their making and the campaign's end."""
    if ring.begins == _NOWHEN or np.isnat(bed.snapshot.uses.seen_at).all():
        at = np.full(len(account), _NOWHEN)
    else:
        begins = bed.find_made(ring, account, ring.begins - USUAL_DAYS * MICROS_PER_DAY)
        at = begins + (bed.rng.random(len(account)) * np.maximum(ring.ends - begins, 1)).astype(np.int64)
    bed.uses.append(np.stack([account, identifier, at]))


def _extend(bed: _Seedbed) -> Snapshot:
    """The snapshot with the new rows, sorted as every snapshot is."""
    snapshot = bed.snapshot
    n_new = sum(map(len, bed.created))
    things = [f"{kind} {number:07d}" for number, kind in enumerate(bed.kinds)]
    referrals = np.concatenate([np.stack([snapshot.referral_account, snapshot.referral_by]), *bed.referrals], axis=1)
    referrals = referrals[:, np.lexsort(referrals[::-1])]
    return replace(
        snapshot,
        account_id=np.concatenate([snapshot.account_id, _name_after(snapshot.account_id, n_new)]),
        created_at=_as_times(bed.made),
        identifier_kind=np.concatenate([snapshot.identifier_kind, np.array(bed.kinds, dtype=object)]),
        identifier_value=np.concatenate([snapshot.identifier_value, np.array(things, dtype=object)]),
        uses=_extend_uses(bed),
        product_id=np.concatenate([snapshot.product_id, _name_after(snapshot.product_id, len(bed.sellers))]),
        product_price=np.concatenate([snapshot.product_price, np.full(len(bed.sellers), np.nan)]),
        product_seller=np.concatenate([snapshot.product_seller, np.array(bed.sellers, dtype=np.int64)]),
        orders=_extend_orders(bed),
        reviews=_extend_reviews(bed),
        referral_account=referrals[0],
        referral_by=referrals[1],
    )


def _name_after(names: Strings, count: int) -> Strings:
    """New ids that sort after all known ones, so that those keep their rows."""
    last = names[-1] if len(names) else ""
    return np.array([f"{last}~planted-{number:06d}" for number in range(count)], dtype=object)


def _as_times(micros: Ints) -> Times:
    return micros.astype("datetime64[us]")


def _extend_uses(bed: _Seedbed) -> Uses:
    uses = bed.snapshot.uses
    rows = np.concatenate([np.stack([uses.account, uses.identifier, uses.seen_at.astype(np.int64)]), *bed.uses], axis=1)
    account, identifier, seen_at = rows[0], rows[1], _as_times(rows[2])
    order = np.lexsort((seen_at, identifier, account))
    return Uses(account[order], identifier[order], seen_at[order])


def _extend_orders(bed: _Seedbed) -> Orders:
    old = bed.snapshot.orders
    first = np.stack([old.buyer, old.seller, old.product, old.ordered_at.astype(np.int64), old.status])
    rows, amount = np.concatenate([first, *bed.orders], axis=1), np.concatenate([old.amount, *bed.amounts])
    buyer, seller, product, at, status = rows[0], rows[1], rows[2], _as_times(rows[3]), rows[4]
    order = np.lexsort((amount, status, product, at, seller, buyer))
    return Orders(
        buyer[order], seller[order], product[order], amount[order], at[order], status[order], old.status_names
    )  # fmt: skip


def _extend_reviews(bed: _Seedbed) -> Reviews:
    old = bed.snapshot.reviews
    first = np.stack([old.author, old.product, old.seller, old.reviewed_at.astype(np.int64)])
    rows = np.concatenate([first, *bed.reviews], axis=1)
    names = np.concatenate([old.review_id, _name_after(old.review_id, rows.shape[1] - len(old.author))])
    rating = np.concatenate([old.rating, *bed.ratings])
    text = np.concatenate([old.text, np.full(len(names) - len(old.text), None)])
    return Reviews(names, rows[0], rows[1], rows[2], rating, _as_times(rows[3]), text)


_CAMPAIGNS: dict[PlantKind, Callable[[_Seedbed, _Ring], None]] = {
    "trade": _trade,
    "review": _praise,
    "attack": _slander,
    "refund": _claim_refunds,
    "farm": _farm,
    "shared-identity": _idle,
}
