"""A harbour's market in the form of the data contract, with its truth."""

from __future__ import annotations

from collections.abc import Callable

from detection.evaluation.harbour import clubs, crowds, passage, pushing, roofs, taking, work
from detection.evaluation.harbour.belongings import hand_out_belongings, keep_house
from detection.evaluation.harbour.campaign import Ring, raise_rings
from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.everyday import hold_auctions, trade_every_day
from detection.evaluation.harbour.goods import PHONES
from detection.evaluation.harbour.settings import (
    GROUPS_PER_20_000,
    LEAST_FOR_EVERY_KIND,
    LONE_PER_20_000,
    HarbourSettings,
)
from detection.evaluation.harbour.tables import employ_clerk
from detection.evaluation.harbour.town import Members, Town, found_town
from detection.evaluation.harbour.trade import Deal
from detection.evaluation.simulation.market import SimulatedMarket

__all__ = ["HarbourSettings", "simulate_harbour"]

_LEAST_FREE = 100
"""People who live alone and are in no group that there have to be for another group to be formed."""

GROUPS: dict[str, Callable[[Town], Members]] = {
    form.__name__.removeprefix("form_"): form
    for form in (
        roofs.form_family_tablet,
        roofs.form_grandchild_runs,
        roofs.form_student_dorm,
        roofs.form_seasonal_flat,
        roofs.form_flatshare,
        roofs.form_twins,
        roofs.form_split_couple,
        roofs.form_shelter,
        roofs.form_prison,
        roofs.form_care_home,
        roofs.form_housing_coop,
        work.form_shop_staff,
        work.form_company_brands,
        work.form_bookkeeper,
        work.form_wholesale_resellers,
        work.form_market_stalls,
        work.form_craft_guild,
        work.form_ship_crew,
        clubs.form_parish_flea,
        clubs.form_repair_cafe,
        clubs.form_charity_consign,
        clubs.form_clothing_chain,
        clubs.form_card_collectors,
        clubs.form_game_lenders,
        clubs.form_sports_club,
        clubs.form_savings_circle,
        clubs.form_group_buy,
        clubs.form_class_referral,
        passage.form_internet_cafe,
        passage.form_library,
        passage.form_parcel_shop,
        passage.form_forwarder,
        passage.form_mover_inherits,
        passage.form_recycled_phone,
        passage.form_device_sold_on,
        passage.form_phone_shop_help,
        crowds.form_launch_fans,
        crowds.form_recall_customers,
        crowds.form_scam_victims,
        crowds.form_influencer_drop,
        crowds.form_regulars_of_a_seller,
        crowds.form_save_the_bookshop,
        crowds.form_courier_strike,
        work.form_office_mates,
        work.form_handed_over,
    )
}
"""By kind, what makes an honest group."""

METHODS: dict[str, Callable[[Town, Ring, Members], None]] = {
    run.__name__.removeprefix("run_"): run
    for run in (
        pushing.run_sock_brushing,
        pushing.run_mutual_brushing,
        pushing.run_price_ladder,
        pushing.run_praise_pool,
        pushing.run_attack_pool,
        taking.run_refund_crew,
        taking.run_triangulation,
        taking.run_bust_out,
        pushing.run_bonus_farm,
        taking.run_mule_cashout,
        taking.run_rented_accounts,
        pushing.run_shill_bids,
        taking.run_reshippers,
        taking.run_ghost_shops,
    )
}
"""By way of working, what a ring does."""


def simulate_harbour(settings: HarbourSettings) -> SimulatedMarket:
    """Simulate a harbour: its shops and rings, its honest groups, and everybody's days.

    Time and memory grow in proportion to the number of accounts.

    Parameters
    ----------
    settings : HarbourSettings

    Returns
    -------
    SimulatedMarket
        The same for the same settings, to the byte.  ``tables`` has no labels, but transfers and, as events, bids;
        ``truth`` has rings (with ``method`` and, as roles, the parties that a ring acts for or on), lookalikes,
        accounts (without a verdict on those who pay for praise) and reviews.

    Examples
    --------
    >>> harbour = simulate_harbour(HarbourSettings(n_accounts=300, seed=7))
    >>> sorted(harbour.truth)
    ['accounts', 'lookalikes', 'reviews', 'rings']
    >>> len(harbour.tables["accounts"])
    300
    """
    town = found_town(settings)
    rings = raise_rings(town)
    for ring in rings:
        METHODS[ring.method](town, ring, ring.members)
    _swindle_alone(town)
    town.people.avoids_rings = False
    _form_groups(town)
    trade_every_day(town)
    keep_house(town)
    hold_auctions(town)
    hand_out_belongings(town)
    clerk = employ_clerk(town)
    return SimulatedMarket(clerk.write_tables(), clerk.write_truth(rings))


def _swindle_alone(town: Town) -> None:
    """Let some take money for nothing and be gone, each alone."""
    chance, people = town.chance, town.people
    for swindler in people.pick(_draw_count(town, LONE_PER_20_000)):
        people.lone.add(swindler)
        begins_at = town.clock.draw_moment(40 * DAY, END_AT - 30 * DAY)
        people.be_there(swindler, begins_at - 10 * DAY, begins_at)
        people.until[swindler] = begins_at + 25 * DAY
        for victim in people.find_crowd(chance.draw_between(2, 7), begins_at, swindler):
            at, price = begins_at + chance.rng.exponential(5) * DAY, town.goods.round_price(chance.draw_real(50, 400))
            status = "disputed" if chance.happens(0.7) else "refunded"
            town.trade.deal(Deal(victim, swindler, at, price, PHONES, status=status, said=0.4, rating=1))


def _form_groups(town: Town) -> None:
    """Form honest groups of every kind, while there are people for them."""
    for kind, per_20_000 in GROUPS_PER_20_000.items():
        for _ in range(_draw_count(town, per_20_000)):
            if len(town.people.single) >= _LEAST_FREE:
                town.form(kind, GROUPS[kind](town))


def _draw_count(town: Town, per_20_000: int) -> int:
    """About as many as the market's size asks for, never quite the same; at least one where it is not tiny."""
    expected = per_20_000 * town.settings.scale
    if expected < 1 and town.settings.n_accounts < LEAST_FOR_EVERY_KIND:
        return int(town.chance.happens(expected))
    return max(1, round(expected * town.chance.draw_real(0.85, 1.15)))
