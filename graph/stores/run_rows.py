"""A run's results as rows of the property graph; knows no database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from graph.model import Flag, Ring, RunResult, Snapshot
from graph.version import VERSION
from graph.vocabulary import TIERS

_TEXT, _REAL, _COUNT, _TIME, _TEXTS = pa.string(), pa.float64(), pa.int64(), pa.timestamp("us"), pa.list_(pa.string())

_NODE_SCHEMAS = {
    "Run": pa.schema(
        [("run_id", _TEXT), ("sequence", _COUNT), ("started_at", _TIME), ("finished_at", _TIME), ("version", _TEXT)]
        + [("settings", _TEXT), ("snapshot_digest", _TEXT), ("as_of", _TIME), ("accounts", _COUNT)]
        + [("rings", _COUNT), ("flags", _COUNT), ("notes", _TEXTS)]
    ),
    "Ring": pa.schema(
        [("ring_key", _TEXT), ("ring_id", _TEXT), ("run_id", _TEXT), ("rank", _COUNT), ("kind", _TEXT)]
        + [("score", _REAL), ("tier", _TEXT), ("size", _COUNT), ("net_bits", _REAL), ("charge_bits", _REAL)]
        + [("action", _TEXT)]
    ),
    "Evidence": pa.schema(
        [("evidence_key", _TEXT), ("channel", _TEXT), ("bits", _REAL), ("observed", _REAL), ("expected", _REAL)]
        + [("sentence", _TEXT)]
    ),
    "Reading": pa.schema(
        [("reading_key", _TEXT), ("name", _TEXT), ("bits", _REAL), ("won", pa.bool_()), ("sentence", _TEXT)]
    ),
    "Flag": pa.schema(
        [("flag_key", _TEXT), ("run_id", _TEXT), ("subject", _TEXT), ("subject_id", _TEXT), ("score", _REAL)]
        + [("tier", _TEXT), ("reasons", _TEXTS), ("action", _TEXT)]
    ),
}
_ENDS = [("from", _TEXT), ("to", _TEXT)]
_RELATIONSHIP_SCHEMAS = {
    ("FOUND", "Run", "Ring"): pa.schema(_ENDS),
    ("MEMBER_OF", "Account", "Ring"): pa.schema([*_ENDS, ("role", _TEXT), ("bits", _REAL)]),
    ("INVOLVES", "Ring", "Account"): pa.schema([*_ENDS, ("role", _TEXT), ("sentence", _TEXT)]),
    ("LINKED", "Account", "Account"): pa.schema(
        [*_ENDS, ("ring_key", _TEXT), ("channel", _TEXT), ("bits", _REAL), ("via", _TEXT)]
    ),
    ("SHOWS", "Ring", "Evidence"): pa.schema(_ENDS),
    ("HEARD", "Ring", "Reading"): pa.schema(_ENDS),
    ("RAISED", "Run", "Flag"): pa.schema(_ENDS),
    ("ON", "Flag", "Account"): pa.schema(_ENDS),
    ("ON", "Flag", "Review"): pa.schema(_ENDS),
    ("CITES", "Flag", "Ring"): pa.schema(_ENDS),
}


@dataclass(frozen=True)
class RunRows:
    """Rows for each node label and relationship, and the scores to set on accounts and reviews.

    ``account_scores`` has account_id, risk_score, tier; ``review_scores`` review_id, suspicion, tier.
    """

    nodes: dict[str, pa.Table]
    relationships: dict[tuple[str, str, str], pa.Table]
    account_scores: pa.Table
    review_scores: pa.Table


def lay_out_run(run: RunResult, snapshot: Snapshot, *, sequence: int, times: tuple[datetime, datetime]) -> RunRows:
    """Turn a run into rows.

    Parameters
    ----------
    run, snapshot
        The run's results, and the snapshot whose accounts and reviews they follow.
    sequence
        1 for the store's first run, and so on.
    times
        When the run started and finished, UTC without a zone.
    """
    keys = {ring.ring_id: f"{run.run_id}/{ring.ring_id}" for ring in run.rings}
    nodes = {
        "Run": [_run_row(run, snapshot, sequence, times)],
        "Ring": [(keys[ring.ring_id], *_ring_row(run, rank, ring)) for rank, ring in enumerate(run.rings, start=1)],
        "Evidence": [row for ring in run.rings for row in _evidence_rows(keys[ring.ring_id], ring)],
        "Reading": [row for ring in run.rings for row in _reading_rows(keys[ring.ring_id], ring)],
        "Flag": [_flag_row(run.run_id, flag) for flag in run.flags],
    }
    relationships = _ring_relationships(run, keys) | _flag_relationships(run, keys)
    return RunRows(
        nodes={label: _table(rows, _NODE_SCHEMAS[label]) for label, rows in nodes.items() if rows},
        relationships={kind: _table(rows, _RELATIONSHIP_SCHEMAS[kind]) for kind, rows in relationships.items() if rows},
        account_scores=_scores("account_id", snapshot.account_id, "risk_score", run.account_score, run.account_tier),
        review_scores=_scores("review_id", snapshot.reviews.review_id, "suspicion", run.review_score, run.review_tier),
    )


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _scores(key: str, ids: Any, name: str, scores: Any, tiers: Any) -> pa.Table:
    words = np.array(TIERS, dtype=object)[tiers]
    return pa.table({key: pa.array(ids, _TEXT), name: pa.array(scores, _REAL), "tier": pa.array(words, _TEXT)})


def _run_row(run: RunResult, snapshot: Snapshot, sequence: int, times: tuple[datetime, datetime]) -> tuple[Any, ...]:
    settings = json.dumps(run.settings, sort_keys=True)
    as_of = None if run.as_of is None else run.as_of.astype("datetime64[us]").item()
    counts = (snapshot.n_accounts, len(run.rings), len(run.flags))
    return (run.run_id, sequence, *times, VERSION, settings, run.snapshot_digest, as_of, *counts, list(run.notes))


def _ring_row(run: RunResult, rank: int, ring: Ring) -> tuple[Any, ...]:
    strength = (ring.score, ring.tier, len(ring.members), ring.net_bits, ring.charge_bits)
    return (ring.ring_id, run.run_id, rank, ring.kind, *strength, ring.action)


def _evidence_rows(key: str, ring: Ring) -> Iterable[tuple[Any, ...]]:
    for shown in ring.evidence:
        yield f"{key}/{shown.channel}", shown.channel, shown.bits, shown.observed, shown.expected, shown.sentence


def _reading_rows(key: str, ring: Ring) -> Iterable[tuple[Any, ...]]:
    for heard in ring.innocent:
        yield f"{key}/{heard.name}", heard.name, heard.bits, heard.won, heard.sentence


def _flag_key(run_id: str, flag: Flag) -> str:
    return f"{run_id}/{flag.subject}/{flag.subject_id}"


def _flag_row(run_id: str, flag: Flag) -> tuple[Any, ...]:
    verdict = (flag.score, flag.tier, list(flag.reasons), flag.action)
    return (_flag_key(run_id, flag), run_id, flag.subject, flag.subject_id, *verdict)


def _ring_relationships(run: RunResult, keys: dict[str, str]) -> dict[tuple[str, str, str], list[tuple[Any, ...]]]:
    rings = [(keys[ring.ring_id], ring) for ring in run.rings]
    return {
        ("FOUND", "Run", "Ring"): [(run.run_id, key) for key, _ in rings],
        ("MEMBER_OF", "Account", "Ring"): [(m.account_id, key, m.role, m.bits) for key, r in rings for m in r.members],
        ("INVOLVES", "Ring", "Account"): [
            (key, p.account_id, p.role, p.sentence) for key, r in rings for p in r.parties
        ],
        ("LINKED", "Account", "Account"): [
            (x.account_a, x.account_b, key, x.channel, x.bits, x.via) for key, r in rings for x in r.links
        ],
        ("SHOWS", "Ring", "Evidence"): [(key, row[0]) for key, ring in rings for row in _evidence_rows(key, ring)],
        ("HEARD", "Ring", "Reading"): [(key, row[0]) for key, ring in rings for row in _reading_rows(key, ring)],
    }


def _flag_relationships(run: RunResult, keys: dict[str, str]) -> dict[tuple[str, str, str], list[tuple[Any, ...]]]:
    flags = [(_flag_key(run.run_id, flag), flag) for flag in run.flags]
    return {
        ("RAISED", "Run", "Flag"): [(run.run_id, key) for key, _ in flags],
        ("ON", "Flag", "Account"): [(key, flag.subject_id) for key, flag in flags if flag.subject == "account"],
        ("ON", "Flag", "Review"): [(key, flag.subject_id) for key, flag in flags if flag.subject == "review"],
        ("CITES", "Flag", "Ring"): [(key, keys[ring_id]) for key, flag in flags for ring_id in flag.ring_ids],
    }
