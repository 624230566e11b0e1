"""Batches of rows, and the transactions that they are written in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from graph import errors
from graph.model import Ints
from graph.stores.server.bolt import Transaction
from graph.stores.server.lease import ServerLock

if TYPE_CHECKING:
    from graph.arrow import Chunks


@dataclass(frozen=True)
class Batch:
    """A statement and the rows whose columns are its parameters.

    ``creates`` is how many nodes and relationships it makes of each row, or None where that is open;
    ``facts`` is how many rows of a plan each of its rows stands for.
    """

    cypher: str
    rows: pa.Table
    creates: int | None = None
    facts: int = 1


class Writer(Protocol):
    """Runs batches; of each it returns the internal ids that came back, or None if those got lost."""

    def write(self, batches: Sequence[Batch], done: Callable[[int], None], *, at_once: int = 1) -> list[Ints | None]:
        """Write all batches, ``at_once`` at a time; ``done`` is told of each how many facts it held."""

    def ask(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Read, and see what was written before."""


@dataclass(frozen=True)
class OneTransaction:
    """All of the batches, or none of them."""

    transaction: Transaction

    def write(self, batches: Sequence[Batch], done: Callable[[int], None], *, at_once: int = 1) -> list[Ints | None]:
        """Write all batches; see :class:`Writer`."""
        written: list[Ints | None] = []
        for batch in batches:
            written.append(_run_batch(self.transaction, batch))
            done(batch.rows.num_rows * batch.facts)
        return written

    def ask(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Read, and see what was written before."""
        return self.transaction.run(cypher, parameters).data()


@dataclass(frozen=True)
class ManyTransactions:
    """A transaction for each batch."""

    lock: ServerLock

    def write(self, batches: Sequence[Batch], done: Callable[[int], None], *, at_once: int = 1) -> list[Ints | None]:
        """Write all batches; see :class:`Writer`."""
        failed = threading.Event()

        def work(slot: int) -> list[Ints | None]:
            written: list[Ints | None] = []
            for batch in batches[slot::at_once]:
                if failed.is_set():
                    break
                try:
                    written.append(self._write(batch, slot))
                except BaseException:
                    failed.set()
                    raise
                done(batch.rows.num_rows * batch.facts)
            return written

        with ThreadPoolExecutor(at_once, thread_name_prefix="ringfence-write") as pool:
            parts = list(pool.map(work, range(at_once)))
        return [parts[number % at_once][number // at_once] for number in range(len(batches))]

    def _write(self, batch: Batch, slot: int) -> Ints | None:
        return self.lock.write(lambda transaction: _run_batch(transaction, batch), slot=slot)

    def ask(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Read what was committed."""
        return self.lock.bolt.ask(cypher, writing=True, **parameters)


def _run_batch(transaction: Transaction, batch: Batch) -> Ints:
    """Run one batch and return the ids it returned, in the order of its rows."""
    columns = {name: _as_list(batch.rows[name]) for name in batch.rows.column_names}
    result = transaction.run(batch.cypher, columns)
    record = result.single()
    counters = result.consume().counters
    created = counters.nodes_created + counters.relationships_created
    if batch.creates is not None and created != batch.creates * batch.rows.num_rows:
        raise errors.StoreError("somebody else changed the graph while it was being written; run this again")
    ids = np.empty(batch.rows.num_rows if record else 0, dtype=np.int64)
    if record:
        ids[np.array(record["places"], dtype=np.int64)] = record["ids"]
    return ids


def _as_list(column: Chunks) -> list[Any]:
    """A column's values as the driver takes them; times as ISO 8601 text, which costs it least."""
    if not pa.types.is_timestamp(column.type):
        values: list[Any] = column.to_pylist()
        return values
    times = column.to_numpy().astype("datetime64[us]")
    text = np.datetime_as_string(times).astype(object)
    text[np.isnat(times)] = None
    return list(text)
