"""How suspicious each review and each author is: all signs together, by a fit that needs no labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detection.reviews.bursts import measure_burst, measure_rush
from detection.reviews.facts import ReviewFacts
from detection.reviews.mixture import CAMOUFLAGE_SHARE, N_RATINGS, Belief, Opinions, fit_belief
from detection.reviews.signals import (
    measure_abandonment,
    measure_deviation,
    measure_earliness,
    measure_extremity,
    measure_few_reviews,
    measure_gap_regularity,
    measure_no_order,
    measure_regular_audience,
    measure_short_life,
    measure_undelivered,
)
from detection.reviews.texts import measure_near_duplicates
from graph.model import Floats

OWN_SHARE = 0.25
"""What a review weighs by itself, beside the mean over all that its author wrote: whole accounts are planted."""
SIGNS: dict[str, Callable[[ReviewFacts], Floats]] = {
    "few reviews": measure_few_reviews,
    "short life": measure_short_life,
    "abandonment": measure_abandonment,
    "gap regularity": measure_gap_regularity,
    "extremity": measure_extremity,
    "deviation from the trend": measure_deviation,
    "earliness": measure_earliness,
    "burst": measure_burst,
    "rush": measure_rush,
    "regular audience": measure_regular_audience,
    "no order": measure_no_order,
    "undelivered": measure_undelivered,
    "near duplicates": measure_near_duplicates,
}
"""Every sign, for reports."""


@dataclass(frozen=True)
class ReviewBelief:
    """What the signs say together.

    ``suspicion`` (R,) and ``account_suspicion`` (N,) are chances that the opinion, or any of the account's, was
    planted, 0 for accounts without reviews; ``belief`` is the fit behind them.
    """

    suspicion: Floats
    account_suspicion: Floats
    belief: Belief


def judge_reviews(facts: ReviewFacts, *, rounds: int = 300, without: str = "") -> ReviewBelief:
    """Judge every review and author by all signs together; see ``docs/reviews.md``.

    Parameters
    ----------
    facts
        The reviews of a whole market: what is usual is learnt from them.
    rounds
        Of the fit, at most.
    without
        One of ``SIGNALS`` to leave out, for ablations.

    Returns
    -------
    ReviewBelief
        Chances in [0, 1], for (R,) reviews and (N,) accounts.
    """
    signals = np.column_stack([sign(facts) for name, sign in SIGNALS.items() if name != without])
    trusted = 1.0 - 1.0 / np.maximum(facts.active_days, 1)  # who keeps coming back is the reference
    is_first = ~(facts.day > facts.first_day)
    found = fit_belief(Opinions(facts.target, facts.rating, is_first, trusted, facts.n_targets), signals, rounds=rounds)
    # Whole accounts are planted, not single reviews: what its author wrote elsewhere weighs more than a review itself.
    own = found.prior + found.opinion
    mean = np.bincount(facts.author, weights=own, minlength=facts.n_accounts)[facts.author] / facts.n_written
    chance = 1.0 / (1.0 + np.exp(-(OWN_SHARE * own + (1.0 - OWN_SHARE) * mean)))
    gone = 2.0 ** np.nan_to_num(measure_abandonment(facts))  # planted accounts are dropped after use
    # Of planted reviews so many say what anybody would: no review can be surer than that.
    suspicion = (1.0 - CAMOUFLAGE_SHARE) * chance * gone
    of_account = np.zeros(facts.n_accounts)
    np.maximum.at(of_account, facts.author, suspicion)
    return ReviewBelief(suspicion, of_account, found)


def _signal_short_stay(facts: ReviewFacts) -> Floats:
    return _standardise(_standardise(measure_few_reviews(facts)) + _standardise(measure_short_life(facts)))


def _signal_burst(facts: ReviewFacts) -> Floats:
    # Bits grow with the burst's size; on their logarithm one huge launch does not flatten every small campaign.
    return _standardise(np.log1p(measure_burst(facts)))


def _signal_near_duplicates(facts: ReviewFacts) -> Floats:
    """Against reviews of the same rating: phrases go with ratings, and ratings are what weights are learned from."""
    near, rating = measure_near_duplicates(facts), np.nan_to_num(facts.rating).astype(np.int64)
    known = ~np.isnan(near)
    total = np.bincount(rating[known], near[known], minlength=N_RATINGS + 1)
    usual = total / np.maximum(np.bincount(rating[known], minlength=N_RATINGS + 1), 1)
    return _standardise(near - usual[rating])


SIGNALS: dict[str, Callable[[ReviewFacts], Floats]] = {
    "short stay": _signal_short_stay,
    "burst": _signal_burst,
    "rush": lambda facts: _standardise(measure_rush(facts)),
    "regular audience": lambda facts: _standardise(measure_regular_audience(facts)),
    "no order": lambda facts: _standardise(measure_no_order(facts)),
    "undelivered": lambda facts: _standardise(measure_undelivered(facts)),
    "near duplicates": _signal_near_duplicates,
}
"""What the fit learns weights for, each about as far from 0 as 1: the behaviour that goes with planted opinions."""


def _standardise(sign: Floats) -> Floats:
    """Mean 0 and deviation 1 over what is known; 0 where it is silent, and everywhere if it never varies."""
    known = sign[~np.isnan(sign)]
    if not len(known) or np.ptp(known) == 0:
        return np.zeros(len(sign))
    standard: Floats = np.nan_to_num((sign - known.mean()) / known.std())
    return standard
