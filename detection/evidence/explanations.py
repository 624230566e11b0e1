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

from detection.channels.catalogue import BLAME, PRAISE, PURCHASE, REFERRED, REFUND, SIGN_UP, TRADE
from detection.channels.facts import find_thing_sellers
from detection.channels.incidence import SharedThings
from detection.channels.windows import MICROS_PER_DAY
from detection.evidence.description_length import Naming
from detection.evidence.households import HOUSEHOLD_SIZE, PLACES, Homes, find_homes
from detection.evidence.market_norms import DEFAULT_HABITS, Habits
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.groups import Groups
from detection.likelihood import score_surprise
from graph.model import Floats, Ints, Snapshot

HOUSEHOLD = "household"
DEVICE = "device"
FAMILY_TRADES = 1.0
"""Pairs who pay one another inside a family, per head beyond the first, that are nothing out of the way:
people who pay one another share phones and cards as well."""
PRIOR_BITS = 12.0
"""How much more common an innocent reading is than a ring, as bits (a factor of 4,000)."""
CLUB_DAYS = 240.0
"""Campaigns of wash trades last for weeks or months, clubs for years."""
FANS_DAYS = 90.0
LASTING_SHARE = 0.5
"""In a market that does not go back as far, half of its time is long."""


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
    traded with one another, and which memberships (M,) did; what is usual in the market.
    """

    groups: Groups
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    trade_days: Floats
    is_trader: NDArray[np.bool_]
    habits: Habits = DEFAULT_HABITS


def hear_innocent_readings(facts: GroupFacts, things: Mapping[str, SharedThings], snapshot: Snapshot) -> list[Reading]:
    """Every reading, each with the bits it accounts for in each group."""
    homes = find_homes(facts.groups, facts.within, things, snapshot.n_accounts)
    praise = find_praise(facts, things, snapshot)
    readings = [
        read_household(facts, homes),
        read_shared_place(facts, homes, things),
        read_second_hand(facts, homes, things),
        read_campaign(facts, homes, things),
        read_club(facts, homes, praise),
        read_friends(facts, homes),
        read_launch(facts, homes, things),
        read_fans(facts, homes, praise, snapshot.n_accounts),
    ]
    return [reading for reading in readings if reading.bits.any()]


def read_household(facts: GroupFacts, homes: Homes) -> Reading:
    """Families and friends who share phones, cards and homes, and refer or buy from one another.

    A group may be made of many families: what is shared inside one accuses nobody, however much it
    is.  What several families share, or more than a household has, stays unexplained, but for what the
    few show who belong to two of them.
    """
    bits = _none(facts)
    everybody = np.ones(len(homes.family), dtype=bool)
    n_families = _count_families(facts, homes, everybody)
    for name, homely in homes.homely.items():
        np.add.at(bits, facts.within[name].group[homely], homes.explained[name][homely])
    bits = np.maximum(bits - homes.again_bits, 0.0)
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
    has_own = np.zeros(int(max(devices.account.max(initial=0), facts.groups.account.max(initial=0))) + 1, dtype=bool)
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
        handed_on = ~things[DEVICE].overlaps[within.thing] & ~homes.homely[DEVICE]
        np.add.at(bits, within.group[handed_on], within.bits[handed_on])
        named[within.membership[handed_on[within.row]]] = True
    return _gather_reading("second-hand device", bits, named, facts, homes)


def read_club(facts: GroupFacts, homes: Homes, praise: Praise) -> Reading:
    """People who trade with one another for months, and say that they liked what they bought.

    Trades of which nobody knows when they were may have been years apart.
    """
    inner = np.bincount(praise.group[praise.is_inner], praise.bits[praise.is_inner], minlength=len(facts.groups))
    lasting = facts.trade_days >= min(CLUB_DAYS, LASTING_SHARE * facts.habits.order_days)
    bits = np.where(lasting, _bits(facts, TRADE) + inner, 0.0)
    return _gather_reading("club", bits, facts.is_trader, facts, homes)


def read_friends(facts: GroupFacts, homes: Homes) -> Reading:
    """People who pay their friends, where that is what people do: in most markets strangers deal with one another."""
    bits = _bits(facts, TRADE) if facts.habits.circles_are_usual else _none(facts)
    return _gather_reading("friends", bits, facts.is_trader, facts, homes)


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
        is_member = np.zeros(n, dtype=bool)
        is_member[facts.groups.account] = True
        theirs = is_member[snapshot.orders.buyer]
        orders = snapshot.orders.buyer[theirs] * n + snapshot.orders.seller[theirs]
        bought = np.isin(author * n + seller[within.row], orders)
    customers = np.bincount(within.row, bought, minlength=len(seller)) / np.maximum(within.members, 1)
    first, last = _find_days(facts.groups, channel, within)
    inner = np.isin(within.group * n + seller, facts.groups.group * n + facts.groups.account)
    return Praise(within.group, seller, within.bits * customers * (seller >= 0), first, last, inner & (seller >= 0))


def _find_days(groups: Groups, channel: SharedThings, within: SharedWithin) -> tuple[Floats, Floats]:
    """The days of the first and the last use of each shared thing by the group's own members (K,)."""
    uses = groups.find_facts(channel.by_account)
    code = groups.group[uses.membership] * channel.n_things + channel.thing[uses.row]
    known = within.group * channel.n_things + within.thing
    place = np.minimum(np.searchsorted(known, code), max(len(known) - 1, 0))
    ours = known[place] == code if len(known) else np.zeros(len(code), dtype=bool)
    first, last = np.full(len(known), np.inf), np.full(len(known), -np.inf)
    for days, at, best in ((first, channel.first_at, np.minimum), (last, channel.last_at, np.maximum)):
        when = at[uses.row[ours]]
        best.at(days, place[ours][~np.isnat(when)], when[~np.isnat(when)].astype(np.int64) / MICROS_PER_DAY)
    return first, last


def read_fans(facts: GroupFacts, homes: Homes, praise: Praise, n_accounts: int) -> Reading:
    """Buyers who come back to the same sellers, and praise them, over months."""
    bits, named = _none(facts), np.zeros(len(homes.family), dtype=bool)
    code, place = np.unique(praise.group * n_accounts + praise.seller, return_inverse=True)
    first, last = np.full(len(code), np.inf), np.full(len(code), -np.inf)
    np.minimum.at(first, place, praise.first_day)
    np.maximum.at(last, place, praise.last_day)
    enough = min(FANS_DAYS, LASTING_SHARE * facts.habits.review_days)
    lasting = ((last - first >= enough) | (last < first))[place]  # where none is dated, it may have been years
    np.add.at(bits, praise.group[lasting], praise.bits[lasting])
    if PRAISE in facts.within:
        within = facts.within[PRAISE]
        named[within.membership[(lasting & (praise.bits > 0))[within.row]]] = True
    return _gather_reading("fans", bits, named, facts, homes)


@dataclass(frozen=True)
class Verdict:
    """``net_bits`` (G,) that stand against the best innocent story, and ``won`` (G,) by reading:
    where it belongs to that story and the story explains more than naming its groups costs.
    """

    net_bits: Floats
    won: Mapping[str, NDArray[np.bool_]]


def weigh_innocence(total: Floats, naming: Naming, readings: list[Reading]) -> Verdict:
    """Set the evidence against chance, and against the best combination of innocent readings.

    A ring pays to name its members.  An innocent story pays to name whom each of its readings brings
    together, and is ``PRIOR_BITS`` more common; what it accounts for beyond that is taken from the
    ring.  Families are there in any case: a story with families names families instead of people,
    one at the least, and saves the ring the difference.  O(2^readings · groups).
    """
    size = naming.size
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
            cost = naming.name(size) - naming.name(n_families) + np.maximum(naming.name(named), np.log2(naming.total))
        else:
            cost = naming.name(np.minimum(sum(part.people for part in others), size))
        gain = sum((part.bits for part in parts), PRIOR_BITS - cost)
        fits &= gain > best
        best, chosen = np.where(fits, gain, best), np.where(fits, story, chosen)
    won = {reading.name: (chosen >> place & 1).astype(bool) for place, reading in enumerate(readings)}
    return Verdict(total - naming.charge - best, won)


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
