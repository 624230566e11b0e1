"""Whether the facts on a server are those of the last load."""

from __future__ import annotations

from collections.abc import Mapping

from graph.stores.checks import State, TableCheck, Verification, check_casebook, check_measures
from graph.stores.location import Server
from graph.stores.server.bolt import Bolt
from graph.stores.server.content import Content, read_contents, read_kept
from graph.stores.server.store import ServerStore
from graph.stores.shape import FACTS, NODES, RELATIONSHIPS, VECTOR


def verify_server(server: Server) -> Verification:
    """Read all that was loaded, and compare it with what there was at the end of the last load; count the rest.

    What runs found is written by many hands, and its files are the server's own, which Neo4j's tools check.
    """
    with ServerStore(server) as store:
        counts = _count_rest(store)
        books = (*check_casebook(store.casebook), *check_measures(store.measures))
        bolt = Bolt(server)
        try:
            kept, found = read_kept(bolt), read_contents(bolt)
        finally:
            bolt.close()
    checks = {name: TableCheck(name, found[name].rows, _compare(name, found, kept)) for name in FACTS}
    checks |= {name: TableCheck(name, rows, "not recorded") for name, rows in counts.items()}
    order = (*NODES, VECTOR.label, *RELATIONSHIPS)
    return Verification(store.location, None, (*(checks[name] for name in order), *books))


def _count_rest(store: ServerStore) -> dict[str, int]:
    """How many there are of what was not loaded."""
    labels = {label: f"MATCH (n:{label})" for label in (*NODES, VECTOR.label)}
    kinds = {kind: f"MATCH ()-[n:{kind}]->()" for kind in RELATIONSHIPS}
    return {
        name: store.query(f"{match} RETURN count(n) AS rows")[0]["rows"]
        for name, match in (labels | kinds).items()
        if name not in FACTS
    }


def _compare(name: str, found: Mapping[str, Content], kept: Mapping[str, Content] | None) -> State:
    if kept is None or name not in kept:
        return "not recorded"
    return "whole" if kept[name] == found[name] else "changed"
