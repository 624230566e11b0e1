"""The command ``explain``: what a word on the screen means, from the glossary that the documentation has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import click

from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, write_answer
from graph.errors import UnknownIdError

if TYPE_CHECKING:
    from rich.console import RenderableType

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@dataclass(frozen=True)
class Entry:
    """A word, or several for one thing, with its unit or range, its meaning, and where in the glossary it stands."""

    words: tuple[str, ...]
    unit: str
    meaning: str
    section: str


@click.command(short_help="Say what a word on the screen means.")
@click.argument("word", required=False, type=parse_id)
@format_option
def explain(word: str | None, form: Format) -> None:
    """Say what a WORD on the screen means, with its unit or range; without one, list them all."""
    entries = read_glossary()
    found = entries if word is None else find_entries(entries, word)
    write_answer(Answer(found, list_columns(Entry), as_rows(found), lambda: _draw(found)), form)


def read_glossary() -> list[Entry]:
    """Every entry, in the order of the glossary."""
    section, found = "", []
    for line in (files("cli") / "glossary.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [each.strip() for each in line.strip("|").split("|")] if line.startswith("| ") else []
        if len(cells) == 3 and cells[0] not in ("word", "---"):
            words = tuple(each.strip("`") for each in cells[0].split(", "))
            found.append(Entry(words, _make_plain(cells[1]), _make_plain(cells[2]), section))
        elif len(cells) == 2 and cells[0] not in ("begins with", "---"):
            found.append(Entry((cells[0],), "", _make_plain(cells[1]), section))
    return found


def find_entries(entries: Sequence[Entry], word: str) -> list[Entry]:
    """All entries of a word, in whatever case and number.

    Raises
    ------
    UnknownIdError
        If the glossary has no such word; the message names the nearest one.
    """
    wanted = word.strip().casefold()
    known = {each.casefold() for entry in entries for each in entry.words}
    form = next((each for each in (wanted, wanted.removesuffix("s"), f"{wanted}s") if each in known), None)
    if form is None:
        from graph.queries.ids import pick_nearest, say_unknown

        raise UnknownIdError(say_unknown("word in the glossary", word, pick_nearest(wanted, known)))
    return [entry for entry in entries if form in map(str.casefold, entry.words)]


def _make_plain(text: str) -> str:
    return _LINK.sub(r"\1", text).replace("`", "").replace("*", "")


def _draw(entries: Sequence[Entry]) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    lines: list[RenderableType] = []
    for entry in entries:
        unit = f"  {entry.unit}" if entry.unit else ""
        lines.append(Text.assemble((", ".join(entry.words), "bold"), unit, (f"  {entry.section}", "dim")))
        lines.append(Padding(Text(entry.meaning), (0, 0, 0, 2)))
    return Group(*lines)


COMMANDS: dict[str, click.Command] = {"explain": explain}
