"""Two harbours, made once for all modules: one that has rings of every way of working, and a small hard one."""

from __future__ import annotations

import pytest

from detection.evaluation.harbour.market import HarbourSettings, simulate_harbour
from detection.evaluation.simulation.market import SimulatedMarket


@pytest.fixture(scope="session")
def harbour() -> SimulatedMarket:
    return simulate_harbour(HarbourSettings(n_accounts=6_100, seed=3))


@pytest.fixture(scope="session")
def hard_harbour() -> SimulatedMarket:
    return simulate_harbour(HarbourSettings(n_accounts=2_000, seed=3, difficulty="hard"))
