"""A server that hangs, or is gone, is told within ten seconds; one that is at work is waited for."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import small_market
from click.testing import CliRunner
from neo4j_server import Neo4jServer, logged_in
from property_graph import Dump
from server_work import describe, load

from cli.main import main
from graph.contract.tables import read_folder
from graph.errors import StoreUnreachableError
from graph.open import open_store
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.server import bolt as server_bolt
from graph.stores.server import heartbeat
from graph.stores.server import write as server_write
from graph.stores.server.heartbeat import answers
from graph.stores.server.store import ServerStore

pytestmark = pytest.mark.server

Dumper = Callable[..., Dump]
AT_ONCE_SECONDS = 10.0
LONG_QUERY = "UNWIND range(1, 1000000000) AS x RETURN count(x % 7) AS n"


@pytest.fixture
def nervous(monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspect a server sooner than users do; how soon that is, two tests try."""
    monkeypatch.setattr(heartbeat, "QUIET_SECONDS", 0.5)
    monkeypatch.setattr(server_bolt, "LOST_SECONDS", 1.0)
    monkeypatch.setattr(server_bolt, "_CONNECT_SECONDS", 1.0)


@contextmanager
def hanging(process: Neo4jServer) -> Iterator[None]:
    """Stop a server as it is; its connections stay open, and its kernel goes on taking new ones."""
    assert process.process is not None
    os.kill(process.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.process.pid, signal.SIGCONT)


@contextmanager
def told_at_once() -> Iterator[None]:
    started = time.monotonic()
    with pytest.raises(StoreUnreachableError, match="does not answer") as caught:
        yield
    assert time.monotonic() - started < AT_ONCE_SECONDS
    assert len(str(caught.value).splitlines()) == 1


def test_a_server_that_hangs_when_it_is_called_is_told(mortal: Server, mortal_server: Neo4jServer) -> None:
    with hanging(mortal_server), told_at_once():
        open_store(mortal)


@pytest.mark.parametrize("patience", ["nervous", pytest.param("usual", marks=pytest.mark.thorough)])
def test_a_server_that_hangs_in_the_middle_of_a_question_is_told(
    mortal: Server, mortal_server: Neo4jServer, request: pytest.FixtureRequest, patience: str
) -> None:
    if patience == "nervous":
        request.getfixturevalue("nervous")
    open_store(mortal, mode="write").close()
    with open_store(mortal) as store, hanging(mortal_server), told_at_once():
        store.query("MATCH (a:Account) RETURN count(a) AS n")


def test_a_server_that_hangs_in_the_middle_of_a_load_is_told_and_the_load_can_be_completed(
    undisturbed: tuple[Dump, str],
    mortal: Server,
    mortal_server: Neo4jServer,
    market: Path,
    dump: Dumper,
    small_batches: None,
    nervous: None,
) -> None:
    with ExitStack() as stack:

        def stop(stage: str, done: int, total: int) -> None:
            if stage == "writing USES" and not stopped:
                stack.enter_context(hanging(mortal_server))
                stopped.append(time.monotonic())

        stopped: list[float] = []
        with pytest.raises(StoreUnreachableError, match="does not answer"):
            load(mortal, market, progress=stop)
        assert time.monotonic() - stopped[0] < AT_ONCE_SECONDS
    load(mortal, market)
    assert describe(mortal, dump) == undisturbed


def test_a_server_that_hangs_while_a_run_is_written_is_told(
    mortal: Server, mortal_server: Neo4jServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nervous: None
) -> None:
    small_market.make_loaded_store(mortal, small_market.write_tables(tmp_path / "market"))
    write_rows = server_write.write_run_rows

    def stop_and_write(*arguments: Any) -> None:
        with hanging(mortal_server):
            write_rows(*arguments)

    monkeypatch.setattr(server_write, "write_run_rows", stop_and_write)
    with told_at_once():
        small_market.add_run(mortal)
    monkeypatch.undo()
    small_market.add_run(mortal)


def test_a_command_says_it_in_one_line_with_exit_code_5(
    mortal: Server, mortal_server: Neo4jServer, nervous: None
) -> None:
    with logged_in(mortal_server.address) as location, hanging(mortal_server):
        done = CliRunner().invoke(main, ["--store", location, "rings"])
    assert (done.exit_code, done.stderr.count("\n")) == (5, 1)


def test_a_question_that_takes_long_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "QUIET_SECONDS", 0.2)
    open_store(server, mode="write").close()
    knocks: list[bool] = []

    def knock(*arguments: Any, **more: Any) -> bool:
        knocks.append(answers(*arguments, **more))
        return knocks[-1]

    monkeypatch.setattr(heartbeat, "answers", knock)
    with open_store(server) as store:
        assert store.query(LONG_QUERY.replace("000000000", "0000000")) == [{"n": 10_000_000}]
    assert len(knocks) > 1
    assert all(knocks)


def test_a_load_outlives_connections_that_break(
    undisturbed: tuple[Dump, str], server: Server, market: Path, dump: Dumper, small_batches: None
) -> None:
    broken: list[str] = []
    with open_store(server, mode="write") as store:
        assert isinstance(store, ServerStore)

        def cut(stage: str, done: int, total: int) -> None:
            if stage == "writing USES" and not broken:
                pool = store._bolt._driver._pool  # type: ignore[attr-defined]
                broken.append(stage)
                for connections in pool.connections.values():
                    for each in connections:
                        each.socket.close()

        store.load(read_folder(market, Settings()), progress=cut)
    assert broken
    assert describe(server, dump) == undisturbed


def test_only_a_door_at_which_nobody_speaks_is_taken_for_dead() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        peer = silent.getsockname()
        assert not answers(peer, is_encrypted=False, patience_seconds=0.2)
        assert not answers(peer, is_encrypted=True, patience_seconds=0.2)
        threading.Thread(target=hang_up, args=(silent, 4), daemon=True).start()
        time.sleep(0.1)
        assert answers(peer, is_encrypted=False, patience_seconds=2)
        assert answers(peer, is_encrypted=True, patience_seconds=2)
    assert not answers(peer, is_encrypted=False, patience_seconds=0.2)


def hang_up(door: socket.socket, n_times: int) -> None:
    for _ in range(n_times):
        door.accept()[0].close()
