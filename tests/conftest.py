"""What several test modules share: a full dump of a property graph, through Cypher alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
from neo4j_server import CURRENT, ServerAddress, empty_server, server_for_tests

from graph.store import GraphStore, Location, Mode, Server, open_store

NODES = {
    "Account": "account_id created_at role segment status attributes risk_score tier",
    "Identifier": "identifier_key kind value canonical",
    "Listing": "product_id listed_at price",
    "Review": "review_id rating reviewed_at text suspicion tier",
    "Shop": "shop_id",
    "Label": "label",
    "Run": "run_id sequence started_at finished_at version settings snapshot_digest as_of accounts rings flags notes",
    "Ring": "ring_key ring_id run_id rank kind score tier size net_bits charge_bits action",
    "Evidence": "evidence_key channel bits observed expected sentence",
    "Reading": "reading_key name bits won sentence",
    "Flag": "flag_key run_id subject subject_id score tier reasons action",
    "Schema": "name version",
}
RELATIONSHIPS = {
    ("Account", "USES", "Identifier"): "role seen_at",
    ("Account", "ORDERED", "Account"): "order_id product_id amount currency ordered_at status",
    ("Account", "ORDERED", "Shop"): "order_id product_id amount currency ordered_at status",
    ("Account", "LISTED", "Listing"): "",
    ("Account", "WROTE", "Review"): "",
    ("Review", "ABOUT", "Listing"): "",
    ("Review", "ABOUT", "Account"): "",
    ("Account", "REFERRED", "Account"): "",
    ("Account", "LABELLED", "Label"): "decided_at source",
    ("Run", "FOUND", "Ring"): "",
    ("Account", "MEMBER_OF", "Ring"): "role bits",
    ("Ring", "INVOLVES", "Account"): "role sentence",
    ("Account", "LINKED", "Account"): "ring_key channel bits via",
    ("Ring", "SHOWS", "Evidence"): "",
    ("Ring", "HEARD", "Reading"): "",
    ("Run", "RAISED", "Flag"): "",
    ("Flag", "ON", "Account"): "",
    ("Flag", "ON", "Review"): "",
    ("Flag", "CITES", "Ring"): "",
}
"""The shape of docs/graph-model.md; the first property of a node is its key."""

Dump = dict[str, list[tuple[Any, ...]]]


def dump_graph(store: GraphStore, *, without: Iterable[str] = ()) -> Dump:
    """Every node and relationship, sorted; ``without`` the properties of these names."""
    found: Dump = {}
    for label, words in NODES.items():
        names = [name for name in words.split() if name not in without]
        wanted = ", ".join(f"n.{name} AS {name}" for name in names)
        found[label] = _sort(store.query(f"MATCH (n:{label}) RETURN {wanted}"))
    for (source, kind, target), words in RELATIONSHIPS.items():
        ends = f"a.{NODES[source].split()[0]} AS from_key, b.{NODES[target].split()[0]} AS to_key"
        wanted = "".join(f", r.{name} AS {name}" for name in words.split() if name not in without)
        rows = store.query(f"MATCH (a:{source})-[r:`{kind}`]->(b:{target}) RETURN {ends}{wanted}")
        found[f"{source}-{kind}-{target}"] = _sort(rows)
    return found


def _sort(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in rows), key=repr)


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


Open = Callable[..., GraphStore]
BACKENDS = ("embedded", pytest.param("server", marks=pytest.mark.server))


def as_server(address: ServerAddress) -> Server:
    return Server(address.uri, address.username, address.password)


@pytest.fixture
def server(neo4j_server: ServerAddress) -> Server:
    """A server with an empty database."""
    empty_quickly(neo4j_server)
    return as_server(neo4j_server)


def empty_quickly(address: ServerAddress) -> None:
    """Delete every node, but leave keys and indexes: the next test needs the same ones."""
    with neo4j.GraphDatabase.driver(address.uri, auth=(address.username, address.password)) as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")


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
