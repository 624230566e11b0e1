"""The simulated markets that can be asked for, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the names are wanted by `ringfence --help`, which must not wait for pandas
    from detection.evaluation.simulation.market import SimulatedMarket
    from detection.evaluation.simulation.settings import Difficulty


def _make_market(n_accounts: int, seed: int, difficulty: Difficulty) -> SimulatedMarket:
    from detection.evaluation.simulation.market import MarketSettings, simulate_market

    return simulate_market(MarketSettings(n_accounts=n_accounts, seed=seed, difficulty=difficulty))


def _make_village(n_accounts: int, seed: int, difficulty: Difficulty) -> SimulatedMarket:
    from detection.evaluation.village.market import VillageSettings, simulate_village

    return simulate_village(VillageSettings(n_accounts=n_accounts, seed=seed, difficulty=difficulty))


def _make_bazaar(n_accounts: int, seed: int, difficulty: Difficulty) -> SimulatedMarket:
    from detection.evaluation.bazaar.market import BazaarSettings, simulate_bazaar

    return simulate_bazaar(BazaarSettings(n_accounts=n_accounts, seed=seed, difficulty=difficulty))


def _make_harbour(n_accounts: int, seed: int, difficulty: Difficulty) -> SimulatedMarket:
    from detection.evaluation.harbour.market import HarbourSettings, simulate_harbour

    return simulate_harbour(HarbourSettings(n_accounts=n_accounts, seed=seed, difficulty=difficulty))


def _make_inland(n_accounts: int, seed: int, difficulty: Difficulty) -> SimulatedMarket:
    from detection.evaluation.inland.market import InlandSettings, simulate_inland

    return simulate_inland(InlandSettings(n_accounts=n_accounts, seed=seed, difficulty=difficulty))


def _make_payments(n_accounts: int, seed: int, difficulty: Difficulty) -> SimulatedMarket:
    from detection.evaluation.payments.market import PaymentsSettings, simulate_payments

    return simulate_payments(PaymentsSettings(n_accounts=n_accounts, seed=seed, difficulty=difficulty))


WORLDS: dict[str, Callable[[int, int, Difficulty], SimulatedMarket]] = {
    "market": _make_market,
    "village": _make_village,
    "bazaar": _make_bazaar,
}
"""By name, what makes a world's market from a number of accounts, a seed and a difficulty.

The order of rings that is shipped has learnt from these.
"""

MEASURED = {**WORLDS, "harbour": _make_harbour, "inland": _make_inland, "payments": _make_payments}
"""The same with worlds whose authors did not know the detector, one after another.

What each showed when it was first looked at, and which rules were found on some of its markets, is in ADRs 52 to 54.
What honest rings show is known from all of them.
"""


def _make_wallets(n_accounts: int, seed: int, difficulty: Difficulty) -> SimulatedMarket:
    from detection.evaluation.wallets import simulate_wallets

    return simulate_wallets(n_accounts, seed, is_hard=difficulty == "hard")


SIMULATED = {**MEASURED, "wallets": _make_wallets}
"""The same with those that nobody buys and sells in."""


def simulate_world(
    name: str, n_accounts: int, seed: int, difficulty: Difficulty, *, with_events: bool = False
) -> SimulatedMarket:
    """Make the market of a world; with what its accounts do besides, if that is wanted: all else is as without.

    Raises
    ------
    KeyError
        There is no world of that name.
    ValueError
        A setting is out of the world's range; for those whose settings are `WorldSettings` it is a ConfigError.
    """
    market = SIMULATED[name](n_accounts, seed, difficulty)
    if not with_events:
        return market
    from detection.evaluation.doings import add_doings

    return add_doings(market, seed)
