"""Checksums of what was loaded into a server, kept with the number of loads, so that changes by others are noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from graph.stores.digests import digest_column
from graph.stores.server.bolt import Bolt, Transaction
from graph.stores.server.read import Column, Facts, Kind, read_facts
from graph.stores.shape import FACTS, NODES, Node, Property, Relationship, Type

_KINDS: Mapping[Type, Kind] = {"text": "text", "real": "real", "time": "time"}
_READ = (
    "MATCH (s:Schema {name: 'ringfence'})"
    " RETURN s.contents AS contents, coalesce(s.contents_loads, 0) = coalesce(s.loads, 0) AS is_last"
)
_KEEP = "MATCH (s:Schema {name: 'ringfence'}) SET s.contents = $contents, s.contents_loads = coalesce(s.loads, 0)"


@dataclass(frozen=True)
class Content:
    """How many rows a table of facts has, and the SHA-256 of them in the order of what they say."""

    rows: int
    sha256: str


def read_contents(bolt: Bolt) -> dict[str, Content]:
    """Read every fact, and describe each label and kind of relationship."""
    wanted = {f"{name} {number}": each for name, part in FACTS.items() for number, each in enumerate(_say_facts(part))}
    tables = read_facts(bolt, wanted)
    return {name: _describe([table for part, table in tables.items() if part.split()[0] == name]) for name in FACTS}


def read_kept(bolt: Bolt) -> dict[str, Content] | None:
    """What was kept at the end of the last load; None where nothing was."""
    rows = bolt.ask(_READ)
    if not rows or not rows[0]["contents"] or not rows[0]["is_last"]:
        return None
    return {name: Content(*each) for name, each in json.loads(rows[0]["contents"]).items()}


def keep(transaction: Transaction, contents: Mapping[str, Content]) -> None:
    """Keep what the facts are now, as of the last load."""
    told = json.dumps({name: [each.rows, each.sha256] for name, each in contents.items()})
    transaction.run(_KEEP, {"contents": told}).consume()


def _say_facts(part: Node | Relationship) -> list[Facts]:
    """What to read of a label, or of a kind of relationship between each pair of labels."""
    columns = {name: _say_column("n", name, each) for name, each in part.properties.items() if not each.found}
    if isinstance(part, Node):
        return [Facts(f"MATCH (n:{part.label})", "n", columns)]
    return [
        Facts(f"MATCH (a:{source})-[n:{part.kind}]->(b:{target})", "n", _say_ends(source, target) | columns)
        for source, target in part.ends
    ]


def _say_ends(source: str, target: str) -> dict[str, Column]:
    return {
        "from_key": (f"a.{NODES[source].key}", "text"),
        "to_key": (f"b.{NODES[target].key}", "text"),
    }


def _say_column(variable: str, name: str, held: Property) -> Column:
    return (f"{variable}.{name}", _KINDS[held.type])


def _describe(tables: list[pa.Table]) -> Content:
    digest, rows = hashlib.sha256(), 0
    for table in tables:
        # A server says in no order what it holds, and in another one after it was restarted.
        ordered = table.sort_by([(name, "ascending") for name in table.column_names])
        rows += ordered.num_rows
        for name in ordered.column_names:
            digest.update(name.encode() + digest_column(ordered[name]))
    return Content(rows, digest.hexdigest())
