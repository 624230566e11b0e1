"""Honest groups and rings of payments among friends do what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from simulated import (
    find_fraud,
    find_groups,
    find_most_shared,
    find_rings,
    list_joining,
    list_members,
    list_orders,
)

from detection.evaluation.simulation.market import SimulatedMarket

BACK = ["disputed", "refunded"]


def list_inside(market: SimulatedMarket, kind: str) -> Iterator[pd.DataFrame]:
    """What members of each group of a kind pay one another."""
    return (list_orders(market, members, members) for members in find_groups(market, kind))


def find_till(paid: pd.DataFrame) -> str:
    """Who is paid by most of them; if that is somebody who cheats elsewhere, the truth does not list them."""
    return str(paid.groupby("seller_id")["buyer_id"].nunique().idxmax())


# ── honest ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "thing", "share"),
    [
        ("two_hats", "device", 0.95),
        ("second_account", "device", 0.95),
        ("au_pair", "device", 0.9),
        ("carer", "device", 0.8),
        ("grandparents", "device", 0.8),
        ("phone_shop", "device", 0.9),
        ("shelter", "device", 0.8),
        ("device_chain", "device", 0.8),
        ("company_phones", "payment", 0.9),
        ("dormitory", "ip", 0.9),
        ("course_bonus", "ip", 0.9),
        ("office_lunch", "ip", 0.6),
    ],
)
def test_groups_share_what_their_names_say(payments: SimulatedMarket, kind: str, thing: str, share: float) -> None:
    groups = find_groups(payments, kind)
    assert np.mean([find_most_shared(payments, members, thing) >= 0.4 for members in groups]) >= share


@pytest.mark.parametrize(
    "kind",
    ["couple", "family", "student_abroad", "separated_parents", "prepaid_kiosk", "food_coop", "football_team"],
)
def test_cards_are_in_several_hands(payments: SimulatedMarket, kind: str) -> None:
    cards = payments.tables["identifiers"].query("kind == 'payment'").drop_duplicates(["account_id", "value"])
    shared = [
        cards[cards["account_id"].isin(members)]["value"].duplicated().any() for members in find_groups(payments, kind)
    ]
    assert np.mean(shared) > 0.4


def test_owners_of_a_telephone_follow_one_another(payments: SimulatedMarket) -> None:
    devices = payments.tables["devices"].dropna()
    for members in find_groups(payments, "device_chain"):
        uses = devices[devices["account_id"].isin(members)]
        device = uses.groupby("device_id")["account_id"].nunique().idxmax()
        uses = uses[uses["device_id"] == device].sort_values("seen_at", kind="stable")
        assert (uses["account_id"] != uses["account_id"].shift()).sum() == uses["account_id"].nunique()


def test_a_savings_circle_pays_everybody_in_turn(payments: SimulatedMarket) -> None:
    for members in find_groups(payments, "savings_circle"):
        paid = list_orders(payments, members, members)
        paid = paid[paid["amount"] == paid["amount"].mode()[0]]
        assert paid["seller_id"].nunique() >= 0.7 * len(members)  # somebody's turn may come after the tables end
        assert len(paid) > 0.5 * (len(members) - 1) ** 2


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("football_team", 0.9),
        ("choir", 0.8),
        ("class_trip", 0.9),
        ("church", 0.8),
        ("food_coop", 0.9),
        ("gift_collection", 0.9),
        ("crowdfunding", 0.9),
        ("landlord", 0.7),
        ("tutor", 0.9),
        ("cancelled_event", 0.9),
        ("party", 0.9),
    ],
)
def test_many_pay_one(payments: SimulatedMarket, kind: str, share: float) -> None:
    paying = []
    for members in find_groups(payments, kind):
        paid = list_orders(payments, members)
        paying.append(paid[paid["seller_id"] == find_till(paid)]["buyer_id"].nunique() / (len(members) - 1))
    assert np.mean(paying) > share


@pytest.mark.parametrize(
    ("kind", "turns"), [("weekly_dinner", 0.85), ("poker_night", 0.9), ("babysitting_circle", 0.9)]
)
def test_everybody_is_paid_by_somebody(payments: SimulatedMarket, kind: str, turns: float) -> None:
    groups = list(find_groups(payments, kind))
    paid = [list_orders(payments, members, members)["seller_id"].nunique() for members in groups]
    assert sum(paid) > turns * sum(map(len, groups))


def test_a_trip_is_settled_within_weeks(payments: SimulatedMarket) -> None:
    n_close = 0
    for paid in list_inside(payments, "trip"):
        at = paid["at"].dropna().sort_values().to_numpy()
        half = len(at) // 2
        n_close += len(at) > 8 and (at[half:] - at[: len(at) - half]).min() < np.timedelta64(21, "D")
    assert n_close > 0.8 * len(list(find_groups(payments, "trip")))


@pytest.mark.parametrize(("kind", "payers"), [("flatshare", 0.5), ("landlord", 0.9)])
def test_rent_is_paid_when_the_month_begins(payments: SimulatedMarket, kind: str, payers: float) -> None:
    rents = [paid[paid["amount"] > 200] for paid in list_inside(payments, kind)]
    assert np.mean([len(paid) > 5 for paid in rents]) > payers
    assert (pd.concat(rents)["at"].dt.day <= 6).mean() > 0.8


def test_a_course_signs_up_within_an_evening_by_one_of_them(payments: SimulatedMarket) -> None:
    referrals = payments.tables["referrals"]
    for members in find_groups(payments, "course_bonus"):
        joined_at = list_joining(payments, members).dropna()
        assert ((joined_at - joined_at.median()).abs() < pd.Timedelta("2h")).mean() > 0.6
        brought = referrals[referrals["account_id"].isin(members)]
        by = brought["referred_by"]
        assert (by.isin(members) | (by == by.mode()[0])).mean() > 0.7
        assert len(brought) >= 0.5 * len(members)


def test_wages_go_from_one_to_all_and_on_to_two(payments: SimulatedMarket) -> None:
    for paid in list_inside(payments, "seasonal_workers"):
        foreman = str(paid["buyer_id"].mode()[0])
        wages, sent = paid[paid["buyer_id"] == foreman], paid[paid["buyer_id"] != foreman]
        assert wages["seller_id"].nunique() >= 6
        assert sent.query("amount > 100")["seller_id"].value_counts(normalize=True).iloc[:2].sum() > 0.9


def test_an_event_is_refunded_and_victims_of_a_lone_crook_want_their_money_back(payments: SimulatedMarket) -> None:
    fraud, in_rings = find_fraud(payments), set(payments.truth["rings"]["account_id"])
    for members in find_groups(payments, "cancelled_event"):
        paid = list_orders(payments, members)
        tickets = paid.groupby(["seller_id", "amount"])
        assert tickets.get_group(tickets["buyer_id"].nunique().idxmax())["status"].isin(BACK).mean() > 0.6
    for members in find_groups(payments, "scam_victims"):
        crook = find_till(list_orders(payments, members).query("status in @BACK"))
        assert crook in fraud - in_rings


# ── rings ─────────────────────────────────────────────────────────────────────────────────────────


def test_stolen_money_is_passed_on_in_layers(payments: SimulatedMarket) -> None:
    for ring in find_rings(payments, "mule_chain"):
        layers = [ring[role] for role in ("entry", "middle", "exit") if role in ring]
        assert len(list_orders(payments, ring["victim"], layers[0])) > len(layers[0])
        for taken, given in pairwise(layers):
            assert len(list_orders(payments, taken, given)) > len(list_orders(payments, given, taken))


def test_robbed_accounts_are_seen_on_telephones_of_the_crew(payments: SimulatedMarket) -> None:
    devices = payments.tables["devices"]
    for ring in find_rings(payments, "takeover_crew"):
        of_victims = devices[devices["account_id"].isin(ring["victim"])].drop_duplicates(["account_id", "device_id"])
        assert of_victims["device_id"].value_counts().iloc[0] >= 2
        assert set(list_orders(payments, ring["victim"], ring["member"])["buyer_id"]) == ring["victim"]


@pytest.mark.parametrize(("method", "role", "usual"), [("card_testing", "tester", 3), ("fake_payees", "burner", 2)])
def test_stolen_cards_are_many(payments: SimulatedMarket, method: str, role: str, usual: float) -> None:
    cards = payments.tables["identifiers"].query("kind == 'payment'")
    for ring in find_rings(payments, method):
        held = cards[cards["account_id"].isin(ring[role])].groupby("account_id")["value"].nunique()
        assert held.mean() > usual
        assert len(list_orders(payments, ring[role], ring["payee"])) >= 2 * len(ring[role])


def test_a_farm_is_brought_in_by_itself_and_passes_the_bonus_up(payments: SimulatedMarket) -> None:
    referrals = payments.tables["referrals"]
    for ring in find_rings(payments, "bonus_farm"):
        members = list_members(ring)
        inside = referrals[referrals["account_id"].isin(members) & referrals["referred_by"].isin(members)]
        assert len(inside) > 0.6 * len(members)
        assert find_till(list_orders(payments, members, members)) in ring["organiser"]


@pytest.mark.parametrize(
    ("method", "takers", "givers"),
    [
        ("hired_mules", "herder", "mule"),
        ("romance_scam", "keeper", "collector"),
        ("fake_seller", "head", "collector"),
        ("fake_payees", "organiser", "payee"),
    ],
)
def test_strangers_money_goes_to_the_head(payments: SimulatedMarket, method: str, takers: str, givers: str) -> None:
    for ring in find_rings(payments, method):
        upwards = list_orders(payments, ring[givers], ring[takers])
        assert len(upwards) > max(3, len(list_orders(payments, ring[takers], ring[givers])))


def test_students_who_are_hired_have_lives_of_their_own(payments: SimulatedMarket) -> None:
    for ring in find_rings(payments, "hired_mules"):
        members = list_members(ring)
        elsewhere = list_orders(payments, members)
        elsewhere = elsewhere[~elsewhere["seller_id"].isin(members | ring["victim"])]
        assert elsewhere["seller_id"].nunique() > len(members)


def test_sums_lie_just_below_the_limit(payments: SimulatedMarket) -> None:
    for ring in find_rings(payments, "structuring"):
        amounts = list_orders(payments, ring["smurf"], ring["collector"])["amount"].dropna()
        limit = min(limit for limit in (150, 250, 500) if limit > amounts.median())
        assert amounts.between(0.88 * limit, limit - 0.01).mean() > 0.7


def test_money_goes_in_circles(payments: SimulatedMarket) -> None:
    for method in ("limit_building", "promo_wash", "gambling_float"):
        for ring in find_rings(payments, method):
            members = list_members(ring)
            inside = list_orders(payments, members, members)
            both = set(inside["buyer_id"]) & set(inside["seller_id"])
            assert len(inside) >= 2 * len(members)
            assert len(both) > 0.6 * len(members)


def test_friends_tell_the_bank_that_it_was_not_they(payments: SimulatedMarket) -> None:
    for ring in find_rings(payments, "friendly_fraud"):
        assert list_orders(payments, ring["member"], ring["member"])["status"].isin(BACK).sum() >= len(ring["member"])


def test_limits_are_drawn_at_the_end(payments: SimulatedMarket) -> None:
    for ring in find_rings(payments, "bust_out"):
        drawn = list_orders(payments, ring["borrower"], ring["taker"]).query("amount > 80")
        at = drawn["at"].dropna()
        assert at.max() - at.quantile(0.25) < pd.Timedelta("21D")


def test_people_who_do_not_exist_are_fed_and_pay_back(payments: SimulatedMarket) -> None:
    for ring in find_rings(payments, "synthetic_people"):
        fed = list_orders(payments, ring["feeder"], ring["person"])
        out = list_orders(payments, ring["person"], ring["feeder"])
        assert set(fed["seller_id"]) >= set(out["buyer_id"])
        assert out["amount"].median() > 2 * fed["amount"].median()
