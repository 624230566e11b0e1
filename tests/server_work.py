"""Work on a Neo4j server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from property_graph import Dump

from graph.contract.tables import read_folder
from graph.open import open_store
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.snapshots import digest_snapshot

Dumper = Callable[..., Dump]


def load(server: Server, market: Path, **options: Any) -> None:
    with open_store(server, mode="write") as store:
        store.load(read_folder(market, Settings()), **options)


def describe(server: Server, dump: Dumper, *, without: tuple[str, ...] = ()) -> tuple[Dump, str]:
    with open_store(server) as store:
        return dump(store, without=without), digest_snapshot(store.snapshot())
