"""What the innocent explanations look up about groups: who trades at home, who is of whose circle."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hand_made import HOUSEHOLD, THREE_AT_HOME, describe, gather_facts, share, use

from detection.channels.catalogue import PRAISE, REFERRED
from detection.evidence.group_facts import GroupFacts
from detection.evidence.households import HouseholdPartition
from detection.evidence.inner_trades import InnerTrades
from detection.groups import Groups, index_by_account

NOBODY = np.empty(0, dtype=np.int64)
WITHIN = {
    "phone": share((0, [0, 1], 6.0, 2), (0, [0, 2], 3.0, 2), (1, [4, 5, 6], 2.0, 40)),
    "card": share((0, [2, 3], 5.0, 2), (0, [0, 3], 5.0, 2), (1, [4, 6], 2.0, 2)),
}


def trade(pairs: list[tuple[int, int]]) -> InnerTrades:
    """Each of some memberships buys of another."""
    buyer, seller = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    nobody = np.zeros(7, dtype=bool)
    return InnerTrades(np.zeros(2), nobody, nobody, np.zeros(2), buyer, seller)


def share_homes(**scale: list[bool]) -> HouseholdPartition:
    """Which of the things a household could share."""
    return HouseholdPartition({name: np.array(each) for name, each in scale.items()}, {}, HOUSEHOLD, np.zeros(2))


@pytest.mark.parametrize(
    ("scale", "at_home"),
    [
        ({}, [0, 0]),
        ({"phone": [True, False, False]}, [1, 0]),  # the first two, who trade both ways
        ({"phone": [True, True, False]}, [2, 0]),
        ({"phone": [True, True, True]}, [2, 1]),
        ({"phone": [True, False, False], "card": [False, False, True]}, [1, 1]),
        # Two who have one phone and two who have one card have nothing in common.
        ({"phone": [True, False, False], "card": [True, False, False]}, [2, 0]),
        ({"phone": [False, True, False], "card": [True, True, False]}, [2, 0]),
    ],
)
def test_a_pair_trades_at_home_that_shares_a_thing_of_one(scale: dict[str, list[bool]], at_home: list[int]) -> None:
    inner = trade([(0, 1), (1, 0), (0, 1), (2, 0), (2, 3), (1, 3), (4, 6)])
    facts = gather_facts(WITHIN, inner=inner, partition=share_homes(**scale))
    pairs, of_home = facts.home_trades
    assert (pairs.tolist(), of_home.tolist()) == ([4, 1], at_home)


def test_where_nobody_trades_no_pair_does() -> None:
    facts = gather_facts(WITHIN, inner=trade([]), partition=share_homes(phone=[True, True, True]))
    assert [each.tolist() for each in facts.home_trades] == [[0, 0], [0, 0]]
    first = gather_facts(WITHIN, inner=trade([(0, 1)]), partition=share_homes(phone=[True, True, True]))
    assert [each.tolist() for each in first.home_trades] == [[1, 0], [1, 0]]


def test_a_membership_is_known_by_its_group_and_account() -> None:
    assert gather_facts({}).member_codes.tolist() == [2, 3, 5, 7, 10, 13, 18]


def test_the_circle_is_the_members_and_who_bought_of_one_of_them() -> None:
    """Account 9 bought of 2, account 6 of 9 and of 0; account 1 of nobody."""
    trades = SimpleNamespace(by_buyer=index_by_account(np.array([9, 6, 6, 9])), seller=np.array([2, 9, 0, 1]))
    facts = gather_facts({}, market={"trades": trades})
    asked = [(0, 2), (0, 0), (0, 9), (0, 6), (0, 1), (0, -1), (1, 2), (1, 0), (1, 9), (1, 6), (1, -1), (0, 9)]
    group, seller = np.array(asked).T
    found = [pair for pair, is_of_circle in zip(asked, facts.find_circle(group, seller), strict=True) if is_of_circle]
    assert found == [(0, 2), (0, 9), (1, 0), (1, 6), (0, 9)]


def test_account_zero_is_a_seller_and_nobody_is_none() -> None:
    trades = SimpleNamespace(by_buyer=index_by_account(np.array([0])), seller=np.array([2]))
    facts = gather_facts({}, market={"trades": trades})
    group, seller = np.array([0, 0, 1]), np.array([0, -1, -1])
    assert facts.find_circle(group, seller).tolist() == [True, False, False]
    assert facts.find_circle(NOBODY, NOBODY).tolist() == []


def test_where_nobody_trades_the_circle_is_the_members() -> None:
    facts = gather_facts({}, market={"trades": SimpleNamespace(by_buyer=index_by_account(NOBODY), seller=NOBODY)})
    assert facts.find_circle(np.array([0, 1, 1]), np.array([2, 2, 8])).tolist() == [True, False, True]


def test_channels_of_one_sort_are_those_in_which_members_share_something() -> None:
    things = {name: describe(name) for name in (*WITHIN, "device", REFERRED)}
    facts = gather_facts(WITHIN, market={"things": things})
    assert facts.list_shared(lambda channel: channel.name != "phone") == [(things["card"], WITHIN["card"])]
    assert [channel.name for channel, _ in facts.list_shared(lambda _: True)] == ["phone", "card"]


def test_things_are_of_groups_and_trades_have_no_rows() -> None:
    found = gather_facts(WITHIN).find_rows("card")
    assert found is not None
    assert found.tolist() == [0, 0, 1]
    assert gather_facts(WITHIN).find_rows("trade") is None


def test_households_are_counted_among_those_who_are_named() -> None:
    facts = gather_facts({}, partition=share_homes())
    everybody = np.ones(7, dtype=bool)
    assert facts.count_households(everybody).tolist() == [3, 2]
    assert facts.count_households(np.arange(7) < 3).tolist() == [2, 0]
    assert facts.count_households(~everybody).tolist() == [0, 0]


def test_who_lives_together_and_what_is_praised_is_worked_out_of_what_is_shared() -> None:
    praise = use(PRAISE, [(2, 0), (3, 0), (5, 0)])
    phones = share((0, [0, 1], 6.0, 2), (0, [2, 3], 3.0, 2))
    orders = SimpleNamespace(buyer=np.array([2]), seller=np.array([9]))
    market = {
        "things": {"phone": describe("phone", crowd=[2, 2]), PRAISE: praise},
        "sellers": {PRAISE: np.array([9])},
        "snapshot": SimpleNamespace(orders=orders),
    }
    facts = gather_facts({"phone": phones, PRAISE: share((0, [0, 1, 2], 6.0, 3))}, market=market)
    home = facts.partition.household.tolist()
    assert (home[0] == home[1], home[2] == home[3], len(set(home))) == (True, True, 5)
    assert facts.praise.customers == pytest.approx([1 / 3])
    assert facts.policy is THREE_AT_HOME


def test_no_groups_have_no_trades() -> None:
    none: Any = replace(trade([]), is_trader=np.zeros(0, dtype=bool))
    market = gather_facts({}).market
    facts = GroupFacts(Groups(NOBODY, np.array([0])), {}, {}, none, market)
    vars(facts).update(partition=HouseholdPartition({}, {}, NOBODY, np.empty(0)))
    assert [each.tolist() for each in facts.home_trades] == [[], []]
    assert (facts.member_codes.tolist(), facts.count_households(np.zeros(0, dtype=bool)).tolist()) == ([], [])
