"""The commands that tell what became of rings from run to run: diff, lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.context import Workplace, pass_workplace
from cli.output import (
    Answer,
    Format,
    as_rows,
    format_option,
    list_columns,
    parse_id,
    write_answer,
    write_json,
    write_out,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graph.queries.lineage import Chapter, RunDiff


@click.command(short_help="Show what became of rings from one run to another.")
@click.argument("before", metavar="RUN", type=parse_id)
@click.argument("after", metavar="RUN", type=parse_id)
@format_option
@pass_workplace
def diff(workplace: Workplace, before: str, after: str, form: Format) -> None:
    """Show what became of rings from one RUN to a later one: born, grew, shrank, split, merged, faded, came back.

    JSON also has the whole table of overlaps, weighted by what ties members, with the counterparts of the best
    assignment, and the link by which each new member came in.
    """
    from graph.lineage import RingChange
    from graph.queries.lineage import diff_runs

    with workplace.open_store() as store:
        found = diff_runs(store, before, after)
    write_answer(Answer(found, list_columns(RingChange), as_rows(found.changes), lambda: _draw_diff(found)), form)


def _draw_diff(found: RunDiff) -> RenderableType:
    from cli.draw_lineage import draw_diff

    return draw_diff(found)


def write_history(workplace: Workplace, ring_id: str, form: Format) -> None:
    """Print what happened to a ring, run by run."""
    from graph.queries.lineage import Chapter, tell_history

    with workplace.open_store() as store:
        found = tell_history(store, ring_id)
    write_answer(Answer(found, list_columns(Chapter), as_rows(found), lambda: _draw_history(found)), form)


def _draw_history(found: list[Chapter]) -> RenderableType:
    from cli.draw_lineage import draw_history

    return draw_history(found)


@click.command(short_help="Draw how rings went over into one another.")
@click.option("--ring", "ring_id", type=parse_id, metavar="ID", help="Only what is joined to this one.")
@click.option(
    "--runs", "most", type=click.IntRange(min=1), default=14, show_default=True, help="Of so many latest runs."
)
@click.option("--format", "form", type=click.Choice(["dot", "json", "svg"]), default="dot", show_default=True)
@pass_workplace
def lineage(workplace: Workplace, ring_id: str | None, most: int, form: str) -> None:
    """Draw how rings went over into one another, as a graph: for Graphviz (dot), a program (json), or a page (svg)."""
    import json

    from cli.draw_lineage import write_dot, write_svg
    from cli.output import as_plain
    from graph.queries.lineage import trace_lineage

    with workplace.open_store() as store:
        found = trace_lineage(store, most=most, ring_id=ring_id)
    if form == "json":
        write_json([json.dumps(as_plain(found), ensure_ascii=False, indent=2)])
    else:
        write_out(write_dot(found) if form == "dot" else write_svg(found))


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (diff, lineage)}
