"""Runs: all of them, the latest, one."""

from __future__ import annotations

from graph.errors import RingfenceError, UnknownIdError
from graph.queries.answers import RunSummary
from graph.queries.asking import Row, ask, list_fields, read_sentences
from graph.queries.ids import pick_nearest, say_unknown
from graph.stores.protocol import GraphStore
from graph.stores.shape import NODES, say_returns

_RUN = say_returns("r", NODES["Run"], list_fields(RunSummary))
_RUNS = f"MATCH (r:Run) RETURN {_RUN} ORDER BY sequence DESC, finished_at DESC, run_id"
_LATEST_RUN = f"{_RUNS} LIMIT 1"
_ONE_RUN = f"MATCH (r:Run {{run_id: $run_id}}) RETURN {_RUN}"


def list_runs(store: GraphStore) -> list[RunSummary]:
    """All runs, the latest first; those of the past, which none is the latest of, at the end."""
    return [_as_run(row) for row in ask(store, _RUNS)]


def find_latest_run(store: GraphStore) -> RunSummary | None:
    """The latest run, or None before the first."""
    return next((_as_run(row) for row in ask(store, _LATEST_RUN)), None)


def find_stored_run(store: GraphStore, run_id: str | None = None) -> RunSummary:
    """One run by its id, or the latest.

    Raises
    ------
    UnknownIdError
        If no run has this id.
    RingfenceError
        If nothing was run yet.
    """
    rows = ask(store, _LATEST_RUN) if run_id is None else ask(store, _ONE_RUN, run_id=run_id)
    if rows:
        return _as_run(rows[0])
    if run_id is None:
        raise RingfenceError("no run yet; type: ringfence detect")
    known = [run.run_id for run in list_runs(store)]
    raise UnknownIdError(say_unknown("run", run_id, pick_nearest(run_id, known)))


def _as_run(row: Row) -> RunSummary:
    return RunSummary(**{**row, "notes": read_sentences(row["notes"])})
