"""A village's market in the form of the data contract, with its truth."""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.ledger import Ledger
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.simulation.tables import draw_names
from detection.evaluation.village import circles, commerce, crowds, localities
from detection.evaluation.village.living import live_from_day_to_day
from detection.evaluation.village.people import settle
from detection.evaluation.village.ring_deeds import Ring, act
from detection.evaluation.village.ring_plans import count_puppets, plan_rings, raise_puppets
from detection.evaluation.village.settings import VillageSettings
from detection.evaluation.village.shops import list_used_things, open_shops
from detection.evaluation.village.tables import Clerk
from detection.evaluation.village.village import HonestGroup, Village
from detection.evaluation.village.visits import visit

__all__ = ["VillageSettings", "simulate_village"]

# Who decides when people join comes before whoever relies on it.
_FOUNDERS = (
    localities.form_school_classes,
    localities.form_dormitories,
    localities.form_shared_tablets,
    circles.form_meet_ups,
    crowds.form_followers,
    commerce.form_shop_staff,
)
_GROUPS = (
    circles.form_extended_families,
    circles.form_friends,
    circles.form_savings_circles,
    circles.form_swap_circles,
    circles.form_hobby_seasons,
    circles.form_hobby_years,
    localities.form_offices,
    localities.form_libraries,
    commerce.form_consignments,
    commerce.form_fulfilment_centres,
    commerce.form_resellers,
    commerce.form_bookkeepers,
    commerce.form_payout_platforms,
    crowds.form_seller_victims,
    crowds.form_fans,
    crowds.form_launches,
    crowds.form_recalls,
    crowds.form_second_hand,
)
_LEAST_HOUSEHOLD = 3


def simulate_village(settings: VillageSettings) -> SimulatedMarket:
    """Simulate a village: people, what they do through their relations, and the rings among them.

    Time and memory grow in proportion to the number of accounts.

    Parameters
    ----------
    settings : VillageSettings

    Returns
    -------
    SimulatedMarket
        The same for the same settings, to the byte.  ``truth`` has rings (with ``method`` and, as roles, the parties
        that a ring acts for or on), lookalikes, accounts, reviews and addresses.

    Examples
    --------
    >>> village = simulate_village(VillageSettings(n_accounts=2_000, seed=7))
    >>> sorted(village.truth)
    ['accounts', 'addresses', 'lookalikes', 'reviews', 'rings']
    >>> village.truth["rings"]["method"].nunique()
    9
    """
    planning, living = np.random.default_rng(settings.seed).spawn(2)
    plans, ledger = plan_rings(planning, settings), Ledger()
    village = Village(living, settings, settle(living, settings, count_puppets(plans), ledger), ledger)
    open_shops(village)
    raise_puppets(village, plans)
    for form in (*_FOUNDERS, list_used_things, *_GROUPS):
        form(village)
    live_from_day_to_day(village)
    rings = [act(village, plan) for plan in plans]
    groups = [*village.groups, *_find_families(village), *visit(village)]
    return _write_down(village, rings, groups)


def _write_down(village: Village, rings: list[Ring], groups: list[HonestGroup]) -> SimulatedMarket:
    n_accounts, n_products = len(village.people), village.ledger.count_issued("product")
    clerk = Clerk(village, draw_names(village.rng, "U", n_accounts), draw_names(village.rng, "I", n_products))
    tables = clerk.write_tables()
    tables["addresses"], addresses = clerk.write_addresses()
    tables["reviews"], reviews = clerk.write_reviews()
    tables["labels"] = clerk.write_labels()
    return SimulatedMarket(tables, clerk.write_truth(rings, groups) | {"reviews": reviews, "addresses": addresses})


def _find_families(village: Village) -> list[HonestGroup]:
    """Households of three accounts and more; members of one follow one another."""
    household = village.people.household
    starts = np.flatnonzero(np.r_[True, np.diff(household) != 0])
    sizes = np.diff(np.r_[starts, len(household)])
    large = sizes >= _LEAST_HOUSEHOLD
    spans = zip(starts[large].tolist(), sizes[large].tolist(), strict=True)
    return [HonestGroup("household", np.arange(start, start + size)) for start, size in spans]
