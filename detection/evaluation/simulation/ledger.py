"""The market while it is being made: integer-coded rows, before they become tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.evaluation.simulation.rhythm import DAY_SECONDS, START_AT, FloatArray, IntArray, draw_joining_times
from detection.evaluation.simulation.settings import MarketSettings

Columns = dict[str, npt.NDArray[Any]]
BoolArray = npt.NDArray[np.bool_]

PAYMENT, PHONE, EMAIL, IP = 0, 1, 2, 3
IDENTIFIER_KINDS = ("payment", "phone", "email", "ip")
COMPLETED, REFUNDED, DISPUTED, CANCELLED = 0, 1, 2, 3
ORDER_STATUSES = ("completed", "refunded", "disputed", "cancelled")
SHIPPING, BILLING, RETURN = 0, 1, 2
ADDRESS_KINDS = ("shipping", "billing", "return")


class Ledger:
    """Rows in the making: pieces of columns per table, and the integers issued so far per kind of thing."""

    def __init__(self) -> None:
        self._pieces: dict[str, list[Columns]] = defaultdict(list)
        self._issued: dict[str, int] = defaultdict(int)

    def issue(self, kind: str, count: int) -> IntArray:
        """Issue `count` new things (devices, cards, …) as integers never issued before for that kind."""
        first = self._issued[kind]
        self._issued[kind] += count
        return np.arange(first, first + count, dtype=np.int64)

    def count_issued(self, kind: str) -> int:
        """Count the things of a kind that exist."""
        return self._issued[kind]

    def add(self, table: str, **columns: Any) -> None:
        """Append rows; single values are repeated to the length of the longest column."""
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(values)) for values in columns.values()))
        if len(arrays[0]):
            self._pieces[table].append(dict(zip(columns, arrays, strict=True)))

    def read(self, table: str, column: str) -> npt.NDArray[Any]:
        """One column of a table, all pieces joined; empty integers if the table has no rows."""
        pieces = self._pieces[table]
        return np.concatenate([piece[column] for piece in pieces]) if pieces else np.zeros(0, dtype=np.int64)


@dataclass
class World:
    """The state that the parts of the simulation share; index i is account i everywhere.

    Attributes
    ----------
    created_at : IntArray, shape (n_accounts,)
        Unix seconds.
    begins_at, leaves_at : IntArray, shape (n_accounts,)
        The interval in which an account is active; accounts older than the records begin some time within
        them, and many leave after they end.
    city : IntArray, shape (n_accounts,)
        Home city.
    camouflage : FloatArray, shape (n_accounts,)
        Mean of the honest orders of a fraud account; NaN for honest accounts, whose activity is heavy-tailed.
    sells : BoolArray, shape (n_accounts,)
        Whether the account keeps a shop.
    least_listings : IntArray, shape (n_accounts,)
        How many listings the account's shop has at least.
    owns_identity, owns_home : BoolArray, shape (n_accounts,)
        Whether the account has devices and cards, and an address, of its own.
    """

    settings: MarketSettings
    created_at: IntArray
    begins_at: IntArray
    leaves_at: IntArray
    city: IntArray
    camouflage: FloatArray
    sells: BoolArray
    least_listings: IntArray
    owns_identity: BoolArray
    owns_home: BoolArray
    segment: IntArray
    is_fraud: BoolArray
    ledger: Ledger = field(default_factory=Ledger)


def found_world(rng: np.random.Generator, settings: MarketSettings, n_cities: int) -> World:
    """Make a market of accounts that have done nothing yet."""
    n = settings.n_accounts
    created_at = draw_joining_times(rng, n)
    begins_at = np.where(created_at < START_AT, START_AT + rng.integers(0, 450 * DAY_SECONDS, n), created_at)
    city_weights = 1.0 / np.arange(1, n_cities + 1) ** 0.7
    return World(
        settings=settings,
        created_at=created_at,
        begins_at=begins_at,
        leaves_at=draw_leaving_times(rng, begins_at),
        city=rng.choice(n_cities, n, p=city_weights / city_weights.sum()),
        camouflage=np.full(n, np.nan),
        sells=rng.random(n) < 0.09,
        least_listings=np.ones(n, dtype=np.int64),
        owns_identity=np.ones(n, dtype=bool),
        owns_home=np.ones(n, dtype=bool),
        segment=rng.choice(4, n, p=[0.62, 0.18, 0.12, 0.08]),
        is_fraud=np.zeros(n, dtype=bool),
    )


def draw_leaving_times(rng: np.random.Generator, begins_at: IntArray) -> IntArray:
    """Draw when accounts fall silent; most use the market for weeks, some for years."""
    window = rng.lognormal(np.log(70 * DAY_SECONDS), 1.7, len(begins_at)).astype(np.int64) + 600
    return np.asarray(begins_at + window)
