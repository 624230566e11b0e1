"""What the tables of a graph say, as checksums: equal rows in equal places give equal ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import ladybug
import numpy as np
import pyarrow as pa

from graph.model import Ints
from graph.stores.digests import digest_column
from graph.stores.embedded.database import ask_arrow
from graph.stores.embedded.manifest import TableContent
from graph.stores.shape import FACTS, NODES, RELATIONSHIPS, VECTOR, list_found


def list_tables(connection: ladybug.Connection) -> list[str]:
    """The tables of a graph that can be described: all of the shape, and vectors where there are some."""
    there = set(ask_arrow(connection, "CALL show_tables() RETURN name")["name"].to_pylist())
    return [name for name in (*NODES, VECTOR.label, *RELATIONSHIPS) if name in there]


def describe_table(connection: ladybug.Connection, table: str) -> Mapping[str, TableContent]:
    """One table's content under its name, and under ``facts`` that of its columns that were loaded."""
    digests: dict[str, hashlib._Hash] = {"all": hashlib.sha256(), "facts": hashlib.sha256()}
    rows, found = 0, list_found(table)
    for part in _read_parts(connection, table):
        rows += part.num_rows
        for name in part.column_names:
            column = digest_column(part[name])
            digests["all"].update(name.encode() + column)
            if name not in found:
                digests["facts"].update(name.encode() + column)
    return {name: TableContent(rows=rows, sha256=each.hexdigest()) for name, each in digests.items()}


def describe_graph(connection: ladybug.Connection) -> tuple[dict[str, TableContent], str]:
    """Every table's content, and a checksum of all facts."""
    tables, facts = {}, hashlib.sha256()
    for table in list_tables(connection):
        content = describe_table(connection, table)
        tables[table] = content["all"]
        if table in FACTS:
            facts.update(f"{table} {content['facts'].sha256}\n".encode())
    return tables, facts.hexdigest()


def _read_parts(connection: ladybug.Connection, table: str) -> Iterator[pa.Table]:
    """A table's rows in the order in which they lie, for each pair of ends where they are relationships."""
    if table not in RELATIONSHIPS:
        yield _read_in_order(connection, f"MATCH (n:`{table}`) RETURN offset(id(n)) AS `at`")
        return
    for source, target in RELATIONSHIPS[table].ends:
        ends = "offset(id(n)) AS `at`, offset(id(a)) AS `from`, offset(id(b)) AS `to`"
        yield _read_in_order(connection, f"MATCH (a:`{source}`)-[n:`{table}`]->(b:`{target}`) RETURN {ends}")


def _read_in_order(connection: ladybug.Connection, question: str) -> pa.Table:
    rows = ask_arrow(connection, f"{question}, n.*")
    rows = rows.rename_columns([name.removeprefix("n.") for name in rows.column_names])
    places: Ints = rows["at"].to_numpy().astype(np.int64)
    # LadybugDB reads on several threads, and each hands over its part when it is done.
    return rows if (np.diff(places) > 0).all() else rows.take(np.argsort(places, kind="stable"))
