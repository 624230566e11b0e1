"""Honest groups under one roof, or of one family."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, MONTH, Span
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country, Habit
from detection.evaluation.inland.goods import (
    BIKES,
    BOOKS,
    CLOTHES,
    COLLECT,
    FURNITURE,
    GAMES,
    GARDEN,
    KIDS,
    KITCHEN,
    MUSIC,
    PHONES,
    PRICES,
    SPORT,
    TOOLS,
)
from detection.evaluation.inland.people import PRIVATE, SHOP
from detection.evaluation.simulation.ledger import COMPLETED
from detection.evaluation.simulation.rhythm import IntArray


def form_extended_family(country: Country) -> IntArray:
    """Several homes, parcels to grandmother, who is at home, an aunt who does the mail of the old; money both ways."""
    rng, people = country.rng, country.people
    members, span = country.gather((5, 15), (200, 690), people.draw_town())
    for home in np.array_split(rng.permutation(members), max(2, len(members) // 3)):
        people.go_without("address", home)
        country.share(home, "address", span, 0.85, most=2)
        country.share(home, "ip", span, 0.6)
        country.share(home, "device", span, 0.35)
    country.share(members, "address", span, 0.3, most=1)
    if country.happens(0.5):
        people.go_without("email", members[:2])
        country.share(members[:3], "email", span, most=1)
    country.lend(members, rng.integers(1, 5) * len(members), span, 25)
    country.deal_inside(members, rng.integers(0, 2 * len(members)), span, Habit(KIDS, 0.5, 0.1))
    return members


def form_flatshare(country: Country) -> IntArray:
    """One flat and its router; the bills of each month go to one of them."""
    rng, people = country.rng, country.people
    town = people.draw_town()
    members, span = country.gather((3, 7), (120, 650), town, alone=True, since_days=90)
    people.go_without("address", members)
    country.share(members, "address", span, 0.9, country.things.make_place(town, has_flats=True), most=2)
    country.share(members, "ip", span, 0.9, most=4)
    if country.happens(0.4):
        country.share(members, "device", span, 0.5)
    months = span.list_steps(MONTH)
    if country.happens(0.75):
        for payer in members[1:]:
            due = months[rng.random(len(months)) < 0.85]
            bills = np.round(rng.uniform(20, 90)) + rng.integers(-5, 6, len(due))
            country.books.pay(payer, members[0], due + rng.exponential(2 * DAY, len(due)), bills)
    country.lend(members, rng.integers(3, 10) * len(members), span, 12)
    return members


def form_dormitory(country: Country) -> IntArray:
    """Students at one address without a room number, on the campus network; in June they sell their things."""
    rng, people = country.rng, country.people
    members = people.take(rng.integers(12, 41), people.draw_town(), alone=True)
    year_at = rng.integers(0, 2) * 365 * DAY
    moves_at = year_at + 15 * DAY + rng.exponential(14 * DAY, len(members))
    is_new = rng.random(len(members)) < 0.5
    people.be_there(members, year_at + 40 * DAY, year_at + 300 * DAY)
    people.created_at[members[is_new]] = np.maximum(people.created_at[members], moves_at)[is_new]
    people.go_without("address", members, 0.8)
    term = Span(year_at + 40 * DAY, year_at + 330 * DAY)
    country.share(members, "address", Span(year_at + 30 * DAY, term.ends_at), 0.85, most=2)
    for _ in range(rng.integers(1, 4)):
        country.share(members, "ip", term, 0.6)
    if country.happens(0.5):  # the common room's computer
        country.share(members, "device", Span(year_at + 60 * DAY, year_at + 320 * DAY), 0.2)
    june = Span(year_at + 270 * DAY, year_at + 325 * DAY)
    sold = country.draw_category([FURNITURE, KITCHEN, BIKES])
    country.deal_inside(members, rng.uniform(0.5, 2) * len(members), june, Habit(sold, 0.35, 0.12))
    country.lend(members, rng.integers(0, 3) * len(members), Span(term.begins_at, year_at + 320 * DAY), 8)
    people.buying[members] *= 0.8
    return members


def form_shelter(country: Country) -> IntArray:
    """People with nothing: the house's tablets, address and mail, and a helper who signs them up in the office hour."""
    rng, people, clock = country.rng, country.people, country.clock
    town = people.draw_town()
    members = people.take(rng.integers(8, 21), town, alone=True, sells=False)
    span = clock.draw_span(120, 600)
    week = np.floor(rng.uniform(*span, len(members)) / DAY / 7) * 7 * DAY
    people.sign_up(members, week + rng.choice([10, 11, 14], len(members)) * HOUR + rng.uniform(0, HOUR, len(members)))
    lacking = {"email": 0.7, "device": 0.75, "address": 1.0, "payment": 0.9, "phone": 0.5, "ip": 0.7}
    for kind, share in lacking.items():
        people.go_without(kind, members, share)
    stay = Span(span.begins_at, span.ends_at + 40 * DAY)
    country.share(members, "address", stay, 0.9, most=2)
    country.share(members, "ip", stay, 0.95)
    for _ in range(rng.integers(1, 4)):
        country.share(members, "device", stay, 0.55)
    if country.happens(0.6):
        name = f"office@house-{people.towns.names[town].lower().replace(' ', '-')}.example"
        country.share(members, "email", span, 0.5, country.things.make_named("email", name), most=1)
    people.life[members] = 0.5
    shops = people.find_strangers(rng.integers(1, 4), span.begins_at, sells_as=SHOP, town=town)
    buyers = np.repeat(members, rng.integers(0, 4, len(members)))  # coats and phones from vouchers
    since = people.created_at[buyers]
    at = clock.draw_moments(since + 600, since + 60 * DAY, len(buyers))
    prices = country.draw_prices(CLOTHES, len(buyers), 0.6)
    country.books.order(buyers, rng.choice(shops, len(buyers)), at, prices, Terms(category=CLOTHES, said=0.05))
    return members


def form_ward(country: Country) -> IntArray:
    """A clinic, or a prison: one terminal in the day room, parcels to the house, which pays for some."""
    rng, people = country.rng, country.people
    members = people.take(rng.integers(6, 16), people.draw_town(), alone=True, sells=False)
    span = country.clock.draw_span(200, 650)
    people.sign_up(members, country.clock.draw_moments(span.begins_at, span.ends_at - 20 * DAY, len(members)))
    lacking = {"device": 0.8, "phone": 0.8, "address": 1.0, "ip": 0.8, "payment": 1.0, "email": 0.4}
    for kind, share in lacking.items():
        people.go_without(kind, members, share)
    country.share(members, "device", span, most=4)
    country.share(members, "ip", span)
    country.share(members, "address", span, 0.95, most=2)
    if country.happens(0.7):
        country.share(members, "payment", span, 0.8, most=1)
    people.life[members] = 0.4
    categories = rng.choice([BOOKS, GAMES, MUSIC, SPORT], 2)
    for buyer in members.tolist():
        since = float(people.created_at[buyer])
        sellers = people.find_strangers(1 + rng.poisson(2.5), since, sells_as=PRIVATE, by_sales=True)
        bought = rng.choice(categories, len(sellers))
        at = country.clock.draw_moments(since + HOUR, since + 120 * DAY, len(sellers))
        amounts = np.round(PRICES[bought] * rng.lognormal(-0.4, 0.5, len(sellers))) + 1
        country.books.order(buyer, sellers, at, amounts, Terms(category=bought, said=0.1))
    inside = Span(span.begins_at + 20 * DAY, span.ends_at)
    country.deal_inside(members, rng.integers(0, len(members)), inside, Habit(BOOKS, 0.4, 0.05))
    return members


def form_carer(country: Country) -> IntArray:
    """A carer and her clients: her telephone in their accounts, parcels to their homes, some pay her back."""
    rng, people, clock = country.rng, country.people, country.clock
    members, span = country.gather((3, 8), (200, 680), people.draw_town(), sells=False)
    carer, clients = int(members[0]), members[1:]
    since = clock.draw_moments(span.begins_at, span.find(0.5), len(clients))
    people.created_at[clients] = np.maximum(people.created_at[clients], since)
    device, phone = country.things.make_one("device"), country.things.make_one("phone")
    country.books.use(np.repeat(carer, 4), "device", device, clock.draw_moments(*span, 4))
    country.share(clients, "device", span, 0.9, device)
    people.go_without("device", clients, 0.7)
    people.go_without("phone", members)
    country.books.use(carer, "phone", phone, span.begins_at)
    country.share(clients, "phone", span, 0.7, phone, most=1)
    people.go_without("email", clients, 0.6)
    people.buying[clients] *= 0.6
    people.stay_until(clients, span.ends_at)
    shops = people.find_strangers(2, span.begins_at, sells_as=SHOP)
    for client in clients.tolist():
        from_at = max(span.begins_at, float(people.created_at[client]) + HOUR)
        count = int(rng.poisson(3))
        at = clock.draw_moments(from_at, span.ends_at, count)
        bought = Terms(category=KITCHEN, said=0.03)
        country.books.order(client, rng.choice(shops, count), at, country.draw_prices(KITCHEN, count), bought)
        if country.happens(0.5):
            at = clock.draw_moments(from_at, span.ends_at, int(rng.integers(2, 12)))
            country.books.pay(client, carer, at, np.round(rng.uniform(8, 60, len(at))))
    return members


def form_housing_association(country: Country) -> IntArray:
    """The stairs of one block: a tool library, a notice board, and dues for some."""
    rng, people, things = country.rng, country.people, country.things
    town = people.draw_town()
    members, span = country.gather((8, 29), (300, 700), town)
    people.go_without("address", members, 0.8)
    number, street, n_stairs = int(rng.integers(1, 180)), things.draw_street(), max(2, len(members) // 5)
    for stair in range(n_stairs):
        place = things.make_places(town, [number + 2 * stair], street, int(rng.integers(1, 20)))
        country.share(members, "address", span, 1.2 / n_stairs, int(place[0]), most=2)
    if country.happens(0.6):
        country.share(members, "device", span, 0.35)
        country.share(members, "ip", span, 0.5)
    shared = country.draw_category([TOOLS, GARDEN, FURNITURE])
    country.deal_inside(members, rng.uniform(0.6, 2.2) * len(members), span, Habit(shared, 0.4, 0.25))
    if country.happens(0.5):
        count = int(rng.integers(len(members), 4 * len(members)))
        at = country.clock.draw_moments(*span, count)
        country.books.pay(rng.choice(members[1:], count), members[0], at, rng.choice([2, 3, 5, 8, 12], count))
    return members


def form_heirs(country: Country) -> IntArray:
    """Brothers and sisters clear the house of an aunt, in her account and in theirs, and share the money."""
    rng, people, books = country.rng, country.people, country.books
    members = people.take(rng.integers(3, 7), alone=True)
    aunt, others = int(members[0]), members[1:]
    people.town[aunt] = people.draw_town()
    span = country.clock.draw_span(40, 140)
    people.be_there(members, max(span.begins_at - 100 * DAY, 0), span.ends_at)
    house = country.share(members, "address", span, 0.8, most=2)
    country.share(members, "device", span, 0.8)
    country.share(members, "ip", span, 0.8)
    people.go_without("address", aunt)
    books.use(aunt, "address", house, max(float(people.created_at[aunt]), 0) + 60)
    buyers = people.find_strangers(rng.integers(12, 50), span.begins_at)
    count = len(buyers)
    sold = rng.choice([FURNITURE, KITCHEN, BOOKS, COLLECT, TOOLS], count)
    by_whom = np.r_[0.6, np.full(len(others), 0.4 / len(others))]
    at = country.clock.draw_moments(*span, count)
    amounts = np.maximum(1, np.round(PRICES[sold] * rng.lognormal(-0.7, 0.8, count)))
    books.order(buyers, rng.choice(members, count, p=by_whom), at, amounts, Terms(category=sold, said=0.22))
    paid_at = span.ends_at + rng.uniform(0, 5 * DAY, len(others))
    books.pay(aunt, others, paid_at, float(rng.integers(40, 400)))
    return members


def form_two_hats(country: Country) -> IntArray:
    """One person with two or three accounts: private, a shop, and one whose password is lost; no trade between them."""
    people = country.people
    members, span = country.gather((2, 4), (200, 700), people.draw_town(), alone=True, since_days=250)
    people.go_without("address", members)
    country.share(members, "address", span, 0.9, most=2)
    country.share(members, "device", span, most=4)
    country.share(members, "ip", span, 0.9)
    if country.happens(0.7):
        people.go_without("phone", members)
        country.share(members, "phone", span, 0.9, most=1)
    if country.happens(0.5):
        country.share(members, "payment", span, 0.8, most=1)
    people.sell_as(members[:1], PRIVATE)
    people.like(members, int(people.taste[members[0]]), 0.5)
    if len(members) == 3:
        people.until[members[2]] = min(span.begins_at + 60 * DAY, END_AT)
    return members


def form_device_chain(country: Country) -> IntArray:
    """A telephone is sold on, and sold on again."""
    rng, people, books = country.rng, country.people, country.books
    members = people.take(rng.integers(3, 6), alone=True)
    device, price = country.things.make_one("device"), rng.uniform(200, 500)
    at = rng.uniform(0, 150) * DAY
    people.be_there(members, at + 10 * DAY, END_AT * 0.9)
    people.created_at[members[0]] = min(people.created_at[members[0]], at - DAY)
    buyers = [*members.tolist()[1:], None]
    for owner, buyer in zip(members.tolist(), buyers, strict=True):
        sold_at = min(at + rng.uniform(70, 170) * DAY, END_AT - DAY)
        since = max(at, float(people.created_at[owner]) + 60)
        if since >= sold_at:
            continue
        books.use(np.repeat(owner, 3), "device", device, np.sort(rng.uniform(since, sold_at, 3)))
        if buyer is not None:
            people.created_at[buyer] = min(people.created_at[buyer], sold_at - DAY)
            sale = Terms(category=PHONES, status=COMPLETED, said=0.3, listed_days=5)
            books.order(buyer, owner, sold_at, round(price), sale)
            price *= rng.uniform(0.55, 0.85)
        at = sold_at + rng.uniform(1, 6) * DAY
    return members
