"""Which channels carry a ring: each is taken out by itself, and the ring is judged again without it.

What an innocent explanation takes off wholly is evidence, and moves nothing; it is no reason that could be given to
anybody.  Nothing here is searched for and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import Market
from detection.groups import Groups
from graph.results import Evidence

_LEAST_BITS = 1e-6
"""Less is rounding."""


@dataclass(frozen=True)
class Knockout:
    """A group judged with each channel taken out by itself.

    ``bits`` is each channel's evidence where there is any, ``change`` what becomes of the net bits without the channel.
    """

    bits: Mapping[str, float]
    change: Mapping[str, float]

    @property
    def carrying(self) -> frozenset[str]:
        """The channels without which less stands."""
        return frozenset(name for name, change in self.change.items() if change < -_LEAST_BITS)

    def agrees_with(self, evidence: Sequence[Evidence]) -> bool:
        """Whether the evidence is what it was when the ring was found: no facts came since that touch it."""
        stored = {each.channel: each.bits for each in evidence}
        return stored.keys() == self.bits.keys() and all(
            abs(bits - self.bits[name]) <= _LEAST_BITS * max(1.0, bits) for name, bits in stored.items()
        )


def knock_out(market: Market, account_ids: Sequence[str]) -> Knockout:
    """Judge a group with each channel of a market taken out by itself; those that it does not know are left out."""
    rows = np.flatnonzero(np.isin(market.snapshot.account_id, list(account_ids)))
    group = Groups(rows, np.array([0, len(rows)], dtype=np.int64))
    whole = judge_groups(group, market)
    names = (*market.things, *market.dealings, *(each.name for each in market.conduct))
    net = float(whole.net_bits[0])
    change = {name: float(judge_groups(group, _leave_out(market, name)).net_bits[0]) - net for name in names}
    return Knockout(_list_bits(whole), change)


def _list_bits(assessment: Assessment) -> dict[str, float]:
    bits = {name: float(shown.bits[0]) for name, shown in assessment.evidence.items()}
    return {name: found for name, found in bits.items() if found > 0}


def _leave_out(market: Market, name: str) -> Market:
    return replace(
        market,
        things={each: found for each, found in market.things.items() if each != name},
        dealings={each: found for each, found in market.dealings.items() if each != name},
        conduct=tuple(each for each in market.conduct if each.name != name),
    )
