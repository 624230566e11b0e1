"""Every channel, one record each.  A new one is a record here and a finder in :mod:`detection.channels.find`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from detection.channels.conduct import COMPLAINTS, REFUNDS
from detection.channels.events import find_events, find_messages
from detection.channels.find import (
    find_identifiers,
    find_items_back,
    find_praise_or_blame,
    find_purchases,
    find_referrers,
    find_refund_claims,
    find_sign_ups,
    find_trades,
)
from detection.channels.money import find_first_payers, find_last_payees, find_transfers
from detection.channels.record import IDENTIFIER_ROLES, Channel, Role
from graph.errors import ConfigError

PRAISE, BLAME, REFUND, PURCHASE, ITEM, FUNDING, SWEEP, TRANSFER, EVENT, MESSAGE, REFERRED, SIGN_UP, TRADE = (
    "praise", "blame", "refund", "purchase", "item", "funding", "sweep", "transfer", "event", "message", "referral",
    "sign-up", "trade",
)  # fmt: skip

ALIKE = 0.8
"""A name as much like that of a channel is a slip; another is a kind of identifier that is yet to come."""
DEED_WINDOWS_DAYS = (4.0, 32.0, 256.0)
"""Campaigns take days, weeks or most of a year."""


def describe_kind(kind: str, role: Role, one: str = "", many: str = "", **known: Any) -> Channel:
    """The record of a kind of identifier."""
    one = one or kind
    at_home = role != "content"
    return Channel(kind, find_identifiers, one, many or f"{one}s", role=role, is_shared_at_home=at_home, **known)


NETWORK: dict[str, Any] = {"affinity": 5.0, "lease_days": 90.0}
"""People of one town are on one provider's networks; after a quarter of silence an address has another user."""

KINDS = (
    describe_kind("device", "personal", is_device=True),
    *(describe_kind(kind, "personal") for kind in ("payment", "phone", "card")),
    *(describe_kind(kind, "personal", is_free=True) for kind in ("cookie", "wallet")),
    *(
        describe_kind(kind, "personal", "e-mail address", "e-mail addresses", is_free=True)
        for kind in ("email", "email_address")
    ),
    *(describe_kind(kind, "personal", "phone number") for kind in ("mobile", "telephone")),
    describe_kind("iban", "personal", "IBAN"),
    *(describe_kind(kind, "personal", "bank account") for kind in ("bank", "bank_account")),
    *(describe_kind(kind, "personal", "pay-out account") for kind in ("payout", "payout_account")),
    describe_kind("national_id", "personal", "national id"),
    describe_kind("address", "place", many="addresses"),
    describe_kind("wifi", "place", "Wi-Fi network"),
    describe_kind("ip", "place", "IP address", "IP addresses", **NETWORK),
    describe_kind("ipv6", "place", "IPv6 address", "IPv6 addresses", **NETWORK),
    *(describe_kind(kind, "place", "IP address", "IP addresses", **NETWORK) for kind in ("ip_address", "ipv4")),
    describe_kind("asn", "coarse", "network operator"),
    describe_kind("browser", "coarse"),
    describe_kind("user_agent", "coarse", "user agent"),
    describe_kind("postcode", "coarse"),
    *(describe_kind(kind, "content") for kind in ("photo", "photo-hash", "photo_hash")),
    *(
        describe_kind(kind, "content", "listing's text", "listings' texts", is_written=True)
        for kind in ("listing-text", "listing_text", "text-hash", "text_hash")
    ),
)

NAMES = frozenset(("name", "company"))
"""Kinds that many strangers share and no run looks at, unless ``[detect.channels]`` describes them."""

BEHAVIOURS = (
    Channel(
        PRAISE, find_praise_or_blame, "target praised at the same time", "targets praised at the same time",
        affinity=3.0, windows_days=DEED_WINDOWS_DAYS, ring_kind="review", about="good reviews of",
        party="beneficiary", party_verb="praised", is_seller_bound=True, is_searched_alone=True, has_blocks=True,
        draws_crowds=True,
    ),
    Channel(
        BLAME, find_praise_or_blame, "target blamed at the same time", "targets blamed at the same time",
        windows_days=DEED_WINDOWS_DAYS, ring_kind="attack", about="bad reviews of", party="target",
        party_verb="blamed", is_seller_bound=True, implies=COMPLAINTS, is_searched_alone=True, has_blocks=True,
        draws_crowds=True,
    ),
    Channel(
        REFUND, find_refund_claims,
        "seller asked for refunds at the same time", "sellers asked for refunds at the same time",
        windows_days=DEED_WINDOWS_DAYS, ring_kind="refund", about="refunds from", party="target",
        party_verb="asked for refunds", is_seller_bound=True, implies=REFUNDS, is_searched_alone=True,
        draws_crowds=True,
    ),
    # Windows of more than a fortnight show who likes what.  Most rings buy something too: that hardly names them.
    Channel(
        PURCHASE, find_purchases, "thing bought at the same time", "things bought at the same time",
        affinity=4.0, windows_days=(1.0, 4.0, 16.0), ring_kind="farm", kind_weight=0.2, about="purchases of",
        is_seller_bound=True, draws_crowds=True, is_deed_of_joined=True,
    ),
    Channel(
        ITEM, find_items_back, "item that came back to who had sold it", "items that came back to who had sold them",
        ring_kind="trade", about="had back",
    ),
    Channel(
        FUNDING, find_first_payers, "first payer", "first payers", ring_kind="farm", is_shared_at_home=True,
        about="first paid by", is_payment=True, has_pool=False, is_deed=False,
    ),
    Channel(
        SWEEP, find_last_payees, "last payee", "last payees", ring_kind="farm",
        about="last paid", is_shared_at_home=True, is_payment=True, has_pool=False, is_deed=False,
    ),
    Channel(
        TRANSFER, find_transfers, "account paid at the same time", "accounts paid at the same time", affinity=4.0,
        windows_days=(1.0, 4.0, 16.0), ring_kind="farm", kind_weight=0.2, about="paid", is_seller_bound=True,
        draws_crowds=True, is_payment=True, has_pool=False, is_deed=False,
    ),
    # A minute, an hour, a day: a machine, a hand, a campaign.
    Channel(
        EVENT, find_events, "object acted on at the same time", "objects acted on at the same time", affinity=4.0,
        windows_days=(1 / 1440, 1 / 24, 1.0), ring_kind="farm", about="acted on", is_shared_at_home=True,
        is_searched_alone=True, draws_crowds=True, is_of_objects=True, is_deed_of_joined=True,
    ),
    Channel(
        MESSAGE, find_messages, "text that others sent as well", "texts that others sent as well", affinity=3.0,
        ring_kind="farm", about="sent", is_searched_alone=True, is_of_objects=True,
    ),
    Channel(REFERRED, find_referrers, "referrer", "referrers", ring_kind="farm", is_shared_at_home=True),
    # Signing up joins everybody to somebody, and makes no pool, since everybody did: it only counts as evidence.
    Channel(
        SIGN_UP, find_sign_ups, "moment of signing up", "moments of signing up",
        windows_days=(1 / 24, 1 / 4, 1.5, 9.0), ring_kind="farm", has_pool=False, is_followed=False, is_deed=False,
    ),
    Channel(TRADE, find_trades, many="pairs of members trade", ring_kind="trade"),
)  # fmt: skip


@dataclass(frozen=True)
class Catalogue:
    """The channels that a run looks for.

    Attributes
    ----------
    kinds
        Records of kinds of identifiers; one that is not among them is neutral.
    behaviours
        Records of what accounts do, in the order in which they are reported.
    """

    kinds: Mapping[str, Channel] = field(default_factory=lambda: {channel.name: channel for channel in KINDS})
    behaviours: tuple[Channel, ...] = BEHAVIOURS

    @property
    def names(self) -> tuple[str, ...]:
        """Every channel that has a record."""
        return (*self.kinds, *(channel.name for channel in self.behaviours))

    def list_channels(self, kinds: Iterable[str]) -> Iterator[Channel]:
        """The channels of a market that has these kinds of identifiers; names only where they are described."""
        for kind in kinds:
            if kind in self.kinds or kind not in NAMES:
                yield self.kinds.get(kind) or describe_kind(kind, "unknown")
        yield from self.behaviours

    def adjust(self, changes: Mapping[str, Mapping[str, Any]], kinds: Iterable[str]) -> Catalogue:
        """The catalogue with what ``[detect.channels]`` says of each.

        Parameters
        ----------
        changes
            New values of a record's fields by channel.
        kinds
            Of the market's identifiers.

        Raises
        ------
        ConfigError
            If a name is that of no channel but near one, or a behaviour is given a role.
        """
        known = {channel.name: channel for channel in (*self.list_channels(kinds), *self.kinds.values())}
        for name, values in changes.items():
            near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=ALIKE) if name not in known else []
            if near:
                raise ConfigError(
                    f"[detect.channels] in the settings: there is no channel {name!r}; did you mean {near[0]!r}?"
                )
            before = known.get(name) or describe_kind(name, "unknown")
            if not before.is_identifier and "role" in values:
                roles = ", ".join(IDENTIFIER_ROLES)
                raise ConfigError(
                    f"[detect.channels.{name}] in the settings: {name} is what accounts do; only a kind of identifier"
                    f" has a role ({roles})"
                )
            known[name] = replace(before, **values)
        behaviours = tuple(known[channel.name] for channel in self.behaviours)
        named = {channel.name for channel in behaviours}
        return Catalogue({name: channel for name, channel in known.items() if name not in named}, behaviours)


def say_rules(channels: Iterable[Channel]) -> dict[str, dict[str, Any]]:
    """What of some channels can move a verdict, for the record of a run."""
    plain = {name for name in Channel.__dataclass_fields__ if name not in ("name", "find", "one", "many", "about")}
    return {
        channel.name: {
            name: value for name in sorted(plain) if (value := getattr(channel, name)) != _DEFAULTS.get(name, value)
        }
        for channel in channels
    }


_DEFAULTS = {name: each.default for name, each in Channel.__dataclass_fields__.items()}
