"""Bits of evidence: log-likelihood ratios of counts against what chance expects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from graph.model import Floats, Ints

_LN2 = float(np.log(2.0))


def score_surprise(observed: NDArray[Any], expected: NDArray[Any]) -> Floats:
    """Bits of evidence that a count exceeds what chance expects: O·log2(O/E) - (O - E)/ln 2.

    The log-likelihood ratio of two Poisson rates; 0 where nothing exceeds.

    >>> score_surprise(np.array([4.0, 1.0]), np.array([0.5, 2.0])).round(2)
    array([6.95, 0.  ])
    """
    # One-sided: fewer than expected is no evidence of innocence either, only of nothing.
    above = observed > expected
    safe = np.where(above, observed / np.maximum(expected, 1e-12), 1.0)
    bits: Floats = np.where(above, observed * np.log2(safe) - (observed - expected) / _LN2, 0.0)
    return bits


def score_share(observed: NDArray[Any], trials: NDArray[Any], chance: NDArray[Any]) -> Floats:
    """Bits of evidence that more of some trials succeed than chance makes: n · KL(O/n ‖ p).

    The log-likelihood ratio of two binomial laws, and Chernoff's bound on how surprising the count is;
    0 where nothing exceeds.  :func:`score_surprise` is its limit for many trials.

    >>> score_share(np.array([3.0, 3.0]), np.array([3.0, 3000.0]), np.array([1e-2, 1e-5])).round(2)
    array([19.93, 15.65])
    """
    # Clipped, since a thing that only members use would be infinitely surprising.
    n, p = np.maximum(trials, 1.0), np.clip(chance, 1e-12, 1.0 - 1e-12)
    share = np.minimum(observed / n, 1.0)
    above = share > chance
    hit, miss = np.where(above, share, 1.0), np.where(above & (share < 1), 1.0 - share, 1.0 - p)
    bits = n * (hit * np.log2(hit / p) + miss * np.log2(miss / (1.0 - p)))
    return np.where(above, bits, 0.0)


def score_confined(times: NDArray[Any], share: NDArray[Any]) -> Floats:
    """Bits of evidence that so many deeds fell within a share of the time in which they might have.

    -log2 of the chance that n points drawn evenly from [0, 1] span a share c or less, n·c^(n-1) - (n-1)·c^n; 0 for one
    deed, and where the share is the whole.

    >>> score_confined(np.array([1.0, 10.0, 10.0]), np.array([0.1, 0.1, 1.0])).round(1)
    array([ 0. , 26.7,  0. ])
    """
    n, c = np.maximum(times, 1.0), np.clip(share, 1e-9, 1.0)
    # The logarithm, for c^n underflows: log(n·c^(n-1)) + log(1 - c·(n-1)/n).
    bits: Floats = -(np.log2(n) + (n - 1.0) * np.log2(c) + np.log2(1.0 - c * (n - 1.0) / n))
    return np.where(n > 1, np.maximum(bits, 0.0), 0.0)


def log2_choose(n: Floats | float, k: Floats | Ints) -> Floats:
    """The bits of naming k of n: log2 C(n, k), for k up to n."""
    bits: Floats = (gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(np.maximum(n - k, 0.0) + 1.0)) / np.log(2.0)
    return bits
