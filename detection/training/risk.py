"""Training a risk model on a market: what is known is set aside, features are made of the rest, the gate checks it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from detection.casework.facts import heed_facts, read_heard
from detection.decisions import Known, choose_known, find_dates, find_latest
from detection.evaluation.leak_gate import LeakCheck, check_label_dates, describe_checked, remove_labels
from detection.evaluation.measures import ScoreBin, bin_scores
from detection.evaluation.truth import TrueVerdicts
from detection.risk.drift import measure_spread
from detection.risk.file import check_place, write_model
from detection.risk.labels import check_enough, has_enough
from detection.risk.model import Fitted, add_rings, fit_like, fit_risk, score_conduct
from detection.risk.reasons import measure_weights
from detection.risk.settings import RiskSettings
from detection.run import find_run
from detection.settings import DetectSettings
from detection.statistics import Bools, Resampling, Separation, separate_scores
from embeddings.features.table import FeatureTable, pick_columns
from graph.model import Floats, Snapshot, Times
from graph.open import open_store
from graph.progress import Progress, no_progress
from graph.stores.location import Location
from graph.stores.snapshots import digest_snapshot

LIBRARIES = ("lightgbm", "numpy", "scipy")
LATEST_SHARE = 0.2
"""So large a share of the dated decisions, the latest, is told apart by a model of those before."""
MOST_EXPLAINED = 5_000
"""What moves the score is measured on so many known accounts at most."""


@dataclass(frozen=True)
class Training:
    """What came of training.

    ``learned`` and ``unlearned`` separate the known accounts by held-out chances and by the unsupervised score;
    ``foretold`` those that were decided about last, by a model of the decisions before, where there are enough;
    ``calibration`` bins held-out chances; ``parts`` are the blend's weights, ``topics`` what moves the score most.
    """

    path: str
    sha256: str
    accounts: int
    fraud: int
    legit: int
    base_rate: float
    columns: int
    learned: Separation
    unlearned: Separation
    foretold: Separation | None
    calibration: tuple[ScoreBin, ...]
    parts: dict[str, float]
    topics: tuple[tuple[str, float], ...]
    leaks: tuple[LeakCheck, ...]


def train(
    location: Location,
    path: Path,
    settings: DetectSettings,
    *,
    as_of: np.datetime64 | None = None,
    progress: Progress = no_progress,
) -> Training:
    """Learn from the labels of a store, and write the model.

    Parameters
    ----------
    location
        Of the store; it is only read.
    path
        Of the model; an earlier one is replaced when the new one is complete.
    settings
        Of detection, whose unsupervised score is one of the model's inputs, and the seed.
    as_of
        Use only facts and labels that were known at this instant.

    Raises
    ------
    DataError
        If there are too few labels.
    LeakError
        If a feature depends on a label.
    """
    with open_store(location) as store:
        snapshot, heard = store.snapshot(as_of=as_of), read_heard(store, as_of)
    n_loaded = len(snapshot.label_account)
    return train_on(heed_facts(snapshot, heard), path, settings, n_loaded=n_loaded, progress=progress)


def read_heeded(location: Location, as_of: np.datetime64 | None) -> Snapshot:
    """The market of a store with what people decided until then: who was confirmed or cleared is labelled so."""
    with open_store(location) as store:
        return heed_facts(store.snapshot(as_of=as_of), read_heard(store, as_of))


def train_on(
    snapshot: Snapshot,
    path: Path,
    settings: DetectSettings,
    *,
    n_loaded: int | None = None,
    progress: Progress = no_progress,
) -> Training:
    """Learn from the labels of a snapshot, and write the model; see :func:`train`.

    The first ``n_loaded`` labels are of the labels table, and the others what people decided here.
    """
    check_place(path)
    known = choose_known(snapshot)
    check_enough(known)
    market = _describe_unlabelled(snapshot, settings, progress)
    fitted = fit_risk(market.table, market.ring_score, known, market.how, progress=progress)
    model, measured = fitted.model, _measure(market, known, fitted)
    told = describe_data(snapshot, known, settings) | describe_decisions(snapshot, n_loaded)
    told |= _tell(measured, fitted.held_out.strength) | {"leaks": [each.sentence for each in market.leaks]}
    # Neighbours' means move with everything at once; what an account itself does is what people can look into.
    drifting = [name for name in model.names if ": " not in name]
    sha256 = write_model(path, model, measure_spread(market.table, drifting, fitted.risk), told)
    return Training(
        path=str(path),
        sha256=sha256,
        accounts=snapshot.n_accounts,
        fraud=int(known.is_fraud.sum()),
        legit=int((~known.is_fraud).sum()),
        base_rate=model.base_rate,
        columns=len(model.names),
        parts=model.blend.weights,
        leaks=market.leaks,
        **vars(measured),
    )


@dataclass(frozen=True)
class _Market:
    """A market with its labels, and beside it what is learnt from: made without them, and passed through the gate.

    ``ring_score`` (N,) is the unsupervised score, ``how`` says how to learn.
    """

    snapshot: Snapshot
    table: FeatureTable
    ring_score: Floats
    leaks: tuple[LeakCheck, ...]
    how: RiskSettings


def _describe_unlabelled(snapshot: Snapshot, settings: DetectSettings, progress: Progress) -> _Market:
    dates, market = check_label_dates(snapshot), remove_labels(snapshot)
    progress("detecting without labels", 0, 1)
    ring_score = score_unlearned(market, settings)
    progress("detecting without labels", 1, 1)
    described = describe_checked(snapshot)
    progress("describing accounts", snapshot.n_accounts, snapshot.n_accounts)
    leaks = (dates, described.check)
    return _Market(snapshot, described.table, ring_score, leaks, RiskSettings(seed=settings.seed))


@dataclass(frozen=True)
class _Measured:
    """The figures of a training: see :class:`Training`."""

    learned: Separation
    unlearned: Separation
    foretold: Separation | None
    calibration: tuple[ScoreBin, ...]
    topics: tuple[tuple[str, float], ...]


def _measure(market: _Market, known: Known, fitted: Fitted) -> _Measured:
    """How well known accounts are told apart while held out, and without learning; what the model rests on."""
    resampling, some = Resampling(seed=market.how.seed), known.row[:: -(-len(known.row) // MOST_EXPLAINED)]
    scores = market.ring_score[known.row]
    return _Measured(
        learned=separate_scores("account", "held out", fitted.held_out.chance, known.is_fraud, resampling),
        unlearned=separate_scores("account", "unsupervised", scores, known.is_fraud, resampling),
        foretold=_foretell(market, known, fitted, resampling),
        calibration=_bin_held_out(market.snapshot, known, fitted),
        topics=tuple(measure_weights(fitted.model, pick_columns(market.table, fitted.model.names, some))),
    )


def _foretell(market: _Market, known: Known, fitted: Fitted, resampling: Resampling) -> Separation | None:
    """How well those decided about last are told apart by a model of the decisions before; None where these are few.

    Whoever is held out at random may have a friend among those who were not; who is decided about tomorrow has none.
    """
    decided_at = find_dates(market.snapshot)
    dated = np.sort(decided_at[~np.isnat(decided_at)])
    if not len(dated):
        return None
    cut = dated[int(len(dated) * (1 - LATEST_SHARE))]
    before, after = (Known(known.row[some], known.is_fraud[some]) for some in (decided_at < cut, decided_at >= cut))
    if not (has_enough(before) and has_enough(after)):
        return None
    model = fit_like(fitted, market.table, before, market.how)
    chance = add_rings(model, score_conduct(model, market.table, after.row), market.ring_score[after.row])
    return separate_scores("account", f"decided since {str(cut)[:10]}", chance, after.is_fraud, resampling)


def _tell(measured: _Measured, strength: float) -> dict[str, Any]:
    """The figures for the model's manifest."""
    parts = {"unlearned": measured.unlearned, "foretold": measured.foretold}
    return {
        "strength": strength,
        "auc": asdict(measured.learned.auc),
        "average_precision": asdict(measured.learned.average_precision),
        "calibration": [asdict(each) for each in measured.calibration],
        "topics": [list(each) for each in measured.topics],
        **{name: None if part is None else asdict(part) for name, part in parts.items()},
    }


def score_unlearned(market: Snapshot, settings: DetectSettings) -> Floats:
    """The account scores (N,) of a run that has learnt nothing."""
    plain = msgspec.structs.replace(settings.without_models(), encoder=False, look_alike=False, rewired_copies=0)
    return find_run(market, plain).account_score


def _bin_held_out(snapshot: Snapshot, known: Known, fitted: Fitted) -> tuple[ScoreBin, ...]:
    names = snapshot.account_id[known.row]
    chance = dict(zip(names.tolist(), fitted.held_out.chance.tolist(), strict=True))
    return bin_scores(chance, TrueVerdicts(names, known.is_fraud))


def describe_data(snapshot: Snapshot, known: Known, settings: DetectSettings) -> dict[str, Any]:
    """What a model was learnt from, for its manifest."""
    data = [snapshot.orders.ordered_at, snapshot.reviews.reviewed_at, snapshot.uses.seen_at, snapshot.created_at]
    data_from, data_until = _find_span(data)
    labels_from, labels_until = _find_span([snapshot.label_decided_at])
    return {
        "accounts": snapshot.n_accounts,
        "labelled": len(known.row),
        "fraud": int(known.is_fraud.sum()),
        "data_from": data_from,
        "data_until": data_until,
        "labels_from": labels_from,
        "labels_until": labels_until,
        "as_of": None if snapshot.as_of is None else str(snapshot.as_of),
        "snapshot": digest_snapshot(snapshot),
        "seed": settings.seed,
        "detect": msgspec.to_builtins(msgspec.structs.replace(settings.without_models(), encoder_file="")),
        "versions": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    }


def describe_decisions(snapshot: Snapshot, n_loaded: int | None) -> dict[str, Any]:
    """Where the decisions that count come from, and when they were given: by source and by quarter.

    Parameters
    ----------
    snapshot
        With its labels.
    n_loaded
        So many of them, the first, are of the labels table, and the others what people decided here; all, if None.
    """
    last = find_latest(snapshot)
    is_loaded = last < (len(snapshot.label_account) if n_loaded is None else n_loaded)
    is_fraud, decided_at = snapshot.label_is_fraud[last], snapshot.label_decided_at[last]
    quarter = np.array([_name_quarter(each) for each in decided_at.astype("datetime64[M]").tolist()], dtype=object)
    sources = {"labels table": is_loaded, "decided here": ~is_loaded}
    return {
        "sources": {name: _count(is_fraud, some) for name, some in sources.items() if some.any()},
        "quarters": {name: _count(is_fraud, quarter == name) for name in sorted(set(quarter.tolist()))},
    }


def _name_quarter(month: date | None) -> str:
    return "undated" if month is None else f"{month.year}-Q{(month.month + 2) // 3}"


def _count(is_fraud: Bools, some: Bools) -> dict[str, int]:
    return {"fraud": int((is_fraud & some).sum()), "legit": int((~is_fraud & some).sum())}


def _find_span(times: Sequence[Times]) -> tuple[str | None, str | None]:
    every = np.concatenate([each.astype("datetime64[us]") for each in times])
    every = every[~np.isnat(every)]
    return (str(every.min()), str(every.max())) if len(every) else (None, None)
