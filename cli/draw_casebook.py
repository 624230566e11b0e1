"""What people said, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from cli.draw_parts import make_table, show_id, show_text, show_tier, show_time

if TYPE_CHECKING:
    from detection.rejudging import MemberChange


def draw_events(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Events, one a line; what was taken back says so."""
    if not rows:
        return Text("Nothing was said yet; type: ringfence decide ID WORD --reason WHY")
    table = make_table("event", "when", "by", "said", "of", "why")
    for row in rows:
        said = f"{row['word'] or row['kind']}{' (taken back)' if row['taken_back'] else ''}"
        subject = f"{row['subject']} {show_id(row['subject_id'])}"
        reason = " ".join(row["reason"].split())
        table.add_row(
            show_text(row["event_id"]),
            show_time(row["at"]),
            show_text(row["by"]),
            said,
            subject,
            show_text(reason[:200]),
        )
    return table


def draw_changes(changes: Sequence[MemberChange]) -> RenderableType:
    """What would become of accounts: the one that appealed first."""
    table = make_table("account", "becomes", "before", "after", "rings")
    for each in changes:
        tiers = show_tier(each.before), show_tier(each.after)
        table.add_row(show_id(each.account_id), each.outcome, *tiers, show_text(", ".join(each.rings)))
    return table
