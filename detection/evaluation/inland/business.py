"""Honest groups that work together, for one another, or from one stock."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, MONTH, Span
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.country import Country, Habit
from detection.evaluation.inland.goods import (
    CLOTHES,
    COLLECT,
    GARDEN,
    KIDS,
    KITCHEN,
    MUSIC,
    PHONES,
    PRICES,
    TOOLS,
    draw_titles,
)
from detection.evaluation.inland.people import PRIVATE, SHOP
from detection.evaluation.simulation.ledger import ADDRESS_KINDS, COMPLETED
from detection.evaluation.simulation.rhythm import IntArray

_RETURN = ADDRESS_KINDS.index("return")


def form_office(country: Country) -> IntArray:
    """The firm's network, the computer at the printer, parcels to the office; now and then a deal at lunch."""
    rng, people = country.rng, country.people
    members, span = country.gather((6, 27), (250, 720), people.draw_town())
    country.share(members, "ip", span, 0.85, most=5)
    country.share(members, "device", span, 0.6, most=2)
    country.share(members, "address", span, 0.4, most=2)
    country.deal_inside(members, rng.uniform(0, 1.5) * len(members), span, Habit(None, 0.6, 0.12))
    country.lend(members, rng.integers(0, 4) * len(members), span, 7)
    return members


def form_shop_staff(country: Country) -> IntArray:
    """A shop and who works there: the till, staff prices, wages."""
    rng, people, books = country.rng, country.people, country.books
    town = people.draw_town()
    members, span = country.gather((3, 9), (250, 720), town)
    owner, staff = int(members[0]), members[1:]
    people.sells_as[owner] = SHOP
    people.selling[owner] = max(people.selling[owner], rng.uniform(15, 80))
    address = country.things.make_place(town)
    since = max(float(people.created_at[owner]), 0) + 60
    books.use(owner, "address", address, since, address_kind=_RETURN)
    people.go_without("address", owner)
    country.share(members, "device", span, most=4)
    country.share(members, "ip", span, 0.9, most=4)
    country.share(members, "address", span, 0.7, address, most=2)
    if country.happens(0.5):
        country.share(members, "payment", span, 0.6, most=1)
    count = int(rng.integers(1, 6)) * len(members)
    prices = country.draw_prices(int(people.taste[owner]), count, 0.7)
    terms = Terms(said=float(rng.choice([0, 0, 0.15])))
    books.order(rng.choice(staff, count), owner, country.clock.draw_moments(*span, count), prices, terms)
    months = span.list_steps(MONTH)
    if country.happens(0.5):
        for one in staff:
            wages = np.round(rng.uniform(300, 1500)) + rng.integers(-40, 60, len(months))
            books.pay(owner, one, months + rng.uniform(0, 5000, len(months)), wages)
    return members


def form_consignment(country: Country) -> IntArray:
    """An agency sells for owners: its computer, its address, pay-outs at the end of the month."""
    rng, people, books = country.rng, country.people, country.books
    members, span = country.gather((6, 22), (250, 700), people.draw_town())
    agency, owners = int(members[0]), members[1:]
    people.sell_as(owners, PRIVATE)
    people.selling[owners] += 3
    people.sells_as[agency] = SHOP
    country.share(members, "device", span, 0.9, most=4)
    country.share(members, "address", span, 0.9, most=2)
    country.share(members, "ip", span, 0.8)
    people.go_without("device", owners, 0.5)
    if country.happens(0.5):
        country.share(members, "payment", span, 0.7, most=1)
    for month in span.list_steps(MONTH, after=30 * DAY):
        paid = country.draw_some(owners, 0.5)
        amounts = rng.lognormal(4.2, 0.7, len(paid))
        books.pay(agency, paid, month + rng.uniform(0, 9000, len(paid)), amounts)
    buyers = people.find_strangers(5 * len(owners), span.begins_at)
    at = country.clock.draw_moments(*span, len(buyers))
    prices = country.draw_prices(CLOTHES, len(buyers), 1.3)
    books.order(buyers, rng.choice(owners, len(buyers)), at, prices, Terms(category=CLOTHES, said=0.2))
    return members


def form_fulfilment(country: Country) -> IntArray:
    """Shops whose goods lie in one warehouse, with one address for what comes back."""
    rng, people = country.rng, country.people
    members, span = country.gather((8, 28), (300, 720), sells=True, since_days=300)
    people.sells_as[members] = SHOP
    people.selling[members] += rng.uniform(3, 12)
    people.go_without("address", members, 0.5)
    country.share(members, "address", span, 0.95, country.things.make_place(people.draw_town()))
    country.share(members, "ip", span, 0.6, most=4)
    if country.happens(0.3):
        country.share(members, "phone", span, 0.3, most=1)
    return members


def form_bookkeeper(country: Country) -> IntArray:
    """A bookkeeper, or a pay-out service, does the papers of many small sellers."""
    rng, people, books = country.rng, country.people, country.books
    members, span = country.gather((6, 21), (300, 720), sells=True, since_days=300)
    people.selling[members] += 3
    keeper, clients = int(members[0]), members[1:]
    country.share(members, "device", span, 0.9, most=4)
    country.share(members, "ip", span, 0.8, most=4)
    country.share(members, "address", span, 0.4, most=1)
    if country.happens(0.4):
        country.share(clients, "payment", span, 0.6, most=1)
    if country.happens(0.6):
        for quarter in span.list_steps(91 * DAY):
            payers = country.draw_some(clients, 0.8)
            fee = float(rng.choice([35, 49, 60, 90]))
            books.pay(payers, keeper, quarter + rng.exponential(4 * DAY, len(payers)), fee)
    else:
        for at in span.list_steps(float(rng.choice([7, 14, 30])) * DAY, after=7 * DAY):
            paid = country.draw_some(clients, 0.6)
            books.pay(keeper, paid, at + rng.uniform(0, 5000, len(paid)), rng.lognormal(5, 0.8, len(paid)))
    return members


def form_wholesale_resellers(country: Country) -> IntArray:
    """They all buy at one wholesaler, and sell the same with his photographs and titles."""
    rng, people, books, clock = country.rng, country.people, country.books, country.clock
    members, span = country.gather((6, 21), (200, 700), sells=True, since_days=250)
    wholesaler = people.find_seller(span.begins_at)
    category = country.draw_category([PHONES, CLOTHES, KITCHEN, KIDS])
    people.like(members, category, 1.0)
    people.selling[members] += 4
    people.sell_as(members, PRIVATE)
    count = int(rng.integers(2, 8)) * len(members)
    lots = Terms(category=category, status=COMPLETED, said=0.12)
    at, prices = clock.draw_moments(*span, count), country.draw_prices(category, count, 3)
    books.order(rng.choice(members, count), wholesaler, at, prices, lots)
    photos = country.things.make("photo", int(rng.integers(4, 12)))
    titles = ["New! " + title for title in draw_titles(rng, np.full(len(photos), category))]
    sellers = np.repeat(members, rng.integers(2, 9, len(members)))
    count = len(sellers)
    books.use(sellers, "photo", rng.choice(photos, count), clock.draw_moments(*span, count))
    prices = np.round(PRICES[category] * rng.uniform(0.8, 1.2, count))
    books.list_things(sellers, clock.draw_moments(*span, count), prices, category, rng.choice(titles, count))
    buyers = people.find_strangers(4 * len(members), span.begins_at)
    at, prices = clock.draw_moments(*span, len(buyers)), country.draw_prices(category, len(buyers))
    books.order(buyers, rng.choice(members, len(buyers)), at, prices, Terms(category=category, said=0.2))
    return members


def form_company_phones(country: Country) -> IntArray:
    """A pool of telephones: who leaves gives his back, the next one gets it with number and all."""
    rng = country.rng
    members, span = country.gather((5, 17), (300, 720), alone=True)
    for _ in range(max(1, len(members) // 3)):
        _pass_phone(country, rng.permutation(members)[: rng.integers(2, 6)], span)
    country.share(members, "ip", span, 0.5, most=2)
    return members


def _pass_phone(country: Country, owners: IntArray, span: Span) -> None:
    rng, people, books = country.rng, country.people, country.books
    device, phone = country.things.make_one("device"), country.things.make_one("phone")
    at = span.begins_at
    for owner in owners.tolist():
        given_back_at = at + rng.uniform(40, 160) * DAY
        if given_back_at > span.ends_at:
            break
        created_at = float(people.created_at[owner])
        since, until = max(at, created_at + 60), max(given_back_at, created_at + DAY)
        seen_at = np.sort(country.clock.draw_moments(since, until, int(rng.integers(1, 5))))
        books.use(np.repeat(owner, len(seen_at)), "device", device, seen_at)
        if country.happens(0.7):
            books.use(owner, "phone", phone, since)
            people.go_without("phone", owner)
        at = given_back_at + rng.uniform(1, 20) * DAY


def form_trade_fair(country: Country) -> IntArray:
    """Three days in one hall, from Friday to Sunday."""
    rng, people = country.rng, country.people
    friday = float(np.floor(rng.uniform(40, 700) / 7)) * 7 * DAY + DAY
    fair = Span(friday, friday + 3 * DAY)
    members = people.take(rng.integers(15, 43), sells=True)
    people.be_there(members, friday, friday + 5 * DAY, since_days=300)
    count, ips = 2 * len(members), country.things.make("ip", int(rng.integers(1, 4)))
    seen = rng.choice(members, count)
    country.books.use(seen, "ip", rng.choice(ips, count), country.clock.draw_moments(*fair, count))
    if country.happens(0.5):
        country.share(members, "device", fair, 0.25, most=1)
    category = country.draw_category([COLLECT, TOOLS, MUSIC, GARDEN])
    opens = Span(friday + 8 * HOUR, fair.ends_at)
    country.deal_inside(members, rng.uniform(0.8, 2.5) * len(members), opens, Habit(category, 1.2, 0.12, evenness=1.5))
    return members
