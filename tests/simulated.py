"""What the truth of a simulated market knows."""

from __future__ import annotations

from detection.evaluation.simulation.market import SimulatedMarket


def find_fraud(market: SimulatedMarket) -> set[str]:
    accounts = market.truth["accounts"]
    return set(accounts.loc[accounts["is_fraud"], "account_id"])
