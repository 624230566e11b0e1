"""The books of the app: who paid whom, who brought whom, who was seen with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from detection.evaluation.payments.clock import END_AT
from detection.evaluation.simulation.ledger import CANCELLED, COMPLETED, DISPUTED, REFUNDED, Ledger
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

_ENDINGS = np.array([COMPLETED, REFUNDED, CANCELLED, DISPUTED])
_LEAST_SUM = 0.5


@dataclass(frozen=True)
class Books:
    """Writes down what happens, in arrays of one row a deed."""

    rng: np.random.Generator
    ledger: Ledger

    def pay(self, payers: Any, payees: Any, at: Any, amounts: Any, status: Any = None) -> None:
        """Payments within the records, those to oneself left out; they end as usual unless it is told how."""
        told = np.broadcast_arrays(np.atleast_1d(payers), payees, np.asarray(at, float), np.asarray(amounts, float))
        kept = (told[0] != told[1]) & (told[2] < END_AT) & (told[2] >= 0)
        payer, payee, when, amount = (column[kept] for column in told)
        ends = self.end(len(payer)) if status is None else np.broadcast_to(status, kept.shape)[kept]
        amount = np.maximum(np.round(amount, 2), _LEAST_SUM)
        self.ledger.add("orders", payer=payer, payee=payee, at=when, amount=amount, status=ends)

    def end(self, count: int, refunded: float = 0.005, disputed: float = 0.0025, cancelled: float = 0.009) -> IntArray:
        """How so many payments end, as often so; the others are completed.  Shape (count,)."""
        shares = (1 - refunded - disputed - cancelled, refunded, cancelled, disputed)
        return np.asarray(self.rng.choice(_ENDINGS, count, p=shares))

    def draw_sums(self, count: Any, usual: Any, sigma: float = 0.7) -> FloatArray:
        """So many amounts around a usual one, most of them round; shape (count,)."""
        drawn = np.asarray(usual * self.rng.lognormal(0, sigma, int(count)))
        return self.round_sums(drawn)

    def round_sums(self, amounts: FloatArray) -> FloatArray:
        """As people round: to fives and tens, to whole ones, or to the cent; shape (n,)."""
        manner = self.rng.random(len(amounts))
        step = np.where(amounts > 150, 50.0, np.where(amounts > 40, 10.0, np.where(amounts > 8, 5.0, 1.0)))
        step = np.where(manner < 0.45, step, np.where(manner < 0.8, 1.0, 0.01))
        return np.asarray(np.maximum(np.round(amounts / step) * step, step.clip(_LEAST_SUM)))

    def refer(self, newcomers: Any, referrers: Any) -> None:
        """Who came by whom."""
        told = np.broadcast_arrays(np.atleast_1d(newcomers), referrers)
        kept = told[0] != told[1]
        self.ledger.add("referrals", account=told[0][kept], referrer=told[1][kept])

    def use(self, accounts: Any, kind: str, things: Any, at: Any) -> None:
        """People are seen with things of a kind."""
        if len(np.atleast_1d(accounts)):
            self.ledger.add(f"use_{kind}", account=accounts, thing=things, at=at)
