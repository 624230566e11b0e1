"""Signs against what is counted by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from reviewed import compare, make_facts

from detection.reviews.facts import ReviewFacts, read_review_facts
from detection.reviews.judge import SIGNS, judge_reviews
from detection.reviews.signals import (
    MIN_ABANDONED,
    TREND_REVIEWS,
    _estimate_never,
    measure_abandonment,
    measure_deviation,
    measure_earliness,
    measure_few_reviews,
    measure_gap_regularity,
    measure_no_order,
    measure_short_life,
    measure_undelivered,
)


def days_of(facts: ReviewFacts, author: int) -> list[float]:
    return sorted(facts.day[(facts.author == author) & ~np.isnan(facts.day)].tolist())


def test_authors_of_few_days_and_short_lives_are_as_counted_by_hand() -> None:
    facts = make_facts()
    few, short = [], []
    for author in facts.author.tolist():
        days = days_of(facts, author)
        unknown = int((np.isnan(facts.day) & (facts.author == author)).sum())
        few.append(-math.log2(len(set(days)) + unknown))
        short.append(-math.log2(1 + days[-1] - days[0]) if days else math.nan)
    compare(measure_few_reviews(facts), few)
    compare(measure_short_life(facts), short)


def test_the_entropy_of_gaps_is_as_counted_by_hand() -> None:
    facts = make_facts()
    wanted = []
    for author in facts.author.tolist():
        days = days_of(facts, author)
        scales = [int(math.log2(1 + b - a)) for a, b in pairwise(days)]
        shares = [scales.count(scale) / len(scales) for scale in set(scales)] if len(scales) > 1 else [math.nan]
        wanted.append(sum(share * math.log2(share) for share in shares))
    compare(measure_gap_regularity(facts), wanted)


def test_the_trend_and_the_rank_of_a_review_are_as_counted_by_hand() -> None:
    facts = make_facts(900)
    deviation, earliness = [], []
    for row in range(900):
        here = np.flatnonzero((facts.target == facts.target[row]) & ~np.isnan(facts.day))
        if facts.target[row] < 0 or np.isnan(facts.day[row]):
            deviation.append(math.nan)
            earliness.append(math.nan)
            continue
        earliness.append(-math.log2(1 + (facts.day[here] < facts.day[row]).sum()))
        here = here[~np.isnan(facts.rating[here])]
        here = here[np.lexsort((here, facts.day[here]))].tolist()
        place = here.index(row) if row in here else None
        near = [] if place is None else here[max(place - TREND_REVIEWS, 0) : place + TREND_REVIEWS + 1]
        others = [float(facts.rating[other]) for other in near if other != row]
        deviation.append(abs(float(facts.rating[row]) - sum(others) / len(others)) if others else math.nan)
    compare(measure_deviation(facts), deviation)
    compare(measure_earliness(facts), earliness)


def test_the_paper_s_example_of_a_survival_curve_comes_out() -> None:
    # Kaplan & Meier (1958), section 1.2: deaths at 0.8, 3.1, 5.4, 9.2 months and losses at 1.0, 2.7, 7.0, 12.1.
    gap = np.array([8, 31, 54, 92, 10, 27, 70, 121])
    never = _estimate_never(gap, np.array([True] * 4 + [False] * 4))
    still_away = 0.2625 / never[[8, 31, 54, 92]]
    assert still_away == pytest.approx([0.875, 0.7, 0.525, 0.2625])


def test_an_account_that_has_been_silent_for_longer_is_likelier_to_be_gone() -> None:
    facts = make_facts(2000, unknown=0.0)
    gone = measure_abandonment(facts)
    assert ((gone <= 0) & (gone >= np.log2(MIN_ABANDONED))).all()
    once = np.flatnonzero(facts.n_written >= 8)
    by_silence = once[np.argsort(facts.last_day[once])]
    assert (np.diff(gone[by_silence]) <= 1e-12).all()


def test_orders_tell_who_never_bought_and_who_wrote_before_delivery() -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd", "dan", "other", "shop")), listings={"p": "shop", "q": "other"})
    facts.orders = [("ann", "shop", 1.0, None), ("ann", "shop", 30.0, None), ("bob", "shop", 8.5, None)]
    facts.orders += [("dan", "shop", 20.0, None), ("bob", "shop", None, None)]
    facts.reviews = [(name, "p", None, 5.0, 9.0) for name in ("ann", "bob", "cyd", "dan")]
    facts.reviews.append(("ann", "q", None, 5.0, 9.0))
    found = read_review_facts(make_snapshot(facts))
    compare(measure_no_order(found), [0.0, 0.0, 1.0, 0.0, math.nan])
    compare(measure_undelivered(found), [0.0, 1.0, math.nan, 1.0, math.nan])


@pytest.mark.parametrize("name", SIGNS)
def test_a_sign_does_not_depend_on_the_order_of_reviews_and_accounts(name: str) -> None:
    facts, rng = make_facts(unknown=0.0), np.random.default_rng(5)
    facts = replace(facts, day=15_000.0 + rng.permutation(len(facts.day)))  # ties have no order of their own
    rows, names = rng.permutation(len(facts.author)), rng.permutation(facts.n_accounts)
    mixed = replace(
        facts, author=names[facts.author][rows], target=facts.target[rows], rating=facts.rating[rows],
        day=facts.day[rows], days_to_order=facts.days_to_order[rows],
    )  # fmt: skip
    np.testing.assert_allclose(SIGNS[name](mixed), SIGNS[name](facts)[rows], atol=1e-9)
    np.testing.assert_allclose(judge_reviews(mixed).suspicion, judge_reviews(facts).suspicion[rows], atol=1e-6)
