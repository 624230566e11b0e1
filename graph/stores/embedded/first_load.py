"""A large load into nothing: one half of what it brings is copied while the other is worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from graph.progress import Progress
from graph.stores.embedded.bulk import write_plan
from graph.stores.load_plan import LoadPlan, plan_in_two
from graph.stores.protocol import LoadReport, LoadTerms, TableReport

if TYPE_CHECKING:
    import ladybug

    from graph.contract.tables import CheckedTable
    from graph.stores.embedded.draft import Draft


def load_first(
    tables: Mapping[str, CheckedTable],
    terms: LoadTerms,
    begin: Callable[[], AbstractContextManager[Draft]],
    progress: Progress,
) -> LoadReport:
    """Take in the first facts of a store, of which one half is written while the other is planned.

    Parameters
    ----------
    tables, terms, progress
        See :class:`~graph.stores.protocol.GraphStore`.
    begin
        Begins a draft, which becomes the graph where nothing fails.
    """
    with closing(plan_in_two(tables, terms)) as plans:
        first = next(plans)
        terms.review(first.tables)
        checked = {name: table.forget_rows() for name, table in first.tables.items()}
        halves = chain([replace(first, tables={})], plans)
        del first  # whose rows nobody holds any longer than they take to be written
        with begin() as draft:
            reports = write_plans(draft.database.connection, draft.place, halves, progress)
    return LoadReport(reports, checked)


def write_plans(
    connection: ladybug.Connection, staging: Path, plans: Iterable[LoadPlan], progress: Progress
) -> tuple[TableReport, ...]:
    """Write plan after plan, each while the next is worked out, and return the reports of all.

    LadybugDB lets go of Python while it copies, on one thread.  Where something fails, nobody waits for more than the
    statement that is running.
    """
    reports: tuple[TableReport, ...] = ()
    given_up = Event()

    def report(stage: str, done: int, total: int) -> None:
        if given_up.is_set():
            raise CancelledError
        progress(stage, done, total)

    with ThreadPoolExecutor(1) as pool:
        written: Future[None] | None = None
        try:
            for plan in plans:
                reports += plan.reports
                if written is not None:
                    written.result()
                written = pool.submit(write_plan, connection, staging, plan, report)
            if written is not None:
                written.result()
        except BaseException:
            given_up.set()
            raise
    return reports
