"""Scores and flags: in [0, 1], with reasons, and automatic only where more than one thread holds."""

from __future__ import annotations

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

from detection.policy import DEFAULT_POLICY
from detection.run import find_run
from detection.scores import score_reviews
from detection.settings import DetectSettings
from graph.model import Floats
from graph.results import RunResult
from graph.vocabulary import TIERS

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


def test_reviews_by_a_ring_of_its_target_are_for_review_and_their_other_reviews_are_not(
    run: RunResult, facts: Facts
) -> None:
    snapshot = make_snapshot(facts)
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
