"""Files that are read, or replaced, as a whole.

Whatever Ringfence writes outside a store goes through here: it is made in a room of its own beside its place, whose
name follows from the place, and moved there when it is complete.  Who is killed leaves the room, and the next one who
writes to that place takes it over; nothing piles up.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from graph.errors import ConfigError

MARK = "ringfence-unfinished"
_CONTENT = "content"
_PATIENCE_SECONDS = 10.0
_AGAIN_SECONDS = 0.02


def replace_file(path: Path, content: bytes) -> None:
    """Write a file as a whole; see :func:`replacing_file`."""
    with replacing_file(path) as file:
        file.write(content)


@contextmanager
def replacing_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file aside and move it into place: there is the old file or the new one, and never half of one.

    A link is followed, and stays; permissions stay too.  What is no file (a pipe, a device) is written to as it is.

    Raises
    ------
    ConfigError
        If another process writes it, or something that is none of ours lies where it is made.
    OSError
        If it cannot be written; an earlier file is then as it was.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    with _making(target) as content:
        with content.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, content)


@contextmanager
def making_folder(path: Path) -> Iterator[Path]:
    """Fill a folder aside and move it into place, where there is nothing yet, or a folder that is empty.

    Raises
    ------
    ConfigError, OSError
        See :func:`replacing_file`.
    """
    with _making(Path(os.path.realpath(path))) as content:
        content.mkdir()
        yield content


def remove_file(path: Path) -> None:
    """Delete a file that was written here, and what whoever was killed left beside it."""
    with _claiming(name_room(path)):
        path.unlink(missing_ok=True)


def name_room(target: Path) -> Path:
    """Where a file is made until it is complete."""
    return target.with_name(f".{target.name}.unfinished")


@contextmanager
def _making(target: Path) -> Iterator[Path]:
    """Where to make it: a path at which there is nothing."""
    with _claiming(name_room(target)) as content:
        yield content
        content.rename(target)
        _sync(target.parent)


@contextmanager
def _claiming(room: Path) -> Iterator[Path]:
    """Have a room to oneself, with nothing in it; it is gone afterwards."""
    lock = _wait_for(room)
    content = room / _CONTENT
    try:
        _remove(content)
        yield content
    finally:
        _remove(content)
        if list(room.iterdir()) == [room / MARK]:  # last, so that a kill leaves a room of ours
            (room / MARK).unlink()
            room.rmdir()
        os.close(lock)


def _wait_for(room: Path) -> int:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (lock := _take(room)) is None:
        if time.monotonic() > deadline:
            raise ConfigError(f"another process is writing in {room}; wait for it, or name another file")
        time.sleep(_AGAIN_SECONDS)
    return lock


def _take(room: Path) -> int | None:
    """The lock on a room, made if there is none; None where another process has it, or has just removed it."""
    with suppress(FileExistsError):
        room.mkdir(mode=0o700)
    try:
        _require_ours(room)
        lock = os.open(room / MARK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), (room / MARK).lstat()):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(lock)
    return None


def _require_ours(room: Path) -> None:
    """Nothing is deleted, and nothing overwritten, that Ringfence has not made, or that another user has."""
    found = room.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
        inside = list(room.iterdir())
        if not inside or room / MARK in inside:
            return
    raise ConfigError(f"{room} is in the way, and not of Ringfence's making; please move it away")


def _remove(content: Path) -> None:
    if content.is_dir() and not content.is_symlink():
        shutil.rmtree(content)
    else:
        content.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
