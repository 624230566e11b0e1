"""What can be asked of payments among friends, and how many groups and rings of each kind that makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from detection.evaluation.countries import CountrySettings, Way

ORDINARY_SHARE = 0.8
"""Ordinary countries have so many of the honest groups that hard ones have."""

WAYS: dict[str, Way] = {
    "mule_chain": Way("trade", 3, 5, 40, 10, 60),
    "takeover_crew": Way("refund", 2, 3, 24, 5, 40),
    "card_testing": Way("farm", 2, 4, 40, 5, 30),
    "fake_payees": Way("refund", 2, 4, 30, 10, 60),
    "bonus_farm": Way("farm", 2, 8, 60, 5, 50),
    "fake_seller": Way("farm", 3, 3, 24, 14, 70),
    "limit_building": Way("trade", 3, 4, 24, 40, 120),
    "friendly_fraud": Way("refund", 2, 4, 20, 15, 70, 0.6),
    "bust_out": Way("farm", 2, 4, 30, 80, 200),
    "synthetic_people": Way("farm", 2, 5, 40, 40, 150),
    "hired_mules": Way("trade", 3, 4, 30, 15, 70, 1.0),
    "romance_scam": Way("trade", 2, 3, 14, 40, 150),
    "structuring": Way("trade", 2, 4, 30, 15, 80, 0.35),
    "gambling_float": Way("trade", 2, 4, 24, 20, 90, 0.4),
    "promo_wash": Way("trade", 2, 4, 40, 10, 60, 0.3),
}

GROUPS_PER_20_000: dict[str, int] = {
    "couple": 1500,
    "family": 430,
    "flatshare": 260,
    "dormitory": 10,
    "student_abroad": 150,
    "separated_parents": 80,
    "au_pair": 30,
    "shelter": 9,
    "carer": 22,
    "grandparents": 110,
    "weekly_dinner": 160,
    "friends": 300,
    "poker_night": 40,
    "fantasy_league": 26,
    "savings_circle": 24,
    "trip": 150,
    "gift_collection": 130,
    "wedding": 36,
    "babysitting_circle": 24,
    "carpool": 60,
    "shared_subscription": 80,
    "festival": 40,
    "party": 14,
    "football_team": 30,
    "choir": 14,
    "class_trip": 30,
    "church": 10,
    "food_coop": 9,
    "course_bonus": 10,
    "crowdfunding": 12,
    "office_lunch": 60,
    "market_stall": 24,
    "busker": 14,
    "tutor": 36,
    "landlord": 36,
    "cleaner": 36,
    "two_hats": 100,
    "family_business": 26,
    "company_phones": 14,
    "gig_payday": 10,
    "seasonal_workers": 9,
    "remittance": 60,
    "phone_shop": 14,
    "prepaid_kiosk": 24,
    "device_chain": 44,
    "second_account": 70,
    "cancelled_event": 10,
    "scam_victims": 8,
}
"""How many groups of each kind a hard country has."""

LONE_PER_20_000 = 16
"""Crooks who work alone; one more stands behind each group of ``scam_victims``."""


@dataclass(frozen=True)
class PaymentsSettings(CountrySettings):
    """The knobs of a country of at least 300 accounts; from 2,000 on every kind of honest group is there.

    A hard one: every second ring shares nothing, rings work for months, from aged accounts that live like everybody's;
    a quarter more honest groups.
    """

    place: ClassVar[str] = "a country of payments"
