"""Whether all that nights need is as it should be: one finding for each thing, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from detection.job.order import Order
from detection.job.record import UNFINISHED, Job, JobsFolder
from detection.measures.replay import find_problems
from detection.risk.file import read_model
from graph.casebook.events import read_events as read_casebook
from graph.errors import RingfenceError
from graph.measures.events import read_events
from graph.measures.fold import fold_measures
from graph.open import open_store
from graph.queries.runs import find_latest_run
from graph.stores.location import Folder, find_server
from graph.version import VERSION

Grade = Literal["well", "look", "wrong"]
ROOM_FACTOR = 3.0
"""A night needs so much room for each byte of the graph: the stage, what it is loaded into, and the new generation."""
LATE_HOURS = 26.0
"""A night that ended longer ago than this is late: a day, and two hours."""
SOON = timedelta(days=2)


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is (``well``, worth a ``look``, or ``wrong``), and what to do."""

    what: str
    grade: Grade
    says: str
    mend: str = ""


def examine(order: Order, jobs: JobsFolder, *, now: datetime) -> list[Finding]:
    """Look at settings, store, books, disk and nights; what cannot be looked at is a finding too."""
    looks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("policy", lambda: _look_at_policy(order)),
        ("models", lambda: _look_at_models(order)),
        ("store", lambda: _look_at_store(order)),
        ("books", lambda: _look_at_books(order, now)),
        ("disk", lambda: _look_at_disk(order)),
        ("nights", lambda: _look_at_nights(jobs, now)),
    )
    return [finding for what, look in looks for finding in _try(what, look)]


def _try(what: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except RingfenceError as error:
        return [Finding(what, "wrong", str(error), "do what the message says, and look again")]


def _look_at_policy(order: Order) -> Iterator[Finding]:
    problems = find_problems(order.measures)
    for each in problems:
        yield Finding("policy", "wrong", each, "ringfence policy check")
    if not problems:
        yield Finding("policy", "well", f"{len(order.measures.rules)} rules of measures")
    if order.tables is None:
        yield Finding("tables", "look", "nothing names a folder of tables", "set `tables` in [run]")
    elif not order.tables.is_dir():
        yield Finding("tables", "wrong", f"{order.tables} is no folder", "set `tables` in [run], or mount it")


def _look_at_models(order: Order) -> Iterator[Finding]:
    """Both models, where any is named."""
    named = {"model": order.detect.model, "challenger": order.detect.challenger}
    for what, path in named.items():
        if not path:
            continue
        if what == "challenger" and not Path(path).exists():
            yield Finding(
                what, "look", f"{path} is not there yet", "train_every_days in [run.models], or ringfence train"
            )
            continue
        learnt = read_model(Path(path)).learnt
        words = f"{path}, of {learnt['labelled']:,} decisions until {str(learnt['labels_until'] or 'no date')[:10]}"
        yield Finding(what, "well", words)


def _look_at_store(order: Order) -> Iterator[Finding]:
    with open_store(order.location) as store:
        latest = find_latest_run(store)
    yield Finding("store", "well", f"{order.location} answers")
    if latest is None:
        yield Finding("run", "look", "nothing was detected yet", "ringfence run")
    elif latest.version != VERSION:
        words = f"the latest run is of version {latest.version}, and this is {VERSION}"
        yield Finding("run", "look", words, "the next night detects again")
    else:
        yield Finding("run", "well", f"{latest.run_id}, {latest.rings:,} rings")


def _look_at_books(order: Order, now: datetime) -> Iterator[Finding]:
    with open_store(order.location) as store:
        said, done = read_casebook(store.casebook.read()), read_events(store.measures.read())
    yield Finding("casebook", "well", f"{len(said):,} events")
    in_force = fold_measures(done).list_in_force(now)
    ending = [each for each in in_force.values() if each.until is not None and each.until <= now + SOON]
    words = f"{len(in_force):,} in force"
    if ending:
        mend = "ringfence plan, which renews those whose ground stands"
        yield Finding("measures", "look", f"{words}, {len(ending):,} of which end within two days", mend)
    else:
        yield Finding("measures", "well", words)


def _look_at_disk(order: Order) -> Iterator[Finding]:
    found = find_server(order.location) if isinstance(order.location, str) else order.location
    place = Path(found.path) if isinstance(found, Folder) else Path(str(order.location)) if found is None else None
    if place is None or not place.is_dir():
        return
    newest = max((place / "generations").glob("[0-9]*"), default=None)
    size = sum(each.stat().st_size for each in newest.iterdir()) if newest is not None else 0
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:,.1f} GB free, the graph has {size / 1e9:,.2f} GB"
    if free < ROOM_FACTOR * size:
        yield Finding("disk", "wrong", words, f"a night needs {ROOM_FACTOR:g} times the graph; make room")
    else:
        yield Finding("disk", "well", words)
    if (place / "staged").exists():
        mend = "ringfence run, which takes it up or away"
        yield Finding("stage", "look", "a night has left its work", mend)


def _look_at_nights(jobs: JobsFolder, now: datetime) -> Iterator[Finding]:
    holder = jobs.say_holder() if jobs.is_held() else ""
    if holder:
        yield Finding("lock", "look", f"a night is at work: {holder}")
    records = jobs.read_all()
    if not records:
        yield Finding("nights", "look", "there was none yet", "ringfence run")
        return
    last = records[0]
    if last.state in UNFINISHED and not holder:
        words = f"night {last.job} is {last.state}: {last.error or 'it was killed, or told to stop'}"
        yield Finding("nights", "wrong", words, "ringfence run")
    for each in last.refused:
        mend = "mend it, or the settings; or `ringfence run --retry`, with --despite if it is meant"
        yield Finding("export", "wrong", f"{each.name} is left out since night {each.night}: {each.why}", mend)
    yield _look_at_schedule(records, now)


def _look_at_schedule(records: Sequence[Job], now: datetime) -> Finding:
    ended = [each.finished_at for each in records if each.state == "done" and each.finished_at is not None]
    if not ended:
        return Finding("schedule", "wrong", "no night ended as it should", "look at the scheduler")
    hours = (now - max(ended)).total_seconds() / 3600
    words = f"the last night that ended as it should did so {hours:,.1f} hours ago"
    if hours > LATE_HOURS:
        return Finding("schedule", "wrong", words, "look at the scheduler")
    return Finding("schedule", "well", words)


def look_now(order: Order, jobs: JobsFolder) -> list[Finding]:
    """The same, at this moment."""
    return examine(order, jobs, now=datetime.now(UTC))
