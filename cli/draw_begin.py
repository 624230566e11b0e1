"""What files are taken for, and how tables begin, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import draw_section, make_table, show_id, show_text, show_time

if TYPE_CHECKING:
    from cli.first_rows import FirstRows


def draw_tables(tables: Mapping[str, Sequence[str]]) -> RenderableType:
    """Each table, and the files that play its part."""
    table = make_table("table", "files")
    for name, files in tables.items():
        table.add_row(name, show_id(", ".join(files)))
    return table


def draw_first_rows(found: Sequence[FirstRows]) -> RenderableType:
    """Each table with its first rows, in the columns that have something in them."""
    parts: list[RenderableType] = []
    for each in found:
        title = f"{each.table}: {each.rows:,} rows of {show_text(', '.join(each.files))}"
        parts += draw_section(title, [_draw_rows(each), *_draw_remarks(each)])
    return Group(*parts)


def _draw_rows(each: FirstRows) -> RenderableType:
    names = list(dict.fromkeys(name for row in each.first for name in row))
    if not names:
        return Text("no row")
    table = make_table(*names)
    for row in each.first:
        table.add_row(*(show_id(_show_cell(row.get(name))) for name in names))
    return table


def _show_cell(cell: object) -> object:
    return show_time(cell) if isinstance(cell, datetime) else cell


def _draw_remarks(each: FirstRows) -> list[RenderableType]:
    remarks = []
    if each.rejected:
        rows = "1 row" if each.rejected == 1 else f"{each.rejected:,} rows"
        remarks.append(f"{rows} would be rejected, the first on {each.first_reject}")
    if each.silent:
        remarks.append(f"nothing in {', '.join(each.silent)}")
    return [Text(show_text(remark), style="dim") for remark in remarks]
