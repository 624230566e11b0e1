"""What the truth of a simulated market knows."""

from __future__ import annotations

from detection.evaluation.simulation.market import Market


def find_fraud(market: Market) -> set[str]:
    accounts = market.truth["accounts"]
    return set(accounts.loc[accounts["is_fraud"], "account_id"])
