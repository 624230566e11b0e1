"""Rows in and out of the embedded property graph, many at a time, as Arrow.

Rows go in through Parquet files in the store's ``staging`` folder: LadybugDB checks those properly,
where a copy from memory with a key that exists would crash the process.  They come out with nodes
named by their offset, so that no id is repeated for every relationship.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ladybug
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graph.arrow import make_table, take_or_null
from graph.model import Ints
from graph.progress import Progress
from graph.stores.embedded.database import ask_arrow
from graph.stores.run_rows import RunRows
from graph.stores.snapshots import RawGraph
from graph.vocabulary import SHOP_ID

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.stores.known_facts import KnownFacts
    from graph.stores.load_plan import LoadPlan

_BATCH_ROWS, _STATEMENT_ROWS = 1 << 18, 1 << 20

_ACCOUNTS = (
    "MATCH (a:Account) RETURN offset(id(a)) AS place, a.account_id AS account_id, a.created_at AS created_at,"
    " a.role AS role, a.segment AS segment, a.status AS status, a.attributes AS attributes"
)
_USES = (
    "MATCH (a:Account)-[u:USES]->(i:Identifier)"
    " RETURN offset(id(a)) AS account, offset(id(i)) AS identifier, u.role AS role, u.seen_at AS seen_at"
)
_REFERRED = "MATCH (b:Account)-[:REFERRED]->(a:Account) RETURN offset(id(b)) AS by, offset(id(a)) AS account"
_LABELLED = (
    "MATCH (a:Account)-[l:LABELLED]->(w:Label)"
    " RETURN offset(id(a)) AS account, w.label AS label, l.decided_at AS decided_at, l.source AS source"
)
_LISTED = "MATCH (a:Account)-[:LISTED]->(p:Listing) RETURN offset(id(a)) AS account, offset(id(p)) AS listing"
_WROTE = "MATCH (a:Account)-[:WROTE]->(r:Review) RETURN offset(id(a)) AS account, offset(id(r)) AS review"
_ABOUT_LISTING = "MATCH (r:Review)-[:ABOUT]->(p:Listing) RETURN offset(id(r)) AS review, offset(id(p)) AS listing"
_ABOUT_ACCOUNT = "MATCH (r:Review)-[:ABOUT]->(s:Account) RETURN offset(id(r)) AS review, offset(id(s)) AS account"
_LISTINGS = (
    "MATCH (p:Listing)"
    " RETURN offset(id(p)) AS place, p.product_id AS product_id, p.listed_at AS listed_at, p.price AS price"
)
_KNOWN_REVIEWS = (
    "MATCH (r:Review)"
    " RETURN offset(id(r)) AS place, r.review_id AS review_id, r.rating AS rating, r.reviewed_at AS reviewed_at"
)
_REVIEWS = f"{_KNOWN_REVIEWS}, r.text AS text"
_ORDER_DETAILS = (
    "o.order_id AS order_id, o.product_id AS product_id, o.amount AS amount, o.currency AS currency,"
    " o.ordered_at AS ordered_at, o.status AS status"
)
_ORDERS_OF_SELLERS = (
    "MATCH (b:Account)-[o:ORDERED]->(s:Account)"
    f" RETURN offset(id(b)) AS buyer, offset(id(s)) AS seller, {_ORDER_DETAILS}"
)
_ORDERS_OF_SHOP = (
    "MATCH (b:Account)-[o:ORDERED]->(:Shop)"
    f" RETURN offset(id(b)) AS buyer, CAST(NULL AS INT64) AS seller, {_ORDER_DETAILS}"
)
# A snapshot joins identifiers by their canonical value, a load by their key; either column is most of the store's text.
_IDENTIFIERS = "MATCH (i:Identifier) RETURN offset(id(i)) AS place, i.kind AS kind, i.canonical AS canonical"
_IDENTIFIER_KEYS = "MATCH (i:Identifier) RETURN offset(id(i)) AS place, i.identifier_key AS identifier_key"


@dataclass(frozen=True)
class _Nodes:
    """The nodes of every label, and for each end of a relationship the row of each offset."""

    accounts: pa.Table
    identifiers: pa.Table
    listings: pa.Table
    reviews: pa.Table
    rows: Mapping[str, Ints]


def read_raw_graph(connection: ladybug.Connection) -> RawGraph:
    """Every fact, for a snapshot."""
    nodes = _read_nodes(connection, identifiers=_IDENTIFIERS, reviews=_REVIEWS)
    return RawGraph(
        accounts=nodes.accounts,
        identifiers=nodes.identifiers,
        listings=nodes.listings,
        reviews=nodes.reviews,
        uses=_edges(connection, _USES, nodes),
        orders=_orders(connection, nodes),
        listed=_edges(connection, _LISTED, nodes),
        wrote=_edges(connection, _WROTE, nodes),
        about_listing=_edges(connection, _ABOUT_LISTING, nodes),
        about_account=_edges(connection, _ABOUT_ACCOUNT, nodes),
        referred=_edges(connection, _REFERRED, nodes),
        labelled=_edges(connection, _LABELLED, nodes),
    )


def read_known_facts(connection: ladybug.Connection) -> KnownFacts:
    """Every fact, for a load to be compared with."""
    from graph.stores.known_facts import KnownFacts

    nodes = _read_nodes(connection, identifiers=_IDENTIFIER_KEYS, reviews=_KNOWN_REVIEWS)
    orders = _orders(connection, nodes)
    account_id, product_id = nodes.accounts["account_id"], nodes.listings["product_id"]
    listed = _edges(connection, _LISTED, nodes)
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
        reviews=_known_reviews(connection, nodes),
        identifier_key=nodes.identifiers["identifier_key"].combine_chunks(),
        uses=_edges(connection, _USES, nodes),
        referrals=_edges(connection, _REFERRED, nodes),
        labels=_edges(connection, _LABELLED, nodes),
    )


def write_plan(connection: ladybug.Connection, staging: Path, plan: LoadPlan, progress: Progress) -> None:
    """Write a load's new facts and use up the plan; the caller holds the transaction."""
    done, total = 0, plan.n_rows
    known_shop = ask_arrow(connection, f"MATCH (s:Shop {{shop_id: '{SHOP_ID}'}}) RETURN s.shop_id").num_rows
    for label in list(plan.nodes):
        rows = plan.nodes.pop(label)
        if label != "Shop" or not known_shop:
            _copy(connection, staging, label, rows)
        done += rows.num_rows
        progress(f"writing {label}", done, total)
    for label in list(plan.fills):
        rows = plan.fills.pop(label)
        _match_and_set(connection, staging, label, rows, how="n.{0} = coalesce(n.{0}, {0})")
        done += rows.num_rows
        progress(f"completing {label}", done, total)
    for kind in list(plan.relationships):
        rows = plan.relationships.pop(kind)
        _copy_relationship(connection, staging, kind, rows)
        done += rows.num_rows
        progress(f"writing {kind[0]}", done, total)


def write_run_rows(connection: ladybug.Connection, staging: Path, rows: RunRows) -> None:
    """Write a run's rows and set the scores; the caller holds the transaction."""
    for label, part in rows.nodes.items():
        _copy(connection, staging, label, part)
    for kind, part in rows.relationships.items():
        _copy_relationship(connection, staging, kind, part)
    for label, part in (("Account", rows.account_scores), ("Review", rows.review_scores)):
        _match_and_set(connection, staging, label, part, how="n.{0} = {0}")


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


def _read_nodes(connection: ladybug.Connection, *, identifiers: str, reviews: str) -> _Nodes:
    accounts, account = _nodes(connection, _ACCOUNTS)
    identifier_nodes, identifier = _nodes(connection, identifiers)
    listings, listing = _nodes(connection, _LISTINGS)
    review_nodes, review = _nodes(connection, reviews)
    rows = {"account": account, "buyer": account, "seller": account, "by": account}
    rows |= {"identifier": identifier, "listing": listing, "review": review}
    return _Nodes(accounts, identifier_nodes, listings, review_nodes, rows)


def _known_reviews(connection: ladybug.Connection, nodes: _Nodes) -> pa.Table:
    n, account_id = nodes.reviews.num_rows, nodes.accounts["account_id"]
    wrote, of_seller = _edges(connection, _WROTE, nodes), _edges(connection, _ABOUT_ACCOUNT, nodes)
    of_listing = _edges(connection, _ABOUT_LISTING, nodes)
    return make_table(
        {
            "review_id": nodes.reviews["review_id"],
            "account_id": _end(wrote, "review", "account", account_id, n),
            "product_id": _end(of_listing, "review", "listing", nodes.listings["product_id"], n),
            "seller_id": _end(of_seller, "review", "account", account_id, n),
            "rating": nodes.reviews["rating"],
            "reviewed_at": nodes.reviews["reviewed_at"],
        }
    )


def _nodes(connection: ladybug.Connection, cypher: str) -> tuple[pa.Table, Ints]:
    """A label's nodes without their offset (``place``), and the row of each offset in that table."""
    nodes = ask_arrow(connection, cypher)
    place = nodes["place"].to_numpy().astype(np.int64)
    row = np.full(int(place.max(initial=-1)) + 1, -1, dtype=np.int64)
    row[place] = np.arange(len(place))
    return nodes.drop_columns("place"), row


def _edges(connection: ladybug.Connection, cypher: str, nodes: _Nodes) -> pa.Table:
    """Relationships whose ends are rows of the node tables."""
    edges = ask_arrow(connection, cypher)
    for place, name in enumerate(edges.column_names):
        if name in nodes.rows:
            rows = pa.array(nodes.rows[name], pa.int64()).take(edges[name].combine_chunks())
            edges = edges.set_column(place, name, rows)
    return edges


def _orders(connection: ladybug.Connection, nodes: _Nodes) -> pa.Table:
    of_sellers, of_shop = (_edges(connection, cypher, nodes) for cypher in (_ORDERS_OF_SELLERS, _ORDERS_OF_SHOP))
    return pa.concat_tables([of_sellers, of_shop.cast(of_sellers.schema)])


def _copy(connection: ladybug.Connection, staging: Path, label: str, rows: pa.Table) -> None:
    columns = ", ".join(rows.column_names)
    for file in _staged(staging, rows):
        connection.execute(f"COPY {label}({columns}) FROM {file}")


def _copy_relationship(
    connection: ladybug.Connection, staging: Path, kind: tuple[str, str, str], rows: pa.Table
) -> None:
    name, source, target = kind
    for file in _staged(staging, rows):
        connection.execute(f"COPY `{name}` FROM {file} (from='{source}', to='{target}')")


def _match_and_set(connection: ladybug.Connection, staging: Path, label: str, rows: pa.Table, *, how: str) -> None:
    """Set properties of known nodes; the first column is the key, ``how`` says what becomes of each other one."""
    key, *columns = rows.column_names
    sets = ", ".join(how.format(name) for name in columns)
    for file in _staged(staging, rows):
        connection.execute(f"LOAD FROM {file} MATCH (n:{label} {{{key}: {key}}}) SET {sets}")


def _staged(staging: Path, rows: pa.Table) -> Iterator[str]:
    """The rows as Parquet files, one after the other, each named as a Cypher string.

    So many at a time that what LadybugDB keeps of a statement stays well below its buffer pool.
    """
    staging.mkdir(exist_ok=True)
    path = staging / "rows.parquet"
    for start in range(0, rows.num_rows, _STATEMENT_ROWS):
        pq.write_table(rows.slice(start, _STATEMENT_ROWS), path, row_group_size=_BATCH_ROWS)
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
