"""The embedded property graph: LadybugDB, in this process, Cypher, one folder on disk.

The graph is the newest of its generations, each of which is a file that nobody writes to any more: readers wait for no
writer, and a process killed at any moment, or a disk that fills up, leaves the graph as it was, whatever LadybugDB
makes of the draft.  Whatever moves many rows is in :mod:`graph.stores.embedded.bulk`, so that a question loads neither
pandas nor Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from graph import errors
from graph.progress import Progress, no_progress
from graph.stores.embedded.database import Database, ask_arrow, is_refused_write
from graph.stores.embedded.empty import EmptyGraph
from graph.stores.embedded.explain import explained
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import Generation, hold_newest, read_names, sweep
from graph.stores.embedded.harmless import HARMLESS
from graph.stores.embedded.journal import MEASURES, Journal
from graph.stores.embedded.lock import WriterLock
from graph.stores.embedded.older import OlderGraph, remove_older
from graph.stores.embedded.schema import (
    FORGET_RUN,
    SCHEMA,
    asks_for_later_label,
    find_lacking,
    find_version,
    leave_blank,
    list_migrations,
    require_known,
)
from graph.stores.embedded.wording import find_by_key, say_question
from graph.stores.location import Folder
from graph.stores.protocol import TAKE_ALL, LoadReport, LoadTerms, Mode, Question
from graph.stores.read_only import require_question
from graph.stores.texts import Candidate, IdRow, NamedKind, Wanted, ask_identifiers, ask_ids

if TYPE_CHECKING:
    import ladybug
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from graph.contract.tables import CheckedTable
    from graph.model import Snapshot
    from graph.results import RunResult
    from graph.settings import QuerySettings
    from graph.stores.embedded.draft import Ahead, Draft
    from graph.stores.embedded.names import Names
    from graph.stores.run_rows import RunRows

_CHECKPOINT = re.compile(r"(?:^|;)\s*CHECKPOINT\b", re.I)
_ATTEMPTS = 3
_CANONICAL = ".canonical"
"""Ends a property of identifiers that has no index in LadybugDB."""


class EmbeddedStore:
    """A :class:`~graph.stores.protocol.GraphStore` in a folder of its own.

    Parameters
    ----------
    location
        The folder; what lies in it is said in :mod:`graph.stores.embedded.folder`.
    mode
        ``"write"`` creates the store if it is missing, brings an older one up to date and keeps other writers out.
        A reader changes nothing: what an older store has not got is null to it.

    Raises
    ------
    StoreError
        See :func:`graph.open.open_store`.
    """

    def __init__(self, location: str | Path | Folder, *, mode: Mode = "read") -> None:
        place = location if isinstance(location, Folder) else Folder(str(location))
        self.location = place.path
        self.mode = mode
        self.folder = StoreFolder(Path(place.path))
        self.casebook = Journal(place)
        self.measures = Journal(place, MEASURES)
        self._place = place
        self._lock: WriterLock | None = None
        self._held: Generation | OlderGraph | EmptyGraph | None = None
        self._database: Database | None = None
        self._names: Names | None = None
        self._draft: Draft | None = None
        self._is_checked = False
        self._lacking: Mapping[str, str] = {}
        try:
            with explained(self.location):
                self._open()
        except BaseException:
            self._leave()
            raise

    def _open(self) -> None:
        if self.mode == "read":
            self.folder.require()
            self._read_newest()
            return
        self.folder.prepare()
        self.folder.prepare_rooms()
        self._lock = WriterLock(self.folder, wait_seconds=self._place.wait_seconds)
        sweep(self.folder, kept=self._place.kept_generations)
        self._read_newest()
        changes = list_migrations(self._find_version())
        if changes or isinstance(self._held, OlderGraph):
            with self._transaction():
                for statement in changes:
                    self.connection.execute(statement)

    def _read_newest(self) -> None:
        """Read what is the graph now, in place of what was."""
        self._let_go()
        self._held, self._is_checked = self._hold(), False
        if isinstance(self._held, Generation):
            self._held.check_size()
        self._lacking = find_lacking(self._find_version())

    def _hold(self) -> Generation | OlderGraph | EmptyGraph:
        for _ in range(_ATTEMPTS):
            newest = hold_newest(self.folder)
            if newest is not None:
                return newest
            try:
                return OlderGraph(self.folder)
            except FileNotFoundError:  # there is nothing, or it has just become a generation
                continue
        if self.mode == "write":
            return EmptyGraph(self.folder)
        raise errors.StoreNotFoundError(f"no store at {self.location}; make one with `ringfence load FOLDER`")

    def _let_go(self) -> None:
        database, self._database = self._database, None
        held, self._held = self._held, None
        names, self._names = self._names, None
        if names is not None:
            names.close()
        if database is not None:
            database.close()
        if held is not None:
            held.release()

    def _find_version(self) -> int:
        assert self._held is not None  # asked of what is there
        if isinstance(self._held, Generation):
            return require_known(self._held.manifest.schema, self.location)  # LadybugDB is opened when it is asked
        return find_version(self.query, self.location, str(self._held.file))

    def require_whole(self) -> None:
        """Compare the file with its checksum, once; see :class:`~graph.stores.protocol.GraphStore`."""
        if isinstance(self._held, Generation) and not self._is_checked:
            self._held.check_file()
            self._is_checked = True

    @property
    def connection(self) -> ladybug.Connection:
        """To the graph, or within a transaction to the draft."""
        return self._get_database().connection

    @property
    def staging(self) -> Path:
        """Within a transaction, where rows on their way into the graph are put."""
        assert self._draft is not None  # nobody writes outside a transaction
        return self._draft.place

    def _get_database(self) -> Database:
        if self._draft is not None:
            return self._draft.database
        if self._database is None:
            assert self._held is not None  # a store that is open has one
            try:
                self._database = Database(self._held.file, writing=False)
            except RuntimeError:
                self.require_whole()  # which says more than LadybugDB can
                raise
        return self._database

    def close(self) -> None:
        """Let go of the store; closing twice is harmless.  One that is new and empty is there from now on."""
        try:
            self._make_first()
        finally:
            self._leave()

    def _make_first(self) -> None:
        """Publish a generation where there is none: the tables, or what was loaded."""
        if isinstance(self._held, EmptyGraph):
            with self._transaction():
                pass

    def _leave(self) -> None:
        try:
            with explained(self.location):
                self._let_go()
        finally:
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._leave()

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one Cypher query and return its rows; see :class:`~graph.stores.protocol.GraphStore`."""
        if self.mode == "read":
            require_question(cypher, HARMLESS)  # LadybugDB opened for reading still reads and writes other files
        return self._ask_explained(cypher, parameters)

    def _ask_explained(self, cypher: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        with explained(self.location, query=cypher):
            return self._ask(cypher, parameters)

    def _ask(self, cypher: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self._draft is None and _CHECKPOINT.search(cypher):
            raise errors.QueryError("CHECKPOINT writes to the graph's file, which nobody may")
        try:
            return self._get_database().ask(cypher, parameters)
        except RuntimeError as error:
            if self.mode == "write" and is_refused_write(error):
                with self._transaction(), explained(self.location, query=cypher):
                    return self._get_database().ask(cypher, parameters)
            blank = leave_blank(cypher, str(error), self._lacking)
            if blank is None and asks_for_later_label(str(error)):
                return []
            if blank is None:
                raise
        return self._ask(blank, parameters)

    def ask_columns(self, cypher: str, **parameters: Any) -> pa.Table:
        """A question of Ringfence's own as columns; what an older store has not got is null."""
        try:
            return ask_arrow(self.connection, cypher, parameters)
        except RuntimeError as error:
            blank = leave_blank(cypher, str(error), self._lacking)
            if blank is None:
                raise
        return self.ask_columns(blank, **parameters)

    def ask_within(self, limits: QuerySettings, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one query of somebody's, or stop it; see :class:`~graph.stores.protocol.GraphStore`."""
        require_question(cypher, HARMLESS)
        with explained(self.location, query=cypher), self._get_database().within(limits):
            return self._ask(cypher, parameters)

    def query_many(self, questions: Sequence[Question]) -> list[list[dict[str, Any]]]:
        """Ask one question after the other; see :class:`~graph.stores.protocol.GraphStore`."""
        return [self._query_each(each) if each.ids else [] for each in questions]

    def _query_each(self, question: Question) -> list[dict[str, Any]]:
        names = self._get_names() if question.key.endswith(_CANONICAL) else None
        if names is not None:
            question = find_by_key(question, names.find_keys(question.ids))
        if not question.ids:
            return []
        given = {"ids": list(question.ids)} if len(question.ids) > 1 else {"id": question.ids[0]}
        return self._ask_explained(say_question(question), given)

    def find_ids(self, kind: NamedKind, low: str, *, most: int) -> list[IdRow]:
        """Ids that have a text, the best first; see :class:`~graph.stores.protocol.GraphStore`."""
        names = self._get_names()
        if names is None or not names.has(kind):
            return ask_ids(self.query, kind, low, most)
        return names.find_ids(kind, low, most)

    def find_identifiers(self, wanted: Wanted, *, most: int) -> list[Candidate]:
        """Identifiers that fit, the best first; see :class:`~graph.stores.protocol.GraphStore`."""
        names = self._get_names()
        return ask_identifiers(self.query, wanted, most) if names is None else names.find_identifiers(wanted, most)

    def _get_names(self) -> Names | None:
        """What everything in the generation is called, where that was written down and nothing is being changed."""
        if self._draft is not None or not isinstance(self._held, Generation):
            return None
        if self._names is None:
            self._names = read_names(self._held)
        return self._names

    def load(
        self,
        tables: Mapping[str, CheckedTable],
        terms: LoadTerms = TAKE_ALL,
        *,
        dry_run: bool = False,
        progress: Progress = no_progress,
    ) -> LoadReport:
        """Take in the facts that are not there yet; see :class:`~graph.stores.protocol.GraphStore`."""
        with ThreadPoolExecutor(1) as pool:
            is_whole = pool.submit(self.require_whole)  # while Python reads its own files
            from graph.stores.embedded.bulk import avoids_copy, write_plan
            from graph.stores.embedded.concerned import is_small, read_facts
            from graph.stores.embedded.draft import Ahead, copying_ahead
            from graph.stores.embedded.first_load import load_first
            from graph.stores.load_plan import foresee_load, plan_load

            is_few = is_small(tables, terms)
            if isinstance(self._held, EmptyGraph) and not is_few and not dry_run:
                return load_first(tables, terms, self._transaction, progress)
            copies = self.mode == "write" and not dry_run and is_few
            with copying_ahead(self.folder, self._held if copies else None, pool) as copied:
                with explained(self.location):
                    is_whole.result()
                    known = read_facts(self.ask_columns, tables, terms)
                if dry_run:
                    foreseen = foresee_load(tables, known, terms)
                    terms.review(foreseen.checked)
                    return foreseen
                plan = plan_load(tables, known, terms)
                del known
                terms.review(plan.tables)
                if plan.n_rows:
                    with self._transaction(ahead=Ahead(avoids_copy(plan), copied)) as draft:
                        draft.watch_load(plan)
                        write_plan(self.connection, self.staging, plan, progress)
        return LoadReport(plan.reports, plan.tables)

    def mark_facts(self) -> str:
        """A checksum of all facts; see :class:`~graph.stores.protocol.GraphStore`."""
        assert self._held is not None  # a store that is open has one
        return self._held.mark()

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        """The facts as arrays; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import read_raw_graph
        from graph.stores.snapshots import build_snapshot

        with explained(self.location):
            self.require_whole()
            return build_snapshot(read_raw_graph(self.ask_columns, with_past=as_of is not None), as_of=as_of)

    def write_run(self, run: RunResult, snapshot: Snapshot, *, started_at: datetime | None = None) -> None:
        """Write a run's results; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import replace_vectors, write_run_rows
        from graph.stores.ring_money import keep_money
        from graph.stores.run_order import ASK_ORDER, PAST, place_run
        from graph.stores.run_rows import lay_out_run

        finished_at = datetime.now(UTC).replace(tzinfo=None)
        with self._transaction(keeps_facts=True):
            connection, staging = self.connection, self.staging
            times = (started_at or finished_at, finished_at)
            sequence = place_run(self.query(ASK_ORDER), run.run_id, run.as_of, times[0])
            for statement in FORGET_RUN:
                connection.execute(statement, {"prefix": f"{run.run_id}/"})
            write_run_rows(connection, staging, lay_out_run(run, snapshot, sequence=sequence, times=times))
            keep_money(self.query, run.run_id)
            if run.vectors is not None and sequence != PAST:
                replace_vectors(connection, staging, snapshot.account_id, run.vectors)

    def take_graph(self, rows: RunRows) -> None:
        """Take in a whole graph, where there is none yet; see :mod:`graph.stores.whole_graph`."""
        from graph.stores.embedded.bulk import write_run_rows

        with self._transaction():
            write_run_rows(self.connection, self.staging, rows)

    def write_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        """Replace the encoder's vectors; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.embedded.bulk import replace_vectors

        with self._transaction(keeps_facts=True):
            replace_vectors(self.connection, self.staging, account_id, vectors)

    @contextmanager
    def _transaction(self, *, keeps_facts: bool = False, ahead: Ahead | None = None) -> Iterator[Draft]:
        """All of what is done inside, or nothing of it; the connection is that of a draft meanwhile."""
        from graph.stores.embedded.draft import drafting

        if self.mode == "read":
            raise errors.StoreReadOnlyError(f"{self.location} was opened for reading only")
        base = self._held if isinstance(self._held, Generation) else None
        with explained(self.location):
            self.require_whole()  # the draft is compared with it
            try:
                with drafting(self.folder, base, keeps_facts=keeps_facts, ahead=ahead) as self._draft:
                    for statement in SCHEMA if isinstance(self._held, EmptyGraph) else ():
                        self.connection.execute(statement)
                    yield self._draft
            finally:
                self._draft = None
            self._read_newest()
            remove_older(self.folder)
            sweep(self.folder, kept=self._place.kept_generations)
