"""Reviews that say the same as a campaign, of the same target in the same days, and more of them than usual.

A block leaves out those of a campaign's accounts that wrote too little of it to be named.  How many there are shows at
each target by itself: what came in the campaign's days beyond what came in all the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detection.reviews.clusters import Cluster
from detection.reviews.facts import find_runs
from graph.model import Floats, Ints

Bools = NDArray[np.bool_]
_FEWEST = 2
"""One review of a cluster has no days."""


def find_stragglers(
    clusters: Sequence[Cluster], cluster: Ints, target: Ints, day: Floats, told: Mapping[str, Bools]
) -> Floats:
    """The chance of each review (R,) to belong to a campaign whose block leaves it out.

    Parameters
    ----------
    clusters
        The campaigns.
    cluster
        (R,) the place of the one that each review is judged by; -1 for none.
    target, day
        (R,) as in :class:`~detection.reviews.facts.ReviewFacts`.
    told
        By tone, which reviews (R,) say so.

    Notes
    -----
    Among n reviews of one tone in a campaign's days that are not its own, as many are taken to be usual as came on the
    other days, and one more, for as long a time; the share of the n beyond that is the chance of each, times the chance
    of the campaign.  Of a target that was never reviewed before or after nearly all are usual.
    """
    chance, asked = np.zeros(len(target)), np.flatnonzero((target >= 0) & ~np.isnan(day))
    asked = asked[np.lexsort((asked, target[asked]))]
    runs = find_runs(target[asked])
    for begin in np.unique(runs.first).tolist():
        rows = asked[begin : runs.last[begin] + 1]
        for place in np.unique(cluster[rows][cluster[rows] >= 0]).tolist():
            same = rows[told[clusters[place].tone][rows]]
            share, left_out = _measure_excess(day[same], cluster[same] == place)
            others = same[left_out]
            chance[others] = np.maximum(chance[others], share * clusters[place].chance)
    chance[cluster >= 0] = 0.0
    return chance


def _measure_excess(day: Floats, is_own: Bools) -> tuple[float, Bools]:
    """The share of the others in a campaign's days (n,) that is more than usual, and which these are."""
    if is_own.sum() < _FEWEST:
        return 0.0, np.zeros(len(day), dtype=bool)
    first, last = day[is_own].min(), day[is_own].max()
    inside = (day >= first) & (day <= last)
    left_out = inside & ~is_own
    lasts = last - first + 1.0
    elsewhere = max(np.ptp(day) + 1.0 - lasts, 1.0)
    usual = ((~inside).sum() + 1.0) / elsewhere * lasts
    n = int(left_out.sum())
    return (max(0.0, 1.0 - usual / n) if n else 0.0), left_out
