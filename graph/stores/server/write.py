"""Rows into a Neo4j server, many at a time, as columns.

What is new is known before anything is written, so rows are created, not merged; the constraints of
:mod:`graph.stores.server.schema` still stand guard.  Ends of relationships are named by internal id, which
spares the server two index look-ups for each.  Relationships lie sorted by where they start, so that
one transaction touches few pages of the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph import errors
from graph.model import Ints
from graph.progress import Progress
from graph.stores.run_rows import RunRows
from graph.stores.server.bolt import Transaction
from graph.stores.server.lease import N_SLOTS, ServerLock
from graph.stores.server.schema import NODE_KEYS, name_kind_labels

if TYPE_CHECKING:
    from graph.stores.load_plan import LoadPlan

BATCH_ROWS = 20_000
"""Rows in one transaction: with more it only needs more memory, and loses more when it fails."""

_MERGED = ("Label", "Shop")
"""Labels of a few nodes that may be there already."""

_REVIEW_KINDS = (("WROTE", "Account", "Review"), ("ABOUT", "Review", "Listing"), ("ABOUT", "Review", "Account"))
"""Written together with the review: one without its author would contradict the table it came from."""


@dataclass(frozen=True)
class Batch:
    """A statement and the rows whose columns are its parameters.

    ``creates`` is how many nodes and relationships it makes of each row, or None where that is open;
    ``facts`` is how many rows of a plan each of its rows stands for.
    """

    cypher: str
    rows: pa.Table
    creates: int | None = None
    facts: int = 1


class Writer(Protocol):
    """Runs batches; of each it returns the internal ids that came back, or None if those got lost."""

    def write(self, batches: Sequence[Batch], done: Callable[[int], None], *, at_once: int = 1) -> list[Ints | None]:
        """Write all batches, ``at_once`` at a time; ``done`` is told of each how many facts it held."""

    def ask(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Read, and see what was written before."""


@dataclass(frozen=True)
class OneTransaction:
    """All of the batches, or none of them."""

    transaction: Transaction

    def write(self, batches: Sequence[Batch], done: Callable[[int], None], *, at_once: int = 1) -> list[Ints | None]:
        """Write all batches; see :class:`Writer`."""
        written: list[Ints | None] = []
        for batch in batches:
            written.append(_run_batch(self.transaction, batch))
            done(batch.rows.num_rows * batch.facts)
        return written

    def ask(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Read, and see what was written before."""
        return self.transaction.run(cypher, parameters).data()


@dataclass(frozen=True)
class ManyTransactions:
    """A transaction for each batch."""

    lock: ServerLock

    def write(self, batches: Sequence[Batch], done: Callable[[int], None], *, at_once: int = 1) -> list[Ints | None]:
        """Write all batches; see :class:`Writer`."""
        failed = threading.Event()

        def work(slot: int) -> list[Ints | None]:
            written: list[Ints | None] = []
            for batch in batches[slot::at_once]:
                if failed.is_set():
                    break
                try:
                    written.append(self._write(batch, slot))
                except BaseException:
                    failed.set()
                    raise
                done(batch.rows.num_rows * batch.facts)
            return written

        with ThreadPoolExecutor(at_once, thread_name_prefix="ringfence-write") as pool:
            parts = list(pool.map(work, range(at_once)))
        return [parts[number % at_once][number // at_once] for number in range(len(batches))]

    def _write(self, batch: Batch, slot: int) -> Ints | None:
        return self.lock.write(lambda transaction: _run_batch(transaction, batch), slot=slot)

    def ask(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Read what was committed."""
        return self.lock.bolt.ask(cypher, writing=True, **parameters)


def _run_batch(transaction: Transaction, batch: Batch) -> Ints:
    """Run one batch and return the ids it returned, in the order of its rows."""
    columns = {name: _as_list(batch.rows[name]) for name in batch.rows.column_names}
    result = transaction.run(batch.cypher, columns)
    record = result.single()
    counters = result.consume().counters
    created = counters.nodes_created + counters.relationships_created
    if batch.creates is not None and created != batch.creates * batch.rows.num_rows:
        raise errors.StoreError("somebody else changed the graph while it was being written; run this again")
    ids = np.empty(batch.rows.num_rows if record else 0, dtype=np.int64)
    if record:
        ids[np.array(record["places"], dtype=np.int64)] = record["ids"]
    return ids


def _as_list(column: pa.ChunkedArray) -> list[Any]:
    """A column's values as the driver takes them; times as ISO 8601 text, which costs it least."""
    if not pa.types.is_timestamp(column.type):
        values: list[Any] = column.to_pylist()
        return values
    times = column.to_numpy().astype("datetime64[us]")
    text = np.datetime_as_string(times).astype(object)
    text[np.isnat(times)] = None
    return list(text)


# ── internal ids ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class NodeIds:
    """The internal ids of nodes, by label and key."""

    found: dict[str, tuple[pa.Array, Ints]] = field(default_factory=dict)

    def copy(self) -> NodeIds:
        """The same, to be added to by one attempt."""
        return NodeIds(dict(self.found))

    def add(self, label: str, keys: pa.Array, ids: Ints) -> None:
        """Take note of more nodes of a label."""
        if label in self.found:
            known_keys, known_ids = self.found[label]
            keys, ids = pa.concat_arrays([known_keys, keys]), np.concatenate([known_ids, ids])
        self.found[label] = keys, ids

    def find(self, label: str, keys: pa.ChunkedArray) -> pa.Array:
        """The ids of these nodes.

        Raises
        ------
        StoreError
            If one is not there; the message names it.
        """
        known, ids = self.found.get(label, (pa.array([], pa.string()), np.empty(0, dtype=np.int64)))
        place = _flat(pc.index_in(keys, value_set=known))
        if place.null_count:
            missing = _flat(keys).filter(pc.is_null(place))[0].as_py()
            raise errors.StoreError(f"there is no {label} {missing!r} to connect; nothing was changed")
        return pa.array(ids[place.to_numpy()], pa.int64())


def _flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def look_up(writer: Writer, label: str, keys: pa.Array) -> tuple[pa.Array, Ints]:
    """The nodes with these keys that are there: keys and ids."""
    key = NODE_KEYS[label]
    row = writer.ask(
        f"UNWIND $keys AS key MATCH (n:{label} {{{key}: key}}) RETURN collect(n.{key}) AS keys, collect(id(n)) AS ids",
        keys=keys.to_pylist(),
    )[0]
    return pa.array(row["keys"], pa.string()), np.array(row["ids"], dtype=np.int64)


# ── statements ────────────────────────────────────────────────────────────────────────────────────

_PLACES = "RETURN collect(i) AS places, collect(id(n)) AS ids"


def _each(rows: pa.Table) -> str:
    return f"UNWIND range(0, size(${rows.column_names[0]}) - 1) AS i"


def _value(rows: pa.Table, name: str) -> str:
    return f"localdatetime(${name}[i])" if pa.types.is_timestamp(rows[name].type) else f"${name}[i]"


def _properties(rows: pa.Table) -> str:
    """A map of the rows' columns, but for the internal ids, whose names begin with ``id_of_``."""
    names = [name for name in rows.column_names if not name.startswith(_ID_OF)]
    return "{" + ", ".join(f"{name}: {_value(rows, name)}" for name in names) + "}"


_ID_OF = "id_of_"


def _slices(rows: pa.Table) -> Iterable[pa.Table]:
    """Rows by the batch, without the columns that hold nothing."""
    for start in range(0, rows.num_rows, BATCH_ROWS):
        part = rows.slice(start, BATCH_ROWS)
        yield part.drop_columns([name for name in part.column_names if part[name].null_count == part.num_rows])


def _create_nodes(labels: str, rows: pa.Table) -> list[Batch]:
    return [
        Batch(f"{_each(part)} CREATE (n:{labels} {_properties(part)}) {_PLACES}", part, creates=1)
        for part in _slices(rows)
    ]


def _merge_nodes(label: str, rows: pa.Table) -> list[Batch]:
    key = NODE_KEYS[label]
    return [Batch(f"{_each(part)} MERGE (n:{label} {{{key}: ${key}[i]}}) {_PLACES}", part) for part in _slices(rows)]


def _set_properties(label: str, rows: pa.Table, *, how: str) -> list[Batch]:
    """Set properties of nodes; the first column is the key, ``how`` says what becomes of each other one."""
    key = rows.column_names[0]
    batches = []
    for part in _slices(rows):
        names = part.column_names[1:]
        sets = ", ".join(how.format(name=name, value=_value(part, name)) for name in names)
        if sets:
            batches.append(Batch(f"{_each(part)} MATCH (n:{label} {{{key}: ${key}[i]}}) SET {sets}", part))
    return batches


def _create_relationships(kind: tuple[str, str, str], rows: pa.Table, ids: NodeIds) -> list[Batch]:
    """Relationships; the first two columns are the keys of their ends."""
    name, source, target = kind
    near, far, *details = rows.column_names
    ends = {f"{_ID_OF}a": ids.find(source, rows[near]), f"{_ID_OF}b": ids.find(target, rows[far])}
    placed = pa.table({**ends, **{detail: rows[detail] for detail in details}})
    placed = placed.sort_by([(end, "ascending") for end in ends])
    matches = f"{_match('a', source)} {_match('b', target)}"
    return [
        Batch(f"{_each(part)} {matches} CREATE (a)-[:`{name}` {_properties(part)}]->(b)", part, creates=1)
        for part in _slices(placed)
    ]


def _match(variable: str, label: str) -> str:
    return f"MATCH ({variable}:{label}) WHERE id({variable}) = ${_ID_OF}{variable}[i]"


def _create_reviews(plan: LoadPlan, ids: NodeIds) -> list[Batch]:
    """Reviews with their author and what they are about, each at once."""
    rows = plan.nodes["Review"]
    ends = {}
    for (name, source, target), end in zip(_REVIEW_KINDS, ("author", "listing", "seller"), strict=True):
        edges = plan.relationships.get((name, source, target))
        if edges is None:
            ends[_ID_OF + end] = pa.nulls(rows.num_rows, pa.int64())
            continue
        review, other = ("review_id", edges.column_names[0]) if name == "WROTE" else edges.column_names[:2]
        found = ids.find(source if name == "WROTE" else target, edges[other])
        ends[_ID_OF + end] = found.take(_flat(pc.index_in(rows["review_id"], value_set=_flat(edges[review]))))
    placed = pa.table({**{name: rows[name] for name in rows.column_names}, **ends})
    batches = []
    for with_listing in (True, False):
        for with_seller in (True, False):
            mask = pc.and_(
                pc.equal(pc.is_valid(placed[f"{_ID_OF}listing"]), with_listing),
                pc.equal(pc.is_valid(placed[f"{_ID_OF}seller"]), with_seller),
            )
            part = placed.filter(mask).sort_by(f"{_ID_OF}author")
            batches += _create_reviews_about(part, listing=with_listing, seller=with_seller)
    return batches


def _create_reviews_about(rows: pa.Table, *, listing: bool, seller: bool) -> list[Batch]:
    ends = {"author": "Account"}
    ends |= {"listing": "Listing"} if listing else {}
    ends |= {"seller": "Account"} if seller else {}
    matches = " ".join(_match(variable, label) for variable, label in ends.items())
    about = "".join(f", (n)-[:ABOUT]->({variable})" for variable in ends if variable != "author")
    n_facts = 1 + len(ends)
    return [
        Batch(
            f"{_each(part)} {matches} CREATE (author)-[:WROTE]->(n:Review {_properties(part)}){about}",
            part,
            creates=n_facts,
            facts=n_facts,
        )
        for part in _slices(rows)
    ]


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
    written before an interruption is a smaller set of the same facts.
    """
    tally = _Tally(plan.n_rows, progress)
    for label, rows in plan.nodes.items():
        if label != "Review":
            _add_nodes(writer, label, rows, ids, tally.counting(f"writing {label}"))
    for label, rows in plan.fills.items():
        fills = _set_properties(label, rows, how="n.{name} = coalesce(n.{name}, {value})")
        writer.write(fills, tally.counting(f"completing {label}"))
    if "Review" in plan.nodes:
        writer.write(_create_reviews(plan, ids), tally.counting("writing Review"))
    for kind, rows in plan.relationships.items():
        if kind[2] in _MERGED:  # these few may be there from an earlier load
            ids.found[kind[2]] = look_up(writer, kind[2], pc.unique(rows.column(1)))
        if kind not in _REVIEW_KINDS:
            writer.write(_create_relationships(kind, rows, ids), tally.counting(f"writing {kind[0]}"))


def _add_nodes(writer: Writer, label: str, rows: pa.Table, ids: NodeIds, done: Callable[[int], None]) -> None:
    if label == "Identifier":
        batches = _create_identifiers(rows)
    else:
        batches = _merge_nodes(label, rows) if label in _MERGED else _create_nodes(label, rows)
    # Nodes share no locks; relationships do, so those go in one transaction at a time, and none can deadlock.
    written_ids = writer.write(batches, done, at_once=N_SLOTS)
    for batch, written in zip(batches, written_ids, strict=True):
        keys = _flat(batch.rows[NODE_KEYS[label]])
        if written is None:
            ids.add(label, *look_up(writer, label, keys))
        else:
            ids.add(label, keys, written)


def _create_identifiers(rows: pa.Table) -> list[Batch]:
    """Identifiers, with a label of their kind where it makes one."""
    named = name_kind_labels(pc.unique(rows["kind"]).to_pylist())
    batches = []
    for kind, label in named.items():
        batches += _create_nodes(f"Identifier:{label}", rows.filter(pc.equal(rows["kind"], kind)))
    others = rows.filter(pc.invert(pc.is_in(rows["kind"], value_set=pa.array(list(named), pa.string()))))
    return batches + _create_nodes("Identifier", others)


# ── runs and vectors ──────────────────────────────────────────────────────────────────────────────

_FORGET_RUN = (
    "MATCH ()-[l:LINKED]->() WHERE l.ring_key STARTS WITH $prefix DELETE l",
    "MATCH (e:Evidence) WHERE e.evidence_key STARTS WITH $prefix DETACH DELETE e",
    "MATCH (h:Reading) WHERE h.reading_key STARTS WITH $prefix DETACH DELETE h",
    "MATCH (f:Flag) WHERE f.flag_key STARTS WITH $prefix DETACH DELETE f",
    "MATCH (g:Ring) WHERE g.ring_key STARTS WITH $prefix DETACH DELETE g",
    "MATCH (u:Run {run_id: $run_id}) DETACH DELETE u",
)
_LAST_SEQUENCE = "MATCH (u:Run) RETURN max(u.sequence) AS sequence"


def forget_run(writer: Writer, run_id: str) -> int:
    """Delete what a run of this id wrote before, and return the sequence of the latest other run."""
    for statement in _FORGET_RUN:
        writer.ask(statement, run_id=run_id, prefix=f"{run_id}/")
    return writer.ask(_LAST_SEQUENCE)[0]["sequence"] or 0


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
        ids.add(label, *look_up(writer, label, pc.unique(pa.chunked_array(chunks, pa.string()))))
    for kind, part in rows.relationships.items():
        writer.write(_create_relationships(kind, part, ids), _count_nothing)
    for label, part in (("Account", rows.account_scores), ("Review", rows.review_scores)):
        writer.write(_set_properties(label, part, how="n.{name} = {value}"), _count_nothing)


def _count_nothing(n_facts: int) -> None:
    """Nobody waits for a run's rows."""


def replace_vectors(writer: Writer, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
    """Write one vector (d,) per account id (N,) in place of all earlier ones."""
    writer.ask("MATCH (v:Vector) DELETE v")
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    rows = pa.table({"account_id": pa.array(account_id, pa.string()), "vector": column})
    writer.write(_create_nodes("Vector", rows), _count_nothing)
