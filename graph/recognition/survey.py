"""The files of a folder: how each is written, what its columns are called, and what their first cells look like."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from graph.contract.containers import list_sheets, list_zip
from graph.contract.files import read_header, sample_rows
from graph.contract.json_files import is_list_of_records, list_lists
from graph.contract.packed import DAMAGE, guess_encoding, list_telling, read_mark, read_start
from graph.contract.schema import CONTRACT
from graph.contract.sheet_files import list_first_rows
from graph.contract.sources import FURTHER_SUFFIXES, SUFFIXES, Source, find_packing
from graph.errors import DataError
from graph.mapping import TableSettings
from graph.recognition.values import Profile
from graph.settings import LoadSettings

ROWS_LOOKED_AT = 20_000
_SUFFIXES = (*SUFFIXES, *FURTHER_SUFFIXES, ".txt", ".tab", ".txt.gz", ".parquet")
_DELIMITERS = (",", ";", "\t", "|")
_DEEPEST, _STORE_MARK = 3, "ringfence-store.json"
_SAYS_DELIMITER = re.compile(r'"?sep=(.)"?')
"""The first line of CSV that is meant for Excel."""
_LINES_LOOKED_AT, _MOST_PREAMBLE, _START_BYTES = 200, 20, 1 << 18


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

    @property
    def depth(self) -> int:
        """In how many folders inside of the one that was looked at it lies."""
        return self.file.count("/")

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that it lies in, the nearest first: they may say what it holds where its own name does not."""
        return tuple(self.file.split("/")[-2::-1])


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
    sources, looks, unread = [], [], []
    for path in _list_files(folder, _DEEPEST):
        try:
            sources += list(_open_up(Source(CONTRACT["accounts"], path, TableSettings(), limits)))
        except (DataError, *DAMAGE) as error:
            unread.append(str(error))
    usual = _find_usual_encoding(sources)
    for source in sources:
        try:
            looks.append(_look(source, folder, usual))
        except (DataError, *DAMAGE) as error:
            unread.append(str(error))
    return Survey(tuple(_join_alike(looks)), tuple(unread))


def _list_files(folder: Path, depth: int) -> Iterator[Path]:
    """The files that may be tables, those of folders inside last; what is hidden, or a store, is none."""
    inside = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    yield from (each for each in inside if each.is_file() and each.name.lower().endswith(_SUFFIXES))
    for each in inside if depth else ():
        if each.is_dir() and not (each / _STORE_MARK).exists():
            yield from _list_files(each, depth - 1)


def _find_usual_encoding(sources: Sequence[Source]) -> str | None:
    """What most files of a folder seem to be in that are no UTF-8; None where that is none of them."""
    found: Counter[str] = Counter()
    for source in sources:
        if source.is_csv:
            with suppress(DataError, *DAMAGE):
                found.update([encoding for encoding in [_guess_encoding(read_start(source, _START_BYTES))] if encoding])
    usual, count = max(found.items(), key=lambda each: each[1], default=(None, 0))
    return usual if count > found.total() / 2 else None


def _guess_encoding(start: bytes) -> str | None:
    """What a file that begins so seems to be in; None where a load sees it, or nothing is known to fit."""
    return None if read_mark(start) or _is_utf8(start) else guess_encoding(start)


def _open_up(source: Source) -> Iterator[Source]:
    """The sheets of a workbook, the members of an archive, the lists of a document: each may be a table."""
    if find_packing(source.path) == "zip" and source.member is None:
        held = [each for each in list_zip(source.path) if each.lower().endswith(_SUFFIXES)]
        members = [each for each in held if find_packing(Path(each)) != "zip"]
        if held and not members:
            raise DataError(f"{source.path.name} holds an archive, {held[0]}: unpack it first")
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


def _look(source: Source, folder: Path, usual: str | None) -> Look:
    notes: list[str] = []
    read = source
    if source.is_csv:
        source, read = _find_dialect(source, usual, notes)
    elif source.format == "sheet":
        source = read = _find_header(source, notes)
    header = read_header(read)
    cells = sample_rows(read, header, ROWS_LOOKED_AT)
    if source.format in ("json", "jsonl"):  # of a record in a record, or a list of them, its own columns say all
        inner = {name.rpartition(".")[0] for name in cells}
        cells = {name: cell for name, cell in cells.items() if not any(_lies_in(each, name) for each in inner)}
    form = source.settings
    if source.path.suffix == ".json" and form.format == "jsonl":
        form = msgspec.structs.replace(form, format=None)  # a load sees that itself
    columns = {name: Profile(tuple(column)) for name, column in cells.items() if name}
    return Look(source.path.relative_to(folder).as_posix(), form, columns, notes=tuple(notes))


def _lies_in(name: str, outer: str) -> bool:
    return name == outer or name.startswith(f"{outer}.")


def _find_header(source: Source, notes: list[str]) -> Source:
    """A sheet with the rows before its header: titles and dates of the export, which fill half of its width at most."""
    rows = [(number, [cell for cell in cells if cell is not None]) for number, cells in list_first_rows(source, 40)]
    widest = max((len(cells) for _, cells in rows), default=0)
    if not rows or len(rows[0][1]) > widest / 2:
        return source
    number, names = next((number, cells) for number, cells in rows if len(cells) > 0.75 * widest)
    if number > _MOST_PREAMBLE + 1 or len(set(names)) < len(names) or any(map(_is_figure, names)):
        return source
    notes.append(f"skip_lines: a header as wide as the rows stands in row {number}")
    return _with(source, skip_lines=number - 1)


def _is_figure(cell: str) -> bool:
    return re.fullmatch(r"[-+]?[\d.,]+([T ].*)?|\d{4}-\d\d-\d\d.*", cell) is not None


def _with(source: Source, **settings: Any) -> Source:
    return replace(source, settings=msgspec.structs.replace(source.settings, **settings))


# ── how CSV is written ────────────────────────────────────────────────────────────────────────────


def _find_dialect(source: Source, usual: str | None, notes: list[str]) -> tuple[Source, Source]:
    """The source with what has to be declared, and with all that it takes to read it."""
    start = read_start(source, _START_BYTES)
    encoding = read_mark(start)
    declared: dict[str, Any] = {}
    if encoding is None and not _is_utf8(start):
        encoding = guess_encoding(start)
        if encoding is None:
            raise DataError(f"{source.name}: in no encoding that is known here; save it as UTF-8")
        reason = f"its bytes are no UTF-8, and make words in {encoding}"
        if usual is not None and encoding != usual and _makes_text(start, usual):
            reason = f"its bytes are no UTF-8; most files here are in {usual}, though alone it looks like {encoding}"
            encoding = usual
        declared["encoding"] = encoding
        notes.append(f"encoding: {reason}")
    text = start.decode(encoding or "utf-8", errors="replace").lstrip("\ufeff")
    lines = text.splitlines(keepends=True)[:_LINES_LOOKED_AT]
    if lines and (said := _SAYS_DELIMITER.fullmatch(lines[0].rstrip())):
        delimiter, skip = said[1], 1
    else:
        delimiter, skip = _find_shape(lines) if source.format == "csv" else ("\t", 0)
    if skip:
        declared["skip_lines"] = skip
        notes.append(f"skip_lines: a header with as many names as the rows have cells stands on line {skip + 1}")
    if delimiter not in (",", "\t") or (delimiter == "\t" and source.format == "csv"):
        declared["delimiter"] = delimiter
    return _with(source, **declared), _with(source, **(declared | {"encoding": encoding, "delimiter": delimiter}))


def _makes_text(start: bytes, encoding: str) -> bool:
    """Whether bytes are letters and signs in an encoding."""
    try:
        text = list_telling(start).decode(encoding)
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(letter) == "Cc" for letter in set(text) - set("\r\n\t"))


def _is_utf8(start: bytes) -> bool:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(start) >= _START_BYTES and error.start >= len(start) - 4  # a character that the sample cuts in two
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
    """Files whose names differ in digits alone, with the same columns in the same form, are one table in parts.

    So are members of an archive, and sheets of a workbook.  What is all ASCII is in the encoding of the others.
    """
    groups: dict[Any, list[Look]] = {}
    for look in looks:
        groups.setdefault((_star(look.file), *map(_star, _inside(look)), tuple(look.columns)), []).append(look)
    every = [look for group in groups.values() for look in group]
    for (file, *inside, _), group in groups.items():
        encodings = {look.form.encoding for look in group if look.form.encoding or not _is_ascii(look)}
        forms = {_write_form(look.form, encodings) for look in group}
        is_one = len(group) > 1 and len(encodings) <= 1 and len(forms) == 1
        if not is_one or _count_fitting(every, file, inside) > len(group):
            yield from group
        else:
            yield _join(group, file, inside, next(iter(encodings), None))


def _star(name: str | None) -> str | None:
    return re.sub(r"\d+", "*", name) if name else name


def _inside(look: Look) -> tuple[str | None, str | None]:
    return look.form.member, look.form.sheet


def _write_form(form: TableSettings, encodings: set[str | None]) -> bytes:
    """How a file is written but for its name and, where all that say anything agree on one, its encoding."""
    encoding = None if len(encodings) <= 1 else form.encoding
    return msgspec.json.encode(msgspec.structs.replace(form, member=None, sheet=None, encoding=encoding))


def _is_ascii(look: Look) -> bool:
    return all(name.isascii() and "".join(filter(None, each.cells)).isascii() for name, each in look.columns.items())


def _count_fitting(looks: Sequence[Look], file: str | None, inside: Sequence[str | None]) -> int:
    """How many of all a pattern would take, whether they are alike or not."""
    wanted = (file, *inside)
    return sum(all(map(_fits, (look.file, *_inside(look)), wanted)) for look in looks)


def _fits(name: str | None, pattern: str | None) -> bool:
    return name == pattern or (name is not None and pattern is not None and fnmatchcase(name, pattern))


def _join(group: Sequence[Look], file: str | None, inside: Sequence[str | None], encoding: str | None) -> Look:
    first, several = group[0], len({look.file for look in group}) > 1
    columns = {
        name: Profile(tuple(cell for look in group for cell in look.columns[name].cells)) for name in first.columns
    }
    member, sheet = (
        pattern if len({_inside(look)[place] for look in group}) > 1 else _inside(first)[place]
        for place, pattern in enumerate(inside)
    )
    what, setting = (
        ("files", "file") if several else ("members", "member") if member != first.form.member else ("sheets", "sheet")
    )
    note = f"{setting}: {len(group)} {what} with the same columns, whose names differ in digits alone"
    form = msgspec.structs.replace(first.form, member=member, sheet=sheet, encoding=encoding)
    notes = next((look.notes for look in group if look.form.encoding == encoding), first.notes)
    return Look(str(file) if several else first.file, form, columns, len(group), (*notes, note))
