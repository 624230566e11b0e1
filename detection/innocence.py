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
from detection.channels import (
    ANYTHING,
    BEHAVIOUR,
    BLAME,
    MICROS_PER_DAY,
    PRAISE,
    PURCHASE,
    REFERRED,
    REFUND,
    SIGN_UP,
    TRADE,
    SharedThings,
)
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
    traded with one another, and which memberships (M,) did.
    """

    groups: Groups
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    trade_days: Floats
    is_trader: NDArray[np.bool_]


@dataclass(frozen=True)
class Homes:
    """Who could live together: by channel, which of the things that a group shares one household
    could share (K,); and the family of each membership (M,), alone or up to ``HOUSEHOLD_SIZE``.
    """

    homely: Mapping[str, NDArray[np.bool_]]
    family: Ints


def hear_innocent_readings(facts: GroupFacts, things: Mapping[str, SharedThings], snapshot: Snapshot) -> list[Reading]:
    """Every reading, each with the bits it accounts for in each group."""
    homes, praise = find_homes(facts, things), find_praise(facts, things, snapshot)
    readings = [
        read_household(facts, homes),
        read_shared_place(facts, homes, things),
        read_second_hand(facts, homes, things),
        read_campaign(facts, homes, things),
        read_club(facts, homes, praise),
        read_launch(facts, homes, things),
        read_fans(facts, homes, praise, snapshot.n_accounts),
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
        few &= channel.crowd[within.thing] <= HOUSEHOLD_SIZE
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
    if TRADE in facts.evidence:
        shown, usual = facts.evidence[TRADE], FAMILY_TRADES * (facts.groups.size - n_families)
        bits += score_surprise(np.minimum(usual, shown.observed), shown.expected) * (bits > 0)
    return _gather_reading(HOUSEHOLD, bits, everybody, facts, homes)


def read_shared_place(facts: GroupFacts, homes: Homes, things: Mapping[str, SharedThings]) -> Reading:
    """A dormitory, an office, a locker, a carrier's gateway, a computer in a library: many in one place.

    People often join a market when they come to a place.
    """
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    public = {name: ~homes.homely[name] for name in sorted(PLACES & facts.within.keys())}
    if DEVICE in facts.within:
        public[DEVICE] = find_terminals(facts, things[DEVICE])
    for name, strange in public.items():
        within = facts.within[name]
        np.add.at(bits, within.group[strange], within.bits[strange])
        named[within.membership[strange[within.row]]] = True
    bits += np.where(bits > 0, _bits(facts, SIGN_UP), 0.0)
    return _gather_reading("shared place", bits, named, facts, homes)


def find_terminals(facts: GroupFacts, devices: SharedThings) -> NDArray[np.bool_]:
    """Devices that a crowd shares of whom most have one of their own as well (K,)."""
    within, crowded = facts.within[DEVICE], devices.popularity > HOUSEHOLD_SIZE
    has_own = np.zeros(int(max(devices.account.max(), facts.groups.account.max(initial=0))) + 1, dtype=bool)
    has_own[devices.account[~crowded[devices.thing]]] = True
    owners = np.bincount(within.row, has_own[facts.groups.account[within.membership]], minlength=len(within.group))
    return crowded[within.thing] & (owners > within.members / 2)


def read_campaign(facts: GroupFacts, homes: Homes, things: Mapping[str, SharedThings]) -> Reading:
    """The followers of somebody who recommends the market to a crowd: they come at one time."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    if REFERRED in facts.within:
        within = facts.within[REFERRED]
        crowd = things[REFERRED].popularity[within.thing] > HOUSEHOLD_SIZE
        np.add.at(bits, within.group[crowd], within.bits[crowd])
        named[within.membership[crowd[within.row]]] = True
        bits += np.where(bits > 0, _bits(facts, SIGN_UP), 0.0)
    return _gather_reading("referral campaign", bits, named, facts, homes)


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


def read_club(facts: GroupFacts, homes: Homes, praise: Praise) -> Reading:
    """People who trade with one another for months, and say that they liked what they bought."""
    inner = np.bincount(praise.group[praise.is_inner], praise.bits[praise.is_inner], minlength=len(facts.groups))
    bits = np.where(facts.trade_days >= CLUB_DAYS, _bits(facts, TRADE) + inner, 0.0)
    return _gather_reading("club", bits, facts.is_trader, facts, homes)


def read_launch(facts: GroupFacts, homes: Homes, things: Mapping[str, SharedThings]) -> Reading:
    """A crowd with one opinion of one thing at one time: the strongest single coincidence of each kind."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    for name in (PRAISE, BLAME, REFUND, PURCHASE):
        if name in facts.within:
            within, best = facts.within[name], _none(facts)
            shown = np.where(things[name].popularity[within.thing] > HOUSEHOLD_SIZE, within.bits, 0.0)
            np.maximum.at(best, within.group, shown)
            bits += best
            named[within.membership[((shown > 0) & (shown >= best[within.group]))[within.row]]] = True
    return _gather_reading("launch", bits, named, facts, homes)


@dataclass(frozen=True)
class Praise:
    """The praise that a group's members share, one row for each thing praised (K,).

    ``group``; ``seller`` (-1 where unknown); ``bits`` of it that come from customers of the seller;
    ``first_day`` and ``last_day``; ``is_inner`` where the seller is of the group.
    """

    group: Ints
    seller: Ints
    bits: Floats
    first_day: Floats
    last_day: Floats
    is_inner: NDArray[np.bool_]


def find_praise(facts: GroupFacts, things: Mapping[str, SharedThings], snapshot: Snapshot) -> Praise:
    """How much of the praise is by customers, of whom, and when."""
    if PRAISE not in facts.within:
        nobody, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        return Praise(nobody, nobody, nothing, nothing, nothing, nobody.astype(bool))
    within, channel, n = facts.within[PRAISE], things[PRAISE], snapshot.n_accounts
    seller = find_thing_sellers(channel, snapshot)[within.thing]
    author = facts.groups.account[within.membership]
    bought = np.ones(len(author), dtype=bool)
    if (snapshot.orders.seller >= 0).any():
        bought = np.isin(author * n + seller[within.row], snapshot.orders.buyer * n + snapshot.orders.seller)
    customers = np.bincount(within.row, bought, minlength=len(seller)) / np.maximum(within.members, 1)
    first, last = (at[within.thing].astype(np.int64) / MICROS_PER_DAY for at in (channel.began_at, channel.ended_at))
    inner = np.isin(within.group * n + seller, facts.groups.group * n + facts.groups.account)
    return Praise(within.group, seller, within.bits * customers * (seller >= 0), first, last, inner & (seller >= 0))


def read_fans(facts: GroupFacts, homes: Homes, praise: Praise, n_accounts: int) -> Reading:
    """Buyers who come back to the same sellers, and praise them, over months."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    code, place = np.unique(praise.group * n_accounts + praise.seller, return_inverse=True)
    first, last = np.full(len(code), np.inf), np.full(len(code), -np.inf)
    np.minimum.at(first, place, praise.first_day)
    np.maximum.at(last, place, praise.last_day)
    lasting = (last - first >= FANS_DAYS)[place]
    np.add.at(bits, praise.group[lasting], praise.bits[lasting])
    if PRAISE in facts.within:
        within = facts.within[PRAISE]
        named[within.membership[(lasting & (praise.bits > 0))[within.row]]] = True
    return _gather_reading("fans", bits, named, facts, homes)


def find_thing_sellers(channel: SharedThings, snapshot: Snapshot) -> Ints:
    """The seller concerned by each thing whose subject is a product or an account (n_things,)."""
    subject = channel.subject
    listed_by = snapshot.product_seller[np.maximum(subject, 0)] if snapshot.n_products else np.full(len(subject), -1)
    return np.where(subject >= 0, listed_by, np.where(subject == ANYTHING, -1, -1 - subject))


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
    n_families = next((reading.families for reading in readings if reading.name == HOUSEHOLD), size)
    best, chosen = np.zeros_like(total), np.zeros(len(total), dtype=np.int64)
    for story in range(1, 1 << len(readings)):
        parts = [reading for place, reading in enumerate(readings) if story >> place & 1]
        fits = np.all([part.bits > 0 for part in parts], axis=0)
        if not fits.any():
            continue
        others = [part for part in parts if part.name != HOUSEHOLD]
        if len(others) < len(parts):
            named = np.minimum(sum(part.families for part in others), n_families)
            naming = np.maximum(charge_search(named, n_accounts), np.log2(n_accounts))
            cost = charge - charge_search(n_families, n_accounts) + naming
        else:
            cost = charge_search(np.minimum(sum(part.people for part in others), size), n_accounts)
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
