"""A run's results as rows of the property graph; knows no database.

Which columns there are is said in :mod:`graph.stores.shape`.  A row is put together by name: its keys and its place in
the graph are given here, everything else is the field of that name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graph.model import Snapshot
from graph.results import Flag, Ring, RunResult
from graph.stores.run_order import PAST
from graph.stores.shape import NODES, RELATIONSHIPS, Property, Type
from graph.version import VERSION
from graph.vocabulary import TIERS

if TYPE_CHECKING:
    from graph.arrow import Cells

_TYPES: Mapping[Type, pa.DataType] = {
    "text": pa.string(),
    "real": pa.float64(),
    "count": pa.int64(),
    "time": pa.timestamp("us"),
    "truth": pa.bool_(),
    "texts": pa.list_(pa.string()),
}
ENDS = {"from": Property("text"), "to": Property("text")}
"""The columns that name the ends of a relationship."""

Row = Mapping[str, Any]
Kind = tuple[str, str, str]
"""A relationship and the labels of its ends."""


@dataclass(frozen=True)
class RunRows:
    """Rows for each node label and relationship, and the scores to set on accounts and reviews, by label.

    ``scores`` of ``Account`` has account_id, risk_score, tier, probability; of ``Review`` review_id, suspicion, tier.
    A run of the past has none.
    """

    nodes: dict[str, pa.Table]
    relationships: dict[Kind, pa.Table]
    scores: dict[str, pa.Table]


def lay_out_run(run: RunResult, snapshot: Snapshot, *, sequence: int, times: tuple[datetime, datetime]) -> RunRows:
    """Turn a run into rows.

    Parameters
    ----------
    run, snapshot
        The run's results, and the snapshot whose accounts and reviews they follow.
    sequence
        1 for the store's first run, and so on; see :func:`graph.stores.run_order.place_run`.
    times
        When the run started and finished, UTC without a zone.
    """
    keys = {ring.ring_id: f"{run.run_id}/{ring.ring_id}" for ring in run.rings}
    evidence, readings = _evidence_rows(run.rings, keys), _reading_rows(run.rings, keys)
    nodes: dict[str, list[Row]] = {
        "Run": [_run_row(run, snapshot, sequence, times)],
        "Ring": [_ring_row(run, rank, ring, keys) for rank, ring in enumerate(run.rings, start=1)],
        "Evidence": [row for _, row in evidence],
        "Reading": [row for _, row in readings],
        "Flag": [{**vars(flag), "flag_key": _flag_key(run, flag), "run_id": run.run_id} for flag in run.flags],
    }
    relationships: dict[Kind, list[Row]] = {
        **_ring_relationships(run, keys),
        ("SHOWS", "Ring", "Evidence"): [{"from": key, "to": row["evidence_key"]} for key, row in evidence],
        ("HEARD", "Ring", "Reading"): [{"from": key, "to": row["reading_key"]} for key, row in readings],
        **_flag_relationships(run, keys),
    }
    return RunRows(
        nodes={label: tabulate(rows, NODES[label].properties) for label, rows in nodes.items() if rows},
        relationships={
            kind: tabulate(rows, {**ENDS, **RELATIONSHIPS[kind[0]].properties})
            for kind, rows in relationships.items()
            if rows
        },
        scores={}
        if sequence == PAST
        else {"Account": _account_scores(run, snapshot), "Review": _review_scores(run, snapshot)},
    )


def tabulate(rows: Sequence[Row], properties: Mapping[str, Property]) -> pa.Table:
    """Rows as columns of the types that the properties have."""
    columns = {name: pa.array([row[name] for row in rows], _TYPES[each.type]) for name, each in properties.items()}
    return pa.table(columns)


def _account_scores(run: RunResult, snapshot: Snapshot) -> pa.Table:
    unknown = np.full(snapshot.n_accounts, np.nan)
    probability = unknown if run.account_probability is None else run.account_probability
    return pa.table(
        {
            "account_id": pa.array(snapshot.account_id, pa.string()),
            "risk_score": pa.array(run.account_score, pa.float64()),
            "tier": _spell_tiers(run.account_tier),
            # Without a model nothing is known, and a model need not know everybody: nothing, not a number that is none.
            "probability": pa.array(probability, pa.float64(), from_pandas=True),
        }
    )


def _review_scores(run: RunResult, snapshot: Snapshot) -> pa.Table:
    return pa.table(
        {
            "review_id": pa.array(snapshot.reviews.review_id, pa.string()),
            "suspicion": pa.array(run.review_score, pa.float64()),
            "tier": _spell_tiers(run.review_tier),
        }
    )


def _spell_tiers(tiers: Any) -> Cells:
    return pa.array(np.array(TIERS, dtype=object)[tiers], pa.string())


def _run_row(run: RunResult, snapshot: Snapshot, sequence: int, times: tuple[datetime, datetime]) -> Row:
    started_at, finished_at = times
    return {
        **vars(run),
        "sequence": sequence,
        "started_at": started_at,
        "finished_at": finished_at,
        "version": VERSION,
        "settings": json.dumps(run.settings | _say_beside(run), sort_keys=True),
        "as_of": None if run.as_of is None else run.as_of.astype("datetime64[us]").item(),
        "accounts": snapshot.n_accounts,
        "rings": len(run.rings),
        "flags": len(run.flags),
    }


def _say_beside(run: RunResult) -> dict[str, Any]:
    """What is kept with the settings; nothing, so that nothing changes, where there is nothing to keep."""
    return _say_overruled(run) | _say_models(run) | _say_places(run)


def _say_overruled(run: RunResult) -> dict[str, Any]:
    """Where people overruled what the run would have said; nothing, so that nothing changes, where nobody did."""
    return {"overruled": [vars(each) for each in run.overruled]} if run.overruled else {}


def _say_models(run: RunResult) -> dict[str, Any]:
    """What the models of a run were like; nothing, so that nothing changes, where it had none."""
    return {"models": run.models} if run.models is not None else {}


def _say_places(run: RunResult) -> dict[str, Any]:
    """How rings came to their places; nothing, so that nothing changes, where bits alone order them."""
    return {"places": run.places} if run.places else {}


def _ring_row(run: RunResult, rank: int, ring: Ring, keys: Mapping[str, str]) -> Row:
    place = {"ring_key": keys[ring.ring_id], "run_id": run.run_id, "rank": rank}
    none_yet = {"money": 0.0, "currency": ""}  # added up in the graph, see graph.stores.ring_money
    return {**vars(ring), **place, **none_yet, "size": len(ring.members)}


def _evidence_rows(rings: Sequence[Ring], keys: Mapping[str, str]) -> list[tuple[str, Row]]:
    """The key of a ring, and a row of its evidence."""
    shown = [(keys[ring.ring_id], each) for ring in rings for each in ring.evidence]
    return [(key, {**vars(each), "evidence_key": f"{key}/{each.channel}"}) for key, each in shown]


def _reading_rows(rings: Sequence[Ring], keys: Mapping[str, str]) -> list[tuple[str, Row]]:
    """The key of a ring, and a row of an innocent explanation that was heard."""
    heard = [(keys[ring.ring_id], each) for ring in rings for each in ring.innocent]
    return [(key, {**vars(each), "reading_key": f"{key}/{each.name}"}) for key, each in heard]


def _flag_key(run: RunResult, flag: Flag) -> str:
    return f"{run.run_id}/{flag.subject}/{flag.subject_id}"


def _ring_relationships(run: RunResult, keys: Mapping[str, str]) -> dict[Kind, list[Row]]:
    rings = [(keys[ring.ring_id], ring) for ring in run.rings]
    return {
        ("FOUND", "Run", "Ring"): [{"from": run.run_id, "to": key} for key, _ in rings],
        ("MEMBER_OF", "Account", "Ring"): [
            {**vars(each), "from": each.account_id, "to": key} for key, ring in rings for each in ring.members
        ],
        ("INVOLVES", "Ring", "Account"): [
            {**vars(each), "from": key, "to": each.account_id} for key, ring in rings for each in ring.parties
        ],
        ("LINKED", "Account", "Account"): [
            {**vars(each), "from": each.account_a, "to": each.account_b, "ring_key": key}
            for key, ring in rings
            for each in ring.links
        ],
    }


def _flag_relationships(run: RunResult, keys: Mapping[str, str]) -> dict[Kind, list[Row]]:
    flags = [(_flag_key(run, flag), flag) for flag in run.flags]
    on = {"account": ("ON", "Flag", "Account"), "review": ("ON", "Flag", "Review")}
    return {
        ("RAISED", "Run", "Flag"): [{"from": run.run_id, "to": key} for key, _ in flags],
        **{
            kind: [{"from": key, "to": flag.subject_id} for key, flag in flags if flag.subject == subject]
            for subject, kind in on.items()
        },
        ("CITES", "Flag", "Ring"): [
            {"from": key, "to": keys[ring_id]} for key, flag in flags for ring_id in flag.ring_ids
        ],
    }
