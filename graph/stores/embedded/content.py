"""What the tables of a graph say, as checksums: equal rows in equal places give equal ones.

A table is described stretch by stretch, by the places of its nodes, or of the nodes that its relationships lead from.
LadybugDB finds those without reading the rest, so that of a graph to which little was written little is read back.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import ladybug
import numpy as np
import pyarrow as pa

from graph.arrow import read_texts
from graph.errors import StoreError
from graph.model import Ints
from graph.stores.digests import digest_column
from graph.stores.embedded.database import ask_arrow
from graph.stores.embedded.manifest import Stretch, TableContent
from graph.stores.shape import FACTS, NODES, RELATIONSHIPS, VECTOR, list_found

STRETCH_BITS = 14
"""A stretch is 16,384 places: a tenth of a second to read, and some 60 kB of checksums for four million rows."""

MOST_WAITING_BYTES = 1 << 28
"""Of parts that were read and are not described yet."""

Stretches = Mapping[str, Mapping[int, Stretch]]
"""By the name of a part, and by number."""


@dataclass(frozen=True)
class Part:
    """A table's rows by stretch, in the order in which they came; of relationships those that lead to ``target``."""

    table: str
    target: str
    rows: pa.Table

    @property
    def name(self) -> str:
        """Of a table, or of its relationships to one label."""
        return name_part(self.table, self.target)

    @property
    def near(self) -> Ints:
        """The place of each node, or of the node that each relationship leads from."""
        return _read_places(self.rows, "from" if self.target else "at")


Watch = Callable[[Part], None]


def watch_nothing(_: Part) -> None:
    """Let a table pass."""


def name_part(table: str, target: str) -> str:
    """What a part is called where it is described."""
    return f"{table} {target}" if target else table


def list_names(table: str) -> list[str]:
    """What the parts of a table are called."""
    return [name_part(table, target) for target in list_targets(table)]


def list_tables(connection: ladybug.Connection) -> list[str]:
    """The tables of a graph that can be described: all of the shape, and vectors where there are some."""
    there = set(ask_arrow(connection, "CALL show_tables() RETURN name")["name"].to_pylist())
    return [name for name in _list_all() if name in there]


def describe_table(connection: ladybug.Connection, table: str, watch: Watch = watch_nothing) -> Stretches:
    """One table's content; each part is watched."""
    found = {}
    for target in list_targets(table):
        part = read_part(connection, table, target)
        watch(part)
        found[part.name] = describe_part(part)
    return found


def describe_graph(connection: ladybug.Connection, watch: Watch = watch_nothing) -> Stretches:
    """Every table's content; what is read is also shown to ``watch``."""
    return _describe_tables(connection, list_tables(connection), watch)


def describe_found(connection: ladybug.Connection, before: Stretches) -> Stretches:
    """What a graph holds that was described ``before`` a run was written to it.

    Tables that no run writes to are only counted, which takes no time; where rows have come or gone they are read too.
    """
    tables = list_tables(connection)
    kept = [
        table
        for table in tables
        if table in FACTS
        and not list_found(table)
        and all(_has_as_many(connection, table, target, before) for target in list_targets(table))
    ]
    names = [name for table in kept for name in list_names(table)]
    found = _describe_tables(connection, [table for table in tables if table not in kept], watch_nothing)
    return {**{name: before[name] for name in names}, **found}


def _has_as_many(connection: ladybug.Connection, table: str, target: str, before: Stretches) -> bool:
    counted = ask_arrow(connection, f"MATCH {_match(table, target)} RETURN count(*) AS n")["n"][0].as_py()
    known = before.get(name_part(table, target))
    return known is not None and counted == sum(each.rows for each in known.values())


def _describe_tables(connection: ladybug.Connection, tables: Sequence[str], watch: Watch) -> Stretches:
    """What was read is named and described while more is read: either is work of one core.

    To name identifiers, or orders, takes longer than to read what comes after them.  So several parts may wait for it.
    """
    found: dict[str, Mapping[int, Stretch]] = {}

    def take(part: Part) -> None:
        watch(part)
        found[part.name] = describe_part(part)

    with ThreadPoolExecutor(1) as pool:
        waiting: deque[tuple[int, Future[None]]] = deque()

        def hand_over(part: Part) -> None:
            n_bytes = part.rows.nbytes
            while waiting and sum(each for each, _ in waiting) + n_bytes > MOST_WAITING_BYTES:
                waiting.popleft()[1].result()
            waiting.append((n_bytes, pool.submit(take, part)))

        try:
            for table in sorted(tables, key=_TO_READ.index):
                for target in list_targets(table):
                    while waiting and waiting[0][1].done():
                        waiting.popleft()[1].result()
                    hand_over(read_part(connection, table, target))  # and hold it no longer than it is looked at
            while waiting:
                waiting.popleft()[1].result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {name: found[name] for table in tables for name in list_names(table)}


def describe_part(part: Part) -> dict[int, Stretch]:
    """The checksums of rows (N,), by stretch."""
    number, rows = number_places(part.near), part.rows
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    ends = np.append(starts, len(number))[1:]
    found = list_found(part.table)
    return {
        int(number[start]): _digest_rows(rows.slice(start, end - start), found)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    }


def number_places(places: Ints) -> Ints:
    """The stretch (N,) in which each place (N,) lies."""
    return places >> STRETCH_BITS


def sum_up(stretches: Stretches) -> tuple[dict[str, TableContent], str]:
    """What each table holds, and a checksum of all facts."""
    tables, facts = {}, hashlib.sha256()
    for table in _list_all():
        names = [name for name in list_names(table) if name in stretches]
        if names:
            parts = [(name, stretches[name]) for name in names]
            rows = sum(each.rows for _, part in parts for each in part.values())
            tables[table] = TableContent(rows=rows, sha256=_digest_lines(parts, lambda each: each.sha256))
        if names and table in FACTS:
            facts.update(f"{table} {_digest_lines(parts, lambda each: each.facts)}\n".encode())
    return tables, facts.hexdigest()


def list_targets(table: str) -> Sequence[str]:
    """The labels that the relationships of a table lead to; of nodes none, which is one part too."""
    return [target for _, target in RELATIONSHIPS[table].ends] if table in RELATIONSHIPS else [""]


def read_part(connection: ladybug.Connection, table: str, target: str, *, within: range | None = None) -> Part:
    """A table's rows; only those of some stretches where ``within`` says so."""
    ends = ", offset(id(a)) AS `from`, offset(id(b)) AS `to`" if target else ""
    near = "a" if target else "n"
    where = "" if within is None else _say_within(near, within)
    question = f"MATCH {_match(table, target)}{where} RETURN offset(id(n)) AS `at`{ends}, n.*"
    return Part(table, target, _ask_in_order(connection, question, "from" if target else "at"))


def _say_within(near: str, within: range) -> str:
    low, high = within.start << STRETCH_BITS, within.stop << STRETCH_BITS
    return f" WHERE offset(id({near})) >= {low} AND offset(id({near})) < {high}"


def read_few_nodes(connection: ladybug.Connection, label: str, within: range) -> Part:
    """The nodes of some stretches, of many: LadybugDB reads all of a column to give a stretch of it.

    So that is done with their keys alone, and the rest is asked for by those.
    """
    key = NODES[label].key
    places = f"MATCH (n:`{label}`){_say_within('n', within)} RETURN offset(id(n)) AS `at`, n.{key} AS the_key"
    named = _ask_in_order(connection, places, "at")
    question = f"UNWIND $ids AS given MATCH (n:`{label}`) WHERE n.{key} = given RETURN offset(id(n)) AS `at`, n.*"
    rows = _ask_in_order(connection, question, "at", {"ids": read_texts(named["the_key"])})
    if not np.array_equal(_read_places(rows, "at"), _read_places(named, "at")):
        raise StoreError(f"{label}: what is found by its key is not what lies in the graph; load into a new store")
    return Part(label, "", rows)


def _match(table: str, target: str) -> str:
    """A pattern of all rows ``n`` of a table; of relationships of those from ``a`` to ``b``, which is a target."""
    if not target:
        return f"(n:`{table}`)"
    source = next(near for near, far in RELATIONSHIPS[table].ends if far == target)
    return f"(a:`{source}`)-[n:`{table}`]->(b:`{target}`)"


def _list_all() -> Iterator[str]:
    yield from (*NODES, VECTOR.label, *RELATIONSHIPS)


_TO_READ = sorted(_list_all(), key=lambda table: (table in RELATIONSHIPS, table != "ORDERED"))
"""Of relationships orders first: they are named, which takes longer than to read them, and none after them is."""


def _digest_rows(rows: pa.Table, found: frozenset[str]) -> Stretch:
    everything, facts = hashlib.sha256(), hashlib.sha256()
    for name in rows.column_names:
        column = name.encode() + digest_column(rows[name])
        everything.update(column)
        if name not in found:
            facts.update(column)
    return Stretch(rows.num_rows, everything.hexdigest(), facts.hexdigest())


def _digest_lines(parts: Iterable[tuple[str, Mapping[int, Stretch]]], choose: Callable[[Stretch], str]) -> str:
    digest = hashlib.sha256()
    for name, part in parts:
        for number in sorted(part):
            digest.update(f"{name} {number} {choose(part[number])}\n".encode())
    return digest.hexdigest()


def _ask_in_order(
    connection: ladybug.Connection, question: str, near: str, parameters: Mapping[str, Any] | None = None
) -> pa.Table:
    rows = ask_arrow(connection, question, parameters)
    rows = rows.rename_columns([name.removeprefix("n.") for name in rows.column_names])
    came, number = _read_places(rows, "at"), number_places(_read_places(rows, near))
    steps = np.diff(number)
    # LadybugDB reads on several threads, and each hands over its part when it is done.
    if ((steps > 0) | ((steps == 0) & (np.diff(came) > 0))).all():
        return rows
    return rows.take(np.lexsort((came, number)))


def _read_places(rows: pa.Table, name: str) -> Ints:
    places: Ints = rows[name].to_numpy().astype(np.int64)
    return places
