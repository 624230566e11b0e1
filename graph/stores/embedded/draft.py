"""A draft: a copy of the graph that is changed, checked, and published as the next generation."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph import errors
from graph.stores.embedded.database import BESIDE, DATABASE_FILE, Database
from graph.stores.embedded.disk import copy_file, digest_blocks, sync, syncing
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
from graph.stores.embedded.manifest import Manifest, WrittenNames, sum_blocks, write_manifest
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


class Draft:
    """A graph that is being changed.

    Parameters
    ----------
    place
        Its folder; rows on their way into the graph are put there too.
    base
        The generation that it is a copy of; None where there was none.
    """

    def __init__(self, place: Path, base: Generation | None) -> None:
        self.place = place
        self.base = base
        self.database = Database(place / DATABASE_FILE, writing=True)
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
        self.database.connection.execute("CHECKPOINT")
        self.database.close()
        file = self.place / DATABASE_FILE
        (self.place / ROWS_FILE).unlink(missing_ok=True)
        for name in BESIDE:
            (self.place / name).unlink(missing_ok=True)
        manifest = self._describe(file, keeps_facts=keeps_facts)
        if keeps_facts and self.base is not None and manifest.facts != _find_facts(self.base):
            raise errors.StoreError(f"{self.place}: facts changed while a run was written; nothing was changed")
        file.chmod(file.stat().st_mode & ~0o222)  # nobody writes to a generation
        sync(file)
        write_manifest(self.place, manifest)

    def _describe(self, file: Path, *, keeps_facts: bool) -> Manifest:
        from graph.stores.embedded.content import sum_up  # and Arrow with it

        stretches, names = self._read_back(file, keeps_facts=keeps_facts)
        blocks = digest_blocks(file, None if self.base is None else self.base.blocks)
        tables, facts = sum_up(stretches)
        return Manifest(
            schema=SCHEMA_VERSION,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            made_by=VERSION,
            command=name_this_process()["command"],
            made_from=None if self.base is None else self.base.number,
            bytes=file.stat().st_size,
            sha256=sum_blocks(blocks),
            tables=tables,
            facts=facts,
            names=names.names,
            renamed=names.renamed,
            stretches=stretches,
            blocks=blocks,
        )

    def _read_back(self, file: Path, *, keeps_facts: bool) -> tuple[Stretches, WrittenNames]:
        """Read what was written, as a reader would: what LadybugDB cannot read must not be published."""
        from graph.memory import give_memory_back
        from graph.stores.embedded.content import describe_graph, watch_nothing
        from graph.stores.embedded.naming import writing_names

        with Database(file, writing=False) as written:
            stretches = self._read_found(written) if keeps_facts else self._read_touched(written)
            names = self._keep_names() if keeps_facts else self._rename()
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


@contextmanager
def drafting(folder: StoreFolder, base: Generation | None, *, keeps_facts: bool = False) -> Iterator[Draft]:
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

    Raises
    ------
    StoreDamagedError
        If the base is damaged.
    """
    place, draft = start_draft(folder), None
    try:
        with noticing_full_disk(folder.path):
            with _copying_base(folder, base, place):
                draft = Draft(place, base)
                yield draft
                draft.finish(keeps_facts=keeps_facts)
            publish(folder, place)
    finally:
        if draft is not None:
            with suppress(RuntimeError):  # a draft on a full disk cannot even be closed in order
                draft.database.close()
        remove_draft(place)


@contextmanager
def _copying_base(folder: StoreFolder, base: Generation | None, place: Path) -> Iterator[None]:
    """Make a copy, which goes to the disk while it is compared and written to: nearly all of it stays as it is."""
    if base is None:
        copy_older(folder, place)
        yield
        return
    copy_file(base.file, place / DATABASE_FILE)
    with syncing(place / DATABASE_FILE):
        if not base.is_copy(place / DATABASE_FILE):
            raise errors.StoreDamagedError(f"{base.file} is not as it was written; {MEND}")
        yield


@contextmanager
def noticing_full_disk(place: Path) -> Iterator[None]:
    """LadybugDB has many words for a full disk, so ask the disk itself."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        if shutil.disk_usage(place).free < _FULL_BYTES and not isinstance(error, errors.RingfenceError):
            raise OSError(errno.ENOSPC, str(error)) from error
        raise
