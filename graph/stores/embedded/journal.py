"""The casebook of a store in a folder: a file that only grows, and is no part of any generation.

Each line is what was said at once, with a checksum of it and of the line before.  A line counts when its end is on the
disk: a process that is killed before leaves half a line, which nobody reads and the next writer cuts off.  So an event
is there as a whole or not at all, and what was said at once is too.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from graph.casebook.book import Lines
from graph.errors import StoreDamagedError
from graph.stores.embedded.disk import make_folder, open_here, refuse_link, sync
from graph.stores.embedded.explain import explained
from graph.stores.holder import wait_in_turn
from graph.stores.location import Folder

CASEBOOK, JOURNAL_FILE = "casebook", "events.jsonl"
_FIRST = "0" * 64


class Journal:
    """A :class:`~graph.casebook.book.Casebook` in a folder.

    It waits for no load and no run, and neither do they wait for it: those who write to it wait for one another.

    Parameters
    ----------
    place
        The store's folder, and how long to wait.
    """

    def __init__(self, place: Folder) -> None:
        self._place = place
        self._folder = Path(place.path) / CASEBOOK
        self._file = self._folder / JOURNAL_FILE

    def read(self) -> Lines:
        """Every event; see :class:`~graph.casebook.book.Casebook`."""
        with explained(self._place.path):
            try:
                refuse_link(self._folder)
                descriptor = open_here(self._file, os.O_RDONLY)
            except FileNotFoundError:
                return ()
            with os.fdopen(descriptor, "rb") as file:
                return _parse(_cut(file.read()), self._file)[0]

    def append(self, say: Callable[[Lines], Sequence[str]]) -> Lines:
        """Add what is to be said; see :class:`~graph.casebook.book.Casebook`."""
        with explained(self._place.path), self._held() as descriptor:
            content = _read_all(descriptor)
            whole = _cut(content)
            known, last = _parse(whole, self._file)
            added = tuple(say(known))
            if added:
                _write_end(descriptor, len(whole), _write_line(added, last))
            return added

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The file, open and locked; the lock goes with the process, however it ends."""
        with suppress(FileExistsError):  # somebody else has just made it
            make_folder(self._folder)
        is_new = not self._file.exists()
        descriptor = open_here(self._file, os.O_RDWR | os.O_CREAT)
        try:
            if is_new:
                sync(self._folder)
            wait_in_turn(str(self._file), lambda: _try_lock(descriptor), self._place.wait_seconds)
            yield descriptor
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> str:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "another process"
    return ""


def _read_all(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()


def _cut(content: bytes) -> bytes:
    """What is there of whole lines."""
    return content[: content.rfind(b"\n") + 1]


def _write_line(events: Sequence[str], last: str) -> bytes:
    text = f"[{','.join(events)}]"
    return f'{{"sha256":"{_digest(last, text)}","events":{text}}}\n'.encode("ascii")


def _digest(last: str, text: str) -> str:
    return hashlib.sha256(f"{last}{text}".encode()).hexdigest()


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    events: list[msgspec.Raw]


def _parse(content: bytes, path: Path) -> tuple[Lines, str]:
    """The events of whole lines, and the checksum of the last line."""
    events: list[str] = []
    last = _FIRST
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            found = msgspec.json.decode(line, type=_Line)
            said = [bytes(each).decode("ascii") for each in found.events]
            is_whole = found.sha256 == _digest(last, f"[{','.join(said)}]")
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            is_whole = False
        if not is_whole:
            raise StoreDamagedError(
                f"line {number} of {path} is not as it was written: put the file back from a copy, or import an export"
                " of the casebook into a store that has none"
            )
        events += said
        last = found.sha256
    return tuple(events), last


def _write_end(descriptor: int, end: int, line: bytes) -> None:
    """Write a line where whole ones end, down to the disk, or leave the file as it was."""
    try:
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):  # what stays of half a line is read by nobody
            os.ftruncate(descriptor, end)
        raise
