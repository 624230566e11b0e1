"""What is said of those who are reviewed, after a run: its rings, what people decided, and the reviews themselves.

Nothing of it is stored: it follows from the facts as of the run, from the run's rings, and from what stands in the
casebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detection.casework.heard import Heard
from detection.evidence.market import Market
from detection.reviews.clusters import TONES, KnownRing, find_joint_reviews, index_reviews
from detection.reviews.targets import Said, TargetVerdict, judge_targets
from graph.casebook.events import Event
from graph.model import Ints, Strings

NO_ROWS: Ints = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class FoundRing:
    """A ring as a run keeps it: ``kind``, ``score`` in [0, 1], and the ids of its members."""

    ring_id: str
    kind: str
    score: float
    member_ids: frozenset[str]


def judge_reviewed(market: Market, found: Sequence[FoundRing], heard: Heard) -> tuple[TargetVerdict, ...]:
    """Judge every target of which there is something to say.

    Parameters
    ----------
    market
        The facts as of the run, as people want them looked at.
    found
        The run's rings.
    heard
        What people decided: a ring that was confirmed is sure, one that was dismissed wrote nothing planted, and so did
        accounts and reviews that were cleared.
    """
    dismissed = {ring_id for ring_id, event in heard.rings.items() if event.word == "dismissed"}
    rings = [_find_rows(ring, heard, market) for ring in found if ring.kind in TONES]
    standing = [ring for ring in rings if ring.ring_id not in dismissed]
    written, reviews, policy = index_reviews(market.snapshot), market.snapshot.reviews, market.policy
    genuine = [_find_said(reviews.review_id, heard.reviews, "cleared", "dismissed")]
    genuine += [find_joint_reviews(ring, written, policy) for ring in rings if ring.ring_id in dismissed]
    planted = _find_said(reviews.review_id, heard.reviews, "confirmed")
    said = Said(
        planted,
        np.setdiff1d(np.concatenate(genuine), planted),
        _find_said(market.snapshot.account_id, heard.accounts, "cleared", "dismissed"),
    )
    return judge_targets(market, standing, said)


def _find_rows(ring: FoundRing, heard: Heard, market: Market) -> KnownRing:
    members = np.flatnonzero(np.isin(market.snapshot.account_id, sorted(ring.member_ids)))
    event = heard.rings.get(ring.ring_id)
    sure = event is not None and event.word == "confirmed"
    return KnownRing(ring.ring_id, ring.kind, 1.0 if sure else ring.score, members)


def _find_said(ids: Strings, said: Mapping[str, Event], *words: str) -> Ints:
    """The rows of those of whom a person has said one of these words, sorted."""
    meant = {each for each, event in said.items() if event.word in words}
    if not meant:
        return NO_ROWS
    return np.array([row for row, each in enumerate(ids.tolist()) if each in meant], dtype=np.int64)
