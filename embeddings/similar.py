"""Which accounts behave alike, and in what.  Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.features.accounts import INDICATORS, AccountFeatures
from graph.errors import ConfigError
from graph.model import Floats, Ints

NEARNESS = 0.25
"""Values this many standard deviations apart count as the same."""


_CHUNK = 512


@dataclass(frozen=True)
class SimilarAccounts:
    """The accounts most like one: ``row`` (k,) in the snapshot, ``cosine`` (k,) falling."""

    row: Ints
    cosine: Floats


@dataclass(frozen=True)
class LikenessReason:
    """One thing in which two accounts are alike and unlike most.

    ``value_a`` and ``value_b`` are the feature's values, with its logarithm undone;
    ``market_share`` is the share of all accounts whose value lies between them or close by.
    """

    feature: str
    value_a: float
    value_b: float
    market_share: float


def find_similar(vectors: NDArray[np.float32], row: int, k: int) -> SimilarAccounts:
    """Find the accounts whose vectors point most nearly the same way.

    Parameters
    ----------
    vectors
        (N, d) float32 of unit length.
    row
        The account to compare with; it is left out of the answer.
    k
        How many to find; fewer when there are fewer accounts.

    Returns
    -------
    SimilarAccounts
        By falling cosine, equal cosines (to six decimals) by rising row.

    Raises
    ------
    ConfigError
        If ``k`` is below 1.

    Notes
    -----
    Exact: O(N·d) for the products, O(N) to select.

    >>> find_similar(np.array([[1, 0], [0, 1], [1, 0], [1, 0]], dtype=np.float32), 2, 2).row
    array([0, 3])
    """
    if k < 1:
        raise ConfigError(f"k is {k}, and at least 1 account has to be asked for")
    # Six decimals: what is equal in truth must not be ordered by the last bit of a float32 product.
    cosine = np.round((vectors @ vectors[row]).astype(np.float64), 6)
    cosine[row] = -np.inf
    chosen = _largest_first(cosine, min(k, len(cosine) - 1))
    return SimilarAccounts(row=chosen, cosine=cosine[chosen])


def find_nearest(vectors: NDArray[np.float32], k: int) -> Ints:
    """The nearest vectors of each (N, k), by falling cosine, equal ones by row.

    An account of which more than ``k`` others have the very same vector has none: its row is -1.

    Notes
    -----
    Exact: O(N²·d) time, and O(N) memory.

    >>> find_nearest(np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32), 1).tolist()
    [[1], [0], [1]]
    """
    n = len(vectors)
    near = np.full((n, k), -1, dtype=np.int64)
    for low in range(0, n if k else 0, _CHUNK):
        rows = np.arange(low, min(low + _CHUNK, n))
        cosine = vectors[rows] @ vectors.T
        cosine[rows - low, rows] = -np.inf
        chosen = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
        best = np.round(np.take_along_axis(cosine, chosen, axis=1).astype(np.float64), 6)
        order = np.lexsort((chosen, -best), axis=1)
        told = best.min(axis=1) < 1.0 if k < n - 1 else np.ones(len(rows), dtype=bool)
        near[rows[told]] = np.take_along_axis(chosen, order, axis=1)[told]
    return near


def explain_likeness(
    features: AccountFeatures, row_a: int, row_b: int, *, most: int = 4, rarer_than: float = 0.25
) -> tuple[LikenessReason, ...]:
    """Name the few features in which two accounts are alike and unlike the market.

    For each feature known of both, count the accounts whose value lies between the two or within a
    quarter of the feature's standard deviation of them: the fewer there are, the more a likeness says
    (the information content of the common ground, after Lin 1998, "An information-theoretic definition
    of similarity").  One reason is kept per topic.

    Parameters
    ----------
    features
        Unscaled features of the whole market.
    row_a, row_b
        The two accounts.
    most
        How many reasons at most.
    rarer_than
        A likeness shared with this share of the market, or more, is no reason.

    Returns
    -------
    The rarest first, ties by name; empty if the two have only common things in common.
    """
    reasons = [
        reason
        for column in np.flatnonzero(features.known[row_a] & features.known[row_b])
        if features.names[column] not in INDICATORS
        and (reason := _weigh_feature(features, int(column), row_a, row_b)).market_share < rarer_than
    ]
    reasons.sort(key=lambda reason: (reason.market_share, reason.feature))
    rarest_by_topic: dict[str, LikenessReason] = {}
    for reason in reasons:
        rarest_by_topic.setdefault(reason.feature.partition(".")[0], reason)
    return tuple(rarest_by_topic.values())[:most]


def _largest_first(scores: Floats, k: int) -> Ints:
    if k <= 0:
        return np.zeros(0, dtype=np.int64)
    smallest = np.partition(scores, len(scores) - k)[len(scores) - k]
    above = np.flatnonzero(scores > smallest)
    level = np.flatnonzero(scores == smallest)[: k - len(above)]
    chosen = np.concatenate([above, level])
    return chosen[np.lexsort((chosen, -scores[chosen]))]


def _weigh_feature(features: AccountFeatures, column: int, row_a: int, row_b: int) -> LikenessReason:
    values, name = features.values[:, column], features.names[column]
    known = features.known[:, column]
    # Without the margin two amounts that agree to the penny by chance, in the crowd's midst, would look rare.
    margin = NEARNESS * float(values[known].std(dtype=np.float64))
    low, high = sorted((float(values[row_a]), float(values[row_b])))
    between = known & (values >= low - margin) & (values <= high + margin)
    undo = np.expm1 if ".log_" in name else np.asarray
    return LikenessReason(
        feature=name,
        value_a=float(undo(np.float64(values[row_a]))),
        value_b=float(undo(np.float64(values[row_b]))),
        market_share=float(between.mean()),
    )


def say_reason(reason: LikenessReason) -> str:
    """A likeness in words.

    >>> say_reason(LikenessReason("bought.log_count", 3.0, 4.0, 0.02))
    'bought count 3 and 4 (as 2% of accounts)'
    """
    values = f"{reason.value_a:.3g} and {reason.value_b:.3g}"
    name = reason.feature.replace(".log_", " ").replace(".", " ").replace("_", " ")
    return f"{name} {values} (as {reason.market_share:.0%} of accounts)"
