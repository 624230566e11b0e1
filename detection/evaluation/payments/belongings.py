"""What everybody has of their own: telephones, cards, numbers, networks; and what others had before."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, Lives
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.people import REGIONS
from detection.evaluation.simulation.rhythm import IntArray

_CARRIERS = 30
_VPNS = 9


def hand_out_belongings(country: Country) -> None:
    """Give everybody what makes a person a person, but for what somebody lacks."""
    lives = Lives(country)
    _own_devices(country, lives)
    _own_cards(country, lives)
    _own_phones(country, lives)
    _be_on_networks(country, lives)


def _count_own(country: Country, kind: str, shares: tuple[float, ...]) -> IntArray:
    """How many of a kind each has, shape (n,)."""
    counts = country.rng.choice(len(shares), len(country.people), p=shares)
    return np.asarray(np.where(country.people.lacks[kind], 0, counts))


def _own_devices(country: Country, lives: Lives) -> None:
    """None to four, one after the other or side by side; the first of some is somebody else's afterwards."""
    rng, books = country.rng, country.books
    counts = _count_own(country, "device", (0.07, 0.56, 0.26, 0.08, 0.03))
    owner, first = np.repeat(np.arange(lives.n), counts), np.cumsum(counts) - counts
    device = books.ledger.issue("device", len(owner))
    turn = (np.arange(len(owner)) - first[owner]) / np.maximum(counts[owner], 1)
    row = np.repeat(np.arange(len(owner)), 1 + rng.poisson(1.4, len(owner)))
    in_turn = turn[row] + rng.random(len(row)) / np.maximum(counts[owner[row]], 1)
    share = np.where(rng.random(len(row)) < 0.3, rng.random(len(row)), np.clip(in_turn, 0, 1))
    books.use(owner[row], "device", device[row], lives.find(owner[row], share))
    sellers = np.flatnonzero((counts > 1) & (rng.random(lives.n) < 0.1))
    _hand_on(country, lives, "device", sellers, device[first[sellers]])


def _hand_on(country: Country, lives: Lives, kind: str, before: IntArray, things: IntArray) -> None:
    """What some had is somebody else's once most of their time is over."""
    rng = country.rng
    after = rng.permutation(lives.n)[: len(before)]
    given_at = lives.find(before, 0.7)
    there = (lives.until[after] > given_at + 5 * DAY) & (after != before)
    since = np.maximum(given_at, lives.since[after])[there]
    country.books.use(after[there], kind, things[there], since + rng.uniform(0, 60 * DAY, len(since)))


def _own_cards(country: Country, lives: Lives) -> None:
    """None to three cards and bank accounts; a few numbers come round again years later, to whoever it is."""
    rng = country.rng
    counts = _count_own(country, "payment", (0.11, 0.52, 0.27, 0.1))
    owner = np.repeat(np.arange(lives.n), counts)
    card = country.books.ledger.issue("payment", len(owner))
    country.books.use(owner, "payment", card, lives.draw(owner))
    again = np.flatnonzero(rng.random(len(owner)) < 0.008)
    _hand_on(country, lives, "payment", owner[again], card[again])


def _own_phones(country: Country, lives: Lives) -> None:
    """Most numbers are known; some had an owner before."""
    rng = country.rng
    owner = np.flatnonzero(_count_own(country, "phone", (0.16, 0.84)))
    phone = country.books.ledger.issue("phone", len(owner))
    country.books.use(owner, "phone", phone, lives.draw(owner, 0, 0.15))
    again = np.flatnonzero(rng.random(len(owner)) < 0.02)
    _hand_on(country, lives, "phone", owner[again], phone[again])


def _be_on_networks(country: Country, lives: Lives) -> None:
    """For three in five it is known from where: a router that changes its number, a carrier's one for many, a café."""
    rng, people, ledger = country.rng, country.people, country.books.ledger
    times = np.where(rng.random(lives.n) < 0.6, 1 + rng.poisson(2.0, lives.n), 0)
    times[people.lacks["ip"]] = 0
    who = np.repeat(np.arange(lives.n), times)
    count, at = len(who), lives.draw(who)
    lease_seconds = rng.uniform(25, 400, lives.n)[who] * DAY
    lease = who * 1000 + np.floor(at / lease_seconds).astype(np.int64)
    leases, place = np.unique(lease, return_inverse=True)
    at_home = ledger.issue("ip", len(leases))[place]
    exits = (rng.pareto(0.9, count) * 2).astype(np.int64) % _CARRIERS
    mobile = ledger.issue("ip", len(REGIONS) * _CARRIERS)[people.region[people.town[who]] * _CARRIERS + exits]
    hidden = rng.choice(ledger.issue("ip", _VPNS), count)
    cafe = rng.choice(ledger.issue("ip", max(5, count // 25)), count)
    drawn = rng.random(count)
    ip = np.select([drawn < 0.42, drawn < 0.92, drawn < 0.95], [at_home, mobile, hidden], cafe)
    country.books.use(who, "ip", ip, at)
