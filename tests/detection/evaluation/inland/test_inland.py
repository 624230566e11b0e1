"""An inland country keeps the data contract, has the groups that were asked for, and lives as markets do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from simulated import (
    TIMES,
    check_contract,
    check_listings,
    check_referrals,
    count_early,
    digest,
    digest_elsewhere,
    find_fraud,
    list_uses,
)

from detection.evaluation.inland.campaign import raise_rings
from detection.evaluation.inland.country import found_country
from detection.evaluation.inland.market import GROUPS, METHODS, InlandSettings, simulate_inland
from detection.evaluation.inland.settings import GROUPS_PER_20_000, ORDINARY_SHARE, WAYS
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.truth import PARTY_ROLES
from detection.evaluation.worlds import MEASURED, WORLDS, simulate_world
from graph.errors import ConfigError


@pytest.fixture(params=["inland", "hard_inland"])
def market(request: pytest.FixtureRequest) -> SimulatedMarket:
    found: SimulatedMarket = request.getfixturevalue(request.param)
    return found


def test_every_row_keeps_the_data_contract_and_none_is_there_twice(market: SimulatedMarket, tmp_path: Path) -> None:
    check_contract(market, tmp_path / "inland")


def test_the_same_settings_give_the_same_market_however_words_are_hashed_and_another_seed_another() -> None:
    ours = digest(simulate_inland(InlandSettings(300, 5)))
    assert digest_elsewhere("inland", 1) == ours
    assert digest(simulate_inland(InlandSettings(300, 6))) != ours
    assert digest(simulate_inland(InlandSettings(300, 5, "hard"))) != ours


def test_rings_work_in_every_way_and_honest_groups_are_of_every_kind(inland: SimulatedMarket) -> None:
    assert set(METHODS) == set(WAYS)
    assert set(GROUPS) == set(GROUPS_PER_20_000)
    assert set(inland.truth["rings"]["method"]) == set(WAYS)
    assert set(inland.truth["lookalikes"]["kind"]) == set(GROUPS) | {"household"}


def test_there_are_as_many_groups_and_about_as_many_rings_as_the_tables_say(inland: SimulatedMarket) -> None:
    found = inland.truth["lookalikes"].groupby("kind")["group_id"].nunique()
    for kind, per_20_000 in GROUPS_PER_20_000.items():
        assert found[kind] == round(per_20_000 * ORDINARY_SHARE), kind
    rings = inland.truth["rings"].groupby("method")["ring_id"].nunique()
    for method, way in WAYS.items():
        assert abs(rings[method] - way.per_20_000) <= 1, method


def test_rings_are_of_the_sizes_and_kinds_that_the_table_says(market: SimulatedMarket) -> None:
    rings = market.truth["rings"]
    sizes = rings[~rings["role"].isin(PARTY_ROLES)].groupby(["method", "kind", "ring_id"]).size()
    for (method, kind, _), size in sizes.items():
        assert kind == WAYS[method].kind
        assert WAYS[method].least <= size <= WAYS[method].most


def test_all_honest_kinds_are_there_from_two_thousand_accounts_on(hard_inland: SimulatedMarket) -> None:
    assert set(hard_inland.truth["lookalikes"]["kind"]) == set(GROUPS) | {"household"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("difficulty", ["ordinary", "hard"])
def test_the_smallest_country_has_a_ring_and_its_everyday_life(seed: int, difficulty: Difficulty) -> None:
    market = simulate_world("inland", 300, seed, difficulty)
    assert len(market.tables["accounts"]) == 300
    assert market.truth["rings"]["ring_id"].nunique() >= 1
    assert market.truth["lookalikes"]["group_id"].nunique() > 5
    assert len(market.tables["orders"]) > 900


def test_groups_are_honest_ring_members_are_not_and_no_member_is_a_victim(market: SimulatedMarket) -> None:
    fraud, rings = find_fraud(market), market.truth["rings"]
    assert not fraud & set(market.truth["lookalikes"]["account_id"])
    is_party = rings["role"].isin(PARTY_ROLES)
    members = rings.loc[~is_party, "account_id"]
    assert members.is_unique
    assert set(members) < fraud  # the rest swindle alone, or have themselves praised by people who are not there
    assert not set(members) & set(rings.loc[is_party, "account_id"])
    assert not fraud & set(rings.loc[rings["role"].isin(["target", "victim"]), "account_id"])


def test_no_ring_takes_in_whom_another_one_has_acted_on() -> None:
    people = found_country(InlandSettings(300, 1)).people
    people.is_party[20:] = True
    assert set(people.take(100, alone=True, bad=True)) == set(range(20))
    assert people.is_bad.sum() == 20
    assert len(people.take(100)) == 100
    assert people.is_bad.sum() == 20


def test_nobody_says_whether_those_who_pay_a_pool_are_bad_but_those_who_invent_buyers_are(
    inland: SimulatedMarket,
) -> None:
    accounts, rings = inland.truth["accounts"], inland.truth["rings"]
    paying = rings[rings["role"] == "beneficiary"].groupby("method")["account_id"].agg(set)
    assert set(accounts.loc[accounts["is_fraud"].isna(), "account_id"]) == paying["praise_pool"]
    assert paying["sock_boost"] < find_fraud(inland)


@pytest.mark.parametrize(
    ("table", "who", "when"),
    [
        *TIMES,
        ("events", "account_id", "happened_at"),
        *(("transfers", who, "paid_at") for who in ("payer_id", "payee_id")),
    ],
)
def test_nobody_does_anything_before_joining(market: SimulatedMarket, table: str, who: str, when: str) -> None:
    assert count_early(market, table, who, when) == 0


def test_nobody_is_brought_by_somebody_who_came_later(market: SimulatedMarket) -> None:
    check_referrals(market)


def test_nothing_is_bought_before_it_is_listed_nor_from_oneself(market: SimulatedMarket) -> None:
    check_listings(market)


def test_a_review_is_of_a_product_or_of_a_seller(market: SimulatedMarket) -> None:
    reviews = market.tables["reviews"]
    assert (reviews["product_id"].isna() != reviews["seller_id"].isna()).all()


def test_an_event_has_an_object_or_words(market: SimulatedMarket) -> None:
    events = market.tables["events"]
    assert (events["object"].isna() != events["text"].isna()).all()
    assert set(events["action"]) == {"message", "redeem", "save", "view"}
    of_products = events[events["action"].isin(["save", "view"])]
    assert of_products["object"].isin(market.tables["listings"]["product_id"]).all()


def test_rates_are_those_that_were_meant(inland: SimulatedMarket) -> None:
    orders, reviews, accounts = inland.tables["orders"], inland.tables["reviews"], inland.tables["accounts"]
    assert 0.035 < (orders["status"] == "refunded").mean() < 0.046
    assert 0.006 < (orders["status"] == "disputed").mean() < 0.014
    assert 0.2 < len(reviews) / len(orders) < 0.28
    stars = reviews["rating"].value_counts(normalize=True)
    assert 0.68 < stars[5] < 0.75
    assert stars[1] > stars[2]
    assert 0.45 < reviews["text"].isna().mean() < 0.53
    hours = pd.to_datetime(orders["ordered_at"]).dt.hour.value_counts(normalize=True)
    assert hours.idxmax() in (19, 20)
    assert hours[3] < 0.01
    sold = orders["seller_id"].value_counts()
    assert 0.18 < sold.iloc[: len(sold) // 100].sum() / len(orders) < 0.3
    assert 0.07 < 1 - accounts["account_id"].isin(inland.tables["devices"]["account_id"]).mean() < 0.13
    assert 0.2 < 1 - accounts["account_id"].isin(inland.tables["addresses"]["account_id"]).mean() < 0.3


def test_money_among_friends_goes_both_ways(inland: SimulatedMarket) -> None:
    pairs = set(inland.tables["transfers"][["payer_id", "payee_id"]].itertuples(index=False, name=None))
    assert 0.7 < np.mean([(payee, payer) in pairs for payer, payee in pairs]) < 0.82


def test_networks_are_crowds_and_everybodys_own_things_are_not(inland: SimulatedMarket) -> None:
    crowds = list_uses(inland).groupby(["kind", "value"]).size()
    most = crowds.groupby("kind").max()
    assert most["ip"] > 1000
    assert most["payment"] < 25
    is_shared = (crowds > 1).groupby("kind").mean()
    assert 0.1 < is_shared["ip"] < 0.18
    assert is_shared[["phone", "email", "payment"]].max() < 0.04


def test_hard_rings_share_less_work_longer_and_have_aged() -> None:
    shares, days, ages = {}, {}, {}
    difficulties: list[Difficulty] = ["ordinary", "hard"]
    for difficulty in difficulties:
        country = found_country(InlandSettings(20_000, 1, difficulty))
        rings = [ring for ring in raise_rings(country) if ring.way.real_share == 0]
        shares[difficulty] = np.mean([ring.sharing != "none" for ring in rings])
        days[difficulty] = np.median([ring.span.seconds for ring in rings]) / 86_400
        made_at = country.people.created_at
        ages[difficulty] = np.median([(ring.span.begins_at - made_at[ring.members]).mean() for ring in rings]) / 86_400
    assert shares["ordinary"] > 0.7 > 0.65 > shares["hard"]
    assert days["ordinary"] < 100 < days["hard"]
    assert ages["ordinary"] < 120 < ages["hard"]


def test_as_many_members_are_seen_with_the_same_things_as_a_ring_is_said_to_share(inland: SimulatedMarket) -> None:
    rings, uses = inland.truth["rings"], list_uses(inland)
    members = rings[~rings["role"].isin(PARTY_ROLES)]
    uses = uses[uses.groupby(["kind", "value"])["account_id"].transform("size") < 60]
    seen = members.merge(uses, on="account_id", suffixes=("_of_ring", ""))
    together = seen[seen.groupby(["ring_id", "kind", "value"])["account_id"].transform("size") > 1]
    shows = members.assign(shows=members["account_id"].isin(together["account_id"])).groupby("sharing")["shows"].mean()
    assert shows["all"] > 0.9
    assert shows["all"] > shows["most"] > shows["some"] > 0.5 > shows["none"]


def test_an_inland_country_is_measured_on_and_not_learnt_from() -> None:
    assert "inland" in MEASURED
    assert "inland" not in WORLDS


def test_events_are_added_to_those_that_there_are(hard_inland: SimulatedMarket) -> None:
    told = simulate_world("inland", 2_000, 3, "hard", with_events=True)
    events = hard_inland.tables["events"]
    pd.testing.assert_frame_equal(told.tables["events"].iloc[: len(events)][list(events.columns)], events)
    assert len(told.tables["events"]) > len(events)
    assert find_fraud(hard_inland) < find_fraud(told)


def test_too_small_or_easy_a_country_is_refused() -> None:
    with pytest.raises(ConfigError, match="an inland country needs at least 300 accounts"):
        InlandSettings(299)
    with pytest.raises(ConfigError, match="difficulty is 'easy'"):
        InlandSettings(300, difficulty="easy")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ConfigError, match="seed is -1"):
        InlandSettings(300, -1)
