"""Facts out of a Neo4j server as Arrow tables, a column at a time.

Row by row, most of the time would go into rows.  So each query collects its columns into one list
each, and returns a single row of them; several queries are at work at once, each on a range of
internal ids.  A list cannot hold nulls, so what is not there travels as a value that no fact has.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import blank_where, equals, make_table, null_below_zero, read_ints, take_or_null
from graph.model import Ints
from graph.stores.raw_graph import RawGraph
from graph.stores.server.bolt import Bolt
from graph.stores.shape import FACTS, Type

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks
    from graph.stores.known_facts import KnownFacts

N_READERS = 2
"""How many queries are at work at once."""

CHUNK_ROWS = 60_000
"""How many rows one query collects: what the server holds in memory for it."""

_NOTHING = "\0"
"""Stands for null; no text in the store holds it."""

Kind = Literal["id", "text", "time", "real"]
Column = tuple[str, Kind]
"""A Cypher expression and the kind of its values."""


@dataclass(frozen=True)
class Facts:
    """Facts of one sort: what to match, whose internal ids cut it into ranges, and its columns."""

    pattern: str
    ranged: str
    columns: Mapping[str, Column]


_FROM: Column = ("id(a)", "id")
_TO: Column = ("id(b)", "id")


def _node(label: str, /, **columns: Kind) -> Facts:
    properties: dict[str, Column] = {name: (f"n.{name}", kind) for name, kind in columns.items()}
    return Facts(f"MATCH (n:{label})", "n", {"node": ("id(n)", "id"), **properties})


def _relationship(name: str, ends: tuple[str, str], **columns: Kind) -> Facts:
    near, far = ends
    properties: dict[str, Column] = {column: (f"r.{column}", kind) for column, kind in columns.items()}
    return Facts(f"MATCH (a)-[r:{name}]->(b)", "r", {near: _FROM, far: _TO, **properties})


_KINDS: Mapping[Type, Kind] = {"text": "text", "real": "real", "time": "time"}


def _say_facts(name: str) -> dict[str, Kind]:
    """All that was loaded of a label, or a kind of relationship, with what it holds."""
    return {each: _KINDS[held.type] for each, held in FACTS[name].properties.items() if not held.found}


_ACCOUNTS = _node("Account", account_id="text", created_at="time", status="text")
_KNOWN_ACCOUNTS = _node("Account", **_say_facts("Account"))
_IDENTIFIERS = _node("Identifier", kind="text", canonical="text")
_IDENTIFIER_KEYS = _node("Identifier", identifier_key="text")
_LISTINGS = _node("Listing", product_id="text", price="real")
_KNOWN_LISTINGS = _node("Listing", **_say_facts("Listing"))
_REVIEWS = _node("Review", review_id="text", rating="real", reviewed_at="time", text="text")
_KNOWN_REVIEWS = _node("Review", **_say_facts("Review"))
_USES = _relationship("USES", ("account", "identifier"), seen_at="time")
_KNOWN_USES = _relationship("USES", ("account", "identifier"), **_say_facts("USES"))
_ORDERS = _relationship(
    "ORDERED", ("buyer", "seller"), product_id="text", amount="real", ordered_at="time", status="text"
)
_KNOWN_ORDERS = _relationship("ORDERED", ("buyer", "seller"), **_say_facts("ORDERED"))
_OBJECTS = _node("Object", object_key="text", value="text")
_DID = _relationship("DID", ("account", "object"), **_say_facts("DID"))
_AMOUNTS_PAID = _relationship("PAID", ("payer", "payee"), amount="real", paid_at="time", status="text")
_PAID = _relationship("PAID", ("payer", "payee"), **_say_facts("PAID"))
_LISTED = _relationship("LISTED", ("account", "listing"))
_WROTE = _relationship("WROTE", ("account", "review"))
_ABOUT = _relationship("ABOUT", ("review", "subject"))
_REFERRED = _relationship("REFERRED", ("by", "account"))
_LABELLED = Facts(
    "MATCH (a)-[r:LABELLED]->(b)",
    "r",
    {
        "account": _FROM,
        "label": ("b.label", "text"),
        "decided_at": ("r.decided_at", "time"),
        "source": ("r.source", "text"),
        "updated_at": ("r.updated_at", "time"),
    },
)

_EARLIER = _node("Earlier", **_say_facts("Earlier"))

_COUNT = "{pattern} RETURN count({ranged}) AS n"
_BOUNDS = "{pattern} RETURN min(id({ranged})) AS low, max(id({ranged})) AS high"
_RANGE = "{pattern} WHERE id({ranged}) >= $low AND id({ranged}) < $high RETURN {columns}"
_WHOLE = "{pattern} RETURN {columns}"

_SNAPSHOT_NODES = {
    "accounts": _ACCOUNTS,
    "identifiers": _IDENTIFIERS,
    "listings": _LISTINGS,
    "reviews": _REVIEWS,
    "objects": _OBJECTS,
}
_KNOWN_NODES = {
    "accounts": _KNOWN_ACCOUNTS,
    "identifiers": _IDENTIFIER_KEYS,
    "listings": _KNOWN_LISTINGS,
    "reviews": _KNOWN_REVIEWS,
    "objects": _node("Object", object_key="text"),
    "earlier": _EARLIER,
}
_PAST_NODES = {
    "accounts": _KNOWN_ACCOUNTS,
    "identifiers": _node("Identifier", identifier_key="text", kind="text", canonical="text"),
    "listings": _KNOWN_LISTINGS,
    "reviews": _KNOWN_REVIEWS,
    "objects": _OBJECTS,
    "earlier": _EARLIER,
}
_SAME = {
    "listed": _LISTED,
    "wrote": _WROTE,
    "about": _ABOUT,
    "referred": _REFERRED,
    "labelled": _LABELLED,
    "did": _DID,
    "paid": _PAID,
}
_SNAPSHOT_RELATIONSHIPS = {"uses": _USES, "orders": _ORDERS, **_SAME, "paid": _AMOUNTS_PAID}
_PAST_RELATIONSHIPS = {"uses": _KNOWN_USES, "orders": _KNOWN_ORDERS, **_SAME}
_KNOWN_RELATIONSHIPS = {"uses": _KNOWN_USES, "orders": _KNOWN_ORDERS, **_SAME}

_ENDS = {
    "account": "accounts",
    "buyer": "accounts",
    "seller": "accounts",
    "by": "accounts",
    "payer": "accounts",
    "payee": "accounts",
    "identifier": "identifiers",
    "listing": "listings",
    "review": "reviews",
    "object": "objects",
}
"""Which node table a relationship's end is a row of."""


@dataclass(frozen=True)
class Known:
    """What a load is compared with, and by label the keys of the nodes that are there with their internal ids."""

    facts: KnownFacts
    nodes: Mapping[str, tuple[Cells, Ints]]


def read_raw_graph(bolt: Bolt, *, with_past: bool = False) -> RawGraph:
    """Every fact, for a snapshot; with its history, where the past is asked for."""
    nodes, relationships = _SNAPSHOT_NODES, _SNAPSHOT_RELATIONSHIPS
    if with_past:
        nodes, relationships = _PAST_NODES, _PAST_RELATIONSHIPS
    tables = _read_tables(bolt, nodes, relationships)
    about_listing, about_account = _split_about(tables)
    return RawGraph(
        **{name: tables[name].drop_columns("node") for name in _SNAPSHOT_NODES},
        **{name: tables[name] for name in ("uses", "orders", "listed", "wrote", "referred", "labelled", "did", "paid")},
        about_listing=about_listing,
        about_account=about_account,
        earlier=tables["earlier"].drop_columns("node") if with_past else None,
    )


def read_known(bolt: Bolt) -> Known:
    """Every fact, for a load to be compared with."""
    from graph.stores.known_facts import KnownFacts, name_accounts, name_payments

    tables = _read_tables(bolt, _KNOWN_NODES, _KNOWN_RELATIONSHIPS)
    accounts, listings, orders = tables["accounts"], tables["listings"], tables["orders"]
    account_id = accounts["account_id"]
    seller_id = _look_along(tables["listed"], "listing", "account", account_id, listings.num_rows)
    ends = {f"{end}_id": account_id.take(orders[end]) for end in ("buyer", "seller")}
    details = {name: orders[name] for name in orders.column_names[3:]}
    facts = KnownFacts(
        accounts=accounts.drop_columns("node"),
        listings=listings.drop_columns("node").add_column(1, "seller_id", seller_id),
        orders=make_table({"order_id": orders["order_id"], **ends, **details}),
        reviews=_known_reviews(tables),
        identifier_key=tables["identifiers"]["identifier_key"].combine_chunks(),
        uses=tables["uses"],
        referrals=tables["referred"],
        labels=name_accounts(tables["labelled"], account_id),
        earlier=tables["earlier"].drop_columns("node"),
        object_key=_key(tables["objects"]),
        did=tables["did"],
        transfers=name_payments(tables["paid"], account_id),
    )
    keys = {"Account": "accounts", "Identifier": "identifiers", "Listing": "listings", "Object": "objects"}
    nodes = {label: (_key(tables[name]), tables[name]["node"].to_numpy()) for label, name in keys.items()}
    return Known(facts, nodes)


def _key(nodes: pa.Table) -> Cells:
    """The column after ``node``."""
    return nodes.column(1).combine_chunks()


def _known_reviews(tables: Mapping[str, pa.Table]) -> pa.Table:
    reviews, account_id = tables["reviews"], tables["accounts"]["account_id"]
    of_listing, of_seller = _split_about(tables)
    n, product_id = reviews.num_rows, tables["listings"]["product_id"]
    return make_table(
        {
            "review_id": reviews["review_id"],
            "account_id": _look_along(tables["wrote"], "review", "account", account_id, n),
            "product_id": _look_along(of_listing, "review", "listing", product_id, n),
            "seller_id": _look_along(of_seller, "review", "account", account_id, n),
            "rating": reviews["rating"],
            **{name: reviews[name] for name in ("reviewed_at", "text", "updated_at")},
        }
    )


def _look_along(edges: pa.Table, near: str, far: str, keys: Chunks, n: int) -> Chunks:
    """For each of ``n`` near rows the key of its far end; null where there is none."""
    row = np.full(n, -1, dtype=np.int64)
    row[edges[near].to_numpy()] = edges[far].to_numpy()
    return take_or_null(keys, row)


def _split_about(tables: Mapping[str, pa.Table]) -> tuple[pa.Table, pa.Table]:
    """What reviews are about: (review, listing) and (review, account)."""
    about, parts = tables["about"], []
    for name, end in (("listings", "listing"), ("accounts", "account")):
        row = _find_rows(about["subject"], tables[name])
        parts.append(make_table({"review": about["review"], end: row}).filter(pc.is_valid(row)))
    return parts[0], parts[1]


def _find_rows(node: Chunks, nodes: pa.Table) -> Cells:
    """The row of each internal id among nodes; null where it is none of them."""
    return null_below_zero(read_ints(pc.index_in(node, value_set=nodes["node"].combine_chunks()), missing=-1))


# ── columns ───────────────────────────────────────────────────────────────────────────────────────


def _read_tables(bolt: Bolt, nodes: Mapping[str, Facts], relationships: Mapping[str, Facts]) -> dict[str, pa.Table]:
    """Tables of nodes, and of relationships whose ends are rows of those."""
    tables = read_facts(bolt, {**relationships, **nodes})
    return tables | {name: _place_ends(tables[name], tables) for name in relationships}


def read_facts(bolt: Bolt, wanted: Mapping[str, Facts]) -> dict[str, pa.Table]:
    """A table of each sort of facts, in any order, with internal ids as they are."""
    with ThreadPoolExecutor(N_READERS) as pool:
        try:
            cuts = dict(zip(wanted, pool.map(lambda facts: _cut(bolt, facts), wanted.values()), strict=True))
            parts = [(name, low, high) for name, bounds in cuts.items() for low, high in bounds]
            read = pool.map(lambda part: _read_part(bolt, wanted[part[0]], *part[1:]), parts)
            found: dict[str, list[pa.Table]] = {name: [] for name in wanted}
            for (name, _, _), table in zip(parts, read, strict=True):
                found[name].append(table)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {name: pa.concat_tables(found[name]) for name in wanted}


def _place_ends(edges: pa.Table, tables: Mapping[str, pa.Table]) -> pa.Table:
    for place, name in enumerate(edges.column_names):
        if name in _ENDS:
            edges = edges.set_column(place, name, _find_rows(edges[name], tables[_ENDS[name]]))
    return edges


def _cut(bolt: Bolt, facts: Facts) -> list[tuple[int, int | None]]:
    """Ranges of internal ids, each of about as many facts as one query can collect; None: no upper bound."""
    n = bolt.ask(_COUNT.format(pattern=facts.pattern, ranged=facts.ranged))[0]["n"]
    if n <= CHUNK_ROWS:
        return [(0, None)]
    row = bolt.ask(_BOUNDS.format(pattern=facts.pattern, ranged=facts.ranged))[0]
    edges = np.linspace(row["low"], row["high"] + 1, -(-n // CHUNK_ROWS) + 1).astype(np.int64).tolist()
    return list(pairwise(edges))


def _read_part(bolt: Bolt, facts: Facts, low: int, high: int | None) -> pa.Table:
    template = _WHOLE if high is None else _RANGE
    columns = ", ".join(f"collect({_never_null(*column)}) AS {name}" for name, column in facts.columns.items())
    cypher = template.format(pattern=facts.pattern, ranged=facts.ranged, columns=columns)
    row = bolt.ask(cypher, low=low, high=high, nothing=_NOTHING, not_a_number=float("nan"))[0]
    return pa.table({name: _decode(row.pop(name), kind) for name, (_, kind) in facts.columns.items()})


def _never_null(expression: str, kind: Kind) -> str:
    match kind:
        case "id":
            return expression
        case "text":
            return f"coalesce({expression}, $nothing)"
        case "time":
            return f"coalesce(toString({expression}), 'NaT')"
        case "real":
            return f"coalesce({expression}, $not_a_number)"


def _decode(values: list[Any], kind: Kind) -> Cells:
    match kind:
        case "id":
            return pa.array(values, pa.int64())
        case "text":
            text = pa.array(values, pa.string())
            return blank_where(equals(text, _NOTHING), text)
        case "time":
            return pa.array(np.array(values, dtype="datetime64[us]"), pa.timestamp("us"))
        case "real":
            return pa.array(np.array(values, dtype=np.float64), pa.float64(), from_pandas=True)
