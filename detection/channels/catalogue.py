"""Every channel by name, and what the others need to know of it."""

from __future__ import annotations

DEED_WINDOWS_DAYS = (4, 32, 256)
"""Windows in which accounts do the same to one target; where no time is known, there is but one."""


PURCHASE_WINDOWS_DAYS = (1, 4, 16)
"""Longer ones show who likes what."""


SIGN_UP_WINDOWS_DAYS = (1 / 24, 1 / 4, 1.5, 9)


NETWORK, LEASE_DAYS = "ip", 90
"""Uses of a network address further apart than this are by different people."""


PRAISE, BLAME, REFUND, PURCHASE, REFERRED, SIGN_UP, TRADE = (
    "praise", "blame", "refund", "purchase", "referral", "sign-up", "trade",
)  # fmt: skip


BEHAVIOUR = frozenset({PRAISE, BLAME, REFUND, PURCHASE, REFERRED, SIGN_UP, TRADE})


DONE_WITH_SELLERS = (PRAISE, BLAME, REFUND, PURCHASE)
