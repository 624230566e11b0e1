"""How to learn account risk."""

from __future__ import annotations

from dataclasses import dataclass


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
