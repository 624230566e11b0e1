"""People who have something in common and things of their own: a shop's staff, a club, a hostel, a class.

By what is shared nobody can tell them from a ring, so that they are no evidence against one; they are granted before
anybody is brought up for review.  A farm has little beside what its accounts share, and nobody's life.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import REFERRED, TRADE
from detection.channels.incidence import SharedThings
from detection.channels.record import Channel
from detection.evidence.claims import Claim
from detection.evidence.group_facts import GroupFacts
from graph.model import Floats, Ints


def explain_by_institution(claim: Claim, facts: GroupFacts) -> None:
    """A shop, a club, a home, an office: people who use one till, phone or account, and have things of their own.

    The more of those who share a thing have one of their own, of whatever kind, the more of it is taken for granted
    (``half_granted_owners``), and no more than their share.  What they sell one another is a circle's and no family's,
    as far as they deal with others too.
    """
    has_own = find_owners(facts, lambda record: record.role == "personal" and not record.is_free)
    for channel, within in facts.list_shared(lambda channel: channel.record.role == "personal"):
        owners = np.bincount(within.row, has_own[within.membership], minlength=len(within.group))
        claim.add_things(channel.name, within.bits * _grade(facts, owners, within.members))
    if TRADE in facts.evidence:
        pairs, at_home = facts.home_trades
        outward = _find_outward(facts, find_owners(facts, lambda record: record.is_device))
        claim.add_trades(facts.evidence[TRADE].bits * at_home / np.maximum(pairs, 1) * outward)


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


def _grade(facts: GroupFacts, owners: Ints, of: Ints) -> Floats:
    """How much is taken for granted, in [0, 1], of what so many have in common, of whom so many have their own."""
    # To the fourth power: of half as many hardly anything is granted, of twice as many nearly all.
    odds = np.square(np.square(owners / facts.policy.half_granted_owners))
    grade: Floats = owners / of * odds / (1.0 + odds)
    return grade


def _find_outward(facts: GroupFacts, has_own: NDArray[np.bool_]) -> Floats:
    """What share of their deals those who trade inside make with others, if they are owners; of each group (G,)."""
    groups, n = facts.groups, len(facts.groups.account)
    inside = np.bincount(facts.inner.buyer, minlength=n) + np.bincount(facts.inner.seller, minlength=n)
    all_deals = np.maximum(facts.market.trades.n_deals[groups.account], 1)
    outward = np.where((inside > 0) & has_own, 1.0 - inside / all_deals, 0.0)
    traders = np.bincount(groups.group, inside > 0, minlength=len(groups))
    share: Floats = np.bincount(groups.group, outward, minlength=len(groups)) / np.maximum(traders, 1)
    return share
