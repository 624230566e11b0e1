"""No label reaches a feature, a training of the past or a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from risk_market import SETTINGS, run

from detection.evaluation import leak_gate as leaks_module
from detection.evaluation.leak_gate import check_labels, describe_checked, digest_columns
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.run import find_run
from detection.settings import DetectSettings
from detection.training.risk import train_on
from embeddings.features.table import FeatureTable, TableBlock, describe_blocks
from graph.errors import LeakError
from graph.model import Snapshot


def test_the_checked_table_is_the_one_of_a_market_without_labels(market: Snapshot, table: FeatureTable) -> None:
    described = describe_checked(market)
    assert described.check.name == "features"
    assert [block.names for block in described.table.blocks] == [block.names for block in table.blocks]
    for one, two in zip(described.table.blocks, table.blocks, strict=True):
        assert one.rows.tobytes() == two.rows.tobytes()
        assert one.values.tobytes() == two.values.tobytes()


def test_accounts_are_described_twice_and_no_more(market: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    labelled: list[int] = []

    def describe(snapshot: Snapshot) -> Iterator[TableBlock]:
        labelled.append(len(snapshot.label_account))
        yield from describe_blocks(snapshot)

    monkeypatch.setattr(leaks_module, "describe_blocks", describe)
    describe_checked(market)
    assert labelled == [market.n_accounts // 2, 0]


def test_a_column_made_of_labels_fails_the_gate_by_name(market: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        yield from describe_blocks(snapshot)
        bad = np.unique(snapshot.label_account[snapshot.label_is_fraud])
        yield TableBlock(("account.known_bad",), bad, np.ones((len(bad), 1), dtype=np.float32))

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match=r"'account\.known_bad' changes when the labels are replaced by random ones"):
        describe_checked(market)


def test_a_column_that_only_labels_bring_about_fails_the_gate(
    market: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        yield from describe_blocks(snapshot)
        if len(snapshot.label_account):
            yield TableBlock(("account.known",), np.array([0]), np.ones((1, 1), dtype=np.float32))

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match=r"the columns change when .* random ones: account\.known"):
        describe_checked(market)


@pytest.mark.parametrize("leaked", [1.0, np.nan])
def test_a_leak_into_one_value_of_one_column_fails_the_gate_by_name(
    market: Snapshot, table: FeatureTable, monkeypatch: pytest.MonkeyPatch, leaked: float
) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        *others, last = describe_blocks(snapshot)
        if len(snapshot.label_account):
            place = np.flatnonzero(np.isfinite(last.values[:, 3]))[-1]
            last.values[place, 3] += np.float32(leaked)
        yield from (*others, last)

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match=f"{table.blocks[-1].names[3]}' changes when the labels are replaced by random"):
        describe_checked(market)


def test_a_leak_into_whom_a_column_speaks_of_fails_the_gate(market: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(snapshot: Snapshot) -> Iterator[TableBlock]:
        *others, last = describe_blocks(snapshot)
        moved = last.rows.copy()
        moved[-1] += len(snapshot.label_account) > 0
        yield from (*others, replace(last, rows=moved))

    monkeypatch.setattr(leaks_module, "describe_blocks", leak)
    with pytest.raises(LeakError, match="changes when the labels are replaced by random ones"):
        describe_checked(market)


def test_silence_of_another_form_and_zero_of_another_sign_are_no_leak() -> None:
    other_nan = np.array([0x7FC00001], dtype=np.uint32).view(np.float32)[0]
    one = TableBlock(("a", "b"), np.arange(2), np.array([[0.0, np.nan], [1.0, 2.0]], dtype=np.float32))
    two = TableBlock(("a", "b"), np.arange(2), np.array([[-0.0, other_nan], [1.0, 2.0]], dtype=np.float32))
    assert one.values.tobytes() != two.values.tobytes()
    assert digest_columns([one]) == digest_columns([two])


def test_digests_do_not_depend_on_how_a_block_lies_in_memory(table: FeatureTable) -> None:
    turned = [replace(block, values=np.asfortranarray(block.values)) for block in table.blocks]
    assert digest_columns(turned) == digest_columns(table.blocks)


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
