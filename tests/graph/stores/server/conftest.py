"""Fixtures of the tests against a Neo4j server: a market, impatience, a server that may be killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j_server import Neo4jServer, start_or_skip
from property_graph import as_server, empty_quickly

from detection.evaluation.simulation.market import simulate_market, write_market
from detection.evaluation.simulation.settings import MarketSettings
from graph.open import open_store
from graph.stores.location import Server
from graph.stores.server import bolt as server_bolt
from graph.stores.server import statements as server_statements
from graph.stores.server import store as server_module
from graph.stores.server.bolt import Bolt


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred accounts with everything that a table can hold."""
    folder = tmp_path_factory.mktemp("market")
    write_market(simulate_market(MarketSettings(n_accounts=300, seed=3)), folder / "market", "csv")
    return folder / "market"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "ONE_TRANSACTION_ROWS", 0)
    monkeypatch.setattr(server_statements, "BATCH_ROWS", 500)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_bolt, "PATIENCE_SECONDS", 1.0)


@pytest.fixture(scope="module")
def mortal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    process = start_or_skip(tmp_path_factory.mktemp("mortal-neo4j"))
    yield process
    process.kill()


@pytest.fixture
def mortal(mortal_server: Neo4jServer) -> Server:
    """An empty database on a server that may be killed."""
    if mortal_server.process is None:
        mortal_server.restart()
    empty_quickly(mortal_server.address)
    return as_server(mortal_server.address)


@pytest.fixture
def bolt(server: Server) -> Iterator[Bolt]:
    open_store(server, mode="write").close()
    connection = Bolt(server)
    yield connection
    connection.close()
