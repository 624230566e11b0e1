"""When things happen: eighteen months of weeks with seasons and sales, hours of a day, bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.evaluation.simulation.rhythm import FloatArray, IntArray

DAY = 86_400
WEEK = 7 * DAY
START_AT = int(np.datetime64("2023-03-01", "s").astype(np.int64))
END_AT = int(np.datetime64("2024-09-01", "s").astype(np.int64))
N_WEEKS = (END_AT - START_AT) // WEEK
AUTUMN_AT = int(np.datetime64("2023-09-10", "s").astype(np.int64))
"""When universities begin."""
_CHRISTMAS_WEEK, _SUMMER_WEEKS, _SALE_WEEKS = 40, (18, 19, 20, 21, 70, 71, 72, 73), (9, 38, 44, 57)


def draw_demand() -> FloatArray:
    """Demand by week, shape (N_WEEKS,): growth, a peak before Christmas, a slack summer, sales (by judgement)."""
    week = np.arange(N_WEEKS)
    demand = 1.0 + 0.004 * week + 0.8 * np.exp(-(((week - _CHRISTMAS_WEEK) / 2.5) ** 2))
    demand[list(_SUMMER_WEEKS)] *= 0.85
    demand[list(_SALE_WEEKS)] *= 1.4
    return demand


def set_hours(rng: np.random.Generator, at: IntArray) -> IntArray:
    """Move moments to hours at which people are up: most in the evening, some at midday, a few at night."""
    n = len(at)
    evening = np.where(rng.random(n) < 0.6, rng.normal(20.0, 1.8, n), rng.normal(12.5, 2.5, n))
    hour = np.where(rng.random(n) < 0.06, rng.uniform(0, 24, n), evening) % 24
    return np.asarray(at // DAY * DAY + (hour * 3600).astype(np.int64))


def spread(rng: np.random.Generator, count: int, begins_at: int, days: float) -> IntArray:
    """Draw moments within `days` of a beginning, shape (count,), in no order."""
    drawn = begins_at + (rng.random(count) * max(days, 0.01) * DAY).astype(np.int64)
    return np.maximum(set_hours(rng, drawn), begins_at) if days > 2 else drawn


@dataclass(frozen=True)
class Cascade:
    """Events that others set off: ``seed`` (n,) which of the first ones is their root, ``at`` (n,)."""

    seed: IntArray
    at: IntArray


def draw_cascade(rng: np.random.Generator, seeds_at: IntArray, branching: float, delay_days: float) -> Cascade:
    """Draw what events set off, by the branching form of a Hawkes process with an exponential kernel.

    Each event has a Poisson number of children of mean `branching`, below 1.  Masuda and others (Self-exciting point
    process modeling of conversation event sequences, 2013) estimate ratios that differ much between people; 0.1 to
    0.5 is used here.  Cost: in proportion to the events.  The first events are not in the answer.

    Examples
    --------
    >>> cascade = draw_cascade(np.random.default_rng(1), np.zeros(1000, dtype=np.int64), 0.5, 1.0)
    >>> bool(0.7 < len(cascade.at) / 1000 < 1.3 and cascade.at.min() >= 0)
    True
    """
    seed, at = np.arange(len(seeds_at)), seeds_at
    seeds, moments = [seed[:0]], [at[:0]]
    while len(at):
        children = rng.poisson(branching, len(at))
        seed, at = np.repeat(seed, children), np.repeat(at, children)
        at = at + rng.exponential(delay_days * DAY, len(at)).astype(np.int64)
        seeds.append(seed)
        moments.append(at)
    return Cascade(np.concatenate(seeds), np.concatenate(moments))
