"""Rows set aside: on which line of the file each stands, what is wrong with it, and how it is written there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.contract.cells import FoundRows
from graph.contract.faults import Faults
from graph.contract.files import find_rows
from graph.contract.parts import Part, find_starts
from graph.model import Ints


@dataclass(frozen=True)
class Rejects:
    """Rows that break the contract, by line.

    ``line`` (K,) is the 1-based line of the file on which the row starts (where a file has no lines, the row's
    number); ``reason`` (K,) says what is wrong; ``row`` (K,) is the row as written (where it has no text of its own,
    as JSON), with very long cells cut; ``file`` (K,) names the file where a table is several, and is empty otherwise.
    """

    line: Ints
    reason: tuple[str, ...]
    row: tuple[str, ...]
    file: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.reason)


@dataclass(frozen=True)
class Reject:
    """One of them; ``part`` is the place of its file among the table's."""

    part: int
    line: int
    reason: str
    row: str


def collect_rejects(parts: Sequence[Part], faults: Faults) -> list[Reject]:
    """Look up in the files where the faulted rows stand.

    Parameters
    ----------
    parts
        The files of a table.
    faults
        What the checks found of the rows of all; a row that contradicts an earlier one is told where that one is.
    """
    if not faults.reason and not any(part.n_ragged for part in parts):
        return []
    found = _find_all(parts, faults)
    bad = [
        Reject(number, line, reason, row)
        for number, rows in found.items()
        for line, reason, row in rows.ragged
        if parts[number].n_ragged
    ]
    for row, reason in faults.reason.items():
        part, place = _locate(parts, row)
        earlier = _say_earlier(parts, found, part, faults.earlier[row]) if row in faults.earlier else ""
        bad.append(Reject(part, found[part].line[place], reason + earlier, found[part].row[place]))
    return bad


def list_rejects(parts: Sequence[Part], rejects: Iterable[Reject]) -> Rejects:
    """Rejects in the order of their files and lines."""
    by_line = sorted(rejects, key=lambda reject: (reject.part, reject.line))
    names = [part.source.name for part in parts]
    return Rejects(
        np.array([each.line for each in by_line], dtype=np.int64),
        tuple(each.reason for each in by_line),
        tuple(each.row for each in by_line),
        tuple(names[each.part] for each in by_line) if len(set(names)) > 1 else (),
    )


def _find_all(parts: Sequence[Part], faults: Faults) -> dict[int, FoundRows]:
    wanted: dict[int, set[int]] = {number: set() for number, part in enumerate(parts) if part.n_ragged}
    for row in {*faults.reason, *faults.earlier.values()}:
        number, place = _locate(parts, row)
        wanted.setdefault(number, set()).add(place)
    return {
        number: find_rows(parts[number].source, rows, header=parts[number].header, n_ragged=parts[number].n_ragged)
        for number, rows in sorted(wanted.items())
    }


def _locate(parts: Sequence[Part], row: int) -> tuple[int, int]:
    """The part that a row is of, and its place in that part's file."""
    if len(parts) == 1 and parts[0].place is None:
        return 0, row
    starts = find_starts(parts)
    number = int(np.searchsorted(starts, row, side="right")) - 1
    return number, int(parts[number].place_of(np.array([row - starts[number]]))[0])


def _say_earlier(parts: Sequence[Part], found: Mapping[int, FoundRows], part: int, earlier: int) -> str:
    number, place = _locate(parts, earlier)
    source = parts[number].source
    of_file = "" if source.name == parts[part].source.name else f" of {source.name}"
    return f", on {source.place} {found[number].line[place]}{of_file}"
