"""Decisions on the command line, and in a file of many."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import click

from graph.casework.deciding import Wish
from graph.errors import DataError

COLUMNS = ("id", "word", "reason", "member")
"""What a file of decisions may have; all but ``id`` may be said once for all."""


def list_wishes(words: Sequence[str], *, reason: str, members: tuple[str, ...], file: Path | None) -> list[Wish]:
    """What is to be decided.

    Raises
    ------
    DataError
        If the file is no CSV, or has other columns; what its rows say is looked at by whoever decides.
    """
    if file is None:
        if len(words) != 2:
            raise click.UsageError(
                "name what is decided about, and the decision: ringfence decide ID confirmed --reason WHY"
            )
        return [Wish(words[0], words[1], reason, members)]
    if len(words) > 1 or members:
        raise click.UsageError("with --from the file says what is decided about; the command line says a word at most")
    word = words[0] if words else ""
    try:
        if str(file) == "-":
            return _read(sys.stdin, "stdin", word, reason)
        with file.open(encoding="utf-8-sig", newline="") as opened:
            return _read(opened, file.name, word, reason)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{file} is no CSV in UTF-8: {error}") from error


def _read(file: TextIO, name: str, word: str, reason: str) -> list[Wish]:
    reader = csv.DictReader(file, strict=True, restval="")
    columns = reader.fieldnames or ()
    if "id" not in columns or not set(columns) <= set(COLUMNS):
        there = ", ".join(columns) or "no columns"
        raise DataError(f"{name} has {there}; a file of decisions has {', '.join(COLUMNS)}, of which id must be there")
    wishes = list(_gather(reader, name, word, reason))
    if not wishes:
        raise DataError(f"{name} holds no decision")
    return wishes


def _gather(rows: Iterator[Mapping[str, str]], name: str, word: str, reason: str) -> Iterator[Wish]:
    """A wish for each row; rows that name members of one ring, with one word and reason, are one."""
    members: dict[tuple[str, str, str], list[str]] = {}
    places: dict[tuple[str, str, str], str] = {}
    for number, row in enumerate(rows, start=2):
        if None in row:
            raise DataError(f"row {number} of {name} has more cells than there are columns")
        key = (row["id"], row.get("word") or word, row.get("reason") or reason)
        places.setdefault(key, f"row {number} of {name}")
        members.setdefault(key, []).extend([row["member"]] if row.get("member") else [])
    return (Wish(*key, tuple(named), places[key]) for key, named in members.items())
