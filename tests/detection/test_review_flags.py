"""Which reviews a ring answers for, on markets of a few accounts and rings made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from detection_market import Facts
from hand_made_rings import core, make_ring, people, score_rings

from detection.policy import DEFAULT_POLICY
from detection.scores import Scores
from graph.results import Flag
from graph.vocabulary import TIERS, RingKind

WATCH, REVIEW = TIERS.index("watch"), TIERS.index("review")


def praise(*authors: str, rating: float = 5.0, product: str | None = None) -> Facts:
    facts = people()
    facts.listings = {"p": "shop", "q": "shop"}
    facts.reviews = [
        (author, product, None if product else "shop", rating, float(day)) for day, author in enumerate(authors)
    ]
    return facts


def score_praise(facts: Facts, **ring: object) -> Scores:
    return score_rings(
        replace(make_ring("R", core("ann"), core("bob"), tier="review", kind="review"), **ring), facts=facts
    )


def test_a_review_that_two_of_a_ring_wrote_of_one_target_is_flagged_in_these_words() -> None:
    scores = score_praise(praise("cyd", "ann", "bob"), score=0.7)
    flags = [flag for flag in scores.flags if flag.subject == "review"]
    said = "written by a member of a ring whose members share this opinion of this target"
    assert flags == [
        Flag("review", review, 0.7, "review", (said,), "let an investigator decide")
        for review in ("r000001", "r000002")
    ]
    assert scores.review_tier.tolist() == [0, REVIEW, REVIEW]
    assert scores.review_score.tolist()[1:] == [0.7, 0.7]
    assert 0 < scores.review_score[0] < DEFAULT_POLICY.lone_ceiling


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
    scores = score_praise(praise("ann", "bob", "cyd", rating=rating), kind=kind)
    assert scores.review_tier.tolist() == [REVIEW * is_meant] * 2 + [0]


def test_two_reviews_by_one_member_and_one_each_of_two_targets_are_no_company() -> None:
    assert score_praise(praise("ann", "ann")).review_tier.tolist() == [0, 0]
    facts = praise("ann")
    facts.reviews += [("bob", "p", None, 5.0, 1.0), ("ann", "q", None, 5.0, 1.0)]
    assert score_praise(facts).review_tier.tolist() == [0, 0, 0]
    facts.reviews.append(("bob", "q", None, 5.0, 9.0))
    assert score_praise(facts).review_tier.tolist() == [0, 0, REVIEW, REVIEW]


def test_reviews_of_nothing_are_of_no_one_target() -> None:
    facts = people()
    facts.reviews = [(name, None, None, 5.0, 1.0) for name in ("ann", "bob")]
    assert score_praise(facts).review_tier.tolist() == [0, 0]


def test_reviews_of_one_target_by_two_rings_are_not_company_for_each_other() -> None:
    facts = praise("ann", "cyd")
    rings = [make_ring(name, core(name), tier="review", kind="review") for name in ("ann", "cyd")]
    assert score_rings(*rings, facts=facts).review_tier.tolist() == [0, 0]
    both = replace(rings[0], members=rings[0].members + rings[1].members)
    assert score_rings(both, facts=facts).review_tier.tolist() == [REVIEW, REVIEW]


def test_what_a_watched_ring_wrote_scores_as_a_loner_at_most_and_is_watched() -> None:
    for score, shown in ((0.9, DEFAULT_POLICY.lone_ceiling), (0.3, 0.3)):
        scores = score_praise(praise("ann", "bob", "cyd"), tier="watch", score=score)
        assert scores.review_tier.tolist() == [WATCH, WATCH, 0]
        assert scores.review_score[:2] == pytest.approx([shown, shown])
        assert [flag.tier for flag in scores.flags if flag.subject == "review"] == ["watch", "watch"]


def test_a_review_has_the_score_of_the_best_ring_that_wrote_it_and_is_never_flagged_unseen() -> None:
    facts = praise("ann", "bob", "cyd")
    better = make_ring("R1", core("ann"), core("bob"), score=0.95, kind="review")
    lesser = make_ring("R2", core("ann"), core("bob"), core("cyd"), score=0.6, tier="review", kind="review")
    for rings in ((better, lesser), (lesser, better)):
        scores = score_rings(*rings, facts=facts)
        assert scores.review_score.tolist() == [0.95, 0.95, 0.6]
        assert scores.review_tier.tolist() == [REVIEW] * 3


def test_a_trade_ring_keeps_no_other_from_answering_for_its_reviews() -> None:
    trades = make_ring("R1", core("cyd"), core("dan"))
    praises = make_ring("R2", core("ann"), core("bob"), tier="review", kind="review")
    assert score_rings(trades, praises, facts=praise("ann", "bob")).review_tier.tolist() == [REVIEW, REVIEW]


def test_accounts_from_the_first_to_the_last_answer_for_their_reviews() -> None:
    facts = people()
    facts.reviews = [(name, None, "bob", 5.0, 1.0) for name in ("shop", "ann", "eve")]
    ring = make_ring("R", core("shop"), core("ann"), tier="review", kind="review")
    assert score_rings(ring, facts=facts).review_tier.tolist() == [REVIEW, REVIEW, 0]
