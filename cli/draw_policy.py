"""Policies before they are in force, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import make_table, show_id, show_number, show_text, show_tier

if TYPE_CHECKING:
    from detection.measures.replay import Move, Tuning

MOST_MOVES = 50


def draw_moves(moves: Sequence[Move]) -> RenderableType:
    """Whom another policy would treat otherwise."""
    if not moves:
        return Text("Nobody would be treated otherwise.")
    table = make_table("run", "of", "tier", "then", "score", "now", "then", "waits then", right={"score"})
    for each in moves[:MOST_MOVES]:
        subject = show_id(f"{each.subject} {each.subject_id}")
        now, then = show_text(each.now or "nothing"), show_text(each.then or "nothing")
        waits = show_text(each.then_waits)
        tiers = show_tier(each.tier), show_text(f"{each.then_tier}{'' if each.is_sure else '?'}")
        table.add_row(show_text(each.run_id), subject, *tiers, show_number(each.score), now, then, waits)
    n = len(moves)
    more = f", {MOST_MOVES} of them are shown; see --format json" if n > MOST_MOVES else ""
    return Group(table, Text(f"\n{n:,} would be treated otherwise{more}."))


def draw_tuning(found: Tuning) -> RenderableType:
    """What follows from each threshold, and which are proposed."""
    table = make_table(
        "score", "rings", "minutes", "decided", "confirmed", "low", "high", right={"score", "rings", "minutes"}
    )
    for each in found.thresholds:
        interval = show_number(each.low), show_number(each.high)
        counts = f"{each.rings:,}", show_number(each.minutes, 0), f"{each.decided:,}", f"{each.confirmed:,}"
        table.add_row(show_number(each.score), *counts, *interval)
    return Group(
        table,
        Text(f"\nautomatic_score: {_say(found.automatic_score, 'too few decisions to propose one')}"),
        Text(f"review_score: {_say(found.review_score, 'the budget is too small for any')}"),
    )


def _say(score: float | None, otherwise: str) -> str:
    return otherwise if score is None else f"{score:.2f}"
