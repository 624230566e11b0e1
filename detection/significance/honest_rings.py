"""How many of a run's rings are honest groups: each list is set beside the honest rings of simulated markets.

Chance alone makes hardly any ring that stands; what is wrong in a list are families, classes, circles and crowds.
What such groups show is known from markets whose truth is known (``honest_rings.json``, made by
``benchmarks/false_discovery.py``).  A list is taken to be of such groups altogether: so many of its rings would show as
much as this one does.  Where most rings are bad that overstates it; it never hopes.  Honest groups of a market that
nobody has simulated may show more: each known one is taken to show ``MARGIN`` more than it does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from detection.significance.rewiring import find_q_values
from graph.model import Floats

MARGIN = 0.1
"""Of what rings show, in [0, 1].  With less, honest villagers were taken for sure by what is known of other worlds."""
STEPS = 200
"""In how many steps, from 0 to 1, the file counts."""


def estimate_honest_share(shown: Floats, reference: Floats) -> Floats:
    """The share of honest groups among the rings that stand at least as firmly as each, in [0, 1] (G,).

    Parameters
    ----------
    shown
        Of each ring of a list (G,) the score without what trades and communities account for.
    reference
        The same of honest rings of other markets.

    Examples
    --------
    Of a hundred honest rings one shows more than 0.7, so that of forty rings not even half a one would; two do.

    >>> reference = np.append(np.linspace(0.0, 0.5, 99), 0.75)
    >>> estimate_honest_share(np.array([0.9, 0.9, *[0.1] * 38]), reference)[:3].round(1)
    array([0.2, 0.2, 1. ])
    """
    return find_q_values(shown, reference + MARGIN, len(reference) / max(len(shown), 1))


@cache
def read_reference() -> Floats:
    """What honest rings show, of all simulated worlds together."""
    told = json.loads((files(__package__) / "honest_rings.json").read_text(encoding="utf-8"))
    return spread_counts(told["honest"])


def spread_counts(honest: Mapping[str, Sequence[int]]) -> Floats:
    """The values that counts by step stand for, of several worlds; each is rounded up, so that none is belittled."""
    counts = np.sum([np.asarray(each) for each in honest.values()], axis=0)
    return np.repeat(np.arange(STEPS + 1) / STEPS, counts)


def count_steps(shown: Floats) -> list[int]:
    """How many values are in each step: the opposite of :func:`spread_counts`."""
    place = np.ceil(np.clip(shown, 0.0, 1.0) * STEPS).astype(np.int64)
    counts: list[int] = np.bincount(place, minlength=STEPS + 1).tolist()
    return counts
