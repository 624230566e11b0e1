"""Work on a Neo4j server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from neo4j_server import Neo4jServer
from property_graph import Dump

from graph.contract.tables import read_folder
from graph.open import open_store
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.snapshots import digest_snapshot

Dumper = Callable[..., Dump]


def at(process: Neo4jServer, scheme: str, *, host: str = "localhost", ca_file: Path | None = None) -> Server:
    """The server by another scheme or name."""
    uri = f"{scheme}://{host}:{process.port}"
    return Server(uri, process.username, process.password, ca_file=None if ca_file is None else str(ca_file))


def load(server: Server, market: Path, **options: Any) -> None:
    with open_store(server, mode="write") as store:
        store.load(read_folder(market, Settings()), **options)


def describe(server: Server, dump: Dumper, *, without: tuple[str, ...] = ()) -> tuple[Dump, str]:
    with open_store(server) as store:
        return dump(store, without=without), digest_snapshot(store.snapshot())
