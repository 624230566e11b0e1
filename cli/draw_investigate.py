"""What happened and what is at stake, as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import draw_section, make_grid, make_table, say_more, show_id, show_text, show_tier, show_time

if TYPE_CHECKING:
    from detection.inquiry import Inquiry
    from graph.queries.views import Burst, Exposure, Timeline

MOST_VICTIMS = 10


def draw_timeline(found: Timeline) -> RenderableType:
    """The stream, and above it the bursts that are in it."""
    if not found.moments:
        return Text("Nothing happened that is dated.")
    table = make_table("when", "burst", "what", "account", "detail", right={"burst"})
    for each in found.moments:
        burst = "" if each.burst is None else str(each.burst)
        detail = Text(show_text(each.detail), overflow="fold")
        table.add_row(show_time(each.at), burst, each.what, show_id(each.account_id), detail)
    parts = _draw_bursts(found.bursts)
    parts += [Text("\nMoments", style="bold"), table] if parts else [table]
    counts = []
    if found.total > len(found.moments):
        counts.append(f"{len(found.moments):,} of {found.total:,}; see --limit, --since, --until and --what")
    if found.undated:
        counts.append(f"{found.undated:,} more have no date")
    return Group(*parts, *([Text(f"\n{'. '.join(counts)}", style="dim")] if counts else []))


def _draw_bursts(bursts: Sequence[Burst]) -> list[RenderableType]:
    if not bursts:
        return []
    table = make_table("burst", "what", "moments", "accounts", "from", "to", right={"burst", "moments", "accounts"})
    for each in bursts:
        counts = (f"{each.moments:,}", f"{each.accounts:,}")
        table.add_row(str(each.burst), each.what, *counts, show_time(each.first_at), show_time(each.last_at))
    return [Text("Bursts", style="bold"), table]


def draw_exposures(found: Sequence[Exposure]) -> RenderableType:
    """The money of each ring, and of one ring also who lost it."""
    if not found:
        return Text("No rings.")
    # What is known of no order takes no column.
    more = [
        name for name in ("fees", "guarantees") if any(getattr(line, name) for ring in found for line in ring.money)
    ]
    right = {"orders", "amount", *more}
    table = make_table("ring", "tier", "side", "state", "orders", "amount", *more, right=right)
    for ring in found:
        head: tuple[RenderableType, ...] = (show_id(ring.ring_id), show_tier(ring.tier))
        for line in ring.money:
            sums = (line.amount, *(getattr(line, name) for name in more))
            cells = ("" if each is None else f"{each:,.2f} {show_text(line.currency)}".rstrip() for each in sums)
            table.add_row(*head, line.side, line.state, f"{line.orders:,}", *cells)
            head = ("", "")
        if not ring.money:
            table.add_row(*head, "no orders", "", "", "")
    if len(found) > 1:
        return table
    return Group(table, *draw_section("Who lost money, or may", _draw_victims(found[0])))


def _draw_victims(ring: Exposure) -> list[RenderableType]:
    table = make_table("account", "as", "state", "orders", "amount", right={"orders", "amount"})
    for each in ring.victims[:MOST_VICTIMS]:
        amount = f"{each.amount:,.2f} {show_text(each.currency)}".rstrip()
        table.add_row(show_id(each.account_id), each.role, each.state, f"{each.orders:,}", amount)
    return [table, *say_more(len(ring.victims) - MOST_VICTIMS, "accounts")] if ring.victims else []


def draw_inquiry(found: Inquiry) -> RenderableType:
    """The answer first, then the sum, what was heard, and what joins them."""
    parts: list[RenderableType] = [Text(_say_answer(found), style="bold"), *map(Text, found.notes)]
    parts += draw_section("The sum, in bits", [_draw_steps(found)])
    heard = make_grid("left", "left", "right", "left")
    for each in found.heard:
        heard.add_row(
            each.name, "believed" if each.won else "not enough", f"{each.bits:,.1f}", show_text(each.sentence)
        )
    parts += draw_section("Innocent explanations heard", [heard] if found.heard else [])
    links = make_grid("left", "left", "right", "left")
    for link in found.links:
        what = link.via if link.via.startswith(link.channel) else f"{link.channel} {link.via}"
        links.add_row(show_id(link.account_a), show_id(link.account_b), f"{link.bits:,.1f}", show_text(what))
    parts += draw_section("What joins them", [links] if found.links else [Text("nothing that chance does not explain")])
    return Group(*parts)


def _say_answer(found: Inquiry) -> str:
    if found.asked is None:
        stands = (
            f"{found.net_bits:,.1f} bits stand"
            if not found.missing_bits
            else f"{found.missing_bits:,.1f} bits are missing"
        )
        return f"{len(found.account_ids)} accounts together: {stands}"
    asked = show_text(found.asked)
    if found.missing_bits:
        return f"{asked} would take {found.missing_bits:,.1f} bits away from the group: so many are missing"
    return f"{asked} would add {found.change_bits or 0.0:,.1f} bits to the group"


def _draw_steps(found: Inquiry) -> RenderableType:
    asked = found.asked is not None
    table = make_grid("left", "right", *(("right",) if asked else ()), "left")
    for step in found.steps:
        change = (f"{step.change or 0.0:+,.1f}",) if asked else ()
        table.add_row(show_text(step.what), f"{step.bits:,.1f}", *change, show_text(step.sentence))
    change = (f"{found.change_bits or 0.0:+,.1f}",) if asked else ()
    words = "what stands in the end; a ring needs more than 0" + (", and each member has to add some" if asked else "")
    table.add_row(Text("net", style="bold"), f"{found.net_bits:,.1f}", *change, words)
    return table
