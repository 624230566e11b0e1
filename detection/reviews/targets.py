"""The verdict on each target: how many of its reviews were planted, on which days, by which clusters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from detection.channels.catalogue import PRAISE
from detection.evidence.market import Market
from detection.reviews.clusters import TONES, Cluster, KnownRing, find_best_cluster, find_clusters, have_tone
from detection.reviews.counting import Campaign, count_planted
from detection.reviews.facts import find_runs, read_review_facts
from detection.reviews.judge import judge_reviews
from detection.reviews.stragglers import find_stragglers
from graph.model import Floats, Ints, Snapshot

WORTH_SAYING = 1.0
"""Planted reviews: where fewer are expected, and no cluster wrote any, there is nothing to say of a target."""
RULES_OF_TARGETS = ("campaign_days", "by_catch_share", "target_spread")
"""The rules that bear on nothing but this: they move no run, and are left out of what names it."""
_HALF = 0.5


@dataclass(frozen=True)
class TargetCluster:
    """What a cluster wrote of a target.

    ``cluster_id`` is the ring's where it is one, else made of who wrote it; ``ring_ids`` the rings that it is or that
    are pieces of it; ``chance`` that it was planted, in [0, 1]; ``reviews`` of this target, ``all_reviews`` and
    ``accounts`` in all; ``first_day`` and ``last_day`` of those of this target, None where no time is known.
    """

    cluster_id: str
    ring_ids: tuple[str, ...]
    tone: Literal["praise", "blame"]
    chance: float
    reviews: int
    all_reviews: int
    accounts: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class TargetDay:
    """A day on which a target was reviewed: how often, and how many of those are expected to be ``planted``."""

    day: date
    reviews: int
    planted: float


@dataclass(frozen=True)
class TargetVerdict:
    """What is said of one target.

    ``planted`` of its ``reviews`` were planted, as likely fewer as more, and from ``planted_low`` to ``planted_high``
    with a probability of 0.9; half of what is expected came from ``first_day`` to ``last_day``.  ``rating`` is the mean
    of all that rated it, ``rating_without`` the same without the planted ones, None where nobody rated it.
    """

    target_id: str
    kind: Literal["product", "seller"]
    reviews: int
    planted: int
    planted_low: int
    planted_high: int
    first_day: date | None
    last_day: date | None
    rating: float | None
    rating_without: float | None
    clusters: tuple[TargetCluster, ...]
    days: tuple[TargetDay, ...]


@dataclass(frozen=True)
class Said:
    """What people said: rows of reviews that are ``planted`` or ``genuine``, of accounts that are ``honest``."""

    planted: Ints
    genuine: Ints
    honest: Ints


def judge_targets(market: Market, rings: Sequence[KnownRing], said: Said) -> tuple[TargetVerdict, ...]:
    """Judge every target of which there is something to say; those with the surest planted reviews come first.

    Parameters
    ----------
    market
        Its reviews and channels, and the policy.
    rings
        Those that a run found in it.
    said
        A person's word goes before every chance; whoever was found honest is in no cluster.
    """
    found = _find_chances(market, rings, said)
    verdicts = list(_judge_each(found, market))
    return tuple(sorted(verdicts, key=lambda each: (-each.planted_low, -each.planted, each.kind, each.target_id)))


@dataclass(frozen=True)
class _Chances:
    """Of each review (R,): the ``alone`` chance without its cluster, the ``cluster`` it is judged by (-1 for none), and
    its chance in ``all``; ``target`` and ``day`` as in :class:`~detection.reviews.facts.ReviewFacts`.
    """

    alone: Floats
    cluster: Ints
    all: Floats
    target: Ints
    day: Floats
    clusters: tuple[Cluster, ...]


def _find_chances(market: Market, rings: Sequence[KnownRing], said: Said) -> _Chances:
    snapshot, facts = market.snapshot, read_review_facts(market.snapshot)
    clusters, alone = find_clusters(snapshot, market.things, rings, market.policy), judge_reviews(facts).suspicion
    freed = np.isin(facts.author, said.honest)
    freed[said.genuine] = True
    best = find_best_cluster(clusters, len(alone))
    best[freed], alone[freed] = -1, 0.0
    best[said.planted], alone[said.planted] = -1, 1.0
    freed[said.planted] = True
    told = {tone: have_tone(tone, snapshot.reviews, market.policy) & ~freed for tone in TONES.values()}
    straggles = find_stragglers(clusters, best, facts.target, facts.day, told)
    alone = alone + (1.0 - alone) * straggles
    chance = np.append([each.chance for each in clusters], 0.0)[best]
    return _Chances(alone, best, chance + (1.0 - chance) * alone, facts.target, facts.day, clusters)


def _judge_each(found: _Chances, market: Market) -> Iterator[TargetVerdict]:
    rows = np.flatnonzero(found.target >= 0)
    rows = rows[np.lexsort((rows, found.target[rows]))]
    runs = find_runs(found.target[rows])
    names = {place: _name_cluster(each, market.snapshot) for place, each in enumerate(found.clusters)}
    for begin in np.unique(runs.first).tolist():
        mine = rows[begin : runs.last[begin] + 1]
        if found.all[mine].sum() >= WORTH_SAYING or (found.cluster[mine] >= 0).any():
            yield _judge_target(mine, found, market, names)


def _judge_target(rows: Ints, found: _Chances, market: Market, names: dict[int, str]) -> TargetVerdict:
    snapshot, chance, day = market.snapshot, found.all[rows], found.day[rows]
    cluster, alone = found.cluster[rows], found.alone[rows]
    places = np.unique(cluster[cluster >= 0]).tolist()
    campaigns = [Campaign(found.clusters[place].chance, alone[cluster == place]) for place in places]
    count = count_planted(alone[cluster < 0], campaigns, spread=market.policy.target_spread)
    rating, first = snapshot.reviews.rating[rows], int(rows[0])
    is_product = bool(snapshot.reviews.product[first] >= 0)
    ids = snapshot.product_id if is_product else snapshot.account_id
    first_day, last_day = _find_stretch(day, chance)
    wrote = [_describe_cluster(place, names[place], rows[cluster == place], found) for place in places]
    return TargetVerdict(
        ids[(snapshot.reviews.product if is_product else snapshot.reviews.seller)[first]],
        "product" if is_product else "seller",
        len(rows),
        count.median,
        count.low,
        count.high,
        first_day,
        last_day,
        _average(rating, np.ones(len(rating))),
        _average(rating, 1.0 - chance),
        tuple(sorted(wrote, key=lambda each: (-each.chance * each.reviews, each.cluster_id))),
        _count_days(day, chance),
    )


def _name_cluster(cluster: Cluster, snapshot: Snapshot) -> str:
    if len(cluster.ring_ids) == 1:
        return cluster.ring_ids[0]
    text = "\x00".join(sorted(snapshot.account_id[cluster.account].tolist()))
    return "C" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def _describe_cluster(place: int, cluster_id: str, rows: Ints, found: _Chances) -> TargetCluster:
    cluster, day = found.clusters[place], found.day[rows]
    known = day[~np.isnan(day)]
    return TargetCluster(
        cluster_id,
        cluster.ring_ids,
        "praise" if cluster.tone == PRAISE else "blame",
        cluster.chance,
        len(rows),
        len(cluster.review),
        len(cluster.account),
        _as_date(known.min()) if len(known) else None,
        _as_date(known.max()) if len(known) else None,
    )


def _find_stretch(day: Floats, chance: Floats) -> tuple[date | None, date | None]:
    """The shortest stretch of days in which half of what is expected lies; of equals the first."""
    known = np.flatnonzero(~np.isnan(day))
    if not len(known):
        return None, None
    days, place = np.unique(day[known], return_inverse=True)
    expected = np.bincount(place, chance[known])
    upto = np.cumsum(expected)
    end = np.searchsorted(upto, upto - expected + _HALF * upto[-1] * (1.0 - 1e-9))
    whole = np.flatnonzero(end < len(days))
    best = whole[np.argmin(days[end[whole]] - days[whole])]
    return _as_date(days[best]), _as_date(days[end[best]])


def _average(rating: Floats, weight: Floats) -> float | None:
    known = ~np.isnan(rating)
    total = float(weight[known].sum())
    return float(rating[known] @ weight[known]) / total if total > 0 else None


def _count_days(day: Floats, chance: Floats) -> tuple[TargetDay, ...]:
    known = np.flatnonzero(~np.isnan(day))
    days, place, times = np.unique(day[known], return_inverse=True, return_counts=True)
    planted = np.bincount(place, chance[known], minlength=len(days)).round(6)
    counted = zip(days.tolist(), times.tolist(), planted.tolist(), strict=True)
    return tuple(TargetDay(_as_date(each), n, expected) for each, n, expected in counted)


def _as_date(day: float) -> date:
    found: date = np.datetime64(int(day), "D").item()
    return found
