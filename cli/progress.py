"""How far long work has come: bars on a terminal, one line per stage elsewhere; always on stderr."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cli.ending import begin_work
from cli.output import is_quiet
from graph.progress import no_progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from graph.progress import Progress

logger = logging.getLogger("ringfence.progress")


@dataclass
class StageLog:
    """Logs one line when a stage is done, or at the latest when the next one begins."""

    line: str = ""
    stage: str = ""
    started_at: float = field(default_factory=time.monotonic)

    def report(self, stage: str, rows_done: int, rows_total: int) -> None:
        """Take note of progress."""
        if stage != self.stage:
            self.finish()
        self.stage = stage
        # Stages may report when they end, so the only honest clock is the one since the work began.
        count = f"{rows_done:,}" if rows_done >= rows_total else f"{rows_done:,} of {rows_total:,}"
        self.line = f"{stage}: {count} ({time.monotonic() - self.started_at:.1f} s)"

    def finish(self) -> None:
        """Log the stage that is open, if one is."""
        if self.line:
            logger.info("%s", self.line)
        self.line = self.stage = ""


@dataclass
class StageBars:
    """One bar per stage."""

    bars: Bars
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def report(self, stage: str, rows_done: int, rows_total: int) -> None:
        """Move a stage's bar."""
        if stage not in self.tasks:
            self.tasks[stage] = self.bars.add_task(stage, total=rows_total, rate="")
        task = self.tasks[stage]
        speed = self.bars.tasks[task].finished_speed or self.bars.tasks[task].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self.bars.update(task, completed=rows_done, total=rows_total, rate=rate)


@contextmanager
def show_progress() -> Iterator[Progress]:
    """Show the progress of the work done inside."""
    begin_work()
    if is_quiet():
        yield no_progress
        return
    if not sys.stderr.isatty():
        log = StageLog()
        yield log.report
        log.finish()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), "{task.fields[rate]}", TimeElapsedColumn())
    parts = [TextColumn(each, markup=False) if isinstance(each, str) else each for each in columns]
    with Progress(*parts, console=Console(stderr=True), transient=True) as bars:
        yield StageBars(bars).report
