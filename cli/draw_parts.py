"""What every screen is drawn with: text that cannot harm, numbers, tables, lists, sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from cli.visible import make_visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
    from rich.style import StyleType

BAR_WIDTH = 16
_BETWEEN = "   "
TIER_STYLES = {"automatic": "bold red", "review": "yellow", "watch": "cyan", "clear": "green"}
MOST_DECISIONS = 12


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
    """A table that is broken between words, in its cells or at least in its headings, if the screen has the room.

    It is drawn here, for what can be in any cell of any table takes Rich ten times as long.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = [[each.header, *each._cells] for each in self.columns]
        room = options.max_width - len(_BETWEEN) * (len(columns) - 1)
        headings = [_measure(each[0], longest=True) for each in columns]
        words = [max(_measure(cell, longest=True) for cell in each) for each in columns]
        least = next((each for each in (words, headings) if sum(each) <= room), None)
        if least is None or not columns:
            yield from super().__rich_console__(console, options)
            return
        widths = _share(room, least, [max(map(_measure, each)) for each in columns])
        head, *rows = zip(*columns, strict=True)
        yield from self._draw_row(console, head, widths, self.header_style)
        yield Segment("─" * (sum(widths) + len(_BETWEEN) * (len(widths) - 1)) + "\n")
        for row in rows:
            yield from self._draw_row(console, row, widths, "")

    def _draw_row(
        self, console: Console, row: Sequence[RenderableType], widths: Sequence[int], style: StyleType
    ) -> Iterator[Segment]:
        cells = [_wrap(console, cell, width) for cell, width in zip(row, widths, strict=True)]
        styles = [console.get_style(each.style if isinstance(each, Text) else "") for each in row]
        whole = console.get_style(style)
        for line in zip_longest(*cells, fillvalue=""):
            for place, text in enumerate(line):
                blank = " " * (widths[place] - cell_len(text))
                shown = blank + text if self.columns[place].justify == "right" else text + blank
                yield Segment(shown + (_BETWEEN if place + 1 < len(line) else "\n"), whole + styles[place])


def _wrap(console: Console, cell: RenderableType, width: int) -> list[str]:
    """The lines of a cell."""
    text = _read(cell)
    if cell_len(text) <= width and "\n" not in text:
        return [text]
    return [each.plain.rstrip() for each in Text(text).wrap(console, width, overflow="fold")]


def _read(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)


def _measure(cell: RenderableType, *, longest: bool = False) -> int:
    """How wide a cell is, or its longest word."""
    text = _read(cell)
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


def draw_decisions(decisions: Sequence[str]) -> list[Text]:
    """What people decided, before all that was found."""
    return [
        Text(show_text(f"{each[0].upper()}{each[1:]}"), style="bold magenta") for each in decisions[:MOST_DECISIONS]
    ]


def count_things(number: int, what: str) -> str:
    """A number and what it counts, one or many."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
