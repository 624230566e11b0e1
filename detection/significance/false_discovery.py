"""How many of a run's rings chance alone would give: the same search on rewired copies of the market."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detection.candidates.look_alikes import link_look_alikes, make_vectors
from detection.evidence.market import make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from detection.significance.rewiring import find_q_values, rewire_snapshot
from graph.model import Floats, Snapshot
from graph.progress import Progress
from graph.results import Ring

FALSE_DISCOVERY_RATE = 0.05


def score_null_rings(snapshot: Snapshot, settings: DetectSettings, *, progress: Progress) -> Floats:
    """The scores of all rings found in ``settings.rewired_copies`` copies in which nobody conspires.

    Every copy keeps who has how many devices, orders, reviews, and when; whom they are shared with is
    chance (:mod:`detection.significance.rewiring`).  Each costs as much as a search of the market itself.
    """
    scores: list[float] = []
    for copy in range(settings.rewired_copies):
        progress("searching rewired copies", copy, settings.rewired_copies)
        # A generator for each copy: asking for more of them leaves those before as they were.
        rewired = rewire_snapshot(snapshot, np.random.default_rng([settings.seed, copy]))
        market = make_market(rewired, settings)
        # Encoded anew: vectors of the market itself would carry its true ties into the copy.
        likes = None
        if settings.look_alike:
            likes = link_look_alikes(make_vectors(rewired, settings), settings.policy)
        scores += [ring.score for ring in build_rings(search_market(market, settings, likes=likes))]
    return np.array(scores)


def note_false_discoveries(rings: Sequence[Ring], null_scores: Floats, n_copies: int) -> str:
    """Say how much of the list of rings chance could account for.

    >>> note_false_discoveries((), np.array([0.1]), 4)
    'rewired copies of the market: 1 ring in 4 copies, where this market has 0; q <= 0.05 for none'
    """
    q_values = find_q_values(np.array([ring.score for ring in rings]), null_scores, n_copies)
    # Where scores fall q-values never do, so that a count says which rings.
    sure = int((q_values <= FALSE_DISCOVERY_RATE).sum())
    n_null = f"{len(null_scores)} ring{'' if len(null_scores) == 1 else 's'}"
    certain = f"the {sure} of the best scores" if sure else "none"
    return (
        f"rewired copies of the market: {n_null} in {n_copies} cop{'y' if n_copies == 1 else 'ies'},"
        f" where this market has {len(rings)}; q <= {FALSE_DISCOVERY_RATE} for {certain}"
    )
