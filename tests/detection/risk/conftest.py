"""One labelled market, its feature table and a model of it, learnt once for all modules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from detection_market import make_snapshot, pick
from risk_market import BAD, SETTINGS, label, make_facts

from detection.evaluation.leak_gate import remove_labels
from detection.risk.file import KeptModel, read_model
from detection.run import find_run
from detection.training.risk import train_on
from embeddings.features.table import FeatureTable, describe_accounts
from graph.model import Snapshot


@pytest.fixture(scope="session")
def market() -> Snapshot:
    """Half of the bad accounts are known, and sixty of the others."""
    names = [*BAD[::2], *pick(0, 60)]
    return label(make_snapshot(make_facts()), names, [True] * 15 + [False] * 60)


@pytest.fixture(scope="session")
def table(market: Snapshot) -> FeatureTable:
    return describe_accounts(remove_labels(market))


@pytest.fixture(scope="session")
def ring_score(market: Snapshot) -> np.ndarray:
    return find_run(remove_labels(market), SETTINGS).account_score


@pytest.fixture(scope="session")
def model_path(market: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "risk.model"
    train_on(market, path, SETTINGS)
    return path


@pytest.fixture(scope="session")
def kept(model_path: Path) -> KeptModel:
    return read_model(model_path)
