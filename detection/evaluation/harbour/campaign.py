"""A ring before it acts: who is in it, when it works, and what gives it away."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from detection.evaluation.harbour.clock import DAY, END_AT, N_DAYS
from detection.evaluation.harbour.settings import WAYS, Way
from detection.evaluation.harbour.town import Members, Town

_LEAKS = ("device", "payment", "ip", "address", "iban", "phone", "email")
_LEAK_SHARES = (0.3, 0.17, 0.2, 0.14, 0.1, 0.05, 0.04)
_PROVIDERS = (31, 37, 62, 79, 85, 95, 109, 151, 185, 194)


@dataclass
class Ring:
    """Accounts that work together.

    Attributes
    ----------
    method
        The way of working.
    members
        Its accounts, by number.
    begins_at, ends_at
        When it works.
    sharing
        The kinds of things that several members are seen with.
    roles
        By account, what a member does where that is told.
    parties
        By account, whom it acts for (``beneficiary``) or on (``target``); no members.
    """

    town: Town
    method: str
    members: Members
    begins_at: float
    ends_at: float
    sharing: list[str] = field(default_factory=list)
    roles: dict[int, str] = field(default_factory=dict)
    parties: dict[int, str] = field(default_factory=dict)

    @property
    def way(self) -> Way:
        """What is said of its way of working."""
        return WAYS[self.method]

    def draw_moment(self) -> float:
        """A moment while it works."""
        return self.town.clock.draw_moment(self.begins_at, self.ends_at)

    def draw_moment_of(self, account: int) -> float:
        """The same, after an account has signed up."""
        created_at = self.town.people.created_at[account] + 3600
        return self.town.clock.draw_moment(max(self.begins_at, created_at), self.ends_at)

    def draw_ending(self, *, disputed: float, refunded: float) -> str:
        """How an order ends: so often in a dispute, else so often in a refund."""
        if self.town.chance.happens(disputed):
            return "disputed"
        return "refunded" if self.town.chance.happens(refunded) else "completed"

    def give_role(self, accounts: Iterable[int], role: str) -> None:
        """Say what some members do."""
        self.roles.update(dict.fromkeys(accounts, role))

    def add_parties(self, accounts: Iterable[int], role: str) -> None:
        """Say for whom or on whom it acts."""
        self.parties.update(dict.fromkeys(accounts, role))

    def share(self, kinds: Iterable[str]) -> None:
        """Remember that members have things of some kinds in common."""
        self.sharing += [kind for kind in dict.fromkeys(kinds) if kind not in self.sharing]


def raise_rings(town: Town) -> list[Ring]:
    """All rings, of every way of working as often as the market's size allows; at least one."""
    planned = [method for method in WAYS for _ in range(_count_rings(town, method))]
    planned = planned or [town.chance.draw_one(list(WAYS))]
    return [_raise_ring(town, method, size) for method, size in [(each, _draw_size(town, each)) for each in planned]]


def _count_rings(town: Town, method: str) -> int:
    expected = WAYS[method].per_20_000 * town.settings.scale
    if expected <= 0.6:
        return int(town.chance.happens(expected))
    return max(1, round(expected + town.chance.draw_real(-0.49, 0.49)))


def _draw_size(town: Town, method: str) -> int:
    """Small ones more often; not more than a twentieth of a small market."""
    way = WAYS[method]
    size = way.least + int(town.chance.rng.lognormal(1.5, 1.25) * way.stretch)
    return max(way.least, min(way.most, size, town.settings.n_accounts // 20))


def _raise_ring(town: Town, method: str, size: int) -> Ring:
    """A ring of new accounts, or of people with lives of their own."""
    people, is_made_up = town.people, WAYS[method].is_made_up
    members = people.pick(size) if is_made_up else people.pick_anybody(size)
    days = _draw_days(town)
    begins_at = town.chance.draw_real(90 if town.is_hard else 60, N_DAYS - days - 5) * DAY
    ring = Ring(town, method, members, begins_at, begins_at + days * DAY)
    people.in_ring.update(members)
    for account in members:
        if is_made_up:
            _make_up(ring, account)
        else:
            people.be_there(account, ring.begins_at, ring.ends_at)
    _leak(ring)
    return ring


def _draw_days(town: Town) -> float:
    """Two to ten weeks, one in five for months; hard ones for five to eleven months."""
    chance = town.chance
    if town.is_hard:
        return chance.draw_real(150, 330)
    return chance.draw_real(100, 240) if chance.happens(0.2) else chance.draw_real(12, 70)


def _make_up(ring: Ring, account: int) -> None:
    """Say when an account is made and how much it lives besides; hard ones were aged in a drawer, or bought."""
    town, chance, people = ring.town, ring.town.chance, ring.town.people
    first_day = ring.begins_at / DAY
    if town.is_hard:
        people.created_at[account] = chance.draw_real(-700, first_day - 20) * DAY
    elif chance.happens(0.8):
        lead = chance.draw_real(2, 25) * DAY
        people.created_at[account] = town.clock.draw_moment(max(ring.begins_at - lead, 0), ring.begins_at - 0.2 * DAY)
    else:
        people.created_at[account] = chance.draw_real(-300, first_day - 5) * DAY
    people.until[account] = min(END_AT, ring.ends_at + chance.draw_real(0, 200) * DAY)
    people.buying[account] = chance.rng.lognormal(0, 1) * (1.0 if town.is_hard else 0.2)
    is_buyer_alone = chance.happens(0.5 if town.is_hard else 0.85)
    people.selling[account] = 0 if is_buyer_alone else chance.rng.pareto(1.4) + 0.2


# ── what gives them away ──────────────────────────────────────────────────────────────────────────


def _leak(ring: Ring) -> None:
    """Let things be common: a few kinds in ordinary markets, mostly none in hard ones or where people are real."""
    chance, is_hard, is_made_up = ring.town.chance, ring.town.is_hard, ring.way.is_made_up
    if not is_made_up:
        n_kinds, share = (0 if is_hard or chance.happens(0.65) else 1), chance.draw_real(0.1, 0.3)
    elif is_hard:
        n_kinds, share = (0 if chance.happens(0.6) else 1), chance.draw_real(0.1, 0.3)
    else:
        n_kinds, share = (0 if chance.happens(0.15) else chance.draw_between(1, 4)), chance.draw_real(0.4, 1.0)
    for kind in chance.rng.choice(_LEAKS, n_kinds, replace=False, p=_LEAK_SHARES).tolist():
        _leak_kind(ring, kind, share)
    if is_made_up and not is_hard and chance.happens(0.3):
        _buy_strip(ring)


def _leak_kind(ring: Ring, kind: str, share: float) -> None:
    """Let a share of members use one of a few things of a kind, some of them nothing else."""
    chance, homes, is_hard = ring.town.chance, ring.town.homes, ring.town.is_hard
    per_thing = chance.draw_between(2, 3) if is_hard else chance.draw_between(3, 8)
    make = _find_maker(ring, kind)
    things = [make() for _ in range(max(1, math.ceil(len(ring.members) / per_thing)))]
    users = [account for account in ring.members if chance.happens(share)]
    for account in users:
        for _ in range(chance.draw_between(1, 2)):
            seen_as = "address:shipping" if kind == "address" else kind
            homes.use(account, seen_as, chance.draw_one(things), span=(ring.begins_at - 3 * DAY, ring.ends_at))
        if not is_hard and chance.happens(0.6):
            homes.go_without(account, kind)
    if len(users) > 1:
        ring.share([kind])


def _find_maker(ring: Ring, kind: str) -> Callable[[], str]:
    town, things, chance = ring.town, ring.town.things, ring.town.chance
    makers: dict[str, Callable[[], str]] = {
        "device": things.make_device,
        "payment": things.make_card,
        "ip": lambda: things.draw_ip(chance.draw_one(_PROVIDERS), chance.draw_between(1, 250)),
        "address": things.make_address,
        "iban": things.make_iban,
        "phone": things.make_phone,
        "email": lambda: town.make_mail(ring.members[0]),
    }
    return makers[kind]


def _buy_strip(ring: Ring) -> None:
    """Give members numbers of one strip of SIM cards."""
    town, chance = ring.town, ring.town.chance
    first = chance.draw_between(10**7, 9 * 10**7)
    for place, account in enumerate(ring.members):
        if chance.happens(0.8):
            number = f"+487{first + place * chance.draw_between(1, 3):08d}"
            town.homes.use(account, "phone", number, town.people.created_at[account] + 60)
            town.homes.go_without(account, "phone")
