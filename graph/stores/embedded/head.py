"""How far the casebook of a folder reaches, in a small file beside it.

The lines of a casebook are chained, so that none of them can go or change without the next one telling; but nothing
tells that the last ones are gone.  So this file does.  It is replaced as a whole when a line is on the disk, and before
whoever said something is told that it is kept.  It may therefore be behind, which a writer that was killed leaves and
the next one mends, and is never ahead.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from graph.casebook.reach import MEND, Reach
from graph.errors import StoreDamagedError
from graph.stores.embedded.disk import open_here

HEAD_FILE = "head.json"


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lines: int
    sha256: str


def read_head(folder: Path) -> Reach | None:
    """How far the casebook in a folder reached when something was last said; None where nobody wrote that down.

    Raises
    ------
    StoreDamagedError
        If what is written down makes no sense.
    """
    path = folder / HEAD_FILE
    try:
        descriptor = open_here(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read()
    try:
        found = msgspec.json.decode(content, type=_Written)
    except (msgspec.MsgspecError, UnicodeError):
        raise StoreDamagedError(f"{path} is not as it was written: {MEND}") from None
    return Reach(found.lines, found.sha256)


class NextHead:
    """A new head, made before the line that it speaks of, so that a full disk shows while nothing has changed.

    Parameters
    ----------
    folder
        Of the casebook, which nobody else writes to.
    reach
        How far it will reach.
    """

    def __init__(self, folder: Path, reach: Reach) -> None:
        self._folder, self._path = folder, folder / f"{HEAD_FILE}.next"
        write_anew(self._path, msgspec.json.encode(_Written(reach.entries, reach.sha256)) + b"\n")

    def put(self) -> None:
        """Put it in the place of the one before; that need not reach the disk, for it may be behind."""
        self._path.replace(self._folder / HEAD_FILE)


def write_anew(path: Path, content: bytes) -> None:
    """Write a file down to the disk, whatever was in it before."""
    descriptor = open_here(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
