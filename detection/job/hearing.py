"""What of a night somebody should hear of, as the store knows it; and its being told."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from detection.job.alerts import (
    Alert,
    add_alerts,
    find_drifting,
    find_ending,
    find_failed,
    find_refused,
    find_ring_alerts,
    read_told,
    write_told,
)
from detection.job.notify import tell_waiting
from detection.job.order import Order
from detection.job.record import Job, JobsFolder
from graph.errors import StoreError
from graph.lineage import tell_changes
from graph.measures.events import read_events
from graph.measures.fold import fold_measures
from graph.open import open_store
from graph.queries.lineage import list_known_rings, list_live_runs, read_ties
from graph.queries.rings import list_rings

if TYPE_CHECKING:
    from graph.stores.protocol import GraphStore
    from graph.vocabulary import Tier

log = logging.getLogger("ringfence.alerts")


def tell_night(order: Order, jobs: JobsFolder, job: Job, *, at: datetime) -> list[Alert]:
    """Tell what is new of a night, and what could not be told before; returns what is new."""
    told = read_told(jobs.path)
    new = add_alerts(told, _find_all(order, job, at), [each.name for each in order.rules.alerts])
    if new:
        write_told(jobs.path, told)
    tell_again(order, jobs)
    return new


def tell_again(order: Order, jobs: JobsFolder) -> list[str]:
    """Tell what waits; returns, and logs, what went wrong."""
    problems = tell_waiting(jobs.path, read_told(jobs.path), order.rules.alerts, order.find_file)
    for problem in problems:
        log.warning("%s", problem)
    return problems


def _find_all(order: Order, job: Job, at: datetime) -> list[Alert]:
    found = find_failed(job.checks, at=at) or find_refused(job.refused, night=job.job, at=at)
    try:
        with open_store(order.location) as store:
            found += find_store_alerts(store, job, least=order.rules.alert_tier, at=at)
    except StoreError:  # which the night itself has said
        pass
    return found


def find_store_alerts(store: GraphStore, job: Job, *, least: Tier, at: datetime) -> list[Alert]:
    """What changed from the run before to the latest, if the night has published one; and measures that end."""
    in_force = fold_measures(read_events(store.measures.read())).list_in_force(at)
    alerts = find_ending(in_force.values(), at=at, days=1.0)
    published, runs = job.find("publish"), list_live_runs(store, 2)
    if published is None or published.skipped or not runs:
        return alerts
    before, after = ({}, runs[-1]) if len(runs) == 1 else (read_ties(store, runs[0].run_id), runs[-1])
    known = list_known_rings(store, runs[0])
    changes = tell_changes(before, read_ties(store, after.run_id), known=known)
    tiers = [_read_tiers(store, run.run_id) for run in runs]
    earlier = tiers[0] if len(tiers) > 1 else {}
    alerts += find_ring_alerts(changes, earlier, tiers[-1], least=least, at=at)
    return alerts + find_drifting(_read_overruled(after.settings), at=at)


def _read_tiers(store: GraphStore, run_id: str) -> dict[str, Any]:
    return {ring.ring_id: ring.tier for ring in list_rings(store, run_id=run_id)}


def _read_overruled(settings: str | None) -> Sequence[dict[str, Any]]:
    found = json.loads(settings) if settings else {}
    overruled: Sequence[dict[str, Any]] = found.get("overruled", ()) if isinstance(found, dict) else ()
    return overruled
