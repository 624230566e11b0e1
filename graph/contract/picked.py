"""Which columns of a file play which columns' parts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import NoReturn

from graph.contract.faults import quote
from graph.contract.sources import Source
from graph.errors import MissingColumnError
from graph.mapping import as_names


def pick_columns(source: Source, header: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Contract column to file columns, for the columns that are there.

    Raises
    ------
    MissingColumnError
        If a column is not there that the contract or the settings ask for.
    """
    settings, picked = source.settings, {}
    for column in source.table.columns:
        is_mapped = column.name in settings.columns
        if column.kind == "attributes" or column.name in settings.always or (column.kind == "flag" and not is_mapped):
            continue  # a file may call anything "removed"
        if settings.only_mapped and not is_mapped and not column.required:
            continue
        names = as_names(settings.columns.get(column.name, column.name))
        missing = [name for name in names if name not in header]
        if not missing:
            picked[column.name] = names
        elif column.required or is_mapped:
            _refuse_missing(source, header, column.name, missing[0])
    either = source.table.either
    if either and either.one not in picked and either.other not in picked:
        _refuse_missing(source, header, f"{either.one} or {either.other}", either.one)
    further = [(f"attribute {name}", name) for name in settings.attributes]
    for what, name in (*further, *((f"status by {name}", name) for name in settings.nonzero)):
        if name not in header:
            _refuse_missing(source, header, what, name)
    return picked


_NO_NAME = re.compile(r"[\d.,:/+ TZ-]*\d[\d.,:/+ TZ-]*|[^\s@]+@[^\s@]+\.[a-z]+")
"""A number, a time or an e-mail address."""


def _refuse_missing(source: Source, header: Sequence[str], what: str, file_column: str) -> NoReturn:
    shown = ", ".join(map(quote, header[:20])) + (", …" if len(header) > 20 else "")
    near = difflib.get_close_matches(file_column, header, n=1, cutoff=0.5)
    hint = f"did you mean {quote(near[0])}? " if near else ""
    told = "" if file_column in what else f" (which ringfence.toml calls {file_column!r})"
    name, column = source.table.name, what.split(maxsplit=1)[0]
    mapping = f'say which it is in ringfence.toml: [tables.{name}.columns] {column} = "…"'
    if len(header) == 1 and (other := re.search(r"[;\t|]", header[0])):
        mapping = f"the cells seem to be split by {other[0]!r}: set tables.{name}.delimiter in ringfence.toml"
    elif source.settings.header and (value := next(filter(_NO_NAME.fullmatch, header), None)):
        mapping = (
            f"{quote(value)} is no name, so the file seems to have no header: set tables.{name}.header = false, and"
            f' [tables.{name}.columns] {column} = "column 1" or whichever it is'
        )
    raise MissingColumnError(f"{source.name} has no column {what}{told}; it has {shown}; {hint}{mapping}")
