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
    (``half_granted_owners``), and no more than their share.  Who has nothing, as in a shelter or a ward, but deals with
    others like anybody counts in part (``half_life_deals``).  What no more than live together use, as an aunt's card,
    is a family's of several homes as well: of all its members who use such things, so many have both.  So it is with a
    maker's photo that owners show; and, more strictly, with where they live, as far as they deal with others too.  What
    they sell one another is a circle's and no family's, so far as well.
    """
    has_own = find_owners(facts, lambda record: record.role == "personal" and not record.is_free)
    lives, outward = np.maximum(has_own, facts.outward_lives), facts.outward_shares * has_own
    relatives = _find_relatives(facts, np.minimum(has_own, facts.outward_lives))
    for channel, within in facts.list_shared(lambda channel: channel.record.role == "personal"):
        granted = np.maximum(_grade_of(facts, within, lives), _grade_relatives(facts, within, relatives))
        claim.add_things(channel.name, within.bits * granted)
    for channel, within in facts.list_shared(lambda channel: channel.record.role == "place"):
        granted = np.square(_grade_of(facts, within, has_own)) * _count(within, outward) / within.members
        claim.add_things(channel.name, within.bits * granted)
    for channel, within in facts.list_shared(lambda channel: channel.record.role == "content"):
        claim.add_things(channel.name, leave_arrivals(facts, within) * _grade_of(facts, within, has_own))
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


def _grade_of(facts: GroupFacts, within: SharedWithin, part: Floats | NDArray[np.bool_]) -> Floats:
    """How much is taken for granted of each thing (K,), if so far (M,) its users have lives of their own."""
    return _grade(facts, _count(within, part), within.members)


def _find_relatives(facts: GroupFacts, part: Floats) -> Floats:
    """How far each membership (M,) is of a family of several homes: of those who share what few use, its ``part``."""
    shares = np.zeros(len(part), dtype=bool)
    for _, within in facts.list_shared(lambda channel: channel.record.role in ("personal", "place")):
        is_few = within.members <= facts.policy.household_size
        shares[within.membership[is_few[within.row]]] = True
    return np.where(shares, part, 0.0)


def _grade_relatives(facts: GroupFacts, within: SharedWithin, relatives: Floats) -> Floats:
    """How much is taken for granted of each thing (K,) that few use, by how many of the whole group are relatives."""
    family = np.bincount(facts.groups.group, relatives, minlength=len(facts.groups))[within.group]
    share = _count(within, relatives) / within.members
    granted: Floats = share * _grade(facts, family, np.maximum(family, 1.0))
    return np.where(within.members <= facts.policy.household_size, granted, 0.0)


def _count(within: SharedWithin, part: Floats | NDArray[np.bool_]) -> Floats:
    """The sum over the users of each thing (K,) of what each membership is (M,)."""
    total: Floats = np.bincount(within.row, part[within.membership], minlength=len(within.group)).astype(float)
    return total


def _grade(facts: GroupFacts, owners: Ints | Floats, of: Ints | Floats) -> Floats:
    """How much is taken for granted, in [0, 1], of what so many have in common, of whom so many have their own."""
    # To the fourth power: of half as many hardly anything is granted, of twice as many nearly all.
    odds = np.square(np.square(owners / facts.policy.half_granted_owners))
    grade: Floats = owners / of * odds / (1.0 + odds)
    return grade
