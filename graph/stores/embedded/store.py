"""The embedded property graph: LadybugDB, in this process, Cypher, one folder on disk.

Every write is made to a draft, a copy of the database that takes its place once it is complete and
on the disk.  A process killed at any moment, or a disk that fills up, therefore leaves the store as
it was, whatever LadybugDB makes of its own files.  Whatever moves many rows is in
:mod:`graph.stores.embedded.bulk`, so that a question loads neither pandas nor Arrow.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import ladybug

from graph import errors
from graph.progress import Progress, no_progress
from graph.stores.embedded.lock import LOCK_FILE, StoreLock
from graph.stores.protocol import LoadReport, Mode, Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graph.contract.tables import CheckedTable
    from graph.model import RunResult, Snapshot

SCHEMA_VERSION = 1
DATABASE_FILE = "graph.lbug"
STAGING_FOLDER = "staging"
_BUFFER_BYTES = 1 << 30
_FULL_BYTES = 1 << 22
"""A disk with less room than this is full: a draft grows in steps of up to a megabyte."""

_VERDICT = "score DOUBLE, tier STRING"
SCHEMA = (
    "CREATE NODE TABLE Schema(name STRING PRIMARY KEY, version INT64)",
    (
        "CREATE NODE TABLE Account(account_id STRING PRIMARY KEY, created_at TIMESTAMP, role STRING, segment STRING,"
        " status STRING, attributes STRING, risk_score DOUBLE, tier STRING)"
    ),
    "CREATE NODE TABLE Identifier(identifier_key STRING PRIMARY KEY, kind STRING, value STRING, canonical STRING)",
    "CREATE NODE TABLE Listing(product_id STRING PRIMARY KEY, listed_at TIMESTAMP, price DOUBLE)",
    (
        "CREATE NODE TABLE Review(review_id STRING PRIMARY KEY, rating DOUBLE, reviewed_at TIMESTAMP, text STRING,"
        " suspicion DOUBLE, tier STRING)"
    ),
    "CREATE NODE TABLE Shop(shop_id STRING PRIMARY KEY)",
    "CREATE NODE TABLE Label(label STRING PRIMARY KEY)",
    (
        "CREATE NODE TABLE Run(run_id STRING PRIMARY KEY, sequence INT64, started_at TIMESTAMP, finished_at TIMESTAMP,"
        " version STRING, settings STRING, snapshot_digest STRING, as_of TIMESTAMP, accounts INT64, rings INT64,"
        " flags INT64, notes STRING[])"
    ),
    (
        f"CREATE NODE TABLE Ring(ring_key STRING PRIMARY KEY, ring_id STRING, run_id STRING, rank INT64, kind STRING,"
        f" {_VERDICT}, size INT64, net_bits DOUBLE, charge_bits DOUBLE, action STRING)"
    ),
    (
        "CREATE NODE TABLE Evidence(evidence_key STRING PRIMARY KEY, channel STRING, bits DOUBLE, observed DOUBLE,"
        " expected DOUBLE, sentence STRING)"
    ),
    "CREATE NODE TABLE Reading(reading_key STRING PRIMARY KEY, name STRING, bits DOUBLE, won BOOL, sentence STRING)",
    (
        f"CREATE NODE TABLE Flag(flag_key STRING PRIMARY KEY, run_id STRING, subject STRING, subject_id STRING,"
        f" {_VERDICT}, reasons STRING[], action STRING)"
    ),
    "CREATE REL TABLE USES(FROM Account TO Identifier, role STRING, seen_at TIMESTAMP)",
    (
        "CREATE REL TABLE ORDERED(FROM Account TO Account, FROM Account TO Shop, order_id STRING, product_id STRING,"
        " amount DOUBLE, currency STRING, ordered_at TIMESTAMP, status STRING)"
    ),
    "CREATE REL TABLE LISTED(FROM Account TO Listing)",
    "CREATE REL TABLE WROTE(FROM Account TO Review)",
    "CREATE REL TABLE ABOUT(FROM Review TO Listing, FROM Review TO Account)",
    "CREATE REL TABLE REFERRED(FROM Account TO Account)",
    "CREATE REL TABLE LABELLED(FROM Account TO Label, decided_at TIMESTAMP, source STRING)",
    "CREATE REL TABLE FOUND(FROM Run TO Ring)",
    "CREATE REL TABLE MEMBER_OF(FROM Account TO Ring, role STRING, bits DOUBLE)",
    "CREATE REL TABLE INVOLVES(FROM Ring TO Account, role STRING, sentence STRING)",
    "CREATE REL TABLE LINKED(FROM Account TO Account, ring_key STRING, channel STRING, bits DOUBLE, via STRING)",
    "CREATE REL TABLE SHOWS(FROM Ring TO Evidence)",
    "CREATE REL TABLE HEARD(FROM Ring TO Reading)",
    "CREATE REL TABLE RAISED(FROM Run TO Flag)",
    "CREATE REL TABLE `ON`(FROM Flag TO Account, FROM Flag TO Review)",
    "CREATE REL TABLE CITES(FROM Flag TO Ring)",
)

_FORGET_RUN = (
    "MATCH (:Account)-[l:LINKED]->(:Account) WHERE l.ring_key STARTS WITH $prefix DELETE l",
    "MATCH (e:Evidence) WHERE e.evidence_key STARTS WITH $prefix DETACH DELETE e",
    "MATCH (h:Reading) WHERE h.reading_key STARTS WITH $prefix DETACH DELETE h",
    "MATCH (f:Flag) WHERE f.flag_key STARTS WITH $prefix DETACH DELETE f",
    "MATCH (g:Ring) WHERE g.ring_key STARTS WITH $prefix DETACH DELETE g",
    "MATCH (u:Run) WHERE u.run_id + '/' = $prefix DETACH DELETE u",
)


class EmbeddedStore:
    """A :class:`~graph.stores.protocol.GraphStore` in a folder of its own.

    Parameters
    ----------
    location
        The folder; it holds ``graph.lbug``, a lock file and, while writing, staged rows.
    mode
        ``"write"`` creates the store if it is missing and keeps other writers out.

    Raises
    ------
    StoreError
        See :func:`graph.open.open_store`.
    """

    def __init__(self, location: str | Path, *, mode: Mode = "read") -> None:
        self.location = str(location)
        self.mode = mode
        self._folder = Path(location)
        self._staging = self._folder / STAGING_FOLDER
        self._database_path = self._folder / DATABASE_FILE
        self._database: ladybug.Database | None = None
        self._prepare_folder()
        with explained(self.location):
            self._lock = StoreLock(self._folder, exclusive=mode == "write")
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _prepare_folder(self) -> None:
        if self.mode == "read":
            with explained(self.location):
                if not self._database_path.exists():
                    raise errors.StoreNotFoundError(
                        f"no store at {self.location}; make one with `ringfence load FOLDER`"
                    )
            return
        with explained(self.location):
            if self._folder.exists() and not self._folder.is_dir():
                raise errors.StoreError(f"{self.location} is a file; a store is a folder of its own")
            if self._holds_other_files():
                raise errors.StoreError(f"{self.location} holds other files; give the store a folder of its own")
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / LOCK_FILE).touch()

    def _holds_other_files(self) -> bool:
        if self._database_path.exists() or not self._folder.is_dir():
            return False
        return any(path.name not in (LOCK_FILE, STAGING_FOLDER) for path in self._folder.iterdir())

    def _open(self) -> None:
        if self.mode == "write":
            # What a killed process left behind: no other writer can own it, for the lock is held.
            shutil.rmtree(self._staging, ignore_errors=True)
            if not self._database_path.exists():
                self._create_schema()
        with explained(self.location):
            # A look before anything is written: LadybugDB changes what it opens for writing, be it newer or damaged.
            # Files beside the database are a killed writer's, which only a writer can take up again.
            if self.mode == "read" or not any(self._folder.glob(f"{DATABASE_FILE}.*")):
                self._connect(self._database_path, writing=False)
                self._check_version()
            if self.mode == "write":
                self._connect(self._database_path)
                self._check_version()

    def _check_version(self) -> None:
        try:
            version = self.query("MATCH (s:Schema {name: 'ringfence'}) RETURN s.version AS version")[0]["version"]
        except (errors.QueryError, IndexError):
            raise errors.StoreVersionError(
                f"{self._database_path} is a LadybugDB database, but none that Ringfence wrote"
            ) from None
        if version > SCHEMA_VERSION:
            raise errors.StoreVersionError(
                f"{self.location} was written by a newer Ringfence (schema {version}; this one reads up to"
                f" {SCHEMA_VERSION}); upgrade Ringfence"
            )

    def _connect(self, path: Path, *, writing: bool = True) -> None:
        """Open a database: the store's own or a draft of it."""
        self._disconnect()
        # A COPY into a node table on two threads or more can hang for ever: each thread holds the lock of one part of
        # the primary key's index and waits for another's.  One thread cannot.
        self._database = ladybug.Database(
            path, read_only=not writing, buffer_pool_size=_BUFFER_BYTES, max_num_threads=1 if writing else 0
        )
        self.connection = ladybug.Connection(self._database)

    def _disconnect(self) -> None:
        if self._database is not None:
            self.connection.close()
            database, self._database = self._database, None
            database.close()

    def _create_schema(self) -> None:
        with self._transaction():
            for statement in SCHEMA:
                self.connection.execute(statement)
            self.connection.execute(f"CREATE (:Schema {{name: 'ringfence', version: {SCHEMA_VERSION}}})")

    def close(self) -> None:
        """Let go of the store; closing twice is harmless."""
        try:
            with explained(self.location):
                self._disconnect()
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
        with explained(self.location, query=cypher):
            result = self.connection.execute(cypher, parameters)
            last = result[-1] if isinstance(result, list) else result
            return [dict(row) for row in last.rows_as_dict()]

    def query_many(self, questions: Sequence[Question]) -> list[list[dict[str, Any]]]:
        """Ask one question after the other; see :class:`~graph.stores.protocol.GraphStore`."""
        return [self._query_each(each) if each.ids else [] for each in questions]

    def _query_each(self, question: Question) -> list[dict[str, Any]]:
        given = {"ids": list(question.ids)} if len(question.ids) > 1 else {"id": question.ids[0]}
        return self.query(_say_question(question), **given)

    def load(
        self, tables: Mapping[str, CheckedTable], *, dry_run: bool = False, progress: Progress = no_progress
    ) -> LoadReport:
        """Add the facts that are not there yet; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import read_known_facts, write_plan
        from graph.stores.load_plan import plan_load

        with explained(self.location):
            plan = plan_load(tables, read_known_facts(self.connection))
        if not dry_run and plan.n_rows:
            with self._transaction():
                write_plan(self.connection, self._staging, plan, progress)
        return LoadReport(plan.reports, plan.tables, dry_run=dry_run)

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        """The facts as arrays; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import read_raw_graph
        from graph.stores.snapshots import build_snapshot

        with explained(self.location):
            return build_snapshot(read_raw_graph(self.connection), as_of=as_of)

    def write_run(self, run: RunResult, snapshot: Snapshot, *, started_at: datetime | None = None) -> None:
        """Write a run's results; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import replace_vectors, write_run_rows
        from graph.stores.run_rows import lay_out_run

        finished_at = datetime.now(UTC).replace(tzinfo=None)
        with self._transaction():
            for statement in _FORGET_RUN:
                self.connection.execute(statement, {"prefix": f"{run.run_id}/"})
            last = self.query("MATCH (u:Run) RETURN max(u.sequence) AS sequence")[0]["sequence"] or 0
            times = (started_at or finished_at, finished_at)
            write_run_rows(self.connection, self._staging, lay_out_run(run, snapshot, sequence=last + 1, times=times))
            if run.vectors is not None:
                replace_vectors(self.connection, self._staging, snapshot.account_id, run.vectors)

    def write_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        """Replace the encoder's vectors; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import replace_vectors

        with self._transaction():
            replace_vectors(self.connection, self._staging, account_id, vectors)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing of it; the connection is that of a draft meanwhile.

        Within the draft every statement is committed by itself: one LadybugDB transaction around
        them all would keep every row in the buffer pool until its end.
        """
        if self.mode == "read":
            raise errors.StoreReadOnlyError(f"{self.location} was opened for reading only")
        with explained(self.location):
            try:
                with self._noticing_full_disk():
                    self._connect(self._start_draft())
                    yield
                    self.connection.execute("CHECKPOINT")
                    self._publish_draft()
            finally:
                self._discard_draft()

    def _start_draft(self) -> Path:
        draft = self._staging / DATABASE_FILE
        self._staging.mkdir(exist_ok=True)
        if self._database_path.exists():
            if self._database is not None:
                self.connection.execute("CHECKPOINT")  # what was written outside a transaction is in a file beside
            self._disconnect()
            shutil.copyfile(self._database_path, draft)
        return draft

    def _publish_draft(self) -> None:
        self._disconnect()
        draft = self._staging / DATABASE_FILE
        _sync(draft)
        draft.replace(self._database_path)
        _sync(self._folder)

    def _discard_draft(self) -> None:
        with suppress(RuntimeError):  # a draft on a full disk cannot even be closed in order
            self._disconnect()
        shutil.rmtree(self._staging, ignore_errors=True)
        if self._database_path.exists():
            self._connect(self._database_path)

    @contextmanager
    def _noticing_full_disk(self) -> Iterator[None]:
        """LadybugDB has many words for a full disk, so ask the disk itself."""
        try:
            yield
        except (RuntimeError, OSError) as error:
            if shutil.disk_usage(self._folder).free < _FULL_BYTES and not isinstance(error, errors.RingfenceError):
                raise OSError(errno.ENOSPC, str(error)) from error
            raise


def _say_question(question: Question) -> str:
    # Whatever is asked otherwise (IN, or one MATCH for the nodes and their ways) reads the whole table of nodes or of
    # relationships: some hundred times as long.  An optional way starts at the nodes that were found; one node needs
    # no such care.
    one = len(question.ids) == 1
    match = "MATCH" if one else "OPTIONAL MATCH"
    condition = f" WHERE {question.condition}" if question.condition else ""
    ways = [f"{match} {question.way}{condition}"] if question.way else []
    ways += [f"WITH * WHERE {question.far} IS NOT NULL"] if ways and not one else []
    found = " ".join([f"UNWIND $ids AS given MATCH {question.near} WHERE {question.key} = given", *ways])
    if one:
        found = " ".join([f"MATCH {question.near} WHERE {question.key} = $id", *ways])
    if not question.gather:
        return f"{found} RETURN {question.returns} {question.order}"
    gathered = f"count(DISTINCT {question.far}) AS n, collect(DISTINCT {question.gather}) AS gathered"
    kept = f"CASE WHEN n > {question.most} THEN list_slice(gathered, 0, 0) ELSE gathered END AS gathered"
    columns = ", ".join(question.columns)
    return f"{found} WITH {question.key} AS whose, {question.returns}, {gathered} RETURN {columns}, n, {kept}"


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def explained(location: str, *, query: str | None = None) -> Iterator[None]:
    """Turn LadybugDB's and the system's errors into the project's."""
    try:
        yield
    except errors.RingfenceError:
        raise
    except OSError as error:
        raise _system_error(location, error) from error
    except RuntimeError as error:
        raise _database_error(location, str(error), query) from error


def _system_error(location: str, error: OSError) -> errors.StoreError:
    if error.errno == errno.ENOSPC:
        return errors.StoreFullError(f"no space left on the disk of {location}; nothing was changed")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return errors.StoreReadOnlyError(f"cannot write to {location}: {error.strerror}")
    return errors.StoreError(f"{location}: {error}")


def _database_error(location: str, message: str, query: str | None) -> errors.RingfenceError:
    line = " ".join(message.split())
    lower = line.lower()
    if "no space left" in lower:
        return errors.StoreFullError(f"no space left on the disk of {location}; nothing was changed")
    if "lock" in lower and "file" in lower:
        return errors.StoreBusyError(f"{location} is held by another process")
    if "permission denied" in lower or "read-only" in lower or "read only" in lower:
        return errors.StoreReadOnlyError(f"cannot write to {location}: {line}")
    if "version" in lower and "storage" in lower:
        return errors.StoreVersionError(f"{location} was written by another version of LadybugDB: {line}")
    if query is not None:
        return errors.QueryError(f"{line} (query: {' '.join(query.split())[:200]})")
    return errors.StoreError(f"{location}: {line}")
