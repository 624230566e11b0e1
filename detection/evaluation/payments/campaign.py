"""A ring before it acts: who is in it, when it works, and how much of who they are slips out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Gang, Span, draw_size, find_midnight, plan_rings
from detection.evaluation.payments.clock import END_AT, WEEK
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.settings import WAYS
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

SHARING = ("all", "most", "some", "ip", "none")
"""How much members have in common: everything, two or three kinds of things, one, a network, nothing."""
_OF_MADE_UP = {"ordinary": (0.14, 0.24, 0.3, 0.12, 0.2), "hard": (0.03, 0.07, 0.24, 0.14, 0.52)}
_OF_REAL = {"ordinary": (0.0, 0.05, 0.25, 0.2, 0.5), "hard": (0.0, 0.0, 0.1, 0.15, 0.75)}
_SIZE_TAIL = 1.2
_USERS = {"all": 0.9, "most": 0.75, "some": 0.55, "ip": 0.75}
_LEAKS = ("device", "payment", "phone", "ip")
_LEAK_SHARES = (0.4, 0.3, 0.12, 0.18)


class Ring(Gang[Country]):
    """Accounts that work together; ``sharing`` is one of ``SHARING``."""

    ways = WAYS

    def draw_count(self, least: float, most: float, members: IntArray | None = None) -> int:
        """So many of something for each member, or for each of some."""
        return int(np.ceil(len(self.members if members is None else members) * self.country.rng.uniform(least, most)))

    def deal_roles(self, shares: dict[str, float]) -> list[IntArray]:
        """Members by role, at least one of each; the last role has who is left."""
        left, parts = self.country.rng.permutation(self.members), []
        for number, (role, share) in enumerate(shares.items()):
            is_last, n_to_come = number == len(shares) - 1, len(shares) - number - 1
            most = len(left) if is_last else max(1, len(left) - n_to_come)
            count = most if is_last else int(np.clip(round(share * len(self.members)), 1, most))
            parts.append(left[:count])
            self.roles.update(dict.fromkeys(left[:count].tolist(), role))
            left = left[count:]
        return parts

    def rob(self, accounts: IntArray) -> None:
        """Say on whom it acts; they will be in no ring."""
        self.parties.update(dict.fromkeys(accounts.tolist(), "victim"))
        self.country.people.is_party[accounts] = True

    def find_victims(self, count: Any, begins: float = 0.0) -> IntArray:
        """Strangers on whom it acts, shape (n,)."""
        victims = self.country.people.find_strangers(count, self.span.find(begins))
        self.rob(victims)
        return victims

    def pass_on(
        self, holders: IntArray, takers: IntArray, at: FloatArray, amounts: FloatArray, *, kept: float = 0.07
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """Each holder sends on what came in, in one or two parts, within hours; hard rings take days.

        Returns
        -------
        takers, moments and amounts of what was sent, shape (m,) each
        """
        country, rng = self.country, self.country.rng
        parts = np.where((rng.random(len(at)) < 0.35) & (amounts > 100), 2, 1)
        row = np.repeat(np.arange(len(at)), parts)
        cut = rng.uniform(0.5, 1.5, len(row)) * kept
        sent = amounts[row] / parts[row] * (1 - cut)
        sent = np.where(rng.random(len(row)) < 0.6, np.maximum(1, np.round(sent / 10) * 10), np.round(sent, 2))
        sent_at = country.clock.wait(at[row] + 300, (30 if country.is_hard else 4) * HOUR)
        taker = rng.choice(takers, len(row))
        country.books.pay(holders[row], taker, sent_at, sent)
        return taker, sent_at, sent


def raise_rings(country: Country) -> Iterable[Ring]:
    """All rings, one after the other, each as it is when it begins to act; of every way as often as there is room."""
    for method in plan_rings(country, WAYS):
        yield _raise_ring(country, method)


def _raise_ring(country: Country, method: str) -> Ring:
    """A ring of new or bought accounts, or of people with lives of their own."""
    way, people, is_hard = WAYS[method], country.people, country.is_hard
    span, is_real = _draw_span(country, method), country.happens(way.real_share)
    members = people.enlist(draw_size(country, way, _SIZE_TAIL), is_real=is_real)
    if is_real:
        people.be_there(members, *span, since_days=250)
    else:
        _open_accounts(country, members, span)
    shares = (_OF_REAL if is_real else _OF_MADE_UP)["hard" if is_hard else "ordinary"]
    ring = Ring(country, method, members, span, str(country.rng.choice(SHARING, p=shares)))
    _leak(ring)
    _spend_on_the_side(ring)
    return ring


def _draw_span(country: Country, method: str) -> Span:
    """When it works: for weeks, or for months where it takes care; borrowing takes trust, and trust takes time."""
    way, rng, is_hard = WAYS[method], country.rng, country.is_hard
    least, most = (max(90, way.least_days), max(280, way.most_days)) if is_hard else (way.least_days, way.most_days)
    seconds = rng.uniform(least, most) * DAY
    begins_at = rng.uniform((90 if is_hard else 30) * DAY, max(95 * DAY, 0.97 * END_AT - seconds))
    return Span(begins_at, min(begins_at + seconds, END_AT - 2 * DAY))


def _open_accounts(country: Country, members: IntArray, span: Span) -> None:
    """Within days, one by one, or bought from people who had them for long; those of a hard country have aged."""
    rng, people, count = country.rng, country.people, len(members)
    ages, manner = rng.uniform(90, 700, count) * DAY, rng.random()
    if not country.is_hard and manner < 0.25:
        ages = rng.exponential(3 * DAY, count) + HOUR
    elif not country.is_hard and manner < 0.5:
        ages = rng.uniform(2, 60, count) * DAY
    people.created_at[members] = np.minimum(
        find_midnight(span.begins_at - ages) + country.clock.draw_hours(count), span.begins_at - HOUR
    )
    stay = rng.exponential((120 if country.is_hard else 80) * DAY, count) + DAY
    people.until[members] = np.minimum(span.ends_at + stay, END_AT)
    people.life[members] = rng.uniform(0.4, 1.0, count) if country.is_hard else rng.uniform(0.1, 1.0, count)


def _spend_on_the_side(ring: Ring) -> None:
    """Members pay some strangers back and forth, and in half of the rings one another, so as to look like everybody."""
    country, rng = ring.country, ring.country.rng
    others = country.people.find_strangers(ring.draw_count(0.2, 1.1), ring.span.begins_at)
    theirs = rng.choice(ring.members, len(others))
    row = np.repeat(np.arange(len(others)), 1 + rng.poisson(1.8, len(others)))
    begins = np.maximum(country.people.created_at[theirs[row]], ring.span.begins_at - 16 * WEEK)
    at = country.clock.draw_moments(begins + HOUR, ring.span.ends_at)
    pays = rng.random(len(row)) < 0.55
    payers, payees = np.where(pays, theirs[row], others[row]), np.where(pays, others[row], theirs[row])
    country.books.pay(payers, payees, at, country.books.draw_sums(len(row), 13))
    if country.happens(0.5):
        begins_at = max(ring.span.begins_at - 16 * WEEK, float(country.people.created_at[ring.members].max()))
        country.go_round(ring.members, ring.draw_count(0.3, 2), Span(begins_at, ring.span.ends_at), 12)


# ── what gives them away ──────────────────────────────────────────────────────────────────────────


def _leak(ring: Ring) -> None:
    """Let members be seen with the same things."""
    country, sharing = ring.country, ring.sharing
    if sharing == "none":
        return
    share = _USERS[sharing] * (0.65 if country.is_hard else 1)
    members = country.rng.permutation(ring.members)
    for kind in _choose_leaks(country, sharing):
        users = country.draw_some(members, share)
        pass_things_on(ring, kind, users if len(users) > 1 else members[:2])
        if sharing == "all":
            country.people.go_without(kind, users, 0.5)


def _choose_leaks(country: Country, sharing: str) -> Sequence[str]:
    if sharing in ("ip", "all"):
        return ("ip",) if sharing == "ip" else _LEAKS
    count = int(country.rng.integers(2, 4)) if sharing == "most" else 1
    kinds: list[str] = country.rng.choice(_LEAKS, count, replace=False, p=_LEAK_SHARES).tolist()
    return ("device",) if kinds == ["ip"] else kinds


def pass_things_on(ring: Ring, kind: str, users: IntArray) -> None:
    """Things of a kind for a few users each; each handful overlaps with the next by one."""
    country, people = ring.country, ring.country.people
    begins_at = min(float(people.created_at[ring.members].max()), ring.span.begins_at)
    size = max(3, len(ring.members) // 2) if kind == "ip" else int(country.rng.integers(3, 7))
    for first in range(0, len(users), size - 1):
        hands = users[first : first + size]
        if len(hands) > 1:
            country.share(hands, kind, Span(begins_at, ring.span.ends_at))
