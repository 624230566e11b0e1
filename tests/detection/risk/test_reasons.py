"""Why a risk is what it is: exact contributions, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from risk_market import BAD, QUICK, rows_of
from scipy import special

from detection.decisions import choose_known
from detection.risk.file import KeptModel
from detection.risk.model import fit_risk, score_risk
from detection.risk.reasons import explain_risk, measure_weights, name_feature, name_topic, split_log_odds
from embeddings.features.table import FeatureTable, pick_columns
from graph.model import Snapshot


def test_contributions_add_up_to_the_log_odds(market: Snapshot, table: FeatureTable, ring_score: np.ndarray) -> None:
    fitted = fit_risk(table, ring_score, choose_known(market), QUICK).model
    blend = replace(fitted.blend, parts=("linear", "trees", "rings"), weight=np.array([0.5, 0.5, 0.7]))
    x = pick_columns(table, fitted.names)
    from detection.risk.trees import fit_trees

    model = replace(fitted, blend=blend, trees=fit_trees(x[market.label_account], market.label_is_fraud, QUICK))
    split = split_log_odds(model, x, ring_score)
    added = split.rest + split.columns.sum(axis=1) + split.rings
    assert special.expit(added) == pytest.approx(score_risk(model, x, ring_score), abs=1e-9)


def test_reasons_name_what_bad_accounts_do(
    market: Snapshot, table: FeatureTable, ring_score: np.ndarray, kept: KeptModel
) -> None:
    rows = rows_of(market, BAD[1::2])
    reasons = explain_risk(kept.model, table, ring_score, rows)
    said = " ".join(sentence for sentences in reasons.values() for sentence in sentences)
    assert "what it buys (odds × " in said
    assert all(1 <= len(sentences) <= 3 for sentences in reasons.values())
    weights = dict(measure_weights(kept.model, pick_columns(table, kept.model.names)))
    assert weights["what it buys"] > 0


def test_every_column_has_a_name_in_words(table: FeatureTable) -> None:
    for name in table.names:
        assert "_" not in name_topic(name)
        assert "_" not in name_feature(name).replace("_known", "")
