"""How many newcomers a target should have: as many as the other targets have that its regulars review.

Hotels are reviewed by travellers who never write again, restaurants by people who come back.  A
newcomer at a hotel is therefore nothing special, and many of them are none either.  Nobody has to say
what is a hotel: the people who review one review others, and planted reviewers, who write once, have
no say in it.

The expectation is the mean over a target's regulars, those with other targets too, of the mean share
of those others; a line through expected and actual log-odds, weighted by reviews, says how much it tells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.model import Floats, Ints

PRIOR_REVIEWS = 5.0
"""A target's own share of newcomers is drawn towards the market's by so many reviews."""
PRIOR_REGULARS = 10.0
"""What a target's regulars say of others is drawn towards the market by so many of them."""
ENOUGH_REVIEWS = 100
"""More reviews make a target no surer in the comparison of expected with actual shares."""


def expect_newcomers(author: Ints, target: Ints, is_newcomer: NDArray[np.bool_], n_targets: int) -> Floats:
    """Expect of each target the share of newcomers that its regulars' other targets have (T,), as log-odds.

    Parameters
    ----------
    author, target
        (R,) codes; reviews without a target (-1) are left out.
    is_newcomer
        (R,) whether the author wrote on one day only.
    n_targets
        T.

    Notes
    -----
    O(R log R): regulars are gone through once, never their pairs of targets.

    Examples
    --------
    Accounts 0 and 1 review targets 0, 1 and 2, accounts 2 and 3 targets 3, 4 and 5, where nine newcomers each
    come besides.  Had target 5 none of its own, it would be expected to.

    >>> regulars = np.repeat(np.arange(4), 3), np.array([0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5])
    >>> author = np.concatenate([regulars[0], 4 + np.arange(18)])
    >>> target = np.concatenate([regulars[1], np.repeat([3, 4], 9)])
    >>> found = expect_newcomers(author, target, author >= 4, 6)
    >>> bool(found[5] > found[:3].max())
    True
    """
    known = target >= 0
    author, target, is_newcomer = author[known], target[known], is_newcomer[known]
    reviews = np.bincount(target, minlength=n_targets).astype(np.float64)
    newcomers = np.bincount(target, is_newcomer, minlength=n_targets)
    usual = (is_newcomer.sum() + 0.5) / (len(target) + 1.0)
    share = (newcomers + PRIOR_REVIEWS * usual) / (reviews + PRIOR_REVIEWS)
    regulars, visited = _list_regulars(author[~is_newcomer], target[~is_newcomer], n_targets)
    n_others = np.bincount(regulars)[regulars] - 1
    elsewhere = (np.bincount(regulars, share[visited])[regulars] - share[visited]) / n_others
    told = np.bincount(visited, elsewhere, minlength=n_targets) + PRIOR_REGULARS * usual
    expected = told / (np.bincount(visited, minlength=n_targets) + PRIOR_REGULARS)
    return _fit_line(_to_log_odds(expected), _to_log_odds(share), np.minimum(reviews, ENOUGH_REVIEWS))


def _list_regulars(author: Ints, target: Ints, n_targets: int) -> tuple[Ints, Ints]:
    """Distinct (author, target) pairs of authors with two targets or more."""
    pairs = np.sort(author * np.int64(n_targets) + target)  # np.unique hashes first, which takes longer
    author, target = np.divmod(pairs[np.diff(pairs, prepend=-1) != 0], max(n_targets, 1))
    several = np.bincount(author)[author] > 1 if len(author) else np.zeros(0, dtype=bool)
    return author[several], target[several]


def _fit_line(expected: Floats, actual: Floats, weight: Floats) -> Floats:
    """Scale what is expected so that it predicts what is (T,); never against its direction."""
    total = max(float(weight.sum()), 1.0)
    x, middle = expected - weight @ expected / total, weight @ actual / total
    slope = max(float(weight @ (x * (actual - middle))), 0.0) / max(float(weight @ x**2), 1e-12)
    fitted: Floats = middle + slope * x
    return fitted


def _to_log_odds(share: Floats) -> Floats:
    odds: Floats = np.log(share / (1.0 - share))
    return odds
