"""Honest groups do what their names say."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from detection.evaluation.simulation.market import SimulatedMarket

Members = set[str]


def find_groups(market: SimulatedMarket, kind: str) -> Iterator[Members]:
    lookalikes = market.truth["lookalikes"]
    found = lookalikes[lookalikes["kind"] == kind].groupby("group_id")["account_id"]
    assert len(found)
    return (set(members) for _, members in found)


def find_most_shared(market: SimulatedMarket, members: Members, kind: str) -> float:
    """The share of members who are seen with the thing that most of them are seen with."""
    uses = market.tables["devices"].rename(columns={"device_id": "value"})
    if kind != "device":
        uses = market.tables["identifiers"].query("kind == @kind")
    uses = uses[uses["account_id"].isin(members)].drop_duplicates(["account_id", "value"])
    return float(uses["value"].value_counts().iloc[0] / len(members))


def list_payments(market: SimulatedMarket, members: Members) -> pd.DataFrame:
    orders = market.tables["orders"]
    inside = orders["buyer_id"].isin(members) & orders["seller_id"].isin(members)
    return orders[inside & orders["product_id"].isna()]


def list_trades(market: SimulatedMarket, members: Members) -> pd.DataFrame:
    orders = market.tables["orders"]
    inside = orders["buyer_id"].isin(members) & orders["seller_id"].isin(members)
    found = orders[inside & orders["product_id"].notna()]
    return found.assign(at=pd.to_datetime(found["ordered_at"]))


def list_joining(market: SimulatedMarket, members: Members) -> pd.Series[pd.Timestamp]:
    accounts = market.tables["accounts"]
    return pd.to_datetime(accounts.loc[accounts["account_id"].isin(members), "created_at"]).dropna()


def measure_days(times: pd.Series[pd.Timestamp]) -> float:
    return float((times.max() - times.min()).total_seconds() / 86_400)


def test_friends_pay_one_another_back(hard_village: SimulatedMarket) -> None:
    for members in find_groups(hard_village, "friends"):
        paid = list_payments(hard_village, members)
        assert len(paid) >= 2 * len(members)
        pairs = set(zip(paid["buyer_id"], paid["seller_id"], strict=True))
        assert any((other, one) in pairs for one, other in pairs)


def test_a_savings_circle_pays_one_member_after_another_the_same_sum(hard_village: SimulatedMarket) -> None:
    for members in find_groups(hard_village, "savings_circle"):
        paid = list_payments(hard_village, members)
        amount = paid["amount"].mode()[0]
        paid = paid[paid["amount"] == amount].dropna(subset=["ordered_at"])
        paid = paid.assign(at=pd.to_datetime(paid["ordered_at"])).sort_values("at")
        assert set(paid["seller_id"]) == members
        # In a turn nearly everybody pays the one whose turn it is, within days.
        for _, turn in paid.groupby("seller_id"):
            days = turn["at"].diff().dt.total_seconds() / 86_400
            assert (days.dropna() < 5).mean() > 0.7
        assert measure_days(paid["at"]) > 25 * (len(members) - 1)


@pytest.mark.parametrize(
    ("kind", "least_days", "most_days"), [("swap_circle", 60, 300), ("hobby_season", 25, 70), ("hobby_years", 350, 900)]
)
def test_clubs_trade_inside_for_as_long_as_their_names_say(
    hard_village: SimulatedMarket, kind: str, least_days: int, most_days: int
) -> None:
    for members in find_groups(hard_village, kind):
        trades = list_trades(hard_village, members)
        assert len(trades) >= 3 * len(members)
        busy = trades["at"].quantile(0.95) - trades["at"].quantile(0.05)
        assert least_days <= busy.days <= most_days
        assert trades["seller_id"].nunique() > len(members) / 2


def test_a_meet_up_signs_up_and_trades_within_a_day(hard_village: SimulatedMarket) -> None:
    for members in find_groups(hard_village, "meet_up"):
        assert measure_days(list_joining(hard_village, members)) < 0.5
        trades = list_trades(hard_village, members)["at"]
        assert len(trades) > len(members)
        assert measure_days(trades[trades <= trades.quantile(0.9)]) < 1
        assert find_most_shared(hard_village, members, "ip") > 0.9


def test_a_class_registers_in_one_lesson_and_buys_one_book(hard_village: SimulatedMarket) -> None:
    orders = hard_village.tables["orders"]
    for members in find_groups(hard_village, "school_class"):
        assert measure_days(list_joining(hard_village, members)) < 1 / 24
        bought = orders[orders["buyer_id"].isin(members)].drop_duplicates(["buyer_id", "product_id"])
        assert bought["product_id"].value_counts().iloc[0] > len(members) / 2
        assert find_most_shared(hard_village, members, "ip") > 0.9


@pytest.mark.parametrize(
    ("kind", "thing", "least"),
    [
        ("office", "ip", 0.25),
        ("dormitory", "ip", 0.5),
        ("shared_tablets", "device", 0.35),
        ("library", "device", 0.2),
        ("shop_staff", "device", 0.5),
        ("consignment", "payment", 0.7),
        ("consignment", "phone", 0.7),
        ("bookkeeper", "email", 0.99),
        ("payout_platform", "payment", 0.99),
        ("second_hand", "device", 0.99),
        ("carrier", "ip", 0.99),
        ("vpn", "ip", 0.99),
    ],
)
def test_places_and_businesses_share_what_their_names_say(
    village: SimulatedMarket, kind: str, thing: str, least: float
) -> None:
    for members in find_groups(village, kind):
        assert find_most_shared(village, members, thing) >= least


def test_goods_of_a_fulfilment_centre_return_to_one_house(village: SimulatedMarket) -> None:
    returns = village.tables["addresses"].query("kind == 'return'").merge(village.truth["addresses"], on="address")
    for members in find_groups(village, "fulfilment"):
        house = returns[returns["account_id"].isin(members)]
        assert set(house["account_id"]) == members
        in_each = house.groupby("building_id")["account_id"].nunique()
        assert in_each.max() >= 0.8 * len(members)  # a slip of the pen leads nowhere else


def test_owners_of_a_device_follow_one_another(hard_village: SimulatedMarket) -> None:
    for members in find_groups(hard_village, "second_hand"):
        uses = hard_village.tables["devices"].dropna(subset=["seen_at"])
        uses = uses[uses["account_id"].isin(members)]
        device = uses.groupby("device_id")["account_id"].nunique().idxmax()
        uses = uses[uses["device_id"] == device].sort_values("seen_at")
        assert (uses["account_id"] != uses["account_id"].shift()).sum() == len(members)


def test_clerks_buy_from_their_shop_and_praise_it(village: SimulatedMarket) -> None:
    for members in find_groups(village, "shop_staff"):
        trades = list_trades(village, members)
        (owner,) = trades["seller_id"].mode()
        assert (trades["seller_id"] == owner).sum() >= 2 * (len(members) - 1)


def test_resellers_buy_in_the_same_hours(village: SimulatedMarket) -> None:
    orders = village.tables["orders"].dropna(subset=["ordered_at"])
    for members in find_groups(village, "resellers"):
        bought = orders[orders["buyer_id"].isin(members)]
        days = pd.to_datetime(bought["ordered_at"]).dt.floor("D")
        together = bought.groupby([bought["seller_id"], days])["buyer_id"].nunique()
        assert (together >= len(members) / 2).sum() >= 2


@pytest.mark.parametrize("kind", ["launch", "followers"])
def test_crowds_buy_one_product_within_days(hard_village: SimulatedMarket, kind: str) -> None:
    orders = hard_village.tables["orders"]
    for members in find_groups(hard_village, kind):
        bought = orders[orders["buyer_id"].isin(members)].dropna(subset=["ordered_at"])
        product = bought["product_id"].value_counts().idxmax()
        bought = bought[bought["product_id"] == product]
        assert bought["buyer_id"].nunique() > 0.4 * len(members)
        assert measure_days(pd.to_datetime(bought["ordered_at"])) < 20


def test_a_recall_is_refunded_and_slated_within_a_week_by_buyers_of_months(hard_village: SimulatedMarket) -> None:
    orders, reviews = hard_village.tables["orders"], hard_village.tables["reviews"]
    for members in find_groups(hard_village, "recall"):
        back = orders[orders["buyer_id"].isin(members) & (orders["status"] == "refunded")]
        product = back["product_id"].value_counts().idxmax()
        back = back[back["product_id"] == product].dropna(subset=["ordered_at"])
        assert back["buyer_id"].nunique() > 0.9 * len(members)
        assert measure_days(pd.to_datetime(back["ordered_at"])) > 40
        said = reviews[(reviews["product_id"] == product) & reviews["account_id"].isin(members)]
        assert said["rating"].max() <= 2
        assert measure_days(pd.to_datetime(said["reviewed_at"]).dropna()) < 8


def test_victims_want_their_money_back_from_one_crook_in_no_ring(village: SimulatedMarket) -> None:
    orders, accounts = village.tables["orders"], village.truth["accounts"].set_index("account_id")["is_fraud"]
    for members in find_groups(village, "seller_victims"):
        bad = orders[orders["buyer_id"].isin(members) & orders["status"].isin(["refunded", "disputed"])]
        crook = bad["seller_id"].value_counts().idxmax()
        assert bad.loc[bad["seller_id"] == crook, "buyer_id"].nunique() > 0.6 * len(members)
        assert accounts[crook]
        assert crook not in set(village.truth["rings"]["account_id"])


def test_followers_come_by_one_referral_within_days(village: SimulatedMarket) -> None:
    referrals = village.tables["referrals"]
    for members in find_groups(village, "followers"):
        assert referrals[referrals["account_id"].isin(members)]["referred_by"].value_counts().iloc[0] == len(members)
        assert measure_days(list_joining(village, members)) < 6


def test_fans_come_back_over_months(village: SimulatedMarket) -> None:
    orders = village.tables["orders"].dropna(subset=["ordered_at", "seller_id"])
    for members in find_groups(village, "fans"):
        bought = orders[orders["buyer_id"].isin(members)]
        seller = bought["seller_id"].value_counts().idxmax()
        bought = bought[bought["seller_id"] == seller]
        assert len(bought) > 2 * len(members)
        assert measure_days(pd.to_datetime(bought["ordered_at"])) > 150


def test_families_are_at_home_together(hard_village: SimulatedMarket) -> None:
    """Most large households are seen with one network, whichever of the things they share."""
    shares = [find_most_shared(hard_village, members, "ip") for members in find_groups(hard_village, "household")]
    assert sum(share > 0.5 for share in shares) > 0.5 * len(shares)


def test_extended_families_visit_one_another(hard_village: SimulatedMarket) -> None:
    paid = 0
    for members in find_groups(hard_village, "extended_family"):
        assert find_most_shared(hard_village, members, "device") > 0.6
        paid += len(list_payments(hard_village, members))
    assert paid > 20
