"""Trainings that are cut short, and fine-tuning by labels."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from encoder_market import QUICK, Market, random_market

from embeddings.encoder import training
from embeddings.encoder.file import pack_encoder
from embeddings.encoder.model import Encoder, fit_encoder
from embeddings.encoder.training import KnownAccounts

KEEP_EVERY = 3
LONG = replace(QUICK, steps=3 * KEEP_EVERY + 1, label_steps=2)


@pytest.fixture(autouse=True)
def kept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "KEEP_EVERY", KEEP_EVERY)


def stop_at(step: int) -> Callable[[str, int, int], None]:
    def tell(_: str, done: int, __: int) -> None:
        if done == step:
            raise KeyboardInterrupt

    return tell


def test_a_training_that_was_cut_short_ends_in_the_bytes_of_an_unbroken_one(market: Market, tmp_path: Path) -> None:
    snapshot, kept_at = market.snapshot(), tmp_path / "under-way"
    known = KnownAccounts(np.arange(20), np.arange(20) % 2 == 0)
    for step in (KEEP_EVERY + 2, 2 * KEEP_EVERY + 1):
        with pytest.raises(KeyboardInterrupt):
            fit_encoder(snapshot, LONG, known=known, kept_at=kept_at, progress=stop_at(step))
    steps: list[int] = []
    resumed = fit_encoder(snapshot, LONG, known=known, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == 2 * KEEP_EVERY + 1
    unbroken = fit_encoder(snapshot, LONG, known=known)
    assert pack_encoder(resumed, {}) == pack_encoder(unbroken, {})
    assert resumed.losses == unbroken.losses


def test_a_killed_process_is_taken_up_where_it_was(market: Market, tmp_path: Path) -> None:
    kept_at, snapshot, killed_at = tmp_path / "under-way", market.snapshot(), 2 * KEEP_EVERY - 1
    child = os.fork()
    if not child:  # pragma: no cover  # in the other process
        progress = lambda _, n, __: n == killed_at and os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
        fit_encoder(snapshot, LONG, kept_at=kept_at, progress=progress)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    steps: list[int] = []
    resumed = fit_encoder(snapshot, LONG, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == KEEP_EVERY + 1
    assert pack_encoder(resumed, {}) == pack_encoder(fit_encoder(snapshot, LONG), {})


@pytest.fixture(scope="module")
def kept(market: Market, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What is kept of a training that came to its end."""
    kept_at = tmp_path_factory.mktemp("kept") / "under-way"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "KEEP_EVERY", KEEP_EVERY)
        fit_encoder(market.snapshot(), LONG, kept_at=kept_at)
    return kept_at.read_bytes()


@pytest.mark.parametrize("other", ["nothing", "market", "settings", "damage"])
def test_a_training_of_something_else_is_not_taken_up(market: Market, kept: bytes, tmp_path: Path, other: str) -> None:
    kept_at = tmp_path / "under-way"
    kept_at.write_bytes(kept[:100] if other == "damage" else kept)
    snapshot = random_market(9).snapshot() if other == "market" else market.snapshot()
    chosen = replace(LONG, seed=3) if other == "settings" else LONG
    first = 3 * KEEP_EVERY + 1 if other == "nothing" else 1
    with pytest.raises(KeyboardInterrupt):
        fit_encoder(snapshot, chosen, kept_at=kept_at, progress=stop_at(first))


def test_fine_tuning_tells_known_fraud_from_the_others(market: Market) -> None:
    snapshot = market.snapshot()
    known = KnownAccounts(np.arange(40), np.arange(40) < 20)

    def part(encoder: Encoder) -> float:
        vectors = encoder.encode(snapshot)
        bad, good = vectors[:20].mean(axis=0), vectors[20:40].mean(axis=0)
        return float(np.linalg.norm(bad - good))

    plain, tuned = fit_encoder(snapshot, QUICK), fit_encoder(snapshot, replace(QUICK, label_steps=60), known=known)
    assert part(tuned) > 1.3 * part(plain)
