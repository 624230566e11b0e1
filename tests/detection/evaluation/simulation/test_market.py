"""The simulated market hides nothing in its form, and plants what its truth says."""

from __future__ import annotations

import numpy as np
import pandas as pd
from simulated import find_fraud

from detection.evaluation.simulation.market import MarketSettings, SimulatedMarket, simulate_market
from detection.evaluation.simulation.settings import RING_KINDS


def find_groups(market: SimulatedMarket, kind: str) -> list[set[str]]:
    lookalikes = market.truth["lookalikes"]
    return [set(members) for _, members in lookalikes[lookalikes["kind"] == kind].groupby("group_id")["account_id"]]


def test_a_market_of_20_000_has_35_rings_of_every_kind_mostly_small() -> None:
    assert MarketSettings(n_accounts=20_000).n_rings == 35
    rings = simulate_market(MarketSettings(n_accounts=20_000, seed=2)).truth["rings"]
    sizes = rings.groupby("ring_id").size()
    assert len(sizes) == 35
    assert set(rings["kind"]) == set(RING_KINDS)
    assert sizes.min() >= 4
    assert sizes.max() <= 40
    assert sizes.median() < sizes.mean() < 16


def test_an_account_is_in_one_ring_at_most_and_ring_members_are_fraud(ordinary: SimulatedMarket) -> None:
    members = ordinary.truth["rings"]["account_id"]
    assert members.is_unique
    assert set(members) < find_fraud(ordinary)


def test_lookalikes_are_honest(hard: SimulatedMarket) -> None:
    assert not set(hard.truth["lookalikes"]["account_id"]) & find_fraud(hard)


def test_hard_markets_have_three_times_the_lookalikes(ordinary: SimulatedMarket, hard: SimulatedMarket) -> None:
    groups = [market.truth["lookalikes"]["group_id"].nunique() for market in (ordinary, hard)]
    assert 2.5 < groups[1] / groups[0] < 3.5
    assert set(ordinary.truth["lookalikes"]["kind"]) == set(hard.truth["lookalikes"]["kind"])
    assert ordinary.truth["lookalikes"]["kind"].nunique() == 11


def test_more_rings_share_nothing_in_hard_markets() -> None:
    shares = {}
    for difficulty in ("ordinary", "hard"):
        settings = MarketSettings(n_accounts=6_000, seed=3, difficulty=difficulty, accounts_per_ring=100)
        rings = simulate_market(settings).truth["rings"].drop_duplicates("ring_id")
        shares[difficulty] = (rings["sharing"] == "none").mean()
    assert shares["ordinary"] < 0.25
    assert shares["hard"] > 0.25


def test_neither_ids_nor_row_order_tell_who_is_fraud(ordinary: SimulatedMarket) -> None:
    accounts = ordinary.tables["accounts"]
    is_fraud = accounts["account_id"].isin(find_fraud(ordinary)).to_numpy()
    for order in (np.arange(len(accounts)), accounts["account_id"].rank().to_numpy()):
        centred = (order[is_fraud].mean() - order.mean()) / order.std() * np.sqrt(is_fraud.sum())
        assert abs(centred) < 3.5
    neighbours = (is_fraud[1:] & is_fraud[:-1]).sum()
    assert neighbours <= 3 + 4 * is_fraud.mean() * is_fraud.sum()


def test_names_of_shared_things_do_not_tell_who_is_fraud(ordinary: SimulatedMarket) -> None:
    fraud = find_fraud(ordinary)
    devices = ordinary.tables["devices"]
    rank = devices["device_id"].str[1:].astype(int).rank(pct=True)
    assert abs(rank[devices["account_id"].isin(fraud)].mean() - 0.5) < 0.08


def test_honest_accounts_do_what_rings_do(ordinary: SimulatedMarket) -> None:
    """Refunds, disputes, bursts of sign-ups and orders in one second are not a mark of rings."""
    fraud = find_fraud(ordinary)
    orders, accounts = ordinary.tables["orders"], ordinary.tables["accounts"]
    honest = orders[~orders["buyer_id"].isin(fraud)]
    came_back = orders[orders["status"].isin(["refunded", "disputed"])]
    assert (~came_back["buyer_id"].isin(fraud)).mean() > 0.6
    assert honest.dropna(subset=["ordered_at"]).duplicated(["buyer_id", "ordered_at"]).any()
    elsewhere = set(ordinary.truth["lookalikes"].query("kind == 'dormitory'")["account_id"]) | fraud
    created_at = pd.to_datetime(accounts.loc[~accounts["account_id"].isin(elsewhere), "created_at"]).dropna()
    per_day = created_at[created_at >= pd.Timestamp("2023-01-01", tz="UTC")].dt.floor("D").value_counts()
    assert per_day.max() > 5 * per_day.median()


def test_ring_members_act_honestly_too_and_more_so_in_hard_markets() -> None:
    payments_per_member = []
    for difficulty in ("ordinary", "hard"):
        market = simulate_market(MarketSettings(5_000, seed=6, difficulty=difficulty, accounts_per_ring=100))
        members = set(market.truth["rings"]["account_id"])
        orders = market.tables["orders"]
        to_friends = orders["product_id"].isna() & ~orders["seller_id"].isin(members)
        payments_per_member.append((orders["buyer_id"].isin(members) & to_friends).sum() / len(members))
    assert payments_per_member[0] > 0.2
    assert payments_per_member[1] > 1.4 * payments_per_member[0]


def test_ring_accounts_are_older_when_they_strike_in_hard_markets(
    ordinary: SimulatedMarket, hard: SimulatedMarket
) -> None:
    ages_days = []
    for market in (ordinary, hard):
        rings = market.truth["rings"].query("role == 'member'")[["ring_id", "account_id"]]
        rings = rings.merge(market.tables["accounts"], on="account_id")
        reviews = market.tables["reviews"].merge(market.truth["reviews"], on="review_id").query("is_fake")
        reviews = reviews.merge(rings, on="account_id")
        struck_at = pd.to_datetime(reviews["reviewed_at"]).groupby(reviews["ring_id"]).transform("min")
        ages_days.append((struck_at - pd.to_datetime(reviews["created_at"])).dt.days.median())
    assert ages_days[0] < 60
    assert ages_days[1] > 120


def test_a_ring_that_shares_devices_shares_them_in_part_only() -> None:
    market = simulate_market(MarketSettings(n_accounts=6_000, seed=4, accounts_per_ring=100))
    rings = market.truth["rings"].query("sharing == 'all'")
    uses = rings.merge(market.tables["devices"].drop_duplicates(["account_id", "device_id"]), on="account_id")
    sizes = rings.groupby("ring_id").size()
    per_device = uses.groupby(["ring_id", "device_id"])["account_id"].nunique().groupby("ring_id").max()
    large = sizes[sizes >= 8].index
    assert (per_device[large] >= 2).all()
    assert (per_device[large] < sizes[large]).all()


def test_review_rings_praise_and_attack_rings_slander(ordinary: SimulatedMarket) -> None:
    rings = ordinary.truth["rings"].set_index("account_id")["kind"]
    reviews = ordinary.tables["reviews"].merge(ordinary.truth["reviews"], on="review_id").query("is_fake")
    kind = reviews["account_id"].map(rings)
    assert set(kind) == {"review", "attack"}
    assert reviews.loc[kind == "review", "rating"].min() >= 4
    assert reviews.loc[kind == "attack", "rating"].max() <= 2


def test_trade_rings_trade_inside_and_refund_rings_do_not_pay(ordinary: SimulatedMarket) -> None:
    rings = ordinary.truth["rings"].set_index("account_id")
    orders = ordinary.tables["orders"].dropna(subset=["seller_id"])
    buyer_ring, seller_ring = (orders[side].map(rings["ring_id"]) for side in ("buyer_id", "seller_id"))
    buyer_kind = orders["buyer_id"].map(rings["kind"])
    assert ((buyer_ring == seller_ring)[buyer_kind == "trade"]).mean() > 0.5
    came_back = orders["status"].isin(["refunded", "disputed"])
    assert came_back[buyer_kind == "refund"].mean() > 0.4
    assert came_back[buyer_kind.isna()].mean() < 0.1


def test_farm_accounts_are_created_within_days(ordinary: SimulatedMarket) -> None:
    farms = ordinary.truth["rings"].query("kind == 'farm'").merge(ordinary.tables["accounts"], on="account_id")
    created_at = pd.to_datetime(farms["created_at"])
    spread_days = created_at.groupby(farms["ring_id"]).agg(lambda times: times.quantile(0.8) - times.min()).dt.days
    assert spread_days.max() < 7


def test_flats_of_a_tower_are_different_places_in_one_building(ordinary: SimulatedMarket) -> None:
    rows = ordinary.tables["addresses"].merge(
        ordinary.truth["addresses"].drop_duplicates("address", keep=False), on="address"
    )
    for tower in find_groups(ordinary, "tower"):
        homes = rows[rows["account_id"].isin(tower)]
        busiest = homes["building_id"].value_counts().index[0]
        flats = homes[homes["building_id"] == busiest].drop_duplicates("account_id")
        assert len(flats) > 5
        assert flats["place_id"].is_unique


def test_a_second_hand_device_never_has_two_owners_at_once(ordinary: SimulatedMarket) -> None:
    devices = ordinary.tables["devices"].dropna(subset=["seen_at"])
    for owners in find_groups(ordinary, "second_hand"):
        seen = devices[devices["account_id"].isin(owners)]
        shared = seen.groupby("device_id")["account_id"].nunique()
        for device in shared[shared > 1].index[:1]:
            spans = seen[seen["device_id"] == device].groupby("account_id")["seen_at"].agg(["min", "max"])
            spans = spans.sort_values("min")
            assert (spans["max"].to_numpy()[:-1] < spans["min"].to_numpy()[1:]).all()


def test_a_carrier_nat_is_used_by_hundreds_and_a_locker_has_one_spelling(ordinary: SimulatedMarket) -> None:
    ips = ordinary.tables["identifiers"].query("kind == 'ip'")
    assert ips.groupby("value")["account_id"].nunique().max() >= 150
    assert ordinary.tables["addresses"].groupby("address")["account_id"].nunique().max() >= 50


def test_strangers_share_a_terminal_and_friends_who_pay_one_another_share_cards(ordinary: SimulatedMarket) -> None:
    fraud = find_fraud(ordinary)
    devices = ordinary.tables["devices"]
    honest = devices[~devices["account_id"].isin(fraud)]
    assert honest.groupby("device_id")["account_id"].nunique().max() > 10
    orders = ordinary.tables["orders"]
    cards = ordinary.tables["identifiers"].query("kind == 'payment'")[["account_id", "value"]].drop_duplicates()
    users = cards.merge(cards, on="value", suffixes=("", "_other"))
    shares = set(zip(users["account_id"], users["account_id_other"], strict=True))
    pays = set(zip(orders["buyer_id"], orders["seller_id"].fillna(""), strict=True))
    assert len({pair for pair in shares & pays if not fraud & set(pair)}) > 50


def test_club_members_trade_both_ways_over_years(ordinary: SimulatedMarket) -> None:
    orders = ordinary.tables["orders"].dropna(subset=["seller_id", "ordered_at"])
    spans_days, pairs_both_ways = [], 0
    for club in find_groups(ordinary, "club"):
        inside = orders[orders["buyer_id"].isin(club) & orders["seller_id"].isin(club)]
        moments = pd.to_datetime(inside["ordered_at"])
        spans_days.append((moments.max() - moments.min()).days)
        pairs = set(zip(inside["buyer_id"], inside["seller_id"], strict=True))
        pairs_both_ways += sum((seller, buyer) in pairs for buyer, seller in pairs)
    assert np.median(spans_days) > 300
    assert pairs_both_ways > 0


def test_a_launch_brings_many_honest_verdicts_of_one_product_within_days(ordinary: SimulatedMarket) -> None:
    reviews = ordinary.tables["reviews"].dropna(subset=["product_id", "reviewed_at"])
    for launch in find_groups(ordinary, "launch"):
        verdicts = reviews[reviews["account_id"].isin(launch)]
        together = verdicts[verdicts["product_id"] == verdicts["product_id"].value_counts().index[0]]
        moments = pd.to_datetime(together["reviewed_at"])
        assert moments.quantile(0.9) - moments.quantile(0.1) < pd.Timedelta(days=15)


def test_one_place_is_spelled_in_several_ways(ordinary: SimulatedMarket) -> None:
    spellings = ordinary.truth["addresses"].groupby("place_id")["address"].nunique()
    assert (spellings > 1).sum() > 200
    assert spellings.max() > 4


def test_the_truth_knows_every_address_and_every_review(ordinary: SimulatedMarket) -> None:
    assert set(ordinary.tables["addresses"]["address"]) == set(ordinary.truth["addresses"]["address"])
    assert list(ordinary.tables["reviews"]["review_id"]) == list(ordinary.truth["reviews"]["review_id"])
    assert set(ordinary.tables["accounts"]["account_id"]) == set(ordinary.truth["accounts"]["account_id"])


def test_addresses_come_in_three_scripts(ordinary: SimulatedMarket) -> None:
    addresses = ordinary.tables["addresses"]["address"]
    shares = [addresses.str.contains(script).mean() for script in ("[A-Za-z]", "[а-яА-Я]", "[\u4e00-\u9fff]")]
    assert shares[0] > 0.7
    assert min(shares) > 0.01


def test_labels_are_few_late_and_mostly_right(ordinary: SimulatedMarket) -> None:
    labels = ordinary.tables["labels"]
    fraud = find_fraud(ordinary)
    said_fraud = labels["label"] == "fraud"
    is_fraud = labels["account_id"].isin(fraud)
    assert (said_fraud == is_fraud).mean() > 0.9
    assert 0 < is_fraud.sum() < 0.3 * len(fraud)
