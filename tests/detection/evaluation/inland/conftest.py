"""Two inland countries, made once for all modules: one that has rings of every way of working, and a small hard one."""

from __future__ import annotations

import pytest

from detection.evaluation.inland.market import InlandSettings, simulate_inland
from detection.evaluation.simulation.market import SimulatedMarket


@pytest.fixture(scope="session")
def inland() -> SimulatedMarket:
    return simulate_inland(InlandSettings(n_accounts=20_000, seed=3))


@pytest.fixture(scope="session")
def hard_inland() -> SimulatedMarket:
    return simulate_inland(InlandSettings(n_accounts=2_000, seed=3, difficulty="hard"))
