"""Learned account risk: from what is known of some accounts to a calibrated probability for every account.

Two learners look at the same wide table (:mod:`embeddings.features.table`): a penalised logistic regression
(:mod:`detection.risk.linear`) and boosted trees (:mod:`detection.risk.trees`).  A blend adds their log-odds and those
of the account's unsupervised score (:mod:`detection.risk.blend`).

Nothing here reads a label but the ones that are handed in.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import special

from detection.decisions import Known
from detection.risk.blend import Blend, apply_blend, cross_blend, fit_blend, measure_loss, read_log_odds
from detection.risk.labels import FEWEST_OF_A_KIND, Bools, Drawn, check_enough, deal_folds, draw_known
from detection.risk.linear import (
    ROWS_AT_ONCE,
    LinearPart,
    apply_linear,
    fit_linear,
    fit_logistic,
    measure_columns,
    standardise,
)
from detection.risk.settings import RiskSettings
from detection.risk.trees import apply_trees, bin_columns, fit_trees, grow_trees
from embeddings.features.relations import Matrix
from embeddings.features.table import FeatureTable, find_varied, pick_columns
from graph.model import Floats, Ints
from graph.progress import Progress, no_progress

WORKERS = 2
"""Threads, each of which learns a fold or scores a piece of a market."""
USUAL_SHARE, USUAL_LABELS = 0.02, 100
"""Before many labels say otherwise, one account in fifty is taken to be a fraud; that counts as much as so many."""


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
    """A model, what it said of known accounts before it knew them, and what it says of all accounts (N,)."""

    model: RiskModel
    held_out: HeldOut
    risk: Floats


def fit_risk(
    features: FeatureTable,
    ring_score: Floats,
    known: Known,
    settings: RiskSettings | None = None,
    *,
    progress: Progress = no_progress,
) -> Fitted:
    """Learn the risk of accounts from those that are known.

    Parameters
    ----------
    features
        The table of all accounts; it must not have seen a label.
    ring_score
        (N,) the unsupervised account score, in [0, 1].
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
    drawn = draw_known(known, settings)
    learnt = _learn(features, ring_score, known, drawn, settings, progress)
    model, held_out = learnt.model, learnt.held_out
    chance = score_accounts(model, features, ring_score)
    said = chance[known.row]  # whom it was not taught counts as held out as well
    said[drawn.place] = held_out.chance
    settled = settle_base_rate(model, chance, len(known.row))
    risk: Floats = special.expit(special.logit(np.clip(chance, 1e-12, 1 - 1e-12)) + settled.shift)
    return Fitted(settled, HeldOut(said, held_out.strength), risk)


@dataclass(frozen=True)
class _Learnt:
    """A model of the accounts that were drawn, and what it said of each of them (D,) while it was held out."""

    model: RiskModel
    held_out: HeldOut


def _learn(
    features: FeatureTable, ring_score: Floats, known: Known, drawn: Drawn, settings: RiskSettings, progress: Progress
) -> _Learnt:
    """Fit both learners and the blend on the accounts that were drawn; the market's base rate is not settled yet."""
    rows, y = known.row[drawn.place], known.is_fraud[drawn.place]
    names = find_telling(features, rows)
    table = pick_columns(features, names, rows)
    fold = deal_folds(y, settings)
    parts, strength = _predict_held_out(table, y, fold, settings, progress)
    parts["rings"] = read_log_odds(ring_score[rows])
    # The blend is learnt from accounts that the learners had not seen: it would trust most what knows them by heart.
    held_out: Floats = special.expit(special.logit(cross_blend(parts, y, fold)) + drawn.shift)
    blend = fit_blend(parts, y)
    blend = replace(blend, bias=blend.bias + drawn.shift)
    progress("fitting on all labels", 0, 1)
    linear, trees = fit_linear(table, y, strength), fit_trees(table, y, settings)
    model = RiskModel(tuple(names), linear, trees, blend, shift=0.0, base_rate=float(known.is_fraud.mean()))
    progress("fitting on all labels", 1, 1)
    return _Learnt(model, HeldOut(held_out, strength))


def fit_like(fitted: Fitted, features: FeatureTable, known: Known, settings: RiskSettings | None = None) -> RiskModel:
    """A model of other known accounts, with the penalty and the weights of its parts that were chosen before.

    It says of accounts such as were labelled how risky they are: no share of fraud in the market is settled.

    Parameters
    ----------
    fitted
        What was learnt before.
    features, known
        As for :func:`fit_risk`.
    settings
        How to learn.
    """
    settings, blend = settings or RiskSettings(), fitted.model.blend
    drawn = draw_known(known, settings)
    rows, y = known.row[drawn.place], known.is_fraud[drawn.place]
    names = find_telling(features, rows)
    table = pick_columns(features, names, rows)
    linear, trees = fit_linear(table, y, fitted.held_out.strength), fit_trees(table, y, settings)
    return RiskModel(tuple(names), linear, trees, blend, shift=0.0, base_rate=float(known.is_fraud.mean()))


def find_telling(features: FeatureTable, rows: Ints) -> list[str]:
    """Columns that are known of several of the accounts and differ among them."""
    telling: list[str] = []
    for block in features.blocks:
        keep = find_varied(pick_columns(features, block.names, rows), FEWEST_OF_A_KIND)
        telling += [name for name, kept in zip(block.names, keep.tolist(), strict=True) if kept]
    return telling


def _predict_held_out(
    x: Matrix, y: Bools, fold: Ints, settings: RiskSettings, progress: Progress
) -> tuple[dict[str, Floats], float]:
    """Log-odds of each fold by learners that saw the others, and the strength that did best."""
    n_folds = int(fold.max()) + 1
    linear = np.zeros((len(settings.strengths), len(y)))
    trees = np.zeros(len(y))
    blank = measure_columns(x)
    scaled, binned = standardise(blank, x), bin_columns(x, y, settings)

    def learn(number: int) -> None:
        seen, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        known, asked = scaled[seen], scaled[held].astype(np.float64)
        for place, strength in enumerate(settings.strengths):
            weight, bias = fit_logistic(known, y[seen], prior=blank.weight, certainty=1.0 / strength)
            linear[place, held] = asked @ weight + bias
        trees[held] = apply_trees(grow_trees(binned.subset(seen), y[seen], settings), x[held])

    with ThreadPoolExecutor(WORKERS) as pool:
        for number, _ in enumerate(pool.map(learn, range(n_folds))):
            progress("holding out known accounts", number + 1, n_folds)
    best = int(np.argmin([measure_loss(odds, y) for odds in linear]))
    return {"linear": linear[best], "trees": trees}, settings.strengths[best]


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
    return add_rings(model, _score_conduct(model, table), ring_score)


def score_accounts(model: RiskModel, features: FeatureTable, ring_score: Floats) -> Floats:
    """The chance of each account of a market to be found a fraud (N,)."""
    return add_rings(model, score_conduct(model, features), ring_score)


def score_conduct(model: RiskModel, features: FeatureTable, rows: Ints | None = None) -> Floats:
    """The log-odds of all accounts of a market, or of some, by what they do, before rings count; some at a time.

    They are those of the accounts that were labelled, and not shifted to the market.
    """
    asked = np.arange(features.n_accounts) if rows is None else rows

    def score(rows: Ints) -> Floats:
        return _score_conduct(model, pick_columns(features, model.names, rows))

    pieces = np.array_split(asked, max(len(asked) // ROWS_AT_ONCE, 1))
    with ThreadPoolExecutor(WORKERS) as pool:  # numpy and LightGBM let go of the interpreter; the order stays
        return np.concatenate([*pool.map(score, pieces)])


def _score_conduct(model: RiskModel, table: Matrix) -> Floats:
    parts = {"linear": apply_linear(model.linear, table), "trees": apply_trees(model.trees, table)}
    return apply_blend(model.blend, parts)


def add_rings(model: RiskModel, log_odds: Floats, ring_score: Floats) -> Floats:
    """The chance of each account (N,) by its log-odds and its unsupervised score, in the market."""
    odds = log_odds + model.blend.weights["rings"] * read_log_odds(ring_score)
    chance: Floats = special.expit(odds + model.shift)
    return chance


def settle_base_rate(model: RiskModel, chance: Floats, n_labels: int) -> RiskModel:
    """Shift the model from the accounts that were looked at to the market, of which it says ``chance`` (N,).

    What few labels say of the share of fraud is mostly noise, and noise raises it: a share that is usual counts as much
    as ``USUAL_LABELS`` of them.
    """
    labelled = model.base_rate
    odds = np.array([special.logit(estimate_base_rate(chance, labelled)), special.logit(USUAL_SHARE)])
    settled = float(special.expit(np.average(odds, weights=[n_labels, USUAL_LABELS])))
    # Only downwards: what is looked at is suspicious, and what the model has learnt by heart looks more so.
    base_rate = min(labelled, settled)
    shift = float(special.logit(base_rate) - special.logit(labelled))
    return replace(model, shift=shift, base_rate=base_rate)


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
