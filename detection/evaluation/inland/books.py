"""The books of the market: who bought what of whom, said what of it, paid whom, brought whom, was seen with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR
from detection.evaluation.inland.clock import END_AT, Clock
from detection.evaluation.inland.people import People
from detection.evaluation.inland.texts import copy_phrases, write_reviews
from detection.evaluation.simulation.ledger import (
    ADDRESS_KINDS,
    CANCELLED,
    COMPLETED,
    DISPUTED,
    REFUNDED,
    Ledger,
)
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.simulation.tables import MISSING

_ENDINGS = np.array([COMPLETED, REFUNDED, CANCELLED, DISPUTED])
_USUAL_STARS = np.array([5, 4, 3, 1])
_USUAL_SHARES = (0.82, 0.12, 0.03, 0.03)
_AFTER_TROUBLE = np.array([1, 2, 4, 5])
_USUAL_TEXTS = 0.55
_LISTED_SINCE = -100 * DAY


@dataclass(frozen=True)
class Terms:
    """How deals are made and spoken of.

    Attributes
    ----------
    category
        Of what is sold, one or one each; what the seller likes where it is None.
    product
        The listing, one or one each; a new one for each order where it is None.
    status
        How orders end, one or one each; as they usually do where it is None.
    said
        How many orders are reviewed, in [0, 1].
    stars
        What is given, one as likely as the other; as usual where it is empty.
    is_fake
        Whether reviews are made up.
    listed_days
        How long a new listing has stood, on average.
    of_product
        Whether the product is reviewed, not the seller.
    sheet
        Phrases that reviews are copied from; own words where it is empty.
    texts
        How many reviews have a text, in [0, 1].
    """

    category: int | IntArray | None = None
    product: int | IntArray | None = None
    status: int | IntArray | None = None
    said: float = 0.0
    stars: tuple[int, ...] = ()
    is_fake: bool = False
    listed_days: float = 20.0
    of_product: bool = False
    sheet: Sequence[str] = ()
    texts: float = _USUAL_TEXTS


@dataclass(frozen=True)
class Books:
    """Writes down what happens, in arrays of one row a deed."""

    rng: np.random.Generator
    clock: Clock
    people: People
    ledger: Ledger

    # ── trade ─────────────────────────────────────────────────────────────────────────────────────
    def list_things(self, sellers: Any, at: Any, prices: Any, categories: Any, titles: Any = "") -> IntArray:
        """New listings, shape (n,): their numbers."""
        sellers = np.atleast_1d(sellers)
        products = self.ledger.issue("product", len(sellers))
        self.ledger.add(
            "listings", seller=sellers, at=at, price=prices, category=categories, title=titles, product=products
        )
        return products

    def list_one(self, seller: int, at: float, price: float, category: int, title: str = "") -> int:
        """One new listing."""
        return int(self.list_things(seller, at, float(price), category, title)[0])

    def order(self, buyers: Any, sellers: Any, at: Any, amounts: Any, terms: Terms) -> None:
        """Orders within the records, those from oneself left out; with reviews of some."""
        told = np.broadcast_arrays(np.atleast_1d(buyers), sellers, np.asarray(at, float), np.asarray(amounts, float))
        kept = (told[0] != told[1]) & (told[2] < END_AT) & (told[2] >= 0)
        buyer, seller, when, amount = (column[kept] for column in told)
        if not len(buyer):
            return
        category = self.people.taste[seller] if terms.category is None else _take(terms.category, kept)
        if terms.product is None:
            product = self._list_for_orders(seller, when, amount, category, terms.listed_days)
        else:
            product = _take(terms.product, kept)
        status = self.end_orders(len(buyer)) if terms.status is None else _take(terms.status, kept)
        self.add_orders(buyer, seller, when, amount, product, status)
        said = np.flatnonzero(self.rng.random(len(buyer)) < terms.said)
        written_at = when[said] + self.rng.gamma(1.6, 3.2, len(said)) * DAY + HOUR
        spoken_of = replace(terms, category=category[said], product=product[said] if terms.of_product else None)
        self.review(buyer[said], seller[said], written_at, self._draw_stars(terms, status[said]), spoken_of)

    def add_orders(self, buyer: Any, seller: Any, at: Any, amount: Any, product: Any, status: Any) -> None:
        """Orders as they are."""
        self.ledger.add(
            "orders", buyer=buyer, seller=seller, at=at, amount=np.round(amount, 2), product=product, status=status
        )

    def _list_for_orders(self, seller: IntArray, at: Any, amount: Any, category: Any, days: float) -> IntArray:
        """A listing for each order, which asked for a little more now and then."""
        rng, count = self.rng, len(seller)
        since = np.maximum(self.people.created_at[seller], _LISTED_SINCE) + 60
        listed_at = np.maximum(at - rng.exponential(days * DAY, count), since)
        return self.list_things(seller, listed_at, amount * (1 + rng.choice([0, 0, 0.1, 0.2], count)), category)

    def end_orders(
        self, count: int, refunded: float = 0.025, disputed: float = 0.008, cancelled: float = 0.022
    ) -> IntArray:
        """How so many orders end, as often so; the others are completed.  Shape (count,)."""
        shares = (1 - refunded - disputed - cancelled, refunded, cancelled, disputed)
        return np.asarray(self.rng.choice(_ENDINGS, count, p=shares))

    def _draw_stars(self, terms: Terms, status: IntArray) -> IntArray:
        """What is given; whoever had trouble is content or not."""
        rng, count = self.rng, len(status)
        if terms.stars:
            return np.asarray(rng.choice(terms.stars, count))
        usual = rng.choice(_USUAL_STARS, count, p=_USUAL_SHARES)
        return np.where(np.isin(status, [REFUNDED, DISPUTED]), rng.choice(_AFTER_TROUBLE, count), usual)

    def review(self, authors: IntArray, sellers: Any, at: Any, stars: Any, terms: Terms) -> None:
        """Reviews of sellers, or of the products of the terms; some have a text."""
        rng, count = self.rng, len(authors)
        if not count:
            return
        stars = np.broadcast_to(stars, count)
        category = np.broadcast_to(0 if terms.category is None else terms.category, count)
        texts = np.full(count, "", dtype=object)
        told = np.flatnonzero(rng.random(count) < terms.texts)
        if terms.sheet:
            texts[told] = copy_phrases(rng, terms.sheet, len(told))
        else:
            texts[told] = write_reviews(rng, stars[told], category[told])
        product = MISSING if terms.product is None else terms.product
        self.ledger.add(
            "reviews", account=authors, seller=sellers, product=product, at=at, stars=stars, text=texts,
            is_fake=terms.is_fake,
        )  # fmt: skip

    # ── money, messages, word of mouth ────────────────────────────────────────────────────────────
    def pay(self, payers: Any, payees: Any, at: Any, amounts: Any) -> None:
        """Money from one to another within the records."""
        told = np.broadcast_arrays(np.atleast_1d(payers), payees, np.asarray(at, float), np.asarray(amounts, float))
        kept = (told[0] != told[1]) & (told[2] < END_AT) & (told[2] >= 0)
        payer, payee, when, amount = (column[kept] for column in told)
        self.ledger.add("transfers", payer=payer, payee=payee, at=when, amount=np.round(amount, 2))

    def write(self, accounts: Any, texts: Any, at: Any) -> None:
        """Messages."""
        self._tell(accounts, at, action="message", text=texts)

    def redeem(self, accounts: Any, coupons: Any, at: Any) -> None:
        """Coupons that are used."""
        self._tell(accounts, at, action="redeem", thing=coupons)

    def look(self, accounts: Any, products: Any, at: Any, action: str = "view") -> None:
        """Products that are looked at, or kept in mind."""
        self._tell(accounts, at, action=action, product=products)

    def _tell(
        self, accounts: Any, at: Any, *, action: str, product: Any = MISSING, thing: Any = "", text: Any = ""
    ) -> None:
        if len(np.atleast_1d(accounts)):
            self.ledger.add("events", account=accounts, at=at, action=action, product=product, thing=thing, text=text)

    def refer(self, newcomers: Any, referrers: Any) -> None:
        """Who came by whom."""
        told = np.broadcast_arrays(np.atleast_1d(newcomers), referrers)
        kept = told[0] != told[1]
        self.ledger.add("referrals", account=told[0][kept], referrer=told[1][kept])

    # ── things ────────────────────────────────────────────────────────────────────────────────────
    def use(
        self, accounts: Any, kind: str, things: Any, at: Any, *, address_kind: Any = 0, is_own: Any = False
    ) -> None:
        """People are seen with things of a kind.

        ``address_kind`` is what an address was for, by its number; ``is_own`` says of a telephone number that whoever
        has it types it.
        """
        if len(np.atleast_1d(accounts)):
            self.ledger.add(
                f"use_{kind}", account=accounts, thing=things, at=at, address_kind=address_kind, is_own=is_own
            )

    def draw_address_kinds(self, count: int) -> IntArray:
        """What addresses are for: parcels, more often than bills or what comes back."""
        return np.asarray(self.rng.choice(len(ADDRESS_KINDS), count, p=(0.5, 0.25, 0.25)))


def _take(values: Any, kept: Any) -> Any:
    """One value for all, or those that are kept of one each."""
    return np.broadcast_to(values, kept.shape)[kept]
