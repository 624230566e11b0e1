"""Rings work in the way that their truth names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.village.market import VillageSettings, simulate_village
from detection.evaluation.village.ring_plans import plan_rings


@dataclass(frozen=True)
class FoundRing:
    """Members, organisers among them, and parties."""

    members: set[str]
    organisers: set[str]
    parties: set[str]


@pytest.fixture(params=["village", "hard_village"])
def market(request: pytest.FixtureRequest) -> SimulatedMarket:
    found: SimulatedMarket = request.getfixturevalue(request.param)
    return found


def find_ring(market: SimulatedMarket, method: str) -> FoundRing:
    rings = market.truth["rings"].query("method == @method")
    by_role = {role: set(part["account_id"]) for role, part in rings.groupby("role")}
    organisers = by_role.pop("organiser", set())
    members = by_role.pop("member") | organisers
    return FoundRing(members, organisers, set().union(*by_role.values()))


def list_orders(market: SimulatedMarket, buyers: set[str]) -> pd.DataFrame:
    orders = market.tables["orders"]
    orders = orders.merge(market.tables["listings"], on="product_id", how="left", suffixes=("", "_listed"))
    found = orders[orders["buyer_id"].isin(buyers)]
    return found.assign(at=pd.to_datetime(found["ordered_at"]))


def list_fakes(market: SimulatedMarket, authors: set[str]) -> pd.DataFrame:
    reviews = market.tables["reviews"].merge(market.truth["reviews"], on="review_id")
    reviews = reviews.merge(market.tables["listings"], on="product_id", suffixes=("", "_listed"))
    return reviews[reviews["is_fake"] & reviews["account_id"].isin(authors)]


def came_back(orders: pd.DataFrame) -> pd.Series[bool]:
    return orders["status"].isin(["refunded", "disputed"])


def test_circulation_trades_inside_and_gets_dearer(market: SimulatedMarket) -> None:
    ring = find_ring(market, "circulation")
    orders = list_orders(market, ring.members)
    inside = orders[orders["seller_id_listed"].isin(ring.members)]
    assert len(inside) > len(ring.members)
    resold = inside.merge(inside, left_on="buyer_id", right_on="seller_id_listed", suffixes=("", "_next"))
    growth = resold["amount_next"] / resold["amount"]
    dearer = resold[(resold["at_next"] > resold["at"]) & growth.between(1.04, 1.21)]
    # The last buyer of each item keeps it.
    assert dearer["order_id"].nunique() > len(inside) / 2


@pytest.mark.parametrize("method", ["sock_puppets", "praise_pool"])
def test_praise_is_for_the_beneficiaries_and_comes_after_an_order(market: SimulatedMarket, method: str) -> None:
    ring = find_ring(market, method)
    fakes = list_fakes(market, ring.members)
    assert fakes["rating"].min() >= 4
    assert set(fakes["seller_id_listed"]) == ring.parties
    bought = set(list_orders(market, ring.members)[["buyer_id", "product_id"]].itertuples(index=False, name=None))
    assert set(fakes[["account_id", "product_id"]].itertuples(index=False, name=None)) <= bought


def test_who_is_paid_for_praise_has_a_life_and_family_of_their_own(market: SimulatedMarket) -> None:
    ring = find_ring(market, "praise_pool")
    orders = list_orders(market, ring.members)
    assert not orders["seller_id_listed"].isin(ring.parties).all()
    uses = market.tables["devices"][market.tables["devices"]["account_id"].isin(ring.members)]
    by_device = uses.groupby("device_id")["account_id"].nunique()
    assert (by_device == 1).mean() > 0.8


def test_attacks_slander_their_targets(market: SimulatedMarket) -> None:
    ring = find_ring(market, "attack_pool")
    fakes = list_fakes(market, ring.members)
    assert fakes["rating"].max() <= 2
    assert set(fakes["seller_id_listed"]) <= ring.parties


@pytest.mark.parametrize("method", ["refund_abuse", "bust_out"])
def test_members_do_not_pay_for_dear_things(market: SimulatedMarket, method: str) -> None:
    ring = find_ring(market, method)
    orders = list_orders(market, ring.members)
    dear = orders[orders["seller_id_listed"].isin(ring.parties)]
    assert came_back(dear).mean() > 3 * came_back(market.tables["orders"]).mean()
    back = dear[came_back(dear)].groupby("buyer_id").size()
    assert len(back) > 0.7 * len(ring.members)


def test_a_bust_out_comes_within_days_after_months(village: SimulatedMarket) -> None:
    ring = find_ring(village, "bust_out")
    orders = list_orders(village, ring.members)
    struck_at = orders.loc[orders["status"] == "disputed", "at"].dropna()
    assert (struck_at.quantile(0.9) - struck_at.quantile(0.1)).days <= 7
    accounts = village.tables["accounts"]
    joined_at = pd.to_datetime(accounts.loc[accounts["account_id"].isin(ring.members), "created_at"])
    assert (struck_at.median() - joined_at.median()).days > 100


def test_triangulation_passes_orders_on_to_the_customers_homes(market: SimulatedMarket) -> None:
    ring = find_ring(market, "triangulation")
    orders = market.tables["orders"]
    customers = set(orders.loc[orders["seller_id"].isin(ring.organisers), "buyer_id"]) - ring.members
    assert len(customers) > len(ring.members)
    buyers = ring.members - ring.organisers
    bought = list_orders(market, buyers)
    passed_on = bought[bought["seller_id_listed"].isin(ring.parties)]
    assert (passed_on["status"] == "disputed").mean() > 0.2
    addresses = market.tables["addresses"].merge(market.truth["addresses"], on="address")
    of_buyers = set(addresses.loc[addresses["account_id"].isin(buyers), "place_id"])
    of_customers = set(addresses.loc[addresses["account_id"].isin(customers), "place_id"])
    assert len(of_buyers & of_customers) > 3
    cards = market.tables["identifiers"].query("kind == 'payment'")
    cards = cards[cards["account_id"].isin(buyers)].drop_duplicates(["account_id", "value"])
    assert cards.groupby("account_id").size().mean() > 2


def test_a_referral_farm_is_one_tree(market: SimulatedMarket) -> None:
    ring = find_ring(market, "referral_farm")
    referrals = market.tables["referrals"]
    inside = referrals[referrals["account_id"].isin(ring.members)]
    assert len(inside) == len(ring.members) - 1
    assert set(inside["referred_by"]) <= ring.members
    (root,) = ring.members - set(inside["account_id"])
    assert root in ring.organisers


def test_a_good_name_is_built_before_it_is_abused(market: SimulatedMarket) -> None:
    ring = find_ring(market, "reputation_scam")
    fakes = list_fakes(market, ring.members)
    assert set(fakes["seller_id_listed"]) <= ring.organisers
    assert fakes["rating"].min() >= 4
    orders = list_orders(market, ring.parties)
    cheated = orders[orders["seller_id_listed"].isin(ring.organisers) & came_back(orders)]
    assert cheated["buyer_id"].nunique() > 0.6 * len(ring.parties)
    assert cheated["at"].min() >= pd.to_datetime(fakes["reviewed_at"]).max()


def test_half_of_the_rings_share_nothing_in_hard_villages_and_few_in_ordinary_ones() -> None:
    shares = {}
    for difficulty in ("ordinary", "hard"):
        settings = VillageSettings(n_accounts=200_000, difficulty=difficulty)  # type: ignore[arg-type]  # a word
        hires = [
            plan.sharing for plan in plan_rings(np.random.default_rng(1), settings) if plan.method != "praise_pool"
        ]
        shares[difficulty] = hires.count("none") / len(hires)
    assert shares["ordinary"] < 0.2
    assert shares["hard"] > 0.35


def test_rings_that_share_are_seen_with_the_same_things_and_others_are_not() -> None:
    market = simulate_village(VillageSettings(n_accounts=8_000, seed=2))
    rings = market.truth["rings"].query("role in ('member', 'organiser') and method != 'praise_pool'")
    uses = rings.merge(market.tables["devices"].drop_duplicates(["account_id", "device_id"]), on="account_id")
    per_device = uses.groupby(["sharing", "ring_id", "device_id"])["account_id"].nunique()
    most = per_device.groupby(["sharing", "ring_id"]).max()
    assert (most["all"] >= 2).all()
    assert (most["none"] == 1).all()
    sizes = rings.groupby("ring_id").size()
    assert (most["all"] < sizes[most["all"].index]).all()


def test_hard_rings_are_old_when_they_strike_and_take_their_time() -> None:
    settings = [VillageSettings(20_000, difficulty=each) for each in ("ordinary", "hard")]  # type: ignore[arg-type]  # words
    days = [
        np.median([plan.window.ends_at - plan.window.begins_at for plan in plan_rings(np.random.default_rng(3), each)])
        for each in settings
    ]
    assert days[0] < 50 * 86_400
    assert days[1] > 90 * 86_400
