"""The embedded property graph: LadybugDB, in this process, Cypher, one folder on disk.

Every write is made to a draft, a copy of the database that takes its place once it is complete and
on the disk.  A process killed at any moment, or a disk that fills up, therefore leaves the store as
it was, whatever LadybugDB makes of its own files.  Whatever moves many rows is in
:mod:`graph.stores.embedded.bulk`, so that a question loads neither pandas nor Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from graph import errors
from graph.progress import Progress, no_progress
from graph.stores.embedded.database import STAGING_FOLDER, DatabaseFile
from graph.stores.embedded.explain import explained
from graph.stores.embedded.harmless import HARMLESS
from graph.stores.embedded.lock import LOCK_FILE, StoreLock
from graph.stores.embedded.schema import (
    FORGET_RUN,
    SCHEMA,
    find_lacking,
    find_version,
    leave_blank,
    list_migrations,
)
from graph.stores.embedded.wording import say_question
from graph.stores.location import Folder
from graph.stores.protocol import LoadReport, Mode, Question
from graph.stores.read_only import require_question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graph.contract.tables import CheckedTable
    from graph.model import Snapshot
    from graph.results import RunResult


class EmbeddedStore:
    """A :class:`~graph.stores.protocol.GraphStore` in a folder of its own.

    Parameters
    ----------
    location
        The folder; it holds ``graph.lbug``, a lock file and, while writing, staged rows.
    mode
        ``"write"`` creates the store if it is missing, brings an older one up to date and keeps other writers out.
        A reader changes nothing: what an older store has not got is null to it.

    Raises
    ------
    StoreError
        See :func:`graph.open.open_store`.
    """

    def __init__(self, location: str | Path | Folder, *, mode: Mode = "read") -> None:
        self.location = str(location)
        self.mode = mode
        self.file = DatabaseFile(Path(self.location))
        self._lacking: Mapping[str, str] = {}
        self._prepare_folder()
        with explained(self.location):
            self._lock = StoreLock(self.file.folder, exclusive=mode == "write")
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _prepare_folder(self) -> None:
        folder = self.file.folder
        if self.mode == "read":
            with explained(self.location):
                if not self.file.path.exists():
                    raise errors.StoreNotFoundError(
                        f"no store at {self.location}; make one with `ringfence load FOLDER`"
                    )
            return
        with explained(self.location):
            if folder.exists() and not folder.is_dir():
                raise errors.StoreError(f"{self.location} is a file; a store is a folder of its own")
            if self._holds_other_files():
                raise errors.StoreError(f"{self.location} holds other files; give the store a folder of its own")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / LOCK_FILE).touch()

    def _holds_other_files(self) -> bool:
        if self.file.path.exists() or not self.file.folder.is_dir():
            return False
        return any(path.name not in (LOCK_FILE, STAGING_FOLDER) for path in self.file.folder.iterdir())

    def _open(self) -> None:
        if self.mode == "write":
            self.file.sweep()  # no other writer can own a draft, for the lock is held
            if not self.file.path.exists():
                self._change_shape(SCHEMA)
        with explained(self.location):
            # A look before anything is written: LadybugDB changes what it opens for writing, be it newer or damaged.
            if self.mode == "read" or not self.file.has_unfinished_writes():
                self.file.connect(self.file.path, writing=False)
                self._lacking = find_lacking(self._find_version())
            if self.mode == "write":
                self.file.connect(self.file.path, writing=True)
                migrations = list_migrations(self._find_version())
                if migrations:
                    self._change_shape(migrations)
                self._lacking = {}

    def _find_version(self) -> int:
        return find_version(self.query, self.location, str(self.file.path))

    def _change_shape(self, statements: Sequence[str]) -> None:
        with self._transaction():
            for statement in statements:
                self.file.connection.execute(statement)

    def close(self) -> None:
        """Let go of the store; closing twice is harmless."""
        try:
            with explained(self.location):
                self.file.disconnect()
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one Cypher query and return its rows; see :class:`~graph.stores.protocol.GraphStore`."""
        if self.mode == "read":
            require_question(cypher, HARMLESS)  # LadybugDB opened for reading still reads and writes other files
        return self._ask_explained(cypher, parameters)

    def _ask_explained(self, cypher: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        with explained(self.location, query=cypher):
            return self._ask(cypher, parameters)

    def _ask(self, cypher: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return self.file.ask(cypher, parameters)
        except RuntimeError as error:
            blank = leave_blank(cypher, str(error), self._lacking)
            if blank is None:
                raise
        return self._ask(blank, parameters)

    def query_many(self, questions: Sequence[Question]) -> list[list[dict[str, Any]]]:
        """Ask one question after the other; see :class:`~graph.stores.protocol.GraphStore`."""
        return [self._query_each(each) if each.ids else [] for each in questions]

    def _query_each(self, question: Question) -> list[dict[str, Any]]:
        given = {"ids": list(question.ids)} if len(question.ids) > 1 else {"id": question.ids[0]}
        return self._ask_explained(say_question(question), given)

    def load(
        self, tables: Mapping[str, CheckedTable], *, dry_run: bool = False, progress: Progress = no_progress
    ) -> LoadReport:
        """Add the facts that are not there yet; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import read_known_facts, write_plan
        from graph.stores.load_plan import plan_load

        with explained(self.location):
            plan = plan_load(tables, read_known_facts(self.file.connection))
        if not dry_run and plan.n_rows:
            with self._transaction():
                write_plan(self.file.connection, self.file.staging, plan, progress)
        return LoadReport(plan.reports, plan.tables, dry_run=dry_run)

    def mark_facts(self) -> str:
        """See :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.snapshots import digest_snapshot

        return digest_snapshot(self.snapshot())

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        """The facts as arrays; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import read_raw_graph
        from graph.stores.snapshots import build_snapshot

        with explained(self.location):
            return build_snapshot(read_raw_graph(self.file.connection), as_of=as_of)

    def write_run(self, run: RunResult, snapshot: Snapshot, *, started_at: datetime | None = None) -> None:
        """Write a run's results; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import replace_vectors, write_run_rows
        from graph.stores.run_rows import lay_out_run

        finished_at = datetime.now(UTC).replace(tzinfo=None)
        with self._transaction():
            connection, staging = self.file.connection, self.file.staging
            for statement in FORGET_RUN:
                connection.execute(statement, {"prefix": f"{run.run_id}/"})
            last = self.query("MATCH (u:Run) RETURN max(u.sequence) AS sequence")[0]["sequence"] or 0
            times = (started_at or finished_at, finished_at)
            write_run_rows(connection, staging, lay_out_run(run, snapshot, sequence=last + 1, times=times))
            if run.vectors is not None:
                replace_vectors(connection, staging, snapshot.account_id, run.vectors)

    def write_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        """Replace the encoder's vectors; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import replace_vectors

        with self._transaction():
            replace_vectors(self.file.connection, self.file.staging, account_id, vectors)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing of it; the connection is that of a draft meanwhile."""
        if self.mode == "read":
            raise errors.StoreReadOnlyError(f"{self.location} was opened for reading only")
        with explained(self.location), self.file.drafting():
            yield
