"""CSV files: their columns, read in blocks, and rows as they are written in them, read one by one.

Arrow reads the columns, many times as fast as Python's ``csv``; but it does not say on which line a row stands, so
that rows that are set aside are looked up in a second walk, which only files with rejects have to bear.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NoReturn, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from graph import spreadsheets
from graph.contract.cells import FileCells, FoundRows, cut_cell, describe_damage
from graph.contract.limits import check_row_bytes, check_rows, check_unpacked, refuse_row
from graph.contract.packed import DAMAGE, guess_encoding, open_bytes
from graph.contract.sources import Source
from graph.errors import UnreadableTableError
from graph.spreadsheets import GUARDED, format_row, guard_cell, unguard_cell

if TYPE_CHECKING:
    from graph.arrow import Chunks

_BLOCK_BYTES = 8 << 20
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Record:
    """A row of a CSV file: the lines (1-based) on which it starts and ends, and its cells."""

    line: int
    last_line: int
    cells: list[str]


def read_csv_names(source: Source) -> tuple[str, ...]:
    """The names in the header, without white space around them.

    Raises
    ------
    UnreadableTableError
        If there is no header, or it is not of the encoding.
    """
    record = next(walk_csv(source, with_header=True), None)
    if record is None:
        raise UnreadableTableError(f"{source.name} is empty: not even a header")
    if any("\ufffd" in cell or "\0" in cell for cell in record.cells):
        _refuse_encoding(source)
    if not source.settings.header:
        return tuple(f"column {place}" for place in range(1, len(record.cells) + 1))
    names = map(unguard_cell, record.cells) if source.settings.guarded else record.cells
    return tuple(name.lstrip("\ufeff").strip() for name in names)


def read_csv(source: Source, header: Sequence[str], wanted: Sequence[str]) -> FileCells:
    """Read the wanted columns as text, null where a cell is empty; rows of another width are only counted.

    Raises
    ------
    UnreadableTableError
        If the file is damaged, of another encoding than it should be, or leaves a quote open.
    """
    _scan(source)
    settings = source.settings
    first = next(walk_csv(source, with_header=True)).last_line if settings.header else settings.skip_lines
    for block_bytes in (_BLOCK_BYTES, source.limits.max_row_bytes):  # the larger one for a cell that fills a block
        try:
            return _read_csv_blocks(source, header, wanted, skip=first, block_bytes=block_bytes)
        except UnicodeDecodeError:
            _refuse_encoding(source)
        except DAMAGE as error:
            if "UTF8" in str(error):
                _refuse_encoding(source)
            if "skip initial" in str(error):  # a header with no line end, and nothing after it
                return FileCells({name: pa.chunked_array([], pa.string()) for name in wanted}, 0)
            if "straddl" not in str(error):
                raise UnreadableTableError(describe_damage(source, error)) from error
    return refuse_row(source)


def sample_csv(source: Source, header: Sequence[str], n_rows: int) -> dict[str, list[str | None]]:
    """The first rows that are as wide as the header, column by column."""
    records = islice(walk_csv(source), n_rows)
    rows = [record.cells for record in records if len(record.cells) == len(header)]
    return {name: [cells[place] or None for cells in rows] for place, name in enumerate(header)}


def find_in_csv(source: Source, wanted: set[int], width: int, n_ragged: int) -> FoundRows:
    """Walk the file once, only as far as the last row that is asked for.

    Parameters
    ----------
    source
        The file.
    wanted
        Rows, counted from 0 among those that are as wide as the header.
    width
        How many cells the header has.
    n_ragged
        How many rows of another width there are to find.
    """
    found = FoundRows({}, {})
    ragged: list[tuple[int, str, str]] = []
    row, last = 0, max(wanted, default=-1)
    for record in walk_csv(source):
        if row > last and len(ragged) == n_ragged:
            break
        if len(record.cells) != width:
            cells = "1 cell" if len(record.cells) == 1 else f"{len(record.cells):,} cells"
            why = f"{cells} where the header has {width:,}"
            ragged.append((record.line, why, _as_csv(record.cells, source.delimiter)))
            continue
        if row in wanted:
            found.line[row] = record.line
            found.row[row] = _as_csv(record.cells, source.delimiter)
        row += 1
    return FoundRows(found.line, found.row, tuple(ragged))


def _as_csv(cells: Sequence[str], delimiter: str) -> str:
    return format_row([cut_cell(cell) for cell in cells], delimiter)


# ── row by row ────────────────────────────────────────────────────────────────────────────────────


def _dialect(source: Source) -> dict[str, Any]:
    """How Python's ``csv`` is told what the settings say."""
    quote = source.settings.quote
    marks = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": source.delimiter, "escapechar": source.settings.escape, **marks}


def _codec(source: Source) -> str:
    """The encoding to decode with: Excel puts a byte order mark before UTF-8, which is no part of the first name."""
    utf8 = source.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    return "utf-8-sig" if utf8 else source.encoding


def walk_csv(source: Source, *, with_header: bool = False) -> Iterator[Record]:
    """Yield the rows that are not blank; what cannot be decoded shows as U+FFFD."""
    limit = csv.field_size_limit(source.limits.max_row_bytes)
    try:
        with (
            open_bytes(source) as raw,
            io.TextIOWrapper(raw, encoding=_codec(source), errors="replace", newline="") as text,
        ):
            lines, skipped = _Lines(source, text), source.settings.skip_lines
            deque(islice(lines, skipped), maxlen=0)
            reader = csv.reader(lines, **_dialect(source))
            before, seen_header = skipped, with_header or not source.settings.header
            for cells in reader:
                lines.begin_row()
                if cells and seen_header:
                    yield Record(before + 1, reader.line_num + skipped, cells)
                seen_header = seen_header or bool(cells)
                before = reader.line_num + skipped
    except csv.Error as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    finally:
        csv.field_size_limit(limit)  # it holds for the whole process


class _Lines:
    """The lines of a text, refused where a row of them is longer than any may be."""

    def __init__(self, source: Source, text: io.TextIOWrapper) -> None:
        self._source, self._text, self._length = source, text, 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._source.limits.max_row_bytes + 1)
        if not line:
            raise StopIteration
        self._length += len(line)
        check_row_bytes(self._source, self._length)
        return line

    def begin_row(self) -> None:
        """A row is complete; what comes next is of another one."""
        self._length = 0


# ── in blocks ─────────────────────────────────────────────────────────────────────────────────────


def _read_csv_blocks(
    source: Source, header: Sequence[str], wanted: Sequence[str], *, skip: int, block_bytes: int
) -> FileCells:
    ragged: list[int] = []

    def count_ragged(row: arrow_csv.InvalidRow) -> Literal["skip"]:
        ragged.append(row.actual_columns)
        return "skip"

    # Columns go by their position: a header may spread over lines, and its names are trimmed by us.
    names = [str(position) for position in range(len(header))]
    kept = {names[header.index(name)]: name for name in wanted}
    table = arrow_csv.read_csv(
        _open_for_arrow(source),
        read_options=arrow_csv.ReadOptions(
            column_names=names, skip_rows=skip, block_size=block_bytes, encoding=source.encoding
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=source.delimiter,
            quote_char=source.settings.quote or False,
            escape_char=source.settings.escape or False,
            newlines_in_values=True,
            invalid_row_handler=count_ragged,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(kept, pa.string()),
            include_columns=list(kept),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    check_rows(source, table.num_rows + len(ragged))
    columns = {name: table[position] for position, name in kept.items()}
    if source.settings.guarded:
        columns = {name: _unguard(column) for name, column in columns.items()}
    return FileCells(columns, table.num_rows, len(ragged))


def _open_for_arrow(source: Source) -> Any:
    if source.packing == "zip":
        return open_bytes(source)
    opened, packing = pa.OSFile(str(source.path), "r"), cast("Any", source.packing)
    return opened if packing is None else pa.CompressedInputStream(opened, packing)


def _unguard(column: Chunks) -> Chunks:
    bare: Chunks = pc.replace_substring_regex(column, pattern=GUARDED, replacement=r"\1")
    return bare


def guard_row(source: Source, row: str) -> str:
    """A row as :func:`find_in_csv` gives it, with each cell guarded against spreadsheets."""
    delimiter = source.delimiter
    cells = next(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter), [])  # as this module wrote it
    plain = map(unguard_cell, cells) if source.settings.guarded else cells
    guarded = _as_csv([guard_cell(cell) for cell in plain], delimiter)
    # An empty first cell would leave the row to begin with its delimiter, which may be a tab.
    return spreadsheets.guard_row(f'""{guarded}' if guarded.startswith(delimiter) else guarded)


# ── files that are not what they should be ────────────────────────────────────────────────────────


def _refuse_encoding(source: Source) -> NoReturn:
    """Find the first byte that is not of the encoding, and say where it is."""
    encoding = source.encoding
    with open_bytes(source) as raw:
        start = raw.read(1 << 16)
    hints = {b"\x1f\x8b": "gzip", b"PAR1": "Parquet", b"PK": "a zip file or a workbook", b"\x28\xb5\x2f\xfd": "zstd"}
    kind = next((name for mark, name in hints.items() if start.startswith(mark)), None) or guess_encoding(start)
    looks = f" (it looks like {kind})" if kind else ""
    raise UnreadableTableError(
        f"{source.name}: {_find_undecodable(source)} is not {encoding} text{looks}; save the file as UTF-8, or set"
        f" tables.{source.table.name}.encoding in ringfence.toml"
    )


def _find_undecodable(source: Source) -> str:
    decoder = codecs.getincrementaldecoder(source.encoding)()
    n_lines = n_bytes = 0
    with open_bytes(source) as raw:
        for piece in _read_pieces(raw):
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                start = max(error.start - waiting, 0)
                return f"line {n_lines + piece.count(10, 0, start) + 1}, byte {n_bytes + start + 1} of the file,"
            n_lines, n_bytes = n_lines + piece.count(10), n_bytes + len(piece)
    return "its header"


def _read_pieces(raw: BinaryIO) -> Iterator[bytes]:
    while piece := raw.read(_PIECE_BYTES):
        yield piece


def _scan(source: Source) -> None:
    """Look through the file before anything of it is kept: it unpacks to too much, is no UTF-8, leaves a quote open.

    An open quote would swallow the rest of the file without a word.  An odd number of quote characters is the cheap
    sign of it; only then is the file walked.  Arrow checks UTF-8 too late: a row that is too wide is decoded before.
    """
    n_quotes = n_bytes = 0
    quote = source.settings.quote.encode() or b"\0\0\0\0"
    decode = codecs.getincrementaldecoder("utf-8")().decode if _codec(source) == "utf-8-sig" else None
    try:
        with open_bytes(source) as raw:
            for piece in _read_pieces(raw):
                n_quotes, n_bytes = n_quotes + piece.count(quote), n_bytes + len(piece)
                check_unpacked(source, n_bytes)
                if decode is not None:
                    decode(piece)
            if decode is not None:
                decode(b"", True)
    except UnicodeDecodeError:
        _refuse_encoding(source)
    except DAMAGE as error:
        raise UnreadableTableError(describe_damage(source, error)) from error
    if n_quotes % 2:
        for last in deque(walk_csv(source, with_header=True), maxlen=1):
            if _is_open(source, last):
                raise UnreadableTableError(f"{source.name}: line {last.line} opens a quote that is never closed")


def _is_open(source: Source, record: Record) -> bool:
    """Whether a file's last row ends inside a quote, which ``csv`` tells only when it is strict."""
    with open_bytes(source) as raw, io.TextIOWrapper(raw, _codec(source), "replace", newline="") as text:
        lines = [line for number, line in enumerate(text, 1) if number >= record.line]
    try:
        list(csv.reader(lines, strict=True, **_dialect(source)))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False
