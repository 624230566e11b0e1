"""Has the market moved on since a model was fitted?  The population stability index of its inputs and scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.features.relations import COLUMNS_AT_ONCE, Matrix
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
    edges, shares = [], []
    for column in _pick_each(features, names, risk):
        edges.append(_find_edges(column))
        shares.append(_measure_shares(column, edges[-1]))
    return Spread(tuple(names), np.stack(edges), np.stack(shares))


def measure_drift(spread: Spread, features: FeatureTable, risk: Floats) -> Floats:
    """The population stability index of each column and, last, of the risk (D + 1,); 0 where nothing moved.

    Σ (now − then) ln(now / then) over bins that held a tenth of the accounts each (Siddiqi, Credit Risk Scorecards,
    2006).
    """
    columns = zip(_pick_each(features, spread.names, risk), spread.edges, strict=True)
    now = np.stack([_measure_shares(column, edges) for column, edges in columns])
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


def _pick_each(features: FeatureTable, names: Sequence[str], risk: Floats) -> Iterator[Matrix]:
    """Each column (N,), and the risk; a few columns of a large market lie in memory at a time."""
    for begin in range(0, len(names), COLUMNS_AT_ONCE):
        yield from pick_columns(features, names[begin : begin + COLUMNS_AT_ONCE]).T
    yield risk.astype(np.float32)


def _find_edges(column: Matrix) -> Floats:
    """Between tenths of what is known (B - 1,)."""
    known = column[np.isfinite(column)].astype(np.float64)
    return np.quantile(known, np.arange(1, N_BINS) / N_BINS) if len(known) else np.zeros(N_BINS - 1)


def _measure_shares(column: Matrix, edges: Floats) -> Floats:
    """The share of all accounts in each bin, and of those of whom nothing is known (B + 1,)."""
    # Falling silent is a move too: a table that is no longer delivered must not look like one that stands still.
    known = column[np.isfinite(column)]
    count = np.bincount(np.searchsorted(edges, known, side="right"), minlength=N_BINS)
    shares: Floats = np.append(count, len(column) - len(known)) / max(len(column), 1)
    return shares
