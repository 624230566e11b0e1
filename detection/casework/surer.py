"""What would make the program surer of a ring: how many bits it lacks for the next tier, and what besides."""

from __future__ import annotations

import math

from detection.policy import Policy
from graph.vocabulary import Tier

AXES = "two kinds of personal things and deeds against others, by half of the members, that nothing innocent explains"


def say_surer(
    tier: Tier, score: float, net_bits: float, size: int, policy: Policy, *, false_discovery: float | None = None
) -> str:
    """One sentence: what lacks for the next tier.

    Parameters
    ----------
    tier, score, net_bits, size, false_discovery
        Of the ring.
    policy
        For the thresholds.

    >>> from detection.policy import DEFAULT_POLICY
    >>> say_surer("watch", 0.2, 10.0, 4, DEFAULT_POLICY)
    'for review it takes a score of 0.5: 6 more bits at the least, that no trades among its members alone show'
    >>> say_surer("watch", 0.7, 90.0, 9, DEFAULT_POLICY, false_discovery=0.843)
    'for review too many honest groups show as much: q is 0.84, and may be 0.1'
    """
    if tier == "automatic":
        return "it is as sure as it gets; a person has to confirm it all the same"
    name, wanted = ("review", policy.review_score) if tier == "watch" else ("an automatic flag", policy.automatic_score)
    allowed = policy.review_rate if tier == "watch" else policy.automatic_rate
    if score >= wanted and false_discovery is not None and false_discovery > allowed:
        return f"for {name} too many honest groups show as much: q is {false_discovery:.2g}, and may be {allowed:g}"
    if score >= wanted:
        lacks = AXES if tier == "review" else "something that its trades alone do not show"
        return f"for {name} its score is enough; what lacks is {lacks}"
    if wanted >= 1.0:
        return f"for {name} it takes a score of 1, which no evidence reaches"
    lacking = math.ceil(-math.log2(1.0 - wanted) * policy.half_score_bits * math.sqrt(size) - net_bits)
    more = "; and " + AXES if tier == "review" else ", that no trades among its members alone show"
    return f"for {name} it takes a score of {wanted:g}: {max(lacking, 1):,} more bits at the least{more}"
