"""Vectors: their laws, their bytes, and markets of next to nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
from encoder_market import ALL_TRAITS, QUICK, Market, permuted, planted_market
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from embeddings.encoder.file import read_encoder, write_encoder
from embeddings.encoder.model import Encoder, fit_encoder
from embeddings.similar import find_similar
from graph.contract.as_of import forget_later
from graph.contract.tables import read_folder
from graph.errors import ConfigError
from graph.open import open_store
from graph.settings import Settings


def test_labels_do_not_change_the_encoder(market: Market, vectors: NDArray[np.float32]) -> None:
    labelled = replace(market, fraud=(0, 3, 5)).snapshot()
    assert fit_encoder(labelled, QUICK).encode(labelled).tobytes() == vectors.tobytes()


def test_vectors_have_unit_length(market: Market, vectors: NDArray[np.float32]) -> None:
    assert vectors.shape == (market.n_accounts, QUICK.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@settings(max_examples=5, deadline=None)
@given(new_row=st.permutations(range(60)))
def test_permuting_accounts_permutes_the_vectors(
    market: Market, encoder: Encoder, vectors: NDArray[np.float32], new_row: list[int]
) -> None:
    moved = encoder.encode(permuted(market, new_row).snapshot())
    np.testing.assert_allclose(moved[new_row], vectors, atol=1e-4)


def test_the_same_seed_gives_the_same_bytes(market: Market, vectors: NDArray[np.float32]) -> None:
    again = fit_encoder(market.snapshot(), QUICK).encode(market.snapshot())
    assert again.tobytes() == vectors.tobytes()


def test_another_seed_gives_another_encoder(market: Market, vectors: NDArray[np.float32]) -> None:
    other = fit_encoder(market.snapshot(), replace(QUICK, seed=1)).encode(market.snapshot())
    assert not np.allclose(other, vectors, atol=1e-2)


def test_the_callers_torch_is_left_as_it_was(market: Market, vectors: NDArray[np.float32]) -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch.manual_seed(99)
        before = torch.random.get_rng_state()
        alone = fit_encoder(market.snapshot(), QUICK).encode(market.snapshot())
        assert alone.tobytes() == vectors.tobytes()
        assert torch.get_num_threads() == 2
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.equal(torch.random.get_rng_state(), before)
    finally:
        torch.set_num_threads(threads)


def test_training_changes_the_encoder(market: Market, vectors: NDArray[np.float32]) -> None:
    untrained = fit_encoder(market.snapshot(), replace(QUICK, steps=0))
    assert not np.allclose(untrained.encode(market.snapshot()), vectors, atol=1e-2)


def test_an_isolated_account_leaves_the_others_alone(
    market: Market, encoder: Encoder, vectors: NDArray[np.float32]
) -> None:
    grown = encoder.encode(replace(market, n_accounts=market.n_accounts + 1).snapshot())
    np.testing.assert_allclose(grown[:-1], vectors, atol=1e-5)
    assert np.isfinite(grown[-1]).all()


def test_what_neighbours_do_reaches_an_account(market: Market, encoder: Encoder) -> None:
    linked = replace(market, orders=[*market.orders], uses=[*market.uses, (0, "device", "new"), (1, "device", "new")])
    busier = replace(linked, orders=[*linked.orders, *[(1, -1, -1, 900.0, 5.0 * i, 1) for i in range(40)]])
    before, after = encoder.encode(linked.snapshot()), encoder.encode(busier.snapshot())
    assert np.abs(after[0] - before[0]).max() > 1e-3


def test_chunks_do_not_change_the_vectors(market: Market, encoder: Encoder, vectors: NDArray[np.float32]) -> None:
    small = replace(encoder, settings=replace(encoder.settings, chunk=7))
    np.testing.assert_allclose(small.encode(market.snapshot()), vectors, atol=1e-5)


def test_accounts_that_behave_alike_are_nearest_to_one_another() -> None:
    market, planted = planted_market()
    snapshot = market.snapshot()
    vectors = fit_encoder(snapshot, replace(QUICK, steps=30, dimensions=32)).encode(snapshot)
    hits = [len(set(find_similar(vectors, account, 5).row.tolist()) & set(planted)) for account in planted]
    assert fmean(hits) >= 4.5


@pytest.mark.parametrize("n_accounts", [0, 1, 5])
def test_a_market_of_accounts_alone_can_be_encoded(n_accounts: int) -> None:
    snapshot = Market(n_accounts).snapshot()
    vectors = fit_encoder(snapshot, replace(QUICK, steps=2)).encode(snapshot)
    assert vectors.shape == (n_accounts, QUICK.dimensions)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("silenced", ["uses", "orders", "reviews", "referrals", "created"])
def test_a_missing_table_is_no_obstacle(market: Market, encoder: Encoder, silenced: str) -> None:
    poorer = replace(market, **{silenced: type(getattr(market, silenced))()})
    assert np.isfinite(encoder.encode(poorer.snapshot())).all()


def test_progress_reaches_its_end(market: Market) -> None:
    told: list[tuple[str, int, int]] = []
    fit_encoder(market.snapshot(), replace(QUICK, steps=2), progress=lambda *step: told.append(step)).encode(
        market.snapshot(), progress=lambda *step: told.append(step)
    )
    assert told == [
        ("train encoder", 1, 2),
        ("train encoder", 2, 2),
        ("encode accounts", 1, 2),
        ("encode accounts", 2, 2),
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("dimensions", 0), ("steps", -1), ("hide_share", 1.0), ("temperature", 0.0), ("batch", 0)]
)
def test_a_senseless_setting_is_named(market: Market, name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"encoder.{name} is {value}"):
        fit_encoder(market.snapshot(), replace(QUICK, **{name: value}))


def test_encoding_as_of_an_instant_is_encoding_a_market_cut_by_hand(tmp_path: Path) -> None:
    market = simulate_market(MarketSettings(600, seed=2))
    write_market(market, tmp_path / "market", "parquet")
    tables = read_folder(tmp_path / "market", Settings())
    as_of = np.datetime64("2024-09-01T00:00:00", "us")
    with open_store(str(tmp_path / "whole"), mode="write") as store:
        store.load(tables)
        whole, seen = store.snapshot(), store.snapshot(as_of=as_of)
    with open_store(str(tmp_path / "cut"), mode="write") as store:
        store.load(forget_later(tables, as_of))
        by_hand = store.snapshot()
    assert len(seen.orders.buyer) < len(whole.orders.buyer)
    encoder = fit_encoder(whole, ALL_TRAITS)
    vectors = dict(zip(by_hand.account_id.tolist(), encoder.encode(by_hand), strict=True))
    for account_id, vector in zip(seen.account_id.tolist(), encoder.encode(seen), strict=True):
        assert vectors[account_id].tobytes() == vector.tobytes()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_gives_the_same_vectors(
    market: Market, encoder: Encoder, vectors: NDArray[np.float32], tmp_path: Path
) -> None:
    write_encoder(tmp_path / "accounts.encoder", encoder)
    moved = read_encoder(tmp_path / "accounts.encoder", device="cuda").encoder
    np.testing.assert_allclose(moved.encode(market.snapshot()), vectors, atol=1e-4)
