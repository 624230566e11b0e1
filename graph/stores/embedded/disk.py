"""Files as the embedded store handles them: no link is followed, writing reaches the disk, a copy costs little."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import shutil
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from graph.errors import StoreError

_CANNOT_CLONE = (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF)
_STEP_BYTES = 1 << 30
BLOCK_BYTES = 1 << 23
"""Of a file that is compared, or given checksums, block by block."""
_BUFFER_BYTES, _MOST_THREADS = 1 << 18, 4


def open_here(path: Path, flags: int) -> int:
    """Open a regular file and no link to one; the caller closes the descriptor.

    Raises
    ------
    StoreError
        If there is a link, a folder or a device in the file's place.
    OSError
        If it cannot be opened.
    """
    refuse_link(path)
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise StoreError(f"{path} is no file; Ringfence keeps one of its own there, so please move it away")


def refuse_link(path: Path) -> None:
    """Refuse a link inside a store: what is behind it is somebody else's."""
    if path.is_symlink():
        raise StoreError(f"{path} is a link, and Ringfence follows none inside a store; please move it away")


def make_folder(path: Path) -> None:
    """Make a folder inside a store, unless it is there."""
    refuse_link(path)
    if path.is_dir():
        return
    path.mkdir()
    sync(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, down to the disk."""
    descriptor = open_here(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file to a new one; where the file system can share blocks between the two, nothing is moved."""
    with (
        os.fdopen(open_here(source, os.O_RDONLY), "rb") as read,
        os.fdopen(open_here(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as written,
    ):
        if not _clone(read.fileno(), written.fileno()):
            shutil.copyfileobj(read, written, 1 << 22)


def share_file(source: Path, target: Path) -> None:
    """The same file under another name, or a copy where the file system has no links; nobody may write to either."""
    try:
        os.link(source, target)
    except OSError:
        copy_file(source, target)


def _clone(source: int, target: int) -> bool:
    """Whether the system could copy by itself; the source is untouched and unread where it could not."""
    if not hasattr(os, "copy_file_range"):
        return False
    left = os.fstat(source).st_size
    try:
        while left > 0 and (moved := os.copy_file_range(source, target, min(left, _STEP_BYTES))):
            left -= moved
    except OSError as error:
        if error.errno not in _CANNOT_CLONE:
            raise
        os.lseek(source, 0, os.SEEK_SET)
        os.lseek(target, 0, os.SEEK_SET)
        return False
    return left <= 0


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def syncing(path: Path) -> Iterator[None]:
    """Let a file go to the disk while it is looked at and changed; what is changed meanwhile may not be there yet.

    Raises
    ------
    OSError
        At the end, if the disk did not take it: the system says so once, and not to whoever asks again.
    """
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(sync, path)
        yield
        done.result()


def digest_file(path: Path) -> str:
    """A file's SHA-256, in hexadecimal; about a second for a gigabyte that was read before."""
    with os.fdopen(open_here(path, os.O_RDONLY), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Blocks:
    """A file, and the SHA-256 of each of its blocks, of ``BLOCK_BYTES`` but the last, in hexadecimal."""

    path: Path
    digests: Sequence[str]


def digest_blocks(path: Path, like: Blocks | None = None) -> list[str]:
    """The SHA-256 of each block of a file, in hexadecimal; all cores make them at once.

    Parameters
    ----------
    path
        Of the file.
    like
        Another one, of which much may be the same: comparing two blocks takes a third of the time.
    """
    n_blocks = max(-(-path.stat().st_size // BLOCK_BYTES), 1)
    with _Reader(path) as file, _Reader(like.path if like else path) as other:
        known = like.digests if like else ()

        def digest(block: int) -> str:
            if block < len(known) and file.has_block_of(other, block):
                return known[block]
            return file.digest_block(block)

        if n_blocks == 1:
            return [digest(0)]
        with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
            return list(pool.map(digest, range(n_blocks)))


class _Reader:
    """A file that is read by blocks, on several threads."""

    def __init__(self, path: Path) -> None:
        self._descriptor = open_here(path, os.O_RDONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def digest_block(self, block: int) -> str:
        buffer = _BUFFERS.of_block[:BLOCK_BYTES]
        n_bytes = os.preadv(self._descriptor, [buffer], block * BLOCK_BYTES)
        return hashlib.sha256(buffer[:n_bytes]).hexdigest()

    def has_block_of(self, other: _Reader, block: int) -> bool:
        one, two = bytearray(_BUFFER_BYTES), bytearray(_BUFFER_BYTES)  # which are compared where they lie
        for at in _list_pieces(block):
            n_bytes = os.preadv(self._descriptor, [one], at)
            if n_bytes != os.preadv(other._descriptor, [two], at) or one != two:
                return False
            if n_bytes < _BUFFER_BYTES:
                return True
        return True


class _Buffers(threading.local):
    """Of each thread: memory that was not used before costs more than reading into it.

    It begins where a page does: into memory that begins 16 bytes later, as that of Python may, the system copies in
    twice the time.
    """

    def __init__(self) -> None:
        self.of_block = memoryview(mmap.mmap(-1, BLOCK_BYTES))


_BUFFERS = _Buffers()


def _list_pieces(block: int) -> range:
    return range(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES, _BUFFER_BYTES)


def copy_span(source: int, target: int, start: int, end: int) -> None:
    """Append what lies from one place of an open file to another to a second one, by the system where it can."""
    while start < end:
        try:
            moved = os.copy_file_range(source, target, min(end - start, _STEP_BYTES), offset_src=start)
        except (OSError, AttributeError) as error:
            if isinstance(error, OSError) and error.errno not in _CANNOT_CLONE:
                raise
            moved = os.write(target, os.pread(source, min(end - start, _BUFFER_BYTES), start))
        if not moved:
            raise EOFError(f"a file ends at {start}, before {end}")
        start += moved


def remove_ours(folder: Path, names: Iterable[str], *, mark: str) -> None:
    """Delete a folder that Ringfence made, and in it what Ringfence puts there; anything else stays, and so does it.

    Parameters
    ----------
    folder
        The folder; one without its mark is only deleted if it is empty.
    names
        What may be deleted in it.
    mark
        The file that says whose folder it is; it goes last, so that a deletion can be taken up again.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    if (folder / mark).is_file() and not (folder / mark).is_symlink():
        for name in [*(each for each in names if each != mark), mark]:
            if not (folder / name).is_dir() or (folder / name).is_symlink():
                (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # somebody keeps something there
        folder.rmdir()
