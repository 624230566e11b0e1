"""What is known of accounts, whom of them to learn from, and how they are held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.risk.settings import RiskSettings
from graph.errors import DataError
from graph.model import Ints, Snapshot

Bools = NDArray[np.bool_]
FEWEST_OF_A_KIND = 5
"""So many known fraudsters, and as many known honest accounts, are needed to hold some out and learn from the rest."""


@dataclass(frozen=True)
class Known:
    """``row`` (L,) of accounts that somebody decided about, each once, rising; ``is_fraud`` (L,)."""

    row: Ints
    is_fraud: Bools


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


def deal_folds(is_fraud: Bools, settings: RiskSettings) -> Ints:
    """A fold for each known account (L,), fraud and the rest spread evenly over all."""
    rng = np.random.default_rng(settings.seed)
    n_folds = min(settings.folds, int(is_fraud.sum()), int((~is_fraud).sum()))
    fold = np.empty(len(is_fraud), dtype=np.int64)
    for kind in (True, False):
        rows = np.flatnonzero(is_fraud == kind)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % n_folds
    return fold
