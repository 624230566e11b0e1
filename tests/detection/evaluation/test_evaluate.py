"""Whole evaluations, and the command."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from evaluated import FEW, plant, write
from sklearn.metrics import roc_auc_score

from cli.main import main
from detection.evaluation.evaluate import EvaluationPlan, evaluate_market
from detection.evaluation.measures import (
    measure_run,
    restrict_truth,
)
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.evaluation.truth import TrueGroup, Truth
from detection.run import find_run
from detection.settings import DetectSettings
from graph.vocabulary import TIERS


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate") / "market"
    write_market(simulate_market(MarketSettings(n_accounts=300, seed=2)), folder, "parquet")
    return folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


PLAIN = ("--resamples", 20, "--no-baselines", "--format")


@pytest.fixture(scope="module")
def figures(market: Path) -> str:
    """Ringfence's figures alone, as CSV."""
    return run("evaluate", market, *PLAIN, "csv").stdout


def test_a_run_without_a_channel_does_not_use_it() -> None:
    snapshot, _ = plant()
    without = DetectSettings(exclude_channels=("device", "payment", "phone", "trade", "sign-up", "referral"))
    assert not {"device", "trade"} & {e.channel for ring in find_run(snapshot, without).rings for e in ring.evidence}
    assert {"device", "trade"} <= {e.channel for r in find_run(snapshot, DetectSettings()).rings for e in r.evidence}


def test_an_evaluation_measures_ringfence_the_recipes_and_every_ablation() -> None:
    snapshot, rings = plant()
    truth = Truth(tuple(TrueGroup(str(n), "trade", frozenset(ring)) for n, ring in enumerate(rings)))
    plan = EvaluationPlan(ablate=True, resampling=FEW)
    found = evaluate_market(snapshot, truth, DetectSettings(), plan=plan)
    assert found.methods[0].rings is not None
    assert found.methods[0].rings.average_precision.value == 1.0
    names = {method.name for method in found.ablated}
    assert {"without device", "without trade", "without praise"} <= names
    assert [check.name for check in found.leaks] == ["dates", "labels"]
    assert any("no accounts table" in note for note in found.notes)


def test_the_command_prints_every_section_and_leaves_nothing_behind(market: Path) -> None:
    before = sorted(path.name for path in market.parent.iterdir())
    shown = run("evaluate", market, "--resamples", 20).stdout
    for title in ("Leak gate: passed", "Planted rings", "look-alike", "Accounts and reviews", "Flagged", "mean"):
        assert title in shown
    for method in ("Ringfence", "WCC", "Leiden"):
        assert method in shown
    assert sorted(path.name for path in market.parent.iterdir()) == before


def test_csv_and_json_hold_the_same_figures(market: Path, figures: str) -> None:
    rows = {(r["section"], r["name"], r["measure"]): r for r in csv.DictReader(io.StringIO(figures))}
    document = json.loads(run("evaluate", market, *PLAIN, "json").stdout)
    rings = document["methods"][0]["rings"]
    assert float(rows["rings", "Ringfence", "average_precision"]["low"]) == rings["average_precision"]["low"]
    assert len(document["methods"]) == 1
    accounts = document["measured"]["accounts"][0]
    assert float(rows["accounts", "all", "auc"]["value"]) == accounts["auc"]["value"]


def test_without_a_folder_the_store_is_measured_to_the_same_bytes(market: Path, figures: str, tmp_path: Path) -> None:
    store = tmp_path / "store"
    run("--store", store, "load", market)
    from_store = run("--store", store, "evaluate", "--truth", market / "truth", *PLAIN, "csv")
    assert from_store.stdout == figures
    assert run("--store", store, "runs", "--format", "csv").stdout.count("\n") == 1
    by_labels = csv.DictReader(io.StringIO(run("--store", store, "evaluate", *PLAIN, "csv").stdout))
    rows = {(row["section"], row["name"], row["measure"]): row["value"] for row in by_labels}
    assert 0 < int(rows["accounts", "all", "rows"]) < 20


def test_another_markets_truth_is_bad_data(market: Path, tmp_path: Path) -> None:
    write(tmp_path / "truth", "accounts.csv", "account_id,is_fraud\nnobody,1\n")
    result = run("evaluate", market, "--truth", tmp_path / "truth")
    assert (result.exit_code, "another market" in result.stderr) == (4, True)


def test_as_of_measures_what_was_known_then(market: Path) -> None:
    document = json.loads(run("evaluate", market, "--as-of", "2024-06-01", *PLAIN, "json").stdout)
    assert document["as_of"].startswith("2024-06-01")
    assert document["accounts"] < 300
    assert [check["name"] for check in document["leaks"]] == ["dates", "labels", "future"]


def test_measuring_by_hand_agrees_with_the_run(market: Path) -> None:
    snapshot, rings = plant()
    result = find_run(snapshot, DetectSettings())
    truth = restrict_truth(
        Truth(tuple(TrueGroup(str(n), "trade", frozenset(r)) for n, r in enumerate(rings))), snapshot
    )
    measured = measure_run(result, snapshot, truth, FEW)
    assert measured.rings is not None
    assert measured.rings.listed == len(result.rings)
    bad = np.isin(snapshot.account_id.astype(str), [name for ring in rings for name in ring])
    assert measured.accounts[0].auc.value == pytest.approx(roc_auc_score(bad, result.account_score))
    flagged = result.account_tier >= TIERS.index("review")
    assert measured.tiers[0].bad == (flagged & bad).sum()
