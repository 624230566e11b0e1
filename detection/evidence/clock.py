"""Time as a market lived it: which share of all that happened lies between two days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.channels.windows import MICROS_PER_DAY
from graph.model import Floats, Ints, Times


@dataclass(frozen=True)
class Clock:
    """The days (T,) on which a market's deeds were done, sorted: time as the market lived it."""

    days: Floats

    def share(self, first: Floats, last: Floats) -> Floats:
        """The share of the deeds between two days each; 1 where a day is not known.

        >>> Clock(np.arange(10.0)).share(np.array([2.0, np.inf]), np.array([4.0, -np.inf]))
        array([0.3, 1. ])
        """
        known = last >= first
        begin, end = np.searchsorted(self.days, first), np.searchsorted(self.days, last, side="right")
        return np.where(known, (end - begin) / max(len(self.days), 1), 1.0)


def make_clock(at: Times) -> Clock:
    """The clock of some times, those that are known."""
    return Clock(np.sort(at[~np.isnat(at)].astype("datetime64[us]").astype(np.int64)) / MICROS_PER_DAY)


def find_spans(place: Ints, first: Floats, last: Floats, n: int) -> tuple[Floats, Floats]:
    """The earliest ``first`` and the latest ``last`` (R,) of each of n places; infinite where there is none.

    >>> find_spans(np.array([0, 0]), np.array([3.0, 1.0]), np.array([3.0, 2.0]), 1)
    (array([1.]), array([3.]))
    """
    begin, end = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(begin, place, first)
    np.maximum.at(end, place, last)
    return begin, end
