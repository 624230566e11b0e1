"""Accounts that behave alike, from stored vectors and from those that have to be made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import small_market
from command_line import ACCOUNTS, run
from small_market import HOSTILE

from cli import likeness
from graph.stores.embedded.store import EmbeddedStore

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.fixture
def with_vectors(elsewhere: Path) -> Iterator[Path]:
    small_market.make_store(elsewhere)
    angles = np.array([0.01 * ACCOUNTS.index(account) for account in ACCOUNTS])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    with EmbeddedStore(elsewhere / "ringfence-store", mode="write") as store:
        store.write_vectors(np.array(ACCOUNTS, dtype=object), vectors)
    return elsewhere


@pytest.mark.usefixtures("with_vectors")
def test_similar_accounts_come_with_what_they_share() -> None:
    found = json.loads(run("similar", "ann", "-k", "2", "--format", "json").stdout)
    assert [each["account_id"] for each in found] == ["bob", "cyd"]
    assert found[0]["similarity"] == pytest.approx(np.cos(0.01), abs=1e-5)
    assert (found[0]["risk_score"], found[0]["tier"]) == (0.91, "automatic")
    assert "device phone-7" in found[0]["reasons"]


@pytest.mark.usefixtures("with_vectors")
def test_similar_knows_hostile_and_unknown_ids() -> None:
    assert run("similar", HOSTILE).exit_code == 0
    assert run("similar", "annn").exit_code == 3


def test_similar_trains_and_writes_only_when_told(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_market.make_store(elsewhere)
    calls = []

    def train(snapshot: small_market.Snapshot, seed: int) -> np.ndarray:
        calls.append(seed)
        return np.eye(snapshot.n_accounts, 3, dtype=np.float32)

    monkeypatch.setattr(likeness, "train_vectors", train)
    before = {path: path.read_bytes() for path in (elsewhere / "ringfence-store").rglob("*") if path.is_file()}
    by_figures = run("similar", "ann", "-k", "1")
    assert "compared by figures alone" in by_figures.stderr
    assert {path: path.read_bytes() for path in (elsewhere / "ringfence-store").rglob("*") if path.is_file()} == before
    assert calls == []
    kept = run("similar", "ann", "-k", "1", "--keep")
    assert run("similar", "ann", "-k", "1").stdout == kept.stdout
    assert calls == [0]


@pytest.mark.usefixtures("here")
def test_by_figures_alone_whoever_does_the_same_is_nearest() -> None:
    # Guests do nothing but live in one place; those who trade are unlike them.
    found = json.loads(run("similar", ACCOUNTS[10], "-k", "3", "--format", "json").stdout)
    assert {each["account_id"][:5] for each in found} == {"guest"}
    assert [each["similarity"] for each in found] == [1.0, 1.0, 1.0]


@pytest.mark.usefixtures("here")
def test_an_encoder_that_is_named_is_not_trained() -> None:
    assert run("similar", "ann", "--keep", "--encoder", "x").exit_code == 2
