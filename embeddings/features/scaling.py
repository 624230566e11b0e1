"""Features on the scale of one market, so that another can be put on the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.features.accounts import AccountFeatures
from graph.errors import ConfigError
from graph.model import Floats

CLIP_AT = 5.0
"""Scaled features are cut off this many spreads from the market's centre."""


@dataclass(frozen=True)
class FeatureScaling:
    """How one market was scaled, so that another can be scaled the same way.

    ``centre`` (F,) and ``spread`` (F,) float64; a spread of 0 marks a feature that never varied,
    which stays silent.
    """

    names: tuple[str, ...]
    centre: Floats
    spread: Floats


def fit_scaling(features: AccountFeatures) -> FeatureScaling:
    """Learn where the market's middle lies and how far its accounts spread around it.

    Mean and standard deviation of what is known between the 1st and the 99th percentile; a feature
    that does not vary there (one account in a thousand has a dispute) is measured over all of it.
    """
    columns = zip(features.values.T, features.known.T, strict=True)
    measured = [_measure_column(column[known]) for column, known in columns]
    centre, spread = np.array(measured, dtype=np.float64).reshape(-1, 2).T
    return FeatureScaling(names=features.names, centre=centre, spread=spread)


def scale_features(features: AccountFeatures, scaling: FeatureScaling) -> NDArray[np.float32]:
    """Scale features as an earlier market was scaled.

    Returns
    -------
    (N, F) float32 within ±``CLIP_AT``; 0 where silent.

    Raises
    ------
    ConfigError
        If the scaling was learnt from other features.
    """
    if features.names != scaling.names:
        differing = sorted(set(features.names) ^ set(scaling.names)) or ["their order"]
        raise ConfigError(f"the scaling belongs to other features ({', '.join(differing[:3])}): fit the encoder again")
    # What never varied when the scale was learnt has no unit: a value of it now would look infinitely far away.
    speaks = features.known & (scaling.spread > 0)
    scaled = (features.values - scaling.centre) / np.where(scaling.spread > 0, scaling.spread, 1.0)
    return np.where(speaks, np.clip(scaled, -CLIP_AT, CLIP_AT), 0.0).astype(np.float32)


def point_features(features: AccountFeatures) -> NDArray[np.float32]:
    """Features as directions (N, F) of unit length on the market's own scale; zeros for whom nothing is known.

    What any account shows less than others is a direction too, so that the cosine of two is high where both differ from
    the market in the same things.
    """
    scaled = scale_features(features, fit_scaling(features))
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return (scaled / np.where(length > 0, length, 1.0)).astype(np.float32)


def _measure_column(values: NDArray[np.float32]) -> tuple[float, float]:
    if not len(values):
        return 0.0, 0.0
    exact = values.astype(np.float64)
    # Amounts and counts have tails that would stretch the scale until ordinary accounts all look alike.
    middle = np.clip(exact, *np.percentile(exact, [1, 99]))
    chosen = middle if middle.std() > 1e-6 else exact
    spread = float(chosen.std())
    return float(chosen.mean()), spread if spread > 1e-6 else 0.0
