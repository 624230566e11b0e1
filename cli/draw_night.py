"""What a night did, for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import draw_section, make_table, show_number, show_text

if TYPE_CHECKING:
    from detection.job.health import Finding
    from detection.job.record import Job, Step


def draw_job(job: Job) -> RenderableType:
    """Each step and what came of it, and every check that failed."""
    table = make_table("step", "seconds", "outcome", right={"seconds"})
    for step in job.steps:
        table.add_row(step.name, show_number(step.seconds, 1), show_text(_say_step(step)))
    failed = [f"{each.name}: {each.words}" for each in job.checks if not each.passed]
    parts: list[RenderableType] = [
        table,
        *draw_section("Checks that failed", [Text("\n".join(failed))] if failed else []),
    ]
    left = [f"{each.name}, since night {each.night}: {each.why}" for each in job.refused]
    parts += draw_section("Exports that are left out", [Text(show_text(each)) for each in left])
    trial = " (dry run: nothing was published)" if job.dry_run else ""
    parts.append(Text(f"\nNight {job.job}: {job.state}{trial}. {show_text(job.error)}".rstrip()))
    return Group(*parts)


def draw_alerts(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """What was alerted to, and who does not know it yet."""
    if not rows:
        return Text("No night has alerted to anything.")
    table = make_table("when", "alert", "says", "waits for")
    for row in rows:
        when = f"{row['at']:%Y-%m-%d %H:%M}"
        table.add_row(when, row["kind"], show_text(row["words"]), show_text(", ".join(row["waits"])))
    return table


def draw_findings(found: Sequence[Finding]) -> RenderableType:
    """What was looked at, how it is, and what to do."""
    table = make_table("what", "state", "says", "what to do")
    styles = {"wrong": "bold red", "look": "yellow", "well": "green"}
    for each in found:
        table.add_row(each.what, Text(each.grade, style=styles[each.grade]), show_text(each.says), show_text(each.mend))
    return table


def _say_step(step: Step) -> str:
    if step.skipped:
        said = {"apply": "nothing to apply, or left to a person", "train": str(step.result.get("why", ""))}
        return said.get(step.name, "nothing new")
    return _SAY[step.name](step.result)


def _say_load(result: Mapping[str, Any]) -> str:
    return "; ".join(_say_export(each) for each in result["exports"])


def _say_detect(result: Mapping[str, Any]) -> str:
    return f"run {result['run_id']}: {_say_counts(result['rings'])} rings, {_say_counts(result['flags'])} flags"


def _say_publish(result: Mapping[str, Any]) -> str:
    generation = result["generation"]
    return f"run {result['run_id']}{'' if generation is None else f', generation {generation}'}"


def _say_plan(result: Mapping[str, Any]) -> str:
    return f"plan {result['plan_id']}: {_say_counts(result['changes'])}; {result['waiting']:,} wait for a person"


def _say_train(result: Mapping[str, Any]) -> str:
    if "sha256" not in result:
        return f"no challenger: {result['why']}"
    return f"challenger {result['sha256'][:12]}, from {result['fraud']:,} fraud and {result['legit']:,} legit accounts"


_SAY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "stage": lambda result: "",
    "load": _say_load,
    "detect": _say_detect,
    "check": lambda result: f"{result['checks']} checks",
    "publish": _say_publish,
    "plan": _say_plan,
    "apply": lambda result: f"plan {result['plan_id']}",
    "train": _say_train,
}


def _say_export(export: Mapping[str, Any]) -> str:
    read = sum(table["read"] for table in export["tables"])
    new = sum(table["added"] + table["changed"] for table in export["tables"])
    rejected = sum(table["rejected"] for table in export["tables"])
    return f"{export['export']}: {read:,} rows, {new:,} new, {rejected:,} rejected"


def _say_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts.items() if n) or "no"
