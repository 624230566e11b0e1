"""Honest groups of friends who pay one another back: dinners, trips, cards, pots, presents, ways to work."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, MONTH, Span
from detection.evaluation.payments.clock import END_AT, NIGHT_HOURS, WEEK
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.people import ADULT, EVERYBODY, GROWN, STUDENT, TEEN, YOUNG
from detection.evaluation.simulation.rhythm import FloatArray, IntArray


def form_friends(country: Country) -> IntArray:
    """A small close circle who owe one another something all the time; some pay on another's telephone."""
    rng = country.rng
    members, span = country.gather((3, 8), (150, 545), (int(rng.choice(EVERYBODY)),))
    country.go_round(members, rng.uniform(2, 14) * len(members), span, rng.uniform(6, 18))
    if country.happens(0.3):
        country.share(members, "device", span, 0.6, most=1)
    return members


def form_weekly_dinner(country: Country) -> IntArray:
    """The same table each week or two; one pays, in turn more or less."""
    rng = country.rng
    members, span = country.gather((3, 9), (90, 500))
    evenings = span.list_steps(float(rng.choice([WEEK, WEEK, 2 * WEEK, MONTH]))) + rng.uniform(19, 22) * HOUR
    country.split_bills(members, evenings, rng.uniform(8, 35), come=rng.uniform(0.55, 0.95), evenness=3)
    return members


def form_poker_night(country: Country) -> IntArray:
    """Losers pay winners the same night, so that money goes round and round in round sums."""
    rng, books = country.rng, country.books
    members, span = country.gather((4, 9), (120, 500), spread=4)
    stake = country.draw_sum(5, 10, 20, 20, 50)
    nights = span.list_steps(float(rng.choice([WEEK, 2 * WEEK, MONTH]))) + 23.5 * HOUR
    for night in nights.tolist():
        there = rng.permutation(country.draw_some(members, 0.85))
        n_winners = max(1, len(there) // 3)
        winners, losers = there[:n_winners], there[n_winners:]
        if not len(winners) or not len(losers):
            continue
        at = night + rng.uniform(60, 5000, len(losers))
        books.pay(losers, rng.choice(winners, len(losers)), at, stake * rng.choice([1, 1, 1, 2, 3], len(losers)))
    return members


def form_fantasy_league(country: Country) -> IntArray:
    """All pay in to one when the season begins, who pays out to three when it ends; bets on the side meanwhile."""
    rng = country.rng
    members, span = country.gather((8, 15), (120, 260), spread=6)
    keeper, others, stake = int(members[0]), members[1:], country.draw_sum(10, 20, 25, 50)
    country.collect(others, keeper, np.array([span.begins_at]), stake, share=1, days=4)
    winners = rng.choice(others, 3, replace=False)
    pot = stake * len(members)
    country.books.pay(keeper, winners, span.ends_at + rng.uniform(0, 2 * DAY, 3), pot * np.array([0.6, 0.3, 0.1]))
    country.go_round(members, rng.uniform(0.5, 4) * len(members), span, 8, hours=NIGHT_HOURS)
    return members


def form_savings_circle(country: Country) -> IntArray:
    """Everybody pays the same each week or month, and each time another of them gets the pot."""
    rng = country.rng
    members = country.people.invite(rng.integers(6, 16), (YOUNG, ADULT, ADULT), spread=4)
    step = float(rng.choice([WEEK, 2 * WEEK, MONTH]))
    n_turns = len(members) * (1 if step > 20 * DAY else int(rng.integers(1, 4)))
    begins_at = rng.uniform(0, max(1.0, END_AT - step * n_turns - 20 * DAY))
    country.people.be_there(members, begins_at, begins_at + step * n_turns)
    share, order = country.draw_sum(20, 50, 100, 100, 200), rng.permutation(members)
    for turn in range(n_turns):
        taker = int(order[turn % len(order)])
        due = np.array([begins_at + turn * step])
        country.collect(members[members != taker], taker, due, share, share=0.97, days=0.8)
    return members


def form_trip(country: Country) -> IntArray:
    """A hundred debts of a week or two away, many of them settled the day after; everybody in one hostel's network."""
    rng, clock = country.rng, country.clock
    members, span = country.gather((4, 13), (4, 16), spread=3)
    bills = clock.draw_evenings(span, rng.uniform(1, 2.5) * span.seconds / DAY + 2)
    country.split_bills(members, bills, rng.uniform(6, 30), come=0.75, evenness=1)
    country.share(members, "ip", span, 0.6)
    settled = Span(span.ends_at, span.ends_at + 3 * DAY)
    country.go_round(members, rng.uniform(0.5, 2) * len(members), settled, 60)
    if country.happens(0.4):  # the house was paid months before
        long_before = max(0.0, span.begins_at - rng.uniform(30, 120) * DAY)
        country.collect(members[1:], int(members[0]), np.array([long_before]), rng.integers(6, 30) * 10.0, days=6)
    return members


def form_gift_collection(country: Country) -> IntArray:
    """Many pay one within days, the same or what they like; nothing comes back."""
    rng = country.rng
    members, span = country.gather((5, 25), (2, 9), (YOUNG, ADULT, ADULT, STUDENT), spread=4)
    gifts = rng.choice([5, 10, 10, 15, 20], len(members) - 1) if country.happens(0.6) else country.draw_sum(5, 10, 20)
    country.collect(members[1:], int(members[0]), np.array([span.begins_at]), gifts, share=0.95, days=2)
    return members


def form_wedding(country: Country) -> IntArray:
    """A hen night that one pays for, hats and flowers, and the presents of all guests to the couple in one weekend."""
    rng = country.rng
    members, span = country.gather((14, 46), (30, 120), (YOUNG, ADULT), spread=6)
    couple, guests, near = members[:2], members[2:], members[1:9]
    country.split_bills(near, country.clock.draw_evenings(span, rng.integers(2, 7)), rng.uniform(15, 70), evenness=0.5)
    presents = rng.choice([30, 50, 50, 100, 150], len(guests))
    country.collect(guests, int(rng.choice(couple)), np.array([span.ends_at]), presents, share=0.7, days=1.5)
    return members


def form_babysitting_circle(country: Country) -> IntArray:
    """Parents who sit for one another's children, for the same money each hour."""
    rng = country.rng
    members, span = country.gather((4, 11), (150, 540), (ADULT,), spread=3)
    hour, count = country.draw_sum(5, 6, 7, 8), int(rng.uniform(3, 12) * len(members))
    at = country.clock.draw_evenings(span, count) + 3 * HOUR
    payers, payees = rng.choice(members, count), rng.choice(members, count)
    country.books.pay(payers, payees, at, hour * rng.integers(2, 6, count))
    return members


def form_carpool(country: Country) -> IntArray:
    """Riders pay the driver for each day or week; some drive in turn."""
    rng, clock = country.rng, country.clock
    members, span = country.gather((3, 6), (60, 400), (YOUNG, ADULT), spread=6)
    days = clock.list_workdays(span)
    if country.happens(0.5):
        days = days[:: int(rng.integers(3, 6))]
        country.collect(members[1:], int(members[0]), days, country.draw_sum(5, 8, 10, 12), share=0.8, days=0.2)
        return members
    days = days[rng.random(len(days)) < 0.35]
    country.split_bills(members, days + 8 * HOUR, country.draw_sum(2, 3, 4), come=0.8, evenness=2, days=0.2)
    return members


def form_shared_subscription(country: Country) -> IntArray:
    """Friends in different towns who pay one of them the same each month, and play with one another at night."""
    rng, people = country.rng, country.people
    members = np.unique(np.concatenate([people.invite(2, (TEEN, STUDENT, YOUNG)) for _ in range(rng.integers(2, 4))]))
    members, span = country.meet(rng.permutation(members), (150, 540))
    months = country.clock.list_firsts(span, int(rng.integers(1, 28)))
    country.collect(members[1:], int(members[0]), months, country.draw_sum(2.5, 3.99, 4.5, 5), days=3)
    country.go_round(members, rng.uniform(0, 5) * len(members), span, 7, hours=NIGHT_HOURS)
    return members


def form_festival(country: Country) -> IntArray:
    """One buys tickets for all months before; then three days of beer."""
    rng = country.rng
    members, span = country.gather((4, 16), (3, 5), (STUDENT, YOUNG), spread=4)
    before = max(0.0, span.begins_at - rng.uniform(40, 180) * DAY)
    country.people.be_there(members, before, span.ends_at)
    country.collect(members[1:], int(members[0]), np.array([before]), rng.integers(5, 20) * 10.0, share=1, days=5)
    beers = country.clock.draw_evenings(span, 2 * len(members))
    country.split_bills(members, beers, 6, come=0.3, evenness=3, days=0.1)
    return members


def form_party(country: Country) -> IntArray:
    """A hall full of students who pay at the door within hours, and one another for drinks; some get the app there."""
    rng, people = country.rng, country.people
    members, span = country.gather((25, 71), (1, 2), GROWN[:2], spread=4)
    door: FloatArray = span.begins_at + rng.uniform(0, 4 * HOUR, len(members) - 1)
    country.books.pay(members[1:], int(members[0]), door, country.draw_sum(3, 5, 5, 8))
    drinks = Span(span.begins_at, span.begins_at + 9 * HOUR)
    country.go_round(members, 0.5 * len(members), drinks, 6)
    if country.happens(0.5):
        country.share(members, "ip", drinks, 0.4, most=1)
    newcomers = members[1:][rng.random(len(members) - 1) < 0.12]
    newcomers = newcomers[people.is_free[newcomers] & (people.created_at[newcomers] > 0)]
    people.created_at[newcomers] = np.minimum(people.created_at[newcomers], span.begins_at - rng.uniform(600, 7200))
    return members
