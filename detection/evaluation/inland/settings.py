"""What can be asked of an inland country, and how many groups and rings of each kind that makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from detection.evaluation.countries import CountrySettings, Way

ORDINARY_SHARE = 0.75
"""Ordinary countries have so many of the honest groups that hard ones have."""

WAYS: dict[str, Way] = {
    "circulation": Way("trade", 3, 4, 30, 20, 80),
    "sock_boost": Way("review", 3, 5, 60, 15, 70),
    "praise_pool": Way("review", 3, 6, 50, 30, 90, 1.0),
    "attack_pool": Way("attack", 3, 5, 40, 10, 50, 0.35),
    "refund_crew": Way("refund", 3, 4, 40, 20, 80),
    "triangulation": Way("refund", 2, 6, 30, 25, 80),
    "bust_out": Way("farm", 3, 4, 30, 100, 240),
    "bonus_farm": Way("farm", 2, 8, 60, 10, 60),
    "reputation_scam": Way("trade", 3, 4, 30, 30, 80),
    "rented_farm": Way("farm", 2, 8, 60, 60, 150),
    "card_fencing": Way("refund", 2, 6, 30, 20, 70),
    "wash_trade": Way("trade", 2, 4, 24, 30, 100, 1.0),
    "coupon_abuse": Way("farm", 2, 6, 60, 15, 60),
    "fake_listings": Way("farm", 2, 4, 40, 12, 60),
    "lost_parcels": Way("refund", 2, 4, 24, 25, 90),
}

GROUPS_PER_20_000: dict[str, int] = {
    "extended_family": 26,
    "flatshare": 30,
    "dormitory": 6,
    "shelter": 8,
    "ward": 7,
    "carer": 20,
    "housing_association": 8,
    "heirs": 10,
    "two_hats": 36,
    "library": 7,
    "repair_cafe": 8,
    "evening_course": 10,
    "school_class": 10,
    "language_cafe": 6,
    "parcel_shop": 7,
    "seasonal_workers": 6,
    "savings_circle": 16,
    "clothes_swap": 12,
    "seed_swap": 7,
    "game_swap": 10,
    "collector_ring": 10,
    "hobby_season": 10,
    "hobby_years": 8,
    "meet_up": 9,
    "flea_crew": 9,
    "church_bazaar": 8,
    "football_team": 9,
    "choir": 7,
    "group_buy": 14,
    "friends": 40,
    "office": 12,
    "shop_staff": 13,
    "consignment": 7,
    "fulfilment": 5,
    "bookkeeper": 7,
    "wholesale_resellers": 7,
    "company_phones": 7,
    "trade_fair": 4,
    "fans": 9,
    "review_drive": 6,
    "launch": 6,
    "recall": 6,
    "courier_strike": 4,
    "seller_victims": 7,
    "followers": 5,
    "device_chain": 16,
}
"""How many groups of each kind a hard country has; households come from who lives with whom."""

LONE_PER_20_000 = 14
"""Crooks who work alone; one more stands behind each group of ``seller_victims``."""


@dataclass(frozen=True)
class InlandSettings(CountrySettings):
    """The knobs of an inland country of at least 300 accounts; from 2,000 on every kind of honest group is there.

    A hard one: every second ring shares nothing, rings work for months, from aged accounts that live like everybody's;
    a third more honest groups.
    """

    place: ClassVar[str] = "an inland country"
