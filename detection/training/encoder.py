"""Training the encoder, from store to file: without labels, and then with them where there are enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detection.decisions import choose_known
from detection.evaluation.leak_gate import remove_labels
from detection.risk.file import check_place
from detection.risk.labels import has_enough
from detection.settings import DetectSettings
from detection.training.risk import describe_data, read_heeded
from graph.files import remove_file
from graph.model import Snapshot
from graph.progress import Progress, no_progress
from graph.stores.location import Location

_TOLD = ("labelled", "fraud", "steps", "first_loss", "last_loss")


@dataclass(frozen=True)
class EncoderTraining:
    """What came of training an encoder.

    ``labelled`` accounts took part in the fine-tuning, ``fraud`` of them known to be fraud; the losses are means over
    the first and the last steps without labels.
    """

    path: str
    accounts: int
    labelled: int
    fraud: int
    steps: int
    first_loss: float
    last_loss: float


def train_encoder(
    location: Location,
    path: Path,
    settings: DetectSettings,
    *,
    as_of: np.datetime64 | None = None,
    progress: Progress = no_progress,
) -> EncoderTraining:
    """Train the encoder on a store's market, and write it.

    A training that is killed is taken up where it was by the next one for the same file, store and settings.

    Parameters
    ----------
    location
        Of the store; it is only read.
    path
        Of the encoder; an earlier one is replaced when the new one is complete.
    settings
        For the seed.
    as_of
        Use only facts and labels that were known at this instant.

    Raises
    ------
    ConfigError
        If there can be no file at the path.
    """
    return train_encoder_on(read_heeded(location, as_of), path, settings, progress=progress)


def train_encoder_on(
    snapshot: Snapshot, path: Path, settings: DetectSettings, *, progress: Progress = no_progress
) -> EncoderTraining:
    """Train the encoder on a snapshot, and write it; see :func:`train_encoder`."""
    # torch takes seconds to import.
    from embeddings.encoder.file import write_encoder
    from embeddings.encoder.model import fit_encoder
    from embeddings.encoder.settings import EncoderSettings
    from embeddings.encoder.training import SHOWN_STEPS, KnownAccounts

    check_place(path)
    known, market = choose_known(snapshot), remove_labels(snapshot)
    labels = KnownAccounts(known.row, known.is_fraud) if has_enough(known) else None
    under_way = path.with_name(f".{path.name}.part")
    chosen = EncoderSettings(seed=settings.seed)
    encoder = fit_encoder(market, chosen, known=labels, kept_at=under_way, progress=progress)
    losses = encoder.losses[: chosen.steps]
    labelled = {"labelled": len(known.row), "fraud": int(known.is_fraud.sum())}
    training = EncoderTraining(
        path=str(path),
        accounts=snapshot.n_accounts,
        **(labelled if labels is not None and chosen.label_steps else dict.fromkeys(labelled, 0)),
        steps=len(encoder.losses),
        first_loss=float(np.mean(losses[:SHOWN_STEPS])) if losses else 0.0,
        last_loss=float(np.mean(losses[-SHOWN_STEPS:])) if losses else 0.0,
    )
    told = describe_data(snapshot, known, settings) | {name: getattr(training, name) for name in _TOLD}
    write_encoder(path, encoder, told)
    remove_file(under_way)
    return training
