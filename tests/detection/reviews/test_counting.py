"""How many reviews were planted, with an interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import poisson_binom

from detection.reviews.counting import Campaign, count_planted


def count_slowly(chance: np.ndarray, campaigns: list[Campaign], spread: float, n: int = 40_000) -> list[int]:
    """The same by drawing it: median, and both ends of 90 %."""
    rng = np.random.default_rng(0)
    counts = np.empty(n)
    for draw in range(n):
        shift = spread * rng.standard_normal()
        parts = [rng.random(len(chance)) < expit(logit(chance) + shift)]
        for each in campaigns:
            whole = rng.random() < each.chance
            parts.append((rng.random(len(each.others)) < expit(logit(each.others) + shift)) | whole)
        counts[draw] = np.concatenate(parts).sum()
    return np.quantile(counts, [0.5, 0.05, 0.95], method="inverted_cdf").astype(int).tolist()


def test_independent_chances_follow_the_poisson_binomial_law() -> None:
    chance = np.repeat(np.linspace(0.125, 0.75, 6), 8)
    # Chances are told apart to a quarter of a log-odds, and these lie farther apart.
    law, found = poisson_binom(chance), count_planted(chance, spread=0.0)
    assert [found.median, found.low, found.high] == [int(law.ppf(share)) for share in (0.5, 0.05, 0.95)]


def test_doubt_about_the_target_and_campaigns_widen_it_as_drawing_does() -> None:
    chance = np.random.default_rng(1).uniform(0.02, 0.4, 60)
    campaigns = [Campaign(0.8, np.full(30, 0.1)), Campaign(0.1, np.full(12, 0.05))]
    found = count_planted(chance, campaigns, spread=1.0)
    assert [found.median, found.low, found.high] == pytest.approx(count_slowly(chance, campaigns, 1.0), abs=1)


def test_a_campaign_that_may_be_a_shared_taste_leaves_nothing_planted_possible() -> None:
    nobody = np.full(5, 1e-6)
    assert count_planted(nobody, [Campaign(0.94, np.full(50, 1e-6))], spread=0.5).low == 0
    sure = count_planted(nobody, [Campaign(0.96, np.full(50, 1e-6))], spread=0.5)
    assert (sure.low, sure.median, sure.high) == (50, 50, 50)


def test_of_no_reviews_none_is_planted_and_of_many_no_more_than_all() -> None:
    none = count_planted(np.empty(0), spread=2.0)
    assert (none.low, none.median, none.high) == (0, 0, 0)
    most = count_planted(np.full(5000, 0.99), spread=2.0)
    assert 0 < most.low <= most.median <= most.high <= 5000


def test_the_order_of_reviews_changes_nothing() -> None:
    chance = np.random.default_rng(2).uniform(0.0, 0.9, 300)
    assert count_planted(chance, spread=2.0) == count_planted(chance[::-1].copy(), spread=2.0)
