"""Shares, areas and precisions with their intervals: what measures are made of, whatever they are of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.casework.calibration import find_interval
from graph.model import Floats, Ints

CONFIDENCE = 0.95
_CHUNK_CELLS = 4_000_000
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; all NaN where it has no meaning."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Separation:
    """How well scores separate bad from good subjects of a ``part`` of the truth."""

    subject: str
    part: str
    rows: int
    bad: int
    auc: Estimate
    average_precision: Estimate


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: the percentile bootstrap (Efron & Tibshirani 1993)."""

    n_resamples: int = 500
    seed: int = 0

    def begin(self) -> np.random.Generator:
        """A fresh generator: each figure's interval is the same wherever it is computed."""
        return np.random.default_rng(self.seed)


def estimate_share(part: int, whole: int) -> Estimate:
    """A share with its 95 % interval.

    >>> estimate_share(9, 10).value, round(estimate_share(9, 10).low, 3), round(estimate_share(9, 10).high, 3)
    (0.9, 0.596, 0.982)
    """
    if not whole:
        return Estimate(np.nan, np.nan, np.nan)
    return Estimate(part / whole, *find_interval(part, whole))


def separate_scores(subject: str, part: str, scores: Floats, is_bad: Bools, resampling: Resampling) -> Separation:
    """The area under the ROC curve and the average precision of scores (T,), with bootstrap intervals.

    Subjects are drawn again with replacement; ties count as ties do in both measures.

    Parameters
    ----------
    subject, part
        What to call the subjects, and the part of the truth that they are of.
    scores, is_bad
        (T,) in [0, 1], and whether each subject is bad.
    resampling
        For the intervals.
    """
    n, n_bad = len(scores), int(is_bad.sum())
    if not 0 < n_bad < n:
        nothing = Estimate(np.nan, np.nan, np.nan)
        return Separation(subject, part, n, n_bad, nothing, nothing)
    auc, precision = _draw_again(scores, is_bad, resampling)
    return Separation(subject, part, n, n_bad, _take(auc), _take(precision))


def compare_scores(scores: Floats, others: Floats, is_bad: Bools, resampling: Resampling) -> Estimate:
    """By how much the average precision of others (T,) is greater than that of scores (T,), of the same subjects.

    Both are drawn again together, so that the interval is of the difference; all NaN where not both kinds are there.

    >>> bad = np.array([True, False, True, False])
    >>> compare_scores(np.array([0.1, 0.9, 0.8, 0.2]), bad * 0.5, bad, Resampling(10)).value > 0
    True
    """
    if not 0 < int(is_bad.sum()) < len(is_bad):
        return Estimate(np.nan, np.nan, np.nan)
    before, after = (_draw_again(each, is_bad, resampling)[1] for each in (scores, others))
    return _take(_Drawn(after.value - before.value, after.drawn - before.drawn))


@dataclass(frozen=True)
class _Drawn:
    """A measure's ``value``, and what it comes to when subjects are drawn again (B,)."""

    value: float
    drawn: Floats


def _take(measured: _Drawn) -> Estimate:
    return take_percentiles(measured.value, measured.drawn)


def _draw_again(scores: Floats, is_bad: Bools, resampling: Resampling) -> tuple[_Drawn, _Drawn]:
    """The area under the ROC curve and the average precision; draws are the same for all scores of the subjects."""
    n = len(scores)
    _, level = np.unique(-scores, return_inverse=True)
    cell, n_levels = 2 * level + is_bad, int(level.max()) + 1
    count = np.bincount(cell, minlength=2 * n_levels).reshape(1, -1, 2)
    value = [float(measure(count[:, :, 1], count[:, :, 0])[0]) for measure in (area_under_curve, average_precision)]
    rng, drawn = resampling.begin(), []
    # A few resamplings at a time, or the counts of all would not fit; the draws are the same however they are cut.
    step = max(1, _CHUNK_CELLS // max(n, n_levels))
    for first in range(0, resampling.n_resamples, step):
        rows = rng.integers(0, n, (min(step, resampling.n_resamples - first), n))
        count = np.stack([np.bincount(cell[row], minlength=2 * n_levels) for row in rows]).reshape(len(rows), -1, 2)
        drawn.append([measure(count[:, :, 1], count[:, :, 0]) for measure in (area_under_curve, average_precision)])
    auc, precision = (np.concatenate(part) for part in zip(*drawn, strict=True))
    return _Drawn(value[0], auc), _Drawn(value[1], precision)


def area_under_curve(bad: Ints, good: Ints) -> Floats:
    """The chance that a bad subject scores above a good one, half for ties (B,).

    Parameters
    ----------
    bad, good
        (B, K) how many bad and good subjects have each of K scores, the greatest score first.
    """
    good_below = good.sum(axis=1, keepdims=True) - np.cumsum(good, axis=1)
    pairs = bad.sum(axis=1) * good.sum(axis=1)
    area: Floats = (bad * (good_below + 0.5 * good)).sum(axis=1) / np.where(pairs, pairs, np.nan)
    return area


def average_precision(bad: Ints, good: Ints, n_bad: Ints | None = None) -> Floats:
    """The mean, over bad subjects, of the precision down to their score (B,).

    Parameters
    ----------
    bad, good
        (B, K) how many bad and good subjects have each of K scores, the greatest score first.
    n_bad
        (B,) how many bad ones there are, where not all are in the list.
    """
    bad_above = np.cumsum(bad, axis=1)
    precision = bad_above / np.maximum(bad_above + np.cumsum(good, axis=1), 1)
    whole = bad.sum(axis=1) if n_bad is None else n_bad
    mean: Floats = (bad * precision).sum(axis=1) / np.where(whole, whole, np.nan)
    return mean


def take_percentiles(value: float, drawn: Floats) -> Estimate:
    """A value with the middle ``CONFIDENCE`` of what resampling drew (B,) around it."""
    tail = 100 * (1 - CONFIDENCE) / 2
    known = drawn[~np.isnan(drawn)]  # a draw without a bad subject has no such measure
    if not len(known):
        return Estimate(value, np.nan, np.nan)
    low, high = np.percentile(known, [tail, 100 - tail])
    return Estimate(value, float(low), float(high))


def find_least_rates(scores: Floats, false: Floats) -> Floats:
    """The least share of false ones among those that score at least as much, of all lists that still hold each (G,).

    ``false`` (G,) tells how many false ones would score at least as much as each; in [0, 1], and never more for more.
    """
    order = np.argsort(-scores, kind="stable")
    found = np.searchsorted(np.sort(-scores), -scores[order], side="right")
    rates = np.empty(len(scores))
    rates[order] = np.minimum.accumulate((false[order] / np.maximum(found, 1))[::-1])[::-1]
    return np.minimum(rates, 1.0)
