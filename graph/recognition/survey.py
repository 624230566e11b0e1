"""The files of a folder: how each is written, what its columns are called, and what their first cells look like."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from graph.contract.containers import list_sheets, list_zip
from graph.contract.files import read_header, sample_rows
from graph.contract.json_files import is_list_of_records, list_lists
from graph.contract.packed import DAMAGE, guess_encoding, read_mark, read_start
from graph.contract.schema import CONTRACT
from graph.contract.sources import FURTHER_SUFFIXES, SUFFIXES, Source, find_packing
from graph.errors import DataError
from graph.mapping import TableSettings
from graph.recognition.values import Profile
from graph.settings import LoadSettings

ROWS_LOOKED_AT = 20_000
_SUFFIXES = (*SUFFIXES, *FURTHER_SUFFIXES, ".txt", ".tab", ".txt.gz", ".parquet")
_DELIMITERS = (",", ";", "\t", "|")
_LINES_LOOKED_AT, _MOST_PREAMBLE = 200, 20


@dataclass(frozen=True)
class Look:
    """One file, or several that are alike but for their names, or a sheet or a list in one.

    Attributes
    ----------
    file
        What ``file`` in the settings has to say.
    form
        How it is written, as settings say it; only what a load would not find out itself.
    columns
        Its columns by name, as far as they were looked at.
    n_files
        How many files it is.
    notes
        What was found out about the form, and how.
    """

    file: str
    form: TableSettings
    columns: dict[str, Profile]
    n_files: int = 1
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        inside = self.form.sheet or self.form.member or self.form.records
        return f"{self.file} ({inside})" if inside else self.file

    @property
    def stems(self) -> tuple[str, ...]:
        """The parts of its name that may say what it holds, the nearest first."""
        inside = self.form.sheet or self.form.member or (self.form.records or "").replace(".", "/")
        names = (each.rpartition("/")[2] for each in (inside, self.file))
        return tuple(name.split(".")[0] for name in names if name)


@dataclass(frozen=True)
class Survey:
    """All files that can be read, and what is to be said of those that cannot."""

    looks: tuple[Look, ...]
    unread: tuple[str, ...]


def survey_folder(folder: Path, limits: LoadSettings) -> Survey:
    """Look at every file of a folder that may be a table.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name the one that holds the exports")
    looks, unread = [], []
    for path in sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith(".")):
        if not path.name.lower().endswith(_SUFFIXES):
            continue
        try:
            looks += [_look(source) for source in _open_up(Source(CONTRACT["accounts"], path, TableSettings(), limits))]
        except (DataError, *DAMAGE) as error:
            unread.append(str(error))
    return Survey(tuple(_join_alike(looks)), tuple(unread))


def _open_up(source: Source) -> Iterator[Source]:
    """The sheets of a workbook, the members of an archive, the lists of a document: each may be a table."""
    if find_packing(source.path) == "zip" and source.member is None:
        members = [each for each in list_zip(source.path) if each.lower().endswith(_SUFFIXES)]
        for member in members:
            named = _with(source, member=member) if len(members) > 1 else source
            yield from _open_up(replace(named, member=member))
    elif source.format == "sheet":
        sheets = list_sheets(source.path, source.member, "*", source.limits)
        for sheet in sheets:
            named = _with(source, sheet=sheet) if len(sheets) > 1 else source
            yield replace(named, sheet=sheet)
    elif source.format == "json" and is_list_of_records(start := read_start(source)):
        is_object = start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")
        yield from [_with(source, records=each) for each in list_lists(source) if each] if is_object else [source]
    else:
        yield _with(source, format="jsonl") if source.format == "json" else source


def _look(source: Source) -> Look:
    notes: list[str] = []
    read = source
    if source.is_csv:
        source, read = _find_dialect(source, notes)
    header = read_header(read)
    cells = sample_rows(read, header, ROWS_LOOKED_AT)
    form = source.settings
    if source.path.suffix == ".json" and form.format == "jsonl":
        form = msgspec.structs.replace(form, format=None)  # a load sees that itself
    columns = {name: Profile(tuple(column)) for name, column in cells.items() if name}
    return Look(source.path.name, form, columns, notes=tuple(notes))


def _with(source: Source, **settings: Any) -> Source:
    return replace(source, settings=msgspec.structs.replace(source.settings, **settings))


# ── how CSV is written ────────────────────────────────────────────────────────────────────────────


def _find_dialect(source: Source, notes: list[str]) -> tuple[Source, Source]:
    """The source with what has to be declared, and with all that it takes to read it."""
    start = read_start(source, 1 << 18)
    encoding = read_mark(start)
    declared: dict[str, Any] = {}
    if encoding is None and not _is_utf8(start):
        encoding = guess_encoding(start)
        if encoding is None:
            raise DataError(f"{source.name}: in no encoding that is known here; save it as UTF-8")
        declared["encoding"] = encoding
        notes.append(f"encoding: its bytes are no UTF-8, and make words in {encoding}")
    text = start.decode(encoding or "utf-8", errors="replace").lstrip("\ufeff")
    lines = text.splitlines(keepends=True)[:_LINES_LOOKED_AT]
    delimiter, skip = _find_shape(lines) if source.format == "csv" else ("\t", 0)
    if skip:
        declared["skip_lines"] = skip
        notes.append(f"skip_lines: a header with as many names as the rows have cells stands on line {skip + 1}")
    if delimiter not in (",", "\t") or (delimiter == "\t" and source.format == "csv"):
        declared["delimiter"] = delimiter
    return _with(source, **declared), _with(source, **(declared | {"encoding": encoding, "delimiter": delimiter}))


def _is_utf8(start: bytes) -> bool:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(start) - 4  # a character that the sample cuts in two
    return b"\0" not in start


def _find_shape(lines: Sequence[str]) -> tuple[str, int]:
    """The delimiter by which most rows have one width, of two cells or more; and the lines before the header."""
    best = (0.0, ",", 0)
    for delimiter in _DELIMITERS:
        rows = list(csv.reader(io.StringIO("".join(lines), newline=""), delimiter=delimiter))
        widths = [len(row) for row in rows if row]
        if not widths:
            continue
        width, count = max(Counter(widths).items(), key=lambda each: (each[0] > 1, each[1], each[0]))
        if width < 2:
            continue
        header = next(place for place, row in enumerate(rows) if len(row) == width)
        score = count / len(widths) + 0.01 * width
        if score > best[0] and header <= _MOST_PREAMBLE:
            best = (score, delimiter, _count_lines(lines, header, delimiter))
    return best[1], best[2]


def _count_lines(lines: Sequence[str], n_rows: int, delimiter: str) -> int:
    """How many lines so many rows take."""
    reader = csv.reader(io.StringIO("".join(lines), newline=""), delimiter=delimiter)
    for _ in range(n_rows):
        next(reader)
    return reader.line_num if n_rows else 0


# ── months of one table ───────────────────────────────────────────────────────────────────────────


def _join_alike(looks: Iterable[Look]) -> Iterator[Look]:
    """Files whose names differ in digits alone, with the same columns in the same form, are one table in parts."""
    groups: dict[Any, list[Look]] = {}
    for look in looks:
        inside = (look.form.member, look.form.sheet)
        key = (re.sub(r"\d+", "*", look.file), tuple(look.columns), look.form) if inside == (None, None) else id(look)
        groups.setdefault(key if isinstance(key, int) else (key[0], key[1], msgspec.json.encode(key[2])), []).append(
            look
        )
    for key, group in groups.items():
        yield group[0] if len(group) == 1 else _join(str(key[0]), group)


def _join(pattern: str, group: Sequence[Look]) -> Look:
    columns = {
        name: Profile(tuple(cell for look in group for cell in look.columns[name].cells)) for name in group[0].columns
    }
    note = f"file: {len(group)} files with the same columns, whose names differ in digits alone"
    return replace(group[0], file=pattern, columns=columns, n_files=len(group), notes=(*group[0].notes, note))
