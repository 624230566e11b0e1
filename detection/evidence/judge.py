"""Judged groups: evidence, innocent readings and the charge for the search, for all groups at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detection.candidates.links import NO_LINKS, Links
from detection.candidates.trade_cycles import link_circles
from detection.channels.catalogue import DONE_WITH_SELLERS, SIGN_UP, TRADE
from detection.channels.conduct import Conduct, measure_conduct
from detection.channels.facts import find_thing_sellers
from detection.channels.find import find_dealings, find_shared_things
from detection.channels.incidence import Dealings, SharedThings
from detection.channels.windows import MICROS_PER_DAY
from detection.evidence.description_length import NO_POOLS, Naming, Pools, find_pools, name_groups
from detection.evidence.explanations import GroupFacts, Reading, hear_innocent_readings, weigh_innocence
from detection.evidence.market_norms import DEFAULT_HABITS, Habits, measure_habits
from detection.evidence.measure import (
    ChannelEvidence,
    SharedWithin,
    find_all_shared,
    measure_dealings,
    sum_conduct,
    sum_shared,
    tell_apart,
    tie_members,
)
from detection.groups import Groups, index_by_account
from graph.model import Floats, Ints, Snapshot, Times


@dataclass(frozen=True)
class Channels:
    """Every channel of a snapshot by name, whom a search by each can find, for what is done with
    sellers the seller concerned by each thing (n_things,), the links of trades in ``circles``, and what is
    usual in the market.
    """

    things: Mapping[str, SharedThings]
    dealings: Mapping[str, Dealings]
    conduct: tuple[Conduct, ...] = ()
    pools: Pools = NO_POOLS
    concerned: Mapping[str, Ints] = field(default_factory=dict)
    circles: Links = NO_LINKS
    habits: Habits = DEFAULT_HABITS

    @property
    def followed(self) -> dict[str, SharedThings]:
        """The things that searches follow: signing up joins everyone to somebody, and only counts as evidence."""
        return {name: channel for name, channel in self.things.items() if name != SIGN_UP}


@dataclass(frozen=True)
class InnerTrades:
    """Trades among the members of each group.

    ``days`` (G,) from the first to the last, endless where none is dated; ``is_trader`` (M,) tells which
    memberships trade, and ``is_circular`` (M,) which both buy and sell; ``sale_share`` (G,) of them name a
    product, and are no mere payments.
    """

    days: Floats
    is_trader: NDArray[np.bool_]
    is_circular: NDArray[np.bool_]
    sale_share: Floats


@dataclass(frozen=True)
class Assessment:
    """Groups with all that is known of them, per group (G,) unless said otherwise; ``won`` tells for each
    innocent reading where it was heard and won.
    """

    groups: Groups
    dealings: Mapping[str, Dealings]
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    readings: tuple[Reading, ...]
    won: Mapping[str, NDArray[np.bool_]]
    naming: Naming
    net_bits: Floats
    inner_trades: InnerTrades

    @cached_property
    def member_bits(self) -> Floats:
        """What each membership adds to its group (M,)."""
        counts = {TRADE: self.inner_trades.is_circular}
        return tie_members(self.groups, self.within, self.dealings, self.naming.total, counts=counts)

    @property
    def charge_bits(self) -> Floats:
        """What naming each group costs (G,)."""
        return self.naming.charge


def find_channels(snapshot: Snapshot) -> Channels:
    """All channels that the snapshot has facts for."""
    things = {channel.name: channel for channel in find_shared_things(snapshot)}
    dealings = {channel.name: channel for channel in find_dealings(snapshot)}
    return gather_channels(things, dealings, measure_conduct(snapshot), snapshot)


def gather_channels(
    things: Mapping[str, SharedThings],
    dealings: Mapping[str, Dealings],
    conduct: tuple[Conduct, ...],
    snapshot: Snapshot,
) -> Channels:
    """Some channels of a snapshot, and what follows from them."""
    pools = find_pools(things, dealings, conduct, snapshot.n_accounts)
    concerned = {name: find_thing_sellers(things[name], snapshot) for name in DONE_WITH_SELLERS if name in things}
    circles = link_circles(dealings[TRADE], snapshot.n_accounts) if TRADE in dealings else NO_LINKS
    habits = measure_habits(snapshot, dealings, circles)
    return Channels(things, dealings, conduct, pools, concerned, circles, habits)


@dataclass(frozen=True)
class _Shown:
    """What groups show, and what naming them costs."""

    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    inner: InnerTrades
    naming: Naming

    @property
    def total_bits(self) -> Floats:
        """Of all channels (G,)."""
        total: Floats = sum((shown.bits for shown in self.evidence.values()), np.zeros(len(self.naming.size)))
        return total


def judge_groups(groups: Groups, snapshot: Snapshot, channels: Channels) -> Assessment:
    """Weigh evidence, innocent readings and the charge for the search, in the order given."""
    shown = _show_evidence(groups, snapshot, channels)
    inner = shown.inner
    facts = GroupFacts(groups, shown.evidence, shown.within, inner.days, inner.is_trader, channels.habits)
    readings = hear_innocent_readings(facts, channels.things, snapshot)
    verdict = weigh_innocence(shown.total_bits, shown.naming, readings)
    return Assessment(
        groups,
        channels.dealings,
        shown.evidence,
        shown.within,
        tuple(readings),
        verdict.won,
        shown.naming,
        verdict.net_bits,
        inner,
    )


def bound_net_bits(groups: Groups, snapshot: Snapshot, channels: Channels) -> Floats:
    """What would stand if no innocent reading were heard (G,): no less than what does."""
    shown = _show_evidence(groups, snapshot, channels)
    return shown.total_bits - shown.naming.charge


def _show_evidence(groups: Groups, snapshot: Snapshot, channels: Channels) -> _Shown:
    within = tell_apart(find_all_shared(groups, channels.things), channels.concerned)
    evidence = {name: sum_shared(channels.things[name], found, len(groups)) for name, found in within.items()}
    inner = measure_inner_trades(groups, snapshot)
    for name, channel in channels.dealings.items():
        counts = inner.is_circular if name == TRADE else None
        evidence[name] = measure_dealings(groups, channel, snapshot.n_accounts, counts=counts)
    evidence |= {signal.name: sum_conduct(groups, signal) for signal in channels.conduct}
    return _Shown(evidence, within, inner, name_groups(groups, channels.pools, snapshot.n_accounts))


def count_traders(groups: Groups, snapshot: Snapshot) -> dict[str, NDArray[np.bool_]]:
    """Trades count among those who both buy and sell inside the group: the others are customers."""
    return {TRADE: measure_inner_trades(groups, snapshot).is_circular}


def measure_inner_trades(groups: Groups, snapshot: Snapshot) -> InnerTrades:
    """Look at the orders whose two ends are members of one group, O(orders of the members)."""
    orders, n = snapshot.orders, snapshot.n_accounts
    known = np.flatnonzero((orders.seller >= 0) & (orders.seller != orders.buyer))
    bought = groups.find_facts(index_by_account(orders.buyer[known]))
    membership, order = bought.membership, known[bought.row]
    code = groups.group * n + groups.account  # sorted: groups in order, accounts sorted within each
    wanted = groups.group[membership] * n + orders.seller[order]
    place = np.minimum(np.searchsorted(code, wanted), max(len(code) - 1, 0))
    inside = code[place] == wanted if len(code) else np.zeros(0, dtype=bool)
    source, target, order = membership[inside], place[inside], order[inside]
    buys, sells = (np.bincount(end, minlength=len(groups.account)) > 0 for end in (source, target))
    both = buys & sells
    group = groups.group[source]
    return InnerTrades(
        _span_days(groups, group, orders.ordered_at[order]),
        buys | sells,
        both,
        _share(groups, group, orders.product[order] >= 0),
    )


def _span_days(groups: Groups, group: Ints, at: Times) -> Floats:
    dated = ~np.isnat(at)
    first, last = np.full(len(groups), np.inf), np.full(len(groups), -np.inf)
    days = at[dated].astype(np.int64) / MICROS_PER_DAY
    np.minimum.at(first, group[dated], days)
    np.maximum.at(last, group[dated], days)
    span: Floats = np.where(last >= first, last - first, np.inf)
    return span


def _share(groups: Groups, group: Ints, holds: NDArray[np.bool_]) -> Floats:
    """The share of each group's trades of which something holds (G,); 0 where there are none."""
    trades = np.bincount(group, minlength=len(groups))
    return np.bincount(group, weights=holds, minlength=len(groups)) / np.maximum(trades, 1)
