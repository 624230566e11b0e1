"""What became of a load, for people: by itself, for a small load is over before the other answers are imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.draw_parts import make_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graph.stores.protocol import LoadReport


def draw_load(report: LoadReport) -> RenderableType:
    """What became of every table."""
    added = "would add" if report.dry_run else "added"
    numbers = ("rows", added, "changed", "unchanged", "removed", "rejected")
    table = make_table("table", *numbers, right=set(numbers))
    for each in report.tables:
        counts = (each.read, each.added, each.changed, each.unchanged, each.removed, each.rejected)
        table.add_row(each.name, *(f"{count:,}" for count in counts))
    return table
