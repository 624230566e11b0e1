"""Honest groups that meet: halls and flea markets, parishes, teams and choirs, neighbours who buy together."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Span
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.clock import SUNDAY_HOURS
from detection.evaluation.inland.country import Country, Habit
from detection.evaluation.inland.goods import (
    BOOKS,
    CLOTHES,
    COLLECT,
    GAMES,
    GARDEN,
    KIDS,
    KITCHEN,
    MUSIC,
    PRICES,
    SPORT,
    TOOLS,
)
from detection.evaluation.inland.people import PRIVATE, SHOP, STALL
from detection.evaluation.simulation.ledger import COMPLETED
from detection.evaluation.simulation.rhythm import IntArray


def form_meet_up(country: Country) -> IntArray:
    """One Sunday in a hall: everybody swaps with everybody."""
    rng, people = country.rng, country.people
    day = country.clock.draw_sunday(30 * DAY, 710 * DAY)
    members = people.take(rng.integers(8, 26), people.draw_town() if country.happens(0.5) else None)
    people.be_there(members, day, day + 10 * DAY)
    signed_in = members[: len(members) * 3 // 4]
    at = day + rng.uniform(9, 16, len(signed_in)) * HOUR
    country.books.use(signed_in, "ip", country.things.make_one("ip"), at)
    category = country.draw_category([COLLECT, GAMES, KIDS, CLOTHES, MUSIC])
    habit = Habit(category, 0.5, rng.uniform(0.1, 0.5), evenness=2, hours=SUNDAY_HOURS)
    country.deal_inside(members, rng.uniform(1, 3) * len(members), Span(day + 9 * HOUR, day + 17 * HOUR), habit)
    return members


def form_flea_crew(country: Country) -> IntArray:
    """Stall-holders who drive from town to town on Sundays, share a card reader and a van, and settle the fees."""
    rng, people, things = country.rng, country.people, country.things
    members, span = country.gather((4, 13), (200, 700), sells=True)
    people.sells_as[members] = STALL
    people.selling[members] += 8
    country.share(members, "device", span, 0.7, most=4)
    country.share(members, "payment", span, 0.3, most=1)
    country.share(members, "address", span, 0.4, things.make_place(people.draw_town()), most=1)
    step = float(rng.choice([7, 14, 30])) * DAY
    for week in Span(span.begins_at, span.ends_at - 9 * DAY).list_steps(step).tolist():
        sunday = country.clock.draw_sunday(week, week + 7 * DAY)
        sunday = sunday if sunday > span.begins_at else week
        there = country.draw_some(members, 0.75)
        if len(there) > 1:
            _set_up_stalls(country, there, sunday)
    return members


def _set_up_stalls(country: Country, there: IntArray, sunday: float) -> None:
    """One network for all, a fee that one has laid out, and perhaps a deal before it opens."""
    rng, books = country.rng, country.books
    books.use(there, "ip", country.things.make_one("ip"), sunday + rng.uniform(7, 9, len(there)) * HOUR)
    paid_at = sunday + rng.uniform(16, 19, len(there) - 1) * HOUR
    books.pay(there[1:], there[0], paid_at, float(rng.choice([10, 12, 15, 20])))
    if country.happens(0.4):
        buyer, seller = rng.choice(there, 2, replace=False).tolist()
        at, price = sunday + rng.uniform(7, 9) * HOUR, float(rng.integers(10, 120))
        books.order(buyer, seller, at, price, Terms(said=0.03))


def form_church_bazaar(country: Country) -> IntArray:
    """All of it to the treasurer, on one Sunday or two; helpers sign in at the parish office."""
    rng, people = country.rng, country.people
    town = people.draw_town()
    members = people.take(rng.integers(8, 28), town)
    days = [float(rng.choice([75, 90, 210])) * DAY, float(rng.choice([440, 455, 575])) * DAY]
    span = Span(*days)
    people.be_there(members, *span, since_days=300)
    ip, device = country.things.make_one("ip"), country.things.make_one("device")
    for day in days[: rng.integers(1, 3)]:
        sunday = country.clock.draw_sunday(day, day + 9 * DAY)
        _hold_bazaar(country, members, sunday, {"ip": ip, "device": device})
    if country.happens(0.5):
        country.share(members, "address", span, 0.3, most=1)
    return members


def _hold_bazaar(country: Country, members: IntArray, sunday: float, office: dict[str, int]) -> None:
    rng, people, books = country.rng, country.people, country.books
    treasurer = int(members[0])
    there = country.draw_some(members[1:], 0.8)
    guests = people.find_strangers(len(members), sunday, town=int(people.town[treasurer]))
    count = int(rng.integers(len(members), 3 * len(members)))
    at = sunday + rng.uniform(9, 15, count) * HOUR
    sold = country.draw_category([KITCHEN, CLOTHES, BOOKS])
    terms = Terms(category=sold, status=COMPLETED, said=0.08, stars=(5,))
    prices = rng.choice([2, 3, 4, 5, 8, 10, 15, 20], count)
    books.order(rng.choice(np.concatenate([there, guests]), count), treasurer, at, prices, terms)
    helpers = country.draw_some(there, 0.5)
    for kind, thing in office.items():
        books.use(helpers, kind, thing, sunday + rng.uniform(8, 14, len(helpers)) * HOUR)
    paid_at = sunday + rng.exponential(4 * DAY, len(there)) + HOUR
    books.pay(there, treasurer, paid_at, np.round(rng.uniform(5, 60, len(there))))


def form_football_team(country: Country) -> IntArray:
    """Dues twice a year, one shirt for all, journeys paid back; a team-mate's shop is praised, of course."""
    rng, people, books, clock = country.rng, country.people, country.books, country.clock
    members, span = country.gather((11, 23), (300, 700), people.draw_town())
    captain, others = int(members[0]), members[1:]
    for due in span.list_steps(182 * DAY, after=5 * DAY):
        fee = float(rng.choice([30, 45, 60]))
        books.pay(others, captain, due + rng.exponential(9 * DAY, len(others)), fee)
    _buy_shirts(country, members, span)
    if country.happens(0.6):
        owner, fans = int(members[1]), country.draw_some(members[2:], 0.7)
        people.sells_as[owner] = SHOP
        people.selling[owner] += 15
        at = clock.draw_moments(span.begins_at + 9 * DAY, span.ends_at, len(fans))
        prices = country.draw_prices(int(people.taste[owner]), len(fans))
        books.order(fans, owner, at, prices, Terms(said=0.7, stars=(5,)))
    country.lend(members, 3 * len(members), span, 9)
    country.deal_inside(members, len(members) * rng.uniform(0.3, 1.5), span, Habit(SPORT, 0.6, 0.2))
    if country.happens(0.5):
        country.share(members, "ip", span, 0.5)
    return members


def _buy_shirts(country: Country, members: IntArray, span: Span) -> None:
    """One orders for all and is paid back, or each orders the same."""
    rng, books = country.rng, country.books
    captain, others, price = int(members[0]), members[1:], 38.0
    shop = country.people.find_seller(span.begins_at)
    at = country.clock.draw_moment(span.begins_at + 5 * DAY, span.begins_at + 60 * DAY)
    if country.happens(0.5):
        books.order(captain, shop, at, price * len(members), Terms(category=SPORT))
        books.pay(others, captain, at + rng.exponential(5 * DAY, len(others)), price)
    else:
        ordered_at = at + rng.exponential(2 * DAY, len(members))
        books.order(members, shop, ordered_at, price, Terms(category=SPORT, said=0.25, stars=(5, 5, 4)))


def form_choir(country: Country) -> IntArray:
    """Journeys, scores, concert clothes: one pays and all pay back; one black dress for many."""
    rng, people, books = country.rng, country.people, country.books
    members, span = country.gather((10, 34), (300, 700), people.draw_town())
    for _ in range(rng.integers(1, 5)):
        at, payee = country.clock.draw_moment(*span), int(rng.choice(members))
        payers = country.draw_some(members[members != payee], 0.7)
        share = float(rng.choice([12, 18, 24, 65, 110]))
        books.pay(payers, payee, at + rng.exponential(4 * DAY, len(payers)), share)
    at = country.clock.draw_moment(*span)
    seller = int(people.find_strangers(1, at, sells_as=PRIVATE, by_sales=True)[0])
    buyers = country.draw_some(members, 0.6)
    ordered_at = at + rng.exponential(3 * DAY, len(buyers))
    books.order(buyers, seller, ordered_at, 34.0, Terms(category=CLOTHES, said=0.25))
    asked_at = at + rng.exponential(DAY, len(buyers))
    books.write(buyers, "Hello, I need one for the choir, black, please", asked_at)
    return members


def form_group_buy(country: Country) -> IntArray:
    """Neighbours who buy together: one orders for all, or all order the same on one evening."""
    rng, people, books = country.rng, country.people, country.books
    members, span = country.gather((4, 14), (200, 690), people.draw_town())
    category = country.draw_category([GARDEN, KITCHEN, TOOLS, KIDS])
    people.go_without("address", members, 0.6)
    if country.happens(0.5):
        country.share(members, "address", span, 0.8, most=1)
    for at in np.sort(country.clock.draw_moments(*span, int(rng.integers(2, 9)))).tolist():
        seller = int(people.find_strangers(1, at, sells_as=PRIVATE, by_sales=True)[0])
        buyers = country.draw_some(members, 0.7)
        price, terms = float(np.round(PRICES[category] * rng.uniform(0.5, 2))), Terms(category=category, said=0.2)
        if country.happens(0.5) and len(buyers) > 1:
            payers = buyers[1:]
            books.order(buyers[0], seller, at, price * len(buyers), terms)
            books.pay(payers, buyers[0], at + rng.exponential(3 * DAY, len(payers)), price)
        else:
            books.order(buyers, seller, at + rng.exponential(0.1 * DAY, len(buyers)), price, terms)
    return members
