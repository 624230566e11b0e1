"""Manual pages of every command, made from the commands themselves: ``make man`` writes them into docs/man."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from cli.main import COMMANDS, main
from graph.version import VERSION

MAN = Path(__file__).resolve().parents[1] / "man"
SECTION = 1
_KEPT = "\b"
"""Before a paragraph whose lines click leaves as they are."""


def list_pages() -> dict[str, str]:
    """Every page, by the name of its file."""
    contexts = list(_walk(click.Context(main, info_name="ringfence", **main.context_settings)))
    return {f"{_name(context)}.{SECTION}": "\n".join(_write(context)) + "\n" for context in contexts}


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None and not command.hidden:
                yield from _walk(click.Context(command, parent=context, info_name=name))


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _write(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f'.TH "{_name(context).upper()}" "{SECTION}" "" "ringfence {VERSION}" "Ringfence"'
    yield ".SH NAME"
    yield f"{escape(_name(context))} \\- {escape(command.get_short_help_str(200).rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield f".B {escape(context.command_path)}"
    yield escape(" ".join(command.collect_usage_pieces(context)))
    yield ".SH DESCRIPTION"
    yield from _write_text(command.help or command.short_help or "")
    yield from _write_options(context)
    if isinstance(command, click.Group):
        yield from _write_commands(context, command)
    yield from _write_epilog(command)
    yield from _write_others(context)


def _write_options(context: click.Context) -> Iterator[str]:
    records = [each.get_help_record(context) for each in context.command.get_params(context)]
    yield ".SH OPTIONS"
    for names, words in (each for each in records if each is not None):
        if words:  # an argument is told in the text
            yield from (".TP", f".B {escape(names)}", escape(words))


def _write_commands(context: click.Context, group: click.Group) -> Iterator[str]:
    yield ".SH COMMANDS"
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from (".TP", f".BR {escape(_name(context))}\\-{escape(name)} ({SECTION})")
            yield escape(command.get_short_help_str(200))


def _write_epilog(command: click.Command) -> Iterator[str]:
    """The end of a help text: its first line is a headline where it ends in a colon."""
    text = inspect.cleandoc(command.epilog or "").replace(f"{_KEPT}\n", "")
    head, colon, rest = text.partition(":\n")
    if not colon:
        yield from _write_text(text)
        return
    yield f".SH {escape(head.upper())}"
    listed, _, more = rest.partition("\n\n")
    yield from _write_kept(listed.splitlines())
    yield from _write_text(more)


def _write_others(context: click.Context) -> Iterator[str]:
    yield ".SH SEE ALSO"
    if context.parent is not None:
        yield f".BR {escape(_name(context.parent))} ({SECTION})"
        return
    yield ".BR man (1)"
    yield ".PP"
    yield escape(f"All {len(COMMANDS)} commands with examples are in docs/commands.md.")


def _write_text(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = paragraph.splitlines()
        if lines and lines[0].strip() == _KEPT:
            yield from _write_kept(lines[1:])
        elif lines:
            yield ".PP"
            yield escape(" ".join(line.strip() for line in lines))


def _write_kept(lines: Sequence[str]) -> Iterator[str]:
    yield from (".PP", ".nf", *(escape(line) for line in lines), ".fi")


def escape(text: str) -> str:
    r"""Text that roff prints as it is.

    >>> escape("--store PATH")
    '\\-\\-store PATH'
    >>> escape(".toml")
    '\\&.toml'
    """
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def write_pages(folder: Path) -> None:
    """Write every page, and remove those of commands that are gone."""
    folder.mkdir(exist_ok=True)
    pages = list_pages()
    for path in folder.glob(f"*.{SECTION}"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]) if len(sys.argv) > 1 else MAN)
