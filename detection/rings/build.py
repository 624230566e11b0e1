"""From judged groups to rings: kind, score, tier, members, parties, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detection.evidence.judge import Assessment, judge_groups
from detection.groups import gather_groups
from detection.rings.ids import name_ring
from detection.rings.links import list_evidence, list_explanations, list_links
from detection.rings.parties import Favours, describe_period, find_acts, find_favours, find_gainers
from detection.rings.ties import list_members
from detection.rings.view import RingView, find_acting_channel, find_doers, find_kind, find_parties, shares_identity
from detection.tiers import ACTIONS, Grounds, decide_tier, score_net_bits
from graph.results import Party, Ring
from graph.vocabulary import RingKind


def build_rings(assessment: Assessment) -> tuple[Ring, ...]:
    """Turn groups into rings, best score first; sellers whom a ring acts on or for are not members.

    Parameters
    ----------
    assessment
        Groups whose evidence stands.
    """
    if not len(assessment.groups):
        return ()
    market = assessment.market
    drafts = [_draft(RingView(assessment, market, group)) for group in range(len(assessment.groups))]
    # Without the sellers that it acts on, a ring is another group: it has to stand for itself once more.
    by_members = {draft.members: draft for draft in drafts}
    groups = gather_groups(np.array(draft.members) for draft in drafts)
    judged, narrow = judge_groups(groups, market), market.narrow_to(groups.account)
    favours = find_favours(market) if any(draft.kind == "attack" for draft in drafts) else ()
    rings = []
    for group in np.flatnonzero(judged.net_bits > 0).tolist():
        draft = by_members[tuple(groups.members(group).tolist())]
        view = RingView(judged, narrow, group)
        parties = (*_list_parties(view, draft), *_list_gainers(view, draft, favours))
        rings.append(_build_ring(view, draft, parties))
    return tuple(sorted(rings, key=lambda ring: (-ring.score, -ring.net_bits, ring.ring_id)))


@dataclass(frozen=True)
class _Draft:
    """A group's kind, its members without the parties, and the parties: rows to counts."""

    kind: RingKind
    members: tuple[int, ...]
    parties: Mapping[int, int]


def _draft(view: RingView) -> _Draft:
    kind = find_kind(view)
    parties = find_parties(view, kind)
    members = view.members
    alone = np.array(
        [row in parties and not shares_identity(view, place) for place, row in enumerate(members.tolist())]
    )
    # A party stays a member where it shares identifiers enough to pay for naming it: then it is one of them.
    kept = members[~alone] if (~alone).sum() > 1 else members
    return _Draft(kind, tuple(kept.tolist()), {row: n for row, n in parties.items() if row not in set(kept.tolist())})


def _build_ring(view: RingView, draft: _Draft, parties: tuple[Party, ...]) -> Ring:
    net = float(view.assessment.net_bits[view.group])
    policy = view.market.policy
    score = score_net_bits(net, len(view.members), policy)
    tier = decide_tier(Grounds(score=score, acted_together=_acted_together(view, draft.kind)), policy)
    ids = view.market.snapshot.account_id
    return Ring(
        ring_id=name_ring(ids[view.members].tolist()),
        kind=draft.kind,
        score=score,
        tier=tier,
        net_bits=net,
        charge_bits=float(view.assessment.charge_bits[view.group]),
        members=list_members(view),
        evidence=tuple(sorted(list_evidence(view), key=lambda shown: (-shown.bits, shown.channel))),
        links=list_links(view),
        innocent=list_explanations(view),
        parties=parties,
        action=ACTIONS[tier],
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
    channel, rows = view.market.things[name], view.rows(name)
    things = view.assessment.within[name].thing[rows]
    of_seller = things[view.market.sellers[name][things] == seller]
    return describe_period(find_acts(channel, view.members, of_seller))


def _list_gainers(view: RingView, draft: _Draft, favours: tuple[Favours, ...]) -> tuple[Party, ...]:
    """Who else may have gained by an attack; where a ring praises, whom it praises is a party already."""
    if draft.kind != "attack" or not draft.parties:
        return ()
    return find_gainers(view.members, np.array(sorted(draft.parties)), favours, view.market.snapshot)


def _acted_together(view: RingView, kind: RingKind) -> bool:
    """Whether enough members did something together; friends and families share things and pay one another too."""
    policy = view.market.policy
    only_payments = kind == "trade" and view.assessment.inner_trades.sale_share[view.group] < policy.sale_share
    return not only_payments and bool(find_doers(view).mean() >= policy.doers_share)
