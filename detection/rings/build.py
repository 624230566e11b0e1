"""From judged groups to rings: kind, score, roles, reasons, the strongest links, permanent ids."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import BEHAVIOUR, BLAME, PRAISE, PURCHASE, REFERRED, REFUND, SIGN_UP, TRADE
from detection.channels.facts import find_thing_sellers
from detection.channels.incidence import Dealings
from detection.evidence.explanations import PRIOR_BITS
from detection.evidence.judge import Assessment, Channels, judge_groups
from detection.groups import Groups, gather_groups
from detection.rings.parties import (
    Favours,
    describe_period,
    describe_targets,
    find_deeds,
    find_favours,
    find_gainers,
)
from detection.rings.wording import (
    describe_conduct,
    describe_dealings,
    describe_reading,
    describe_shared,
    describe_thing,
)
from detection.settings import DetectSettings
from graph.model import Evidence, Floats, InnocentReading, Ints, Member, Party, Ring, RingLink, Snapshot
from graph.vocabulary import RingKind, Tier

SALE_SHARE = 0.5
"""Trades of which fewer name a product are payments between people."""
DOERS_SHARE = 0.5
"""So many members must have done something together for a flag that nobody looks at first."""
HALF_SCORE_BITS = 8.0
"""A ring scores 0.5 when its net bits are this many times the square root of its size."""
CORE_SHARE = 0.5
PARTY_SHARE = 0.5
BY_THE_WAY = 0.2
"""What purchases weigh in naming what a ring does: most rings buy something too."""
MAX_LINKS = 100
MAX_PAIRED = 12
SAME_RING_JACCARD = 0.3

_KIND_OF: dict[str, RingKind] = {
    TRADE: "trade", PRAISE: "review", BLAME: "attack", REFUND: "refund",
    REFERRED: "farm", SIGN_UP: "farm", PURCHASE: "farm",
}  # fmt: skip
_ACTS_BY: dict[RingKind, str] = {"review": PRAISE, "attack": BLAME, "refund": REFUND}
"""The channel in which a ring acts on its parties, or for them."""
_ACTIONS: dict[Tier, str] = {
    "automatic": "restrict the members and confirm within a day",
    "review": "let an investigator decide",
    "watch": "keep an eye on it; do nothing to the members",
    "clear": "",
}


def score_net_bits(net_bits: float, size: int) -> float:
    """A score in [0, 1) that grows with the evidence and does not favour crowds.

    >>> round(score_net_bits(16.0, 4), 3)
    0.5
    """
    return float(1.0 - 2.0 ** (-max(net_bits, 0.0) / (HALF_SCORE_BITS * np.sqrt(size))))


def grade_ring(score: float, settings: DetectSettings, *, did_nothing: bool = False) -> Tier:
    """The tier of a ring's score; those who did nothing but share things or pay one another are never flagged unseen.

    Friends and families do that too: of 99 tight circles in a public set of payments, 0.1 % of the members
    were ever charged back.
    """
    if score >= settings.automatic_score and not did_nothing:
        return "automatic"
    return "review" if score >= settings.review_score else "watch"


def build_rings(
    assessment: Assessment, snapshot: Snapshot, channels: Channels, settings: DetectSettings
) -> tuple[Ring, ...]:
    """Turn groups into rings, best score first; sellers whom a ring acts on or for are not members.

    Parameters
    ----------
    assessment
        Groups whose evidence stands.
    snapshot, channels
        The market.
    settings
        Scores from which a ring is for review, or for an automatic flag.
    """
    if not len(assessment.groups):
        return ()
    drafts = [_draft(assessment, snapshot, channels, group) for group in range(len(assessment.groups))]
    by_members = {draft.members: draft for draft in drafts}
    groups = gather_groups(np.array(draft.members) for draft in drafts)
    judged = judge_groups(groups, snapshot, channels)
    narrow = _narrow_dealings(channels, groups, snapshot.n_accounts)
    favours = find_favours(snapshot) if any(draft.kind == "attack" for draft in drafts) else ()
    rings = []
    for group in np.flatnonzero(judged.net_bits > 0).tolist():
        draft = by_members[tuple(groups.members(group).tolist())]
        view = _View(judged, snapshot, narrow, group)
        parties = (*_list_parties(view, draft), *_list_gainers(view, draft, favours))
        rings.append(_build_ring(view, draft, parties, settings))
    return tuple(sorted(rings, key=lambda ring: (-ring.score, -ring.net_bits, ring.ring_id)))


@dataclass(frozen=True)
class _Draft:
    """A group's kind, its members without the parties, and the parties: rows to counts."""

    kind: RingKind
    members: tuple[int, ...]
    parties: Mapping[int, int]


@dataclass(frozen=True)
class _View:
    """One group of an assessment."""

    assessment: Assessment
    snapshot: Snapshot
    channels: Channels
    group: int

    @property
    def members(self) -> Ints:
        return self.assessment.groups.members(self.group)

    @property
    def member_bits(self) -> Floats:
        start = self.assessment.groups.start
        return self.assessment.member_bits[start[self.group] : start[self.group + 1]]

    def sharers(self, channel: str) -> Ints:
        """The memberships with part in what the group's members share in a channel, sorted."""
        found = [self.assessment.within[channel].find_sharers(row) for row in self.rows(channel).tolist()]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))

    def rows(self, channel: str) -> Ints:
        """The group's rows among what its channel's members share."""
        group = self.assessment.within[channel].group
        low, high = np.searchsorted(group, [self.group, self.group + 1])
        rows: Ints = np.arange(low, high)
        return rows[self.assessment.within[channel].bits[rows] > 0]


def _draft(assessment: Assessment, snapshot: Snapshot, channels: Channels, group: int) -> _Draft:
    view = _View(assessment, snapshot, channels, group)
    kind = _find_kind(view)
    parties = _find_parties(view, kind)
    members = view.members
    alone = np.array(
        [row in parties and not _shares_identity(view, place) for place, row in enumerate(members.tolist())]
    )
    kept = members[~alone] if (~alone).sum() > 1 else members
    return _Draft(kind, tuple(kept.tolist()), {row: n for row, n in parties.items() if row not in set(kept.tolist())})


def _find_kind(view: _View) -> RingKind:
    """What the ring does: the behaviour with the most bits (trades are those that go in circles)."""
    bits = dict.fromkeys(_KIND_OF.values(), 0.0)
    for channel, kind in _KIND_OF.items():
        if channel in view.assessment.evidence:
            shown = float(view.assessment.evidence[channel].bits[view.group])
            bits[kind] += shown * (BY_THE_WAY if channel == PURCHASE else 1.0)
    kind = max(bits, key=lambda name: bits[name])
    return kind if bits[kind] > 0 else "shared-identity"


def _find_parties(view: _View, kind: RingKind) -> dict[int, int]:
    """Sellers whom enough members praise, blame or ask for refunds together, with how many do."""
    name = _ACTS_BY.get(kind)
    if name is None or name not in view.channels.things:
        return {}
    channel, within = view.channels.things[name], view.assessment.within[name]
    rows = view.rows(name)
    sellers = find_thing_sellers(channel, view.snapshot)[within.thing[rows]]
    sharers: dict[int, set[int]] = {}
    for seller, row in zip(sellers.tolist(), rows.tolist(), strict=True):
        if seller >= 0:
            sharers.setdefault(seller, set()).update(within.find_sharers(row).tolist())
    least = max(2.0, PARTY_SHARE * len(view.members))
    return {seller: len(found) for seller, found in sharers.items() if len(found) >= least}


def _shares_identity(view: _View, place: int) -> bool:
    """Whether a member shares more than behaviour with the others: enough to pay for naming it."""
    membership, bits = int(view.assessment.groups.start[view.group]) + place, 0.0
    for name, within in view.assessment.within.items():
        if name not in BEHAVIOUR:
            rows = [row for row in view.rows(name).tolist() if membership in within.find_sharers(row)]
            bits += float((within.bits[rows] / (within.members[rows] - 1)).sum())
    return bits >= float(np.log2(view.snapshot.n_accounts / len(view.members)))


def _build_ring(view: _View, draft: _Draft, parties: tuple[Party, ...], settings: DetectSettings) -> Ring:
    net = float(view.assessment.net_bits[view.group])
    score = score_net_bits(net, len(view.members))
    sale_share = float(view.assessment.inner_trades.sale_share[view.group])
    only_payments = draft.kind == "trade" and sale_share < SALE_SHARE
    did_nothing = only_payments or _find_doers(view).mean() < DOERS_SHARE
    tier = grade_ring(score, settings, did_nothing=did_nothing)
    ids = view.snapshot.account_id
    return Ring(
        ring_id=_name_ring(ids[view.members].tolist()),
        kind=draft.kind,
        score=score,
        tier=tier,
        net_bits=net,
        charge_bits=float(view.assessment.charge_bits[view.group]),
        members=_list_members(view),
        evidence=tuple(sorted(_list_evidence(view), key=lambda shown: (-shown.bits, shown.channel))),
        links=_list_links(view),
        innocent=_list_readings(view),
        parties=parties,
        action=_ACTIONS[tier],
    )


def _find_doers(view: _View) -> NDArray[np.bool_]:
    """Which members did something together, beyond sharing things and paying one another (members,).

    What a channel shows counts if that is more than a prejudice could be.
    """
    judged, inner, start = view.assessment, view.assessment.inner_trades, int(view.assessment.groups.start[view.group])
    did = np.zeros(len(view.members), dtype=bool)
    for name in BEHAVIOUR & judged.within.keys():
        if judged.evidence[name].bits[view.group] >= PRIOR_BITS:
            did[view.sharers(name) - start] = True
    if inner.sale_share[view.group] >= SALE_SHARE:
        did |= inner.is_circular[start : start + len(did)]
    return did


def _name_ring(account_ids: Sequence[str]) -> str:
    text = "\x00".join(sorted(account_ids))
    return "R" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _list_members(view: _View) -> tuple[Member, ...]:
    bits, ties = view.member_bits, _list_ties(view)
    core = bits >= CORE_SHARE * np.median(bits)
    ids = view.snapshot.account_id[view.members]
    members = []
    start = view.assessment.groups.start[view.group]
    naming_bits = view.assessment.naming.member_bits[start : start + len(ids)].tolist()
    for account_id, is_core, tie, name, links in zip(
        ids.tolist(), core.tolist(), bits.tolist(), naming_bits, ties, strict=True
    ):
        hold = find_hold(links, tie - name)
        names = tuple(link.name for link in hold)
        held_bits = sum(link.bits for link in hold)
        members.append(Member(account_id, "core" if is_core else "fringe", float(tie), names, held_bits))
    return tuple(sorted(members, key=lambda member: (member.role, -member.bits, member.account_id)))


@dataclass(frozen=True)
class Tie:
    """One link that ties a member to the others: what it is, and the bits that go with it."""

    name: str
    bits: float


def find_hold(ties: Iterable[Tie], spare_bits: float) -> tuple[Tie, ...]:
    """The break-the-ring test: the fewest ties without which a member is free, strongest first.

    A member is named where its ties bring more than naming it costs.  Ties add up, so that the strongest
    ones are the fewest whose loss undoes that.  None are needed where there is nothing to spare.

    >>> [tie.name for tie in find_hold([Tie("a phone", 8.0), Tie("a card", 30.0), Tie("a flat", 9.0)], 35.0)]
    ['a card', 'a flat']
    """
    hold: list[Tie] = []
    for tie in sorted(ties, key=lambda each: (-each.bits, each.name)):
        if spare_bits <= 0 or tie.bits <= 0:
            break
        hold.append(tie)
        spare_bits -= tie.bits
    return tuple(hold)


def _list_ties(view: _View) -> list[list[Tie]]:
    """What ties each member to the others, thing by thing and partner by partner."""
    start = int(view.assessment.groups.start[view.group])
    ties: list[list[Tie]] = [[] for _ in view.members]
    for name, within in view.assessment.within.items():
        rows = view.rows(name)
        less = (within.bits - within.score(within.members - 2.0))[rows]
        for row, bits in zip(rows.tolist(), less.tolist(), strict=True):
            what = describe_thing(view.channels.things[name], int(within.thing[row]), view.snapshot)
            for membership in within.find_sharers(row).tolist():
                ties[membership - start].append(Tie(what, bits))
    for channel in view.channels.dealings.values():
        _add_partners(view, channel, ties)
    return ties


def _add_partners(view: _View, channel: Dealings, ties: list[list[Tie]]) -> None:
    """Share what things leave of each member's bits out among those whom it deals with."""
    rows, ids = view.members.tolist(), view.snapshot.account_id
    inside = np.isin(channel.pairs.low, view.members) & np.isin(channel.pairs.high, view.members)
    partners: dict[int, list[int]] = {row: [] for row in rows}
    for low, high in zip(channel.pairs.low[inside].tolist(), channel.pairs.high[inside].tolist(), strict=True):
        partners[low].append(high)
        partners[high].append(low)
    for place, row in enumerate(rows):
        left = float(view.member_bits[place]) - sum(tie.bits for tie in ties[place])
        if left > 0 and partners[row]:
            each = left / len(partners[row])
            ties[place] += [Tie(f"{channel.name} with {ids[other]}", each) for other in partners[row]]


def _list_evidence(view: _View) -> Iterable[Evidence]:
    for name, shown in view.assessment.evidence.items():
        bits, observed, expected = (float(part[view.group]) for part in (shown.bits, shown.observed, shown.expected))
        if bits <= 0:
            continue
        if name in view.channels.dealings:
            sentence = describe_dealings(name, observed=observed, expected=expected)
        elif name not in view.assessment.within:
            sentence = describe_conduct(name, observed=observed, expected=expected)
        else:
            within, rows = view.assessment.within[name], view.rows(name)
            counts = (len(rows), len(view.sharers(name)))
            sentence = describe_shared(name, *counts, observed=observed, expected=expected)
            if name in (PRAISE, BLAME):
                channel = view.channels.things[name]
                deeds = find_deeds(channel, view.members, within.thing[rows])
                sentence += describe_targets(channel, deeds, view.snapshot)
        yield Evidence(name, bits, observed, expected, sentence)


def _list_links(view: _View) -> tuple[RingLink, ...]:
    links = [link for name in view.assessment.within for link in _link_by_things(view, name)]
    links += [link for name in view.channels.dealings for link in _link_by_dealings(view, name)]
    links.sort(key=lambda link: (-link.bits, link.channel, link.account_a, link.account_b, link.via))
    return tuple(links[:MAX_LINKS])


def _link_by_things(view: _View, name: str) -> Iterable[RingLink]:
    """Pairs of members that share a thing; a crowd is tied to its first member only."""
    within, channel = view.assessment.within[name], view.channels.things[name]
    ids = view.snapshot.account_id
    for row in view.rows(name).tolist():
        sharers = view.assessment.groups.account[within.find_sharers(row)].tolist()
        crowd = len(sharers) > MAX_PAIRED
        pairs = ((sharers[0], other) for other in sharers[1:]) if crowd else combinations(sharers, 2)
        bits = float(within.bits[row] / (within.members[row] - 1))
        via = describe_thing(channel, int(within.thing[row]), view.snapshot)
        for a, b in pairs:
            yield RingLink(ids[a], ids[b], name, bits, via)


def _link_by_dealings(view: _View, name: str) -> Iterable[RingLink]:
    channel, shown = view.channels.dealings[name], view.assessment.evidence[name]
    observed = float(shown.observed[view.group])
    if observed <= 0 or shown.bits[view.group] <= 0:
        return
    bits = float(shown.bits[view.group]) / observed
    inside = np.isin(channel.source, view.members) & np.isin(channel.target, view.members)
    ends = np.column_stack([channel.source[inside], channel.target[inside]])
    pairs, times = np.unique(ends, axis=0, return_counts=True)
    ids = view.snapshot.account_id
    for (source, target), n in zip(pairs.tolist(), times.tolist(), strict=True):
        what = f"{n} order{'s' if n > 1 else ''}"
        yield RingLink(ids[source], ids[target], name, bits, f"{what} from {ids[source]} to {ids[target]}")


def _narrow_dealings(channels: Channels, groups: Groups, n_accounts: int) -> Channels:
    """Only the dealings among members of groups, so that no ring has to look at all of them."""
    member = np.zeros(n_accounts, dtype=bool)
    member[groups.account] = True
    narrow = {}
    for name, channel in channels.dealings.items():
        among = member[channel.source] & member[channel.target]
        narrow[name] = Dealings(name, channel.source[among], channel.target[among])
    return replace(channels, dealings=narrow)


def _list_readings(view: _View) -> tuple[InnocentReading, ...]:
    heard = []
    for reading in view.assessment.readings:
        bits = float(reading.bits[view.group])
        won = bool(view.assessment.won[reading.name][view.group])
        if bits > 0:
            heard.append(InnocentReading(reading.name, bits, won, describe_reading(reading.name, bits, won=won)))
    return tuple(sorted(heard, key=lambda reading: (not reading.won, -reading.bits, reading.name)))


def _list_parties(view: _View, draft: _Draft) -> tuple[Party, ...]:
    verb = {"review": "praised", "attack": "blamed", "refund": "asked for refunds"}.get(draft.kind, "")
    role = "beneficiary" if draft.kind == "review" else "target"
    parties = [
        Party(
            view.snapshot.account_id[row],
            role,  # type: ignore[arg-type]  # one of the two roles
            f"{verb} by {n} of {len(view.members)} members together{_describe_period(view, draft, row)}",
        )
        for row, n in draft.parties.items()
    ]
    return tuple(sorted(parties, key=lambda party: (party.sentence, party.account_id)))


def _describe_period(view: _View, draft: _Draft, seller: int) -> str:
    """When the members acted on one party, in words."""
    name = _ACTS_BY[draft.kind]
    channel, rows = view.channels.things[name], view.rows(name)
    things = view.assessment.within[name].thing[rows]
    of_seller = things[find_thing_sellers(channel, view.snapshot)[things] == seller]
    return describe_period(find_deeds(channel, view.members, of_seller))


def _list_gainers(view: _View, draft: _Draft, favours: tuple[Favours, ...]) -> tuple[Party, ...]:
    """Who else may have gained by an attack; where a ring praises, whom it praises is a party already."""
    if draft.kind != "attack" or not draft.parties:
        return ()
    return find_gainers(view.members, np.array(sorted(draft.parties)), favours, view.snapshot)


def keep_ring_ids(rings: Sequence[Ring], earlier: Mapping[str, frozenset[str]]) -> tuple[Ring, ...]:
    """Give each ring the id that the most similar earlier ring had, so that ids outlive runs.

    Parameters
    ----------
    rings
        This run's, best first.
    earlier
        Members by ring id of the run before.
    """
    rings_of: dict[str, list[str]] = {}
    for ring_id, before in sorted(earlier.items()):
        for account_id in before:
            rings_of.setdefault(account_id, []).append(ring_id)
    matches = []
    for place, ring in enumerate(rings):
        n = len(ring.members)
        common = Counter(ring_id for member in ring.members for ring_id in rings_of.get(member.account_id, ()))
        for ring_id, n_common in common.items():
            jaccard = n_common / (n + len(earlier[ring_id]) - n_common)
            if jaccard >= SAME_RING_JACCARD:
                matches.append((-jaccard, ring_id, place))
    named: dict[int, str] = {}
    taken: set[str] = set()
    for _, ring_id, place in sorted(matches):
        if place not in named and ring_id not in taken:
            named[place] = ring_id
            taken.add(ring_id)
    return tuple(replace(ring, ring_id=named.get(place, _free_id(ring, taken))) for place, ring in enumerate(rings))


def _free_id(ring: Ring, taken: set[str]) -> str:
    """The ring's own id, unless an heir of an earlier ring of that id has it."""
    if ring.ring_id not in taken:
        return ring.ring_id
    return _name_ring([ring.ring_id, *(member.account_id for member in ring.members)])
