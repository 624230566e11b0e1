"""A penalised logistic regression on standard scores: hard to beat while labels are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from detection.risk.labels import Bools
from embeddings.features.relations import Matrix
from graph.model import Floats

CLIP_AT = 5.0
ROWS_AT_ONCE, COLUMNS_AT_ONCE = 2_048, 256
"""As much of the table as is worked on at a time: what a processor's cache can hold."""


@dataclass(frozen=True)
class LinearPart:
    """A logistic regression on clipped standard scores: ``centre``, ``spread`` and ``weight`` (F,), and ``bias``."""

    centre: Floats
    spread: Floats
    weight: Floats
    bias: float


def fit_logistic(
    x: Floats | Matrix, y: Bools, *, prior: Floats, certainty: float, floor: float | None = None
) -> tuple[Floats, float]:
    """Weights (F,) and a bias, as likely as can be where each weight is taken to be near its ``prior``.

    ``certainty`` is the inverse variance of the prior; no weight falls below ``floor``.
    """
    from scipy import optimize  # which every run would wait for

    sign = np.where(y, 1.0, -1.0)

    def measure(guess: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ guess[:-1].astype(x.dtype) + guess[-1])
        pull = -sign * special.expit(-margin)
        off = guess[:-1] - prior
        loss = np.logaddexp(0.0, -margin).sum() + certainty / 2 * (off @ off)
        return float(loss), np.concatenate([pull.astype(x.dtype) @ x + certainty * off, [pull.sum()]])

    bias = float(special.logit((y.sum() + 0.5) / (len(y) + 1.0)))
    bounds = [(floor, None)] * len(prior) + [(None, None)]
    start = np.append(prior, bias)
    found = optimize.minimize(
        measure, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100, "ftol": 1e-6}
    )
    return found.x[:-1], float(found.x[-1])


def fit_linear(x: Matrix, y: Bools, strength: float) -> LinearPart:
    """Fit a logistic regression on standard scores, in which what is silent counts as usual."""
    blank = measure_columns(x)
    weight, bias = fit_logistic(standardise(blank, x), y, prior=blank.weight, certainty=1.0 / strength)
    return LinearPart(blank.centre, blank.spread, weight, bias)


def measure_columns(x: Matrix) -> LinearPart:
    """Where each column lies and how far it spreads, as a logistic regression that has learnt nothing."""
    centre, spread = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for begin in range(0, x.shape[1], COLUMNS_AT_ONCE):
        columns = slice(begin, begin + COLUMNS_AT_ONCE)
        known = np.isfinite(x[:, columns])
        exact = np.where(known, x[:, columns], 0.0).astype(np.float64)
        centre[columns] = exact.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        off = np.where(known, exact - centre[columns], 0.0)
        # The spread over all accounts, silent ones at the centre: what hardly anybody has must not shout.
        spread[columns] = np.sqrt((off**2).sum(axis=0) / len(x))
    return LinearPart(centre, spread, np.zeros(x.shape[1]), 0.0)


def standardise(part: LinearPart, x: Matrix) -> Matrix:
    """Clipped standard scores (N, F); 0 where silent, or where a column never varied."""
    varies = part.spread > 1e-6
    scaled: Matrix = x - part.centre.astype(np.float32)
    scaled *= np.where(varies, 1.0 / np.where(varies, part.spread, 1.0), 0.0).astype(np.float32)
    np.clip(scaled, -CLIP_AT, CLIP_AT, out=scaled)
    scaled[np.isnan(scaled)] = 0.0
    return scaled


def apply_linear(part: LinearPart, x: Matrix) -> Floats:
    """The log-odds of accounts (N,)."""
    odds = np.full(len(x), part.bias)
    for begin in range(0, len(x), ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        odds[rows] += standardise(part, x[rows]).astype(np.float64) @ part.weight
    return odds
