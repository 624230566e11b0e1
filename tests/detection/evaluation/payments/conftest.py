"""Two countries of payments, made once for all modules: one with rings of every way, and a small hard one."""

from __future__ import annotations

import pytest

from detection.evaluation.payments.market import PaymentsSettings, simulate_payments
from detection.evaluation.simulation.market import SimulatedMarket


@pytest.fixture(scope="session")
def payments() -> SimulatedMarket:
    return simulate_payments(PaymentsSettings(n_accounts=20_000, seed=3))


@pytest.fixture(scope="session")
def hard_payments() -> SimulatedMarket:
    return simulate_payments(PaymentsSettings(n_accounts=2_000, seed=3, difficulty="hard"))
