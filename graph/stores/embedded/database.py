"""One LadybugDB file, connected to while it is used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from graph.put_off import put_off
from graph.stores.limits import limiting_memory, require_rows, say_large, say_late

with put_off("asyncio"):  # LadybugDB wants it for a way of asking that nobody here takes
    import ladybug

if TYPE_CHECKING:
    import pyarrow as pa

    from graph.settings import QuerySettings

DATABASE_FILE = "graph.lbug"
LOG_FILE = f"{DATABASE_FILE}.wal"
"""LadybugDB's log: what was written and is not in the file yet.  Whoever opens the file reads the log beside it too."""
BESIDE = tuple(
    f"{DATABASE_FILE}{end}"
    for end in (".wal", ".shadow", ".tmp", ".wal.checkpoint", ".checkpoint.intent.lock", ".checkpoint.apply.lock")
)
"""What LadybugDB keeps beside its file while it writes, or after it was killed."""

_BUFFER_BYTES = 1 << 30
_CLOSES_WITHOUT_WRITING = "CALL force_checkpoint_on_close=false"
_STOPPED = "Interrupted."
_NO_MEMORY = ("std::bad_alloc", "Buffer manager exception")
_REFUSES_WRITING = "Cannot execute write operations in a read-only database"


class Database:
    """A LadybugDB file and a connection to it.

    Parameters
    ----------
    path
        The file.  To be opened for writing changes it, whatever is done then.
    writing
        Whether it may be changed; made, if it is not there.
    logging
        Whether all that is written stays in the log beside the file, also when it is closed.
    in_order
        Whether rows come as they lie, from one thread: each of several hands over its part when it is done, and to put
        millions in order again takes as long as to read them.
    """

    def __init__(self, path: Path, *, writing: bool, logging: bool = False, in_order: bool = False) -> None:
        self.path = path
        # A COPY into a node table on two threads or more can hang for ever: each thread holds the lock of one part of
        # the primary key's index and waits for another's.  One thread cannot.
        self._database: ladybug.Database | None = ladybug.Database(
            path,
            read_only=not writing,
            buffer_pool_size=_BUFFER_BYTES,
            max_num_threads=1 if writing or in_order else 0,
            auto_checkpoint=not logging,
        )
        self.connection = ladybug.Connection(self._database)
        if logging:
            self.connection.execute(_CLOSES_WITHOUT_WRITING)
        self._limits: QuerySettings | None = None

    def ask(self, cypher: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run a query, or several, and return the last one's rows."""
        result = self.connection.execute(cypher, dict(parameters or {}))
        last = result[-1] if isinstance(result, list) else result
        if self._limits is not None:
            require_rows(last.get_num_tuples(), self._limits)
        return [dict(row) for row in last.rows_as_dict()]

    @contextmanager
    def within(self, limits: QuerySettings) -> Iterator[None]:
        """What is asked inside stops where it takes more than the limits allow; see :mod:`graph.stores.limits`."""
        self._limits = limits
        self.connection.set_query_timeout(math.ceil(limits.timeout_seconds * 1_000))
        try:
            with limiting_memory(limits):
                yield
        except MemoryError:
            raise say_large(limits) from None
        except RuntimeError as error:
            if str(error) == _STOPPED:
                raise say_late(limits) from None
            if str(error).startswith(_NO_MEMORY):
                raise say_large(limits) from None
            raise
        finally:
            self._limits = None
            self.connection.set_query_timeout(0)

    def close(self) -> None:
        """Let go of the file; twice is harmless."""
        if self._database is not None:
            self.connection.close()
            database, self._database = self._database, None
            database.close()

    def discard(self) -> None:
        """Let go of a file that is thrown away; twice is harmless.

        LadybugDB would write to it once more, and where a disk is full that may end the process.
        """
        if self._database is not None:
            with suppress(RuntimeError):
                self.connection.execute(_CLOSES_WITHOUT_WRITING)
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_refused_write(error: RuntimeError) -> bool:
    """Whether a query failed because it would change what may only be read."""
    return _REFUSES_WRITING in str(error)


def ask_arrow(connection: ladybug.Connection, cypher: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
    """Run one query and return its rows as columns."""
    result = connection.execute(cypher, dict(parameters or {}))
    assert not isinstance(result, list)  # one statement, one result
    return result.get_as_arrow()
