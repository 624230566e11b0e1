"""Whom of the accounts that were decided about to learn from, and how they are held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.decisions import Known
from detection.risk.settings import RiskSettings
from graph.errors import DataError
from graph.model import Ints

Bools = NDArray[np.bool_]
FEWEST_OF_A_KIND = 5
"""So many known fraudsters, and as many known honest accounts, are needed to hold some out and learn from the rest."""


@dataclass(frozen=True)
class Drawn:
    """``place`` (D,) of the known accounts to learn from, rising; ``shift`` of log-odds from them to all known ones."""

    place: Ints
    shift: float


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
