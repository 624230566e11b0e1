"""One run, end to end: the only place where store, detectors and encoder meet."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from detection.beside import Beside, note_beside, set_beside
from detection.candidates.look_alikes import link_look_alikes, make_vectors
from detection.casework.facts import heed_facts, read_heard
from detection.casework.heard import NOTHING_HEARD, Heard
from detection.channels.facts import find_shared_placeholders
from detection.evidence.market import Market, make_market
from detection.judging import STEPS, Judged, Models, Terms, judge_again, judge_market, read_models
from detection.order.model import OrderModel, read_order_model
from detection.order.rank import OrderedRings, order_rings
from detection.policy import DEFAULT_POLICY, Policy
from detection.reviews.targets import RULES_OF_TARGETS
from detection.rings.ids import leave_heirs
from detection.risk.apply import WeighedScores
from detection.risk.opinion import Described
from detection.rules import RULES_OF_DECISIONS, RULES_OF_RISK
from detection.settings import DetectSettings
from detection.significance.false_discovery import note_false_discoveries, score_null_rings
from detection.significance.rewiring import find_q_values
from graph.errors import StoreMovedError
from graph.lineage import Rings, Ties
from graph.memory import give_memory_back
from graph.model import Snapshot
from graph.open import open_store
from graph.progress import Progress, no_progress
from graph.results import Ring, RunResult
from graph.stores.location import Location
from graph.stores.moved_facts import find_moved, say_moved
from graph.stores.protocol import GraphStore
from graph.stores.snapshots import digest_snapshot
from graph.version import VERSION

log = logging.getLogger("ringfence.run")

PLACEHOLDERS_NAMED = 5
WRITING = "writing the results"
"""What the last stage of a run is called, as it begins and as it ends."""
REMEMBERED_RUNS = 60
"""Of so many runs rings that are gone keep their ids."""


def detect(
    location: Location,
    settings: DetectSettings,
    *,
    as_of: np.datetime64 | None = None,
    progress: Progress = no_progress,
) -> RunResult:
    """Find the rings of the market in a store, and write them and all scores back to it.

    Parameters
    ----------
    location
        Of the store.
    settings
        What to look for, and the seed.
    as_of
        Look only at what was known at this instant.

    Raises
    ------
    StoreError
        If the store cannot be read or written; nothing is then changed.
    StoreMovedError
        If facts came while the run was at work; what it found in those that it knew is written.
    """
    started_at = datetime.now(UTC).replace(tzinfo=None)
    with open_store(location) as store:
        mark, snapshot = store.mark_facts(), store.snapshot(as_of=as_of)
        earlier, heard = read_latest_rings(store), read_heard(store, as_of)
    give_memory_back()  # what the database held of its file
    progress("reading the graph", 1, STEPS)
    run = find_run(snapshot, settings, earlier=earlier, heard=heard, progress=progress)
    progress(WRITING, STEPS - 1, STEPS)
    with open_store(location, mode="write") as store:
        moved = find_moved(store, snapshot, mark=mark)
        store.write_run(run, snapshot, started_at=started_at)
    progress(WRITING, STEPS, STEPS)
    if moved is not None:
        raise StoreMovedError(say_moved(run.run_id, snapshot, moved))
    return run


def find_run(
    snapshot: Snapshot,
    settings: DetectSettings,
    *,
    earlier: Rings | None = None,
    heard: Heard = NOTHING_HEARD,
    progress: Progress = no_progress,
) -> RunResult:
    """Everything a run finds in a snapshot, without touching a store.

    Parameters
    ----------
    snapshot
        The market.
    settings
        What to look for, and the seed.
    earlier
        What ties the members of each ring of the run before, by ring id, so that rings keep their ids.
    heard
        What people decided, which goes before whatever is found.
    """
    # A model that cannot be read, or a channel that there is not, is told before anything that takes long.
    models, order = read_models(settings), read_order(settings)
    market = make_market(heed_facts(snapshot, heard), settings)
    vectors = _encode(snapshot, settings, progress) if settings.encoder or settings.look_alike else None
    progress("measuring the channels", 2, STEPS)
    likes = link_look_alikes(vectors, settings.policy) if vectors is not None and settings.look_alike else None
    terms = Terms(settings, heard, earlier or {}, likes, progress)
    found = _judge(market, models, terms)
    judged, beside = found.judged, found.beside
    progress("scoring accounts and reviews", 4, STEPS)
    noted = (*note_silence(snapshot), *note_placeholders(snapshot, settings.policy))
    notes = (*noted, *judged.weighed.notes, *judged.told.notes, *models.notes, *note_beside(beside))
    rings, errors = _measure_errors(judged.rings, market.snapshot, settings, progress)
    ordered = order_told(rings, judged.market, order)
    recorded = record_settings(judged.market, settings, heard) | record_models(models) | record_order(order)
    notes = (*notes, *note_usual(judged.rings, settings.policy), *errors, *ordered.notes)
    run = _gather_run(snapshot, ordered.rings, judged.weighed, recorded=recorded, notes=notes)
    kept, told = vectors if settings.encoder else None, None if beside is None else msgspec.to_builtins(beside)
    return replace(run, overruled=judged.overruled, vectors=kept, models=told, places=ordered.places)


@dataclass(frozen=True)
class _Found:
    """What a run comes to, and its models beside one another."""

    judged: Judged
    beside: Beside | None


def _judge(market: Market, models: Models, terms: Terms) -> _Found:
    """Judge by the model that acts; and beside it by the one that is tried, of which nothing but figures is kept."""
    described = Described(market.snapshot)
    judged = judge_market(market, models.champion, described, terms)
    other = None if models.challenger is None else judge_again(judged, models.challenger, described, terms)
    return _Found(judged, set_beside(judged, other, seed=terms.settings.seed))


def record_models(models: Models) -> dict[str, str]:
    """Which models a run had, by their files' checksums."""
    named = {"model_sha256": models.champion, "challenger_sha256": models.challenger}
    return {name: kept.sha256 for name, kept in named.items() if kept is not None}


def read_order(settings: DetectSettings) -> OrderModel | None:
    """The learned judge of rings that settings ask for; None where rings are told by their evidence.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    if not settings.rerank:
        return None
    return read_order_model(Path(settings.rerank_file) if settings.rerank_file else None)


def order_told(rings: tuple[Ring, ...], market: Market, order: OrderModel | None) -> OrderedRings:
    """Order rings when scores, tiers and flags are made: their places in the list are all that can change."""
    return OrderedRings(rings) if order is None else order_rings(rings, market, order)


def record_order(order: OrderModel | None) -> dict[str, str]:
    """Which learned judge had a say in the order of a run, by its file's checksum."""
    return {} if order is None else {"rerank_sha256": order.sha256}


def _gather_run(
    snapshot: Snapshot,
    rings: tuple[Ring, ...],
    weighed: WeighedScores,
    *,
    recorded: dict[str, Any],
    notes: tuple[str, ...],
) -> RunResult:
    digest, scores = digest_snapshot(snapshot), weighed.scores
    return RunResult(
        run_id=name_run(digest, recorded),
        settings=recorded,
        snapshot_digest=digest,
        as_of=snapshot.as_of,
        rings=rings,
        account_score=scores.account_score,
        account_probability=weighed.probability,
        account_tier=scores.account_tier,
        review_score=scores.review_score,
        review_tier=scores.review_tier,
        flags=scores.flags,
        notes=notes,
    )


def record_settings(market: Market, settings: DetectSettings, heard: Heard = NOTHING_HEARD) -> dict[str, Any]:
    """What a run keeps of how it came to its results: settings, policy, each channel's own rules, what it heard.

    Where nobody has said anything, or rings hear no risk, a rule about it can move nothing, and is left out unless it
    was set: then a run is the same, to its id, as if there were no casebook, and no risk to hear.
    """
    recorded: dict[str, Any] = msgspec.to_builtins(settings) | {"channels": market.say_rules()}
    del recorded["challenger"]  # which acts on nothing, and is named by its checksum where there is one
    leave_unset(recorded["policy"], RULES_OF_TARGETS, settings)
    if not settings.rerank:
        del recorded["rerank"], recorded["rerank_file"]
    if not (settings.hear_risk and settings.model):
        del recorded["hear_risk"]
        leave_unset(recorded["policy"], RULES_OF_RISK, settings)
    if heard.event_ids:
        return recorded | {"casebook": heard.record()}
    leave_unset(recorded["policy"], RULES_OF_DECISIONS, settings)
    return recorded


def leave_unset(recorded: dict[str, Any], rules: tuple[str, ...], settings: DetectSettings) -> None:
    """Leave out of a recorded policy what moves nothing, unless somebody has set it."""
    for rule in rules:
        if getattr(settings.policy, rule) == getattr(DEFAULT_POLICY, rule):
            del recorded[rule]


def read_latest_rings(store: GraphStore) -> Rings:
    """The rings of the store's latest run with what ties their members; each that is gone as it was found last.

    A ring that comes back after a run, or a month of them, has its id again.  One that is gone because another ring has
    its members now is left to that one.
    """
    rows = store.query(
        "MATCH (u:Run) WITH max(u.sequence) AS latest MATCH (r:Run)-[:FOUND]->(g:Ring)"
        f" WHERE r.sequence > latest - {REMEMBERED_RUNS} AND (r.sequence > 0 OR latest = 0)"
        " WITH g.ring_id AS ring_id, max(r.sequence) AS sequence"
        " MATCH (s:Run)-[:FOUND]->(h:Ring)<-[m:MEMBER_OF]-(a:Account)"
        " WHERE s.sequence = sequence AND h.ring_id = ring_id"
        " RETURN sequence, ring_id, a.account_id AS account_id, m.bits AS bits"
    )
    found: dict[int, dict[str, dict[str, float]]] = {}
    for row in rows:
        found.setdefault(row["sequence"], {}).setdefault(row["ring_id"], {})[row["account_id"]] = row["bits"]
    members: dict[str, Ties] = {}
    for sequence in sorted(found, reverse=True):
        rings = {ring_id: ties for ring_id, ties in found[sequence].items() if ring_id not in members}
        members |= leave_heirs(rings, members)
    return members


def note_silence(snapshot: Snapshot) -> tuple[str, ...]:
    """What the market says nothing about, and which detectors therefore fell silent."""
    orders, reviews = snapshot.orders, snapshot.reviews
    missing = {
        "no identifiers: nothing shared is seen": not len(snapshot.uses.account),
        "no orders with a known seller: no trade rings": not (orders.seller >= 0).any(),
        "no times of orders: clubs cannot be told from rings, and no ring is seen by its trades alone": (
            (orders.seller >= 0).any() and np.isnat(orders.ordered_at).all()
        ),
        "no order statuses: no refund rings": not (orders.status >= 0).any(),
        "no reviews with a time and a rating: no review or attack rings": not (
            ~np.isnat(reviews.reviewed_at) & ~np.isnan(reviews.rating)
        ).any(),
        "no times of signing up: accounts created together are not seen": np.isnat(snapshot.created_at).all(),
    }
    return tuple(note for note, is_missing in missing.items() if is_missing)


def note_placeholders(snapshot: Snapshot, policy: Policy) -> tuple[str, ...]:
    """Which values were taken to stand for nothing, those of most accounts first."""
    everything = np.full(snapshot.n_identifiers, policy.ignore_placeholders)
    found = np.flatnonzero(find_shared_placeholders(snapshot, everything))
    if not len(found):
        return ()
    users = np.bincount(snapshot.uses.identifier, minlength=snapshot.n_identifiers)[found]
    named = [
        f"{snapshot.identifier_kind[row]} {snapshot.identifier_value[row]} ({n:,})"
        for n, row in sorted(zip(users.tolist(), found.tolist(), strict=True), key=lambda each: (-each[0], each[1]))
    ]
    more = f" and {len(named) - PLACEHOLDERS_NAMED} more" if len(named) > PLACEHOLDERS_NAMED else ""
    return (f"placeholders link nobody: {', '.join(named[:PLACEHOLDERS_NAMED])}{more}",)


def note_usual(rings: Sequence[Ring], policy: Policy) -> tuple[str, ...]:
    """How many rings are only watched, for as many honest groups of such a market show as much."""
    n = sum(ring.shown >= policy.review_score and (ring.false_discovery or 0.0) > policy.review_rate for ring in rings)
    said = "1 ring scores enough for review, and is" if n == 1 else f"{n:,} rings score enough for review, and are"
    why = f"too many honest groups of such markets show as much (q above {policy.review_rate:g})"
    return (f"{said} only watched: {why}",) if n else ()


def _measure_errors(
    rings: tuple[Ring, ...], snapshot: Snapshot, settings: DetectSettings, progress: Progress
) -> tuple[tuple[Ring, ...], tuple[str, ...]]:
    """The rings with their false-discovery rates: by honest groups and, where that is asked for, by chance as well."""
    if not settings.rewired_copies:
        return rings, ()
    null_scores = score_null_rings(snapshot, settings, progress=progress)
    by_chance = find_q_values(np.array([ring.score for ring in rings]), null_scores, settings.rewired_copies)
    rates = np.maximum(np.array([ring.false_discovery for ring in rings], dtype=float), by_chance)
    measured = tuple(replace(ring, false_discovery=float(rate)) for ring, rate in zip(rings, rates, strict=True))
    return measured, (note_false_discoveries(rings, null_scores, settings.rewired_copies),)


def name_run(digest: str, settings: dict[str, Any]) -> str:
    """A run's id, from all that can move its results: the version, the facts, the settings with every rule."""
    text = json.dumps([VERSION, digest, settings], sort_keys=True)
    return "run-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _encode(snapshot: Snapshot, settings: DetectSettings, progress: Progress) -> NDArray[np.float32]:
    progress("encoding the accounts", 1, STEPS)
    return make_vectors(snapshot, settings)
