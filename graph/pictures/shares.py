"""Shares of few are uncertain: how far chance alone may have moved them."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.959963984540054
"""Of a normal distribution, 95 of 100 lie so near to the middle."""


@dataclass(frozen=True)
class Interval:
    """A share, and where it may lie in truth, with a confidence of 95 of 100."""

    share: float
    low: float
    high: float


def find_interval(found: int, of: int) -> Interval:
    """The share of so many, with the interval of Wilson (1927).

    >>> find_interval(5, 10)
    Interval(share=0.5, low=0.2366, high=0.7634)
    >>> find_interval(0, 100).high
    0.037
    """
    share, square = found / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    reach = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return Interval(round(share, 4), round(max(0.0, middle - reach), 4), round(min(1.0, middle + reach), 4))
