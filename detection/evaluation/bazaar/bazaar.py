"""The state of a bazaar while it is being made: who came when, what is on offer, what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detection.evaluation.bazaar.seasons import DAY, END_AT, START_AT, set_hours, spread
from detection.evaluation.bazaar.settings import BazaarSettings
from detection.evaluation.simulation.ledger import COMPLETED, BoolArray, Ledger
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

NO_PRODUCT = -1
THINGS = ("device", "payment", "phone", "email", "ip", "address")
N_TOWNS = 40


@dataclass
class Goods:
    """What was ever on offer; all arrays have shape (n_products,), those of one seller stand together per listing."""

    seller: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    price: FloatArray = field(default_factory=lambda: np.zeros(0))
    listed_at: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class HonestGroup:
    """A group whose members have an innocent reason to look alike; ``members`` (m,)."""

    kind: str
    members: IntArray


@dataclass
class Bazaar:
    """Index i is account i everywhere; arrays have shape (n_accounts,).

    Attributes
    ----------
    created_at : IntArray
        Unix seconds.
    rate : FloatArray
        Orders in an ordinary week.
    friend : IntArray
        Somebody whose purchases an account hears of.
    home : IntArray
        The place an account lives at.
    owns : dict of str to BoolArray
        By kind of thing, whether the account shows one of its own.
    is_fraud, keeps_shop, is_fixed : BoolArray
        ``is_fixed`` accounts have a date of joining that others rely on.
    bad_since : IntArray
        When an account did the first thing that somebody could complain of.
    """

    rng: np.random.Generator
    settings: BazaarSettings
    created_at: IntArray
    town: IntArray
    rate: FloatArray
    friend: IntArray
    home: IntArray
    owns: dict[str, BoolArray]
    is_fraud: BoolArray
    keeps_shop: BoolArray
    is_fixed: BoolArray
    bad_since: IntArray
    quality: FloatArray
    ledger: Ledger
    goods: Goods = field(default_factory=Goods)
    groups: list[HonestGroup] = field(default_factory=list)

    def pick(self, count: int, before: int, among: BoolArray | None = None) -> IntArray:
        """Pick distinct honest accounts that keep no shop and joined before a moment; fewer if there are fewer."""
        fit = ~self.is_fraud & ~self.keeps_shop & (self.created_at < before)
        found = np.flatnonzero(fit if among is None else fit & among)
        return self.rng.choice(found, min(count, len(found)), replace=False)

    def pick_newcomers(self, count: int) -> IntArray:
        """Pick honest accounts whose date of joining may still be chosen, and fix it."""
        chosen = self.pick(count, END_AT, ~self.is_fixed)
        self.is_fixed[chosen] = True
        return chosen

    def pick_keepers(self, count: int, before: int = END_AT - 60 * DAY) -> IntArray:
        """Pick honest shops; the wish for early ones gives way where there are too few."""
        fit = self.keeps_shop & ~self.is_fraud
        early = np.flatnonzero(fit & (self.created_at < before))
        found = early if len(early) >= count else np.flatnonzero(fit)
        return self.rng.choice(found, min(count, len(found)), replace=False)

    def draw_size(self, low: int, high: int) -> int:
        """A size, small ones more often; never more than a twentieth of the bazaar."""
        size = float(low * (high / low) ** self.rng.random())
        return max(min(low, 30), min(round(size), self.settings.n_accounts // 20))

    def draw_start(self, first_day: int = 30, last_day: int = 450) -> int:
        """A moment within the records."""
        return START_AT + int(self.rng.integers(first_day * DAY, last_day * DAY))

    def offer(self, sellers: IntArray, prices: FloatArray, at: IntArray) -> IntArray:
        """List one product for each entry; the answer is their numbers."""
        products = self.ledger.issue("product", len(sellers))
        goods = self.goods
        self.goods = Goods(
            np.concatenate([goods.seller, sellers]),
            np.concatenate([goods.price, np.round(prices, 2)]),
            np.concatenate([goods.listed_at, at]),
        )
        return products

    def find_goods(self, seller: int) -> IntArray:
        """The products of a seller."""
        return np.flatnonzero(self.goods.seller == seller)

    def buy(self, buyers: IntArray, products: IntArray, at: IntArray, status: Any = COMPLETED, cut: Any = 1.0) -> None:
        """Order products at their prices, times `cut`."""
        amount = np.round(self.goods.price[products] * cut, 2)
        seller = self.goods.seller[products]
        self.ledger.add("orders", buyer=buyers, seller=seller, product=products, amount=amount, at=at, status=status)

    def pay(self, payers: IntArray, payees: IntArray, at: IntArray, amounts: FloatArray) -> None:
        """Pay somebody for no listed product."""
        self.ledger.add(
            "orders", buyer=payers, seller=payees, product=NO_PRODUCT, amount=np.round(amounts, 2), at=at,
            status=COMPLETED,
        )  # fmt: skip

    def review(self, accounts: IntArray, products: IntArray, at: IntArray, ratings: Any, is_fake: bool = False) -> None:
        """Write reviews of products."""
        self.ledger.add("reviews", account=accounts, product=products, at=at, rating=ratings, is_fake=is_fake)

    def use(self, kind: str, accounts: IntArray, things: Any, at: IntArray) -> None:
        """Let accounts use things (devices, cards, …)."""
        self.ledger.add(f"use_{kind}", account=accounts, thing=things, at=at)

    def share(self, kind: str, members: IntArray, begins_at: int, days: float, n_things: int = 1) -> None:
        """Let members use common things, one each, seen two times within `days`."""
        if kind == "address":
            things = self.found_places(n_things, int(self.town[members[0]]))
        else:
            things = self.ledger.issue(kind, n_things)
        choice = things[self.rng.integers(0, n_things, len(members))]
        for _ in range(2):
            self.use(kind, members, choice, spread(self.rng, len(members), begins_at, days))

    def found_places(self, count: int, town: Any) -> IntArray:
        """New addresses in a town, or each in one."""
        places = self.ledger.issue("address", count)
        self.ledger.add("places", place=places, town=town)
        return places

    def exchange(self, members: IntArray, begins_at: int, days: float, count: int, back: float = 0.0) -> None:
        """Payments between random members; a share `back` of them is answered within weeks."""
        first = self.rng.integers(0, len(members), count)
        other = (first + self.rng.integers(1, len(members), count)) % len(members)
        at = spread(self.rng, count, begins_at, days)
        amounts = self.rng.lognormal(2.9, 0.8, count)
        self.pay(members[first], members[other], at, amounts)
        answered = self.rng.random(count) < back
        later = at + self.rng.exponential(12 * DAY, count).astype(np.int64)
        self.pay(
            members[other][answered], members[first][answered], set_hours(self.rng, later)[answered] + DAY,
            (amounts * self.rng.uniform(0.5, 1.5, count))[answered],
        )  # fmt: skip

    def gather(self, kind: str, members: IntArray) -> None:
        """Remember an honest group."""
        self.groups.append(HonestGroup(kind, np.asarray(members)))
