"""Small markets as plain rows, for tests of features and of the encoder."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder.settings import EncoderSettings
from graph.model import Orders, Reviews, Snapshot, Uses

START = np.datetime64("2024-03-01T00:00:00", "us")
STATUS_NAMES = ("completed", "disputed", "refunded")
QUICK = EncoderSettings(steps=10, label_steps=10, batch=64, hidden=16, dimensions=8, threads=1, device="cpu")
ALL_TRAITS = replace(QUICK, edge_weights=True, edge_ages=True, edge_calendar=True)


@dataclass
class Market:
    """Facts as plain rows; times are minutes after ``START``, or None."""

    n_accounts: int
    created: dict[int, float] = field(default_factory=dict)
    uses: list[tuple[int, str, str]] = field(default_factory=list)
    orders: list[tuple[int, int, int, float, float | None, int]] = field(default_factory=list)
    reviews: list[tuple[int, int, int, float, float | None]] = field(default_factory=list)
    referrals: list[tuple[int, int]] = field(default_factory=list)
    fraud: tuple[int, ...] = ()
    n_products: int = 0

    def snapshot(self) -> Snapshot:
        identifiers = sorted({(kind, value) for _, kind, value in self.uses})
        row = {identifier: position for position, identifier in enumerate(identifiers)}
        return Snapshot(
            account_id=_strings([f"a{i:05d}" for i in range(self.n_accounts)]),
            created_at=_times([self.created.get(i) for i in range(self.n_accounts)]),
            identifier_kind=_strings([kind for kind, _ in identifiers]),
            identifier_value=_strings([value for _, value in identifiers]),
            uses=Uses(
                _rows([a for a, _, _ in self.uses]),
                _rows([row[kind, value] for _, kind, value in self.uses]),
                _times([None] * len(self.uses)),
            ),
            product_id=_strings([f"p{i}" for i in range(self.n_products)]),
            product_seller=np.full(self.n_products, -1),
            product_price=np.full(self.n_products, np.nan),
            orders=_orders(self.orders),
            reviews=_reviews(self.reviews),
            referral_account=_rows([a for a, _ in self.referrals]),
            referral_by=_rows([b for _, b in self.referrals]),
            label_account=_rows(self.fraud),
            label_is_fraud=np.ones(len(self.fraud), dtype=bool),
            label_decided_at=_times([None] * len(self.fraud)),
            account_status=np.full(self.n_accounts, -1),
            account_status_names=(),
        )


def _rows(numbers) -> NDArray[np.int64]:
    return np.array(list(numbers), dtype=np.int64)


def _strings(words: list[str]) -> NDArray[np.object_]:
    return np.array(words, dtype=object)


def _times(minutes) -> NDArray[np.datetime64]:
    at = [np.datetime64("NaT", "us") if m is None else START + np.timedelta64(round(m * 60), "s") for m in minutes]
    return np.array(at, dtype="datetime64[us]")


def _orders(rows) -> Orders:
    buyer, seller, product, amount, at, status = zip(*rows, strict=True) if rows else [()] * 6
    return Orders(
        _rows(buyer),
        _rows(seller),
        _rows(product),
        np.array(amount, dtype=float),
        _times(at),
        _rows(status),
        STATUS_NAMES,
    )


def _reviews(rows) -> Reviews:
    author, product, seller, rating, at = zip(*rows, strict=True) if rows else [()] * 5
    ids = _strings([f"r{i:05d}" for i in range(len(rows))])
    return Reviews(
        ids,
        _rows(author),
        _rows(product),
        _rows(seller),
        np.array(rating, dtype=float),
        _times(at),
        np.full(len(ids), None),
    )


def random_market(seed: int, n: int = 60) -> Market:
    """A market with something of everything, and gaps everywhere."""
    rng = np.random.default_rng(seed)
    kinds = ("device", "address", "payment", "loyalty-card")
    market = Market(n, n_products=8)
    market.created = {int(a): float(rng.integers(-90_000, 0)) for a in range(n) if rng.random() < 0.7}
    for _ in range(3 * n):
        market.uses.append((int(rng.integers(n)), str(rng.choice(kinds)), f"v{rng.integers(n)}"))
    for _ in range(4 * n):
        buyer, seller = rng.choice(n, 2, replace=False).tolist()
        market.orders.append(
            (
                buyer,
                seller if rng.random() < 0.8 else -1,
                int(rng.integers(-1, 8)),
                float(rng.lognormal(3)) if rng.random() < 0.8 else math.nan,
                float(rng.integers(100_000)) if rng.random() < 0.8 else None,
                int(rng.integers(-1, 3)),
            )
        )
    for _ in range(2 * n):
        author, seller = rng.choice(n, 2, replace=False).tolist()
        rating = float(rng.integers(1, 6)) if rng.random() < 0.8 else math.nan
        market.reviews.append((author, int(rng.integers(-1, 8)), seller, rating, float(rng.integers(100) * 1440)))
    market.referrals = [(i, i // 7) for i in range(5, n, 9)]
    return market


def planted_market() -> tuple[Market, range]:
    """A random market and six night buyers of many small things, who share nothing with one another."""
    market, rng = random_market(3, n=80), np.random.default_rng(4)
    planted = range(80, 86)
    market.n_accounts = 86
    for account in planted:
        market.uses += [(account, "email", f"own{account}-{i}") for i in range(3)]
        for i in range(12):
            minute = float(i * 1440 + rng.integers(10, 200))
            market.orders.append((account, int(rng.integers(80)), -1, float(rng.uniform(2, 3)), minute, 2))
    return market, planted


def permuted(market: Market, new_row: list[int]) -> Market:
    """The same market with account ``a`` at row ``new_row[a]``."""
    at = [*new_row, -1]
    return replace(
        market,
        created={at[a]: created for a, created in market.created.items()},
        uses=[(at[a], kind, value) for a, kind, value in market.uses],
        orders=[(at[b], at[s], *rest) for b, s, *rest in market.orders],
        reviews=[(at[a], p, at[s], *rest) for a, p, s, *rest in market.reviews],
        referrals=[(at[a], at[b]) for a, b in market.referrals],
    )
