"""Payments among friends in the form of the data contract, with their truth."""

from __future__ import annotations

from collections.abc import Callable

from detection.evaluation.countries import form_groups
from detection.evaluation.payments import circles, clubs, helped, moving, roofs, taking, work
from detection.evaluation.payments.belongings import hand_out_belongings
from detection.evaluation.payments.campaign import Ring, raise_rings
from detection.evaluation.payments.country import Country, found_country
from detection.evaluation.payments.everyday import live_every_day
from detection.evaluation.payments.settings import (
    GROUPS_PER_20_000,
    LONE_PER_20_000,
    ORDINARY_SHARE,
    PaymentsSettings,
)
from detection.evaluation.payments.tables import employ_clerk
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.simulation.rhythm import IntArray

__all__ = ["PaymentsSettings", "simulate_payments"]

_LEAST_FREE = 0.2
"""The share of people in no home or work that there have to be for another group to be formed."""

GROUPS: dict[str, Callable[[Country], IntArray]] = {
    name.removeprefix("form_"): form
    for module in (roofs, circles, clubs, work, helped)
    for name, form in vars(module).items()
    if name.startswith("form_")
}
"""By kind, what makes an honest group."""

METHODS: dict[str, Callable[[Country, Ring, IntArray], None]] = {
    name.removeprefix("run_"): run
    for module in (moving, taking)
    for name, run in vars(module).items()
    if name.startswith("run_")
}
"""By way of working, what a ring does."""


def simulate_payments(settings: PaymentsSettings) -> SimulatedMarket:
    """Simulate payments among friends: rings, honest groups, and everybody's days.

    Time and memory grow in proportion to the number of accounts.

    Parameters
    ----------
    settings : PaymentsSettings

    Returns
    -------
    SimulatedMarket
        The same for the same settings, to the byte.  ``tables`` has accounts, orders (each a payment, of no product),
        devices, identifiers (``payment``, ``phone``, ``ip``) and referrals, and no labels; ``truth`` has rings (with
        ``method``, and as roles what members do and whom a ring acts on), lookalikes and accounts.

    Examples
    --------
    >>> payments = simulate_payments(PaymentsSettings(n_accounts=300, seed=7))
    >>> sorted(payments.truth)
    ['accounts', 'lookalikes', 'rings']
    >>> len(payments.tables["accounts"])
    300
    """
    country = found_country(settings)
    rings = []
    for ring in raise_rings(country):
        METHODS[ring.method](country, ring, ring.members)
        rings.append(ring)
    for _ in range(round(LONE_PER_20_000 * settings.scale)):
        taking.swindle_alone(country)
    form_groups(country, GROUPS, GROUPS_PER_20_000, ORDINARY_SHARE, _LEAST_FREE)
    live_every_day(country)
    hand_out_belongings(country)
    clerk = employ_clerk(country)
    truth = {"rings": clerk.list_rings(rings), "lookalikes": clerk.list_groups(), "accounts": clerk.list_verdicts()}
    return SimulatedMarket(clerk.write_tables(), truth)
