"""What can be asked of a harbour, and how many groups and rings of each kind that makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from detection.evaluation.simulation.settings import WorldSettings

LEAST_ACCOUNTS = 300
LEAST_FOR_EVERY_KIND = 2_000
"""From so many accounts on there is at least one honest group of each kind."""


class Way(NamedTuple):
    """A way of working: rings of it for 20,000 accounts, their sizes, and the kind of ring that is nearest to it.

    ``stretch`` multiplies what a size has above the least; accounts are made up, or those of real people.
    """

    per_20_000: int
    least: int
    most: int
    stretch: float
    is_made_up: bool
    kind: str


WAYS: dict[str, Way] = {
    "sock_brushing": Way(4, 4, 60, 1.2, True, "review"),
    "mutual_brushing": Way(3, 4, 45, 1.0, False, "trade"),
    "price_ladder": Way(2, 4, 18, 0.5, True, "trade"),
    "praise_pool": Way(4, 8, 60, 1.7, False, "review"),
    "attack_pool": Way(2, 5, 45, 1.1, True, "attack"),
    "refund_crew": Way(4, 4, 40, 0.9, True, "refund"),
    "triangulation": Way(3, 4, 24, 0.9, True, "refund"),
    "bust_out": Way(3, 4, 20, 0.7, True, "farm"),
    "bonus_farm": Way(2, 8, 60, 2.2, True, "farm"),
    "mule_cashout": Way(3, 5, 40, 0.9, True, "refund"),
    "rented_accounts": Way(2, 5, 45, 1.0, False, "farm"),
    "shill_bids": Way(2, 4, 16, 0.6, True, "trade"),
    "reshippers": Way(2, 5, 30, 0.9, True, "refund"),
    "ghost_shops": Way(2, 4, 20, 0.8, True, "farm"),
}

GROUPS_PER_20_000: dict[str, int] = {
    "family_tablet": 60,
    "grandchild_runs": 40,
    "student_dorm": 9,
    "seasonal_flat": 12,
    "flatshare": 60,
    "twins": 25,
    "split_couple": 40,
    "shelter": 6,
    "prison": 2,
    "care_home": 5,
    "housing_coop": 20,
    "shop_staff": 25,
    "company_brands": 15,
    "bookkeeper": 6,
    "wholesale_resellers": 8,
    "market_stalls": 8,
    "craft_guild": 8,
    "ship_crew": 8,
    "parish_flea": 6,
    "repair_cafe": 8,
    "charity_consign": 6,
    "clothing_chain": 30,
    "card_collectors": 12,
    "game_lenders": 10,
    "sports_club": 12,
    "savings_circle": 12,
    "group_buy": 20,
    "class_referral": 12,
    "internet_cafe": 10,
    "library": 5,
    "parcel_shop": 15,
    "forwarder": 3,
    "mover_inherits": 60,
    "recycled_phone": 60,
    "device_sold_on": 60,
    "phone_shop_help": 4,
    "launch_fans": 10,
    "recall_customers": 8,
    "scam_victims": 8,
    "influencer_drop": 8,
    "regulars_of_a_seller": 10,
    "save_the_bookshop": 8,
    "courier_strike": 6,
    "office_mates": 35,
    "handed_over": 10,
}
"""About how many groups of each kind are made on purpose; households come from who lives with whom."""

LONE_PER_20_000 = 16
"""Swindlers who work alone; one more stands behind each group of ``scam_victims``."""


@dataclass(frozen=True)
class HarbourSettings(WorldSettings):
    """The knobs of a harbour of at least 300 accounts; from 2,000 on every kind of honest group is there.

    A hard one: rings mostly share nothing, work for months, from aged accounts that live like everybody's.
    """

    place: ClassVar[str] = "a harbour"
    least_accounts: ClassVar[int] = LEAST_ACCOUNTS
