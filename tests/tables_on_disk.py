"""Tables written to a folder, read by the contract, and what it says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from graph.contract.tables import CheckedTable, read_folder
from graph.settings import Settings, TableSettings

Write = Callable[..., Path]


def read(folder: Path, **tables: TableSettings) -> dict[str, CheckedTable]:
    return read_folder(folder, Settings(tables=tables))


def records(table: CheckedTable) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if value is not None} for row in table.rows.to_pylist()]


def complaints(table: CheckedTable) -> list[tuple[int, str]]:
    return list(zip(table.rejects.line.tolist(), table.rejects.reason, strict=True))


def one_line(error: BaseException) -> str:
    assert "\n" not in str(error)
    return str(error)
