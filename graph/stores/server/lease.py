"""Who may write to a graph on a server: one writer with a lease, whose name the others are told.

The lock is a node, ``Writer``.  Its lease is renewed by a thread as long as the process lives, and
runs out soon after it dies, so that a killed writer keeps nobody out for long.

A killed writer may have left a transaction behind that is still at work in the server, and a
connection can break while a transaction is being committed.  So every transaction that writes first
takes a ``Slot``: a node that it locks, and that says whose turn it is and which batch was the last.
Whoever takes over the lock takes over the slots, and thereby waits for what is still at work; a batch
that was committed after all is not written twice.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from graph import errors
from graph.stores.holder import name_this_process, say_holder, wait_in_turn
from graph.stores.server.bolt import Bolt, Transaction

log = logging.getLogger("ringfence.server")

T = TypeVar("T")

N_SLOTS = 2
"""How many transactions of one writer may be at work at once."""

LEASE_SECONDS = 30.0
_RELEASE_SECONDS = 2.0
_PAUSE_SECONDS = 0.5
_ABANDONED: set[str] = set()
"""Locks that this process holds no longer, though their server could not be told."""

# Setting a property takes the node's lock; only what is read after that is sure to hold.
_ASK = "MERGE (w:Writer {name: 'ringfence'}) SET w.asked_by = $token"
_LOOK = (
    "MATCH (w:Writer {name: 'ringfence'}) RETURN w.token AS token, w.pid AS pid, w.host AS host, w.command AS command,"
    " w.since AS since, w.until > datetime() AS leased, duration.inSeconds(datetime(), w.until).seconds AS seconds"
)
_TAKE = (
    "MATCH (w:Writer {name: 'ringfence'}) SET w += $holder, w.token = $token,"
    " w.until = datetime() + duration({milliseconds: $lease_ms})"
)
_TAKE_SLOTS = "UNWIND range(0, $n - 1) AS number MERGE (s:Slot {number: number}) SET s.token = $token, s.batch = 0"
_RENEW = (
    "MATCH (w:Writer {name: 'ringfence'}) WHERE w.token = $token"
    " SET w.until = datetime() + duration({milliseconds: $lease_ms}) RETURN count(*) AS n"
)
_GIVE_BACK = "MATCH (w:Writer {name: 'ringfence'}) WHERE w.token = $token REMOVE w.token, w.until"
_ASK_SLOT = "MATCH (s:Slot {number: $number}) SET s.asked_by = $token"
_LOOK_SLOT = "MATCH (s:Slot {number: $number}) RETURN s.token AS token, s.batch AS batch"
_MARK_SLOT = "MATCH (s:Slot {number: $number}) SET s.batch = $batch"


class ServerLock:
    """The right to write to a graph on a server, until it is given back or its holder dies.

    Parameters
    ----------
    bolt
        The server.
    lease_seconds
        How long the lock outlives its holder.

    Raises
    ------
    StoreBusyError
        If somebody else holds it for longer than the server's ``wait_seconds``; the message says who, and since when.
    """

    def __init__(self, bolt: Bolt, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.token = uuid.uuid4().hex
        self.bolt = bolt
        self._lease_ms = int(lease_seconds * 1000)
        self._batches = [0] * N_SLOTS
        self._over = threading.Event()
        wait_in_turn(str(bolt.server), self._try, bolt.server.wait_seconds, pause_seconds=_PAUSE_SECONDS)
        self._renewer = threading.Thread(
            target=self._renew, args=(lease_seconds / 3,), name="ringfence-lease", daemon=True
        )
        self._renewer.start()

    def _try(self) -> str:
        """Take the lock, or say who holds it; a look comes first, for whoever waits is not to write again and again."""
        return find_writer(self.bolt) or self.bolt.transact(self._take, writing=True)

    def _take(self, transaction: Transaction) -> str:
        transaction.run(_ASK, token=self.token).consume()
        row = transaction.run(_LOOK).single(strict=True)
        holder = _say_holder(row) if row["token"] != self.token else ""
        if holder:
            return holder
        transaction.run(_TAKE, token=self.token, holder=name_this_process(), lease_ms=self._lease_ms).consume()
        transaction.run(_TAKE_SLOTS, token=self.token, n=N_SLOTS).consume()
        return ""

    def write(self, work: Callable[[Transaction], T], *, slot: int = 0) -> T | None:
        """Do work in one transaction, once; None where it turns out to have been committed before.

        Parameters
        ----------
        work
            What to write; it is done again from its start when the transaction fails in passing.
        slot
            Which of the transactions that may be at work at once: 0 to ``N_SLOTS`` - 1.

        Raises
        ------
        StoreBusyError
            If the lease ran out and somebody else took over.
        """
        self._batches[slot] += 1
        batch = self._batches[slot]

        def once(transaction: Transaction) -> T | None:
            transaction.run(_ASK_SLOT, number=slot, token=self.token).consume()
            row = transaction.run(_LOOK_SLOT, number=slot).single(strict=True)
            if row["token"] != self.token:
                raise errors.StoreBusyError(f"{self.bolt.server} was taken over by another writer; run this again")
            if row["batch"] >= batch:
                return None
            result = work(transaction)
            transaction.run(_MARK_SLOT, number=slot, batch=batch).consume()
            return result

        return self.bolt.transact(once, writing=True)

    def _renew(self, every_seconds: float) -> None:
        while not self._over.wait(every_seconds):
            try:
                rows = self.bolt.ask(_RENEW, writing=True, token=self.token, lease_ms=self._lease_ms)
            except errors.StoreError as error:
                log.debug("the lease could not be renewed: %s", error)
                continue
            if not rows[0]["n"]:
                return  # somebody took over; the next write will say so

    def release(self) -> None:
        """Let others in; releasing twice is harmless."""
        if self._over.is_set():
            return
        self._over.set()
        if self.bolt.is_lost:  # nobody is there to be told, and whoever waits has waited long enough
            _ABANDONED.add(self.token)
            return
        try:
            self.bolt.transact(self._give_back, writing=True, patience_seconds=_RELEASE_SECONDS)
        except errors.StoreError as error:  # the lease ends by itself
            _ABANDONED.add(self.token)
            log.debug("the lock could not be given back: %s", error)

    def _give_back(self, transaction: Transaction) -> None:
        transaction.run(_GIVE_BACK, token=self.token).consume()


def find_writer(bolt: Bolt) -> str:
    """Who writes at this moment, in words; empty if nobody does."""
    rows = bolt.ask(_LOOK)
    return _say_holder(rows[0]) if rows else ""


def _say_holder(row: Any) -> str:
    held = row["token"] is not None and row["token"] not in _ABANDONED and row["leased"]
    holder = say_holder(row) if held else ""
    return holder and f"{holder} (if it was killed, for {row['seconds'] + 1} s more)"
