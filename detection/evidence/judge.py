"""Judged groups: evidence, innocent explanations and the charge for the search, for all groups at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import TRADE
from detection.evidence.claims import Explanation
from detection.evidence.combinations import account_together, weigh_explanations
from detection.evidence.description_length import DescriptionLength, measure_lengths
from detection.evidence.explanations import COMMUNITIES, find_explanations
from detection.evidence.group_facts import GroupFacts
from detection.evidence.inner_trades import InnerTrades, count_traders, leave_own_payments, measure_inner_trades
from detection.evidence.market import Market
from detection.evidence.measure import (
    ChannelEvidence,
    SharedWithin,
    find_all_shared,
    keep_strongest_channel_per_seller,
    measure_dealings,
    sum_conduct,
    sum_shared,
    tie_members,
)
from detection.groups import Groups
from graph.model import Floats


@dataclass(frozen=True)
class Assessment:
    """Groups with all that is known of them, per group (G,) unless said otherwise.

    ``won`` tells for each innocent explanation where its part was taken off the evidence; ``left`` is what the best
    combination of them leaves of each channel's bits.
    """

    groups: Groups
    market: Market
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    explanations: tuple[Explanation, ...]
    won: Mapping[str, NDArray[np.bool_]]
    left: Mapping[str, Floats]
    length: DescriptionLength
    net_bits: Floats
    inner_trades: InnerTrades

    @cached_property
    def member_bits(self) -> Floats:
        """What each membership adds to its group (M,)."""
        counts = {TRADE: self.inner_trades.counts}
        return tie_members(self.groups, self.within, self.market.dealings, self.market.n_accounts, counts=counts)

    @property
    def charge_bits(self) -> Floats:
        """What naming each group costs (G,)."""
        return self.length.charge

    @cached_property
    def evidence_bits(self) -> Floats:
        """The evidence of all channels (G,)."""
        return _sum_evidence(self.evidence, self.length)

    @cached_property
    def surprising_bits(self) -> Floats:
        """Evidence less the charge (G,): what would stand if nothing had an innocent explanation."""
        return self.evidence_bits - self.length.charge

    @cached_property
    def community_bits(self) -> Floats:
        """What places, campaigns and clubs account for together, each fact once (G,)."""
        heard = [each for each in self.explanations if each.name in COMMUNITIES]
        return account_together(self.evidence, self.within, heard, len(self.groups))


@dataclass(frozen=True)
class _Shown:
    """What groups show, and what naming them costs."""

    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    inner: InnerTrades
    length: DescriptionLength


def _sum_evidence(evidence: Mapping[str, ChannelEvidence], length: DescriptionLength) -> Floats:
    """The bits of all channels (G,)."""
    total: Floats = sum((shown.bits for shown in evidence.values()), np.zeros(len(length.size)))
    return total


def judge_groups(groups: Groups, market: Market) -> Assessment:
    """Weigh evidence, innocent explanations and the charge for the search, in the order given.

    net bits = evidence - charge - what the best innocent explanations take off (:mod:`.explanations`).

    Parameters
    ----------
    groups
        To judge; each by itself.
    market
        Its channels, what is usual in it, and the policy.
    """
    shown = _show_evidence(groups, market)
    facts = GroupFacts(groups, shown.evidence, shown.within, shown.inner, market)
    explanations = find_explanations(facts)
    # The search is charged before anything is explained: what does not pay for its names needs no explanation.
    best = weigh_explanations(shown.evidence, shown.within, shown.length, explanations, market.policy)
    return Assessment(
        groups,
        market,
        shown.evidence,
        shown.within,
        tuple(explanations),
        best.won,
        best.left,
        shown.length,
        best.net_bits,
        shown.inner,
    )


def bound_net_bits(groups: Groups, market: Market) -> Floats:
    """What would stand if nothing had an innocent explanation (G,): no less than what does."""
    shown = _show_evidence(groups, market)
    return _sum_evidence(shown.evidence, shown.length) - shown.length.charge


def _show_evidence(groups: Groups, market: Market) -> _Shown:
    found = leave_own_payments(find_all_shared(groups, market.things), groups, market)
    within = keep_strongest_channel_per_seller(found, market.sellers)
    evidence = {name: sum_shared(market.things[name], found, len(groups)) for name, found in within.items()}
    inner = measure_inner_trades(groups, market)
    for name, channel in market.dealings.items():
        # Customers of one seller are no ring: trades count among those who sell inside, or buy from two who do.
        counts = inner.counts if name == TRADE else None
        evidence[name] = measure_dealings(groups, channel, market.n_accounts, counts=counts)
    evidence |= {signal.name: sum_conduct(groups, signal) for signal in market.conduct}
    return _Shown(evidence, within, inner, measure_lengths(groups, market.pools, market.n_accounts))


def find_tied(groups: Groups, market: Market) -> NDArray[np.bool_]:
    """Who brings more than naming it costs (M,)."""
    ties, names = weigh_ties(groups, market)
    return ties >= names


def weigh_ties(groups: Groups, market: Market) -> tuple[Floats, Floats]:
    """What each membership brings, of what the searches follow, and what naming it costs (M,) each, bits."""
    within, n = find_all_shared(groups, market.followed), market.n_accounts
    ties = tie_members(groups, within, market.dealings, n, counts=count_traders(groups, market))
    return ties, measure_lengths(groups, market.pools, n).member_bits
