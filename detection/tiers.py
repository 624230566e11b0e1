"""From score to tier: what is accused, what is let be, and what is done about each; the one place that makes tiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.policy import DEFAULT_POLICY, Policy
from graph.model import Floats, Ints
from graph.vocabulary import TIERS, Tier

__all__ = ["ACTIONS", "DEFAULT_POLICY", "Grounds", "Policy", "decide_tier", "raise_tiers", "score_net_bits"]

ACTIONS: dict[Tier, str] = {
    "automatic": "restrict, and let a person confirm within a day",
    "review": "let an investigator decide",
    "watch": "keep an eye on it; restrict nobody",
    "clear": "",
}
"""What is recommended at each tier, for rings, accounts and reviews alike; nothing is done by itself."""
CONFIRMED_ACTION = "act on it: a person has confirmed it"


@dataclass(frozen=True)
class Grounds:
    """All that a tier rests on.

    Attributes
    ----------
    score
        Of evidence, in [0, 1]; NaN for whoever, or whatever, is in no ring.
    probability
        Of a model, in [0, 1]; NaN where there is none.
    apart_from_trades
        Of a ring: the score that it would have if its members had not traded with one another, nor bought together.
    apart_from_community
        Of a ring: the score that it would have if communities were taken for granted, and all that they account for.
    has_axes
        Whether identity and deeds against others both accuse the ring, with no innocent cause in common.
    is_firmly_tied
        Whether more than one weak thread ties it to the ring (``weakest_tie_bits``, and not of the fringe).
    is_crowded
        Whether it shares a personal thing with more accounts than a household has.
    is_near_barred
        Whether it is barred, or shares a personal thing that few have with an account that is.
    joined_after_bar
        Whether it did so only after the other was barred.
    false_discovery
        Of a ring: the share of honest groups to be expected among those that show as much, in [0, 1].
    """

    score: float = float("nan")
    probability: float = float("nan")
    apart_from_trades: float = 1.0
    apart_from_community: float = 1.0
    has_axes: bool = True
    is_firmly_tied: bool = True
    is_crowded: bool = False
    is_near_barred: bool = False
    joined_after_bar: bool = False
    false_discovery: float = 0.0

    @property
    def shown(self) -> float:
        """What a ring shows apart from trades and communities: the score that its tier rests on."""
        return min(self.score, self.apart_from_trades, self.apart_from_community)


def decide_tier(grounds: Grounds, policy: Policy) -> Tier:
    """The tier of a ring, a member, an account or a review: the one function that makes tiers.

    A score of evidence at or above ``automatic_score`` is automatic where several axes of evidence accuse and the tie
    is firm; at or above ``review_score`` it is for review; a ring below is watched.  Both scores have to be reached
    without the trades among members as well, for a club trades too, and without what communities account for; and
    not many honest groups may show as much (``automatic_rate``, ``review_rate``).
    A probability at or above ``review_probability`` is for review, and never more: an automatic flag takes a ring.
    Whoever shares a personal thing with a crowd, or with an account that is barred, is watched; whoever came after it
    was barred is for review.  More of anything never lowers a tier.

    Parameters
    ----------
    grounds
        What is known.
    policy
        The thresholds.

    >>> decide_tier(Grounds(score=0.9), DEFAULT_POLICY), decide_tier(Grounds(score=0.9, is_firmly_tied=False), Policy())
    ('automatic', 'review')
    >>> decide_tier(Grounds(), DEFAULT_POLICY), decide_tier(Grounds(probability=0.7), DEFAULT_POLICY)
    ('clear', 'review')
    """
    # NaN compares false with everything: who is in no ring is never automatic, and who has no model never probable.
    may_be_unseen = grounds.has_axes and grounds.is_firmly_tied
    if grounds.shown >= policy.automatic_score and grounds.false_discovery <= policy.automatic_rate and may_be_unseen:
        return "automatic"
    if (
        (grounds.shown >= policy.review_score and grounds.false_discovery <= policy.review_rate)
        or grounds.probability >= policy.review_probability
        or grounds.joined_after_bar
    ):
        return "review"
    is_unusual = grounds.is_crowded or grounds.is_near_barred or not np.isnan(grounds.score)
    return "watch" if is_unusual else "clear"


def raise_tiers(tier: Ints, probability: Floats, policy: Policy) -> Ints:
    """What :func:`decide_tier` makes of accounts whose ``tier`` (N,) by evidence is known, given a probability (N,)."""
    probable = TIERS.index(decide_tier(Grounds(probability=1.0), policy))
    return np.where(probability >= policy.review_probability, np.maximum(tier, probable), tier)


def score_net_bits(net_bits: float, size: int, policy: Policy) -> float:
    """A score of evidence in [0, 1) that grows with it and does not favour crowds.

    1 - 2^(-net bits / (half_score_bits · √size)).

    Parameters
    ----------
    net_bits
        Evidence less the charge and less what is explained innocently.
    size
        Members.
    policy
        For ``half_score_bits``.

    >>> round(score_net_bits(16.0, 4, DEFAULT_POLICY), 3)
    0.5
    """
    return float(1.0 - 2.0 ** (-max(net_bits, 0.0) / (policy.half_score_bits * np.sqrt(size))))
