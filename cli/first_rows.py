"""How tables begin, as they would be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph.settings import Settings

_ROWS_SHOWN = 3


@dataclass(frozen=True)
class FirstRows:
    """A table as it would be loaded: its files, how many rows it has, and the first of them.

    ``rejected`` rows would be set aside, the first for ``first_reject``; ``silent`` columns are absent or empty.
    """

    table: str
    files: tuple[str, ...]
    rows: int
    rejected: int
    first_reject: str | None
    silent: tuple[str, ...]
    first: tuple[Mapping[str, Any], ...]


def list_first_rows(folder: Path, settings: Settings) -> list[FirstRows]:
    """Read a folder, and say of each table how it begins."""
    from graph.contract.schema import CONTRACT
    from graph.contract.tables import read_folder

    found = []
    for name, table in read_folder(folder, settings).items():
        rows = table.rows.slice(0, _ROWS_SHOWN).to_pylist()
        told = {column.name for column in CONTRACT[name].columns}  # what is made of them is for nobody's eyes
        known = tuple({c: cell for c, cell in row.items() if cell is not None and c in told} for row in rows)
        reject = table.say_first_reject() if len(table.rejects) else None
        counts = table.rows.num_rows, len(table.rejects)
        found.append(FirstRows(name, table.list_files(), *counts, reject, table.silent, known))
    return found
