"""Two simulated markets, made once for all modules."""

from __future__ import annotations

import pytest

from detection.evaluation.simulation.market import MarketSettings, SimulatedMarket, simulate_market


@pytest.fixture(scope="session")
def ordinary() -> SimulatedMarket:
    return simulate_market(MarketSettings(n_accounts=8_000, seed=11))


@pytest.fixture(scope="session")
def hard() -> SimulatedMarket:
    return simulate_market(MarketSettings(n_accounts=8_000, seed=11, difficulty="hard"))
