"""Scores for every account and review, and flags for those that are not clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.channels.conduct import Conduct
from detection.channels.facts import find_review_targets
from detection.channels.incidence import NO_TARGET, SharedThings
from detection.evidence.market import Market
from detection.policy import Policy
from detection.reviews.facts import read_review_facts
from detection.reviews.judge import judge_reviews
from detection.rings.wording import describe_thing
from detection.tiers import ACTIONS
from graph.model import Flag, Floats, Ints, Member, Ring, Snapshot
from graph.vocabulary import TIERS, Tier

NAMED_HOLDS = 3


@dataclass(frozen=True)
class Scores:
    """``account_score`` (N,) and ``review_score`` (R,) in [0, 1], tiers as codes, and the flags."""

    account_score: Floats
    account_tier: Ints
    review_score: Floats
    review_tier: Ints
    flags: tuple[Flag, ...]


def score_market(rings: Sequence[Ring], market: Market) -> Scores:
    """Score accounts by their rings and by what they share, reviews by how and by whom they were written.

    Parameters
    ----------
    rings
        This run's, best first.
    market
        Its channels, and the policy.
    """
    snapshot, policy, n = market.snapshot, market.policy, market.n_accounts
    row = {account_id: place for place, account_id in enumerate(snapshot.account_id.tolist())}
    fit = compare_members(rings, row, market)
    verdicts = _judge_members(rings, fit, policy)
    members = np.array([row[account_id] for account_id in verdicts], dtype=np.int64)
    lone_reviews = score_reviews(snapshot, policy)
    conduct = sum((signal.bits for signal in market.conduct if not signal.is_of_reviews), np.zeros(n))
    score = score_loners(measure_sharing(market) + np.maximum(conduct, 0.0), lone_reviews, market)
    best = [max(fit[ring_id][account_id] for ring_id in verdict.ring_ids) for account_id, verdict in verdicts.items()]
    from_ring = [verdict.score for verdict in verdicts.values()]
    score[members] = weigh_conduct(np.maximum(score[members], from_ring), np.array(best))
    verdicts = {
        account_id: replace(verdict, score=float(score[row[account_id]])) for account_id, verdict in verdicts.items()
    }
    crowded = find_crowded(market)
    tier = np.where(crowded, TIERS.index("watch"), 0)
    tier[members] = [TIERS.index(verdict.tier) for verdict in verdicts.values()]
    crowded[members] = False
    by_members = _score_ring_reviews(market, rings, row)
    review_score = np.maximum(lone_reviews, by_members)
    review_tier = np.where(by_members >= policy.review_score, TIERS.index("review"), 0)
    flags = [
        *_flag_members(verdicts),
        *_flag_sharers(market, score, crowded),
        *_flag_reviews(snapshot, review_score, review_tier),
    ]
    return Scores(score, tier, review_score, review_tier, tuple(flags))


@dataclass(frozen=True)
class _MemberVerdict:
    score: float
    tier: Tier
    reasons: tuple[str, ...]
    ring_ids: tuple[str, ...]


def _judge_members(
    rings: Sequence[Ring], fit: Mapping[str, Mapping[str, float]], policy: Policy
) -> dict[str, _MemberVerdict]:
    """Each member's verdict from the ring that says most against it; the others are named beside it."""
    verdicts: dict[str, list[_MemberVerdict]] = {}
    for ring in rings:
        for member in ring.members:
            verdicts.setdefault(member.account_id, []).append(
                _judge_member(ring, member, fit[ring.ring_id][member.account_id], policy)
            )
    return {account_id: _merge_verdicts(found) for account_id, found in verdicts.items()}


def _judge_member(ring: Ring, member: Member, fit_bits: float, policy: Policy) -> _MemberVerdict:
    """A member's verdict from one ring; whoever hangs on little, or acts unlike it, is for a person to review."""
    by_one = len(member.held_by) == 1 and member.held_bits < policy.weakest_tie_bits
    weak = member.role == "fringe" or member.bits < policy.weakest_tie_bits or by_one
    unlike = fit_bits <= policy.unlike_bits
    held_back = (weak or unlike) and ring.tier == "automatic"
    tie = f"tied to the other {len(ring.members) - 1} members by {member.bits:.0f} bits"
    if held_back:
        tie += ", but acts unlike them: no automatic flag" if unlike else ", too little for an automatic flag"
    tie += _say_hold(member.held_by)
    reason = f"{member.role} member of {ring.kind} ring {ring.ring_id} (score {ring.score:.2f}), {tie}"
    return _MemberVerdict(
        score=ring.score * (policy.fringe_factor if member.role == "fringe" else 1.0),
        tier="review" if held_back else ring.tier,
        reasons=(reason, *(shown.sentence for shown in ring.evidence[:3])),
        ring_ids=(ring.ring_id,),
    )


def _say_hold(held_by: Sequence[str]) -> str:
    """What would free a member, for its reason."""
    if not held_by:
        return ""
    more = f" and {len(held_by) - NAMED_HOLDS} more" if len(held_by) > NAMED_HOLDS else ""
    return f"; free of it without {', '.join(held_by[:NAMED_HOLDS])}{more}"


def _merge_verdicts(verdicts: Sequence[_MemberVerdict]) -> _MemberVerdict:
    """The gravest verdict first (of equals the one from the better ring), then how the others begin."""
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
    reviewing = np.where(np.isnan(most_unusual), 0.0, _rank(most_unusual) ** policy.lone_review_power)
    score: Floats = policy.lone_ceiling * (1.0 - (1.0 - sharing) * (1.0 - reviewing))
    return score


def compare_members(rings: Sequence[Ring], row: Mapping[str, int], market: Market) -> dict[str, dict[str, float]]:
    """By ring and member, the bits by which its conduct is rather the others' than the market's.

    The first owner of a stolen device does not do what its thieves do.
    """
    fit = {}
    everybody = np.unique([row[member.account_id] for ring in rings for member in ring.members]).astype(np.int64)
    for ring in rings:
        members = np.array([row[member.account_id] for member in ring.members])
        bits = np.zeros(len(members))
        for signal in market.conduct:
            k, m = signal.times[members].astype(float), signal.occasions[members].astype(float)
            usual, in_rings = _find_habit(signal, slice(None)), _find_habit(signal, everybody)
            others = (k.sum() - k + market.policy.pseudo_occasions * in_rings) / (
                m.sum() - m + market.policy.pseudo_occasions
            )
            bits += k * np.log2(others / usual) + (m - k) * np.log2((1 - others) / (1 - usual))
        bits = np.clip(bits, *market.policy.fit_bounds_bits)
        fit[ring.ring_id] = dict(zip((member.account_id for member in ring.members), bits.tolist(), strict=True))
    return fit


def _find_habit(signal: Conduct, accounts: Ints | slice) -> float:
    """How often accounts do it, all together; kept off 0 and 1."""
    return float((signal.times[accounts].sum() + 0.5) / (signal.occasions[accounts].sum() + 1.0))


def weigh_conduct(score: Floats, conduct_bits: Floats) -> Floats:
    """What a ring says of its members, weighed by what each of them does: the odds change by so many bits.

    >>> weigh_conduct(np.array([0.5, 0.5, 0.0]), np.array([0.0, 2.0, 5.0])).tolist()
    [0.5, 0.8, 0.0]
    """
    odds = score / np.maximum(1.0 - score, 1e-9) * 2.0**conduct_bits
    weighed: Floats = odds / (1.0 + odds)
    return weighed


def measure_sharing(market: Market) -> Floats:
    """How crowded an account's personal things are, in bits: log2 of how many use each, summed (N,).

    Places that a crowd uses say nothing about one of the crowd, nor does a kind that nobody has described.
    """
    bits, size = np.zeros(market.n_accounts), market.policy.household_size
    for channel in market.things.values():
        if channel.record.role in ("personal", "place"):
            crowd = channel.popularity[channel.thing]
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
    """Mid-ranks in [0, 1]; 0.5 where unknown."""
    known = ~np.isnan(values)
    _, place, times = np.unique(values[known], return_inverse=True, return_counts=True)
    ranks = np.full(len(values), 0.5)
    ranks[known] = ((np.cumsum(times) - times / 2) / max(len(place), 1))[place]
    return ranks


def _score_ring_reviews(market: Market, rings: Sequence[Ring], row: Mapping[str, int]) -> Floats:
    """The ring's score for reviews that two of its members or more wrote of one target, with the
    opinion that the ring is there for (R,); 0 for all others.
    """
    reviews, policy = market.snapshot.reviews, market.policy
    target = find_review_targets(reviews)
    by_author = np.argsort(reviews.author, kind="stable")
    begin = np.searchsorted(reviews.author[by_author], np.arange(market.n_accounts + 1))
    score = np.zeros(len(reviews.author))
    for ring in rings:
        if ring.kind not in ("review", "attack"):
            continue
        members = [row[member.account_id] for member in ring.members]
        written = np.concatenate([by_author[begin[member] : begin[member + 1]] for member in members])
        rating = reviews.rating[written]
        meant = rating >= policy.good_rating if ring.kind == "review" else rating <= policy.bad_rating
        written = written[meant & (target[written] != NO_TARGET)]
        pairs = np.unique(np.column_stack([target[written], reviews.author[written]]), axis=0)
        common, authors = np.unique(pairs[:, 0], return_counts=True)
        together = written[np.isin(target[written], common[authors >= 2])]
        score[together] = np.maximum(score[together], ring.score)
    return score


def _flag_members(verdicts: Mapping[str, _MemberVerdict]) -> list[Flag]:
    return [
        Flag(
            "account",
            account_id,
            verdict.score,
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
            ACTIONS["review"],
        )
        for row in rows
    ]
