"""Knock-out: what carries a ring is what moves it when it is taken out, no more and no less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from detection_market import Facts, make_background, make_snapshot, pick
from stated import state_reasons

from detection.evidence.market import Market, make_market
from detection.grounds import Knockout, knock_out, knock_out_things
from detection.inquiry import inquire
from detection.run import find_run
from detection.settings import DetectSettings
from graph.results import Evidence
from graph.statements.content import Statement

RING = pick(0, 5)
TRADES = [(RING[i], RING[(i + k) % 5]) for k in (1, 2) for i in range(5)]
HOME = ("address", "ip", "wifi")
"""Besides, what a household shares: it explains this and the devices wholly, and no trade."""


def plant(*kinds: str, trades: bool = True) -> Facts:
    facts = make_background(n=300)
    for kind in kinds:
        facts.share(RING, kind, f"{kind}-1")
    if trades:
        facts.trade(TRADES, [20.0 + n for n in range(10)])
    return facts


def judge(facts: Facts) -> tuple[Knockout, float]:
    market = make_market(make_snapshot(facts))
    return knock_out(market, RING), inquire(market, RING).net_bits


@pytest.mark.parametrize("home", [(), HOME], ids=["no home", "one home"])
def test_what_is_stated_moves_the_verdict_and_what_moves_it_is_stated(home: tuple[str, ...]) -> None:
    kinds = ("device", "payment", *home)
    found, net = judge(plant(*kinds))
    moved = {kind for kind in kinds if judge(plant(*(each for each in kinds if each != kind)))[1] < net - 1e-6} | (
        {"trade"} if judge(plant(*kinds, trades=False))[1] < net - 1e-6 else set()
    )
    stated = {each.channel for each in state(found).grounds}
    assert stated & {*kinds, "trade"} == moved
    assert stated <= found.bits.keys()
    assert "trade" in stated
    assert {name for name, change in found.change.items() if abs(change) > 1e-6} <= found.bits.keys()


def test_what_a_household_explains_wholly_is_evidence_and_no_reason() -> None:
    found, _ = judge(plant("device", "payment", *HOME))
    assert {"device", "payment", "address"} <= found.bits.keys() - found.carrying
    assert not {"device", "address"} & {each.channel for each in state(found).grounds}


FARM = pick(0, 12)
SHARED = {"device-1": FARM, "device-2": FARM[:6], "device-3": FARM[:3]}


def share(names: Iterable[str]) -> Market:
    facts = make_background(n=300)
    for name in names:
        facts.share(SHARED[name], "device", name)
    return make_market(make_snapshot(facts))


def test_each_thing_is_said_to_move_the_verdict_if_it_does() -> None:
    found = {fact.what.removeprefix("device "): fact for fact in knock_out_things(share(SHARED), FARM)}
    assert {name: fact.members for name, fact in found.items()} == {name: len(who) for name, who in SHARED.items()}
    net = inquire(share(SHARED), FARM).net_bits
    for name, fact in found.items():
        without = inquire(share(each for each in SHARED if each != name), FARM).net_bits
        assert (fact.change_bits < 0) == (without < net - 1e-6), name
        assert (fact.outcome == "yes") == (fact.change_bits < 0)
    assert found["device-1"].change_bits < found["device-2"].change_bits < 0


def test_what_a_household_explains_wholly_is_listed_and_moves_nothing() -> None:
    found = knock_out_things(make_market(make_snapshot(plant("device", "payment", *HOME))), RING)
    assert {fact.channel for fact in found} == {"device", "payment", *HOME}
    assert "yes" not in {fact.outcome for fact in found}


def state(found: Knockout) -> Statement:
    made = state_reasons(channels=found.bits)
    return replace(made, carrying={"R-1": found.carrying})


def test_evidence_is_what_a_run_found_as_long_as_its_facts_are() -> None:
    snapshot = make_snapshot(plant("device", "payment"))
    (ring,) = find_run(snapshot, DetectSettings()).rings
    members = [each.account_id for each in ring.members]
    assert knock_out(make_market(snapshot, DetectSettings()), members).agrees_with(ring.evidence)
    later = make_snapshot(plant("device", "payment", "phone"))
    assert not knock_out(make_market(later, DetectSettings()), members).agrees_with(ring.evidence)


def test_evidence_that_is_not_what_it_was_is_noticed() -> None:
    found = Knockout({"device": 31.0}, {"device": -31.0})
    same = Evidence("device", 31.0, 3, 0.1, "")
    assert found.agrees_with([same])
    assert not found.agrees_with([replace(same, bits=31.1)])
    assert not found.agrees_with([same, replace(same, channel="card")])
    assert not found.agrees_with([])
