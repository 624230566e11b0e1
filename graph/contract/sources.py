"""Which file of a folder is which table, and how each is written."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.contract.schema import CONTRACT, Table
from graph.errors import ConfigError, DataError, MissingTableError, UnreadableTableError
from graph.settings import LoadSettings, Settings, TableSettings, nearest_hint

log = logging.getLogger("ringfence.tables")

SUFFIXES = (".csv", ".csv.gz", ".parquet")
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class Source:
    """A table of the contract, its file, how the file is written, and how large it may be."""

    table: Table
    path: Path
    settings: TableSettings
    limits: LoadSettings

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet; otherwise it is CSV."""
        return self.path.suffix.lower() in _PARQUET

    @property
    def is_gzip(self) -> bool:
        """Whether the file is CSV that is compressed."""
        return self.path.suffix.lower() == ".gz"


def refuse_unknown_mapping(settings: Settings) -> None:
    """Stop a load whose settings speak of what the contract does not know: it would go unread without a word.

    Raises
    ------
    ConfigError
        Names the table or column, and the one that is nearest.
    """
    for name, mapped in settings.tables.items():
        if name not in CONTRACT:
            raise ConfigError(f"ringfence.toml: no table 'tables.{name}'{nearest_hint(name, CONTRACT)}")
        table = CONTRACT[name]
        known = [column.name for column in table.columns if column.kind != "attributes"]
        for column in mapped.columns:
            if column not in known:
                hint = nearest_hint(column, known)
                raise ConfigError(f"ringfence.toml: no column 'tables.{name}.columns.{column}'{hint}")
        if mapped.ignore and table.use is None:
            raise ConfigError(f"ringfence.toml: 'tables.{name}.ignore': only tables of identifiers leave values out")
        if mapped.attributes and not table.has_attributes:
            raise ConfigError(f"ringfence.toml: 'tables.{name}.attributes': only accounts keep further columns")


def find_sources(folder: Path, settings: Settings) -> list[Source]:
    """Find the tables that a folder holds, in the contract's order, ``accounts`` first.

    Raises
    ------
    MissingTableError
        If the folder, ``accounts`` or a file that the settings name is not there.
    UnreadableTableError
        If the folder cannot be read.
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
    found = [_find_source(folder, table, names, settings) for table in CONTRACT.values()]
    sources = [source for source in found if source is not None]
    if not sources or sources[0].table.name != "accounts":
        raise MissingTableError(_no_accounts(folder, names))
    _warn_of_near_misses(names, {source.table.name for source in sources})
    return sources


def name_place(path: Path) -> str:
    """What the rows of a file are counted in."""
    return "row" if path.suffix.lower() in _PARQUET else "line"


def _find_source(folder: Path, table: Table, names: Sequence[str], settings: Settings) -> Source | None:
    name, mapped = table.name, settings.tables.get(table.name, TableSettings())
    if mapped.file is not None:
        path = folder / mapped.file
        if not path.exists():
            raise MissingTableError(f"{path}: no such file, but ringfence.toml names it as tables.{name}.file")
        return Source(table, path, mapped, settings.load)
    files = [file for file in names if file.lower() in {name + suffix for suffix in SUFFIXES}]
    if len(files) > 1:
        raise DataError(f"{folder}: {' and '.join(files)} are both the table {name!r}; keep one of them")
    return Source(table, folder / files[0], mapped, settings.load) if files else None


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
