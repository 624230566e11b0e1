"""Two small bazaars, made once for all modules."""

from __future__ import annotations

import pytest

from detection.evaluation.bazaar.market import BazaarSettings, simulate_bazaar
from detection.evaluation.simulation.market import SimulatedMarket


@pytest.fixture(scope="session")
def bazaar() -> SimulatedMarket:
    return simulate_bazaar(BazaarSettings(n_accounts=2_000, seed=3))


@pytest.fixture(scope="session")
def hard_bazaar() -> SimulatedMarket:
    return simulate_bazaar(BazaarSettings(n_accounts=2_000, seed=3, difficulty="hard"))
