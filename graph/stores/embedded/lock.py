"""Who may use a store's folder: many readers, or one writer whose name the others are told."""

from __future__ import annotations

import fcntl
import json
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from graph.errors import StoreBusyError
from graph.stores.holder import name_this_process, say_holder

LOCK_FILE = "lock"
_PAUSE_SECONDS = 0.05


class StoreLock:
    """A lock on a store's folder, given back when the process ends, however it ends.

    Parameters
    ----------
    folder
        The store's folder.
    exclusive
        True for a writer. A writer waits for readers to finish; it does not wait for a writer.
    patience_seconds
        How long to wait for readers (as a writer), or for a writer (as a reader).

    Raises
    ------
    StoreBusyError
        If the lock is held; the message says by whom and since when.
    """

    def __init__(self, folder: Path, *, exclusive: bool, patience_seconds: float = 5.0) -> None:
        self.folder = folder
        self.exclusive = exclusive
        self._file = self._take(time.monotonic() + patience_seconds)

    def _take(self, deadline: float) -> IO[str] | None:
        path = self.folder / LOCK_FILE
        if not self.exclusive and not path.exists():
            return None  # a store copied to a read-only place has no writer to fear
        kind = fcntl.LOCK_EX if self.exclusive else fcntl.LOCK_SH
        file = path.open("a+" if self.exclusive else "r", encoding="utf-8")
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except OSError:
                holder = _read_holder(path)
                if time.monotonic() > deadline or (self.exclusive and holder):
                    file.close()
                    raise StoreBusyError(f"{self.folder} is held by {holder or 'a reader'}; try again later") from None
            time.sleep(_PAUSE_SECONDS)
        if self.exclusive:
            _write_holder(file)
        return file

    def release(self) -> None:
        """Let others in; releasing twice is harmless."""
        if self._file is not None and not self._file.closed:
            if self.exclusive:
                self._file.truncate(0)
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _write_holder(file: IO[str]) -> None:
    file.truncate(0)
    file.write(json.dumps(name_this_process()))
    file.flush()


def _read_holder(path: Path) -> str:
    """Who wrote the lock file last, in words; empty if nobody did, or nobody is left of them."""
    try:
        return say_holder(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError):
        return ""
