"""Who sells: shops, and neighbours who sell what they no longer need.

One account in forty keeps a shop and one in sixteen lists a few used things, about as on marketplaces for both.  Sales
of shops fall with their rank to the power of -0.8, those of a shop's products likewise: a judgement after Zipf's law.
Shares of returns are drawn by shop, 6 % in the mean; clothes come back three times as often.
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.rhythm import FloatArray, IntArray
from detection.evaluation.village.seasons import DAY, END_AT, START_AT
from detection.evaluation.village.village import Village

_SHOP_SHARE, _NEIGHBOUR_SHARE = 1 / 40, 1 / 16


def open_shops(village: Village) -> None:
    """Open shops with their stock."""
    rng, people = village.rng, village.people
    count = max(30, round(len(people) * _SHOP_SHARE))
    grown_up = (people.age >= 20) & ~people.is_puppet
    owners = rng.permutation(np.flatnonzero(grown_up))[:count]
    people.is_taken[owners] = True
    early = START_AT - rng.exponential(400 * DAY, count).astype(np.int64)
    opens_at = np.where(rng.random(count) < 0.75, early, rng.integers(START_AT, END_AT - 200 * DAY, count))
    people.joined_at[owners] = opens_at
    people.quits_at[owners] = END_AT - 1
    weights = 1.0 / np.arange(1, count + 1) ** 0.8
    village.shop_owners, village.shop_weights = owners, weights / weights.sum()
    stock = np.maximum(1, rng.lognormal(1.9, 0.9, count) * (weights / weights.mean()) ** 0.3).astype(np.int64)
    village.stock_count, village.stock_first = stock, np.cumsum(stock) - stock
    _stock_shops(village, stock, opens_at)


def _stock_shops(village: Village, stock: IntArray, opens_at: IntArray) -> None:
    rng, total = village.rng, int(stock.sum())
    shop = np.repeat(np.arange(len(stock)), stock)
    level, returned = rng.lognormal(3.3, 0.9, len(stock)), rng.beta(1.6, 26, len(stock))
    returned[rng.random(len(stock)) < 0.08] *= 3
    later = rng.exponential(120 * DAY, total).astype(np.int64)
    at = np.minimum(opens_at[shop] + np.where(rng.random(total) < 0.5, 0, later), END_AT - 40 * DAY)
    village.ledger.add(
        "listings", product=village.ledger.issue("product", total), seller=village.shop_owners[shop], at=at,
        price=np.round(level[shop] * rng.lognormal(0, 0.5, total) + 0.5, 2), returned=returned[shop],
        quality=rng.normal(0, 0.5, len(stock))[shop] + rng.normal(0, 0.4, total),
    )  # fmt: skip


def list_used_things(village: Village) -> None:
    """Hang out what neighbours no longer need; by now they have to know when they joined."""
    rng, people = village.rng, village.people
    sellers = np.flatnonzero(~people.is_puppet & (rng.random(len(people)) < _NEIGHBOUR_SHARE))
    seller = np.repeat(sellers, rng.geometric(0.4, len(sellers)))
    begins = np.maximum(people.joined_at[seller], START_AT)
    at = begins + (rng.random(len(seller)) * np.maximum(people.quits_at[seller] - begins, 1)).astype(np.int64)
    village.list_items(seller, np.minimum(at, END_AT - 2 * DAY), rng.lognormal(2.8, 1.0, len(seller)), quality=0.3)


def choose_shops(village: Village, count: int) -> IntArray:
    """Shops (their ranks), by how much is bought from them."""
    edges = np.cumsum(village.shop_weights)
    return np.minimum(np.searchsorted(edges, village.rng.random(count)), len(edges) - 1)


def choose_from_stock(village: Village, shops: IntArray) -> IntArray:
    """One product of each shop, the first ones more often."""
    count = village.stock_count[shops]
    rank = (count + 1.0) ** village.rng.random(len(shops)) - 1.0
    return np.asarray(village.stock_first[shops] + np.minimum(rank.astype(np.int64), count - 1))


def choose_open_shop(village: Village, among: float, open_by: int) -> int:
    """One of the busiest shops (such a share of all) that has something to sell by an instant."""
    count = max(4, int(len(village.shop_owners) * among))
    is_open = village.is_listed(village.stock_first, open_by)
    found = np.flatnonzero(is_open[:count])
    return int(village.rng.choice(found if len(found) else np.flatnonzero(is_open)))


def choose_listed(village: Village, shop: int, at: IntArray) -> IntArray:
    """Products of a shop for buyers who come at such times; what is not there yet is the first one instead."""
    products = choose_from_stock(village, np.full(len(at), shop))
    return np.where(village.is_listed(products, at), products, village.stock_first[shop])


def list_dear_products(village: Village, share: float, listed_by: int) -> IntArray:
    """Products of shops that cost more than a share of all, and can be bought by an instant."""
    price: FloatArray = village.ledger.read("listings", "price")[: int(village.stock_count.sum())]
    return np.flatnonzero((price >= np.quantile(price, share)) & village.is_listed(np.arange(len(price)), listed_by))
