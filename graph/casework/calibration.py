"""How often rings were confirmed: what the queue expects of those that wait, and what `evaluate` says of each tier."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from graph.casebook.events import Event

_Z = 1.959963984540054  # of a normal distribution, for 95 %


@dataclass(frozen=True)
class Chance:
    """How often rings of a tier were confirmed: ``hits`` of ``decided``, the share, and where it lies in 95 of 100."""

    tier: str
    hits: int
    decided: int
    share: float
    low: float
    high: float


def calibrate(said: Iterable[Event]) -> dict[str, Chance]:
    """How often rings of each tier were confirmed, by the verdicts that stand on whole rings.

    The tier is the one that a ring had when somebody decided about it.  To watch a ring is no answer either way.
    """
    decided: dict[str, list[bool]] = {}
    for event in said:
        if event.word in ("confirmed", "dismissed", "cleared") and event.seen and event.seen.tier:
            decided.setdefault(event.seen.tier, []).append(event.word == "confirmed")
    return {tier: measure_share(tier, sum(found), len(found)) for tier, found in decided.items()}


def measure_share(tier: str, hits: int, n: int) -> Chance:
    """A share of one or more, with its interval.

    >>> found = measure_share("review", 8, 10)
    >>> round(found.low, 2), round(found.high, 2)
    (0.49, 0.94)
    """
    low, high = find_interval(hits, n)
    return Chance(tier, hits, n, hits / n, low, high)


def find_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of one or more (Journal of the American Statistical Association 22, 1927).

    >>> [round(end, 3) for end in find_interval(9, 10)]
    [0.596, 0.982]
    """
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return (max(0.0, middle - half) if hits else 0.0, min(1.0, middle + half) if hits < n else 1.0)
