"""Reviews that come too many at a time: two signs that compare a target's days with its life and its season."""

from __future__ import annotations

import numpy as np

from detection.reviews.facts import ReviewFacts, Runs, find_runs
from graph.model import Floats, Ints

RUSH_DAYS, SEASON_DAYS = 10.0, 180.0


def measure_burst(facts: ReviewFacts) -> Floats:
    """Bits of the strongest burst of the target that the review lies in (R,), 0 where there is none.

    A scan over intervals that begin and end at a review and hold 2, 3, 4, 6, 8, ... of them, so that the data
    say how long a burst is: the log-likelihood ratio of a Poisson rate inside and another outside
    (Kulldorff, Communications in Statistics 26, 1997), less log2 of how many intervals were tried.
    Half-octave lengths lose little against all intervals (Walther, Annals of Statistics 38, 2010).
    O(R log R).
    """
    bits = np.zeros(len(facts.rating))
    rows = facts.by_target
    if not len(rows):
        return np.full(len(bits), np.nan)
    day, run = facts.day[rows], find_runs(facts.target[rows])
    size = run.last - run.first + 1
    life = day[run.last] - day[run.first] + 1.0
    strongest, length = np.zeros(len(rows)), 2
    while length < int(size.max()):
        strongest = np.maximum(strongest, _scan(day, run, size, life, length))
        length = length * 3 // 2 if length & (length - 1) == 0 else length // 3 * 4
    bits[rows] = strongest
    bits[np.isnan(facts.day) | (facts.target < 0)] = np.nan
    return bits


def _scan(day: Floats, run: Runs, size: Ints, life: Floats, length: int) -> Floats:
    """For each review, the most bits of any interval of so many reviews that it lies in."""
    start = np.arange(len(day) - length + 1)
    inside = start[run.last[start] >= start + length - 1]
    inside = inside[size[inside] > length]
    n, t = size[inside].astype(np.float64), life[inside]
    width = np.minimum(day[inside + length - 1] - day[inside] + 1.0, t - 0.5)
    ratio = length * np.log2(length / width * t / n) + (n - length) * np.log2((n - length) / (t - width) * t / n)
    is_faster = length / width > n / t
    found = np.zeros(len(day))
    found[inside] = np.where(is_faster, ratio - np.log2(2.0 * n * np.log2(n)), 0.0)
    found = np.maximum(found, 0.0)
    reach = 1
    while reach < length:  # sliding maximum by doubling; an interval with bits never leaves its target
        step = min(reach, length - reach)
        found[step:] = np.maximum(found[step:], found[:-step])
        reach += step
    return found


def measure_rush(facts: ReviewFacts) -> Floats:
    """How many more reviews of the target come within days than the season has: log2 of the ratio (R,).

    Others of the target within ``RUSH_DAYS`` on either side, against those within ``SEASON_DAYS``, one added to
    each.  A scan over the target's whole life sees seasons first; this sees what stands out of one (the
    window of arrivals of Xie, Wang, Lin & Yu, KDD 2012).  O(R log R).
    """
    rush = np.full(len(facts.rating), np.nan)
    rows = facts.by_target
    if not len(rows):
        return rush
    day = facts.day[rows] - facts.day[rows].min()
    day = day + facts.target[rows] * (day.max() + 2.0 * SEASON_DAYS)  # no window reaches into another target's
    few, many = (_count_near(day, days) for days in (RUSH_DAYS, SEASON_DAYS))
    share = (2.0 * RUSH_DAYS + 1.0) / (2.0 * SEASON_DAYS + 1.0)
    rush[rows] = np.log2((1.0 + few) / (1.0 + many * share))
    return rush


def _count_near(day: Floats, days: float) -> Ints:
    """How many other places of a sorted array (r,) lie within so many days of each."""
    return np.searchsorted(day, day + days, side="right") - np.searchsorted(day, day - days) - 1
