"""Planted rings: who conspires, what they share, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from detection.evaluation.simulation.honest import (
    NO_PRODUCT,
    Catalogue,
    Logins,
    draw_gifts,
    draw_statuses,
    order_products,
    use_place,
)
from detection.evaluation.simulation.ledger import COMPLETED, DISPUTED, IP, PAYMENT, PHONE, REFUNDED, World
from detection.evaluation.simulation.lookalikes import LookalikeGroup, Stage
from detection.evaluation.simulation.review_text import NO_SCRIPT
from detection.evaluation.simulation.rhythm import DAY_SECONDS, END_AT, START_AT, IntArray, draw_hours, draw_times
from detection.evaluation.simulation.settings import RING_KINDS

SHARING_MODES = ("all", "some", "ip", "none")
_SHARING_WEIGHTS = {False: [0.45, 0.30, 0.15, 0.10], True: [0.15, 0.25, 0.20, 0.40]}
_SHARED_THINGS = {
    "all": ("device", "payment", "place", "phone"),
    "some": ("device", "payment", "place", "phone", "ip"),
    "ip": ("ip",),
    "none": (),
}
_IDENTIFIER_KINDS = {"payment": PAYMENT, "phone": PHONE, "ip": IP}


@dataclass(frozen=True)
class RingPlan:
    """A ring before it acts.

    Attributes
    ----------
    kind : str
        One of `RING_KINDS`.
    members : IntArray, shape (n_members,)
        Account indices; those with a role other than "member" come first.
    roles : tuple of str
        "organiser" (brings the others in), "beneficiary" (the seller who gains) or "member".
    sharing : str
        One of `SHARING_MODES`.
    begins_at, ends_at : int
        The campaign, Unix seconds.
    """

    kind: str
    members: IntArray
    roles: tuple[str, ...]
    sharing: str
    begins_at: int
    ends_at: int


def plan_rings(rng: np.random.Generator, world: World) -> list[RingPlan]:
    """Choose the members of all rings among accounts at random, and when each ring will act."""
    settings = world.settings
    kinds = rng.permutation([RING_KINDS[turn % len(RING_KINDS)] for turn in range(settings.n_rings)])
    sizes = np.clip((4 * (1 + rng.pareto(1.25, settings.n_rings))).astype(np.int64), 4, 40)
    sizes = np.minimum(sizes, max(4, settings.n_accounts // 50))
    free = rng.permutation(settings.n_accounts)
    ends = np.cumsum(sizes)
    plans = []
    for kind, size, end in zip(kinds, sizes, ends, strict=True):
        plan = _plan_ring(rng, str(kind), free[end - size : end], hard=settings.is_hard)
        _enlist(rng, world, plan)
        plans.append(plan)
    return plans


def _plan_ring(rng: np.random.Generator, kind: str, members: IntArray, *, hard: bool) -> RingPlan:
    days = rng.uniform(120, 300) if hard else np.clip(rng.lognormal(np.log(20), 0.8), 2, 90)
    begins_at = int(rng.integers(START_AT + 90 * DAY_SECONDS, END_AT - 140 * DAY_SECONDS))
    ends_at = min(begins_at + int(days * DAY_SECONDS), END_AT - DAY_SECONDS)
    roles = ["member"] * len(members)
    if kind == "review":
        n_sellers = 1 + (len(members) >= 10) + (len(members) >= 25)
        roles[:n_sellers] = ["beneficiary"] * n_sellers
    elif kind == "attack" and rng.random() < 0.4:
        roles[0] = "beneficiary"
    elif kind in ("farm", "trade") and rng.random() < 0.6:
        roles[0] = "organiser"
    sharing = str(rng.choice(SHARING_MODES, p=_SHARING_WEIGHTS[hard]))
    return RingPlan(kind, members, tuple(roles), sharing, begins_at, ends_at)


def _enlist(rng: np.random.Generator, world: World, plan: RingPlan) -> None:
    """Make accounts into ring members: their age, their shop, and how much they pretend."""
    members, hard, n = plan.members, world.settings.is_hard, len(plan.members)
    world.is_fraud[members] = True
    world.owns_identity[members] = rng.random(n) < (0.95 if plan.sharing in ("none", "ip") else 0.6)
    world.owns_home[members] = rng.random(n) < 0.6
    idle = plan.kind == "farm"
    world.camouflage[members] = (0.5 if idle else 1.5) * (3 if hard else 1)
    world.sells[members] = np.array(plan.roles) == "beneficiary"
    if plan.kind == "review":
        world.least_listings[members] = rng.integers(2, 6, n)
    if plan.kind == "trade":
        world.sells[members] = rng.random(n) < 0.5
    age_days = rng.uniform(40, 500, n) if hard else rng.exponential(20, n) + 0.5
    if idle:
        age_days = rng.uniform(20, 200) + rng.exponential(15 if hard else 1.0, n)
    age_days = np.where(world.sells[members], age_days + rng.uniform(25, 300, n), age_days)
    created = draw_hours(rng, plan.begins_at - (age_days * DAY_SECONDS).astype(np.int64))
    world.created_at[members] = created - DAY_SECONDS * (created > plan.begins_at - 600)
    world.begins_at[members] = np.maximum(world.created_at[members], START_AT + rng.integers(0, 80 * DAY_SECONDS, n))
    after = rng.exponential(30 * DAY_SECONDS, n).astype(np.int64)
    world.leaves_at[members] = np.minimum(plan.ends_at + after, END_AT - 1)


def join_crowds(rng: np.random.Generator, plans: list[RingPlan], groups: list[LookalikeGroup]) -> list[LookalikeGroup]:
    """Let some rings use a carrier NAT, a parcel locker or a launch that hundreds of honest accounts use."""
    joined = list(groups)
    crowds = [number for number, group in enumerate(groups) if group.kind in ("nat", "locker", "launch")]
    for plan in plans:
        if crowds and rng.random() < 0.25:
            number = int(rng.choice(crowds))
            some = plan.members[rng.random(len(plan.members)) < 0.6]
            joined[number] = replace(joined[number], members=np.union1d(joined[number].members, some))
    return joined


def run_campaigns(stage: Stage, plans: list[RingPlan]) -> None:
    """Let every ring do what it is there for."""
    for number, plan in enumerate(plans):
        _CAMPAIGNS[plan.kind](stage, plan, number)


def _draw_campaign_times(stage: Stage, plan: RingPlan, count: int) -> IntArray:
    """Draw times in a few waves of the campaign, or all along it where the ring is patient."""
    rng, span = stage.rng, plan.ends_at - plan.begins_at
    n_waves = 12 if stage.world.settings.is_hard else int(rng.integers(1, 4))
    wave = rng.choice(np.sort(rng.integers(0, max(span, 1), n_waves)), count)
    width = span * (0.4 if stage.world.settings.is_hard else 0.12)
    begins = plan.begins_at + wave
    ends = np.minimum(begins + int(width) + 3_600, END_AT - 1)
    return draw_times(rng, begins, np.maximum(ends, begins + 1))


def bundle_orders(rng: np.random.Generator, buyer: IntArray, at: IntArray) -> IntArray:
    """Give some orders the time of another order of the same buyer: people check out several things at once."""
    by_buyer = np.argsort(buyer, kind="stable")
    follows = np.r_[False, buyer[by_buyer][1:] == buyer[by_buyer][:-1]] & (rng.random(len(buyer)) < 0.15)
    bundled = at.copy()
    bundled[by_buyer[follows]] = at[by_buyer[np.flatnonzero(follows) - 1]]
    return bundled


def _wash_trades(stage: Stage, plan: RingPlan, number: int) -> None:
    """Trade in circles and back and forth; a third is priced as no market would."""
    rng, members, catalogue = stage.rng, plan.members, stage.catalogue
    count = int(len(members) * rng.uniform(2.5, 6.0))
    first = rng.integers(0, len(members), count)
    style = rng.choice(["circle", "swap", "mixed"])
    step = rng.choice([1, 2], count, p=[0.75, 0.25])
    backwards = rng.random(count) < {"circle": 0.05, "swap": 0.5, "mixed": 0.25}[str(style)]
    second = (first + np.where(backwards, -step, step)) % len(members)
    buyer, seller = members[first], members[second]
    at = bundle_orders(rng, buyer, _draw_campaign_times(stage, plan, count))
    product = _find_listing(catalogue, seller, at)
    listed = catalogue.price[np.maximum(product, 0)]
    amount = np.where(product == NO_PRODUCT, draw_gifts(rng, count), listed * rng.choice([1, 1, 1, 2], count))
    off_market = rng.random(count) < 0.35
    amount = np.round(np.where(off_market, amount * rng.uniform(2.0, 9.0, count), amount), 2)
    stage.world.ledger.add(
        "orders", buyer=buyer, seller=seller, product=product, amount=amount, at=at,
        status=draw_statuses(rng, np.full(count, 0.02)),
    )  # fmt: skip


def _find_listing(catalogue: Catalogue, sellers: IntArray, at: IntArray) -> IntArray:
    """The first product of each seller that was listed by then, or none (listings are sorted by seller)."""
    spot = np.minimum(np.searchsorted(catalogue.seller, sellers), len(catalogue.seller) - 1)
    listed = (catalogue.seller[spot] == sellers) & (catalogue.listed_at[spot] <= at)
    return np.where(listed, spot, NO_PRODUCT)


def _praise(stage: Stage, plan: RingPlan, number: int) -> None:
    """Praise the listings of the colluding seller, after real-looking purchases for most."""
    is_seller = np.array(plan.roles) == "beneficiary"
    offered = stage.catalogue.find_products(plan.members[is_seller])
    rating = (5, 5, 5, 5, 5, 5, 5, 5, 5, 4)
    _rate_in_campaign(stage, plan, offered, _Verdicts(plan.members[~is_seller], rating, 0.65, number))


def _slander(stage: Stage, plan: RingPlan, number: int) -> None:
    """Rate a rival's listings low."""
    rng, catalogue = stage.rng, stage.catalogue
    fair_game = ~np.isin(catalogue.seller, plan.members) & (catalogue.listed_at < plan.begins_at)
    rivals = catalogue.draw(rng, 50)
    rivals = np.concatenate([rivals[fair_game[rivals]], np.flatnonzero(fair_game)])[:2]
    offered = catalogue.find_products(catalogue.seller[rivals])
    attackers = plan.members[np.array(plan.roles) != "beneficiary"]
    _rate_in_campaign(stage, plan, offered, _Verdicts(attackers, (1, 1, 1, 1, 1, 1, 1, 2, 2, 1), 0.4, number))


@dataclass(frozen=True)
class _Verdicts:
    """Who rates how: ratings to draw from, the share with an order, and the number of the ring's brief."""

    raters: IntArray
    ratings: tuple[int, ...]
    order_share: float
    brief: int


def _rate_in_campaign(stage: Stage, plan: RingPlan, offered: IntArray, verdicts: _Verdicts) -> None:
    rng, world = stage.rng, stage.world
    offered = offered[: max(3, len(offered) // 2)]
    account = np.repeat(verdicts.raters, rng.integers(1, min(len(offered), 3) + 1, len(verdicts.raters)))
    product = rng.choice(offered, len(account))
    _, once = np.unique(np.column_stack([account, product]), axis=0, return_index=True)
    account, product = account[once], product[once]
    at = _draw_campaign_times(stage, plan, len(account))
    briefed = rng.random(len(account)) < (0.25 if world.settings.is_hard else 0.6)
    world.ledger.add(
        "reviews", account=account, product=product, rating=rng.choice(verdicts.ratings, len(account)), at=at,
        script=np.where(briefed, verdicts.brief, NO_SCRIPT), is_fake=True,
    )  # fmt: skip
    buys = rng.random(len(account)) < verdicts.order_share
    bought_at = at - rng.lognormal(np.log(3 * DAY_SECONDS), 0.8, len(account)).astype(np.int64)
    buys &= (bought_at > world.created_at[account]) & (bought_at > stage.catalogue.listed_at[product])
    order_products(rng, world, stage.catalogue, account[buys], (product[buys], bought_at[buys]))


def _claim_refunds(stage: Stage, plan: RingPlan, number: int) -> None:
    """Order from the same few shops, keep the goods, and claim the money back."""
    rng, catalogue = stage.rng, stage.catalogue
    shelf = np.flatnonzero(catalogue.listed_at < plan.begins_at)
    shelf = shelf[~np.isin(catalogue.seller[shelf], plan.members)]
    victims = np.unique(catalogue.seller[rng.choice(shelf, int(rng.integers(2, 6)))])
    shelf = shelf[np.isin(catalogue.seller[shelf], victims)]
    buyer = np.repeat(plan.members, rng.poisson(2.0, len(plan.members)) + 1)
    product = rng.choice(shelf, len(buyer))
    outcome = rng.choice([REFUNDED, DISPUTED, COMPLETED], len(buyer), p=[0.5, 0.25, 0.25])
    stage.world.ledger.add(
        "orders", buyer=buyer, seller=catalogue.seller[product], product=product,
        amount=np.round(catalogue.price[product] * rng.choice([1, 1, 2], len(buyer)), 2),
        at=bundle_orders(rng, buyer, _draw_campaign_times(stage, plan, len(buyer))), status=outcome,
    )  # fmt: skip


def _harvest(stage: Stage, plan: RingPlan, number: int) -> None:
    """Wake a farm of idle accounts: either a bust-out on stolen cards, or sign-up bonuses for referrals."""
    rng, catalogue = stage.rng, stage.catalogue
    refers = rng.random() < 0.5
    if refers:
        _refer_farm(stage, plan)
    shelf = np.flatnonzero(catalogue.listed_at < plan.begins_at)
    shelf = shelf[~np.isin(catalogue.seller[shelf], plan.members)]
    shelf = rng.choice(shelf, min(len(shelf), 3 + len(plan.members) // 4))
    buyer = np.repeat(plan.members, 1 if refers else rng.integers(1, 4, len(plan.members)))
    product = rng.choice(shelf, len(buyer))
    end = plan.begins_at + int((30 if stage.world.settings.is_hard else 4) * DAY_SECONDS)
    at = bundle_orders(rng, buyer, draw_times(rng, np.full(len(buyer), plan.begins_at), np.full(len(buyer), end)))
    weights = [0.6, 0.1, 0.1, 0.2] if refers else [0.35, 0.1, 0.5, 0.05]
    quantity = rng.choice([1, 1, 1, 2] if refers else [1, 2, 3, 5], len(buyer))
    stage.world.ledger.add(
        "orders", buyer=buyer, seller=catalogue.seller[product], product=product, at=at,
        amount=np.round(catalogue.price[product] * quantity, 2), status=rng.choice(4, len(buyer), p=weights),
    )  # fmt: skip


def _refer_farm(stage: Stage, plan: RingPlan) -> None:
    """Refer in a tree: each account brings in a few of the next."""
    by_age = plan.members[np.argsort(stage.world.created_at[plan.members], kind="stable")]
    fan_out = int(stage.rng.integers(2, 7))
    child = np.arange(1, len(by_age))
    child = child[stage.rng.random(len(child)) < 0.85]
    stage.world.ledger.add("referrals", account=by_age[child], referrer=by_age[(child - 1) // fan_out])


def share_identity(stage: Stage, plans: list[RingPlan], logins: Logins) -> None:
    """Let rings share what they share, each thing among some of the members, overlapping from thing to thing."""
    for plan in plans:
        things = np.array(_SHARED_THINGS[plan.sharing])
        if plan.sharing == "some":
            things = stage.rng.permutation(things)[: stage.rng.integers(1, 4)]
        elif plan.sharing == "all":
            things = things[stage.rng.random(len(things)) < [1.0, 0.85, 0.8, 0.4]]
        for thing in things:
            _share_thing(stage, plan, str(thing), logins)
        if stage.rng.random() < 0.3:
            _involve_bystanders(stage, plan, logins)


def spread_over_members(rng: np.random.Generator, members: IntArray) -> tuple[IntArray, IntArray]:
    """Spread a few values over a ring: each is used by two to five members, neighbouring values overlap.

    Returns
    -------
    account, value : IntArray, shape (n_uses,)
        `value` counts from 0.
    """
    order = rng.permutation(members)
    stride = int(rng.integers(2, 4))
    begins = np.arange(0, len(order), stride)
    width = stride + rng.integers(1, 3, len(begins))
    value = np.repeat(np.arange(len(begins)), width)
    offset = np.arange(len(value)) - np.repeat(np.cumsum(width) - width, width)
    account = order[(begins[value] + offset) % len(order)]
    keep = rng.random(len(value)) < 0.88
    return account[keep], value[keep]


def _share_thing(stage: Stage, plan: RingPlan, thing: str, logins: Logins) -> None:
    rng, world = stage.rng, stage.world
    account, value = spread_over_members(rng, plan.members)
    at = logins.draw(rng, account)
    count = int(value.max(initial=-1)) + 1
    if thing == "device":
        world.ledger.add("devices", account=account, device=world.ledger.issue("device", count)[value], at=at)
    elif thing == "place":
        place = stage.places.draw(rng, world.city[rng.choice(plan.members, count)])
        use_place(world, account, place[value], at, careless=1)
    else:
        kind = _IDENTIFIER_KINDS[thing]
        shared = world.ledger.issue(f"identifier{kind}", count)[value]
        world.ledger.add("identifiers", account=account, kind=kind, value=shared, at=at)


def _involve_bystanders(stage: Stage, plan: RingPlan, logins: Logins) -> None:
    """Link honest accounts to a ring by coincidence: they use the same public network as some members."""
    rng, world = stage.rng, stage.world
    passers_by = rng.integers(0, world.settings.n_accounts, int(rng.integers(1, 5)))
    account = np.concatenate([passers_by, rng.choice(plan.members, min(3, len(plan.members)), replace=False)])
    value = world.ledger.issue(f"identifier{IP}", 1)
    world.ledger.add("identifiers", account=account, kind=IP, value=value, at=logins.draw(rng, account))


def defraud_alone(rng: np.random.Generator, world: World, catalogue: Catalogue) -> None:
    """Let a few accounts that belong to no ring use stolen cards: not all fraud is organised."""
    n = world.settings.n_accounts
    loners = np.flatnonzero((rng.random(n) < world.settings.lone_fraud_share) & ~world.is_fraud & ~world.sells)
    loners = loners[world.begins_at[loners] < END_AT - 30 * DAY_SECONDS]
    world.is_fraud[loners] = True
    buyer = np.repeat(loners, rng.integers(1, 5, len(loners)))
    product = catalogue.draw(rng, len(buyer))
    at = draw_times(rng, world.begins_at[buyer] + 600, np.minimum(world.begins_at[buyer] + 40 * DAY_SECONDS, END_AT))
    keep = catalogue.listed_at[product] < at
    buyer, product, at = buyer[keep], product[keep], at[keep]
    world.ledger.add(
        "orders", buyer=buyer, seller=catalogue.seller[product], product=product, at=at,
        amount=np.round(catalogue.price[product] * rng.choice([1, 2, 3], len(buyer)), 2),
        status=rng.choice([COMPLETED, DISPUTED, REFUNDED], len(buyer), p=[0.3, 0.5, 0.2]),
    )  # fmt: skip


_CAMPAIGNS: dict[str, Callable[[Stage, RingPlan, int], None]] = {
    "trade": _wash_trades,
    "review": _praise,
    "attack": _slander,
    "refund": _claim_refunds,
    "farm": _harvest,
}
