"""Fixtures of the tests against a Neo4j server: a market, impatience, a server that may be killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j_server import Neo4jServer, ServerAddress
from property_graph import Dump, as_server, dump_graph, empty_quickly
from server_work import describe, load

from detection.evaluation.simulation.market import simulate_market, write_market
from detection.evaluation.simulation.settings import MarketSettings
from graph.open import open_store
from graph.stores.location import Server
from graph.stores.server import bolt as server_bolt
from graph.stores.server import statements as server_statements
from graph.stores.server import store as server_module
from graph.stores.server.bolt import Bolt


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred accounts with everything that a table can hold."""
    folder = tmp_path_factory.mktemp("market")
    write_market(simulate_market(MarketSettings(n_accounts=300, seed=3)), folder / "market", "csv")
    return folder / "market"


@pytest.fixture(scope="session")
def undisturbed(neo4j_server: ServerAddress, market: Path) -> tuple[Dump, str]:
    """The market on a server, loaded while nothing happened."""
    empty_quickly(neo4j_server)
    load(as_server(neo4j_server), market)
    return describe(as_server(neo4j_server), dump_graph)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "ONE_TRANSACTION_ROWS", 0)
    monkeypatch.setattr(server_statements, "BATCH_ROWS", 500)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_bolt, "PATIENCE_SECONDS", 1.0)


@pytest.fixture
def mortal_server(own_neo4j: Neo4jServer) -> Iterator[Neo4jServer]:
    """A server that may be stopped or killed: the one of all tests, which finds it again as it was."""
    yield own_neo4j
    if own_neo4j.process is None:
        own_neo4j.restart()


@pytest.fixture
def mortal(mortal_server: Neo4jServer) -> Server:
    """An empty database on a server that may be killed."""
    empty_quickly(mortal_server.address)
    return as_server(mortal_server.address)


@pytest.fixture
def bolt(server: Server) -> Iterator[Bolt]:
    open_store(server, mode="write").close()
    connection = Bolt(server)
    yield connection
    connection.close()
