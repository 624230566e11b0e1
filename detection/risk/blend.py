"""How the learners and the unsupervised score are put together, and what share of fraud is assumed.

A blend adds their log-odds, with weights that are never negative and are learnt from predictions for accounts that the
learners had not seen (stacking, Wolpert 1992).  Stacking with a logistic link is also what calibrates (Platt 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from detection.risk.labels import Bools
from detection.risk.linear import fit_logistic
from graph.model import Floats, Ints

SCORE_BOUNDS = (1e-3, 1.0 - 1e-3)
"""Unsupervised scores beyond these say no more than these."""
BLEND_PRIOR = {"linear": 0.5, "trees": 0.5, "rings": 1.0}
"""What the blend believes before it has seen a label: the two learners' mean, and rings at face value."""
BLEND_CERTAINTY = 4.0
"""How sure: each weight is taken to lie within a half of that, one standard deviation."""


@dataclass(frozen=True)
class Blend:
    """Log-odds of the parts, added up: ``parts`` named, ``weight`` of each (K,), ``bias``."""

    parts: tuple[str, ...]
    weight: Floats
    bias: float

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each part by its name."""
        return dict(zip(self.parts, self.weight.tolist(), strict=True))


def cross_blend(parts: dict[str, Floats], y: Bools, fold: Ints) -> Floats:
    """The chance that a blend of the other folds gives to each account (L,)."""
    chance = np.empty(len(y))
    for number in range(int(fold.max()) + 1):
        seen, held = fold != number, fold == number
        blend = fit_blend({name: odds[seen] for name, odds in parts.items()}, y[seen])
        chance[held] = special.expit(apply_blend(blend, {name: odds[held] for name, odds in parts.items()}))
    return np.clip(chance, 1e-12, 1 - 1e-12)


def measure_loss(log_odds: Floats, y: Bools) -> float:
    """How unlikely the labels are, in nats, all of them together."""
    return float(np.logaddexp(0.0, np.where(y, -log_odds, log_odds)).sum())


def fit_blend(parts: dict[str, Floats], y: Bools) -> Blend:
    """Learn how much each part counts; with few labels little more than before."""
    # No weight below 0: a part that contradicts the labels is left out, never turned round.
    x = np.stack([parts[name] for name in BLEND_PRIOR], axis=1)
    prior = np.array([*BLEND_PRIOR.values()])
    weight, bias = fit_logistic(x, y, prior=prior, certainty=BLEND_CERTAINTY, floor=0.0)
    return Blend(tuple(BLEND_PRIOR), weight, bias)


def apply_blend(blend: Blend, parts: dict[str, Floats]) -> Floats:
    """The log-odds of accounts (N,) by the parts that there are."""
    odds = np.full(len(next(iter(parts.values()))), blend.bias)
    for name, weight in blend.weights.items():
        if name in parts:
            odds += weight * parts[name]
    return odds


def read_log_odds(score: Floats) -> Floats:
    """The log-odds of scores (N,), held within ``SCORE_BOUNDS``."""
    odds: Floats = special.logit(np.clip(score, *SCORE_BOUNDS))
    return odds
