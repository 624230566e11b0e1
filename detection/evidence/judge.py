"""Judged groups: evidence, innocent explanations and the charge for the search, for all groups at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detection.candidates.links import NO_LINKS, Links
from detection.channels.catalogue import TRADE
from detection.evidence.claims import Explanation
from detection.evidence.combinations import account_together, weigh_explanations
from detection.evidence.description_length import DescriptionLength, join_lengths, measure_lengths
from detection.evidence.explanations import COMMUNITIES, EXPLAINERS, FAULT, GRANTED, find_explanations
from detection.evidence.group_facts import GroupFacts
from detection.evidence.inner_trades import (
    InnerTrades,
    count_traders,
    join_trades,
    leave_own_payments,
    measure_inner_trades,
)
from detection.evidence.market import Market
from detection.evidence.measure import (
    ChannelEvidence,
    Dealt,
    SharedWithin,
    count_all_dealings,
    find_all_shared,
    join_evidence,
    join_shared,
    keep_strongest_channel_per_seller,
    score_dealings,
    sum_conduct,
    sum_shared,
    sum_ties,
    tie_members,
)
from detection.groups import Groups, split_groups, take_groups
from detection.parallel import count_workers, map_threads
from graph.model import Floats

PART_MEMBERSHIPS = 50_000
"""Of groups that are weighed at once: enough for arrays to pay, and some tens of megabytes."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Assessment:
    """Groups with all that is known of them, per group (G,) unless said otherwise.

    ``won`` tells for each innocent explanation where its part was taken off the evidence; ``left`` is what the best
    combination of them leaves of each channel's bits, and ``lead_bits`` by how much it is believed before the ring.
    ``net_bits`` are what stands if all members acted together.  ``around`` are the links of members, to one another and
    to others, as far as they are known.
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
    lead_bits: Floats
    around: Links = NO_LINKS

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
    def idle_net_bits(self) -> Floats:
        """What stands if no more than half of the members acted together (G,): innocence is commoner then."""
        policy = self.market.policy
        more = self.lead_bits + policy.prior_bits - policy.least_prior_bits
        return self.net_bits + np.maximum(self.lead_bits, 0.0) - np.maximum(more, 0.0)

    @cached_property
    def granted(self) -> tuple[Explanation, ...]:
        """The explanations that are heard for tiers alone; what they account for stays in the evidence."""
        facts = GroupFacts(self.groups, self.evidence, self.within, self.inner_trades, self.market)
        return tuple(find_explanations(facts, GRANTED))

    @cached_property
    def fault_bits(self) -> Floats:
        """What faulty goods account for (G,), which is of deeds: they do not speak against it."""
        heard = [each for each in self.granted if each.name == FAULT]
        return account_together(self.evidence, self.within, heard, len(self.groups))

    @cached_property
    def community_bits(self) -> Floats:
        """What places, campaigns, clubs, fans and all that is granted account for together, each fact once (G,)."""
        heard = [each for each in (*self.explanations, *self.granted) if each.name in COMMUNITIES]
        return account_together(self.evidence, self.within, heard, len(self.groups))


@dataclass(frozen=True)
class _Shown:
    """What groups show, and what naming them costs; ``shared`` is all that members share, ``within`` what counts."""

    evidence: Mapping[str, ChannelEvidence]
    shared: Mapping[str, SharedWithin]
    within: Mapping[str, SharedWithin]
    dealt: Mapping[str, Dealt]
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
    parts = split_groups(groups, count_workers(len(groups.account)))
    if len(parts) < 2:
        return _judge(groups, market)
    return join_assessments(map_threads(lambda part: _judge(part, market), parts, rows=len(groups.account)))


def _judge(groups: Groups, market: Market) -> Assessment:
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
        best.lead_bits,
    )


def join_assessments(parts: Sequence[Assessment]) -> Assessment:
    """One assessment of the groups of several of one market, in turn; without the links around them."""
    begins = np.cumsum([0, *(len(part.groups.account) for part in parts[:-1])])
    firsts = np.cumsum([0, *(len(part.groups) for part in parts[:-1])])
    # What explains nothing in a part is not listed there.
    explained = [{each.name: each for each in part.explanations} for part in parts]
    order = [explainer.name for explainer in EXPLAINERS if any(explainer.name in each for each in explained)]
    return Assessment(
        Groups(
            np.concatenate([part.groups.account for part in parts]),
            np.concatenate([[0], *(part.groups.start[1:] + n for part, n in zip(parts, begins, strict=True))]),
        ),
        parts[0].market,
        {name: join_evidence([part.evidence[name] for part in parts]) for name in parts[0].evidence},
        {name: join_shared([part.within[name] for part in parts], firsts, begins) for name in parts[0].within},
        tuple(_join_explanations(name, explained, parts) for name in order),
        {name: _join_won(name, parts) for name in order},
        {name: np.concatenate([part.left[name] for part in parts]) for name in parts[0].left},
        join_lengths([part.length for part in parts]),
        np.concatenate([part.net_bits for part in parts]),
        join_trades([part.inner_trades for part in parts], begins),
        np.concatenate([part.lead_bits for part in parts]),
    )


def _join_won(name: str, parts: Sequence[Assessment]) -> NDArray[np.bool_]:
    return np.concatenate([part.won.get(name, np.zeros(len(part.groups), dtype=bool)) for part in parts])


def _join_explanations(
    name: str, explained: Sequence[Mapping[str, Explanation]], parts: Sequence[Assessment]
) -> Explanation:
    """An explanation over the groups of several parts: nothing in those where it explains nothing."""
    channels = list(dict.fromkeys(channel for each in explained if name in each for channel in each[name].claimed))
    listed = []
    for each, part in zip(explained, parts, strict=True):
        n, within = len(part.groups), part.within
        found = each.get(name) or Explanation(name, np.zeros(n), *np.zeros((2, n), dtype=np.int64))
        none = {channel: np.zeros(len(within[channel].group) if channel in within else n) for channel in channels}
        ones = np.ones(n)
        again, choice = ones * found.again_bits, ones * found.choice_bits
        listed.append(replace(found, claimed=none | dict(found.claimed), again_bits=again, choice_bits=choice))
    fields = ("bits", "people", "households", "again_bits", "choice_bits")
    return Explanation(
        name,
        claimed={channel: np.concatenate([each.claimed[channel] for each in listed]) for channel in channels},
        **{field: np.concatenate([getattr(each, field) for each in listed]) for field in fields},
    )


@dataclass(frozen=True)
class Sketch:
    """Groups before anything is explained.

    ``surprising_bits`` (G,) would stand if nothing had an innocent explanation: no less than what does.  ``is_tied``
    (M,) tells who brings more than naming it costs.
    """

    surprising_bits: Floats
    is_tied: NDArray[np.bool_]


def map_groups(work: Callable[[Groups], Answer], groups: Groups) -> list[Answer]:
    """Do the same with all groups, part by part, on several cores: what a part takes bounds the memory of all."""
    n = len(groups.account)
    part = np.cumsum(groups.size) // min(PART_MEMBERSHIPS, n // count_workers(n) + 1)
    ends = np.append(np.flatnonzero(np.diff(part)) + 1, len(groups)) if len(groups) else np.empty(0, dtype=np.int64)
    rows = [np.arange(begin, end) for begin, end in pairwise([0, *ends.tolist()])]
    return map_threads(lambda part: work(take_groups(groups, part)), rows, rows=n)


def sketch_groups(groups: Groups, market: Market) -> Sketch:
    """What groups show against chance: cheap, for explaining is what is dear about judging."""
    parts = map_groups(lambda part: _sketch(part, market), groups)
    return Sketch(
        np.concatenate([np.empty(0), *(part.surprising_bits for part in parts)]),
        np.concatenate([np.empty(0, dtype=bool), *(part.is_tied for part in parts)]),
    )


def _sketch(groups: Groups, market: Market) -> Sketch:
    shown = _show_evidence(groups, market)
    ties = sum_ties(groups, {name: shown.shared[name] for name in market.followed}, shown.dealt)
    surprising = _sum_evidence(shown.evidence, shown.length) - shown.length.charge
    return Sketch(surprising, ties >= shown.length.member_bits)


def _show_evidence(groups: Groups, market: Market) -> _Shown:
    shared = find_all_shared(groups, market.things)
    within = keep_strongest_channel_per_seller(leave_own_payments(shared, groups, market), market.sellers)
    evidence = {name: sum_shared(market.things[name], found, len(groups)) for name, found in within.items()}
    inner, n = measure_inner_trades(groups, market), market.n_accounts
    # Customers of one seller are no ring: trades count among those who sell inside, or buy from two who do.
    dealt = count_all_dealings(groups, market.dealings, n, counts={TRADE: inner.counts})
    evidence |= {name: score_dealings(name, found) for name, found in dealt.items()}
    evidence |= {signal.name: sum_conduct(groups, signal) for signal in market.conduct}
    return _Shown(evidence, shared, within, dealt, inner, measure_lengths(groups, market.pools, n))


def weigh_ties(groups: Groups, market: Market) -> tuple[Floats, Floats]:
    """What each membership brings, of what the searches follow, and what naming it costs (M,) each, bits."""
    within, n = find_all_shared(groups, market.followed), market.n_accounts
    ties = tie_members(groups, within, market.dealings, n, counts=count_traders(groups, market))
    return ties, measure_lengths(groups, market.pools, n).member_bits
