"""An inland country's market in the form of the data contract, with its truth."""

from __future__ import annotations

from collections.abc import Callable

from detection.evaluation.countries import form_groups
from detection.evaluation.inland import (
    business,
    circles,
    clubs,
    crowds,
    places,
    pushing,
    roofs,
    taking,
)
from detection.evaluation.inland.belongings import hand_out_belongings
from detection.evaluation.inland.campaign import Ring, raise_rings
from detection.evaluation.inland.country import Country, found_country
from detection.evaluation.inland.everyday import live_every_day
from detection.evaluation.inland.settings import (
    GROUPS_PER_20_000,
    LONE_PER_20_000,
    ORDINARY_SHARE,
    InlandSettings,
)
from detection.evaluation.inland.tables import employ_clerk
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.simulation.rhythm import IntArray

__all__ = ["InlandSettings", "simulate_inland"]

_LEAST_FREE = 0.25
"""The share of people in no group that there have to be for another group to be formed."""

GROUPS: dict[str, Callable[[Country], IntArray]] = {
    form.__name__.removeprefix("form_"): form
    for form in (
        roofs.form_extended_family,
        roofs.form_flatshare,
        roofs.form_dormitory,
        roofs.form_shelter,
        roofs.form_ward,
        roofs.form_carer,
        roofs.form_housing_association,
        roofs.form_heirs,
        roofs.form_two_hats,
        places.form_library,
        places.form_repair_cafe,
        places.form_evening_course,
        places.form_school_class,
        places.form_language_cafe,
        places.form_parcel_shop,
        places.form_seasonal_workers,
        circles.form_savings_circle,
        circles.form_clothes_swap,
        circles.form_seed_swap,
        circles.form_game_swap,
        circles.form_collector_ring,
        circles.form_hobby_season,
        circles.form_hobby_years,
        circles.form_friends,
        clubs.form_meet_up,
        clubs.form_flea_crew,
        clubs.form_church_bazaar,
        clubs.form_football_team,
        clubs.form_choir,
        clubs.form_group_buy,
        business.form_office,
        business.form_shop_staff,
        business.form_consignment,
        business.form_fulfilment,
        business.form_bookkeeper,
        business.form_wholesale_resellers,
        business.form_company_phones,
        business.form_trade_fair,
        crowds.form_fans,
        crowds.form_review_drive,
        crowds.form_launch,
        crowds.form_recall,
        crowds.form_courier_strike,
        crowds.form_seller_victims,
        crowds.form_followers,
        roofs.form_device_chain,
    )
}
"""By kind, what makes an honest group."""

METHODS: dict[str, Callable[[Country, Ring, IntArray], None]] = {
    run.__name__.removeprefix("run_"): run
    for run in (
        pushing.run_circulation,
        pushing.run_sock_boost,
        pushing.run_praise_pool,
        pushing.run_attack_pool,
        taking.run_refund_crew,
        taking.run_triangulation,
        taking.run_bust_out,
        pushing.run_bonus_farm,
        pushing.run_reputation_scam,
        taking.run_rented_farm,
        taking.run_card_fencing,
        pushing.run_wash_trade,
        pushing.run_coupon_abuse,
        taking.run_fake_listings,
        taking.run_lost_parcels,
    )
}
"""By way of working, what a ring does."""


def simulate_inland(settings: InlandSettings) -> SimulatedMarket:
    """Simulate an inland country: its rings, its honest groups, and everybody's days.

    Time and memory grow in proportion to the number of accounts.

    Parameters
    ----------
    settings : InlandSettings

    Returns
    -------
    SimulatedMarket
        The same for the same settings, to the byte.  ``tables`` has no labels, but transfers and events (messages,
        coupons, what is looked at); ``truth`` has rings (with ``method`` and, as roles, the parties that a ring acts
        for or on), lookalikes, accounts (without a verdict on those who pay a pool for praise) and reviews.

    Examples
    --------
    >>> inland = simulate_inland(InlandSettings(n_accounts=300, seed=7))
    >>> sorted(inland.truth)
    ['accounts', 'lookalikes', 'reviews', 'rings']
    >>> len(inland.tables["accounts"])
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
    reviews = clerk.write_reviews()
    tables = clerk.write_tables() | {"reviews": reviews.table}
    truth = {"rings": clerk.list_rings(rings), "lookalikes": clerk.list_groups(), "accounts": clerk.list_verdicts()}
    return SimulatedMarket(tables, truth | {"reviews": reviews.truth})
