"""One group of an assessment, looked at closely: its members, what they share, who did what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import TRADE
from detection.channels.record import Channel
from detection.evidence.claims import Explanation
from detection.evidence.judge import Assessment
from detection.evidence.market import Market
from detection.groups import Groups
from graph.model import Floats, Ints
from graph.vocabulary import RING_KINDS, RingKind


@dataclass(frozen=True)
class RingView:
    """One ``group`` of an assessment of a ``market``."""

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

    @cached_property
    def net_bits(self) -> float:
        """Bits that stand once it is known who acted: where hardly anybody did, innocent explanations are commoner.

        The judge takes off what it would if all had (``least_prior_bits``); the fewer beyond half did, the more of
        ``acting_bits`` comes to that.
        """
        policy, lead = self.market.policy, float(self.assessment.lead_bits[self.group])
        idle = min(2.0 - 2.0 * float(find_actors(self).mean()), 1.0)
        more = idle * (policy.prior_bits - policy.least_prior_bits)
        return float(self.assessment.net_bits[self.group]) - max(lead + more, 0.0) + max(lead, 0.0)

    @cached_property
    def deeds(self) -> Floats:
        """How far each member did what families and friends do not do together, trades aside, in [0, 1] (s,)."""
        return _find_deeds(self)

    @cached_property
    def acted(self) -> float:
        """The share of the members that acted together, in [0, 1]."""
        return float(find_doers(self).mean())

    @property
    def member_bits(self) -> Floats:
        """What ties each member to the others (s,)."""
        return self.assessment.member_bits[self.start : self.start + len(self.members)]

    def bits(self, channel: str) -> float:
        """What a channel shows of the group; 0 where it is silent."""
        shown = self.assessment.evidence.get(channel)
        return 0.0 if shown is None else float(shown.bits[self.group])

    def left(self, channel: str) -> float:
        """What of a channel no innocent explanation accounts for; 0 where it is silent."""
        left = self.assessment.left.get(channel)
        return 0.0 if left is None else float(left[self.group])

    def grade(self, channel: str) -> float:
        """How far a channel accuses, in [0, 1]: in full if it leaves more than a prejudice could be."""
        return self.grade_bits(self.left(channel))

    def grade_bits(self, bits: float) -> float:
        """How far some bits accuse, in [0, 1]."""
        enough = self.market.policy.deed_bits
        # A policy may ask for nothing at all.
        return 1.0 if bits >= enough else max(bits, 0.0) / max(enough, np.finfo(float).tiny)

    @property
    def personal_grades(self) -> tuple[float, float]:
        """How far personal things accuse, by the kind that leaves most and by the next one, in [0, 1] each."""
        things = self.market.things.items()
        # Who was set up, or emptied, by one payer is in one hand as well.
        grades = sorted(
            self.grade(name) for name, found in things if found.record.role == "personal" or found.record.is_payment
        )
        second, first = [0.0, 0.0, *grades][-2:]
        return first, second

    def sharers(self, channel: str) -> Ints:
        """The memberships with part in what the group's members share in a channel, sorted."""
        return np.flatnonzero(self.count_uses(channel, self.rows(channel))) + self.start

    def count_uses(self, channel: str, rows: Ints) -> Ints:
        """How many of some rows each member has part in (s,)."""
        found = [self.assessment.within[channel].find_sharers(row) for row in rows.tolist()]
        sharers = np.concatenate([np.empty(0, dtype=np.int64), *found]) - self.start
        return np.bincount(sharers, minlength=len(self.members))

    def sum_claimed(self, explanation: Explanation, channel: str) -> float:
        """The bits of a channel that an explanation accounts for."""
        rows = self.all_rows(channel) if channel in self.assessment.within else self.group
        return float(explanation.claimed[channel][rows].sum())

    def find_owners(self, channel: str, *, besides: Ints) -> NDArray[np.bool_]:
        """Which members have a thing that no more than a household uses, besides some things (s,)."""
        found, members = self.market.things[channel], self.members
        uses = Groups(members, np.array([0, len(members)])).find_facts(found.by_account)
        thing = found.thing[uses.row]
        owned = (found.popularity[thing] <= self.market.policy.household_size) & ~np.isin(thing, besides)
        return np.bincount(uses.membership[owned], minlength=len(members)) > 0

    def all_rows(self, channel: str) -> Ints:
        """The group's rows among what its channel's members share."""
        group = self.assessment.within[channel].group
        low, high = np.searchsorted(group, [self.group, self.group + 1])
        rows: Ints = np.arange(low, high)
        return rows

    def rows(self, channel: str) -> Ints:
        """Those of them that show anything."""
        if channel not in self._rows:
            rows = self.all_rows(channel)
            self._rows[channel] = rows[self.assessment.within[channel].bits[rows] > 0]
        return self._rows[channel]

    @cached_property
    def _rows(self) -> dict[str, Ints]:
        """What was looked up before, by channel."""
        return {}


def find_doers(view: RingView) -> Floats:
    """How far each member did what families and friends do not do together, in [0, 1] (members,).

    What a channel shows, and no innocent explanation accounts for, counts in full from ``deed_bits`` on: praise,
    blame, refunds, referrals, one photo, what many of them live by, trades that name products, and personal things in
    the hands of more people than live together.  Buying, or looking, at one time harms nobody: it counts where such a
    thing, or one payer, joins them.
    """
    return np.maximum(view.deeds, _find_sold(view))


def find_actors(view: RingView) -> Floats:
    """The same, but that trades among members count only as far as nothing innocent accounts for them (members,)."""
    return np.maximum(view.deeds, _find_sold(view) * view.grade(TRADE))


def _find_sold(view: RingView) -> Floats:
    """Which members sell goods inside, or buy from two who do (members,)."""
    inner, n = view.assessment.inner_trades, len(view.members)
    if inner.sale_share[view.group] < view.market.policy.sale_share:
        return np.zeros(n)
    return inner.counts[view.start : view.start + n].astype(float)


def _find_deeds(view: RingView) -> Floats:
    """How far each member did what families and friends do not do together, trades aside, in [0, 1] (members,)."""
    start = view.start
    joined, twice = view.personal_grades
    did = _find_crowded(view)
    for name in view.assessment.within:
        # Who came together signed up together, whatever they came for.
        record = view.market.things[name].record
        if (record.is_identifier and record.role != "content") or not record.is_deed:
            continue
        who = view.sharers(name) - start
        # Where things of two kinds join them that nobody explains, an innocent cause of what they do is no more likely.
        part = max(view.grade(name), min(view.grade_bits(view.bits(name)), twice))
        did[who] = np.maximum(did[who], min(part, joined) if record.is_deed_of_joined else part)
    for signal in view.market.deeds:
        did = np.maximum(did, np.where(signal.bits[view.members] > 0, view.grade(signal.name), 0.0))
    return did


def _find_crowded(view: RingView) -> Floats:
    """How far each member shares personal things with more than live together, and has none beside, 0 to 1 (members,).

    Things of two kinds, each used by more than a household; or several of one kind that pass among so many, none of
    whom has a personal thing of its own.
    """
    policy, none = view.market.policy, np.zeros(len(view.members))
    crowded: list[NDArray[Any]] = [none, none]
    passed_on, has_own = none, none > 0
    for name, within in view.assessment.within.items():
        if view.market.things[name].record.role != "personal":
            continue
        rows = view.rows(name)
        many = rows[within.members[rows] > policy.household_size]
        # Who has one of its own as well has a life beside it: the client of an agency, not an account of a farm.
        owners = view.find_owners(name, besides=rows[:0])
        crowded.append((view.count_uses(name, many) > 0) * view.grade(name) * ~owners)
        uses = view.count_uses(name, rows)
        if (uses > 0).sum() > policy.household_size:
            passed_on = np.maximum(passed_on, (uses > 1) * view.grade(name))
        has_own = has_own | view.find_owners(name, besides=within.thing[view.all_rows(name)])
    second: Floats = -np.sort(-np.array(crowded), axis=0)[1]
    return np.maximum(second, passed_on * ~has_own)


def find_bystanders(view: RingView) -> NDArray[np.bool_]:
    """Members who did nothing with the others but buy from them, and share no more with them than a place (s,).

    Whose goods a thief sends to them shares an address with a thief, and so does the family behind the same door.
    """
    inner, low = view.assessment.inner_trades, view.start
    within_group = (inner.seller >= low) & (inner.seller < low + len(view.members))
    did = np.bincount(inner.seller[within_group] - low, minlength=len(view.members)) > 0
    for name in view.assessment.within:
        record = view.market.things[name].record
        # Who buys may be anybody's customer; who looks at the same pages with them at the same time is not.
        is_deed = record.is_deed and not (record.is_deed_of_joined and record.is_seller_bound)
        # Who was set up by one payer is in one hand, as with a phone in common.
        if not record.is_place and (record.is_identifier or record.is_payment or is_deed):
            did |= view.count_uses(name, view.rows(name)) > 0
    return ~did


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
    """Sellers whom enough members praise, blame or ask for refunds together, with how many do.

    Enough are half of the members, and more of them than of the others who do such things to anybody.
    """
    acting, policy = find_acting_channel(view, kind), view.market.policy
    if acting is None:
        return {}
    # A campaign may be most of what is done in its days, so that its target surprises nobody: every thing counts.
    within, rows = view.assessment.within[acting.name], view.all_rows(acting.name)
    sellers = view.market.sellers[acting.name][within.thing[rows]]
    sharers: dict[int, set[int]] = {}
    for seller, row in zip(sellers.tolist(), rows.tolist(), strict=True):
        if seller >= 0:
            who = view.assessment.groups.account[within.find_sharers(row)]
            sharers.setdefault(seller, set()).update(who[who != seller].tolist())
    size, everybody = len(view.members), view.market.acting_on[acting.name]
    others = max(int(np.count_nonzero(view.market.things[acting.name].by_account.count)) - size, 1)
    # A seller whom half of the ring acts on is what the ring is about, not one of those who act.
    least = max(policy.least_party, policy.party_share * size)
    return {
        seller: len(found)
        for seller, found in sharers.items()
        if len(found) >= least and len(found) / size > (everybody[seller] - len(found)) / others
    }
