"""The forms an answer can take: a table for people; JSON, JSON lines and CSV for programs."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

PIPE_WIDTH = 120
"""Columns of a table that goes to no terminal, unless ``COLUMNS`` says otherwise."""


@dataclass(frozen=True)
class Answer:
    """One answer in all its forms.

    ``document`` is a result, or a list of them, for JSON; ``rows`` under ``columns`` go to CSV;
    ``draw`` makes the table, which nobody pays for who asked for another form.
    """

    document: Any
    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]
    draw: Callable[[], RenderableType]


def format_option(command: Decorated) -> Decorated:
    """Add ``--format`` to a command."""
    option = click.option(
        "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="Form of the answer."
    )
    return option(command)


def parse_id(text: str) -> str:
    """Take any text for an id that is valid Unicode; bytes that are not UTF-8 are wrong usage."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise click.BadParameter("the id is not valid UTF-8") from None
    return text


def make_console() -> Console:
    """A console on stdout, as wide as the terminal, or wide enough where there is none."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=wide)


def print_table(drawn: RenderableType) -> None:
    """Print what was drawn; no line ends in blanks where there is no terminal."""
    console = make_console()
    if console.is_terminal:
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    click.echo("\n".join(line.rstrip() for line in captured.get().split("\n")), nl=False)


def write_answer(answer: Answer, form: Format) -> None:
    """Print an answer in the form asked for."""
    if form == "table":
        print_table(answer.draw())
    elif form == "json":
        click.echo(json.dumps(as_plain(answer.document), ensure_ascii=False, indent=2))
    elif form == "jsonl":
        documents = answer.document if isinstance(answer.document, list) else [answer.document]
        for document in documents:
            click.echo(json.dumps(as_plain(document), ensure_ascii=False))
    else:
        click.echo(format_csv(answer.columns, answer.rows), nl=False)


def as_plain(value: Any) -> Any:
    """Turn a result into what JSON can say: times as ISO 8601 in UTC, what is no number as null.

    >>> as_plain({"at": datetime(2024, 1, 2), "share": float("nan"), "ids": ("a", "b")})
    {'at': '2024-01-02T00:00:00Z', 'share': None, 'ids': ['a', 'b']}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): as_plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_plain(each) for each in value]
    return _as_plain_cell(value)


def _as_plain_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z" if value.tzinfo is None else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def format_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """CSV with a header, also when there is no row."""
    text = io.StringIO()
    write_csv(text, columns, rows)
    return text.getvalue()


def write_csv(file: Any, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write CSV to an open text file; lists are joined by semicolons, nothing known is an empty cell."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_as_cell(row[name]) for name in columns] for row in rows)


def _as_cell(value: Any) -> Any:
    if isinstance(value, (str, int, float)) and value == value:
        return value
    plain = as_plain(value)
    if isinstance(plain, list):
        return "; ".join(each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in plain)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict) else plain


def as_rows(results: Iterable[Any]) -> list[dict[str, Any]]:
    """Flat results as rows."""
    return [{field.name: getattr(each, field.name) for field in dataclasses.fields(each)} for each in results]


def list_columns(kind: type[Any]) -> tuple[str, ...]:
    """The names of a flat result's columns."""
    return tuple(field.name for field in dataclasses.fields(kind))
