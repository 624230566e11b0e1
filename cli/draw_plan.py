"""What is done about flags, and what would be, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import draw_list, draw_section, make_table, show_id, show_text, show_tier, show_time

if TYPE_CHECKING:
    from detection.measures.changes import Change
    from detection.measures.plan import Plan


def draw_plan(plan: Plan, exceeded: Sequence[str]) -> RenderableType:
    """Each change and why, what waits, what is left out, and what is touched."""
    parts: list[RenderableType] = [_draw_changes(plan.changes)] if plan.changes else [Text("Nothing would change.")]
    parts += draw_section("Waits for a person", [_draw_changes(plan.waiting)] if plan.waiting else [])
    parts += draw_section("Left out, for a person has undone it", [draw_list(plan.stopped)] if plan.stopped else [])
    if plan.changes:
        parts.append(Text(f"\nPlan {plan.plan_id}: {_say_kinds(plan.changes)}. It touches {_say_touched(plan)}."))
    parts += [Text(f"Beyond the policy: {each}.", style="bold red") for each in exceeded]
    return Group(*parts)


def _draw_changes(changes: Sequence[Change]) -> RenderableType:
    table = make_table("effect", "of", "before", "measure", "until", "tier", "why")
    for each in changes:
        why = each.why + (f" (never by itself: {each.needs_person})" if each.needs_person else "")
        table.add_row(
            each.kind,
            show_id(f"{each.subject} {each.subject_id}"),
            show_text(each.before),
            show_text(each.measure),
            show_time(each.until),
            show_tier(each.tier),
            show_text(why),
        )
    return table


def _say_kinds(changes: Sequence[Change]) -> str:
    kinds = dict.fromkeys(each.kind for each in changes)
    return ", ".join(f"{sum(each.kind == kind for each in changes):,} {kind}" for kind in kinds)


def _say_touched(plan: Plan) -> str:
    touches = plan.touches
    money = ", ".join(f"{amount:,.2f} {show_text(currency)}".rstrip() for currency, amount in touches.money.items())
    accounts = f"{touches.accounts:,} of {touches.of_accounts:,} accounts"
    reviews = f", {touches.reviews:,} reviews" if touches.reviews else ""
    return f"{accounts}{reviews}, {touches.orders:,} orders{f' of {money}' if money else ''}"


def draw_in_force(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Each measure, what it rests on, and until when it holds."""
    if not rows:
        return Text("Nothing is in force; type: ringfence plan")
    table = make_table("of", "measure", "until", "tier", "rings", "plan", "why")
    for row in rows:
        table.add_row(
            show_id(f"{row['subject']} {row['subject_id']}"),
            show_text(row["measure"] or "none"),
            show_time(row["until"]),
            show_tier(row["tier"]),
            show_text(", ".join(row["rings"])),
            show_text(row["plan"]),
            show_text(row["reason"]),
        )
    return table
