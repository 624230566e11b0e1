"""What any kind of file gives: its cells, and rows as they are written in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.contract.sources import Source

if TYPE_CHECKING:
    from graph.arrow import Chunks

_KINDS = {"csv": "CSV", "tsv": "TSV", "jsonl": "JSON lines", "json": "JSON", "sheet": "workbook"}


@dataclass(frozen=True)
class FileCells:
    """The wanted columns (N,), by their name in the file, of the rows that have the right number of cells."""

    columns: dict[str, Chunks]
    n_rows: int
    n_ragged: int = 0


@dataclass(frozen=True)
class FoundRows:
    """Where rows stand: line by row, the row as written, and the lines with a wrong number of cells."""

    line: dict[int, int]
    row: dict[int, str]
    ragged: tuple[tuple[int, str, str], ...] = ()


def cut_cell(cell: str, limit: int = 1000) -> str:
    """A cell as the reject file shows it: a review of a mebibyte would make that unreadable."""
    return cell if len(cell) <= limit else cell[:limit] + "…"


def write_as_json(record: Mapping[str, object]) -> str:
    """A row that has no text of its own, as the reject file shows it."""
    plain = {k: v if v is None or isinstance(v, (bool, int, float)) else cut_cell(str(v)) for k, v in record.items()}
    return json.dumps(plain, ensure_ascii=False)


def describe_damage(source: Source, error: Exception) -> str:
    """What to tell of a file that cannot be read to its end."""
    kind = "Parquet" if source.is_parquet else source.packing or _KINDS[source.format]
    reason = str(getattr(error, "strerror", None) or error).split("\n")[0]
    return f"{source.name} is not a readable {kind} file, or was cut short: {reason}"
