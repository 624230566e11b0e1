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

from detection.evaluation.leak_gate import LeakCheck, check_features, remove_labels
from detection.evaluation.measures import Resampling, ScoreBin, Separation, bin_scores, separate_scores
from detection.evaluation.truth import TrueVerdicts
from detection.risk.drift import measure_spread
from detection.risk.file import check_place, write_model
from detection.risk.model import Fitted, Known, RiskSettings, check_enough, choose_known, fit_risk
from detection.risk.reasons import measure_weights
from detection.run import find_run
from detection.settings import DetectSettings
from embeddings.features.relations import describe_surroundings, pick_columns
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
    with open_store(location) as store:
        snapshot = store.snapshot(as_of=as_of)
    return train_on(snapshot, path, settings, progress=progress)


def train_on(snapshot: Snapshot, path: Path, settings: DetectSettings, *, progress: Progress = no_progress) -> Training:
    """Learn from the labels of a snapshot, and write the model; see :func:`train`."""
    check_place(path)
    known = choose_known(snapshot)
    check_enough(known)
    market = remove_labels(snapshot)
    progress("detecting without labels", 0, 1)
    ring_score = score_unlearned(market, settings)
    progress("detecting without labels", 1, 1)
    table = describe_surroundings(market)
    leaks = check_features(snapshot, table)
    progress("describing accounts", table.n_accounts, table.n_accounts)
    fitted = fit_risk(table, ring_score, known, RiskSettings(seed=settings.seed), progress=progress)
    model = fitted.model
    some = known.row[:: -(-len(known.row) // MOST_EXPLAINED)]
    drifting = [name for name in model.names if ": " not in name]
    resampling = Resampling(seed=settings.seed)
    learned = separate_scores("account", "held out", fitted.held_out.chance, known.is_fraud, resampling)
    unlearned = separate_scores("account", "unsupervised", ring_score[known.row], known.is_fraud, resampling)
    bins = _bin_held_out(snapshot, known, fitted)
    topics = tuple(measure_weights(model, pick_columns(table, model.names, some)))
    told = {
        **describe_data(snapshot, known, settings),
        "strength": fitted.held_out.strength,
        "auc": asdict(learned.auc),
        "average_precision": asdict(learned.average_precision),
        "calibration": [asdict(each) for each in bins],
        "topics": [list(each) for each in topics],
    }
    sha256 = write_model(path, model, measure_spread(table, drifting, fitted.risk), told)
    return Training(
        path=str(path),
        sha256=sha256,
        accounts=snapshot.n_accounts,
        fraud=int(known.is_fraud.sum()),
        legit=int((~known.is_fraud).sum()),
        base_rate=model.base_rate,
        columns=len(model.names),
        learned=learned,
        unlearned=unlearned,
        calibration=bins,
        parts=model.blend.weights,
        topics=topics,
        leaks=leaks,
    )


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
