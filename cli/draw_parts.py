"""What every screen is drawn with: text that cannot harm, numbers, tables, lists, sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.visible import make_visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult

BAR_WIDTH = 16
TIER_STYLES = {"automatic": "bold red", "review": "yellow", "watch": "cyan", "clear": "green"}


def show_text(value: object) -> str:
    r"""Text as it can be printed safely: control characters are written out, not obeyed.

    >>> print(show_text("two\nlines"))
    two\nlines
    """
    return "" if value is None else make_visible(str(value))


def show_time(value: datetime | None) -> str:
    """A UTC time to the minute.

    >>> show_time(datetime(2024, 1, 2, 3, 4, 5))
    '2024-01-02 03:04'
    """
    return value.strftime("%Y-%m-%d %H:%M") if value else ""


def show_number(value: float | None, digits: int = 2) -> str:
    """A number, or nothing where nothing is known."""
    return "" if value is None else f"{value:,.{digits}f}"


def show_tier(tier: str | None) -> Text:
    """A tier in its colour."""
    return Text(show_text(tier), style=TIER_STYLES.get(tier or "", ""))


def draw_bar(part: float, whole: float) -> str:
    """A bar as long as the part.

    >>> draw_bar(1, 2)
    '████████        '
    """
    filled = round(BAR_WIDTH * max(0.0, min(1.0, part / whole))) if whole > 0 else 0
    return ("█" * filled).ljust(BAR_WIDTH)


def show_id(value: object) -> Text:
    """An id, broken where it is too long, never cut."""
    return Text(show_text(value), overflow="fold")


class _WordedTable(Table):
    """A table that is broken between words, in its cells or at least in its headings, if the screen has the room."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - 3 * (len(self.columns) - 1)
        headings = [_measure(each.header, longest=True) for each in self.columns]
        words = [max(_measure(cell, longest=True) for cell in (each.header, *each._cells)) for each in self.columns]
        whole = [max(_measure(cell) for cell in (each.header, *each._cells)) for each in self.columns]
        least = next((each for each in (words, headings) if sum(each) <= room), None)
        for column, width in zip(self.columns, _share(room, least, whole) if least else [], strict=False):
            column.width = width
        return super().__rich_console__(console, options)


def _measure(cell: RenderableType, *, longest: bool = False) -> int:
    """How wide a cell is, or its longest word."""
    text = cell.plain if isinstance(cell, Text) else str(cell)
    return max(map(cell_len, text.split() if longest else text.split("\n")), default=0)


def _share(room: int, least: Sequence[int], whole: Sequence[int]) -> list[int]:
    """The widths of columns: what each needs at least, and what is left to those that are whole with the least more.

    >>> _share(20, [5, 5, 5], [5, 7, 30])
    [5, 7, 8]
    """
    widths, left = list(least), room - sum(least)
    for place in sorted(range(len(least)), key=lambda place: whole[place] - least[place]):
        more = max(0, min(left, whole[place] - least[place]))
        widths[place] += more
        left -= more
    return widths


def make_table(*names: str, right: set[str] | None = None) -> Table:
    """A table with these columns; those in ``right`` hold numbers."""
    table = _WordedTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for name in names:
        side: JustifyMethod = "right" if name in (right or set()) else "left"
        table.add_column(Text(show_text(name)), justify=side, overflow="fold")
    return table


def make_grid(*sides: JustifyMethod) -> Table:
    """Columns without a head, each flush with its side."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for side in sides:
        table.add_column(justify=side, overflow="fold")
    return table


def draw_list(sentences: Iterable[str]) -> RenderableType:
    """Sentences, one under the other."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for sentence in sentences:
        table.add_row("-", show_text(sentence))
    return table


def draw_section(title: str, content: Sequence[RenderableType]) -> list[RenderableType]:
    """A title and what stands under it; nothing where nothing does."""
    if not content:
        return []
    return [Text(f"\n{title}", style="bold"), *(Padding(each, (0, 0, 0, 2)) for each in content)]


def say_more(n_more: int, what: str) -> list[RenderableType]:
    """A line for what is left out; nothing where nothing is."""
    return [Text(f"and {n_more:,} more {what}; see --format json", style="dim")] if n_more > 0 else []
