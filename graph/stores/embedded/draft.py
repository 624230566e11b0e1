"""A draft: a copy of the graph that is changed, checked, and published as the next generation."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph import errors
from graph.stores.embedded.database import BESIDE, DATABASE_FILE, LOG_FILE, Database
from graph.stores.embedded.disk import copy_file, digest_blocks, digest_file, share_file, sync, syncing
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import (
    MEND,
    ROWS_FILE,
    Generation,
    has_whole_names,
    publish,
    remove_draft,
    share_names,
    start_draft,
)
from graph.stores.embedded.manifest import Manifest, SideFile, WrittenNames, sum_blocks, write_manifest
from graph.stores.embedded.names import NAMES_FILE
from graph.stores.embedded.older import copy_older
from graph.stores.embedded.schema import SCHEMA_VERSION
from graph.stores.holder import name_this_process
from graph.version import VERSION

if TYPE_CHECKING:
    from graph.stores.embedded.content import Stretches
    from graph.stores.embedded.renaming import Renamed
    from graph.stores.embedded.touched import Touched
    from graph.stores.load_plan import LoadPlan

_FULL_BYTES = 1 << 22
"""A disk with less room than this is full: a draft grows in steps of up to a megabyte."""
_WORTH_LOGGING_BYTES = 1 << 26
"""A file as short as that is copied and compared in a twentieth of a second."""


class Draft:
    """A graph that is being changed.

    Parameters
    ----------
    place
        Its folder; rows on their way into the graph are put there too.
    base
        The generation that it is a copy of; None where there was none.
    logging
        Whether what is written is to stay in a log, beside the file of the base; see :class:`Ahead`.
    """

    def __init__(self, place: Path, base: Generation | None, *, logging: bool = False) -> None:
        self.place = place
        self.base = base
        self._logs_onto = base if logging else None
        if logging:
            os.utime(place / DATABASE_FILE, ns=(0, 0))  # whoever writes to the file sets another time
        self.database = Database(place / DATABASE_FILE, writing=True, logging=logging)
        self._touched: Touched | None = None
        self._renamed: Renamed | None = None

    def watch_load(self, plan: LoadPlan) -> None:
        """Look at what a load is about to write, so that no more than that need be read back."""
        from graph.stores.embedded.renaming import find_renamed
        from graph.stores.embedded.touched import find_touched, is_small, read_titles

        if self.base is not None and self.base.manifest.stretches is not None and is_small(plan):
            self._touched = find_touched(plan)
            self._renamed = find_renamed(plan, read_titles(self.database.connection, plan))

    def finish(self, *, keeps_facts: bool) -> None:
        """Close the draft, check it, and write down what it holds.

        Raises
        ------
        StoreError
            If the facts have changed though they were to stay.
        """
        log = self._close()
        file = self.place / DATABASE_FILE
        (self.place / ROWS_FILE).unlink(missing_ok=True)
        for name in BESIDE:
            if log is None or name != LOG_FILE:
                (self.place / name).unlink(missing_ok=True)
        with syncing(file):  # which nobody writes to any more
            manifest = self._describe(file, log, keeps_facts=keeps_facts)
        if keeps_facts and self.base is not None and manifest.facts != _find_facts(self.base):
            raise errors.StoreError(f"{self.place}: facts changed while a run was written; nothing was changed")
        _forbid_writing(file)
        sync(file)
        write_manifest(self.place, manifest)

    def _close(self) -> SideFile | None:
        """Let LadybugDB go of the draft; what was written is in the file then, or in the log that is returned."""
        file = self.place / DATABASE_FILE
        if self._logs_onto is not None:
            self.database.close()
            if _is_as_copied(file) and (self.place / LOG_FILE).is_file():
                return self._put_log_beside(self._logs_onto)
            self.database = Database(file, writing=True)  # which reads the log
        self.database.connection.execute("CHECKPOINT")
        self.database.close()
        return None

    def _put_log_beside(self, base: Generation) -> SideFile:
        """Take the file of the base in place of its copy, which was not written to: the log goes on from either."""
        file, log = self.place / DATABASE_FILE, self.place / LOG_FILE
        file.unlink()
        share_file(base.file, file)
        _forbid_writing(log)
        sync(log)
        return SideFile(bytes=log.stat().st_size, sha256=digest_file(log))

    def _describe(self, file: Path, log: SideFile | None, *, keeps_facts: bool) -> Manifest:
        from graph.stores.embedded.content import sum_up  # and Arrow with it

        with ThreadPoolExecutor(1) as pool:
            digested = pool.submit(self._digest, file, log)
            stretches, names = self._read_back(file, keeps_facts=keeps_facts)
            blocks = digested.result()
        tables, facts = sum_up(stretches)
        return Manifest(
            schema=SCHEMA_VERSION,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            made_by=VERSION,
            command=name_this_process()["command"],
            made_from=None if self.base is None else self.base.number,
            bytes=file.stat().st_size,
            sha256=sum_blocks(blocks, log),
            tables=tables,
            facts=facts,
            names=names.names,
            renamed=names.renamed,
            stretches=stretches,
            blocks=blocks,
            log=log,
        )

    def _digest(self, file: Path, log: SideFile | None) -> Sequence[str]:
        if self.base is None:
            return digest_blocks(file)
        return digest_blocks(file, self.base.blocks) if log is None else self.base.manifest.blocks

    def _read_back(self, file: Path, *, keeps_facts: bool) -> tuple[Stretches, WrittenNames]:
        """Read what was written, as a reader would: what LadybugDB cannot read must not be published."""
        from graph.memory import give_memory_back
        from graph.stores.embedded.content import describe_graph, watch_nothing
        from graph.stores.embedded.naming import writing_names

        is_whole = not keeps_facts and self._touched is None
        with Database(file, writing=False, in_order=is_whole) as written, ThreadPoolExecutor(1) as pool:
            described = pool.submit(self._read_found if keeps_facts else self._read_touched, written)
            names = self._keep_names() if keeps_facts else self._rename()
            stretches = described.result()
            if stretches is not None and names is not None:
                return stretches, names
            give_memory_back()  # all that was written is about to be read
            if names is not None:
                return describe_graph(written.connection, watch_nothing), names
            with writing_names(self.place / NAMES_FILE) as writer:
                return describe_graph(written.connection, writer.take), WrittenNames(writer.finish(), None)

    def _read_found(self, written: Database) -> Stretches | None:
        from graph.stores.embedded.content import describe_found

        if self.base is None or self.base.manifest.stretches is None:
            return None
        return describe_found(written.connection, self.base.manifest.stretches)

    def _read_touched(self, written: Database) -> Stretches | None:
        from graph.stores.embedded.touched import describe_again

        if self._touched is None or self.base is None or self.base.manifest.stretches is None:
            return None
        return describe_again(written.connection, self.base.manifest.stretches, self._touched)

    def _rename(self) -> WrittenNames | None:
        """The names of the base with the changes of a small load."""
        from graph.stores.embedded.renaming import write_names_again

        if self.base is None or self._renamed is None or not has_whole_names(self.base):
            return None
        return write_names_again(self.base, self.place, self._renamed)

    def _keep_names(self) -> WrittenNames | None:
        """The names of the base, where there are any as they were written: with the same facts they stay the same."""
        if self.base is None or self.base.manifest.names is None or not has_whole_names(self.base):
            return None
        return share_names(self.base, self.place)


def _find_facts(base: Generation) -> str:
    """The checksum of a generation's facts; that of one which has it in an older form is made anew."""
    from graph.stores.embedded.content import describe_graph, sum_up

    if base.manifest.stretches is not None:
        return base.manifest.facts
    with Database(base.file, writing=False) as read:
        return sum_up(describe_graph(read.connection))[1]


def _forbid_writing(file: Path) -> None:
    """Nobody writes to a generation.  A file that it shares may be another user's, who alone could change its mode."""
    mode = file.stat().st_mode
    if mode & 0o222:
        file.chmod(mode & ~0o222)


def _is_worth_logging(base: Manifest) -> bool:
    return base.log is None and bool(base.blocks) and base.bytes >= _WORTH_LOGGING_BYTES


def _is_as_copied(file: Path) -> bool:
    return file.stat().st_mtime_ns == 0


@contextmanager
def copying_ahead(folder: StoreFolder, held: object, pool: ThreadPoolExecutor) -> Iterator[Future[Path] | None]:
    """Copy a graph that is likely to be written to, on another thread; what nobody took is gone afterwards.

    Parameters
    ----------
    folder
        Of the store; the caller holds the lock.
    held
        The graph; only a generation is copied.
    pool
        Of the thread.
    """
    if not isinstance(held, Generation):
        yield None
        return
    copied = pool.submit(_copy_ahead, folder, held)
    try:
        yield copied
    finally:
        if not copied.cancel() and copied.exception() is None:
            remove_draft(copied.result())


def _copy_ahead(folder: StoreFolder, base: Generation) -> Path:
    place = start_draft(folder)
    try:
        _copy(base, place)
        _require_copy(base, place)
    except BaseException:
        remove_draft(place)
        raise
    return place


@dataclass(frozen=True)
class Ahead:
    """What is known of a draft before it is begun.

    ``logs`` says whether so little is written that the next generation may be the file of the base and a log beside it.
    It is where the base has no log itself: no file is that of more than two generations, and no log grows.  ``copied``
    is a copy of the base that is being made already; see :func:`copying_ahead`.
    """

    logs: bool
    copied: Future[Path] | None


@contextmanager
def drafting(
    folder: StoreFolder, base: Generation | None, *, keeps_facts: bool = False, ahead: Ahead | None = None
) -> Iterator[Draft]:
    """All of what is done inside becomes the next generation, or nothing of it; the caller holds the lock.

    Within the draft every statement is committed by itself: one LadybugDB transaction around
    them all would keep every row in the buffer pool until its end.

    Parameters
    ----------
    folder
        The store's.
    base
        What the draft is a copy of; None where there was nothing, or only an older store.
    keeps_facts
        Whether the facts are to be the same afterwards.
    ahead
        What is known before.

    Raises
    ------
    StoreDamagedError
        If the base is damaged.
    """
    copied = ahead.copied if ahead else None
    logging = ahead is not None and ahead.logs and base is not None and _is_worth_logging(base.manifest)
    with noticing_full_disk(folder.path):
        place, draft = copied.result() if copied else start_draft(folder), None
    try:
        with noticing_full_disk(folder.path):  # while the draft is there: without it there is room again
            with _having_copy(folder, base, place, copied=copied is not None, stays=not logging):
                draft = Draft(place, base, logging=logging)
                yield draft
                draft.finish(keeps_facts=keeps_facts)
            publish(folder, place)
    finally:
        if draft is not None:
            with suppress(RuntimeError):  # a draft on a full disk cannot even be closed in order
                draft.database.discard()
        remove_draft(place)


@contextmanager
def _having_copy(
    folder: StoreFolder, base: Generation | None, place: Path, *, copied: bool, stays: bool
) -> Iterator[None]:
    """Have a copy, which goes to the disk while it is compared and written to, unless it does not stay there.

    Nearly all of it stays as it is.
    """
    if base is None:
        copy_older(folder, place)
        yield
        return
    if not copied:
        _copy(base, place)
    with syncing(place / DATABASE_FILE) if stays else nullcontext():
        if not copied:
            _require_copy(base, place)
        yield


def _copy(base: Generation, place: Path) -> None:
    copy_file(base.file, place / DATABASE_FILE)
    if base.manifest.log is not None:
        copy_file(base.log, place / LOG_FILE)


def _require_copy(base: Generation, place: Path) -> None:
    if not base.is_copy(place):
        raise errors.StoreDamagedError(f"{base.file} is not as it was written; {MEND}")


@contextmanager
def noticing_full_disk(place: Path) -> Iterator[None]:
    """LadybugDB has many words for a full disk, so ask the disk itself."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        if shutil.disk_usage(place).free < _FULL_BYTES and not isinstance(error, errors.RingfenceError):
            raise OSError(errno.ENOSPC, str(error)) from error
        raise
