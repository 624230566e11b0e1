"""How a rule is documented where it is defined: its unit, its meaning, where it comes from, its effect."""

from __future__ import annotations

from typing import Any, Literal, get_args

from msgspec import Meta

Source = Literal["measurement", "judgement", "definition"]

MEASURED, JUDGED, DEFINED = get_args(Source)
SCORE, SHARE = "score, 0 to 1", "share, 0 to 1"


def rule(unit: str, meaning: str, source: Source, why: str, effect: str, **bounds: Any) -> Meta:
    """One rule, documented where it is defined: what the number counts, and what it is compared with.

    Then where the value comes from, the reason for it, and what a larger one does to those who are judged; between what
    the value has to lie (``ge``, ``gt``, ``le``, ``lt``).
    """
    return Meta(description=meaning, extra={"unit": unit, "source": source, "why": why, "effect": effect}, **bounds)
