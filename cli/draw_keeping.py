"""What a store holds and whether it is whole, for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import make_table, show_text, show_time

if TYPE_CHECKING:
    from graph.stores.checks import GenerationRecord, Verification


def draw_verification(found: Verification) -> RenderableType:
    """Each table and its state, and below them each generation and its own."""
    table = make_table("table", "rows", "state", right={"rows"})
    for each in found.tables:
        table.add_row(each.table, _show_count(each.rows), each.state)
    return Group(table, Text(), draw_generations(found.generations)) if found.generations else table


def draw_generations(found: Sequence[GenerationRecord]) -> RenderableType:
    """Each generation, the newest first, which is the graph; their states where they were looked at."""
    if not found:
        return Text("No generation yet: the next load or run makes one of this older store.")
    states = ["state"] if any(each.state for each in found) else []
    table = make_table("generation", "made", "command", "accounts", "bytes", *states, right={"accounts", "bytes"})
    for each in found:
        at = None if each.made_at is None else datetime.fromisoformat(each.made_at).replace(tzinfo=None)
        counts = _show_count(each.accounts), _show_count(each.bytes)
        state = [each.state or ""] if states else []
        table.add_row(str(each.generation), show_time(at), show_text(each.command or ""), *counts, *state)
    return table


def _show_count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
