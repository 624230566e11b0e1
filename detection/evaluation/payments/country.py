"""The country while it lives: its people, what they share, and the ways in which groups of them pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Gathering, Hours, Land, Span
from detection.evaluation.payments.books import Books
from detection.evaluation.payments.clock import USUAL_HOURS, Clock
from detection.evaluation.payments.people import GROWN, People
from detection.evaluation.payments.settings import PaymentsSettings
from detection.evaluation.simulation.ledger import Ledger
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

_LONG_DAYS = 90


@dataclass
class Country(Land):
    """State that everybody shares."""

    clock: Clock
    people: People
    books: Books

    # ── dice ──────────────────────────────────────────────────────────────────────────────────────
    def draw_sum(self, *sums: float) -> float:
        """One of some amounts."""
        return float(self.rng.choice(np.asarray(sums)))

    # ── who they are and what they have in common ─────────────────────────────────────────────────
    def gather(
        self, sizes: tuple[int, int], days: tuple[float, float], stages: Sequence[int] = GROWN, spread: float = 2.5
    ) -> Gathering:
        """People who know one another, and pay for a stretch of so many days; the last of ``sizes`` is too many."""
        members = self.people.invite(self.rng.integers(*sizes), stages, spread=spread)
        return self.meet(members, days)

    def settle(
        self, sizes: tuple[int, int], days: tuple[float, float], stages: Sequence[int], town: int | None = None
    ) -> Gathering:
        """The same of people who live or work together, and do so in no other group."""
        return self.meet(self.people.settle(self.rng.integers(*sizes), stages, town), days)

    def meet(self, members: IntArray, days: tuple[float, float]) -> Gathering:
        """The same of people who are chosen; what takes months may have begun before, or go on afterwards."""
        is_long = days[0] >= _LONG_DAYS
        span = self.clock.draw_stretch(*days) if is_long else self.clock.draw_span(*days)
        self.people.be_there(members, *span)
        return Gathering(members, span)

    def share(
        self, members: Any, kind: str, span: Span, share: float = 1.0, thing: int | None = None, most: int = 3
    ) -> int:
        """Let a share of people be seen with one thing, once to `most` times each; give its number, new or told."""
        members = np.atleast_1d(members)
        thing = int(self.books.ledger.issue(kind, 1)[0]) if thing is None else thing
        users = self.draw_some(members, share)
        users = np.repeat(users, self.rng.integers(1, most + 1, len(users)))
        since = self.people.created_at[users] + 60
        at = self.clock.draw_moments(np.maximum(span.begins_at, since), np.maximum(span.ends_at, since + DAY))
        self.books.use(users, kind, thing, at)
        return thing

    # ── how they pay ──────────────────────────────────────────────────────────────────────────────
    def split_bills(
        self, members: IntArray, bills_at: FloatArray, head: Any, *, come: float = 0.8, evenness: float = 2.0,
        days: float = 1.0,
    ) -> None:  # fmt: skip
        """Somebody pays for all who come, and each of them pays it back; the lower ``evenness``, the more one pays.

        ``head`` is what it costs each, one or one a bill.
        """
        rng, count = self.rng, len(bills_at)
        weight = rng.dirichlet(np.full(len(members), evenness))
        by = rng.choice(len(members), count, p=weight)
        comes = rng.random((count, len(members))) < come
        comes[np.arange(count), by] = False
        bill, guest = np.nonzero(comes)
        each = self.books.round_sums(np.broadcast_to(np.asarray(head, float), count) * rng.lognormal(0, 0.3, count))
        amounts = each[bill]
        differs = rng.random(len(bill)) < 0.25
        amounts = np.where(differs, self.books.round_sums(amounts * rng.lognormal(0, 0.4, len(bill))), amounts)
        soon = bills_at[bill] + rng.uniform(60, 5400, len(bill))
        at = self.clock.wait(soon, days * DAY * (rng.random(len(bill)) < 0.7))
        self.books.pay(members[guest], members[by[bill]], at, amounts)

    def collect(
        self, payers: IntArray, payee: int, dues_at: FloatArray, amount: Any, *, share: float = 0.92, days: float = 1.5
    ) -> None:
        """Each pays one of them whenever it is due, mostly; ``amount`` is for all, or one each."""
        rng = self.rng
        due, payer = np.nonzero(rng.random((len(dues_at), len(payers))) < share)
        amounts = np.broadcast_to(np.asarray(amount, float), len(payers))[payer]
        at = self.clock.wait(dues_at[due] + 8 * HOUR + rng.uniform(0, HOUR, len(due)), days * DAY)
        self.books.pay(payers[payer], payee, at, amounts)

    def hand_out(self, payer: int, payees: IntArray, dues_at: FloatArray, amounts: Any, *, share: float = 0.95) -> None:
        """One of them pays the others whenever it is due, all within an hour."""
        rng = self.rng
        due, payee = np.nonzero(rng.random((len(dues_at), len(payees))) < share)
        paid = np.broadcast_to(np.asarray(amounts, float), len(payees))[payee]
        at = dues_at[due] + rng.uniform(8, 19, len(dues_at))[due] * HOUR + rng.uniform(0, HOUR, len(due))
        self.books.pay(payer, payees[payee], at, paid)

    def go_round(
        self, members: IntArray, count: Any, span: Span, usual: float = 12.0, *, evenness: float = 1.5,
        hours: Hours = USUAL_HOURS,
    ) -> None:  # fmt: skip
        """So many payments of anybody to anybody, about half of them paid back in kind."""
        rng, count = self.rng, int(count)
        weight = rng.dirichlet(np.full(len(members), evenness))
        payers, payees = rng.choice(members, count, p=weight), rng.choice(members, count)
        at = self.clock.draw_moments(*span, count, hours)
        self.books.pay(payers, payees, at, self.books.draw_sums(count, usual))
        back = np.flatnonzero(rng.random(count) < 0.45)
        at_back = self.clock.wait(at[back] + 900, 10 * DAY)
        self.books.pay(payees[back], payers[back], at_back, self.books.draw_sums(len(back), usual))

    def swindle(self, payees: Any, count: Any, span: Span, usual: float, disputed: float = 0.35) -> IntArray:
        """Strangers pay for what they do not get, and some want their money back; who they are, shape (n,)."""
        rng, count = self.rng, int(count)
        payers = self.people.find_strangers(count, span.begins_at)
        at = self.clock.draw_moments(*span, len(payers))
        status = self.books.end(len(payers), refunded=0.04, disputed=disputed)
        payee = rng.choice(np.atleast_1d(payees), len(payers))
        self.books.pay(payers, payee, at, self.books.draw_sums(len(payers), usual, 0.6), status)
        return payers


def found_country(settings: PaymentsSettings) -> Country:
    """A country with its people, before anybody does anything."""
    rng = np.random.default_rng([settings.seed, 54 if settings.is_hard else 45, settings.n_accounts])
    clock = Clock(rng)
    return Country(settings, rng, clock, People(rng, clock, settings.n_accounts), Books(rng, Ledger()))
