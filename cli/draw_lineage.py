"""What became of rings from run to run: for people, for Graphviz, and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import draw_list, draw_section, make_table, show_id, show_number, show_text, show_time
from cli.visible import make_visible

if TYPE_CHECKING:
    from graph.lineage import RingChange
    from graph.queries.lineage import Chapter, Lineage, RunDiff

NAMED = 6
"""So many accounts are named in a line."""
_COLUMN, _ROW, _BOX, _HEIGHT = 220, 34, 130, 22


def draw_diff(found: RunDiff) -> RenderableType:
    """Each ring to which something happened, and what joined whom."""
    changed = [each for each in found.changes if each.happened != "same"]
    if not changed:
        return Text("No ring changed.")
    table = make_table("ring", "happened", "before", "after", "joined", "left", "others", right={"before", "after"})
    for each in changed:
        sizes = f"{each.before:,}", f"{each.after:,}"
        table.add_row(
            show_id(each.ring_id), each.happened, *sizes, *_name_moves(each), show_text(", ".join(each.others))
        )
    causes = [
        f"{each.account_id} joined {each.ring_id} by {each.channel} with {each.other_id}: {each.via},"
        f" {show_number(each.bits, 1)} bits"
        for each in found.causes
    ]
    same = len(found.changes) - len(changed)
    parts = [table, *draw_section("What joined them", [draw_list(causes)] if causes else [])]
    return Group(*parts, Text(f"\n{same:,} rings are the same."))


def _name_moves(change: RingChange) -> tuple[str, str]:
    return _name(change.joined), _name(change.left)


def _name(accounts: Sequence[str]) -> str:
    more = f" and {len(accounts) - NAMED:,} more" if len(accounts) > NAMED else ""
    return show_text(", ".join(accounts[:NAMED])) + more


def draw_history(found: Sequence[Chapter]) -> RenderableType:
    """What happened to one ring, the latest first."""
    table = make_table("run", "finished", "happened", "size", "joined", "left", "others", right={"size"})
    for each in found:
        moves = _name(each.joined), _name(each.left), show_text(", ".join(each.others))
        table.add_row(
            show_text(each.run_id), show_time(each.finished_at), show_text(each.happened), f"{each.size:,}", *moves
        )
    return table


def write_dot(found: Lineage) -> str:
    """The graph in the language of Graphviz."""
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
    for run_id in found.runs:
        names = " ".join(f"{_quote(f'{run_id}/{each.ring_id}')};" for each in found.nodes if each.run_id == run_id)
        lines.append(f"  {{ rank=same; {names} }}")
    for node in found.nodes:
        label = _quote(f"{node.ring_id} ({node.size})")
        lines.append(f"  {_quote(f'{node.run_id}/{node.ring_id}')} [label={label}];")
    for edge in found.edges:
        ends = f"{_quote(f'{edge.run_id}/{edge.before}')} -> {_quote(f'{edge.next_run_id}/{edge.after}')}"
        lines.append(f'  {ends} [label="{edge.members}", penwidth={1 + 4 * edge.share:.2f}];')
    return "\n".join([*lines, "}"]) + "\n"


def _quote(text: str) -> str:
    visible = make_visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{visible}"'


def write_svg(found: Lineage) -> str:
    """The graph as a picture: a column for each run, a line as thick as what two rings have in common."""
    places = _place(found)
    width = _COLUMN * max(len(found.runs), 1)
    height = _ROW * (2 + max((row for _, row in places.values()), default=0))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">']
    parts += [_draw_text(column * _COLUMN + 4, 14, run_id) for column, run_id in enumerate(found.runs)]
    parts += _draw_edges(found, places)
    parts += _draw_nodes(found, places)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _place(found: Lineage) -> dict[tuple[str, str], tuple[int, int]]:
    """Column and row of each ring: one that is kept stays in its row."""
    rows: dict[str, int] = {}
    for node in found.nodes:
        rows.setdefault(node.ring_id, len(rows))
    return {(each.run_id, each.ring_id): (found.runs.index(each.run_id), rows[each.ring_id]) for each in found.nodes}


def _draw_nodes(found: Lineage, places: dict[tuple[str, str], tuple[int, int]]) -> Iterable[str]:
    for node in found.nodes:
        column, row = places[node.run_id, node.ring_id]
        x, y = column * _COLUMN + 4, (row + 1) * _ROW
        yield f'<rect x="{x}" y="{y - 15}" width="{_BOX}" height="{_HEIGHT}" rx="4" fill="#eef" stroke="#446"/>'
        yield _draw_text(x + 6, y, f"{node.ring_id} ({node.size})")


def _draw_edges(found: Lineage, places: dict[tuple[str, str], tuple[int, int]]) -> Iterable[str]:
    for edge in found.edges:
        (left, upper), (right, lower) = places[edge.run_id, edge.before], places[edge.next_run_id, edge.after]
        ends = left * _COLUMN + 4 + _BOX, (upper + 1) * _ROW - 4, right * _COLUMN + 4, (lower + 1) * _ROW - 4
        x1, y1, x2, y2 = ends
        thick = f'stroke="#88a" stroke-width="{1 + 7 * edge.share:.2f}"'
        yield f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {thick}><title>{edge.members} in common</title></line>'


def _draw_text(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}" font-size="12">{escape(make_visible(text))}</text>'
