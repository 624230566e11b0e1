"""The linear learner against a twin, and the blend: what it gives a part that tells nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from detection.risk.blend import BLEND_PRIOR, fit_blend
from detection.risk.linear import fit_logistic


def test_the_logistic_regression_agrees_with_a_well_known_one() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 4))
    y = rng.random(300) < special.expit(x @ [1.0, -2.0, 0.0, 0.5] - 1)
    weight, bias = fit_logistic(x, y, prior=np.zeros(4), certainty=2.0)
    twin = LogisticRegression(C=0.5, tol=1e-8).fit(x, y)
    assert weight == pytest.approx(twin.coef_[0], abs=2e-3)
    assert bias == pytest.approx(twin.intercept_[0], abs=2e-3)


def test_a_useless_part_is_given_no_weight_and_never_a_negative_one() -> None:
    rng = np.random.default_rng(2)
    y = rng.random(2_000) < 0.3
    telling = special.logit(np.where(y, 0.7, 0.2)) + rng.normal(size=2_000)
    blend = fit_blend({"linear": telling, "trees": np.zeros(2_000), "rings": np.where(y, -2.0, 2.0)}, y)
    assert blend.weight[2] == 0.0
    assert blend.weight[0] > 0.5


def test_without_labels_worth_the_name_the_blend_stays_at_what_it_believed() -> None:
    blend = fit_blend({name: np.zeros(10) for name in BLEND_PRIOR}, np.arange(10) < 5)
    assert blend.weight.tolist() == [*BLEND_PRIOR.values()]


def test_learners_that_know_few_labels_by_heart_do_not_overthrow_what_rings_show() -> None:
    y = np.arange(20) < 10
    by_heart = np.where(y, 8.0, -8.0)
    blend = fit_blend({"linear": np.zeros(20), "trees": by_heart, "rings": np.zeros(20)}, y)
    assert blend.weight[1] < 2 * BLEND_PRIOR["trees"]
    assert blend.weight[2] == BLEND_PRIOR["rings"]
