"""What is usual in a market, and how far back its facts go: innocence is measured by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detection.candidates.links import Links
from detection.candidates.trade_cycles import measure_circles
from detection.channels.catalogue import TRADE
from detection.channels.incidence import Dealings
from detection.channels.windows import MICROS_PER_DAY
from graph.model import Snapshot, Times

USUAL_CIRCLES = 0.3
"""Where more of those who deal with several people do so in circles, circles accuse nobody."""
ALL_BUT_STRAYS = (0.01, 0.99)
"""A date that is wrong must not make a market look old."""


@dataclass(frozen=True)
class Habits:
    """What is usual: the share of accounts that deals in ``circles``; the days that orders and reviews go back,
    0 where none is dated.
    """

    circles: float = 0.0
    order_days: float = np.inf
    review_days: float = np.inf

    @property
    def circles_are_usual(self) -> bool:
        """Whether circles accuse nobody here."""
        return self.circles > USUAL_CIRCLES


DEFAULT_HABITS = Habits()


def measure_habits(snapshot: Snapshot, dealings: Mapping[str, Dealings], circles: Links) -> Habits:
    """Look at a market as a whole, and at the ``circles`` of its trades."""
    share = measure_circles(dealings[TRADE], circles, snapshot.n_accounts) if TRADE in dealings else 0.0
    return Habits(share, measure_span(snapshot.orders.ordered_at), measure_span(snapshot.reviews.reviewed_at))


def measure_span(at: Times) -> float:
    """Days between the first and the last of some times, but for the strays among them.

    >>> round(measure_span(np.array(["2024-01-01", "2024-01-31", "NaT"], dtype="datetime64[us]")))
    29
    """
    dated = at[~np.isnat(at)].astype("datetime64[us]").astype(np.int64)
    if not len(dated):
        return 0.0
    first, last = np.quantile(dated, ALL_BUT_STRAYS)
    return float(last - first) / MICROS_PER_DAY
