"""What those have in common who have things of their own as well, of two groups made by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hand_made import describe, gather_facts, hear, share, show, use

from detection.channels.catalogue import ITEM, REFERRED, TRADE
from detection.evidence.own_lives import (
    explain_by_institution,
    explain_by_passing_on,
    explain_by_word_of_mouth,
)
from detection.policy import Policy


@pytest.mark.parametrize(
    ("owned", "shares"),
    [
        ([], [0.0, 0.0, 0.0]),
        ([(2, 5)], [1 / 4 / 17, 1 / 2 / 17, 0.0]),
        ([(2, 5), (5, 6)], [2 / 4 / 2, 1 / 2 / 17, 0.0]),
        ([(2, 5), (5, 6), (3, 7), (8, 8)], [3 / 4 * 81 / 97, 2 / 2 / 2, 1 / 2 / 17]),
        ([(2, 5), (2, 6)], [1 / 4 / 17, 1 / 2 / 17, 0.0]),  # two devices of one member
        ([(7, 4)], [0.0, 0.0, 0.0]),  # a crowd's
        ([(7, 5), (9, 5)], [1 / 4 / 17, 0.0, 0.0]),  # the family's, who are not of the group
        ([(2, 5), (3, 5), (8, 6)], [0.0, 0.0, 1 / 2 / 17]),  # between two members of the first it is none of their own
    ],
)
def test_the_more_of_a_devices_users_have_another_of_their_own_the_more_of_it_is_an_institutions(
    owned: list[tuple[int, int]], shares: list[float]
) -> None:
    users = {0: [2, 3, 5, 7], 1: [2, 3], 2: [0, 8], 4: [9, 1, 4, 6]}
    devices = use("device", [*((user, thing) for thing, those in users.items() for user in those), *owned])
    joint = [(0, [0, 1], 3.0, 2)] if (3, 5) in owned else []
    rows = [(0, [0, 1, 2, 3], 8.0, 4), (0, [0, 1], 4.0, 2), *joint, (1, [4, 6], 2.0, 2)]
    within = {"device": share(*rows, things=[0, 1, *[5] * len(joint), 2]), "address": share((0, [0, 1], 6.0, 2))}
    things = {"device": devices, "address": describe("address")}
    policy = Policy(household_size=3, half_granted_owners=2.0)
    facts = gather_facts(
        within, market={"things": things, "policy": policy}, outward_shares=np.ones(7), outward_lives=np.zeros(7)
    )
    claim = hear(explain_by_institution, facts)
    assert set(claim.claimed) == {"device", "address"}
    told = [claim.claimed["device"][row] for row in (0, 1, -1)]
    assert told == pytest.approx([8 * shares[0], 4 * shares[1], 2 * shares[2]])


@pytest.mark.parametrize(
    ("own", "shares"),
    [
        ({}, [0.0, 0.0, 0.0]),  # a farm
        ({"phone": [(2, 1)]}, [1 / 4 / 17, 1 / 2 / 17, 0.0]),
        ({"phone": [(2, 1)], "card": [(3, 7), (5, 8)]}, [3 / 4 * 81 / 97, 2 / 2 / 2, 0.0]),
        ({"email": [(2, 1), (3, 2), (5, 3), (7, 4)]}, [0.0, 0.0, 0.0]),
        ({"phone": [(0, 1)]}, [0.0, 0.0, 1 / 2 / 17]),
        ({"phone": [(0, 1), (8, 2)]}, [0.0, 0.0, 2 / 2 / 2]),
    ],
)
def test_what_they_have_of_their_own_may_be_of_any_kind_that_is_not_to_be_had_for_nothing(
    own: dict[str, list[tuple[int, int]]], shares: list[float]
) -> None:
    crowd = [1, 4, 6, 9]
    users = {0: [2, 3, 5, 7, 9], 1: [2, 3], 2: [0, 8, *crowd]}
    things = {
        "iban": use("iban", [(user, thing) for thing, those in users.items() for user in those]),
        "phone": use("phone", [(user, 0) for user in crowd] + own.get("phone", [])),
        "card": use("card", [(user, 0) for user in crowd] + own.get("card", [])),
        "email": use("email", [(user, 0) for user in crowd] + own.get("email", [])),
        "address": describe("address"),
    }
    within = {
        "iban": share((0, [0, 1, 2, 3], 8.0, 5), (0, [0, 1], 4.0, 2), (1, [4, 6], 2.0, 6)),
        "phone": share(),
        "card": share(),
        "email": share(),
        "address": share((0, [0, 1], 6.0, 2)),
    }
    policy = Policy(household_size=3, half_granted_owners=2.0)
    facts = gather_facts(
        within, market={"things": things, "policy": policy}, outward_shares=np.ones(7), outward_lives=np.zeros(7)
    )
    claim = hear(explain_by_institution, facts)
    assert claim.claimed.keys() == {"iban", "phone", "card", "email", "address"}
    assert claim.claimed["iban"].tolist() == pytest.approx([8 * shares[0], 4 * shares[1], 2 * shares[2]])


@pytest.mark.parametrize(
    ("owned", "outward", "share_left"),
    [
        ([], [1.0, 1.0, 1.0, 1.0], 0.0),
        ([(2, 1)], [1.0, 1.0, 1.0, 1.0], (1 / 4 / 17) ** 2 / 4),
        ([(2, 1), (3, 2), (5, 3), (7, 4)], [1.0, 1.0, 1.0, 1.0], (16 / 17) ** 2),
        ([(2, 1), (3, 2), (5, 3), (7, 4)], [0.0, 0.5, 0.5, 1.0], (16 / 17) ** 2 / 2),
        ([(2, 1), (3, 2), (5, 3), (7, 4)], [0.0, 0.0, 0.0, 0.0], 0.0),  # they deal with nobody else
        ([(2, 1), (3, 2)], [1.0, 1.0, 0.0, 0.0], (2 / 4 / 2) ** 2 / 2),
        ([(2, 1), (3, 2)], [0.0, 0.0, 1.0, 1.0], 0.0),  # those who do have nothing
    ],
)
def test_where_they_live_is_granted_more_strictly_and_as_far_as_they_deal_with_others(
    owned: list[tuple[int, int]], outward: list[float], share_left: float
) -> None:
    things = {"device": use("device", [(1, 0), *owned]), "address": describe("address"), "ip": describe("ip")}
    within = {"device": share(), "address": share((0, [0, 1, 2, 3], 8.0, 4)), "ip": share((0, [0, 1, 2, 3], 4.0, 4))}
    policy = Policy(household_size=3, half_granted_owners=2.0)
    shares = np.array([*outward, 1.0, 1.0, 1.0])
    facts = gather_facts(
        within, market={"things": things, "policy": policy}, outward_shares=shares, outward_lives=np.zeros(7)
    )
    claim = hear(explain_by_institution, facts)
    told = [claim.claimed[name].tolist() for name in ("address", "ip")]
    assert told == [pytest.approx([8 * share_left]), pytest.approx([4 * share_left])]


@pytest.mark.parametrize(("days", "confined"), [([0, 9, 18, 36.5], 8.078), ([0, 99, 200, 365], 0.0)])
def test_a_makers_photo_is_granted_to_sellers_who_have_things_of_their_own_but_for_coming_at_once(
    days: list[float], confined: float
) -> None:
    created = np.full(10, np.datetime64("NaT", "us"))
    created[[2, 3, 5, 7]] = np.datetime64("2024-01-01", "us") + (np.array(days) * 86_400e6).astype("timedelta64[us]")
    things = {"phone": use("phone", [(1, 0), (2, 1), (3, 2), (5, 3), (7, 4)]), "photo": describe("photo")}
    within = {"phone": share(), "photo": share((0, [0, 1, 2, 3], 40.0, 4))}
    market = {
        "things": things,
        "policy": Policy(household_size=3, half_granted_owners=2.0, goods_days=365.0),
        "snapshot": SimpleNamespace(created_at=created),
    }
    claim = hear(
        explain_by_institution,
        gather_facts(within, market=market, outward_shares=np.ones(7), outward_lives=np.zeros(7)),
    )
    assert claim.claimed["photo"].tolist() == pytest.approx([(40.0 - confined) * 16 / 17], abs=1e-3)


@pytest.mark.parametrize(
    ("deals", "owned", "shares"),
    [
        ([0, 0, 0, 0], [], [0.0, 0.0]),  # a farm
        ([2, 2, 2, 2], [], [2 / 4 / 2, 1 / 2 / 17]),  # each counts half, as who has two deals with others does
        ([6, 6, 6, 6], [], [3 / 4 * 81 / 97, 1.5 / 2 * 81 / 337]),
        ([2, 0, 0, 0], [], [0.5 / 4 / 257, 0.5 / 2 / 257]),
        ([2, 2, 2, 2], [(2, 5), (3, 6), (5, 7), (7, 8)], [16 / 17, 2 / 2 / 2]),  # who has things and deals is one
        ([2, 2, 2, 2], [(2, 5)], [2.5 / 4 * 2.5**4 / (2.5**4 + 16), 1.5 / 2 * 81 / 337]),
    ],
)
def test_who_has_nothing_but_deals_with_others_counts_in_part(
    deals: list[int], owned: list[tuple[int, int]], shares: list[float]
) -> None:
    devices = use("device", [*((user, 0) for user in (2, 3, 5, 7)), (2, 1), (3, 1), *owned])
    within = {"device": share((0, [0, 1, 2, 3], 8.0, 4), (0, [0, 1], 4.0, 2)), "address": share((0, [0, 1], 6.0, 2))}
    n_deals = np.zeros(10, dtype=np.int64)
    n_deals[[2, 3, 5, 7]] = deals
    market = {
        "things": {"device": devices, "address": describe("address")},
        "policy": Policy(household_size=4, half_granted_owners=2.0, half_life_deals=2.0),
        "trades": SimpleNamespace(n_deals=n_deals),
    }
    nobody = np.empty(0, dtype=np.int64)
    claim = hear(
        explain_by_institution, gather_facts(within, market=market, inner=SimpleNamespace(buyer=nobody, seller=nobody))
    )
    told = [float(bits) for bits in claim.claimed["device"]]
    assert told == pytest.approx([8 * shares[0], 4 * shares[1]])
    # Where somebody lives is granted to owners alone.
    assert (claim.claimed["address"][0] > 0) == bool(owned)


@pytest.mark.parametrize(
    ("other", "owned", "lives", "granted"),
    [
        ([2, 3], [2, 3, 5, 7], [1, 1, 1, 1], 16 / 17),  # four relatives in two homes
        ([2], [2, 3, 5, 7], [1, 1, 1, 1], 1 / 2),  # two who live with nobody of them
        ([0, 1, 2, 3], [2, 3, 5, 7], [1, 1, 1, 1], 1 / 2),  # that more than a household uses a thing makes no relatives
        ([2, 3], [2, 3, 5, 7], [1, 1, 0, 0], 1 / 2),  # the others deal with nobody else
        ([2, 3], [2, 3], [1, 1, 1, 1], 1 / 2),  # the others have nothing of their own
        ([2, 3], [2, 3, 5, 7], [1, 0, 1, 1], 1 / 2),  # one of two whose it is does not: what is theirs is half
        ([2, 3], [], [0, 0, 0, 0], 0.0),  # puppets
    ],
)
def test_what_few_share_is_a_familys_by_how_many_of_it_have_lives_of_their_own(
    other: list[int], owned: list[int], lives: list[int], granted: float
) -> None:
    things = {
        "device": use("device", [(9, 0), *((account, 1 + number) for number, account in enumerate(owned))]),
        "card": use("card", [(2, 0), (3, 0)]),
        "address": describe("address"),
    }
    home = (0, other, 6.0, len(other))
    within = {"device": share(), "card": share((0, [0, 1], 4.0, 2)), "address": share(*([home] if other[1:] else []))}
    market = {"things": things, "policy": Policy(household_size=3, half_granted_owners=2.0)}
    facts = gather_facts(
        within, market=market, outward_shares=np.ones(7), outward_lives=np.array([*lives, 1, 1, 1], dtype=float)
    )
    assert hear(explain_by_institution, facts).claimed["card"].tolist() == pytest.approx([4 * granted])


def test_what_is_dealt_inside_is_no_life() -> None:
    inner = SimpleNamespace(buyer=np.array([0, 1, 0]), seller=np.array([1, 0, 2]))
    market = {"policy": Policy(half_life_deals=2.0), "trades": SimpleNamespace(n_deals=np.full(10, 3))}
    facts = gather_facts({}, market=market, inner=inner)
    assert facts.outward_lives.tolist() == pytest.approx([0.0, 1 / 3, 0.5, 0.6, 0.6, 0.6, 0.6])


def test_a_thing_passed_on_for_less_is_a_circles_as_far_as_each_pays_less() -> None:
    facts = gather_facts(
        {ITEM: share((0, [0, 1], 8.0, 2), (0, [2, 3], 6.0, 2), things=[1, 2])},
        market={"things": {ITEM: describe(ITEM)}, "falling_laps": np.array([0.0, 0.5, 1.0])},
    )
    assert hear(explain_by_passing_on, facts).claimed[ITEM].tolist() == [4.0, 6.0]
    assert not hear(explain_by_passing_on, gather_facts({})).claimed


@pytest.mark.parametrize(
    ("n_deals", "owners", "share_left"),
    [
        (2, [2, 3, 5, 7], 0.0),  # they deal with nobody else
        (4, [2, 3, 5, 7], 0.5),
        (8, [2, 3, 5, 7], 0.75),
        (8, [2, 3], 2 / 3 * 0.75),  # of three who trade inside, two have devices of their own
        (8, [], 0.0),
    ],
)
def test_what_colleagues_sell_one_another_is_a_circles_as_far_as_they_have_devices_and_deal_with_others(
    n_deals: int, owners: list[int], share_left: float
) -> None:
    devices = use("device", [(2, 0), (3, 0), *((user, 1 + place) for place, user in enumerate(owners))])
    inner = SimpleNamespace(buyer=np.array([0, 1, 2]), seller=np.array([1, 2, 0]))
    facts = gather_facts(
        {"device": share((0, [0, 1], 8.0, 2))},
        {TRADE: show(TRADE, 12.0, 6.0)},
        market={"things": {"device": devices}, "trades": SimpleNamespace(n_deals=np.full(10, n_deals))},
        inner=inner,
        home_trades=(np.array([4, 2]), np.array([3, 1])),
    )
    claim = hear(explain_by_institution, facts)
    assert claim.claimed[TRADE].tolist() == pytest.approx([12.0 * 3 / 4 * share_left, 0.0])


@pytest.mark.parametrize(
    ("owners", "shares"),
    [([], [0.0, 0.0]), ([2], [1 / 4 / 17, 0.0]), ([2, 5, 7], [3 / 4 * 81 / 97, 0.0]), ([0, 8], [0.0, 2 / 3 / 2])],
)
def test_the_more_members_have_a_device_of_their_own_the_more_of_what_they_recommend_is_word_of_mouth(
    owners: list[int], shares: list[float]
) -> None:
    devices = use("device", [(1, 0), *((user, 1 + place) for place, user in enumerate(owners))])
    within = {
        REFERRED: share((0, [0, 1], 6.0, 2), (0, [2, 3], 3.0, 9), (1, [4, 5], 2.0, 2)),
        "device": share(),
        "phone": share((0, [0, 1], 6.0, 2)),
    }
    things = {"device": devices, REFERRED: describe(REFERRED), "phone": describe("phone")}
    policy = Policy(household_size=3, half_granted_owners=2.0)
    claim = hear(explain_by_word_of_mouth, gather_facts(within, market={"things": things, "policy": policy}))
    assert claim.claimed.keys() == {REFERRED}
    assert claim.claimed[REFERRED].tolist() == pytest.approx([6 * shares[0], 3 * shares[0], 2 * shares[1]])
