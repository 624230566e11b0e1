"""How many newcomers a target should have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detection.reviews.facts import ReviewFacts
from detection.reviews.signals import (
    measure_regular_audience,
)


def make_hotels(seed: int = 2) -> ReviewFacts:
    """Ten restaurants that sixty locals review, ten hotels that sixty travellers review and many pass by once."""
    rng = np.random.default_rng(seed)
    regular = np.repeat(np.arange(120), 6)
    theirs = rng.integers(0, 10, len(regular)) + 10 * (regular >= 60)
    passers_by = rng.integers(10, 20, 600), rng.integers(0, 10, 60)
    target = np.concatenate([theirs, *passers_by])
    author = np.concatenate([regular, 120 + np.arange(660)])
    n = len(author)
    rating, day = rng.integers(1, 6, n).astype(float), 15_000 + np.floor(900 * rng.random(n))
    return ReviewFacts(author, target, rating, day, 780, 20, np.full(n, np.nan))


def test_a_newcomer_tells_more_where_regulars_go_than_where_people_pass_by() -> None:
    facts = make_hotels()
    audience = measure_regular_audience(facts)
    assert audience[facts.target < 10].min() > audience[facts.target >= 10].max()


def test_a_target_flooded_with_newcomers_is_judged_by_its_like() -> None:
    facts = make_hotels()
    many = np.full(200, 3)
    flooded = ReviewFacts(
        np.append(facts.author, np.arange(780, 980)), np.append(facts.target, many),
        np.append(facts.rating, many + 2.0),
        np.append(facts.day, many + 15_400.0), 980, 20, np.full(len(facts.day) + 200, np.nan),
    )  # fmt: skip
    audience = measure_regular_audience(flooded)
    here, hotels = audience[flooded.target == 3], audience[flooded.target >= 10]
    assert here.min() > hotels.max()


def test_where_nobody_comes_back_nothing_is_expected_of_anybody() -> None:
    facts = make_hotels()
    once = replace(facts, author=np.arange(len(facts.author)), n_accounts=len(facts.author))
    assert np.ptp(measure_regular_audience(once)) == pytest.approx(0.0)
