"""People who have something in common and things of their own: a shop's staff, a club, a hostel, a class.

By what is shared nobody can tell them from a ring, so that they are no evidence against one; they are granted before
anybody is brought up for review.  A farm has little beside what its accounts share, and nobody's life.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import ITEM, REFERRED, TRADE
from detection.channels.incidence import SharedThings
from detection.channels.record import Channel
from detection.channels.windows import MICROS_PER_DAY
from detection.evidence.claims import Claim
from detection.evidence.clock import find_spans
from detection.evidence.group_facts import GroupFacts
from detection.evidence.measure import SharedWithin
from detection.likelihood import score_confined
from graph.model import Floats, Ints


def explain_by_institution(claim: Claim, facts: GroupFacts) -> None:
    """A shop, a club, a home, an office: people who use one till, phone or account, and have things of their own.

    The more of those who share a thing have one of their own, of whatever kind, the more of it is taken for granted
    (``half_granted_owners``), and no more than their share.  So it is with a maker's photo that many sellers show; and,
    more strictly, with where they live, as far as they deal with others too.  What they sell one another is a circle's
    and no family's, so far as well.
    """
    has_own = find_owners(facts, lambda record: record.role == "personal" and not record.is_free)
    outward = facts.outward_shares * has_own
    for channel, within in facts.list_shared(lambda channel: channel.record.role in ("personal", "content", "place")):
        owners, open_to_others = (
            np.bincount(within.row, part[within.membership], minlength=len(within.group)) for part in (has_own, outward)
        )
        granted = _grade(facts, owners, within.members)
        if channel.record.role == "place":
            granted = np.square(granted) * open_to_others / within.members
        shown = leave_arrivals(facts, within) if channel.record.role == "content" else within.bits
        claim.add_things(channel.name, shown * granted)
    if TRADE in facts.evidence:
        pairs, at_home = facts.home_trades
        has_device = find_owners(facts, lambda record: record.is_device)
        traders = np.bincount(facts.groups.group, facts.inner_deals > 0, minlength=len(facts.groups))
        open_traders = np.where((facts.inner_deals > 0) & has_device, facts.outward_shares, 0.0)
        share = np.bincount(facts.groups.group, open_traders, minlength=len(traders)) / np.maximum(traders, 1)
        claim.add_trades(facts.evidence[TRADE].bits * at_home / np.maximum(pairs, 1) * share)


def leave_arrivals(facts: GroupFacts, within: SharedWithin) -> Floats:
    """The bits of each thing (K,) but for how close together in time its users joined (``goods_days``)."""
    joined = facts.market.snapshot.created_at[facts.groups.account[within.membership]]
    # Some may have come at times that nobody knows.
    dated = ~np.isnat(joined)
    row, days = within.row[dated], joined[dated].astype(np.int64) / MICROS_PER_DAY
    first, last = find_spans(row, days, days, len(within.group))
    spread = np.where(last >= first, (last - first) / facts.policy.goods_days, 1.0)
    confined = score_confined(np.bincount(row, minlength=len(within.group)), spread)
    return np.maximum(within.bits - confined, 0.0)


def explain_by_roof(claim: Claim, facts: GroupFacts) -> None:
    """A shelter, a ward, a prison, a home for the old: many at one address, who have nothing but what the house has.

    What personal things they share is taken for granted as far as their users live there, the more the more of them do
    (``half_granted_owners``), and as far as each of them deals with people outside, once or twice at the least.
    """
    n_deals = facts.market.trades.n_deals[facts.groups.account]
    outside = facts.outward_shares * n_deals
    for place, homes in facts.list_shared(lambda channel: channel.record.role == "place"):
        if place.record.lease_days is not None:
            continue  # a network: everybody of a town may be on one
        home, residents = _find_largest(homes, len(facts.groups))
        lives_there = np.zeros(len(facts.groups.account), dtype=bool)
        lives_there[homes.membership[home[homes.row]]] = True
        lives = np.bincount(facts.groups.group, lives_there * outside / (1.0 + outside), minlength=len(residents))
        granted = _grade(facts, residents, np.maximum(residents, 1)) * lives / np.maximum(residents, 1)
        for channel, within in facts.list_shared(lambda channel: channel.record.role == "personal"):
            at_home = np.bincount(within.row, lives_there[within.membership], minlength=len(within.group))
            claim.add_things(channel.name, within.bits * np.square(at_home / within.members) * granted[within.group])


def explain_by_passing_on(claim: Claim, facts: GroupFacts) -> None:
    """Players and parents who pass a thing from hand to hand until it is back: as far as each pays less than the last.

    Who drives a price up sells it on for more.
    """
    if ITEM in facts.within:
        within = facts.within[ITEM]
        claim.add_things(ITEM, within.bits * facts.market.falling_laps[within.thing])


def explain_by_word_of_mouth(claim: Claim, facts: GroupFacts) -> None:
    """A class, a parish: friends who tell one another of the market, each on a device of their own."""
    size = facts.groups.size
    has_device = find_owners(facts, lambda record: record.is_device)
    owners = np.bincount(facts.groups.group, has_device, minlength=len(size))
    for channel, within in facts.list_shared(lambda channel: channel.name == REFERRED):
        claim.add_things(channel.name, within.bits * _grade(facts, owners, size)[within.group])


def find_owners(facts: GroupFacts, is_meant: Callable[[Channel], bool]) -> NDArray[np.bool_]:
    """Which members (M,) have a thing of some sort that a household uses at the most, and no other member."""
    owns = np.zeros(len(facts.groups.account), dtype=bool)
    for channel, _ in facts.list_shared(lambda channel: is_meant(channel.record)):
        owns |= _find_owners_in(facts, channel)
    return owns


def _find_owners_in(facts: GroupFacts, channel: SharedThings) -> NDArray[np.bool_]:
    within, groups = facts.within[channel.name], facts.groups
    is_few = channel.popularity <= facts.policy.household_size
    uses = groups.find_facts(channel.by_account)
    has = np.bincount(uses.membership[is_few[channel.thing[uses.row]]], minlength=len(groups.account))
    shares = np.bincount(within.membership[is_few[within.thing[within.row]]], minlength=len(groups.account))
    owns: NDArray[np.bool_] = has > shares
    return owns


def _grade(facts: GroupFacts, owners: Ints | Floats, of: Ints | Floats) -> Floats:
    """How much is taken for granted, in [0, 1], of what so many have in common, of whom so many have their own."""
    # To the fourth power: of half as many hardly anything is granted, of twice as many nearly all.
    odds = np.square(np.square(owners / facts.policy.half_granted_owners))
    grade: Floats = owners / of * odds / (1.0 + odds)
    return grade


def _find_largest(homes: SharedWithin, n_groups: int) -> tuple[NDArray[np.bool_], Floats]:
    """Which row (K,) is the home of most members of its group, the first of equals, and of how many it is (G,)."""
    residents = np.zeros(n_groups)
    np.maximum.at(residents, homes.group, homes.members)
    largest = homes.members >= residents[homes.group]
    is_first = np.zeros(len(largest), dtype=bool)
    is_first[np.flatnonzero(largest)[np.unique(homes.group[largest], return_index=True)[1]]] = True
    return is_first, residents
