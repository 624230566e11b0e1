"""The commands for what is done about flags: plan, apply, undo, measures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.decide import by_option
from cli.output import Answer, Format, format_option, parse_id, say, write_answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from detection.measures.applying import Applied
    from detection.measures.changes import Change
    from detection.measures.plan import Plan, PlanTerms
    from graph.measures.events import MeasureEvent

CHANGED = 10
"""The exit code where something would change, with ``--detailed-exitcode``."""
PLAN_COLUMNS = (
    "kind", "subject", "subject_id", "before", "measure", "until", "tier", "rings", "why", "needs_person", "waits",
)  # fmt: skip
MEASURE_COLUMNS = ("subject", "subject_id", "measure", "until", "tier", "rings", "reason", "by", "at", "plan", "run_id")


def read_terms(workplace: Workplace, **chosen: bool) -> PlanTerms:
    """The policy in force, now."""
    from detection.measures.plan import PlanTerms
    from detection.measures.policy import read_measure_policy
    from detection.settings import read_detect_settings

    settings = workplace.read_settings()
    detect = read_detect_settings(settings.detect).policy
    return PlanTerms(read_measure_policy(settings.measures), detect, datetime.now(UTC), **chosen)


@click.command(short_help="Show what would be done about flags, and why.")
@click.option("--output", "-o", "path", type=click.Path(path_type=Path, dir_okay=False), help="A file, for `apply`.")
@click.option("--unseen", is_flag=True, help="Only what a run may do before a person has looked; the rest waits.")
@click.option("--again", is_flag=True, help="Also what a person has undone.")
@click.option("--detailed-exitcode", is_flag=True, help=f"Exit with {CHANGED} if something would change.")
@format_option
@pass_workplace
@click.pass_context
def plan(
    context: click.Context,
    workplace: Workplace,
    /,
    path: Path | None,
    form: Format,
    detailed_exitcode: bool,
    **chosen: bool,
) -> None:
    """Show what would be done about the flags of the latest run: each measure, and why.

    Compares what is in force with what the policy of measures recommends ([measures] in ringfence.toml).
    What has no ground any more is removed. Nothing is changed: `ringfence apply FILE` does exactly what
    the file says, as long as facts, run, policy, decisions and measures are as they were.
    """
    from detection.measures.plan import find_exceeded, make_plan, write_plan
    from graph.files import replace_file

    terms = read_terms(workplace, **chosen)
    with workplace.open_store() as store:
        made = make_plan(store, terms)
    if path is not None:
        replace_file(path, write_plan(made))
    exceeded = list(find_exceeded(made.touches, terms.policy).values())
    write_plan_answer(made, exceeded, form)
    if form == "table" and made.changes:
        say(f"\nNext: ringfence apply {path}" if path else "\nTo apply it: ringfence plan -o plan.json")
    if detailed_exitcode and made.changes:
        context.exit(CHANGED)


def write_plan_answer(made: Plan, exceeded: list[str], form: Format) -> None:
    """Print a plan."""
    import msgspec

    document = {**msgspec.to_builtins(made), "exceeded": exceeded}
    rows = [_list_change(each, waits=False) for each in made.changes]
    rows += [_list_change(each, waits=True) for each in made.waiting]
    write_answer(Answer(document, PLAN_COLUMNS, rows, lambda: _draw(made, exceeded)), form)


def _list_change(change: Change, *, waits: bool) -> dict[str, Any]:
    return {**{name: getattr(change, name) for name in PLAN_COLUMNS if name != "waits"}, "waits": waits}


def _draw(made: Plan, exceeded: list[str]) -> RenderableType:
    from cli.draw_plan import draw_plan

    return draw_plan(made, exceeded)


reason_option = click.option("--reason", type=parse_id, default="", metavar="WHY", help="Why; it is kept, and shown.")


@click.command(short_help="Do what a plan says, exactly that, or nothing.")
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False))
@by_option
@reason_option
@click.option("--despite", multiple=True, metavar="BOUND", help="Go beyond this bound of the policy.  Repeatable.")
@format_option
@pass_workplace
def apply(workplace: Workplace, path: Path, by: str, reason: str, despite: tuple[str, ...], form: Format) -> None:
    """Do what the file PLAN says, exactly that, or nothing.

    It is refused where facts, run, policy, decisions or measures have moved since it was made, and where it
    touches more than the policy allows (most_accounts, most_share, most_money). Applied again it changes
    nothing.

    \b
    ringfence plan -o plan.json
    ringfence apply plan.json --reason 'looked through by ana'
    """  # noqa: D301 - click knows a paragraph that is to stay as it is by this character
    from detection.measures.applying import Actor, apply_plan
    from detection.measures.plan import read_plan

    made, terms, actor = read_plan(path), read_terms(workplace), Actor(by, reason)
    with workplace.open_store() as store:
        done = apply_plan(store, made, terms, actor, despite=despite)
    _show(done, form, f"To take it back: ringfence undo {done.plan_id} --reason WHY")


@click.command(short_help="Take back what a plan did.")
@click.argument("plan_id", metavar="PLAN|RUN", type=parse_id)
@by_option
@reason_option
@format_option
@pass_workplace
def undo(workplace: Workplace, plan_id: str, by: str, reason: str, form: Format) -> None:
    """Take back what a plan did, or the last one of a run: what held before holds again, as far as it has not ended.

    Later plans leave it out, and say so, until somebody asks for it: ringfence plan --again.
    """
    from detection.measures.applying import Actor, undo_plan

    actor = Actor(by, reason)
    with workplace.open_store() as store:
        done = undo_plan(store, plan_id, read_terms(workplace), actor)
    _show(done, form, "What it did is out of force; `ringfence measures` lists what holds.")


def _show(done: Applied, form: Format, afterwards: str) -> None:
    rows = [_list_event(each) for each in done.events if each.subject != "plan"]
    document = {"plan_id": done.plan_id, "was_before": done.was_before, "changes": rows}
    write_answer(Answer(document, MEASURE_COLUMNS, rows, lambda: _draw_rows(rows)), form)
    if form == "table":
        was = "was applied before" if done.was_before else "has nothing to do"
        say(f"\n{afterwards}" if done.events else f"\nPlan {done.plan_id} {was}; nothing was changed.")


def _list_event(event: MeasureEvent) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in MEASURE_COLUMNS if name != "plan"}
    return {name: {**row, "plan": event.batch}[name] for name in MEASURE_COLUMNS}


def _draw_rows(rows: list[dict[str, Any]]) -> RenderableType:
    from cli.draw_plan import draw_in_force

    return draw_in_force(rows)


@click.command(short_help="List what is in force, and until when.")
@click.option("--about", "wanted", type=parse_id, metavar="ID", help="Only on this account or review.")
@format_option
@pass_workplace
def measures(workplace: Workplace, wanted: str | None, form: Format) -> None:
    """List the measures that are in force now, the next to end first: what, until when, why, and by which plan."""
    from graph.measures.events import read_events
    from graph.measures.fold import fold_measures

    with workplace.open_store() as store:
        in_force = fold_measures(read_events(store.measures.read())).list_in_force(datetime.now(UTC))
    found = [each for each in in_force.values() if wanted in (None, each.subject_id)]
    rows = sorted(map(_list_event, found), key=_by_ending)
    write_answer(Answer(rows, MEASURE_COLUMNS, rows, lambda: _draw_rows(rows)), form)


def _by_ending(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["until"], row["subject"], row["subject_id"]


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (plan, apply, undo, measures)}
