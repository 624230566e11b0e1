"""The market: all that judging needs, made once from a snapshot.  Below here nobody looks for facts again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection.candidates.links import NO_LINKS, Links
from detection.candidates.trade_cycles import link_cycles
from detection.channels.catalogue import ITEM, TRADE, Catalogue, say_rules
from detection.channels.circulation import find_falling
from detection.channels.conduct import SIGNALS, Conduct, measure_conduct
from detection.channels.facts import find_kept_trades, find_thing_sellers
from detection.channels.incidence import Dealings, SharedThings
from detection.channels.record import Channel, FoundChannel
from detection.evidence.clock import Clock, make_clock
from detection.evidence.description_length import NO_POOLS, Pools, find_pools
from detection.evidence.faults import Faults, find_faults
from detection.groups import ByAccount, index_by_account
from detection.parallel import map_threads
from detection.policy import DEFAULT_POLICY, Policy
from detection.settings import DetectSettings
from graph.errors import ConfigError
from graph.model import Floats, Ints, Snapshot, Times
from graph.settings import nearest_hint


@dataclass(frozen=True)
class TradeIndex:
    """Orders with a known seller who is not the buyer, none of them refunded, found by buyer.

    ``by_buyer`` gives rows of ``seller``, ``ordered_at`` and ``names_product`` (K,); ``n_deals`` (N,) is how many of
    them each account has bought or sold.
    """

    by_buyer: ByAccount
    seller: Ints
    ordered_at: Times
    names_product: NDArray[np.bool_]
    n_deals: Ints


@dataclass(frozen=True)
class Market:
    """A market, made once.

    Attributes
    ----------
    snapshot
        The facts: for ids, names and words.
    policy
        Every rule that can move a verdict.
    things, dealings
        Each channel by name, in the order in which they are reported.
    conduct
        What accounts do unusually often, by signal.
    pools
        Whom a search by each channel can find.
    sellers
        For what is done with sellers, the seller concerned by each thing (n_things,), -1 for none.
    cycles
        The links of trades in cycles.
    """

    snapshot: Snapshot
    policy: Policy = DEFAULT_POLICY
    things: Mapping[str, SharedThings] = field(default_factory=dict)
    dealings: Mapping[str, Dealings] = field(default_factory=dict)
    conduct: tuple[Conduct, ...] = ()
    pools: Pools = NO_POOLS
    sellers: Mapping[str, Ints] = field(default_factory=dict)
    cycles: Links = NO_LINKS

    @property
    def n_accounts(self) -> int:
        """How many accounts: N."""
        return self.snapshot.n_accounts

    @property
    def channels(self) -> dict[str, Channel]:
        """The record of each channel that has facts here, by name."""
        records = [found.record for found in self.things.values()] + [found.record for found in self.dealings.values()]
        return {record.name: record for record in records}

    @property
    def followed(self) -> dict[str, SharedThings]:
        """The things that searches follow."""
        return {name: channel for name, channel in self.things.items() if channel.record.is_followed}

    @property
    def timeless(self) -> list[SharedThings]:
        """The things that are shared whenever they are used: identifiers and referrers."""
        return [channel for channel in self.things.values() if not channel.record.windows_days]

    @property
    def deeds(self) -> tuple[Conduct, ...]:
        """What accounts themselves do unusually often; of the signals, all that are not learned from others."""
        return tuple(signal for signal in self.conduct if not signal.is_learned)

    @cached_property
    def falling_laps(self) -> Floats:
        """Of each item's lap (n_things,) the share of sales at less than the sale before; 0 where it is no lap."""
        falling = find_falling(self.snapshot.orders)
        return np.append(np.zeros(self.things[ITEM].n_things - len(falling)), falling)

    @cached_property
    def trades(self) -> TradeIndex:
        """The orders between two accounts that stood."""
        orders, kept = self.snapshot.orders, find_kept_trades(self.snapshot, self.policy)
        buyer, seller = orders.buyer[kept], orders.seller[kept]
        n_deals = np.bincount(buyer, minlength=self.n_accounts) + np.bincount(seller, minlength=self.n_accounts)
        return TradeIndex(index_by_account(buyer), seller, orders.ordered_at[kept], orders.product[kept] >= 0, n_deals)

    @cached_property
    def faults(self) -> Faults:
        """What buyers complain of, and which products that makes faulty."""
        return find_faults(self.snapshot, self.policy)

    @cached_property
    def admirers(self) -> Ints:
        """How many accounts have praised each seller (N,)."""
        reviews = self.snapshot.reviews
        praised = (reviews.seller >= 0) & (reviews.rating >= self.policy.good_rating)
        pairs = np.unique(reviews.seller[praised] * self.n_accounts + reviews.author[praised])
        return np.bincount(pairs // max(self.n_accounts, 1), minlength=self.n_accounts)

    @cached_property
    def acting_on(self) -> Mapping[str, Ints]:
        """How many accounts did something to each seller (N,), by channel of what is done to sellers."""
        n, found = self.n_accounts, {}
        for name, seller_of in self.sellers.items():
            seller, account = seller_of[self.things[name].thing], self.things[name].account
            pairs = np.unique(seller[seller >= 0] * n + account[seller >= 0])
            found[name] = np.bincount(pairs // n, minlength=n)
        return found

    @cached_property
    def order_clock(self) -> Clock:
        """How the market's orders lie in time."""
        return make_clock(self.snapshot.orders.ordered_at)

    @cached_property
    def review_clock(self) -> Clock:
        """How the market's reviews lie in time."""
        return make_clock(self.snapshot.reviews.reviewed_at)

    def say_rules(self) -> dict[str, dict[str, Any]]:
        """What of each channel here can move a verdict, for the record of a run."""
        return say_rules(self.channels.values())


def make_market(
    snapshot: Snapshot, settings: DetectSettings | None = None, *, catalogue: Catalogue | None = None
) -> Market:
    """Find every channel that a snapshot has facts for, and what follows from them.

    Parameters
    ----------
    snapshot
        The facts.
    settings
        The policy, changes to channels, and channels to look away from.
    catalogue
        The channels to look for.

    Raises
    ------
    ConfigError
        If a channel that the settings name is none.
    """
    settings = settings or DetectSettings()
    kinds, policy = snapshot.identifier_kinds, settings.policy
    adjusted = (catalogue or Catalogue()).adjust(settings.say_channel_changes(), kinds)
    check_names(settings.exclude_channels, [*adjusted.names, *kinds, *SIGNALS])
    wanted = [record for record in adjusted.list_channels(kinds) if record.name not in settings.exclude_channels]
    # Finders sort and count on arrays, which lets other threads work; their order is that of the catalogue.
    found = map_threads(lambda record: record.find(snapshot, record, policy), wanted, rows=snapshot.n_accounts)
    conduct = measure_conduct(snapshot, policy)
    kept = tuple(signal for signal in conduct if signal.name not in settings.exclude_channels)
    return _gather_market(snapshot, policy, found, kept)


def _gather_market(
    snapshot: Snapshot, policy: Policy, found: Iterable[FoundChannel], conduct: tuple[Conduct, ...]
) -> Market:
    heard = [channel for channel in found if not channel.is_silent]
    things = {channel.name: channel for channel in heard if isinstance(channel, SharedThings)}
    dealings = {channel.name: channel for channel in heard if isinstance(channel, Dealings)}
    cycles = link_cycles(dealings[TRADE], snapshot.n_accounts) if TRADE in dealings else NO_LINKS
    return Market(
        snapshot,
        policy,
        things,
        dealings,
        conduct,
        find_pools(things, dealings, conduct, snapshot.n_accounts),
        {name: find_thing_sellers(each, snapshot) for name, each in things.items() if each.record.is_seller_bound},
        cycles,
    )


def check_names(names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a channel to look away from that there is not.

    Raises
    ------
    ConfigError
        Naming the nearest one: whoever misspells a channel would believe it switched off.
    """
    there = set(known)
    for name in names:
        if name not in there:
            listed = nearest_hint(name, there) or f"; there are {', '.join(sorted(there))}"
            raise ConfigError(f"exclude_channels in the settings: there is no channel {name!r}{listed}")
