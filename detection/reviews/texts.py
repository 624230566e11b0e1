"""Texts that nearly agree, among the reviews of one target."""

from __future__ import annotations

import numpy as np

from detection.alike import join_alike
from detection.reviews.facts import ReviewFacts
from graph.model import Floats


def measure_near_duplicates(facts: ReviewFacts) -> Floats:
    """With how many other reviews of its target each text nearly agrees, as log2(1 + n) (R,); NaN without a text.

    See :func:`detection.alike.join_alike`.  Stock phrases are everywhere: the same words of the same thing are what
    tells.

    Parameters
    ----------
    facts
        The reviews.
    """
    near = np.full(len(facts.author), np.nan)
    rows = np.array([row for row, text in enumerate(facts.text) if (text or "").split()], dtype=np.int64)
    if len(rows):
        said = join_alike([facts.text[row] for row in rows.tolist()])
        _, place, times = np.unique(
            np.stack([facts.target[rows], said]), axis=1, return_inverse=True, return_counts=True
        )
        near[rows] = np.log2(times[place.ravel()])
    return near
