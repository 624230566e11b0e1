"""What is done on the market: listings, orders, reviews, bids, referrals, transfers; and its shops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.goods import N_CATEGORIES, Goods
from detection.evaluation.harbour.people import People
from detection.evaluation.harbour.words import COMPLAINTS, PRAISE, SHRUGS

SOMEBODY = -1
"""A buyer who is whoever is there at the time; where nobody is there is no deal."""


class Item(NamedTuple):
    """A listing; its number is its place in the list."""

    seller: int
    at: float
    price: float
    title: str


class Order(NamedTuple):
    """Somebody buys a listed thing."""

    buyer: int
    seller: int
    product: int
    amount: float
    at: float
    status: str


class Review(NamedTuple):
    """Somebody says something of a thing."""

    author: int
    seller: int
    product: int
    at: float
    rating: int
    is_fake: bool
    text: str


class Transfer(NamedTuple):
    """Money that buys nothing."""

    payer: int
    payee: int
    amount: float
    at: float


class Bid(NamedTuple):
    """Somebody bids for a thing."""

    account: int
    product: int
    at: float


class Ware(NamedTuple):
    """A thing of a shop's catalogue, which is sold again and again."""

    product: int
    price: float
    listed_at: float


@dataclass(frozen=True)
class Deal:
    """A thing that is listed, bought, and perhaps spoken of.

    ``product`` is one that is listed already.  Where nothing else is said, the category is one that the seller likes,
    the status and the rating are as usual, and ``said`` is the share of such deals with a review.
    """

    buyer: int
    seller: int
    at: float
    price: float = 0.0
    category: int | None = None
    title: str | None = None
    product: int | None = None
    status: str | None = None
    said: float = 0.47
    rating: int | None = None
    is_fake: bool = False
    listed_at: float | None = None


class Trade:
    """Everything that was done, and the shops: a hundredth of all accounts, a third of all orders.

    ``wares`` are each shop's, by account.
    """

    def __init__(self, people: People, goods: Goods) -> None:
        self.people, self.goods, self.chance, self.clock = people, goods, people.chance, people.clock
        self.items: list[Item] = []
        self.orders: list[Order] = []
        self.reviews: list[Review] = []
        self.transfers: list[Transfer] = []
        self.bids: list[Bid] = []
        self.referrals: list[tuple[int, int]] = []
        self.shops: list[int] = []
        self.wares: dict[int, list[Ware]] = {}

    # ── deeds ─────────────────────────────────────────────────────────────────────────────────────
    def list_item(
        self, seller: int, at: float, price: float, category: int | None = None, title: str | None = None
    ) -> int:
        """A new listing, not before its seller has signed up; its number."""
        at = min(max(at, float(self.people.created_at[seller])), END_AT)
        kind = int(self.people.likes[seller]) if category is None else category
        self.items.append(Item(seller, at, price, title or self.goods.draw_title(kind)))
        return len(self.items) - 1

    def deal(self, deal: Deal) -> int | None:
        """Let a deal happen; the product, or none where there can be no such deal."""
        if deal.buyer == deal.seller or not 0 <= deal.at <= END_AT:
            return deal.product
        if deal.buyer == SOMEBODY:
            found = self.people.find_crowd(1, deal.at, deal.seller)
            return self.deal(replace(deal, buyer=found[0])) if found else None
        product = self._list_for(deal) if deal.product is None else deal.product
        status = deal.status or self._draw_status()
        self.orders.append(Order(deal.buyer, deal.seller, product, round(float(deal.price), 2), deal.at, status))
        if status != "cancelled" and self.chance.happens(deal.said):
            rating = self.draw_stars(status) if deal.rating is None else deal.rating
            self.review(deal.buyer, product, self.clock.draw_later(deal.at), rating, is_fake=deal.is_fake)
        return product

    def _list_for(self, deal: Deal) -> int:
        waits = DAY * self.chance.rng.exponential(5) + 900
        listed_at = deal.at - waits if deal.listed_at is None else deal.listed_at
        return self.list_item(deal.seller, listed_at, deal.price, deal.category, deal.title)

    def _draw_status(self) -> str:
        drawn = self.chance.rng.random()
        if drawn < 0.936:
            return "completed"
        return "refunded" if drawn < 0.962 else "cancelled" if drawn < 0.995 else "disputed"

    def draw_stars(self, status: str) -> int:
        """A rating as people give it after an order that ended so."""
        bounds = (0.845, 0.925, 0.955, 0.968) if status == "completed" else (0.2, 0.2, 0.3, 0.45)
        drawn = self.chance.rng.random()
        return 5 - sum(drawn >= bound for bound in bounds)

    def review(self, author: int, product: int, at: float, rating: int, *, is_fake: bool = False) -> None:
        """Let somebody rate a thing, half of the time with some words."""
        text = self._draw_text(rating) if self.chance.happens(0.55) else ""
        self.reviews.append(Review(author, self.items[product].seller, product, at, rating, is_fake, text))

    def _draw_text(self, rating: int) -> str:
        chance = self.chance
        phrases = PRAISE if rating >= 4 else SHRUGS if rating == 3 else COMPLAINTS
        text = chance.draw_one(phrases)
        if chance.happens(0.35):
            text += ", " + chance.draw_one(phrases)
        if chance.happens(0.2):
            text += "!"
        return text.capitalize() if chance.happens(0.5) else text

    def pay(self, payer: int, payee: int, at: float, amount: float) -> None:
        """Send money from wallet to wallet."""
        if payer != payee and 0 <= at <= END_AT:
            self.transfers.append(Transfer(payer, payee, round(float(amount), 2), at))

    def refer(self, account: int, referrer: int) -> None:
        """Let one account have been brought by another."""
        self.referrals.append((account, referrer))

    def bid(self, accounts: Iterable[int], product: int | None, ends_at: float) -> None:
        """Let accounts bid for a thing in the three days before it is sold; nothing where there is no such thing."""
        if product is None:
            return
        for account in accounts:
            self.bids.append(Bid(account, product, ends_at - self.chance.draw_real(0.02, 3) * DAY))

    # ── shops ─────────────────────────────────────────────────────────────────────────────────────
    def open_shops(self) -> None:
        """Let traders open shops with a catalogue of new goods."""
        people, chance = self.people, self.chance
        self.shops = people.pick(max(12, int(people.n * 0.011)), "business")
        for shop in self.shops:
            people.traders.add(shop)
            if chance.happens(0.75):
                people.created_at[shop] = -DAY * chance.draw_real(1, 1000)
            created_at = max(people.created_at[shop], 0)
            people.until[shop] = END_AT if chance.happens(0.9) else created_at + DAY * chance.draw_real(200, 900)
            n_wares = int(min(90, 5 + chance.rng.pareto(1.2) * 8))
            self.wares[shop] = [self._stock(shop, created_at) for _ in range(n_wares)]
            people.selling[shop] = 0
            people.buying[shop] *= 0.3

    def _stock(self, shop: int, created_at: float) -> Ware:
        chance, category = self.chance, int(self.people.likes[shop])
        priced_as = category if chance.happens(0.8) else chance.draw_between(0, N_CATEGORIES - 1)
        price = self.goods.draw_price(priced_as, 1.6)
        at = created_at + DAY * chance.draw_real(0, 30 if chance.happens(0.7) else 500)
        return Ware(self.list_item(shop, at, price, category), price, at)

    def pick_shop(self, at: float | None = None) -> int:
        """Any shop, or one that is open at a time."""
        shop = self.chance.draw_one(self.shops)
        for _ in range(200):
            if at is None or self.people.created_at[shop] < at < self.people.until[shop]:
                break
            shop = self.chance.draw_one(self.shops)
        return shop

    def buy_in_shop(self, deal: Deal, *, which: Literal["any", "cheap", "dear"] = "any") -> None:
        """Let somebody buy a ware of a shop, of its cheapest or dearest third if that is wanted."""
        wares = [ware for ware in self.wares[deal.seller] if ware.listed_at < deal.at] or self.wares[deal.seller][:1]
        if which != "any":
            wares = sorted(wares, key=lambda ware: ware.price)
            third = max(1, len(wares) // 3)
            wares = wares[:third] if which == "cheap" else wares[-third:]
        ware = self.chance.draw_one(wares)
        if ware.listed_at < deal.at:
            self.deal(replace(deal, price=ware.price, product=ware.product))
