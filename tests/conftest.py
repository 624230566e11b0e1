"""Fixtures of several test modules: stores, servers, places to keep a property graph."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from kept_databases import keeping_databases
from killing import Killer
from neo4j_release import CURRENT
from neo4j_server import (
    CERTIFICATES,
    TLS,
    Neo4jServer,
    ServerAddress,
    empty_server,
    named_server,
    server_for_tests,
    start_or_skip,
)
from property_graph import BACKENDS, Dump, Open, as_server, dump_graph, empty_quickly
from sharing import BROWSER, find_scope, needs_server

from graph.open import open_store
from graph.stores.location import Location, Server
from graph.stores.protocol import GraphStore, Mode

gc.disable()  # nothing that is collected becomes garbage: looking for it takes a sixth of the time until the first test


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but not among what was there before the first test."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the servers, the browser, and the modules that take long, so that no worker has one left at the end.

    What takes a server's keys away, or starts it anew, comes last of the servers' tests: after either, the server has
    to think each question over again, which takes longer than to answer it.
    """
    slow = {_name_module(item) for item in items if item.get_closest_marker("slow")}
    servers = {item.nodeid for item in items if item.get_closest_marker("server")}
    for item in items:  # or its test would be given to a worker that has no server yet
        assert needs_server(item.nodeid) == (item.nodeid in servers), f"tests/sharing.py is wrong about {item.nodeid}"
    items.sort(
        key=lambda item: (
            item.nodeid not in servers,
            _find_unrest(item),
            find_scope(item.nodeid) != BROWSER,
            _name_module(item) not in slow,
        )
    )


def _find_unrest(item: pytest.Item) -> int:
    names = getattr(item, "fixturenames", ())
    if "closed_server" in names:
        return 3
    return 2 if "mortal_server" in names else int("bare" in names)


def _name_module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share out whole modules, whose fixtures serve all their tests, and the servers' tests to one worker.

    That worker has one server, which has met most questions before.
    """
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scopes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return find_scope(nodeid)

    return Scopes(config, log)


@pytest.fixture(scope="session", autouse=True)
def _kept_databases() -> Iterator[None]:
    with keeping_databases():
        yield


@pytest.fixture(scope="session")
def dump() -> Callable[..., Dump]:
    return dump_graph


@pytest.fixture(scope="session")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    """Does work and is killed at it."""
    with Killer(tmp_path_factory.mktemp("killer")) as killer:
        yield killer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of our own authority and another: ``ours.pem``, ``other.pem``, and certificates for localhost."""
    folder = tmp_path_factory.mktemp("authority")
    ours = trustme.CA()
    ours.cert_pem.write_to_path(str(folder / "ours.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    localhost = ours.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    localhost.private_key_pem.write_to_path(str(folder / "private.key"))
    localhost.cert_chain_pems[0].write_to_path(str(folder / "public.crt"))
    return folder


@pytest.fixture(scope="session")
def own_neo4j(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """A server of the long-term release that the tests started; it may be stopped, killed and started again."""
    home = tmp_path_factory.mktemp("neo4j")
    shutil.copytree(authority, home / CERTIFICATES)
    process = start_or_skip(home, settings=TLS)
    yield process
    process.kill()  # nobody will miss what is in it, and an orderly end takes ten seconds


@pytest.fixture(scope="session")
def neo4j_server(request: pytest.FixtureRequest) -> ServerAddress:
    """A server of the long-term release; `emptied_neo4j` is the same without what other tests left in it."""
    named = named_server()
    if named is not None:
        empty_server(named)
        return named
    own: Neo4jServer = request.getfixturevalue("own_neo4j")
    return own.address


@pytest.fixture(scope="session")
def neo4j_current(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddress]:
    """A server of the current release; skips where Java is too old for it."""
    with server_for_tests(tmp_path_factory.mktemp("neo4j-current"), CURRENT) as address:
        yield address


@pytest.fixture(scope="module")
def emptied_neo4j(neo4j_server: ServerAddress) -> ServerAddress:
    empty_quickly(neo4j_server)
    return neo4j_server


@pytest.fixture(scope="module")
def emptied_current(neo4j_current: ServerAddress) -> ServerAddress:
    empty_quickly(neo4j_current)
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
