"""A book of events of a store in a folder: a file that only grows, and is no part of any generation.

Each line is what was said at once, with a checksum of it and of the line before.  A line counts when its end is on the
disk: a process that is killed before leaves half a line, which nobody reads and the next writer cuts off.  So an event
is there as a whole or not at all, and what was said at once is too.  How far it reaches is written down beside it: see
:mod:`graph.stores.embedded.head`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from graph.casebook.book import Lines
from graph.casebook.reach import FIRST, MEND, digest_entry, find_reach, mending_from_copy, require_reach
from graph.errors import StoreDamagedError
from graph.stores.embedded.disk import make_folder, open_here, refuse_link, sync
from graph.stores.embedded.explain import explained
from graph.stores.embedded.head import NextHead, read_head, write_anew
from graph.stores.holder import wait_in_turn
from graph.stores.location import Folder

CASEBOOK, MEASURES, JOURNAL_FILE = "casebook", "measures", "events.jsonl"
"""The folders of what people said, and of what is done about flags, and the file in each."""
DAMAGED = "events.damaged-{}.jsonl"


class Journal:
    """A :class:`~graph.casebook.book.Casebook` in a folder.

    It waits for no load and no run, and neither do they wait for it: those who write to it wait for one another.

    Parameters
    ----------
    place
        The store's folder, and how long to wait.
    name
        Of the folder inside it.
    """

    def __init__(self, place: Folder, name: str = CASEBOOK) -> None:
        self._place = place
        self._folder = Path(place.path) / name
        self._file = self._folder / JOURNAL_FILE

    def read(self) -> Lines:
        """Every event; see :class:`~graph.casebook.book.Casebook`."""
        with explained(self._place.path), self._mending():
            refuse_link(self._folder)
            head = read_head(self._folder)  # before the lines, which only grow
            found = _parse(_cut(_read(self._file)), self._file)
            require_reach(head, found.checksums, f"lines of {self._file}")
            return found.events

    def knows_its_end(self) -> bool:
        """Whether there is a head; see :class:`~graph.casebook.book.Casebook`."""
        with explained(self._place.path):
            return read_head(self._folder) is not None

    def append(self, say: Callable[[Lines], Sequence[str]]) -> Lines:
        """Add what is to be said; see :class:`~graph.casebook.book.Casebook`."""
        with explained(self._place.path), self._mending(), self._held() as descriptor:
            whole = _cut(_read_all(descriptor))
            found = _parse(whole, self._file)
            require_reach(read_head(self._folder), found.checksums, f"lines of {self._file}")
            added = tuple(say(found.events))
            if added:
                line = _write_line(added, found.checksums)
                head = NextHead(self._folder, find_reach([*found.checksums, line.sha256]))
                _write_end(descriptor, len(whole), line.content, head)
            return added

    def mend(self, choose: Callable[[Lines], Sequence[str]]) -> Lines:
        """Write it anew with what is whole; see :class:`~graph.casebook.book.Casebook`.

        Whoever is killed at it leaves it damaged or mended.  What there was stays beside it.
        """
        with explained(self._place.path), self._held() as descriptor:
            lines = tuple(choose(tuple(_salvage(_read_all(descriptor)))))
            line = _write_line(lines, ())
            beside = self._folder / f"{JOURNAL_FILE}.next"
            write_anew(beside, line.content)
            head = NextHead(self._folder, find_reach([line.sha256]))
            os.link(self._file, self._find_room())
            beside.replace(self._file)
            head.put()
            sync(self._folder)
            return lines

    def _mending(self) -> AbstractContextManager[None]:
        return mending_from_copy(is_asked=self._folder.name != CASEBOOK)

    def _find_room(self) -> Path:
        """Where the damaged file stays: a name that none has yet."""
        number = 1
        while (path := self._folder / DAMAGED.format(number)).exists():
            number += 1
        return path

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The file, open and locked; the lock goes with the process, however it ends."""
        with suppress(FileExistsError):  # somebody else has just made it
            make_folder(self._folder)
        while True:
            is_new = not self._file.exists()
            descriptor = open_here(self._file, os.O_RDWR | os.O_CREAT)
            try:
                if is_new:
                    sync(self._folder)
                wait_in_turn(str(self._file), lambda: _try_lock(descriptor), self._place.wait_seconds)  # noqa: B023 - now
                if _is_at(descriptor, self._file):  # and not another one since, which was mended
                    yield descriptor
                    return
            finally:
                os.close(descriptor)


def _try_lock(descriptor: int) -> str:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "another process"
    return ""


def _is_at(descriptor: int, path: Path) -> bool:
    return os.path.samestat(os.fstat(descriptor), path.stat())


def _read(path: Path) -> bytes:
    """What is in the casebook; nothing where there is none."""
    try:
        descriptor = open_here(path, os.O_RDONLY)
    except FileNotFoundError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _read_all(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()


def _cut(content: bytes) -> bytes:
    """What is there of whole lines."""
    return content[: content.rfind(b"\n") + 1]


@dataclass(frozen=True)
class _Entry:
    """What was said at once, as a line."""

    content: bytes
    sha256: str


def _write_line(events: Sequence[str], before: Sequence[str]) -> _Entry:
    """The line that comes after those with some checksums."""
    text = f"[{','.join(events)}]"
    checksum = digest_entry(before[-1] if before else FIRST, text)
    return _Entry(f'{{"sha256":"{checksum}","events":{text}}}\n'.encode("ascii"), checksum)


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    events: list[msgspec.Raw]


@dataclass(frozen=True)
class _Found:
    """The events of whole lines, and the checksum of each line."""

    events: Lines
    checksums: list[str]


def _parse(content: bytes, path: Path) -> _Found:
    events: list[str] = []
    checksums = [FIRST]
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            found = msgspec.json.decode(line, type=_Line)
            said = [bytes(each).decode("ascii") for each in found.events]
            is_whole = found.sha256 == digest_entry(checksums[-1], f"[{','.join(said)}]")
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            is_whole = False
        if not is_whole:
            raise StoreDamagedError(f"line {number} of {path} is not as it was written: {MEND}")
        events += said
        checksums.append(found.sha256)
    return _Found(tuple(events), checksums[1:])


def _salvage(content: bytes) -> Iterator[str]:
    """What can be read of a damaged file, whole events or not."""
    for line in content.split(b"\n"):
        with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
            yield from (bytes(each).decode("ascii") for each in msgspec.json.decode(line, type=_Line).events)


def _write_end(descriptor: int, end: int, line: bytes, head: NextHead) -> None:
    """Write a line where whole ones end, down to the disk, and how far it reaches; or leave the file as it was."""
    try:
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
        head.put()
    except BaseException:
        with suppress(OSError):  # what stays of half a line is read by nobody
            os.ftruncate(descriptor, end)
        raise
