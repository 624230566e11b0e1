"""Honest groups that deal with one another again and again: circles of swappers, collectors, savers and friends."""

from __future__ import annotations

from typing import NamedTuple

from detection.evaluation.countries import DAY, MONTH, Span
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country, Habit
from detection.evaluation.inland.goods import (
    BIKES,
    BOOKS,
    CLOTHES,
    COLLECT,
    COMPUTERS,
    GAMES,
    GARDEN,
    KIDS,
    MUSIC,
    SPORT,
    TOOLS,
)
from detection.evaluation.inland.people import PRIVATE, SHOP
from detection.evaluation.simulation.rhythm import IntArray


def form_savings_circle(country: Country) -> IntArray:
    """Everybody pays the same each week or month, and each time another of them gets the pot."""
    rng, people = country.rng, country.people
    members = people.take(rng.integers(6, 16), people.draw_town())
    step = float(rng.choice([7 * DAY, 14 * DAY, MONTH]))
    n_turns = len(members) * int(rng.integers(1, 3) if step > 20 * DAY else rng.integers(1, 5))
    begins_at = rng.uniform(0, max(1, END_AT - step * n_turns - 20 * DAY))
    span = Span(begins_at, begins_at + step * n_turns)
    people.be_there(members, *span)
    share, order = float(rng.choice([20, 25, 50, 100, 200])), rng.permutation(members)
    for turn in range(n_turns):
        due = span.begins_at + turn * step
        taker = int(order[turn % len(members)])
        if due > END_AT - 3 * DAY:
            break
        payers = country.draw_some(members[members != taker], 0.96)
        country.books.pay(payers, taker, due + rng.exponential(0.8 * DAY, len(payers)), share)
    if country.happens(0.4):
        country.share(members, "ip", span, 0.35)
    if country.happens(0.3):
        country.share(members, "address", span, 0.4, most=1)
    country.deal_inside(members, rng.integers(0, len(members)), span, Habit(None, 0.6, 0.2))
    return members


# ── swaps ─────────────────────────────────────────────────────────────────────────────────────────


class Swap(NamedTuple):
    """Sizes (the last is too many), what at which share of usual prices, deals of each member, and how much is said."""

    least: int
    most: int
    category: int
    scale: float
    deals: tuple[float, float]
    said: float


def _swap(country: Country, swap: Swap, span: Span) -> IntArray:
    """Many small even deals inside; some of them hardly trade elsewhere."""
    rng, people = country.rng, country.people
    town = people.draw_town() if country.happens(0.7) else None
    members = people.take(rng.integers(swap.least, swap.most), town)
    people.be_there(members, *span, since_days=120)
    people.sell_as(members, PRIVATE)
    people.like(members, swap.category, 0.6)
    habit = Habit(swap.category, swap.scale, swap.said, evenness=rng.uniform(0.8, 2))
    country.deal_inside(members, rng.uniform(*swap.deals) * len(members), span, habit)
    if country.happens(0.5):
        people.life[members] = rng.uniform(0.2, 1)
    people.life[country.draw_some(members, 0.3)] *= rng.uniform(0.02, 0.3)
    return members


def form_clothes_swap(country: Country) -> IntArray:
    """Clothes go round, of children or of their mothers; some fetch them from a cupboard in the community hall."""
    rng = country.rng
    span = country.clock.draw_span(150, 650)
    category = country.draw_category([CLOTHES, KIDS])
    members = _swap(country, Swap(6, 19, category, 0.45, (2, 9), rng.uniform(0.1, 0.6)), span)
    country.lend(members, rng.integers(0, 2 * len(members)), span, 9)
    if country.happens(0.4):
        country.share(members, "address", span, 0.5, most=1)
    return members


def form_seed_swap(country: Country) -> IntArray:
    """Seeds and seedlings in one spring, or in two."""
    rng = country.rng
    year_at = rng.integers(0, 2) * 365 * DAY
    spring = Span(year_at + 165 * DAY, year_at + 275 * DAY)
    members = _swap(country, Swap(8, 24, GARDEN, 0.2, (1.5, 5), rng.uniform(0.1, 0.5)), spring)
    if country.happens(0.6) and year_at == 0:
        next_spring = Span(520 * DAY, 640 * DAY)
        country.deal_inside(members, 2 * len(members), next_spring, Habit(GARDEN, 0.2, 0.3))
        country.people.stay_until(members, 650 * DAY)
    return members


def form_game_swap(country: Country) -> IntArray:
    """The same boxes go from one to the next, cheaper each time."""
    rng = country.rng
    members, span = country.gather((5, 15), (200, 680))
    category = country.draw_category([GAMES, BOOKS])
    for _ in range(rng.integers(4, 18)):
        _pass_box(country, members, span, category)
    country.lend(members, rng.integers(0, len(members)), span, 10)
    return members


def _pass_box(country: Country, members: IntArray, span: Span, category: int) -> None:
    """One box from owner to owner, until a stranger has it."""
    rng, people, books = country.rng, country.people, country.books
    price, at = rng.uniform(20, 60), country.clock.draw_moment(span.begins_at, span.find(0.4))
    owner, product = int(rng.choice(members)), None
    if country.happens(0.5) and people.created_at[owner] < at - DAY:
        product = books.list_one(owner, at - DAY, price, category)
    for _ in range(rng.integers(2, 7)):
        is_inside = country.happens(0.9)
        buyer = int(rng.choice(members[members != owner]) if is_inside else people.find_strangers(1, at)[0])
        terms = Terms(category=category, product=product, said=0.3, listed_days=3)
        books.order(buyer, owner, at, max(3, round(price)), terms)
        owner, at, price = buyer, at + rng.exponential(35 * DAY) + 5 * DAY, price * rng.uniform(0.75, 0.98)
        if at > span.ends_at or buyer not in members:
            break


def form_collector_ring(country: Country) -> IntArray:
    """The same cards pass round for years; fashions move their prices up and down."""
    rng, people = country.rng, country.people
    members, span = country.gather((5, 16), (300, 720), since_days=300)
    people.like(members, COLLECT, 1.0)
    people.sell_as(members, PRIVATE)
    people.selling[members] += 1
    fashion = rng.normal(0.02, 0.06)
    for _ in range(rng.integers(6, 30)):
        _pass_card(country, members, span, fashion)
    count = int(rng.integers(2 * len(members), 8 * len(members)))
    known = people.find_strangers(60, span.begins_at, sells_as=PRIVATE)
    sellers = rng.choice(known[:3] if country.happens(0.5) else known, count)
    at = country.clock.draw_moments(*span, count)
    bought = Terms(category=COLLECT, said=0.25)
    country.books.order(rng.choice(members, count), sellers, at, country.draw_prices(COLLECT, count), bought)
    people.buying[members] *= 1.6
    people.life[country.draw_some(members, 0.3)] *= 0.1
    return members


def _pass_card(country: Country, members: IntArray, span: Span, fashion: float) -> None:
    rng, books = country.rng, country.books
    price, at = rng.lognormal(3.3, 0.9), country.clock.draw_moment(*span)
    owner = int(rng.choice(members))
    listed_at = max(at - 2 * DAY, float(country.people.created_at[owner]) + 1)
    product = books.list_one(owner, listed_at, price, COLLECT)
    for _ in range(1 + rng.geometric(0.4)):
        buyer = int(rng.choice(members[members != owner]))
        terms = Terms(category=COLLECT, product=product if country.happens(0.5) else None, said=0.35)
        books.order(buyer, owner, at, max(1, round(price, 1)), terms)
        owner, at, price = buyer, at + rng.exponential(60 * DAY) + 2 * DAY, price * rng.lognormal(fashion, 0.18)
        if at > span.ends_at:
            break


# ── hobbies and friends ───────────────────────────────────────────────────────────────────────────


def form_hobby_season(country: Country) -> IntArray:
    """Two months in which some, most of them new, deal with one another in one thing."""
    rng, people = country.rng, country.people
    span = country.clock.draw_span(45, 75)
    members = people.take(rng.integers(6, 22), people.draw_town())
    is_new = rng.random(len(members)) < 0.6
    new, known = members[is_new], members[~is_new]
    people.be_there(members, *span)
    people.sign_up(new, country.clock.draw_moments(span.begins_at, span.begins_at + 12 * DAY, len(new)))
    people.until[new] = span.ends_at + rng.exponential(40 * DAY, len(new))
    habit = Habit(country.draw_category([SPORT, MUSIC, GARDEN, GAMES]), 0.6, rng.uniform(0.1, 0.5))
    season = Span(span.begins_at + 13 * DAY, span.ends_at)
    country.deal_inside(members, rng.uniform(1, 3.5) * len(members), season, habit)
    country.books.refer(country.draw_some(new, 0.4), known[0] if len(known) else members[0])
    if country.happens(0.5):
        country.share(members, "ip", span, 0.5)
    return members


def form_hobby_years(country: Country) -> IntArray:
    """The same for years; they buy at the same two shops besides."""
    rng, people = country.rng, country.people
    span = country.clock.draw_span(600, 720)
    members = people.take(rng.integers(8, 30))
    people.be_there(members, *span, since_days=400)
    category = country.draw_category([MUSIC, BIKES, COLLECT, TOOLS, COMPUTERS])
    habit = Habit(category, 0.7, rng.uniform(0.1, 0.5), evenness=rng.uniform(0.8, 1.8))
    country.deal_inside(members, rng.uniform(2, 8) * len(members), span, habit)
    country.lend(members, rng.integers(0, 2 * len(members)), span, 15)
    people.like(members, category, 0.7)
    shops = people.find_strangers(2, span.begins_at, sells_as=SHOP)
    count = 3 * len(members)
    at = country.clock.draw_moments(*span, count)
    prices = country.draw_prices(category, count)
    bought = Terms(category=category, said=0.2)
    country.books.order(rng.choice(members, count), rng.choice(shops, count), at, prices, bought)
    return members


def form_friends(country: Country) -> IntArray:
    """They pay one another back."""
    rng = country.rng
    members, span = country.gather((3, 8), (200, 720))
    country.lend(members, rng.integers(4, 22) * len(members), span, rng.uniform(8, 25))
    country.deal_inside(members, rng.integers(0, len(members) + 1), span, Habit(None, 0.6, 0.15))
    if country.happens(0.3):
        country.share(members, "device", span, 0.6, most=1)
    if country.happens(0.4):
        country.share(members, "ip", span, 0.6, most=2)
    return members
