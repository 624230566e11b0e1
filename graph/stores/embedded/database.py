"""LadybugDB's one file in a store's folder, and the draft that takes its place."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ladybug

from graph import errors

DATABASE_FILE = "graph.lbug"
STAGING_FOLDER = "staging"
_BUFFER_BYTES = 1 << 30
_FULL_BYTES = 1 << 22
"""A disk with less room than this is full: a draft grows in steps of up to a megabyte."""


class DatabaseFile:
    """The graph in one file, connected to while it is used.

    Parameters
    ----------
    folder
        The store's; ``staging`` in it holds a draft, and rows on their way into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE_FILE
        self.staging = folder / STAGING_FOLDER
        self._database: ladybug.Database | None = None

    def connect(self, path: Path, *, writing: bool) -> None:
        """Open the graph itself, or a draft of it."""
        self.disconnect()
        # A COPY into a node table on two threads or more can hang for ever: each thread holds the lock of one part of
        # the primary key's index and waits for another's.  One thread cannot.
        self._database = ladybug.Database(
            path, read_only=not writing, buffer_pool_size=_BUFFER_BYTES, max_num_threads=1 if writing else 0
        )
        self.connection = ladybug.Connection(self._database)

    def disconnect(self) -> None:
        """Let go of what is open; twice is harmless."""
        if self._database is not None:
            self.connection.close()
            database, self._database = self._database, None
            database.close()

    def has_unfinished_writes(self) -> bool:
        """Whether a killed writer left files beside the graph's, which only a writer can take up again."""
        return any(self.folder.glob(f"{DATABASE_FILE}.*"))

    def sweep(self) -> None:
        """Delete what a killed writer left of a draft; whoever calls this holds the lock."""
        shutil.rmtree(self.staging, ignore_errors=True)

    def ask(self, cypher: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run a query, or several, and return the last one's rows."""
        result = self.connection.execute(cypher, dict(parameters))
        last = result[-1] if isinstance(result, list) else result
        return [dict(row) for row in last.rows_as_dict()]

    @contextmanager
    def drafting(self) -> Iterator[None]:
        """All of what is done inside, or nothing of it; the connection is that of a draft meanwhile.

        Within the draft every statement is committed by itself: one LadybugDB transaction around
        them all would keep every row in the buffer pool until its end.
        """
        try:
            with self._noticing_full_disk():
                self.connect(self._start_draft(), writing=True)
                yield
                self.connection.execute("CHECKPOINT")
                self._publish_draft()
        finally:
            self._discard_draft()

    def _start_draft(self) -> Path:
        draft = self.staging / DATABASE_FILE
        self.staging.mkdir(exist_ok=True)
        if self.path.exists():
            if self._database is not None:
                self.connection.execute("CHECKPOINT")  # what was written outside a transaction is in a file beside
            self.disconnect()
            shutil.copyfile(self.path, draft)
        return draft

    def _publish_draft(self) -> None:
        self.disconnect()
        draft = self.staging / DATABASE_FILE
        _sync(draft)
        draft.replace(self.path)
        _sync(self.folder)

    def _discard_draft(self) -> None:
        with suppress(RuntimeError):  # a draft on a full disk cannot even be closed in order
            self.disconnect()
        self.sweep()
        if self.path.exists():
            self.connect(self.path, writing=True)

    @contextmanager
    def _noticing_full_disk(self) -> Iterator[None]:
        """LadybugDB has many words for a full disk, so ask the disk itself."""
        try:
            yield
        except (RuntimeError, OSError) as error:
            if shutil.disk_usage(self.folder).free < _FULL_BYTES and not isinstance(error, errors.RingfenceError):
                raise OSError(errno.ENOSPC, str(error)) from error
            raise


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
