"""A harbour keeps the data contract, has the groups that were asked for, and lives at rates that markets have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from simulated import (
    TIMES,
    check_contract,
    check_listings,
    count_early,
    digest,
    digest_elsewhere,
    find_fraud,
    list_uses,
)

from detection.evaluation.harbour.campaign import raise_rings
from detection.evaluation.harbour.market import GROUPS, METHODS, HarbourSettings, simulate_harbour
from detection.evaluation.harbour.settings import GROUPS_PER_20_000, WAYS
from detection.evaluation.harbour.town import found_town
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.truth import PARTY_ROLES
from detection.evaluation.worlds import MEASURED, WORLDS, simulate_world
from graph.errors import ConfigError


@pytest.fixture(params=["harbour", "hard_harbour"])
def market(request: pytest.FixtureRequest) -> SimulatedMarket:
    found: SimulatedMarket = request.getfixturevalue(request.param)
    return found


def test_every_row_keeps_the_data_contract_and_none_is_there_twice(market: SimulatedMarket, tmp_path: Path) -> None:
    check_contract(market, tmp_path / "harbour")


def test_the_same_settings_give_the_same_market_however_words_are_hashed_and_another_seed_another() -> None:
    ours = digest(simulate_harbour(HarbourSettings(300, 5)))
    assert {digest_elsewhere("harbour", hash_seed) for hash_seed in (1, 2)} == {ours}
    assert digest(simulate_harbour(HarbourSettings(300, 6))) != ours


def test_rings_work_in_every_way_and_honest_groups_are_of_every_kind(harbour: SimulatedMarket) -> None:
    assert set(METHODS) == set(WAYS)
    assert set(GROUPS) == set(GROUPS_PER_20_000)
    assert set(harbour.truth["rings"]["method"]) == set(WAYS)
    assert set(harbour.truth["lookalikes"]["kind"]) == set(GROUPS) | {"household"}


def test_there_are_about_as_many_groups_and_rings_as_the_tables_say(harbour: SimulatedMarket) -> None:
    scale = 6_100 / 20_000
    found = harbour.truth["lookalikes"].groupby("kind")["group_id"].nunique()
    for kind, per_20_000 in GROUPS_PER_20_000.items():
        assert abs(found[kind] - per_20_000 * scale) <= 1 + 0.15 * per_20_000 * scale, kind
    rings = harbour.truth["rings"].groupby("method")["ring_id"].nunique()
    for method, way in WAYS.items():
        assert abs(rings[method] - way.per_20_000 * scale) <= 1, method


def test_rings_are_of_the_sizes_that_the_table_says(market: SimulatedMarket) -> None:
    rings = market.truth["rings"]
    sizes = rings[~rings["role"].isin(PARTY_ROLES)].groupby(["method", "ring_id"]).size()
    for (method, _), size in sizes.items():
        assert WAYS[method].least <= size <= WAYS[method].most


def test_all_honest_kinds_are_there_from_two_thousand_accounts_on(hard_harbour: SimulatedMarket) -> None:
    assert set(hard_harbour.truth["lookalikes"]["kind"]) == set(GROUPS) | {"household"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("difficulty", ["ordinary", "hard"])
def test_the_smallest_harbour_has_a_ring_and_its_everyday_life(seed: int, difficulty: str) -> None:
    market = simulate_world("harbour", 300, seed, difficulty)  # type: ignore[arg-type]  # a word
    assert len(market.tables["accounts"]) == 300
    assert market.truth["rings"]["ring_id"].nunique() >= 1
    assert market.truth["lookalikes"]["group_id"].nunique() > 10
    assert len(market.tables["orders"]) > 900


def test_groups_are_honest_and_ring_members_are_not(market: SimulatedMarket) -> None:
    fraud, rings = find_fraud(market), market.truth["rings"]
    assert not fraud & set(market.truth["lookalikes"]["account_id"])
    members = rings.loc[~rings["role"].isin(PARTY_ROLES), "account_id"]
    assert members.is_unique
    assert set(members) < fraud  # the rest swindle alone
    assert not fraud & set(rings.loc[rings["role"].isin(PARTY_ROLES), "account_id"])


def test_nobody_says_whether_those_who_pay_for_praise_are_bad(harbour: SimulatedMarket) -> None:
    accounts, rings = harbour.truth["accounts"], harbour.truth["rings"]
    unknown = set(accounts.loc[accounts["is_fraud"].isna(), "account_id"])
    assert unknown == set(rings.loc[rings["role"] == "beneficiary", "account_id"])
    assert unknown


@pytest.mark.parametrize(("table", "who", "when"), TIMES)
def test_nobody_does_anything_before_joining(market: SimulatedMarket, table: str, who: str, when: str) -> None:
    assert count_early(market, table, who, when) == 0


def test_nothing_is_bought_before_it_is_listed_nor_from_oneself_nor_of_another(market: SimulatedMarket) -> None:
    check_listings(market)
    orders = market.tables["orders"].merge(market.tables["listings"], on="product_id", suffixes=("", "_listed"))
    assert (orders["seller_id"] == orders["seller_id_listed"]).all()


def test_rates_are_those_that_were_meant(harbour: SimulatedMarket) -> None:
    orders, reviews = harbour.tables["orders"], harbour.tables["reviews"]
    assert 0.03 < (orders["status"] == "refunded").mean() < 0.045
    assert 0.004 < (orders["status"] == "disputed").mean() < 0.016
    assert 0.28 < len(reviews) / len(orders) < 0.42
    stars = reviews["rating"].value_counts(normalize=True)
    assert 0.78 < stars[5] < 0.85
    assert stars[1] > stars[2]
    hours = pd.to_datetime(orders["ordered_at"]).dt.hour.value_counts(normalize=True)
    assert hours.idxmax() in (20, 21)
    assert hours[3] < 0.01
    of_shops = orders["seller_id"].value_counts()
    assert of_shops.iloc[: len(of_shops) // 50].sum() > 0.25 * len(orders)


def test_most_rings_of_new_accounts_share_things_and_most_hard_ones_do_not() -> None:
    shares = {}
    for difficulty in ("ordinary", "hard"):
        rings = raise_rings(found_town(HarbourSettings(20_000, 1, difficulty)))  # type: ignore[arg-type]  # a word
        shares[difficulty] = np.mean([bool(ring.sharing) for ring in rings if ring.way.is_made_up])
    assert shares["ordinary"] > 0.6
    assert shares["hard"] < 0.45


def test_what_a_ring_is_said_to_share_several_members_are_seen_with(market: SimulatedMarket) -> None:
    rings, uses = market.truth["rings"], list_uses(market)
    seen = rings[~rings["role"].isin(PARTY_ROLES)].merge(uses, on="account_id", suffixes=("_of_ring", ""))
    most = seen.groupby(["ring_id", "kind", "value"]).size().groupby(["ring_id", "kind"]).max()
    said = [
        (ring, kind)
        for ring, sharing in rings.drop_duplicates("ring_id")[["ring_id", "sharing"]].itertuples(index=False)
        for kind in sharing.split("+")
        if kind != "none"
    ]
    is_shared = [most.get(pair, 0) >= 2 for pair in said]
    assert not said or np.mean(is_shared) > 0.7  # a few things for few users may by chance be one each


def test_a_harbour_is_measured_on_and_not_learnt_from() -> None:
    assert "harbour" in MEASURED
    assert "harbour" not in WORLDS


def test_events_are_added_to_bids_and_leave_the_unknown_unknown(hard_harbour: SimulatedMarket) -> None:
    told = simulate_world("harbour", 2_000, 3, "hard", with_events=True)
    bids = hard_harbour.tables["events"]
    pd.testing.assert_frame_equal(told.tables["events"].iloc[: len(bids)][list(bids.columns)], bids)
    assert len(told.tables["events"]) > len(bids)
    before, after = hard_harbour.truth["accounts"]["is_fraud"], told.truth["accounts"]["is_fraud"]
    assert before.isna().sum() >= after.isna().sum()
    assert find_fraud(hard_harbour) < find_fraud(told)


def test_too_small_or_easy_a_harbour_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 300"):
        HarbourSettings(299)
    with pytest.raises(ConfigError, match="difficulty is 'easy'"):
        HarbourSettings(300, difficulty="easy")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ConfigError, match="seed is -1"):
        HarbourSettings(300, -1)
