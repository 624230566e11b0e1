"""What a training says of itself: where its decisions come from, of when they are, what to expect of the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from detection_market import FIRST_DAY, pick
from risk_market import BAD, QUICK, SETTINGS, label

from detection.beside import Figure, Later, Side
from detection.casework.facts import heed_facts
from detection.casework.heard import hear
from detection.decisions import choose_known
from detection.evaluation.leak_gate import check_label_dates
from detection.risk.file import KeptModel, read_model
from detection.settings import DetectSettings
from detection.training import risk
from detection.training.card import write_card
from detection.training.risk import Training, describe_decisions, train_on
from graph.casebook.events import make_event
from graph.errors import LeakError
from graph.model import Snapshot


@pytest.fixture(scope="module")
def decided(market: Snapshot) -> Snapshot:
    """The labels of a table on day 300, and what people decided by themselves in the year after."""
    names = {**dict.fromkeys(BAD[1::2], "confirmed"), **dict.fromkeys(pick(60, 30), "cleared")}
    said = [
        make_event(
            turn=turn,
            at=datetime(2025, 1, 1 + turn % 28, tzinfo=UTC),
            by="ana",
            reason="seen",
            kind="decided",
            subject="account",
            subject_id=name,
            word=word,
        )
        for turn, (name, word) in enumerate(names.items(), start=1)
    ]
    return heed_facts(market, hear(said))


@pytest.fixture(scope="module")
def training(decided: Snapshot, market: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Training:
    path = tmp_path_factory.mktemp("trained") / "risk.model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(risk, "RiskSettings", lambda seed: replace(QUICK, seed=seed))
        return train_on(decided, path, SETTINGS, n_loaded=len(market.label_account))


def test_a_model_says_where_its_decisions_come_from_and_when_they_were_given(training: Training) -> None:
    learnt = read_model(Path(training.path)).learnt
    assert learnt["sources"] == {
        "labels table": {"fraud": 15, "legit": 60},
        "decided here": {"fraud": 15, "legit": 30},
    }
    assert learnt["quarters"] == {"2024-Q4": {"fraud": 15, "legit": 60}, "2025-Q1": {"fraud": 15, "legit": 30}}


def test_an_account_that_was_decided_about_twice_is_counted_where_the_later_decision_was_given(
    market: Snapshot,
) -> None:
    said = make_event(
        turn=1, at=datetime(2025, 5, 1, tzinfo=UTC), by="ana", reason="paid", kind="decided", subject="account",
        subject_id=BAD[0], word="cleared",
    )  # fmt: skip
    told = describe_decisions(heed_facts(market, hear([said])), len(market.label_account))
    assert told["sources"]["decided here"] == {"fraud": 0, "legit": 1}
    assert told["sources"]["labels table"]["fraud"] == 14


def test_the_latest_decisions_are_told_apart_by_a_model_of_those_before(training: Training, decided: Snapshot) -> None:
    found = training.foretold
    assert found is not None
    assert 20 <= found.rows <= 60  # the latest fifth of 120, whole days
    assert found.auc.value > 0.8


def test_what_came_before_is_learnt_without_what_comes_after(
    decided: Snapshot, market: Snapshot, training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is decided about last is a mystery if all that was known before said the opposite."""
    monkeypatch.setattr(risk, "RiskSettings", lambda seed: replace(QUICK, seed=seed))
    at = decided.label_decided_at
    early = at < np.sort(at)[int(len(at) * 0.8)]
    turned = replace(decided, label_is_fraud=decided.label_is_fraud ^ early)
    found = train_on(turned, tmp_path / "m", SETTINGS).foretold
    assert found is not None
    assert training.foretold is not None
    assert found.auc.value < 0.5 < training.foretold.auc.value


def test_decisions_of_one_day_foretell_nothing(kept: KeptModel, market: Snapshot) -> None:
    assert kept.learnt["foretold"] is None
    assert len(set(market.label_decided_at.tolist())) == 1


def test_a_decision_later_than_the_instant_or_without_a_date_fails_the_gate(market: Snapshot) -> None:
    past = replace(market, as_of=FIRST_DAY + np.timedelta64(301, "D"))
    assert "none of 75 decisions" in check_label_dates(past).sentence
    later = label(past, [BAD[0]], [True], day=302)
    with pytest.raises(LeakError, match="1 decisions were given later than"):
        check_label_dates(later)
    undated = replace(later, label_decided_at=np.array(["NaT"], dtype="datetime64[us]"))
    with pytest.raises(LeakError, match="1 decisions bear no date and may be later"):
        check_label_dates(undated)
    assert "1 bear no date" in check_label_dates(replace(undated, as_of=None)).sentence


def test_what_a_model_learns_from_is_a_run_that_hears_none(
    market: Snapshot, kept: KeptModel, model_path: Path, tmp_path: Path
) -> None:
    settings = DetectSettings(model=str(model_path), challenger=str(model_path), hear_risk=True)
    train_on(market, tmp_path / "again.model", settings)
    again = read_model(tmp_path / "again.model").model
    assert again.trees == kept.model.trees
    assert (again.blend.weights, again.shift) == (kept.model.blend.weights, kept.model.shift)


def test_a_card_says_what_is_in_the_model_and_what_it_must_not_be_used_for(
    training: Training, decided: Snapshot
) -> None:
    kept = read_model(Path(training.path))
    card = write_card(kept, "risk.model")
    assert "120 accounts that were decided about, 30 as fraud and 90 as legit, of 500" in card
    assert len(choose_known(decided).row) == 120
    for words in (
        "| decided here | 15 | 30 |",
        "| 2024-Q4 | 15 | 60 |",
        kept.sha256,
        "by a model of the decisions before",
    ):
        assert words in card
    assert "## What it must not be used for\n\n- To restrict anybody by it alone" in card
    assert "No run with it is known here" in card
    assert "{" not in card
    assert "\n\n\n" not in card


def test_a_card_tells_of_the_latest_run_with_the_model(kept: KeptModel) -> None:
    figure = Figure(value=0.9, low=0.8, high=0.95)
    later = Later(since="2024-10-27T00:00:00", fraud=7, legit=9, expected=6.5, auc=figure, average_precision=figure)
    side = Side(sha256=kept.sha256, score_drift=0.31, inputs_moved=3, inputs=40, later=later)
    card = write_card(kept, "risk.model", side, "run-1")
    assert "In run run-1: the stability index of its scores is 0.31" in card
    assert "Since 2024-10-27 7 accounts were decided about as fraud and 9 as legit" in card
    assert "with an AUC of 0.900 [0.800, 0.950]" in card
    few = write_card(kept, "risk.model", replace_later(side, None), "run-1")
    assert "Its decisions bear no date" in few


def replace_later(side: Side, later: Later | None) -> Side:
    return Side(sha256=side.sha256, score_drift=0.0, inputs_moved=0, inputs=1, later=later)
