"""Scores and flags: in [0, 1], with reasons, and automatic only where more than one thread holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import (
    Facts,
    find_members,
    find_ring_of,
    find_rows,
    make_background,
    make_snapshot,
    pick,
    plant_opinions,
    plant_trade_ring,
)

from detection.evidence.market import Market, make_market
from detection.policy import DEFAULT_POLICY
from detection.run import find_run
from detection.scores import Scores, find_crowded, measure_sharing, score_loners, score_market, score_reviews
from detection.settings import DetectSettings
from graph.model import Floats
from graph.results import Member, Ring, RunResult
from graph.vocabulary import TIERS, RingKind, Tier

MEMBERS = pick(100, 16)


@pytest.fixture(scope="module")
def facts() -> Facts:
    facts = make_background(n=1000)
    plant_opinions(facts, MEMBERS, 1, 5.0)
    plant_trade_ring(facts, pick(200, 12))
    facts.share(pick(300, 12), "device", "a library computer")
    return facts


@pytest.fixture(scope="module")
def run(facts: Facts) -> RunResult:
    return find_run(make_snapshot(facts), DetectSettings())


def make_ring(ring_id: str, members: tuple[Member, ...], *, score: float, tier: Tier, kind: RingKind = "trade") -> Ring:
    return Ring(ring_id, kind, score, tier, 50.0, 10.0, members, (), (), ())


def score_rings(facts: Facts, *rings: Ring) -> Scores:
    return score_market(rings, make_market(make_snapshot(facts)))


def score_alone(facts: Facts) -> Floats:
    return score_reviews(make_snapshot(facts), DEFAULT_POLICY)


def test_the_author_of_the_oddest_review_scores_above_other_authors_and_none_is_flagged_for_it() -> None:
    facts = Facts(accounts={f"a{place}": None for place in range(12)}, listings={"p": "a0"})
    facts.reviews += [(f"a{place}", "p", None, 5.0, 10 * place) for place in range(1, 10)]
    facts.reviews.append(("a10", "p", None, 1.0, 200))
    run = find_run(make_snapshot(facts), DetectSettings())
    scores = dict(zip(make_snapshot(facts).account_id.tolist(), run.account_score.tolist(), strict=True))
    assert max(scores, key=lambda account: scores[account]) == "a10"
    assert scores["a11"] == 0.0
    assert run.flags == ()


def test_every_score_lies_between_zero_and_one(run: RunResult) -> None:
    for scores in (run.account_score, run.review_score):
        assert ((scores >= 0) & (scores <= 1)).all()
    assert all(0 <= flag.score <= 1 for flag in run.flags)


def test_an_account_in_no_ring_is_never_for_review(run: RunResult, facts: Facts) -> None:
    ringed = {member for ring in run.rings for member in find_members(ring)}
    alone = ~np.isin(make_snapshot(facts).account_id.astype(str), sorted(ringed))
    assert (run.account_score[alone] <= DEFAULT_POLICY.lone_ceiling).all()
    assert set(run.account_tier[alone].tolist()) <= {TIERS.index("clear"), TIERS.index("watch")}


def test_flags_agree_with_the_scores_and_say_why(run: RunResult, facts: Facts) -> None:
    row = {name: place for place, name in enumerate(make_snapshot(facts).account_id.tolist())}
    flags = [flag for flag in run.flags if flag.subject == "account"]
    assert len(flags) == len({flag.subject_id for flag in flags}) == (run.account_tier > 0).sum()
    for flag in flags:
        assert flag.score == run.account_score[row[flag.subject_id]]
        assert TIERS[run.account_tier[row[flag.subject_id]]] == flag.tier
        assert flag.reasons
        assert flag.action


def test_a_member_held_by_little_is_never_flagged_automatically(facts: Facts) -> None:
    members = (Member("a0040", "core", 90.0), Member("a0041", "core", 19.0), Member("a0042", "fringe", 50.0))
    scores = score_rings(facts, make_ring("R", members, score=0.9, tier="automatic"))
    flags = {flag.subject_id: flag for flag in scores.flags if flag.ring_ids}
    assert {name: flag.tier for name, flag in flags.items()} == {
        "a0040": "automatic",
        "a0041": "review",
        "a0042": "review",
    }
    assert "too little for an automatic flag" in flags["a0041"].reasons[0]
    assert "too little" not in flags["a0040"].reasons[0]


def test_a_member_held_by_one_weak_link_is_for_a_person_and_the_link_is_named(facts: Facts) -> None:
    weak = Member("a0040", "core", 25.0, ("the phone 7",), 16.0)
    strong = Member("a0041", "core", 60.0, ("the card 8",), 55.0)
    several = Member("a0042", "core", 40.0, tuple(f"the flat {n}" for n in range(5)), 35.0)
    scores = score_rings(facts, make_ring("R", (weak, strong, several), score=0.9, tier="automatic"))
    flags = {flag.subject_id: flag for flag in scores.flags if flag.ring_ids}
    assert {name: flag.tier for name, flag in flags.items()} == {
        "a0040": "review",
        "a0041": "automatic",
        "a0042": "automatic",
    }
    assert flags["a0040"].reasons[0].endswith("; free of it without the phone 7")
    assert flags["a0042"].reasons[0].endswith("; free of it without the flat 0, the flat 1, the flat 2 and 2 more")


def test_a_member_of_two_rings_answers_for_the_graver_and_both_are_named(facts: Facts) -> None:
    fringe, core = Member("a0040", "fringe", 9.0), Member("a0040", "core", 60.0)
    best = make_ring("R1", (fringe,), score=0.95, tier="automatic")
    other = make_ring("R2", (core,), score=0.85, tier="automatic")
    flag = next(flag for flag in score_rings(facts, best, other).flags if flag.ring_ids)
    assert flag.tier == "automatic"
    assert flag.score == 0.85
    assert flag.ring_ids == ("R2", "R1")
    assert "R1" in " ".join(flag.reasons)


def test_a_fringe_members_tier_follows_from_its_own_score(facts: Facts) -> None:
    fringe, core = Member("a0040", "fringe", 50.0), Member("a0041", "core", 50.0)
    scores = score_rings(facts, make_ring("R", (core, fringe), score=0.5, tier="review"))
    flags = {flag.subject_id: flag for flag in scores.flags if flag.ring_ids}
    assert {name: (flag.score, flag.tier) for name, flag in flags.items()} == {
        "a0041": (0.5, "review"),
        "a0040": (0.375, "watch"),
    }


def test_a_ring_that_is_for_review_flags_no_member_unseen(facts: Facts) -> None:
    scores = score_rings(facts, make_ring("R", (Member("a0040", "core", 90.0),), score=0.95, tier="review"))
    assert [flag.tier for flag in scores.flags if flag.ring_ids] == ["review"]


def test_who_gains_by_a_ring_and_shares_with_it_does_not_go_free_for_acting_otherwise() -> None:
    """She sells and never reviews; they review and never sell; all use the same few phones and cards."""
    facts, praisers = make_background(n=1000), pick(100, 15)
    seller = "a0001"
    plant_opinions(facts, [seller, *praisers], 1, 5.0)
    facts.reviews = [review for review in facts.reviews if review[0] != seller]
    run = find_run(make_snapshot(facts), DetectSettings())
    ring = find_ring_of(run, praisers)
    assert ring is not None
    (flag,) = (flag for flag in run.flags if flag.subject_id == seller)
    assert flag.score >= 0.75 * ring.score
    assert TIERS.index(flag.tier) >= TIERS.index("review")


def test_accounts_on_one_device_beyond_a_household_are_watched(run: RunResult) -> None:
    watched = {flag.subject_id: flag for flag in run.flags if not flag.ring_ids and flag.subject == "account"}
    assert set(watched) >= set(pick(300, 12))
    assert "shares device a library computer with 11 other accounts" in watched["a0340"].reasons


def test_reviews_by_a_ring_of_its_target_are_for_review_and_their_other_reviews_are_not(facts: Facts) -> None:
    snapshot = make_snapshot(facts)
    run = find_run(snapshot, DetectSettings())
    ring = find_ring_of(run, MEMBERS)
    assert ring is not None
    flagged = {flag.subject_id for flag in run.flags if flag.subject == "review"}
    author, target = snapshot.account_id[snapshot.reviews.author], snapshot.reviews.seller
    fake = (
        np.isin(author.astype(str), MEMBERS)
        & (target == find_rows(snapshot, ["a0001"])[0])
        & (snapshot.reviews.rating >= 4)
    )
    assert flagged >= set(snapshot.reviews.review_id[fake])
    assert len(flagged) < 1.2 * fake.sum()
    assert (run.review_score[fake] >= ring.score).all()


def test_reviews_of_one_target_by_two_rings_are_not_company_for_each_other(facts: Facts) -> None:
    alone = Facts(dict.fromkeys(("ann", "bob", "cyd", "dan", "shop")))
    alone.reviews = [("ann", None, "shop", 5.0, 1.0), ("cyd", None, "shop", 5.0, 2.0)]
    pairs = (("ann", "bob"), ("cyd", "dan"))
    rings = [
        make_ring("-".join(pair), tuple(Member(n, "core", 50.0) for n in pair), score=0.9, tier="review", kind="review")
        for pair in pairs
    ]
    assert (score_rings(alone, *rings).review_tier == 0).all()
    watched = [replace(ring, score=0.2, tier="watch") for ring in rings]
    together = replace(watched[0], members=watched[0].members + watched[1].members)
    assert (score_rings(alone, together).review_tier == TIERS.index("watch")).all()
    both = replace(rings[0], members=rings[0].members + rings[1].members)
    assert (score_rings(alone, both).review_tier == TIERS.index("review")).all()


def test_a_blamed_target_is_not_what_a_ring_of_praise_is_there_for() -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "shop")))
    facts.reviews = [("ann", None, "shop", 1.0, 1.0), ("bob", None, "shop", 1.0, 2.0)]
    members = (Member("ann", "core", 50.0), Member("bob", "core", 50.0))
    ring = make_ring("R", members, score=0.9, tier="review", kind="review")
    assert (score_rings(facts, ring).review_tier == 0).all()
    assert (score_rings(facts, replace(ring, kind="attack")).review_tier > 0).all()


def test_a_review_of_nothing_is_not_compared_with_the_first_product() -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd", "shop")), listings={"p": "shop"})
    facts.reviews = [(name, "p", None, 5.0, 1.0) for name in ("ann", "bob", "cyd")]
    before = score_alone(facts)
    facts.reviews.append(("ann", None, None, 1.0, 1.0))
    after = score_alone(facts)
    assert after[1] == pytest.approx(after[2])
    # Had the review of nothing counted as one of p, p's mean would have moved away from every five.
    assert np.ptp(after[1:3]) == np.ptp(before[1:3]) == 0
    assert after[3] < DEFAULT_POLICY.lone_ceiling * 0.8


def test_two_reviews_of_nothing_are_not_compared_with_one_another() -> None:
    scores = []
    for other in (5.0, 1.0):
        facts = Facts(dict.fromkeys(("ann", "bob", "cyd", "shop")))
        facts.reviews = [
            ("ann", None, None, 5.0, 1.0),
            ("bob", None, None, other, 1.0),
            ("cyd", None, "shop", 4.0, 1.0),
        ]
        facts.reviews.append(("ann", None, "shop", 3.0, 1.0))
        scores.append(score_alone(facts)[0])
    assert scores[0] == scores[1]


def test_an_odd_rating_from_a_newcomer_is_more_unusual_than_the_common_one() -> None:
    facts = Facts({f"a{number}": 0.0 for number in range(12)})
    for number in (*range(9), *range(9)):
        facts.reviews.append((f"a{number}", None, "a11", 4.0, 40.0 * number))
    facts.reviews.append(("a10", None, "a11", 1.0, 5.0))
    scores = score_alone(facts)
    assert scores.argmax() == len(scores) - 1
    assert ((scores >= 0) & (scores <= DEFAULT_POLICY.lone_ceiling)).all()


def test_no_reviews_no_scores() -> None:
    assert len(score_alone(Facts({"ann": 0.0}))) == 0


WEAKEST = DEFAULT_POLICY.weakest_tie_bits


@pytest.mark.parametrize(
    ("member", "tier"),
    [
        (Member("ann", "core", WEAKEST), "automatic"),
        (Member("ann", "core", WEAKEST - 0.01), "review"),
        (Member("ann", "core", 90.0, ("a card",), WEAKEST), "automatic"),
        (Member("ann", "core", 90.0, ("a card",), WEAKEST - 0.01), "review"),
        (Member("ann", "core", 90.0, ("a card", "a phone"), WEAKEST - 0.01), "automatic"),
        (Member("ann", "fringe", 90.0), "review"),
    ],
)
def test_a_thread_as_strong_as_the_weakest_allowed_holds(member: Member, tier: Tier) -> None:
    # Also of the fringe the score would do: 0.75 of 1.1 is more than an automatic flag asks for.
    ring = make_ring("R", (member,), score=0.8 if member.role == "core" else 1.1, tier="automatic")
    (flag,) = score_rings(Facts({"ann": 0.0, "bob": 0.0}), ring).flags
    assert flag.tier == tier
    assert flag.score == pytest.approx(0.8 if member.role == "core" else 1.1 * DEFAULT_POLICY.fringe_factor)


def share_among(kind: str, users: int) -> Market:
    facts = Facts(dict.fromkeys(f"a{number:02d}" for number in range(20)))
    facts.share(list(facts.accounts)[:users], kind, "one")
    return make_market(make_snapshot(facts))


HOUSEHOLD = DEFAULT_POLICY.household_size


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


def test_several_things_that_an_account_shares_add_up() -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd")))
    facts.share(["ann", "bob"], "phone", "one")
    facts.share(["ann", "bob", "cyd"], "device", "two")
    sharing = measure_sharing(make_market(make_snapshot(facts)))
    assert sharing == pytest.approx([1 + np.log2(3), 1 + np.log2(3), np.log2(3)])


def test_a_loner_scores_by_half_lives_of_sharing_and_a_power_of_its_reviews_rank() -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd", "shop")))
    facts.reviews = [("ann", None, "shop", 5.0, 1.0), ("ann", None, "shop", 5.0, 2.0), ("bob", None, "shop", 5.0, 3.0)]
    market = make_market(make_snapshot(facts))
    policy = DEFAULT_POLICY
    scores = score_loners(np.array([0.0, 3.0, 6.0, 0.0]), np.array([0.1, 0.9, 0.5]), market)
    first, second = (rank**policy.lone_review_power for rank in (0.75, 0.25))
    assert policy.half_sharing_bits == 3.0
    expected = np.array([first, 1 - 0.5 * (1 - second), 0.75, 0.0])
    assert scores == pytest.approx(policy.lone_ceiling * expected)


@pytest.mark.parametrize(
    ("kind", "rating", "is_meant"),
    [
        ("review", 4.0, True),
        ("review", 3.9, False),
        ("attack", 2.0, True),
        ("attack", 2.1, False),
        ("trade", 5.0, False),
    ],
)
def test_a_ring_answers_for_reviews_with_the_opinion_that_it_is_there_for(
    kind: RingKind, rating: float, *, is_meant: bool
) -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd", "shop")))
    facts.reviews = [
        ("ann", None, "shop", rating, 1.0),
        ("bob", None, "shop", rating, 2.0),
        ("cyd", None, "shop", rating, 3),
    ]
    ring = make_ring(
        "R", (Member("ann", "core", 50.0), Member("bob", "core", 50.0)), score=0.9, tier="review", kind=kind
    )
    assert score_rings(facts, ring).review_tier.tolist() == [TIERS.index("review") * is_meant] * 2 + [0]
