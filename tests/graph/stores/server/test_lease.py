"""One writer at a time, by a lease that ends with it."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from contextlib import closing
from dataclasses import replace

import neo4j
import pytest
from neo4j import exceptions

from graph.errors import (
    StoreBusyError,
)
from graph.open import open_store
from graph.stores.location import Server
from graph.stores.server import lease as server_lock
from graph.stores.server.bolt import Bolt, Transaction
from graph.stores.server.lease import ServerLock

pytestmark = pytest.mark.server


def test_a_second_writer_waits_as_long_as_it_is_told_and_is_told_who_writes(server: Server) -> None:
    with open_store(server, mode="write"):
        for wait_seconds in (0, 0.7):
            started = time.monotonic()
            with pytest.raises(StoreBusyError) as caught:
                open_store(replace(server, wait_seconds=wait_seconds), mode="write")
            assert wait_seconds <= time.monotonic() - started < 5
    expected = rf"{re.escape(server.uri)} is held by process {os.getpid()} on {socket.gethostname()} \(.*\) since "
    since = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 \(if it was killed, for \d+ s more\)"
    assert re.match(rf"{expected}{since}; try again later \(waited 0\.7 s\)", str(caught.value))
    open_store(server, mode="write").close()


def test_a_second_writer_comes_in_when_the_first_has_ended_and_says_meanwhile_for_whom_it_waits(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_store(server, mode="write")
    threading.Timer(1.0, first.close).start()
    with caplog.at_level("INFO", logger="ringfence.store"):
        open_store(server, mode="write").close()
    told = [record.message for record in caplog.records if "waiting up to 60 s" in record.message]
    assert len(told) == 1
    assert f"is held by process {os.getpid()}" in told[0]


def test_readers_do_not_wait_for_a_writer_who_loads_nothing(server: Server) -> None:
    with open_store(server, mode="write"):
        open_store(server).close()


def test_the_lease_of_a_dead_writer_elsewhere_runs_out(bolt: Bolt, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {"pid": 1, "host": "elsewhere", "command": "ringfence load", "since": "2024-01-01T00:00:00+00:00"}
    monkeypatch.setattr(server_lock, "name_this_process", lambda: elsewhere)
    dead = ServerLock(bolt, lease_seconds=2)
    dead._over.set()  # nobody renews it any more
    in_haste = Bolt(replace(bolt.server, wait_seconds=0))
    with closing(in_haste), pytest.raises(StoreBusyError, match=r"held by process 1 on elsewhere .*for [12] s more\)"):
        ServerLock(in_haste)
    ServerLock(bolt).release()  # which waits


def test_the_lease_of_a_writer_who_lives_is_renewed(bolt: Bolt) -> None:
    with_short_lease = ServerLock(bolt, lease_seconds=1)
    time.sleep(2.5)
    in_haste = Bolt(replace(bolt.server, wait_seconds=0))
    with closing(in_haste), pytest.raises(StoreBusyError):
        ServerLock(in_haste)
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
