"""What is known of accounts: which decision counts, whether it is enough, how it is dealt to folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from risk_market import QUICK

from detection.risk.labels import Known, check_enough, choose_known, deal_folds, draw_known
from detection.risk.settings import RiskSettings
from graph.errors import DataError
from graph.model import Snapshot


def test_the_latest_decision_about_an_account_counts(market: Snapshot) -> None:
    decided = np.array(["2024-03-01", "2024-02-01", "NaT", "2024-03-01"], dtype="datetime64[us]")
    changed = replace(
        market,
        label_account=np.array([7, 7, 7, 2]),
        label_is_fraud=np.array([False, True, True, True]),
        label_decided_at=decided,
    )
    known = choose_known(changed)
    assert (known.row.tolist(), known.is_fraud.tolist()) == ([2, 7], [True, False])


def test_of_decisions_at_one_time_the_graver_counts(market: Snapshot) -> None:
    at = np.full(2, np.datetime64("2024-03-01", "us"))
    changed = replace(
        market, label_account=np.array([4, 4]), label_is_fraud=np.array([True, False]), label_decided_at=at
    )
    assert choose_known(changed).is_fraud.tolist() == [True]


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
