"""Loads and runs that are killed on either end, and what the next one makes of them."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neo4j
import pytest
import small_market
from killing import Killer
from neo4j_server import Neo4jServer, ServerAddress
from property_graph import Dump, empty_quickly
from server_work import describe, load

from graph.errors import (
    StoreBusyError,
    StoreUnfinishedError,
    StoreUnreachableError,
)
from graph.open import open_store
from graph.stores.location import Server
from graph.stores.server import store as server_module
from graph.stores.server import write as server_write
from graph.stores.server.bolt import Bolt
from graph.stores.server.lease import ServerLock

pytestmark = pytest.mark.server

Dumper = Callable[..., Dump]
Undisturbed = tuple[Dump, str]
RUN_TIMES = ("started_at", "finished_at")


# ── interrupted loads ─────────────────────────────────────────────────────────────────────────────


def kill_load(killer: Killer, server: Server, market: Path, table: str) -> None:
    """Load in a process of its own that is killed when it comes to a table."""
    died = killer.run("load_on_server", server.uri, server.password or "", market, f"writing {table}")
    assert died.killed, died.error


# That it stops after any of its transactions is tried below, without a process that dies.
@pytest.mark.parametrize(
    "when",
    [
        "Account",
        *(
            pytest.param(table, marks=pytest.mark.thorough)
            for table in ("Identifier", "Review", "USES", "ORDERED", "LABELLED")
        ),
    ],
)
def test_a_load_whose_client_is_killed_is_seen_and_completed_by_the_same_command(
    undisturbed: Undisturbed,
    server: Server,
    market: Path,
    dump: Dumper,
    when: str,
    small_batches: None,
    killer: Killer,
) -> None:
    open_store(server, mode="write").close()
    kill_load(killer, server, market, when)
    with pytest.raises(StoreUnfinishedError, match=r"did not finish .*; run the same `ringfence load` again"):
        open_store(server)
    load(server, market)
    assert describe(server, dump) == undisturbed


@pytest.mark.thorough
def test_a_load_whose_server_is_killed_is_completed_by_the_same_command(
    undisturbed: Undisturbed,
    mortal: Server,
    mortal_server: Neo4jServer,
    market: Path,
    dump: Dumper,
    small_batches: None,
    impatient: None,
) -> None:
    def kill(stage: str, done: int, total: int) -> None:
        if stage == "writing USES":  # `benchmarks/server_kills.py` kills it everywhere else
            mortal_server.kill()

    with pytest.raises(StoreUnreachableError, match="does not answer"):
        load(mortal, market, progress=kill)
    mortal_server.restart()
    with pytest.raises(StoreUnfinishedError):
        open_store(mortal)
    load(mortal, market)
    assert describe(mortal, dump) == undisturbed


def test_a_load_that_stops_after_any_of_its_transactions_is_completed(
    server: Server, neo4j_server: ServerAddress, tmp_path: Path, dump: Dumper, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = small_market.write_tables(tmp_path / "market")
    monkeypatch.setattr(server_module, "ONE_TRANSACTION_ROWS", 0)
    load(server, tables)
    undisturbed = describe(server, dump)
    empty_quickly(neo4j_server)
    write, n_stops, written = ServerLock.write, 0, 0

    def write_and_stop(lock: ServerLock, work: Any, *, slot: int = 0) -> Any:
        nonlocal written
        result = write(lock, work, slot=slot)
        written += 1
        if written > n_stops:  # each attempt comes one transaction further than the one before
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(ServerLock, "write", write_and_stop)
    while True:
        written = 0
        try:
            load(server, tables)
            break
        except KeyboardInterrupt:
            n_stops += 1
            with pytest.raises(StoreUnfinishedError):
                open_store(server)
    monkeypatch.undo()
    assert n_stops > 5
    load(server, tables)
    assert describe(server, dump) == undisturbed


def test_a_run_that_stops_at_any_of_its_statements_leaves_everything_as_it_was(
    server: Server, tmp_path: Path, dump: Dumper, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_market.make_loaded_store(server, small_market.write_tables(tmp_path / "market"))
    small_market.add_run(server)
    before = describe(server, dump)
    run, n_run = neo4j.Transaction.run, 0

    def run_and_stop(transaction: neo4j.Transaction, *arguments: Any, **more: Any) -> Any:
        nonlocal n_run
        result = run(transaction, *arguments, **more)
        n_run += 1
        if n_run == most:
            raise KeyboardInterrupt
        return result

    with open_store(server, mode="write") as store:
        snapshot = store.snapshot()
        results = small_market.make_run(snapshot, run_id="run-2")
        monkeypatch.setattr(neo4j.Transaction, "run", run_and_stop)
        for most in range(3, 1000):
            n_run = 0
            try:
                store.write_run(results, snapshot)
                break
            except KeyboardInterrupt:
                pass
            if most % 7 == 0:  # a whole comparison takes its time
                n_run = -1000
                assert dump(store) == before[0]
        monkeypatch.undo()
    assert most > 20
    open_store(server).close()


def test_a_small_load_is_all_or_nothing(server: Server, market: Path, dump: Dumper) -> None:
    open_store(server, mode="write").close()

    def stumble(stage: str, done: int, total: int) -> None:
        if stage == "writing USES":
            raise KeyboardInterrupt

    before = describe(server, dump)
    with pytest.raises(KeyboardInterrupt):
        load(server, market, progress=stumble)
    assert describe(server, dump) == before


def test_a_small_load_completes_a_large_one_that_was_interrupted(server: Server, market: Path, killer: Killer) -> None:
    kill_load(killer, server, market, "LABELLED")
    load(server, market)
    open_store(server).close()


def test_loading_another_folder_after_an_interruption_says_that_half_of_the_first_stays(
    server: Server, market: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, killer: Killer
) -> None:
    kill_load(killer, server, market, "USES")
    with caplog.at_level("WARNING", logger="ringfence.server"):
        load(server, small_market.write_tables(tmp_path / "other"))
    assert re.search(r"an earlier load did not finish \(.*accounts 300 rows.*\); what it wrote stays", caplog.text)
    open_store(server).close()


def test_nobody_detects_on_half_a_load(server: Server, market: Path, killer: Killer) -> None:
    kill_load(killer, server, market, "USES")
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

    def read_slowly(bolt: Bolt, **how: Any) -> Any:
        raw = read(bolt, **how)
        load(server, market)
        return raw

    with open_store(server) as store:
        monkeypatch.setattr(server_read, "read_raw_graph", read_slowly)
        with pytest.raises(StoreBusyError, match="loaded into while it was being read"):
            store.snapshot()


# ── interrupted runs ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.thorough
@pytest.mark.parametrize("victim", ["client", "server"])
def test_a_run_that_is_killed_leaves_the_one_before_and_can_be_written_again(
    mortal: Server,
    mortal_server: Neo4jServer,
    tmp_path: Path,
    dump: Dumper,
    victim: str,
    monkeypatch: pytest.MonkeyPatch,
    impatient: None,
    killer: Killer,
) -> None:
    tables = small_market.write_tables(tmp_path / "market")
    small_market.make_loaded_store(mortal, tables)
    small_market.add_run(mortal)
    before = describe(mortal, dump)
    if victim == "client":
        died = killer.run("run_on_server", mortal.uri, mortal.password or "")
        assert died.killed, died.error
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
