"""Rings that move money: chains of mules, hired students, collectors, floats, sums below a limit, money in circles."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR
from detection.evaluation.payments.campaign import Ring
from detection.evaluation.payments.clock import NIGHT_HOURS, WEEK
from detection.evaluation.payments.country import Country
from detection.evaluation.simulation.rhythm import IntArray


def run_mule_chain(country: Country, ring: Ring, members: IntArray) -> None:
    """Stolen money comes in at one end, is passed on in two or three layers, and cashed out at the other."""
    rng = country.rng
    names = {"entry": 0.4, "middle": 0.35, "exit": 0.25} if len(members) > 6 else {"entry": 0.6, "exit": 0.4}
    layers = ring.deal_roles(names)
    count = ring.draw_count(1.5, 4, layers[0])
    victims = ring.find_victims(max(2, count * 2 // 3))
    payers, holders = rng.choice(victims, count), rng.choice(layers[0], count)
    at = np.sort(ring.draw_moments(count))
    amounts = country.books.draw_sums(count, 110 if country.is_hard else 190, 0.6)
    status = country.books.end(count, refunded=0.03, disputed=0.2)
    country.books.pay(payers, holders, at, amounts, status)
    for layer in layers[1:]:
        holders, at, amounts = ring.pass_on(holders, layer, at, amounts)


def run_hired_mules(country: Country, ring: Ring, members: IntArray) -> None:
    """Students with lives of their own receive money of strangers, keep a tenth, and send the rest to a herder."""
    rng = country.rng
    herders, mules = ring.deal_roles({"herder": 0.12, "mule": 0.88})
    mule = np.repeat(mules, rng.integers(1, 4, len(mules)))
    victims = ring.find_victims(len(mule))
    payers, at = rng.choice(victims, len(mule)), ring.draw_moments(len(mule))
    amounts = country.books.draw_sums(len(mule), 140, 0.7)
    country.books.pay(payers, mule, at, amounts, country.books.end(len(mule), refunded=0.03, disputed=0.15))
    ring.pass_on(mule, herders, at, amounts, kept=0.1)
    brought = mules[rng.random(len(mules)) < 0.25]
    friends = rng.choice(mules, len(brought))
    country.books.pay(brought, friends, ring.draw_moments(len(brought)), 20.0)


def run_romance_scam(country: Country, ring: Ring, members: IntArray) -> None:
    """A few lonely people pay more and more over months, to whichever account is still open; all goes to one."""
    rng = country.rng
    keepers, collectors = ring.deal_roles({"keeper": 0.25, "collector": 0.75})
    for victim in ring.find_victims(max(2, ring.draw_count(0.7, 1.6))).tolist():
        count = int(rng.integers(3, 12))
        at = np.sort(ring.draw_moments(count))
        steps = np.linspace(1, 4, count) * rng.lognormal(0, 0.3, count)
        amounts = np.round(rng.uniform(25, 90) * steps / 10) * 10
        lovers = rng.choice(collectors, int(rng.integers(1, 3)))
        payee = lovers[(np.arange(count) * len(lovers)) // count]
        status = country.books.end(count, refunded=0.01, disputed=0.12)
        country.books.pay(victim, payee, at, amounts, status)
        ring.pass_on(payee, keepers, at, amounts, kept=0.2)


def run_structuring(country: Country, ring: Ring, members: IntArray) -> None:
    """Many payments just below the limit at which somebody looks, to one or two who pass them on together."""
    rng = country.rng
    collectors, smurfs = ring.deal_roles({"collector": 0.12, "smurf": 0.88})
    limit, count = country.draw_sum(150, 250, 250, 500), ring.draw_count(3, 9, smurfs)
    at, payers = ring.draw_moments(count), rng.choice(smurfs, count)
    below = rng.choice([1.0, 5.0, 10.0, 20.0, 50.0], count) * limit / 500
    amounts = limit - below if not country.is_hard else (limit - below) * rng.choice([1, 1, 0.6, 0.3], count)
    payees = rng.choice(collectors, count)
    country.books.pay(payers, payees, at, amounts)
    funders = country.people.find_strangers(max(2, count // 4), ring.span.begins_at)
    funded_at = ring.draw_moments(len(funders), ends=0.9)
    country.books.pay(funders, rng.choice(smurfs, len(funders)), funded_at, country.books.draw_sums(len(funders), 60))
    if len(collectors) > 1:
        sums = np.full(len(collectors) * 4, 3 * limit)
        ring.pass_on(np.repeat(collectors, 4), collectors, ring.draw_moments(len(sums), begins=0.3), sums)


def run_gambling_float(country: Country, ring: Ring, members: IntArray) -> None:
    """Runners of a house without a licence move dirty money as stakes and wins at night; some punters know nothing."""
    rng, clock = country.rng, country.clock
    houses, runners = ring.deal_roles({"house": 0.15, "runner": 0.85})
    count = ring.draw_count(6, 14, runners)
    runner, at = rng.choice(runners, count), clock.draw_moments(*ring.span, count, NIGHT_HOURS)
    stakes = rng.choice([10, 20, 20, 50, 100], count).astype(float)
    house = rng.choice(houses, count)
    country.books.pay(runner, house, at, stakes)
    wins = np.flatnonzero(rng.random(count) < 0.55)
    winners = np.where(rng.random(len(wins)) < 0.4, runner[wins], rng.choice(runners, len(wins)))
    won = np.round(stakes[wins] * rng.uniform(0.9, 1.8, len(wins)) / 5) * 5
    country.books.pay(house[wins], winners, at[wins] + rng.exponential(5 * HOUR, len(wins)) + 600, won)
    punters = country.people.find_strangers(ring.draw_count(0.5, 2), ring.span.begins_at)
    bets_at = clock.draw_moments(*ring.span, len(punters), NIGHT_HOURS)
    country.books.pay(punters, rng.choice(runners, len(punters)), bets_at, rng.choice([5, 10, 20], len(punters)))
    paid = rng.random(len(punters)) < 0.35
    country.books.pay(rng.choice(runners, int(paid.sum())), punters[paid], bets_at[paid] + 9 * HOUR, 25.0)


def run_limit_building(country: Country, ring: Ring, members: IntArray) -> None:
    """Money goes in a circle in rising sums, so that the app lends each of them more."""
    rng, order = country.rng, country.rng.permutation(members)
    n_rounds = max(2, int(rng.uniform(3, 8)))
    starts = np.sort(ring.draw_moments(n_rounds, ends=0.9))
    for number, start in enumerate(starts.tolist()):
        circle = order if rng.random() < 0.4 else rng.permutation(country.draw_some(order, 0.8))
        if len(circle) < 2:
            continue
        step = (40 if country.is_hard else 9) * HOUR
        at = start + np.cumsum(rng.exponential(step, len(circle)) + 200)
        base = (25 + 30 * number) * rng.lognormal(0, 0.2)
        amounts = country.books.round_sums(base * rng.uniform(0.85, 1.1, len(circle)))
        country.books.pay(circle, np.roll(circle, -1), at, amounts)
    if country.happens(0.6):  # then it is borrowed and taken out by one of them
        at, borrowers = ring.draw_moments(len(order) - 1, begins=0.92), order[1:]
        country.books.pay(borrowers, int(order[0]), at, country.books.draw_sums(len(borrowers), 220, 0.5))
        ring.roles.update({int(order[0]): "collector"})


def run_promo_wash(country: Country, ring: Ring, members: IntArray) -> None:
    """In each week with cash back they pay one another the least that counts, and the same goes back later."""
    rng, books = country.rng, country.books
    least = country.draw_sum(10, 20, 25)
    for week in ring.span.list_steps((4 if country.is_hard else 1) * WEEK).tolist():
        payers = np.repeat(country.draw_some(members, 0.75), rng.integers(1, 3))
        payees = rng.choice(members, len(payers))
        at = week + rng.exponential(1.2 * DAY, len(payers)) + 9 * HOUR
        amounts = least + rng.choice([0, 0, 0, 0.5, 1, 5], len(payers))
        books.pay(payers, payees, at, amounts)
        back = rng.random(len(payers)) < 0.6
        wait = rng.exponential((60 if country.is_hard else 14) * HOUR, int(back.sum())) + 900
        books.pay(payees[back], payers[back], at[back] + wait, amounts[back])
    others = country.people.find_strangers(ring.draw_count(1, 3), ring.span.begins_at)
    partners = country.people.find_strangers(len(others), ring.span.begins_at)
    n_pairs = min(len(others), len(partners))
    books.pay(others[:n_pairs], partners[:n_pairs], ring.draw_moments(n_pairs), least)
