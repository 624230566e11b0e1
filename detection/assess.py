"""From a snapshot to judged groups: channels → links → candidates → evidence → innocence → rank.

Everything is worked out for all candidates at once; the best of those that overlap are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.candidates import Groups, distinct_groups, find_candidates, join_groups, take_groups
from detection.channels import MICROS_PER_DAY, SIGN_UP, Dealings, SharedThings, find_dealings, find_shared_things
from detection.evidence import (
    ChannelEvidence,
    SharedWithin,
    charge_search,
    find_shared_within,
    measure_dealings,
    sum_shared,
    tie_members,
)
from detection.innocence import GroupFacts, Reading, hear_innocent_readings, weigh_innocence
from detection.links import link_pairs
from detection.settings import DetectSettings
from graph.model import Floats, Ints, Snapshot, Times

TRIM_ROUNDS = 3
MAX_OVERLAP = 0.5


@dataclass(frozen=True)
class Channels:
    """Every channel of a snapshot by name."""

    things: Mapping[str, SharedThings]
    dealings: Mapping[str, Dealings]


@dataclass(frozen=True)
class InnerTrades:
    """Trades among the members of each group.

    ``days`` (G,) from the first to the last; ``is_trader`` (M,) tells which memberships trade;
    ``circular_share`` (G,) of the trades run between members who both buy and sell inside the
    group; ``sale_share`` (G,) of them name a product, and are no mere payments.
    """

    days: Floats
    is_trader: NDArray[np.bool_]
    circular_share: Floats
    sale_share: Floats


@dataclass(frozen=True)
class Assessment:
    """Groups with all that is known of them, per group (G,) unless said otherwise.

    ``member_bits`` (M,) is what each membership adds to its group; ``won`` tells for each innocent
    reading where it was heard and won.
    """

    groups: Groups
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    readings: tuple[Reading, ...]
    won: Mapping[str, NDArray[np.bool_]]
    charge_bits: Floats
    net_bits: Floats
    member_bits: Floats
    inner_trades: InnerTrades


def find_channels(snapshot: Snapshot) -> Channels:
    """All channels that the snapshot has facts for."""
    things = {channel.name: channel for channel in find_shared_things(snapshot)}
    return Channels(things, {channel.name: channel for channel in find_dealings(snapshot)})


def assess_market(snapshot: Snapshot, channels: Channels, settings: DetectSettings) -> Assessment:
    """Propose, trim and judge the groups of a market.

    Parameters
    ----------
    snapshot, channels
        The market.
    settings
        Resolutions and seed of the searches.

    Returns
    -------
    Assessment
        Of the groups whose evidence stands, best first, without those that repeat a better one.
    """
    n = snapshot.n_accounts
    # Sign-up slots join everyone to somebody: they count as evidence, but no search follows them.
    things = tuple(channel for name, channel in channels.things.items() if name != SIGN_UP)
    links = link_pairs(things, tuple(channels.dealings.values()), n)
    groups = find_candidates(links, n, settings.resolutions, seed=settings.seed)
    proposals = [groups]
    for _ in range(TRIM_ROUNDS):
        within = {channel.name: find_shared_within(groups, channel, n) for channel in things}
        groups = trim_groups(groups, tie_members(groups, within, channels.dealings, n), n)
        proposals.append(groups)
    every = join_groups(proposals)
    judged = judge_groups(every, snapshot, channels)
    return judge_groups(take_groups(every, _pick_best(judged)), snapshot, channels)


def judge_groups(groups: Groups, snapshot: Snapshot, channels: Channels) -> Assessment:
    """Weigh evidence, innocent readings and the charge for the search, in the order given."""
    n = snapshot.n_accounts
    within = {name: find_shared_within(groups, channel, n) for name, channel in channels.things.items()}
    evidence = {name: sum_shared(name, found, len(groups)) for name, found in within.items()}
    evidence |= {name: measure_dealings(groups, channel, n) for name, channel in channels.dealings.items()}
    inner = measure_inner_trades(groups, snapshot)
    facts = GroupFacts(groups, evidence, within, inner.days, inner.is_trader, inner.circular_share)
    readings = hear_innocent_readings(facts, channels.things, snapshot)
    charge = charge_search(groups.size, n)
    verdict = weigh_innocence(_total(evidence, len(groups)), groups.size, readings, n)
    ties = tie_members(groups, within, channels.dealings, n)
    return Assessment(groups, evidence, within, tuple(readings), verdict.won, charge, verdict.net_bits, ties, inner)


def trim_groups(groups: Groups, member_bits: Floats, n_accounts: int) -> Groups:
    """Leave out members that bring less than naming them costs."""
    size = groups.size
    cost = np.log2(np.maximum(n_accounts - size, 1) / np.maximum(size, 1))
    kept = member_bits >= cost[groups.group]
    return distinct_groups(groups.account[kept], np.bincount(groups.group[kept], minlength=len(groups)))


def measure_inner_trades(groups: Groups, snapshot: Snapshot) -> InnerTrades:
    """Look at the orders whose two ends are members of one group, O(orders of the members)."""
    orders, n = snapshot.orders, snapshot.n_accounts
    known = np.flatnonzero((orders.seller >= 0) & (orders.seller != orders.buyer))
    bought = groups.find_facts(orders.buyer[known], n)
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
        _share(groups, group, both[source] & both[target]),
        _share(groups, group, orders.product[order] >= 0),
    )


def _span_days(groups: Groups, group: Ints, at: Times) -> Floats:
    dated = ~np.isnat(at)
    first, last = np.full(len(groups), np.inf), np.full(len(groups), -np.inf)
    days = at[dated].astype(np.int64) / MICROS_PER_DAY
    np.minimum.at(first, group[dated], days)
    np.maximum.at(last, group[dated], days)
    span: Floats = np.maximum(last - first, 0.0)
    return span


def _share(groups: Groups, group: Ints, holds: NDArray[np.bool_]) -> Floats:
    """The share of each group's trades of which something holds (G,); 0 where there are none."""
    trades = np.bincount(group, minlength=len(groups))
    return np.bincount(group, weights=holds, minlength=len(groups)) / np.maximum(trades, 1)


def _pick_best(judged: Assessment) -> Ints:
    """Groups whose evidence stands, most bits a member first, none mostly made of a better one's members."""
    order = np.lexsort((judged.groups.start[:-1], -judged.net_bits / judged.groups.size))
    taken: dict[int, int] = {}
    sizes: dict[int, int] = {}
    picked = []
    for group in order[judged.net_bits[order] > 0].tolist():
        members = judged.groups.members(group).tolist()
        claims = Counter(taken[row] for row in members if row in taken)
        overlap = max((n / min(len(members), sizes[rival]) for rival, n in claims.items()), default=0.0)
        if overlap > MAX_OVERLAP or claims.total() > MAX_OVERLAP * len(members):
            continue
        picked.append(group)
        sizes[group] = len(members)
        for row in members:
            taken.setdefault(row, group)
    return np.array(picked, dtype=np.int64)


def _total(evidence: Mapping[str, ChannelEvidence], n_groups: int) -> Floats:
    total: Floats = sum((shown.bits for shown in evidence.values()), np.zeros(n_groups))
    return total
