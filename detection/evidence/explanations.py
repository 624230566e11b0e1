"""The innocent side: explanations that compete with guilt for the same facts.

A household shares a phone, a flat and a card; a dormitory an address; an office its network; a
parcel locker its street; a carrier an IP among hundreds; a second-hand device goes from hand to
hand; a club trades for years; the fans of a seller praise it for years; a launch draws a crowd in
a week.  Each explanation says how many bits of a group's evidence it accounts for and whom it brings
together; a ring must show ``prior_bits`` beyond what the best combination of them accounts for.

A new explanation is a function that claims bits, and a line in :data:`EXPLAINERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import PRAISE, REFERRED, SIGN_UP, TRADE
from detection.channels.incidence import SharedThings
from detection.channels.windows import MICROS_PER_DAY
from detection.evidence.description_length import DescriptionLength
from detection.evidence.households import HouseholdPartition, partition_households
from detection.evidence.market import Market
from detection.evidence.measure import ChannelEvidence, SharedWithin
from detection.groups import Groups
from detection.likelihood import score_surprise
from detection.policy import Policy
from graph.model import Floats, Ints


@dataclass(frozen=True)
class Explanation:
    """One innocent explanation over all groups.

    ``bits`` (G,) of the evidence that it accounts for, 0 where it does not fit; ``people`` (G,) whom
    it brings together, and the ``households`` (G,) that they belong to.
    """

    name: str
    bits: Floats
    people: Ints
    households: Ints


@dataclass(frozen=True)
class GroupFacts:
    """What the explanations look at.

    The groups, their evidence by channel, what they share; the days (G,) over which their members
    traded with one another, and which memberships (M,) did; the market with what is usual in it.
    """

    groups: Groups
    evidence: Mapping[str, ChannelEvidence]
    within: Mapping[str, SharedWithin]
    trade_days: Floats
    is_trader: NDArray[np.bool_]
    market: Market

    @property
    def policy(self) -> Policy:
        """What is long, large and usual."""
        return self.market.policy

    @cached_property
    def partition(self) -> HouseholdPartition:
        """Who of each group could live together."""
        return partition_households(self.groups, self.within, self.market)

    @cached_property
    def praise(self) -> Praise:
        """What the members praise together."""
        return find_praise(self)

    def list_shared(self, is_meant: Callable[[SharedThings], bool]) -> list[tuple[SharedThings, SharedWithin]]:
        """The channels of some sort in which members have something in common."""
        things = self.market.things
        return [(things[name], found) for name, found in self.within.items() if is_meant(things[name])]

    def count_households(self, named: NDArray[np.bool_]) -> Ints:
        """To how many households the named memberships of each group belong (G,)."""
        _, once = np.unique(self.partition.household[named], return_index=True)
        return np.bincount(self.groups.group[named][once], minlength=len(self.groups))


class Claim:
    """What an explanation accounts for: ``bits`` (G,), and whom it brings together, ``named`` (M,)."""

    def __init__(self, facts: GroupFacts) -> None:
        self.facts = facts
        self.bits: Floats = np.zeros(len(facts.groups))
        self.named = np.zeros(len(facts.groups.account), dtype=bool)

    def add_things(self, within: SharedWithin, explained: NDArray[np.bool_]) -> None:
        """Account for some of the shared things (K,), and name who has part in them."""
        np.add.at(self.bits, within.group[explained], within.bits[explained])
        self.named[within.membership[explained[within.row]]] = True

    def add_sign_ups(self) -> None:
        """Where the rest fits: people often join a market when they come together elsewhere."""
        self.bits += np.where(self.bits > 0, find_bits(self.facts, SIGN_UP), 0.0)


def find_explanations(facts: GroupFacts) -> list[Explanation]:
    """Every explanation, each with the bits it accounts for in each group."""
    found = []
    for explainer in EXPLAINERS:
        claim = Claim(facts)
        explainer.explain(claim, facts)
        if claim.bits.any():
            people = np.bincount(facts.groups.group[claim.named], minlength=len(facts.groups))
            found.append(Explanation(explainer.name, claim.bits, people, facts.count_households(claim.named)))
    return found


def explain_by_household(claim: Claim, facts: GroupFacts) -> None:
    """Families and friends who share phones, cards and homes, and refer or buy from one another.

    A group may be made of many households: what is shared inside one accuses nobody, however much it
    is.  What several households share, or more than a household has, stays unexplained, but for what the
    few show who belong to two of them.
    """
    claim.named[:] = True
    # The partition has decided which household explains which thing, so that nothing is explained twice here.
    for name, alike in facts.partition.household_scale.items():
        np.add.at(claim.bits, facts.within[name].group[alike], facts.partition.explained[name][alike])
    claim.bits = np.maximum(claim.bits - facts.partition.again_bits, 0.0)
    if TRADE in facts.evidence:
        relatives = facts.groups.size - facts.count_households(claim.named)
        shown, usual = facts.evidence[TRADE], facts.policy.family_trades * relatives
        # Relatives' trades alone make no household: they count where sharing says that there is one.
        claim.bits += score_surprise(np.minimum(usual, shown.observed), shown.expected) * (claim.bits > 0)


def explain_by_shared_place(claim: Claim, facts: GroupFacts) -> None:
    """A dormitory, an office, a locker, a carrier's gateway, a computer in a library: many in one place.

    People often join a market when they come to a place.
    """
    for channel, within in facts.list_shared(lambda channel: channel.record.is_place):
        claim.add_things(within, ~facts.partition.household_scale[channel.name])
    for channel, within in facts.list_shared(lambda channel: channel.record.is_device):
        claim.add_things(within, find_terminals(facts, channel))
    claim.add_sign_ups()


def find_terminals(facts: GroupFacts, devices: SharedThings) -> NDArray[np.bool_]:
    """Devices that a crowd shares of whom enough have one of their own as well (K,)."""
    within, crowded = facts.within[devices.name], devices.popularity > facts.policy.household_size
    # A farm has no other devices; who comes to a library has a phone at home.
    has_own = np.zeros(int(max(devices.account.max(initial=0), facts.groups.account.max(initial=0))) + 1, dtype=bool)
    has_own[devices.account[~crowded[devices.thing]]] = True
    owners = np.bincount(within.row, has_own[facts.groups.account[within.membership]], minlength=len(within.group))
    return crowded[within.thing] & (owners > within.members * facts.policy.terminal_owner_share)


def explain_by_second_hand(claim: Claim, facts: GroupFacts) -> None:
    """A device that one account stops using before the next one starts."""
    for channel, within in facts.list_shared(lambda channel: channel.record.is_device):
        # What few enough use to live together is the household's to explain; this is about longer chains of owners.
        claim.add_things(within, ~channel.overlaps[within.thing] & ~facts.partition.household_scale[channel.name])


def explain_by_campaign(claim: Claim, facts: GroupFacts) -> None:
    """The followers of somebody who recommends the market to a crowd: they come at one time."""
    for channel, within in facts.list_shared(lambda channel: channel.name == REFERRED):
        claim.add_things(within, channel.popularity[within.thing] > facts.policy.household_size)
    claim.add_sign_ups()


def explain_by_club(claim: Claim, facts: GroupFacts) -> None:
    """People who trade with one another for months, and say that they liked what they bought.

    Trades of which nobody knows when they were may have been years apart.
    """
    praise, long = facts.praise, min(facts.policy.club_days, facts.policy.lasting_share * facts.market.norms.order_days)
    # Club mates praise one another for what they bought from one another, not for what nobody sold.
    inner = np.bincount(praise.group[praise.is_inner], praise.bits[praise.is_inner], minlength=len(facts.groups))
    claim.bits = np.where(facts.trade_days >= long, find_bits(facts, TRADE) + inner, 0.0)
    claim.named = facts.is_trader


def explain_by_friends(claim: Claim, facts: GroupFacts) -> None:
    """People who pay their friends, where that is what people do: in most markets strangers deal with one another."""
    if facts.market.norms.cycles_are_usual:
        claim.bits = find_bits(facts, TRADE)
    claim.named = facts.is_trader


def explain_by_launch(claim: Claim, facts: GroupFacts) -> None:
    """A crowd with one opinion of one thing at one time: the strongest single coincidence of each kind."""
    for channel, within in facts.list_shared(lambda channel: channel.record.draws_crowds):
        # One event explains one coincidence.  A second product praised by the same people needs another explanation.
        best = np.zeros(len(facts.groups))
        crowded = channel.popularity[within.thing] > facts.policy.household_size
        shown = np.where(crowded, within.bits, 0.0)
        np.maximum.at(best, within.group, shown)
        claim.bits += best
        claim.named[within.membership[((shown > 0) & (shown >= best[within.group]))[within.row]]] = True


def explain_by_fans(claim: Claim, facts: GroupFacts) -> None:
    """Buyers who come back to the same sellers, and praise them, over months."""
    praise = facts.praise
    code, place = np.unique(praise.group * facts.market.n_accounts + praise.seller, return_inverse=True)
    first, last = np.full(len(code), np.inf), np.full(len(code), -np.inf)
    np.minimum.at(first, place, praise.first_day)
    np.maximum.at(last, place, praise.last_day)
    enough = min(facts.policy.fans_days, facts.policy.lasting_share * facts.market.norms.review_days)
    lasting = ((last - first >= enough) | (last < first))[place]  # where none is dated, it may have been years
    np.add.at(claim.bits, praise.group[lasting], praise.bits[lasting])
    if PRAISE in facts.within:
        within = facts.within[PRAISE]
        claim.named[within.membership[(lasting & (praise.bits > 0))[within.row]]] = True


@dataclass(frozen=True)
class Explainer:
    """An explanation: its ``name``, what it ``says`` of a group, and the function that claims bits for it."""

    name: str
    says: str
    explain: Callable[[Claim, GroupFacts], None]


HOUSEHOLD = "household"
"""The one explanation that names households instead of people."""
EXPLAINERS = (
    Explainer(HOUSEHOLD, "families and friends who share phones, cards and homes", explain_by_household),
    Explainer(
        "shared place",
        "a dormitory, an office, a parcel locker, a carrier's network or a computer in a library",
        explain_by_shared_place,
    ),
    Explainer("second-hand device", "a device sold on from one to the next", explain_by_second_hand),
    Explainer(
        "referral campaign",
        "the followers of somebody who recommends the market to a crowd",
        explain_by_campaign,
    ),
    Explainer("club", "people who trade with one another for months, and praise what they bought", explain_by_club),
    Explainer("friends", "people who pay their friends, as is usual in this market", explain_by_friends),
    Explainer("launch", "a crowd with one opinion of one thing at one time", explain_by_launch),
    Explainer("fans", "buyers who come back to the same sellers, and praise them, for months", explain_by_fans),
)
"""In the order in which they are heard, and in which combinations are tried."""


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


def find_praise(facts: GroupFacts) -> Praise:
    """How much of the praise is by customers, of whom, and when."""
    if PRAISE not in facts.within:
        nobody, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        return Praise(nobody, nobody, nothing, nothing, nothing, nobody.astype(bool))
    market, n = facts.market, facts.market.n_accounts
    within, channel, orders = facts.within[PRAISE], market.things[PRAISE], market.snapshot.orders
    seller = market.sellers[PRAISE][within.thing]
    author = facts.groups.account[within.membership]
    bought = np.ones(len(author), dtype=bool)
    if (orders.seller >= 0).any():
        is_member = np.zeros(n, dtype=bool)
        is_member[facts.groups.account] = True
        theirs = is_member[orders.buyer]
        deals = orders.buyer[theirs] * n + orders.seller[theirs]
        bought = np.isin(author * n + seller[within.row], deals)
    # Praise by those who never bought is no fan's: the customers' share of it can be explained.
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


@dataclass(frozen=True)
class BestExplanation:
    """``net_bits`` (G,) that stand against the best innocent combination, and ``won`` (G,) by explanation:
    where it belongs to that combination and the combination explains more than naming its groups costs.
    """

    net_bits: Floats
    won: Mapping[str, NDArray[np.bool_]]


def weigh_explanations(
    total: Floats, length: DescriptionLength, explanations: list[Explanation], policy: Policy
) -> BestExplanation:
    """Set the evidence against chance, and against the best combination of innocent explanations.

    A ring pays to name its members.  An innocent combination pays to name whom each of its explanations brings
    together, and is ``prior_bits`` more common; what it accounts for beyond that is taken from the
    ring.  Families are there in any case: a combination with households names households instead of people,
    one at the least, and saves the ring the difference.  O(2^explanations · groups).
    """
    # 2^8 combinations at most, each on whole arrays; most fit nowhere and are skipped at once.
    size = length.size
    n_households = next((explanation.households for explanation in explanations if explanation.name == HOUSEHOLD), size)
    best, chosen = np.zeros_like(total), np.zeros(len(total), dtype=np.int64)
    for combination in range(1, 1 << len(explanations)):
        parts = [explanation for place, explanation in enumerate(explanations) if combination >> place & 1]
        fits = np.all([part.bits > 0 for part in parts], axis=0)
        if not fits.any():
            continue
        # Households are there anyway and need not be named, but one: what else is told of them names households.
        others = [part for part in parts if part.name != HOUSEHOLD]
        if len(others) < len(parts):
            named = np.minimum(sum(part.households for part in others), n_households)
            cost = (
                length.bits_for(size)
                - length.bits_for(n_households)
                + np.maximum(length.bits_for(named), np.log2(length.total))
            )
        else:
            cost = length.bits_for(np.minimum(sum(part.people for part in others), size))
        gain = sum((part.bits for part in parts), policy.prior_bits - cost)
        fits &= gain > best
        best, chosen = np.where(fits, gain, best), np.where(fits, combination, chosen)
    won = {explanation.name: (chosen >> place & 1).astype(bool) for place, explanation in enumerate(explanations)}
    return BestExplanation(total - length.charge - best, won)


def find_bits(facts: GroupFacts, channel: str) -> Floats:
    """What a channel shows of each group (G,); 0 where it is silent."""
    shown = facts.evidence.get(channel)
    return np.zeros(len(facts.groups)) if shown is None else shown.bits
