"""What carries a ring: each channel, and each thing, is taken out by itself, and the ring is judged again without it.

What an innocent explanation takes off wholly is evidence, and moves nothing; it is no reason that could be given to
anybody.  Nothing here is searched for and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.channels.incidence import SharedThings
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import Market
from detection.groups import Groups
from detection.rings.view import RingView
from detection.rings.wording import describe_thing
from graph.results import Evidence
from graph.statements.content import SharedFact

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
    group = _gather(market, account_ids)
    whole = judge_groups(group, market)
    names = (*market.things, *market.dealings, *(each.name for each in market.conduct))
    net = RingView(whole, market, 0).net_bits
    change = {name: _find_net(group, _leave_out(market, name)) - net for name in names}
    return Knockout(_list_bits(whole), change)


def knock_out_things(market: Market, account_ids: Sequence[str]) -> tuple[SharedFact, ...]:
    """Judge a group with each identifier and referrer that members share taken out, those that carry most first.

    What they did is taken out by channel only (:func:`knock_out`): one review less is another window of days.
    """
    group = _gather(market, account_ids)
    near = replace(market, things=dict(market.things) | {each.name: _narrow(each, group) for each in market.timeless})
    whole, facts = judge_groups(group, near), []
    net = RingView(whole, near, 0).net_bits
    for channel in near.timeless:
        within = whole.within[channel.name]
        for thing, members in zip(within.thing.tolist(), within.members.tolist(), strict=True):
            less = replace(near, things=dict(near.things) | {channel.name: _keep_uses(channel, channel.thing != thing)})
            change = _find_net(group, less) - net
            what = describe_thing(channel, thing, market.snapshot)
            facts.append(SharedFact(channel.name, what, members, change if abs(change) > _LEAST_BITS else 0.0))
    return tuple(sorted(facts, key=lambda fact: (fact.change_bits, fact.channel, fact.what)))


def _find_net(group: Groups, market: Market) -> float:
    return RingView(judge_groups(group, market), market, 0).net_bits


def _gather(market: Market, account_ids: Sequence[str]) -> Groups:
    rows = np.flatnonzero(np.isin(market.snapshot.account_id, list(account_ids)))
    return Groups(rows, np.array([0, len(rows)], dtype=np.int64))


def _narrow(channel: SharedThings, group: Groups) -> SharedThings:
    """Only the things that some member uses; the other uses are still counted."""
    used = np.isin(channel.thing, channel.thing[np.isin(channel.account, group.account)])
    return _keep_uses(channel, used)


def _keep_uses(channel: SharedThings, kept: NDArray[np.bool_]) -> SharedThings:
    """Some of the uses; those that go count as if nobody shared them, so that chance is what it was."""
    used, thing = np.unique(channel.thing[kept], return_inverse=True)
    uses = {name: getattr(channel, name)[kept] for name in ("account", "first_at", "last_at")}
    things = {name: getattr(channel, name)[used] for name in ("subject", "grain", "stratum")}
    gone = int(np.count_nonzero(~kept))
    return replace(channel, thing=thing, **uses, **things, unshared=channel.unshared + gone)


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
