"""The data contract: read a folder's tables, map their columns, check every row, set bad ones aside.

Everything downstream may rely on what :func:`read_folder` returns: canonical columns in a fixed
order and type, ids exactly as written, times as UTC instants, no row that breaks the contract.
A check works on whole columns; only rows that fail one are looked at singly.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import json
import logging
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graph.errors import (
    ConfigError,
    DataError,
    MissingColumnError,
    MissingTableError,
    TooManyRejectsError,
    UnreadableTableError,
)
from graph.progress import Progress, no_progress
from graph.settings import Settings, TableSettings, nearest_hint

log = logging.getLogger("ringfence.tables")

Ints = NDArray[np.int64]
Kind = Literal["id", "code", "text", "number", "rating", "time", "attributes"]

MAX_ID_BYTES = 1024
MAX_TEXT_BYTES = 1024 * 1024
FIRST_TIME, LAST_TIME = np.datetime64("1900-01-01", "us"), np.datetime64("2200-01-01", "us")
SUFFIXES = (".csv", ".csv.gz", ".parquet")
BLOCK_BYTES = (8 << 20, 128 << 20, (1 << 31) - 1)  # the larger ones for a cell that fills a block


@dataclass(frozen=True)
class Column:
    """One column of the contract; ``code`` is a word of a small vocabulary, kept in lower case."""

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()


CONTRACT: dict[str, tuple[Column, ...]] = {
    "accounts": (
        Column("account_id", "id", required=True),
        Column("created_at", "time"),
        Column("role", "code", choices=("buyer", "seller", "both")),
        Column("segment", "text"),
        Column("status", "code"),
        Column("attributes", "attributes"),
    ),
    "orders": (
        Column("order_id", "id", required=True),
        Column("buyer_id", "id", required=True),
        Column("seller_id", "id"),
        Column("product_id", "id"),
        Column("amount", "number"),
        Column("currency", "text"),
        Column("ordered_at", "time"),
        Column("status", "code"),
    ),
    "devices": (
        Column("account_id", "id", required=True),
        Column("device_id", "id", required=True),
        Column("seen_at", "time"),
    ),
    "addresses": (
        Column("account_id", "id", required=True),
        Column("address", "id"),
        Column("address_id", "id"),
        Column("kind", "code"),
        Column("seen_at", "time"),
    ),
    "identifiers": (
        Column("account_id", "id", required=True),
        Column("kind", "code", required=True),
        Column("value", "id", required=True),
        Column("seen_at", "time"),
    ),
    "listings": (
        Column("product_id", "id", required=True),
        Column("seller_id", "id", required=True),
        Column("listed_at", "time"),
        Column("price", "number"),
    ),
    "reviews": (
        Column("review_id", "id", required=True),
        Column("account_id", "id", required=True),
        Column("product_id", "id"),
        Column("seller_id", "id"),
        Column("rating", "rating"),
        Column("reviewed_at", "time"),
        Column("text", "text"),
    ),
    "referrals": (
        Column("account_id", "id", required=True),
        Column("referred_by", "id", required=True),
    ),
    "labels": (
        Column("account_id", "id", required=True),
        Column("label", "code", required=True, choices=("fraud", "legit")),
        Column("decided_at", "time"),
        Column("source", "text"),
    ),
}
"""What Ringfence reads, table by table."""

_KEYS = {"accounts": "account_id", "orders": "order_id", "listings": "product_id", "reviews": "review_id"}
_EITHER = {"addresses": ("address", "address_id"), "reviews": ("product_id", "seller_id")}
_APART = {
    "orders": ("buyer_id", "seller_id", "an order to oneself"),
    "referrals": ("account_id", "referred_by", "a referral of oneself"),
}


@dataclass(frozen=True)
class Rejects:
    """Rows that break the contract, by line.

    ``line`` (K,) is the 1-based line of the file on which the row starts (for Parquet, the row's
    number); ``reason`` (K,) says what is wrong; ``row`` (K,) is the row as written (for Parquet, as
    JSON), with very long cells cut.
    """

    line: Ints
    reason: tuple[str, ...]
    row: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.reason)


@dataclass(frozen=True)
class _Source:
    """A table's file and how it is written."""

    name: str
    path: Path
    settings: TableSettings

    @property
    def is_parquet(self) -> bool:
        return self.path.suffix.lower() in (".parquet", ".pq")

    @property
    def is_gzip(self) -> bool:
        return self.path.suffix.lower() == ".gz"


@dataclass(frozen=True)
class _Origin:
    """Which rows of the file (M,) a table's rows were; rows with a wrong number of cells do not count."""

    source: _Source
    n_columns: int
    position: Ints


@dataclass(frozen=True)
class CheckedTable:
    """One table after the check: ``n_read == rows.num_rows + len(rejects) + n_repeated``.

    Attributes
    ----------
    name, path
        The table of the contract and the file it was read from.
    rows
        Canonical columns: ids and words ``string``, times ``timestamp[us]`` in UTC, numbers
        ``float64``; absent columns are there, all null.  ``addresses`` has ``address`` and a bool
        ``is_id``, true where it is an opaque ``address_id`` whose spelling must not be touched.
    rejects
        The rows set aside.
    n_read, n_repeated
        Rows in the file; rows that repeat an earlier one in every canonical column.
    silent
        Optional columns that are absent or empty: what needs them falls silent.
    """

    name: str
    path: Path
    rows: pa.Table
    rejects: Rejects
    n_read: int
    silent: tuple[str, ...]
    n_repeated: int = 0
    _origin: _Origin | None = field(default=None, repr=False, compare=False)

    def reject(self, rows: Ints, reasons: Sequence[str]) -> CheckedTable:
        """Set further rows aside, those that contradict what a store already holds.

        Parameters
        ----------
        rows
            (K,) positions in ``rows``, each once.
        reasons
            (K,) what is wrong with each.
        """
        origin = self._origin
        at = np.asarray(rows, dtype=np.int64) if origin is None else origin.position[rows]
        if origin is None:  # built by hand: there is no file to look into
            written = dict(zip(at.tolist(), map(_as_json, self.rows.take(pa.array(at)).to_pylist()), strict=True))
            found = _Found({row: row + 1 for row in at.tolist()}, written)
        else:
            found = _locate(origin.source, set(at.tolist()), width=origin.n_columns)
        keep = np.ones(self.rows.num_rows, dtype=bool)
        keep[rows] = False
        further = [(found.line[row], why, found.row[row]) for row, why in zip(at.tolist(), reasons, strict=True)]
        before = zip(self.rejects.line.tolist(), self.rejects.reason, self.rejects.row, strict=True)
        kept = origin and replace(origin, position=origin.position[keep])
        rejects = _sort_rejects([*before, *further])
        return replace(self, rows=self.rows.filter(pa.array(keep)), rejects=rejects, _origin=kept)


@dataclass(frozen=True)
class _Cells:
    """The wanted columns (by file column) of the rows that have the right number of cells."""

    columns: dict[str, Any]
    n_rows: int
    n_ragged: int = 0


@dataclass
class _Faults:
    """The first thing wrong with each bad row; ``earlier`` is the row that it contradicts."""

    reason: dict[int, str] = field(default_factory=dict)
    earlier: dict[int, int] = field(default_factory=dict)

    def add(self, rows: Iterable[int], reasons: Iterable[str]) -> None:
        for row, reason in zip(rows, reasons, strict=True):
            self.reason.setdefault(int(row), reason)


# ── the public functions ──────────────────────────────────────────────────────────────────────────


def read_folder(folder: Path, settings: Settings, *, progress: Progress = no_progress) -> dict[str, CheckedTable]:
    """Read and check every table of the contract that a folder holds.

    Parameters
    ----------
    folder
        Holds one file per table: ``NAME.csv``, ``NAME.csv.gz``, ``NAME.parquet``, or the file that
        ``settings.tables`` names.
    settings
        Files, columns and encodings of the tables.
    progress
        Called after each table with ``"read NAME"`` and its rows, twice.

    Returns
    -------
    dict
        Checked tables in the contract's order; ``accounts`` is always there.

    Raises
    ------
    MissingTableError
        If the folder, ``accounts`` or a file that the settings name is not there.
    MissingColumnError
        If a required or mapped column is not there.
    UnreadableTableError
        If a file is empty, damaged, or in another encoding or format than it should be.
    DataError
        If two files claim the same table, or a header the same name twice.
    ConfigError
        If the settings map a table or column that the contract does not know.
    """
    _refuse_unknown_mapping(settings)
    tables: dict[str, CheckedTable] = {}
    for source in _find_sources(folder, settings):
        table = _check_table(source)
        tables[source.name] = table
        progress(f"read {source.name}", table.n_read, table.n_read)
    return tables


def check_reject_share(tables: Mapping[str, CheckedTable], settings: Settings) -> None:
    """Stop a load whose tables have too many bad rows.

    Raises
    ------
    TooManyRejectsError
        If any table's share of rejects is above ``load.max_reject_share``.
    """
    limit = settings.load.max_reject_share
    for table in tables.values():
        n_bad = len(table.rejects)
        if n_bad > limit * table.n_read:
            raise TooManyRejectsError(
                f"{table.path.name}: {n_bad:,} of {table.n_read:,} rows break the contract, more than the"
                f" {limit:.3g} that load.max_reject_share allows; the first is"
                f" {_place(table.path)} {table.rejects.line[0]}: {table.rejects.reason[0]}"
            )


def write_rejects(tables: Mapping[str, CheckedTable], path: Path) -> None:
    """Write all rejects as one CSV file: table, file, line, reason, row.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("table", "file", "line", "reason", "row"))
            for name, table in tables.items():
                found = zip(table.rejects.line.tolist(), table.rejects.reason, table.rejects.row, strict=True)
                writer.writerows((name, table.path.name, line, reason, row) for line, reason, row in found)
    except OSError as error:
        raise DataError(f"{path}: the reject file cannot be written: {error.strerror}") from error


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def _refuse_unknown_mapping(settings: Settings) -> None:
    for name, table in settings.tables.items():
        if name not in CONTRACT:
            raise ConfigError(f"ringfence.toml: no table 'tables.{name}'{nearest_hint(name, CONTRACT)}")
        known = [column.name for column in CONTRACT[name] if column.kind != "attributes"]
        for column in table.columns:
            if column not in known:
                hint = nearest_hint(column, known)
                raise ConfigError(f"ringfence.toml: no column 'tables.{name}.columns.{column}'{hint}")
        if table.attributes and name != "accounts":
            raise ConfigError(f"ringfence.toml: 'tables.{name}.attributes': only accounts keep further columns")


def _find_sources(folder: Path, settings: Settings) -> list[_Source]:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except NotADirectoryError:
        raise MissingTableError(f"{folder} is a file; give the folder that holds accounts.csv") from None
    except FileNotFoundError:
        raise MissingTableError(f"{folder}: no such folder") from None
    except OSError as error:
        raise UnreadableTableError(f"{folder}: cannot be read: {error.strerror}") from error
    found = [_find_source(folder, name, names, settings) for name in CONTRACT]
    sources = [source for source in found if source is not None]
    if not sources or sources[0].name != "accounts":
        raise MissingTableError(_no_accounts(folder, names))
    _warn_of_near_misses(names, {source.name for source in sources})
    return sources


def _find_source(folder: Path, name: str, names: Sequence[str], settings: Settings) -> _Source | None:
    table = settings.tables.get(name, TableSettings())
    if table.file is not None:
        path = folder / table.file
        if not path.exists():
            raise MissingTableError(f"{path}: no such file, but ringfence.toml names it as tables.{name}.file")
        return _Source(name, path, table)
    files = [file for file in names if file.lower() in {name + suffix for suffix in SUFFIXES}]
    if len(files) > 1:
        raise DataError(f"{folder}: {' and '.join(files)} are both the table {name!r}; keep one of them")
    return _Source(name, folder / files[0], table) if files else None


def _no_accounts(folder: Path, names: Sequence[str]) -> str:
    listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "") if names else "nothing"
    near = difflib.get_close_matches("accounts", [name.split(".")[0] for name in names], n=1, cutoff=0.5)
    chosen = next((name for name in names if near and name.split(".")[0] == near[0]), None)
    hint = f"; name the file in ringfence.toml: [tables.accounts] file = {chosen!r}" if chosen else ""
    return f"{folder}: no accounts.csv, accounts.csv.gz or accounts.parquet; the folder holds {listed}{hint}"


def _warn_of_near_misses(names: Sequence[str], present: set[str]) -> None:
    """A file called order.csv would otherwise be passed over without a word."""
    missing = [name for name in CONTRACT if name not in present]
    for file in names:
        stem, _, suffix = file.partition(".")
        if stem not in present and f".{suffix}" in SUFFIXES:
            near = difflib.get_close_matches(stem.lower(), missing, n=1, cutoff=0.75)
            if near:
                log.warning("%s is not read: did you mean %s.%s?", file, near[0], suffix)


def _place(path: Path) -> str:
    return "row" if path.suffix.lower() in (".parquet", ".pq") else "line"


# ── one table ─────────────────────────────────────────────────────────────────────────────────────


def _check_table(source: _Source) -> CheckedTable:
    header = _read_header(source)
    picked = _pick_columns(source, header)
    wanted = dict.fromkeys((*picked.values(), *source.settings.attributes))
    cells = _read_parquet(source, list(wanted)) if source.is_parquet else _read_csv(source, header, list(wanted))
    faults = _Faults()
    rows = pa.table(_check_columns(source, cells, picked, faults))
    _check_relations(source.name, rows, faults)
    keep = np.ones(cells.n_rows, dtype=bool)
    keep[list(faults.reason)] = False
    n_repeated = _drop_repeats(source.name, rows, keep, faults)
    rejects = _collect_rejects(source, header, cells.n_ragged, faults)
    rows = rows if keep.all() else rows.filter(pa.array(keep))
    rows = _merge_addresses(rows) if source.name == "addresses" else rows
    silent = _find_silent(source.name, rows)
    origin = _Origin(source, len(header), np.flatnonzero(keep))
    return CheckedTable(
        source.name, source.path, rows, rejects, cells.n_rows + cells.n_ragged, silent, n_repeated, _origin=origin
    )


def _pick_columns(source: _Source, header: Sequence[str]) -> dict[str, str]:
    """Contract column to file column, for the columns that are there."""
    mapped = source.settings.columns
    picked = {}
    for column in CONTRACT[source.name]:
        file_column = mapped.get(column.name, column.name)
        if column.kind != "attributes" and file_column in header:
            picked[column.name] = file_column
        elif column.required or column.name in mapped:
            _refuse_missing(source, header, column.name, file_column)
    either = _EITHER.get(source.name, ())
    if either and not any(name in picked for name in either):
        _refuse_missing(source, header, " or ".join(either), either[0])
    for name in source.settings.attributes:
        if name not in header:
            _refuse_missing(source, header, f"attribute {name}", name)
    return picked


def _refuse_missing(source: _Source, header: Sequence[str], what: str, file_column: str) -> NoReturn:
    shown = ", ".join(map(_quote, header[:20])) + (", …" if len(header) > 20 else "")
    near = difflib.get_close_matches(file_column, header, n=1, cutoff=0.5)
    hint = f"did you mean {_quote(near[0])}? " if near else ""
    told = "" if file_column in what else f" (which ringfence.toml calls {file_column!r})"
    mapping = f'say which it is in ringfence.toml: [tables.{source.name}.columns] {what.split(maxsplit=1)[0]} = "…"'
    if len(header) == 1 and (other := re.search(r"[;\t|]", header[0])):
        mapping = f"the cells seem to be split by {other[0]!r}: set tables.{source.name}.delimiter in ringfence.toml"
    raise MissingColumnError(f"{source.path.name} has no column {what}{told}; it has {shown}; {hint}{mapping}")


def _check_columns(source: _Source, cells: _Cells, picked: Mapping[str, str], faults: _Faults) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for column in CONTRACT[source.name]:
        if column.kind == "attributes":
            arrays[column.name] = _pack_attributes(source, cells, faults)
        elif column.name not in picked:
            arrays[column.name] = pa.nulls(cells.n_rows, _arrow_type(column))
        else:
            raw = cells.columns[picked[column.name]]
            arrays[column.name] = _check_column(source, column, raw, faults)
    return arrays


def _check_column(source: _Source, column: Column, raw: Any, faults: _Faults) -> Any:
    match column.kind:
        case "number" | "rating":
            return _check_numbers(source, column, raw, faults)
        case "time":
            return _check_times(source, column.name, raw, faults)
        case "code":
            return _check_codes(column, _as_text(source, column.name, raw, faults), faults)
        case "id":
            return _check_ids(column, _as_text(source, column.name, raw, faults), faults)
        case _:
            text = _as_text(source, column.name, raw, faults)
            _check_size(column.name, text, MAX_TEXT_BYTES, faults)
            return text


def _arrow_type(column: Column) -> Any:
    return {"number": pa.float64(), "rating": pa.float64(), "time": pa.timestamp("us")}.get(column.kind, pa.string())


def _find_silent(name: str, rows: pa.Table) -> tuple[str, ...]:
    required = {column.name for column in CONTRACT[name] if column.required}
    optional = [column for column in rows.column_names if column not in required]
    return tuple(column for column in optional if rows[column].null_count == rows.num_rows)


def _merge_addresses(rows: pa.Table) -> pa.Table:
    """One ``address`` column: the free text where there is one, else the id, told apart by ``is_id``."""
    address = pc.coalesce(rows["address"], rows["address_id"])
    merged = rows.drop_columns(["address_id"]).set_column(1, "address", address)
    return merged.append_column("is_id", pc.is_null(rows["address"]))


# ── checks of columns ─────────────────────────────────────────────────────────────────────────────


def _rows_where(mask: Any) -> Ints:
    return np.flatnonzero(pc.fill_null(mask, False).to_numpy())


def _quote(value: object, limit: int = 60) -> str:
    text = str(value)
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def _fault_values(values: Any, rows: Ints, template: str, faults: _Faults) -> None:
    """Add ``template`` with ``{}`` replaced by the quoted value of each bad row."""
    found = values.take(pa.array(rows)).to_pylist() if len(rows) else []
    faults.add(rows.tolist(), (template.replace("{}", _quote(value)) for value in found))


def _as_text(source: _Source, name: str, raw: Any, faults: _Faults) -> Any:
    """A column of any physical type as strings, null where empty."""
    if pa.types.is_nested(raw.type):
        raise DataError(f"{source.path.name}: column {name} holds {raw.type}, not single values")
    if pa.types.is_floating(raw.type):
        return _whole_numbers_as_text(name, raw, faults)
    try:
        text = raw.cast(pa.string())
        if not source.is_parquet:
            return text  # empty cells are null and the encoding is checked already
        text.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UnreadableTableError(f"{source.path.name}: column {name} ({raw.type}) is not text: {error}") from error
    empty = pc.equal(text, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def _whole_numbers_as_text(name: str, raw: Any, faults: _Faults) -> Any:
    """Ids that a float column holds, as happens to whole numbers with gaps: 7.0 is '7', 7.5 is no id."""
    values = raw.cast(pa.float64()).to_numpy()
    missing = np.isnan(values)
    with np.errstate(invalid="ignore"):
        whole = (np.abs(values) < 2**53) & (values == np.floor(values))
    _fault_values(raw, np.flatnonzero(~whole & ~missing), f"{name} {{}} is a fraction or too long to be exact", faults)
    digits = pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole)
    return pa.chunked_array([digits.cast(pa.string())])


def _check_size(name: str, text: Any, limit: int, faults: _Faults) -> None:
    sizes = pc.binary_length(text)
    if (pc.max(sizes).as_py() or 0) > limit:
        long = _rows_where(pc.greater(sizes, limit))
        _fault_values(text, long, f"{name} {{}} is longer than {limit:,} bytes", faults)
    nul = _rows_where(pc.match_substring(text, "\0"))
    _fault_values(text, nul, f"{name} {{}} holds a NUL character, which no graph store keeps", faults)


def _check_required(column: Column, text: Any, faults: _Faults) -> None:
    if column.required and text.null_count:
        rows = _rows_where(pc.is_null(text))
        faults.add(rows.tolist(), (f"{column.name} is empty" for _ in rows))


def _check_ids(column: Column, text: Any, faults: _Faults) -> Any:
    _check_required(column, text, faults)
    _check_size(column.name, text, MAX_ID_BYTES, faults)
    return text


def _check_codes(column: Column, text: Any, faults: _Faults) -> Any:
    codes = pc.utf8_lower(pc.utf8_trim_whitespace(text))
    empty = pc.equal(codes, "")
    if pc.any(empty).as_py():
        codes = pc.if_else(empty, pa.scalar(None, pa.string()), codes)
    _check_required(column, codes, faults)
    _check_size(column.name, codes, MAX_ID_BYTES, faults)
    if column.choices:
        wrong = pc.and_(pc.is_valid(codes), pc.invert(pc.is_in(codes, pa.array(column.choices))))
        allowed = ", ".join(map(repr, column.choices[:-1])) + f" or {column.choices[-1]!r}"
        _fault_values(text, _rows_where(wrong), f"{column.name} {{}} is not {allowed}", faults)
    return codes


def _check_numbers(source: _Source, column: Column, raw: Any, faults: _Faults) -> Any:
    numbers, as_written = _parse_numbers(source, column.name, raw, faults)
    values = numbers.to_numpy()
    given = pc.is_valid(as_written).to_numpy()
    with np.errstate(invalid="ignore"):
        if column.kind == "rating":
            wrong, why = given & ~((values >= 1) & (values <= 5)), "is not a number from 1 to 5"
        else:
            wrong, why = given & ~np.isfinite(values), "is not a finite number"
    _fault_values(as_written, np.flatnonzero(wrong), f"{column.name} {{}} {why}", faults)
    if column.kind == "number":
        below = np.flatnonzero(given & (values < 0))
        _fault_values(as_written, below, f"{column.name} {{}}: {_article(column.name)} below zero", faults)
    return numbers


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _parse_numbers(source: _Source, name: str, raw: Any, faults: _Faults) -> tuple[Any, Any]:
    """The numbers, null where there is none, and the cells as written, null where empty."""
    if pa.types.is_floating(raw.type):
        numbers = raw.cast(pa.float64())
        numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
        return numbers, numbers
    if pa.types.is_integer(raw.type) or pa.types.is_decimal(raw.type):
        return raw.cast(pa.float64(), safe=False), raw
    text = _trimmed(_as_text(source, name, raw, faults))
    try:
        return text.cast(pa.float64()), text
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(text, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        return pc.if_else(plain, text, pa.scalar(None, pa.string())).cast(pa.float64()), text


def _trimmed(text: Any) -> Any:
    trimmed = pc.utf8_trim_whitespace(text)
    empty = pc.equal(trimmed, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), trimmed) if pc.any(empty).as_py() else trimmed


def _check_relations(name: str, rows: pa.Table, faults: _Faults) -> None:
    if name in _APART:
        one, other, why = _APART[name]
        same = _rows_where(pc.equal(rows[one], rows[other]))
        _fault_values(rows[one], same, f"{one} and {other} are both {{}}: {why}", faults)
    if name in _EITHER:
        one, other = _EITHER[name]
        neither = _rows_where(pc.and_(pc.is_null(rows[one]), pc.is_null(rows[other])))
        faults.add(neither.tolist(), (f"{one} and {other} are both empty" for _ in neither))


def _pack_attributes(source: _Source, cells: _Cells, faults: _Faults) -> Any:
    """The further columns as one JSON object a row, all values text; null where all are empty."""
    columns = {}
    for name in source.settings.attributes:
        raw = cells.columns[name]
        raw = raw.cast(pa.string()) if pa.types.is_floating(raw.type) else raw
        text = _as_text(source, name, raw, faults)
        _check_size(name, text, MAX_TEXT_BYTES, faults)
        columns[name] = text
    if not columns:
        return pa.nulls(cells.n_rows, pa.string())
    rows = zip(*(column.to_pylist() for column in columns.values()), strict=True)
    given = ({k: v for k, v in zip(columns, row, strict=True) if v is not None} for row in rows)
    encoder = json.JSONEncoder(ensure_ascii=False)
    return pa.chunked_array([pa.array((encoder.encode(row) if row else None for row in given), pa.string())])


# ── times ─────────────────────────────────────────────────────────────────────────────────────────


def _check_times(source: _Source, name: str, raw: Any, faults: _Faults) -> Any:
    if pa.types.is_temporal(raw.type) and not pa.types.is_time(raw.type):
        instants = _from_temporal(raw)
        given = as_written = raw
    elif pa.types.is_floating(raw.type):
        given = as_written = pc.if_else(pc.is_nan(raw), pa.scalar(None, raw.type), raw)
        instants = _from_seconds(given.cast(pa.float64()).to_numpy())
    else:
        given = as_written = _trimmed(_as_text(source, name, raw, faults))
        instants = _from_text(as_written)
    with np.errstate(invalid="ignore"):
        fine = (instants >= FIRST_TIME) & (instants < LAST_TIME)
    wrong = np.flatnonzero(pc.is_valid(given).to_numpy() & ~fine)
    found = as_written.take(pa.array(wrong)).to_pylist() if len(wrong) else []
    faults.add(wrong.tolist(), (_why_no_time(name, value) for value in found))
    instants[~fine] = np.datetime64("NaT")
    return pa.chunked_array([pa.array(instants, pa.timestamp("us"))])


def _from_temporal(raw: Any) -> NDArray[np.datetime64]:
    whole = raw.cast(pa.timestamp("us", getattr(raw.type, "tz", None)), safe=False)
    return np.array(whole.cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")


def _from_seconds(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Unix seconds as instants; NaT where not a number or out of all reason."""
    sane = np.abs(seconds) < 1e11
    micros = np.round(np.where(sane, seconds, 0.0) * 1e6).astype(np.int64)
    instants = micros.astype("datetime64[us]")
    instants[~sane] = np.datetime64("NaT")
    return instants


def _from_text(text: Any) -> NDArray[np.datetime64]:
    """ISO 8601 or Unix seconds as instants; NaT where neither.

    Eight digits that make a date (``20240131``) are ISO 8601's basic form, not a day of 1970.
    """
    try:  # every cell a full time with its zone: the common case, ten times as fast
        return np.array(text.cast(pa.timestamp("us", "UTC")).to_numpy(), dtype="datetime64[us]")
    except pa.ArrowInvalid:
        pass
    digits = pc.match_substring_regex(text, r"^-?\d+(\.\d*)?$")
    dates = pc.match_substring_regex(text, r"^(19|2[01])\d\d((0\d|1[0-2])[0-3]\d)?$")
    nothing = pa.scalar(None, pa.string())
    seconds = pc.if_else(pc.and_not(digits, dates), text, nothing).cast(pa.float64()).to_numpy()
    instants = _from_seconds(seconds)
    # pandas also understands "now" and "today"; a bare year is as likely a number of seconds
    iso = pc.match_substring_regex(text, r"^\d{4}-\d|^\d{8}([T ]|$)")
    is_iso = pc.fill_null(pc.and_not(iso, pc.and_not(digits, dates)), False).to_numpy()
    cells = pc.if_else(pa.array(is_iso), text, nothing).to_pandas()
    parsed = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
    micros = parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return np.where(is_iso, micros, instants)


def _why_no_time(name: str, value: object) -> str:
    shown = f"{name} {_quote(value)}"
    dated = re.match(r"(\d{4,})-\d", str(value))
    if dated and not 1900 <= int(dated[1]) <= 2199:
        return f"{shown} looks like a placeholder: leave the cell empty"
    if re.fullmatch(r"\d{13}(\.0*)?", str(value)):
        return f"{shown} looks like milliseconds: Unix times are in seconds"
    return f"{shown} is not an ISO 8601 time or Unix seconds"


# ── repeats and contradictions ────────────────────────────────────────────────────────────────────


def _drop_repeats(name: str, rows: pa.Table, keep: NDArray[np.bool_], faults: _Faults) -> int:
    """Clear ``keep`` for rows that repeat an earlier one, fault those that contradict it; count the former."""
    key = _KEYS.get(name)
    good = np.flatnonzero(keep)
    columns = [rows[key]] if key else rows.columns
    first = good[_find_first([column if len(good) == len(keep) else column.take(pa.array(good)) for column in columns])]
    again = first != good
    later, earlier = good[again], first[again]
    keep[later] = False
    if not key or not len(later):
        return len(later)
    differs = _fault_contradictions(key, rows, later, earlier, faults)
    return len(later) - differs


def _find_first(columns: Sequence[Any]) -> Ints:
    """For each row (N,), the position of the first row that is equal to it in all columns."""
    groups = _codes(columns[0])
    for column in columns[1:]:
        codes = _codes(column)
        groups = pd.factorize(groups * (codes.max(initial=0) + 1) + codes)[0].astype(np.int64)
    positions = np.arange(len(groups))
    first = np.empty(groups.max(initial=-1) + 1, dtype=np.int64)
    first[groups[::-1]] = positions[::-1]
    answer: Ints = first[groups]
    return answer


def _codes(column: Any) -> Ints:
    """Number the distinct values (N,) from 0, null among them."""
    if not pa.types.is_string(column.type):
        numbered: Ints = pd.factorize(column.to_numpy(), use_na_sentinel=False)[0].astype(np.int64)
        return numbered
    if not len(column):
        return np.empty(0, dtype=np.int64)
    encoded = pc.dictionary_encode(column, null_encoding="encode").unify_dictionaries()
    codes: Ints = encoded.combine_chunks().indices.to_numpy().astype(np.int64)
    return codes


def _fault_contradictions(key: str, rows: pa.Table, later: Ints, earlier: Ints, faults: _Faults) -> int:
    """Fault the later rows that differ from the earlier one; return how many do."""
    at_fault: dict[int, str] = {}
    keys = rows[key].take(pa.array(later)).to_pylist()
    for name in rows.column_names:
        was, now = rows[name].take(pa.array(earlier)), rows[name].take(pa.array(later))
        both_null = pc.and_(pc.is_null(was), pc.is_null(now))
        same = pc.or_(pc.fill_null(pc.equal(was, now), False), both_null).to_numpy()
        for position in np.flatnonzero(~same).tolist():
            before = was[position].as_py()
            given = f"without {name}" if before is None else f"{name} {_quote(before)}"
            row = int(later[position])
            at_fault.setdefault(row, f"{key} {_quote(keys[position])} was already given {given}")
            faults.earlier[row] = int(earlier[position])
    faults.add(at_fault, at_fault.values())
    return len(at_fault)


# ── rejects and where they stand ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Found:
    """Where rows stand: line by row, the row as written, and the lines with a wrong number of cells."""

    line: dict[int, int]
    row: dict[int, str]
    ragged: tuple[tuple[int, str, str], ...] = ()


def _collect_rejects(source: _Source, header: Sequence[str], n_ragged: int, faults: _Faults) -> Rejects:
    if not faults.reason and not n_ragged:
        return Rejects(np.empty(0, np.int64), (), ())
    wanted = set(faults.reason) | set(faults.earlier.values())
    found = _locate(source, wanted, width=len(header), n_ragged=n_ragged)
    place = _place(source.path)
    bad = list(found.ragged)
    for row, reason in faults.reason.items():
        earlier = f", on {place} {found.line[faults.earlier[row]]}" if row in faults.earlier else ""
        bad.append((found.line[row], reason + earlier, found.row[row]))
    return _sort_rejects(bad)


def _sort_rejects(rejects: Iterable[tuple[int, str, str]]) -> Rejects:
    by_line = sorted(rejects, key=lambda reject: reject[0])
    lines = np.array([line for line, _, _ in by_line], dtype=np.int64)
    return Rejects(lines, tuple(reason for _, reason, _ in by_line), tuple(row for _, _, row in by_line))


def _locate(source: _Source, wanted: set[int], *, width: int, n_ragged: int = 0) -> _Found:
    """Find rows, counted from 0, in a table's file."""
    if source.is_parquet:
        return _find_in_parquet(source, wanted)
    return _find_in_csv(source, wanted, width, n_ragged)


def _find_in_parquet(source: _Source, wanted: set[int]) -> _Found:
    rows: dict[int, str] = {}
    start = 0
    with pq.ParquetFile(source.path) as file:
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            here = sorted(row for row in wanted if start <= row < start + n_rows)
            if here:
                records = _without_views(file.read_row_group(group)).take(pa.array(np.array(here) - start)).to_pylist()
                rows.update(zip(here, map(_as_json, records), strict=True))
            start += n_rows
    return _Found({row: row + 1 for row in wanted}, rows)


def _without_views(table: pa.Table) -> pa.Table:
    """Arrow cannot take rows of its string views yet."""
    types = [pa.string() if pa.types.is_string_view(column.type) else column.type for column in table.schema]
    return table.cast(pa.schema(list(zip(table.column_names, types, strict=True))))


def _as_json(record: Mapping[str, object]) -> str:
    plain = {k: v if v is None or isinstance(v, (bool, int, float)) else _cut(str(v)) for k, v in record.items()}
    return json.dumps(plain, ensure_ascii=False)


def _cut(cell: str, limit: int = 1000) -> str:
    return cell if len(cell) <= limit else cell[:limit] + "…"


def _find_in_csv(source: _Source, wanted: set[int], width: int, n_ragged: int) -> _Found:
    """Walk the file once, only as far as the last row that is asked for."""
    found = _Found({}, {})
    ragged: list[tuple[int, str, str]] = []
    row, last = 0, max(wanted, default=-1)
    for record in _walk_csv(source):
        if row > last and len(ragged) == n_ragged:
            break
        if len(record.cells) != width:
            why = f"{len(record.cells):,} cells where the header has {width:,}"
            ragged.append((record.line, why, _as_csv(record.cells, source.settings.delimiter)))
            continue
        if row in wanted:
            found.line[row] = record.line
            found.row[row] = _as_csv(record.cells, source.settings.delimiter)
        row += 1
    return _Found(found.line, found.row, tuple(ragged))


def _as_csv(cells: Sequence[str], delimiter: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerow([_cut(cell) for cell in cells])
    return buffer.getvalue().removesuffix("\n")


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Record:
    """A row of a CSV file: the lines (1-based) on which it starts and ends, and its cells."""

    line: int
    last_line: int
    cells: list[str]


def _codec(source: _Source) -> str:
    utf8 = source.settings.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    return "utf-8-sig" if utf8 else source.settings.encoding


def _open_bytes(source: _Source) -> Any:
    return gzip.open(source.path, "rb") if source.is_gzip else source.path.open("rb")


def _walk_csv(source: _Source, *, with_header: bool = False) -> Iterator[_Record]:
    """Yield the rows that are not blank; what cannot be decoded shows as U+FFFD."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        with (
            _open_bytes(source) as raw,
            io.TextIOWrapper(raw, encoding=_codec(source), errors="replace", newline="") as text,
        ):
            reader = csv.reader(text, delimiter=source.settings.delimiter)
            before, seen_header = 0, with_header
            for cells in reader:
                if cells and seen_header:
                    yield _Record(before + 1, reader.line_num, cells)
                seen_header = seen_header or bool(cells)
                before = reader.line_num
    finally:
        csv.field_size_limit(limit)


def _read_header(source: _Source) -> tuple[str, ...]:
    """The file's column names, white space around them dropped."""
    try:
        if source.path.is_dir():
            raise UnreadableTableError(f"{source.path.name} is a folder; a table is one file")
        if source.path.stat().st_size == 0:
            raise UnreadableTableError(f"{source.path.name} is empty: not even a header")
        header = _read_parquet_names(source) if source.is_parquet else _read_csv_names(source)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        if isinstance(error, UnreadableTableError):
            raise
        raise UnreadableTableError(_damaged(source, error)) from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{source.path.name}: the header names {_quote(twice[0])} twice; rename one of them")
    return header


def _damaged(source: _Source, error: Exception) -> str:
    kind = "Parquet" if source.is_parquet else "gzip" if source.is_gzip else "CSV"
    reason = str(getattr(error, "strerror", None) or error).split("\n")[0]
    return f"{source.path.name} is not a readable {kind} file, or was cut short: {reason}"


def _read_csv_names(source: _Source) -> tuple[str, ...]:
    record = next(_walk_csv(source, with_header=True), None)
    if record is None:
        raise UnreadableTableError(f"{source.path.name} is empty: not even a header")
    if any("\ufffd" in cell or "\0" in cell for cell in record.cells):
        _refuse_encoding(source)
    return tuple(name.strip() for name in record.cells)


def _read_csv(source: _Source, header: Sequence[str], wanted: Sequence[str]) -> _Cells:
    _refuse_open_quote(source)
    first = next(_walk_csv(source, with_header=True)).last_line
    for block_bytes in BLOCK_BYTES:
        try:
            return _read_csv_blocks(source, header, wanted, skip=first, block_bytes=block_bytes)
        except UnicodeDecodeError:
            _refuse_encoding(source)
        except (pa.ArrowInvalid, OSError, zlib.error) as error:
            if "UTF8" in str(error):
                _refuse_encoding(source)
            if "skip initial" in str(error):  # a header with no line end, and nothing after it
                return _Cells({name: pa.chunked_array([], pa.string()) for name in wanted}, 0)
            if "straddl" not in str(error):
                raise UnreadableTableError(_damaged(source, error)) from error
    raise UnreadableTableError(f"{source.path.name}: a row is longer than 2 GiB; is a quote left open?")


def _read_csv_blocks(
    source: _Source, header: Sequence[str], wanted: Sequence[str], *, skip: int, block_bytes: int
) -> _Cells:
    ragged: list[int] = []

    def count_ragged(row: Any) -> str:
        ragged.append(row.actual_columns)
        return "skip"

    names = [str(position) for position in range(len(header))]
    kept = {names[header.index(name)]: name for name in wanted}
    opened = pa.OSFile(str(source.path))
    table = arrow_csv.read_csv(
        pa.CompressedInputStream(opened, "gzip") if source.is_gzip else opened,
        read_options=arrow_csv.ReadOptions(
            column_names=names, skip_rows=skip, block_size=block_bytes, encoding=source.settings.encoding
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=source.settings.delimiter, newlines_in_values=True, invalid_row_handler=count_ragged
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(kept, pa.string()),
            include_columns=list(kept),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    columns = {name: table[position] for position, name in kept.items()}
    return _Cells(columns, table.num_rows, len(ragged))


def _refuse_encoding(source: _Source) -> NoReturn:
    """Find the first byte that is not of the encoding, and say where it is."""
    encoding = source.settings.encoding
    with _open_bytes(source) as raw:
        content = raw.read()
    hints = {b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text", b"\x1f\x8b": "gzip", b"PAR1": "Parquet"}
    kind = next((name for start, name in hints.items() if content.startswith(start)), None)
    looks = f" (it looks like {kind})" if kind else ""
    try:
        content.decode(encoding)
        where = "its header"
    except UnicodeDecodeError as error:
        where = f"line {content.count(10, 0, error.start) + 1}, byte {error.start + 1} of the file,"
    raise UnreadableTableError(
        f"{source.path.name}: {where} is not {encoding} text{looks}; save the file as UTF-8, or set"
        f" tables.{source.name}.encoding in ringfence.toml"
    )


def _refuse_open_quote(source: _Source) -> None:
    """A quote left open would swallow the rest of the file without a word.

    An odd number of quote characters is the cheap sign of it; only then is the file walked.
    """
    n_quotes = 0
    try:
        with _open_bytes(source) as raw:
            while block := raw.read(1 << 20):
                n_quotes += block.count(b'"')
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableTableError(_damaged(source, error)) from error
    if n_quotes % 2:
        for last in deque(_walk_csv(source, with_header=True), maxlen=1):
            if _is_open(source, last):
                raise UnreadableTableError(f"{source.path.name}: line {last.line} opens a quote that is never closed")


def _is_open(source: _Source, record: _Record) -> bool:
    with _open_bytes(source) as raw, io.TextIOWrapper(raw, encoding=_codec(source), newline="") as text:
        lines = [line for number, line in enumerate(text, 1) if number >= record.line]
    try:
        list(csv.reader(lines, delimiter=source.settings.delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


# ── Parquet ───────────────────────────────────────────────────────────────────────────────────────


def _read_parquet_names(source: _Source) -> tuple[str, ...]:
    with pq.ParquetFile(source.path) as file:
        return tuple(file.schema_arrow.names)


def _read_parquet(source: _Source, wanted: Sequence[str]) -> _Cells:
    try:
        with pq.ParquetFile(source.path) as file:
            table = file.read(columns=list(wanted))
    except (OSError, pa.ArrowException) as error:
        raise UnreadableTableError(_damaged(source, error)) from error
    columns = {name: _without_dictionary(table[name]) for name in wanted}
    return _Cells(columns, table.num_rows)


def _without_dictionary(column: Any) -> Any:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
