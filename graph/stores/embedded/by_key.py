"""A few relationships, made one by one between nodes that are found by their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ladybug
import pyarrow as pa

from graph.arrow import read_texts
from graph.errors import StoreError
from graph.stores.embedded.database import ask_arrow
from graph.stores.shape import NODES

if TYPE_CHECKING:
    from graph.arrow import Chunks

THE_NEAR, THE_FAR = "the_near", "the_far"
"""What the columns of the keys are called in the file, where no property is called so."""


def create_relationships(connection: ladybug.Connection, kind: tuple[str, str, str], file: str, rows: pa.Table) -> None:
    """Make relationships of a kind; COPY would write anew what their ends stand in.

    Parameters
    ----------
    connection
        To a draft.
    kind
        What they are called, and the labels from which and to which they lead.
    file
        The rows as a Parquet file, named as a Cypher string.
    rows
        The same rows (N,): the keys of the two ends, and the properties.

    Raises
    ------
    StoreError
        If a node is not there: COPY would say so, where a match finds nothing.
    """
    name, source, target = kind
    ends = (
        f"MATCH (a:{source} {{{NODES[source].key}: {THE_NEAR}}}) MATCH (b:{target} {{{NODES[target].key}: {THE_FAR}}})"
    )
    said = ", ".join(f"{each}: {each}" for each in rows.column_names[2:])
    create = f"LOAD FROM {file} {ends} CREATE (a)-[:`{name}` {{{said}}}]->(b) RETURN count(*) AS n"
    (made,) = ask_arrow(connection, create)["n"].to_pylist()
    if made != rows.num_rows:
        lacking = [
            *_find_lacking(connection, source, rows.column(0)),
            *_find_lacking(connection, target, rows.column(1)),
        ]
        raise StoreError(f"{name} leads from or to what is not there: {', '.join(lacking)}")


def _find_lacking(connection: ladybug.Connection, label: str, keys: Chunks) -> list[str]:
    """Those of some keys that no node of a label has."""
    question = f"UNWIND $ids AS given MATCH (n:{label}) WHERE n.{NODES[label].key} = given RETURN given"
    wanted = set(read_texts(keys))
    return sorted(wanted - set(read_texts(ask_arrow(connection, question, {"ids": sorted(wanted)})["given"])))
