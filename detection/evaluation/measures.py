"""How good a run is, against what is true: rings, look-alikes, accounts and reviews.

The one place where these measures are defined; docs/evaluation.md says them in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.evaluation.truth import TrueGroup, TrueVerdicts, Truth
from detection.statistics import (
    Bools,
    Estimate,
    Resampling,
    Separation,
    average_precision,
    estimate_share,
    separate_scores,
    take_percentiles,
)
from graph.errors import DataError
from graph.model import Floats, Ints, Snapshot
from graph.results import Ring, RunResult
from graph.vocabulary import TIERS, Tier

HIT_JACCARD = 0.5
SURE_PRECISION = 0.95
PLACES = (5, 10, 20, 50)
SHOWN_TIERS: tuple[Tier, ...] = ("review", "automatic")
N_BINS = 10
Group = frozenset[str]


@dataclass(frozen=True)
class RankingScore:
    """How well a ranked list of groups recovers the planted rings.

    ``recall_when_sure`` is that of the longest prefix of the list with a precision of 0.95 or more;
    ``precision_at`` maps 5, 10, 20, 50 and the number planted to the share of so many first places
    that hit; places that the list does not fill miss.
    """

    listed: int
    hits: int
    planted: int
    average_precision: Estimate
    recall: Estimate
    precision: Estimate
    recall_when_sure: float
    precision_at: Mapping[int, float]


@dataclass(frozen=True)
class FoundShare:
    """Of the planted rings of a ``part`` (a kind, a way of sharing, a class of sizes), those hit."""

    by: str
    part: str
    planted: int
    found: int
    review: int
    automatic: int


@dataclass(frozen=True)
class LookalikeShare:
    """Honest groups of a kind, and those that a ring holds, for review or above and automatic."""

    kind: str
    groups: int
    review: int
    automatic: int


@dataclass(frozen=True)
class TierShare:
    """Accounts of a tier or above, as the truth knows them."""

    tier: Tier
    flagged: int
    bad: int
    honest: int
    precision: Estimate
    honest_share: float


@dataclass(frozen=True)
class ScoreBin:
    """Accounts with scores from ``low`` to ``high``: their mean score, and the share that is bad."""

    low: float
    high: float
    rows: int
    mean_score: float
    bad_share: Estimate


@dataclass(frozen=True)
class Measured:
    """One run against the truth; parts that the truth says nothing about are empty or None."""

    rings: RankingScore | None
    found: tuple[FoundShare, ...]
    lookalikes: tuple[LookalikeShare, ...]
    accounts: tuple[Separation, ...]
    tiers: tuple[TierShare, ...]
    reviews: tuple[Separation, ...]
    calibration: tuple[ScoreBin, ...]


def restrict_truth(truth: Truth, snapshot: Snapshot) -> Truth:
    """Leave out whom and what the snapshot does not know, and rings with fewer than two members left.

    Where the truth has rings and says nothing of accounts, members are bad and all others good.

    Raises
    ------
    DataError
        If nothing of the truth is in the market.
    """
    known = frozenset(snapshot.account_id.tolist())
    rings, lookalikes = (_restrict_groups(groups, known) for groups in (truth.rings, truth.lookalikes))
    accounts = truth.accounts
    if accounts is None and rings:
        members = {member for ring in rings for member in ring.members}
        is_bad = np.array([name in members for name in snapshot.account_id.tolist()], dtype=bool)
        accounts = TrueVerdicts(snapshot.account_id, is_bad)
    kept = Truth(
        rings, lookalikes, _restrict(accounts, known),
        _restrict(truth.reviews, frozenset(snapshot.reviews.review_id.tolist())),
    )  # fmt: skip
    if not (kept.rings or kept.lookalikes or kept.accounts or kept.reviews):
        raise DataError("the truth names no account and no review of this market; is it another market's?")
    return kept


def _restrict_groups(groups: Iterable[TrueGroup], known: Group) -> tuple[TrueGroup, ...]:
    kept = (replace(group, members=group.members & known) for group in groups)
    return tuple(group for group in kept if len(group.members) > 1)


def _restrict(verdicts: TrueVerdicts | None, known: Group) -> TrueVerdicts | None:
    if verdicts is None:
        return None
    keep = np.array([name in known for name in verdicts.subject.tolist()], dtype=bool)
    return TrueVerdicts(verdicts.subject[keep], verdicts.is_bad[keep]) if keep.any() else None


def measure_run(run: RunResult, snapshot: Snapshot, truth: Truth, resampling: Resampling) -> Measured:
    """Set a run's results against the truth.

    Parameters
    ----------
    run, snapshot
        The run, and the snapshot that it is of.
    truth
        Restricted to the snapshot.
    resampling
        For the intervals.
    """
    listed = list_members(run.rings)
    hits = match_groups(listed, truth.rings)
    scores = _scores_by_id(snapshot.account_id, run.account_score)
    reviews = _scores_by_id(snapshot.reviews.review_id, run.review_score)
    return Measured(
        rings=score_ranking(hits, len(truth.rings), resampling) if truth.rings else None,
        found=count_found(hits, [ring.tier for ring in run.rings], truth.rings),
        lookalikes=count_lookalikes(run, snapshot, truth.lookalikes),
        accounts=separate_accounts(scores, truth, resampling),
        tiers=count_tiers(run, snapshot, truth.accounts) if truth.accounts else (),
        reviews=() if truth.reviews is None else (_separate("review", "all", reviews, truth.reviews, resampling),),
        calibration=bin_scores(scores, truth.accounts) if truth.accounts else (),
    )


def list_members(rings: Iterable[Ring]) -> list[Group]:
    """The members of each ring."""
    return [frozenset(member.account_id for member in ring.members) for ring in rings]


def find_jaccard(a: Group, b: Group) -> float:
    """Common members over all members of the two.

    >>> find_jaccard(frozenset("abc"), frozenset("bcd"))
    0.5
    """
    return len(a & b) / max(len(a | b), 1)


def match_groups(found: Sequence[Group], planted: Sequence[TrueGroup]) -> list[int | None]:
    """The place of the planted ring that each group hits, or None; O(members).

    A group hits the ring with the greatest Jaccard index of 0.5 or more that no group before it hit.
    """
    rings_of: dict[str, list[int]] = {}
    for place, ring in enumerate(planted):
        for account in ring.members:
            rings_of.setdefault(account, []).append(place)
    taken: set[int] = set()
    hits: list[int | None] = []
    for group in found:
        near = sorted({place for account in group for place in rings_of.get(account, ())} - taken)
        likeness = [find_jaccard(group, planted[place].members) for place in near]
        best = int(np.argmax(likeness)) if likeness else -1
        hit = near[best] if best >= 0 and likeness[best] >= HIT_JACCARD else None
        hits.append(hit)
        taken |= set() if hit is None else {hit}
    return hits


def score_ranking(hits: Sequence[int | None], n_planted: int, resampling: Resampling | None = None) -> RankingScore:
    """Score a ranked list of groups by the planted rings that they hit.

    The interval of the average precision comes from resampling the planted rings; those of recall and
    precision are Wilson's.

    >>> score = score_ranking([0, None, 1], 4)
    >>> round(score.average_precision.value, 4), score.recall.value, score.recall_when_sure
    (0.4167, 0.5, 0.25)
    """
    good = np.array([hit is not None for hit in hits], dtype=bool)
    n_hits, n_listed = int(good.sum()), len(good)
    precision = np.cumsum(good) / np.arange(1, n_listed + 1)
    sure = np.flatnonzero(precision >= SURE_PRECISION)
    places = sorted({*PLACES, n_planted} - {0})
    place_hit = np.array([-1 if hit is None else hit for hit in hits], dtype=np.int64)
    return RankingScore(
        listed=n_listed,
        hits=n_hits,
        planted=n_planted,
        average_precision=_resample_rings(good, place_hit, n_planted, resampling),
        recall=estimate_share(n_hits, n_planted),
        precision=estimate_share(n_hits, n_listed),
        recall_when_sure=float(good[: sure[-1] + 1].sum() / n_planted) if len(sure) and n_planted else 0.0,
        precision_at={place: float(good[:place].sum() / place) for place in places},
    )


def _resample_rings(good: Bools, hit: Ints, n_planted: int, resampling: Resampling | None) -> Estimate:
    def score(weight: Ints) -> Floats:
        true = np.zeros((len(weight), len(good)), dtype=np.int64)
        true[:, good] = weight[:, hit[good]]
        return average_precision(true, np.broadcast_to(~good, true.shape).astype(np.int64), weight.sum(axis=1))

    value = float(score(np.ones((1, n_planted), dtype=np.int64))[0]) if n_planted else np.nan
    if resampling is None or not n_planted:
        return Estimate(value, np.nan, np.nan)
    drawn = resampling.begin().integers(0, n_planted, (resampling.n_resamples, n_planted))
    weight = np.stack([np.bincount(row, minlength=n_planted) for row in drawn])
    return take_percentiles(value, score(weight))


def count_found(hits: Sequence[int | None], tiers: Sequence[Tier], planted: Sequence[TrueGroup]) -> tuple[
    FoundShare, ...
]:  # fmt: skip
    """Planted rings by kind, by what they share and by size, and how many of each were hit at which tier."""
    tier_of = {hit: tier for hit, tier in zip(hits, tiers, strict=True) if hit is not None}
    parts: dict[tuple[str, str], list[int]] = {}
    for place, ring in enumerate(planted):
        for by, part in (("kind", ring.kind), ("sharing", ring.sharing), ("size", name_size(len(ring.members)))):
            parts.setdefault((by, part), []).append(place)
    bys = ("kind", "sharing", "size")  # the names of sizes sort by their length
    order = sorted(parts, key=lambda key: (bys.index(key[0]), len(key[1]) * (key[0] == "size"), key[1]))
    return tuple(_count_part(by, part, parts[by, part], tier_of) for by, part in order)


def _count_part(by: str, part: str, places: Sequence[int], tier_of: Mapping[int, Tier]) -> FoundShare:
    rank = [TIERS.index(tier_of[place]) for place in places if place in tier_of]
    review, automatic = (sum(each >= TIERS.index(tier) for each in rank) for tier in SHOWN_TIERS)
    return FoundShare(by, part, len(places), len(rank), review, automatic)


def name_size(size: int) -> str:
    """The class of sizes that a ring belongs to.

    >>> [name_size(size) for size in (2, 5, 6, 11, 80)]
    ['2-5', '2-5', '6-10', '11-40', '41+']
    """
    bounds = ((5, "2-5"), (10, "6-10"), (40, "11-40"))
    return next((name for largest, name in bounds if size <= largest), "41+")


def count_lookalikes(run: RunResult, snapshot: Snapshot, lookalikes: Sequence[TrueGroup]) -> tuple[LookalikeShare, ...]:
    """Honest groups that a run accuses, by kind.

    A group is accused at a tier when one ring of that tier or above holds half of it or more, and two at
    least, of members who are flagged at that tier or above themselves.
    """
    rank_of = dict(zip(snapshot.account_id.tolist(), run.account_tier.tolist(), strict=True))
    accused = []
    for tier in SHOWN_TIERS:
        rank = TIERS.index(tier)
        rings = [ring for ring in run.rings if TIERS.index(ring.tier) >= rank]
        flagged = [frozenset(name for name in members if rank_of[name] >= rank) for members in list_members(rings)]
        accused.append(_find_held(flagged, lookalikes))
    kinds = sorted({group.kind for group in lookalikes})
    is_kind = {kind: np.array([group.kind == kind for group in lookalikes]) for kind in kinds}
    return tuple(
        LookalikeShare(kind, int(is_kind[kind].sum()), *(int((held & is_kind[kind]).sum()) for held in accused))
        for kind in kinds
    )


def _find_held(rings: Sequence[Group], groups: Sequence[TrueGroup]) -> Bools:
    """Groups of which one ring holds half or more, and two members at least (G,)."""
    rings_of: dict[str, list[int]] = {}
    for place, members in enumerate(rings):
        for account in members:
            rings_of.setdefault(account, []).append(place)
    held = np.zeros(len(groups), dtype=bool)
    for place, group in enumerate(groups):
        common = [ring for account in group.members for ring in rings_of.get(account, ())]
        most = int(np.bincount(common).max()) if common else 0
        held[place] = most >= max(2, len(group.members) / 2)
    return held


def count_tiers(run: RunResult, snapshot: Snapshot, accounts: TrueVerdicts) -> tuple[TierShare, ...]:
    """How many flagged accounts are bad, and how many honest ones are flagged."""
    rank = _scores_by_id(snapshot.account_id, run.account_tier.astype(float))
    of_subject = np.array([rank[name] for name in accounts.subject.tolist()])
    n_honest = int((~accounts.is_bad).sum())
    shares = []
    for tier in SHOWN_TIERS:
        flagged = of_subject >= TIERS.index(tier)
        n_flagged, n_bad = int(flagged.sum()), int((flagged & accounts.is_bad).sum())
        honest = n_flagged - n_bad
        shares.append(
            TierShare(tier, n_flagged, n_bad, honest, estimate_share(n_bad, n_flagged), honest / max(n_honest, 1))
        )
    return tuple(shares)


def separate_accounts(scores: Mapping[str, float], truth: Truth, resampling: Resampling) -> tuple[Separation, ...]:
    """How well scores separate bad accounts from honest ones: all, then the members of each part of the rings."""
    if truth.accounts is None:
        return ()
    parts = [_separate("account", "all", scores, truth.accounts, resampling)]
    bad = dict(zip(truth.accounts.subject.tolist(), truth.accounts.is_bad.tolist(), strict=True))
    for by in ("kind", "sharing"):
        for name in sorted({getattr(ring, by) for ring in truth.rings}):
            members = {one for ring in truth.rings if getattr(ring, by) == name for one in ring.members}
            kept = np.array([one in members or not is_bad for one, is_bad in bad.items()], dtype=bool)
            subject = truth.accounts.subject[kept]
            part = TrueVerdicts(subject, np.array([one in members for one in subject.tolist()], dtype=bool))
            parts.append(_separate("account", f"{by} {name}", scores, part, resampling))
    return tuple(parts)


def _separate(
    subject: str, part: str, scores: Mapping[str, float], verdicts: TrueVerdicts, resampling: Resampling
) -> Separation:
    given = np.array([scores.get(name, 0.0) for name in verdicts.subject.tolist()])
    return separate_scores(subject, part, given, verdicts.is_bad, resampling)


def bin_scores(scores: Mapping[str, float], accounts: TrueVerdicts) -> tuple[ScoreBin, ...]:
    """How often accounts of each score are bad: what the scores mean."""
    given = np.array([scores[name] for name in accounts.subject.tolist()])
    place = np.minimum((given * N_BINS).astype(np.int64), N_BINS - 1)
    bins = []
    for number in np.unique(place).tolist():
        inside = place == number
        share = estimate_share(int(accounts.is_bad[inside].sum()), int(inside.sum()))
        bounds = (number / N_BINS, (number + 1) / N_BINS)
        bins.append(ScoreBin(*bounds, int(inside.sum()), float(given[inside].mean()), share))
    return tuple(bins)


def _scores_by_id(names: NDArray[np.object_], scores: Floats) -> dict[str, float]:
    return dict(zip(names.tolist(), scores.tolist(), strict=True))
