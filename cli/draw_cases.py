"""The queue, and one case on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_answers import draw_ring
from cli.draw_parts import (
    draw_list,
    draw_section,
    make_grid,
    make_table,
    show_id,
    show_number,
    show_text,
    show_tier,
    show_time,
)

if TYPE_CHECKING:
    from graph.casework.appeals import OpenAppeal
    from graph.casework.page import CasePage, Related
    from graph.casework.queue import Queue

MOST_NAMED = 5


def draw_queue(found: Queue) -> RenderableType:
    """The appeals and the cases that wait, and what to expect of them."""
    parts = [_draw_appeals(found.appeals), Text()] if found.appeals else []
    if not found.lines:
        return Group(*parts, Text("No case waits."))
    numbers = {"score", "size", "harm", "chance", "minutes", "waits"}
    # What is known of none takes no column.
    more = [name for name in ("chance", "holder") if any(getattr(line, name) for line in found.lines)]
    heads = {"chance": "chance", "holder": "with"}
    names = ("case", "kind", "tier", "score", "size", "harm", "minutes", "waits", *(heads[each] for each in more))
    table = make_table(*names, right=numbers)
    for line in found.lines:
        told = {"chance": show_number(line.chance), "holder": show_text(line.holder)}
        waits = f"{line.age_days} d{f', skipped {line.skipped}' if line.skipped else ''}"
        table.add_row(
            show_id(line.case_id), line.kind, show_tier(line.tier), show_number(line.score), str(line.size),
            show_number(line.harm, 0), show_number(line.minutes, 0), waits, *(told[each] for each in more),
        )  # fmt: skip
    return Group(*parts, table, Text(_say_expected(found)))


def _draw_appeals(appeals: Sequence[OpenAppeal]) -> RenderableType:
    table = make_table("appeal of", "since", "answer by", "")
    for each in appeals:
        late = Text("overdue", style="bold red") if each.is_overdue else Text()
        table.add_row(show_id(each.account_id), show_time(each.at), show_time(each.until), late)
    return table


def _say_expected(found: Queue) -> str:
    n, hours = len(found.lines), sum(line.minutes for line in found.lines) / 60
    head = f"\n{n:,} of {found.waiting:,} cases that wait; {hours:.1f} hours of work."
    if found.hits is None:
        return f"{head} {found.says[:1].upper()}{found.says[1:]}."
    hits = f"{found.hits:.1f} of them are expected to be fraud"
    return f"{head} {hits}, {found.hits_low:.1f} to {found.hits_high:.1f} in 95 of 100 ({found.says})."


def draw_case(page: CasePage) -> RenderableType:
    """One case: how it stands, then its ring, then what it has to do with others."""
    held = f", with {page.holder} until {show_time(page.until)}" if page.holder else ""
    parts: list[RenderableType] = [Text(show_text(f"Case {page.case_id}: {page.status}{held}"), style="bold")]
    facts = {
        "decided": page.decided,
        "changed": page.changed,
        "new since": ", ".join(page.fresh),
        "merged into it": ", ".join(page.parts),
        "members": f"{len(page.members)}, with orders of {page.money:,.2f} {page.currency}".rstrip(),
        "proposed": page.proposes,
        "to be surer": page.surer,
        "skipped": f"so often: {page.skipped}" if page.skipped else "",
    }
    table = make_grid()
    for name, value in facts.items():
        if value:
            table.add_row(name, show_text(value))
    parts.append(table)
    notes = [
        f"{show_time(each.at)} {each.by}{' (public)' if each.is_public else ''}: {each.text}" for each in page.notes
    ]
    parts += draw_section("Notes", [draw_list(notes)] if notes else [])
    appeals = [_say_appeal(each) for each in page.appeals]
    parts += draw_section("Appeals that wait for an answer", [draw_list(appeals)] if appeals else [])
    parts += draw_section("Related", [draw_list(_say_related(each) for each in page.related)] if page.related else [])
    return Group(*parts, Text(), draw_ring(page.ring))


def _say_appeal(each: OpenAppeal) -> str:
    overdue = ", overdue" if each.is_overdue else ""
    return f"{each.account_id}, since {show_time(each.at)}, answer by {show_time(each.until)}{overdue}"


def _say_related(each: Related) -> str:
    members = f"members in common: {_name_few(each.members)}" if each.members else ""
    things = f"things in common: {_name_few(each.things)}" if each.things else ""
    said = "; ".join(part for part in (members, things, each.decided) if part)
    return f"{each.case_id}: {said}"


def _name_few(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"
