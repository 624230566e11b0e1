"""Rows into a Neo4j server, many at a time, as columns.

What is new is known before anything is written, so rows are created, not merged; the constraints of
:mod:`graph.stores.server.schema` still stand guard.  Ends of relationships are named by internal id, which
spares the server two index look-ups for each.  Relationships lie sorted by where they start, so that
one transaction touches few pages of the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.arrow import find_distinct
from graph.progress import Progress
from graph.stores.run_rows import RunRows
from graph.stores.server.batch import Writer
from graph.stores.server.lease import N_SLOTS
from graph.stores.server.schema import NODE_KEYS
from graph.stores.server.statements import (
    REVIEW_KINDS,
    NodeIds,
    create_identifiers,
    create_nodes,
    create_relationships,
    create_reviews,
    delete_nodes,
    end_relationships,
    flat,
    look_up,
    merge_nodes,
    set_properties,
)

if TYPE_CHECKING:
    from graph.stores.load_plan import LoadPlan

_MERGED = ("Label", "Shop")
"""Labels of a few nodes that may be there already."""


# ── loads ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Tally:
    """Tells ``progress`` how far the work has come, from whichever thread."""

    total: int
    progress: Progress
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def counting(self, stage: str) -> Callable[[int], None]:
        def count(n_facts: int) -> None:
            with self.lock:
                self.done += n_facts
                self.progress(stage, self.done, self.total)

        return count


def write_plan(writer: Writer, plan: LoadPlan, ids: NodeIds, progress: Progress) -> None:
    """Write a load's new facts; ``ids`` are those of the nodes that are there already.

    All nodes come before all relationships, and every fact is written whole, so that whatever was
    written before an interruption is a smaller set of the same facts: what is to go has its history by then.
    """
    tally = _Tally(plan.n_rows, progress)
    for label, rows in plan.nodes.items():
        if label != "Review":
            _add_nodes(writer, label, rows, ids, tally.counting(f"writing {label}"))
    for label, rows in plan.changes.items():
        writer.write(set_properties(label, rows), tally.counting(f"changing {label}"))
    for kind, rows in plan.ends.items():
        writer.write(end_relationships(kind, rows), tally.counting(f"taking back {kind[0]}"))
    if "Review" in plan.nodes:
        writer.write(create_reviews(plan, ids), tally.counting("writing Review"))
    for kind, rows in plan.relationships.items():
        if kind[2] in _MERGED:  # these few may be there from an earlier load
            ids.found[kind[2]] = look_up(writer, kind[2], find_distinct(rows.column(1)))
        if kind not in REVIEW_KINDS:
            writer.write(create_relationships(kind, rows, ids), tally.counting(f"writing {kind[0]}"))
    for label, rows in plan.gone.items():
        writer.write(delete_nodes(label, rows), tally.counting(f"taking back {label}"))


def _add_nodes(writer: Writer, label: str, rows: pa.Table, ids: NodeIds, done: Callable[[int], None]) -> None:
    if label == "Identifier":
        batches = create_identifiers(rows)
    else:
        batches = merge_nodes(label, rows) if label in _MERGED else create_nodes(label, rows)
    # Nodes share no locks; relationships do, so those go in one transaction at a time, and none can deadlock.
    written_ids = writer.write(batches, done, at_once=N_SLOTS)
    for batch, written in zip(batches, written_ids, strict=True):
        keys = flat(batch.rows[NODE_KEYS[label]])
        if written is None:
            ids.add(label, *look_up(writer, label, keys))
        else:
            ids.add(label, keys, written)


# ── runs and vectors ──────────────────────────────────────────────────────────────────────────────

_FORGET_RUN = (
    "MATCH ()-[l:LINKED]->() WHERE l.ring_key STARTS WITH $prefix DELETE l",
    "MATCH (e:Evidence) WHERE e.evidence_key STARTS WITH $prefix DETACH DELETE e",
    "MATCH (h:Reading) WHERE h.reading_key STARTS WITH $prefix DETACH DELETE h",
    "MATCH (f:Flag) WHERE f.flag_key STARTS WITH $prefix DETACH DELETE f",
    "MATCH (g:Ring) WHERE g.ring_key STARTS WITH $prefix DETACH DELETE g",
    "MATCH (u:Run {run_id: $run_id}) DETACH DELETE u",
)


def forget_run(writer: Writer, run_id: str) -> None:
    """Delete what a run of this id wrote before."""
    for statement in _FORGET_RUN:
        writer.ask(statement, run_id=run_id, prefix=f"{run_id}/")


def write_run_rows(writer: Writer, rows: RunRows) -> None:
    """Write a run's rows and set the scores."""
    ids = NodeIds()
    for label, part in rows.nodes.items():
        _add_nodes(writer, label, part, ids, _count_nothing)
    for label in ("Account", "Review"):
        mentioned = [
            part.column(place)
            for (_, *ends), part in rows.relationships.items()
            for place, end in enumerate(ends)
            if end == label
        ]
        chunks = [chunk for column in mentioned for chunk in column.chunks]
        ids.add(label, *look_up(writer, label, find_distinct(pa.chunked_array(chunks, pa.string()))))
    for kind, part in rows.relationships.items():
        writer.write(create_relationships(kind, part, ids), _count_nothing)
    for label, part in rows.scores.items():
        writer.write(set_properties(label, part), _count_nothing)


def _count_nothing(n_facts: int) -> None:
    """Nobody waits for a run's rows."""


def replace_vectors(writer: Writer, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
    """Write one vector (d,) per account id (N,) in place of all earlier ones."""
    writer.ask("MATCH (v:Vector) DELETE v")
    numbers = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    column = pa.FixedSizeListArray.from_arrays(numbers, vectors.shape[1])
    rows = pa.table({"account_id": pa.array(account_id, pa.string()), "vector": column})
    writer.write(create_nodes("Vector", rows), _count_nothing)
