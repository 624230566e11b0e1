"""A whole graph as rows: all nodes and relationships of another store, to be taken in by an empty one.

Runs and what they found come with the facts; vectors, of which a run makes its own, do not.  Knows no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from graph.stores.run_rows import ENDS, Row, RunRows, tabulate
from graph.stores.shape import NODES, RELATIONSHIPS

Query = Callable[[str], list[dict[str, Any]]]
"""Asks the other store."""
_OWN = "Schema"  # every store says of itself which version it has


def read_graph(query: Query) -> RunRows:
    """Every node and relationship of a graph."""
    nodes = {
        label: (_ask(query, f"MATCH (n:{label})", _say("n", node.properties)), node.properties)
        for label, node in NODES.items()
        if label != _OWN
    }
    relationships = {
        (kind, source, target): (_ask_ends(query, (kind, source, target), part.properties), part.properties)
        for kind, part in RELATIONSHIPS.items()
        for source, target in part.ends
    }
    return RunRows(
        nodes={label: tabulate(rows, properties) for label, (rows, properties) in nodes.items() if rows},
        relationships={
            kind: tabulate(rows, {**ENDS, **properties}) for kind, (rows, properties) in relationships.items() if rows
        },
        scores={},
    )


def _ask_ends(query: Query, kind: tuple[str, str, str], names: Iterable[str]) -> list[Row]:
    name, source, target = kind
    ends = [f"a.{NODES[source].key} AS `from`", f"b.{NODES[target].key} AS `to`"]
    return _ask(query, f"MATCH (a:{source})-[r:`{name}`]->(b:{target})", [*ends, *_say("r", names)])


def _say(variable: str, names: Iterable[str]) -> list[str]:
    return [f"{variable}.{name} AS {name}" for name in names]


def _ask(query: Query, match: str, returns: Iterable[str]) -> list[Row]:
    rows = query(f"{match} RETURN {', '.join(returns)}")
    return [{name: _as_plain(value) for name, value in row.items()} for row in rows]


def _as_plain(value: Any) -> Any:
    native = value.to_native() if hasattr(value, "to_native") else value
    if isinstance(native, datetime) and native.tzinfo is not None:
        return native.astimezone(UTC).replace(tzinfo=None)
    return native
