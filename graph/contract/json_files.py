"""JSON: a record on each line, or a list of records, read some at a time.

A record may hold records: what lies inside is a column too, called ``customer.id``.  Numbers stay as they are written,
whatever Python would make of them.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, NoReturn

import msgspec
import pyarrow as pa

from graph.arrow import blank_where, equals, join_pieces
from graph.contract.cells import FileCells, FoundRows, cut_cell, describe_damage
from graph.contract.json_lists import BEGINNING_BYTES, DEEPEST, measure_depth, scan_lists, split_list
from graph.contract.limits import check_row_bytes, check_rows, check_unpacked
from graph.contract.packed import DAMAGE, open_bytes
from graph.contract.sources import Source
from graph.errors import RingfenceError, UnreadableTableError
from graph.mapping import as_names

if TYPE_CHECKING:
    from graph.arrow import Cells

_ROWS_AT_ONCE = 1 << 14
_ROWS_FOR_NAMES = 10_000
_DEEPEST_NAME = 8
_PLACES_NAMED = 3
"""So many of the phones, or of other plain values, that a record lists are columns too."""
_DECODER = msgspec.json.Decoder(float_hook=str)
_NO_RECORD = 'is no record such as {"account_id": "A1"}'


class _Row(NamedTuple):
    """Where a record is, from 1; the record, or None; and the text to show of what is none."""

    place: int
    record: dict[str, Any] | None
    text: str = ""


def read_json_names(source: Source) -> tuple[str, ...]:
    """The names in the first records, and of the rest of the file as far as a mapped column is still to be found.

    Raises
    ------
    UnreadableTableError
        If there is no record.
    """
    names: dict[str, None] = {}
    mapped = {name for named in source.settings.columns.values() for name in as_names(named)}
    for number, row in enumerate(_walk(source)):
        if number >= _ROWS_FOR_NAMES and mapped <= names.keys():
            break
        if row.record is not None:
            names.update(dict.fromkeys(_list_names(row.record)))
    if not names:
        raise UnreadableTableError(f"{source.name} is empty: not one record")
    return tuple(names)


def read_json(source: Source, wanted: Sequence[str]) -> FileCells:
    """Read the wanted columns as text, null where a record has none; what is no record is only counted.

    Raises
    ------
    UnreadableTableError
        If the file is damaged, or not the JSON that it should be.
    TooLargeError
        If it has too many rows, or one that is too long.
    """
    pieces: dict[str, list[Cells]] = {name: [] for name in wanted}
    paths = {name: tuple(name.split(".")) for name in wanted}
    n_rows = n_bad = 0
    rows = _walk(source)
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        records = [row.record for row in batch if row.record is not None]
        n_rows, n_bad = n_rows + len(records), n_bad + len(batch) - len(records)
        check_rows(source, n_rows + n_bad)
        for name, path in paths.items():
            pieces[name].append(_as_column(source, name, _pick_all(records, name, path)))
    return FileCells({name: join_pieces(parts, pa.string()) for name, parts in pieces.items()}, n_rows, n_bad)


def sample_json(source: Source, names: Sequence[str], n_rows: int) -> dict[str, list[str | None]]:
    """The first records, column by column."""
    records = [row.record for row in islice(_walk(source), n_rows) if row.record is not None]
    return {name: [_as_text(value) for value in _pick_all(records, name, name.split("."))] for name in names}


def list_lists(source: Source) -> tuple[str, ...]:
    """Where in a document the lists are that may be lists of records."""
    with open_bytes(source) as raw:
        return tuple(dict.fromkeys(name for name, _ in scan_lists(_Counted(source, raw).read(BEGINNING_BYTES))))


def find_in_json(source: Source, wanted: set[int], n_bad: int) -> FoundRows:
    """Walk the file once, only as far as the last row that is asked for; see :func:`find_in_csv`."""
    found = FoundRows({}, {})
    bad: list[tuple[int, str, str]] = []
    number, last = 0, max(wanted, default=-1)
    for row in _walk(source):
        if number > last and len(bad) == n_bad:
            break
        if row.record is None:
            bad.append((row.place, _NO_RECORD, cut_cell(row.text)))
            continue
        if number in wanted:
            found.line[number] = row.place
            found.row[number] = cut_cell(row.text or _write(row.record), 4000)
        number += 1
    return FoundRows(found.line, found.row, tuple(bad))


def is_list_of_records(start: bytes) -> bool:
    """Whether a text that begins so is a list, or an object that holds one, and not a record on each line."""
    text = start.lstrip(codecs.BOM_UTF8).lstrip()
    first, _, rest = text.partition(b"\n")
    if not text.startswith(b"{"):
        return True
    try:
        msgspec.json.decode(first)
    except msgspec.DecodeError:
        return True
    return not rest.strip()


# ── records, one by one ───────────────────────────────────────────────────────────────────────────


def _walk(source: Source) -> Iterator[_Row]:
    try:
        with open_bytes(source) as raw:
            yield from _walk_lines(source, raw) if source.format == "jsonl" else _walk_list(source, raw)
    except UnicodeDecodeError as error:
        raise UnreadableTableError(
            f"{source.name} is not {source.encoding} text; set tables.{source.table.name}.encoding in ringfence.toml"
        ) from error
    except RingfenceError:
        raise
    except (*DAMAGE, ValueError) as error:
        raise UnreadableTableError(describe_damage(source, error)) from error


def _walk_lines(source: Source, raw: BinaryIO) -> Iterator[_Row]:
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    longest, n_bytes, place = source.limits.max_row_bytes, 0, 0
    with io.TextIOWrapper(raw, encoding) as text:
        while line := text.readline(longest + 1):
            place, n_bytes = place + 1, n_bytes + len(line)
            check_row_bytes(source, len(line))
            check_unpacked(source, n_bytes)
            if bare := line.strip():
                yield _Row(place, _decode(bare.encode()), bare)


def _decode(text: bytes) -> dict[str, Any] | None:
    """The record that a text is; None where it is none, or one that nests so deeply that it was made to do harm."""
    if text.count(b"[") + text.count(b"{") > DEEPEST and measure_depth(text) > DEEPEST:
        return None
    try:
        record = _DECODER.decode(text)
    except (ValueError, RecursionError):  # numbers of thousands of digits are no DecodeError
        return None
    return record if isinstance(record, dict) else None


def _walk_list(source: Source, raw: BinaryIO) -> Iterator[_Row]:
    counted = _Counted(source, raw)
    beginning = counted.read(BEGINNING_BYTES)
    wanted = source.settings.records or ""
    start = next((start for name, start in scan_lists(beginning) if name == wanted), None)
    if start is None:
        _refuse_no_list(source, [name for name, _ in scan_lists(beginning)])
    place = 0
    for element in split_list(counted, beginning, start):
        check_row_bytes(source, len(element))
        if place or element.strip():
            place += 1
            yield _Row(place, _decode(element), element.decode("utf-8", "replace").strip())


class _Counted:
    """Bytes in UTF-8 without a mark, refused where they are more than any table, or one record, may be."""

    def __init__(self, source: Source, raw: BinaryIO) -> None:
        recode = raw if source.encoding == "utf-8" else codecs.EncodedFile(raw, "utf-8", source.encoding)
        self._source, self._raw, self._n_bytes = source, recode, 0

    def read(self, size: int = -1, /) -> bytes:
        check_row_bytes(self._source, max(size - BEGINNING_BYTES, 0))  # as much as is left of a record is asked for
        piece = self._raw.read(size)
        if not self._n_bytes:
            piece = piece.removeprefix(codecs.BOM_UTF8)
        self._n_bytes += len(piece)
        check_unpacked(self._source, self._n_bytes)
        return piece


def _refuse_no_list(source: Source, found: Sequence[str]) -> NoReturn:
    """Say where the lists of the document are."""
    named = source.settings.records
    lists = ", ".join(f'"{each}"' for each in dict.fromkeys(found) if each) or "none"
    what = f"has no list called {named}" if named else "is not a list of records, but an object"
    raise UnreadableTableError(
        f"{source.name} {what}; its lists are {lists}: set tables.{source.table.name}.records in ringfence.toml"
    )


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────


def _list_names(record: Mapping[str, Any], inside: str = "", depth: int = 0) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, dict) and depth < _DEEPEST_NAME:
            yield from _list_names(value, f"{inside}{name}.", depth + 1)
        else:
            yield f"{inside}{name}"
        if isinstance(value, list) and value and depth < _DEEPEST_NAME:
            if isinstance(value[0], dict):
                yield from _list_names(value[0], f"{inside}{name}.0.", depth + 1)  # the first of a list has names too
            else:
                yield from (f"{inside}{name}.{place}" for place in range(min(len(value), _PLACES_NAMED)))


def _pick_all(records: Sequence[dict[str, Any]], name: str, path: Sequence[str]) -> list[Any]:
    if len(path) == 1:  # by far the most, and four times as fast
        return [record.get(name) for record in records]
    return [_pick(record, name, path) for record in records]


def _pick(record: Mapping[str, Any], name: str, path: Sequence[str]) -> Any:
    if name in record:
        return record[name]
    value: Any = record
    for step in path:
        if isinstance(value, list):
            value = value[int(step)] if step.isdecimal() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _write(value)


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _as_column(source: Source, name: str, values: list[Any]) -> Cells:
    try:
        try:
            texts = pa.array(values, pa.string())
            return blank_where(equals(texts, ""), texts)
        except (pa.ArrowTypeError, pa.ArrowInvalid):  # not all of them are texts already
            return pa.array(list(map(_as_text, values)), pa.string())
    except UnicodeEncodeError as error:
        raise UnreadableTableError(f"{source.name}: {name} holds half of a character: \\ud800 and its like") from error
