"""What is usual in a market, and how far back its facts go: innocence is measured by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detection.candidates.links import Links
from detection.candidates.trade_cycles import measure_cycles
from detection.channels.catalogue import TRADE
from detection.channels.incidence import Dealings
from detection.channels.windows import MICROS_PER_DAY
from detection.policy import DEFAULT_POLICY, Policy
from graph.model import Snapshot, Times


@dataclass(frozen=True)
class MarketNorms:
    """What is usual: the share of accounts that deals in ``cycles``; the days that orders and reviews go back,
    0 where none is dated.
    """

    cycles: float = 0.0
    order_days: float = np.inf
    review_days: float = np.inf
    usual_cycles: float = DEFAULT_POLICY.usual_cycles

    @property
    def cycles_are_usual(self) -> bool:
        """Whether cycles accuse nobody here."""
        return self.cycles > self.usual_cycles


DEFAULT_NORMS = MarketNorms()


def measure_norms(snapshot: Snapshot, dealings: Mapping[str, Dealings], cycles: Links, policy: Policy) -> MarketNorms:
    """Look at a market as a whole, and at the ``cycles`` of its trades."""
    share = measure_cycles(dealings[TRADE], cycles, snapshot.n_accounts, policy) if TRADE in dealings else 0.0
    order_days, review_days = (
        measure_span(at, policy) for at in (snapshot.orders.ordered_at, snapshot.reviews.reviewed_at)
    )
    return MarketNorms(share, order_days, review_days, policy.usual_cycles)


def measure_span(at: Times, policy: Policy) -> float:
    """Days between the first and the last of some times, but for the strays among them.

    >>> round(measure_span(np.array(["2024-01-01", "2024-01-31", "NaT"], dtype="datetime64[us]"), DEFAULT_POLICY))
    29
    """
    dated = at[~np.isnat(at)].astype("datetime64[us]").astype(np.int64)
    if not len(dated):
        return 0.0
    # Quantiles, not extremes: one order dated 1970 would make every trade of a young market look short.
    first, last = np.quantile(dated, (policy.stray_share, 1.0 - policy.stray_share))
    return float(last - first) / MICROS_PER_DAY
