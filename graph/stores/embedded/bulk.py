"""Rows in and out of the embedded property graph, many at a time, as Arrow.

Rows go in through Parquet files in the store's ``staging`` folder: LadybugDB checks those properly,
where a copy from memory with a key that exists would crash the process.  They come out with nodes
named by their offset, so that no id is repeated for every relationship.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ladybug
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graph.arrow import fill_nulls, make_table, read_texts, take_or_null
from graph.model import Ints
from graph.progress import Progress
from graph.stores.embedded.by_key import THE_FAR, THE_NEAR, create_relationships
from graph.stores.embedded.database import ask_arrow
from graph.stores.history import EARLIER, SCHEMA
from graph.stores.raw_graph import EVENTS, OBJECTS, TRANSFERS, RawGraph
from graph.stores.run_rows import RunRows
from graph.stores.shape import NODES

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.stores.known_facts import KnownFacts
    from graph.stores.load_plan import LoadPlan

Ask = Callable[[str], pa.Table]
"""Asks a graph a question, and returns its rows as columns."""

_BATCH_ROWS, _STATEMENT_ROWS = 1 << 18, 1 << 20
_STATEMENT_BYTES = 1 << 28
"""Of relationships that one statement brings: a second one writes anew what the first has written, by either end.  What
LadybugDB cannot keep of it in its memory, four times as much, it puts on the disk meanwhile."""
_FEW_ROWS = 200
"""A COPY into a table of nodes takes fifteen milliseconds or more however few it brings; to create so many, three.  One
of relationships writes anew what their ends stand in, which takes half a second in a large graph."""
_FEW = ("Label", "Shop")
_NOT_TOLD, _NEVER = "\x01", datetime(1800, 1, 1)  # no text and no time of the contract is these

TOLD_OF_ACCOUNTS = (
    "a.account_id AS account_id, a.created_at AS created_at,"
    " a.role AS role, a.segment AS segment, a.status AS status, a.attributes AS attributes, a.updated_at AS updated_at"
)
_ACCOUNTS = f"MATCH (a:Account) RETURN offset(id(a)) AS place, {TOLD_OF_ACCOUNTS}"
_USES = (
    "MATCH (a:Account)-[u:USES]->(i:Identifier)"
    " RETURN offset(id(a)) AS account, offset(id(i)) AS identifier, u.role AS role, u.seen_at AS seen_at"
)
_REFERRED = "MATCH (b:Account)-[:REFERRED]->(a:Account) RETURN offset(id(b)) AS by, offset(id(a)) AS account"
_LABELLED = (
    "MATCH (a:Account)-[l:LABELLED]->(w:Label)"
    " RETURN offset(id(a)) AS account, w.label AS label, l.decided_at AS decided_at, l.source AS source,"
    " l.updated_at AS updated_at"
)
_OBJECTS = "MATCH (o:`Object`) RETURN offset(id(o)) AS place, o.object_key AS object_key, o.value AS value"
_OBJECT_KEYS = "MATCH (o:`Object`) RETURN offset(id(o)) AS place, o.object_key AS object_key"
_DID = (
    "MATCH (a:Account)-[d:DID]->(o:`Object`)"
    " RETURN offset(id(a)) AS account, offset(id(o)) AS object, d.action AS action, d.happened_at AS happened_at"
)
_LISTED = "MATCH (a:Account)-[:LISTED]->(p:Listing) RETURN offset(id(a)) AS account, offset(id(p)) AS listing"
_WROTE = "MATCH (a:Account)-[:WROTE]->(r:Review) RETURN offset(id(a)) AS account, offset(id(r)) AS review"
_ABOUT_LISTING = "MATCH (r:Review)-[:ABOUT]->(p:Listing) RETURN offset(id(r)) AS review, offset(id(p)) AS listing"
_ABOUT_ACCOUNT = "MATCH (r:Review)-[:ABOUT]->(s:Account) RETURN offset(id(r)) AS review, offset(id(s)) AS account"
TOLD_OF_LISTINGS = (
    "p.product_id AS product_id, p.listed_at AS listed_at, p.price AS price, p.updated_at AS updated_at,"
    " p.title AS title"
)
_LISTINGS = f"MATCH (p:Listing) RETURN offset(id(p)) AS place, {TOLD_OF_LISTINGS}"
TOLD_OF_REVIEWS = (
    "r.review_id AS review_id, r.rating AS rating, r.reviewed_at AS reviewed_at, r.text AS text,"
    " r.updated_at AS updated_at"
)
_REVIEWS = f"MATCH (r:Review) RETURN offset(id(r)) AS place, {TOLD_OF_REVIEWS}"
TOLD_OF_ORDERS = (
    "o.product_id AS product_id, o.amount AS amount, o.currency AS currency,"
    " o.ordered_at AS ordered_at, o.status AS status, o.updated_at AS updated_at,"
    " o.fee AS fee, o.guarantee AS guarantee"
)
_ORDERS_OF_SELLERS = (
    "MATCH (b:Account)-[o:ORDERED]->(s:Account)"
    f" RETURN offset(id(b)) AS buyer, offset(id(s)) AS seller, o.order_id AS order_id, {TOLD_OF_ORDERS}"
)
_ORDERS_OF_SHOP = (
    "MATCH (b:Account)-[o:ORDERED]->(:Shop)"
    f" RETURN offset(id(b)) AS buyer, CAST(NULL AS INT64) AS seller, o.order_id AS order_id, {TOLD_OF_ORDERS}"
)
TOLD_OF_TRANSFERS = (
    "p.transfer_id AS transfer_id, p.amount AS amount, p.currency AS currency, p.paid_at AS paid_at,"
    " p.status AS status, p.updated_at AS updated_at"
)
_PAID = (
    "MATCH (b:Account)-[p:PAID]->(s:Account)"
    f" RETURN offset(id(b)) AS payer, offset(id(s)) AS payee, {TOLD_OF_TRANSFERS}"
)
TOLD_OF_EARLIER = ", ".join(f"e.{name} AS {name}" for name in SCHEMA.names)
# A snapshot joins identifiers by their canonical value, a load by their key; either column is most of the store's text.
_IDENTIFIERS = "MATCH (i:Identifier) RETURN offset(id(i)) AS place, i.kind AS kind, i.canonical AS canonical"
_ALL_OF_IDENTIFIERS = f"{_IDENTIFIERS}, i.identifier_key AS identifier_key"
_IDENTIFIER_KEYS = "MATCH (i:Identifier) RETURN offset(id(i)) AS place, i.identifier_key AS identifier_key"


@dataclass(frozen=True)
class _Nodes:
    """The nodes of every label, and for each end of a relationship the row of each offset."""

    accounts: pa.Table
    identifiers: pa.Table
    listings: pa.Table
    reviews: pa.Table
    rows: Mapping[str, Ints]


def read_raw_graph(ask: Ask, *, with_past: bool = False) -> RawGraph:
    """Every fact, for a snapshot; with its history, where the past is asked for."""
    nodes = _read_nodes(ask, identifiers=_ALL_OF_IDENTIFIERS if with_past else _IDENTIFIERS)
    return RawGraph(
        accounts=nodes.accounts,
        identifiers=nodes.identifiers,
        listings=nodes.listings,
        reviews=nodes.reviews,
        uses=_edges(ask, _USES, nodes),
        orders=_orders(ask, nodes),
        listed=_edges(ask, _LISTED, nodes),
        wrote=_edges(ask, _WROTE, nodes),
        about_listing=_edges(ask, _ABOUT_LISTING, nodes),
        about_account=_edges(ask, _ABOUT_ACCOUNT, nodes),
        referred=_edges(ask, _REFERRED, nodes),
        labelled=_edges(ask, _LABELLED, nodes),
        **_read_events(ask, nodes, _OBJECTS),
        paid=_read_transfers(ask, nodes),
        earlier=read_earlier(ask) if with_past else None,
    )


def read_known_facts(ask: Ask) -> KnownFacts:
    """Every fact, for a load to be compared with."""
    from graph.stores.known_facts import KnownFacts, name_accounts, name_payments

    nodes = _read_nodes(ask, identifiers=_IDENTIFIER_KEYS)
    events = _read_events(ask, nodes, _OBJECT_KEYS)
    orders = _orders(ask, nodes)
    account_id, product_id = nodes.accounts["account_id"], nodes.listings["product_id"]
    listed = _edges(ask, _LISTED, nodes)
    seller_id = _end(listed, "listing", "account", account_id, len(product_id))
    return KnownFacts(
        accounts=nodes.accounts,
        listings=nodes.listings.add_column(1, "seller_id", seller_id),
        orders=make_table(
            {
                "order_id": orders["order_id"],
                "buyer_id": account_id.take(orders["buyer"]),
                "seller_id": account_id.take(orders["seller"]),
                **{name: orders[name] for name in orders.column_names[3:]},
            }
        ),
        reviews=_known_reviews(ask, nodes),
        identifier_key=nodes.identifiers["identifier_key"].combine_chunks(),
        uses=_edges(ask, _USES, nodes),
        referrals=_edges(ask, _REFERRED, nodes),
        labels=name_accounts(_edges(ask, _LABELLED, nodes), account_id),
        earlier=read_earlier(ask),
        object_key=events["objects"]["object_key"].combine_chunks(),
        did=events["did"],
        transfers=name_payments(_read_transfers(ask, nodes), account_id),
    )


def _read_transfers(ask: Ask, nodes: _Nodes) -> pa.Table:
    """What accounts paid one another; nothing of an older store."""
    return _edges(ask, _PAID, nodes).cast(TRANSFERS) if has_table(ask, "PAID") else TRANSFERS.empty_table()


def _read_events(ask: Ask, nodes: _Nodes, objects: str) -> dict[str, pa.Table]:
    """Objects and what was done with them; nothing of an older store."""
    if not has_table(ask, "Object"):
        return {"objects": OBJECTS.empty_table(), "did": EVENTS.empty_table()}
    found, row = _nodes(ask, objects)
    nodes = replace(nodes, rows={**nodes.rows, "object": row})
    return {"objects": found, "did": _edges(ask, _DID, nodes) if found.num_rows else EVENTS.empty_table()}


def has_table(ask: Ask, name: str) -> bool:
    """Whether a graph has a label or a kind; an older one may not."""
    return name in read_texts(ask("CALL show_tables() RETURN name")["name"])


def read_earlier(ask: Ask) -> pa.Table:
    """Every former state; see :mod:`graph.stores.history`."""
    if not has_table(ask, EARLIER):  # an older store
        return SCHEMA.empty_table()
    return ask(f"MATCH (e:{EARLIER}) RETURN {TOLD_OF_EARLIER}").cast(SCHEMA)


def avoids_copy(plan: LoadPlan) -> bool:
    """Whether a plan takes nothing away, and brings so little that it needs no COPY, which writes past the log."""
    return plan.n_rows <= _FEW_ROWS and not plan.ends and not plan.gone


def write_plan(connection: ladybug.Connection, staging: Path, plan: LoadPlan, progress: Progress) -> None:
    """Write what a load changes and use up the plan; the caller holds the transaction."""
    done, total = 0, plan.n_rows
    steps: tuple[tuple[str, dict[Any, pa.Table], Callable[[Any, pa.Table], None]], ...] = (
        ("taking back", plan.ends, lambda kind, rows: _end_relationships(connection, staging, kind, rows)),
        ("writing", plan.nodes, lambda label, rows: _add_nodes(connection, staging, label, rows)),
        ("changing", plan.changes, lambda label, rows: _match_and_set(connection, staging, label, rows)),
        ("writing", plan.relationships, lambda kind, rows: _copy_relationship(connection, staging, kind, rows)),
        ("taking back", plan.gone, lambda label, rows: _delete_nodes(connection, staging, label, rows)),
    )
    for verb, parts, write in steps:
        for kind in list(parts):
            rows = parts.pop(kind)
            write(kind, rows)
            done += rows.num_rows
            progress(f"{verb} {kind if isinstance(kind, str) else kind[0]}", done, total)


def _add_nodes(connection: ladybug.Connection, staging: Path, label: str, rows: pa.Table) -> None:
    if label in _FEW:  # they may be there from an earlier load
        key = rows.column_names[0]
        there = ask_arrow(connection, f"MATCH (n:{label}) RETURN n.{key} AS key")["key"].combine_chunks()
        rows = rows.filter(pc.invert(pc.is_in(rows[key], value_set=there.cast(pa.string()))))
    if rows.num_rows:
        _copy(connection, staging, label, rows)


def _end_relationships(
    connection: ladybug.Connection, staging: Path, kind: tuple[str, str, str], rows: pa.Table
) -> None:
    name, source, target = kind
    near, far, *others = rows.column_names
    # Columns by other names than the properties, and nothing as a value: a null equals nothing.
    columns = make_table({f"the_{each}": _never_null(rows[each]) for each in rows.column_names})
    same = " AND ".join(f"coalesce(r.{each}, {_nothing(rows[each])}) = the_{each}" for each in others)
    match = (
        f"MATCH (a:{source} {{{NODES[source].key}: the_{near}}})-[r:`{name}`]->"
        f"(b:{target} {{{NODES[target].key}: the_{far}}})"
    )
    for file in _staged(staging, columns):
        connection.execute(f"LOAD FROM {file} {match}{f' WHERE {same}' if same else ''} DELETE r")


def _never_null(values: Chunks) -> Chunks:
    return fill_nulls(values, _NEVER if pa.types.is_timestamp(values.type) else _NOT_TOLD)


def _nothing(values: Chunks) -> str:
    return f"timestamp('{_NEVER}')" if pa.types.is_timestamp(values.type) else f"'{_NOT_TOLD}'"


def _delete_nodes(connection: ladybug.Connection, staging: Path, label: str, rows: pa.Table) -> None:
    for file in _staged(staging, rows.rename_columns(["the_key"])):
        connection.execute(f"LOAD FROM {file} MATCH (n:{label} {{{rows.column_names[0]}: the_key}}) DETACH DELETE n")


def write_run_rows(connection: ladybug.Connection, staging: Path, rows: RunRows) -> None:
    """Write a run's rows and set the scores; the caller holds the transaction."""
    for label, part in rows.nodes.items():
        _copy(connection, staging, label, part)
    for kind, part in rows.relationships.items():
        _copy_relationship(connection, staging, kind, part)
    for label, part in rows.scores.items():
        _match_and_set(connection, staging, label, _leave_out_blank(connection, label, part))


def _leave_out_blank(connection: ladybug.Connection, label: str, rows: pa.Table) -> pa.Table:
    """Rows without columns that hold nothing where the graph holds nothing either: setting nothing takes as long."""
    known = f"MATCH (n:{label}) WHERE n.%s IS NOT NULL RETURN true AS known LIMIT 1"
    blank = [name for name in rows.column_names[1:] if rows[name].null_count == rows.num_rows]
    return rows.drop_columns([name for name in blank if not ask_arrow(connection, known % name).num_rows])


def replace_vectors(
    connection: ladybug.Connection, staging: Path, account_id: NDArray[Any], vectors: NDArray[np.float32]
) -> None:
    """Write one vector (d,) per account id (N,) in place of all earlier ones."""
    dimensions = vectors.shape[1]
    connection.execute("DROP TABLE IF EXISTS Vector")
    connection.execute(f"CREATE NODE TABLE Vector(account_id STRING PRIMARY KEY, vector FLOAT[{dimensions}])")
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    column = pa.FixedSizeListArray.from_arrays(flat, dimensions)
    _copy(connection, staging, "Vector", pa.table({"account_id": pa.array(account_id, pa.string()), "vector": column}))


def _read_nodes(ask: Ask, *, identifiers: str) -> _Nodes:
    accounts, account = _nodes(ask, _ACCOUNTS)
    identifier_nodes, identifier = _nodes(ask, identifiers)
    listings, listing = _nodes(ask, _LISTINGS)
    review_nodes, review = _nodes(ask, _REVIEWS)
    rows = dict.fromkeys(("account", "buyer", "seller", "by", "payer", "payee"), account)
    rows |= {"identifier": identifier, "listing": listing, "review": review}
    return _Nodes(accounts, identifier_nodes, listings, review_nodes, rows)


def _known_reviews(ask: Ask, nodes: _Nodes) -> pa.Table:
    n, account_id = nodes.reviews.num_rows, nodes.accounts["account_id"]
    wrote, of_seller = _edges(ask, _WROTE, nodes), _edges(ask, _ABOUT_ACCOUNT, nodes)
    of_listing = _edges(ask, _ABOUT_LISTING, nodes)
    return make_table(
        {
            "review_id": nodes.reviews["review_id"],
            "account_id": _end(wrote, "review", "account", account_id, n),
            "product_id": _end(of_listing, "review", "listing", nodes.listings["product_id"], n),
            "seller_id": _end(of_seller, "review", "account", account_id, n),
            "rating": nodes.reviews["rating"],
            **{name: nodes.reviews[name] for name in ("reviewed_at", "text", "updated_at")},
        }
    )


def _nodes(ask: Ask, cypher: str) -> tuple[pa.Table, Ints]:
    """A label's nodes without their offset (``place``), and the row of each offset in that table."""
    nodes = ask(cypher)
    place = nodes["place"].to_numpy().astype(np.int64)
    row = np.full(int(place.max(initial=-1)) + 1, -1, dtype=np.int64)
    row[place] = np.arange(len(place))
    return nodes.drop_columns("place"), row


def _edges(ask: Ask, cypher: str, nodes: _Nodes) -> pa.Table:
    """Relationships whose ends are rows of the node tables."""
    edges = ask(cypher)
    for place, name in enumerate(edges.column_names):
        if name in nodes.rows:
            rows = pa.array(nodes.rows[name], pa.int64()).take(edges[name].combine_chunks())
            edges = edges.set_column(place, name, rows)
    return edges


def _orders(ask: Ask, nodes: _Nodes) -> pa.Table:
    of_sellers, of_shop = (_edges(ask, cypher, nodes) for cypher in (_ORDERS_OF_SELLERS, _ORDERS_OF_SHOP))
    return pa.concat_tables([of_sellers, of_shop.cast(of_sellers.schema)])


def _copy(connection: ladybug.Connection, staging: Path, label: str, rows: pa.Table) -> None:
    columns = ", ".join(rows.column_names)
    said = ", ".join(f"{name}: {name}" for name in rows.column_names)
    for file in _staged(staging, rows):
        if rows.num_rows > _FEW_ROWS:
            connection.execute(f"COPY {label}({columns}) FROM {file}")
        else:
            connection.execute(f"LOAD FROM {file} CREATE (:{label} {{{said}}})")


def _copy_relationship(
    connection: ladybug.Connection, staging: Path, kind: tuple[str, str, str], rows: pa.Table
) -> None:
    name, source, target = kind
    if rows.num_rows <= _FEW_ROWS:
        others = rows.column_names[2:]
        for file in _staged(staging, rows.rename_columns([THE_NEAR, THE_FAR, *others])):
            create_relationships(connection, kind, file, rows)
        return
    fitting = _STATEMENT_BYTES * rows.num_rows // max(rows.nbytes, 1)
    for file in _staged(staging, rows, most_rows=max(fitting, _STATEMENT_ROWS)):
        connection.execute(f"COPY `{name}` FROM {file} (from='{source}', to='{target}')")


def _match_and_set(connection: ladybug.Connection, staging: Path, label: str, rows: pa.Table) -> None:
    """Set properties of known nodes; the first column is the key."""
    key, *columns = rows.column_names
    sets = ", ".join(f"n.{name} = {name}" for name in columns)
    for file in _staged(staging, rows) if columns else ():
        connection.execute(f"LOAD FROM {file} MATCH (n:{label} {{{key}: {key}}}) SET {sets}")


def _staged(staging: Path, rows: pa.Table, *, most_rows: int = _STATEMENT_ROWS) -> Iterator[str]:
    """The rows as Parquet files, one after the other, each named as a Cypher string.

    So many at a time that what LadybugDB keeps of a statement stays well below its buffer pool.
    """
    staging.mkdir(exist_ok=True)
    path = staging / "rows.parquet"
    for start in range(0, rows.num_rows, most_rows):
        pq.write_table(rows.slice(start, most_rows), path, row_group_size=_BATCH_ROWS)
        yield _quoted(path)
    path.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    text = str(path.resolve()).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _end(edges: pa.Table, near: str, far: str, keys: Chunks, n: int) -> Chunks:
    """For each of ``n`` near rows the key of its far end; null where there is none."""
    row = np.full(n, -1, dtype=np.int64)
    row[edges[near].to_numpy()] = edges[far].to_numpy()
    return take_or_null(keys, row)
