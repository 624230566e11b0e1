"""The forms an answer can take: a table for people; JSON, JSON lines and CSV for programs."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from cli.visible import make_json_visible, make_lines_visible, make_visible
from graph.errors import ConfigError
from graph.spreadsheets import format_row, guard_cell

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    _TextType = click.ParamType[str]
    from rich.console import Console, RenderableType

else:
    _TextType = click.ParamType  # generic to type checkers alone in older releases

Format = Literal["table", "json", "jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "jsonl", "csv")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_RAW = "ringfence.raw"
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
    return option(raw_option(command))


def raw_option(command: Decorated) -> Decorated:
    """Add ``--raw`` to a command that writes CSV; :func:`is_raw` says whether it was given."""

    def remember(context: click.Context, _: click.Parameter, raw: bool) -> None:
        context.meta[_RAW] = raw

    words = "Leave CSV cells as they are, also those that a spreadsheet would run."
    return click.option("--raw", is_flag=True, expose_value=False, callback=remember, help=words)(command)


def is_raw() -> bool:
    """Whether the command that runs was asked to leave CSV cells as they are."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_RAW))


class _Id(_TextType):
    """Any text that is valid Unicode, which may be an id; bytes that are not UTF-8 are wrong usage."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise click.BadParameter("the id is not valid UTF-8", ctx, param) from None
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from cli.completing import complete_ids

        return complete_ids(ctx, param.name or "", incomplete)


parse_id = _Id()


def say(text: str) -> None:
    """Print lines for people on stdout."""
    write_out(make_lines_visible(text) + "\n")


_QUIET = "ringfence.quiet"


def be_quiet(quiet: bool) -> None:
    """Whether, while this command line is answered, stderr is for what went wrong alone."""
    click.get_current_context().meta[_QUIET] = quiet


def is_quiet() -> bool:
    """Whether nobody wants to hear how the work goes."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


JSON_LOGS = "RINGFENCE_LOG"
"""The environment variable that makes each line on stderr a document, if it is ``json``."""


def tell(text: str, level: str = "info") -> None:
    """Print one line on stderr, about the work and not of its result; if nobody can hear it, the work goes on."""
    line = make_visible(text)
    if os.environ.get(JSON_LOGS) == "json":
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "level": level, "message": text.removeprefix("ringfence: ")})
    with suppress(OSError):
        click.echo(line, err=True)


def complain(text: str) -> None:
    """Say in one line what went wrong."""
    tell(f"ringfence: {' '.join(text.splitlines())}", "error")


def write_out(text: str) -> None:
    """Put text on stdout, exactly as it is.

    Raises
    ------
    ConfigError
        If stdout is closed.
    OSError
        If what it leads to is full, or the reader has left.
    """
    with writing_out():
        click.echo(text, nl=False, color=True)  # without colour click cuts out of ids what looks like one


@contextmanager
def writing_out() -> Iterator[None]:
    """Write to stdout inside; what cannot be written is an error here, and not after the last line."""
    if sys.stdout is None:
        raise ConfigError("the output cannot be written: stdout is closed")
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        error.filename = error.filename or "the output"
        raise


def give_up_full_stdout() -> None:
    """Drop what is on its way to a full place: at its end the interpreter would try again, in words of its own."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def is_on_screen() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def make_console() -> Console:
    """A console on stdout, as wide as the terminal, or wide enough where there is none."""
    from rich.console import Console

    wide = None if is_on_screen() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=wide)


def print_table(drawn: RenderableType) -> None:
    """Print what was drawn; no line ends in blanks where there is no terminal.

    Whatever drew it, no text in it can tell the terminal anything: only styles do.
    """
    from rich.segment import Segment, Segments

    console = make_console()
    parts = [Segment(make_lines_visible(each.text), each.style) for each in console.render(drawn) if not each.control]
    with writing_out(), console.capture() as captured:
        console.print(Segments(parts))
    text = captured.get()
    write_out(text if console.is_terminal else "\n".join(line.rstrip() for line in text.split("\n")))


def write_answer(answer: Answer, form: Format) -> None:
    """Print an answer in the form asked for; in CSV no cell is a formula to a spreadsheet, but with ``--raw``."""
    if form == "table":
        print_table(answer.draw())
    elif form == "json":
        write_json([json.dumps(as_plain(answer.document), ensure_ascii=False, indent=2)])
    elif form == "jsonl":
        documents = answer.document if isinstance(answer.document, list) else [answer.document]
        write_json(json.dumps(as_plain(document), ensure_ascii=False) for document in documents)
    else:
        text = format_csv(answer.columns, answer.rows, raw=is_raw())
        write_out(make_lines_visible(text) if is_on_screen() else text)


def write_json(texts: Iterable[str]) -> None:
    """Print JSON, one text after the other; what a screen would hide is written out, which says the same."""
    write_out("".join(make_json_visible(text) + "\n" for text in texts))


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


def format_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, raw: bool = False) -> str:
    """CSV with a header, also when there is no row."""
    text = io.StringIO()
    write_csv(text, columns, rows, raw=raw)
    return text.getvalue()


def write_csv(file: Any, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, raw: bool = False) -> None:
    """Write CSV to an open text file; lists are joined by semicolons, nothing known is an empty cell."""
    finish = (lambda cell: cell) if raw else guard_cell
    file.write(format_row(map(finish, columns)) + "\n")
    file.writelines(format_row(finish(_as_cell(row[name])) for name in columns) + "\n" for row in rows)


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
