"""Honest groups that look like rings: they share things, trade with one another, or praise as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detection.evaluation.simulation.addresses import NO_UNIT, PlaceBook
from detection.evaluation.simulation.honest import (
    NO_PRODUCT,
    Catalogue,
    Logins,
    draw_gifts,
    draw_statuses,
    order_products,
    publish_reviews,
    use_place,
)
from detection.evaluation.simulation.ledger import IP, PAYMENT, PHONE, BoolArray, World
from detection.evaluation.simulation.rhythm import DAY_SECONDS, END_AT, START_AT, IntArray, draw_hours, draw_times


@dataclass(frozen=True)
class GroupSpec:
    """How many groups of a kind a market has per 20,000 accounts, and how large they are."""

    per_20_000: float
    smallest: int
    largest: int
    lives_together: bool = False


@dataclass(frozen=True)
class LookalikeGroup:
    """An honest group.

    Attributes
    ----------
    kind : str
    members : IntArray, shape (n_members,)
        Account indices; a NAT, a locker or a launch may have ring members among them.
    """

    kind: str
    members: IntArray


@dataclass(frozen=True)
class Stage:
    """What a group needs in order to act."""

    rng: np.random.Generator
    world: World
    places: PlaceBook
    catalogue: Catalogue


GROUP_SPECS = {
    "household": GroupSpec(340, 2, 6, lives_together=True),
    "dormitory": GroupSpec(4, 20, 80, lives_together=True),
    "tower": GroupSpec(5, 20, 60, lives_together=True),
    "office": GroupSpec(8, 8, 40),
    "locker": GroupSpec(3, 60, 350),
    "club": GroupSpec(8, 5, 16),
    "fans": GroupSpec(10, 8, 40),
    "launch": GroupSpec(8, 20, 80),
    "second_hand": GroupSpec(60, 2, 4),
    "terminal": GroupSpec(6, 5, 60),
    "nat": GroupSpec(2, 200, 1500),
}
_LONG_STANDING = ("club", "fans")


def plan_lookalikes(rng: np.random.Generator, world: World) -> list[LookalikeGroup]:
    """Choose who belongs to which honest group, before anything happens.

    Those who live together are honest and in one such group only; the other groups take anybody, as life does.
    """
    settings = world.settings
    scale = settings.n_accounts / 20_000 * settings.lookalike_factor * (3 if settings.is_hard else 1)
    free = rng.permutation(np.flatnonzero(~world.is_fraud & ~world.sells))
    groups = []
    for kind, spec in GROUP_SPECS.items():
        largest = max(spec.smallest, min(spec.largest, settings.n_accounts // 12))
        for size in draw_sizes(rng, max(1, round(spec.per_20_000 * scale)), spec.smallest, largest):
            if spec.lives_together or kind in _LONG_STANDING:
                members, free = free[:size], free[size:]
            else:
                members = rng.choice(settings.n_accounts, size, replace=False)
            if len(members) == size:
                groups.append(LookalikeGroup(kind, members))
                _prepare_members(rng, world, groups[-1])
    return groups


def draw_sizes(rng: np.random.Generator, count: int, smallest: int, largest: int) -> IntArray:
    """Draw group sizes between two bounds, in proportion to 1/size."""
    drawn = np.exp(rng.uniform(np.log(smallest), np.log(largest + 1), count))
    return np.minimum(drawn.astype(np.int64), largest)


def _prepare_members(rng: np.random.Generator, world: World, group: LookalikeGroup) -> None:
    members = group.members
    if GROUP_SPECS[group.kind].lives_together:
        world.owns_home[members] = False
        world.city[members] = world.city[members[0]]
    if group.kind == "household":
        world.owns_identity[members] = rng.random(len(members)) < 0.7
    if group.kind == "dormitory":
        world.segment[members] = 2
        _join_together(rng, world, members)
    if group.kind == "office":
        world.segment[members] = np.where(rng.random(len(members)) < 0.5, 3, world.segment[members])
    if group.kind in _LONG_STANDING:
        world.created_at[members] = draw_hours(
            rng, START_AT + rng.integers(-300 * DAY_SECONDS, 200 * DAY_SECONDS, len(members))
        )
        world.begins_at[members] = np.maximum(world.created_at[members], START_AT)
        world.leaves_at[members] = END_AT - 1


def _join_together(rng: np.random.Generator, world: World, members: IntArray) -> None:
    """Most of a dormitory signs up within a fortnight: honest accounts are created in bursts too."""
    term_at = START_AT + int(rng.choice([30, 240, 400, 610])) * DAY_SECONDS
    some = members[rng.random(len(members)) < 0.6]
    world.created_at[some] = draw_hours(rng, term_at + rng.exponential(5 * DAY_SECONDS, len(some)).astype(np.int64))
    world.begins_at[some] = world.created_at[some]
    world.leaves_at[some] = np.minimum(world.created_at[some] + 300 * DAY_SECONDS, END_AT - 1)


def trade_as_groups(stage: Stage, groups: list[LookalikeGroup]) -> None:
    """Let groups buy, sell and review as such groups do."""
    for group in groups:
        trade = _TRADES.get(group.kind)
        if trade is not None:
            trade(stage, group.members)


def share_as_groups(stage: Stage, groups: list[LookalikeGroup], logins: Logins) -> None:
    """Let groups share what such groups share."""
    for group in groups:
        share = _SHARES.get(group.kind)
        if share is not None:
            share(stage, group.members, logins)


def _trade_household(stage: Stage, members: IntArray) -> None:
    if stage.rng.random() < 0.15:
        count = int(stage.rng.integers(1, 4))
        _pay_inside(stage, members, np.full(count, members[0]), stage.rng.choice(members[1:], count))


def _pay_inside(stage: Stage, members: IntArray, buyer: IntArray, seller: IntArray) -> None:
    rng, world = stage.rng, stage.world
    begin = world.begins_at[members].max()
    at = draw_times(rng, np.full(len(buyer), begin), np.full(len(buyer), max(END_AT - 1, begin + 1)))
    world.ledger.add(
        "orders", buyer=buyer, seller=seller, product=NO_PRODUCT, amount=draw_gifts(rng, len(buyer)), at=at,
        status=draw_statuses(rng, np.full(len(buyer), 0.012)),
    )  # fmt: skip


def _trade_club(stage: Stage, members: IntArray) -> None:
    """Collectors swap with most others, both ways, all the years that they are members."""
    rng, size = stage.rng, len(members)
    count = int(size * rng.uniform(3, 9))
    first = rng.integers(0, size, count)
    second = (first + 1 + rng.integers(0, size - 1, count)) % size
    _pay_inside(stage, members, members[first], members[second])


def _trade_fans(stage: Stage, members: IntArray) -> None:
    """Fans buy from one shop over and over for a year or two, and say how good it is."""
    rng, catalogue = stage.rng, stage.catalogue
    shop = catalogue.seller[catalogue.draw(rng, 1)]
    offered = catalogue.find_products(shop)
    buyer = np.repeat(members, rng.poisson(3.0, len(members)) + 1)
    product = rng.choice(offered, len(buyer))
    begins = np.maximum(stage.world.begins_at[buyer], catalogue.listed_at[product])
    at = draw_times(rng, begins, np.full(len(buyer), END_AT - 1))
    keep = (buyer != shop[0]) & (at >= begins) & (at < END_AT)
    buyer, product, at = buyer[keep], product[keep], at[keep]
    order_products(rng, stage.world, catalogue, buyer, (product, at))
    _, once = np.unique(np.column_stack([buyer, product]), axis=0, return_index=True)
    rated_at = at[once] + rng.lognormal(np.log(5 * DAY_SECONDS), 1.0, len(once)).astype(np.int64)
    known = rated_at < END_AT
    rating = rng.choice([3, 4, 5], int(known.sum()), p=[0.04, 0.21, 0.75])
    publish_reviews(stage.world, buyer[once][known], product[once][known], rated_at[known], rating)


def _trade_launch(stage: Stage, members: IntArray) -> None:
    """A new product sells in days, and the verdicts come in days: fives, and ones from the disappointed."""
    rng, catalogue = stage.rng, stage.catalogue
    age_days = (catalogue.listed_at - START_AT) / DAY_SECONDS
    recent = np.flatnonzero((age_days > 60) & (age_days < 710))
    if len(recent) == 0:
        return
    product = rng.choice(recent)
    opens_at = catalogue.listed_at[product] + rng.integers(600, 2 * DAY_SECONDS)
    buyer = members[(stage.world.created_at[members] < opens_at) & (members != catalogue.seller[product])]
    at = draw_times(rng, np.full(len(buyer), opens_at), np.full(len(buyer), opens_at + 4 * DAY_SECONDS))
    order_products(rng, stage.world, catalogue, buyer, (np.full(len(buyer), product), at))
    says = rng.random(len(buyer)) < 0.8
    rated_at = at[says] + rng.integers(DAY_SECONDS // 2, 6 * DAY_SECONDS, int(says.sum()))
    rating = rng.choice([1, 2, 3, 4, 5], len(rated_at), p=[0.09, 0.02, 0.04, 0.12, 0.73])
    publish_reviews(stage.world, buyer[says], np.full(len(rated_at), product), rated_at, rating)


def _share_value(stage: Stage, members: IntArray, logins: Logins, kind: int) -> None:
    value = stage.world.ledger.issue(f"identifier{kind}", 1)
    at = logins.draw(stage.rng, members)
    stage.world.ledger.add("identifiers", account=members, kind=kind, value=value, at=at)


def _share_home(stage: Stage, members: IntArray, logins: Logins, *, unit_share: float) -> None:
    place = stage.places.draw(stage.rng, stage.world.city[members[:1]], unit_share=unit_share)
    use_place(stage.world, members, np.repeat(place, len(members)), logins.draw(stage.rng, members))


def _pick_some(rng: np.random.Generator, members: IntArray, share: float) -> IntArray:
    chosen: BoolArray = rng.random(len(members)) < share
    return members[chosen]


def _share_household(stage: Stage, members: IntArray, logins: Logins) -> None:
    rng = stage.rng
    _share_home(stage, _pick_at_least_one(rng, members, 0.9), logins, unit_share=0.45)
    users = _pick_at_least_one(rng, members, 0.8)
    device = stage.world.ledger.issue("device", 1)
    stage.world.ledger.add("devices", account=users, device=device, at=logins.draw(rng, users))
    for kind, share in ((PAYMENT, 0.5), (PHONE, 0.35), (IP, 0.7)):
        if rng.random() < share:
            _share_value(stage, _pick_at_least_one(rng, members, 0.85), logins, kind)


def _pick_at_least_one(rng: np.random.Generator, members: IntArray, share: float) -> IntArray:
    chosen = _pick_some(rng, members, share)
    return chosen if len(chosen) else members[:1]


def _share_dormitory(stage: Stage, members: IntArray, logins: Logins) -> None:
    _share_home(stage, members, logins, unit_share=0.0)
    _share_value(stage, _pick_at_least_one(stage.rng, members, 0.9), logins, IP)


def _share_tower(stage: Stage, members: IntArray, logins: Logins) -> None:
    """Neighbours have one street door and different flats, which are different addresses."""
    flats = stage.places.draw_tower(stage.rng, int(stage.world.city[members[0]]), len(members))
    use_place(stage.world, members, flats[: len(members)], logins.draw(stage.rng, members))


def _share_office(stage: Stage, members: IntArray, logins: Logins) -> None:
    _share_home(stage, _pick_at_least_one(stage.rng, members, 0.6), logins, unit_share=0.3)
    _share_value(stage, _pick_at_least_one(stage.rng, members, 0.9), logins, IP)


def _share_locker(stage: Stage, members: IntArray, logins: Logins) -> None:
    rng, world = stage.rng, stage.world
    city = np.full(1, world.city[members[0]])
    place = stage.places.add(city, rng.integers(0, 1 << 30, 1), 1 + rng.integers(0, 200, 1), np.full(1, NO_UNIT))
    world.ledger.add(
        "addresses", account=members, place=place, at=logins.draw(rng, members), kind=0, careless=-1
    )  # fmt: skip


def _share_second_hand(stage: Stage, members: IntArray, logins: Logins) -> None:
    """A device is sold on: each owner uses it for a while, and never at the same time as another."""
    rng, world = stage.rng, stage.world
    device = world.ledger.issue("device", 1)
    owners = members[np.argsort(world.begins_at[members], kind="stable")]
    begins = np.sort(rng.integers(world.begins_at[owners[-1]], END_AT - 1, len(owners) + 1))
    for turn, owner in enumerate(owners):
        # Owners who joined early may have had the device long before the others joined.
        begin = max(int(begins[turn]), int(world.begins_at[owner])) if turn else int(world.begins_at[owner])
        end = max(begin + 1, begin + int((begins[turn + 1] - begin) * 0.8))
        times = draw_times(rng, np.full(2, begin), np.full(2, end))
        world.ledger.add("devices", account=owner, device=device, at=times)


def _share_terminal(stage: Stage, members: IntArray, logins: Logins) -> None:
    """A computer in a library or a shop, which strangers use in turn."""
    device = stage.world.ledger.issue("device", 1)
    stage.world.ledger.add("devices", account=members, device=device, at=logins.draw(stage.rng, members))


def _share_nat(stage: Stage, members: IntArray, logins: Logins) -> None:
    _share_value(stage, members, logins, IP)


_TRADES: dict[str, Callable[[Stage, IntArray], None]] = {
    "household": _trade_household,
    "club": _trade_club,
    "fans": _trade_fans,
    "launch": _trade_launch,
}
_SHARES: dict[str, Callable[[Stage, IntArray, Logins], None]] = {
    "household": _share_household,
    "dormitory": _share_dormitory,
    "tower": _share_tower,
    "office": _share_office,
    "locker": _share_locker,
    "second_hand": _share_second_hand,
    "terminal": _share_terminal,
    "nat": _share_nat,
}
