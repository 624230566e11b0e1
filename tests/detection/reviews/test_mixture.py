"""The fit of honest and planted opinions."""

from __future__ import annotations

import numpy as np
import pytest
from reviewed import make_campaign
from sklearn.metrics import roc_auc_score

from detection.reviews import mixture as review_belief
from detection.reviews.bursts import measure_burst
from detection.reviews.facts import ReviewFacts
from detection.reviews.judge import judge_reviews
from detection.reviews.mixture import Opinions, fit_belief
from detection.reviews.signals import (
    measure_few_reviews,
)


def test_weights_are_never_negative_whatever_the_signal() -> None:
    facts, planted = make_campaign()
    misleading = -planted.astype(float)[:, None]
    opinions = Opinions(facts.target, facts.rating, facts.n_written == 1, 1.0 - 1.0 / facts.active_days, 40)
    assert fit_belief(opinions, misleading).weight.tolist() == [0.0]


def test_the_fit_agrees_with_one_that_solves_for_all_targets_at_once() -> None:
    facts, _ = make_campaign()
    signals = np.column_stack([measure_few_reviews(facts), np.log1p(measure_burst(facts))])
    signals = (signals - signals.mean(0)) / signals.std(0)
    opinions = Opinions(facts.target, facts.rating, facts.n_written == 1, 1.0 - 1.0 / facts.active_days, 40)
    found = fit_belief(opinions, signals, rounds=300)
    chance = 1 / (1 + np.exp(-found.prior))
    belief = chance * np.exp(found.opinion) / (chance * np.exp(found.opinion) + 1 - chance)
    design = np.column_stack([np.ones(len(chance)), signals, np.eye(40)[facts.target]])
    penalty = np.array([1e-6, 1.0, 1.0] + [2.0] * 40)
    slope = np.concatenate([[0.0], found.weight, found.target_effect])
    pull = design.T @ (belief - chance) - penalty * slope
    held = np.array([False, *(found.weight == 0), *[False] * 40])  # a weight held at 0 may be pulled below it
    assert np.abs(pull[~held][1:]).max() < 0.5
    assert (pull[held] <= 0.5).all()


def test_a_fit_on_some_of_the_targets_says_what_one_on_all_says(monkeypatch: pytest.MonkeyPatch) -> None:
    markets = [make_campaign(seed=seed) for seed in range(8)]
    authors, targets = np.cumsum([0, *(each.n_accounts for each, _ in markets)]), 40 * np.arange(9)
    columns = {name: np.concatenate([getattr(each, name) for each, _ in markets]) for name in ("rating", "day")}
    facts = ReviewFacts(
        author=np.concatenate([each.author + begin for (each, _), begin in zip(markets, authors, strict=False)]),
        target=np.concatenate([each.target + begin for (each, _), begin in zip(markets, targets, strict=False)]),
        n_accounts=int(authors[-1]), n_targets=320, days_to_order=np.full(len(columns["day"]), np.nan), **columns,
    )  # fmt: skip
    whole = judge_reviews(facts)
    monkeypatch.setattr(review_belief, "SAMPLE_REVIEWS", len(facts.day) // 2)
    sampled = judge_reviews(facts)
    planted = np.concatenate([planted for _, planted in markets])
    assert roc_auc_score(planted, whole.suspicion) > 0.99
    assert roc_auc_score(planted, sampled.suspicion) > 0.99
    assert np.corrcoef(sampled.suspicion, whole.suspicion)[0, 1] > 0.98
