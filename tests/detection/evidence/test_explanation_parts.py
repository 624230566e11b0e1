"""What each innocent explanation claims, fact by fact, of two groups so small that the figures follow by hand.

Three make a household.  The memberships are 0 to 3, and 4 to 6; the first two of each live together.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, log2
from typing import Any

import numpy as np
import pytest
from hand_made import HOUSEHOLD, describe, gather_facts, hear, list_claims, share, show, use

from detection.channels.catalogue import BLAME, PRAISE, REFERRED, REFUND, SIGN_UP, TRADE
from detection.evidence.explanations import (
    COMMUNITIES,
    EXPLAINERS,
    GRANTED,
    explain_by_arrival,
    explain_by_campaign,
    explain_by_club,
    explain_by_fans,
    explain_by_household,
    explain_by_launch,
    explain_by_second_hand,
    explain_by_shared_place,
    find_explanations,
    find_terminals,
)
from detection.evidence.households import HouseholdPartition
from detection.policy import Policy

NOBODY = [False] * 7
NO_TRADES = np.empty(0, dtype=np.int64)


def live(
    scale: dict[str, list[bool]],
    explained: dict[str, list[float]] | None = None,
    *,
    home: Sequence[int] = HOUSEHOLD.tolist(),
) -> HouseholdPartition:
    """Who lives together, which things a household could share, and what it explains of each."""
    bits = {name: np.array(each) for name, each in (explained or {}).items()}
    known = {name: np.array(each) for name, each in scale.items()}
    return HouseholdPartition(known, bits, np.array(home), np.array([1.5, 0.0]))


# ── everything that is heard ──────────────────────────────────────────────────────────────────────


def test_the_explanations_are_heard_in_this_order_told_in_these_words_and_some_are_of_crowds() -> None:
    assert [(each.name, each.says, each.is_of_crowds) for each in EXPLAINERS] == [
        ("household", "families and friends who share phones, cards and homes", False),
        (
            "shared place",
            "a dormitory, an office, a parcel locker, a carrier's network or a computer in a library",
            True,
        ),
        ("second-hand device", "a device sold on from one to the next", False),
        ("referral campaign", "the followers of somebody who recommends the market to a crowd", True),
        ("club", "people who trade with one another, and praise what they bought", False),
        ("came together", "people who signed up together: a class, a course, a fair", True),
        ("launch", "a crowd with one opinion of one thing at one time", True),
        ("same goods", "sellers of one maker's goods, who show its photo", True),
        (
            "meeting",
            "people who come together elsewhere, or follow somebody: a class, an office, a day at one table",
            True,
        ),
        ("common words", "words that many use", True),
        ("fans", "buyers who come back to the same sellers, and praise them", True),
    ]


def test_what_is_too_weak_to_be_heard_against_a_ring_is_granted_with_the_communities() -> None:
    assert [(each.name, each.says, each.is_of_crowds) for each in GRANTED] == [
        (
            "institution",
            "a shop, a club, a home or an office whose till, phone, account or photos its people use beside their own",
            False,
        ),
        ("word of mouth", "friends who tell one another of the market, each on a device of their own", False),
        ("passed on", "people who pass things on among themselves, each time for less", False),
        ("faulty goods", "buyers of one faulty product, as most of its buyers complain", False),
    ]
    granted = {"institution", "passed on", "word of mouth", "faulty goods"}
    assert {each.name for each in EXPLAINERS} > COMMUNITIES - granted
    assert {"shared place", "referral campaign", "club", "fans"} | granted == COMMUNITIES


def test_what_accounts_for_nothing_is_not_heard_and_the_rest_says_whom_it_brings_together() -> None:
    within = {"phone": share((0, [0, 1], 6.0, 2)), SIGN_UP: share((1, [4, 5, 6], 4.0, 9))}
    facts = gather_facts(
        within,
        market={"things": {"phone": describe("phone"), SIGN_UP: describe(SIGN_UP)}},
        partition=live({"phone": [True]}, {"phone": [5.0]}),
    )
    household, came = find_explanations(facts)
    assert (household.name, household.bits.tolist()) == ("household", [5.0, 0.0])
    assert (household.people.tolist(), household.households.tolist()) == ([4, 3], [3, 2])
    assert np.asarray(household.choice_bits).tolist() == [0.0, 0.0]
    assert (came.name, came.bits.tolist(), came.people.tolist()) == ("came together", [0.0, 4.0], [0, 3])
    assert np.asarray(came.choice_bits) == pytest.approx([0.0, log2(comb(9, 3))])


# ── households ────────────────────────────────────────────────────────────────────────────────────

PHONES = share((0, [0, 1], 6.0, 2), (0, [1, 2], 3.0, 40), (1, [4, 5, 6], 0.5, 3))


def test_a_household_claims_what_its_partition_explains_of_things_of_its_scale_and_names_everybody() -> None:
    facts = gather_facts({"phone": PHONES}, partition=live({"phone": [True, False, True]}, {"phone": [5.0, 3.0, 0.5]}))
    claim = hear(explain_by_household, facts)
    assert list_claims(claim) == {"phone": [5.0, 0.0, 0.5]}
    assert claim.named.all()
    assert claim.again_bits.tolist() == [1.5, 0.0]


@pytest.mark.parametrize(
    ("family_trades", "pairs", "at_home", "share_at_home"),
    [
        (2.0, [4, 2], [3, 1], [2 / 4, 1 / 2]),  # one relative beyond the first in each home
        (0.5, [4, 2], [3, 1], [0.5 / 4, 0.5 / 2]),
        (2.0, [1, 0], [1, 0], [1.0, 0.0]),
    ],
)
def test_a_household_trades_within_as_often_as_relatives_do(
    family_trades: float, pairs: list[int], at_home: list[int], share_at_home: list[float]
) -> None:
    facts = gather_facts(
        {"phone": PHONES},
        {TRADE: show(TRADE, 12.0, 8.0)},
        market={"policy": Policy(household_size=3, family_trades=family_trades)},
        partition=live({"phone": [True, False, True]}, {"phone": [5.0, 0.0, 0.5]}),
        home_trades=(np.array(pairs), np.array(at_home)),
    )
    claimed = hear(explain_by_household, facts).claimed[TRADE]
    assert claimed == pytest.approx(np.array([12.0, 8.0]) * share_at_home)


def test_a_family_of_three_trades_with_two_relatives() -> None:
    facts = gather_facts(
        {"phone": PHONES},
        {TRADE: show(TRADE, 12.0, 8.0)},
        market={"policy": Policy(household_size=3, family_trades=1.0)},
        partition=live({"phone": [True] * 3}, {"phone": [5.0, 0.0, 0.5]}, home=[0, 0, 0, 1, 2, 2, 2]),
        home_trades=(np.array([4, 2]), np.array([3, 1])),
    )
    assert hear(explain_by_household, facts).claimed[TRADE] == pytest.approx([12.0 * 2 / 4, 8.0 * 1 / 2])


def test_who_trades_and_shares_nothing_is_no_household() -> None:
    facts = gather_facts(
        {"phone": PHONES},
        {TRADE: show(TRADE, 12.0, 8.0)},
        partition=live({"phone": [True, False, False]}, {"phone": [5.0, 0.0, 0.5]}),
        home_trades=(np.array([1, 1]), np.array([1, 1])),
    )
    assert hear(explain_by_household, facts).claimed[TRADE].tolist() == [12.0, 0.0]


# ── places and devices ────────────────────────────────────────────────────────────────────────────

JOINED = share((0, [0, 1, 2], 7.0, 50), (1, [4, 5], 8.0, 50))


def test_places_beyond_a_household_are_claimed_with_the_day_on_which_people_came() -> None:
    within = {
        "address": share((0, [0, 1], 6.0, 2), (0, [1, 2, 3], 3.0, 40), (1, [4, 5], 2.0, 2)),
        "browser": share((0, [0, 1], 1.0, 900)),
        "phone": share((1, [4, 5], 9.0, 90)),
        SIGN_UP: JOINED,
    }
    facts = gather_facts(
        within,
        market={"things": {name: describe(name) for name in within}},
        partition=live({"address": [True, False, True], "browser": [False], "phone": [False]}),
    )
    claim = hear(explain_by_shared_place, facts)
    assert list_claims(claim) == {"address": [0.0, 3.0, 0.0], "browser": [1.0], SIGN_UP: [7.0, 0.0]}
    assert claim.named.tolist() == [True, True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("owners", "found"),
    [
        ([], [False, False, False]),  # of the three of the first one has another, with a household
        ([2], [True, False, False]),
        ([7], [False, False, False]),  # one of two is no more than half
        ([5], [True, False, False]),
        ([5, 7], [True, True, False]),
    ],
)
def test_a_crowds_device_stands_in_public_where_more_than_half_of_the_members_have_another(
    owners: list[int], found: list[bool]
) -> None:
    users = {1: [2, 3, 5, 9], 2: [5, 7, 1, 4], 3: [0, 3, 1], 0: [9]}
    owned = [(owner, 4 + place) for place, owner in enumerate(owners)]
    devices = use("device", [(user, thing) for thing, those in users.items() for user in those] + owned)
    within = share((0, [0, 1, 2], 5.0, 4), (0, [2, 3], 4.0, 4), (1, [4, 5], 2.0, 3), things=[1, 2, 3])
    facts = gather_facts({"device": within}, market={"things": {"device": devices}})
    assert find_terminals(facts, devices).tolist() == found


def test_a_public_device_is_claimed_and_a_second_hand_one_only_where_its_owners_took_turns() -> None:
    users = {0: [2, 3, 5, 9], 1: [2, 7], 2: [5, 7, 1, 4], 3: [2], 4: [3]}
    devices = use("device", [(user, thing) for thing, those in users.items() for user in those])
    within = {
        "device": share((0, [0, 1, 2], 5.0, 4), (0, [2, 3], 3.0, 4), things=[0, 2]),
        "phone": share((0, [0, 1], 9.0, 4)),
    }
    things = {"device": devices, "phone": describe("phone", overlaps=[False])}
    facts = gather_facts(within, market={"things": things}, partition=live({"device": [False, False]}))
    claim = hear(explain_by_shared_place, facts)
    assert list_claims(claim) == {"device": [5.0, 0.0]}
    assert claim.named.tolist() == [True, True, True, False, False, False, False]
    assert list_claims(hear(explain_by_second_hand, facts)) == {"device": [0.0, 0.0]}


def test_second_hand_is_what_more_than_a_household_used_one_after_the_other_as_far_as_they_have_others() -> None:
    within = {
        "device": share(
            (0, [0, 1], 6.0, 4), (0, [1, 2], 3.0, 4), (1, [4, 5], 2.0, 4), (1, [5, 6], 1.0, 4), things=[3, 2, 0, 1]
        ),
        "phone": share((0, [0, 1], 9.0, 4)),
    }
    things = {
        "device": describe("device", overlaps=[False, True, True, False]),
        "phone": describe("phone", overlaps=[False]),
    }
    things["device"].find_owners = lambda n_accounts, _: np.isin(np.arange(n_accounts), [2, 5])
    at_home = live({"device": [False, False, True, True], "phone": [False]})
    claim = hear(explain_by_second_hand, gather_facts(within, market={"things": things}, partition=at_home))
    assert list_claims(claim) == {"device": [3.0, 0.0, 0.0, 0.0]}  # one of the two has another
    assert claim.named.tolist() == [True, True, False, False, False, False, False]


# ── crowds ────────────────────────────────────────────────────────────────────────────────────────


def test_a_campaign_claims_what_more_than_a_household_follow_and_the_day_on_which_they_came() -> None:
    within = {
        REFERRED: share((0, [0, 1], 6.0, 3), (0, [1, 2], 3.0, 4), (1, [4, 5], 2.0, 3), things=[2, 0, 1]),
        "phone": share((1, [4, 5], 9.0, 9)),
        SIGN_UP: JOINED,
    }
    things = {name: describe(name, popularity=[4, 3, 3]) for name in within}
    claim = hear(explain_by_campaign, gather_facts(within, market={"things": things}))
    assert list_claims(claim) == {REFERRED: [0.0, 3.0, 0.0], SIGN_UP: [7.0, 0.0]}
    assert claim.named.tolist() == [False, True, True, False, False, False, False]


def test_a_launch_claims_the_one_strongest_coincidence_of_each_kind_in_a_crowd_and_of_equals_the_first() -> None:
    within = {
        PRAISE: share(
            (0, [0, 1], 5.0, 9),
            (0, [1, 2], 7.0, 9),
            (0, [2, 3], 9.0, 3),
            (1, [4, 5], 0.5, 9),
            (1, [5, 6], 0.5, 9),
            things=[0, 2, 1, 3, 4],
        ),
        BLAME: share((1, [4, 6], 2.0, 9)),
        REFUND: share((0, [0, 1], 4.0, 3)),
        "phone": share((0, [0, 1], 8.0, 9)),
    }
    things = {name: describe(name, popularity=[4]) for name in within} | {
        PRAISE: describe(PRAISE, popularity=[4, 3, 4, 4, 4]),
        REFUND: describe(REFUND, popularity=[3]),
    }
    claim = hear(explain_by_launch, gather_facts(within, market={"things": things}))
    assert list_claims(claim) == {PRAISE: [0.0, 7.0, 0.0, 0.5, 0.0], BLAME: [2.0], REFUND: [0.0]}
    assert claim.named.tolist() == [False, True, True, False, True, True, True]


@pytest.mark.parametrize(
    ("home", "bits", "claimed"),
    [
        ([0, 0, 0, 1, 2, 2, 3], [7.0, 8.0], [7.0 - 4.0, 8.0]),  # a family of three, and a couple
        ([0, 0, 1, 1, 2, 2, 2], [7.0, 8.0], [7.0, 8.0]),
        ([0, 0, 0, 1, 2, 2, 2], [3.0, 8.0], [0.0, 8.0]),
        ([0, 1, 0, 1, 2, 3, 3], [7.0, 8.0], [7.0, 8.0]),
    ],
)
def test_who_came_together_is_claimed_but_for_what_a_family_of_three_seldom_does(
    home: list[int], bits: list[float], claimed: list[float]
) -> None:
    within = {SIGN_UP: share((0, [0, 1, 2], bits[0], 50), (1, [4, 5], bits[1], 50))}
    facts = gather_facts(
        within,
        market={"policy": Policy(joint_arrival_bits=4.0)},
        partition=HouseholdPartition({}, {}, np.array(home), np.zeros(2)),
    )
    claim = hear(explain_by_arrival, facts)
    assert list_claims(claim) == {SIGN_UP: claimed}
    assert claim.named.tolist() == [*[claimed[0] > 0] * 3, False, True, True, False]


@pytest.mark.parametrize("explain", [explain_by_arrival, explain_by_fans, explain_by_club])
def test_nothing_is_claimed_of_what_nobody_did(explain: Any) -> None:
    claim = hear(explain, gather_facts({"phone": PHONES}))
    assert (claim.claimed, claim.named.tolist()) == ({}, NOBODY)
