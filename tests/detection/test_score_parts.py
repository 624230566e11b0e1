"""Scores and flags of a few accounts in rings made by hand: what is flagged, how high, and in which words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts
from hand_made_rings import core, list_flags, make_ring, meet, people, score_rings

from detection.channels.conduct import Conduct
from detection.evidence.market import Market
from detection.policy import DEFAULT_POLICY, Policy
from detection.scores import find_crowded, measure_sharing, score_loners, score_market
from detection.tiers import ACTIONS
from graph.results import Flag, Member
from graph.vocabulary import TIERS, Tier

WATCH, REVIEW, AUTOMATIC = (TIERS.index(tier) for tier in ("watch", "review", "automatic"))
WEAKEST = DEFAULT_POLICY.weakest_tie_bits
HOUSEHOLD = DEFAULT_POLICY.household_size


# ── members ───────────────────────────────────────────────────────────────────────────────────────


def test_a_members_flag_says_of_which_ring_it_is_how_it_is_tied_and_what_the_ring_shows() -> None:
    ring = make_ring(
        "R", core("bob", 90.4), core("ann"), core("dan"), score=0.876, shows=("one", "two", "three", "four")
    )
    scores = score_rings(ring)
    assert [flag.subject_id for flag in scores.flags] == ["ann", "bob", "dan"]
    assert list_flags(scores)["bob"] == Flag(
        "account",
        "bob",
        0.876,
        "automatic",
        ("core member of trade ring R (score 0.88), tied to the other 2 members by 90 bits", "one", "two", "three"),
        ACTIONS["automatic"],
        ("R",),
    )
    assert scores.account_score.tolist() == [0.876, 0.876, 0.0, 0.876, 0.0, 0.0]
    assert scores.account_tier.tolist() == [AUTOMATIC, AUTOMATIC, 0, AUTOMATIC, 0, 0]


def test_where_there_is_no_ring_nobody_is_flagged() -> None:
    scores = score_rings()
    assert (scores.flags, scores.account_score.tolist(), scores.account_tier.tolist()) == ((), [0.0] * 6, [0] * 6)
    assert (len(scores.review_score), len(scores.review_tier), scores.review_tier.dtype) == (0, 0, np.int64)
    nobody = score_rings(facts=Facts())
    assert (nobody.flags, len(nobody.account_score), len(nobody.account_tier)) == ((), 0, 0)


@pytest.mark.parametrize(
    ("member", "tier"),
    [
        (core("ann", WEAKEST), "automatic"),
        (core("ann", WEAKEST - 0.01), "review"),
        (core("ann", 90.0, ("a card",), WEAKEST), "automatic"),
        (core("ann", 90.0, ("a card",), WEAKEST - 0.01), "review"),
        (core("ann", 90.0, ("a card", "a phone"), WEAKEST - 0.01), "automatic"),
        (Member("ann", "fringe", 90.0), "review"),
    ],
)
def test_a_thread_as_strong_as_the_weakest_allowed_holds(member: Member, tier: Tier) -> None:
    # Also of the fringe the score would do: 0.75 of 1.1 is more than an automatic flag asks for.
    (flag,) = score_rings(make_ring("R", member, score=0.8 if member.role == "core" else 1.1)).flags
    assert flag.tier == tier
    assert flag.score == pytest.approx(0.8 if member.role == "core" else 1.1 * DEFAULT_POLICY.fringe_factor)
    assert (", too little for an automatic flag" in flag.reasons[0]) == (tier == "review")


def test_of_a_ring_that_is_for_review_nobody_is_said_to_be_tied_too_little() -> None:
    flags = list_flags(score_rings(make_ring("R", core("ann", 1.0), core("bob"), tier="review")))
    said = "core member of trade ring R (score 0.90), tied to the other 1 members by"
    assert [flag.reasons for flag in flags.values()] == [(f"{said} 1 bits",), (f"{said} 90 bits",)]
    assert {flag.tier for flag in flags.values()} == {"review"}


@pytest.mark.parametrize(
    ("held_by", "said"),
    [
        ((), ""),
        (("a card",), "; free of it without a card"),
        (("a card", "a phone", "a flat"), "; free of it without a card, a phone, a flat"),
        (("a card", "a phone", "a flat", "a shed"), "; free of it without a card, a phone, a flat and 1 more"),
        (tuple("abcdef"), "; free of it without a, b, c and 3 more"),
    ],
)
def test_the_links_that_hold_a_member_are_named_three_at_most(held_by: tuple[str, ...], said: str) -> None:
    (flag,) = score_rings(make_ring("R", core("ann", 40.0, held_by, 35.0))).flags
    assert flag.reasons == (f"core member of trade ring R (score 0.90), tied to the other 0 members by 40 bits{said}",)


def test_a_member_held_by_one_weak_link_is_for_a_person_and_both_are_said() -> None:
    (flag,) = score_rings(make_ring("R", core("ann", 40.0, ("a card",), 5.0))).flags
    assert flag.reasons[0].endswith("by 40 bits, too little for an automatic flag; free of it without a card")


def test_a_fringe_members_tier_follows_from_its_own_score() -> None:
    scores = score_rings(make_ring("R", core("bob"), Member("ann", "fringe", 50.0), score=0.5, tier="review"))
    assert [(flag.subject_id, flag.score, flag.tier) for flag in scores.flags] == [
        ("ann", 0.375, "watch"),
        ("bob", 0.5, "review"),
    ]
    assert scores.flags[0].reasons[0].startswith("fringe member of trade ring R (score 0.50)")


@pytest.mark.parametrize(("tier", "expected"), [("automatic", "automatic"), ("review", "review"), ("watch", "watch")])
def test_no_member_is_graver_than_its_ring(tier: Tier, expected: Tier) -> None:
    (flag,) = score_rings(make_ring("R", core("ann"), score=0.95, tier=tier)).flags
    assert (flag.tier, flag.score, flag.action) == (expected, 0.95, ACTIONS[expected])


def test_a_member_of_several_rings_answers_for_the_gravest_and_the_others_are_named_beside_it() -> None:
    fringe = Member("ann", "fringe", 9.0)
    scores = score_rings(
        make_ring("R1", fringe, score=0.95, shows=("one", "two")),
        make_ring("R2", core("ann"), score=0.85, shows=("three",)),
        make_ring("R3", core("ann"), score=0.9, shows=("four",)),
        make_ring("R4", core("ann"), score=0.9),
    )
    (flag,) = scores.flags
    assert (flag.tier, flag.score, flag.ring_ids) == ("automatic", 0.9, ("R3", "R4", "R2", "R1"))
    said = "core member of trade ring {} (score {}), tied to the other 0 members by 90 bits"
    weakly = "fringe member of trade ring R1 (score 0.95), tied to the other 0 members by 9 bits"
    assert flag.reasons == (
        said.format("R3", "0.90"),
        "four",
        said.format("R4", "0.90"),
        said.format("R2", "0.85"),
        f"{weakly}, too little for an automatic flag",
    )


def test_a_members_score_is_never_less_than_what_it_has_alone() -> None:
    facts = people()
    facts.share(["ann", "bob"], "phone", "one")
    alone = score_rings(facts=facts).account_score[0]
    scores = score_rings(make_ring("R", core("ann"), score=alone / 2, tier="watch"), facts=facts)
    assert scores.account_score.tolist() == [alone, alone, 0, 0, 0, 0]
    assert scores.flags[0].score == alone > 0


# ── alone ─────────────────────────────────────────────────────────────────────────────────────────


def share_among(kind: str, users: int) -> Market:
    facts = people(*(f"a{number:02d}" for number in range(20)))
    facts.share(list(facts.accounts)[:users], kind, "one")
    return meet(facts)


@pytest.mark.parametrize(
    ("kind", "users", "bits", "crowded"),
    [
        ("phone", HOUSEHOLD, 3.0, False),
        ("phone", HOUSEHOLD + 1, np.log2(9), True),
        ("address", HOUSEHOLD, 3.0, False),
        ("address", HOUSEHOLD + 1, 0.0, False),
        ("browser", 4, 0.0, False),
        ("a new kind", HOUSEHOLD, 3.0, False),
        ("a new kind", HOUSEHOLD + 1, 0.0, False),
    ],
)
def test_what_a_crowd_shares_tells_on_each_where_it_is_personal(
    kind: str, users: int, bits: float, *, crowded: bool
) -> None:
    market = share_among(kind, users)
    assert measure_sharing(market) == pytest.approx([bits] * users + [0.0] * (20 - users))
    assert find_crowded(market).tolist() == [crowded] * users + [False] * (20 - users)
    flags = score_market((), market).flags
    assert [flag.tier for flag in flags] == ["watch"] * users * crowded


def test_several_things_that_an_account_shares_add_up_and_what_it_does_with_others_is_none_of_them() -> None:
    facts = people("ann", "bob", "cyd")
    facts.share(["ann", "bob"], "phone", "one")
    facts.share(["ann", "bob", "cyd"], "device", "two")
    facts.share(["ann", "bob", "cyd"], "browser", "three")
    facts.share(["ann", "cyd"], "payment", "four")
    facts.referrals = [("ann", "cyd"), ("bob", "cyd")]
    assert measure_sharing(meet(facts)) == pytest.approx([2 + np.log2(3), 1 + np.log2(3), 1 + np.log2(3)])


def test_a_loner_scores_by_half_lives_of_sharing_and_a_power_of_its_reviews_rank() -> None:
    facts = people("ann", "bob", "cyd", "shop")
    facts.reviews = [("ann", None, "shop", 5.0, 1.0), ("ann", None, "shop", 5.0, 2.0), ("bob", None, "shop", 5.0, 3.0)]
    policy = Policy(half_sharing_bits=3.0, lone_review_power=2.0, lone_ceiling=0.4)
    scores = score_loners(np.array([0.0, 3.0, 6.0, 0.0]), np.array([0.1, 0.9, 0.5]), meet(facts, policy=policy))
    assert scores == pytest.approx([0.4 * 0.75**2, 0.4 * (1 - 0.5 * (1 - 0.25**2)), 0.4 * 0.75, 0.0])


def test_authors_whose_worst_reviews_are_alike_have_one_rank() -> None:
    facts = people("ann", "bob", "cyd")
    facts.reviews = [(name, None, "cyd", 5.0, 1.0) for name in ("ann", "bob")]
    policy = Policy(lone_review_power=1.0, lone_ceiling=0.4)
    scores = score_loners(np.zeros(3), np.array([0.5, 0.5]), meet(facts, policy=policy))
    assert scores == pytest.approx([0.2, 0.2, 0.0])


def test_the_only_author_has_the_middle_rank() -> None:
    facts = people("ann", "bob")
    facts.reviews = [("ann", None, "bob", 5.0, 1.0)]
    policy = Policy(lone_review_power=1.0, lone_ceiling=0.4)
    assert score_loners(np.zeros(2), np.array([0.9]), meet(facts, policy=policy)) == pytest.approx([0.2, 0.0])


def test_conduct_adds_to_what_is_shared_and_never_excuses_it_and_that_of_reviews_is_heard_already() -> None:
    facts = people()
    facts.share(["ann", "bob"], "phone", "one")
    never = np.zeros(6, dtype=np.int64)
    habits = [
        Conduct("one", never, never, np.array([2.0, -1.0, 3.0, -1.0, 1.0, 0.0]), np.zeros(6)),
        Conduct("other", never, never, np.array([0.0, 0.0, 3.0, 0.0, -1.0, 0.0]), np.zeros(6)),
        Conduct("of reviews", never, never, np.full(6, 9.0), np.zeros(6), is_of_reviews=True),
    ]
    market = replace(meet(facts, policy=Policy(half_sharing_bits=3.0, lone_ceiling=0.4)), conduct=tuple(habits))
    bits = np.array([1.0 + 2.0, 1.0, 6.0, 0.0, 0.0, 0.0])
    assert score_market((), market).account_score == pytest.approx(0.4 * (1 - 0.5 ** (bits / 3)))


# ── crowds ────────────────────────────────────────────────────────────────────────────────────────


def test_who_shares_with_a_crowd_is_watched_and_the_largest_crowds_are_named() -> None:
    facts = people(*(f"a{number:02d}" for number in range(14)))
    names = list(facts.accounts)
    for kind, users in (("phone", 10), ("device", 12), ("payment", 9), ("email", 11), ("card", 8), ("address", 14)):
        facts.share(names[:users], kind, "x")
    policy = Policy(half_sharing_bits=3.0)
    market = meet(facts, policy=policy)
    scores = score_market((), market)
    flags = list_flags(scores)
    assert list(flags) == names[:12]
    assert flags["a00"] == Flag(
        "account",
        "a00",
        float(scores.account_score[0]),
        "watch",
        (
            "shares device x with 11 other accounts",
            "shares email x with 10 other accounts",
            "shares phone x with 9 other accounts",
        ),
        "keep an eye on it; restrict nobody",
    )
    assert flags["a11"].reasons == ("shares device x with 11 other accounts",)
    assert flags["a09"].reasons == flags["a00"].reasons
    assert scores.account_tier.tolist() == [WATCH] * 12 + [0, 0]


def test_of_crowds_as_large_the_first_by_name_come_first() -> None:
    facts = people(*(f"a{number:02d}" for number in range(9)))
    for kind, value in (("phone", "2"), ("phone", "1"), ("device", "z")):
        facts.share(list(facts.accounts), kind, value)
    flags = list_flags(score_market((), meet(facts)))
    assert flags["a00"].reasons == tuple(
        f"shares {thing} with 8 other accounts" for thing in ("device z", "phone 1", "phone 2")
    )


def test_what_no_more_than_a_household_share_is_no_reason() -> None:
    facts = people(*(f"a{number:02d}" for number in range(9)))
    facts.share(list(facts.accounts), "phone", "one")
    facts.share(list(facts.accounts)[:HOUSEHOLD], "card", "two")
    assert list_flags(score_market((), meet(facts)))["a00"].reasons == ("shares phone one with 8 other accounts",)


@pytest.mark.parametrize(("users", "others"), [(2, "1 other account"), (3, "2 other accounts")])
def test_the_others_in_a_crowd_are_counted_in_words_that_fit(users: int, others: str) -> None:
    facts = people("ann", "bob", "cyd", "dan")
    facts.share(list(facts.accounts)[:users], "phone", "one")
    flags = list_flags(score_market((), meet(facts, policy=Policy(household_size=1))))
    said = (f"shares phone one with {others}",)
    assert {name: flag.reasons for name, flag in flags.items()} == dict.fromkeys(list(facts.accounts)[:users], said)


def test_a_member_in_a_crowd_has_its_rings_reasons_alone() -> None:
    facts = people(*(f"a{number:02d}" for number in range(9)))
    facts.share(list(facts.accounts), "phone", "one")
    scores = score_rings(make_ring("R", core("a03"), score=0.6, tier="review"), facts=facts)
    assert [flag.subject_id for flag in scores.flags].count("a03") == 1
    assert len(list_flags(scores)["a03"].reasons) == 1
    assert scores.account_tier.tolist() == [WATCH] * 3 + [REVIEW] + [WATCH] * 5
