"""The names of a graph after a small load: those before it, and beside them the lines that come and go with it.

Where many have come to stand beside them, the names are written anew: the file is the one that would have been written
from the whole graph, to the byte.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from graph.arrow import read_texts
from graph.stores.embedded.disk import digest_file, open_here, share_file
from graph.stores.embedded.generations import Generation, read_names
from graph.stores.embedded.manifest import SideFile, WrittenNames
from graph.stores.embedded.names import (
    ADDED,
    CHANGES_FILE,
    LINE,
    NAMES_FILE,
    OWNERS,
    REMOVED,
    Lines,
    Names,
    find_first,
    find_key,
)
from graph.stores.embedded.naming import list_id_lines, list_node_lines, list_order_lines, name_orders

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.stores.load_plan import LoadPlan

MOST_BYTES, SMALLEST_SHARE = 1 << 20, 32
"""Changes beside names are read with every question about one: no more than a megabyte, or one part in so many."""

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


def write_names_again(held: Generation, place: Path, renamed: Renamed) -> WrittenNames | None:
    """Say what a graph is called in files that are not there yet; they are on the disk then.

    Few changes are put beside the names as they were, which both graphs share; many make new names.

    Parameters
    ----------
    held
        What the graph was made from; its names are whole.
    place
        The folder of the draft.
    renamed
        What is different.

    Returns
    -------
    WrittenNames or None
        None where something is of a kind that has no section yet: then the names are written from the graph.
    """
    names = read_names(held)
    if names is None:
        return None
    try:
        if any(lines and not names.has(name) for name, lines in renamed.added.items()):
            return None
        changes = _Changes(names)
        changes.take(renamed)
        if changes.n_bytes > min(MOST_BYTES, len(names.lines.text) // SMALLEST_SHARE):
            return WrittenNames(changes.write_all(place / NAMES_FILE), None)
        share_file(held.names, place / NAMES_FILE)
        return WrittenNames(held.manifest.names, changes.write(place / CHANGES_FILE) if changes.n_bytes else None)
    finally:
        names.close()


class _Changes:
    """What comes into each section of the names of a graph, and what goes from it, since they were written."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._added = {name: set(lines) for name, lines in names.added.items()}
        self._removed = {name: set(lines) for name, lines in names.removed.items()}

    @property
    def n_bytes(self) -> int:
        """How long they are together."""
        return sum(len(line) + 1 for _, lines in self._list_sections() for line in lines)

    def _list_sections(self) -> Iterator[tuple[str, list[bytes]]]:
        for name in self._names.list_sections():
            for mark, lines in ((ADDED, self._added[name]), (REMOVED, self._removed[name])):
                if lines:
                    yield f"{mark}{name}", sorted(lines, key=lambda line: find_key(name, line))

    def take(self, renamed: Renamed) -> None:
        """Add what a load changes."""
        for name, lines in renamed.added.items():
            for line in lines:
                self._put_in(name, line)
        for name, lines in renamed.removed.items():
            for line in lines:
                self._leave_out(name, line)
        for name, lines in renamed.shared.items():
            for line in lines:
                change = self._put_in if self._has_owner(f"{OWNERS}{name}", find_first(line)) else self._leave_out
                change(name, line)

    def _put_in(self, name: str, line: bytes) -> None:
        if line in self._removed[name]:
            self._removed[name].remove(line)
        elif not self._names.lines.has(name, line):
            self._added[name].add(line)

    def _leave_out(self, name: str, line: bytes) -> None:
        if line in self._added.get(name, ()):
            self._added[name].remove(line)
        elif self._names.has(name) and self._names.lines.has(name, line):
            self._removed[name].add(line)

    def _has_owner(self, owners: str, first: bytes) -> bool:
        """Whether something is called by a text from now on."""
        stay = (line not in self._removed[owners] for line in self._names.lines.list_equal(owners, first))
        return any(find_first(line) == first for line in self._added[owners]) or any(stay)

    def write(self, path: Path) -> SideFile:
        """Write them alone."""
        with _Writer(path) as writer:
            for name, lines in self._list_sections():
                writer.begin(name)
                writer.put(_say(lines))
            return writer.finish()

    def write_all(self, path: Path) -> SideFile:
        """Write the names as they are with them, to the byte as the whole graph would give."""
        lines = self._names.lines
        with _Writer(path) as writer:
            for name, section in lines.sections.items():
                writer.begin(name)
                at, edits = section.start + 1, self._find_edits(name)
                for place, end, come in edits:
                    writer.copy(lines, at, place)
                    writer.put(_say(come))
                    at = end
                writer.copy(lines, at, section.end)
            return writer.finish()

    def _find_edits(self, name: str) -> list[tuple[int, int, list[bytes]]]:
        """From where to where the file is left out, and what takes that place, in order."""
        found: dict[int, tuple[int, list[bytes]]] = {}
        for line in sorted(self._added[name], key=lambda each: find_key(name, each)):
            place, _ = self._names.lines.find(name, find_key(name, line))
            found.setdefault(place, (place, []))[1].append(line)
        for line in self._removed[name]:
            place, _ = self._names.lines.find(name, find_key(name, line))
            found[place] = place + len(line) + 1, found.get(place, (place, []))[1]
        return [(place, *found[place]) for place in sorted(found)]


def _say(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + LINE for line in lines)


class _Writer:
    """Writes sections of lines to a new file, and after them where each lies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_here(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self._n_bytes = os.write(self._file, LINE)
        self._starts: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def begin(self, name: str) -> None:
        """What follows is of this section."""
        self._starts[name] = self._n_bytes - 1

    def put(self, content: bytes) -> None:
        """Write lines, each with the mark at its end."""
        left = memoryview(content)
        while left:
            left = left[os.write(self._file, left) :]
        self._n_bytes += len(content)

    def copy(self, lines: Lines, start: int, end: int) -> None:
        """Write what lies from one place of another file to another."""
        lines.copy(self._file, start, end)
        self._n_bytes += end - start

    def finish(self) -> SideFile:
        """Write where each section lies, and wait until all is on the disk."""
        names = list(self._starts)
        ends = [*(self._starts[name] + 1 for name in names[1:]), self._n_bytes]
        sections = {name: (self._starts[name], end) for name, end in zip(names, ends, strict=True)}
        self.put(json.dumps(sections, ensure_ascii=True).encode() + LINE)
        os.fsync(self._file)
        return SideFile(bytes=self._n_bytes, sha256=digest_file(self._path))
