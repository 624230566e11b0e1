"""What a Neo4j server adds to the contract: interruptions, several writers, passing errors, keys and versions."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
import small_market
from neo4j import exceptions
from neo4j_server import Neo4jServer, start_or_skip
from places import ROOT
from property_graph import Dump, as_server, empty_quickly

from detection.evaluation.simulation.market import simulate_market, write_market
from detection.evaluation.simulation.settings import MarketSettings
from graph.contract.tables import read_folder
from graph.errors import (
    RingfenceError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreNotFoundError,
    StoreUnfinishedError,
    StoreUnreachableError,
    StoreVersionError,
)
from graph.open import open_store
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.protocol import GraphStore, Question
from graph.stores.server import bolt as server_bolt
from graph.stores.server import lease as server_lock
from graph.stores.server import schema as server_schema
from graph.stores.server import store as server_module
from graph.stores.server import write as server_write
from graph.stores.server.bolt import Bolt, Transaction
from graph.stores.server.lease import ServerLock
from graph.stores.server.schema import NODE_KEYS
from graph.stores.server.store import ServerStore
from graph.stores.snapshots import digest_snapshot

pytestmark = pytest.mark.server

Dumper = Callable[..., Dump]
RUN_TIMES = ("started_at", "finished_at")

WORK = """
import os, signal, sys
from pathlib import Path
import small_market
from graph.stores.server import store as server, write as server_write
from graph.settings import Settings
from graph.open import open_store
from graph.stores.location import Server
from graph.contract.tables import read_folder

what, when, uri, password, market = sys.argv[1:]
server.ONE_TRANSACTION_ROWS, server_write.BATCH_ROWS = 0, 20

def die(stage, done, total):
    if stage == when:
        os.kill(os.getpid(), signal.SIGKILL)

with open_store(Server(uri, password=password), mode="write") as store:
    if what == "load":
        store.load(read_folder(Path(market), Settings()), progress=die)
    else:
        write_rows = server_write.write_run_rows
        def write_and_die(*arguments):
            write_rows(*arguments)
            die(when, 0, 0)
        server_write.write_run_rows = write_and_die
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot, run_id="run-2"), snapshot)
"""
"""Works until it kills itself."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred accounts with everything that a table can hold."""
    folder = tmp_path_factory.mktemp("market")
    write_market(simulate_market(MarketSettings(n_accounts=300, seed=3)), folder / "market", "csv")
    return folder / "market"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "ONE_TRANSACTION_ROWS", 0)
    monkeypatch.setattr(server_write, "BATCH_ROWS", 500)


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


def work_until_death(server: Server, what: str, when: str, market: Path) -> None:
    command = [sys.executable, "-c", WORK, what, when, server.uri, server.password or "", str(market)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def load(server: Server, market: Path, **options: Any) -> None:
    with open_store(server, mode="write") as store:
        store.load(read_folder(market, Settings()), **options)


def describe(server: Server, dump: Dumper, *, without: tuple[str, ...] = ()) -> tuple[Dump, str]:
    with open_store(server) as store:
        return dump(store, without=without), digest_snapshot(store.snapshot())


# ── interrupted loads ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("when", ["Account", "Identifier", "Review", "ORDERED", "USES", "LABELLED"])
def test_a_load_whose_client_is_killed_is_seen_and_completed_by_the_same_command(
    server: Server, market: Path, dump: Dumper, when: str, small_batches: None
) -> None:
    load(server, market)
    undisturbed = describe(server, dump)
    with open_store(server, mode="write") as store:
        store.query("MATCH (n) WHERE NOT n:Writer AND NOT n:Slot AND NOT n:Schema DETACH DELETE n")
    work_until_death(server, "load", f"writing {when}", market)
    with pytest.raises(StoreUnfinishedError, match=r"did not finish .*; run the same `ringfence load` again"):
        open_store(server)
    load(server, market)
    assert describe(server, dump) == undisturbed


@pytest.mark.parametrize("when", ["Identifier", "USES"])
def test_a_load_whose_server_is_killed_is_completed_by_the_same_command(
    mortal: Server,
    mortal_server: Neo4jServer,
    market: Path,
    dump: Dumper,
    when: str,
    small_batches: None,
    impatient: None,
) -> None:
    load(mortal, market)
    undisturbed = describe(mortal, dump)
    empty_quickly(mortal_server.address)

    def kill(stage: str, done: int, total: int) -> None:
        if stage == f"writing {when}":
            mortal_server.kill()

    with pytest.raises(StoreUnreachableError, match="does not answer"):
        load(mortal, market, progress=kill)
    mortal_server.restart()
    with pytest.raises(StoreUnfinishedError):
        open_store(mortal)
    load(mortal, market)
    assert describe(mortal, dump) == undisturbed


def test_a_load_outlives_a_restart_of_its_server(
    mortal: Server, mortal_server: Neo4jServer, market: Path, dump: Dumper, small_batches: None
) -> None:
    load(mortal, market)
    undisturbed = describe(mortal, dump)
    empty_quickly(mortal_server.address)
    killed: list[str] = []

    def kill(stage: str, done: int, total: int) -> None:
        if stage == "writing USES" and not killed:
            killed.append(stage)
            mortal_server.kill()
            threading.Thread(target=mortal_server.restart).start()

    load(mortal, market, progress=kill)
    assert killed
    assert describe(mortal, dump) == undisturbed


def test_a_small_load_is_all_or_nothing(server: Server, market: Path, dump: Dumper) -> None:
    open_store(server, mode="write").close()

    def stumble(stage: str, done: int, total: int) -> None:
        if stage == "writing USES":
            raise KeyboardInterrupt

    before = describe(server, dump)
    with pytest.raises(KeyboardInterrupt):
        load(server, market, progress=stumble)
    assert describe(server, dump) == before


def test_a_small_load_completes_a_large_one_that_was_interrupted(
    server: Server, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_until_death(server, "load", "writing LABELLED", market)
    load(server, market)
    open_store(server).close()


def test_loading_another_folder_after_an_interruption_says_that_half_of_the_first_stays(
    server: Server, market: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    work_until_death(server, "load", "writing USES", market)
    with caplog.at_level("WARNING", logger="ringfence.server"):
        load(server, small_market.write_tables(tmp_path / "other"))
    assert re.search(r"an earlier load did not finish \(.*accounts 300 rows.*\); what it wrote stays", caplog.text)
    open_store(server).close()


def test_nobody_detects_on_half_a_load(server: Server, market: Path) -> None:
    work_until_death(server, "load", "writing USES", market)
    with open_store(server, mode="write") as store, pytest.raises(StoreUnfinishedError, match="did not finish"):
        store.snapshot()


def test_whoever_reads_during_a_load_is_told_who_loads(server: Server, market: Path, small_batches: None) -> None:
    said: list[str] = []

    def look(stage: str, done: int, total: int) -> None:
        if stage == "writing USES" and not said:
            with pytest.raises(StoreBusyError) as caught:
                open_store(server)
            said.append(str(caught.value))

    load(server, market, progress=look)
    assert re.search(rf"is being loaded by process {os.getpid()} on {socket.gethostname()} \(", said[0])


def test_a_snapshot_that_a_load_came_into_is_refused(
    server: Server, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graph.stores.server import read as server_read

    load(server, small_market.write_tables(market.parent / "first"))
    read = server_read.read_raw_graph

    def read_slowly(bolt: Bolt) -> Any:
        raw = read(bolt)
        load(server, market)
        return raw

    with open_store(server) as store:
        monkeypatch.setattr(server_read, "read_raw_graph", read_slowly)
        with pytest.raises(StoreBusyError, match="loaded into while it was being read"):
            store.snapshot()


# ── interrupted runs ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("victim", ["client", "server"])
def test_a_run_that_is_killed_leaves_the_one_before_and_can_be_written_again(
    mortal: Server,
    mortal_server: Neo4jServer,
    tmp_path: Path,
    dump: Dumper,
    victim: str,
    monkeypatch: pytest.MonkeyPatch,
    impatient: None,
) -> None:
    tables = small_market.write_tables(tmp_path / "market")
    small_market.make_loaded_store(mortal, tables)
    small_market.add_run(mortal)
    before = describe(mortal, dump)
    if victim == "client":
        work_until_death(mortal, "run", "writing", tables)
    else:
        write_rows = server_write.write_run_rows

        def write_and_kill(*arguments: Any) -> None:
            write_rows(*arguments)
            mortal_server.kill()

        monkeypatch.setattr(server_write, "write_run_rows", write_and_kill)
        with pytest.raises(StoreUnreachableError):
            small_market.add_run(mortal, run_id="run-2")
        monkeypatch.undo()
        mortal_server.restart()
    assert describe(mortal, dump) == before
    small_market.add_run(mortal, run_id="run-2")
    disturbed = describe(mortal, dump, without=RUN_TIMES)
    empty_quickly(mortal_server.address)
    small_market.make_loaded_store(mortal, tables)
    for run_id in ("run-1", "run-2"):
        small_market.add_run(mortal, run_id=run_id)
    assert describe(mortal, dump, without=RUN_TIMES) == disturbed


# ── writers ───────────────────────────────────────────────────────────────────────────────────────


def test_a_second_writer_is_told_at_once_who_writes(server: Server) -> None:
    with open_store(server, mode="write"):
        started = time.monotonic()
        with pytest.raises(StoreBusyError) as caught:
            open_store(server, mode="write")
        assert time.monotonic() - started < 5
    expected = rf"{re.escape(server.uri)} is held by process {os.getpid()} on {socket.gethostname()} \(.*\) since "
    assert re.match(rf"{expected}\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00; try again later", str(caught.value))
    open_store(server, mode="write").close()


def test_readers_do_not_wait_for_a_writer_who_loads_nothing(server: Server) -> None:
    with open_store(server, mode="write"):
        open_store(server).close()


def test_the_lease_of_a_dead_writer_elsewhere_runs_out(bolt: Bolt, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {"pid": 1, "host": "elsewhere", "command": "ringfence load", "since": "2024-01-01T00:00:00+00:00"}
    monkeypatch.setattr(server_lock, "name_this_process", lambda: elsewhere)
    dead = ServerLock(bolt, lease_seconds=2)
    dead._over.set()  # nobody renews it any more
    with pytest.raises(StoreBusyError, match=r"held by process 1 on elsewhere .*in [12] s\)"):
        ServerLock(bolt)
    time.sleep(2.2)
    ServerLock(bolt).release()


def test_the_lease_of_a_writer_who_lives_is_renewed(bolt: Bolt) -> None:
    with_short_lease = ServerLock(bolt, lease_seconds=1)
    time.sleep(2.5)
    with pytest.raises(StoreBusyError):
        ServerLock(bolt)
    with_short_lease.release()


def test_a_writer_whose_lock_was_taken_over_writes_nothing_more(bolt: Bolt) -> None:
    first = ServerLock(bolt, lease_seconds=0.1)
    first._over.set()
    time.sleep(0.3)
    second = ServerLock(bolt)
    with pytest.raises(StoreBusyError, match="taken over by another writer"):
        first.write(lambda transaction: transaction.run("CREATE (:Shop {shop_id: 'late'})").consume())
    assert bolt.ask("MATCH (s:Shop) RETURN s") == []
    second.release()


def test_taking_over_waits_for_what_is_still_at_work(bolt: Bolt) -> None:
    first = ServerLock(bolt, lease_seconds=0.1)
    first._over.set()
    time.sleep(0.3)
    began, order = threading.Event(), []

    def write_slowly(transaction: Transaction) -> None:
        began.set()
        time.sleep(1.0)
        transaction.run("CREATE (:Shop {shop_id: 'slow'})").consume()
        order.append("written")

    slow = threading.Thread(target=first.write, args=(write_slowly,))
    slow.start()
    assert began.wait(30)
    second = ServerLock(bolt)
    order.append("taken over")
    slow.join()
    assert order == ["written", "taken over"]
    assert len(bolt.ask("MATCH (s:Shop) RETURN s")) == 1
    second.release()


def test_what_was_committed_before_the_connection_broke_is_not_written_twice(
    bolt: Bolt, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, broken = neo4j.Transaction.commit, []

    def commit_and_break(transaction: neo4j.Transaction) -> None:
        commit(transaction)
        if not broken:
            broken.append(True)
            raise exceptions.IncompleteCommit("the connection broke")

    lock = ServerLock(bolt)
    monkeypatch.setattr(neo4j.Transaction, "commit", commit_and_break)
    assert lock.write(lambda transaction: transaction.run("CREATE (:Evidence)").consume()) is None
    assert broken
    assert bolt.ask("MATCH (e:Evidence) RETURN count(*) AS n") == [{"n": 1}]
    lock.release()


# ── passing errors ────────────────────────────────────────────────────────────────────────────────


def make_error(code: str) -> exceptions.Neo4jError:
    return exceptions.Neo4jError._basic_hydrate(neo4j_code=code, message="so it is")


@pytest.mark.parametrize(
    "error",
    [
        make_error("Neo.TransientError.Transaction.DeadlockDetected"),
        make_error("Neo.ClientError.Cluster.NotALeader"),
        make_error("Neo.TransientError.General.DatabaseUnavailable"),
        exceptions.ServiceUnavailable("gone"),
        exceptions.SessionExpired("gone"),
    ],
    ids=lambda error: getattr(error, "code", None) or type(error).__name__,
)
def test_what_is_passing_is_tried_again_in_a_new_transaction(bolt: Bolt, error: Exception) -> None:
    attempts = []

    def fail_twice(transaction: Transaction) -> str:
        attempts.append(transaction)
        if len(attempts) < 3:
            raise error
        return "done"

    assert bolt.transact(fail_twice, writing=True) == "done"
    assert len(set(map(id, attempts))) == 3


@pytest.mark.parametrize(
    "code",
    [
        "Neo.TransientError.General.OutOfMemoryError",
        "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
        "Neo.TransientError.General.TransactionOutOfMemoryError",
        "Neo.TransientError.General.StackOverFlowError",
    ],
)
def test_out_of_memory_is_not_tried_again_whatever_the_server_calls_it(bolt: Bolt, code: str) -> None:
    attempts = []

    def fail(transaction: Transaction) -> None:
        attempts.append(transaction)
        raise make_error(code)

    with pytest.raises(StoreFullError, match="ran out of memory: so it is"):
        bolt.transact(fail, writing=True)
    assert len(attempts) == 1


def test_trying_again_comes_to_an_end(bolt: Bolt, impatient: None) -> None:
    started = time.monotonic()

    def fail(transaction: Transaction) -> None:
        raise make_error("Neo.TransientError.Transaction.DeadlockDetected")

    with pytest.raises(StoreUnreachableError, match="kept failing"):
        bolt.transact(fail, writing=True)
    assert 0.5 < time.monotonic() - started < 15


def test_two_transactions_that_wait_for_one_another_both_come_through(bolt: Bolt) -> None:
    bolt.ask("CREATE (:Shop {shop_id: 'a', n: 0}), (:Shop {shop_id: 'b', n: 0})", writing=True)
    meet = threading.Barrier(2, timeout=20)

    def add(first: str, second: str) -> None:
        attempts: list[int] = []

        def work(transaction: Transaction) -> None:
            add_one = "MATCH (s:Shop {shop_id: $id}) SET s.n = s.n + 1"
            transaction.run(add_one, id=first).consume()
            attempts.append(1)
            if len(attempts) == 1:
                meet.wait()
            transaction.run(add_one, id=second).consume()

        bolt.transact(work, writing=True)

    threads = [threading.Thread(target=add, args=ends) for ends in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert bolt.ask("MATCH (s:Shop) RETURN s.n AS n") == [{"n": 2}, {"n": 2}]


def test_a_load_for_which_the_server_has_no_memory_fails_soon_and_says_so(
    mortal: Server, mortal_server: Neo4jServer, market: Path
) -> None:
    open_store(mortal, mode="write").close()
    mortal_server.restart(settings={"db.memory.transaction.max": "4m"})
    try:
        started = time.monotonic()
        with pytest.raises(StoreFullError, match=r"ran out of memory: .*give the server more heap"):
            load(mortal, market)
        assert time.monotonic() - started < 30
    finally:
        mortal_server.restart(settings={})


def test_an_address_where_nobody_answers_fails_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(StoreUnreachableError, match=rf"bolt://127.0.0.1:{port} does not answer"):
        open_store(Server(f"bolt://127.0.0.1:{port}"))
    assert time.monotonic() - started < 10


# ── keys, labels, versions ────────────────────────────────────────────────────────────────────────


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


def test_a_newer_schema_is_refused(server: Server) -> None:
    with open_store(server, mode="write") as store:
        store.query("MATCH (s:Schema) SET s.version = 99")
    for mode in ("read", "write"):
        with pytest.raises(StoreVersionError, match=r"newer Ringfence \(schema 99; this one reads up to 1\)"):
            open_store(server, mode=mode)  # type: ignore[arg-type]


def test_an_older_schema_is_brought_up_to_date_one_version_after_the_other(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(server, mode="write").close()
    steps = {step: (f"CREATE (:Shop {{shop_id: 'step {step}'}})",) for step in (2, 3)}
    monkeypatch.setattr(server_schema, "MIGRATIONS", {**server_schema.MIGRATIONS, **steps})
    monkeypatch.setattr(server_schema, "SCHEMA_VERSION", 3)
    with pytest.raises(StoreVersionError, match=r"older Ringfence \(schema 1\); `ringfence load` brings it up to date"):
        open_store(server)
    open_store(server, mode="write").close()
    with open_store(server) as store:
        assert store.query("MATCH (s:Schema) RETURN s.version AS version") == [{"version": 3}]
        steps_taken = store.query("MATCH (s:Shop) RETURN s.shop_id AS step ORDER BY step")
    assert steps_taken == [{"step": "step 2"}, {"step": "step 3"}]


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


def test_a_store_error_is_one_line(bolt: Bolt) -> None:
    with pytest.raises(StoreError) as caught, bolt.explained():
        raise make_error("Neo.DatabaseError.General.UnknownError")
    assert len(str(caught.value).splitlines()) == 1
