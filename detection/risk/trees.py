"""Boosted trees (LightGBM, Ke et al., NIPS 2017): they win as labels grow many."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from detection.risk.labels import Bools
from detection.risk.settings import RiskSettings
from detection.risk.tree_text import cut_trees
from embeddings.features.relations import Matrix
from graph.model import Floats


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

    n_columns = text.partition("\nfeature_names=")[2].partition("\n")[0].count(" ") + 1
    return lightgbm.Booster(model_str=cut_trees(text, n_columns))
