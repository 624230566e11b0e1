"""Fixtures of several test modules: stores, servers, places to keep a property graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from neo4j_release import CURRENT
from neo4j_server import ServerAddress, empty_server, server_for_tests
from property_graph import BACKENDS, Dump, Open, as_server, dump_graph, empty_quickly

from graph.open import open_store
from graph.stores.location import Location, Server
from graph.stores.protocol import GraphStore, Mode


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take long, so that no worker is left with one when the others are done.

    Workers share out whole modules (`make test`), for what a module's fixtures made serves all its tests.
    """
    marks = {
        mark: {_name_module(item) for item in items if item.get_closest_marker(mark)} for mark in ("server", "slow")
    }
    items.sort(key=lambda item: [_name_module(item) not in modules for modules in marks.values()])


def _name_module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def dump() -> Callable[..., Dump]:
    return dump_graph


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddress]:
    """A server of the long-term release; `emptied_neo4j` is the same without what other tests left in it."""
    with server_for_tests(tmp_path_factory.mktemp("neo4j")) as address:
        yield address


@pytest.fixture(scope="session")
def neo4j_current(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddress]:
    """A server of the current release; skips where Java is too old for it."""
    with server_for_tests(tmp_path_factory.mktemp("neo4j-current"), CURRENT) as address:
        yield address


@pytest.fixture(scope="module")
def emptied_neo4j(neo4j_server: ServerAddress) -> ServerAddress:
    empty_server(neo4j_server)
    return neo4j_server


@pytest.fixture(scope="module")
def emptied_current(neo4j_current: ServerAddress) -> ServerAddress:
    empty_server(neo4j_current)
    return neo4j_current


@pytest.fixture
def server(neo4j_server: ServerAddress) -> Server:
    """A server with an empty database."""
    empty_quickly(neo4j_server)
    return as_server(neo4j_server)


@pytest.fixture(params=BACKENDS)
def open_graph(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Open the same, at first empty, property graph of a backend as often as you like; elsewhere is another one."""
    opened: list[GraphStore] = []
    places: list[str] = []

    def find(place: str) -> Location:
        if request.param == "embedded":
            return str(tmp_path / place)
        address: ServerAddress = request.getfixturevalue("neo4j_server")
        if place not in places[-1:]:  # there is one database, so another place is the same one emptied
            assert place not in places
            places.append(place)
            empty_quickly(address)
        return as_server(address)

    def open_it(mode: Mode = "write", *, place: str = "store") -> GraphStore:
        opened.append(open_store(find(place), mode=mode))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()
