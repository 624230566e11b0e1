"""What is said, on the page of a ring of fake reviews, of whom it reviewed: how many of their reviews were planted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cli.targets import gather_rings
from detection.casework.facts import read_heard
from detection.reviewed import judge_reviewed
from graph.pages.content import PlantedReviews
from graph.queries.exports import list_members
from graph.queries.reviewed import REVIEWING

if TYPE_CHECKING:
    from detection.evidence.market import Market
    from detection.reviews.targets import TargetVerdict
    from graph.queries.answers import RingRecord
    from graph.stores.protocol import GraphStore


def judge_targets(store: GraphStore, market: Market, rings: Sequence[RingRecord]) -> tuple[TargetVerdict, ...]:
    """Judge all targets of a market, as ``ringfence targets`` does, where a ring of these, all of one run, reviews."""
    run_ids = {ring.summary.run_id for ring in rings if ring.summary.kind in REVIEWING}
    if not run_ids:
        return ()
    (run_id,) = run_ids
    return judge_reviewed(market, gather_rings(list_members(store, run_id)), read_heard(store))


def pick_targets(verdicts: Iterable[TargetVerdict], ring_id: str) -> tuple[PlantedReviews, ...]:
    """Those of which a ring, or the campaign that it is a piece of, wrote; the surest first."""
    mine = ((each, [part for part in each.clusters if ring_id in part.ring_ids]) for each in verdicts)
    return tuple(
        PlantedReviews(
            each.target_id,
            each.kind,
            each.reviews,
            each.planted,
            each.planted_low,
            each.planted_high,
            each.first_day,
            each.last_day,
            sum(part.reviews for part in parts),
        )
        for each, parts in mine
        if parts
    )
