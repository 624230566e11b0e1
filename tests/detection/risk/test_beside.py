"""Two models in a run: one acts, and what the other one would change is told in figures, and in nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from detection_market import pick
from risk_market import BAD, label

from detection import judging
from detection.beside import Beside, compare_rings, note_beside
from detection.evaluation.leak_gate import find_difference
from detection.risk import opinion
from detection.risk.file import KeptModel, write_model
from detection.run import find_run
from detection.settings import DetectSettings
from graph.errors import ConfigError
from graph.model import Snapshot
from graph.results import RunResult
from graph.stores.run_rows import _run_row
from graph.vocabulary import TIERS

OLD, NEW = [*BAD[::2], *pick(0, 60)], [*BAD[1::2], *pick(60, 30)]


@pytest.fixture(scope="module")
def challenger_path(kept: KeptModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was taught the same, and is surer of everybody's guilt."""
    path = tmp_path_factory.mktemp("models") / "challenger.model"
    write_model(path, replace(kept.model, shift=kept.model.shift + 6.0), kept.spread, kept.learnt)
    return path


@pytest.fixture(scope="module")
def later(market: Snapshot) -> Snapshot:
    """The market some weeks on, when people have decided about others."""
    fresh = label(market, NEW, [True] * 15 + [False] * 30, day=320)
    return replace(
        market,
        label_account=np.append(market.label_account, fresh.label_account),
        label_is_fraud=np.append(market.label_is_fraud, fresh.label_is_fraud),
        label_decided_at=np.append(market.label_decided_at, fresh.label_decided_at),
    )


@pytest.fixture(scope="module")
def alone(later: Snapshot, model_path: Path) -> RunResult:
    return find_run(later, DetectSettings(model=str(model_path)))


@pytest.fixture(scope="module")
def both(later: Snapshot, model_path: Path, challenger_path: Path) -> RunResult:
    return find_run(later, DetectSettings(model=str(model_path), challenger=str(challenger_path)))


def read(run: RunResult) -> Beside:
    return msgspec.convert(run.models, Beside)


def test_a_challenger_acts_on_nothing(alone: RunResult, both: RunResult) -> None:
    assert find_difference(replace(alone, notes=()), replace(both, notes=())) is None
    assert (alone.account_probability == both.account_probability).all()
    assert set(both.notes) - set(alone.notes) == set(note_beside(read(both)))


def test_a_run_with_a_challenger_is_another_run_and_names_it(alone: RunResult, both: RunResult) -> None:
    assert (alone.run_id == both.run_id, "challenger_sha256" in alone.settings) == (False, False)
    assert both.settings["challenger_sha256"] == read(both).challenger.sha256  # type: ignore[union-attr]  # it has one


def test_without_a_challenger_a_run_is_what_it_was_whatever_it_is_called(alone: RunResult) -> None:
    assert "challenger" not in alone.settings
    assert read(alone).difference is None


def test_whose_tier_would_be_another_is_counted(later: Snapshot, challenger_path: Path, both: RunResult) -> None:
    acting = find_run(later, DetectSettings(model=str(challenger_path)))
    difference = read(both).difference
    assert difference is not None
    rows = np.flatnonzero(acting.account_tier != both.account_tier)
    pairs = [f"{TIERS[both.account_tier[row]]} > {TIERS[acting.account_tier[row]]}" for row in rows]
    assert difference.moved == {pair: pairs.count(pair) for pair in sorted(set(pairs))}
    assert sum(difference.moved.values()) > 20
    assert (difference.rings_moved, difference.accounts) == ({}, later.n_accounts)


def test_only_decisions_that_came_after_the_training_are_told_apart(both: RunResult) -> None:
    for found in (read(both).champion, read(both).challenger):
        assert found is not None
        assert found.later is not None
        assert (found.later.fraud, found.later.legit) == (15, 30)
        assert found.later.auc is not None
        assert found.later.auc.value > 0.9


def test_the_decision_itself_has_no_part_in_how_an_account_is_told_apart(
    later: Snapshot, model_path: Path, both: RunResult
) -> None:
    turned = replace(later, label_is_fraud=~later.label_is_fraud)
    found, other = read(both).champion, read(find_run(turned, DetectSettings(model=str(model_path)))).champion
    assert found is not None
    assert other is not None
    assert found.later is not None
    assert other.later is not None
    assert other.later.auc is not None
    assert found.later.auc is not None
    assert other.later.auc.value == pytest.approx(1.0 - found.later.auc.value)
    assert other.later.expected == found.later.expected


def test_models_that_order_accounts_alike_gain_nothing_on_one_another(both: RunResult) -> None:
    difference = read(both).difference
    assert difference is not None
    assert difference.gained is not None
    assert difference.gained.low <= 0 <= difference.gained.high
    assert difference.in_common == difference.riskiest == 100


def test_rings_that_hear_risk_are_searched_for_both(
    later: Snapshot, model_path: Path, challenger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched, search, described, describe = [], judging.search_market, [], opinion.describe_accounts
    monkeypatch.setattr(judging, "search_market", lambda *each, **how: searched.append(1) or search(*each, **how))
    monkeypatch.setattr(opinion, "describe_accounts", lambda each: described.append(1) or describe(each))
    settings = DetectSettings(model=str(model_path), challenger=str(challenger_path), hear_risk=True)
    find_run(later, settings)
    assert (len(searched), len(described)) == (2, 1)


def test_a_first_model_is_tried_beside_none(later: Snapshot, challenger_path: Path) -> None:
    plain = find_run(later, DetectSettings())
    run = find_run(later, DetectSettings(challenger=str(challenger_path)))
    assert find_difference(replace(plain, notes=()), replace(run, notes=())) is None
    assert (plain.models, run.account_probability) == (None, None)
    found = read(run)
    assert (found.champion, found.challenger is None, found.difference is None) == (None, False, False)


@pytest.mark.parametrize("content", [None, b"no model", "the model itself"])
def test_a_challenger_that_cannot_be_tried_stops_no_run(
    later: Snapshot, model_path: Path, tmp_path: Path, alone: RunResult, content: bytes | str | None
) -> None:
    path = tmp_path / "challenger.model"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else model_path.read_bytes())
    run = find_run(later, DetectSettings(model=str(model_path), challenger=str(path)))
    assert run.run_id == alone.run_id
    (note,) = set(run.notes) - set(alone.notes)
    assert "challenger" in note


def test_a_model_that_acts_and_cannot_be_read_stops_it(later: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        find_run(later, DetectSettings(model=str(tmp_path / "none")))


def test_what_is_kept_with_a_run_is_plain_json(later: Snapshot, both: RunResult) -> None:
    row = _run_row(both, later, 1, (None, None))  # type: ignore[arg-type]  # times have no part in it
    assert msgspec.convert(json.loads(str(row["settings"]))["models"], Beside) == read(both)


def test_rings_that_go_come_or_move_are_counted() -> None:
    def tell(**tiers: str) -> Any:
        return SimpleNamespace(rings=[SimpleNamespace(ring_id=name, tier=tier) for name, tier in tiers.items()])

    before, after = tell(R1="review", R2="watch", R3="watch"), tell(R1="review", R2="review", R4="watch")
    assert compare_rings(before, after) == {"gone": 1, "new": 1, "watch > review": 1}
