"""Training a risk model on a market: what is known is set aside, features are made of the rest, the gate checks it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from detection.casework.facts import heed_facts, read_heard
from detection.decisions import Known, choose_known
from detection.evaluation.leak_gate import LeakCheck, check_features, remove_labels
from detection.evaluation.measures import ScoreBin, bin_scores
from detection.evaluation.statistics import Resampling, Separation, separate_scores
from detection.evaluation.truth import TrueVerdicts
from detection.risk.drift import measure_spread
from detection.risk.file import check_place, write_model
from detection.risk.labels import check_enough
from detection.risk.model import Fitted, fit_risk
from detection.risk.reasons import measure_weights
from detection.risk.settings import RiskSettings
from detection.run import find_run
from detection.settings import DetectSettings
from embeddings.features.table import FeatureTable, describe_accounts, pick_columns
from graph.model import Floats, Snapshot, Times
from graph.open import open_store
from graph.progress import Progress, no_progress
from graph.stores.location import Location
from graph.stores.snapshots import digest_snapshot

LIBRARIES = ("lightgbm", "numpy", "scipy")
MOST_EXPLAINED = 5_000
"""What moves the score is measured on so many known accounts at most."""


@dataclass(frozen=True)
class Training:
    """What came of training.

    ``learned`` and ``unlearned`` separate the known accounts by held-out chances and by the unsupervised score;
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
    calibration: tuple[ScoreBin, ...]
    parts: dict[str, float]
    topics: tuple[tuple[str, float], ...]
    leaks: LeakCheck


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
    return train_on(read_heeded(location, as_of), path, settings, progress=progress)


def read_heeded(location: Location, as_of: np.datetime64 | None) -> Snapshot:
    """The market of a store with what people decided until then: who was confirmed or cleared is labelled so."""
    with open_store(location) as store:
        return heed_facts(store.snapshot(as_of=as_of), read_heard(store, as_of))


def train_on(snapshot: Snapshot, path: Path, settings: DetectSettings, *, progress: Progress = no_progress) -> Training:
    """Learn from the labels of a snapshot, and write the model; see :func:`train`."""
    check_place(path)
    known = choose_known(snapshot)
    check_enough(known)
    market = remove_labels(snapshot)
    progress("detecting without labels", 0, 1)
    ring_score = score_unlearned(market, settings)
    progress("detecting without labels", 1, 1)
    table = describe_accounts(market)
    leaks = check_features(snapshot, table)
    progress("describing accounts", table.n_accounts, table.n_accounts)
    fitted = fit_risk(table, ring_score, known, RiskSettings(seed=settings.seed), progress=progress)
    model = fitted.model
    measured = _measure(snapshot, table, ring_score, known, fitted, Resampling(seed=settings.seed))
    told = describe_data(snapshot, known, settings) | _tell(measured, fitted.held_out.strength)
    # Neighbours' means move with everything at once; what an account itself does is what people can look into.
    drifting = [name for name in model.names if ": " not in name]
    sha256 = write_model(path, model, measure_spread(table, drifting, fitted.risk), told)
    return Training(
        path=str(path),
        sha256=sha256,
        accounts=snapshot.n_accounts,
        fraud=int(known.is_fraud.sum()),
        legit=int((~known.is_fraud).sum()),
        base_rate=model.base_rate,
        columns=len(model.names),
        learned=measured.learned,
        unlearned=measured.unlearned,
        calibration=measured.calibration,
        parts=model.blend.weights,
        topics=measured.topics,
        leaks=leaks,
    )


@dataclass(frozen=True)
class _Measured:
    """The figures of a training: see :class:`Training`."""

    learned: Separation
    unlearned: Separation
    calibration: tuple[ScoreBin, ...]
    topics: tuple[tuple[str, float], ...]


def _measure(
    snapshot: Snapshot, table: FeatureTable, ring_score: Floats, known: Known, fitted: Fitted, resampling: Resampling
) -> _Measured:
    """How well known accounts are told apart while held out, and without learning; what the model rests on."""
    some = known.row[:: -(-len(known.row) // MOST_EXPLAINED)]
    return _Measured(
        learned=separate_scores("account", "held out", fitted.held_out.chance, known.is_fraud, resampling),
        unlearned=separate_scores("account", "unsupervised", ring_score[known.row], known.is_fraud, resampling),
        calibration=_bin_held_out(snapshot, known, fitted),
        topics=tuple(measure_weights(fitted.model, pick_columns(table, fitted.model.names, some))),
    )


def _tell(measured: _Measured, strength: float) -> dict[str, Any]:
    """The figures for the model's manifest."""
    return {
        "strength": strength,
        "auc": asdict(measured.learned.auc),
        "average_precision": asdict(measured.learned.average_precision),
        "calibration": [asdict(each) for each in measured.calibration],
        "topics": [list(each) for each in measured.topics],
    }


def score_unlearned(market: Snapshot, settings: DetectSettings) -> Floats:
    """The account scores (N,) of a run that has learnt nothing."""
    plain = msgspec.structs.replace(settings, model="", encoder=False, look_alike=False, rewired_copies=0)
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
        "detect": msgspec.to_builtins(msgspec.structs.replace(settings, model="", encoder_file="")),
        "versions": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    }


def _find_span(times: Sequence[Times]) -> tuple[str | None, str | None]:
    every = np.concatenate([each.astype("datetime64[us]") for each in times])
    every = every[~np.isnat(every)]
    return (str(every.min()), str(every.max())) if len(every) else (None, None)
