"""Who lives in the village: homes, families, ages, belongings.

Sizes of households are Eurostat's for the EU in 2017 (33.6, 31.9, 15.6, 13.1 and 5.8 % of one to five and more
persons).  That few of a family have an account of their own is a judgement, and so are the shares of shared
computers and cards.  A telephone is replaced after two and a half years, as industry surveys say.  A third of the
accounts is older than the records; half of the people fall asleep after a year or so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.evaluation.simulation.ledger import BoolArray, Ledger
from detection.evaluation.simulation.rhythm import FloatArray, IntArray
from detection.evaluation.village.seasons import DAY, END_AT, N_DAYS, START_AT, draw_clock
from detection.evaluation.village.settings import VillageSettings

NONE = -1
_HOUSEHOLD_SIZES = np.array([0.336, 0.319, 0.156, 0.131, 0.058])
_STREETS, _NUMBERS = 120, 180


@dataclass
class People:
    """Everyone with an account; index i is account i everywhere, shapes (n_accounts,).

    Attributes
    ----------
    household, town, age
        Where and with whom one lives.
    joined_at, quits_at
        Unix seconds; deeds lie between them.
    appetite
        Mean of everyday orders over the records.
    return_habit
        By how much more than others one sends things back; log-normal, so that a few do so all the time.
    home, parcels_to
        Places: where one lives, and where parcels go.
    phone, next_phone, swap_at
        One's own device, the one after it, and when the one follows the other.
    family_device, home_ip, card, number, mail
        Things that may be shared with the household; ``NONE`` where there is none.
    other_ip, other_device, n_other_devices, other_share
        A second place (work, school, library): its network, its first computer and their number, and the share of
        visits to the market that are made there.
    is_fraud, is_puppet, is_taken
        Bad; an account that a fraudster made up; already in some group that decided when it joined.
    """

    household: IntArray
    town: IntArray
    age: IntArray
    joined_at: IntArray
    quits_at: IntArray
    appetite: FloatArray
    return_habit: FloatArray
    home: IntArray
    parcels_to: IntArray
    phone: IntArray
    next_phone: IntArray
    swap_at: IntArray
    family_device: IntArray
    home_ip: IntArray
    card: IntArray
    number: IntArray
    mail: IntArray
    other_ip: IntArray
    other_device: IntArray
    n_other_devices: IntArray
    other_share: FloatArray
    is_fraud: BoolArray
    is_puppet: BoolArray
    is_taken: BoolArray

    def __len__(self) -> int:
        return len(self.household)


def settle(rng: np.random.Generator, settings: VillageSettings, n_puppets: int, ledger: Ledger) -> People:
    """People in their homes, and behind them `n_puppets` accounts without a family."""
    n = settings.n_accounts
    household = _found_households(rng, n - n_puppets, 0.28 if settings.is_hard else 0.15)
    household = np.r_[household, household.max() + 1 + np.arange(n_puppets)]
    n_homes = int(household.max()) + 1
    town = _choose_towns(rng, n_homes, max(4, n // 1_500))
    home = found_places(rng, ledger, town)
    joined_at = _join(rng, n)
    first_card, joint = ledger.issue("payment", n), ledger.issue("payment", n_homes)
    has_joint = rng.random(n_homes) < 0.3
    computer = np.where(rng.random(n_homes) < 0.45, ledger.issue("device", n_homes), NONE)
    return People(
        household=household,
        town=town[household],
        age=_draw_ages(rng, household),
        joined_at=joined_at,
        quits_at=_quit(rng, joined_at),
        appetite=np.where(rng.random(n) < 0.15, 0.0, rng.lognormal(0.35, 1.0, n)),
        return_habit=rng.lognormal(-0.35, 0.8, n),
        home=home[household],
        parcels_to=home[household],
        phone=ledger.issue("device", n),
        next_phone=ledger.issue("device", n),
        swap_at=joined_at + (rng.exponential(2.5 * 365, n) * DAY).astype(np.int64),
        family_device=computer[household],
        home_ip=ledger.issue("ip", n_homes)[household],
        card=np.where(has_joint[household] & (rng.random(n) < 0.6), joint[household], first_card),
        number=ledger.issue("phone", n),
        mail=ledger.issue("email", n),
        other_ip=np.full(n, NONE),
        other_device=np.full(n, NONE),
        n_other_devices=np.ones(n, dtype=np.int64),
        other_share=np.zeros(n),
        is_fraud=np.zeros(n, dtype=bool),
        is_puppet=np.arange(n) >= n - n_puppets,
        is_taken=np.arange(n) >= n - n_puppets,
    )


def _found_households(rng: np.random.Generator, n_people: int, share_further: float) -> IntArray:
    """The household of each account: of every family one person has one, and some others."""
    persons = 1 + rng.choice(5, n_people, p=_HOUSEHOLD_SIZES / _HOUSEHOLD_SIZES.sum())
    accounts = 1 + rng.binomial(persons - 1, share_further)
    return np.repeat(np.arange(n_people), accounts)[:n_people]


def _choose_towns(rng: np.random.Generator, count: int, n_towns: int) -> IntArray:
    size = 1.0 / np.arange(1, n_towns + 1) ** 0.8
    return rng.choice(n_towns, count, p=size / size.sum())


def found_places(rng: np.random.Generator, ledger: Ledger, town: IntArray) -> IntArray:
    """One new place in each of the towns: a house, or a flat in a house of about six; no two the same."""
    count = len(town)
    in_flat = rng.random(count) < 0.5
    house = rng.integers(0, _STREETS * _NUMBERS, count)
    blocks = np.bincount(town, minlength=int(town.max(initial=0)) + 1) // 12 + 1
    block = (rng.random(count) * blocks[town]).astype(np.int64) * 104_729 % (_STREETS * _NUMBERS)
    code = np.where(in_flat, block, house)
    return add_places(ledger, town, code // _NUMBERS, 1 + code % _NUMBERS, _number_flats(rng, town, code, in_flat))


def _number_flats(rng: np.random.Generator, town: IntArray, code: IntArray, in_flat: BoolArray) -> IntArray:
    """Flats of one house have different numbers; a house where one family lives has none."""
    key = town * _STREETS * _NUMBERS + code
    order = np.lexsort((rng.random(len(key)), key))
    first = np.r_[True, key[order][1:] != key[order][:-1]] if len(key) else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(first)
    rank = np.arange(len(key)) - starts[np.cumsum(first) - 1]
    flat = np.empty(len(key), dtype=np.int64)
    flat[order] = rank + 1
    return np.where(in_flat | (flat > 1), flat, 0)


def add_places(ledger: Ledger, town: IntArray, street: IntArray, number: IntArray, flat: IntArray) -> IntArray:
    """Places by their parts; flat 0 is a whole house."""
    places = ledger.issue("place", len(town))
    ledger.add("places", town=town, street=street, number=number, flat=flat)
    return places


def _draw_ages(rng: np.random.Generator, household: IntArray) -> IntArray:
    """Grown-ups, and with some of them a partner or a child of fourteen to twenty-four."""
    is_first = np.r_[True, household[1:] != household[:-1]]
    grown_up = (20 + rng.beta(1.8, 2.6, len(household)) * 62).astype(np.int64)
    head = grown_up[np.flatnonzero(is_first)][np.cumsum(is_first) - 1]
    partner = np.clip(head + rng.integers(-6, 7, len(head)), 18, 90)
    child = rng.integers(14, 25, len(head))
    return np.where(is_first, grown_up, np.where(rng.random(len(head)) < 0.6, partner, child))


def _join(rng: np.random.Generator, count: int) -> IntArray:
    growth = (np.sqrt(0.2 + 2.0 * rng.random(count)) - np.sqrt(0.2)) / (np.sqrt(2.2) - np.sqrt(0.2))
    joined = START_AT + growth * (N_DAYS - 5) * DAY
    before = rng.random(count) < 0.35
    joined[before] = START_AT - rng.exponential(500, before.sum()).clip(max=2_500) * DAY
    return draw_clock(rng, joined.astype(np.int64))


def _quit(rng: np.random.Generator, joined_at: IntArray) -> IntArray:
    stays = (30 + rng.exponential(380, len(joined_at))) * DAY
    sleeps_at = np.maximum(joined_at, START_AT) + stays.astype(np.int64)
    return np.where(rng.random(len(joined_at)) < 0.5, np.minimum(sleeps_at, END_AT - 1), END_AT - 1)
