"""What tells on a review, and on its author, without labels: the signs that need neither bursts nor texts.

A sign is a function of the facts: (R,) numbers, the larger the more suspicious, NaN where it is silent.  Ratings, times
and orders may each be missing; the signs that need them fall silent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.reviews.facts import ReviewFacts, find_runs
from graph.model import Floats, Ints

TREND_REVIEWS = 20
"""The trend at a review is the mean of so many reviews of the target before it and as many after it."""
DELIVERY_DAYS = 1.0
"""Nothing that was ordered can be delivered and judged sooner."""
SEQUENCE_CLASSES = 8
"""Whether an account comes back is estimated apart after its first, second, ... review, up to this one."""
MIN_ABANDONED = 0.02


def measure_few_reviews(facts: ReviewFacts) -> Floats:
    """Authors who wrote on few days (singletons above all): -log2 of the days (R,).

    Most filtered reviews come from accounts that write once (Xie, Wang, Lin & Yu, Review spam detection
    via temporal pattern discovery, KDD 2012).  Days, not reviews: a batch on one day is one effort.
    """
    few: Floats = -np.log2(facts.active_days.astype(np.float64))
    return few


def measure_short_life(facts: ReviewFacts) -> Floats:
    """Authors whose first and last review lie close together: -log2 of the days between, plus one (R,).

    The account-age sign of Mukherjee et al., Spotting opinion spammers using behavioral footprints, KDD 2013.
    """
    short: Floats = -np.log2(1.0 + facts.span_days)
    return short


def measure_abandonment(facts: ReviewFacts) -> Floats:
    """The chance that the author will never write again, as log2 (R,).

    Planted reviews come from accounts that are dropped after use, but a new account is silent too.  The
    Kaplan–Meier estimate (JASA 53, 1958) of the time to the next review tells them apart: what share
    never comes back after the k-th review, given that it was silent for so long already.
    """
    order = facts.by_author
    order = order[~np.isnan(facts.day[order])]
    if not len(order):
        return np.full(len(facts.author), np.nan)
    author, day = facts.author[order], facts.day[order].astype(np.int64)
    last = np.append(np.diff(author) != 0, True)
    # A last review's gap is cut off by the end of the records: it counts as at risk so long, and never as a return.
    gap = np.where(last, day.max() - day, np.append(np.diff(day), 0))
    begin = np.maximum.accumulate(np.where(np.insert(last[:-1], 0, True), np.arange(len(order)), 0))
    nth = np.minimum(np.arange(len(order)) - begin, SEQUENCE_CLASSES - 1)
    gone = np.ones(facts.n_accounts)
    for k in range(SEQUENCE_CLASSES):
        of = nth == k
        if of.any():
            never = _estimate_never(gap[of], ~last[of])
            silent = of & last
            gone[author[silent]] = never[gap[silent]]
    return np.where(np.isnan(facts.last_day), np.nan, np.log2(gone)[facts.author])


def _estimate_never(gap: Ints, came_back: NDArray[np.bool_]) -> Floats:
    """By days of silence, the chance that nothing follows (gap.max() + 1,): Kaplan–Meier, its tail over its value."""
    returns = np.bincount(gap[came_back], minlength=int(gap.max()) + 1)
    at_risk = np.cumsum(np.bincount(gap, minlength=len(returns))[::-1])[::-1]
    still_away = np.maximum(np.cumprod(1.0 - returns / np.maximum(at_risk, 1)), MIN_ABANDONED)
    # The far tail rests on a handful of accounts; where nearly all have been seen, those still away are taken as gone.
    end = still_away[int(np.quantile(gap, 0.99))]
    never: Floats = np.minimum(1.0, end / still_away)
    return never


def measure_gap_regularity(facts: ReviewFacts) -> Floats:
    """Authors whose gaps between reviews are all alike: minus their entropy in bits (R,); NaN below two gaps.

    Gaps are counted by powers of two days, as in Li et al., Bimodal distribution and co-bursting in review
    spam detection, WWW 2017: people come back at all distances, campaigns at one.
    """
    order = facts.by_author
    author = facts.author[order]
    gap = np.append(np.where(np.diff(author) == 0, np.diff(facts.day[order]), np.nan), np.nan)[: len(order)]
    known = ~np.isnan(gap)
    scale = np.log2(1.0 + gap[known]).astype(np.int64)
    # Scales stay below 64, for log2 of days does: author and scale fit in one number.
    cells, times = np.unique(author[known] * 64 + scale, return_counts=True)
    total = np.bincount(cells // 64, weights=times, minlength=facts.n_accounts)
    share = times / total[cells // 64]
    entropy = np.bincount(cells // 64, weights=-share * np.log2(share), minlength=facts.n_accounts)
    return np.where(total >= 2, -entropy, np.nan)[facts.author]


def measure_extremity(facts: ReviewFacts) -> Floats:
    """How far the rating lies from the middle of the scale (R,) (Mukherjee et al., KDD 2013)."""
    return np.abs(facts.rating - 3.0)


def measure_deviation(facts: ReviewFacts) -> Floats:
    """How far the rating lies from what the target was given just before and after (R,).

    The mean of the ``TREND_REVIEWS`` reviews on either side, without the review itself, in place of
    the mean over all times (Lim et al., Detecting product review spammers using rating behaviors, CIKM
    2010): targets get better and worse.
    """
    deviation = np.full(len(facts.rating), np.nan)
    rows = facts.by_target[~np.isnan(facts.rating[facts.by_target])]
    if not len(rows):
        return deviation
    rating, target = facts.rating[rows], facts.target[rows]
    run = find_runs(target)
    low = np.maximum(np.arange(len(rows)) - TREND_REVIEWS, run.first)
    high = np.minimum(np.arange(len(rows)) + TREND_REVIEWS, run.last) + 1
    total = np.concatenate([[0.0], np.cumsum(rating)])
    others = high - low - 1  # without the review itself, which would vouch for itself
    mean = (total[high] - total[low] - rating) / np.maximum(others, 1)
    deviation[rows] = np.where(others > 0, np.abs(rating - mean), np.nan)
    return deviation


def measure_earliness(facts: ReviewFacts) -> Floats:
    """How early the review came among the target's: -log2 of its rank (R,) (Lim et al., CIKM 2010).

    Reviews of one day share a rank.
    """
    earliness = np.full(len(facts.rating), np.nan)
    rows = facts.by_target
    day, run = facts.day[rows], find_runs(facts.target[rows])
    is_new = np.append(True, np.diff(day) != 0)[: len(rows)] | (run.first == np.arange(len(rows)))
    # A day's reviews have no order: each takes the rank of the day's first, or the file's order would speak.
    tied = np.maximum.accumulate(np.where(is_new, np.arange(len(rows)), 0))
    earliness[rows] = -np.log2(1.0 + tied - run.first)
    return earliness


def measure_no_order(facts: ReviewFacts) -> Floats:
    """1 where the target is sold here and the author never ordered it, 0 where they did (R,).

    The unverified purchase of the marketplace studies (He, Hollenbeck & Proserpio, The market for fake
    reviews, Marketing Science 41, 2022).
    """
    return np.where(np.isnan(facts.days_to_order), np.nan, np.isposinf(facts.days_to_order).astype(np.float64))


def measure_undelivered(facts: ReviewFacts) -> Floats:
    """1 where the review came before its order or within a day of it (R,); NaN without an order and its time."""
    days = facts.days_to_order
    return np.where(np.isfinite(days), (days < DELIVERY_DAYS).astype(np.float64), np.nan)


def measure_regular_audience(facts: ReviewFacts) -> Floats:
    """How few newcomers the target should have, by what else its regulars review: minus log-odds (R,).

    The fewer there should be, the more each of them tells; see
    :func:`~detection.reviews.expected_newcomers.expect_newcomers`.
    The share of singletons as in Xie, Wang, Lin & Yu, KDD 2012, but of the target's like: a target that is
    flooded with newcomers is judged by the others.
    """
    return np.where(facts.target >= 0, np.append(-facts.expected_newcomers, np.nan)[facts.target], np.nan)
