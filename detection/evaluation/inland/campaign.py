"""A ring before it acts: who is in it, when it works, and how much of who they are slips out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Gang, Span, draw_size, find_midnight, plan_rings
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country
from detection.evaluation.inland.people import BUYER, PRIVATE
from detection.evaluation.inland.settings import WAYS
from detection.evaluation.inland.texts import write_sheet
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

SHARING = ("all", "most", "some", "ip", "none")
"""How much members have in common: everything, two or three kinds of things, one or two, a network, nothing."""
_OF_MADE_UP = {"ordinary": (0.2, 0.26, 0.28, 0.12, 0.14), "hard": (0.04, 0.08, 0.24, 0.14, 0.5)}
_OF_SELLERS = {"ordinary": (0.0, 0.0, 0.35, 0.25, 0.4), "hard": (0.0, 0.0, 0.1, 0.2, 0.7)}
_SIZE_TAIL = 1.25
_USERS = {"all": 0.9, "most": 0.75, "some": 0.5, "ip": 0.75}
_LEAKS = ("device", "address", "payment", "phone", "ip")
_LEAK_SHARES = (0.3, 0.2, 0.2, 0.1, 0.2)


class Ring(Gang[Country]):
    """Accounts that work together; ``sharing`` is one of ``SHARING``."""

    ways = WAYS

    def draw_count(self, least: float, most: float, members: IntArray | None = None) -> int:
        """So many of something for each member, or for each of some."""
        return int(len(self.members if members is None else members) * self.country.rng.uniform(least, most))

    def give_role(self, accounts: IntArray, role: str) -> None:
        """Say what some members do."""
        self.roles.update(dict.fromkeys(accounts.tolist(), role))

    def add_parties(self, accounts: IntArray, role: str) -> None:
        """Say for whom or on whom it acts; they will be in no ring."""
        self.parties.update(dict.fromkeys(accounts.tolist(), role))
        self.country.people.is_party[accounts] = True

    def write_sheet(self, *, is_praise: bool = True) -> list[str]:
        """Phrases that members copy; none where everybody writes their own words."""
        rng, is_hard = self.country.rng, self.country.is_hard
        if rng.random() >= (0.3 if is_hard else 0.65):
            return []
        return write_sheet(rng, int(rng.integers(3, 9)) + (10 if is_hard else 0), is_praise=is_praise)


def raise_rings(country: Country) -> Iterable[Ring]:
    """All rings, one after the other, each as it is when it begins to act; of every way as often as there is room."""
    for method in plan_rings(country, WAYS):
        yield _raise_ring(country, method)


def _raise_ring(country: Country, method: str) -> Ring:
    """A ring of new or bought accounts, or of people with lives of their own."""
    way, people = WAYS[method], country.people
    span, is_real = _draw_span(country, method), country.happens(way.real_share)
    size = draw_size(country, way, _SIZE_TAIL)
    if is_real:
        members = people.take(size, sells=True if method == "wash_trade" else None, bad=True)
        people.be_there(members, *span, since_days=250)
    else:
        members = recruit(country, size, span)
        if method == "rented_farm":
            _sign_up_in_batches(country, members, span)
    ring = Ring(country, method, members, span, _draw_sharing(country, method, is_real=is_real))
    _leak(ring)
    return ring


def draw_working_time(country: Country, least_days: float, most_days: float) -> Span:
    """When somebody cheats: for weeks, or for months where they take care."""
    rng, is_hard = country.rng, country.is_hard
    seconds = (rng.uniform(110, 360) if is_hard else rng.uniform(least_days, most_days)) * DAY
    begins_at = rng.uniform(100 * DAY if is_hard else 40 * DAY, max(110 * DAY, 0.97 * END_AT - seconds))
    return Span(begins_at, min(begins_at + seconds, END_AT - 2 * DAY))


def _draw_span(country: Country, method: str) -> Span:
    way, rng = WAYS[method], country.rng
    if method != "bust_out":
        return draw_working_time(country, way.least_days, way.most_days)
    seconds = rng.uniform(way.least_days, way.most_days) * DAY  # nobody trusts a seller of last week
    ends_at = rng.uniform(seconds + 60 * DAY, END_AT - 20 * DAY)
    return Span(ends_at - seconds, ends_at)


def recruit(country: Country, count: int, span: Span) -> IntArray:
    """Accounts that were opened for it, within days or one by one, or bought; those of a hard country have aged."""
    rng, people = country.rng, country.people
    members = people.take(count, alone=True, bad=True)
    count = len(members)
    sells = rng.random(count) < (0.55 if country.is_hard else 0.25)
    people.sells_as[members] = np.where(sells, PRIVATE, BUYER)
    people.life[members] = rng.uniform(0.45, 1.5, count) if country.is_hard else rng.uniform(0.1, 0.9, count)
    ages = _draw_ages(country, count)
    created_at = find_midnight(span.begins_at - ages) + country.clock.draw_hours(count)
    just_before = span.begins_at - 2 * HOUR - rng.uniform(0, 40_000, count)
    people.created_at[members] = np.where(created_at > span.begins_at, just_before, created_at)
    stay = rng.exponential((90 if country.is_hard else 25) * DAY, count) + DAY
    people.until[members] = np.minimum(span.ends_at + stay, END_AT)
    return members


def _draw_ages(country: Country, count: int) -> FloatArray:
    rng = country.rng
    if country.is_hard:
        return rng.uniform(90, 520, count) * DAY
    manner = rng.random()
    if manner < 0.35:
        return rng.exponential(2.5 * DAY, count) + HOUR
    return rng.uniform(1, 45, count) * DAY if manner < 0.75 else rng.uniform(20, 400, count) * DAY


def _sign_up_in_batches(country: Country, members: IntArray, span: Span) -> None:
    """A few mornings, on each of which one hand makes several accounts."""
    rng, is_hard, count = country.rng, country.is_hard, len(members)
    n_batches = max(2, count // 8)
    days = find_midnight(span.begins_at - rng.uniform(20, 260 if is_hard else 120, n_batches) * DAY)
    at = rng.uniform(9, 22 if is_hard else 12, count) * HOUR
    country.people.created_at[members] = days[rng.integers(0, n_batches, count)] + at


# ── what gives them away ──────────────────────────────────────────────────────────────────────────


def _draw_sharing(country: Country, method: str, *, is_real: bool) -> str:
    """How much slips out: less in hard countries, and where people are real."""
    rng, difficulty = country.rng, country.settings.difficulty
    shares = (_OF_SELLERS if method == "wash_trade" else _OF_MADE_UP)[difficulty]
    sharing = str(rng.choice(SHARING, p=shares))
    if is_real and method != "wash_trade" and rng.random() < 0.6:
        return "none" if rng.random() < 0.7 else "ip"
    return sharing


def _leak(ring: Ring) -> None:
    """Let members be seen with the same things."""
    country, sharing = ring.country, ring.sharing
    if sharing == "none":
        return
    share = _USERS[sharing] * (0.65 if country.is_hard else 1)
    members = country.rng.permutation(ring.members)
    for kind in _choose_leaks(country, sharing):
        users = country.draw_some(members, share)
        users = users if len(users) > 1 else members[:2]
        _pass_on(ring, kind, users)
        if sharing == "all":
            country.people.go_without(kind, users, 0.5)
    if sharing in ("all", "most") and country.happens(0.5):
        _number_mails(country, members)


def _choose_leaks(country: Country, sharing: str) -> list[str]:
    rng = country.rng
    if sharing == "ip":
        return ["ip"]
    if sharing == "all":
        return list(_LEAKS)
    count = int(rng.integers(2, 4) if sharing == "most" else rng.integers(1, 3))
    kinds: list[str] = rng.choice(_LEAKS, count, replace=False, p=_LEAK_SHARES).tolist()
    return ["device", "ip"] if kinds == ["ip"] else kinds


def _pass_on(ring: Ring, kind: str, users: IntArray) -> None:
    """Things of a kind for a few users each; each handful overlaps with the next by one."""
    country, people, lead = ring.country, ring.country.people, 10 * DAY if ring.method == "rented_farm" else 0
    begins_at = min(float(people.created_at[ring.members].max()), ring.span.begins_at - lead)
    size = max(3, len(ring.members) // 2) if kind == "ip" else int(country.rng.integers(3, 8))
    for first in range(0, len(users), size - 1):
        hands = users[first : first + size]
        if len(hands) < 2:
            continue
        place = None
        if kind == "address":
            place = country.things.make_place(people.draw_town(), has_flats=country.happens(0.5))
        country.share(hands, kind, Span(begins_at, ring.span.ends_at), thing=place)


def _number_mails(country: Country, members: IntArray) -> None:
    """Mail addresses with one name and a running number."""
    name = country.things.draw_code(5)
    country.people.go_without("email", members)
    for number, member in enumerate(members.tolist(), start=1):
        mail = country.things.make_named("email", f"{name}{number:02d}@freemail.example")
        country.books.use(member, "email", mail, max(float(country.people.created_at[member]), 0) + 30)
