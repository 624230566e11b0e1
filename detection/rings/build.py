"""From judged groups to rings: kind, score, tier, members, parties, reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detection.channels.catalogue import BLAME, PURCHASE, REFUND, TRADE
from detection.evidence.explanations import CLUB, COMMUNITIES
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import Market
from detection.groups import MIN_SIZE, gather_groups
from detection.rings.honest_rings import estimate_honest_share, read_reference
from detection.rings.ids import name_ring
from detection.rings.links import list_evidence, list_explanations, list_links
from detection.rings.parties import Favours, describe_period, find_acts, find_favours, find_gainers
from detection.rings.place import count_outsiders, place_ring
from detection.rings.ties import list_members
from detection.rings.view import (
    RingView,
    find_acting_channel,
    find_bystanders,
    find_kind,
    find_parties,
    shares_identity,
)
from detection.tiers import ACTIONS, Grounds, decide_tier, score_net_bits
from graph.results import Party, Ring
from graph.vocabulary import RingKind


def build_rings(assessment: Assessment, freed: frozenset[int] = frozenset()) -> tuple[Ring, ...]:
    """Turn groups into rings, in the order of the list; whom a ring acts on or for is no member.

    Parameters
    ----------
    assessment
        Groups whose evidence stands.
    freed
        Rows of accounts that no ring may name, for a person has cleared them.
    """
    if not len(assessment.groups):
        return ()
    market = assessment.market
    drafts = [_draft(RingView(assessment, market, group), freed) for group in range(len(assessment.groups))]
    # Without the sellers that it acts on, or whom a person cleared, a ring is another group: it has to stand for itself
    # once more.
    by_members = {draft.members: draft for draft in drafts}
    groups = gather_groups(np.array(draft.members, dtype=np.int64) for draft in drafts)
    judged = judge_groups(groups, market)
    favours = find_favours(market) if any(draft.kind == "attack" for draft in drafts) else ()
    outsiders = count_outsiders(groups, assessment.around, market.n_accounts) / np.maximum(groups.size, 1)
    placed = []
    views = (RingView(judged, market, group) for group in np.flatnonzero(judged.net_bits > 0).tolist())
    stand = [view for view in views if view.net_bits > 0]
    for view, grounds in zip(stand, _find_grounds(stand, market), strict=True):
        draft = by_members[tuple(view.members.tolist())]
        parties = (*_list_parties(view, draft), *_list_gainers(view, draft, favours, freed))
        ring = _build_ring(view, draft, parties, grounds)
        linked = float(outsiders[view.group])
        placed.append((*place_ring(ring, grounds, acted=view.acted, outsiders=linked, policy=market.policy), ring))
    return tuple(ring for *_, ring in sorted(placed, key=lambda each: each[:-1]))


@dataclass(frozen=True)
class _Draft:
    """A group's kind, its members without the parties, and the parties: rows to counts."""

    kind: RingKind
    members: tuple[int, ...]
    parties: Mapping[int, int]


def _draft(view: RingView, freed: frozenset[int]) -> _Draft:
    kind = find_kind(view)
    parties = {row: n for row, n in find_parties(view, kind).items() if row not in freed}
    members = view.members
    stays = np.array([row not in freed for row in members.tolist()])
    alone = np.array(
        [row in parties and not shares_identity(view, place) for place, row in enumerate(members.tolist())]
    )
    # A party stays a member where it shares identifiers enough to pay for naming it: then it is one of them.
    kept = members[stays & ~alone] if (stays & ~alone).sum() > 1 else members[stays]
    acting = np.setdiff1d(kept, members[find_bystanders(view)])
    # Where nobody did anything there is nothing to stand by.
    kept = acting if len(acting) >= MIN_SIZE else kept
    return _Draft(kind, tuple(kept.tolist()), {row: n for row, n in parties.items() if row not in set(kept.tolist())})


def _find_grounds(views: Sequence[RingView], market: Market) -> list[Grounds]:
    """What the tiers of a list's rings rest on: all of it tells how many honest groups show as much as each."""
    alone = [
        Grounds(
            score=score_ring(view),
            apart_from_trades=score_without_trades(view),
            apart_from_community=score_without_community(view),
            has_axes=has_independent_axes(view),
        )
        for view in views
    ]
    reference = read_reference().mix(market.snapshot.orders, market.n_accounts, market.policy)
    rates = estimate_honest_share(np.array([each.shown for each in alone]), reference, market.policy)
    return [replace(each, false_discovery=float(rate)) for each, rate in zip(alone, rates, strict=True)]


def _build_ring(view: RingView, draft: _Draft, parties: tuple[Party, ...], grounds: Grounds) -> Ring:
    policy = view.market.policy
    tier = decide_tier(grounds, policy)
    is_spared = tier != decide_tier(replace(grounds, apart_from_community=1.0), policy)
    ids = view.market.snapshot.account_id
    return Ring(
        ring_id=name_ring(ids[view.members].tolist()),
        kind=draft.kind,
        score=grounds.score,
        tier=tier,
        net_bits=view.net_bits,
        charge_bits=float(view.assessment.charge_bits[view.group]),
        members=list_members(view),
        evidence=tuple(sorted(list_evidence(view), key=lambda shown: (-shown.bits, shown.channel))),
        links=list_links(view),
        innocent=list_explanations(view, spared_by=COMMUNITIES if is_spared else frozenset()),
        parties=parties,
        action=ACTIONS[tier],
        shown=grounds.shown,
        false_discovery=grounds.false_discovery,
    )


def _list_parties(view: RingView, draft: _Draft) -> tuple[Party, ...]:
    acting = find_acting_channel(view, draft.kind)
    if acting is None or acting.party is None:
        return ()
    parties = []
    for row, n in draft.parties.items():
        done = f"{acting.party_verb} by {n} of {len(view.members)} members together"
        when = _describe_period(view, acting.name, row)
        parties.append(Party(view.market.snapshot.account_id[row], acting.party, done + when))
    return tuple(sorted(parties, key=lambda party: (party.sentence, party.account_id)))


def _describe_period(view: RingView, name: str, seller: int) -> str:
    """When the members acted on one party, in words."""
    channel, rows = view.market.things[name], view.all_rows(name)
    things = view.assessment.within[name].thing[rows]
    of_seller = things[view.market.sellers[name][things] == seller]
    return describe_period(find_acts(channel, view.members, of_seller))


def _list_gainers(
    view: RingView, draft: _Draft, favours: tuple[Favours, ...], freed: frozenset[int]
) -> tuple[Party, ...]:
    """Who else may have gained by an attack; where a ring praises, whom it praises is a party already."""
    if draft.kind != "attack" or not draft.parties:
        return ()
    ids = view.market.snapshot.account_id
    gainers = find_gainers(view.members, np.array(sorted(draft.parties)), favours, view.market.snapshot)
    spared = {ids[row] for row in freed}
    return tuple(each for each in gainers if each.account_id not in spared)


def score_ring(view: RingView) -> float:
    """The score of a ring in [0, 1): of its net bits, and no more than to be watched where hardly anybody acted.

    What members share, and whom they pay, is what families and friends share and pay too.
    """
    policy, inner, group = view.market.policy, view.assessment.inner_trades, view.group
    size, net = len(view.members), view.net_bits
    whole = score_net_bits(net, size, policy)
    payments = view.left(TRADE) * (1.0 - float(inner.sale_share[group]))
    without = score_net_bits(net - payments, size, policy)
    # A policy may ask for nobody at all.
    heard = 1.0 if view.acted >= policy.doers_share else 2.0 * view.acted / policy.doers_share - 1.0
    return max(whole * policy.lone_ceiling, without * heard)


def score_without_trades(view: RingView) -> float:
    """What a ring would score without the trades that a club, a fair or a season's hobby could have made.

    Nor does it count that its members bought at the same times, as at a sale, or what was learnt about them from
    others; nor that innocence is less common where they acted: that lists a ring, and brings nobody up for review.
    What is traded among those who share things at home, beyond what relatives do, is no club's and stays.
    """
    policy, judged, group = view.market.policy, view.assessment, view.group
    trades = min(float(judged.inner_trades.confined_bits[group]), policy.season_bits)
    club = next((each for each in judged.explanations if each.name == CLUB), None)
    if club is not None and not judged.won[CLUB][group]:
        trades += float(club.claimed[TRADE][group])
    dealt = min(trades, view.left(TRADE)) + max(view.left(PURCHASE), 0.0) * (1.0 - view.personal_grades[0])
    dealt += sum(view.left(signal.name) for signal in view.market.conduct if signal.is_learned)
    return score_net_bits(float(judged.idle_net_bits[group]) - dealt, len(view.members), policy)


def score_without_community(view: RingView) -> float:
    """What a ring would score if every community that accounts for some of it were taken for granted.

    A shop's staff, a class, somebody's followers, a club and a seller's fans are all of a place, a campaign, a circle
    or a shop's customers, and who meets at one place trades there too: naming them one by one is dear, so that some
    evidence stands against explanations that fit them perfectly.  Each fact is accounted for once.  Who asks for many
    refunds, writes bad reviews or offers the same goods does more than belong there: communities count the less, the
    nearer that comes to ``deed_bits``.  What most buyers of one faulty product complain of is no such deed.
    """
    fault, together = (float(bits[view.group]) for bits in (view.assessment.fault_bits, view.assessment.community_bits))
    explained = fault + find_belonging(view) * (together - fault)
    stands = float(view.assessment.surprising_bits[view.group]) - explained
    return score_net_bits(stands, len(view.members), view.market.policy)


def find_belonging(view: RingView) -> float:
    """How far the members do no more than belong together, in [0, 1]."""
    judged, deeds = view.assessment, {signal.name for signal in view.market.deeds}
    offers = {channel.name for channel in view.market.things.values() if channel.record.role == "content"}
    # Who returns what is faulty does so once, and not by habit; who shows a maker's photo sells its goods.
    granted = sum(
        min(view.sum_claimed(each, name), float(judged.left[name][view.group]))
        for each in judged.granted
        for name in (offers | deeds) & each.claimed.keys()
    )
    # Not what they did at the same time, as a class does that is sent home from a fair.
    left = (_sum_left(view, offers | deeds) - granted) * _find_share_of_doers(view, offers)
    return 1.0 - view.grade_bits(left)


def _find_share_of_doers(view: RingView, offers: set[str]) -> float:
    """The share of the members who do what people do not do by belonging together: it speaks of them alone."""
    did = np.zeros(len(view.members), dtype=bool)
    for name in offers & view.assessment.within.keys():
        did[view.sharers(name) - view.start] = True
    for signal in view.market.deeds:
        did |= signal.bits[view.members] > 0
    return float(did.mean())


def _sum_left(view: RingView, names: Collection[str]) -> float:
    """What nothing innocent accounts for of some channels, bits."""
    return sum(float(bits[view.group]) for name, bits in view.assessment.left.items() if name in names)


def has_independent_axes(view: RingView) -> bool:
    """Whether two kinds of personal things and deeds against others accuse, which no one innocent cause explains."""
    policy, left = view.market.policy, view.assessment.left
    personal = [name for name, found in view.market.things.items() if found.record.role == "personal"]
    kinds = sum(float(left[name][view.group]) >= policy.deed_bits for name in personal)
    deeds = _sum_left(view, {BLAME, REFUND, *(signal.name for signal in view.market.deeds)})
    return kinds >= 2 and deeds >= policy.deed_bits and view.acted >= policy.doers_share
