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

from embeddings.encoder.file import pack_encoder
from embeddings.encoder.model import Encoder, fit_encoder
from embeddings.encoder.training import KEEP_EVERY, KnownAccounts

LONG = replace(QUICK, steps=60)


def stop_at(step: int) -> Callable[[str, int, int], None]:
    def tell(_: str, done: int, __: int) -> None:
        if done == step:
            raise KeyboardInterrupt

    return tell


def test_a_training_that_was_cut_short_ends_in_the_bytes_of_an_unbroken_one(market: Market, tmp_path: Path) -> None:
    snapshot, kept_at = market.snapshot(), tmp_path / "under-way"
    known = KnownAccounts(np.arange(20), np.arange(20) % 2 == 0)
    for step in (KEEP_EVERY + 3, 2 * KEEP_EVERY + 1):
        with pytest.raises(KeyboardInterrupt):
            fit_encoder(snapshot, LONG, known=known, kept_at=kept_at, progress=stop_at(step))
    steps: list[int] = []
    resumed = fit_encoder(snapshot, LONG, known=known, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == 2 * KEEP_EVERY + 1
    unbroken = fit_encoder(snapshot, LONG, known=known)
    assert pack_encoder(resumed, {}) == pack_encoder(unbroken, {})
    assert resumed.losses == unbroken.losses


def test_a_killed_process_is_taken_up_where_it_was(market: Market, tmp_path: Path) -> None:
    kept_at, snapshot = tmp_path / "under-way", market.snapshot()
    child = os.fork()
    if not child:  # pragma: no cover  # in the other process
        fit_encoder(snapshot, LONG, kept_at=kept_at, progress=lambda _, n, __: n == 40 and os.kill(os.getpid(), 9))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    steps: list[int] = []
    resumed = fit_encoder(snapshot, LONG, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == KEEP_EVERY + 1
    assert pack_encoder(resumed, {}) == pack_encoder(fit_encoder(snapshot, LONG), {})


@pytest.mark.parametrize("other", ["market", "settings", "damage"])
def test_a_training_of_something_else_is_not_taken_up(market: Market, tmp_path: Path, other: str) -> None:
    kept_at, snapshot, chosen = tmp_path / "under-way", market.snapshot(), LONG
    fit_encoder(snapshot, chosen, kept_at=kept_at)
    if other == "market":
        snapshot = random_market(9).snapshot()
    elif other == "settings":
        chosen = replace(LONG, seed=3)
    else:
        kept_at.write_bytes(kept_at.read_bytes()[:100])
    steps: list[int] = []
    fit_encoder(snapshot, chosen, kept_at=kept_at, progress=lambda _, n, __: steps.append(n))
    assert steps[0] == 1


def test_fine_tuning_tells_known_fraud_from_the_others(market: Market) -> None:
    snapshot = market.snapshot()
    known = KnownAccounts(np.arange(40), np.arange(40) < 20)

    def part(encoder: Encoder) -> float:
        vectors = encoder.encode(snapshot)
        bad, good = vectors[:20].mean(axis=0), vectors[20:40].mean(axis=0)
        return float(np.linalg.norm(bad - good))

    plain, tuned = fit_encoder(snapshot, QUICK), fit_encoder(snapshot, replace(QUICK, label_steps=60), known=known)
    assert part(tuned) > 1.3 * part(plain)
