"""Who has the app: where they live and in which stage of life, beside whom, since when, and how much they pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR, find_midnight
from detection.evaluation.payments.clock import END_AT, N_DAYS, Clock
from detection.evaluation.simulation.ledger import BoolArray
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

KINDS = ("device", "payment", "phone", "ip")
"""What two accounts can share."""
REGIONS = ("coast", "north", "valley", "plain", "capital")
TEEN, STUDENT, YOUNG, ADULT, SENIOR = range(5)
GROWN = (STUDENT, YOUNG, ADULT)
EVERYBODY = (TEEN, STUDENT, YOUNG, ADULT, SENIOR)
_STAGES = (0.1, 0.2, 0.3, 0.32, 0.08)
_PEOPLE_PER_TOWN = 250
_LEAST_TOWNS = 3


class People:
    """The accounts of the app, by number; arrays are of shape (n,).

    They are numbered town by town and stage by stage, and whoever's number is near lives near: circles of friends are
    drawn from neighbours, so that they overlap.  Names are drawn at random and tell nothing of it.

    Attributes
    ----------
    town, stage
        Where each lives, and whether a teenager, a student, young, grown up or old.
    created_at, until
        When each signs up and is last seen, in seconds of the calendar.
    social
        How much each pays friends (a weight around 1).
    life
        What is left of everyday payments for those who do other things, as a factor.
    is_free
        Who shares no home, work or device with a group, and is in no ring of made-up accounts.
    is_bad, is_made_up, is_party
        Who cheats; which accounts nobody lives behind; on whom a ring acts.
    is_newcomer
        Who signed up at a moment that is told, and not before.
    lacks
        By kind of thing, who has none of their own.
    """

    def __init__(self, rng: np.random.Generator, clock: Clock, n_accounts: int) -> None:
        self.rng, self.clock, self.n = rng, clock, n_accounts
        self._settle_down()
        self._sign_up_all()
        self.social: FloatArray = rng.lognormal(-0.25, 0.7, self.n)
        self.life: FloatArray = np.ones(self.n)
        self.is_free: BoolArray = np.ones(self.n, dtype=bool)
        self.is_bad: BoolArray = np.zeros(self.n, dtype=bool)
        self.is_made_up: BoolArray = np.zeros(self.n, dtype=bool)
        self.is_newcomer: BoolArray = np.zeros(self.n, dtype=bool)
        self.is_party: BoolArray = np.zeros(self.n, dtype=bool)
        self.lacks: dict[str, BoolArray] = {kind: np.zeros(self.n, dtype=bool) for kind in KINDS}

    def __len__(self) -> int:
        return self.n

    def _settle_down(self) -> None:
        rng, n = self.rng, self.n
        self.n_towns = max(_LEAST_TOWNS, n // _PEOPLE_PER_TOWN)
        weight = 1 / np.arange(2, self.n_towns + 2) ** 0.8
        town = rng.choice(self.n_towns, n, p=weight / weight.sum())
        stage = rng.choice(len(_STAGES), n, p=_STAGES)
        order = np.lexsort((stage, town))
        self.town: IntArray = town[order]
        self.stage: IntArray = stage[order]
        self.region: IntArray = rng.integers(0, len(REGIONS), self.n_towns)
        self._town_share: FloatArray = np.bincount(self.town, minlength=self.n_towns) / n

    def _sign_up_all(self) -> None:
        """Two in five were there before the records begin; a quarter soon has enough of it."""
        rng, n = self.rng, self.n
        before = -(rng.random(n) ** 1.4) * 1500 * DAY
        since = rng.random(n) ** 0.95 * (N_DAYS - 6) * DAY
        at = np.where(rng.random(n) < 0.42, before, since)
        self.created_at: FloatArray = find_midnight(at) + self.clock.draw_hours(n)
        self.until: FloatArray = (
            np.maximum(self.created_at, 0)
            + rng.exponential(700 * DAY, n) * np.where(rng.random(n) < 0.25, 0.1, 1)
            + 5 * DAY
        )

    # ── choosing ──────────────────────────────────────────────────────────────────────────────────
    def draw_town(self) -> int:
        """A town, a large one more often."""
        return int(self.rng.choice(self.n_towns, p=self._town_share))

    def settle(self, count: Any, stages: Sequence[int] = EVERYBODY, town: int | None = None) -> IntArray:
        """People who are free, and are so no longer: of some stages and one town, of the land where too few are.

        Fewer come where too few are free at all.
        """
        members = self._choose(self.is_free & ~self.is_party, int(count), stages, town, spread=6.0)
        self.is_free[members] = False
        return members

    def invite(
        self, count: Any, stages: Sequence[int] = GROWN, town: int | None = None, *, spread: float = 2.5
    ) -> IntArray:
        """People who know one another, whatever else they are in: neighbours in one town.

        The larger ``spread``, the more strangers there are among them.  Newcomers come last: whom the others pay was
        there before.
        """
        members = self._choose(~self.is_made_up, int(count), stages, town, spread)
        return members[np.argsort(self.is_newcomer[members], kind="stable")]

    def enlist(self, count: Any, *, is_real: bool) -> IntArray:
        """People who cheat from now on and have not been robbed; real ones keep their lives, homes and friends."""
        there = self.is_free & ~self.is_party & ~self.is_bad
        stages = (STUDENT, YOUNG, ADULT)
        if is_real:
            members = self._choose(there, int(count), stages[: self.rng.integers(1, 4)], None, spread=25.0)
        else:
            found = np.flatnonzero(there)
            members = self.rng.choice(found, min(int(count), len(found)), replace=False)
            self.is_free[members], self.is_made_up[members] = False, True
        self.is_bad[members] = True
        return members

    def _choose(self, there: BoolArray, count: int, stages: Sequence[int], town: int | None, spread: float) -> IntArray:
        town = self.draw_town() if town is None else town
        low, high = np.searchsorted(self.town, [town, town + 1])
        here = there[low:high] & np.isin(self.stage[low:high], stages)
        found = low + np.flatnonzero(here)
        if len(found) < count:
            found = np.flatnonzero(there & np.isin(self.stage, stages))
        if len(found) < count:
            found = np.flatnonzero(there)
        width = min(len(found), int(count * spread) + 1)
        first = int(self.rng.integers(0, len(found) - width + 1))
        near = found[first : first + width]
        return np.asarray(self.rng.choice(near, min(count, len(near)), replace=False))

    def find_strangers(self, count: Any, at: float, town: int | None = None) -> IntArray:
        """So many honest people, or fewer, who are there at a moment; those likelier who pay much."""
        there = ~self.is_bad & (self.created_at < at - DAY) & (self.until > at + 20 * DAY)
        found = np.flatnonzero(there if town is None else there & (self.town == town))
        if len(found) < count:
            found = np.flatnonzero(~self.is_bad)
        weight = self.social[found]
        return np.asarray(self.rng.choice(found, min(int(count), len(found)), replace=False, p=weight / weight.sum()))

    # ── being there ───────────────────────────────────────────────────────────────────────────────
    def be_there(self, members: Any, begins_at: float, ends_at: float, since_days: float = 220) -> None:
        """Let people be there between two moments; who signed up too late did so before, about so many days.

        Newcomers do not, and join the others later.
        """
        members = np.atleast_1d(members)
        late = members[(self.created_at[members] > begins_at - 2 * HOUR) & ~self.is_newcomer[members]]
        earlier = begins_at - self.rng.exponential(since_days * DAY, len(late))
        self.created_at[late] = find_midnight(earlier) - DAY + self.clock.draw_hours(len(late))
        stay = np.minimum(ends_at + self.rng.exponential(60 * DAY, len(members)), END_AT)
        self.until[members] = np.maximum(self.until[members], stay)

    def sign_up(self, members: Any, at: Any) -> None:
        """Let people who were free sign up at a moment each, and stay a while; who cheats was there when it began."""
        is_honest = ~self.is_bad[np.atleast_1d(members)]
        at = np.broadcast_to(at, is_honest.shape)[is_honest]
        members = np.atleast_1d(members)[is_honest]
        self.created_at[members], self.is_newcomer[members] = at, True
        stay = self.created_at[members] + self.rng.exponential(300 * DAY, len(members)) + 20 * DAY
        self.until[members] = np.maximum(self.until[members], stay)

    def go_without(self, kind: str, members: Any, share: float = 1.0) -> None:
        """Let a share of people have nothing of a kind of their own, and the others have it."""
        members = np.atleast_1d(members)
        self.lacks[kind][members] = self.rng.random(len(members)) < share
