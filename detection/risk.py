"""Learned account risk: from what is known of some accounts to a calibrated probability for every account.

Two learners look at the same wide table (:mod:`embeddings.neighbours`): a penalised logistic regression, which is hard
to beat while labels are few, and boosted trees (LightGBM, Ke et al., NIPS 2017), which win as they grow many.  A blend
adds their log-odds and those of the account's unsupervised score, with weights that are never negative and are learnt
from predictions for accounts that the learners had not seen (stacking, Wolpert 1992).  Stacking with a logistic
link is also what calibrates (Platt 1999).  Which learners take part is decided by the same held-out predictions.

Nothing here reads a label but the ones that are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from embeddings.neighbours import Matrix, Surroundings, pick_columns
from graph.errors import DataError
from graph.model import Floats, Ints, Snapshot
from graph.store import Progress, no_progress

Bools = NDArray[np.bool_]

FEWEST_OF_A_KIND = 5
"""So many known fraudsters, and as many known honest accounts, are needed to hold some out and learn from the rest."""
CLIP_AT = 5.0
SCORE_BOUNDS = (1e-3, 1.0 - 1e-3)
"""Unsupervised scores beyond these say no more than these."""
BLEND_PRIOR = {"linear": 0.5, "trees": 0.5, "rings": 1.0}
"""What the blend believes before it has seen a label: the two learners' mean, and rings at face value."""
BLEND_CERTAINTY = 1.0
WORTHWHILE_NATS = 0.5
"""A further learner takes part if it makes the held-out labels likelier by so much, all of them together."""


@dataclass(frozen=True, kw_only=True)
class RiskSettings:
    """How to learn.

    ``folds`` of cross-validation; ``strengths`` of labels against the penalty on weights, to choose from;
    ``trees`` grown, each of ``leaves`` leaves, at ``learning_rate``, each on a ``column_share`` of the columns and a
    ``row_share`` of the rows.
    """

    seed: int = 0
    folds: int = 5
    strengths: tuple[float, ...] = (0.001, 0.01, 0.1)
    trees: int = 200
    leaves: int = 15
    learning_rate: float = 0.05
    column_share: float = 0.2
    row_share: float = 0.7


@dataclass(frozen=True)
class Known:
    """``row`` (L,) of accounts that somebody decided about, each once, rising; ``is_fraud`` (L,)."""

    row: Ints
    is_fraud: Bools


@dataclass(frozen=True)
class LinearPart:
    """A logistic regression on clipped standard scores: ``centre``, ``spread`` and ``weight`` (F,), and ``bias``."""

    centre: Floats
    spread: Floats
    weight: Floats
    bias: float


@dataclass(frozen=True)
class Blend:
    """Log-odds of the parts, added up: ``parts`` named, ``weight`` of each (K,), ``bias``."""

    parts: tuple[str, ...]
    weight: Floats
    bias: float


@dataclass(frozen=True)
class RiskModel:
    """A model: its columns, its parts, how they are blended, and the shift from labelled accounts to the market.

    ``trees`` is LightGBM's own text.  ``base_rate`` is the share of fraud that the market is taken to have.
    """

    names: tuple[str, ...]
    linear: LinearPart
    trees: str = field(repr=False)
    blend: Blend
    shift: float
    base_rate: float


@dataclass(frozen=True)
class HeldOut:
    """``chance`` (L,) that each known account was given by a model that had not seen it; the ``strength`` chosen."""

    chance: Floats
    strength: float


@dataclass(frozen=True)
class Fitted:
    """A model and what it said of known accounts before it knew them."""

    model: RiskModel
    held_out: HeldOut


def choose_known(snapshot: Snapshot) -> Known:
    """What is known of accounts: the latest decision about each, and of simultaneous ones the graver.

    >>> from embeddings.features import empty_snapshot
    >>> len(choose_known(empty_snapshot()).row)
    0
    """
    at = snapshot.label_decided_at.astype("datetime64[us]").astype(np.int64)  # NaT comes first
    order = np.lexsort((snapshot.label_is_fraud, at, snapshot.label_account))
    account = snapshot.label_account[order]
    last = np.flatnonzero(np.diff(account, append=-1) != 0)
    return Known(row=account[last], is_fraud=snapshot.label_is_fraud[order][last])


def check_enough(known: Known) -> None:
    """Refuse to learn from next to nothing.

    Raises
    ------
    DataError
        If there are too few known accounts of either kind.
    """
    n_bad = int(known.is_fraud.sum())
    n_good = len(known.row) - n_bad
    if min(n_bad, n_good) < FEWEST_OF_A_KIND:
        raise DataError(
            f"a model needs at least {FEWEST_OF_A_KIND} accounts labelled fraud and {FEWEST_OF_A_KIND} labelled legit;"
            f" there are {n_bad} and {n_good}: load a labels table, or leave the model out"
        )


def fit_risk(
    surroundings: Surroundings,
    ring_score: Floats,
    known: Known,
    settings: RiskSettings | None = None,
    *,
    progress: Progress = no_progress,
) -> Fitted:
    """Learn the risk of accounts from those that are known.

    Parameters
    ----------
    surroundings
        The table of all accounts; it must not have seen a label.
    ring_score
        (N,) the unsupervised account score.
    known
        The accounts to learn from.
    settings
        How to learn.

    Raises
    ------
    DataError
        If too few accounts are known.
    """
    settings = settings or RiskSettings()
    check_enough(known)
    names = find_telling(surroundings, known.row)
    table = pick_columns(surroundings, names)
    rings = read_log_odds(ring_score)
    y = known.is_fraud
    fold = deal_folds(y, settings)
    parts, strength = _predict_held_out(table[known.row], y, fold, settings, progress)
    parts["rings"] = rings[known.row]
    chosen = _choose_parts(parts, y, fold)
    chance = _cross_blend(parts, chosen, y, fold)
    blend = fit_blend(parts, chosen, y)
    progress("fitting on all labels", 0, 1)
    linear = fit_linear(table[known.row], y, strength)
    trees = fit_trees(table[known.row], y, settings) if "trees" in chosen else ""
    model = RiskModel(tuple(names), linear, trees, blend, shift=0.0, base_rate=float(y.mean()))
    progress("fitting on all labels", 1, 1)
    return Fitted(_settle_base_rate(model, table, ring_score), HeldOut(chance, strength))


def find_telling(surroundings: Surroundings, rows: Ints) -> list[str]:
    """Columns that are known of several of the accounts and differ among them."""
    values = surroundings.values[rows]
    known = np.isfinite(values)
    count = known.sum(axis=0)
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    telling = (count >= FEWEST_OF_A_KIND) & ((high > low) | (count < len(rows)))
    return [name for name, keep in zip(surroundings.names, telling.tolist(), strict=True) if keep]


def deal_folds(is_fraud: Bools, settings: RiskSettings) -> Ints:
    """A fold for each known account (L,), fraud and the rest spread evenly over all."""
    rng = np.random.default_rng(settings.seed)
    n_folds = min(settings.folds, int(is_fraud.sum()), int((~is_fraud).sum()))
    fold = np.empty(len(is_fraud), dtype=np.int64)
    for kind in (True, False):
        rows = np.flatnonzero(is_fraud == kind)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % n_folds
    return fold


def _predict_held_out(
    x: Matrix, y: Bools, fold: Ints, settings: RiskSettings, progress: Progress
) -> tuple[dict[str, Floats], float]:
    """Log-odds of each fold by learners that saw the others, and the strength that did best."""
    n_folds = int(fold.max()) + 1
    linear = np.zeros((len(settings.strengths), len(y)))
    trees = np.zeros(len(y))
    for number in range(n_folds):
        seen, held = fold != number, fold == number
        for place, strength in enumerate(settings.strengths):
            linear[place, held] = apply_linear(fit_linear(x[seen], y[seen], strength), x[held])
        trees[held] = apply_trees(fit_trees(x[seen], y[seen], settings), x[held])
        progress("holding out known accounts", number + 1, n_folds)
    best = int(np.argmin([measure_loss(odds, y) for odds in linear]))
    return {"linear": linear[best], "trees": trees}, settings.strengths[best]


def _choose_parts(parts: dict[str, Floats], y: Bools, fold: Ints) -> tuple[str, ...]:
    """The simplest blend to which no further learner would add anything worth its while."""
    chosen: tuple[str, ...] = ("linear", "rings")
    loss = measure_loss(special.logit(_cross_blend(parts, chosen, y, fold)), y)
    fuller = ("linear", "trees", "rings")
    gained = loss - measure_loss(special.logit(_cross_blend(parts, fuller, y, fold)), y)
    return fuller if gained > WORTHWHILE_NATS else chosen


def _cross_blend(parts: dict[str, Floats], chosen: Sequence[str], y: Bools, fold: Ints) -> Floats:
    """The chance that a blend of the other folds gives to each account (L,)."""
    chance = np.empty(len(y))
    for number in range(int(fold.max()) + 1):
        seen, held = fold != number, fold == number
        blend = fit_blend({name: odds[seen] for name, odds in parts.items()}, chosen, y[seen])
        chance[held] = special.expit(apply_blend(blend, {name: odds[held] for name, odds in parts.items()}))
    return np.clip(chance, 1e-12, 1 - 1e-12)


def measure_loss(log_odds: Floats, y: Bools) -> float:
    """How unlikely the labels are, in nats, all of them together."""
    return float(np.logaddexp(0.0, np.where(y, -log_odds, log_odds)).sum())


def fit_blend(parts: dict[str, Floats], chosen: Sequence[str], y: Bools) -> Blend:
    """Learn how much each part counts; with few labels little more than before."""
    x = np.stack([parts[name] for name in chosen], axis=1)
    prior = np.array([BLEND_PRIOR[name] for name in chosen])
    if "trees" not in chosen:
        prior[list(chosen).index("linear")] = 1.0
    weight, bias = fit_logistic(x, y, prior=prior, certainty=BLEND_CERTAINTY, floor=0.0)
    return Blend(tuple(chosen), weight, bias)


def apply_blend(blend: Blend, parts: dict[str, Floats]) -> Floats:
    """The log-odds of accounts (N,)."""
    odds = np.full(len(next(iter(parts.values()))), blend.bias)
    for name, weight in zip(blend.parts, blend.weight.tolist(), strict=True):
        odds += weight * parts[name]
    return odds


def read_log_odds(score: Floats) -> Floats:
    """The log-odds of scores (N,), held within ``SCORE_BOUNDS``."""
    odds: Floats = special.logit(np.clip(score, *SCORE_BOUNDS))
    return odds


def fit_logistic(
    x: Floats, y: Bools, *, prior: Floats, certainty: float, floor: float | None = None
) -> tuple[Floats, float]:
    """Weights (F,) and a bias, as likely as can be where each weight is taken to be near its ``prior``.

    ``certainty`` is the inverse variance of the prior; no weight falls below ``floor``.
    """
    sign = np.where(y, 1.0, -1.0)

    def measure(guess: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ guess[:-1] + guess[-1])
        pull = -sign * special.expit(-margin)
        off = guess[:-1] - prior
        loss = np.logaddexp(0.0, -margin).sum() + certainty / 2 * (off @ off)
        return float(loss), np.concatenate([x.T @ pull + certainty * off, [pull.sum()]])

    bias = float(special.logit((y.sum() + 0.5) / (len(y) + 1.0)))
    bounds = [(floor, None)] * len(prior) + [(None, None)]
    start = np.append(prior, bias)
    found = optimize.minimize(
        measure, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100, "ftol": 1e-6}
    )
    return found.x[:-1], float(found.x[-1])


def fit_linear(x: Matrix, y: Bools, strength: float) -> LinearPart:
    """Fit a logistic regression on standard scores, in which what is silent counts as usual."""
    known = np.isfinite(x)
    count = np.maximum(known.sum(axis=0), 1)
    exact = np.where(known, x, 0.0).astype(np.float64)
    centre = exact.sum(axis=0) / count
    # The spread over all accounts, silent ones at the centre: what hardly anybody has must not shout.
    spread = np.sqrt(np.where(known, (exact - centre) ** 2, 0.0).sum(axis=0) / len(x))
    blank = LinearPart(centre, spread, np.zeros(len(centre)), 0.0)
    weight, bias = fit_logistic(standardise(blank, x), y, prior=blank.weight, certainty=1.0 / strength)
    return LinearPart(centre, spread, weight, bias)


def standardise(part: LinearPart, x: Matrix) -> Floats:
    """Clipped standard scores (N, F); 0 where silent, or where a column never varied."""
    speaks = np.isfinite(x) & (part.spread > 1e-6)
    scaled = (np.where(speaks, x, 0.0) - part.centre) / np.where(part.spread > 1e-6, part.spread, 1.0)
    return np.where(speaks, np.clip(scaled, -CLIP_AT, CLIP_AT), 0.0)


def apply_linear(part: LinearPart, x: Matrix) -> Floats:
    """The log-odds of accounts (N,)."""
    odds: Floats = standardise(part, x) @ part.weight + part.bias
    return odds


def fit_trees(x: Matrix, y: Bools, settings: RiskSettings) -> str:
    """Grow boosted trees; returns LightGBM's text."""
    import lightgbm  # a third of a second to import

    n_bad = int(min(y.sum(), (~y).sum()))
    parameters: dict[str, Any] = {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": int(np.clip(n_bad // 4, 3, 20)),
        "lambda_l2": 10.0,
        "feature_fraction": settings.column_share,
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "max_bin": 63,
        "seed": settings.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    names = [f"c{place}" for place in range(x.shape[1])]
    data = lightgbm.Dataset(x, y.astype(np.float64), feature_name=names, params=parameters)
    return str(lightgbm.train(parameters, data, num_boost_round=settings.trees).model_to_string())


def apply_trees(text: str, x: Matrix) -> Floats:
    """The log-odds of accounts (N,)."""
    import lightgbm

    odds = lightgbm.Booster(model_str=text).predict(x, raw_score=True, num_threads=1)
    return np.asarray(odds, dtype=np.float64)


def score_risk(model: RiskModel, table: Matrix, ring_score: Floats) -> Floats:
    """The chance of each account to be found a fraud (N,).

    Parameters
    ----------
    model
        The model.
    table
        (N, F) the columns that the model names, in its order.
    ring_score
        (N,) the unsupervised account score.
    """
    parts = {"linear": apply_linear(model.linear, table), "rings": read_log_odds(ring_score)}
    if "trees" in model.blend.parts:
        parts["trees"] = apply_trees(model.trees, table)
    chance: Floats = special.expit(apply_blend(model.blend, parts) + model.shift)
    return chance


def _settle_base_rate(model: RiskModel, table: Matrix, ring_score: Floats) -> RiskModel:
    """Shift the model from the accounts that were looked at to the market."""
    labelled = model.base_rate
    # Only downwards: what is looked at is suspicious, and what the model has learnt by heart looks more so.
    base_rate = min(labelled, estimate_base_rate(score_risk(model, table, ring_score), labelled))
    shift = float(special.logit(base_rate) - special.logit(labelled))
    return RiskModel(model.names, model.linear, model.trees, model.blend, shift, base_rate)


def estimate_base_rate(chance: Floats, labelled: float) -> float:
    """The share of fraud in a market whose labelled accounts are no fair sample of it.

    Investigators look at what is suspicious, so that fraud is far more common among labelled accounts than among
    all.  The share under which the model's chances, corrected for it, average to that very share is the most likely
    one (Saerens, Latinne and Decaestecker, Neural Computation 14, 2002).

    Parameters
    ----------
    chance
        (N,) what a model of the labelled accounts says of all accounts.
    labelled
        The share of fraud among the labelled ones.

    >>> estimate_base_rate(np.array([0.5, 0.5, 0.5, 0.5]), 0.5)
    0.5
    """
    odds = special.logit(np.clip(chance, 1e-9, 1 - 1e-9)) - special.logit(labelled)
    share = labelled
    for _ in range(500):
        again = float(np.clip(special.expit(odds + special.logit(share)).mean(), 1e-4, 1 - 1e-4))
        if abs(again - share) < 1e-9:
            break
        share = again
    return share
