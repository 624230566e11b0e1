"""What the innocent explanations look at: groups with their evidence, who lives together, who trades with whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detection.channels.incidence import SharedThings
from detection.evidence.households import HouseholdPartition, partition_households
from detection.evidence.inner_trades import InnerTrades
from detection.evidence.market import Market
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.evidence.praise import Praise, find_praise
from detection.groups import Groups, are_among, find_distinct
from detection.policy import Policy
from graph.model import Floats, Ints


@dataclass(frozen=True)
class GroupFacts:
    """What the explanations look at.

    The groups, their evidence by channel, what they share, the trades among their members, and the market.
    """

    groups: Groups
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    inner: InnerTrades
    market: Market

    @property
    def policy(self) -> Policy:
        """What is long, large and usual."""
        return self.market.policy

    @cached_property
    def partition(self) -> HouseholdPartition:
        """Who of each group could live together."""
        return partition_households(self.groups, self.within, self.market)

    @cached_property
    def home_trades(self) -> tuple[Ints, Ints]:
        """How many pairs of each group trade, and how many of these live together (G,) each."""
        low, high = self.inner.list_pairs()
        uses = self._stack_home_uses()
        at_home = np.asarray(uses[low].multiply(uses[high]).sum(axis=1)).ravel() > 0
        of = self.groups.group[low]
        return np.bincount(of, minlength=len(self.groups)), np.bincount(of[at_home], minlength=len(self.groups))

    @cached_property
    def inner_deals(self) -> Ints:
        """How often each membership deals inside its group (M,)."""
        n = len(self.groups.account)
        return np.bincount(self.inner.buyer, minlength=n) + np.bincount(self.inner.seller, minlength=n)

    @cached_property
    def outward_shares(self) -> Floats:
        """What share of its deals each membership makes with others (M,), 1 for who never dealt."""
        shares: Floats = 1.0 - self.inner_deals / np.maximum(self.market.trades.n_deals[self.groups.account], 1)
        return shares

    @cached_property
    def outward_lives(self) -> Floats:
        """How far each membership deals with others like anybody, in [0, 1) (M,)."""
        deals = self.outward_shares * self.market.trades.n_deals[self.groups.account]
        lives: Floats = deals / (deals + self.policy.half_life_deals)
        return lives

    def _stack_home_uses(self) -> sparse.csr_array:
        """Which membership has part in which thing that a household could share (M, things of all channels)."""
        members, things, begin = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
        for name, alike in self.partition.household_scale.items():
            within = self.within[name]
            part = alike[within.row]
            members.append(within.membership[part])
            things.append(begin + within.row[part])
            begin += len(within.group)
        ends = np.concatenate(members), np.concatenate(things)
        return sparse.csr_array((np.ones(len(ends[0])), ends), shape=(len(self.groups.account), max(begin, 1)))

    @cached_property
    def member_codes(self) -> Ints:
        """Group and account of each membership in one number (M,)."""
        return self.groups.code(self.market.n_accounts)

    def find_circle(self, group: Ints, seller: Ints) -> NDArray[np.bool_]:
        """Which sellers (K,) are of the group, or have bought from one of it as well: they are of its circle."""
        n, trades = self.market.n_accounts, self.market.trades
        asked = group * n + np.maximum(seller, 0)
        code = find_distinct(asked)
        bought = Groups(code % n, np.arange(len(code) + 1)).find_facts(trades.by_buyer)
        found = are_among(code, self.member_codes)
        inside = are_among(code[bought.membership] // n * n + trades.seller[bought.row], self.member_codes)
        found[bought.membership[inside]] = True
        return found[np.searchsorted(code, asked)] & (seller >= 0)

    @cached_property
    def praise(self) -> Praise:
        """What the members praise together."""
        return find_praise(self.groups, self.within, self.market)

    def list_shared(self, is_meant: Callable[[SharedThings], bool]) -> list[tuple[SharedThings, SharedWithin]]:
        """The channels of some sort in which members have something in common."""
        things = self.market.things
        return [(things[name], found) for name, found in self.within.items() if is_meant(things[name])]

    def find_rows(self, name: str) -> Ints | None:
        """The group of each claim in a channel; None where there is one for each group."""
        return self.within[name].group if name in self.within else None

    def count_households(self, named: NDArray[np.bool_]) -> Ints:
        """To how many households the named memberships of each group belong (G,)."""
        _, once = np.unique(self.partition.household[named], return_index=True)
        return np.bincount(self.groups.group[named][once], minlength=len(self.groups))
