"""Training and a run with a model, as a user does."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from risk_market import QUICK, run

from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.job import night
from detection.training import risk


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risk, "RiskSettings", functools.partial(replace, QUICK))


def test_train_and_detect_as_a_user_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_market(simulate_market(MarketSettings(n_accounts=800, seed=2)), tmp_path / "market", "parquet")
    assert run("load", "market").exit_code == 0
    trained = run("train", "-o", "risk.model")
    assert trained.exit_code == 0
    assert "Told apart" in trained.stdout
    assert trained.stdout.endswith("Next: ringfence detect --model risk.model\n")
    as_rows = run("train", "-o", "risk.model", "--format", "csv").stdout.splitlines()
    assert as_rows[0] == "section,name,measure,value,low,high"
    flagged = run("detect", "--model", "risk.model")
    assert flagged.exit_code == 0
    assert "the model's scores have not moved" in flagged.stderr
    (tmp_path / "ringfence.toml").write_text('[detect]\nmodel = "gone.model"\n', encoding="utf-8")
    assert "gone.model: the model cannot be read" in run("detect").stderr
    assert "learned risk" in run("export", "accounts", "-o", "-", "--format", "json").stdout or flagged.stdout


@pytest.mark.thorough
def test_a_training_by_few_labels_says_that_its_chances_are_no_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    market = simulate_market(MarketSettings(n_accounts=300, seed=3))
    accounts = market.tables["accounts"].account_id[:200]
    for name, n_labels in (("few", 99), ("many", 100)):
        told = np.where(np.arange(n_labels) % 2, "fraud", "legit")
        labels = pd.DataFrame({"account_id": accounts[:n_labels], "label": told, "decided_at": "2025-01-01T00:00:00Z"})
        write_market(replace(market, tables={**market.tables, "labels": labels}), tmp_path / name, "csv")
        assert run("--store", name + ".store", "load", name).exit_code == 0
        assert ("an order of accounts" in run("--store", name + ".store", "train").stdout) is (name == "few")


def test_evaluate_measures_what_was_not_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringfence.toml").write_text('[detect]\nmodel = "gone.model"\n', encoding="utf-8")
    write_market(simulate_market(MarketSettings(n_accounts=400, seed=2)), tmp_path / "market", "parquet")
    assert run("evaluate", "market", "--no-baselines", "--resamples", "1").exit_code == 0


def say_settings(model: str) -> str:
    return f"""[detect]
{model}
challenger = "challenger.model"
[run]
tables = "exports"
[run.models]
train_every_days = 1
least_runs = 1
"""


def die(*_: object) -> None:
    raise RuntimeError("killed")


def test_a_challenger_is_trained_by_a_night_tried_beside_the_model_and_switched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    market = simulate_market(MarketSettings(n_accounts=300, seed=3))
    told = np.where(np.arange(60) % 2, "fraud", "legit")
    accounts = market.tables["accounts"].account_id[:60]
    labels = pd.DataFrame({"account_id": accounts, "label": told, "decided_at": "2025-01-01T00:00:00Z"})
    write_market(replace(market, tables={**market.tables, "labels": labels}), tmp_path / "exports" / "1", "csv")
    settings = tmp_path / "ringfence.toml"
    settings.write_text(say_settings(""), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(night, "train_challenger", die)
        with pytest.raises(RuntimeError, match="killed"):
            run("run")
    first = json.loads(run("run", "--format", "json").stdout)  # taken up where it was
    assert (first["job"], first["state"]) == (1, "done")
    assert (first["steps"][-1]["name"], first["steps"][-1]["result"]["fraud"]) == ("train", 30)
    assert "no model acts yet: copy" in run("model", "promote").stderr
    settings.write_text(say_settings('model = "risk.model"'), encoding="utf-8")
    assert run("train", "-o", "risk.model", "--seed", "5").exit_code == 0
    acting, tried = ((tmp_path / name).read_bytes() for name in ("risk.model", "challenger.model"))
    second = json.loads(run("run", "--format", "json").stdout)
    assert (second["steps"][-1]["skipped"], second["steps"][-1]["result"]["why"][:24]) == (
        True,
        "the last one was trained",
    )
    compared = json.loads(run("model", "compare", "--format", "json").stdout)
    assert (compared["advice"], len(compared["rounds"])) == ("wait", 1)
    assert "What is asked of the challenger" in run("model", "compare").stdout
    refused = run("model", "promote", "--reason", "newer")
    assert (refused.exit_code, "--despite least_labels" in refused.stderr) == (9, True)
    assert (tmp_path / "risk.model").read_bytes() == acting
    assert run("model", "promote", "--reason", "newer", "--despite", "least_labels", "--by", "ana").exit_code == 0
    assert (tmp_path / "risk.model").read_bytes() == tried
    assert run("model", "revert", "--reason", "older").exit_code == 0
    assert (tmp_path / "risk.model").read_bytes() == acting
    shown = run("model", "card").stdout
    assert "30 as fraud and 30 as legit, of 300" in shown
    assert f"In run {compared['rounds'][0]['run_id']}" in shown
    assert "must not be used for" in shown
