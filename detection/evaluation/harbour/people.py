"""Who lives in the town: when they sign up and leave, how much they buy and sell, with whom they live."""

from __future__ import annotations

import numpy as np

from detection.evaluation.harbour.chance import Chance
from detection.evaluation.harbour.clock import DAY, END_AT, Clock
from detection.evaluation.harbour.goods import N_CATEGORIES, SHARES
from detection.evaluation.harbour.words import FIRST_NAMES, NAME_ENDS, NAME_MIDDLES, NAME_STARTS

N_DISTRICTS = 14
_SEGMENTS = ("resident", "family", "senior", "student", "newcomer")
_HOUSEHOLDS = (0.735, 0.17, 0.058, 0.025, 0.009, 0.003)
"""Shares of households with one to six accounts on the market."""


class People:
    """The accounts of the market, by number.

    Attributes
    ----------
    created_at, until
        When each signed up and when it stops, in seconds of the calendar.
    buying, selling
        How much each buys (a weight) and lists (things in a hundred days, about).
    likes, also_likes
        The two categories that each mostly buys and sells.
    households
        By number, who is under one roof.
    single, shared
        Who lives alone or with others and is in no group yet; taken from the end.
    traders
        Who trades for a living and joins no crowd.
    in_ring, lone
        Who is bad, in a ring or alone.
    """

    def __init__(self, chance: Chance, clock: Clock, n_accounts: int) -> None:
        self.chance, self.clock, self.n = chance, clock, n_accounts
        self.traders: set[int] = set()
        self.in_ring: set[int] = set()
        self.lone: set[int] = set()
        self.avoids_rings = True
        self._sign_up()
        self._draw_tastes()
        self._found_households()
        codes = chance.rng.choice(9 * 10**7, n_accounts, replace=False) + 10**7
        self.names = np.array([f"u{code}" for code in codes.tolist()], dtype=object)

    def __len__(self) -> int:
        return self.n

    def _sign_up(self) -> None:
        """The market opened in 2020 and has grown since; half of all are from before the tables begin."""
        rng, n = self.chance.rng, self.n
        is_old = rng.random(n) < 0.5
        self.created_at = -1095 * DAY * rng.random(n) ** 1.4
        self.created_at[~is_old] = self.clock.draw_moments(int((~is_old).sum()), 0, END_AT - 5 * DAY)
        stays = rng.weibull(0.75, n) * 620 * DAY + 20 * DAY
        self.until = np.maximum(self.created_at, 0) + stays
        leaves = rng.random(n) < 0.3
        self.until[is_old] = np.where(leaves, stays, self.until + 250 * DAY)[is_old]

    def _draw_tastes(self) -> None:
        rng, n = self.chance.rng, self.n
        self.buying = rng.lognormal(0, 1.15, n)
        self.selling = np.minimum(np.where(rng.random(n) < 0.47, 0, rng.pareto(1.35, n) + 0.25), 90)
        self.likes = rng.choice(N_CATEGORIES, n, p=SHARES)
        self.also_likes = rng.choice(N_CATEGORIES, n, p=SHARES)
        self.district = rng.choice(N_DISTRICTS, n, p=np.sort(rng.dirichlet(np.full(N_DISTRICTS, 3.0))))
        drawn = rng.choice(len(_SEGMENTS), n, p=[0.5, 0.24, 0.12, 0.08, 0.06])
        self.segment = np.array(_SEGMENTS, dtype=object)[drawn]
        self.first_name = [FIRST_NAMES[i] for i in rng.integers(len(FIRST_NAMES), size=n).tolist()]
        one = self.chance.draw_one
        self.surname = [one(NAME_STARTS) + one(NAME_MIDDLES) + one(NAME_ENDS) for _ in range(n)]

    def _found_households(self) -> None:
        """Let some live together; a household has a district, and mostly one surname."""
        rng, n = self.chance.rng, self.n
        size = rng.choice(np.arange(1, 7), n, p=_HOUSEHOLDS)
        roof = np.empty(n, dtype=np.int64)
        roof[rng.permutation(n)] = np.repeat(np.arange(n), size)[:n]
        self.households: dict[int, list[int]] = {}
        for account in np.argsort(roof, kind="stable").tolist():
            self.households.setdefault(int(roof[account]), []).append(account)
        for first, *others in self.households.values():
            for account in others:
                self.district[account] = self.district[first]
                if self.chance.happens(0.75):
                    self.surname[account] = self.surname[first]
        alone = np.bincount(roof, minlength=n)[roof] == 1
        self.single: list[int] = [account for account in rng.permutation(n).tolist() if alone[account]]
        self.shared: list[int] = [account for account in rng.permutation(n).tolist() if not alone[account]]

    # ── who is asked ──────────────────────────────────────────────────────────────────────────────
    def pick(self, count: int, segment: str | None = None) -> list[int]:
        """People who live alone and are in no group yet."""
        picked = [self.single.pop() for _ in range(count)]
        if segment:
            self.segment[picked] = segment
        return picked

    def pick_anybody(self, count: int) -> list[int]:
        """People in no group yet, many of whom live with others."""
        return [(self.shared if self.shared and self.chance.happens(0.42) else self.single).pop() for _ in range(count)]

    def find_crowd(self, count: int, at: float | None = None, seller: int | None = None) -> list[int]:
        """Anybody who buys and is there at a time, up to a number; they may be in groups as well."""
        rng = self.chance.rng
        drawn = rng.integers(self.n, size=count * 12 + 60)
        drawn = drawn[rng.random(len(drawn)) < np.minimum(1, self.buying[drawn] / 2)]
        if at is not None:
            drawn = drawn[(self.created_at[drawn] < at - DAY) & (self.until[drawn] > at)]
        found = [account for account in dict.fromkeys(drawn.tolist()) if account != seller and self._is_free(account)]
        return found[:count]

    def _is_free(self, account: int) -> bool:
        return account not in self.traders and not (self.avoids_rings and account in self.in_ring)

    def is_bad(self, account: int) -> bool:
        """Whether an account is in a ring, or swindles alone."""
        return account in self.in_ring or account in self.lone

    # ── when they are there ───────────────────────────────────────────────────────────────────────
    def be_born(self, account: int, begins_at: float, ends_at: float) -> None:
        """Let an account be made within a window, and live on from there."""
        self.created_at[account] = self.clock.draw_moment(begins_at, ends_at)
        lives = self.chance.draw_real(60, 600) * DAY
        self.until[account] = max(self.until[account], self.created_at[account] + lives)

    def be_there(self, account: int, begins_at: float, ends_at: float | None = None) -> None:
        """Let an account exist at an instant and still be alive at another."""
        if self.created_at[account] > begins_at - DAY:
            self.created_at[account] = begins_at - DAY * self.chance.draw_real(3, 500)
        last = begins_at if ends_at is None else ends_at
        self.until[account] = max(self.until[account], last + DAY * self.chance.draw_real(5, 200))

    def draw_together(self, *accounts: int, until: float = END_AT) -> float:
        """A moment when all of some accounts have signed up."""
        return self.clock.draw_moment(max(0.0, *(self.created_at[account] for account in accounts)), until)

    def draw_active(self, account: int) -> float:
        """A moment of an account's life on the market."""
        return self.clock.draw_moment(max(self.created_at[account], 0), min(self.until[account], END_AT))
