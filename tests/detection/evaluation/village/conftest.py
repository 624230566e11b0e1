"""Two small villages, made once for all modules."""

from __future__ import annotations

import pytest

from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.village.market import VillageSettings, simulate_village


@pytest.fixture(scope="session")
def village() -> SimulatedMarket:
    return simulate_village(VillageSettings(n_accounts=2_000, seed=5))


@pytest.fixture(scope="session")
def hard_village() -> SimulatedMarket:
    return simulate_village(VillageSettings(n_accounts=2_000, seed=5, difficulty="hard"))
