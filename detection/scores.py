"""Scores for every account and review, and flags for those that are not clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.channels.incidence import SharedThings
from detection.evidence.market import Market
from detection.policy import Policy
from detection.reviews.clusters import TONES, KnownRing, find_joint_reviews, index_reviews
from detection.reviews.facts import read_review_facts
from detection.reviews.judge import judge_reviews
from detection.rings.wording import describe_thing
from detection.tiers import ACTIONS, Grounds, decide_tier
from graph.model import Floats, Ints, Snapshot
from graph.results import Flag, Member, Ring
from graph.vocabulary import TIERS, Tier

LINKS_NAMED = 3


@dataclass(frozen=True)
class Scores:
    """``account_score`` (N,) and ``review_score`` (R,) in [0, 1], tiers as codes, and the flags."""

    account_score: Floats
    account_tier: Ints
    review_score: Floats
    review_tier: Ints
    flags: tuple[Flag, ...]


def score_market(rings: Sequence[Ring], market: Market, lone_reviews: Floats | None = None) -> Scores:
    """Score accounts by their rings and by what they share, reviews by how and by whom they were written.

    Parameters
    ----------
    rings
        This run's, best first.
    market
        Its channels, and the policy.
    lone_reviews
        What :func:`score_reviews` says of its reviews, where that is known already.
    """
    snapshot, policy = market.snapshot, market.policy
    row = {account_id: place for place, account_id in enumerate(snapshot.account_id.tolist())}
    verdicts = judge_members(rings, policy)
    members = np.array([row[account_id] for account_id in verdicts], dtype=np.int64)
    if lone_reviews is None:
        lone_reviews = score_reviews(snapshot, policy)
    conduct = sum(signal.bits for signal in market.conduct if not (signal.is_of_reviews or signal.is_learned))
    score = score_loners(measure_sharing(market) + np.maximum(conduct, 0.0), lone_reviews, market)
    score[members] = np.maximum(score[members], [verdict.score for verdict in verdicts.values()])
    crowded = find_crowded(market)
    tier = np.where(crowded, TIERS.index(decide_tier(Grounds(is_crowded=True), policy)), 0)
    tier[members] = [TIERS.index(verdict.tier) for verdict in verdicts.values()]
    # Members have their ring's reasons; the crowd would only repeat the weaker one.
    crowded[members] = False
    by_members = _score_ring_reviews(market, rings, row)
    review_score = np.maximum(lone_reviews, by_members)
    review_tier = _decide_review_tiers(by_members, policy)
    flags = [
        *_flag_members(verdicts, dict(zip(verdicts, score[members].tolist(), strict=True))),
        *_flag_sharers(market, score, crowded),
        *_flag_reviews(snapshot, review_score, review_tier),
    ]
    return Scores(score, tier, review_score, review_tier, tuple(flags))


@dataclass(frozen=True)
class MemberVerdict:
    """What the rings say of one of their members: ``score`` lies in [0, 1]."""

    score: float
    tier: Tier
    reasons: tuple[str, ...]
    ring_ids: tuple[str, ...]


def judge_members(rings: Sequence[Ring], policy: Policy) -> dict[str, MemberVerdict]:
    """Each member's verdict from the ring that says most against it; the others are named beside it."""
    verdicts: dict[str, list[MemberVerdict]] = {}
    for ring in rings:
        for member in ring.members:
            verdicts.setdefault(member.account_id, []).append(_judge_member(ring, member, policy))
    return {account_id: _merge_verdicts(found) for account_id, found in verdicts.items()}


def _judge_member(ring: Ring, member: Member, policy: Policy) -> MemberVerdict:
    """A member's verdict from one ring; whoever hangs on little is for a person to review.

    Parameters
    ----------
    ring
        With its own tier: where that is not automatic, no member's is.
    member
        With its tie to the others in bits, and the critical links without which it would not be named.
    policy
        What a weak thread is.
    """
    # One link may be a lent card or a recycled number, however many bits it has together with the rest.
    by_one = len(member.held_by) == 1 and member.held_bits < policy.weakest_tie_bits
    is_firm = member.role == "core" and member.bits >= policy.weakest_tie_bits and not by_one
    score = ring.score * (policy.fringe_factor if member.role == "fringe" else 1.0)
    # A ring that is for review as a whole flags no member unseen, however well that one is tied; and one that is
    # watched brings nobody up for review.
    apart = 0.0 if ring.tier == "watch" else 1.0
    grounds = Grounds(score=score, apart_from_trades=apart, has_axes=ring.tier == "automatic", is_firmly_tied=is_firm)
    tie = f"tied to the other {len(ring.members) - 1} members by {member.bits:.0f} bits"
    if ring.tier == "automatic" and not is_firm:
        tie += ", too little for an automatic flag"
    tie += _say_critical_links(member.held_by)
    reason = f"{member.role} member of {ring.kind} ring {ring.ring_id} (score {ring.score:.2f}), {tie}"
    return MemberVerdict(
        score=score,
        tier=decide_tier(grounds, policy),
        reasons=(reason, *(shown.sentence for shown in ring.evidence[:3])),
        ring_ids=(ring.ring_id,),
    )


def _say_critical_links(held_by: Sequence[str]) -> str:
    """What would free a member, for its reason."""
    if not held_by:
        return ""
    more = f" and {len(held_by) - LINKS_NAMED} more" if len(held_by) > LINKS_NAMED else ""
    return f"; free of it without {', '.join(held_by[:LINKS_NAMED])}{more}"


def _merge_verdicts(verdicts: Sequence[MemberVerdict]) -> MemberVerdict:
    """The gravest verdict first (of equals the one from the better ring), then how the others begin."""
    # Verdicts of several rings are not added up: they may rest on the same facts.
    first, *others = sorted(verdicts, key=lambda verdict: (-TIERS.index(verdict.tier), -verdict.score))
    return replace(
        first,
        reasons=(*first.reasons, *(verdict.reasons[0] for verdict in others)),
        ring_ids=(*first.ring_ids, *(ring_id for verdict in others for ring_id in verdict.ring_ids)),
    )


def score_loners(sharing_bits: Floats, review_score: Floats, market: Market) -> Floats:
    """What tells on an account by itself, 0 to ``lone_ceiling`` (N,): either signal is enough.

    Whom it shares things with; and its least credible review, which says little about most authors and
    much about the few at the top (a power of its rank among authors).
    """
    policy = market.policy
    sharing = 1.0 - 2.0 ** (-sharing_bits / policy.half_sharing_bits)
    most_unusual = np.full(market.n_accounts, np.nan)
    np.fmax.at(most_unusual, market.snapshot.reviews.author, review_score)
    reviewing = _rank(most_unusual) ** policy.lone_review_power
    score: Floats = policy.lone_ceiling * (1.0 - (1.0 - sharing) * (1.0 - reviewing))
    return score


def measure_sharing(market: Market) -> Floats:
    """How crowded an account's personal things are, in bits: log2 of how many use each, summed (N,).

    Places that a crowd uses say nothing about one of the crowd, nor do things of a kind that nobody has described.
    """
    bits, size = np.zeros(market.n_accounts), market.policy.household_size
    for channel in market.things.values():
        if channel.record.is_identifier and channel.record.role != "coarse":
            crowd = channel.popularity[channel.thing]
            # At a place a crowd is usual; a card in many hands is not.
            telling = (crowd <= size) | (channel.record.role == "personal")
            np.add.at(bits, channel.account[telling], np.log2(crowd[telling]))
    return bits


def find_crowded(market: Market) -> NDArray[np.bool_]:
    """Accounts that share a personal thing with more accounts than a household has (N,)."""
    crowded = np.zeros(market.n_accounts, dtype=bool)
    for channel in market.things.values():
        if channel.record.role == "personal":
            crowded[channel.account[channel.popularity[channel.thing] > market.policy.household_size]] = True
    return crowded


def score_reviews(snapshot: Snapshot, policy: Policy) -> Floats:
    """How likely each review's opinion was planted, 0 to ``lone_ceiling`` (R,); see :mod:`detection.reviews.judge`."""
    return policy.lone_ceiling * judge_reviews(read_review_facts(snapshot)).suspicion


def _rank(values: Floats) -> Floats:
    """Mid-ranks in [0, 1]; 0 where unknown."""
    known = ~np.isnan(values)
    _, place, times = np.unique(values[known], return_inverse=True, return_counts=True)
    ranks = np.zeros(len(values))
    ranks[known] = ((np.cumsum(times) - times / 2) / len(place))[place]
    return ranks


def _score_ring_reviews(market: Market, rings: Sequence[Ring], row: Mapping[str, int]) -> Floats:
    """The ring's score for its joint reviews (R,); 0 for all others."""
    written, policy = index_reviews(market.snapshot), market.policy
    score = np.zeros(len(written.target))
    for ring in rings:
        if ring.kind not in TONES:
            continue
        members = np.array([row[member.account_id] for member in ring.members], dtype=np.int64)
        together = find_joint_reviews(KnownRing(ring.ring_id, ring.kind, ring.score, members), written, policy)
        shown = min(ring.score, policy.lone_ceiling) if ring.tier == "watch" else ring.score
        score[together] = np.maximum(score[together], shown)
    return score


def _decide_review_tiers(by_members: Floats, policy: Policy) -> Ints:
    """The tier of each review (R,) by the score of the ring that wrote it, 0 where none did; never automatic."""
    scores, place = np.unique(by_members, return_inverse=True)
    tiers = [decide_tier(Grounds(score=score or np.nan, has_axes=False), policy) for score in scores.tolist()]
    return np.array([TIERS.index(tier) for tier in tiers], dtype=np.int64)[place]


def _flag_members(verdicts: Mapping[str, MemberVerdict], scores: Mapping[str, float]) -> list[Flag]:
    return [
        Flag(
            "account",
            account_id,
            scores[account_id],
            verdict.tier,
            verdict.reasons,
            ACTIONS[verdict.tier],
            verdict.ring_ids,
        )
        for account_id, verdict in sorted(verdicts.items())
    ]


def _flag_sharers(market: Market, score: Floats, watched: NDArray[np.bool_]) -> list[Flag]:
    """Accounts in no ring that share a personal thing with more than a household."""
    rows = np.flatnonzero(watched)
    reasons, ids = _list_crowded(market, rows), market.snapshot.account_id
    return [
        Flag("account", ids[row], float(score[row]), "watch", reasons[row], ACTIONS["watch"]) for row in rows.tolist()
    ]


def _list_crowded(market: Market, rows: Ints) -> dict[int, tuple[str, ...]]:
    reasons: dict[int, list[tuple[int, str]]] = {row: [] for row in rows.tolist()}
    wanted = np.zeros(market.n_accounts, dtype=bool)
    wanted[rows] = True
    for channel in market.things.values():
        if channel.record.role != "personal":
            continue
        crowd = channel.popularity[channel.thing]
        for place in np.flatnonzero(wanted[channel.account] & (crowd > market.policy.household_size)).tolist():
            reasons[int(channel.account[place])].append(
                (-int(crowd[place]), _say_crowd(channel, place, market.snapshot))
            )
    return {row: tuple(text for _, text in sorted(found)[:3]) for row, found in reasons.items()}


def _say_crowd(channel: SharedThings, place: int, snapshot: Snapshot) -> str:
    others = int(channel.popularity[channel.thing[place]]) - 1
    thing = describe_thing(channel, int(channel.thing[place]), snapshot)
    return f"shares {thing} with {others} other account{'s' if others > 1 else ''}"


def _flag_reviews(snapshot: Snapshot, score: Floats, tier: Ints) -> list[Flag]:
    reason = "written by a member of a ring whose members share this opinion of this target"
    rows = np.flatnonzero(tier > 0).tolist()
    return [
        Flag(
            "review",
            snapshot.reviews.review_id[row],
            float(score[row]),
            TIERS[tier[row]],
            (reason,),
            ACTIONS[TIERS[tier[row]]],
        )
        for row in rows
    ]
