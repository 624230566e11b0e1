"""Rings: planted guilt is found with its kind, its parties stand aside."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from detection_market import (
    Facts,
    find_members,
    find_ring_of,
    make_background,
    make_snapshot,
    name_products,
    pick,
    plant_farm,
    plant_opinions,
    plant_refund_ring,
    plant_trade_ring,
    share_in_chain,
)
from hypothesis import given
from hypothesis import strategies as st

from detection.policy import DEFAULT_POLICY
from detection.rings.ties import Tie, find_critical_links
from detection.run import find_run
from detection.settings import DetectSettings
from detection.tiers import Grounds, decide_tier, score_net_bits
from graph.results import RunResult
from graph.vocabulary import RingKind

PLANTS: dict[RingKind, Callable[[Facts, list[str]], None]] = {
    "trade": plant_trade_ring,
    "review": lambda facts, members: plant_opinions(facts, members, 1, 5.0),
    "attack": lambda facts, members: plant_opinions(facts, members, 2, 1.0),
    "refund": lambda facts, members: plant_refund_ring(facts, members, "a0003"),
    "farm": plant_farm,
}
MEMBERS = pick(100, 16)


def detect_planted(kind: RingKind) -> RunResult:
    facts = make_background(n=1000)
    PLANTS[kind](facts, MEMBERS)
    return find_run(name_products(make_snapshot(facts)), DetectSettings())


@pytest.mark.parametrize("kind", PLANTS)
def test_a_planted_ring_is_found_with_its_kind_and_nobody_else_is_accused(kind: RingKind) -> None:
    run = detect_planted(kind)
    ring = find_ring_of(run, MEMBERS)
    assert ring is not None
    assert (ring.kind, ring.tier in ("review", "automatic")) == (kind, True)
    assert find_members(ring) <= set(MEMBERS)
    assert len(find_members(ring)) >= len(MEMBERS) - 1
    assert [other.ring_id for other in run.rings if other.tier != "watch"] == [ring.ring_id]


def test_whose_goods_a_thief_sends_and_who_lives_there_is_no_member_and_the_robbed_seller_is_none() -> None:
    facts, shop = make_background(n=1000), "a0003"
    members, customers, families = pick(100, 8), pick(200, 12), pick(300, 12)
    plant_refund_ring(facts, members, shop)
    for number, (customer, family) in enumerate(zip(customers, families, strict=True)):
        # Two members offer what they do not have; another one orders it, and has it sent to the customer's home.
        facts.orders += [(customer, seller, 150.0 + number, "completed") for seller in members[:2]]
        thief = members[2 + number % 6]
        facts.orders += [(thief, shop, 150.5 + number, "disputed")] * 2
        facts.share([customer, family, thief], "address", f"home {number}")
    ring = find_ring_of(find_run(name_products(make_snapshot(facts)), DetectSettings()), members)
    assert ring is not None
    assert find_members(ring).isdisjoint({*customers, *families, shop})
    assert len(find_members(ring) & {*members}) >= len(members) - 1


@pytest.mark.parametrize(
    ("kind", "seller", "role"),
    [("review", "a0001", "beneficiary"), ("attack", "a0002", "target"), ("refund", "a0003", "target")],
)
def test_the_seller_a_ring_acts_on_or_for_is_a_party_and_no_member(kind: RingKind, seller: str, role: str) -> None:
    ring = find_ring_of(detect_planted(kind), MEMBERS)
    assert ring is not None
    assert [(party.account_id, party.role) for party in ring.parties] == [(seller, role)]
    assert seller not in find_members(ring)
    everybody = len(find_members(ring))
    assert everybody >= len(MEMBERS) - 1
    assert f"by {everybody} of {everybody} members" in ring.parties[0].sentence


def test_a_seller_who_shares_the_rings_phones_is_a_member() -> None:
    facts = make_background(n=1000)
    for place, kind in enumerate(("device", "payment", "phone", "device", "payment")):
        facts.share([*MEMBERS[3 * place : 3 * place + 3], "a0001"], kind, f"{kind} {place} of the office")
    plant_opinions(facts, MEMBERS, 1, 5.0)
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), MEMBERS)
    assert ring is not None
    assert "a0001" in find_members(ring)
    assert ring.parties == ()


@pytest.mark.parametrize("kind", PLANTS)
def test_evidence_less_charge_less_innocence_is_what_stands(kind: RingKind) -> None:
    ring = find_ring_of(detect_planted(kind), MEMBERS)
    assert ring is not None
    taken_off = sum(shown.bits for shown in ring.evidence) - ring.charge_bits - ring.net_bits
    if any(explanation.won for explanation in ring.innocent):
        assert 0 < taken_off <= sum(explanation.bits for explanation in ring.innocent if explanation.won) + 12
    else:
        assert taken_off == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kind", PLANTS)
def test_a_ring_is_laid_out_as_it_is_read(kind: RingKind) -> None:
    ring = find_ring_of(detect_planted(kind), MEMBERS)
    assert ring is not None
    members, bits = find_members(ring), [shown.bits for shown in ring.evidence]
    assert 0 <= ring.score <= 1
    assert bits == sorted(bits, reverse=True)
    assert all({link.account_a, link.account_b} <= members for link in ring.links)
    assert [link.bits for link in ring.links] == sorted((link.bits for link in ring.links), reverse=True)
    assert {member.role for member in ring.members} <= {"core", "fringe"}


@pytest.mark.parametrize(("n_doers", "tier"), [(0, "watch"), (4, "watch"), (8, "review"), (12, "review")])
def test_what_is_shared_is_only_watched_where_few_members_did_anything(n_doers: int, tier: str) -> None:
    facts = make_background(n=1000)
    for place, kind in enumerate(["device", "payment", "phone"] * 2):
        order = [MEMBERS[number] for number in np.random.default_rng(place).permutation(len(MEMBERS))]
        share_in_chain(facts, order, kind)
    facts.referrals += [(member, "a0900") for member in MEMBERS[:n_doers]]
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), MEMBERS)
    assert ring is not None
    assert ring.tier == tier
    assert (ring.score > DEFAULT_POLICY.lone_ceiling) == (tier == "review")


@pytest.mark.parametrize(("kinds", "rating", "tier"), [(2, 1.0, "automatic"), (1, 1.0, "review"), (2, 5.0, "review")])
def test_only_two_kinds_of_personal_things_and_deeds_against_others_are_flagged_unseen(
    kinds: int, rating: float, tier: str
) -> None:
    facts = make_background(n=1000)
    plant_opinions(facts, MEMBERS, 1, rating)
    shared = ["device", "payment"][:kinds]
    facts.uses = [use for use in facts.uses if use[1] in shared or use[0] not in MEMBERS]
    for seed, kind in enumerate(shared * 3):
        order = [MEMBERS[number] for number in np.random.default_rng(seed).permutation(len(MEMBERS))]
        share_in_chain(facts, order, kind)
    # Whoever praises has bought, as people do.
    facts.orders += [(member, "a0001", 190.0, "completed", "p001") for member in MEMBERS if rating > 3]
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), MEMBERS)
    assert ring is not None
    assert ring.score > DEFAULT_POLICY.automatic_score
    assert ring.tier == tier


def test_payments_among_members_are_no_more_than_a_reason_to_watch() -> None:
    facts = make_background(n=1000)
    plant_trade_ring(facts, MEMBERS)
    payments = make_snapshot(facts)
    each = (payments, name_products(payments))
    rings = [find_ring_of(find_run(snapshot, DetectSettings()), MEMBERS) for snapshot in each]
    paid, sold = (ring for ring in rings if ring is not None)
    assert paid.tier == "watch"
    assert paid.score < DEFAULT_POLICY.review_score < sold.score
    assert sold.tier != "automatic"


def test_the_score_is_half_at_eight_bits_times_the_root_of_the_size() -> None:
    assert score_net_bits(8 * 3, 9, DEFAULT_POLICY) == pytest.approx(0.5)
    assert score_net_bits(2 * 8 * 3, 9, DEFAULT_POLICY) == pytest.approx(0.75)
    assert score_net_bits(-5, 9, DEFAULT_POLICY) == 0
    assert [decide_tier(Grounds(score=score), DEFAULT_POLICY) for score in (0.49, 0.5, 0.8)] == [
        "watch", "review", "automatic",
    ]  # fmt: skip


@given(st.lists(st.integers(0, 50), max_size=7), st.integers(-5, 120))
def test_no_fewer_links_than_those_named_would_free_a_member(bits: list[int], spare: int) -> None:
    critical = find_critical_links([Tie(f"thing {place}", each) for place, each in enumerate(bits)], spare)
    freed = [n for n in range(len(bits) + 1) for some in combinations(bits, n) if spare <= sum(some)]
    assert len(critical) == min(freed, default=sum(each > 0 for each in bits))


@pytest.mark.parametrize("kind", ["farm", "trade", "refund"])
def test_a_member_s_links_are_named_and_add_up_to_what_naming_it_leaves(kind: RingKind) -> None:
    ring = find_ring_of(detect_planted(kind), MEMBERS)
    assert ring is not None
    size = len(ring.members)
    named_bits = np.log2((1000 - size) / size)
    for member in ring.members:
        assert member.bits - named_bits - 1e-6 <= member.held_bits <= member.bits + 1e-6
        assert len(member.held_by) == len(set(member.held_by)) > 0


def test_without_the_links_that_hold_it_a_member_is_free() -> None:
    facts = make_background(n=1000)
    plant_farm(facts, MEMBERS)
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), MEMBERS)
    assert ring is not None
    member = min(ring.members, key=lambda each: (len(each.held_by), each.account_id))
    facts.uses = [use for use in facts.uses if use[0] != member.account_id]
    facts.referrals = [pair for pair in facts.referrals if member.account_id not in pair]
    again = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), MEMBERS)
    assert again is not None
    assert member.account_id not in find_members(again)
