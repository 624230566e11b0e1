"""Ways of cheating that take money: of sellers, of buyers, of the platform, of whoever owns a card."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, Span
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.campaign import Ring, draw_working_time, recruit
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country
from detection.evaluation.inland.goods import (
    BIKES,
    BOOKS,
    CLOTHES,
    COLLECT,
    COMPUTERS,
    FURNITURE,
    GAMES,
    KIDS,
    N_CATEGORIES,
    PHONES,
    PRICES,
    TOOLS,
    draw_titles,
)
from detection.evaluation.inland.people import PRIVATE, SHOP
from detection.evaluation.inland.texts import copy_phrase
from detection.evaluation.inland.words import CLAIMS, LURES
from detection.evaluation.simulation.ledger import COMPLETED
from detection.evaluation.simulation.rhythm import IntArray


def run_refund_crew(country: Country, ring: Ring, members: IntArray) -> None:
    """Dear orders at sellers who give in, most claimed back; every seller is hit by several of them."""
    rng, people, books = country.rng, country.people, country.books
    found = people.find_strangers(4 + len(members) // 2, ring.span.begins_at, sells_as=PRIVATE, by_sales=True)
    victims = found[people.selling[found] > np.quantile(people.selling[found], 0.2)]
    victims = victims if len(victims) else found
    count = ring.draw_count(4, 8)
    sellers = rng.choice(victims, count)
    ring.add_parties(np.unique(sellers), "victim")
    refunded, disputed = (0.45, 0.15) if country.is_hard else (0.62, 0.18)
    status = books.end_orders(count, refunded=refunded, disputed=disputed, cancelled=0)
    prices = country.draw_prices(PHONES, count, rng.uniform(0.8, 2))
    terms = Terms(status=status, said=0.1, stars=(1, 1, 2))
    books.order(rng.choice(members, count), sellers, ring.draw_moments(count), prices, terms)
    claiming = country.draw_some(members, 0.5)
    books.write(claiming, rng.choice(CLAIMS[:2], len(claiming)), ring.draw_moments(len(claiming)))


def run_triangulation(country: Country, ring: Ring, members: IntArray) -> None:
    """Fronts offer what shops have, below price; burners order it there on stolen cards, to the customers' homes."""
    rng, people, books = country.rng, country.people, country.books
    n_fronts = max(2, len(members) // 3)
    fronts, burners = members[:n_fronts], members[n_fronts:]
    ring.give_role(fronts, "front")
    ring.give_role(burners, "burner")
    category = country.draw_category([PHONES, COMPUTERS, TOOLS, KIDS])
    people.sells_as[fronts] = PRIVATE
    people.taste[fronts] = category
    begins_at = ring.span.begins_at
    shops = people.find_strangers(rng.integers(3, 7), begins_at, sells_as=SHOP, by_sales=True)
    ring.add_parties(shops, "victim")
    customers = people.find_strangers(ring.draw_count(3, 6, burners), begins_at)
    count = len(customers)
    at, prices = ring.draw_moments(count), country.draw_prices(category, count, 1.2)
    products = books.list_things(shops, begins_at - DAY, PRICES[category] * 1.5, category)
    status = books.end_orders(count, refunded=0, disputed=0.07, cancelled=0)
    sold = Terms(category=category, status=status, said=0.3, stars=(5, 5, 4, 1), listed_days=5)
    books.order(customers, rng.choice(fronts, count), at, np.round(prices * 0.75), sold)
    chosen, buyers = rng.integers(0, len(shops), count), rng.choice(burners, count)
    status = books.end_orders(count, refunded=0.1, disputed=0.5, cancelled=0)
    bought = Terms(category=category, product=products[chosen], status=status, said=0.01)
    books.order(buyers, shops[chosen], at + rng.uniform(0.02, 1.5, count) * DAY, prices, bought)
    sent = np.flatnonzero(rng.random(count) < 0.7)  # the burner's parcel goes where the customer lives
    homes = [country.find_home(customer) for customer in customers[sent].tolist()]
    books.use(buyers[sent], "address", homes, at[sent] + 0.7 * DAY)
    books.use(customers[sent], "address", homes, at[sent])
    if ring.sharing == "none" or country.happens(0.6):
        payers = np.repeat(fronts, 3)
        amounts = np.round(rng.uniform(50, 400, len(payers)))
        books.pay(payers, burners[0], ring.draw_moments(len(payers)), amounts)


def run_bust_out(country: Country, ring: Ring, members: IntArray) -> None:
    """Months of honest sales, and in one fortnight dear things that do not exist; the money goes to a collector."""
    rng, people, books, span = country.rng, country.people, country.books, ring.span
    ring.give_role(members[:1], "collector")
    people.sells_as[members] = PRIVATE
    people.until[members] = np.minimum(END_AT, span.ends_at + rng.uniform(1, 12, len(members)) * DAY)
    buyers = people.find_strangers(ring.draw_count(3, 7), span.begins_at)
    count, category = len(buyers), country.draw_category([KIDS, BOOKS, CLOTHES, GAMES])
    at = country.clock.draw_moments(span.begins_at, span.ends_at - 20 * DAY, count)
    honest = Terms(category=category, status=COMPLETED, said=0.35, stars=(5, 5, 5, 4))
    books.order(buyers, rng.choice(members, count), at, country.draw_prices(category, count), honest)
    buyers = people.find_strangers(ring.draw_count(3, 6), span.begins_at)
    count, category = len(buyers), country.draw_category([PHONES, COMPUTERS, BIKES])
    at = country.clock.draw_moments(span.ends_at - (40 if country.is_hard else 14) * DAY, span.ends_at, count)
    status = books.end_orders(count, refunded=0.1, disputed=0.6, cancelled=0)
    last = Terms(category=category, status=status, said=0.3, stars=(1, 1, 1, 2), listed_days=2)
    books.order(buyers, rng.choice(members, count), at, country.draw_prices(category, count, 1.6), last)
    if ring.sharing == "none" or country.happens(0.5 if country.is_hard else 0.8):
        count = 2 * len(members)
        at = country.clock.draw_moments(span.ends_at - 14 * DAY, span.ends_at + 3 * DAY, count)
        books.pay(rng.choice(members[1:], count), members[0], at, np.round(rng.lognormal(5.3, 0.6, count)))


def run_rented_farm(country: Country, ring: Ring, members: IntArray) -> None:
    """Accounts made by one hand, asleep, then let by the month: each in another trade, and rent to the landlord."""
    rng, people, books, span = country.rng, country.people, country.books, ring.span
    ring.give_role(members[:1], "landlord")
    if ring.sharing != "none":
        since = np.maximum(people.created_at[members], 0) + 60
        books.use(members, "ip", country.things.make_one("ip"), since)
    people.sells_as[members] = PRIVATE
    people.taste[members] = rng.integers(0, N_CATEGORIES, len(members))
    for one in members.tolist():
        let_at = country.clock.draw_moment(span.begins_at, span.ends_at - 15 * DAY)
        buyers = people.find_strangers(2 + rng.poisson(3), max(let_at, float(people.created_at[one])))
        count = len(buyers)
        at = country.clock.draw_moments(let_at, min(span.ends_at, let_at + 25 * DAY), count)
        status = books.end_orders(count, refunded=0.08, disputed=0.42, cancelled=0)
        terms = Terms(status=status, said=0.3, stars=(1, 1, 5, 2), listed_days=2)
        books.order(buyers, one, at, country.draw_prices(int(people.taste[one]), count, 1.4), terms)
        if country.happens(0.6):
            paid_at = country.clock.draw_moments(let_at, let_at + 30 * DAY, 2)
            books.pay(one, members[0], paid_at, float(rng.choice([40, 50, 60])))


def run_card_fencing(country: Country, ring: Ring, members: IntArray) -> None:
    """Carders with many stolen cards empty a few shops; fences sell the goods to strangers, and pass on the share."""
    rng, people, books = country.rng, country.people, country.books
    n_carders = min(max(3, len(members) * 2 // 3), len(members) - 1)
    carders, fences = members[:n_carders], members[n_carders:]
    ring.give_role(carders, "carder")
    ring.give_role(fences, "fence")
    category = country.draw_category([PHONES, COMPUTERS, BIKES, TOOLS])
    people.sells_as[fences] = PRIVATE
    people.taste[fences] = category
    shops = people.find_strangers(rng.integers(3, 8), ring.span.begins_at, sells_as=SHOP, by_sales=True)
    count = ring.draw_count(3, 6, carders)
    at = ring.draw_moments(count)
    bought = Terms(category=category, status=books.end_orders(count, refunded=0, disputed=0.62, cancelled=0))
    prices = country.draw_prices(category, count, 1.6)
    books.order(rng.choice(carders, count), rng.choice(shops, count), at, prices, bought)
    holders = np.repeat(carders, rng.integers(2, 5, len(carders)))
    cards = country.things.make("payment", len(holders))
    books.use(holders, "payment", cards, ring.draw_moments(len(holders)))
    customers = people.find_strangers(count, ring.span.begins_at)
    count = len(customers)
    sold_at = at[:count] + rng.uniform(3, 15, count) * DAY
    sold = Terms(category=category, status=COMPLETED, said=0.25, stars=(5, 4, 5), listed_days=3)
    books.order(customers, rng.choice(fences, count), sold_at, country.draw_prices(category, count), sold)
    count = 3 * len(fences)
    paid_at = country.clock.draw_moments(ring.span.begins_at + 5 * DAY, ring.span.ends_at, count)
    amounts = np.round(rng.lognormal(5, 0.5, count))
    books.pay(rng.choice(fences, count), rng.choice(carders[:2], count), paid_at, amounts)
    flat = country.things.make_place(people.draw_town())  # an empty one, where parcels are put down
    country.share(carders, "address", ring.span, 0.3 if country.is_hard else 0.6, flat, most=1)


def run_fake_listings(country: Country, ring: Ring, members: IntArray) -> None:
    """Copied pictures below price, "write me outside of the app"; who pays inside never hears again."""
    rng, people, books = country.rng, country.people, country.books
    category = country.draw_category([PHONES, FURNITURE, BIKES, COMPUTERS])
    people.sells_as[members] = PRIVATE
    people.taste[members] = category
    photos = country.things.make("photo", 3 + len(members) // 3)
    titles = np.array(draw_titles(rng, np.full(len(photos), category)), dtype=object)
    owners = people.find_strangers(len(photos), ring.span.begins_at, sells_as=PRIVATE)
    since = np.maximum(people.created_at[owners], ring.span.begins_at - 100 * DAY) + 60
    books.use(owners, "photo", photos[: len(owners)], since)
    each = rng.integers(2, 7, len(members))
    sellers, count = np.repeat(members, each), int(each.sum())
    copied, at = rng.integers(0, len(photos), count), ring.draw_moments(count)
    shows = np.repeat(rng.random(len(members)) < (0.6 if country.is_hard else 0.95), each)
    books.use(sellers[shows], "photo", photos[copied][shows], at[shows])
    prices = np.round(PRICES[category] * rng.uniform(0.4, 0.7, count))
    books.list_things(sellers, at, prices, category, titles[copied])
    lures = [copy_phrase(rng, lure) for lure in rng.choice(LURES, 3, replace=False).tolist()]
    books.write(sellers, rng.choice(lures, count), at + rng.exponential(DAY, count))
    for one in members.tolist():
        buyers = people.find_strangers(rng.poisson(2.2), ring.span.begins_at)
        count = len(buyers)
        status = books.end_orders(count, refunded=0.15, disputed=0.5, cancelled=0.1)
        terms = Terms(category=category, status=status, said=0.25, stars=(1,), listed_days=2)
        books.order(buyers, one, ring.draw_moments(count), country.draw_prices(category, count, 0.7), terms)


def run_lost_parcels(country: Country, ring: Ring, members: IntArray) -> None:
    """They sell to one another what never was, lose it on the way, and the platform pays for it."""
    rng, people, books = country.rng, country.people, country.books
    count, category = ring.draw_count(2.5, 5), country.draw_category([PHONES, COLLECT, COMPUTERS])
    people.sells_as[members] = PRIVATE
    status = books.end_orders(count, refunded=0.55 if country.is_hard else 0.75, disputed=0, cancelled=0)
    terms = Terms(category=category, status=status, said=0.1, stars=(5, 4), is_fake=True, listed_days=2)
    buyers, sellers = rng.choice(members, count), rng.choice(members, count)
    books.order(buyers, sellers, ring.draw_moments(count), country.draw_prices(category, count, 1.8), terms)
    asking = country.draw_some(members, 0.6)
    books.write(asking, CLAIMS[2], ring.draw_moments(len(asking)))
    if country.happens(0.6):
        count = 2 * len(members)
        amounts = np.round(rng.lognormal(4.5, 0.6, count))
        books.pay(rng.choice(members, count), rng.choice(members, count), ring.draw_moments(count), amounts)


def swindle_alone(country: Country) -> None:
    """A crook without friends claims back whatever comes, or sells what is not there; he is in no ring."""
    span = draw_working_time(country, 20, 150)
    crook = int(recruit(country, 1, span)[0])
    if country.happens(0.5):
        _claim_back(country, crook, span)
    else:
        _sell_nothing(country, crook, span)


def _claim_back(country: Country, crook: int, span: Span) -> None:
    books = country.books
    count = country.rng.integers(4, 11)
    sellers = country.people.find_strangers(count, span.begins_at, sells_as=PRIVATE, by_sales=True)
    at = country.clock.draw_moments(*span, len(sellers))
    terms = Terms(status=books.end_orders(len(sellers), refunded=0.6, disputed=0.15, cancelled=0), said=0.1)
    books.order(crook, sellers, at, country.draw_prices(PHONES, len(sellers)), terms)


def _sell_nothing(country: Country, crook: int, span: Span) -> None:
    rng, people, books = country.rng, country.people, country.books
    people.sells_as[crook] = PRIVATE
    buyers = people.find_strangers(rng.integers(4, 11), span.begins_at)
    count, category = len(buyers), int(rng.integers(N_CATEGORIES))
    status = books.end_orders(count, refunded=0.15, disputed=0.5, cancelled=0)
    terms = Terms(category=category, status=status, said=0.3, stars=(1, 1, 2), listed_days=3)
    at, prices = country.clock.draw_moments(*span, count), country.draw_prices(category, count, 1.5)
    books.order(buyers, crook, at, prices, terms)
