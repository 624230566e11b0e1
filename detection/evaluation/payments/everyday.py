"""What people pay when they do nothing in particular: circles of friends that overlap, and a stranger now and then."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR
from detection.evaluation.payments.clock import END_AT
from detection.evaluation.payments.country import Country
from detection.evaluation.simulation.rhythm import IntArray

_MEMBERSHIPS = 0.95
"""In how many circles people are, on average, beside the groups that are told."""
_MEAN_CIRCLE = 3.6
_TIES_IN_CIRCLE = 0.6
"""How many pairs of a circle ever pay one another."""
_LOOSE_TIES = 0.55
_ONE_OFF = 0.7
"""How many ties each has in town beside circles, and how many strangers each pays once, on average."""


def live_every_day(country: Country) -> None:
    """Let everybody pay friends; who cheats less than others, as far as they have a life."""
    pairs = np.concatenate([_draw_circles(country), _draw_loose_ties(country)])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    _pay_friends(country, country.rng.permuted(pairs, axis=1))
    _pay_strangers(country)
    _bring_friends(country, pairs)


def _draw_circles(country: Country) -> IntArray:
    """Pairs of one circle who pay one another, shape (n, 2): neighbours of a few, and one in eight from elsewhere."""
    rng, people = country.rng, country.people
    n_circles = int(len(people) * _MEMBERSHIPS / _MEAN_CIRCLE)
    sizes = np.minimum(2 + rng.geometric(1 / (_MEAN_CIRCLE - 1), n_circles) - 1, 12)
    circle = np.repeat(np.arange(n_circles), sizes)
    share = people.social / people.social.sum()
    centre = rng.choice(len(people), n_circles, p=share)[circle]
    member = np.clip(centre + np.round(rng.laplace(0, 5, len(circle))).astype(np.int64), 0, len(people) - 1)
    member = np.where(rng.random(len(circle)) < 0.12, rng.choice(len(people), len(circle), p=share), member)
    pairs = []
    for size in np.unique(sizes).tolist():
        of_size = member[np.repeat(sizes == size, sizes)].reshape(-1, size)
        first, second = np.triu_indices(size, 1)
        pairs.append(np.stack([of_size[:, first].ravel(), of_size[:, second].ravel()], axis=1))
    found = np.concatenate(pairs)
    return found[rng.random(len(found)) < _TIES_IN_CIRCLE]


def _draw_loose_ties(country: Country) -> IntArray:
    """Pairs of the same town, not of one circle, shape (n, 2); who is social has more."""
    rng, people = country.rng, country.people
    share = people.social / people.social.sum()
    one = rng.choice(len(people), int(_LOOSE_TIES * len(people)), p=share)
    low, high = np.searchsorted(people.town, people.town[one]), np.searchsorted(people.town, people.town[one], "right")
    other = low + (rng.random(len(one)) * (high - low)).astype(np.int64)
    return np.stack([one, other], axis=1)


def _pay_friends(country: Country, pairs: IntArray) -> None:
    """Some pairs pay once and some all the time, one way or both; an eighth of it is paid back; a few are loans."""
    rng, people = country.rng, country.people
    one, other = pairs.T
    usual = 1.5 * np.sqrt(people.social[one] * people.social[other])
    counts = 1 + rng.poisson(np.minimum(usual * rng.lognormal(-0.3, 1.3, len(one)), 90))
    begins = np.clip(np.maximum(people.created_at[one], people.created_at[other]), 0, END_AT - DAY)
    ends = np.clip(np.minimum(people.until[one], people.until[other]), begins + DAY, END_AT)
    starts = begins + (ends - begins) * np.clip(1.3 * rng.random(len(one)) - 0.45, 0, 0.85)
    stops = np.minimum(ends, starts + rng.exponential(350 * DAY, len(one)) + 10 * DAY)
    row = np.repeat(np.arange(len(one)), counts)
    row = row[rng.random(len(row)) < people.life[one[row]] * people.life[other[row]]]
    way = rng.beta(0.75, 0.75, len(one))[row]
    pays = rng.random(len(row)) < way
    payer, payee = np.where(pays, one[row], other[row]), np.where(pays, other[row], one[row])
    at = country.clock.draw_moments(starts[row] + HOUR, stops[row])
    usual = 13 * rng.lognormal(0, 0.45, len(one))[row] * np.where(rng.random(len(row)) < 0.035, 12, 1)
    sums = country.books.draw_sums(len(row), usual, 0.75)
    country.books.pay(payer, payee, at, sums)
    back = np.flatnonzero(rng.random(len(row)) < 0.12)
    at_back = country.clock.wait(at[back] + 900, 8 * DAY)
    country.books.pay(payee[back], payer[back], at_back, country.books.round_sums(sums[back]))


def _pay_strangers(country: Country) -> None:
    """Second-hand things, a taxi shared, a stall: once, and never again; the few who sell get most of it."""
    rng, people = country.rng, country.people
    count = int(_ONE_OFF * len(people))
    sells = np.minimum(rng.pareto(1.3, len(people)), 50) * people.social
    payers = rng.choice(len(people), count, p=people.social / people.social.sum())
    payees = rng.choice(len(people), count, p=sells / sells.sum())
    begins = np.maximum(people.created_at[payers], people.created_at[payees]) + HOUR
    ends = np.minimum(people.until[payers], people.until[payees])
    kept = (ends > np.maximum(begins, 0) + DAY) & (rng.random(count) < people.life[payers] * people.life[payees])
    payers, payees = payers[kept], payees[kept]
    at = country.clock.draw_moments(begins[kept], ends[kept])
    status = country.books.end(len(payers), refunded=0.015, disputed=0.006)
    country.books.pay(payers, payees, at, country.books.draw_sums(len(payers), 32, 1.2), status)


def _bring_friends(country: Country, pairs: IntArray) -> None:
    """A third of those who come while it is recorded was brought by a friend who was there."""
    rng, people = country.rng, country.people
    mixed = rng.permutation(pairs)
    later = people.created_at[mixed[:, 0]] > people.created_at[mixed[:, 1]]
    newcomer, friend = np.where(later, mixed[:, 0], mixed[:, 1]), np.where(later, mixed[:, 1], mixed[:, 0])
    _, first = np.unique(newcomer, return_index=True)
    newcomer, friend = newcomer[first], friend[first]
    brought = (people.created_at[newcomer] > -300 * DAY) & (rng.random(len(newcomer)) < 0.4)
    brought &= ~people.is_made_up[newcomer] | (rng.random(len(newcomer)) < 0.5)
    country.books.refer(newcomer[brought], friend[brought])
