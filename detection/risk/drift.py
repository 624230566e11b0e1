"""Has the market moved on since a model was fitted?  The population stability index of its inputs and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.features.relations import Matrix
from embeddings.features.table import FeatureTable, pick_columns
from graph.model import Floats

N_BINS = 10
SMALLEST_SHARE = 1e-4
MOVED = 0.25
"""From this index on, by common usage, a column has moved so far that a model should be fitted again."""
SHOWN = 3


@dataclass(frozen=True)
class Spread:
    """How columns were spread: ``names`` (D,), then, with one more row for the score, ``edges`` (D + 1, B - 1) between
    bins and ``share`` (D + 1, B + 1) of accounts in each bin, the last of them silent.
    """

    names: tuple[str, ...]
    edges: Floats
    share: Floats


def measure_spread(features: FeatureTable, names: Sequence[str], risk: Floats) -> Spread:
    """How the columns of some names, and the risk, are spread in a market.

    Parameters
    ----------
    features
        Of N accounts.
    names
        (D,) the columns.
    risk
        (N,) in [0, 1].
    """
    columns = _join(features, names, risk)
    edges = np.stack([_find_edges(column) for column in columns.T])
    return Spread(tuple(names), edges, _measure_shares(columns, edges))


def measure_drift(spread: Spread, features: FeatureTable, risk: Floats) -> Floats:
    """The population stability index of each column and, last, of the risk (D + 1,); 0 where nothing moved.

    Σ (now − then) ln(now / then) over bins that held a tenth of the accounts each (Siddiqi, Credit Risk Scorecards,
    2006).
    """
    now = _measure_shares(_join(features, spread.names, risk), spread.edges)
    # A bin that is empty on one side would make any move infinite.
    now, then = np.maximum(now, SMALLEST_SHARE), np.maximum(spread.share, SMALLEST_SHARE)
    moved: Floats = ((now - then) * np.log(now / then)).sum(axis=1)
    return moved


def note_drift(spread: Spread, drift: Floats) -> tuple[str, ...]:
    """What moved, in words."""
    inputs, score = drift[:-1], float(drift[-1])
    far = [place for place in np.argsort(-inputs, kind="stable").tolist() if inputs[place] >= MOVED]
    said = [f"the model's scores have {'moved' if score >= MOVED else 'not moved'} (stability index {score:.2f})"]
    if far:
        shown = ", ".join(f"{spread.names[place]} {inputs[place]:.2f}" for place in far[:SHOWN])
        said.append(f"{len(far)} of its {len(inputs)} inputs have, most of all {shown}: consider fitting it again")
    else:
        said.append(f"none of its {len(inputs)} inputs has")
    return ("; ".join(said),)


def _join(features: FeatureTable, names: Sequence[str], risk: Floats) -> Matrix:
    return np.concatenate([pick_columns(features, names), risk[:, None].astype(np.float32)], axis=1)


def _find_edges(column: Matrix) -> Floats:
    """Between tenths of what is known (B - 1,)."""
    known = column[np.isfinite(column)].astype(np.float64)
    return np.quantile(known, np.arange(1, N_BINS) / N_BINS) if len(known) else np.zeros(N_BINS - 1)


def _measure_shares(columns: Matrix, edges: Floats) -> Floats:
    shares = []
    for column, between in zip(columns.T, edges, strict=True):
        # Falling silent is a move too: a table that is no longer delivered must not look like one that stands still.
        known = column[np.isfinite(column)]
        count = np.bincount(np.searchsorted(between, known, side="right"), minlength=N_BINS)
        shares.append(np.append(count, len(column) - len(known)) / max(len(column), 1))
    return np.stack(shares)
