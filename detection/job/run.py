"""A night from its order to its end: begun, or taken up where whoever was killed left it."""

from __future__ import annotations

import logging
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata

import msgspec

from detection.casework.facts import read_heard
from detection.job.checks import keep_table_checks
from detection.job.hearing import tell_night
from detection.job.inputs import Export, choose_new, find_exports
from detection.job.metrics import write_metrics
from detection.job.night import Night, Stopped
from detection.job.order import Order
from detection.job.record import UNFINISHED, Job, JobsFolder, Refused, State, Step, StepName
from detection.job.standing import find_standing
from graph.errors import ConfigError, RefusedError, RingfenceError, StoreNotFoundError, find_exit_code
from graph.open import open_store
from graph.progress import Progress, no_progress
from graph.queries.runs import find_latest_run
from graph.version import VERSION

log = logging.getLogger("ringfence.job")


def run_night(order: Order, jobs: JobsFolder, *, progress: Progress = no_progress, wait_seconds: float = 0.0) -> Job:
    """Do one night, and return its record.

    Raises
    ------
    StoreBusyError
        If another night is at work; the message says whose it is.
    ChecksFailedError
        If what was found is not like what was published before; nothing is published.
    RingfenceError
        If a step failed; what was done before it is kept, and taken up by the next night that asks for the same.
    """
    with jobs.locked(wait_seconds):
        night = _begin(order, jobs, progress)
        try:
            job = night.work()
        except Stopped:
            return _end(night, "stopped")
        except RingfenceError as error:
            state: State = "refused" if isinstance(error, RefusedError) else "failed"
            _end(night, state, error=str(error), exit_code=find_exit_code(error))
            raise
        finally:
            if order.dry_run:
                night.clear()
        if job.state == "partial":
            return _end(night, "partial", exit_code=11)
        return _end(night, "done", exit_code=7 if job.error else 0)


def _end(night: Night, state: State, **fields: object) -> Job:
    night.put(state=state, finished_at=datetime.now(UTC), **fields)
    if not night.order.dry_run:
        night.jobs.keep(night.order.rules.keep_jobs)
        _tell(night)
        if night.order.metrics is not None:
            write_metrics(night.order.metrics, night.job, night.jobs.read_all(), find_standing(night.order))
    return night.job


def _tell(night: Night) -> None:
    """A night is what it is, whether or not anybody can be told."""
    try:
        tell_night(night.order, night.jobs, night.job, at=datetime.now(UTC))
    except RingfenceError as error:
        log.warning("alerts could not be told: %s", error)


def _begin(order: Order, jobs: JobsFolder, progress: Progress) -> Night:
    records = jobs.read_all()
    exports = [] if order.tables is None else find_exports(order.tables, mapped=bool(order.settings.tables))
    # One that published and did not apply has told what it had to tell: the next night looks anew, unless it is asked.
    taken_up = UNFINISHED if order.retry else tuple(each for each in UNFINISHED if each != "partial")
    last = records[0] if records and records[0].state in taken_up else None
    refused = _list_refused(order, records, exports)
    if last is not None and any(each.night == last.job for each in refused):
        last = None  # what it would not take is left out, and the rest goes on
    if order.retry and last is None and not (records and records[0].refused):
        raise ConfigError("there is nothing to take up again: the last night is done; type: ringfence run")
    if last is not None and not order.dry_run:
        if _asks_the_same(order, last, exports):
            return Night(order, jobs, _take_up(last), progress, _count_rows(records[1:]))
        if order.retry:
            raise ConfigError(
                f"night {last.job} was asked for something else (tables, settings or version); type: ringfence run"
            )
        jobs.write(msgspec.structs.replace(last, state="abandoned"))
    return _begin_anew(order, jobs, progress, exports, refused)


def _list_refused(order: Order, records: Sequence[Job], exports: Sequence[Export]) -> tuple[Refused, ...]:
    """The exports that were refused, are what they were, and are read as they were; none where they are asked for.

    Before anything was published none is left out: there would be nothing without it.
    """
    if order.retry or all(each.find("publish") is None for each in records):
        return ()
    there, reading = {each.sha256 for each in exports}, order.name_reading()
    return tuple(each for each in records[0].refused if each.sha256 in there and each.reading == reading)


def _asks_the_same(order: Order, last: Job, exports: Sequence[Export]) -> bool:
    """Whether a night that is not done would do what is asked for, and there is nothing else to load."""
    there, known = {each.sha256 for each in exports}, {each.sha256 for each in last.inputs}
    is_there = known <= there or last.find("publish") is not None
    refused = {each.sha256 for each in last.refused}
    more = choose_new(exports, known | refused | set(last.loaded), order.since)
    return last.asked == order.name(last.inputs) and is_there and not more


def _take_up(last: Job) -> Job:
    """The record of a night that goes on; what was checked of what is done stays."""
    refused_run = last.error if last.state == "refused" and last.find("detect") is not None else ""
    kept = last.checks if refused_run else keep_table_checks(last.checks) if last.find("load") else ()
    refused = tuple(each for each in last.refused if each.night != last.job)
    fresh = msgspec.structs.replace(last, state="running", finished_at=None, error="", exit_code=0)
    return msgspec.structs.replace(fresh, checks=kept, refused=refused, refused_run=refused_run)


def find_versions() -> dict[str, str]:
    """What a night is worked out with, beside Ringfence itself."""
    libraries = ("graspologic-native", "ladybug", "lightgbm", "neo4j", "numpy", "pyarrow", "scipy")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in libraries}}


def _begin_anew(
    order: Order, jobs: JobsFolder, progress: Progress, exports: Sequence[Export], refused: tuple[Refused, ...]
) -> Night:
    records = jobs.read_all()
    published = next((each for each in records if each.find("publish") is not None), None)
    loaded = published.loaded if published is not None and _has_facts_of(order, published) else ()
    inputs = tuple(choose_new(exports, {*loaded, *(each.sha256 for each in refused)}, order.since))
    job = Job(
        job=(jobs.list_numbers() or [0])[-1] + 1,
        state="running",
        started_at=datetime.now(UTC),
        version=VERSION,
        asked=order.name(inputs),
        versions=find_versions(),
        settings=order.record_settings(),
        inputs=inputs,
        loaded=loaded,
        refused=refused,
        dry_run=order.dry_run,
    )
    night = Night(order, jobs, job, progress, _count_rows(records))
    night.put(steps=_skip_what_is_known(order, job, published))
    return night


def _has_facts_of(order: Order, job: Job) -> bool:
    """Whether the store has the facts that a night published, and no others; else its exports are loaded again."""
    published = job.find("publish")
    try:
        with open_store(order.location) as store:
            return published is not None and store.mark_facts() == published.result["facts"]
    except StoreNotFoundError:
        return False


def _skip_what_is_known(order: Order, job: Job, published: Job | None) -> tuple[Step, ...]:
    """The steps up to ``publish``, as skipped, where there is nothing to load and a run would say the same again."""
    step = published.find("publish") if published is not None else None
    if step is None or job.inputs:
        return ()
    with open_store(order.location) as store:
        latest, facts, heard = find_latest_run(store), store.mark_facts(), read_heard(store)
    known = order.name_detection(facts, str(heard.record()["sha256"]))
    if latest is None or latest.run_id != step.result["run_id"] or step.result["key"] != known:
        return ()
    now = datetime.now(UTC)
    names: tuple[StepName, ...] = ("stage", "load", "detect", "check")
    skipped = [Step(name=name, began_at=now, seconds=0.0, skipped=True) for name in names]
    return (*skipped, msgspec.structs.replace(step, began_at=now, seconds=0.0, skipped=True))


def _count_rows(records: list[Job]) -> dict[str, int]:
    """The rows of each table when it was last loaded by a night that published."""
    for job in records:
        loaded = job.find("load")
        if job.find("publish") is not None and loaded is not None and loaded.result.get("exports"):
            return {table["name"]: table["read"] for table in loaded.result["exports"][-1]["tables"]}
    return {}
