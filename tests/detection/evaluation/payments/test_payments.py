"""Payments among friends keep the data contract, have the groups that were asked for, and flow as such payments do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.stats import rankdata
from simulated import check_contract, check_referrals, count_early, digest, digest_elsewhere, find_fraud, list_uses

from detection.evaluation.payments.campaign import raise_rings
from detection.evaluation.payments.country import found_country
from detection.evaluation.payments.market import GROUPS, METHODS, PaymentsSettings, simulate_payments
from detection.evaluation.payments.settings import GROUPS_PER_20_000, ORDINARY_SHARE, WAYS
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.simulation.settings import RING_KINDS, Difficulty
from detection.evaluation.truth import PARTY_ROLES
from detection.evaluation.worlds import MEASURED, WORLDS, simulate_world
from graph.errors import ConfigError

BACK = ["disputed", "refunded"]


@pytest.fixture(params=["payments", "hard_payments"])
def market(request: pytest.FixtureRequest) -> SimulatedMarket:
    found: SimulatedMarket = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def both_ways(payments: SimulatedMarket) -> pd.DataFrame:
    """Each payment twice, once for each of the two accounts; indexed by account."""
    orders = payments.tables["orders"]
    names = {"buyer_id": "account", "seller_id": "other"}
    sent = orders.rename(columns=names).assign(is_sent=True)
    received = orders.rename(columns={"seller_id": "account", "buyer_id": "other"}).assign(is_sent=False)
    return pd.concat([sent, received]).set_index("account")


def test_every_row_keeps_the_data_contract_and_none_is_there_twice(market: SimulatedMarket, tmp_path: Path) -> None:
    check_contract(market, tmp_path / "payments")


def test_the_same_settings_give_the_same_market_however_words_are_hashed_and_another_seed_another() -> None:
    ours = digest(simulate_payments(PaymentsSettings(300, 5)))
    assert digest_elsewhere("payments", 1) == ours
    assert digest(simulate_payments(PaymentsSettings(300, 6))) != ours
    assert digest(simulate_payments(PaymentsSettings(300, 5, "hard"))) != ours


def test_rings_work_in_every_way_and_honest_groups_are_of_every_kind(payments: SimulatedMarket) -> None:
    assert set(METHODS) == set(WAYS)
    assert set(GROUPS) == set(GROUPS_PER_20_000)
    assert {way.kind for way in WAYS.values()} < set(RING_KINDS)
    assert set(payments.truth["rings"]["method"]) == set(WAYS)
    assert set(payments.truth["lookalikes"]["kind"]) == set(GROUPS)


def test_there_are_as_many_groups_and_about_as_many_rings_as_the_tables_say(payments: SimulatedMarket) -> None:
    found = payments.truth["lookalikes"].groupby("kind")["group_id"].nunique()
    for kind, per_20_000 in GROUPS_PER_20_000.items():
        planned = round(per_20_000 * ORDINARY_SHARE)
        assert 0.97 * planned - 1 <= found[kind] <= planned, kind  # one of a couple may cheat: who is left is no group
    rings = payments.truth["rings"].groupby("method")["ring_id"].nunique()
    for method, way in WAYS.items():
        assert abs(rings[method] - way.per_20_000) <= 1, method


def test_rings_are_of_the_sizes_and_kinds_that_the_table_says(market: SimulatedMarket) -> None:
    rings = market.truth["rings"]
    sizes = rings[~rings["role"].isin(PARTY_ROLES)].groupby(["method", "kind", "ring_id"]).size()
    for (method, kind, _), size in sizes.items():
        assert kind == WAYS[method].kind
        assert WAYS[method].least <= size <= WAYS[method].most


def test_all_honest_kinds_are_there_from_two_thousand_accounts_on(hard_payments: SimulatedMarket) -> None:
    assert set(hard_payments.truth["lookalikes"]["kind"]) == set(GROUPS)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("difficulty", ["ordinary", "hard"])
def test_the_smallest_country_has_a_ring_and_its_everyday_life(seed: int, difficulty: Difficulty) -> None:
    market = simulate_world("payments", 300, seed, difficulty)
    assert len(market.tables["accounts"]) == 300
    assert market.truth["rings"]["ring_id"].nunique() >= 1
    assert market.truth["lookalikes"]["group_id"].nunique() > 20
    assert len(market.tables["orders"]) > 2_000


def test_groups_are_honest_ring_members_are_not_and_no_member_is_a_victim(market: SimulatedMarket) -> None:
    fraud, rings = find_fraud(market), market.truth["rings"]
    assert not fraud & set(market.truth["lookalikes"]["account_id"])
    is_party = rings["role"].isin(PARTY_ROLES)
    members = rings.loc[~is_party, "account_id"]
    assert members.is_unique
    assert set(members) < fraud  # the rest swindle alone
    assert not fraud & set(rings.loc[is_party, "account_id"])


def test_few_are_bad(payments: SimulatedMarket) -> None:
    assert 0.01 < payments.truth["accounts"]["is_fraud"].mean() < 0.035


@pytest.mark.parametrize(
    ("table", "who", "when"),
    [
        ("orders", "buyer_id", "ordered_at"),
        ("orders", "seller_id", "ordered_at"),
        ("devices", "account_id", "seen_at"),
        ("identifiers", "account_id", "seen_at"),
    ],
)
def test_nobody_does_anything_before_joining(market: SimulatedMarket, table: str, who: str, when: str) -> None:
    assert count_early(market, table, who, when) == 0


def test_nobody_is_brought_by_somebody_who_came_later(market: SimulatedMarket) -> None:
    check_referrals(market)


def test_a_payment_is_of_no_product_and_never_to_oneself(market: SimulatedMarket) -> None:
    orders = market.tables["orders"]
    assert "product_id" not in orders
    assert not {"listings", "reviews", "labels"} & set(market.tables)
    assert not (orders["buyer_id"] == orders["seller_id"]).any()
    assert orders["amount"].min() >= 0.5


# ── as such payments are ──────────────────────────────────────────────────────────────────────────


def test_people_pay_a_handful_of_others_who_know_one_another_and_pay_back(payments: SimulatedMarket) -> None:
    orders, names = payments.tables["orders"], payments.tables["accounts"]["account_id"]
    row = pd.Series(np.arange(len(names)), index=names)
    payer, payee = orders["buyer_id"].map(row).to_numpy(), orders["seller_id"].map(row).to_numpy()
    paid = coo_array((np.ones(len(orders)), (payer, payee)), shape=(len(names), len(names))).tocsr() > 0
    assert 0.45 < paid.multiply(paid.T).sum() / paid.sum() < 0.6  # of directed pairs
    knows = (paid + paid.T).astype(float)
    degree = np.asarray(knows.sum(axis=1)).ravel()
    assert 5 <= np.median(degree) <= 8
    assert degree.max() < 400
    triangles = np.asarray(knows.multiply(knows @ knows).sum(axis=1)).ravel()
    clustering = triangles[degree > 1] / (degree * (degree - 1))[degree > 1]
    assert 0.15 < clustering.mean() < 0.3


def test_most_sums_are_small_and_round(payments: SimulatedMarket) -> None:
    amounts = payments.tables["orders"]["amount"].dropna()
    assert 10 < amounts.median() < 25
    assert (amounts % 1 == 0).mean() > 0.75
    assert (amounts % 5 == 0).mean() > 0.45


def test_evenings_weekends_and_firsts_of_the_month_are_busy_and_nights_are_not(payments: SimulatedMarket) -> None:
    at = pd.to_datetime(payments.tables["orders"]["ordered_at"]).dropna()
    hours = at.dt.hour.value_counts(normalize=True)
    assert hours.idxmax() in range(18, 22)
    assert hours[3] < 0.01
    days = at.dt.day_of_week.value_counts(normalize=True)
    assert set(days.index[:3]) == {4, 5, 6}
    assert 0.05 < (at.dt.day == 1).mean() < 0.09


def test_rates_are_those_that_were_meant(payments: SimulatedMarket) -> None:
    tables = payments.tables
    orders, accounts = tables["orders"], tables["accounts"]["account_id"]
    assert 0.002 < (orders["status"] == "disputed").mean() < 0.005
    assert 0.004 < (orders["status"] == "refunded").mean() < 0.008
    assert 0.005 < orders["ordered_at"].isna().mean() < 0.012
    assert 0.004 < orders["amount"].isna().mean() < 0.008
    cards = tables["identifiers"].query("kind == 'payment'")["account_id"]
    assert 0.03 < 1 - accounts.isin(tables["devices"]["account_id"]).mean() < 0.09
    assert 0.07 < 1 - accounts.isin(cards).mean() < 0.14
    crowds = list_uses(payments).groupby(["kind", "value"]).size()
    is_shared = (crowds > 1).groupby("kind").mean()
    assert crowds.groupby("kind").max()["ip"] > 300
    assert 0.03 < is_shared["device"] < 0.08
    assert 0.04 < is_shared["payment"] < 0.1


def test_no_simple_figure_tells_who_is_bad(payments: SimulatedMarket, both_ways: pd.DataFrame) -> None:
    truth, uses = payments.truth["accounts"].set_index("account_id")["is_fraud"], list_uses(payments)
    by_account = both_ways.groupby("account")
    uses = uses.assign(crowd=uses.groupby(["kind", "value"])["account_id"].transform("size"))
    own = uses[uses["kind"].isin(["device", "payment"])].groupby("account_id")
    joined_at = pd.to_datetime(payments.tables["accounts"].set_index("account_id")["created_at"])
    figures = {
        "payments": by_account.size(),
        "partners": by_account["other"].nunique(),
        "sent": by_account["is_sent"].mean(),
        "amount": by_account["amount"].mean(),
        "most": by_account["amount"].max(),
        "back": by_account["status"].agg(lambda status: status.isin(BACK).mean()),
        "age": joined_at.rank(),
        "things": own.size(),
        "crowd": own["crowd"].max(),
    }
    n_bad = int(truth.sum())
    for name, figure in figures.items():
        ranks = rankdata(figure.reindex(truth.index).fillna(0))
        area = (ranks[truth].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * (len(truth) - n_bad))
        assert 0.28 < area < 0.72, name


# ── rings ─────────────────────────────────────────────────────────────────────────────────────────


def test_hard_rings_share_less_work_longer_and_have_aged() -> None:
    shares, days, ages = {}, {}, {}
    difficulties: list[Difficulty] = ["ordinary", "hard"]
    for difficulty in difficulties:
        country = found_country(PaymentsSettings(20_000, 1, difficulty))
        rings = [ring for ring in raise_rings(country) if ring.way.real_share == 0]
        shares[difficulty] = np.mean([ring.sharing != "none" for ring in rings])
        days[difficulty] = np.median([ring.span.seconds for ring in rings]) / 86_400
        made_at = country.people.created_at
        ages[difficulty] = np.mean([(ring.span.begins_at - made_at[ring.members]).mean() for ring in rings]) / 86_400
    assert shares["ordinary"] > 0.7 > 0.65 > shares["hard"]
    assert days["ordinary"] < 100 < days["hard"]
    assert ages["ordinary"] < ages["hard"] - 50


def test_as_many_members_are_seen_with_the_same_things_as_a_ring_is_said_to_share(payments: SimulatedMarket) -> None:
    rings, uses = payments.truth["rings"], list_uses(payments)
    members = rings[~rings["role"].isin(PARTY_ROLES)]
    uses = uses[uses.groupby(["kind", "value"])["account_id"].transform("size") < 60]
    seen = members.merge(uses, on="account_id", suffixes=("_of_ring", ""))
    together = seen[seen.groupby(["ring_id", "kind", "value"])["account_id"].transform("size") > 1]
    shows = members.assign(shows=members["account_id"].isin(together["account_id"])).groupby("sharing")["shows"].mean()
    assert shows["all"] > 0.85
    assert shows["all"] >= shows["most"] > shows["some"] > 0.4 > shows["none"]


def test_nobody_is_made_to_cheat_whom_a_ring_has_robbed() -> None:
    people = found_country(PaymentsSettings(300, 1)).people
    people.is_party[20:] = True
    assert set(people.enlist(100, is_real=False)) == set(range(20))
    assert people.is_bad.sum() == 20
    assert not set(people.settle(50)) & set(range(20, 300))
    assert set(people.invite(30)) <= set(range(20, 300))  # nobody is behind the others


def test_payments_are_measured_on_and_not_learnt_from() -> None:
    assert "payments" in MEASURED
    assert "payments" not in WORLDS


def test_events_come_on_top(hard_payments: SimulatedMarket) -> None:
    told = simulate_world("payments", 2_000, 3, "hard", with_events=True)
    assert len(told.tables["events"]) > 100
    pd.testing.assert_frame_equal(told.tables["orders"], hard_payments.tables["orders"])
    assert find_fraud(hard_payments) < find_fraud(told)


def test_too_small_or_easy_a_country_is_refused() -> None:
    with pytest.raises(ConfigError, match="a country of payments needs at least 300 accounts"):
        PaymentsSettings(299)
    with pytest.raises(ConfigError, match="difficulty is 'easy'"):
        PaymentsSettings(300, difficulty="easy")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ConfigError, match="seed is -1"):
        PaymentsSettings(300, -1)
