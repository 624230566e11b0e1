"""The market of wallets: transfers and nothing else, and what is true of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from detection.evaluation.simulation.market import SimulatedMarket, write_market
from detection.evaluation.wallets import LEAST, simulate
from detection.evaluation.worlds import simulate_world
from graph.contract.tables import read_folder
from graph.open import open_store
from graph.settings import Settings
from graph.stores.snapshots import digest_snapshot


@pytest.fixture(scope="module", params=["ordinary", "hard"])
def market(request: pytest.FixtureRequest) -> SimulatedMarket:
    return simulate_world("wallets", 900, 4, request.param)


def test_there_are_as_many_wallets_as_were_asked_for_and_the_same_each_time(market: SimulatedMarket) -> None:
    assert set(market.tables) == {"accounts", "transfers"}
    assert len(market.tables["accounts"]) == 900
    again = simulate_world("wallets", 900, 4, "ordinary").tables["transfers"]
    other = simulate_world("wallets", 900, 5, "ordinary").tables["transfers"]
    assert not again.equals(other)
    pd.testing.assert_frame_equal(again, simulate_world("wallets", 900, 4, "ordinary").tables["transfers"])


def test_the_truth_names_rings_and_the_honest_groups_that_pay_one_another(market: SimulatedMarket) -> None:
    rings, honest, accounts = (market.truth[name] for name in ("rings", "lookalikes", "accounts"))
    assert rings.groupby("ring_id").size().min() >= LEAST
    assert set(honest["kind"]) == {"wages", "savings_circle", "gift"}
    assert set(accounts.loc[accounts["is_fraud"], "account_id"]) == set(rings["account_id"])
    assert not set(rings["account_id"]) & set(honest["account_id"])


def test_hard_rings_take_longer_to_set_up_and_do_what_others_do() -> None:
    spans, counts = [], []
    for difficulty in ("ordinary", "hard"):
        market = simulate_world("wallets", 900, 4, difficulty)
        paid = market.tables["transfers"].assign(at=lambda rows: pd.to_datetime(rows["paid_at"]))
        first = paid.groupby("payee_id")["at"].min()
        rings = market.truth["rings"]
        spans.append(
            rings.assign(at=rings["account_id"].map(first)).groupby("ring_id")["at"].agg(pd.Series.std).median()
        )
        counts.append(paid["payer_id"].isin(rings["account_id"]).sum() / len(rings))
    assert spans[0] < spans[1]
    assert counts[0] < counts[1]


def test_a_market_whose_payments_came_as_orders_is_the_market_whose_payments_came_as_transfers(
    market: SimulatedMarket, tmp_path: Path
) -> None:
    paid = market.tables["transfers"]
    names = {"transfer_id": "order_id", "payer_id": "buyer_id", "payee_id": "seller_id", "paid_at": "ordered_at"}
    told = {"transfers": market.tables, "orders": {**market.tables, "orders": paid.rename(columns=names)}}
    told["orders"].pop("transfers")
    digests = []
    for name, tables in told.items():
        write_market(SimulatedMarket(tables, market.truth), tmp_path / name, "parquet")
        with open_store(str(tmp_path / f"{name}-store"), mode="write") as store:
            store.load(read_folder(tmp_path / name, Settings()))
            digests.append(digest_snapshot(store.snapshot()))
    assert digests[0] == digests[1]


def test_the_measured_market_is_the_generator_s() -> None:
    market = simulate(900, 3, 7)
    assert [kind for kind, _ in market.rings] == ["star", "chain", "tree"]
    assert simulate(900, 3, 7).rows == market.rows
