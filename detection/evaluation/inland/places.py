"""Honest groups of a place: where people learn, work for a season, or use what is there for all."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, MONTH, Span, find_midnight
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country, Habit
from detection.evaluation.inland.goods import (
    BIKES,
    BOOKS,
    CLOTHES,
    COMPUTERS,
    GAMES,
    KIDS,
    KITCHEN,
    MUSIC,
    PHONES,
    PRICES,
    TOOLS,
)
from detection.evaluation.inland.people import PRIVATE
from detection.evaluation.simulation.rhythm import IntArray

WELCOME = "WELCOME5"
"""The coupon that every newcomer gets."""


def form_library(country: Country) -> IntArray:
    """Public computers, for those who have none and those who are there anyway."""
    rng, people = country.rng, country.people
    members, span = country.gather((10, 36), (400, 700), people.draw_town(), sells=False)
    for _ in range(rng.integers(2, 6)):
        country.share(members, "device", span, 0.35)
    country.share(members, "ip", span, 0.8)
    people.go_without("device", members, 0.5)
    people.go_without("ip", members, 0.4)
    if country.happens(0.5):
        people.like(members, BOOKS, 0.3)
    return members


def form_repair_cafe(country: Country) -> IntArray:
    """Once a month things are mended: parts from the helpers, the café's tablet."""
    rng, people, books = country.rng, country.people, country.books
    members, span = country.gather((8, 21), (250, 680), people.draw_town(), since_days=100)
    helpers = members[: max(2, len(members) // 4)]
    tablet, ip = country.things.make_one("device"), country.things.make_one("ip")
    for month in Span(span.begins_at, span.ends_at - 9 * DAY).list_steps(MONTH).tolist():
        saturday = country.clock.draw_sunday(month, month + 8 * DAY) - DAY
        there = country.draw_some(members, 0.35)
        at = saturday + rng.uniform(13, 17, len(there)) * HOUR
        known = people.created_at[there] < at
        there, at = there[known], at[known]
        books.use(there, "ip", ip, at)
        signs_in = rng.random(len(there)) < 0.3
        books.use(there[signs_in], "device", tablet, at[signs_in])
        buyers = country.draw_some(there, 0.4)
        bought_at = saturday + rng.uniform(13, 18, len(buyers)) * HOUR
        parts = Terms(category=country.draw_category([TOOLS, COMPUTERS, KITCHEN]), said=0.4, stars=(5, 5, 5, 4))
        prices = rng.choice([3, 4, 5, 6, 8, 10, 15], len(buyers))
        books.order(buyers, rng.choice(helpers, len(buyers)), bought_at, prices, parts)
    return members


def form_evening_course(country: Country) -> IntArray:
    """Ten weeks of a course: they sign up on one evening, all need the same book, and some pay the teacher."""
    rng, people, books = country.rng, country.people, country.books
    members = people.take(rng.integers(7, 17), people.draw_town())
    teacher, pupils = int(members[0]), members[1:]
    span = country.clock.draw_span(65, 95)
    taught = country.draw_category([MUSIC, BOOKS, KITCHEN, TOOLS])
    people.be_there(members, *span)
    first = float(find_midnight(span.begins_at))
    new = country.draw_some(pupils, 0.5)
    people.sign_up(new, first + 19 * HOUR + rng.uniform(0, 1.5 * HOUR, len(new)))
    books.refer(country.draw_some(new, 0.6), teacher)
    ip = country.things.make_one("ip")
    for day in np.arange(first, span.ends_at, 7 * DAY):
        there = country.draw_some(members, 0.4)
        at = day + rng.uniform(19, 21, len(there)) * HOUR
        known = people.created_at[there] < at
        books.use(there[known], "ip", ip, at[known])
    shop, price = people.find_seller(span.begins_at), float(PRICES[taught]) * 1.2
    product = books.list_one(shop, span.begins_at - 30 * DAY, price, taught)
    buyers = country.draw_some(members, 0.8)
    at = span.begins_at + rng.uniform(0.9, 6, len(buyers)) * DAY
    books.order(buyers, shop, at, round(price), Terms(category=taught, product=product, said=0.3, of_product=True))
    if country.happens(0.6):
        paid_at = span.begins_at + rng.exponential(6 * DAY, len(pupils)) + DAY
        books.pay(pupils, teacher, paid_at, float(rng.integers(40, 140)))
    return members


def form_school_class(country: Country) -> IntArray:
    """An advertising day at school: a class signs up within two lessons for a voucher, brought by one."""
    rng, people, books = country.rng, country.people, country.books
    members = people.take(rng.integers(10, 29), people.draw_town(), sells=False)
    count, day = len(members), np.floor(rng.uniform(20, 700)) * DAY
    people.sign_up(members, day + rng.uniform(8, 12) * HOUR + rng.uniform(0, 1.5 * HOUR, count))
    since = people.created_at[members]
    referrer = int(people.find_strangers(1, day)[0]) if country.happens(0.6) else int(members[0])
    books.refer(country.draw_some(members, 0.85), referrer)
    books.use(members, "ip", country.things.make_one("ip"), since + 30)
    if country.happens(0.5):
        computers = country.things.make("device", int(rng.integers(2, 8)))
        books.use(members, "device", rng.choice(computers, count), since + 60)
        people.go_without("device", members, 0.5)
    people.go_without("address", members, 0.5)
    people.go_without("payment", members, 0.7)
    people.life[members] = 0.5
    buyers = country.draw_some(members, rng.uniform(0.3, 0.8))
    sellers = people.find_strangers(rng.integers(1, 6), day, sells_as=PRIVATE, by_sales=True)
    since = people.created_at[buyers]
    books.redeem(buyers, WELCOME, since + rng.exponential(DAY, len(buyers)) + 600)
    at = since + rng.exponential(6 * DAY, len(buyers)) + 0.5 * HOUR
    prices = np.round(rng.uniform(5, 14, len(buyers)))
    books.order(buyers, rng.choice(sellers, len(buyers)), at, prices, Terms(category=GAMES, said=0.12))
    later = Span(day + 5 * DAY, min(END_AT, day + 250 * DAY))
    country.deal_inside(members, rng.integers(0, count), later, Habit(GAMES, 0.5, 0.1))
    return members


def form_language_cafe(country: Country) -> IntArray:
    """Newcomers learn the language at a table; a helper opens the accounts with them, and people give for a euro."""
    rng, people, books = country.rng, country.people, country.books
    town = people.draw_town()
    members = people.take(rng.integers(7, 20), town, alone=True, sells=False)
    helper, newcomers = int(members[0]), members[1:]
    span = country.clock.draw_span(100, 400)
    people.be_there(helper, *span)
    week = np.floor(rng.uniform(*span, len(newcomers)) / DAY / 7) * 7 * DAY
    people.sign_up(newcomers, week + 5 * DAY + rng.uniform(15, 18, len(newcomers)) * HOUR)
    for kind, share in {"email": 0.4, "device": 0.4, "payment": 0.6}.items():
        people.go_without(kind, newcomers, share)
    stay = Span(span.begins_at, span.ends_at + 20 * DAY)
    country.share(members, "device", stay, 0.7, most=2)
    country.share(members, "ip", stay, 0.9)
    books.refer(country.draw_some(newcomers, 0.6), helper)
    if country.happens(0.5):
        country.share(newcomers, "address", stay, 0.5, most=2)
    givers = people.find_strangers(rng.integers(5, 15), span.begins_at, town=town)
    count = 2 * len(members)
    at = country.clock.draw_moments(span.begins_at, span.ends_at + 40 * DAY, count)
    takers = rng.choice(newcomers, count)
    known = at > people.created_at[takers] + HOUR
    prices = rng.choice([1, 1, 2, 5, 10, 15], count)
    gifts = Terms(category=country.draw_category([CLOTHES, KITCHEN, KIDS, BOOKS]), said=0.15, stars=(5,))
    books.order(takers[known], rng.choice(givers, count)[known], at[known], prices[known], gifts)
    return members


def form_parcel_shop(country: Country) -> IntArray:
    """The village has no post office: people send and fetch at the kiosk, whose keeper helps with the telephone."""
    members, span = country.gather((8, 28), (300, 700), country.people.draw_town())
    country.share(members, "address", span, 0.85)
    country.share(members, "phone", span, 0.3, most=1)
    if country.happens(0.6):
        country.share(members, "ip", span, 0.4)
        country.share(members, "device", span, 0.2, most=2)
    return members


def form_seasonal_workers(country: Country) -> IntArray:
    """Pickers on a farm for one summer; the foreman helps all of them on the first evenings, the farmer pays."""
    rng, people, books = country.rng, country.people, country.books
    town = people.draw_town()
    members = people.take(rng.integers(8, 23), town, alone=True)
    foreman, pickers = int(members[0]), members[1:]
    begins_at = (rng.integers(235, 265) + 365 * rng.integers(0, 2)) * DAY
    span = Span(begins_at, min(begins_at + 110 * DAY, END_AT - DAY))
    evening = find_midnight(span.begins_at + rng.exponential(3 * DAY, len(pickers))) + 20 * HOUR
    people.sign_up(pickers, evening + rng.uniform(0, 2 * HOUR, len(pickers)))
    people.be_there(foreman, *span)
    people.until[pickers] = span.ends_at + rng.exponential(15 * DAY, len(pickers))
    for kind, share in {"address": 1.0, "phone": 0.4, "device": 0.3, "email": 0.4}.items():
        people.go_without(kind, members, share)
    country.share(members, "address", span, 0.9, most=2)
    country.share(members, "ip", span, 0.8, most=4)
    country.share(members, "device", Span(span.begins_at, span.begins_at + 10 * DAY), 0.4, most=1)
    for at in span.list_steps(14 * DAY, after=14 * DAY):
        wages = np.round(rng.normal(620, 90, len(pickers))).clip(150)
        books.pay(foreman, pickers, at + 18 * HOUR + rng.uniform(0, 3000, len(pickers)), wages)
    sellers = people.find_strangers(rng.integers(2, 5), span.begins_at, sells_as=PRIVATE, town=town)
    count = int(rng.integers(len(members), 3 * len(members)))
    at = country.clock.draw_moments(span.begins_at + 16 * DAY, span.ends_at, count)
    bought = Terms(category=country.draw_category([PHONES, BIKES, CLOTHES]), said=0.06)
    prices = country.draw_prices(PHONES, count, 0.5)
    books.order(rng.choice(pickers, count), rng.choice(sellers, count), at, prices, bought)
    last = Span(span.ends_at - 20 * DAY, span.ends_at)
    country.deal_inside(pickers, rng.integers(0, len(members)), last, Habit(BIKES, 0.3, 0.0))
    return members
