"""What can be asked of a village, and how many groups of each kind that makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from detection.evaluation.simulation.settings import WorldSettings

ACCOUNTS_PER_RING = 570
SMALLEST_MARKET = 2_000

METHODS: dict[str, str] = {
    "circulation": "trade",
    "sock_puppets": "review",
    "praise_pool": "review",
    "attack_pool": "attack",
    "refund_abuse": "refund",
    "triangulation": "refund",
    "bust_out": "farm",
    "referral_farm": "farm",
    "reputation_scam": "trade",
}
"""By way of working, the kind of ring that is nearest to it."""

GROUPS_PER_20_000: dict[str, int] = {
    "extended_family": 25,
    "friends": 20,
    "savings_circle": 8,
    "swap_circle": 8,
    "hobby_season": 8,
    "hobby_years": 8,
    "meet_up": 4,
    "school_class": 5,
    "office": 8,
    "dormitory": 3,
    "shared_tablets": 3,
    "library": 4,
    "consignment": 4,
    "fulfilment": 3,
    "shop_staff": 5,
    "resellers": 5,
    "fans": 8,
    "launch": 6,
    "recall": 3,
    "seller_victims": 4,
    "followers": 4,
    "second_hand": 25,
    "bookkeeper": 5,
    "payout_platform": 3,
}
"""How many groups of each kind are made on purpose; households, carriers and VPNs come from how people live."""


@dataclass(frozen=True)
class VillageSettings(WorldSettings):
    """The knobs of a village of at least 2,000 accounts.

    A hard one: rings share fewer identifiers, work for months, from aged accounts with much camouflage; honest groups
    are three times as many.
    """

    place: ClassVar[str] = "a village"
    least_accounts: ClassVar[int] = SMALLEST_MARKET

    @property
    def n_rings(self) -> int:
        """Planted rings; every way of working is there at least once."""
        return max(len(METHODS), round(self.n_accounts / ACCOUNTS_PER_RING))

    def count_groups(self, kind: str) -> int:
        """How many groups of a kind are made on purpose, at least one (hard: three)."""
        at_ease = max(1, round(GROUPS_PER_20_000[kind] * self.n_accounts / 20_000))
        return 3 * at_ease if self.is_hard else at_ease
