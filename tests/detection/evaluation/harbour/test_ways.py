"""Honest groups and rings of a harbour do what they are called."""

from __future__ import annotations

import pandas as pd
import pytest
from simulated import (
    find_groups,
    find_most_shared,
    find_rings,
    list_fakes,
    list_joining,
    list_members,
    list_orders,
)

from detection.evaluation.simulation.market import SimulatedMarket

# ── honest ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "thing", "least"),
    [
        ("family_tablet", "device", 0.6),
        ("grandchild_runs", "phone", 0.99),
        ("twins", "device", 0.99),
        ("split_couple", "payment", 0.99),
        ("prison", "iban", 0.99),
        ("company_brands", "iban", 0.99),
        ("bookkeeper", "iban", 0.99),
        ("shop_staff", "device", 0.4),
        ("ship_crew", "ip", 0.7),
        ("repair_cafe", "device", 0.99),
        ("charity_consign", "iban", 0.99),
        ("internet_cafe", "ip", 0.99),
        ("recycled_phone", "phone", 0.99),
        ("phone_shop_help", "ip", 0.99),
        ("handed_over", "device", 0.99),
    ],
)
def test_groups_share_what_their_names_say(harbour: SimulatedMarket, kind: str, thing: str, least: float) -> None:
    for members in find_groups(harbour, kind):
        assert find_most_shared(harbour, members, thing) >= least


def test_twins_sign_up_on_one_afternoon(harbour: SimulatedMarket) -> None:
    for members in find_groups(harbour, "twins"):
        joined_at = list_joining(harbour, members)
        assert joined_at.max() - joined_at.min() < pd.Timedelta("2h1min")


def test_a_savings_circle_pays_everybody_in_turn(harbour: SimulatedMarket) -> None:
    transfers = harbour.tables["transfers"]
    for members in find_groups(harbour, "savings_circle"):
        paid = transfers[transfers["payer_id"].isin(members) & transfers["payee_id"].isin(members)]
        assert len(set(paid["payee_id"])) >= len(members) - 1  # the last turn may come after the tables end
        assert paid["amount"].nunique() == 1


def test_owners_of_a_device_follow_one_another(harbour: SimulatedMarket) -> None:
    devices = harbour.tables["devices"]
    for members in find_groups(harbour, "device_sold_on"):
        uses = devices[devices["account_id"].isin(members)]
        device = uses.groupby("device_id")["account_id"].nunique().idxmax()
        uses = uses[uses["device_id"] == device].sort_values("seen_at", kind="stable")
        assert (uses["account_id"] != uses["account_id"].shift()).sum() == uses["account_id"].nunique()


def test_a_class_is_brought_in_within_weeks(harbour: SimulatedMarket) -> None:
    referrals = harbour.tables["referrals"]
    for members in find_groups(harbour, "class_referral"):
        brought = referrals[referrals["account_id"].isin(members)]
        assert len(brought) == len(members) - 1
        assert set(brought["referred_by"]) <= members
        joined_at = list_joining(harbour, members).sort_values()
        assert joined_at.iloc[-2] - joined_at.iloc[1] < pd.Timedelta("30D")


def test_a_launch_is_bought_within_hours_and_a_group_buy_within_days_at_one_price(harbour: SimulatedMarket) -> None:
    for kind, within in (("launch_fans", "8h"), ("group_buy", "200D")):
        for members in find_groups(harbour, kind):
            bought = list_orders(harbour, members)
            product = bought["product_id"].value_counts().idxmax()
            bought = bought[bought["product_id"] == product]
            assert bought["buyer_id"].nunique() > 0.7 * (len(members) - 1)
            assert bought["amount"].nunique() == 1
            assert bought["at"].max() - bought["at"].min() < pd.Timedelta(within)


def test_a_recall_is_refunded_and_slated(harbour: SimulatedMarket) -> None:
    reviews = harbour.tables["reviews"]
    for members in find_groups(harbour, "recall_customers"):
        bought = list_orders(harbour, members)
        back = bought[bought["status"] == "refunded"]
        product = back["product_id"].value_counts().idxmax()
        assert back.loc[back["product_id"] == product, "buyer_id"].nunique() > 0.4 * len(members)
        said = reviews[(reviews["product_id"] == product) & reviews["account_id"].isin(members)]
        assert said["rating"].max() <= 2


def test_victims_of_one_swindler_get_nothing(harbour: SimulatedMarket) -> None:
    bad = harbour.truth["accounts"].set_index("account_id")["is_fraud"]
    in_rings = set(harbour.truth["rings"]["account_id"])
    for members in find_groups(harbour, "scam_victims"):
        back = list_orders(harbour, members).query("status in ('disputed', 'refunded')")
        swindler = back["seller_id"].value_counts().idxmax()
        assert bad[swindler]
        assert swindler not in in_rings


# ── rings ─────────────────────────────────────────────────────────────────────────────────────────


def test_puppets_praise_their_operators_stalls(harbour: SimulatedMarket) -> None:
    for ring in find_rings(harbour, "sock_brushing"):
        fakes = list_fakes(harbour, ring["sock"])
        assert len(fakes)
        assert set(fakes["seller_id"]) <= ring["seller"]
        assert fakes["rating"].min() >= 4


def test_a_pool_praises_who_pays_and_another_one_slanders_its_targets(harbour: SimulatedMarket) -> None:
    for ring in find_rings(harbour, "praise_pool"):
        fakes = list_fakes(harbour, ring["worker"])
        assert fakes["rating"].min() >= 4
        assert set(fakes["seller_id"]) <= ring["beneficiary"]
    for ring in find_rings(harbour, "attack_pool"):
        fakes = list_fakes(harbour, ring["member"])
        assert fakes["rating"].max() <= 2
        assert set(fakes["seller_id"]) <= ring["target"]


def test_attackers_buy_the_cheapest_wares_that_a_shop_has(harbour: SimulatedMarket) -> None:
    listings = harbour.tables["listings"]
    for ring in find_rings(harbour, "attack_pool"):
        for target in ring["target"]:
            bought = list_orders(harbour, ring["member"], {target})
            assert bought["product_id"].nunique() < len(bought)
            assert bought["amount"].max() <= listings.loc[listings["seller_id"] == target, "price"].median()


def test_real_sellers_buy_of_one_another(harbour: SimulatedMarket) -> None:
    for ring in find_rings(harbour, "mutual_brushing"):
        assert len(list_orders(harbour, ring["seller"], ring["seller"])) >= len(ring["seller"])


def test_a_refund_crew_takes_its_money_back_from_many(harbour: SimulatedMarket) -> None:
    for ring in find_rings(harbour, "refund_crew"):
        back = list_orders(harbour, ring["buyer"]).query("status in ('disputed', 'refunded')")
        assert len(back) > 2 * len(ring["buyer"])
        assert back["seller_id"].nunique() >= 4


@pytest.mark.parametrize(("method", "role"), [("bust_out", "seller"), ("ghost_shops", "shop")])
def test_buyers_of_things_that_do_not_exist_want_their_money_back(
    harbour: SimulatedMarket, method: str, role: str
) -> None:
    orders = harbour.tables["orders"]
    for ring in find_rings(harbour, method):
        sold = orders[orders["seller_id"].isin(ring[role])]
        assert sold["status"].isin(["disputed", "refunded"]).mean() > 0.15


def test_a_farm_is_brought_in_by_itself(harbour: SimulatedMarket) -> None:
    referrals = harbour.tables["referrals"]
    for ring in find_rings(harbour, "bonus_farm"):
        members = list_members(ring)
        inside = referrals[referrals["account_id"].isin(members)]
        assert len(inside) == len(members) - len(ring["farmer"])
        assert set(inside["referred_by"]) <= members


def test_mules_send_on_what_they_took(harbour: SimulatedMarket) -> None:
    transfers = harbour.tables["transfers"]
    for ring in find_rings(harbour, "mule_cashout"):
        sent = transfers[transfers["payer_id"].isin(ring["mule"])]
        assert len(sent)
        assert set(sent["payee_id"]) == ring["boss"]


def test_burners_have_parcels_sent_where_their_customers_or_hosts_live(harbour: SimulatedMarket) -> None:
    addresses = harbour.tables["addresses"].query("kind == 'shipping'")
    for method, others in (("triangulation", "front"), ("reshippers", "reshipper")):
        for ring in find_rings(harbour, method):
            known = set(addresses.loc[~addresses["account_id"].isin(ring["burner"]), "address"])
            of_burners = addresses[addresses["account_id"].isin(ring["burner"])]
            assert ring[others]
            assert of_burners["address"].isin(known).any()


def test_shills_bid_for_their_sellers_things(harbour: SimulatedMarket) -> None:
    listings = harbour.tables["listings"].set_index("product_id")["seller_id"]
    for ring in find_rings(harbour, "shill_bids"):
        bids = harbour.tables["events"]
        bids = bids[bids["account_id"].isin(ring["shill"])]
        assert (bids["object"].map(listings).isin(ring["seller"])).mean() > 0.8


def test_a_thing_climbs_from_member_to_member(harbour: SimulatedMarket) -> None:
    titles = harbour.tables["listings"].set_index("product_id")["title"]
    for ring in find_rings(harbour, "price_ladder"):
        inside = list_orders(harbour, ring["member"], ring["member"])
        inside = inside.assign(title=inside["product_id"].map(titles))
        resold = inside.merge(inside, left_on=["buyer_id", "title"], right_on=["seller_id", "title"])
        dearer = resold[(resold["at_y"] > resold["at_x"]) & (resold["amount_y"] > resold["amount_x"])]
        assert dearer["order_id_x"].nunique() > 0.4 * len(inside)
