"""The tables of the embedded store, which version of them a store has, and how an older one becomes the latest.

Tables follow from :mod:`graph.stores.shape`.  A later version of it only adds properties and labels, so that an older
store is brought up to date by adding columns and tables that hold nothing; until a writer does that, a reader is given
nothing for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from graph.errors import QueryError, StoreVersionError
from graph.stores.shape import (
    NODES,
    RELATIONSHIPS,
    VERSION,
    Node,
    Property,
    Relationship,
    Type,
    find_later,
    find_new_labels,
    find_new_relationships,
)

SCHEMA_VERSION = VERSION

_TYPES: Mapping[Type, str] = {
    "text": "STRING",
    "real": "DOUBLE",
    "count": "INT64",
    "time": "TIMESTAMP",
    "truth": "BOOL",
    "texts": "STRING[]",
}

_READ_VERSION = "MATCH (s:Schema {name: 'ringfence'}) RETURN s.version AS version"
_UNKNOWN_PROPERTY = re.compile(r"Cannot find property (\w+) for (\w+)\.")
_UNKNOWN_TABLE = re.compile(r"Table (\w+) does not exist")
_QUOTED = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`"


def _create_node_table(node: Node) -> str:
    key, *others = (_say_column(name, held) for name, held in node.properties.items())
    return f"CREATE NODE TABLE `{node.label}`({', '.join([f'{key} PRIMARY KEY', *others])})"


def _create_relationship_table(each: Relationship) -> str:
    ends = [f"FROM {source} TO {target}" for source, target in each.ends]
    columns = [_say_column(name, held) for name, held in each.properties.items()]
    return f"CREATE REL TABLE `{each.kind}`({', '.join([*ends, *columns])})"


def _say_column(name: str, held: Property) -> str:
    return f"{name} {_TYPES[held.type]}"


SCHEMA = (
    *(_create_node_table(each) for each in NODES.values()),
    *(_create_relationship_table(each) for each in RELATIONSHIPS.values()),
    f"CREATE (:Schema {{name: 'ringfence', version: {SCHEMA_VERSION}}})",
)
"""What makes an empty store."""


def list_migrations(version: int) -> list[str]:
    """What makes the latest version out of a store of another; nothing where it is the latest."""
    if version == SCHEMA_VERSION:
        return []
    later = [(held, table, name) for table, new in find_later(version).items() for name, held in new.items()]
    later.sort(key=lambda each: each[0].since)
    made = [_create_node_table(node) for node in find_new_labels(version)]
    made += [_create_relationship_table(each) for each in find_new_relationships(version)]
    added = [f"ALTER TABLE `{table}` ADD {_say_column(name, held)}" for held, table, name in later]
    return [*made, *added, f"MATCH (s:Schema {{name: 'ringfence'}}) SET s.version = {SCHEMA_VERSION}"]


def find_version(ask: Callable[[str], list[dict[str, Any]]], location: str, file: str) -> int:
    """Which version a store has.

    Parameters
    ----------
    ask
        Asks the store a query.
    location, file
        What to call the store, and its file, in an error.

    Raises
    ------
    StoreVersionError
        If Ringfence did not write it, or a newer one did.
    """
    try:
        version = int(ask(_READ_VERSION)[0]["version"])
    except (QueryError, IndexError):
        raise StoreVersionError(f"{file} is a LadybugDB database, but none that Ringfence wrote") from None
    return require_known(version, location)


def require_known(version: int, location: str) -> int:
    """A version that a store says it has, if this Ringfence reads it; :class:`StoreVersionError` otherwise."""
    if version > SCHEMA_VERSION:
        raise StoreVersionError(
            f"{location} was written by a newer Ringfence (schema {version}; this one reads up to"
            f" {SCHEMA_VERSION}); upgrade Ringfence"
        )
    return version


def find_lacking(version: int) -> dict[str, str]:
    """The properties that an older store has not got, each with its type."""
    return {name: _TYPES[held.type] for later in find_later(version).values() for name, held in later.items()}


def leave_blank(cypher: str, message: str, lacking: Mapping[str, str]) -> str | None:
    """The query with nothing in place of a property that an older store has not got.

    LadybugDB refuses a query that names a property of which no table has a column. Only a query that failed for
    that is changed: whatever a store can answer, it answers as it was asked.

    Parameters
    ----------
    cypher, message
        The query, and what LadybugDB said to it.
    lacking
        The properties that the store lacks, each with its type.

    Returns
    -------
    str or None
        None if it failed for something else.

    >>> leave_blank("MATCH (f:Flag) RETURN f.odds, 'f.odds'", "Cannot find property odds for f.", {"odds": "DOUBLE"})
    "MATCH (f:Flag) RETURN CAST(NULL AS DOUBLE), 'f.odds'"
    """
    found = _UNKNOWN_PROPERTY.search(message)
    if found is None or found[1] not in lacking:
        return None
    name, variable = found.groups()
    wanted = re.compile(rf"{_QUOTED}|\b({variable}\.{name})\b")
    blank = f"CAST(NULL AS {lacking[name]})"
    changed = wanted.sub(lambda each: blank if each[1] else each[0], cypher)
    return changed if changed != cypher else None


def asks_for_later_label(message: str) -> bool:
    """Whether a query failed only because an older store has not got a label yet, and so no node of it."""
    found = _UNKNOWN_TABLE.search(message)
    later = {node.label for node in find_new_labels(1)} | {each.kind for each in find_new_relationships(1)}
    return found is not None and found[1] in later


FORGET_RUN = (
    "MATCH (:Account)-[l:LINKED]->(:Account) WHERE l.ring_key STARTS WITH $prefix DELETE l",
    "MATCH (e:Evidence) WHERE e.evidence_key STARTS WITH $prefix DETACH DELETE e",
    "MATCH (h:Reading) WHERE h.reading_key STARTS WITH $prefix DETACH DELETE h",
    "MATCH (f:Flag) WHERE f.flag_key STARTS WITH $prefix DETACH DELETE f",
    "MATCH (g:Ring) WHERE g.ring_key STARTS WITH $prefix DETACH DELETE g",
    "MATCH (u:Run) WHERE u.run_id + '/' = $prefix DETACH DELETE u",
)
"""What deletes a run; ``prefix`` is its id and a slash."""
