"""Learned risk: that it finds what labels point at, means what it says, and obeys its laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from risk_market import BAD, QUICK, make_table
from scipy import special
from sklearn.metrics import roc_auc_score

from detection.decisions import Known, choose_known
from detection.risk import linear as linear_module
from detection.risk import model as risk_module
from detection.risk.file import KeptModel
from detection.risk.labels import draw_known
from detection.risk.model import estimate_base_rate, fit_risk, score_accounts, score_risk, settle_base_rate
from embeddings.features.table import FeatureTable, describe_accounts, pick_columns
from graph.model import Snapshot


def test_unlabelled_bad_accounts_come_out_above_the_rest(
    market: Snapshot, table: FeatureTable, ring_score: np.ndarray
) -> None:
    fitted = fit_risk(table, ring_score, choose_known(market), QUICK)
    risk = score_risk(fitted.model, pick_columns(table, fitted.model.names), ring_score)
    unknown = np.setdiff1d(np.arange(market.n_accounts), market.label_account)
    assert roc_auc_score(np.isin(market.account_id[unknown], BAD), risk[unknown]) > 0.95
    assert ((risk > 0) & (risk < 1)).all()


def test_held_out_chances_mean_what_they_say() -> None:
    rng = np.random.default_rng(3)
    n = 4_000
    x = rng.normal(size=(n, 3)).astype(np.float32)
    y = rng.random(n) < special.expit(2 * x[:, 0] - 2)
    fitted = fit_risk(make_table(x, "a", "b", "c"), np.full(n, 0.5), Known(np.arange(n), y), QUICK)
    chance = fitted.held_out.chance
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        inside = (chance >= low) & (chance < high)
        assert y[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.05)


def test_a_sample_of_very_many_labels_gives_chances_for_all_of_them() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    x = rng.normal(size=(n, 3))
    y = rng.random(n) < special.expit(2 * x[:, 0] - 4)
    settings = replace(QUICK, most_rows=3_000)
    known = Known(np.arange(n), y)
    drawn = draw_known(known, settings)
    assert (len(drawn.place), y[drawn.place].sum()) == (3_000, y.sum())
    fitted = fit_risk(make_table(x, "a", "b", "c"), np.full(n, 0.5), known, settings)
    assert fitted.model.base_rate == pytest.approx(y.mean(), rel=0.1)
    for chance in (fitted.held_out.chance, fitted.risk):
        for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 1.0)):
            inside = (chance >= low) & (chance < high)
            assert y[inside].mean() == pytest.approx(chance[inside].mean(), rel=0.25)


def test_a_market_is_scored_alike_in_pieces_and_at_once(
    market: Snapshot, table: FeatureTable, kept: KeptModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = np.linspace(0.01, 0.9, market.n_accounts)
    at_once = score_risk(kept.model, pick_columns(table, kept.model.names), score)
    for module in (risk_module, linear_module):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 37)
    assert score_accounts(kept.model, table, score) == pytest.approx(at_once, rel=1e-9)


def test_the_market_is_not_taken_to_be_as_bad_as_the_accounts_that_were_looked_at() -> None:
    rng = np.random.default_rng(4)
    bad = rng.random(20_000) < 0.02
    odds = rng.normal(np.where(bad, 2.0, -2.0), 2.0)  # whose log-odds, at even odds, are themselves
    chance = special.expit(odds + special.logit(0.3))
    assert estimate_base_rate(chance, 0.3) == pytest.approx(0.02, abs=0.005)


def test_few_labels_are_not_believed_about_the_share_of_fraud_and_many_are(kept: KeptModel) -> None:
    chance = np.full(10_000, 0.5)  # as if half of the market were bad
    model = replace(kept.model, base_rate=0.5)
    shares = [settle_base_rate(model, chance, n_labels).base_rate for n_labels in (20, 200, 20_000)]
    assert shares[0] < 0.1 < shares[1] < 0.45 < shares[2] < 0.5


def test_the_market_is_never_taken_to_be_worse_than_the_labelled_accounts(kept: KeptModel) -> None:
    model = replace(kept.model, base_rate=0.005)
    assert settle_base_rate(model, np.full(1_000, 0.005), 20).base_rate == 0.005


def test_the_order_of_accounts_does_not_matter_to_their_risk(market: Snapshot, kept: KeptModel) -> None:
    table = describe_accounts(market)
    x, score = pick_columns(table, kept.model.names), np.full(market.n_accounts, 0.1)
    order = np.random.default_rng(0).permutation(market.n_accounts)
    risk = score_risk(kept.model, x, score)
    assert score_risk(kept.model, x[order], score[order]) == pytest.approx(risk[order])


def test_a_greater_unsupervised_score_never_lowers_the_risk(market: Snapshot, kept: KeptModel) -> None:
    x = pick_columns(describe_accounts(market), kept.model.names)
    low, high = (score_risk(kept.model, x, np.full(market.n_accounts, score)) for score in (0.1, 0.8))
    assert (high >= low).all()
