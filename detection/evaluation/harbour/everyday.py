"""Everyday trade: what everybody lists and buys besides, among neighbours, by taste, and in the shops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.goods import N_CATEGORIES
from detection.evaluation.harbour.people import N_DISTRICTS
from detection.evaluation.harbour.town import Town
from detection.evaluation.harbour.trade import Bid, Deal, Item, Order
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

NOBODY = -1
NO_DISTRICT = -1
_MOST_LISTED = 1500
_TRIES = 7
_AUCTIONED_FROM = 25


class Sales(NamedTuple):
    """Orders in columns; ``in_shop`` says which are a shop's."""

    buyer: IntArray
    seller: IntArray
    product: IntArray
    amount: FloatArray
    at: FloatArray
    in_shop: np.typing.NDArray[np.bool_]


@dataclass(frozen=True)
class Pool:
    """People to choose buyers from, each as likely as it buys much."""

    accounts: IntArray
    cumulative: FloatArray

    def draw(self, rng: np.random.Generator, count: int) -> IntArray:
        """So many of them."""
        places = np.searchsorted(self.cumulative, rng.random(count) * self.cumulative[-1])
        return np.asarray(self.accounts[np.minimum(places, len(self.accounts) - 1)])


class Buyers:
    """Finds buyers by taste, by district, or anywhere."""

    def __init__(self, town: Town) -> None:
        self.town, people = town, town.people
        by_taste = [(people.likes == each) | (people.also_likes == each) for each in range(N_CATEGORIES)]
        by_district = [people.district == each for each in range(N_DISTRICTS)]
        everybody = np.ones(len(people), dtype=bool)
        accounts = [np.flatnonzero(mask if mask.any() else everybody) for mask in [*by_taste, *by_district, everybody]]
        self.pools = [Pool(each, np.cumsum(people.buying[each])) for each in accounts]

    def draw(self, category: IntArray, district: IntArray, at: FloatArray, seller: IntArray) -> IntArray:
        """Somebody for each sale who is there at the time; nobody (-1) after some tries."""
        rng, people = self.town.chance.rng, self.town.people
        manner = rng.random(len(at))
        near = np.where((manner < 0.83) & (district != NO_DISTRICT), N_CATEGORIES + district, len(self.pools) - 1)
        pool = np.where(manner < 0.55, category, near)
        found = np.full(len(at), NOBODY)
        for _ in range(_TRIES):
            for number in range(len(self.pools)):
                rows = np.flatnonzero((found == NOBODY) & (pool == number))
                drawn = self.pools[number].draw(rng, len(rows))
                is_there = (people.created_at[drawn] < at[rows]) & (people.until[drawn] > at[rows])
                is_good = is_there & (drawn != seller[rows])
                found[rows[is_good]] = drawn[is_good]
        return found


def trade_every_day(town: Town) -> None:
    """Let everybody list and buy as they are wont to; whoever was pleased comes back."""
    buyers = Buyers(town)
    parts = [_sell_used_things(town, buyers), *_sell_in_shops(town, buyers)]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[4], columns[1]))
    sales = Sales(*(column[order] for column in columns))
    _write_orders(town, sales._replace(buyer=_come_back(town, sales)))


# ── what is listed ────────────────────────────────────────────────────────────────────────────────


def _sell_used_things(town: Town, buyers: Buyers) -> Sales:
    """Everybody's listings, three in five of which are sold, by taste of the seller and in the seller's time."""
    rng, people, n = town.chance.rng, town.people, len(town.people)
    days = np.maximum(np.minimum(people.until, END_AT) - np.maximum(people.created_at, 0), 0) / DAY
    count = np.minimum(rng.poisson(people.selling * days / 365 * 3.2), _MOST_LISTED)
    seller = np.repeat(np.arange(n), count)
    m = len(seller)
    listed_at = _draw_listing_times(town, seller)
    second = np.where(rng.random(m) < 0.6, people.also_likes[seller], rng.integers(N_CATEGORIES, size=m))
    category = np.where(rng.random(m) < 0.6, people.likes[seller], second)
    price = town.goods.draw_prices(category)
    about = listed_at + DAY * np.exp(rng.normal(1.5, 1.4, m))
    drawn = town.clock.draw_moments(m, about - 1.5 * DAY, np.minimum(about + 2 * DAY, END_AT))
    at = np.maximum(drawn, listed_at + 120 + 3000 * rng.random(m))
    buyer = buyers.draw(category, people.district[seller], at, seller)
    product = len(town.trade.items) + np.arange(m)
    columns = zip(seller.tolist(), listed_at.tolist(), price.tolist(), category.tolist(), strict=True)
    town.trade.items += [Item(one, when, what, town.goods.draw_title(kind)) for one, when, what, kind in columns]
    is_sold = (rng.random(m) < 0.6) & (at < END_AT) & (buyer != NOBODY)
    amount = price * np.where(rng.random(m) < 0.3, rng.uniform(0.75, 0.97, m), 1)
    every = Sales(buyer, seller, product, amount, at, np.zeros(m, dtype=bool))
    return Sales(*(column[is_sold] for column in every))


def _draw_listing_times(town: Town, seller: IntArray) -> FloatArray:
    """When things are listed: many in sittings, one Sunday afternoon ten of them."""
    rng, people, m = town.chance.rng, town.people, len(seller)
    begins_at = np.maximum(people.created_at[seller], 0) + 600
    listed_at = town.clock.draw_moments(m, begins_at, np.minimum(people.until[seller], END_AT))
    follows = np.zeros(m, dtype=bool)
    follows[1:] = (seller[1:] == seller[:-1]) & (rng.random(m - 1) < 0.55)
    for row in np.flatnonzero(follows).tolist():
        listed_at[row] = listed_at[row - 1] + 60 * (3 + 9 * rng.random())
    return np.minimum(listed_at, END_AT)


def _sell_in_shops(town: Town, buyers: Buyers) -> list[Sales]:
    """What shops sell: a few shops most, and of each a few wares most."""
    rng = town.chance.rng
    weight = np.minimum(rng.pareto(1.15, len(town.trade.shops)) + 0.2, 40)
    counts = rng.multinomial(int(len(town.people) * 1.9), weight / weight.sum())
    return [
        _sell_in_shop(town, buyers, shop, count) for shop, count in zip(town.trade.shops, counts.tolist(), strict=True)
    ]


def _sell_in_shop(town: Town, buyers: Buyers, shop: int, count: int) -> Sales:
    rng, people, wares = town.chance.rng, town.people, town.trade.wares[shop]
    popularity = 1 / np.arange(1, len(wares) + 1) ** 0.9
    chosen = rng.choice(len(wares), count, p=popularity / popularity.sum())
    listed_at = np.array([ware.listed_at for ware in wares])[chosen]
    closes_at = max(min(people.until[shop], END_AT), 3600)
    at = town.clock.draw_moments(count, np.minimum(listed_at + 3600, END_AT), closes_at)
    seller = np.full(count, shop)
    buyer = buyers.draw(np.full(count, people.likes[shop]), np.full(count, NO_DISTRICT), at, seller)
    product = np.array([ware.product for ware in wares])[chosen]
    amount = np.array([ware.price for ware in wares])[chosen] * np.where(rng.random(count) < 0.2, 0.9, 1)
    is_sold = (buyer != NOBODY) & (at > listed_at)
    every = Sales(buyer, seller, product, amount, at, np.ones(count, dtype=bool))
    return Sales(*(column[is_sold] for column in every))


def _come_back(town: Town, sales: Sales) -> IntArray:
    """Buyers, where one in ten is somebody who bought from the same seller not long before."""
    rng, n = town.chance.rng, len(sales.buyer)
    earlier = np.arange(n) - rng.integers(1, 7, n)
    source = np.maximum(earlier, 0)
    is_same = (earlier >= 0) & (sales.seller[source] == sales.seller) & (rng.random(n) < 0.1)
    regular = sales.buyer[source]
    return np.where(is_same & (town.people.until[regular] > sales.at), regular, sales.buyer)


# ── how it ends ───────────────────────────────────────────────────────────────────────────────────


def _write_orders(town: Town, sales: Sales) -> None:
    """Orders with their ends: some sellers are sloppy, some buyers send back, and one in five says little."""
    rng, trade, n = town.chance.rng, town.trade, len(town.people)
    sloppy = np.zeros(n, dtype=bool)
    sloppy[rng.choice(n, int(n * 0.015), replace=False)] = True
    returns = np.zeros(n, dtype=bool)
    returns[rng.choice(n, int(n * 0.008), replace=False)] = True
    refunded = 0.024 + 0.012 * sales.in_shop + 0.16 * returns[sales.buyer] + 0.1 * sloppy[sales.seller]
    drawn = rng.random(len(sales.buyer))
    ends = np.select(
        [drawn < refunded, drawn < refunded + 0.03, drawn < refunded + 0.0322],
        ["refunded", "cancelled", "disputed"],
        "completed",
    ).tolist()
    talks = np.where(sales.in_shop, 0.26, 0.46) * np.where(sales.buyer % 5 > 0, 1, 0.3)
    says = rng.random(len(sales.buyer)) < talks
    rows = zip(*(column.tolist() for column in (*sales, says, sloppy[sales.seller])), ends, strict=True)
    for buyer, seller, product, amount, at, in_shop, speaks, is_sloppy, status in rows:
        trade.orders.append(Order(buyer, seller, product, round(amount, 2), at, status))
        if speaks and status != "cancelled":
            is_usual = not is_sloppy or rng.random() < 0.6
            rating = trade.draw_stars(status) if is_usual else town.chance.draw_between(1, 4)
            trade.review(buyer, product, town.clock.draw_later(at), rating)
        if not in_shop and town.people.until[seller] > at + 9 * DAY and rng.random() < 0.012:
            price = town.goods.draw_price(int(town.people.likes[buyer]))
            trade.deal(Deal(seller, buyer, town.clock.draw_later(at, 8), price))


def hold_auctions(town: Town) -> None:
    """Let some things go by bids: three to nine people bid, one of them gets it."""
    chance, trade = town.chance, town.trade
    for order in trade.orders:
        is_worth = trade.items[order.product].price >= _AUCTIONED_FROM and order.status == "completed"
        if is_worth and chance.happens(0.012):
            bidders = [*town.people.find_crowd(chance.draw_between(2, 6), order.at, order.seller), order.buyer]
            for place, account in enumerate(bidders):
                hours = (len(bidders) - place) * chance.draw_real(0.2, 6)
                trade.bids.append(Bid(account, order.product, order.at - 3600 * hours))
