"""A policy before it is in force: what in it cannot be meant."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detection.measures.policy import MeasurePolicy, MeasureRule, MeasureTerms
from detection.measures.replay import find_problems
from detection.measures.retier import Retiered, find_other_rules, retier
from detection.policy import DEFAULT_POLICY, Policy
from graph.queries.flagged import Flagged


def rule(**fields: Any) -> MeasureRule:
    return MeasureRule(**{"measure": "hold", "tier": "review", **fields})


@pytest.mark.parametrize(
    ("first", "second", "is_reached"),
    [
        ({}, {}, False),
        ({}, {"min_score": 0.5}, False),
        ({"min_score": 0.5}, {}, True),
        ({"min_score": 0.5}, {"min_score": 0.6, "min_exposure": 1.0}, False),
        ({"min_score": 0.5, "min_channels": 2}, {"min_score": 0.6}, True),
        ({"segments": ("north",)}, {}, True),
        ({"segments": ("north", "south")}, {"segments": ("south",)}, False),
        ({}, {"segments": ("south",)}, False),
        ({}, {"tier": "automatic"}, True),
        ({}, {"subject": "review"}, True),
        ({}, {"max_false_discovery": 0.1}, False),
        ({"max_false_discovery": 0.1}, {}, True),
    ],
)
def test_a_rule_that_nothing_reaches_is_told(first: dict[str, Any], second: dict[str, Any], is_reached: bool) -> None:
    problems = find_problems(MeasurePolicy(rules=(rule(**first), rule(**second))))
    assert problems == ([] if is_reached else [problems[0]])
    assert is_reached or problems[0].startswith("rule 2 (hold for ")


@pytest.mark.parametrize(
    ("was", "then", "tier", "is_sure"),
    [
        (("automatic", 0.9, None), {}, "automatic", True),
        (("automatic", 0.9, None), {"automatic_score": 0.7}, "automatic", True),
        (("automatic", 0.9, None), {"automatic_score": 0.85}, "automatic", False),
        (("automatic", 0.9, None), {"automatic_score": 0.95}, "review", True),
        (("automatic", 0.9, None), {"automatic_score": 0.95, "review_score": 0.92}, "watch", True),
        (("automatic", 0.02, None), {"automatic_score": 0.95}, "automatic", True),  # a person has confirmed it
        (("review", 0.6, None), {"review_score": 0.7}, "watch", True),
        (("review", 0.6, 0.9), {"review_score": 0.7}, "review", True),
        (("review", 0.6, None), {"automatic_score": 0.6}, "review", False),  # it may have been earned
        (("review", 0.1, None), {"review_score": 0.7}, "review", True),  # not for its score
        (("watch", 0.45, None), {"review_score": 0.4}, "review", False),
        (("watch", 0.55, None), {"review_score": 0.4}, "watch", True),  # trades among members carried it
        (("watch", 0.1, 0.4), {"review_probability": 0.3}, "review", True),
        (("clear", 0.1, None), {"review_score": 0.4}, "clear", True),
    ],
)
def test_a_flag_that_is_kept_says_of_which_tier_it_would_be(
    was: tuple[str, float, float | None], then: dict[str, float], tier: str, is_sure: bool
) -> None:
    flag = Flagged("account", "ann", *was, reason="")
    assert retier(flag, DEFAULT_POLICY, msgspec.structs.replace(DEFAULT_POLICY, **then)) == Retiered(tier, is_sure)


def test_rules_of_which_a_kept_flag_says_nothing_are_named() -> None:
    assert find_other_rules(DEFAULT_POLICY, Policy(prior_bits=9.0, review_score=0.6)) == ["prior_bits"]


def test_a_measure_that_would_be_renewed_every_night_is_told() -> None:
    terms = {"hold": MeasureTerms(days=2.0, text="hold", ground="terms")}
    assert find_problems(MeasurePolicy(renew_days=2.0, terms=terms)) == [  # type: ignore[arg-type]  # its key is one
        "hold holds for 2 days, no longer than renew_days: it would be renewed every night"
    ]
    assert find_problems(MeasurePolicy()) == []
