"""Everyday life: who buys when, of whom and what, how that ends, and what is said; messages, money, word of mouth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from detection.evaluation.countries import DAY, HOUR
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country
from detection.evaluation.inland.goods import PRICES, draw_nouns
from detection.evaluation.inland.people import BUYER, SHOP, STALL, People
from detection.evaluation.inland.places import WELCOME
from detection.evaluation.inland.words import CLAIMS, QUESTIONS
from detection.evaluation.simulation.ledger import CANCELLED, COMPLETED, DISPUTED, REFUNDED
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

NOBODY = -1
_IN_TOWN, _BY_TASTE, _ANYWHERE, _AGAIN = range(4)
_WAYS = (0.3, 0.36, 0.2, 0.14)
_ENDINGS = np.array([COMPLETED, REFUNDED, CANCELLED, DISPUTED])
_MOST_ORDERS = 220
_TRIES = 7
_CHAIN = 25
"""So many steps from "the same seller again" to the order that chose that seller; more never happen."""


@dataclass(frozen=True)
class Sales:
    """Everyday orders, by buyer and time, shape (n,) each; ``status`` is how each ended."""

    buyer: IntArray
    seller: IntArray
    at: FloatArray
    category: IntArray
    amount: FloatArray
    product: IntArray
    status: IntArray

    def __len__(self) -> int:
        return len(self.buyer)


def live_every_day(country: Country) -> None:
    """Let everybody buy, sell, talk and pay as they do, once groups and rings have had their say."""
    sales = _trade(country)
    _review(country, sales)
    _use_coupons(country, sales)
    _talk(country, sales)
    _list_what_stays(country)
    _pay_friends(country)
    _bring_friends(country)


# ── buyers and sellers ────────────────────────────────────────────────────────────────────────────


class _Purchases(NamedTuple):
    """Who buys when, by buyer and time, shape (n,) each."""

    buyer: IntArray
    at: FloatArray


class _Goods(NamedTuple):
    """What orders cost, and which listing each is of, shape (n,) each."""

    amount: FloatArray
    product: IntArray


class _Sellers:
    """Sellers by a key, of which one is drawn by weight."""

    def __init__(self, keys: IntArray, weight: FloatArray, there: Any) -> None:
        ids = np.flatnonzero(there & (weight > 0))
        self.ids: IntArray = ids[np.argsort(keys[ids], kind="stable")]
        self.keys = keys[self.ids]
        self.weight = np.concatenate([[0.0], np.cumsum(weight[self.ids])])

    def draw(self, rng: np.random.Generator, wanted: Any) -> IntArray:
        """A seller of each key that is wanted, or nobody."""
        if not len(self.ids):
            return np.full(len(wanted), NOBODY)
        low, high = np.searchsorted(self.keys, wanted), np.searchsorted(self.keys, wanted, "right")
        drawn = self.weight[low] + (self.weight[high] - self.weight[low]) * rng.random(len(wanted))
        place = np.searchsorted(self.weight, drawn, "right") - 1
        return np.where(high > low, self.ids[np.clip(place, 0, len(self.ids) - 1)], NOBODY)


def _trade(country: Country) -> Sales:
    buyer, at = _draw_purchases(country)
    rng, people = country.rng, country.people
    way = rng.choice(len(_WAYS), len(buyer), p=_WAYS)
    seller = _come_back(country, buyer, at, _choose_sellers(country, buyer, at, way), way == _AGAIN)
    is_sold = seller != NOBODY
    buyer, at, seller = buyer[is_sold], at[is_sold], seller[is_sold]
    keeps_to_one = rng.random(len(seller)) < np.where(people.sells_as[seller] == SHOP, 1.0, 0.55)
    category = np.where(keeps_to_one, people.taste[seller], rng.choice(people.taste, len(seller)))
    amount, product = _choose_goods(country, seller, at, category)
    status = _end(country, buyer, seller)
    country.books.add_orders(buyer, seller, at, amount, product, status)
    return Sales(buyer, seller, at, category, amount, product, status)


def _draw_purchases(country: Country) -> _Purchases:
    """Who buys when, by buyer and time."""
    rng, people = country.rng, country.people
    since, until = np.clip(people.created_at, 0, END_AT), np.clip(people.until, 0, END_AT)
    years = np.maximum(until - since, 0) / DAY / 365
    counts = np.minimum(rng.poisson(people.buying * people.life * years * 1.9), _MOST_ORDERS)
    buyer = np.repeat(np.arange(len(people)), counts)
    first = since[buyer] + rng.exponential(0.5 * DAY, len(buyer))
    at = country.clock.draw_moments(first, until[buyer], len(buyer))
    return _Purchases(buyer, at[np.lexsort((at, buyer))])


def _weigh_sellers(people: People) -> FloatArray:
    """How much is bought of each."""
    there = np.minimum(people.until, END_AT) - np.clip(people.created_at, 0, END_AT)
    weight = np.where(people.sells_as > BUYER, people.selling * people.selling_life, 0)
    return np.asarray(weight * np.clip(there / END_AT, 0, 1) ** 0.2)


def _choose_sellers(country: Country, buyer: IntArray, at: FloatArray, way: IntArray) -> IntArray:
    """A seller who is there for each order: of the town, of the same taste, anywhere, a stall on Sundays; or nobody."""
    rng, people = country.rng, country.people
    weight, nowhere = _weigh_sellers(people), np.zeros(len(people), dtype=np.int64)
    everybody = np.ones(len(people), dtype=bool)
    stalls = _Sellers(people.town, weight, people.sells_as == STALL)
    by_way = {
        _IN_TOWN: _Sellers(people.town, weight, everybody),
        _BY_TASTE: _Sellers(people.taste, weight, everybody),
        _ANYWHERE: _Sellers(nowhere, weight, everybody),
    }
    strolls = country.clock.is_sunday(at) & (rng.random(len(buyer)) < 0.45)
    seller = np.full(len(buyer), NOBODY)
    open_rows = np.arange(len(buyer))
    for _ in range(_TRIES):
        who, found = buyer[open_rows], np.full(len(open_rows), NOBODY)
        at_stall = strolls[open_rows] & (rng.random(len(open_rows)) < 0.8)
        found[at_stall] = stalls.draw(rng, people.town[who[at_stall]])
        ways = np.minimum(way[open_rows], _ANYWHERE)
        for each, sellers in by_way.items():
            rows = np.flatnonzero((found == NOBODY) & (ways == each))
            found[rows] = sellers.draw(rng, _name_wish(country, each, who[rows]))
        gone = (people.created_at[found] > at[open_rows] - HOUR) | (people.until[found] < at[open_rows])
        found[gone | (found == who)] = NOBODY
        seller[open_rows] = found
        open_rows = open_rows[found == NOBODY]
    return seller


def _name_wish(country: Country, way: int, buyer: IntArray) -> IntArray:
    """The key of the seller that each wants; three in ten buy what somebody else likes."""
    rng, people = country.rng, country.people
    if way == _BY_TASTE:
        other = rng.choice(people.taste, len(buyer))
        return np.where(rng.random(len(buyer)) < 0.7, people.taste[buyer], other)
    return people.town[buyer] if way == _IN_TOWN else np.zeros(len(buyer), dtype=np.int64)


def _come_back(country: Country, buyer: IntArray, at: FloatArray, seller: IntArray, again: Any) -> IntArray:
    """Sellers, where some orders go to whoever sold an earlier one to the same buyer, if they are still there."""
    rng, people, row = country.rng, country.people, np.arange(len(buyer))
    first = np.r_[True, buyer[1:] != buyer[:-1]][: len(buyer)]
    begins = np.maximum.accumulate(np.where(first, row, 0))
    source = np.where(again & ~first, begins + (rng.random(len(row)) * (row - begins)).astype(np.int64), row)
    for _ in range(_CHAIN):
        source = source[source]
    regular = seller[source]
    there = (regular != NOBODY) & (people.until[regular] > at) & (people.created_at[regular] < at - HOUR)
    return np.where(there, regular, seller)


# ── goods ─────────────────────────────────────────────────────────────────────────────────────────


def _choose_goods(country: Country, seller: IntArray, at: FloatArray, category: IntArray) -> _Goods:
    """What each order costs, and its listing: of a shop's stock, or a thing that is there once."""
    rng, people, count = country.rng, country.people, len(seller)
    amount = np.round(PRICES[category] * rng.lognormal(-0.3, 0.85, count)) + rng.choice(
        [0, 0, 0, 0.5, 0.9, 0.99], count
    )
    amount = np.maximum(amount, 1) * np.where(people.sells_as[seller] == STALL, 0.6, 1)
    product = np.full(count, NOBODY)
    is_of_shop = people.sells_as[seller] == SHOP
    in_shop, once = np.flatnonzero(is_of_shop), np.flatnonzero(~is_of_shop)
    from_stock = _take_from_stock(country, seller[in_shop])
    amount[in_shop], product[in_shop] = from_stock.amount, from_stock.product
    listed_at = np.maximum(at[once] - rng.exponential(16 * DAY, len(once)) - 900, people.created_at[seller[once]] + 300)
    asked = amount[once] * (1 + rng.choice([0, 0, 0, 0.1, 0.15, 0.3], len(once)))
    product[once] = country.books.list_things(seller[once], listed_at, asked, category[once])
    return _Goods(amount, product)


def _take_from_stock(country: Country, seller: IntArray) -> _Goods:
    """What orders of shops cost, and which thing of the shop's stock each is; some things are bought most."""
    rng, people, count = country.rng, country.people, len(seller)
    shops, shop = np.unique(seller, return_inverse=True)
    sizes = np.minimum(3 + (people.selling[shops] ** 0.75).astype(np.int64), 60)
    owner = np.repeat(shops, sizes)
    category = people.taste[owner]
    prices = np.round(PRICES[category] * rng.lognormal(-0.2, 0.7, len(owner))) + 0.9
    listed_at = np.maximum(people.created_at[owner] + 60, -60 * DAY)
    products = country.books.list_things(owner, listed_at, prices, category)
    place = np.minimum((sizes[shop] * rng.random(count) ** 2.2).astype(np.int64), sizes[shop] - 1)
    chosen = (np.cumsum(sizes) - sizes)[shop] + place
    return _Goods(prices[chosen] * np.where(rng.random(count) < 0.15, 0.9, 1), products[chosen])


def _end(country: Country, buyer: IntArray, seller: IntArray) -> IntArray:
    """How orders end: worse at bad sellers, and with buyers who are never content."""
    rng = country.rng
    badness, picky = 1.9 - country.people.quality[seller], rng.gamma(0.8, 1, len(country.people))[buyer]
    refunded = 0.035 * badness**2.5 * (0.4 + picky * 0.8)
    disputed = 0.007 * badness**4 * (0.5 + 0.5 * picky)
    cancelled = np.full(len(buyer), 0.028)
    shares = np.stack([1 - refunded - cancelled - disputed, refunded, cancelled, disputed], axis=1)
    shares = np.clip(shares, 0.0005, None)
    reached = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    return np.asarray(_ENDINGS[(rng.random(len(buyer))[:, None] > reached).sum(axis=1).clip(0, 3)])


# ── what is said ──────────────────────────────────────────────────────────────────────────────────


def _review(country: Country, sales: Sales) -> None:
    """Stars for some orders, nearly all five or one; an eighth more for deals in cash at the door."""
    rng, people = country.rng, country.people
    says = people.talks[sales.buyer] * np.where(sales.status == CANCELLED, 0.05, 1)
    said = np.flatnonzero(rng.random(len(sales)) < says)
    count, seller = len(said), sales.seller[said]
    content = people.quality[seller] * np.where(sales.status[said] == COMPLETED, 1, 0.35)
    drawn = rng.random(count)
    other = rng.choice([1, 1, 2, 3, 3, 4], count)
    stars = np.where(drawn < content * 0.84, 5, np.where(drawn < content * 0.97, 4, other))
    of_product = (people.sells_as[seller] == SHOP) & (rng.random(count) < 0.55)
    spoken_of = Terms(
        category=sales.category[said], product=np.where(of_product, sales.product[said], NOBODY), texts=0.5
    )
    at = sales.at[said] + rng.gamma(1.5, 4, count) * DAY + HOUR
    country.books.review(sales.buyer[said], seller, at, stars, spoken_of)
    _review_deals_in_cash(country, sales, int(0.13 * count))


def _review_deals_in_cash(country: Country, sales: Sales, count: int) -> None:
    """Stars of neighbours of buyers, who have no order."""
    rng, people = country.rng, country.people
    order, other, third = rng.integers(0, max(len(sales), 1), (3, count))
    author = people.find_neighbours(sales.buyer[other])
    seller = np.where(rng.random(count) < 0.6, sales.seller[order], sales.seller[third])
    at = sales.at[order] + rng.exponential(5 * DAY, count)
    stars = np.array([5, 4, 3, 2, 1])[np.searchsorted([0.7, 0.83, 0.88, 0.92], rng.random(count), "right")]
    there = (people.created_at[author] < at - DAY) & (people.until[author] > at) & (author != seller)
    spoken_of = Terms(category=people.taste[seller[there]])
    country.books.review(author[there], seller[there], at[there], stars[there], spoken_of)


def _use_coupons(country: Country, sales: Sales) -> None:
    """Some shops have a coupon for some weeks, which most of their customers use."""
    rng, people = country.rng, country.people
    large = np.flatnonzero((people.sells_as == SHOP) & (people.selling > 10))
    chosen = rng.choice(large, min(len(large), max(4, len(people) // 600)), replace=False)
    by_seller = np.argsort(sales.seller, kind="stable")
    sellers = sales.seller[by_seller]
    for shop in chosen.tolist():
        rows = by_seller[np.searchsorted(sellers, shop) : np.searchsorted(sellers, shop, "right")]
        begins_at, days = rng.uniform(0, END_AT), rng.uniform(15, 80)
        is_open = (sales.at[rows] > begins_at) & (sales.at[rows] < begins_at + days * DAY)
        rows = country.draw_some(rows[is_open], 0.6)
        name = str(rng.choice(["SPRING-", "SHOP-", "THANKS-", "SUN-"])) + country.things.draw_code(4).upper()
        country.books.redeem(sales.buyer[rows], name, sales.at[rows] - rng.uniform(60, 900, len(rows)))


def _talk(country: Country, sales: Sales) -> None:
    """Complaints, things that are kept in mind, and what buyers and sellers ask one another."""
    rng, books = country.rng, country.books
    rows = np.flatnonzero((sales.status != COMPLETED) & (rng.random(len(sales)) < 0.3))
    at = sales.at[rows] + rng.exponential(5 * DAY, len(rows))
    books.write(sales.buyer[rows], _write_some(rng, CLAIMS, sales.category[rows]), at)
    rows = np.flatnonzero(rng.random(len(sales)) < 0.3)
    saved_at = sales.at[rows] - rng.exponential(DAY, len(rows))
    books.look(sales.buyer[rows], sales.product[rows], saved_at, action="save")
    rows = np.flatnonzero(rng.random(len(sales)) < 0.3)
    who = np.where(rng.random(len(rows)) < 0.7, sales.buyer[rows], sales.seller[rows])
    at = sales.at[rows] - rng.exponential(0.5 * DAY, len(rows))
    books.write(who, _write_some(rng, QUESTIONS, sales.category[rows]), at)


def _write_some(rng: np.random.Generator, phrases: tuple[str, ...], categories: IntArray) -> Any:
    """A phrase each, of a thing of a category where it speaks of one."""
    which = rng.integers(0, len(phrases), len(categories)).tolist()
    nouns = draw_nouns(rng, categories)
    return np.array([phrases[place].format(n=noun) for place, noun in zip(which, nouns, strict=True)], dtype=object)


# ── the rest ──────────────────────────────────────────────────────────────────────────────────────


def _list_what_stays(country: Country) -> None:
    """Things that nobody bought."""
    rng, people = country.rng, country.people
    since, until = np.clip(people.created_at, 0, END_AT), np.clip(people.until, 0, END_AT)
    sells = (people.sells_as > BUYER) & (until > since)
    seller = np.repeat(np.arange(len(people)), rng.poisson(1.3 * np.sqrt(np.where(sells, people.selling, 0))))
    last = np.maximum(until[seller], since[seller] + 700)
    at = country.clock.draw_moments(since[seller] + 600, last, len(seller))
    category = people.taste[seller]
    prices = np.round(PRICES[category] * rng.lognormal(-0.1, 0.9, len(seller)))
    country.books.list_things(seller, at, prices, category)


def _pay_friends(country: Country) -> None:
    """A little money among neighbours: few pairs, most of them both ways."""
    rng, people = country.rng, country.people
    one = rng.choice(len(people), int(len(people) * 0.35))
    other = people.find_neighbours(one)
    times = 1 + rng.poisson(2.5, len(one))
    one, other = np.repeat(one, times), np.repeat(other, times)
    turns = rng.random(len(one)) < 0.4
    payer, payee = np.where(turns, other, one), np.where(turns, one, other)
    since = np.maximum(people.created_at[payer], people.created_at[payee]).clip(0)
    until = np.minimum(people.until[payer], people.until[payee]).clip(None, END_AT)
    there = until > since + 3 * DAY
    at = country.clock.draw_moments(since[there], until[there], int(there.sum()))
    country.books.pay(payer[there], payee[there], at, np.maximum(1, np.round(rng.lognormal(2.9, 0.9, len(at)))))


def _bring_friends(country: Country) -> None:
    """One in eleven is brought by a neighbour; one newcomer in four uses the welcome coupon."""
    rng, people = country.rng, country.people
    new = np.flatnonzero((people.created_at > 0) & (rng.random(len(people)) < 0.09))
    by = people.find_neighbours(new)
    known = people.created_at[by] < people.created_at[new] - DAY
    country.books.refer(new[known], by[known])
    new = np.flatnonzero((people.created_at > 0) & (rng.random(len(people)) < 0.25))
    at = people.created_at[new] + rng.exponential(6 * DAY, len(new)) + 600
    country.books.redeem(new, WELCOME, at)
