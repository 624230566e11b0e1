"""What everybody has of their own: devices, homes, numbers, mail, cards, networks, pictures; and what homes share."""

from __future__ import annotations

from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Lives
from detection.evaluation.inland.country import Country
from detection.evaluation.inland.people import BUYER, STALL
from detection.evaluation.inland.things import N_STREETS
from detection.evaluation.inland.towns import REGIONS
from detection.evaluation.simulation.ledger import ADDRESS_KINDS
from detection.evaluation.simulation.rhythm import IntArray

PLACEHOLDERS = {
    "device": "00000000-0000-0000-0000-000000000000",
    "address": "unknown",
    "phone": "0000000000",
    "email": "test@test.com",
}
"""By kind, what somebody types who has to type something, or a telephone says that will not tell."""
_CARRIERS = 40
_VPNS = 9


def hand_out_belongings(country: Country) -> None:
    """Give everybody what makes a person a person, but for what somebody lacks."""
    lives = Lives(country)
    _own_devices(country, lives)
    _live_somewhere(country, lives)
    _own_phones(country, lives)
    _own_mail(country, lives)
    _own_cards(country, lives)
    _be_on_networks(country, lives)
    _stand_in_the_square(country, lives)
    _take_pictures(country, lives)


def _choose_owners(country: Country, kind: str, share: float) -> IntArray:
    """A share of all, but for those who have nothing of a kind."""
    there = ~country.people.lacks[kind] & (country.rng.random(len(country.people)) < share)
    return np.flatnonzero(there)


def _use_at_home(country: Country, owners: IntArray, things: IntArray, merges: Any) -> None:
    """Let those who merge have what the first of them at home has."""
    rows = np.flatnonzero(merges)
    _, first, place = np.unique(country.people.home[owners[rows]], return_index=True, return_inverse=True)
    things[rows] = things[rows[first]][place]


def _lives_with_others(country: Country, owners: IntArray, homes_share: float) -> Any:
    """Who lives with somebody, in a share of homes."""
    people = country.people
    chosen = country.rng.random(len(people.home_sizes)) < homes_share
    return chosen[people.home[owners]] & ~people.lives_alone[owners]


# ── devices ───────────────────────────────────────────────────────────────────────────────────────


def _own_devices(country: Country, lives: Lives) -> None:
    """None to four, one after the other or side by side; a tablet in the kitchen; some are sold on."""
    rng, people, books = country.rng, country.people, country.books
    counts = rng.choice(5, lives.n, p=[0.13, 0.5, 0.25, 0.09, 0.03])
    counts[people.lacks["device"]] = 0
    owner, first = np.repeat(np.arange(lives.n), counts), np.cumsum(counts) - counts
    device = country.things.make("device", len(owner))
    turn = (np.arange(len(owner)) - first[owner]) / np.maximum(counts[owner], 1)
    row = np.repeat(np.arange(len(owner)), 1 + rng.poisson(1.6, len(owner)))
    in_turn = turn[row] + rng.random(len(row)) / np.maximum(counts[owner[row]], 1)
    share = np.where(rng.random(len(row)) < 0.3, rng.random(len(row)), np.clip(in_turn, 0, 1))
    books.use(owner[row], "device", device[row], lives.find(owner[row], share))
    _use_kitchen_tablets(country, lives)
    seller = np.flatnonzero((counts > 1) & (rng.random(lives.n) < 0.045))
    _sell_devices_on(country, lives, seller, device[first[seller]])
    nameless = np.flatnonzero(rng.random(lives.n) < 0.006)
    books.use(nameless, "device", _make_placeholder(country, "device"), lives.draw(nameless))


def _make_placeholder(country: Country, kind: str) -> int:
    return country.things.make_named(kind, PLACEHOLDERS[kind])


def _use_kitchen_tablets(country: Country, lives: Lives) -> None:
    rng, people = country.rng, country.people
    everybody = np.arange(lives.n)
    uses = _lives_with_others(country, everybody, 0.45) & ~people.lacks["device"] & (rng.random(lives.n) < 0.8)
    users = np.repeat(everybody[uses], 1 + rng.integers(0, 3, int(uses.sum())))
    tablets = country.things.make("device", len(people.home_sizes))
    country.books.use(users, "device", tablets[people.home[users]], lives.draw(users))


def _sell_devices_on(country: Country, lives: Lives, seller: IntArray, device: IntArray) -> None:
    """The first telephone of some is somebody else's afterwards."""
    rng = country.rng
    buyer = rng.permutation(lives.n)[: len(seller)]
    sold_at = lives.find(seller, 0.6)
    there = (lives.until[buyer] > sold_at + 5 * DAY) & (buyer != seller) & ~country.people.is_bad[buyer]
    since = np.maximum(sold_at, lives.since[buyer])[there]
    seen_at = since + rng.exponential(30 * DAY, len(since)).clip(0, 60 * DAY)
    country.books.use(buyer[there], "device", device[there], seen_at)


# ── homes, numbers, mail, cards ───────────────────────────────────────────────────────────────────


def _live_somewhere(country: Country, lives: Lives) -> None:
    """Houses and flats; one in eight of those who live alone moves, and a stranger comes after."""
    rng, people = country.rng, country.people
    n_homes = len(people.home_sizes)
    flat = np.where(rng.random(n_homes) < 0.45, rng.integers(1, 30, n_homes), 0)
    town = np.zeros(n_homes, dtype=np.int64)
    town[people.home] = people.town
    homes = country.things.make_places(town, rng.integers(1, 190, n_homes), rng.integers(0, N_STREETS, n_homes), flat)
    moves = (rng.random(lives.n) < 0.19) & people.lives_alone & ~people.lacks["address"]
    next_home = people.home.copy()
    next_home[moves] = rng.permutation(people.home[moves])
    owner = _choose_owners(country, "address", 0.74)
    owner = np.repeat(owner, 1 + (rng.random((2, len(owner))) < [[0.45], [0.15]]).sum(axis=0))
    share = rng.random(len(owner))
    home = np.where(moves[owner] & (share > 0.55), next_home[owner], people.home[owner])
    kinds = rng.choice(len(ADDRESS_KINDS), len(owner), p=(0.6, 0.2, 0.2))
    country.books.use(owner, "address", homes[home], lives.find(owner, share), address_kind=kinds)
    nameless = np.flatnonzero(rng.random(lives.n) < 0.004)
    country.books.use(nameless, "address", _make_placeholder(country, "address"), lives.draw(nameless))


def _own_phones(country: Country, lives: Lives) -> None:
    """Most have a number, some homes one for all; some numbers had an owner before, who is gone."""
    rng, people, things, books = country.rng, country.people, country.things, country.books
    owner = _choose_owners(country, "phone", 0.72)
    phone = things.make("phone", len(owner))
    at_home = _lives_with_others(country, owner, 0.12)
    _use_at_home(country, owner, phone, at_home)
    new = np.flatnonzero(rng.random(len(owner)) < 0.03)
    old = rng.permutation(len(owner))[: len(new)]
    given_up = people.until[owner[old]] + 90 * DAY < people.created_at[owner[new]]
    given_up &= ~at_home[new]
    phone[new[given_up]] = phone[old[given_up]]
    nameless = rng.random(len(owner)) > 0.994
    phone[nameless] = _make_placeholder(country, "phone")
    books.use(owner, "phone", phone, lives.draw(owner, 0, 0.15), is_own=~nameless)
    other = country.draw_some(owner, 0.1)
    books.use(other, "phone", things.make("phone", len(other)), lives.draw(other, 0.3, 1))


def _own_mail(country: Country, lives: Lives) -> None:
    rng, people = country.rng, country.people
    owner = _choose_owners(country, "email", 0.88)
    mail = country.things.make("email", len(owner))
    _use_at_home(country, owner, mail, _lives_with_others(country, owner, 0.04))
    mail[rng.random(len(owner)) < 0.003] = _make_placeholder(country, "email")
    at_signing_up = lives.since[owner] + rng.uniform(5, 300, len(owner))
    at = np.where(people.created_at[owner] > 0, at_signing_up, lives.draw(owner))
    country.books.use(owner, "email", mail, at)


def _own_cards(country: Country, lives: Lives) -> None:
    rng = country.rng
    counts = rng.choice(4, lives.n, p=[0.36, 0.47, 0.14, 0.03])
    counts[country.people.lacks["payment"]] = 0
    owner = np.repeat(np.arange(lives.n), counts)
    card = country.things.make("payment", len(owner))
    merges = _lives_with_others(country, owner, 0.28) & (rng.random(len(owner)) < 0.7)
    _use_at_home(country, owner, card, merges)
    country.books.use(owner, "payment", card, lives.draw(owner))


# ── networks and pictures ─────────────────────────────────────────────────────────────────────────


def _be_on_networks(country: Country, lives: Lives) -> None:
    """The router at home changes its number; carriers show one for many; some hide, some are elsewhere."""
    rng, people, things = country.rng, country.people, country.things
    times = np.where(rng.random(lives.n) < 0.88, 1 + rng.poisson(2.4, lives.n), 0)
    times[people.lacks["ip"]] = 0
    who = np.repeat(np.arange(lives.n), times)
    count, at = len(who), lives.draw(who)
    lease_seconds = rng.uniform(25, 400, len(people.home_sizes))[people.home[who]] * DAY
    lease = people.home[who] * 1000 + np.floor(at / lease_seconds).astype(np.int64)
    leases, place = np.unique(lease, return_inverse=True)
    at_home = things.make("ip", len(leases))[place]
    exits = (rng.pareto(0.9, count) * 2).astype(np.int64) % _CARRIERS
    region = people.towns.region[people.town[who]]
    mobile = things.make("ip", len(REGIONS) * _CARRIERS)[region * _CARRIERS + exits]
    hidden = rng.choice(things.make("ip", _VPNS), count)
    elsewhere = rng.choice(things.make("ip", max(5, count // 30)), count)
    drawn, mobile_share = rng.random(count), 0.55 if country.is_hard else 0.45
    ip = np.select([drawn < 0.93 - mobile_share, drawn < 0.93, drawn < 0.96], [at_home, mobile, hidden], elsewhere)
    country.books.use(who, "ip", ip, at)


def _stand_in_the_square(country: Country, lives: Lives) -> None:
    """Each town's square has a network, on which stalls are on Sundays."""
    rng, people = country.rng, country.people
    stands = (people.sells_as == STALL) & ~people.lacks["ip"] & (rng.random(lives.n) < 0.5)
    for town in range(len(people.towns)):
        stalls = np.flatnonzero(stands & (people.town == town))
        if len(stalls) < 2:
            continue
        stalls = np.repeat(stalls, rng.integers(1, 4, len(stalls)))
        spans = zip(lives.since[stalls].tolist(), lives.until[stalls].tolist(), strict=True)
        sundays = np.array([country.clock.draw_sunday(*span) for span in spans])
        at = sundays + rng.uniform(6, 14, len(stalls)) * HOUR
        there = (at > lives.since[stalls]) & (at < lives.until[stalls])
        country.books.use(stalls[there], "ip", country.things.make_one("ip"), at[there])


def _take_pictures(country: Country, lives: Lives) -> None:
    """Some sellers' pictures are known; one in eleven is the maker's, who made it for many."""
    rng = country.rng
    seller = np.flatnonzero((country.people.sells_as > BUYER) & (rng.random(lives.n) < 0.3))
    seller = np.repeat(seller, 1 + rng.poisson(1.5, len(seller)))
    photo = country.things.make("photo", len(seller))
    of_maker = np.flatnonzero(rng.random(len(seller)) < 0.09)
    few = max(1, len(seller) // 25)
    photo[of_maker] = photo[(rng.random(len(of_maker)) ** 2 * few).astype(np.int64)]
    country.books.use(seller, "photo", photo, lives.draw(seller))
