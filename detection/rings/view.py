"""One group of an assessment, looked at closely: its members, what they share, who did what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import SIGN_UP
from detection.channels.record import Channel
from detection.evidence.judge import Assessment
from detection.evidence.market import Market
from graph.model import Floats, Ints
from graph.vocabulary import RING_KINDS, RingKind


@dataclass(frozen=True)
class RingView:
    """One ``group`` of an assessment; ``market`` holds the dealings among members of all its groups, and no others."""

    assessment: Assessment
    market: Market
    group: int

    @property
    def start(self) -> int:
        """Where the group's memberships begin."""
        return int(self.assessment.groups.start[self.group])

    @property
    def members(self) -> Ints:
        """Rows of accounts (s,)."""
        return self.assessment.groups.members(self.group)

    @property
    def member_bits(self) -> Floats:
        """What ties each member to the others (s,)."""
        return self.assessment.member_bits[self.start : self.start + len(self.members)]

    def bits(self, channel: str) -> float:
        """What a channel shows of the group; 0 where it is silent."""
        shown = self.assessment.evidence.get(channel)
        return 0.0 if shown is None else float(shown.bits[self.group])

    def sharers(self, channel: str) -> Ints:
        """The memberships with part in what the group's members share in a channel, sorted."""
        found = [self.assessment.within[channel].find_sharers(row) for row in self.rows(channel).tolist()]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))

    def rows(self, channel: str) -> Ints:
        """The group's rows among what its channel's members share."""
        group = self.assessment.within[channel].group
        low, high = np.searchsorted(group, [self.group, self.group + 1])
        rows: Ints = np.arange(low, high)
        return rows[self.assessment.within[channel].bits[rows] > 0]


def find_doers(view: RingView) -> NDArray[np.bool_]:
    """Which members did something together, beyond sharing things and paying one another (members,).

    What a channel shows counts if that is more than a prejudice could be, and so does what many of them live by.
    """
    judged, inner, start, policy = view.assessment, view.assessment.inner_trades, view.start, view.market.policy
    did = np.zeros(len(view.members), dtype=bool)
    # A channel that shows less than a prejudice is no deed: two friends who both bought the bestseller.
    for name in judged.within:
        # Who came together signed up together, whatever they came for.
        is_deed = name != SIGN_UP and not view.market.things[name].record.is_identifier
        if is_deed and view.bits(name) >= policy.deed_bits:
            did[view.sharers(name) - start] = True
    for signal in view.market.conduct:
        if view.bits(signal.name) >= policy.deed_bits:
            did |= signal.bits[view.members] > 0
    if inner.sale_share[view.group] >= policy.sale_share:
        did |= inner.counts[start : start + len(did)]
    return did


def shares_identity(view: RingView, place: int) -> bool:
    """Whether a member shares more than behaviour with the others: enough to pay for naming it."""
    membership, bits = view.start + place, 0.0
    for name, within in view.assessment.within.items():
        if view.market.things[name].record.is_identifier:
            rows = [row for row in view.rows(name).tolist() if membership in within.find_sharers(row)]
            bits += float((within.bits[rows] / (within.members[rows] - 1)).sum())
    return bits >= float(np.log2(view.market.n_accounts / len(view.members)))


def find_kind(view: RingView) -> RingKind:
    """What the ring does: the kind whose channels show the most bits (trades are those that go in cycles)."""
    # Shared identity is what is left where nothing was done: its bits stay 0.
    bits: dict[RingKind, float] = dict.fromkeys(RING_KINDS, 0.0)
    for name, record in view.market.channels.items():
        if record.ring_kind is not None:
            bits[record.ring_kind] += view.bits(name) * record.kind_weight
    kind = max(bits, key=lambda name: bits[name])
    return kind if bits[kind] > 0 else "shared-identity"


def find_acting_channel(view: RingView, kind: RingKind) -> Channel | None:
    """The channel in which a ring of a kind acts on its parties, or for them."""
    records = view.market.channels.values()
    return next((record for record in records if record.ring_kind == kind and record.party is not None), None)


def find_parties(view: RingView, kind: RingKind) -> dict[int, int]:
    """Sellers whom enough members praise, blame or ask for refunds together, with how many do."""
    acting, policy = find_acting_channel(view, kind), view.market.policy
    if acting is None:
        return {}
    within, rows = view.assessment.within[acting.name], view.rows(acting.name)
    sellers = view.market.sellers[acting.name][within.thing[rows]]
    sharers: dict[int, set[int]] = {}
    for seller, row in zip(sellers.tolist(), rows.tolist(), strict=True):
        if seller >= 0:
            sharers.setdefault(seller, set()).update(within.find_sharers(row).tolist())
    # A seller whom half of the ring acts on is what the ring is about, not one of those who act.
    least = max(policy.least_party, policy.party_share * len(view.members))
    return {seller: len(found) for seller, found in sharers.items() if len(found) >= least}
