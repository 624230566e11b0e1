"""A full dump of a property graph, through Cypher alone, the backends that it is compared on, and tables to load."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import neo4j
import pytest
from neo4j_server import ServerAddress

from graph.stores.location import Server
from graph.stores.protocol import GraphStore, LoadReport
from graph.stores.shape import NODES, RELATIONSHIPS

Rows = Sequence[Mapping[str, object]]
Tables = Mapping[str, Rows]
Dump = dict[str, list[tuple[Any, ...]]]


def dump_graph(store: GraphStore, *, without: Iterable[str] = ()) -> Dump:
    """Every node and relationship, sorted; ``without`` the properties of these names."""
    found: Dump = {}
    for label, node in NODES.items():
        names = [name for name in node.properties if name not in without]
        wanted = ", ".join(f"n.{name} AS {name}" for name in names)
        found[label] = _sort(store.query(f"MATCH (n:{label}) RETURN {wanted}"))
    for kind, relationship in RELATIONSHIPS.items():
        wanted = "".join(f", r.{name} AS {name}" for name in relationship.properties if name not in without)
        for source, target in relationship.ends:
            ends = f"a.{NODES[source].key} AS from_key, b.{NODES[target].key} AS to_key"
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


def write_folder(folder: Path, tables: Tables) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            columns = dict.fromkeys(name for row in rows for name in row)
            writer = csv.DictWriter(file, list(columns), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def by_table(report: LoadReport) -> dict[str, tuple[int, int, int, int, int]]:
    """Of each table how many rows were read, added, changed, unchanged and rejected."""
    return {each.name: (each.read, each.added, each.changed, each.unchanged, each.rejected) for each in report.tables}
