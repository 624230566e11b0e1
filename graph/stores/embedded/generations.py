"""Generations of a graph: each a folder that nobody writes to; the newest one is the graph.

A generation is made in ``drafts/`` and appears in ``generations/`` by one rename, so that there is no moment at which
there is half of one.  A reader holds the generation that it reads by a lock on its manifest; the sweeper takes away old
ones that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from graph.errors import StoreDamagedError
from graph.stores.embedded.database import BESIDE, DATABASE_FILE, LOG_FILE
from graph.stores.embedded.disk import (
    Blocks,
    digest_blocks,
    digest_file,
    open_here,
    refuse_link,
    remove_ours,
    share_file,
    sync,
)
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.manifest import (
    MANIFEST_FILE,
    Manifest,
    SideFile,
    WrittenNames,
    parse_manifest,
    sum_blocks,
)
from graph.stores.embedded.names import CHANGES_FILE, NAMES_FILE, Names

DRAFT_MARK = "ringfence-draft"
ROWS_FILE = "rows.parquet"
_DRAFT, _SWEPT = "draft-", "swept-"
_ATTEMPTS = 100
MEND = "`ringfence restore` goes back to the newest generation that is whole"


@dataclass(frozen=True)
class Generation:
    """One that is held, so that nobody takes it away.

    ``lock`` is the descriptor by which it is held.
    """

    number: int
    folder: Path
    manifest: Manifest
    lock: int

    @property
    def file(self) -> Path:
        """The graph."""
        return self.folder / DATABASE_FILE

    @property
    def log(self) -> Path:
        """What was written to the graph and is not in its file, where it says that there is such a thing."""
        return self.folder / LOG_FILE

    @property
    def names(self) -> Path:
        """What everything in it is called; see :mod:`graph.stores.embedded.names`."""
        return self.folder / NAMES_FILE

    @property
    def changes(self) -> Path:
        """What has changed of the names since they were written."""
        return self.folder / CHANGES_FILE

    def mark(self) -> str:
        """A checksum of all facts."""
        return self.manifest.facts

    def release(self) -> None:
        """Let go of it, once."""
        os.close(self.lock)

    def check_size(self) -> None:
        """Look whether the graph is there, as long as it was, and alone; that costs nothing.

        Raises
        ------
        StoreDamagedError
            If it is not.
        """
        refuse_link(self.file)
        if not self.file.is_file() or self.file.stat().st_size != self.manifest.bytes:
            raise StoreDamagedError(f"{self.file} is not as it was written; {MEND}")
        log = self.manifest.log
        if log is not None:
            refuse_link(self.log)
            if not self.log.is_file() or self.log.stat().st_size != log.bytes:
                raise StoreDamagedError(f"{self.log} is not as it was written; {MEND}")
        if any((self.folder / name).exists() for name in BESIDE if log is None or name != LOG_FILE):
            raise StoreDamagedError(f"something else than Ringfence wrote to {self.folder}; {MEND}")

    @property
    def blocks(self) -> Blocks:
        """The graph, with what its blocks were when it was written."""
        return Blocks(self.file, self.manifest.blocks)

    def is_whole(self) -> bool:
        """Whether the graph is as it was written, to the last bit."""
        log = self.manifest.log
        if log is not None and not _is_as_written(self.log, log):
            return False
        if not self.manifest.blocks:
            return digest_file(self.file) == self.manifest.sha256
        return sum_blocks(digest_blocks(self.file), log) == self.manifest.sha256

    def is_copy(self, place: Path) -> bool:
        """Whether a folder has a copy of the graph as it was written, where the graph itself is."""
        file, log = place / DATABASE_FILE, self.manifest.log
        if log is not None and not _is_as_written(place / LOG_FILE, log):
            return False
        if not self.manifest.blocks:
            return digest_file(file) == self.manifest.sha256
        return sum_blocks(digest_blocks(file, self.blocks), log) == self.manifest.sha256

    def check_file(self) -> None:
        """Read the whole file, and compare it with what was written.

        Raises
        ------
        StoreDamagedError
            If a single bit of it is another one.
        """
        if not self.is_whole():
            raise StoreDamagedError(
                f"{self.file} is not as it was written; {MEND}; `ringfence verify` says what is lost"
            )


def _is_as_written(path: Path, written: SideFile) -> bool:
    """Whether a file is there, and not a single bit of it another one."""
    try:
        return path.stat().st_size == written.bytes and digest_file(path) == written.sha256
    except FileNotFoundError:
        return False


def has_whole_names(held: Generation) -> bool:
    """Whether a generation's names are as they were written, or it has none."""
    said = held.manifest
    files = ((held.names, said.names), (held.changes, said.renamed))
    return all(written is None or _is_as_written(path, written) for path, written in files)


def read_names(held: Generation) -> Names | None:
    """The names of a generation, where those that were written are there; the caller closes them."""
    said = held.manifest
    files = ((held.names, said.names), (held.changes, said.renamed))
    there = [path for path, written in files if written and path.is_file() and path.stat().st_size == written.bytes]
    if said.names is None or len(there) < 1 + (said.renamed is not None):
        return None
    return Names(*there)


def share_graph(held: Generation, place: Path) -> None:
    """Give the graph of a generation to a draft, as it is: the two share its file, and its log."""
    share_file(held.file, place / DATABASE_FILE)
    if held.manifest.log is not None:
        share_file(held.log, place / LOG_FILE)


def share_names(held: Generation, place: Path) -> WrittenNames:
    """Give the names of a generation to a draft, as they are: the two share the files."""
    share_file(held.names, place / NAMES_FILE)
    if held.manifest.renamed is not None:
        share_file(held.changes, place / CHANGES_FILE)
    return WrittenNames(held.manifest.names, held.manifest.renamed)


def hold_newest(folder: StoreFolder) -> Generation | None:
    """Hold the newest generation; None where there is none.

    Raises
    ------
    StoreDamagedError
        If its manifest is damaged.
    """
    for _ in range(_ATTEMPTS):
        numbers = folder.list_numbers()
        if not numbers:
            return None
        held = hold(folder, numbers[-1])
        if held is not None:
            return held
    return None


def hold(folder: StoreFolder, number: int) -> Generation | None:
    """Hold one generation; None where there is no such one any more."""
    place = name_generation(folder, number)
    try:
        lock = open_here(place / MANIFEST_FILE, os.O_RDONLY)
    except FileNotFoundError:
        if place.is_dir():  # a generation appears and goes as a whole
            raise StoreDamagedError(f"{place / MANIFEST_FILE} is missing; {MEND}") from None
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not _is_still_there(place / MANIFEST_FILE, lock):
            os.close(lock)
            return None
        with os.fdopen(os.dup(lock), "rb") as file:
            return Generation(number, place, parse_manifest(file.read(), place), lock)
    except BaseException as error:
        os.close(lock)
        if isinstance(error, StoreDamagedError):
            raise StoreDamagedError(f"{error}; {MEND}") from None
        raise


def name_generation(folder: StoreFolder, number: int) -> Path:
    """Where a generation lies."""
    return folder.generations / f"{number:06d}"


def start_draft(folder: StoreFolder) -> Path:
    """Make an empty folder for a draft."""
    place = folder.drafts / f"{_DRAFT}{secrets.token_hex(4)}"
    place.mkdir()
    os.close(open_here(place / DRAFT_MARK, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    return place


def publish(folder: StoreFolder, draft: Path) -> int:
    """Make a draft that is complete and on the disk the newest generation, and return its number."""
    (draft / DRAFT_MARK).unlink()
    sync(draft)
    number = max(folder.list_numbers(), default=0) + 1
    draft.rename(name_generation(folder, number))
    sync(folder.generations)
    return number


def sweep(folder: StoreFolder, *, kept: int) -> None:
    """Delete old generations that nobody reads, and what killed writers left; whoever calls this holds the lock."""
    for number in folder.list_numbers()[:-kept]:
        _retire(folder, number)
    for place in folder.drafts.iterdir():
        if place.name.startswith((_DRAFT, _SWEPT)):
            remove_draft(place)


def remove_draft(place: Path) -> None:
    """Delete what was never published, or is no more."""
    mark = DRAFT_MARK if (place / DRAFT_MARK).exists() else MANIFEST_FILE
    remove_ours(place, (DATABASE_FILE, *BESIDE, ROWS_FILE, NAMES_FILE, CHANGES_FILE, MANIFEST_FILE), mark=mark)


def _retire(folder: StoreFolder, number: int) -> None:
    place = name_generation(folder, number)
    if not (place / MANIFEST_FILE).exists():
        return  # damaged, and somebody may yet want to look at what is left
    lock = open_here(place / MANIFEST_FILE, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        place.rename(folder.drafts / f"{_SWEPT}{place.name}-{secrets.token_hex(4)}")
    except BlockingIOError:
        return  # somebody reads it
    finally:
        os.close(lock)


def _is_still_there(path: Path, descriptor: int) -> bool:
    """Whether a path still names the file that was opened by it."""
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False
