"""Honest groups and rings of an inland country do what they are called."""

from __future__ import annotations

import pandas as pd
import pytest
from simulated import (
    Members,
    find_groups,
    find_most_shared,
    find_rings,
    list_fakes,
    list_joining,
    list_members,
    list_orders,
)

from detection.evaluation.simulation.market import SimulatedMarket

BACK = ["disputed", "refunded"]


def list_transfers(market: SimulatedMarket, members: Members) -> pd.DataFrame:
    transfers = market.tables["transfers"]
    return transfers[transfers["payer_id"].isin(members) & transfers["payee_id"].isin(members)]


def name_sellers(market: SimulatedMarket, reviews: pd.DataFrame) -> pd.Series[str]:
    """The seller that each review is of, or whose product it is of."""
    sellers = market.tables["listings"].set_index("product_id")["seller_id"]
    return reviews["seller_id"].fillna(reviews["product_id"].map(sellers))


# ── honest ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "thing", "least"),
    [
        ("ward", "device", 0.99),
        ("two_hats", "device", 0.99),
        ("shop_staff", "device", 0.99),
        ("flea_crew", "device", 0.3),
        ("library", "ip", 0.5),
        ("school_class", "ip", 0.99),
        ("flatshare", "ip", 0.5),
        ("language_cafe", "ip", 0.6),
        ("office", "ip", 0.5),
        ("bookkeeper", "device", 0.6),
        ("carer", "device", 0.5),
        ("device_chain", "device", 0.6),
    ],
)
def test_groups_share_what_their_names_say(inland: SimulatedMarket, kind: str, thing: str, least: float) -> None:
    for members in find_groups(inland, kind):
        assert find_most_shared(inland, members, thing) >= least


def test_a_savings_circle_pays_everybody_in_turn(inland: SimulatedMarket) -> None:
    for members in find_groups(inland, "savings_circle"):
        paid = list_transfers(inland, members)
        paid = paid[paid["amount"] == paid["amount"].mode()[0]]
        assert len(set(paid["payee_id"])) >= len(members) - 1  # the last turn may come after the tables end
        assert len(paid) > 0.8 * (len(members) - 1) ** 2


def test_a_class_signs_up_within_two_lessons(inland: SimulatedMarket) -> None:
    for members in find_groups(inland, "school_class"):
        joined_at = list_joining(inland, members).dropna()
        is_that_day = (joined_at - joined_at.median()).abs() < pd.Timedelta("90min")
        assert is_that_day.mean() > 0.7  # a few had been customers before


def test_a_launch_is_bought_within_hours_at_one_price(inland: SimulatedMarket) -> None:
    for members in find_groups(inland, "launch"):
        bought = list_orders(inland, members)
        bought = bought[bought["product_id"] == bought["product_id"].value_counts().idxmax()]
        assert bought["buyer_id"].nunique() > 0.8 * len(members)
        assert bought["amount"].nunique() == 1
        assert bought["at"].max() - bought["at"].min() < pd.Timedelta("12h")


def test_a_recall_is_refunded_and_victims_of_a_lone_crook_want_their_money_back(inland: SimulatedMarket) -> None:
    bad = inland.truth["accounts"].set_index("account_id")["is_fraud"]
    in_rings = set(inland.truth["rings"]["account_id"])
    for members in find_groups(inland, "recall"):
        bought = list_orders(inland, members)
        bought = bought[bought["product_id"] == bought["product_id"].value_counts().idxmax()]
        assert bought["status"].isin(BACK).mean() > 0.6
    for members in find_groups(inland, "seller_victims"):
        crook = list_orders(inland, members).query("status in @BACK")["seller_id"].value_counts().idxmax()
        assert bad[crook]
        assert crook not in in_rings | members


def test_owners_of_a_telephone_follow_one_another(inland: SimulatedMarket) -> None:
    devices = inland.tables["devices"].dropna()
    for members in find_groups(inland, "device_chain"):
        uses = devices[devices["account_id"].isin(members)]
        device = uses.groupby("device_id")["account_id"].nunique().idxmax()
        uses = uses[uses["device_id"] == device].sort_values("seen_at", kind="stable")
        assert (uses["account_id"] != uses["account_id"].shift()).sum() == uses["account_id"].nunique()


@pytest.mark.parametrize("kind", ["clothes_swap", "seed_swap", "hobby_season", "hobby_years", "trade_fair", "meet_up"])
def test_circles_deal_with_one_another(inland: SimulatedMarket, kind: str) -> None:
    groups = list(find_groups(inland, kind))
    assert sum(len(list_orders(inland, members, members)) for members in groups) > 0.9 * sum(map(len, groups))


# ── rings ─────────────────────────────────────────────────────────────────────────────────────────


def test_pools_and_made_up_buyers_praise_who_pays_and_others_slander_their_targets(inland: SimulatedMarket) -> None:
    for method, party in (("sock_boost", "beneficiary"), ("praise_pool", "beneficiary"), ("attack_pool", "target")):
        for ring in find_rings(inland, method):
            fakes = list_fakes(inland, ring["member"])
            assert len(fakes) > 0.7 * len(ring["member"])
            assert set(name_sellers(inland, fakes)) <= ring[party]
            assert fakes["rating"].max() <= 2 if party == "target" else fakes["rating"].min() >= 4


def test_a_thing_goes_round_dearer_each_time(inland: SimulatedMarket) -> None:
    for ring in find_rings(inland, "circulation"):
        inside = list_orders(inland, ring["member"], ring["member"]).sort_values("at")
        resold = inside.merge(inside, left_on="buyer_id", right_on="seller_id")
        dearer = resold["amount_y"] / resold["amount_x"]
        assert dearer.between(1.11, 1.56).sum() > 0.4 * len(inside)


def test_a_refund_crew_takes_its_money_back_from_few(inland: SimulatedMarket) -> None:
    for ring in find_rings(inland, "refund_crew"):
        back = list_orders(inland, ring["member"], ring["victim"]).query("status in @BACK")
        assert len(back) > 2 * len(ring["member"])
        assert len(ring["victim"]) <= 4 + len(ring["member"]) // 2


@pytest.mark.parametrize("method", ["bust_out", "rented_farm", "fake_listings", "reputation_scam", "lost_parcels"])
def test_many_who_buy_of_them_want_their_money_back(inland: SimulatedMarket, method: str) -> None:
    orders = inland.tables["orders"]
    sold = [orders[orders["seller_id"].isin(list_members(ring))] for ring in find_rings(inland, method)]
    assert pd.concat(sold)["status"].isin(BACK).mean() > 0.15


def test_burners_have_parcels_sent_where_their_customers_live(inland: SimulatedMarket) -> None:
    addresses = inland.tables["addresses"].query("kind == 'shipping'")
    addresses = addresses.assign(key=addresses["address"].str.lower().str.extract(r"(\d+ [a-z]+)")[0])
    for ring in find_rings(inland, "triangulation"):
        customers = set(inland.tables["orders"].query("seller_id in @ring['front']")["buyer_id"])
        of_burners = addresses[addresses["account_id"].isin(ring["burner"])]
        theirs = addresses.loc[addresses["account_id"].isin(customers), "key"]
        assert of_burners["key"].isin(theirs).sum() > len(ring["burner"])


def test_a_farm_is_brought_in_by_itself_and_passes_the_bonus_up(inland: SimulatedMarket) -> None:
    referrals = inland.tables["referrals"]
    for ring in find_rings(inland, "bonus_farm"):
        members = list_members(ring)
        inside = referrals[referrals["account_id"].isin(members) & referrals["referred_by"].isin(members)]
        assert len(inside) > 0.6 * len(members)
        assert set(list_transfers(inland, members)["payee_id"]) == ring["organiser"]


def test_carders_have_many_cards_and_fences_pay_them(inland: SimulatedMarket) -> None:
    cards = inland.tables["identifiers"].query("kind == 'payment'")
    for ring in find_rings(inland, "card_fencing"):
        held = cards[cards["account_id"].isin(ring["carder"])].groupby("account_id")["value"].nunique()
        assert len(held) == len(ring["carder"])
        assert held.min() >= 2
        paid = list_transfers(inland, list_members(ring))
        assert set(paid["payer_id"]) <= ring["fence"]
        assert set(paid["payee_id"]) <= ring["carder"]


def test_real_sellers_buy_of_one_another_and_pay_back(inland: SimulatedMarket) -> None:
    for ring in find_rings(inland, "wash_trade"):
        inside = list_orders(inland, ring["member"], ring["member"])
        assert len(inside) > 2 * len(ring["member"])
        assert len(list_transfers(inland, ring["member"])) > 0.5 * len(inside)


def test_accounts_of_one_hand_use_a_coupon_again_and_again(inland: SimulatedMarket) -> None:
    coupons = inland.tables["events"].query("action == 'redeem'")
    for ring in find_rings(inland, "coupon_abuse"):
        used = coupons[coupons["account_id"].isin(ring["member"])].groupby("object")["account_id"].nunique()
        assert used.max() == len(ring["member"])


def test_pictures_are_copied_and_buyers_lured_outside(inland: SimulatedMarket) -> None:
    messages = inland.tables["events"].query("action == 'message'")
    photos = inland.tables["identifiers"].query("kind == 'photo'")
    n_copied = 0
    for ring in find_rings(inland, "fake_listings"):
        sent = messages[messages["account_id"].isin(ring["member"])].groupby("text")["account_id"].nunique()
        assert sent.max() >= 2
        theirs = photos["account_id"].isin(ring["member"])
        n_copied += photos.loc[theirs, "value"].isin(photos.loc[~theirs, "value"]).sum()
    assert n_copied  # of pictures that were taken before the records begin nobody knows whose they are
