"""The innocent side: readings that compete with guilt for the same facts.

A household shares a phone, a flat and a card; a dormitory an address; an office its network; a
parcel locker its street; a carrier an IP among hundreds; a second-hand device goes from hand to
hand; a club trades for years; the fans of a seller praise it for years; a launch draws a crowd in
a week.  Each reading says how many bits of a group's evidence it accounts for and whom it brings
together; a ring must show ``PRIOR_BITS`` beyond what the best combination of them accounts for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.candidates import Groups
from detection.channels import BEHAVIOUR, BLAME, MICROS_PER_DAY, PRAISE, REFERRAL, REFERRED, TRADE, SharedThings
from detection.evidence import ChannelEvidence, SharedWithin, charge_search
from detection.links import score_surprise
from graph.model import Floats, Ints, Snapshot

HOUSEHOLD = "household"
HOUSEHOLD_SIZE = 8
DEVICE = "device"
PLACES = frozenset({"address", "ip"})
FAMILY_TRADES = 0.5
"""Purchases inside a family that are nothing out of the way, per head beyond the first."""
PRIOR_BITS = 12.0
"""How much more common an innocent reading is than a ring, as bits (a factor of 4,000)."""
CLUB_DAYS = 120.0
FANS_DAYS = 90.0
CIRCULAR_SHARE = 0.5


@dataclass(frozen=True)
class Reading:
    """One innocent explanation over all groups.

    ``bits`` (G,) of the evidence that it accounts for, 0 where it does not fit; ``people`` (G,) whom
    it brings together, and the ``families`` (G,) that they belong to.
    """

    name: str
    bits: Floats
    people: Ints
    families: Ints


@dataclass(frozen=True)
class GroupFacts:
    """What the readings look at.

    The groups, their evidence by channel, what they share; the days (G,) over which their members
    traded with one another, which memberships (M,) did, and the share (G,) of those trades that run
    between members who both buy and sell inside the group.
    """

    groups: Groups
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    trade_days: Floats
    is_trader: NDArray[np.bool_]
    circular_share: Floats


@dataclass(frozen=True)
class Homes:
    """Who could live together: by channel, which of the things that a group shares one household
    could share (K,); and the family of each membership (M,), alone or up to ``HOUSEHOLD_SIZE``.
    """

    homely: Mapping[str, NDArray[np.bool_]]
    family: Ints


def hear_innocent_readings(facts: GroupFacts, things: Mapping[str, SharedThings], snapshot: Snapshot) -> list[Reading]:
    """Every reading, each with the bits it accounts for in each group."""
    homes = find_homes(facts, things)
    readings = [
        read_household(facts, homes),
        read_shared_place(facts, homes),
        read_second_hand(facts, homes, things),
        read_club(facts, homes),
        read_regulars(facts, homes),
        read_launch(facts, homes, things),
        read_fans(facts, homes, things, snapshot),
    ]
    return [reading for reading in readings if reading.bits.any()]


def find_homes(facts: GroupFacts, things: Mapping[str, SharedThings]) -> Homes:
    """Split every group into families: members whom homely things join, O(uses of the members · log).

    Where more than ``HOUSEHOLD_SIZE`` hang together, the rarest things join first, and of equals
    those of the first accounts, so that the names of things do not matter.
    """
    shared = {name: within for name, within in facts.within.items() if name not in BEHAVIOUR or name == REFERRED}
    homely = {name: _is_homely(within, things[name]) for name, within in shared.items()}
    n = nodes = len(facts.groups.account)
    parts = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))]
    for name, within in shared.items():
        used = homely[name][within.row]
        row = within.row[used]
        parts.append((within.membership[used], nodes + row, (within.bits / (within.members - 1))[row]))
        nodes += len(within.group)
    member, node, bits = (np.concatenate(column) for column in zip(*parts, strict=True))
    joined = sparse.coo_array((np.ones(len(member)), (member, node)), shape=(nodes, nodes))
    family = connected_components(joined, directed=False)[1].astype(np.int64)[:n]
    crowded = np.bincount(family)[family] > HOUSEHOLD_SIZE
    family[crowded] = nodes + np.flatnonzero(crowded)
    some = np.flatnonzero(crowded[member])
    _join_rarest_first(family, member[some], node[some], bits[some])
    return Homes(homely, np.unique(family, return_inverse=True)[1])


def _is_homely(within: SharedWithin, channel: SharedThings) -> NDArray[np.bool_]:
    """Things that one household could share (K,): few members of the group use them, and for an
    address or a network few others do.
    """
    few = within.members <= HOUSEHOLD_SIZE
    if channel.name in PLACES:
        few &= channel.popularity[within.thing] <= HOUSEHOLD_SIZE
    return few


def _join_rarest_first(family: Ints, member: Ints, thing: Ints, bits: Floats) -> None:
    """Join the users of each thing in turn, as long as their family stays small; changes ``family``."""
    order = np.lexsort((member, thing))
    starts = np.flatnonzero(np.diff(thing[order], prepend=-1))
    sharers = [part.tolist() for part in np.split(member[order], starts[1:])]
    rarity = bits[order][starts].tolist()
    parent = {place: place for place in member.tolist()}
    size = dict.fromkeys(parent, 1)

    def find(place: int) -> int:
        while parent[place] != place:
            parent[place] = place = parent[parent[place]]
        return place

    for _, users in sorted(zip((-one for one in rarity), sharers, strict=True)) if len(member) else ():
        for user in users[1:]:
            one, other = find(users[0]), find(user)
            if one != other and size[one] + size[other] <= HOUSEHOLD_SIZE:
                parent[other] = one
                size[one] += size[other]
    for place in parent:
        family[place] = family[find(place)]


def read_household(facts: GroupFacts, homes: Homes) -> Reading:
    """Families and friends who share phones, cards and homes, and refer or buy from one another.

    A group may be made of many families: what is shared inside one accuses nobody, however much it
    is.  What several families share, or more than a household has, stays unexplained.
    """
    bits = _none(facts)
    everybody = np.ones(len(homes.family), dtype=bool)
    n_families = _count_families(facts, homes, everybody)
    for name, homely in homes.homely.items():
        within = facts.within[name]
        code = np.unique(within.row * len(everybody) + homes.family[within.membership])
        families = np.bincount(code // max(len(everybody), 1), minlength=len(within.group))
        inside = score_surprise(within.members - families, within.expected)
        np.add.at(bits, within.group[homely], inside[homely])
    kin = (facts.groups.size - n_families).astype(float)
    for name, usual in ((TRADE, FAMILY_TRADES * kin), (REFERRAL, kin)):
        if name in facts.evidence:
            shown = facts.evidence[name]
            bits += score_surprise(np.minimum(usual, shown.observed), shown.expected) * (bits > 0)
    return _gather_reading(HOUSEHOLD, bits, everybody, facts, homes)


def read_shared_place(facts: GroupFacts, homes: Homes) -> Reading:
    """A dormitory, an office, a locker, a carrier's gateway: many under one roof or behind one address."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    for name in sorted(PLACES & facts.within.keys()):
        within, strange = facts.within[name], ~homes.homely[name]
        np.add.at(bits, within.group[strange], within.bits[strange])
        named[within.membership[strange[within.row]]] = True
    return _gather_reading("shared place", bits, named, facts, homes)


def read_second_hand(facts: GroupFacts, homes: Homes, things: Mapping[str, SharedThings]) -> Reading:
    """A device that one account stops using before the next one starts."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    if DEVICE in facts.within:
        within = facts.within[DEVICE]
        handed_on = ~_overlaps(things[DEVICE])[within.thing] & ~homes.homely[DEVICE]
        np.add.at(bits, within.group[handed_on], within.bits[handed_on])
        named[within.membership[handed_on[within.row]]] = True
    return _gather_reading("second-hand device", bits, named, facts, homes)


def _overlaps(channel: SharedThings) -> NDArray[np.bool_]:
    """Which things two accounts used at the same time, or at unknown times (n_things,)."""
    order = np.lexsort((channel.first_at, channel.thing))
    thing, first, last = channel.thing[order], channel.first_at[order], channel.last_at[order]
    again = thing[1:] == thing[:-1]
    unknown = np.isnat(first[1:]) | np.isnat(last[:-1]) | (first[:-1] == last[:-1])
    together = again & (unknown | (first[1:] <= last[:-1]))
    overlaps = np.zeros(channel.n_things, dtype=bool)
    overlaps[thing[1:][together]] = True
    return overlaps


def read_club(facts: GroupFacts, homes: Homes) -> Reading:
    """People who trade with one another for months."""
    bits = np.where(facts.trade_days >= CLUB_DAYS, _bits(facts, TRADE), 0.0)
    return _gather_reading("club", bits, facts.is_trader, facts, homes)


def read_regulars(facts: GroupFacts, homes: Homes) -> Reading:
    """Customers and the sellers they come back to: hardly anyone both buys and sells inside the group."""
    bits = np.where(facts.circular_share < CIRCULAR_SHARE, _bits(facts, TRADE), 0.0)
    return _gather_reading("regular customers", bits, facts.is_trader, facts, homes)


def read_launch(facts: GroupFacts, homes: Homes, things: Mapping[str, SharedThings]) -> Reading:
    """A crowd with one opinion of one thing in one week: the strongest single coincidence."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    for name in (PRAISE, BLAME):
        if name in facts.within:
            within, best = facts.within[name], _none(facts)
            shown = np.where(things[name].popularity[within.thing] > HOUSEHOLD_SIZE, within.bits, 0.0)
            np.maximum.at(best, within.group, shown)
            bits += best
            named[within.membership[((shown > 0) & (shown >= best[within.group]))[within.row]]] = True
    return _gather_reading("launch", bits, named, facts, homes)


def read_fans(facts: GroupFacts, homes: Homes, things: Mapping[str, SharedThings], snapshot: Snapshot) -> Reading:
    """Buyers who come back to one seller, and praise it, over months."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    if PRAISE in facts.within:
        within, channel = facts.within[PRAISE], things[PRAISE]
        seller = find_thing_sellers(channel, snapshot)[within.thing]
        known = (seller >= 0) & (within.bits > 0)
        code, place = np.unique(within.group[known] * snapshot.n_accounts + seller[known], return_inverse=True)
        at = channel.began_at[within.thing[known]].astype(np.int64) / MICROS_PER_DAY
        first, last = np.full(len(code), np.inf), np.full(len(code), -np.inf)
        np.minimum.at(first, place, at)
        np.maximum.at(last, place, at)
        praise = np.bincount(place, weights=within.bits[known], minlength=len(code))
        praise = np.where(last - first >= FANS_DAYS, praise, 0.0)
        np.maximum.at(bits, code // max(snapshot.n_accounts, 1), praise)
        named[within.membership[known[within.row]]] = True
    return _gather_reading("fans of a seller", bits, named, facts, homes)


def find_thing_sellers(channel: SharedThings, snapshot: Snapshot) -> Ints:
    """The seller concerned by each thing whose subject is a product or an account (n_things,)."""
    subject = channel.subject
    listed_by = snapshot.product_seller[np.maximum(subject, 0)] if snapshot.n_products else np.full(len(subject), -1)
    return np.where(subject >= 0, listed_by, -1 - subject)


@dataclass(frozen=True)
class Verdict:
    """``net_bits`` (G,) that stand against the best innocent story, and ``won`` (G,) by reading:
    where it belongs to that story and the story explains more than naming its groups costs.
    """

    net_bits: Floats
    won: Mapping[str, NDArray[np.bool_]]


def weigh_innocence(total: Floats, size: Ints, readings: list[Reading], n_accounts: int) -> Verdict:
    """Set the evidence against chance, and against the best combination of innocent readings.

    A ring pays to name its members.  An innocent story pays to name whom each of its readings brings
    together, and is ``PRIOR_BITS`` more common; what it accounts for beyond that is taken from the
    ring.  Families are there in any case: a story with families names families instead of people,
    one at the least, and saves the ring the difference.  O(2^readings · groups).
    """
    charge = charge_search(size, n_accounts)
    by_people = {reading.name: charge_search(reading.people, n_accounts) for reading in readings}
    by_families = {reading.name: charge_search(reading.families, n_accounts) for reading in readings}
    best, chosen = np.zeros_like(total), np.zeros(len(total), dtype=np.int64)
    for story in range(1, 1 << len(readings)):
        parts = [reading for place, reading in enumerate(readings) if story >> place & 1]
        fits = np.all([part.bits > 0 for part in parts], axis=0)
        if not fits.any():
            continue
        others = [part.name for part in parts if part.name != HOUSEHOLD]
        if len(others) < len(parts):
            naming = sum((by_families[name] for name in others), np.zeros_like(total))
            cost = charge - by_families[HOUSEHOLD] + np.maximum(naming, np.log2(n_accounts))
        else:
            cost = sum((by_people[name] for name in others), np.zeros_like(total))
        gain = sum((part.bits for part in parts), PRIOR_BITS - cost)
        fits &= gain > best
        best, chosen = np.where(fits, gain, best), np.where(fits, story, chosen)
    won = {reading.name: (chosen >> place & 1).astype(bool) for place, reading in enumerate(readings)}
    return Verdict(total - charge - best, won)


def _gather_reading(name: str, bits: Floats, named: NDArray[np.bool_], facts: GroupFacts, homes: Homes) -> Reading:
    people = np.bincount(facts.groups.group[named], minlength=len(facts.groups))
    return Reading(name, bits, people, _count_families(facts, homes, named))


def _count_families(facts: GroupFacts, homes: Homes, named: NDArray[np.bool_]) -> Ints:
    """To how many families the named memberships of each group belong (G,)."""
    _, once = np.unique(homes.family[named], return_index=True)
    return np.bincount(facts.groups.group[named][once], minlength=len(facts.groups))


def _none(facts: GroupFacts) -> Floats:
    return np.zeros(len(facts.groups))


def _bits(facts: GroupFacts, channel: str) -> Floats:
    shown = facts.evidence.get(channel)
    return _none(facts) if shown is None else shown.bits
