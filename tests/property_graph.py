"""A full dump of a property graph, through Cypher alone, and the backends that it is compared on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import neo4j
import pytest
from neo4j_server import ServerAddress

from graph.stores.location import Server
from graph.stores.protocol import GraphStore

NODES = {
    "Account": "account_id created_at role segment status attributes risk_score tier",
    "Identifier": "identifier_key kind value canonical",
    "Listing": "product_id listed_at price",
    "Review": "review_id rating reviewed_at text suspicion tier",
    "Shop": "shop_id",
    "Label": "label",
    "Run": "run_id sequence started_at finished_at version settings snapshot_digest as_of accounts rings flags notes",
    "Ring": "ring_key ring_id run_id rank kind score tier size net_bits charge_bits action",
    "Evidence": "evidence_key channel bits observed expected sentence",
    "Reading": "reading_key name bits won sentence",
    "Flag": "flag_key run_id subject subject_id score tier reasons action",
    "Schema": "name version",
}


RELATIONSHIPS = {
    ("Account", "USES", "Identifier"): "role seen_at",
    ("Account", "ORDERED", "Account"): "order_id product_id amount currency ordered_at status",
    ("Account", "ORDERED", "Shop"): "order_id product_id amount currency ordered_at status",
    ("Account", "LISTED", "Listing"): "",
    ("Account", "WROTE", "Review"): "",
    ("Review", "ABOUT", "Listing"): "",
    ("Review", "ABOUT", "Account"): "",
    ("Account", "REFERRED", "Account"): "",
    ("Account", "LABELLED", "Label"): "decided_at source",
    ("Run", "FOUND", "Ring"): "",
    ("Account", "MEMBER_OF", "Ring"): "role bits",
    ("Ring", "INVOLVES", "Account"): "role sentence",
    ("Account", "LINKED", "Account"): "ring_key channel bits via",
    ("Ring", "SHOWS", "Evidence"): "",
    ("Ring", "HEARD", "Reading"): "",
    ("Run", "RAISED", "Flag"): "",
    ("Flag", "ON", "Account"): "",
    ("Flag", "ON", "Review"): "",
    ("Flag", "CITES", "Ring"): "",
}
"""The shape of docs/graph-model.md; the first property of a node is its key."""


Dump = dict[str, list[tuple[Any, ...]]]


def dump_graph(store: GraphStore, *, without: Iterable[str] = ()) -> Dump:
    """Every node and relationship, sorted; ``without`` the properties of these names."""
    found: Dump = {}
    for label, words in NODES.items():
        names = [name for name in words.split() if name not in without]
        wanted = ", ".join(f"n.{name} AS {name}" for name in names)
        found[label] = _sort(store.query(f"MATCH (n:{label}) RETURN {wanted}"))
    for (source, kind, target), words in RELATIONSHIPS.items():
        ends = f"a.{NODES[source].split()[0]} AS from_key, b.{NODES[target].split()[0]} AS to_key"
        wanted = "".join(f", r.{name} AS {name}" for name in words.split() if name not in without)
        rows = store.query(f"MATCH (a:{source})-[r:`{kind}`]->(b:{target}) RETURN {ends}{wanted}")
        found[f"{source}-{kind}-{target}"] = _sort(rows)
    return found


def _sort(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in rows), key=repr)


Open = Callable[..., GraphStore]


BACKENDS = ("embedded", pytest.param("server", marks=pytest.mark.server))


def as_server(address: ServerAddress) -> Server:
    return Server(address.uri, address.username, address.password)


def empty_quickly(address: ServerAddress) -> None:
    """Delete every node, but leave keys and indexes: the next test needs the same ones."""
    with neo4j.GraphDatabase.driver(address.uri, auth=(address.username, address.password)) as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")
