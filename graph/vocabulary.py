"""The words of results that every part of Ringfence shares: tiers, kinds of ring, the shop without a name."""

from __future__ import annotations

from typing import Literal

Tier = Literal["automatic", "review", "watch", "clear"]


TIERS: tuple[Tier, ...] = ("clear", "watch", "review", "automatic")
"""From harmless to certain; the position is the tier's code in arrays."""


RingKind = Literal["trade", "review", "attack", "refund", "farm", "shared-identity"]


RING_KINDS: tuple[RingKind, ...] = ("trade", "review", "attack", "refund", "farm", "shared-identity")


SHOP_ID = "market"
"""The key of the one ``Shop`` node: who sold, where an order names no seller."""


PERSONAL_KINDS = frozenset(
    ("device", "payment", "phone", "card", "cookie", "wallet", "email", "iban", "national_id")
    + ("email_address", "mobile", "telephone", "bank", "bank_account", "payout", "payout_account")
)
"""Kinds of identifiers that are one person's, or a household's."""


REFUND_STATUSES = ("chargeback", "charged_back", "disputed", "refunded", "returned")
"""Statuses of orders whose money went back, or is asked back, unless the policy has others; case does not matter."""


UNION = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
"""The countries of the European Union (ISO 3166-1)."""


COUNTRIES = (*UNION, "IS", "LI", "NO")
"""The countries of the European Economic Area."""
