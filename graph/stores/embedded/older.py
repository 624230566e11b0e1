"""A store without generations: one file in the folder itself, which is read as it is and becomes a generation."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from graph.stores.embedded.database import BESIDE, DATABASE_FILE, Database
from graph.stores.embedded.disk import copy_file, digest_file, open_here
from graph.stores.embedded.folder import StoreFolder


class OlderGraph:
    """The graph of a store without generations, for reading.

    What a killed writer left beside it only a writer can take up again; that is done to a copy.

    Parameters
    ----------
    folder
        The store's.
    """

    def __init__(self, folder: StoreFolder) -> None:
        self._copy: Path | None = None
        self._lock: int | None = None
        self.file = folder.older_graph
        try:
            if is_unfinished(folder):
                self.file = self._recover(folder)
            else:
                self._lock = open_here(self.file, os.O_RDONLY)
                fcntl.flock(self._lock, fcntl.LOCK_SH)
        except BaseException:
            self.release()
            raise

    def _recover(self, folder: StoreFolder) -> Path:
        self._copy = Path(tempfile.mkdtemp(prefix="ringfence-"))
        copy_older(folder, self._copy)
        with Database(self._copy / DATABASE_FILE, writing=True) as database:
            database.connection.execute("CHECKPOINT")
        return self._copy / DATABASE_FILE

    def mark(self) -> str:
        """A checksum of the file."""
        return digest_file(self.file)

    def release(self) -> None:
        """Let go of it; twice is harmless."""
        if self._copy is not None:
            copy, self._copy = self._copy, None
            shutil.rmtree(copy)
        if self._lock is not None:
            lock, self._lock = self._lock, None
            os.close(lock)


def copy_older(folder: StoreFolder, place: Path) -> None:
    """Copy the graph of a store without generations, if there is one, with what a killed writer left beside it."""
    for name in (DATABASE_FILE, *BESIDE):
        if (folder.path / name).exists():
            copy_file(folder.path / name, place / name)


def is_unfinished(folder: StoreFolder) -> bool:
    """Whether a killed writer left files beside the graph's."""
    return any((folder.path / name).exists() for name in BESIDE)


def remove_older(folder: StoreFolder) -> None:
    """Delete the file that has become a generation, once nobody reads it; whoever calls this holds the lock."""
    with suppress(FileNotFoundError, BlockingIOError):
        lock = open_here(folder.older_graph, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in (*BESIDE, DATABASE_FILE):
                (folder.path / name).unlink(missing_ok=True)
        finally:
            os.close(lock)
