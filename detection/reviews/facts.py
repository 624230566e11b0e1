"""The reviews of a market as arrays, and what follows from them by counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detection.channels.facts import find_review_targets
from detection.channels.incidence import NO_TARGET
from detection.channels.windows import MICROS_PER_DAY
from detection.reviews.expected_newcomers import expect_newcomers
from graph.model import Floats, Ints, Snapshot


@dataclass(frozen=True)
class ReviewFacts:
    """The reviews of a market as arrays.

    Attributes
    ----------
    author : (R,) rows of accounts
    target : (R,) codes in 0..n_targets-1, -1 where unknown
    rating : (R,) 1 to 5, NaN where unknown
    day : (R,) whole days since 1970, NaN where unknown
    n_accounts, n_targets
    days_to_order : (R,) days from the author's first order of the target to the review: negative if the
        review came first, inf if there is no order, NaN where orders say nothing of the target
    text : (R,) as written, None where there is none; empty if no review has any
    """

    author: Ints
    target: Ints
    rating: Floats
    day: Floats
    n_accounts: int
    n_targets: int
    days_to_order: Floats
    text: Sequence[str | None] = ()

    @cached_property
    def by_author(self) -> Ints:
        """Rows sorted by author and day, unknown days last (R,)."""
        return np.lexsort((self.day, self.author))

    @cached_property
    def by_target(self) -> Ints:
        """Rows with a target and a day, sorted by both (r,)."""
        rows = np.flatnonzero((self.target >= 0) & ~np.isnan(self.day))
        return rows[np.lexsort((self.day[rows], self.target[rows]))]

    @cached_property
    def n_written(self) -> Ints:
        """How many reviews each review's author wrote (R,)."""
        return np.bincount(self.author, minlength=self.n_accounts)[self.author]

    @cached_property
    def span_days(self) -> Floats:
        """From the first to the last review of each review's author (R,)."""
        return self.last_day - self.first_day

    @cached_property
    def first_day(self) -> Floats:
        """Day of the first review of each review's author (R,), its own day where none is known."""
        first = np.full(self.n_accounts, np.nan)
        np.fmin.at(first, self.author, self.day)
        return first[self.author]

    @cached_property
    def last_day(self) -> Floats:
        """Day of the last review of each review's author (R,)."""
        last = np.full(self.n_accounts, np.nan)
        np.fmax.at(last, self.author, self.day)
        return last[self.author]

    @cached_property
    def active_days(self) -> Ints:
        """On how many different days each review's author wrote; a review of unknown day counts as one (R,)."""
        order = self.by_author
        author, day = self.author[order], self.day[order]
        is_new = np.ones(len(order), dtype=bool)
        is_new[1:] = (np.diff(author) != 0) | ~(np.diff(day) == 0)
        return np.bincount(author[is_new], minlength=self.n_accounts)[self.author]

    @cached_property
    def expected_newcomers(self) -> Floats:
        """The share of newcomers that each target should have, as log-odds (n_targets,)."""
        return expect_newcomers(self.author, self.target, self.active_days == 1, self.n_targets)


def read_review_facts(snapshot: Snapshot) -> ReviewFacts:
    """The facts about the reviews of a market."""
    reviews = snapshot.reviews
    code = find_review_targets(reviews)
    targets, place = np.unique(code, return_inverse=True)
    target = np.where(code == NO_TARGET, -1, place - int(NO_TARGET in targets[:1]))
    at = reviews.reviewed_at
    day = np.where(np.isnat(at), np.nan, at.astype("datetime64[D]").astype(np.int64).astype(np.float64))
    n_targets = int(target.max(initial=-1)) + 1
    days_to_order = _find_days_to_order(snapshot, code)
    text = reviews.text.tolist() if (reviews.text != None).any() else ()  # noqa: E711  (element by element)
    return ReviewFacts(reviews.author, target, reviews.rating, day, snapshot.n_accounts, n_targets, days_to_order, text)


def _find_days_to_order(snapshot: Snapshot, target: Ints) -> Floats:
    """Days from each author's first order of the target to the review (R,): see :class:`ReviewFacts`."""
    orders = snapshot.orders
    of_product, of_seller = np.flatnonzero(orders.product >= 0), np.flatnonzero(orders.seller >= 0)
    order = np.concatenate([of_product, of_seller])
    bought = np.concatenate([orders.product[of_product], -1 - orders.seller[of_seller]])
    if not len(order):
        return np.full(len(target), np.nan)
    if not len(of_product):  # orders that name sellers only: any order from the product's seller will do
        target = np.where(snapshot.reviews.seller >= 0, -1 - snapshot.reviews.seller, target)
    things, thing = np.unique(bought, return_inverse=True)
    pair = thing * np.int64(snapshot.n_accounts) + orders.buyer[order]
    first = np.lexsort((orders.ordered_at[order], pair))  # unknown times last
    pairs, place = np.unique(pair[first], return_index=True)
    asked = np.minimum(np.searchsorted(things, target), len(things) - 1)
    wanted = asked * np.int64(snapshot.n_accounts) + snapshot.reviews.author
    found = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    apart = snapshot.reviews.reviewed_at - orders.ordered_at[order][first][place][found]
    days = np.where(pairs[found] == wanted, apart / np.timedelta64(MICROS_PER_DAY, "us"), np.inf)
    return np.where(things[asked] == target, days, np.nan)


@dataclass(frozen=True)
class Runs:
    """For each place in a sorted array, the ``first`` and the ``last`` place with the same value."""

    first: Ints
    last: Ints


def find_runs(values: Ints) -> Runs:
    """The runs of equal values in a sorted array (r,).

    >>> find_runs(np.array([4, 4, 7])).last
    array([1, 1, 2])
    """
    begin = np.flatnonzero(np.append(True, np.diff(values) != 0)[: len(values)])
    sizes = np.diff(np.append(begin, len(values)))
    return Runs(np.repeat(begin, sizes), np.repeat(begin + sizes - 1, sizes))
