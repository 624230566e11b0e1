"""The commands for what people said: list, export, import."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.options import limit_option
from cli.output import Answer, Format, format_option, parse_id, say, write_answer, write_out
from graph.errors import DataError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graph.casebook.events import Event

COLUMNS = ("event_id", "at", "by", "kind", "subject", "subject_id", "word", "reason", "run_id", "batch", "taken_back")


@click.group(short_help="List, export or import what people decided and said.")
def casebook() -> None:
    """List, export or import what people decided and said.

    Each event stays as it was said, whatever is loaded, detected or restored; a later one may take it
    back.
    """


@casebook.command("list", short_help="List the events, the latest first.")
@click.option("--about", "wanted", type=parse_id, metavar="ID", help="Only those on this account, ring, review, thing.")
@limit_option
@format_option
@pass_workplace
def list_events(workplace: Workplace, wanted: str | None, limit: int | None, form: Format) -> None:
    """List the events, the latest first: who said what of whom, when, and why."""
    from graph.casebook.events import read_events
    from graph.casebook.fold import fold
    from graph.open import open_casebook

    with open_casebook(workplace.find_location()) as book:
        state = fold(read_events(book.read()))
    found = [event for event in reversed(state.said) if wanted is None or _is_about(event, wanted)][:limit]
    rows = list_rows(found, state.undone)
    write_answer(Answer(rows, COLUMNS, rows, lambda: _draw(rows)), form)


def _is_about(event: Event, wanted: str) -> bool:
    return wanted in (event.subject_id, event.event_id, event.batch, *event.accounts)


def list_rows(events: Iterable[Event], undone: Collection[str] = ()) -> list[dict[str, Any]]:
    """Events as rows under :data:`COLUMNS`; ``undone`` are the ids of those that were taken back."""
    return [_as_row(event, is_undone=event.event_id in undone) for event in events]


def _as_row(event: Event, *, is_undone: bool) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in COLUMNS if name not in ("at", "run_id", "taken_back")}
    row |= {"at": event.at.replace(tzinfo=None), "run_id": event.seen and event.seen.run_id, "taken_back": is_undone}
    return {name: (event.word or event.ruling) if name == "word" else row[name] for name in COLUMNS}


def _draw(rows: list[dict[str, Any]]) -> RenderableType:
    from cli.draw_casebook import draw_events

    return draw_events(rows)


@casebook.command("export", short_help="Write every event, one a line.")
@click.option("--output", "-o", "path", type=click.Path(path_type=Path, dir_okay=False), help="A file; stdout else.")
@pass_workplace
def export_events(workplace: Workplace, path: Path | None) -> None:
    """Write every event as a line of JSON, in the order in which they were said: to a file, or to stdout.

    `casebook import` takes them into another store. Nothing is lost on the way there and back, and what is
    there already is not added again.
    """
    from graph.files import replace_file
    from graph.open import open_casebook

    with open_casebook(workplace.find_location()) as book:
        text = "".join(f"{line}\n" for line in book.read())
    if path is None:
        write_out(text)
        return
    replace_file(path, text.encode())
    say(f"{text.count(chr(10)):,} events in {path}")


@casebook.command("import", short_help="Take in events that were exported.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--mend", is_flag=True, help="Put a damaged casebook in order: what is whole of it, and FILE.")
@pass_workplace
def import_events(workplace: Workplace, path: Path, mend: bool) -> None:
    """Take in the events of FILE that the store does not have yet, all of them or none.

    Of two decisions that did not know of one another the later one counts. With --mend the casebook is
    written anew with what is whole of it and with what FILE has besides; what was damaged stays beside it.
    """
    from graph.casebook.book import import_events as add_events
    from graph.casebook.book import mend_events
    from graph.open import open_casebook

    lines = _read_lines(path)
    with open_casebook(workplace.find_location()) as book:
        if mend:
            say(f"The casebook is whole again, with {mend_events(book, lines):,} events.")
            return
        added = add_events(book, lines)
    say(f"{added:,} events added, {len(lines) - added:,} were there.")


def _read_lines(path: Path) -> list[str]:
    """The lines of a file, each of which is an event.

    Raises
    ------
    DataError
        If one is none; the message names it.
    """
    try:
        texts = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8, so no export of a casebook") from None
    return list(dict.fromkeys(_parse_lines(path, texts)))


def _parse_lines(path: Path, texts: list[str]) -> Iterator[str]:
    from graph.casebook.events import copy_line

    for number, text in enumerate(texts, start=1):
        if text.strip():
            try:
                yield copy_line(text)
            except DataError as error:
                raise DataError(f"line {number} of {path}: {error}") from error


COMMANDS: dict[str, click.Command] = {"casebook": casebook}
