"""A bazaar keeps the data contract, has the groups that were asked for, and they do what they are called."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from simulated import TIMES, count_early, find_fraud

from detection.evaluation.bazaar.market import BazaarSettings, simulate_bazaar
from detection.evaluation.bazaar.settings import GROUPS_PER_20_000, METHODS
from detection.evaluation.simulation.market import SimulatedMarket, write_market
from detection.evaluation.truth import read_truth
from graph.contract.tables import read_folder
from graph.errors import ConfigError
from graph.settings import Settings


@pytest.fixture(params=["bazaar", "hard_bazaar"])
def market(request: pytest.FixtureRequest) -> SimulatedMarket:
    found: SimulatedMarket = request.getfixturevalue(request.param)
    return found


def find_groups(market: SimulatedMarket, kind: str) -> list[set[str]]:
    groups = market.truth["lookalikes"]
    return [set(part) for _, part in groups[groups["kind"] == kind].groupby("group_id")["account_id"]]


def find_ring(market: SimulatedMarket, method: str, role: str = "member") -> set[str]:
    rings = market.truth["rings"]
    return set(rings.loc[(rings["method"] == method) & (rings["role"] == role), "account_id"])


def find_inside(market: SimulatedMarket, members: set[str]) -> pd.DataFrame:
    orders = market.tables["orders"]
    return orders[orders["buyer_id"].isin(members) & orders["seller_id"].isin(members)]


def test_every_row_keeps_the_data_contract_and_none_is_there_twice(market: SimulatedMarket, tmp_path: Path) -> None:
    write_market(market, tmp_path / "bazaar", "parquet")
    checked = read_folder(tmp_path / "bazaar", Settings())
    assert {name: (len(table.rejects), table.n_repeated) for name, table in checked.items()} == dict.fromkeys(
        market.tables, (0, 0)
    )
    truth = read_truth(tmp_path / "bazaar" / "truth")
    assert len(truth.rings) == len(METHODS)
    assert {ring.kind for ring in truth.rings} == set(METHODS.values())


def test_the_same_settings_give_the_same_bytes_and_another_seed_others(bazaar: SimulatedMarket, tmp_path: Path) -> None:
    markets = [bazaar, *(simulate_bazaar(BazaarSettings(2_000, seed)) for seed in (3, 4))]
    contents = []
    for number, each in enumerate(markets):
        write_market(each, tmp_path / str(number))
        files = sorted((tmp_path / str(number)).rglob("*.csv"))
        contents.append({path.relative_to(tmp_path / str(number)): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_all_rings_and_all_groups_that_were_asked_for_are_there(market: SimulatedMarket) -> None:
    found = market.truth["lookalikes"].groupby("kind")["group_id"].nunique().to_dict()
    settings = BazaarSettings(2_000, difficulty="hard" if found["friends"] > 2 else "ordinary")
    assert found == {kind: settings.count_groups(kind) for kind in GROUPS_PER_20_000}
    assert set(market.truth["rings"]["method"]) == set(METHODS)


def test_a_bazaar_of_20_000_has_35_rings_and_three_times_the_groups_when_it_is_hard() -> None:
    ordinary, hard = BazaarSettings(20_000), BazaarSettings(20_000, difficulty="hard")
    assert ordinary.n_rings == hard.n_rings == 35
    assert sum(map(ordinary.count_groups, GROUPS_PER_20_000)) >= 150
    assert all(hard.count_groups(kind) == 3 * ordinary.count_groups(kind) for kind in GROUPS_PER_20_000)


def test_groups_are_honest_and_rings_are_not_but_for_those_they_act_on(market: SimulatedMarket) -> None:
    fraud, rings = find_fraud(market), market.truth["rings"]
    assert not fraud & set(market.truth["lookalikes"]["account_id"])
    assert set(rings.loc[rings["role"].isin(["member", "beneficiary"]), "account_id"]) <= fraud
    assert rings.loc[rings["role"] == "member", "account_id"].is_unique


@pytest.mark.parametrize(("table", "who", "when"), [*TIMES, ("labels", "account_id", "decided_at")])
def test_nobody_does_anything_before_joining(market: SimulatedMarket, table: str, who: str, when: str) -> None:
    assert count_early(market, table, who, when) == 0


def test_a_hard_bazaar_lets_more_times_be_missing(bazaar: SimulatedMarket, hard_bazaar: SimulatedMarket) -> None:
    missing = [each.tables["orders"]["ordered_at"].isna().mean() for each in (bazaar, hard_bazaar)]
    assert missing[1] > 3 * missing[0]


def test_friends_pay_one_another_back(market: SimulatedMarket) -> None:
    for members in find_groups(market, "friends"):
        pairs = set(find_inside(market, members)[["buyer_id", "seller_id"]].itertuples(index=False, name=None))
        assert sum((payee, payer) in pairs for payer, payee in pairs) > len(pairs) / 2


def test_a_hobby_of_a_season_is_over_after_two_months_and_one_of_years_is_not(market: SimulatedMarket) -> None:
    spans = {}
    for kind in ("hobby_season", "hobby_years"):
        for members in find_groups(market, kind):
            at = pd.to_datetime(find_inside(market, members)["ordered_at"]).dropna().sort_values()
            spans.setdefault(kind, []).append((at.quantile(0.9) - at.quantile(0.1)).days)
    assert max(spans["hobby_season"]) < 75
    assert min(spans["hobby_years"]) > 250


def test_a_class_registers_within_an_hour(market: SimulatedMarket) -> None:
    accounts = market.tables["accounts"].set_index("account_id")["created_at"]
    for members in find_groups(market, "school_class"):
        at = pd.to_datetime(accounts[sorted(members)])
        assert at.max() - at.min() <= pd.Timedelta("1h")


def test_a_second_hand_device_never_has_two_owners_at_once(market: SimulatedMarket) -> None:
    devices = market.tables["devices"].dropna()
    for members in find_groups(market, "second_hand"):
        mine = devices[devices["account_id"].isin(members)]
        shared = mine.groupby("device_id").filter(lambda rows: rows["account_id"].nunique() > 1)
        owners = shared.sort_values("seen_at").groupby("device_id")["account_id"]
        for _, owner in owners:
            assert (owner != owner.shift()).sum() == owner.nunique()


def test_items_circulate_inside_their_ring(market: SimulatedMarket) -> None:
    members = find_ring(market, "item_circulation")
    assert len(find_inside(market, members)) >= 1.5 * len(members)


def test_a_pool_praises_and_another_one_slanders(market: SimulatedMarket) -> None:
    reviews = market.tables["reviews"].merge(market.truth["reviews"])
    fake = reviews[reviews["is_fake"]]
    assert fake.loc[fake["account_id"].isin(find_ring(market, "praise_pool")), "rating"].min() >= 4
    assert fake.loc[fake["account_id"].isin(find_ring(market, "attack_pool")), "rating"].max() <= 2


def test_refund_pools_take_their_money_back_at_several_shops(market: SimulatedMarket) -> None:
    orders = market.tables["orders"]
    mine = orders[orders["buyer_id"].isin(find_ring(market, "refund_pool"))]
    back = mine[mine["status"].isin(["refunded", "disputed"])]
    assert len(back) > len(mine) / 3
    assert back["seller_id"].nunique() >= 3


def test_a_praise_pool_shares_nothing_and_a_farm_shares_devices(market: SimulatedMarket) -> None:
    sharing = market.truth["rings"].groupby("method")["sharing"].first()
    assert sharing["praise_pool"] == "none"
    farm = find_ring(market, "device_farm")
    devices = market.tables["devices"].query("account_id in @farm")
    assert len(farm) >= 60 * 0.5
    assert devices.groupby("device_id")["account_id"].nunique().max() >= 4


def test_too_small_a_bazaar_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 2,000"):
        BazaarSettings(1_999)
