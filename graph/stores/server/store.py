"""The property graph on a Neo4j server, over Bolt.

A small load is one transaction.  A large one is many: a ``Load`` node says so from the first to the
last, and whoever reads meanwhile, or after it was interrupted, is told.  Running it again writes what
is missing.  A run is one transaction, however large.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from graph import errors
from graph.progress import Progress, no_progress
from graph.stores.limits import limiting_memory
from graph.stores.location import Server
from graph.stores.protocol import TAKE_ALL, LoadReport, LoadTerms, Mode, Question
from graph.stores.read_only import require_question
from graph.stores.server.bolt import Bolt, Transaction
from graph.stores.server.casebook import MEASURES, ServerCasebook
from graph.stores.server.count_cache import Crowds, Mark, leave_out
from graph.stores.server.harmless import HARMLESS
from graph.stores.server.lease import ServerLock, find_writer
from graph.stores.server.schema import prepare_schema, require_schema
from graph.stores.texts import Candidate, IdRow, NamedKind, Wanted, ask_identifiers, ask_ids

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graph.contract.tables import CheckedTable
    from graph.model import Snapshot
    from graph.results import RunResult
    from graph.settings import QuerySettings
    from graph.stores.load_plan import LoadPlan
    from graph.stores.server.statements import NodeIds

log = logging.getLogger("ringfence.server")

ONE_TRANSACTION_ROWS = 50_000
"""Up to here a load is one transaction."""

_SURE_ACCOUNT = re.compile(r"(<-\[\w*:(?:USES|ORDERED|WROTE)\]-\(\w+):Account\)")

_FEW_IDS = 60
"""Up to here questions that are asked at once are not worth a second connection."""

_READ_STATE = (
    "OPTIONAL MATCH (s:Schema {name: 'ringfence'}) OPTIONAL MATCH (l:Load {name: 'ringfence'})"
    " RETURN coalesce(s.loads, 0) AS loads, l.tables AS tables, toString(l.began_at) AS began_at"
)
_LOADS = -1
_ASK_LOADS = (
    f"OPTIONAL MATCH (s:Schema {{name: 'ringfence'}}) RETURN {_LOADS} AS question, [coalesce(s.loads, 0)] AS found"
)
_COUNT_LOAD = "MATCH (s:Schema {name: 'ringfence'}) SET s.loads = coalesce(s.loads, 0) + 1"
_BEGIN_LOAD = "MERGE (l:Load {name: 'ringfence'}) SET l.tables = $tables, l.rows = $rows, l.began_at = $at"
_END_LOAD = "MATCH (l:Load {name: 'ringfence'}) DELETE l"


@dataclass(frozen=True)
class _State:
    """How many loads there were so far, and what the one brings that is not finished (None if all are)."""

    loads: int
    unfinished: str | None
    began_at: str | None


class ServerStore:
    """A :class:`~graph.stores.protocol.GraphStore` on a Neo4j server.

    Parameters
    ----------
    server
        Where it is, and as whom to log in.
    mode
        ``"write"`` creates keys and indexes if they are missing, and keeps other writers out.

    Raises
    ------
    StoreError
        See :func:`graph.open.open_store`.
    """

    def __init__(self, server: Server, *, mode: Mode = "read") -> None:
        self.location = str(server)
        self.mode = mode
        self._bolt = Bolt(server)
        self.casebook = ServerCasebook(self._bolt)
        self.measures = ServerCasebook(self._bolt, MEASURES)
        self._lock: ServerLock | None = None
        self._crowds = Crowds()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="ringfence-ask")
        try:
            if mode == "read":
                require_schema(self._bolt)
                self._read_finished_state()
            else:
                prepare_schema(self._bolt)
                self._lock = ServerLock(self._bolt)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the store; closing twice is harmless."""
        try:
            if self._lock is not None:
                self._lock.release()
        finally:
            self._pool.shutdown()
            self._bolt.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one Cypher query and return its rows; see :class:`~graph.stores.protocol.GraphStore`."""
        if self.mode == "read":
            require_question(cypher, HARMLESS)  # a server's reading transaction still reads files and asks the network
        return self._bolt.query(cypher, parameters, writing=self.mode == "write")

    def ask_within(self, limits: QuerySettings, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one query of somebody's, or stop it; see :class:`~graph.stores.protocol.GraphStore`."""
        require_question(cypher, HARMLESS)
        with limiting_memory(limits):
            return self._bolt.query_within(limits, cypher, parameters)

    def find_ids(self, kind: NamedKind, low: str, *, most: int) -> list[IdRow]:
        """Ids that have a text, the best first; see :class:`~graph.stores.protocol.GraphStore`."""
        return ask_ids(self.query, kind, low, most)

    def find_identifiers(self, wanted: Wanted, *, most: int) -> list[Candidate]:
        """Identifiers that fit, the best first; see :class:`~graph.stores.protocol.GraphStore`."""
        return ask_identifiers(self.query, wanted, most)

    def query_many(self, questions: Sequence[Question]) -> list[list[dict[str, Any]]]:
        """Ask all questions at once; see :class:`~graph.stores.protocol.GraphStore`."""
        if not any(each.ids for each in questions):
            return [[] for _ in questions]
        crowds = self._crowds
        known = [crowds.recall(each) for each in questions]
        asked = [leave_out(each, rows) for each, rows in zip(questions, known, strict=True)]
        found, mark = self._ask_all(asked)
        if mark is not None and mark == crowds.mark:
            for question, rows in zip(asked, found, strict=True):
                crowds.keep(question, rows)
        else:  # somebody has written since, and what was known may not be so any more
            self._crowds = Crowds(mark)
            if any(known):
                found, known = self._ask_all(questions)[0], [{} for _ in questions]
        return [
            [*(row for rows in before.values() for row in rows), *_drop_ids(question, after)]
            for question, before, after in zip(questions, known, found, strict=True)
        ]

    def _ask_all(self, questions: Sequence[Question]) -> tuple[list[list[dict[str, Any]]], Mark | None]:
        """The rows of each, and the mark of what they were read from, or None where it changed meanwhile."""
        found: list[list[dict[str, Any]]] = [[] for _ in questions]
        numbered = list(enumerate(questions))
        is_small = sum(len(each.ids) for each in questions) <= _FEW_IDS
        groups = [numbered] if is_small else [numbered[::2], numbered[1::2]]
        answers = list(map(self._ask_group, groups) if is_small else self._pool.map(self._ask_group, groups))
        for row in (row for rows, _ in answers for row in rows):
            question = questions[row["question"]]
            if question.ids:  # nobody was asked about: not even that there are none
                columns = _name_columns(question)
                found[row["question"]] = [dict(zip(columns, values, strict=True)) for values in row["found"]]
        marks = {mark for _, mark in answers}
        return found, marks.pop() if len(marks) == 1 else None

    def _ask_group(self, questions: Sequence[tuple[int, Question]]) -> tuple[list[dict[str, Any]], Mark | None]:
        # Neo4j plans a query anew, which takes longer than to run it, for another text and for a list of another order
        # of magnitude.  So no question is left out, and the lists travel inside one that is always as long.
        parts = [_say_question(number, place, question) for place, (number, question) in enumerate(questions)]
        ids = [list(question.ids) for _, question in questions]
        text = " UNION ALL ".join([_ASK_LOADS, *parts])
        rows, bookmark = self._bolt.query_marked(text, {"ids": ids}, writing=self.mode == "write")
        (loads,) = (row["found"][0] for row in rows if row["question"] == _LOADS)
        return [row for row in rows if row["question"] != _LOADS], (bookmark, loads) if bookmark else None

    def load(
        self,
        tables: Mapping[str, CheckedTable],
        terms: LoadTerms = TAKE_ALL,
        *,
        dry_run: bool = False,
        progress: Progress = no_progress,
    ) -> LoadReport:
        """Take in the facts that are not there yet; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.load_plan import foresee_load, plan_load
        from graph.stores.server.read import read_known
        from graph.stores.server.statements import NodeIds

        known = read_known(self._bolt)
        if dry_run:
            foreseen = foresee_load(tables, known.facts, terms)
            terms.review(foreseen.checked)
            return foreseen
        plan = plan_load(tables, known.facts, terms)
        terms.review(plan.tables)
        self._write_plan(plan, NodeIds(dict(known.nodes)), progress)
        self._keep_contents()
        return LoadReport(plan.reports, plan.tables)

    def _keep_contents(self) -> None:
        """Write down what the facts are, unless that was done after the last load."""
        from graph.stores.server.content import keep, read_contents, read_kept

        if read_kept(self._bolt) is None:
            contents = read_contents(self._bolt)
            self._require_lock().write(lambda transaction: keep(transaction, contents))

    def _write_plan(self, plan: LoadPlan, ids: NodeIds, progress: Progress) -> None:
        from graph.stores.server.batch import ManyTransactions, OneTransaction
        from graph.stores.server.event_links import join_all
        from graph.stores.server.write import write_plan

        lock = self._require_lock()
        unfinished = self._read_state().unfinished
        if unfinished not in (None, _say_tables(plan)):
            log.warning(
                "an earlier load did not finish (%s); what it wrote stays, and this one ends its mark", unfinished
            )
        if plan.n_rows <= ONE_TRANSACTION_ROWS:

            def write_all(transaction: Transaction) -> None:
                write_plan(OneTransaction(transaction), plan, ids.copy(), progress)
                join_all(transaction)
                _end_load(transaction)

            if plan.n_rows or unfinished is not None:
                lock.write(write_all)
            return
        marker = {"tables": _say_tables(plan), "rows": plan.n_rows, "at": datetime.now(UTC).replace(tzinfo=None)}
        lock.write(lambda transaction: _begin_load(transaction, marker))
        write_plan(ManyTransactions(lock), plan, ids, progress)
        lock.write(join_all)
        lock.write(_end_load)

    def mark_facts(self) -> str:
        """Which load was the last; see :class:`~graph.stores.protocol.GraphStore`."""
        return str(self._read_finished_state().loads)

    def require_whole(self) -> None:
        """Nothing is known here of how it was written; see :class:`~graph.stores.protocol.GraphStore`."""

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        """The facts as arrays; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.server.read import read_raw_graph
        from graph.stores.snapshots import build_snapshot

        before = self._read_finished_state()
        raw = read_raw_graph(self._bolt, with_past=as_of is not None)
        if self._read_finished_state().loads != before.loads:
            raise errors.StoreBusyError(f"{self.location} was loaded into while it was being read; try again")
        return build_snapshot(raw, as_of=as_of)

    def write_run(self, run: RunResult, snapshot: Snapshot, *, started_at: datetime | None = None) -> None:
        """Write a run's results; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.ring_money import keep_money
        from graph.stores.run_order import ASK_ORDER, PAST, place_run
        from graph.stores.run_rows import lay_out_run
        from graph.stores.server.batch import OneTransaction
        from graph.stores.server.former import keep_former
        from graph.stores.server.write import forget_run, replace_vectors, write_run_rows

        finished_at = datetime.now(UTC).replace(tzinfo=None)
        times = (started_at or finished_at, finished_at)

        def write_all(transaction: Transaction) -> None:
            writer = OneTransaction(transaction)
            sequence = place_run(writer.ask(ASK_ORDER), run.run_id, run.as_of, times[0])
            if sequence != PAST:
                keep_former(writer, run.run_id)
            forget_run(writer, run.run_id)
            write_run_rows(writer, lay_out_run(run, snapshot, sequence=sequence, times=times))
            keep_money(writer.ask, run.run_id)
            if run.vectors is not None and sequence != PAST:
                replace_vectors(writer, snapshot.account_id, run.vectors)

        lock = self._require_lock()
        self._read_finished_state()
        lock.write(write_all)

    def go_back(self, run_id: str) -> str:
        """Make the run before the latest one, which has this id, the latest; see :mod:`graph.stores.server.former`."""
        from graph.stores.server.batch import OneTransaction
        from graph.stores.server.former import go_back

        former = self._require_lock().write(lambda each: go_back(OneTransaction(each), run_id))
        return former or ""

    def write_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        """Replace the encoder's vectors; see :class:`~graph.stores.protocol.GraphStore`."""
        from graph.stores.server.batch import OneTransaction
        from graph.stores.server.write import replace_vectors

        self._require_lock().write(lambda each: replace_vectors(OneTransaction(each), account_id, vectors))

    def _require_lock(self) -> ServerLock:
        if self._lock is None:
            raise errors.StoreReadOnlyError(f"{self.location} was opened for reading only")
        return self._lock

    def _read_state(self) -> _State:
        row = self._bolt.ask(_READ_STATE)[0]
        return _State(row["loads"], row["tables"], row["began_at"])

    def _read_finished_state(self) -> _State:
        """How many loads there were, all of them finished.

        Raises
        ------
        StoreError
            If one is at work, or was interrupted.
        """
        state = self._read_state()
        if state.unfinished is None:
            return state
        writer = find_writer(self._bolt) if self.mode == "read" else ""
        if writer:
            raise errors.StoreBusyError(f"{self.location} is being loaded by {writer}; try again later")
        raise errors.StoreUnfinishedError(
            f"a load into {self.location} did not finish ({state.unfinished}; begun {state.began_at}Z);"
            " run the same `ringfence load` again, it writes what is missing"
        )


def _say_question(number: int, place: int, question: Question) -> str:
    """One row of many: each row would be a message of its own, and messages take the time."""
    near = f"UNWIND $ids[{place}] AS given MATCH {question.near} WHERE {question.key} = given"
    condition = f" WHERE {question.condition}" if question.condition else ""
    way = f" MATCH {_leave_out_sure_labels(question.way)}{condition}" if question.way else ""
    rows = f"WITH {question.returns} {question.order}"
    if question.gather:
        rows = _say_gathering(question)
    columns = ", ".join(_name_columns(question))
    return f"{near}{way} {rows} RETURN {number} AS question, collect([{columns}]) AS found"


def _say_gathering(question: Question) -> str:
    # Nodes are gathered, and only of few of them is the property read: reading takes longer than going there.
    if not question.most:
        return f"WITH given, {question.returns}, count(DISTINCT {question.far}) AS n, [] AS gathered"
    keys = f"[{question.far} IN reached | {question.gather}]"
    kept = f"CASE WHEN size(reached) > {question.most} THEN [] ELSE {keys} END AS gathered"
    return (
        f"WITH given, {question.returns}, collect(DISTINCT {question.far}) AS reached"
        f" WITH given, {', '.join(question.columns)}, size(reached) AS n, {kept}"
    )


def _name_columns(question: Question) -> tuple[str, ...]:
    """What comes back: before what is gathered, whose it is."""
    return ("given", *question.columns, "n", "gathered") if question.gather else question.columns


def _drop_ids(question: Question, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name != "given"} for row in rows] if question.gather else rows


def _leave_out_sure_labels(way: str) -> str:
    """Whoever uses, orders or writes is an account: to look takes time."""
    return _SURE_ACCOUNT.sub(r"\1)", way)


def _begin_load(transaction: Transaction, marker: Mapping[str, Any]) -> None:
    transaction.run(_COUNT_LOAD).consume()
    transaction.run(_BEGIN_LOAD, dict(marker)).consume()


def _end_load(transaction: Transaction) -> None:
    transaction.run(_COUNT_LOAD).consume()
    transaction.run(_END_LOAD).consume()


def _say_tables(plan: LoadPlan) -> str:
    return ", ".join(f"{each.name} {each.read:,} rows" for each in plan.reports)
