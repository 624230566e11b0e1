"""Tiers: one function makes them, from scores and probabilities alone, and more of anything never lowers one."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from detection_market import (
    find_ring_of,
    gather,
    make_background,
    make_snapshot,
    pick,
    plant_opinions,
    plant_trade_ring,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from detection import tiers
from detection.evidence.judge import judge_groups
from detection.evidence.market import make_market
from detection.policy import DEFAULT_POLICY, Policy
from detection.run import find_run
from detection.settings import DetectSettings
from detection.tiers import ACTIONS, Grounds, decide_tier, raise_tiers, score_net_bits
from graph.vocabulary import TIERS, Tier

RANK = {tier: place for place, tier in enumerate(TIERS)}
CHANCES = st.one_of(st.just(float("nan")), st.floats(0.0, 1.0))
SHARES = st.floats(0.0, 1.0)
GROUNDS = st.builds(
    Grounds, CHANCES, CHANCES, SHARES, SHARES, st.booleans(), st.booleans(), st.booleans(), false_discovery=SHARES
)


def rank(grounds: Grounds, policy: Policy = DEFAULT_POLICY) -> int:
    return RANK[decide_tier(grounds, policy)]


@pytest.mark.parametrize(
    ("grounds", "tier"),
    [
        (Grounds(), "clear"),
        (Grounds(is_crowded=True), "watch"),
        (Grounds(score=0.01), "watch"),
        (Grounds(score=0.499), "watch"),
        (Grounds(score=0.5), "review"),
        (Grounds(score=0.799), "review"),
        (Grounds(score=0.8), "automatic"),
        (Grounds(score=0.99, has_axes=False), "review"),
        (Grounds(score=0.99, is_firmly_tied=False), "review"),
        (Grounds(score=0.99, apart_from_trades=0.8), "automatic"),
        (Grounds(score=0.99, apart_from_trades=0.799), "review"),
        (Grounds(score=0.99, apart_from_trades=0.499), "watch"),
        (Grounds(score=0.99, apart_from_community=0.8), "automatic"),
        (Grounds(score=0.99, apart_from_community=0.799), "review"),
        (Grounds(score=0.99, apart_from_community=0.499), "watch"),
        (Grounds(score=0.99, false_discovery=0.05), "automatic"),
        (Grounds(score=0.99, false_discovery=0.051), "review"),
        (Grounds(score=0.99, false_discovery=0.1), "review"),
        (Grounds(score=0.99, false_discovery=0.101), "watch"),
        (Grounds(score=0.99, false_discovery=1.0, joined_after_bar=True), "review"),
        (Grounds(probability=0.499), "clear"),
        (Grounds(probability=0.5), "review"),
        (Grounds(probability=1.0), "review"),
        (Grounds(score=0.1, probability=0.9), "review"),
        (Grounds(score=0.9, probability=0.0), "automatic"),
    ],
)
def test_a_tier_follows_from_score_and_probability(grounds: Grounds, tier: Tier) -> None:
    assert decide_tier(grounds, DEFAULT_POLICY) == tier


@given(GROUNDS, st.floats(0.0, 1.0))
def test_more_evidence_never_lowers_a_tier(grounds: Grounds, more: float) -> None:
    for name in ("score", "apart_from_trades", "apart_from_community"):
        raised = float(np.fmax(getattr(grounds, name), more))
        assert rank(replace(grounds, **{name: raised})) >= rank(grounds)


@given(GROUNDS, SHARES)
def test_the_more_honest_groups_show_as_much_the_lower_the_tier(grounds: Grounds, fewer: float) -> None:
    rarer = replace(grounds, false_discovery=min(grounds.false_discovery, fewer))
    assert rank(rarer) >= rank(grounds)


@given(GROUNDS, st.floats(0.0, 1.0))
def test_a_higher_probability_never_lowers_a_tier_and_never_flags_unseen(grounds: Grounds, more: float) -> None:
    raised = rank(replace(grounds, probability=float(np.fmax(grounds.probability, more))))
    assert raised >= rank(grounds)
    assert raised < RANK["automatic"] or rank(grounds) == RANK["automatic"]


@given(GROUNDS)
def test_holding_together_loosely_or_having_done_nothing_never_raises_a_tier(grounds: Grounds) -> None:
    for name in ("has_axes", "is_firmly_tied"):
        assert rank(replace(grounds, **{name: False})) <= rank(replace(grounds, **{name: True}))


@given(st.lists(st.sampled_from(range(len(TIERS))), min_size=1), st.floats(0.0, 1.0))
def test_tiers_of_many_are_raised_as_one_by_one(before: list[int], probability: float) -> None:
    raised = raise_tiers(np.array(before), np.full(len(before), probability), DEFAULT_POLICY)
    alone = rank(Grounds(probability=probability))
    assert raised.tolist() == [max(tier, alone) for tier in before]


def test_an_unknown_probability_raises_nobody() -> None:
    assert raise_tiers(np.array([0, 2]), np.array([np.nan, np.nan]), DEFAULT_POLICY).tolist() == [0, 2]


@given(st.floats(-100, 1000), st.floats(0, 1000), st.integers(3, 400))
def test_a_score_is_monotone_in_bits_and_so_is_the_tier_of_a_ring(bits: float, more: float, size: int) -> None:
    before, after = (score_net_bits(each, size, DEFAULT_POLICY) for each in (bits, bits + more))
    assert 0 <= before <= after <= 1
    assert rank(Grounds(score=after)) >= rank(Grounds(score=before))


def test_every_tier_has_one_recommendation_whatever_it_is_of() -> None:
    assert list(ACTIONS) == sorted(ACTIONS, key=lambda tier: -RANK[tier])
    run = find_run(make_snapshot(plant_all()), DetectSettings())
    assert {(ring.tier, ring.action) for ring in run.rings} <= set(ACTIONS.items())
    assert {(flag.tier, flag.action) for flag in run.flags} <= set(ACTIONS.items())


def plant_all() -> object:
    facts = make_background(n=800)
    plant_opinions(facts, pick(100, 16), 1, 5.0)
    plant_trade_ring(facts, pick(200, 12))
    return facts


@pytest.mark.parametrize("days", [1.0, 30.0, 400.0])
def test_no_innocent_fact_raises_what_stands(days: float) -> None:
    """A longer life of the trades, and devices of their own, are facts that only explain."""
    facts, members = make_background(n=800), pick(100, 10)
    plant_trade_ring(facts, members)
    before = judge_groups(gather(make_snapshot(facts), members), make_market(make_snapshot(facts))).net_bits[0]
    facts.trade([(members[0], members[1])], [200 - days])
    lasting = make_snapshot(facts)
    after = judge_groups(gather(lasting, members), make_market(lasting)).net_bits[0]
    # The same pair trades once more, long before: no new pair, and a longer life.
    assert after <= before + 1e-6


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 0.3), st.floats(0.0, 1.0))
def test_a_stricter_policy_never_raises_a_tier(less: float, score: float) -> None:
    stricter = msgspec.structs.replace(DEFAULT_POLICY, automatic_score=0.8 + less / 2, review_score=0.5 + less)
    for grounds in (Grounds(score=score), Grounds(score=score, is_firmly_tied=False)):
        assert rank(grounds, stricter) <= rank(grounds)


def test_nothing_but_the_policy_moves_a_tier_between_two_runs_of_one_market() -> None:
    snapshot = make_snapshot(plant_all())
    lenient = find_run(snapshot, DetectSettings(policy=Policy(automatic_score=1.0)))
    usual = find_run(snapshot, DetectSettings())
    assert [ring.score for ring in lenient.rings] == [ring.score for ring in usual.rings]
    assert {ring.tier for ring in lenient.rings} <= {"review", "watch"}
    assert find_ring_of(usual, pick(100, 16)).tier in ("review", "automatic")  # type: ignore[union-attr]
    assert lenient.run_id != usual.run_id


def test_what_is_recommended_at_each_tier_is_said_in_these_words() -> None:
    assert ACTIONS == {
        "automatic": "restrict, and let a person confirm within a day",
        "review": "let an investigator decide",
        "watch": "keep an eye on it; restrict nobody",
        "clear": "",
    }


def test_the_module_has_every_name_that_it_offers() -> None:
    assert all(hasattr(tiers, name) for name in tiers.__all__)


def test_a_probability_as_high_as_the_policy_asks_for_raises_an_account_and_a_lower_one_does_not() -> None:
    at, below = DEFAULT_POLICY.review_probability, DEFAULT_POLICY.review_probability - 0.001
    raised = raise_tiers(np.array([0, 0, 3]), np.array([at, below, at]), DEFAULT_POLICY)
    assert [TIERS[tier] for tier in raised] == ["review", "clear", "automatic"]


@pytest.mark.parametrize(("net_bits", "score"), [(-5.0, 0.0), (0.0, 0.0), (24.0, 0.5), (48.0, 0.75), (72.0, 0.875)])
def test_each_eight_bits_times_the_root_of_the_size_halve_what_a_score_lacks(net_bits: float, score: float) -> None:
    assert score_net_bits(net_bits, 9, DEFAULT_POLICY) == pytest.approx(score)
