"""What a server store adds to the contract: reading in ranges, counts that are known, secrets kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import neo4j
import pytest
import small_market
from click.testing import CliRunner
from neo4j_server import ServerAddress, logged_in
from places import ROOT
from server_work import load

from cli.main import main
from graph.open import open_store
from graph.stores.location import Server
from graph.stores.protocol import GraphStore, Question
from graph.stores.server.bolt import Bolt
from graph.stores.server.store import ServerStore
from graph.stores.server.verify import verify_server
from graph.stores.shape import FACTS
from graph.stores.snapshots import digest_snapshot

pytestmark = pytest.mark.server


def test_a_market_of_many_ranges_gives_the_same_snapshot(
    server: Server, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graph.stores.server import read as server_read

    load(server, market)
    with open_store(server) as store:
        whole = digest_snapshot(store.snapshot())
        monkeypatch.setattr(server_read, "CHUNK_ROWS", 37)
        assert digest_snapshot(store.snapshot()) == whole


def test_a_password_is_in_no_words_of_the_store(server: Server) -> None:
    with open_store(server, mode="write") as store:
        assert isinstance(store, ServerStore)
        words = [store.location, repr(server), str(server), *map(repr, vars(store).values())]
        writer = store.query("MATCH (w:Writer) RETURN properties(w) AS all")
    assert server.password not in " ".join([*words, str(writer)])


def count_orders(store: GraphStore) -> list[dict[str, Any]]:
    """How many accounts each of two bought from."""
    returns, way = "a.account_id AS one", "(a)-[o:ORDERED]->(b:Account)"
    ids = ["many", "nobody"]
    question = Question("(a:Account)", "a.account_id", returns, ids, way, gather="b.account_id")
    (rows,) = store.query_many([question])
    return rows


def test_counts_are_known_until_anybody_writes_be_it_by_hand(server: Server, bolt: Bolt, market: Path) -> None:
    load(server, market)
    with open_store(server) as store:
        assert isinstance(store, ServerStore)
        for n in range(1, 4):
            bolt.ask(
                "MERGE (a:Account {account_id: 'many'}) CREATE (a)-[:ORDERED]->(:Account {account_id: $id})",
                writing=True,
                id=f"seller {n}",
            )
            assert [count_orders(store) for _ in range(3)] == [[{"one": "many", "n": n, "gathered": []}]] * 3
            assert store._crowds.n_known == 2  # nobody's as well


def test_a_server_without_bookmarks_is_asked_every_time(
    server: Server, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(server, market)
    monkeypatch.setattr(neo4j.Session, "last_bookmarks", lambda self: neo4j.Bookmarks())
    with open_store(server) as store:
        assert isinstance(store, ServerStore)
        assert [count_orders(store) for _ in range(3)] == [[]] * 3
        assert store._crowds.n_known == 0


def test_the_embedded_store_needs_no_driver(tmp_path: Path) -> None:
    check = "import sys; from graph.open import open_store; open_store(sys.argv[1], mode='write').close()"
    check += "; assert not {'neo4j', 'tenacity'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", check, str(tmp_path / "store")], check=True, cwd=ROOT)


def list_states(server: Server) -> dict[str, set[str]]:
    """The tables of facts, and the others, in each state."""
    states: dict[str, set[str]] = {}
    for each in verify_server(server).tables:
        states.setdefault(each.state, set()).add(each.table)
    assert set(FACTS) == {name for state in states for name in states[state] if name in FACTS}
    return {state: names & set(FACTS) for state, names in states.items()}


EDITS = {
    "Account": "MATCH (a:Account {account_id: 'ann'}) SET a.role = 'nobody'",
    "Identifier": "MATCH (i:Identifier {value: 'phone-7'}) SET i.canonical = 'phone-8'",
    "ORDERED": "MATCH (:Account {account_id: 'ann'})-[o:ORDERED]->() SET o.amount = o.amount + 0.01",
    "USES": "MATCH (:Account {account_id: 'ann'})-[u:USES]->() DELETE u",
    "Shop": "CREATE (:Shop {shop_id: 'new'})",
}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return small_market.write_tables(tmp_path / "tables")


def test_facts_that_somebody_else_changed_are_named(server: Server, bolt: Bolt, tables: Path) -> None:
    load(server, tables)
    small_market.add_run(server)
    assert list_states(server) == {"whole": set(FACTS), "not recorded": set()}
    for number, edit in enumerate(EDITS.values(), start=1):
        bolt.ask(edit, writing=True)
        changed = set(list(EDITS)[:number])
        assert list_states(server) == {"whole": set(FACTS) - changed, "changed": changed, "not recorded": set()}


def test_what_nobody_wrote_down_is_not_recorded_until_the_next_load(server: Server, bolt: Bolt, tables: Path) -> None:
    load(server, tables)
    bolt.ask("MATCH (s:Schema) SET s.loads = s.loads + 1", writing=True)  # as after a kill, or an older Ringfence
    assert list_states(server) == {"not recorded": set(FACTS)}
    load(server, tables)
    assert list_states(server) == {"whole": set(FACTS), "not recorded": set()}


def test_the_command_names_what_has_changed(server: Server, bolt: Bolt, tables: Path) -> None:
    load(server, tables)
    bolt.ask("MATCH (a:Account {account_id: 'ann'}) SET a.role = 'nobody'", writing=True)
    with logged_in(ServerAddress(server.uri, server.username, server.password or "")) as address:
        done = CliRunner().invoke(main, ["--store", address, "verify"])
    assert (done.exit_code, "changed" in done.stdout) == (8, True)
    assert f"{server} has changed since the last load in Account, and not by Ringfence" in done.stderr
