"""Files that are read, or replaced, as a whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file aside and rename it into place: there is the old file or the new one, and never half of one.

    Raises
    ------
    OSError
        If it cannot be written; an earlier file is then as it was.
    """
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(aside).chmod(0o666 & ~mask)  # as any other file; mkstemp lets nobody else read
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """Read a file that is not larger than so many bytes; a device that never ends is none.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is larger, or there cannot be a file of that name.
    """
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"it is larger than {most_bytes:,} bytes")
    return content
