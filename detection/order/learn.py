"""Learning the judge of rings: boosted stumps that go one way, drawn several times and averaged, written as steps.

A tree of one split looks at one figure only, so that a sum of such trees is a sum of steps, figure by figure (Lou,
Caruana and Gehrke, KDD 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detection.order.features import FEATURES, Feature, RingFeatures
from detection.order.model import SCHEMA, Steps, Written
from graph.model import Floats

DRAWS = 5
ROUNDS = 60
DIGITS = 6


@dataclass(frozen=True)
class TaughtRings:
    """Rings of markets of one kind: their ``features`` (R, F), and whether each is a planted one (R,)."""

    features: RingFeatures
    is_planted: np.ndarray[Any, np.dtype[np.bool_]]


def learn_order(
    taught: Mapping[str, TaughtRings], needs: Sequence[str], *, figures: Mapping[str, Feature] = FEATURES
) -> Written:
    """Learn from rings whose truth is known; each kind of market counts as much as every other.

    Parameters
    ----------
    taught
        By kind of market.
    needs
        What each of these markets has; see :func:`detection.order.rank.list_sides`.
    figures
        To look at.

    Notes
    -----
    O(rings · figures · rounds · draws).  The same rings give the same judge.
    """
    names = tuple(figures)
    x = np.vstack([each.features.pick(names) for each in taught.values()])
    y = np.concatenate([each.is_planted for each in taught.values()]).astype(float)
    size = np.array([len(each.is_planted) for each in taught.values()])
    weight = np.repeat(len(y) / (len(size) * np.maximum(size, 1)), size)
    directions = [each.direction for each in figures.values()]
    drawn = [_grow(x, y, weight, directions, seed) for seed in range(DRAWS)]
    constant = sum(each.constant for each in drawn) / DRAWS
    steps = {}
    for place, name in enumerate(names):
        splits = [split for each in drawn for split in each.splits if split.column == place]
        steps[name] = _join_steps(splits, x[:, place])
    told = {name: int(n) for name, n in zip(taught, size.tolist(), strict=True)}
    return Written(SCHEMA, tuple(needs), told, round(constant, DIGITS), steps)


@dataclass(frozen=True)
class _Split:
    """One stump: what it adds up to a bound, and beyond."""

    column: int
    bound: float
    low: float
    high: float


@dataclass(frozen=True)
class _Stumps:
    constant: float
    splits: tuple[_Split, ...]


def _grow(x: Floats, y: Floats, weight: Floats, directions: Sequence[int], seed: int) -> _Stumps:
    import lightgbm  # a third of a second to import

    told = {
        "objective": "binary",
        "learning_rate": 0.1,
        "num_leaves": 2,
        "monotone_constraints": list(directions),
        "min_data_in_leaf": 20,
        "lambda_l2": 5.0,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "feature_fraction": 0.7,
        "feature_pre_filter": False,
        "max_bin": 32,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    grown = lightgbm.train(told, lightgbm.Dataset(x, y, weight=weight, params=told), num_boost_round=ROUNDS)
    constant, splits = 0.0, []
    for tree in grown.dump_model()["tree_info"]:
        root = tree["tree_structure"]
        if "split_feature" not in root:
            constant += float(root["leaf_value"])
            continue
        low, high = (float(root[side]["leaf_value"]) for side in ("left_child", "right_child"))
        splits.append(_Split(int(root["split_feature"]), float(root["threshold"]), low, high))
    return _Stumps(constant, tuple(splits))


def _join_steps(splits: Sequence[_Split], values: Floats) -> Steps:
    """Stumps on one figure as one flight of steps, the mean of the draws."""
    bounds = np.unique([float(f"{split.bound:.{DIGITS}g}") for split in splits])
    # A value between two bounds lies beyond the lower one, and not beyond the other.
    adds = np.zeros(len(bounds) + 1)
    for split in splits:
        place = int(np.searchsorted(bounds, float(f"{split.bound:.{DIGITS}g}")))
        adds[: place + 1] += split.low / DRAWS
        adds[place + 1 :] += split.high / DRAWS
    rounded = np.round(adds, DIGITS)
    low, high = float(values.min()), float(values.max())
    return Steps(low, high, tuple(bounds.tolist()), tuple(rounded.tolist()))
