"""What the tables of a graph say, as checksums: equal rows in equal places give equal ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import ladybug
import numpy as np
import pyarrow as pa

from graph.model import Ints
from graph.stores.digests import digest_column
from graph.stores.embedded.database import ask_arrow
from graph.stores.embedded.manifest import TableContent
from graph.stores.shape import FACTS, NODES, RELATIONSHIPS, VECTOR, list_found


@dataclass(frozen=True)
class Part:
    """A table's rows in the order in which they lie; of relationships those that lead to ``target``."""

    table: str
    target: str
    rows: pa.Table


Watch = Callable[[Part], None]


def watch_nothing(_: Part) -> None:
    """Let a table pass."""


def list_tables(connection: ladybug.Connection) -> list[str]:
    """The tables of a graph that can be described: all of the shape, and vectors where there are some."""
    there = set(ask_arrow(connection, "CALL show_tables() RETURN name")["name"].to_pylist())
    return [name for name in (*NODES, VECTOR.label, *RELATIONSHIPS) if name in there]


def describe_table(
    connection: ladybug.Connection, table: str, watch: Watch = watch_nothing
) -> Mapping[str, TableContent]:
    """One table's content as ``all``, and as ``facts`` that of its columns that were loaded; each part is watched."""
    digests: dict[str, hashlib._Hash] = {"all": hashlib.sha256(), "facts": hashlib.sha256()}
    rows, found = 0, list_found(table)
    for part in _read_parts(connection, table):
        watch(part)
        rows += part.rows.num_rows
        for name in part.rows.column_names:
            column = digest_column(part.rows[name])
            digests["all"].update(name.encode() + column)
            if name not in found:
                digests["facts"].update(name.encode() + column)
    return {name: TableContent(rows=rows, sha256=each.hexdigest()) for name, each in digests.items()}


def describe_graph(connection: ladybug.Connection, watch: Watch = watch_nothing) -> tuple[dict[str, TableContent], str]:
    """Every table's content, and a checksum of all facts; what is read is also shown to ``watch``."""
    tables, facts = {}, hashlib.sha256()
    for table in list_tables(connection):
        content = describe_table(connection, table, watch)
        tables[table] = content["all"]
        if table in FACTS:
            facts.update(f"{table} {content['facts'].sha256}\n".encode())
    return tables, facts.hexdigest()


def _read_parts(connection: ladybug.Connection, table: str) -> Iterator[Part]:
    """A table's rows, for each pair of ends by itself where they are relationships."""
    if table not in RELATIONSHIPS:
        yield Part(table, "", _read_in_order(connection, f"MATCH (n:`{table}`) RETURN offset(id(n)) AS `at`"))
        return
    for source, target in RELATIONSHIPS[table].ends:
        ends = "offset(id(n)) AS `at`, offset(id(a)) AS `from`, offset(id(b)) AS `to`"
        way = f"(a:`{source}`)-[n:`{table}`]->(b:`{target}`)"
        yield Part(table, target, _read_in_order(connection, f"MATCH {way} RETURN {ends}"))


def _read_in_order(connection: ladybug.Connection, question: str) -> pa.Table:
    rows = ask_arrow(connection, f"{question}, n.*")
    rows = rows.rename_columns([name.removeprefix("n.") for name in rows.column_names])
    places: Ints = rows["at"].to_numpy().astype(np.int64)
    # LadybugDB reads on several threads, and each hands over its part when it is done.
    return rows if (np.diff(places) > 0).all() else rows.take(np.argsort(places, kind="stable"))
