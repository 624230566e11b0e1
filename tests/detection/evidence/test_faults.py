"""Faulty goods: who counts as a buyer that complains, and what of a group's evidence that accounts for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts, gather, make_snapshot

from detection.channels.catalogue import BLAME, REFUND
from detection.channels.conduct import COMPLAINTS, REFUNDS
from detection.evidence.claims import Explanation
from detection.evidence.faults import find_faults, grade_fault
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.policy import Policy

NAMES = [f"a{number:03d}" for number in range(120)]
SHOP, RIVAL = NAMES[:2]
BUYERS = NAMES[10:18]
COUPLES = Policy(household_size=2)


def make_facts() -> Facts:
    """Everybody bought something of the rival, of whose goods one in twenty comes back; nobody else reviews."""
    facts = Facts({name: float(place * 37 % 300) for place, name in enumerate(NAMES)})
    facts.listings = {"kettle": SHOP, "mug": SHOP, "lamp": RIVAL, "vase": RIVAL}
    for place, name in enumerate(NAMES[2:]):
        facts.orders.append((name, RIVAL, place * 53 % 300, "refunded" if place % 20 == 19 else "completed", "lamp"))
        facts.reviews.append((name, "lamp", None, 4.0, 300.0))
    return facts


def return_kettles(facts: Facts, buyers: list[str]) -> None:
    """Some return a kettle, the last slates it instead."""
    for place, name in enumerate(buyers):
        is_last = name == buyers[-1]
        facts.orders.append((name, SHOP, 100.0 + place / 4, "completed" if is_last else "refunded", "kettle"))
    facts.reviews.append((buyers[-1], "kettle", None, 1.0, 110.0))


def judge(facts: Facts, members: list[str], policy: Policy = COUPLES) -> Assessment:
    snapshot = make_snapshot(facts)
    return judge_groups(gather(snapshot, members), replace(make_market(snapshot), policy=policy))


def hear_fault(judged: Assessment) -> Explanation | None:
    return next((each for each in judged.granted if each.name == "faulty goods"), None)


@pytest.mark.parametrize(
    ("share", "grade"), [(0.0, 0.0), (0.1, 0.0625 / 16), (0.2, 0.0625), (0.3, 0.75**4), (0.4, 1.0), (1.0, 1.0)]
)
def test_the_more_complain_the_more_it_is_a_fault_and_no_more_than_in_full(share: float, grade: float) -> None:
    rule = Policy(fault_share=0.4)
    assert grade_fault(np.array([share, 0.0]), rule) == pytest.approx([grade, 0.0])


def test_a_product_is_faulty_as_far_as_its_buyers_complain_and_a_household_is_added_to_them() -> None:
    facts = make_facts()
    return_kettles(facts, BUYERS[:6])
    facts.orders += [(BUYERS[6], SHOP, 50.0, "completed", "kettle"), (BUYERS[0], SHOP, 60.0, "refunded", "kettle")]
    facts.reviews += [(BUYERS[0], "kettle", None, 1.0, 120.0), (BUYERS[7], "kettle", None, 1.0, 121.0)]
    facts.orders.append((BUYERS[0], SHOP, 70.0, "disputed", "mug"))
    faults = find_faults(make_snapshot(facts), COUPLES)
    # Six of seven buyers, each once; who has no order is no buyer.
    kettle, lamp, mug, vase = faults.grade
    assert kettle == 1.0
    assert mug == pytest.approx((1 / 3 / 0.5) ** 4)
    assert lamp == pytest.approx((5 / 120 / 0.5) ** 4)
    assert vase == 0.0
    assert np.bincount(faults.product, minlength=4).tolist() == [6, 5, 1, 0]
    assert faults.acts[BLAME].is_customers.tolist() == [True, True, False]
    few = find_faults(make_snapshot(facts), Policy(household_size=20)).grade[0]
    assert few == pytest.approx((6 / 27 / 0.5) ** 4)


def test_what_the_buyers_of_a_faulty_product_do_is_accounted_for() -> None:
    facts = make_facts()
    return_kettles(facts, BUYERS)
    judged = judge(facts, BUYERS)
    fault = hear_fault(judged)
    assert fault is not None
    assert judged.evidence[REFUND].bits[0] > 3
    assert fault.claimed[REFUND].sum() == pytest.approx(judged.within[REFUND].bits.sum())
    own = [signal for signal in judged.market.conduct if signal.name in (REFUNDS, COMPLAINTS)]
    assert own
    for signal in own:
        habit = np.maximum(signal.bits[judged.groups.account], 0.0).sum()
        assert fault.claimed[signal.name][0] == pytest.approx(habit)
    assert judged.fault_bits[0] >= fault.claimed[REFUND].sum()
    assert judged.net_bits == pytest.approx(judge(facts, BUYERS, Policy(household_size=2, fault_share=1e6)).net_bits)


def test_the_complaints_of_who_returns_other_goods_too_are_no_faults() -> None:
    facts = make_facts()
    return_kettles(facts, BUYERS)
    # Each returns three more things of the rival: of 32 complaints 8 are about the kettle.
    facts.orders += [
        (name, RIVAL, 150.0 + 40 * step + place / 4, "refunded", "vase")
        for step in range(3)
        for place, name in enumerate(BUYERS)
    ]
    facts.orders += [(name, RIVAL, 20.0, "completed", "vase") for name in NAMES[40:]]
    judged = judge(facts, BUYERS)
    fault = hear_fault(judged)
    assert fault is not None
    of_kettle = judged.evidence[REFUND].bits[0]
    assert fault.claimed[REFUND].sum() <= of_kettle * (8 / 32 / 0.5) ** 4


@pytest.mark.parametrize("content", [0, 20, 60])
def test_the_more_others_are_content_the_less_is_a_fault(content: int) -> None:
    facts = make_facts()
    return_kettles(facts, BUYERS)
    facts.orders += [(name, SHOP, 30.0, "completed", "kettle") for name in NAMES[40 : 40 + content]]
    judged = judge(facts, BUYERS)
    fault = hear_fault(judged)
    assert fault is not None
    part = min((8 / (8 + content + 2) / 0.5) ** 4, 1.0)
    assert fault.claimed[REFUND].sum() == pytest.approx(part * judged.within[REFUND].bits.sum())


def test_who_slates_without_an_order_has_bought_nothing_faulty() -> None:
    facts = make_facts()
    facts.reviews += [(name, "kettle", None, 1.0, 100.0 + place / 4) for place, name in enumerate(BUYERS)]
    judged = judge(facts, BUYERS)
    assert judged.evidence[BLAME].bits[0] > 0
    assert hear_fault(judged) is None
