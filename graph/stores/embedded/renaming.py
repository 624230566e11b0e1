"""The names of a graph after a small load: those before it, with the lines put in or left out that the load changes.

The file is the one that would have been written from the whole graph, to the byte.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from graph.arrow import read_texts
from graph.stores.embedded.disk import copy_span, digest_file, open_here
from graph.stores.embedded.manifest import SideFile
from graph.stores.embedded.names import IDENTIFIERS, LINE, OWNERS, SEPARATOR
from graph.stores.embedded.naming import list_id_lines, list_node_lines, list_order_lines, name_orders

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.stores.load_plan import LoadPlan

_ORDERED = (("ORDERED", "Account", "Account"), ("ORDERED", "Account", "Shop"))
_SHARED = {"order", "title"}
"""The sections of texts by which several things may be called: one stays as long as one of those does."""


@dataclass(frozen=True)
class Renamed:
    """The lines of each section that a load puts in, and those that it leaves out.

    ``shared`` are lines of which the lines that say whose they are decide.
    """

    added: Mapping[str, frozenset[bytes]]
    removed: Mapping[str, frozenset[bytes]]
    shared: Mapping[str, frozenset[bytes]]


def find_renamed(plan: LoadPlan, titles_before: pa.Table) -> Renamed:
    """What a plan will change of the names, before it is used up.

    Parameters
    ----------
    plan
        Of which nothing is written yet.
    titles_before
        product_id and title of the listings that it changes or takes away.
    """
    added = [list_node_lines(label, rows) for label, rows in plan.nodes.items()]
    added += [list_node_lines(label, rows) for label, rows in plan.changes.items() if label == "Listing"]
    added += [_list_orders(plan.relationships[kind]) for kind in _ORDERED if kind in plan.relationships]
    removed = [list_node_lines("Listing", titles_before)]
    removed += [_list_orders(plan.ends[kind]) for kind in _ORDERED if kind in plan.ends]
    parts = _gather(added), _gather(removed), _gather([list_id_lines(label, rows) for label, rows in plan.gone.items()])
    names = {name for part in parts for name in part}
    lines = {name: [part.get(name, frozenset()) for part in parts] for name in names}
    return Renamed(
        added={name: come - went - gone for name, (come, went, gone) in lines.items() if name not in _SHARED},
        removed={name: (went - come) | gone for name, (come, went, gone) in lines.items() if name not in _SHARED},
        shared={name: come | went for name, (come, went, _) in lines.items() if name in _SHARED},
    )


def _list_orders(rows: pa.Table) -> dict[str, Chunks]:
    seller = rows["seller_id"] if "seller_id" in rows.column_names else pa.nulls(rows.num_rows, pa.string())
    return list_order_lines(name_orders(rows["order_id"], rows["buyer_id"], seller))


def _gather(parts: Iterable[Mapping[str, Chunks]]) -> dict[str, frozenset[bytes]]:
    found: dict[str, frozenset[bytes]] = {}
    for part in parts:
        for name, lines in part.items():
            found[name] = found.get(name, frozenset()) | {line.encode("utf-8") for line in read_texts(lines)}
    return found


def write_names_again(before: Path, after: Path, renamed: Renamed) -> SideFile | None:
    """Write the names of a graph to a file that is not there yet; it is on the disk then.

    Parameters
    ----------
    before
        The names as they were, whole.
    after
        The new file.
    renamed
        What is different.

    Returns
    -------
    SideFile or None
        None where something is of a kind that has no section yet: then the names are written from the graph.
    """
    with _reading(before) as (descriptor, text):
        foot = text.rfind(LINE, 0, len(text) - 1) + 1
        sections: dict[str, tuple[int, int]] = {
            name: (place[0], place[1]) for name, place in json.loads(text[foot:]).items()
        }
        if any(lines and name not in sections for name, lines in renamed.added.items()):
            return None
        edits = _Edits(descriptor, text, sections)
        for name in sections:
            edits.plan(name, renamed.added.get(name, frozenset()), renamed.removed.get(name, frozenset()))
        for name, lines in renamed.shared.items():
            edits.plan_shared(name, lines)
        return edits.write(after)


@contextmanager
def _reading(path: Path) -> Iterator[tuple[int, mmap.mmap]]:
    descriptor = open_here(path, os.O_RDONLY)
    try:
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as text:
            yield descriptor, text
    finally:
        os.close(descriptor)


class _Edits:
    """What is put in and left out of sections of sorted lines, found by halving."""

    def __init__(self, file: int, text: mmap.mmap, sections: Mapping[str, tuple[int, int]]) -> None:
        self._file, self._text, self._sections = file, text, sections
        self._edits: dict[str, dict[int, list[bytes]]] = {name: {} for name in sections}
        self._left_out: dict[int, int] = {}

    def plan(self, name: str, added: frozenset[bytes], removed: frozenset[bytes]) -> None:
        """Put lines into a section, and leave others out, each at its place."""
        for line in sorted(added, key=lambda each: _find_key(name, each)):
            place, _ = self._find(name, line)
            self._edits[name].setdefault(place, []).append(line)
        for line in removed:
            place, there = self._find(name, line)
            if there == line:
                self._left_out[place] = place + len(line) + 1

    def plan_shared(self, name: str, lines: frozenset[bytes]) -> None:
        """Put in the texts by which something is called from now on, and leave out those by which nothing is."""
        owners = f"{OWNERS}{name}"
        come = {_find_first(line) for part in self._edits[owners].values() for line in part}
        is_called = {line: _find_first(line) in come or self._has_owner(owners, _find_first(line)) for line in lines}
        there = {line for line in lines if self._find(name, line)[1] == line}
        called = frozenset(line for line, is_so in is_called.items() if is_so)
        self.plan(name, called - there, frozenset(there - called))

    def _has_owner(self, owners: str, first: bytes) -> bool:
        """Whether a line begins with a field, and is not left out."""
        place, line = self._find(owners, first)
        while line is not None and _find_first(line) == first:
            if place not in self._left_out:
                return True
            place += len(line) + 1
            line = self._read_line(owners, place)
        return False

    def _find(self, name: str, line: bytes) -> tuple[int, bytes | None]:
        """The place of the first line that is not before another one, and what stands there."""
        text, wanted = self._text, _find_key(name, line)
        first, low, high = self._sections[name][0] + 1, self._sections[name][0] + 1, self._sections[name][1]
        while low < high:
            middle = (low + high) // 2
            start = text.rfind(LINE, first - 1, middle) + 1
            end = text.find(LINE, middle)
            if _find_key(name, text[start:end]) < wanted:
                low = end + 1
            else:
                high = start
        return low, self._read_line(name, low)

    def _read_line(self, name: str, place: int) -> bytes | None:
        return self._text[place : self._text.find(LINE, place)] if place < self._sections[name][1] else None

    def write(self, path: Path) -> SideFile:
        """Write the whole file, and wait until it is on the disk."""
        target = open_here(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            n_bytes, sections = os.write(target, LINE), {}
            for name in self._sections:
                start = n_bytes - 1
                n_bytes += self._write_section(target, name)
                sections[name] = (start, n_bytes)
            n_bytes += _write(target, json.dumps(sections, ensure_ascii=True).encode() + LINE)
            os.fsync(target)
        finally:
            os.close(target)
        return SideFile(bytes=n_bytes, sha256=digest_file(path))

    def _write_section(self, target: int, name: str) -> int:
        at, end = self._sections[name][0] + 1, self._sections[name][1]
        edits, n_bytes = self._edits[name], 0
        for place in sorted({*edits, *(each for each in self._left_out if at <= each < end), end}):
            copy_span(self._file, target, at, place)
            n_bytes += place - at + _write(target, b"".join(line + LINE for line in edits.get(place, ())))
            at = self._left_out.get(place, place)
        return n_bytes


def _write(target: int, content: bytes) -> int:
    left = memoryview(content)
    while left:
        left = left[os.write(target, left) :]
    return len(content)


def _find_first(line: bytes) -> bytes:
    return line.split(SEPARATOR, 1)[0]


def _find_key(name: str, line: bytes) -> tuple[bytes, ...]:
    """By what the lines of a section are sorted: of identifiers by form and spelling, which stands last."""
    fields = line.split(SEPARATOR)
    if name.startswith(IDENTIFIERS):
        return fields[0], fields[2] if len(fields) > 2 else fields[0]
    return tuple(fields)
