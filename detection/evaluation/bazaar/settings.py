"""What can be asked of a bazaar, and how many groups of which kind it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from detection.evaluation.simulation.settings import WorldSettings

METHODS = {
    "item_circulation": "trade",
    "sock_puppets": "trade",
    "praise_pool": "review",
    "attack_pool": "attack",
    "refund_pool": "refund",
    "triangulation": "refund",
    "bust_out": "farm",
    "referral_bonus": "farm",
    "reputation_scam": "trade",
    "device_farm": "farm",
}
"""Ways of working, and the kind of ring that each is nearest to."""

GROUPS_PER_20_000 = {
    "household": 40, "extended_family": 10, "friends": 16, "savings_circle": 4, "swap_circle": 6,
    "hobby_season": 6, "hobby_years": 6, "meet_up": 5, "school_class": 5, "office": 6, "dormitory": 3, "shelter": 2,
    "library": 2, "consignment": 3, "fulfilment": 3, "shop_staff": 8, "resellers": 5, "fans": 6, "launch": 4,
    "flash_sale": 4, "recall": 3, "seller_victims": 4, "followers": 4, "second_hand": 10, "bookkeeper": 3,
    "payout_platform": 2, "carrier": 4, "student_flat": 5, "sports_team": 5,
}  # fmt: skip
"""Planted honest groups in 20,000 accounts of an ordinary bazaar: by judgement, no study counts them."""

LEAST_ACCOUNTS = 2_000
_ACCOUNTS_PER_RING = 570
_ORDINARY = 20_000


@dataclass(frozen=True)
class BazaarSettings(WorldSettings):
    """The knobs of a bazaar of at least 2,000 accounts.

    A hard one: rings share hardly anything, take their time, use aged and bought accounts and live ordinary lives
    beside; three times the planted honest groups; more missing times, carrier networks and recycled telephone numbers.
    """

    place: ClassVar[str] = "a bazaar"
    least_accounts: ClassVar[int] = LEAST_ACCOUNTS

    @property
    def n_rings(self) -> int:
        """Planted rings; at least one for each way of working."""
        return max(len(METHODS), round(self.n_accounts / _ACCOUNTS_PER_RING))

    def count_groups(self, kind: str) -> int:
        """Planted honest groups of a kind."""
        once = max(1, round(GROUPS_PER_20_000[kind] * self.n_accounts / _ORDINARY))
        return 3 * once if self.is_hard else once
