"""A village keeps the data contract, has the groups that were asked for, and lives at rates that markets have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from simulated import TIMES, count_early, find_fraud

from detection.evaluation.simulation.market import SimulatedMarket, write_market
from detection.evaluation.truth import read_truth
from detection.evaluation.village.market import VillageSettings, simulate_village
from detection.evaluation.village.settings import GROUPS_PER_20_000, METHODS
from graph.contract.tables import read_folder
from graph.errors import ConfigError
from graph.settings import Settings

OF_THEMSELVES = {"household", "carrier", "vpn"}


@pytest.fixture(params=["village", "hard_village"])
def market(request: pytest.FixtureRequest) -> SimulatedMarket:
    found: SimulatedMarket = request.getfixturevalue(request.param)
    return found


def count_groups(market: SimulatedMarket) -> pd.Series[int]:
    return market.truth["lookalikes"].groupby("kind")["group_id"].nunique()


def test_every_row_keeps_the_data_contract_and_none_is_there_twice(market: SimulatedMarket, tmp_path: Path) -> None:
    write_market(market, tmp_path / "village", "parquet")
    checked = read_folder(tmp_path / "village", Settings())
    assert len(checked) == 9
    assert {name: (len(table.rejects), table.n_repeated) for name, table in checked.items()} == dict.fromkeys(
        checked, (0, 0)
    )
    assert all(table.rows.num_rows for table in checked.values())
    truth = read_truth(tmp_path / "village" / "truth")
    assert len(truth.rings) == len(METHODS)
    assert {ring.kind for ring in truth.rings} == set(METHODS.values())


def test_the_same_settings_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    contents = []
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        write_market(simulate_village(VillageSettings(n_accounts=2_000, seed=seed)), tmp_path / name)
        files = sorted((tmp_path / name).rglob("*.csv"))
        contents.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_rings_work_in_every_way_and_honest_groups_are_of_every_kind(market: SimulatedMarket) -> None:
    assert set(market.truth["rings"]["method"]) == set(METHODS)
    assert set(market.truth["lookalikes"]["kind"]) == set(GROUPS_PER_20_000) | OF_THEMSELVES


def test_honest_groups_are_three_times_as_many_in_hard_villages() -> None:
    ordinary, hard = (VillageSettings(20_000, difficulty=each) for each in ("ordinary", "hard"))  # type: ignore[arg-type]  # words
    assert all(hard.count_groups(kind) == 3 * ordinary.count_groups(kind) for kind in GROUPS_PER_20_000)
    assert sum(ordinary.count_groups(kind) for kind in GROUPS_PER_20_000) >= 150
    assert ordinary.n_rings == hard.n_rings == 35


def test_all_groups_that_were_asked_for_are_there(market: SimulatedMarket) -> None:
    n_friends = count_groups(market)["friends"]
    settings = VillageSettings(2_000, difficulty="ordinary" if n_friends == 2 else "hard")
    found = count_groups(market)
    # Where nearly everybody is in some group, a family may be one person; of a device's owners one may be honest.
    sure = GROUPS_PER_20_000.keys() - {"extended_family", "second_hand"}
    assert {kind: found[kind] for kind in sure} == {kind: settings.count_groups(kind) for kind in sure}
    assert found["extended_family"] + found["second_hand"] > settings.count_groups("second_hand")


def test_groups_are_honest_and_rings_are_not_but_for_those_they_act_on(market: SimulatedMarket) -> None:
    fraud, rings = find_fraud(market), market.truth["rings"]
    assert not fraud & set(market.truth["lookalikes"]["account_id"])
    acts = rings["role"].isin(["member", "organiser", "beneficiary"])
    assert set(rings.loc[acts, "account_id"]) <= fraud
    assert rings.loc[rings["role"].isin(["member", "organiser"]), "account_id"].is_unique
    assert set(rings.loc[~acts, "role"]) == {"target", "victim"}


@pytest.mark.parametrize(("table", "who", "when"), [*TIMES, ("labels", "account_id", "decided_at")])
def test_nobody_does_anything_before_joining(market: SimulatedMarket, table: str, who: str, when: str) -> None:
    assert count_early(market, table, who, when) == 0


def test_nothing_is_bought_before_it_is_listed_nor_at_ones_own_shop(market: SimulatedMarket) -> None:
    orders = market.tables["orders"].merge(market.tables["listings"], on="product_id", suffixes=("", "_listed"))
    assert not (pd.to_datetime(orders["ordered_at"]) < pd.to_datetime(orders["listed_at"])).any()
    assert not (orders["buyer_id"] == orders["seller_id_listed"]).any()


def test_rates_are_those_of_marketplaces() -> None:
    market = simulate_village(VillageSettings(n_accounts=8_000, seed=1))
    orders, reviews = market.tables["orders"], market.tables["reviews"]
    bought = orders[orders["product_id"].notna()]
    assert 0.05 < (bought["status"] == "refunded").mean() < 0.085
    assert 0.10 < len(reviews) / len(bought) < 0.30
    stars = reviews["rating"].value_counts(normalize=True)
    assert stars[5] > 0.5
    assert stars[1] > stars[2]
    assert stars[1] > stars[3]
    paid = orders.loc[orders["product_id"].isna(), ["buyer_id", "seller_id"]].drop_duplicates()
    pairs = set(paid.itertuples(index=False, name=None))
    assert 0.35 < np.mean([(other, one) in pairs for one, other in pairs]) < 0.65
    hours = pd.to_datetime(orders["ordered_at"]).dt.hour.value_counts(normalize=True)
    assert hours.idxmax() in (20, 21)
    assert hours[4] < 0.02
    per_buyer = orders.groupby("buyer_id").size()
    assert per_buyer.quantile(0.99) > 5 * per_buyer.median()


def test_neither_ids_nor_row_order_tell_who_is_fraud(market: SimulatedMarket) -> None:
    accounts = market.tables["accounts"]
    is_fraud = accounts["account_id"].isin(find_fraud(market)).to_numpy()
    for order in (np.arange(len(accounts)), accounts["account_id"].rank().to_numpy()):
        centred = (order[is_fraud].mean() - order.mean()) / order.std() * np.sqrt(is_fraud.sum())
        assert abs(centred) < 3.5


def test_a_village_needs_people() -> None:
    with pytest.raises(ConfigError, match="at least 2,000"):
        VillageSettings(n_accounts=1_999)
    with pytest.raises(ConfigError, match="difficulty is 'easy'"):
        VillageSettings(n_accounts=2_000, difficulty="easy")  # type: ignore[arg-type]  # that is the point
