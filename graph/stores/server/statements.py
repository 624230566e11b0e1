"""Statements that make nodes and relationships of columns, many rows at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph import errors
from graph.arrow import equals, find_distinct, is_true, make_table, read_texts
from graph.model import Ints
from graph.stores.server.batch import Batch, Writer
from graph.stores.server.schema import NODE_KEYS, name_kind_labels

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks
    from graph.stores.load_plan import LoadPlan

BATCH_ROWS = 20_000
"""Rows in one transaction: with more it only needs more memory, and loses more when it fails."""

REVIEW_KINDS = (("WROTE", "Account", "Review"), ("ABOUT", "Review", "Listing"), ("ABOUT", "Review", "Account"))
"""Written together with the review: one without its author would contradict the table it came from."""


# ── internal ids ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class NodeIds:
    """The internal ids of nodes, by label and key."""

    found: dict[str, tuple[Cells, Ints]] = field(default_factory=dict)

    def copy(self) -> NodeIds:
        """The same, to be added to by one attempt."""
        return NodeIds(dict(self.found))

    def add(self, label: str, keys: Cells, ids: Ints) -> None:
        """Take note of more nodes of a label."""
        if label in self.found:
            known_keys, known_ids = self.found[label]
            keys, ids = pa.concat_arrays([known_keys, keys]), np.concatenate([known_ids, ids])
        self.found[label] = keys, ids

    def find(self, label: str, keys: Chunks) -> Cells:
        """The ids of these nodes.

        Raises
        ------
        StoreError
            If one is not there; the message names it.
        """
        known, ids = self.found.get(label, (pa.array([], pa.string()), np.empty(0, dtype=np.int64)))
        place = flat(pc.index_in(keys, value_set=known))
        if place.null_count:
            missing = flat(keys).filter(pc.is_null(place))[0].as_py()
            raise errors.StoreError(f"there is no {label} {missing!r} to connect; nothing was changed")
        return pa.array(ids[place.to_numpy()], pa.int64())


def flat(values: Cells | Chunks) -> Cells:
    """Values in one piece."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def look_up(writer: Writer, label: str, keys: Cells) -> tuple[Cells, Ints]:
    """The nodes with these keys that are there: keys and ids."""
    key = NODE_KEYS[label]
    row = writer.ask(
        f"UNWIND $keys AS key MATCH (n:{label} {{{key}: key}}) RETURN collect(n.{key}) AS keys, collect(id(n)) AS ids",
        keys=keys.to_pylist(),
    )[0]
    return pa.array(row["keys"], pa.string()), np.array(row["ids"], dtype=np.int64)


# ── statements ────────────────────────────────────────────────────────────────────────────────────

_PLACES = "RETURN collect(i) AS places, collect(id(n)) AS ids"
_ID_OF = "id_of_"


def _each(rows: pa.Table) -> str:
    return f"UNWIND range(0, size(${rows.column_names[0]}) - 1) AS i"


def _value(rows: pa.Table, name: str) -> str:
    return f"localdatetime(${name}[i])" if pa.types.is_timestamp(rows[name].type) else f"${name}[i]"


def _properties(rows: pa.Table) -> str:
    """A map of the rows' columns, but for the internal ids, whose names begin with ``id_of_``."""
    names = [name for name in rows.column_names if not name.startswith(_ID_OF)]
    return "{" + ", ".join(f"{name}: {_value(rows, name)}" for name in names) + "}"


def _slices(rows: pa.Table) -> Iterable[pa.Table]:
    """Rows by the batch, without the columns that hold nothing."""
    for start in range(0, rows.num_rows, BATCH_ROWS):
        part = rows.slice(start, BATCH_ROWS)
        yield part.drop_columns([name for name in part.column_names if part[name].null_count == part.num_rows])


def create_nodes(labels: str, rows: pa.Table) -> list[Batch]:
    """Nodes that are not there yet, with these labels (several are joined by colons)."""
    return [
        Batch(f"{_each(part)} CREATE (n:{labels} {_properties(part)}) {_PLACES}", part, creates=1)
        for part in _slices(rows)
    ]


def merge_nodes(label: str, rows: pa.Table) -> list[Batch]:
    """Nodes that may be there already; only their key is set."""
    key = NODE_KEYS[label]
    return [Batch(f"{_each(part)} MERGE (n:{label} {{{key}: ${key}[i]}}) {_PLACES}", part) for part in _slices(rows)]


def set_properties(label: str, rows: pa.Table) -> list[Batch]:
    """Set properties of nodes; the first column is the key.

    A null is set as well: what an earlier run knew, and this one does not, is not to stay.
    """
    key, *names = rows.column_names
    batches = []
    for part in _slices(rows):
        given = {name: _value(part, name) if name in part.column_names else "null" for name in names}
        batches.append(_set(label, key, part, [f"n.{name} = {value}" for name, value in given.items()]))
    return batches


def end_relationships(kind: tuple[str, str, str], rows: pa.Table) -> list[Batch]:
    """Delete relationships; the first two columns are the keys of their ends, the others what tells them apart."""
    name, source, target = kind
    near, far, *others = rows.column_names
    match = (
        f"MATCH (a:{source} {{{NODE_KEYS[source]}: ${near}[i]}})-[r:`{name}`]->"
        f"(b:{target} {{{NODE_KEYS[target]}: ${far}[i]}})"
    )
    batches = []
    for start in range(0, rows.num_rows, BATCH_ROWS):
        part = rows.slice(start, BATCH_ROWS)
        same = [f"(r.{each} = {_value(part, each)} OR (r.{each} IS NULL AND ${each}[i] IS NULL))" for each in others]
        where = f" WHERE {' AND '.join(same)}" if same else ""
        batches.append(Batch(f"{_each(part)} {match}{where} DELETE r", part))
    return batches


def delete_nodes(label: str, rows: pa.Table) -> list[Batch]:
    """Delete nodes, and what leads to and from them; the column is their key."""
    (key,) = rows.column_names
    return [
        Batch(f"{_each(part)} MATCH (n:{label} {{{key}: ${key}[i]}}) DETACH DELETE n", part) for part in _slices(rows)
    ]


def _set(label: str, key: str, rows: pa.Table, sets: list[str]) -> Batch:
    return Batch(f"{_each(rows)} MATCH (n:{label} {{{key}: ${key}[i]}}) SET {', '.join(sets)}", rows)


def create_relationships(kind: tuple[str, str, str], rows: pa.Table, ids: NodeIds) -> list[Batch]:
    """Relationships; the first two columns are the keys of their ends."""
    name, source, target = kind
    near, far, *details = rows.column_names
    ends = {f"{_ID_OF}a": ids.find(source, rows[near]), f"{_ID_OF}b": ids.find(target, rows[far])}
    placed = make_table({**ends, **{detail: rows[detail] for detail in details}})
    placed = placed.sort_by([(end, "ascending") for end in ends])
    matches = f"{_match('a', source)} {_match('b', target)}"
    return [
        Batch(f"{_each(part)} {matches} CREATE (a)-[:`{name}` {_properties(part)}]->(b)", part, creates=1)
        for part in _slices(placed)
    ]


def _match(variable: str, label: str) -> str:
    return f"MATCH ({variable}:{label}) WHERE id({variable}) = ${_ID_OF}{variable}[i]"


def create_reviews(plan: LoadPlan, ids: NodeIds) -> list[Batch]:
    """Reviews with their author and what they are about, each at once."""
    rows = plan.nodes["Review"]
    ends: dict[str, Cells] = {}
    for (name, source, target), end in zip(REVIEW_KINDS, ("author", "listing", "seller"), strict=True):
        edges = plan.relationships.get((name, source, target))
        if edges is None:
            ends[_ID_OF + end] = pa.nulls(rows.num_rows, pa.int64())
            continue
        review, other = ("review_id", edges.column_names[0]) if name == "WROTE" else edges.column_names[:2]
        found = ids.find(source if name == "WROTE" else target, edges[other])
        ends[_ID_OF + end] = found.take(flat(pc.index_in(rows["review_id"], value_set=flat(edges[review]))))
    placed = make_table({**{name: rows[name] for name in rows.column_names}, **ends})
    has_listing, has_seller = (is_true(pc.is_valid(placed[f"{_ID_OF}{end}"])) for end in ("listing", "seller"))
    batches = []
    for with_listing in (True, False):
        for with_seller in (True, False):
            part = placed.filter((has_listing == with_listing) & (has_seller == with_seller)).sort_by(f"{_ID_OF}author")
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


def create_identifiers(rows: pa.Table) -> list[Batch]:
    """Identifiers, with a label of their kind where it makes one."""
    named = name_kind_labels(read_texts(find_distinct(rows["kind"])))
    batches = []
    for kind, label in named.items():
        batches += create_nodes(f"Identifier:{label}", rows.filter(is_true(equals(rows["kind"], kind))))
    others = rows.filter(pc.invert(pc.is_in(rows["kind"], value_set=pa.array(list(named), pa.string()))))
    return batches + create_nodes("Identifier", others)
