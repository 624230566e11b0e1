"""What an innocent explanation accounts for, fact by fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from detection.channels.catalogue import SIGN_UP, TRADE
from detection.evidence.group_facts import GroupFacts
from detection.evidence.measure import ChannelEvidence
from detection.likelihood import log2_choose
from graph.model import Floats, Ints


@dataclass(frozen=True)
class Explanation:
    """One innocent explanation over all groups.

    Attributes
    ----------
    bits
        Of the evidence that it accounts for (G,), 0 where it does not fit.
    people, households
        How many it brings together (G,), and how many households these belong to (G,).
    claimed
        The bits fact by fact: of each shared thing (K,) by channel, and of trades (G,).
    again_bits
        What it takes to name those whom it names more than once (G,).
    choice_bits
        Where a crowd has brought them together, or some of them, what it takes to say which of the crowd they are (G,).
    """

    name: str
    bits: Floats
    people: Ints
    households: Ints
    claimed: Mapping[str, Floats] = field(default_factory=dict)
    again_bits: Floats | float = 0.0
    choice_bits: Floats | float = 0.0

    def take(self, rows: Ints) -> Explanation:
        """What it is of some of the groups, without the facts that it claims."""
        again, choice = (
            part[rows] if isinstance(part, np.ndarray) else part for part in (self.again_bits, self.choice_bits)
        )
        return Explanation(
            self.name,
            self.bits[rows],
            self.people[rows],
            self.households[rows],
            again_bits=again,
            choice_bits=choice,
        )


class Claim:
    """What an explanation accounts for, fact by fact, and whom it brings together.

    ``claimed`` bits of each shared thing (K,) by channel, and of trades (G,); ``named`` (M,); ``again_bits`` (G,) it
    takes to name those whom it names more than once; ``choice_bits`` (G,) to say which members of the crowd that has
    brought most bits together they are.
    """

    def __init__(self, facts: GroupFacts) -> None:
        self.facts = facts
        self.claimed: dict[str, Floats] = {}
        self.named = np.zeros(len(facts.groups.account), dtype=bool)
        self.again_bits: Floats = np.zeros(len(facts.groups))
        self.choice_bits: Floats = np.zeros(len(facts.groups))

    @property
    def bits(self) -> Floats:
        """All that it accounts for (G,)."""
        total = np.zeros(len(self.facts.groups))
        for name, part in self.claimed.items():
            total += sum_claims(part, self.facts.find_rows(name), self.facts.evidence.get(name), len(total))
        return total

    def add_things(self, name: str, bits: Floats) -> None:
        """Account for some bits of each shared thing of a channel (K,), and name who has part in those."""
        within = self.facts.within[name]
        before = self.claimed.get(name, np.zeros(len(within.group)))
        self.claimed[name] = np.maximum(before, np.minimum(bits, within.bits))
        part = bits > 0
        self.named[within.membership[part[within.row]]] = True
        self.come_from(within.group[part], within.members[part], within.trials[part] + 1)

    def come_from(self, group: Ints, members: Ints, crowd: Ints) -> None:
        """So many members of a group come from a crowd of so many, by row (R,)."""
        np.maximum.at(self.choice_bits, group, log2_choose(crowd.astype(float), members))

    def add_trades(self, bits: Floats) -> None:
        """Account for some bits of the members' trades (G,)."""
        self.claimed[TRADE] = np.maximum(bits, 0.0)

    def conclude(self, name: str, *, is_of_crowds: bool) -> Explanation:
        """The explanation, once everything is claimed."""
        facts = self.facts
        people = np.bincount(facts.groups.group[self.named], minlength=len(facts.groups))
        # Whom a crowd brings together is named by the crowd, whoever else is named: what is left to say is which of it.
        choice = np.where(is_of_crowds, self.choice_bits, 0.0)
        households = facts.count_households(self.named)
        return Explanation(name, self.bits, people, households, self.claimed, self.again_bits, choice)

    def add_sign_ups(self) -> None:
        """Where the rest fits: people often join a market when they come together elsewhere."""
        if SIGN_UP in self.facts.within:
            within = self.facts.within[SIGN_UP]
            fits = (self.bits > 0)[within.group]
            self.claimed[SIGN_UP] = np.where(fits, within.bits, 0.0)


def sum_claims(claimed: Floats, group: Ints | None, shown: ChannelEvidence | None, n_groups: int) -> Floats:
    """What of a channel is claimed in each group (G,), never more than the channel shows."""
    total: Floats = claimed if group is None else np.bincount(group, weights=claimed, minlength=n_groups).astype(float)
    return total if shown is None else np.minimum(total, shown.bits)
