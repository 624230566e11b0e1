"""What can be said of a graph on a server: what is there, not whether it is what was written."""

from __future__ import annotations

from graph.stores.checks import TableCheck, Verification
from graph.stores.location import Server
from graph.stores.server.store import ServerStore
from graph.stores.shape import NODES, RELATIONSHIPS, VECTOR


def verify_server(server: Server) -> Verification:
    """Count every label and every kind of relationship.

    No checksums are kept on a server, whose files are its own: what it says of itself, Neo4j's own tools check.
    """
    with ServerStore(server) as store:
        labels = {label: f"MATCH (n:{label})" for label in (*NODES, VECTOR.label)}
        kinds = {kind: f"MATCH ()-[n:{kind}]->()" for kind in RELATIONSHIPS}
        counts = {
            name: store.query(f"{match} RETURN count(n) AS rows")[0]["rows"] for name, match in (labels | kinds).items()
        }
    return Verification(
        store.location, None, tuple(TableCheck(name, rows, "not recorded") for name, rows in counts.items())
    )
