"""Rings that are built of markets of a few dozen accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts, gather, make_snapshot, name_products, share_in_chain
from msgspec.structs import replace as replace_rule

from detection.candidates.links import Links
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.groups import Groups, join_groups
from detection.policy import DEFAULT_POLICY, Policy
from detection.rings.build import (
    build_rings,
    has_independent_axes,
    score_ring,
    score_without_community,
    score_without_trades,
)
from detection.rings.ids import name_ring
from detection.rings.links import list_explanations, list_links
from detection.rings.ties import list_members
from detection.rings.view import RingView
from detection.tiers import ACTIONS, Grounds, decide_tier, score_net_bits
from graph.results import Party, Ring

NOBODY = np.empty(0, dtype=np.int64)
NAMES = [f"a{number:03d}" for number in range(240)]
RING = NAMES[20:30]
SHOP = NAMES[0]


def make_facts() -> Facts:
    """Everybody has a phone, a device and a card, bought of somebody once and reviewed it, each at another time."""
    facts = Facts({name: float(place * 77 % 240) for place, name in enumerate(NAMES)})
    facts.listings = {f"p{number}": NAMES[number] for number in range(12)}
    for place, name in enumerate(NAMES):
        day, seller = float(place * 101 % 240) * 1.5, place * 7 % 12
        facts.uses += [(name, kind, f"{kind} of {name}", 1.0) for kind in ("phone", "device", "payment")]
        facts.orders.append((name, NAMES[seller], day, "completed"))
        facts.reviews.append((name, f"p{seller}", None, (1.0, 3.0, 5.0)[place % 3], day))
    return facts


def share(facts: Facts, members: Sequence[str], *kinds: str) -> None:
    """The members have a few of each kind of things in common, each kind in another order."""
    for step, kind in enumerate(kinds, start=1):
        share_in_chain(facts, [member for begin in range(step) for member in members[begin::step]], kind)


def conspire(facts: Facts, rating: float, *, members: Sequence[str] = RING, seller: str = SHOP) -> None:
    """The members rate one seller alike within two days, three times, from a few phones and devices."""
    for day in (100.0, 180.0, 260.0):
        facts.reviews += [(name, None, seller, rating, day + place / 8) for place, name in enumerate(members)]
    share(facts, members, "device", "phone", "payment")


def praise_around(facts: Facts, day: float) -> None:
    """A hundred others praise eight sellers that day: whom one praises is a choice."""
    facts.reviews += [(name, None, NAMES[4 + place % 8], 5.0, day) for place, name in enumerate(NAMES[100:200])]


def judge(facts: Facts, *groups: Sequence[str], policy: Policy = DEFAULT_POLICY) -> Assessment:
    snapshot = name_products(make_snapshot(facts))
    market = replace(make_market(snapshot), policy=policy)
    return judge_groups(join_groups([gather(snapshot, members) for members in groups]), market)


def name_members(ring: Ring) -> list[str]:
    return sorted(member.account_id for member in ring.members)


def test_of_no_group_comes_no_ring() -> None:
    judged = judge(make_facts(), RING)
    assert build_rings(replace(judged, groups=Groups(NOBODY, np.array([0])))) == ()


def test_what_does_not_stand_is_no_ring() -> None:
    facts = make_facts()
    conspire(facts, 5.0)
    stands, falls = RING, NAMES[40:46]
    assert [name_members(ring) for ring in build_rings(judge(facts, stands, falls))] == [stands]
    assert build_rings(judge(facts, falls)) == ()


def test_a_ring_stands_on_the_first_bit() -> None:
    facts = make_facts()
    conspire(facts, 5.0)
    spare = float(judge(facts, RING, policy=Policy(acting_bits=0.0)).net_bits[0]) + DEFAULT_POLICY.prior_bits
    for bits, stands in ((0.5, True), (-0.5, False)):
        judged = judge(facts, RING, policy=Policy(prior_bits=spare - bits, acting_bits=0.0))
        assert judged.net_bits == pytest.approx([bits])
        assert len(build_rings(judged)) == stands


@pytest.mark.parametrize(("acts", "bits"), [(True, 0.5), (False, -3.5)])
def test_who_did_nothing_together_needs_more_than_who_did_to_be_a_ring(acts: bool, bits: float) -> None:
    facts = make_facts()
    share(facts, RING, "device", "phone", "payment")
    if acts:
        conspire(facts, 1.0)
    idle = judge(facts, RING, policy=Policy(acting_bits=0.0))
    spare = float(idle.net_bits[0]) + DEFAULT_POLICY.prior_bits
    judged = judge(facts, RING, policy=Policy(prior_bits=spare + 3.5, acting_bits=4.0))
    assert judged.net_bits == pytest.approx([0.5])
    assert judged.idle_net_bits == pytest.approx([-3.5])
    assert [ring.net_bits for ring in build_rings(judged)] == pytest.approx([bits] * (bits > 0))


@pytest.mark.parametrize(
    ("rating", "policy", "tier"),
    [
        (5.0, DEFAULT_POLICY, "review"),
        (5.0, Policy(automatic_score=0.6), "review"),  # praise harms nobody
        (1.0, DEFAULT_POLICY, "automatic"),
        # Its only ring has a false-discovery rate of above 0: honest groups may always show as much.
        (1.0, Policy(automatic_rate=0.0), "review"),
        (1.0, Policy(automatic_rate=0.0, review_rate=0.0), "watch"),
    ],
)
def test_a_ring_is_written_down_with_what_was_found(rating: float, policy: Policy, tier: str) -> None:
    facts = make_facts()
    conspire(facts, rating)
    judged = judge(facts, RING, policy=policy)
    (ring,) = build_rings(judged)
    view = RingView(judged, judged.market, 0)
    grounds = Grounds(
        score=score_ring(view),
        apart_from_trades=score_without_trades(view),
        apart_from_community=score_without_community(view),
        has_axes=has_independent_axes(view),
        false_discovery=ring.false_discovery or 0.0,
    )
    assert 0.0 < grounds.false_discovery < 0.05
    assert (ring.ring_id, ring.kind, ring.score) == (
        name_ring(RING),
        "review" if rating > 3 else "attack",
        grounds.score,
    )
    assert (ring.tier, ring.action) == (decide_tier(grounds, policy), ACTIONS[ring.tier])
    assert ring.tier == tier
    assert (ring.net_bits, ring.charge_bits) == (view.net_bits, judged.charge_bits[0])
    assert (ring.members, ring.links, ring.innocent) == (list_members(view), list_links(view), list_explanations(view))
    shown = {name: each.bits[0] for name, each in judged.evidence.items() if each.bits[0] > 0}
    assert {each.channel: each.bits for each in ring.evidence} == shown
    assert [each.bits for each in ring.evidence] == sorted(shown.values(), reverse=True)


@pytest.mark.parametrize(
    ("rating", "kind", "party"),
    [
        (5.0, "review", ("beneficiary", "praised by 10 of 10 members together")),
        (1.0, "attack", ("target", "blamed by 10 of 10 members together")),
    ],
)
def test_whom_the_members_act_on_is_a_party_with_when_and_no_member(
    rating: float, kind: str, party: tuple[str, str]
) -> None:
    facts = make_facts()
    conspire(facts, rating)
    role, done = party
    for group in (RING, [SHOP, *RING]):
        (ring,) = build_rings(judge(facts, group))
        assert (ring.kind, name_members(ring)) == (kind, RING)
        assert ring.parties == (Party(SHOP, role, f"{done}, from 2024-04-10 to 2024-09-18"),)  # type: ignore[arg-type]


def test_several_parties_come_by_what_was_done_and_by_name() -> None:
    facts = make_facts()
    share(facts, RING, "device", "phone", "payment")
    for seller, praisers in ((NAMES[2], RING), (NAMES[3], RING[:5]), (NAMES[1], RING)):
        facts.reviews += [(name, None, seller, 5.0, 300.5) for name in praisers]
    praise_around(facts, 300.5)
    (ring,) = build_rings(judge(facts, RING))
    assert [(party.account_id, party.sentence) for party in ring.parties] == [
        (NAMES[1], "praised by 10 of 10 members together, on 2024-10-27"),
        (NAMES[2], "praised by 10 of 10 members together, on 2024-10-27"),
        (NAMES[3], "praised by 5 of 10 members together, on 2024-10-27"),
    ]


def test_a_seller_who_shares_their_things_is_one_of_them() -> None:
    facts = make_facts()
    conspire(facts, 5.0)
    for kind in ("device", "phone"):
        facts.share([SHOP, *RING[:2]], kind, f"the {kind} of the office")
    (ring,) = build_rings(judge(facts, [SHOP, *RING]))
    assert (name_members(ring), ring.parties) == ([SHOP, *RING], ())


def test_a_ring_that_trades_acts_on_nobody() -> None:
    facts = make_facts()
    share(facts, RING, "device", "phone", "payment")
    pairs = [(RING[place], RING[(place + step) % 10]) for place in range(10) for step in (1, 2, 3)]
    facts.trade(pairs, np.linspace(20.0, 340.0, 30).tolist())
    judged = judge(facts, RING)
    (ring,) = build_rings(judged)
    assert (ring.kind, ring.parties) == ("trade", ())
    apart = score_without_trades(RingView(judged, judged.market, 0))
    assert apart < ring.score
    # What it scores by trades that a club may have made brings it up for review no more than they make it automatic.
    between = Policy(review_score=(apart + ring.score) / 2, automatic_score=1.0)
    (watched,) = build_rings(judge(facts, RING, policy=between))
    assert (ring.tier, watched.tier, watched.score) == ("review", "watch", ring.score)


def employ(facts: Facts) -> None:
    """The members are a shop's staff in a market of a thousand."""
    others = [f"b{number:03d}" for number in range(800)]
    facts.accounts |= {name: place * 0.3 for place, name in enumerate(others)}
    facts.uses += [(name, kind, f"{kind} of {name}", 1.0) for name in others for kind in ("device", "ip")]
    # One till and one network; and a few rivals that they all find fault with, within days.
    facts.uses += [(name, kind, f"{kind} of the shop", 1.0) for name in RING for kind in ("device", "ip")]
    for step in range(4):
        facts.reviews += [
            (name, None, NAMES[200 + step], 1.0, 90.0 + 60 * step + place / 8) for place, name in enumerate(RING)
        ]


EAGER = Policy(automatic_rate=1.0, review_rate=1.0, lone_ceiling=0.1, review_score=0.3)


@pytest.mark.parametrize(("refunds", "tier"), [(0, "watch"), (3, "review")])
def test_a_shops_staff_is_watched_as_long_as_it_does_no_more_than_work_there(refunds: int, tier: str) -> None:
    facts = make_facts()
    employ(facts)
    for place, name in enumerate(RING):
        facts.orders += [
            (name, NAMES[100 + 5 * place + step], 20.0 + 31 * step + 3 * place, "refunded") for step in range(refunds)
        ]
    (ring,) = build_rings(judge(facts, RING, policy=EAGER))
    assert ring.score >= 0.3
    assert ring.tier == tier
    spared = {each.name for each in ring.innocent if each.sentence.endswith("the tier is lower than the score's.")}
    assert spared == ({"shared place", "institution"} if tier == "watch" else set())


def man_a_till(facts: Facts, staff: Sequence[str], *, owners: int) -> None:
    """Staff of a shop in a market of a thousand; so many of them have things of their own."""
    employ(facts)
    without = {f"{kind} of {name}" for name in staff[owners:] for kind in ("device", "phone", "payment")}
    facts.uses = [use for use in facts.uses if use[2] not in without and "of the shop" not in use[2]]
    facts.share(list(staff), "device", "till")


@pytest.mark.parametrize(
    ("owners", "policy", "tier"),
    [
        (8, EAGER, "watch"),
        (7, EAGER, "watch"),
        (2, EAGER, "review"),  # a farm: hardly any has anything beside it
        (8, replace_rule(EAGER, half_granted_owners=30.0), "review"),
    ],
)
def test_a_device_of_several_members_is_granted_as_a_till_where_they_have_others(
    owners: int, policy: Policy, tier: str
) -> None:
    facts, staff = make_facts(), RING[:8]
    man_a_till(facts, staff, owners=owners)
    judged = judge(facts, staff, policy=policy)
    (ring,) = build_rings(judged)
    assert ring.tier == tier
    assert judged.net_bits == pytest.approx(
        judge(facts, staff, policy=replace_rule(policy, half_granted_owners=1e9)).net_bits
    )
    tills = [each for each in ring.innocent if each.name == "institution"]
    assert [each.won for each in tills] == [False] * (tier == "watch")
    assert all(each.sentence.startswith("Could be a shop, a club, a home or an office") for each in tills)
    assert all("left in the evidence" in each.sentence for each in tills)


def test_what_is_for_review_is_told_before_what_is_watched_whatever_they_score() -> None:
    facts, blamers = make_facts(), NAMES[60:65]
    employ(facts)
    conspire(facts, 1.0, members=blamers)
    first, second = build_rings(judge(facts, RING, blamers, policy=EAGER))
    assert (name_members(first), first.tier) == (blamers, "review")
    assert (name_members(second), second.tier) == (RING, "watch")
    assert first.score < second.score


def test_within_a_tier_a_ring_is_listed_as_if_the_communities_that_fit_it_were_real() -> None:
    facts, blamers = make_facts(), NAMES[60:65]
    employ(facts)
    conspire(facts, 1.0, members=blamers)
    policy = Policy(lone_ceiling=0.1, review_score=1.0, automatic_score=1.0)
    rings = build_rings(judge(facts, RING, blamers, policy=policy))
    assert [ring.tier for ring in rings] == ["watch", "watch"]
    other, spared = rings
    assert (name_members(spared), name_members(other)) == (RING, blamers)
    assert spared.score > other.score


def test_within_a_tier_a_ring_that_others_are_linked_to_is_listed_further_down() -> None:
    facts, twins = make_facts(), NAMES[60 : 60 + len(RING)]
    conspire(facts, 1.0)
    conspire(facts, 1.0, members=twins)
    judged = judge(facts, RING, twins)
    row = {name: place for place, name in enumerate(judged.market.snapshot.account_id.tolist())}
    for linked, other in ((RING, twins), (twins, RING)):
        around = Links(np.full(9, row[linked[0]]), np.arange(9) + row[NAMES[100]], np.ones(9))
        listed = [name_members(ring) for ring in build_rings(replace(judged, around=around))]
        assert listed == [other, linked]


@pytest.mark.parametrize(("size", "praised", "rings"), [(3, 3, 1), (3, 2, 1), (4, 2, 0)])
def test_who_praise_one_another_are_no_parties_where_hardly_anybody_else_is_left(
    size: int, praised: int, rings: int
) -> None:
    facts, members = make_facts(), NAMES[12 : 12 + size]
    for day in range(20, 380, 40):
        for seller in members[:praised]:
            facts.reviews += [(name, None, seller, 5.0, float(day)) for name in members if name != seller]
        praise_around(facts, float(day))
    judged = judge(facts, members)
    assert judged.net_bits[0] > 0
    found = build_rings(judged)
    assert [(name_members(ring), ring.parties) for ring in found] == [(members, ())] * rings


@pytest.mark.parametrize("rating", [1.0, 5.0])
def test_who_else_gains_is_named_beside_the_target_of_an_attack_alone(rating: float) -> None:
    facts = make_facts()
    conspire(facts, rating)
    attackers = NAMES[60:70]
    conspire(facts, 1.0, members=attackers, seller=NAMES[1])
    facts.orders += [(name, NAMES[5], 5.0 + 30 * place, "completed") for place, name in enumerate(RING)]
    rings = build_rings(judge(facts, RING, attackers))
    (ring,) = (each for each in rings if name_members(each) == RING)
    assert len(rings) == 2
    assert [party.account_id for party in ring.parties] == ([SHOP, NAMES[5]] if rating == 1.0 else [SHOP])
    if rating == 1.0:
        assert ring.parties[1].sentence.startswith("may have gained: sold to 10 of 10 members")


def test_the_best_ring_comes_first_and_of_rings_as_good_the_one_with_more_bits() -> None:
    facts, others = make_facts(), NAMES[60:70]
    conspire(facts, 5.0)
    conspire(facts, 5.0, members=others, seller=NAMES[1])
    share(facts, RING, "card")
    for first in (RING, others):
        better, worse = build_rings(judge(facts, first, others if first == RING else RING))
        assert (name_members(better), name_members(worse)) == (RING, others)
        assert better.score > worse.score
    nothing_scores = Policy(lone_ceiling=0.0, deed_bits=1e6, listed_acting=0.0)
    level = build_rings(judge(facts, others, RING, policy=nothing_scores))
    assert [ring.score for ring in level] == [0.0, 0.0]
    assert [name_members(ring) for ring in level] == [RING, others]
    assert level[0].net_bits > level[1].net_bits


def test_members_are_judged_by_themselves_once_more() -> None:
    """Without the seller whom they praise they are another group, whose bits are its own."""
    facts = make_facts()
    conspire(facts, 5.0)
    (alone,), (beside,) = (build_rings(judge(facts, group)) for group in (RING, [SHOP, *RING]))
    assert beside == alone
    assert score_net_bits(alone.net_bits, 10, DEFAULT_POLICY) >= alone.score
