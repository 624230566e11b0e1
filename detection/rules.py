"""The rules of a policy, one by one, with what is documented of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_type_hints

from msgspec import Meta

from detection.documented import Source
from detection.policy import DEFAULT_POLICY, Policy

RULES_OF_DECISIONS = ("reopening_bits",)
"""The rules that bear on nothing but what people decided."""
RULES_OF_RISK = ("most_risk_bits", "least_risk_bits")
"""The rules that bear on nothing but learned risk that rings hear."""


@dataclass(frozen=True)
class Rule:
    """One field of :class:`Policy`, as documented."""

    name: str
    value: Any
    unit: str
    meaning: str
    source: Source
    why: str
    effect: str


def list_rules() -> tuple[Rule, ...]:
    """Every rule of the default policy, in the order in which they are written."""
    hints = get_type_hints(Policy, include_extras=True)
    found = []
    for name in Policy.__struct_fields__:
        meta = next(each for each in hints[name].__metadata__ if isinstance(each, Meta))
        found.append(Rule(name, getattr(DEFAULT_POLICY, name), meaning=meta.description or "", **(meta.extra or {})))
    return tuple(found)
