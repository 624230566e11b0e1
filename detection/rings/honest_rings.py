"""How many of a list's rings are honest groups: it is set beside the honest rings of simulated markets.

Chance alone makes hardly any ring that stands; what is wrong in a list are families, classes, circles and crowds.
What such groups show is known from markets whose truth is known (``honest_rings.json``, made by
``benchmarks/false_discovery.py``).  A list is taken to be of such groups altogether: so many of its rings would show as
much as this one does.  Where most rings are bad that overstates it; it never hopes.  Honest groups of a market that
nobody has simulated may show more: each known one is taken to show ``honest_margin`` more than it does.  What no known
one shows is the rarer, the more that is: half as many with each doubling (a score of 0.5, 0.75, 0.875).

Where friends pay one another, honest groups are ten times as many as in a shop and show more.  The more of a market's
dealings are answered, the more its list is set beside theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from detection.policy import Policy
from detection.statistics import find_least_rates
from graph.model import Floats, Orders

STEPS = 200
"""In how many steps, from 0 to 1, the file counts."""
PAYMENTS = "payments"
"""The world in which friends pay one another; in all others goods are sold."""

Mixture = Sequence[tuple[float, Floats]]
"""What honest rings show in markets of some sorts, and how much each sort weighs; together 1."""


@dataclass(frozen=True)
class HonestRings:
    """What honest rings show where ``goods`` are sold and in ``payments`` among friends, in [0, 1].

    ``answered`` is the share of dealing pairs that deal both ways, of the one and of the other.
    """

    goods: Floats
    payments: Floats
    answered: tuple[float, float]

    def mix(self, orders: Orders, n_accounts: int, policy: Policy) -> Mixture:
        """What to set the list of a market beside, by how many of its dealings are answered."""
        answered, pairs = count_answered(orders, n_accounts)
        fewest, most = self.answered
        share = (answered + fewest * policy.answered_prior) / (pairs + policy.answered_prior)
        weight = float(np.clip((share - fewest) / (most - fewest), 0.0, 1.0))
        return (1.0 - weight, self.goods), (weight, self.payments)


def count_answered(orders: Orders, n_accounts: int) -> tuple[int, int]:
    """How many pairs of accounts deal both ways, and how many deal at all; O(D log D)."""
    known = orders.seller >= 0
    buyer, seller = orders.buyer[known].astype(np.int64), orders.seller[known].astype(np.int64)
    low, high = np.minimum(buyer, seller), np.maximum(buyer, seller)
    ways = np.unique((low * n_accounts + high) * 2 + (buyer > seller))
    pairs = len(np.unique(ways // 2))
    return len(ways) - pairs, pairs


def estimate_honest_share(shown: Floats, reference: Mixture, policy: Policy) -> Floats:
    """The share of honest groups among the rings that stand at least as firmly as each, in [0, 1] (G,).

    Parameters
    ----------
    shown
        Of each ring of a list (G,) the score without what trades and communities account for.
    reference
        The same of honest rings of other markets.
    policy
        For ``honest_margin``.

    Examples
    --------
    Of a hundred honest rings one shows more than 0.7, so that of forty rings not even half a one would; two do.

    >>> from detection.policy import DEFAULT_POLICY
    >>> reference = np.append(np.linspace(0.0, 0.5, 99), 0.75)
    >>> estimate_honest_share(np.array([0.9, 0.9, *[0.1] * 38]), [(1.0, reference)], DEFAULT_POLICY)[:3].round(1)
    array([0.1, 0.1, 1. ])
    """
    doublings = _count_doublings(shown)
    false = np.zeros(len(shown))
    for weight, known in reference:
        usual = np.sort(_count_doublings(known) + policy.honest_margin)
        as_firm = len(known) - np.searchsorted(usual, doublings)
        # One more than is known, so that no list is free of errors for want of trying; less beyond all that is known.
        beyond = np.exp2(np.minimum(usual.max(initial=0.0) - doublings, 0.0))
        false += weight * len(shown) * (as_firm + beyond) / max(len(known), 1)
    return find_least_rates(shown, false)


def _count_doublings(shown: Floats) -> Floats:
    """By how many doublings chance falls short of scores: 1 at 0.5, 2 at 0.75, 3 at 0.875."""
    # A score of hundreds of bits is 1 as far as a number tells.
    doublings: Floats = -np.log2(np.maximum(1.0 - shown, np.finfo(float).eps))
    return doublings


@cache
def read_reference() -> HonestRings:
    """What honest rings show in all simulated worlds together."""
    told = json.loads((files(__package__) / "honest_rings.json").read_text(encoding="utf-8"))
    return gather_worlds(told["honest"], told["answered"])


def gather_worlds(honest: Mapping[str, Sequence[int]], answered: Mapping[str, float]) -> HonestRings:
    """The worlds of a file, by name: counts of what honest rings show, and the share of pairs that deal both ways."""
    goods = [world for world in honest if world != PAYMENTS]
    return HonestRings(
        spread_counts(honest[world] for world in goods),
        spread_counts([honest[PAYMENTS]]),
        (float(np.mean([answered[world] for world in goods])), answered[PAYMENTS]),
    )


def spread_counts(honest: Iterable[Sequence[int]]) -> Floats:
    """The values that counts by step stand for, of several worlds; each is rounded up, so that none is belittled."""
    counts = np.sum([np.asarray(each) for each in honest], axis=0)
    return np.repeat(np.arange(STEPS + 1) / STEPS, counts)


def count_steps(shown: Floats) -> list[int]:
    """How many values are in each step: the opposite of :func:`spread_counts`."""
    place = np.ceil(np.clip(shown, 0.0, 1.0) * STEPS).astype(np.int64)
    counts: list[int] = np.bincount(place, minlength=STEPS + 1).tolist()
    return counts
