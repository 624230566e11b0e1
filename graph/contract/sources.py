"""Which file of a folder is which table, and how each is written."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from graph.contract.containers import list_members, list_sheets
from graph.contract.schema import CONTRACT, Table
from graph.errors import DataError, MissingTableError, UnreadableTableError
from graph.mapping import Format, TableSettings, as_names
from graph.settings import LoadSettings, Settings

log = logging.getLogger("ringfence.tables")

SUFFIXES = (".csv", ".csv.gz", ".parquet")
FURTHER_SUFFIXES = (
    *(".tsv", ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".xls", ".ods", ".pq", ".csv.zst", ".csv.bz2"),
    *(".csv.zip", ".zip", ".tsv.gz", ".jsonl.gz", ".ndjson.gz", ".json.gz", ".jsonl.zst", ".ndjson.zst", ".json.zst"),
)
"""Taken for a table where there is none of the first: a folder that was read before is read as before."""
_PACKINGS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2", ".zip": "zip"}
_FORMATS: dict[str, Format] = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), "sheet"),
    **dict.fromkeys((".tsv", ".tab"), "tsv"),
    ".json": "json",
}
_PLACES = {"csv": "line", "tsv": "line", "jsonl": "line", "json": "record", "sheet": "row", "parquet": "row"}


@dataclass(frozen=True)
class Source:
    """A table of the contract, a file that plays its part or some of it, how it is written, and how large it may be.

    ``member`` is the file inside of a zip archive, ``sheet`` the sheet of a workbook; ``folder`` is named where files
    of one name may lie in several.
    """

    table: Table
    path: Path
    settings: TableSettings
    limits: LoadSettings
    member: str | None = None
    sheet: str | None = None
    folder: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        inside = f"/{self.member}" if self.member is not None else ""
        sheet = f", sheet {self.sheet}" if self.sheet is not None else ""
        return f"{self.folder}{self.path.name}{inside}{sheet}"

    @property
    def place(self) -> str:
        """What its rows are counted in."""
        return _PLACES[self.format]

    @cached_property
    def format(self) -> Format:
        """What the file is, once it is unpacked."""
        return self.settings.format or find_format(self.member or self.path.name)

    @cached_property
    def packing(self) -> str | None:
        """How the file is compressed: ``gzip``, ``zstd``, ``bz2``, ``zip``, or not at all."""
        return find_packing(self.path)

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet."""
        return self.format == "parquet"

    @property
    def is_csv(self) -> bool:
        """Whether the file is CSV, whatever its cells are split by."""
        return self.format in ("csv", "tsv")

    @property
    def encoding(self) -> str:
        """The encoding of its text."""
        return self.settings.encoding or "utf-8"

    @property
    def delimiter(self) -> str:
        """What splits the cells of CSV."""
        return self.settings.delimiter or ("\t" if self.format == "tsv" else ",")


def find_packing(path: Path) -> str | None:
    """How a file of this name is compressed, or ``None``."""
    return _PACKINGS.get(path.suffix.lower())


def find_format(name: str) -> Format:
    """What a file of this name is; CSV where that says nothing.

    >>> find_format("orders.JSONL.gz"), find_format("payments.txt")
    ('jsonl', 'csv')
    """
    path = Path(name.lower())
    return _FORMATS.get((path.with_suffix("") if path.suffix in _PACKINGS else path).suffix, "csv")


def find_sources(folder: Path, settings: Settings) -> list[Source]:
    """Find the tables that a folder holds, in the contract's order, ``accounts`` first; a table may be several files.

    Raises
    ------
    MissingTableError
        If the folder, ``accounts`` or a file that the settings name is not there.
    UnreadableTableError
        If the folder cannot be read, or an archive or workbook that holds a table.
    DataError
        If two files claim the same table.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except NotADirectoryError:
        raise MissingTableError(f"{folder} is a file; give the folder that holds accounts.csv") from None
    except FileNotFoundError:
        raise MissingTableError(f"{folder}: no such folder") from None
    except OSError as error:
        raise UnreadableTableError(f"{folder}: cannot be read: {error.strerror}") from error
    sources = [
        source
        for table in CONTRACT.values()
        for part in settings.list_parts(table.name)
        for source in _find_part(folder, Source(table, folder, part, settings.load), names)
    ]
    if not sources or sources[0].table.name != "accounts":
        raise MissingTableError(_no_accounts(folder, names))
    _warn_of_near_misses(names, {source.table.name for source in sources})
    return sources


def name_place(path: Path) -> str:
    """What the rows of a file are counted in."""
    return _PLACES[find_format(path.name)]


def _find_part(folder: Path, part: Source, names: Sequence[str]) -> Iterator[Source]:
    """The files of one mapping, once for each column of identifiers that it names."""
    for path in list(_find_paths(folder, part, names)):
        inside = path.relative_to(folder).parent.as_posix() if "*" in str(part.settings.file) else "."
        where = msgspec.structs.replace(part.settings, kinds={})
        for member in list_members(path, where.member) if find_packing(path) == "zip" else [None]:
            one = Source(
                part.table, path, where, part.limits, member=member, folder="" if inside == "." else f"{inside}/"
            )
            for sheet in list_sheets(one.path, member, where.sheet, one.limits) if one.format == "sheet" else [None]:
                for mapped in _spread_kinds(part.settings):
                    yield Source(one.table, path, mapped, one.limits, member, sheet, one.folder)


def _spread_kinds(settings: TableSettings) -> Iterator[TableSettings]:
    if not settings.kinds:
        yield settings
    for kind, columns in settings.kinds.items():
        for column in as_names(columns):
            yield msgspec.structs.replace(
                settings,
                kinds={},
                columns={**settings.columns, "value": column},
                always={**settings.always, "kind": kind},
                skip_empty=(*settings.skip_empty, "value"),
            )


def _find_paths(folder: Path, part: Source, names: Sequence[str]) -> Iterator[Path]:
    name = part.table.name
    if part.settings.file is None:
        yield from _find_by_name(folder, name, names)
    for file in part.settings.list_files():
        if (folder / file).exists() or not any(mark in file for mark in "*?["):
            if not (folder / file).exists():
                raise MissingTableError(
                    f"{folder / file}: no such file, but ringfence.toml names it as tables.{name}.file"
                    f"{_say_other_folder(folder)}"
                )
            yield folder / file
            continue
        found = sorted(path for path in folder.glob(file) if path.is_file())
        if not found:
            raise MissingTableError(
                f"{folder}: no file is like {file}, which ringfence.toml names as tables.{name}.file"
                f"{_say_other_folder(folder)}"
            )
        yield from found


def _say_other_folder(folder: Path) -> str:
    """The way out where the settings are those of another folder."""
    return f"; if it is about another folder, write settings for this one: ringfence --config NAME.toml init {folder}"


def _find_by_name(folder: Path, name: str, names: Sequence[str]) -> Iterator[Path]:
    for suffixes in (SUFFIXES, FURTHER_SUFFIXES):
        files = [file for file in names if file.lower() in {name + suffix for suffix in suffixes}]
        if len(files) > 1:
            raise DataError(f"{folder}: {' and '.join(files)} are both the table {name!r}; keep one of them")
        if files:
            yield folder / files[0]
            return


def _no_accounts(folder: Path, names: Sequence[str]) -> str:
    listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "") if names else "nothing"
    near = difflib.get_close_matches("accounts", [name.split(".")[0] for name in names], n=1, cutoff=0.5)
    chosen = next((name for name in names if near and name.split(".")[0] == near[0]), None)
    hint = f"; name the file in ringfence.toml: [tables.accounts] file = {chosen!r}" if chosen else ""
    hint += f"; ringfence init {folder} looks at what there is and writes such settings" if names else ""
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
