"""Learned account risk: from what is known of some accounts to a calibrated probability for every account.

Two learners look at the same wide table (:mod:`embeddings.features.relations`): a penalised logistic regression, which
is hard to beat while labels are few, and boosted trees (LightGBM, Ke et al., NIPS 2017), which win as they grow many.
A blend adds their log-odds and those of the account's unsupervised score, with weights that are never negative and are
learnt
from predictions for accounts that the learners had not seen (stacking, Wolpert 1992).  Stacking with a logistic
link is also what calibrates (Platt 1999).

Nothing here reads a label but the ones that are handed in.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from embeddings.features.relations import Matrix, Surroundings, find_varied, pick_columns
from graph.errors import DataError
from graph.model import Floats, Ints, Snapshot
from graph.progress import Progress, no_progress

Bools = NDArray[np.bool_]

FEWEST_OF_A_KIND = 5
"""So many known fraudsters, and as many known honest accounts, are needed to hold some out and learn from the rest."""
CLIP_AT = 5.0
ROWS_AT_ONCE, COLUMNS_AT_ONCE = 2_048, 256
"""As much of the table as is worked on at a time: what a processor's cache can hold."""
WORKERS = 2
"""Threads, each of which learns a fold or scores a piece of a market."""
SCORE_BOUNDS = (1e-3, 1.0 - 1e-3)
"""Unsupervised scores beyond these say no more than these."""
BLEND_PRIOR = {"linear": 0.5, "trees": 0.5, "rings": 1.0}
"""What the blend believes before it has seen a label: the two learners' mean, and rings at face value."""
BLEND_CERTAINTY = 4.0
"""How sure: each weight is taken to lie within a half of that, one standard deviation."""
USUAL_SHARE, USUAL_LABELS = 0.02, 100
"""Before many labels say otherwise, one account in fifty is taken to be a fraud; that counts as much as so many."""


@dataclass(frozen=True, kw_only=True)
class RiskSettings:
    """How to learn.

    ``folds`` of cross-validation; ``strengths`` of labels against the penalty on weights, to choose from;
    ``trees`` grown, each of ``leaves`` leaves, at ``learning_rate``, each on a ``column_share`` of the columns and a
    ``row_share`` of the rows.  Of more than ``most_rows`` known accounts, so many are learnt from: see
    :func:`draw_known`.
    """

    seed: int = 0
    folds: int = 5
    strengths: tuple[float, ...] = (0.001, 0.01, 0.1)
    trees: int = 200
    leaves: int = 15
    learning_rate: float = 0.05
    column_share: float = 0.2
    row_share: float = 0.7
    most_rows: int = 25_000


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

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each part by its name."""
        return dict(zip(self.parts, self.weight.tolist(), strict=True))


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


@dataclass(frozen=True)
class Drawn:
    """``place`` (D,) of the known accounts to learn from, rising; ``shift`` of log-odds from them to all known ones."""

    place: Ints
    shift: float


def choose_known(snapshot: Snapshot) -> Known:
    """What is known of accounts: the latest decision about each, and of simultaneous ones the graver.

    >>> from embeddings.features.accounts import empty_snapshot
    >>> len(choose_known(empty_snapshot()).row)
    0
    """
    at = snapshot.label_decided_at.astype("datetime64[us]").astype(np.int64)  # NaT comes first
    order = np.lexsort((snapshot.label_is_fraud, at, snapshot.label_account))
    account = snapshot.label_account[order]
    last = np.flatnonzero(np.diff(account, append=-1) != 0)
    return Known(row=account[last], is_fraud=snapshot.label_is_fraud[order][last])


def has_enough(known: Known) -> bool:
    """Whether there are known accounts enough of either kind to learn from."""
    n_bad = int(known.is_fraud.sum())
    return min(n_bad, len(known.row) - n_bad) >= FEWEST_OF_A_KIND


def check_enough(known: Known) -> None:
    """Refuse to learn from next to nothing.

    Raises
    ------
    DataError
        If there are too few known accounts of either kind.
    """
    if not has_enough(known):
        n_bad = int(known.is_fraud.sum())
        raise DataError(
            f"a model needs at least {FEWEST_OF_A_KIND} accounts labelled fraud and {FEWEST_OF_A_KIND} labelled legit;"
            f" there are {n_bad} and {len(known.row) - n_bad}: load a labels table, or leave the model out"
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
    drawn = draw_known(known, settings)
    seen = Known(known.row[drawn.place], known.is_fraud[drawn.place])
    names = find_telling(surroundings, seen.row)
    table, y = pick_columns(surroundings, names, seen.row), seen.is_fraud
    fold = deal_folds(y, settings)
    parts, strength = _predict_held_out(table, y, fold, settings, progress)
    parts["rings"] = read_log_odds(ring_score[seen.row])
    held_out = special.logit(_cross_blend(parts, y, fold)) + drawn.shift
    blend = fit_blend(parts, y)
    blend = replace(blend, bias=blend.bias + drawn.shift)
    progress("fitting on all labels", 0, 1)
    linear = fit_linear(table, y, strength)
    trees = fit_trees(table, y, settings)
    model = RiskModel(tuple(names), linear, trees, blend, shift=0.0, base_rate=float(known.is_fraud.mean()))
    progress("fitting on all labels", 1, 1)
    chance = score_market(model, surroundings, ring_score)
    said = chance[known.row]  # whom it was not taught counts as held out as well
    said[drawn.place] = special.expit(held_out)
    settled = settle_base_rate(model, chance, len(known.row))
    risk: Floats = special.expit(special.logit(np.clip(chance, 1e-12, 1 - 1e-12)) + settled.shift)
    return Fitted(settled, HeldOut(said, strength), risk)


def draw_known(known: Known, settings: RiskSettings) -> Drawn:
    """Choose the accounts to learn from, where more are known than are needed.

    The rarer kind is kept whole, up to half of them; of each kind they are drawn at random.  A model of them has learnt
    another share of fraud, which its log-odds are shifted back by (King and Zeng, Political Analysis 9, 2001).

    >>> draw_known(Known(np.arange(6), np.arange(6) < 2), RiskSettings(most_rows=4)).place.tolist()
    [0, 1, 3, 5]
    """
    kinds = [np.flatnonzero(known.is_fraud), np.flatnonzero(~known.is_fraud)]
    if len(known.row) <= settings.most_rows:
        return Drawn(np.arange(len(known.row)), 0.0)
    rng = np.random.default_rng(settings.seed)
    rarer = min(len(kind) for kind in kinds)
    fewer = min(rarer, settings.most_rows // 2)
    sizes = [fewer if len(kind) == rarer else settings.most_rows - fewer for kind in kinds]
    taken = [rng.choice(kind, min(size, len(kind)), replace=False) for kind, size in zip(kinds, sizes, strict=True)]
    kept = [len(some) / len(kind) for some, kind in zip(taken, kinds, strict=True)]
    return Drawn(np.sort(np.concatenate(taken)), float(np.log(kept[1] / kept[0])))


def find_telling(surroundings: Surroundings, rows: Ints) -> list[str]:
    """Columns that are known of several of the accounts and differ among them."""
    telling: list[str] = []
    for block in surroundings.blocks:
        keep = find_varied(pick_columns(surroundings, block.names, rows), FEWEST_OF_A_KIND)
        telling += [name for name, kept in zip(block.names, keep.tolist(), strict=True) if kept]
    return telling


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


def _cross_blend(parts: dict[str, Floats], y: Bools, fold: Ints) -> Floats:
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
    x = np.stack([parts[name] for name in BLEND_PRIOR], axis=1)
    prior = np.array([*BLEND_PRIOR.values()])
    weight, bias = fit_logistic(x, y, prior=prior, certainty=BLEND_CERTAINTY, floor=0.0)
    return Blend(tuple(BLEND_PRIOR), weight, bias)


def apply_blend(blend: Blend, parts: dict[str, Floats]) -> Floats:
    """The log-odds of accounts (N,)."""
    odds = np.full(len(next(iter(parts.values()))), blend.bias)
    for name, weight in blend.weights.items():
        odds += weight * parts[name]
    return odds


def read_log_odds(score: Floats) -> Floats:
    """The log-odds of scores (N,), held within ``SCORE_BOUNDS``."""
    odds: Floats = special.logit(np.clip(score, *SCORE_BOUNDS))
    return odds


def fit_logistic(
    x: Floats | Matrix, y: Bools, *, prior: Floats, certainty: float, floor: float | None = None
) -> tuple[Floats, float]:
    """Weights (F,) and a bias, as likely as can be where each weight is taken to be near its ``prior``.

    ``certainty`` is the inverse variance of the prior; no weight falls below ``floor``.
    """
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


def fit_trees(x: Matrix, y: Bools, settings: RiskSettings) -> str:
    """Grow boosted trees; returns LightGBM's text."""
    return grow_trees(bin_columns(x, y, settings), y, settings)


def bin_columns(x: Matrix, y: Bools, settings: RiskSettings) -> Any:
    """The columns as LightGBM bins them, once for all folds; labels have no part in where bins end."""
    import lightgbm  # a third of a second to import

    names = [f"c{place}" for place in range(x.shape[1])]
    parameters = list_parameters(y, settings)
    return lightgbm.Dataset(x, y.astype(np.float64), feature_name=names, params=parameters).construct()


def grow_trees(binned: Any, y: Bools, settings: RiskSettings) -> str:
    """Grow boosted trees on columns that are binned; returns LightGBM's text."""
    import lightgbm

    grown = lightgbm.train(list_parameters(y, settings), binned, num_boost_round=settings.trees)
    return str(grown.model_to_string())


def list_parameters(y: Bools, settings: RiskSettings) -> dict[str, Any]:
    """What LightGBM is told."""
    n_bad = int(min(y.sum(), (~y).sum()))
    return {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": int(np.clip(n_bad // 4, 3, 20)),
        "feature_pre_filter": False,
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


def apply_trees(text: str, x: Matrix) -> Floats:
    """The log-odds of accounts (N,)."""
    odds = read_trees(text).predict(x, raw_score=True, num_threads=1)
    return np.asarray(odds, dtype=np.float64)


@lru_cache(maxsize=1)
def read_trees(text: str) -> Any:
    """Trees from LightGBM's text; the last ones are remembered, for they are asked piece by piece."""
    import lightgbm

    return lightgbm.Booster(model_str=text)


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
    linear, trees = apply_linear(model.linear, table), apply_trees(model.trees, table)
    parts = {"linear": linear, "trees": trees, "rings": read_log_odds(ring_score)}
    chance: Floats = special.expit(apply_blend(model.blend, parts) + model.shift)
    return chance


def score_market(model: RiskModel, surroundings: Surroundings, ring_score: Floats) -> Floats:
    """The chance of each account of a market to be found a fraud (N,), worked out some accounts at a time."""

    def score(rows: Ints) -> Floats:
        return score_risk(model, pick_columns(surroundings, model.names, rows), ring_score[rows])

    pieces = np.array_split(np.arange(len(ring_score)), max(len(ring_score) // ROWS_AT_ONCE, 1))
    with ThreadPoolExecutor(WORKERS) as pool:  # numpy and LightGBM let go of the interpreter; the order stays
        return np.concatenate([*pool.map(score, pieces)])


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
