"""Areas, precisions and intervals against well-known ones."""

from __future__ import annotations

import numpy as np
import pytest
from evaluated import FEW
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from detection.statistics import Resampling, estimate_share, separate_scores

SCORED = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30)


@settings(max_examples=100, deadline=None)
@given(SCORED.filter(lambda rows: 0 < sum(bad for _, bad in rows) < len(rows)))
def test_both_measures_are_those_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    scores, is_bad = np.array([score / 4 for score, _ in rows]), np.array([bad for _, bad in rows])
    found = separate_scores("account", "all", scores, is_bad, Resampling(2))
    assert found.auc.value == pytest.approx(roc_auc_score(is_bad, scores))
    assert found.average_precision.value == pytest.approx(average_precision_score(is_bad, scores))


def test_the_bootstrap_is_that_of_resampled_subjects() -> None:
    rng = np.random.default_rng(0)
    is_bad = rng.random(300) < 0.2
    scores = np.round(rng.random(300) + 0.4 * is_bad, 1)
    found = separate_scores("account", "all", scores, is_bad, Resampling(400))
    slow = []
    for _ in range(400):
        rows = rng.integers(0, 300, 300)
        slow.append((roc_auc_score(is_bad[rows], scores[rows]), average_precision_score(is_bad[rows], scores[rows])))
    low, high = np.percentile(slow, [2.5, 97.5], axis=0)
    assert (found.auc.low, found.auc.high) == pytest.approx((low[0], high[0]), abs=0.015)
    assert (found.average_precision.low, found.average_precision.high) == pytest.approx((low[1], high[1]), abs=0.03)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    truth = 0.7602  # of two normals one standard deviation apart: Φ(1 / √2)
    inside = 0
    for seed in range(100):
        is_bad = rng.random(200) < 0.4
        auc = separate_scores("account", "all", rng.normal(is_bad), is_bad, Resampling(200, seed)).auc
        inside += auc.low <= truth <= auc.high
    assert 88 <= inside <= 99


def test_the_same_seed_gives_the_same_interval_however_the_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    is_bad, scores = rng.random(100) < 0.3, rng.random(100)
    first = separate_scores("account", "all", scores, is_bad, FEW)
    monkeypatch.setattr("detection.statistics._CHUNK_CELLS", 300)
    assert separate_scores("account", "all", scores, is_bad, FEW) == first
    assert separate_scores("account", "all", scores, is_bad, Resampling(50, 1)) != first


def test_scores_say_nothing_where_all_are_good_or_all_are_bad() -> None:
    found = separate_scores("account", "all", np.ones(3), np.zeros(3, dtype=bool), FEW)
    assert np.isnan(found.auc.value)
    assert np.isnan(found.average_precision.high)


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    from scipy.stats import binomtest

    for part, whole in ((0, 10), (3, 10), (10, 10), (17, 240)):
        interval = binomtest(part, whole).proportion_ci(0.95, method="wilson")
        found = estimate_share(part, whole)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-12)
