"""The innocent side: explanations that compete with guilt for the same facts.

A household shares a phone, a flat and a card; a dormitory an address; an office its network; a
parcel locker its street; a carrier an IP among hundreds; a second-hand device goes from hand to
hand; a club trades for years; the fans of a seller praise it for years; a launch draws a crowd in
a week.  Each explanation says how many bits of a group's evidence it accounts for and whom it brings
together; a ring must show ``prior_bits`` beyond what the best combination of them accounts for.

A new explanation is a function that claims bits, and a line in :data:`EXPLAINERS`; or in :data:`GRANTED`, where it is
too weak to be believed against the evidence, and is only granted before anybody is brought up for review.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import PRAISE, PURCHASE, REFERRED, SIGN_UP, TRADE, TRANSFER
from detection.channels.events import count_words
from detection.channels.incidence import SharedThings
from detection.channels.windows import MICROS_PER_HOUR
from detection.evidence.claims import Claim, Explanation
from detection.evidence.clock import find_spans
from detection.evidence.group_facts import GroupFacts
from detection.evidence.measure import SharedWithin
from detection.evidence.own_lives import (
    explain_by_institution,
    explain_by_passing_on,
    explain_by_word_of_mouth,
    leave_arrivals,
)
from detection.evidence.recall import explain_by_fault
from detection.groups import MIN_SIZE
from detection.likelihood import score_confined
from detection.policy import Policy
from graph.model import Floats, Ints


def find_explanations(facts: GroupFacts, explainers: Sequence[Explainer] | None = None) -> list[Explanation]:
    """Every explanation, or some, each with the bits it accounts for in each group."""
    found = []
    for explainer in EXPLAINERS if explainers is None else explainers:
        claim = Claim(facts)
        explainer.explain(claim, facts)
        if claim.bits.any():
            found.append(claim.conclude(explainer.name, is_of_crowds=explainer.is_of_crowds))
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
        claim.add_things(name, np.where(alike, facts.partition.explained[name], 0.0))
    claim.again_bits = facts.partition.again_bits
    if TRADE in facts.evidence:
        relatives = facts.groups.size - facts.count_households(claim.named)
        pairs, at_home = facts.home_trades
        usual = np.minimum(at_home, facts.policy.family_trades * relatives) / np.maximum(pairs, 1)
        # Relatives' trades alone make no household: they count where sharing says that there is one.
        claim.add_trades(facts.evidence[TRADE].bits * usual * (claim.bits > 0))


def explain_by_shared_place(claim: Claim, facts: GroupFacts) -> None:
    """A dormitory, an office, a locker, a carrier's gateway, a computer in a library: many in one place.

    People often join a market when they come to a place.
    """
    for channel, within in facts.list_shared(lambda channel: channel.record.is_place):
        claim.add_things(channel.name, np.where(facts.partition.household_scale[channel.name], 0.0, within.bits))
    for channel, within in facts.list_shared(lambda channel: channel.record.is_device):
        claim.add_things(channel.name, np.where(find_terminals(facts, channel), within.bits, 0.0))
    claim.add_sign_ups()


def find_terminals(facts: GroupFacts, devices: SharedThings) -> NDArray[np.bool_]:
    """Devices that a crowd shares of whom enough have one of their own as well (K,)."""
    within, crowded = facts.within[devices.name], devices.popularity > facts.policy.household_size
    # A farm has no other devices; who comes to a library has a phone at home.
    has_own = devices.find_owners(facts.market.n_accounts, facts.policy.household_size)
    owners = np.bincount(within.row, has_own[facts.groups.account[within.membership]])
    return crowded[within.thing] & (owners > within.members * facts.policy.terminal_owner_share)


def explain_by_second_hand(claim: Claim, facts: GroupFacts) -> None:
    """A device that one account stops using before the next one starts, as far as its users have others as well.

    Who sells a phone has the next one; an account that is made on it, and had nothing before or after, does not.
    """
    for channel, within in facts.list_shared(lambda channel: channel.record.is_device):
        # What few enough use to live together is the household's to explain; this is about longer chains of owners.
        passed_on = ~channel.overlaps[within.thing] & ~facts.partition.household_scale[channel.name]
        has_own = channel.find_owners(facts.market.n_accounts, facts.policy.household_size)
        owners = np.bincount(within.row, has_own[facts.groups.account[within.membership]])
        claim.add_things(channel.name, np.where(passed_on, within.bits * owners / within.members, 0.0))


def explain_by_campaign(claim: Claim, facts: GroupFacts) -> None:
    """The followers of somebody who recommends the market to a crowd: they come at one time."""
    for channel, within in facts.list_shared(lambda channel: channel.name == REFERRED):
        crowded = channel.popularity[within.thing] > facts.policy.household_size
        claim.add_things(channel.name, np.where(crowded, within.bits, 0.0))
    claim.add_sign_ups()


def explain_by_club(claim: Claim, facts: GroupFacts) -> None:
    """People who trade with one another, for years, for a season or for a day, and praise what they bought.

    That their trades lie close together in time is no more than a hint (``season_bits``): so do those of a fair.
    """
    if TRADE not in facts.evidence:
        return
    # A family is no club: what it trades at home is the household's to explain, and no more than relatives do.
    pairs, at_home = facts.home_trades
    lasting = facts.evidence[TRADE].bits - np.minimum(facts.inner.confined_bits, facts.policy.season_bits)
    claim.add_trades(lasting * (1.0 - at_home / np.maximum(pairs, 1)))
    trades = claim.bits > 0
    for name in (PRAISE, PURCHASE, TRANSFER):
        if name in facts.within:
            claim.add_things(name, _find_club_deeds(facts, name) * trades[facts.within[name].group])
    claim.named = facts.inner.is_trader


def _find_club_deeds(facts: GroupFacts, name: str) -> Floats:
    """What of each thing praised or bought (K,) follows from belonging to a circle of people who trade."""
    within = facts.within[name]
    seller = facts.market.sellers[name][within.thing]
    traders = np.bincount(within.row, facts.inner.is_trader[within.membership])
    share = traders / within.members
    if name == PRAISE:
        # Mates praise what they bought, and not what nobody sold.
        share = np.minimum(share, facts.praise.customers)
    inner, known = facts.find_circle(within.group, seller), seller >= 0
    of_sellers, of_mates = (np.bincount(within.group, within.bits * part) for part in (known, inner))
    # When they deal follows from with whom: as much of the timing as of the choice is the club's.
    timing = (of_mates / np.where(of_sellers > 0, of_sellers, 1.0))[within.group]
    return within.bits * share * np.where(inner, 1.0, np.where(known, 0.0, timing))


def explain_by_arrival(claim: Claim, facts: GroupFacts) -> None:
    """People who came together: a class, a course, a fair, an advertising day; they sign up in the same hour.

    Those who live together seldom join at once (``joint_arrival_bits``), unless others come with them.
    """
    if SIGN_UP in facts.within:
        within, policy = facts.within[SIGN_UP], facts.policy
        household = facts.partition.household[within.membership].astype(float)
        first, last = find_spans(within.row, household, household, len(within.group))
        # A couple may well do so.
        is_home = (first == last) & (within.members >= MIN_SIZE)
        claim.add_things(SIGN_UP, np.maximum(within.bits - np.where(is_home, policy.joint_arrival_bits, 0.0), 0.0))


def explain_by_launch(claim: Claim, facts: GroupFacts) -> None:
    """A crowd with one opinion of one thing at one time: the strongest single coincidence of each kind."""
    for channel, within in facts.list_shared(lambda channel: channel.record.draws_crowds):
        # One event explains one coincidence.  A second product praised by the same people needs another explanation.
        best = np.zeros(len(facts.groups))
        crowded = channel.popularity[within.thing] > facts.policy.household_size
        shown = np.where(crowded, within.bits, 0.0)
        np.maximum.at(best, within.group, shown)
        is_best = shown >= best[within.group]
        is_best[is_best] = np.diff(within.group[is_best], prepend=-1) > 0
        claim.add_things(channel.name, np.where(is_best, shown, 0.0))


def explain_by_meeting(claim: Claim, facts: GroupFacts) -> None:
    """People who come together elsewhere: a class by the week, a table for a day, an office, who follow somebody.

    What they look at in a few hours of the week, or within one day, is one cause; and so is that they come back to a
    thing: but for the first time, that is theirs.  Of the rest the more, the fewer of them, or the more others, take
    part each time.
    """
    policy = facts.policy
    for channel, within in facts.list_shared(lambda channel: channel.record.is_of_objects):
        at = channel.began_at[within.thing]
        if not channel.record.windows_days or not len(at):
            continue
        hours = at.astype(np.int64) / MICROS_PER_HOUR
        day = find_best_span(within.group, hours, within.bits, policy.occasion_hours)
        weekly = _find_weekly(within, hours, policy)
        again = _find_repeated(within.group, channel.subject[within.thing], within.bits)
        loose = _find_looseness(facts, within)
        claim.add_things(channel.name, within.bits * np.where(weekly | day | again, 1.0, loose))


def _find_weekly(within: SharedWithin, hours: Floats, policy: Policy) -> NDArray[np.bool_]:
    """Which rows (K,) lie in one of their group's best hours of the week."""
    weekly = np.zeros(len(hours), dtype=bool)
    for _ in range(policy.meetings_each):
        left = np.where(weekly, 0.0, within.bits)
        weekly |= find_best_span(within.group, hours % policy.meeting_every_hours, left, policy.meeting_hours)
    return weekly


def _find_looseness(facts: GroupFacts, within: SharedWithin) -> Floats:
    """How far who takes part in each thing (K,) is another part of a larger circle each time, in [0, 1]."""
    members = within.members.astype(float)
    joint = members**2 / (facts.groups.size[within.group] * (within.trials + 1.0))
    # Squared twice, so that a quarter is nearly nothing and most of them nearly all.
    odds = np.square(np.square(joint / facts.policy.followers_share))
    loose: Floats = 1.0 / (1.0 + odds)
    return loose


def find_best_span(group: Ints, at: Floats, bits: Floats, width: float) -> NDArray[np.bool_]:
    """Which rows (K,) lie in the span of so wide in which their group has most bits.

    >>> find_best_span(np.array([0, 0, 0]), np.array([1.0, 1.5, 9.0]), np.array([2.0, 2.0, 3.0]), 1.0)
    array([ True,  True, False])
    """
    order = np.lexsort((at, group))
    code = group[order] * (float(at.max(initial=0.0) - at.min(initial=0.0)) + 2 * width + 1) + at[order]
    end = np.searchsorted(code, code + width, side="right")
    total = np.concatenate([[0.0], np.cumsum(bits[order])])
    inside = total[end] - total[: len(order)]
    by_group = np.lexsort((-np.arange(len(order)), inside, group[order]))
    last = np.append(np.diff(group[order][by_group]) != 0, True)
    found = np.zeros(len(order) + 1, dtype=np.int64)
    np.add.at(found, by_group[last], 1)
    np.add.at(found, end[by_group[last]], -1)
    chosen = np.empty(len(order), dtype=bool)
    chosen[order] = np.cumsum(found)[:-1] > 0
    return chosen


def _find_repeated(group: Ints, subject: Ints, bits: Floats) -> NDArray[np.bool_]:
    """Which rows (K,) are of a thing of which their group has another row that shows more."""
    order = np.lexsort((-bits, subject, group))
    repeated = np.zeros(len(order), dtype=bool)
    again = (np.diff(subject[order]) == 0) & (np.diff(group[order]) == 0)
    repeated[order[1:][again]] = True
    return repeated


def explain_by_words(claim: Claim, facts: GroupFacts) -> None:
    """Words that many use: the shorter a text, the likelier several have written it by themselves."""
    for channel, within in facts.list_shared(lambda channel: channel.record.is_of_objects):
        if channel.record.windows_days:
            continue
        words = count_words(facts.market.snapshot, channel.subject[within.thing])
        # Nobody can say how many words a checksum stands for.
        short = np.where(words > 0, 2.0 ** (-words / facts.policy.phrase_words), 0.0)
        claim.add_things(channel.name, within.bits * np.maximum(short, _find_sent_by_others(channel, within, facts)))


def _find_sent_by_others(channel: SharedThings, within: SharedWithin, facts: GroupFacts) -> Floats:
    """Of words that were sent again and again (K,), the share of who sent them at all that is not of the group."""
    senders = np.zeros(int(channel.subject.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(senders, channel.subject, channel.popularity)
    every = senders[channel.subject[within.thing]]
    others: Floats = np.maximum(every - facts.groups.size[within.group], 0) / np.maximum(every, 1)
    # Who sends them for the first time is held against how many do already.
    return np.where(within.trials + 1 < every, others, 0.0)


def explain_by_fans(claim: Claim, facts: GroupFacts) -> None:
    """Buyers who come back to the same sellers, and praise them: but for how close together in time they do."""
    if PURCHASE in facts.within:
        within = facts.within[PURCHASE]
        claim.add_things(PURCHASE, np.where(facts.market.sellers[PURCHASE][within.thing] >= 0, within.bits, 0.0))
    if PRAISE not in facts.within:
        return
    praise, within = facts.praise, facts.within[PRAISE]
    # What is of no known seller has a place of its own in each group: it is no other seller's.
    width = facts.market.n_accounts + 1
    code, place = np.unique(praise.group * width + praise.seller + 1, return_inverse=True)
    first, last = find_spans(place, praise.first_day, praise.last_day, len(code))
    bits, times = (np.bincount(place, part) for part in (praise.bits, within.members))
    confined = score_confined(times, facts.market.review_clock.share(first, last))
    left = np.maximum(1.0 - confined / np.where(bits > 0, bits, 1.0), 0.0)
    claim.add_things(PRAISE, praise.bits * left[place])
    # Who praises a seller is one of its admirers, so that no more is to be said than which of them.
    of_seller = (praise.seller >= 0)[within.row]
    fan = np.unique(place[within.row[of_seller]] * len(facts.groups.account) + within.membership[of_seller])
    fans = np.bincount(fan // len(facts.groups.account), minlength=len(code))
    group, seller = np.divmod(code[fans > 0], width)
    claim.come_from(group, fans[fans > 0], facts.market.admirers[seller - 1])


def explain_by_same_goods(claim: Claim, facts: GroupFacts) -> None:
    """Sellers of one maker's goods, who show its photo and its words: but for how close together in time they came."""
    for channel, within in facts.list_shared(lambda channel: channel.record.role == "content"):
        claim.add_things(channel.name, leave_arrivals(facts, within))


@dataclass(frozen=True)
class Explainer:
    """An explanation: its ``name``, what it ``says`` of a group, and the function that claims bits for it.

    ``is_of_crowds`` where it is the crowd that brings people together, whoever they are; ``is_community`` where those
    people have it in common by what they are, and accuse nobody by that, however few others there are.
    """

    name: str
    says: str
    explain: Callable[[Claim, GroupFacts], None]
    is_of_crowds: bool = False
    is_community: bool = False


HOUSEHOLD, CLUB, FAULT = "household", "club", "faulty goods"
"""What names households instead of people; what trades are explained by; and what deeds against others are."""
EXPLAINERS = (
    Explainer(HOUSEHOLD, "families and friends who share phones, cards and homes", explain_by_household),
    Explainer(
        "shared place",
        "a dormitory, an office, a parcel locker, a carrier's network or a computer in a library",
        explain_by_shared_place,
        is_of_crowds=True,
        is_community=True,
    ),
    Explainer("second-hand device", "a device sold on from one to the next", explain_by_second_hand),
    Explainer(
        "referral campaign",
        "the followers of somebody who recommends the market to a crowd",
        explain_by_campaign,
        is_of_crowds=True,
        is_community=True,
    ),
    Explainer(
        CLUB, "people who trade with one another, and praise what they bought", explain_by_club, is_community=True
    ),
    Explainer(
        "came together",
        "people who signed up together: a class, a course, a fair",
        explain_by_arrival,
        is_of_crowds=True,
    ),
    Explainer("launch", "a crowd with one opinion of one thing at one time", explain_by_launch, is_of_crowds=True),
    Explainer(
        "same goods", "sellers of one maker's goods, who show its photo", explain_by_same_goods, is_of_crowds=True
    ),
    Explainer(
        "meeting",
        "people who come together elsewhere, or follow somebody: a class, an office, a day at one table",
        explain_by_meeting,
        is_of_crowds=True,
    ),
    Explainer("common words", "words that many use", explain_by_words, is_of_crowds=True),
    Explainer(
        "fans",
        "buyers who come back to the same sellers, and praise them",
        explain_by_fans,
        is_of_crowds=True,
        is_community=True,
    ),
)
"""In the order in which they are heard, and in which combinations are tried."""
GRANTED = (
    Explainer(
        "institution",
        "a shop, a club, a home or an office whose till, phone, account or photos its people use beside their own",
        explain_by_institution,
        is_community=True,
    ),
    Explainer(
        "word of mouth",
        "friends who tell one another of the market, each on a device of their own",
        explain_by_word_of_mouth,
        is_community=True,
    ),
    Explainer(
        "passed on",
        "people who pass things on among themselves, each time for less",
        explain_by_passing_on,
        is_community=True,
    ),
    Explainer(
        FAULT,
        "buyers of one faulty product, as most of its buyers complain",
        explain_by_fault,
        is_community=True,
    ),
)
"""Taken for granted with the communities before anybody is brought up for review, and never off the evidence."""
COMMUNITIES = frozenset(explainer.name for explainer in (*EXPLAINERS, *GRANTED) if explainer.is_community)
