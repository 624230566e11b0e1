"""Clusters of reviews: one campaign each, however many reviews and accounts it has, and how likely it was planted.

A block of accounts that praise, or blame, the same targets at the same times (:mod:`detection.candidates.blocks`) is
whole where a ring may be a piece; but people of one taste are a block too.  What tells them apart is time: tastes last,
and who is paid to praise is done in weeks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.candidates.blocks.propose import ChannelBlock, find_channel_blocks
from detection.channels.catalogue import BLAME, PRAISE
from detection.channels.facts import find_review_targets
from detection.channels.incidence import NO_TARGET, SharedThings
from detection.channels.windows import MICROS_PER_DAY
from detection.policy import Policy
from graph.model import Ints, Reviews, Snapshot

MOST_DEEDS = (0.05, 0.95)
"""The quantiles between which most of a cluster's deeds lie: a straggler makes no campaign last."""
SAME = 0.5
"""Two clusters of which the smaller has more than so many reviews in common are one."""
LEAST_CHANCE = 0.05
"""A cluster that was planted with less than the chance that an interval leaves on one side is not worth naming."""
_STEEPNESS = 4.0
_FEWEST_OF_A_TARGET = 2
TONES = {"review": PRAISE, "attack": BLAME}
"""What the reviews of a ring say, by its kind."""


@dataclass(frozen=True)
class KnownRing:
    """A ring that a run found: ``kind`` review or attack, ``score`` in [0, 1], ``members`` rows of accounts."""

    ring_id: str
    kind: str
    score: float
    members: Ints


@dataclass(frozen=True)
class Cluster:
    """Reviews that belong together.

    Attributes
    ----------
    tone
        The channel: praise or blame.
    review, account
        Rows (r,) and (a,), sorted.
    chance
        That they were planted, in [0, 1]: all of them or none.
    ring_ids
        The rings that it is, or that are pieces of it, sorted.
    """

    tone: str
    review: Ints
    account: Ints
    chance: float
    ring_ids: tuple[str, ...] = ()


def find_clusters(
    snapshot: Snapshot, things: Mapping[str, SharedThings], rings: Iterable[KnownRing], policy: Policy
) -> tuple[Cluster, ...]:
    """Find the clusters of a market's reviews, the largest first.

    Parameters
    ----------
    snapshot
        For its reviews.
    things
        The market's channels.
    rings
        Those of a run; others than review rings and attacks say nothing of reviews.
    policy
        How long campaigns last, and which ratings are good and bad.
    """
    blocks = [
        _make_block(block, things[tone], snapshot, policy)
        for tone in TONES.values()
        if tone in things
        for block in find_channel_blocks(things[tone], snapshot.n_accounts, n_blocks=policy.blocks_tried)
    ]
    written = index_reviews(snapshot)
    known = [
        (ring, _make_cluster(TONES[ring.kind], find_joint_reviews(ring, written, policy), snapshot.reviews))
        for ring in rings
        if ring.kind in TONES
    ]
    told = [
        replace(cluster, chance=ring.score * _last_briefly(cluster.review, snapshot, policy), ring_ids=(ring.ring_id,))
        for ring, cluster in known
        if len(cluster.review)
    ]
    joined = (each for each in _join_rings(_pick_apart(blocks), told) if each.chance >= LEAST_CHANCE)
    return tuple(sorted(joined, key=lambda each: (-len(each.review), each.review[0])))


@dataclass(frozen=True)
class Written:
    """The reviews by author: those of account a are ``order[begin[a]:begin[a + 1]]``; ``target`` (R,) of each."""

    reviews: Reviews
    target: Ints
    order: Ints
    begin: Ints


def index_reviews(snapshot: Snapshot) -> Written:
    """Find a market's reviews by who wrote them, O(R log R)."""
    reviews = snapshot.reviews
    order = np.argsort(reviews.author, kind="stable")
    begin = np.searchsorted(reviews.author[order], np.arange(snapshot.n_accounts + 1))
    return Written(reviews, find_review_targets(reviews), order, begin)


def find_joint_reviews(ring: KnownRing, written: Written, policy: Policy) -> Ints:
    """The reviews that two members of a ring or more wrote of one target, with the opinion that it is there for (r,).

    One member's opinion is its own; two of the ring's on one target are the ring's deed.
    """
    begin, reviews, target = written.begin, written.reviews, written.target
    theirs = [written.order[begin[member] : begin[member + 1]] for member in ring.members.tolist()]
    mine = np.sort(np.concatenate([np.empty(0, dtype=np.int64), *theirs]))
    rating = reviews.rating[mine]
    meant = rating >= policy.good_rating if ring.kind == "review" else rating <= policy.bad_rating
    mine = mine[meant & (target[mine] != NO_TARGET)]
    pairs = np.unique(np.column_stack([target[mine], reviews.author[mine]]), axis=0)
    common, authors = np.unique(pairs[:, 0], return_counts=True)
    joint: Ints = mine[np.isin(target[mine], common[authors >= 2])]
    return joint


def have_tone(tone: str, reviews: Reviews, policy: Policy) -> NDArray[np.bool_]:
    """Which reviews (R,) praise, or blame."""
    told: NDArray[np.bool_] = (
        reviews.rating >= policy.good_rating if tone == PRAISE else reviews.rating <= policy.bad_rating
    )
    return told


def _make_block(block: ChannelBlock, channel: SharedThings, snapshot: Snapshot, policy: Policy) -> Cluster:
    """A block's reviews: by its accounts, of its targets, in the time that it lasts."""
    reviews = snapshot.reviews
    is_member, is_thing = np.zeros(snapshot.n_accounts, dtype=bool), np.zeros(channel.n_things, dtype=bool)
    is_member[block.accounts], is_thing[block.things] = True, True
    used = np.flatnonzero(is_member[channel.account] & is_thing[channel.thing])
    first, last = channel.first_at[used].min(), channel.last_at[used].max()
    subject = np.unique(channel.subject[block.things])
    by_seller = np.where(reviews.seller >= 0, -1 - reviews.seller, NO_TARGET)
    of_block = np.isin(find_review_targets(reviews), subject) | np.isin(by_seller, subject)
    told = is_member[reviews.author] & of_block & have_tone(channel.name, reviews, policy)
    # Where no time is known there are no windows, and nothing lies outside of them.
    told &= np.isnat(first) | ((reviews.reviewed_at >= first) & (reviews.reviewed_at <= last))
    review = leave_by_catch(np.flatnonzero(told), find_review_targets(reviews), policy.by_catch_share)
    made = _make_cluster(channel.name, review, reviews)
    sure = 1.0 - 2.0 ** (-block.bits)
    return replace(made, chance=sure * _last_briefly(made.review, snapshot, policy))


def leave_by_catch(review: Ints, target: Ints, share: float) -> Ints:
    """Of a campaign's reviews (r,) those of targets that it is about: others are there to hide the accounts.

    Its usual target is that of its median review; ``target`` is of all reviews (R,).  One review is nobody's campaign.

    >>> leave_by_catch(np.arange(9), np.array([0, 0, 0, 0, 1, 1, 1, 2, 3]), share=0.5).tolist()
    [0, 1, 2, 3, 4, 5, 6]
    """
    if not len(review):
        return review
    _, place, times = np.unique(target[review], return_inverse=True, return_counts=True)
    usual = np.sort(times[place])[len(review) // 2]
    kept: Ints = review[times[place] >= max(_FEWEST_OF_A_TARGET, share * usual)]
    return kept


def _make_cluster(tone: str, review: Ints, reviews: Reviews) -> Cluster:
    return Cluster(tone, review, np.unique(reviews.author[review]), 0.0)


def _last_briefly(review: Ints, snapshot: Snapshot, policy: Policy) -> float:
    """How likely reviews were planted, by the time in which most of them came: 1/2 at ``campaign_days``."""
    at = snapshot.reviews.reviewed_at[review]
    days = at[~np.isnat(at)].astype(np.int64) / MICROS_PER_DAY
    if not len(days):
        return 0.0
    low, high = np.quantile(days, MOST_DEEDS)
    return float(1.0 / (1.0 + ((high - low) / policy.campaign_days) ** _STEEPNESS))


def _pick_apart(blocks: Sequence[Cluster]) -> list[Cluster]:
    """Each campaign once: it is seen in windows of several lengths, and by the seller as by the product."""
    picked: list[Cluster] = []
    for block in sorted(blocks, key=lambda each: -each.chance * len(each.review)):
        if len(block.review) and not any(_share(block, other) > SAME for other in picked):
            picked.append(block)
    return picked


def _join_rings(blocks: Sequence[Cluster], rings: Sequence[Cluster]) -> Iterator[Cluster]:
    """The blocks with the rings that are pieces of them, and the rings that are pieces of none."""
    homes = [next((place for place, each in enumerate(blocks) if _share(ring, each) > SAME), -1) for ring in rings]
    for place, block in enumerate(blocks):
        pieces = [ring for ring, home in zip(rings, homes, strict=True) if home == place]
        # A ring that is most of the block says of all of it what it says of itself.
        alike = [ring.chance for ring in pieces if _share(block, ring) > SAME]
        ring_ids = tuple(sorted(ring_id for ring in pieces for ring_id in ring.ring_ids))
        yield replace(block, chance=max([block.chance, *alike]), ring_ids=ring_ids)
    yield from (ring for ring, home in zip(rings, homes, strict=True) if home < 0)


def _share(one: Cluster, other: Cluster) -> float:
    """How many of one cluster's reviews are another's, if both say the same."""
    if one.tone != other.tone:
        return 0.0
    return len(np.intersect1d(one.review, other.review, assume_unique=True)) / len(one.review)


def find_best_cluster(clusters: Sequence[Cluster], n_reviews: int) -> Ints:
    """The cluster that says most against each review (R,); -1 where none says anything."""
    best, chance = np.full(n_reviews, -1, dtype=np.int64), np.zeros(n_reviews)
    for place, cluster in enumerate(clusters):
        better: NDArray[np.bool_] = cluster.chance > chance[cluster.review]
        best[cluster.review[better]], chance[cluster.review[better]] = place, cluster.chance
    return best
