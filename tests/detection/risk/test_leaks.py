"""No label reaches a feature, a training of the past or a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from risk_market import SETTINGS, run

from detection.evaluation import leak_gate as leaks_module
from detection.evaluation.leak_gate import check_features, check_labels
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.run import find_run
from detection.settings import DetectSettings
from detection.training.risk import train_on
from embeddings.features.table import FeatureTable, TableBlock, describe_accounts, describe_blocks
from graph.errors import LeakError
from graph.model import Snapshot


def test_features_are_the_same_without_labels_and_with_others(market: Snapshot) -> None:
    assert check_features(market, describe_accounts(market)).name == "features"


def test_a_feature_made_of_labels_fails_the_gate_by_name(market: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        yield from describe_blocks(snapshot)
        bad = np.unique(snapshot.label_account[snapshot.label_is_fraud])
        yield TableBlock(("account.known_bad",), bad, np.ones((len(bad), 1), dtype=np.float32))

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match=r"'account\.known_bad' changes when the labels are removed"):
        check_features(market, FeatureTable(market.n_accounts, tuple(leak(market))))


def test_a_leak_into_one_value_of_one_column_fails_the_gate_by_name(
    market: Snapshot, table: FeatureTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        *others, last = describe_blocks(snapshot)
        if len(snapshot.label_account):
            last.values[-1, 3] += 1
        yield from (*others, last)

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match=f"{table.blocks[-1].names[3]}' changes when the labels are replaced by random"):
        check_features(market, table)


def test_training_fails_at_a_leak_and_writes_no_model(
    market: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        for block in describe_blocks(snapshot):
            yield replace(block, values=block.values + np.float32(len(snapshot.label_account)))

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError):
        train_on(market, tmp_path / "risk.model", SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_a_model_reads_no_label(market: Snapshot, model_path: Path) -> None:
    settings = DetectSettings(model=str(model_path)).without_decisions()
    assert check_labels(market, find_run(market, settings), settings).name == "labels"


def test_labels_decided_after_the_instant_are_not_learnt_from(tmp_path: Path) -> None:
    write_market(simulate_market(MarketSettings(n_accounts=1_500, seed=2)), tmp_path / "market", "parquet")
    assert run("--store", str(tmp_path / "store"), "load", str(tmp_path / "market")).exit_code == 0
    early = run("--store", str(tmp_path / "store"), "train", "-o", str(tmp_path / "m"), "--as-of", "2022-01-01")
    assert (early.exit_code, early.stdout) == (4, "")
    assert "there are 0 and 0" in early.stderr.splitlines()[-1]
