"""Whether the market has moved since a model was learnt."""

from __future__ import annotations

import numpy as np
import pytest
from risk_market import make_table

from detection.risk.drift import MOVED, measure_drift, measure_spread, note_drift
from embeddings.features.table import FeatureTable


def test_the_market_that_was_learnt_from_has_not_moved(table: FeatureTable) -> None:
    risk = np.linspace(0, 1, table.n_accounts)
    spread = measure_spread(table, table.names[:20], risk)
    assert measure_drift(spread, table, risk) == pytest.approx(0.0, abs=1e-9)


def test_a_column_that_moved_is_named() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5_000, 2))
    then, now = make_table(values, "still", "moving"), make_table(values + np.array([0, 1]), "still", "moving")
    risk = rng.random(5_000)
    spread = measure_spread(then, then.names, risk)
    drift = measure_drift(spread, now, risk)
    assert drift[0] < 0.01 < MOVED < drift[1]
    assert "1 of its 2 inputs have, most of all moving" in note_drift(spread, drift)[0]


def test_falling_silent_is_drift(table: FeatureTable) -> None:
    risk = np.zeros(table.n_accounts)
    spread = measure_spread(table, ("bought.log_count",), risk)
    silent = FeatureTable(table.n_accounts, ())
    assert measure_drift(spread, silent, risk)[0] > MOVED
