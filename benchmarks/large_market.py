"""A market of half a million accounts for measuring time and memory, and one account's facts cut from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from embeddings.features.accounts import COMMON_KINDS, empty_snapshot
from graph.model import Orders, Reviews, Snapshot, Uses


def make_large_market(rng: np.random.Generator) -> Snapshot:
    """Half a million accounts at random; few sellers and products have most of the trade."""
    n, n_identifiers, n_products = 500_000, 900_000, 200_000
    n_uses, n_orders, n_reviews = 2_000_000, 1_600_000, 400_000

    def name(letter: str, count: int) -> np.ndarray:
        return np.char.add(letter, np.char.zfill(np.arange(count).astype(str), 7)).astype(object)

    def times(count: int) -> np.ndarray:
        return np.datetime64("2023-01-01", "us") + rng.integers(0, 730 * 86_400_000_000, count).astype(
            "timedelta64[us]"
        )

    def popular(limit: int, count: int) -> np.ndarray:
        return (limit * rng.random(count) ** 3).astype(np.int64)

    uses = Uses(rng.integers(0, n, n_uses), (n_identifiers * rng.random(n_uses) ** 1.2).astype(np.int64), times(n_uses))
    product = popular(n_products, n_orders)
    sellers = popular(n, n_products)
    amounts = rng.lognormal(3, 1, n_orders)
    orders = Orders(
        rng.integers(0, n, n_orders), sellers[product], product, amounts, times(n_orders),
        rng.integers(0, 3, n_orders), ("completed", "disputed", "refunded"),
    )  # fmt: skip
    reviewed = popular(n_products, n_reviews)
    reviews = Reviews(
        name("r", n_reviews), rng.integers(0, n, n_reviews), reviewed, sellers[reviewed],
        rng.integers(1, 6, n_reviews).astype(float), times(n_reviews), np.full(n_reviews, None),
    )  # fmt: skip
    return replace(
        empty_snapshot(),
        account_id=name("a", n),
        created_at=times(n),
        identifier_kind=np.array(COMMON_KINDS, dtype=object)[np.arange(n_identifiers) % len(COMMON_KINDS)],
        identifier_value=name("v", n_identifiers),
        uses=uses,
        product_id=name("p", n_products),
        product_seller=sellers,
        product_price=np.full(n_products, np.nan),
        orders=orders,
        reviews=reviews,
    )


def take_facts(market: Snapshot, row: int) -> Snapshot:
    """The facts of one account, with the nodes that it has to do with."""
    uses, orders, reviews = market.uses, market.orders, market.reviews
    used = np.flatnonzero(uses.account == row)
    traded = np.flatnonzero((orders.buyer == row) | (orders.seller == row))
    said = np.flatnonzero((reviews.author == row) | (reviews.seller == row))
    listed = np.flatnonzero(market.product_seller == row)
    account = np.unique(
        np.concatenate([[row], orders.buyer[traded], orders.seller[traded], reviews.author[said], reviews.seller[said]])
    )
    product = np.unique(np.concatenate([orders.product[traded], reviews.product[said], listed]))
    account, product = account[account >= 0], product[product >= 0]
    identifier = np.unique(uses.identifier[used])

    def place(rows: np.ndarray, known: np.ndarray) -> np.ndarray:
        at = np.minimum(np.searchsorted(known, rows), max(len(known) - 1, 0))
        return np.where((rows >= 0) & (known[at] == rows), at, -1) if len(known) else np.full(len(rows), -1)

    return replace(
        market,
        account_id=market.account_id[account],
        created_at=market.created_at[account],
        identifier_kind=market.identifier_kind[identifier],
        identifier_value=market.identifier_value[identifier],
        uses=Uses(place(uses.account[used], account), place(uses.identifier[used], identifier), uses.seen_at[used]),
        product_id=market.product_id[product],
        product_seller=place(np.where(np.isin(product, listed), row, -1), account),
        product_price=market.product_price[product],
        orders=Orders(
            place(orders.buyer[traded], account), place(orders.seller[traded], account),
            place(orders.product[traded], product), orders.amount[traded], orders.ordered_at[traded],
            orders.status[traded], orders.status_names,
        ),
        reviews=Reviews(
            reviews.review_id[said], place(reviews.author[said], account), place(reviews.product[said], product),
            place(reviews.seller[said], account), reviews.rating[said], reviews.reviewed_at[said], reviews.text[said],
        ),
    )  # fmt: skip
