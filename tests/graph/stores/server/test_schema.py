"""Keys, labels of kinds, and versions of the graph's shape on a server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import neo4j
import pytest
import small_market
from neo4j_server import ServerAddress, empty_server
from property_graph import Dump, as_server
from server_work import load

from graph.errors import (
    RingfenceError,
    StoreError,
    StoreNotFoundError,
    StoreVersionError,
)
from graph.open import open_store
from graph.queries.accounts import find_account
from graph.stores.location import Server
from graph.stores.server import schema as server_schema
from graph.stores.server.bolt import Bolt
from graph.stores.server.schema import _INDEXES, KEYS, NODE_KEYS
from graph.stores.shape import VERSION

pytestmark = pytest.mark.server

Dumper = Callable[..., Dump]


def test_every_key_is_unique(server: Server) -> None:
    with open_store(server, mode="write") as store:
        for label, key in NODE_KEYS.items():
            value = -1 if label == "Slot" else "twice"
            with pytest.raises(RingfenceError, match="already exists"):
                store.query(f"CREATE (:{label} {{{key}: $value}}), (:{label} {{{key}: $value}})", value=value)
        with pytest.raises(RingfenceError, match="already exists"):
            store.query(
                "CREATE (a:Account)-[:ORDERED {order_id: 'o'}]->(b:Account), (b)-[:ORDERED {order_id: 'o'}]->(a)"
            )


def test_identifiers_carry_their_kind_as_a_label_where_it_makes_one(server: Server, tmp_path: Path) -> None:
    kinds = ["device", "steam_id", "account", "x`) detach delete n //", "_", "a b"]
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id\nann\n")
    rows = "".join(f'ann,"{kind}",v\n' for kind in kinds)
    (folder / "identifiers.csv").write_text(f"account_id,kind,value\n{rows}")
    load(server, folder)
    with open_store(server) as store:
        found = store.query("MATCH (i:Identifier) RETURN i.kind AS kind, labels(i) AS labels")
        assert {row["kind"]: set(row["labels"]) - {"Identifier"} for row in found} == {
            **{kind: set() for kind in kinds},
            "device": {"Device"},
            "steam_id": {"SteamId"},
        }
        assert store.query("MATCH (a:Account) RETURN count(*) AS n") == [{"n": 1}]


def describe_schema(server: Server) -> set[tuple[str, str, bool]]:
    """Each index with its state, and whether it is a constraint's."""
    with closing(Bolt(server)) as bolt:
        rows = bolt.ask("SHOW INDEXES YIELD name, type, state, owningConstraint WHERE type <> 'LOOKUP' RETURN *")
        return {(row["name"], row["state"], row["owningConstraint"] is not None) for row in rows}


WHOLE = {(name, "ONLINE", True) for name in KEYS} | {(name, "ONLINE", False) for name, _, _ in _INDEXES}


@pytest.fixture
def bare(neo4j_server: ServerAddress) -> Server:
    """A server without keys and indexes."""
    empty_server(neo4j_server)
    return as_server(neo4j_server)


def test_a_schema_that_was_killed_between_an_index_and_its_key_is_made_whole(bare: Server) -> None:
    with closing(Bolt(bare)) as bolt:  # what a killed server keeps of a key is its index, under the key's name
        for name, (pattern, what) in KEYS.items():
            bolt.ask(f"CREATE INDEX {name} FOR {pattern} ON ({what})", writing=True)
        with pytest.raises(StoreError, match="There already exists an index called"):
            bolt.ask(server_schema._KEYS_AND_INDEXES[0], writing=True)
    open_store(bare, mode="write").close()
    assert describe_schema(bare) == WHOLE


def test_a_schema_that_was_killed_at_any_statement_is_made_whole(bare: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, n_deaths = Bolt.ask, 0
    done: set[str] = set()

    def ask_and_die(bolt: Bolt, cypher: str, **more: Any) -> Any:
        rows = ask(bolt, cypher, **more)
        if more.get("writing") and cypher not in done:  # each attempt comes one statement further
            done.add(cypher)
            raise KeyboardInterrupt
        return rows

    monkeypatch.setattr(Bolt, "ask", ask_and_die)
    while True:
        try:
            open_store(bare, mode="write").close()
            break
        except KeyboardInterrupt:
            n_deaths += 1
    assert n_deaths == len(KEYS) + len(_INDEXES) + 1  # and that which says that all is there
    assert describe_schema(bare) == WHOLE


def test_two_first_writers_at_once_are_not_in_one_another_s_way(bare: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(lambda: open_store(bare, mode="write").close()) for _ in range(4)]:
            done.result()
    assert describe_schema(bare) == WHOLE


def test_a_newer_schema_is_refused(server: Server) -> None:
    with open_store(server, mode="write") as store:
        store.query("MATCH (s:Schema) SET s.version = 99")
    for mode in ("read", "write"):
        with pytest.raises(StoreVersionError, match=rf"newer Ringfence \(schema 99; this one reads up to {VERSION}\)"):
            open_store(server, mode=mode)  # type: ignore[arg-type]


def test_an_older_schema_is_brought_up_to_date_one_version_after_the_other(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(server, mode="write").close()
    first, last = VERSION + 1, VERSION + 2
    steps = {step: (f"CREATE (:Shop {{shop_id: 'step {step}'}})",) for step in (first, last)}
    monkeypatch.setattr(server_schema, "MIGRATIONS", {**server_schema.MIGRATIONS, **steps})
    monkeypatch.setattr(server_schema, "SCHEMA_VERSION", last)
    with pytest.raises(StoreVersionError, match=rf"older Ringfence \(schema {VERSION}\); `ringfence load`"):
        open_store(server)
    open_store(server, mode="write").close()
    with open_store(server) as store:
        assert store.query("MATCH (s:Schema) RETURN s.version AS version") == [{"version": last}]
        steps_taken = store.query("MATCH (s:Shop) RETURN s.shop_id AS step ORDER BY step")
    assert steps_taken == [{"step": f"step {first}"}, {"step": f"step {last}"}]


def test_an_empty_database_is_no_store_and_reading_leaves_it_empty(server: Server) -> None:
    with pytest.raises(StoreNotFoundError, match="make one with `ringfence load FOLDER`"):
        open_store(server)
    with neo4j.GraphDatabase.driver(server.uri, auth=(server.username, server.password or "")) as driver:
        assert driver.execute_query("MATCH (n) RETURN count(n) AS n").records[0]["n"] == 0


def test_a_database_of_something_else_is_refused_and_left_alone(server: Server) -> None:
    with neo4j.GraphDatabase.driver(server.uri, auth=(server.username, server.password or "")) as driver:
        driver.execute_query("CREATE (:Movie {title: 'Heat'})")
        with pytest.raises(StoreVersionError, match="a graph that Ringfence did not write"):
            open_store(server, mode="write")
        assert driver.execute_query("MATCH (n) RETURN labels(n) AS labels").records[0]["labels"] == ["Movie"]


def test_a_graph_of_version_1_is_read_as_it_is_and_brought_up_to_date_by_a_writer(
    server: Server, tmp_path: Path, dump: Dumper
) -> None:
    small_market.make_loaded_store(server, small_market.write_tables(tmp_path / "market"))
    small_market.add_run(server)
    with open_store(server, mode="write") as store:
        store.query("MATCH (s:Schema) SET s.version = 1")
        store.query("MATCH (n) WHERE n:Account OR n:Flag REMOVE n.probability")
    with open_store(server) as store:
        before = dump(store, without=("version",))
        assert find_account(store, "ann").probability is None
        assert store.query("MATCH (s:Schema) RETURN s.version AS version") == [{"version": 1}]
    open_store(server, mode="write").close()
    with open_store(server) as store:
        assert dump(store, without=("version",)) == before
        assert store.query("MATCH (s:Schema) RETURN s.version AS version") == [{"version": VERSION}]
