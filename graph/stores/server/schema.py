"""What the property graph looks like in Neo4j: labels, keys, indexes, and how an older one becomes it.

Labels, relationships and their keys follow from :mod:`graph.stores.shape`.  A few nodes besides are Ringfence's own
housekeeping: ``Load`` (a load that is not finished), ``Writer`` and ``Slot`` (who writes), ``FormerVerdicts`` (for the
way back).  ``CaseEvent`` and ``MeasureEvent`` are books of events, see :mod:`graph.stores.server.casebook`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from graph import errors
from graph.stores.server.bolt import Bolt
from graph.stores.shape import NODES, RELATIONSHIPS, VECTOR, VERSION, find_new_labels

SCHEMA_VERSION = VERSION

NODE_KEYS: Mapping[str, str] = {
    **{each.label: each.key for each in (*NODES.values(), VECTOR)},
    "Load": "name",
    "Writer": "name",
    "Slot": "number",
    "CaseEvent": "event_id",
    "MeasureEvent": "event_id",
}
_RELATIONSHIP_KEYS = [
    (each.kind, name) for each in RELATIONSHIPS.values() for name, held in each.properties.items() if held.unique
]

_INDEXES = (
    ("identifier_canonical", "(n:Identifier)", "n.canonical"),
    ("run_sequence", "(n:Run)", "n.sequence"),
    ("ring_id", "(n:Ring)", "n.ring_id"),
    ("ring_run", "(n:Ring)", "n.run_id"),
    ("linked_ring", "()-[n:LINKED]-()", "n.ring_key"),
)

KEYS = {
    **{f"{label.lower()}_key": (f"(n:{label})", f"n.{key}") for label, key in NODE_KEYS.items()},
    **{f"{key.removesuffix('_id')}_key": (f"()-[n:{kind}]-()", f"n.{key}") for kind, key in _RELATIONSHIP_KEYS},
}
"""The name of each uniqueness constraint, what it is for, and its property."""

_KEYS_AND_INDEXES = (
    *(
        f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR {pattern} REQUIRE {what} IS UNIQUE"
        for name, (pattern, what) in KEYS.items()
    ),
    *(f"CREATE INDEX {name} IF NOT EXISTS FOR {pattern} ON ({what})" for name, pattern, what in _INDEXES),
)

_SINCE = {
    **{f"(n:{node.label})": node.properties[node.key].since for node in find_new_labels(1)},
    **{
        f"()-[n:{each.kind}]-()": held.since
        for each in RELATIONSHIPS.values()
        for held in each.properties.values()
        if held.unique
    },
}
"""Since which version there is what a key is of, where it is not of the first."""
_KEYS_OF_NEW_LABELS = {
    version: tuple(each for of, since in _SINCE.items() if since == version for each in _KEYS_AND_INDEXES if of in each)
    for version in range(2, VERSION + 1)
}

MIGRATIONS: Mapping[int, tuple[str, ...]] = {1: _KEYS_AND_INDEXES, **_KEYS_OF_NEW_LABELS}
"""What brings a graph of the version before to each version; every statement may be run twice.

A node takes any property, so a version that only adds some needs no statement, and one that adds a label, or a kind of
relationship with a key, needs that key.
"""

_READ_VERSION = "MATCH (s:Schema {name: 'ringfence'}) RETURN s.version AS version"
_WRITE_VERSION = "MERGE (s:Schema {name: 'ringfence'}) SET s.version = $version"
_FIND_FOREIGN = "MATCH (n) WHERE NOT n:Schema AND NOT n:Writer AND NOT n:Slot AND NOT n:Load RETURN labels(n) LIMIT 1"

_FIND_ORPHANS = (
    "SHOW INDEXES YIELD name, owningConstraint, state"
    " WHERE owningConstraint IS NULL AND (name IN $keys OR (name IN $indexes AND state = 'FAILED')) RETURN name"
)

_KIND = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MOST_KIND_LABELS = 50


def read_version(bolt: Bolt) -> int | None:
    """The version of the graph's shape; None where there is none yet.

    Raises
    ------
    StoreVersionError
        If a newer Ringfence wrote it.
    """
    rows = bolt.ask(_READ_VERSION)
    version = None if not rows else int(rows[0]["version"] or 0)
    if version is not None and version > SCHEMA_VERSION:
        raise errors.StoreVersionError(
            f"{bolt.server} was written by a newer Ringfence (schema {version}; this one reads up to"
            f" {SCHEMA_VERSION}); upgrade Ringfence"
        )
    return version


def require_schema(bolt: Bolt) -> None:
    """Make sure that a graph can be read as it is.

    Where an older Ringfence wrote it, the properties and labels that were added since are not there: that hinders no
    reader.

    Raises
    ------
    StoreError
        If nothing was loaded yet, or an older Ringfence wrote a graph that has to be changed first.
    """
    version = read_version(bolt)
    if version is None:
        raise errors.StoreNotFoundError(f"no store at {bolt.server}; make one with `ringfence load FOLDER`")
    steps = range(version + 1, SCHEMA_VERSION + 1)
    if any(MIGRATIONS[step] for step in steps if MIGRATIONS[step] != _KEYS_OF_NEW_LABELS.get(step)):
        raise errors.StoreVersionError(
            f"{bolt.server} was written by an older Ringfence (schema {version}); `ringfence load` brings it up to date"
        )


def prepare_schema(bolt: Bolt) -> None:
    """Create keys and indexes, or bring those of an older version up to date, one version after the other.

    Raises
    ------
    StoreError
        If the database holds something else, or a newer Ringfence wrote it.
    """
    version = read_version(bolt)
    if version is None:
        # Without a version it is either empty or somebody else's.
        _refuse_foreign(bolt)
    if (version or 0) < SCHEMA_VERSION:
        _drop_orphans(bolt)
    for step in range((version or 0) + 1, SCHEMA_VERSION + 1):
        for statement in MIGRATIONS[step]:
            _make(bolt, statement)
        bolt.ask("CALL db.awaitIndexes(600)")
        # Last: whoever is killed before runs the step again, which does no harm.
        bolt.ask(_WRITE_VERSION, writing=True, version=step)


def _make(bolt: Bolt, statement: str) -> None:
    """Make a key or an index, also where another first writer is just making the same one."""
    try:
        bolt.ask(statement, writing=True)
    except errors.StoreUnreachableError:
        raise
    except errors.StoreError:  # it was not there yet when Neo4j looked, and was when it wrote
        bolt.ask(statement, writing=True)


def _drop_orphans(bolt: Bolt) -> None:
    """Drop indexes of keys that are not there.

    Neo4j makes a constraint's index before the constraint.  A server that is killed in between keeps an index that
    has the constraint's name, and is in its way for ever.
    """
    # An index whose constraint another writer is just making cannot be dropped.  Whatever else goes wrong here, the
    # statement that makes the key says so.
    with suppress(errors.StoreError):
        for row in bolt.ask(_FIND_ORPHANS, keys=list(KEYS), indexes=[name for name, _, _ in _INDEXES]):
            bolt.ask(f"DROP INDEX {row['name']} IF EXISTS", writing=True)


def _refuse_foreign(bolt: Bolt) -> None:
    if bolt.ask(_FIND_FOREIGN):
        raise errors.StoreVersionError(
            f"{bolt.server} holds a graph that Ringfence did not write; give Ringfence a database of its own"
            " (NEO4J_DATABASE)"
        )


def name_kind_labels(kinds: Iterable[str]) -> dict[str, str]:
    """The label that each kind of identifier carries besides ``Identifier``, where a kind makes a decent one.

    Labels cannot be parameters, so only plain words become labels; a kind that would take the name
    of another label gets none, and neither does any but the first fifty.

    >>> name_kind_labels(["device", "steam_id", "account", "x`) DETACH DELETE n //"])
    {'device': 'Device', 'steam_id': 'SteamId'}
    """
    names: dict[str, str] = {}
    for kind in sorted(set(kinds)):
        if len(kind) > 60 or not _KIND.fullmatch(kind):
            continue
        label = "".join(part.capitalize() for part in kind.split("_"))
        if label not in NODE_KEYS and len(names) < _MOST_KIND_LABELS:
            names[kind] = label
    return names
