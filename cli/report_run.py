"""The page of a run: which run is meant, and what is kept of the night that it was part of."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.context import Workplace
from graph.pages.run_content import (
    CheckRecord,
    NightRecord,
    RejectRecord,
    RunAsked,
    RunFacts,
    StepRecord,
    TableRecord,
    read_run,
)
from graph.queries.answers import RunSummary
from graph.queries.runs import find_stored_run, list_runs

if TYPE_CHECKING:
    from detection.job.record import Job
    from graph.stores.protocol import GraphStore

LATEST = "latest"
MOST_REASONS = 15
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\b\d[\w.,:-]*""")
"""Values as Python quotes them, and numbers, of lines for instance."""
_COUNTS = ("read", "added", "changed", "unchanged", "removed", "rejected")


def is_run(store: GraphStore, any_id: str) -> bool:
    """Whether somebody means a run: the latest, or one by its id."""
    return any_id == LATEST or any(each.run_id == any_id for each in list_runs(store))


def read_run_facts(workplace: Workplace, store: GraphStore, any_id: str, *, is_masked: bool) -> RunFacts:
    """Everything for the page of a run."""
    run = find_stored_run(store, None if any_id == LATEST else any_id)
    asked = RunAsked(list_channels(run), find_night(workplace, run.run_id), is_masked)
    return read_run(store, run.run_id, asked)


def list_channels(run: RunSummary) -> list[str]:
    """The channels that a run looked at, as far as its settings say so."""
    settings = json.loads(run.settings) if run.settings else {}
    channels = settings.get("channels") if isinstance(settings, dict) else None
    return sorted(channels) if isinstance(channels, dict) else []


def find_night(workplace: Workplace, run_id: str) -> NightRecord | None:
    """What is kept of the night that made a run; the last of several that made the same one."""
    from detection.job.record import REJECTS_FILE, JobsFolder

    jobs = JobsFolder(workplace.place_jobs())
    for job in jobs.read_all():
        step = job.find("detect")
        if step is not None and step.result.get("run_id") == run_id:
            return _tell_night(job, jobs.name(job.job) / REJECTS_FILE)
    return None


def _tell_night(job: Job, rejects: Path) -> NightRecord:
    load = job.find("load")
    return NightRecord(
        number=job.job,
        state=job.state,
        tables=tuple(_sum_tables(load.result.get("exports", ()) if load else ())),
        steps=tuple(StepRecord(each.name, each.seconds, each.skipped) for each in job.steps),
        checks=tuple(CheckRecord(each.name, each.words, each.passed) for each in job.checks),
        rejects=count_rejects(rejects),
    )


def count_rejects(path: Path) -> tuple[RejectRecord, ...]:
    """Why rows were rejected, the commonest reasons first; what stands in quotes was in the rows, and is left out."""
    if not path.is_file():
        return ()
    counts = Counter[tuple[str, str]]()
    with path.open(encoding="utf-8", newline="") as file, suppress(csv.Error):  # a cell that is too long ends it
        counts.update((row["table"], _QUOTED.sub("…", row["reason"])) for row in csv.DictReader(file))
    found = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(RejectRecord(table, reason, n) for (table, reason), n in found[:MOST_REASONS])


def _sum_tables(exports: Iterable[Mapping[str, Any]]) -> Iterable[TableRecord]:
    """The tables of all exports of a night, each once."""
    found: dict[str, list[int]] = {}
    for table in (table for each in exports for table in each.get("tables", ())):
        counts = found.setdefault(table["name"], [0] * len(_COUNTS))
        found[table["name"]] = [n + int(table.get(name, 0)) for n, name in zip(counts, _COUNTS, strict=True)]
    return (TableRecord(name, *counts) for name, counts in found.items())
