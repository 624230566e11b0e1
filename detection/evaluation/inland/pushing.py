"""Ways of cheating that push somebody up or down: praise, slander, turnover, prices and bonuses that nobody earned."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.campaign import Ring
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country
from detection.evaluation.inland.goods import CLOTHES, COLLECT, COMPUTERS, FURNITURE, MUSIC, PHONES, PRICES
from detection.evaluation.inland.people import PRIVATE, SHOP
from detection.evaluation.inland.places import WELCOME
from detection.evaluation.simulation.ledger import COMPLETED
from detection.evaluation.simulation.rhythm import IntArray

_BEST = (5, 5, 5, 5, 4)
_WORST = (1, 1, 1, 2)


def run_circulation(country: Country, ring: Ring, members: IntArray) -> None:
    """A thing goes round among them, dearer each time, until a stranger believes the price."""
    category = country.draw_category([COLLECT, PHONES, MUSIC, CLOTHES])
    sheet = ring.write_sheet()
    for _ in range(ring.draw_count(1, 2.2) + 2):
        _send_round(country, ring, category, sheet)


def _send_round(country: Country, ring: Ring, category: int, sheet: list[str]) -> None:
    rng, books, members = country.rng, country.books, ring.members
    price, at, owner = rng.uniform(15, 90), float(ring.draw_moments(1, ends=0.6)[0]), int(rng.choice(members))
    product = books.list_one(owner, at - 2 * HOUR, price, category)
    step = Terms(
        category=category,
        product=product if country.happens(0.6) else None,
        status=COMPLETED,
        said=0.55,
        stars=(5,),
        is_fake=True,
        sheet=sheet,
        listed_days=1,
    )
    for _ in range(rng.integers(3, 8)):
        buyer = int(rng.choice(members[members != owner]))
        books.order(buyer, owner, at, price, step)
        owner, price = buyer, price * rng.uniform(1.12, 1.55)
        at += rng.exponential((12 if country.is_hard else 3) * DAY) + 2 * HOUR
        if at > ring.span.ends_at:
            break
    if country.happens(0.45):
        stranger = country.people.find_strangers(1, ring.span.begins_at)
        sale = Terms(category=category, said=0.4, stars=(1, 2, 3, 5), listed_days=2)
        books.order(stranger, owner, min(at + 3 * DAY, END_AT - DAY), price * 1.2, sale)


def run_sock_boost(country: Country, ring: Ring, members: IntArray) -> None:
    """Made-up buyers of one or two sellers, who are no members, with five stars each."""
    rng, people, books = country.rng, country.people, country.books
    sheet = ring.write_sheet()
    sellers = people.take(rng.integers(1, 3), sells=True, bad=True)
    people.be_there(sellers, ring.span.begins_at - 10 * DAY, END_AT - DAY)
    people.sells_as[sellers] = SHOP
    people.selling[sellers] = rng.uniform(5, 30, len(sellers))
    people.quality[sellers] = 0.7
    ring.add_parties(sellers, "beneficiary")
    if ring.sharing in ("all", "most") and country.happens(0.6):
        country.share(np.concatenate([sellers, members[:3]]), "device", ring.span)
    stock = np.repeat(sellers, 3)
    worth = PRICES[people.taste[stock]]
    products = books.list_things(
        stock, ring.span.begins_at - DAY, worth * rng.uniform(0.3, 0.8, len(stock)), people.taste[stock]
    )
    count = max(ring.draw_count(1.5, 4), len(members))
    chosen = rng.integers(0, len(stock), count)
    buyers = np.concatenate([members, rng.choice(members, count - len(members))])
    amounts = np.round(worth[chosen] * rng.uniform(0.2, 0.8, count))
    terms = Terms(
        product=products[chosen],
        status=COMPLETED,
        said=0.85,
        stars=_BEST if country.is_hard else (5,),
        is_fake=True,
        of_product=True,
        sheet=sheet,
    )
    books.order(buyers, stock[chosen], ring.draw_moments(count), amounts, terms)


def run_praise_pool(country: Country, ring: Ring, members: IntArray) -> None:
    """Real people of a chat group: a coffee paid for each five stars, for several sellers one after the other."""
    rng, people = country.rng, country.people
    sheet = ring.write_sheet()
    sellers = people.find_strangers(rng.integers(3, 8), ring.span.begins_at, sells_as=PRIVATE, by_sales=True)
    people.is_unknown[sellers] = True
    people.is_free[sellers] = False
    ring.add_parties(sellers, "beneficiary")
    people.stay_until(sellers, ring.span.ends_at)
    people.life[members] = np.maximum(people.life[members], 0.8)
    last = ring.span.ends_at - 10 * DAY
    posted_at = np.sort(country.clock.draw_moments(ring.span.begins_at, last, len(sellers)))
    for seller, at in zip(sellers.tolist(), posted_at.tolist(), strict=True):
        _praise(country, country.draw_some(members, rng.uniform(0.45, 0.85)), seller, at, sheet)


def _praise(country: Country, authors: IntArray, seller: int, posted_at: float, sheet: list[str]) -> None:
    """One job of a pool: with an order that is paid back, or without."""
    rng, books = country.rng, country.books
    count, category = len(authors), int(country.people.taste[seller])
    at = posted_at + rng.exponential((14 if country.is_hard else 4) * DAY, count)
    product = books.list_one(seller, posted_at - 5 * DAY, float(PRICES[category]), category)
    of_product = country.happens(0.5)
    if country.happens(0.75):
        terms = Terms(
            category=category,
            product=product,
            status=COMPLETED,
            said=0.95,
            stars=_BEST,
            is_fake=True,
            of_product=of_product,
            sheet=sheet,
        )
        books.order(authors, seller, at, np.round(PRICES[category] * rng.uniform(0.3, 1, count)), terms)
    else:
        spoken_of = Terms(
            category=category, product=product if of_product else None, is_fake=True, sheet=sheet, texts=0.8
        )
        books.review(authors, seller, at, rng.choice([5, 5, 5, 4], count), spoken_of)


def run_attack_pool(country: Country, ring: Ring, members: IntArray) -> None:
    """Ones and twos for the rivals of whoever pays; every second one without an order."""
    rng, people, books = country.rng, country.people, country.books
    sheet = ring.write_sheet(is_praise=False)
    targets = people.find_strangers(rng.integers(2, 5), ring.span.begins_at, sells_as=SHOP, by_sales=True)
    ring.add_parties(targets, "target")
    for target in targets.tolist():
        authors = country.draw_some(members, rng.uniform(0.5, 0.9))
        begins_at = float(ring.draw_moments(1, ends=0.6)[0])
        ends_at = min(ring.span.ends_at, begins_at + ring.span.seconds * 0.4)
        at = country.clock.draw_moments(begins_at, ends_at, len(authors))
        buys = rng.random(len(authors)) < 0.55
        count, category = int(buys.sum()), int(people.taste[target])
        terms = Terms(
            status=books.end_orders(count, refunded=0.3, disputed=0.2, cancelled=0),
            said=0.95,
            stars=_WORST,
            is_fake=True,
            sheet=sheet,
        )
        books.order(authors[buys], target, at[buys], country.draw_prices(category, count, 0.5), terms)
        spoken_of = Terms(category=category, is_fake=True, sheet=sheet, texts=0.75)
        books.review(authors[~buys], target, at[~buys], rng.choice(_WORST, len(authors) - count), spoken_of)


def run_reputation_scam(country: Country, ring: Ring, members: IntArray) -> None:
    """Small deals and praise among themselves; then strangers pay for dear goods and wait."""
    rng, people, books = country.rng, country.people, country.books
    count = ring.draw_count(2.5, 5)
    inside = Terms(
        status=COMPLETED,
        said=0.85,
        stars=(5, 5, 5, 4) if country.is_hard else (5,),
        is_fake=True,
        sheet=ring.write_sheet(),
        listed_days=2,
    )
    at, prices = ring.draw_moments(count, ends=0.7), np.round(rng.uniform(3, 25, count))
    books.order(rng.choice(members, count), rng.choice(members, count), at, prices, inside)
    buyers = people.find_strangers(ring.draw_count(2.5, 5), ring.span.begins_at)
    count, category = len(buyers), country.draw_category([PHONES, COMPUTERS, MUSIC, FURNITURE])
    people.sells_as[members] = PRIVATE
    status = books.end_orders(count, refunded=0.08, disputed=0.5, cancelled=0.07)
    outside = Terms(category=category, status=status, said=0.3, stars=(1, 1, 2, 1, 5), listed_days=3)
    prices = country.draw_prices(category, count, 1.3)
    books.order(buyers, rng.choice(members, count), ring.draw_moments(count, begins=0.7), prices, outside)


def run_wash_trade(country: Country, ring: Ring, members: IntArray) -> None:
    """Real sellers who buy empty parcels of one another, and send the money back by wallet."""
    rng, people, books = country.rng, country.people, country.books
    people.selling[members] += rng.uniform(1, 5, len(members))
    count = ring.draw_count(4, 9)
    buyers, sellers = rng.choice(members, count), rng.choice(members, count)
    amounts = np.maximum(5, np.round(PRICES[people.taste[sellers]] * rng.uniform(0.7, 2.2, count)))
    at = ring.draw_moments(count)
    terms = Terms(status=COMPLETED, said=0.8, stars=(5, 5, 5, 4), is_fake=True, sheet=ring.write_sheet())
    books.order(buyers, sellers, at, amounts, terms)
    back = (rng.random(count) < (0.4 if country.is_hard else 0.75)) & (buyers != sellers)
    n_back = int(back.sum())
    paid_at = at[back] + rng.exponential(3 * DAY, n_back) + 600
    books.pay(sellers[back], buyers[back], paid_at, np.round(amounts[back] * rng.choice([1, 0.95, 0.9], n_back)))


def run_bonus_farm(country: Country, ring: Ring, members: IntArray) -> None:
    """Newcomers who bring newcomers: one small order each, mostly at the farmer's, and the bonus passed up."""
    rng, people, books = country.rng, country.people, country.books
    members, count = members[np.argsort(people.created_at[members], kind="stable")], len(members)
    organiser, others = int(members[0]), members[1:]
    ring.give_role(members[:1], "organiser")
    if not country.is_hard:
        gaps = rng.exponential(ring.span.seconds / count / 1.3, count)
        people.created_at[members] = ring.span.begins_at + np.cumsum(gaps).clip(max=ring.span.seconds - DAY)
    before = np.maximum(0, np.arange(count - 1) - rng.exponential(2.5, count - 1).astype(np.int64))
    referrers = np.where(rng.random(count - 1) < 0.6, members[before], organiser)
    brought = rng.random(count - 1) < (0.65 if country.is_hard else 0.92)
    books.refer(others[brought], referrers[brought])
    people.sells_as[organiser] = PRIVATE
    stalls = people.find_strangers(3, ring.span.begins_at, sells_as=PRIVATE, by_sales=True)
    of_farm = members[rng.integers(0, min(3, count), count)]
    sellers = np.where(rng.random(count) < 0.65, of_farm, rng.choice(stalls, count))
    since = np.maximum(people.created_at[members], ring.span.begins_at)
    at = since + rng.exponential((25 if country.is_hard else 2) * DAY, count) + 900
    terms = Terms(status=COMPLETED, said=0.15, stars=(5,), is_fake=True, listed_days=3)
    books.order(members, sellers, at, np.round(rng.uniform(5, 12, count)), terms)
    books.redeem(members, WELCOME, at - 300)
    pays = rng.random(count - 1) < 0.7
    n_paid = int(pays.sum())
    paid_at = since[1:][pays] + rng.exponential(10 * DAY, n_paid) + DAY
    books.pay(others[pays], organiser, paid_at, rng.choice([4, 5, 5, 9.5, 10], n_paid))


def run_coupon_abuse(country: Country, ring: Ring, members: IntArray) -> None:
    """Each is a newcomer once more: a coupon, one order just above its minimum at the same few shops."""
    rng, people, books = country.rng, country.people, country.books
    shops = people.find_strangers(rng.integers(1, 4), ring.span.begins_at, sells_as=SHOP, by_sales=True)
    coupon, count = f"SPRING-{country.things.draw_code(4).upper()}", len(members)
    for _ in range(2 if country.is_hard else 1):
        at = ring.draw_moments(count)
        used = coupon if country.happens(0.7) else WELCOME
        books.redeem(members, used, at - rng.uniform(60, 900, count))
        status = books.end_orders(count, refunded=0.1, disputed=0, cancelled=0.1)
        terms = Terms(category=int(people.taste[shops[0]]), status=status, said=0.03)
        amounts = rng.choice([15.01, 20, 20.5, 25], count) + rng.uniform(0, 1.5, count)
        books.order(members, rng.choice(shops, count), at, amounts, terms)
    others = people.find_strangers(30, ring.span.begins_at)
    books.redeem(others, coupon, ring.draw_moments(len(others)))
    if ring.sharing != "none":  # the cellar where the goods are put down
        cellar = country.things.make_place(people.draw_town(), has_flats=True)
        country.share(members, "address", ring.span, 0.3 if country.is_hard else 0.6, cellar, most=1)
