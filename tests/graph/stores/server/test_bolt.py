"""Errors that pass are outlived, others are told in one line."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from neo4j import exceptions

from graph.errors import (
    StoreError,
    StoreFullError,
    StoreUnreachableError,
)
from graph.open import open_store
from graph.stores.location import Server
from graph.stores.server.bolt import Bolt, Transaction

pytestmark = pytest.mark.server


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


def test_an_address_where_nobody_answers_fails_at_once() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(StoreUnreachableError, match=rf"bolt://127.0.0.1:{port} does not answer"):
        open_store(Server(f"bolt://127.0.0.1:{port}"))
    assert time.monotonic() - started < 10


def test_a_store_error_is_one_line(bolt: Bolt) -> None:
    with pytest.raises(StoreError) as caught, bolt.explained():
        raise make_error("Neo.DatabaseError.General.UnknownError")
    assert len(str(caught.value).splitlines()) == 1
