"""A policy before it is in force: what in it cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from detection.measures.policy import MeasurePolicy, MeasureRule, MeasureTerms
from detection.measures.replay import find_problems


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
    ],
)
def test_a_rule_that_nothing_reaches_is_told(first: dict[str, Any], second: dict[str, Any], is_reached: bool) -> None:
    problems = find_problems(MeasurePolicy(rules=(rule(**first), rule(**second))))
    assert problems == ([] if is_reached else [problems[0]])
    assert is_reached or problems[0].startswith("rule 2 (hold for ")


def test_a_measure_that_would_be_renewed_every_night_is_told() -> None:
    terms = {"hold": MeasureTerms(days=2.0, text="hold", ground="terms")}
    assert find_problems(MeasurePolicy(renew_days=2.0, terms=terms)) == [  # type: ignore[arg-type]  # its key is one
        "hold holds for 2 days, no longer than renew_days: it would be renewed every night"
    ]
    assert find_problems(MeasurePolicy()) == []
