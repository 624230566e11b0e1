"""Decisions to learn from: whether they are enough, how they are dealt to folds."""

from __future__ import annotations

import numpy as np
import pytest
from risk_market import QUICK

from detection.decisions import Known
from detection.risk.labels import check_enough, deal_folds, draw_known
from detection.risk.settings import RiskSettings
from graph.errors import DataError


@pytest.mark.parametrize(("bad", "good"), [(0, 0), (4, 50), (50, 4)])
def test_next_to_no_labels_are_refused_in_one_line(bad: int, good: int) -> None:
    known = Known(np.arange(bad + good), np.arange(bad + good) < bad)
    with pytest.raises(DataError, match=f"there are {bad} and {good}: load a labels table"):
        check_enough(known)


def test_every_fold_holds_some_of_either_kind() -> None:
    is_fraud = np.arange(40) < 5
    fold = deal_folds(is_fraud, RiskSettings(folds=5))
    assert np.bincount(fold[is_fraud]).tolist() == [1] * 5
    assert np.bincount(fold[~is_fraud]).tolist() == [7] * 5


def test_few_labels_are_all_learnt_from() -> None:
    drawn = draw_known(Known(np.arange(30), np.arange(30) < 7), QUICK)
    assert (drawn.place.tolist(), drawn.shift) == (list(range(30)), 0.0)
