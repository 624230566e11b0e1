"""One writer at a time: a lock on a store's folder, and whose it is."""

from __future__ import annotations

import fcntl
import json
import os
from types import TracebackType
from typing import Self

from graph.stores.embedded.disk import open_here, write_new
from graph.stores.embedded.folder import StoreFolder
from graph.stores.holder import name_this_process, say_holder, wait_in_turn

HOLDER_FILE = "writer.json"


class WriterLock:
    """The right to write to a store, given back when the process ends, however it ends.

    Readers need no lock, and neither wait for a writer nor are waited for.  The lock file itself is always empty: who
    holds it is written beside the drafts.

    Parameters
    ----------
    folder
        The store's folder, which has its rooms.
    wait_seconds
        How long to wait for another writer.

    Raises
    ------
    StoreBusyError
        If another one holds it for longer; the message says who, and since when.
    """

    def __init__(self, folder: StoreFolder, *, wait_seconds: float) -> None:
        self.folder = folder
        self._holder = folder.drafts / HOLDER_FILE
        self._descriptor: int | None = open_here(folder.lock, os.O_RDWR | os.O_CREAT)
        try:
            wait_in_turn(str(folder.path), self._attempt, wait_seconds)
            self._holder.unlink(missing_ok=True)
            write_new(self._holder, json.dumps(name_this_process()).encode())
        except BaseException:
            self._close()
            raise

    def _attempt(self) -> str:
        assert self._descriptor is not None  # it is given back at the end only
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._read_holder() or "another process"
        return ""

    def _read_holder(self) -> str:
        try:
            with os.fdopen(open_here(self._holder, os.O_RDONLY), "rb") as file:
                return say_holder(json.load(file))
        except (OSError, ValueError, KeyError, TypeError):
            return ""  # it was just taken, or just given back

    def release(self) -> None:
        """Let others in; releasing twice is harmless."""
        if self._descriptor is not None:
            self._holder.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
