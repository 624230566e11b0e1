"""What ties a member to the others, thing by thing and partner by partner, and what would free it."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from slow_twins import share_surprise

from detection.evidence.judge import judge_groups
from detection.evidence.market import make_market
from detection.groups import gather_groups
from detection.policy import DEFAULT_POLICY
from detection.rings.ties import Tie, find_critical_links, list_members, list_ties
from detection.rings.view import RingView

NAMES = [f"a{number:02d}" for number in range(40)]
RING = [20, 21, 22, 23]
"""Rows of the group that is looked at; another one of three comes before it."""


def look(facts: Facts) -> RingView:
    market = make_market(make_snapshot(facts))
    groups = gather_groups([np.array([1, 2, 3]), np.array(RING), np.array([30, 31, 32])])
    return RingView(judge_groups(groups, market), market, 1)


def make_facts() -> Facts:
    """One phone of three of the ring and a stranger, a card of the second and the third, each more things alone."""
    facts = Facts(dict.fromkeys(NAMES))
    for kind in ("device", "payment"):
        facts.uses += [(name, kind, f"{kind} of {name}", 1.0) for name in NAMES]
    facts.uses += [(name, "device", f"old device of {name}", 1.0) for row, name in enumerate(NAMES) if row not in RING]
    facts.share([NAMES[row] for row in (20, 21, 22, 39)], "device", "one")
    facts.share([NAMES[row] for row in (21, 22)], "payment", "two")
    facts.share([NAMES[row] for row in (1, 2, 3)], "device", "another")
    facts.share([NAMES[row] for row in (30, 31)], "device", "a third")
    return facts


def lose(sharers: int, users: int, own: int, uses: int) -> float:
    """What one of the members takes away from a thing, from the text of the module that measures it."""
    chance = own * 3 / 4 / (uses + DEFAULT_POLICY.prior_uses)
    with_it, without = (share_surprise(sharers - n, users - 1, chance) for n in (1, 2))
    return with_it - without


ONE = lose(3, 4, 7, 85)
TWO = lose(2, 2, 6, 42)


@pytest.mark.parametrize(
    ("spare_bits", "critical"),
    [
        (0.0, []),
        (0.5, ["a card"]),
        (8.0, ["a card"]),
        (8.5, ["a card", "a flat"]),
        (13.0, ["a card", "a flat"]),
        (13.5, ["a card", "a flat", "a phone"]),
        (18.5, ["a card", "a flat", "a phone", "a link"]),
        (90.0, ["a card", "a flat", "a phone", "a link"]),
    ],
)
def test_the_strongest_ties_go_until_nothing_is_spare(spare_bits: float, critical: list[str]) -> None:
    ties = [Tie("a phone", 5.0), Tie("a card", 8.0), Tie("nothing", 0.0), Tie("a flat", 5.0), Tie("a link", 0.5)]
    assert [tie.name for tie in find_critical_links(ties, spare_bits)] == critical


def test_a_thing_ties_each_of_its_sharers_by_what_would_be_lost_without_one() -> None:
    ties = list_ties(look(make_facts()))
    assert [[tie.name for tie in each] for each in ties] == [
        ["device one"],
        ["device one", "payment two"],
        ["device one", "payment two"],
        [],
    ]
    assert [tie.bits for tie in ties[1]] == pytest.approx([ONE, TWO])
    assert [tie.bits for tie in ties[0]] == pytest.approx([ONE])


def test_partners_share_out_what_things_leave_and_strangers_tie_nobody() -> None:
    facts = make_facts()
    circle = [(20, 21), (21, 22), (22, 20), (21, 20), (20, 35), (36, 21), (1, 2), (2, 3), (3, 1)]
    facts.trade([(NAMES[buyer], NAMES[seller]) for buyer, seller in circle], [5.0] * len(circle))
    facts.trade([(NAMES[23], NAMES[35])], [5.0])
    view = look(facts)
    ties = list_ties(view)
    by_trade = [[tie for tie in each if tie.name.startswith("trade with ")] for each in ties]
    assert [sorted(tie.name for tie in each) for each in by_trade] == [
        ["trade with a21", "trade with a22"],
        ["trade with a20", "trade with a22"],
        ["trade with a20", "trade with a21"],
        [],
    ]
    assert [len(each) for each in ties] == [3, 4, 4, 0]
    for each in by_trade[:3]:
        assert each[0].bits == each[1].bits > 0
    # Nothing is left over: the ties of a member are its bits.
    assert [sum(tie.bits for tie in each) for each in ties] == pytest.approx(view.member_bits.tolist())


def test_partners_tie_only_whom_things_leave_something_to_and_who_has_partners() -> None:
    facts = make_facts()
    facts.trade([(NAMES[20], NAMES[21]), (NAMES[21], NAMES[20])], [5.0, 6.0])
    view = look(facts)
    bits = vars(view.assessment)["member_bits"] = np.zeros(10)  # as if they had been measured so
    bits[3:7] = [ONE + 0.5, ONE + TWO - 0.5, ONE + TWO, 3.0]
    ties = list_ties(view)
    assert [(tie.name, tie.bits) for tie in ties[0][1:]] == [("trade with a21", pytest.approx(0.5))]
    assert [len(each) for each in ties] == [2, 2, 2, 0]
    facts.trade([(NAMES[23], NAMES[20])], [5.0])
    view = look(facts)
    vars(view.assessment)["member_bits"] = np.zeros(10)
    assert list_ties(view)[3] == []


def test_core_is_who_is_tied_by_half_of_the_median_or_more_and_comes_first() -> None:
    view = look(make_facts())
    bits = vars(view.assessment)["member_bits"] = np.zeros(10)  # as if they had been measured so
    bits[3:7] = [8.0, 40.0, 12.0, 4.99]
    assert np.median(bits[3:7]) * DEFAULT_POLICY.core_share == 5.0
    assert [(m.account_id, m.role, m.bits) for m in list_members(view)] == [
        ("a21", "core", 40.0),
        ("a22", "core", 12.0),
        ("a20", "core", 8.0),
        ("a23", "fringe", 4.99),
    ]
    bits[3:7] = [12.0, 8.0, 5.0, 12.0]
    assert [(m.account_id, m.role) for m in list_members(view)] == [
        ("a20", "core"),
        ("a23", "core"),
        ("a21", "core"),
        ("a22", "core"),
    ]


def test_a_member_is_held_by_the_links_that_pay_for_its_name() -> None:
    view = look(make_facts())
    members = {member.account_id: member for member in list_members(view)}
    name_bits = np.log2((40 - 4) / 4)
    assert view.assessment.length.member_bits[3:7] == pytest.approx([name_bits] * 4)
    assert name_bits < ONE
    assert ONE + TWO - name_bits > ONE  # without the phone alone the second would still be named
    assert members["a20"].held_by == ("device one",)
    assert members["a20"].held_bits == pytest.approx(ONE)
    held = sorted([("device one", ONE), ("payment two", TWO)], key=lambda link: -link[1])
    assert members["a21"].held_by == tuple(name for name, _ in held)
    assert members["a21"].held_bits == pytest.approx(ONE + TWO)
    assert members["a23"].held_by == ()
    assert members["a23"].held_bits == 0


def test_a_member_goes_free_without_as_many_links_as_it_has_bits_to_spare() -> None:
    view = look(make_facts())
    name_bits = view.assessment.length.member_bits[4]
    view.member_bits[1] = name_bits + max(ONE, TWO) - 0.5
    member = next(member for member in list_members(view) if member.account_id == "a21")
    assert len(member.held_by) == 1
    assert member.held_bits == pytest.approx(max(ONE, TWO))
