"""The innocent side: readings that compete with guilt for the same facts.

A household shares a phone, a flat and a card; a dormitory an address; an office its network; a
parcel locker its street; a carrier an IP among hundreds; a second-hand device goes from hand to
hand; a club trades for years; the fans of a seller praise it for years; a launch draws a crowd in
a week.  Each reading names the channels that it accounts for, and how common it is next to rings
(``PRIOR_BITS``); a ring must show that much beyond what the best readings account for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.candidates import Groups
from detection.channels import BEHAVIOUR, BLAME, PRAISE, REFERRAL, REFERRED, TRADE, SharedThings
from detection.evidence import ChannelEvidence, SharedWithin, charge_search
from detection.links import score_surprise
from graph.model import Floats, Ints, Snapshot

HOUSEHOLD = "household"
HOUSEHOLD_SIZE = 8
PLACES = frozenset({"address", "ip"})
FAMILY_TRADES = 0.5
"""Purchases inside a family that are nothing out of the way, per head beyond the first."""
PRIOR_BITS = 12.0
"""How much more common an innocent reading is than a ring, as bits (a factor of 4,000)."""
CLUB_DAYS = 120.0
FANS_DAYS = 90.0
CIRCULAR_SHARE = 0.5
_MICROS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Reading:
    """One innocent explanation over all groups.

    ``bits`` (G,) of the evidence that it accounts for, 0 where it does not fit; ``people`` (G,) how
    many accounts it has to name, or how many families where it tells of families.
    """

    name: str
    bits: Floats
    people: Floats


@dataclass(frozen=True)
class GroupFacts:
    """What the readings look at: the groups, their evidence by channel, what they share, the days
    (G,) over which their members traded with one another, how many did (G,), and the share (G,) of
    those trades that run between members who both buy and sell inside the group.
    """

    groups: Groups
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    trade_days: Floats
    traders: Floats
    circular_share: Floats


def hear_innocent_readings(facts: GroupFacts, things: Mapping[str, SharedThings], snapshot: Snapshot) -> list[Reading]:
    """Every reading, each with the bits it accounts for in each group."""
    shared = {name: within for name, within in facts.within.items() if name not in BEHAVIOUR or name == REFERRED}
    own = {name: _is_homely(within, things[name]) for name, within in shared.items()}
    readings = [
        read_household(facts, own, snapshot),
        read_shared_place(facts, own, snapshot),
        read_second_hand(facts, own, things, snapshot),
        read_club(facts, snapshot),
        read_regulars(facts, snapshot),
        read_launch(facts, things),
        read_fans(facts, things, snapshot),
    ]
    return [reading for reading in readings if reading.bits.any()]


def read_household(facts: GroupFacts, own: Mapping[str, NDArray[np.bool_]], snapshot: Snapshot) -> Reading:
    """Families and friends who share phones, cards and homes, and refer or buy from one another.

    A group may be made of many families, so that who shares what accuses nobody inside one; what
    several families share stays unexplained.  The families are there whether or not a ring is: the
    story saves the ring the bits to name all members, and leaves it those to name the families.
    """
    groups, families = facts.groups, find_families(facts, own)
    n_families = np.bincount(groups.group[np.unique(families, return_index=True)[1]], minlength=len(groups))
    bits = _none(facts)
    for name, mine in own.items():
        within = facts.within[name]
        inside = within.members - _count_distinct(within.row, families[within.membership], len(within.group))
        np.add.at(bits, within.group[mine], score_surprise(inside, within.expected)[mine])
    kin = (groups.size - n_families).astype(float)
    for name, usual in ((TRADE, FAMILY_TRADES * kin), (REFERRAL, kin)):
        if name in facts.evidence:
            shown = facts.evidence[name]
            bits += score_surprise(np.minimum(usual, shown.observed), shown.expected) * (bits > 0)
    return Reading(HOUSEHOLD, bits, n_families.astype(float))


def find_families(facts: GroupFacts, own: Mapping[str, NDArray[np.bool_]]) -> Ints:
    """The family of each membership (M,): members joined by homely things, ``HOUSEHOLD_SIZE`` at most.

    Where more than that hang together, the rarest things join first, O(uses of the members · log).
    """
    n = len(facts.groups.account)
    member, node, weight, nodes = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)], n
    for name, mine in own.items():
        within = facts.within[name]
        used = mine[within.row]
        member.append(within.membership[used])
        node.append(nodes + within.row[used])
        weight.append((within.bits / (within.members - 1))[within.row[used]])
        nodes += len(within.group)
    members, things, weights = np.concatenate(member), np.concatenate(node), np.concatenate(weight)
    joined = sparse.coo_array((np.ones(len(members)), (members, things)), shape=(nodes, nodes))
    family = connected_components(joined, directed=False)[1].astype(np.int64)[:n]
    crowded = np.bincount(family)[family] > HOUSEHOLD_SIZE
    family[crowded] = family.max(initial=0) + 1 + np.flatnonzero(crowded)
    some = np.flatnonzero(crowded[members])
    some = some[np.lexsort((members[some], things[some], -weights[some]))]
    _join_in_order(family, members[some].tolist(), things[some].tolist())
    return family


def _join_in_order(family: Ints, members: list[int], things: list[int]) -> None:
    """Join the users of each thing in turn, as long as their family stays small; changes ``family``."""
    parent = {member: member for member in members}
    size = dict.fromkeys(members, 1)

    def find(member: int) -> int:
        while parent[member] != member:
            parent[member] = member = parent[parent[member]]
        return member

    first: dict[int, int] = {}
    for member, thing in zip(members, things, strict=True):
        one, other = find(first.setdefault(thing, member)), find(member)
        if one != other and size[one] + size[other] <= HOUSEHOLD_SIZE:
            parent[other] = one
            size[one] += size[other]
    for member in parent:
        family[member] = family[find(member)]


def _count_distinct(row: Ints, label: Ints, n_rows: int) -> Ints:
    """How many distinct labels each row has (n_rows,)."""
    pairs = np.unique(row * (int(label.max(initial=0)) + 1) + label) // (int(label.max(initial=0)) + 1)
    return np.bincount(pairs, minlength=n_rows)


def _is_homely(within: SharedWithin, channel: SharedThings) -> NDArray[np.bool_]:
    """Things that one household could share (K,): few members of the group use them, and for an
    address or a network few others do.
    """
    few = within.members <= HOUSEHOLD_SIZE
    if channel.name in PLACES:
        few &= channel.popularity[within.thing] <= HOUSEHOLD_SIZE
    return few


def read_shared_place(facts: GroupFacts, own: Mapping[str, NDArray[np.bool_]], snapshot: Snapshot) -> Reading:
    """A dormitory, an office, a locker, a carrier's gateway: many under one roof or behind one address."""
    bits, people = _none(facts), _none(facts)
    for name in PLACES & facts.within.keys():
        within, strange = facts.within[name], ~own[name]
        np.add.at(bits, within.group[strange], within.bits[strange])
        np.maximum.at(people, within.group[strange], within.members[strange])
    return Reading("shared place", bits, people)


def read_second_hand(
    facts: GroupFacts, own: Mapping[str, NDArray[np.bool_]], things: Mapping[str, SharedThings], snapshot: Snapshot
) -> Reading:
    """A device that one account stops using before the next one starts."""
    bits, people = _none(facts), _none(facts)
    if "device" in things:
        within = facts.within["device"]
        handed_on = ~_overlaps(things["device"])[within.thing] & ~own["device"]
        np.add.at(bits, within.group[handed_on], within.bits[handed_on])
        np.maximum.at(people, within.group[handed_on], within.members[handed_on])
    return Reading("second-hand device", bits, people)


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


def read_club(facts: GroupFacts, snapshot: Snapshot) -> Reading:
    """People who trade with one another for months from homes and devices of their own."""
    bits = np.where(facts.trade_days >= CLUB_DAYS, _bits(facts, TRADE), 0.0)
    return Reading("club", bits, facts.traders)


def read_regulars(facts: GroupFacts, snapshot: Snapshot) -> Reading:
    """Customers and the sellers they come back to: hardly anyone both buys and sells inside the group."""
    bits = np.where(facts.circular_share < CIRCULAR_SHARE, _bits(facts, TRADE), 0.0)
    return Reading("regular customers", bits, facts.traders)


def read_launch(facts: GroupFacts, things: Mapping[str, SharedThings]) -> Reading:
    """A crowd with one opinion of one thing in one week: the strongest single coincidence."""
    bits, people = _none(facts), _none(facts)
    for name in (PRAISE, BLAME):
        if name in facts.within:
            within = facts.within[name]
            best, crowd = _none(facts), _none(facts)
            shown = np.where(things[name].popularity[within.thing] > HOUSEHOLD_SIZE, within.bits, 0.0)
            np.maximum.at(best, within.group, shown)
            np.maximum.at(crowd, within.group, np.where(shown >= best[within.group], within.members, 0))
            bits += best
            people = np.maximum(people, crowd)
    return Reading("launch", bits, people)


def read_fans(facts: GroupFacts, things: Mapping[str, SharedThings], snapshot: Snapshot) -> Reading:
    """Buyers who come back to one seller, and praise it, over months."""
    bits = _none(facts)
    if PRAISE not in facts.within:
        return Reading("fans of a seller", bits, bits)
    within, channel = facts.within[PRAISE], things[PRAISE]
    seller = find_thing_sellers(channel, snapshot)[within.thing]
    known = (seller >= 0) & (within.bits > 0)
    code, place = np.unique(within.group[known] * snapshot.n_accounts + seller[known], return_inverse=True)
    at = channel.began_at[within.thing[known]].astype(np.int64) / _MICROS_PER_DAY
    first, last = np.full(len(code), np.inf), np.full(len(code), -np.inf)
    np.minimum.at(first, place, at)
    np.maximum.at(last, place, at)
    praise = np.bincount(place, weights=within.bits[known], minlength=len(code))
    praise = np.where(last - first >= FANS_DAYS, praise, 0.0)
    np.maximum.at(bits, code // max(snapshot.n_accounts, 1), praise)
    return Reading("fans of a seller", bits, facts.groups.size.astype(float))


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

    A ring pays to name its members.  An innocent story pays to name the people whom each of its
    readings brings together, and is ``PRIOR_BITS`` more common; what it accounts for beyond that is
    taken from the ring.  Families are there in any case: a story with families pays only for naming
    families instead of people, in its other readings as in the ring.  O(2^readings · groups).
    """
    charge = charge_search(size, n_accounts)
    best, chosen = np.zeros_like(total), np.zeros(len(total), dtype=np.int64)
    for story in range(1, 1 << len(readings)):
        parts = {reading.name: reading for place, reading in enumerate(readings) if story >> place & 1}
        named, saved, least = size.astype(float), np.zeros_like(total), np.zeros_like(total)
        if HOUSEHOLD in parts:
            named = parts[HOUSEHOLD].people
            saved = charge - charge_search(named, n_accounts)
            least = np.full_like(total, np.log2(n_accounts))
        others = [part for name, part in parts.items() if name != HOUSEHOLD]
        naming = sum((charge_search(np.minimum(part.people, named), n_accounts) for part in others), np.zeros_like(total))
        cost = saved + np.maximum(naming, least)
        gain = sum((part.bits for part in parts.values()), np.zeros_like(total)) - cost + PRIOR_BITS
        fits = np.all([part.bits > 0 for part in parts.values()], axis=0) & (gain > best)
        best, chosen = np.where(fits, gain, best), np.where(fits, story, chosen)
    won = {reading.name: (chosen >> place & 1).astype(bool) for place, reading in enumerate(readings)}
    return Verdict(total - charge - best, won)


def _none(facts: GroupFacts) -> Floats:
    return np.zeros(len(facts.groups))


def _bits(facts: GroupFacts, channel: str) -> Floats:
    shown = facts.evidence.get(channel)
    return _none(facts) if shown is None else shown.bits
