"""Bursts and rushes against a loop over all intervals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from reviewed import compare, make_facts

from detection.reviews.bursts import RUSH_DAYS, SEASON_DAYS, measure_burst, measure_rush
from detection.reviews.facts import ReviewFacts


def scan_by_hand(days: list[float], row: int) -> float:
    """Every interval of each length, one after the other."""
    n, life, best, length = len(days), days[-1] - days[0] + 1, 0.0, 2
    while length < n:
        for start in range(max(0, row - length + 1), min(row, n - length) + 1):
            width = min(days[start + length - 1] - days[start] + 1, life - 0.5)
            inside, outside = length / width, (n - length) / (life - width)
            if inside > n / life:
                ratio = length * math.log2(inside * life / n) + (n - length) * math.log2(outside * life / n)
                best = max(best, ratio - math.log2(2 * n * math.log2(n)))
        length = length * 3 // 2 if math.log2(length).is_integer() else length // 3 * 4
    return best


def test_bursts_are_those_that_a_loop_over_all_intervals_finds() -> None:
    facts = make_facts(300, unknown=0.0)
    busy = facts.target == 3
    facts = replace(facts, day=np.where(busy & (np.arange(300) % 2 == 0), 15_100.0, facts.day))
    found = measure_burst(facts)
    for target in range(12):
        rows = np.flatnonzero(facts.target == target)
        rows = rows[np.lexsort((rows, facts.day[rows]))]
        days = facts.day[rows].tolist()
        compare(found[rows], [scan_by_hand(days, place) for place in range(len(rows))])
    assert found[busy].max() > 5


def test_a_burst_is_seen_however_long_it_is_and_even_trade_has_none() -> None:
    even = np.arange(0.0, 4000.0, 10.0)
    for length in (10, 60):
        day = np.concatenate([even, 2000.0 + np.arange(float(length)) // (length / 7)])
        n = len(day)
        facts = ReviewFacts(np.arange(n), np.zeros(n, np.int64), np.full(n, 4.0), day, n, 1, np.full(n, np.nan))
        bits = measure_burst(facts)
        assert bits[400:].min() > 10
        assert np.median(bits[:400]) == 0.0


def test_the_rush_around_a_review_is_as_counted_by_hand() -> None:
    facts = make_facts()
    wanted = []
    for row in range(len(facts.day)):
        apart = np.abs(facts.day - facts.day[row])[(facts.target == facts.target[row]) & ~np.isnan(facts.day)]
        few, many = ((apart <= days).sum() - 1 for days in (RUSH_DAYS, SEASON_DAYS))
        usual = 1 + many * (2 * RUSH_DAYS + 1) / (2 * SEASON_DAYS + 1)
        known = facts.target[row] >= 0 and not np.isnan(facts.day[row])
        wanted.append(math.log2((1 + few) / usual) if known else math.nan)
    compare(measure_rush(facts), wanted)
