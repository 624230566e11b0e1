"""The country while it lives: its people, what they own and do, and the groups that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from detection.evaluation.countries import DAY, Gathering, Hours, Land, Span
from detection.evaluation.inland.books import Books, Terms
from detection.evaluation.inland.clock import USUAL_HOURS, Clock
from detection.evaluation.inland.goods import PRICES, draw_prices
from detection.evaluation.inland.people import People
from detection.evaluation.inland.settings import InlandSettings
from detection.evaluation.inland.things import Things
from detection.evaluation.inland.towns import found_towns
from detection.evaluation.simulation.ledger import Ledger
from detection.evaluation.simulation.rhythm import FloatArray, IntArray


class Habit(NamedTuple):
    """How a circle trades: what, how dear beside usual prices, how much is reviewed, how unequal, at which hours.

    The category is each seller's own where it is None; the lower ``evenness``, the more is done by few.
    """

    category: int | None
    scale: float
    said: float
    evenness: float = 1.2
    hours: Hours = USUAL_HOURS


@dataclass
class Country(Land):
    """State that everybody shares."""

    clock: Clock
    people: People
    things: Things
    books: Books
    homes: dict[int, int] = field(default_factory=dict)

    # ── dice ──────────────────────────────────────────────────────────────────────────────────────
    def draw_category(self, categories: Sequence[int]) -> int:
        """One of some categories."""
        return int(self.rng.choice(np.asarray(categories)))

    def draw_prices(self, category: Any, count: Any, scale: float = 1.0) -> FloatArray:
        """So many prices of a category."""
        return draw_prices(self.rng, category, int(count), scale)

    # ── who they are and what they have in common ─────────────────────────────────────────────────────
    def gather(
        self,
        sizes: tuple[int, int],
        days: tuple[float, float],
        town: int | None = None,
        *,
        alone: bool = False,
        sells: bool | None = None,
        since_days: float = 200,
    ) -> Gathering:
        """People who are there for a stretch of so many days.

        ``sizes`` are the least and what is too many; the rest is as for `People.take` and `People.be_there`.
        """
        members = self.people.take(self.rng.integers(*sizes), town, alone=alone, sells=sells)
        span = self.clock.draw_span(*days)
        self.people.be_there(members, *span, since_days=since_days)
        return Gathering(members, span)

    def share(
        self, members: Any, kind: str, span: Span, share: float = 1.0, thing: int | None = None, most: int = 3
    ) -> int:
        """Let a share of people be seen with one thing, once to `most` times each; give its number.

        It is new unless it is told; a new address is somewhere in the town of the first.
        """
        rng, members = self.rng, np.atleast_1d(members)
        if thing is None and kind == "address":
            thing = self.things.make_place(int(self.people.town[members[0]]))
        elif thing is None:
            thing = self.things.make_one(kind)
        users = self.draw_some(members, share)
        users = np.repeat(users, rng.integers(1, most + 1, len(users)))
        since = self.people.created_at[users]
        at = self.clock.draw_moments(
            np.maximum(span.begins_at, since + 60), np.maximum(span.ends_at, since + DAY), len(users)
        )
        self.books.use(users, kind, thing, at, address_kind=int(self.books.draw_address_kinds(1)[0]))
        return thing

    def find_home(self, account: int) -> int:
        """The place where somebody lives, once somebody else's parcel has to go there."""
        if account not in self.homes:
            town = int(self.people.town[account])
            self.homes[account] = self.things.make_place(town, has_flats=self.happens(0.5))
            if self.people.lives_alone[account]:
                self.people.go_without("address", account)
        return self.homes[account]

    def deal_inside(self, members: IntArray, count: Any, span: Span, habit: Habit) -> None:
        """Let people deal with one another, some of them at the centre of it."""
        rng, count = self.rng, int(count)
        weight = rng.pareto(habit.evenness, len(members)) + 0.3
        weight /= weight.sum()
        buyers = rng.choice(members, count, p=rng.permutation(weight) if self.happens(0.4) else weight)
        sellers = rng.choice(members, count, p=weight)
        category = self.people.taste[sellers] if habit.category is None else np.full(count, habit.category)
        amounts = np.maximum(1, np.round(PRICES[category] * habit.scale * rng.lognormal(-0.25, 0.7, count)))
        at = self.clock.draw_moments(span.begins_at, span.ends_at, count, habit.hours)
        self.books.order(buyers, sellers, at, amounts, Terms(category=category, said=habit.said))

    def lend(self, members: IntArray, count: Any, span: Span, mean: float = 18) -> None:
        """Let people lend one another money and pay it back, more or less."""
        rng, count = self.rng, int(count)
        lenders, borrowers = rng.choice(members, count), rng.choice(members, count)
        at = self.clock.draw_moments(span.begins_at, span.ends_at, count)
        amounts = np.maximum(1, np.round(rng.lognormal(np.log(mean), 0.8, count)))
        self.books.pay(lenders, borrowers, at, amounts)
        back = np.flatnonzero(rng.random(count) < 0.45)
        other = np.maximum(1, np.round(amounts[back] * rng.lognormal(0, 0.5, len(back))))
        paid = np.where(rng.random(len(back)) < 0.6, amounts[back], other)
        self.books.pay(borrowers[back], lenders[back], at[back] + rng.exponential(9 * DAY, len(back)) + 600, paid)


def found_country(settings: InlandSettings) -> Country:
    """A country with its people, before anybody does anything."""
    rng = np.random.default_rng([settings.seed, 77 if settings.is_hard else 11, settings.n_accounts])
    clock, towns, ledger = Clock(rng), found_towns(rng, settings.n_accounts), Ledger()
    people = People(rng, clock, towns, settings.n_accounts)
    return Country(settings, rng, clock, people, Things(rng, ledger, towns), Books(rng, clock, people, ledger))
