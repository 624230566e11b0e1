"""Rows set aside: on which line of the file each stands, what is wrong with it, and how it is written there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from graph.contract.faults import Faults
from graph.contract.files import find_rows
from graph.contract.sources import Source, name_place
from graph.model import Ints


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


def collect_rejects(source: Source, width: int, n_ragged: int, faults: Faults) -> Rejects:
    """Look up in the file where the faulted rows stand.

    Parameters
    ----------
    source
        The file.
    width
        How many cells its header has.
    n_ragged
        How many of its rows have another number of cells: they are rejects too.
    faults
        What the checks found; a row that contradicts an earlier one is told on which line that one is.
    """
    if not faults.reason and not n_ragged:
        return sort_rejects([])
    wanted = set(faults.reason) | set(faults.earlier.values())
    found = find_rows(source, wanted, width=width, n_ragged=n_ragged)
    place = name_place(source.path)
    bad = list(found.ragged)
    for row, reason in faults.reason.items():
        earlier = f", on {place} {found.line[faults.earlier[row]]}" if row in faults.earlier else ""
        bad.append((found.line[row], reason + earlier, found.row[row]))
    return sort_rejects(bad)


def sort_rejects(rejects: Iterable[tuple[int, str, str]]) -> Rejects:
    """Rejects in the order of their lines, from (line, reason, row)."""
    by_line = sorted(rejects, key=lambda reject: reject[0])
    lines = np.array([line for line, _, _ in by_line], dtype=np.int64)
    return Rejects(lines, tuple(reason for _, reason, _ in by_line), tuple(row for _, _, row in by_line))
