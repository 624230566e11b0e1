"""Who lives in the country: with whom and where, since when, what they like, how much they buy and sell."""

from __future__ import annotations

from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR, find_midnight
from detection.evaluation.inland.clock import END_AT, N_DAYS, Clock
from detection.evaluation.inland.goods import N_CATEGORIES, SHARES
from detection.evaluation.inland.things import KINDS
from detection.evaluation.inland.towns import Towns
from detection.evaluation.simulation.ledger import BoolArray
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

BUYER, PRIVATE, SHOP, STALL = range(4)
"""How somebody sells: not at all, what is no longer wanted, from a stock, at flea markets."""
_HOMES = np.array([0.74, 0.215, 0.028, 0.011, 0.004, 0.002])
"""Shares of homes with one to six accounts on the market."""


class People:
    """The accounts of the market, by number; arrays are of shape (n,).

    Attributes
    ----------
    home, home_sizes
        In which home each lives; by home, how many accounts live there.
    town
        Where each lives.
    created_at, until
        When each signs up and is last seen, in seconds of the calendar.
    taste
        The category that each likes most.
    buying, selling, sells_as
        How much each buys and sells (weights), and as what.
    quality, talks
        How content a seller's buyers are, and how often somebody writes a review, in [0, 1].
    life, selling_life
        What is left of everyday buying and selling for those who do other things, as a factor.
    is_free
        Who is in no group and no ring yet.
    is_bad, is_party, is_unknown
        Who cheats; on whom a ring acts; of whom nobody can say whether they are bad.
    lacks
        By kind of thing, who has none of their own.
    """

    def __init__(self, rng: np.random.Generator, clock: Clock, towns: Towns, n_accounts: int) -> None:
        self.rng, self.clock, self.towns, self.n = rng, clock, towns, n_accounts
        self._found_homes()
        self._sign_up_all()
        self._draw_habits()
        self.life, self.selling_life = np.ones(self.n), np.ones(self.n)
        self.is_free: BoolArray = np.ones(self.n, dtype=bool)
        self.is_bad: BoolArray = np.zeros(self.n, dtype=bool)
        self.is_party: BoolArray = np.zeros(self.n, dtype=bool)
        self.is_unknown: BoolArray = np.zeros(self.n, dtype=bool)
        self.lacks: dict[str, BoolArray] = {kind: np.zeros(self.n, dtype=bool) for kind in KINDS}

    def __len__(self) -> int:
        return self.n

    def _found_homes(self) -> None:
        rng, n = self.rng, self.n
        sizes = rng.choice(np.arange(1, 7), n, p=_HOMES / _HOMES.sum())
        n_homes = int(np.searchsorted(np.cumsum(sizes), n)) + 1
        sizes = sizes[:n_homes]
        sizes[-1] -= sizes.sum() - n
        self.home_sizes: IntArray = sizes
        self.home: IntArray = np.repeat(np.arange(n_homes), sizes)
        self.town: IntArray = rng.choice(len(self.towns), n_homes, p=self.towns.share)[self.home]

    def _sign_up_all(self) -> None:
        """A third was there before the records begin; nobody stays for ever."""
        rng, n = self.rng, self.n
        before = -(rng.random(n) ** 1.3) * 1200 * DAY
        since = rng.random(n) ** 0.9 * (N_DAYS - 8) * DAY
        at = np.where(rng.random(n) < 0.32, before, since)
        self.created_at: FloatArray = find_midnight(at) + self.clock.draw_hours(n)
        self.until: FloatArray = np.maximum(self.created_at, 0) + rng.exponential(430 * DAY, n) + 5 * DAY

    def _draw_habits(self) -> None:
        """A few buy and sell much; nearly half sell something, one in twenty for a living."""
        rng, n = self.rng, self.n
        self.taste: IntArray = rng.choice(N_CATEGORIES, n, p=SHARES)
        self.buying: FloatArray = np.minimum(rng.lognormal(np.log(2.0), 1.15, n), 70)
        self.sells_as: IntArray = rng.choice([SHOP, STALL, PRIVATE, BUYER], n, p=[0.025, 0.03, 0.385, 0.56])
        selling = np.minimum(rng.pareto(1.45, n) + 0.25, 60) * np.array([0, 1, 14, 6])[self.sells_as]
        self.selling: FloatArray = np.minimum(selling, 420)
        self.quality: FloatArray = np.clip(rng.beta(9, 1.2, n), 0.25, 1)
        self.talks: FloatArray = rng.beta(0.7, 2.4, n)

    @property
    def lives_alone(self) -> BoolArray:
        """Whose home has no other account."""
        return np.asarray(self.home_sizes[self.home] == 1)

    @property
    def is_honest(self) -> BoolArray:
        """Of whom it is certain that they do not cheat."""
        return ~self.is_bad & ~self.is_unknown

    # ── choosing ──────────────────────────────────────────────────────────────────────────────────
    def draw_town(self) -> int:
        """A town, a large one more often."""
        return int(self.rng.choice(len(self.towns), p=self.towns.share))

    def take(
        self, count: Any, town: int | None = None, *, alone: bool = False, sells: bool | None = None, bad: bool = False
    ) -> IntArray:
        """People who are in no group yet, and are in one from now on; to a town some of them move.

        Parameters
        ----------
        count : int
            Fewer come where too few are free.
        town : int, optional
            Where they live; those who live alone elsewhere come to it if too few do.
        alone : bool
            They share their home with nobody.
        sells : bool, optional
            They sell, or they have no shop and no stall.
        bad : bool
            They cheat, and no ring has acted on them.
        """
        free = self.is_free & ~self.is_party if bad else self.is_free.copy()
        there = free & self.lives_alone if alone else free.copy()
        if sells is not None:
            there &= self.sells_as >= PRIVATE if sells else self.sells_as <= PRIVATE
        if town is not None:
            members = self._settle(there, int(count), town)
        else:
            found = np.flatnonzero(there if there.sum() >= count else free)
            members = self.rng.choice(found, min(int(count), len(found)), replace=False)
        self.is_free[members] = False
        self.is_bad[members] |= bad
        return members

    def _settle(self, there: BoolArray, count: int, town: int) -> IntArray:
        here = self.rng.permutation(np.flatnonzero(there & (self.town == town)))[:count]
        n_missing = count - len(here)
        elsewhere = self.lives_alone & (self.town != town)
        found = np.flatnonzero(there & elsewhere)
        if len(found) < n_missing:
            found = np.flatnonzero(self.is_free & elsewhere)
        coming = self.rng.choice(found, min(n_missing, len(found)), replace=False)
        self.town[coming] = town
        return np.concatenate([here, coming])

    def find_strangers(
        self, count: Any, at: float, *, sells_as: int = BUYER, by_sales: bool = False, town: int | None = None
    ) -> IntArray:
        """So many honest people, or fewer, who are there at a moment and for some time; they stay in no group for it.

        Those are likelier who buy much, or with ``by_sales`` who sell much; ``sells_as`` is the least that they do.
        """
        there = ~self.is_bad & (self.created_at < at - DAY) & (self.until > at + 20 * DAY) & (self.sells_as >= sells_as)
        if town is not None:
            there &= self.town == town
        found = np.flatnonzero(there)
        if not len(found):
            found = np.flatnonzero(~self.is_bad)
        weight = self.selling[found] + 0.01 if by_sales else np.sqrt(self.buying[found])
        chosen = self.rng.choice(found, min(int(count), len(found)), replace=False, p=weight / weight.sum())
        return np.asarray(chosen)

    def find_seller(self, at: float) -> int:
        """Somebody with a shop or a stall."""
        return int(self.find_strangers(1, at, sells_as=SHOP)[0])

    def find_neighbours(self, accounts: IntArray) -> IntArray:
        """Somebody of the same town for each; now and then the same person."""
        order = np.argsort(self.town, kind="stable")
        towns, wanted = self.town[order], self.town[accounts]
        low, high = np.searchsorted(towns, wanted), np.searchsorted(towns, wanted, "right")
        return np.asarray(order[low + (self.rng.random(len(accounts)) * (high - low)).astype(np.int64)])

    # ── being there ───────────────────────────────────────────────────────────────────────────────
    def be_there(self, members: Any, begins_at: float, ends_at: float, since_days: float = 200) -> None:
        """Let people be there between two moments; who signed up too late did so before, about so many days."""
        members = np.atleast_1d(members)
        late = members[self.created_at[members] > begins_at - 2 * HOUR]
        earlier = begins_at - self.rng.exponential(since_days * DAY, len(late))
        self.created_at[late] = find_midnight(earlier) - DAY + self.clock.draw_hours(len(late))
        stay = np.minimum(ends_at + self.rng.exponential(40 * DAY, len(members)), END_AT)
        self.until[members] = np.maximum(self.until[members], stay)

    def sign_up(self, members: Any, at: Any) -> None:
        """Let people sign up at a moment each, and stay a while."""
        members = np.atleast_1d(members)
        self.created_at[members] = at
        stay = self.created_at[members] + self.rng.exponential(250 * DAY, len(members)) + 10 * DAY
        self.until[members] = np.maximum(self.until[members], stay)

    def stay_until(self, members: Any, at: float) -> None:
        """Let people stay at least until a moment."""
        self.until[members] = np.maximum(self.until[members], at)

    def sell_as(self, members: Any, least: int) -> None:
        """Let people sell at least as such."""
        self.sells_as[members] = np.maximum(self.sells_as[members], least)

    def go_without(self, kind: str, members: Any, share: float = 1.0) -> None:
        """Let a share of people have nothing of a kind of their own, and the others have it."""
        members = np.atleast_1d(members)
        self.lacks[kind][members] = self.rng.random(len(members)) < share

    def like(self, members: IntArray, category: int, share: float) -> None:
        """Let a share of people like a category most."""
        self.taste[members[self.rng.random(len(members)) < share]] = category
