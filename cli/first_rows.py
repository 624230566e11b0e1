"""How tables begin, as they would be loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def _in_system_memory() -> Iterator[None]:
    """Keep columns in the system's memory: to give Arrow's own back between two of them takes a sixth of the time.

    A load does not do so, for it would hold a tenth more at its end.
    """
    import pyarrow as pa

    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(pool)


def list_first_rows(folder: Path, settings: Settings) -> list[FirstRows]:
    """Read a folder, and say of each table how it begins."""
    from graph.contract.schema import CONTRACT
    from graph.contract.tables import read_folder

    found = []
    with _in_system_memory():
        tables = read_folder(folder, settings)
    for name, table in tables.items():
        rows = table.rows.slice(0, _ROWS_SHOWN).to_pylist()
        told = {column.name for column in CONTRACT[name].columns}  # what is made of them is for nobody's eyes
        known = tuple({c: cell for c, cell in row.items() if cell is not None and c in told} for row in rows)
        reject = table.say_first_reject() if len(table.rejects) else None
        counts = table.rows.num_rows, len(table.rejects)
        found.append(FirstRows(name, table.list_files(), *counts, reject, table.silent, known))
    return found
