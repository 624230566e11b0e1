"""The commands for whoever runs Ringfence unattended: run, rollback, doctor, alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.measures import CHANGED
from cli.options import limit_option, parse_time
from cli.output import Answer, Format, as_rows, format_option, list_columns, say, write_answer
from cli.progress import show_progress
from graph.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from detection.job.alerts import Told
    from detection.job.health import Finding
    from detection.job.order import Order
    from detection.job.record import Job

ALERT_COLUMNS = ("alert_id", "at", "kind", "subject_id", "words", "batch", "waits")
PARTIAL = 11
"""The exit code of a night that published, and did not do what was planned."""
STEP_COLUMNS = ("name", "began_at", "seconds", "skipped", "result")
STEPS = ("stage", "load", "detect", "check", "publish", "plan", "apply", "train")


@click.command(short_help="One night: load, detect, check, publish, plan, apply.")
@click.argument("tables", required=False, type=click.Path(path_type=Path))
@click.option("--since", type=parse_time, metavar="TIME", help="Leave out exports that are older (UTC).")
@click.option("--stop-after", type=click.Choice(STEPS), help="Do no step after this one.")
@click.option("--dry-run", is_flag=True, help="Publish, plan and apply nothing for good.")
@click.option("--retry", is_flag=True, help="Take up the last night, or what was refused.")
@click.option("--despite", multiple=True, metavar="CHECK", help="Go on although this check fails.  Repeatable.")
@click.option("--detailed-exitcode", is_flag=True, help=f"Exit with {CHANGED} if measures change, or would.")
@format_option
@pass_workplace
@click.pass_context
def run(context: click.Context, workplace: Workplace, /, form: Format, detailed_exitcode: bool, **asked: Any) -> None:
    """One night, for a scheduler: load what is new, detect, check, publish, plan, and apply if the policy says so.

    TABLES is a folder of tables, or of folders of tables, of which those that are new are loaded in the
    order of their names; [run] in ringfence.toml names it otherwise. Readers see nothing until all checks
    have passed, and then all of it. Killed at any moment, the next `ringfence run` does what is missing.
    What is refused is left out until it or the settings change, or by --retry is tried again.
    Run again when nothing is new, it changes nothing. One night is at work at a time.
    """
    from detection.job.record import JobsFolder
    from detection.job.run import run_night

    order = read_order(workplace, asked)
    with show_progress() as progress:
        job = run_night(order, JobsFolder(workplace.place_jobs()), progress=progress)
    show_job(job, form)
    if job.exit_code:
        context.exit(job.exit_code)
    planned = job.find("plan")
    if detailed_exitcode and planned is not None and planned.result["changes"]:
        context.exit(CHANGED)


def read_order(workplace: Workplace, asked: dict[str, Any]) -> Order:
    """What is asked of a night: by options, or else by the settings."""
    from cli.work import choose_settings
    from detection.job.order import Order
    from detection.job.settings import read_job_settings
    from detection.measures.policy import read_measure_policy

    settings = workplace.read_settings()
    rules = read_job_settings(settings.run)
    tables = asked.pop("tables") or (workplace.place_file(rules.tables) if rules.tables else None)
    if tables is not None:
        workplace.require_apart(tables)
    since: datetime | None = asked.pop("since")
    return Order(
        location=workplace.find_location(),
        settings=settings,
        detect=choose_settings(workplace, seed=None, encoder=None, model=None),
        measures=read_measure_policy(settings.measures),
        rules=rules,
        tables=tables,
        folder=workplace.place_file(""),
        metrics=workplace.place_file(rules.metrics) if rules.metrics else None,
        since=None if since is None else since.replace(tzinfo=UTC),
        **asked,
    )


def show_job(job: Job, form: Format) -> None:
    """Print the record of a night."""
    import msgspec

    rows = [{name: getattr(step, name) for name in STEP_COLUMNS} for step in job.steps]
    write_answer(Answer(msgspec.to_builtins(job), STEP_COLUMNS, rows, lambda: _draw(job)), form)


def _draw(job: Job) -> RenderableType:
    from cli.draw_night import draw_job

    return draw_job(job)


@click.command(short_help="Go back to what was published before the last night.")
@pass_workplace
def rollback(workplace: Workplace) -> None:
    """Go back to what was published before the last night, if nothing was written since.

    In a folder that becomes the newest generation, so that it can be taken back: ringfence restore. On a
    Neo4j server the run before is the latest again, with its verdicts on all accounts and reviews; what
    was loaded stays. Decisions and measures stay. The next night loads its tables and detects again: take
    out what was wrong first.
    """
    from detection.job.record import JobsFolder
    from graph.staging import find_staging

    steps = (each.find("publish") for each in JobsFolder(workplace.place_jobs()).read_all())
    step = next((each for each in steps if each is not None and not each.skipped), None)
    if step is None:
        raise ConfigError("no night has published anything yet, so there is nothing to go back to")
    say(find_staging(workplace.find_location()).go_back(step.result))


@click.command(short_help="Say what is wrong, and what to do about it.")
@format_option
@pass_workplace
def doctor(workplace: Workplace, form: Format) -> None:
    """Look at policy, store, books, disk and nights; say what is wrong, and what to do about it.

    Exit code 1 if anything is wrong. Changes nothing.
    """
    from detection.job.health import Finding, look_now
    from detection.job.record import JobsFolder

    order = read_order(workplace, {"tables": None, "since": None})
    found = look_now(order, JobsFolder(workplace.place_jobs()))
    write_answer(Answer(found, list_columns(Finding), as_rows(found), lambda: _draw_findings(found)), form)
    wrong = [each.what for each in found if each.grade == "wrong"]
    if wrong:
        raise ConfigError(f"{len(wrong)} of {len(found)} are wrong: {', '.join(dict.fromkeys(wrong))}")


def _draw_findings(found: list[Finding]) -> RenderableType:
    from cli.draw_night import draw_findings

    return draw_findings(found)


@click.command(short_help="List what nights have alerted to, the latest first.")
@limit_option
@click.option("--send", is_flag=True, help="Tell now what could not be told before.")
@format_option
@pass_workplace
def alerts(workplace: Workplace, limit: int | None, send: bool, form: Format) -> None:
    """List what nights have alerted to, the latest first, and whom it could not be told to yet.

    A new ring, one that grew or is of a higher tier, a cleared account that drifts back, a measure that ends, a
    failed check: each once. [[run.alerts]] in ringfence.toml says who hears of it.
    """
    from detection.job.alerts import read_told
    from detection.job.hearing import tell_again
    from detection.job.record import JobsFolder

    jobs = JobsFolder(workplace.place_jobs())
    if send:
        with jobs.locked(0.0):
            problems = tell_again(read_order(workplace, {"tables": None, "since": None}), jobs)
        if problems:
            raise ConfigError("; ".join(problems))
    told = read_told(jobs.path)
    waits = {batch: [name for name, each in told.waiting.items() if batch in each] for batch in _list_waiting(told)}
    rows = [
        {name: getattr(each, name, None) for name in ALERT_COLUMNS} | {"waits": waits.get(each.batch, [])}
        for each in reversed(told.alerts)
    ][:limit]
    write_answer(Answer(rows, ALERT_COLUMNS, rows, lambda: _draw_alerts(rows)), form)


def _list_waiting(told: Told) -> set[str]:
    return {batch for batches in told.waiting.values() for batch in batches}


def _draw_alerts(rows: list[dict[str, Any]]) -> RenderableType:
    from cli.draw_night import draw_alerts

    return draw_alerts(rows)


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (run, rollback, doctor, alerts)}
