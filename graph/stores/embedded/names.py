"""What every id and identifier of a generation is called, in one file beside the graph, to be searched as text.

LadybugDB keeps an index of the keys of nodes and of nothing else: to find the spellings of one identifier, or part of
an id, it reads a whole table.  This file has the same texts sorted, one a line, so that one is found by halving, and
part of one as fast as memory is read.  It is derived from the facts: without it the graph is asked, which takes longer.

A small load leaves the file as it is, shared with the generation before.  What it changes of it stands in a second,
small file of the same form: lines that come (``+`` before the name of their section), and lines that go (``-``).
"""

from __future__ import annotations

import heapq
import json
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from graph.stores.embedded.disk import copy_span, open_here
from graph.stores.texts import Candidate, IdRow, NamedKind, Wanted

NAMES_FILE, CHANGES_FILE = "names.txt", "names-changes.txt"
ADDED, REMOVED = "+", "-"
"""Begin the names of the sections of changes."""
SEPARATOR, LINE = b"\x1f", b"\n"
IDENTIFIERS = "identifier "
"""Begins the name of the section of each kind of identifier."""
OWNERS = "owners of "
"""Begins the name of the section that says whose each id is."""
ESCAPES = (("\x1e", "\x1e2"), ("\x1f", "\x1e1"), ("\n", "\x1e0"))
_LOOKED_AT = 4
"""So many times what is asked for is looked at before what begins with the text is looked for by itself."""


def escape(text: str) -> bytes:
    r"""A text as it stands in the file, where a line is a line and a field a field.

    >>> escape("two\nlines")
    b'two\x1e0lines'
    """
    for plain, written in ESCAPES:
        text = text.replace(plain, written)
    return text.encode("utf-8", "surrogatepass")


def _unescape(content: bytes) -> str:
    text = content.decode("utf-8", "surrogatepass")
    if "\x1e" in text:
        for plain, written in reversed(ESCAPES):
            text = text.replace(written, plain)
    return text


@dataclass(frozen=True)
class _Section:
    """Sorted lines, from the newline before the first to the one after the last."""

    start: int
    end: int


class Lines:
    """The sections of one file.

    Parameters
    ----------
    path
        Where it lies, as it was written.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_here(path, os.O_RDONLY)
        self.text = mmap.mmap(self._file, 0, access=mmap.ACCESS_READ)
        foot = self.text.rfind(LINE, 0, len(self.text) - 1) + 1
        self.sections = {name: _Section(*place) for name, place in json.loads(self.text[foot:]).items()}

    def close(self) -> None:
        """Let go of the file."""
        self.text.close()
        os.close(self._file)

    def copy(self, target: int, start: int, end: int) -> None:
        """Append what lies from one place to another to an open file."""
        copy_span(self._file, target, start, end)

    def list_all(self, name: str) -> list[bytes]:
        """All lines of a section; none where there is no such one."""
        section = self.sections.get(name, _Section(0, 1))
        return self.text[section.start + 1 : section.end].split(LINE)[:-1]

    def scan(self, name: str, part: bytes) -> Iterator[bytes]:
        """The lines in which a text occurs; it may begin at the newline before a line, and end at the one after."""
        section = self.sections[name]
        text, at, part = self.text, section.start, part or LINE
        end = section.end - (part == LINE)  # no line begins at the last newline
        while (at := text.find(part, at, end)) >= 0:
            first = at + 1 if part.startswith(LINE) else text.rfind(LINE, section.start, at) + 1
            last = text.find(LINE, first, section.end)
            yield text[first:last]
            at = last

    def list_equal(self, name: str, first: bytes) -> Iterator[bytes]:
        """The lines whose first field is a text."""
        place, line = self.find(name, (first,))
        while line is not None and find_first(line) == first:
            yield line
            place += len(line) + 1
            line = self._read_line(name, place)

    def has(self, name: str, line: bytes) -> bool:
        """Whether a section has a line."""
        return self.find(name, find_key(name, line))[1] == line

    def find(self, name: str, wanted: tuple[bytes, ...]) -> tuple[int, bytes | None]:
        """The place of the first line whose key is not before another one, found by halving, and what stands there."""
        text = self.text
        first, low, high = self.sections[name].start + 1, self.sections[name].start + 1, self.sections[name].end
        while low < high:
            middle = (low + high) // 2
            start = text.rfind(LINE, first - 1, middle) + 1
            end = text.find(LINE, middle)
            if find_key(name, text[start:end]) < wanted:
                low = end + 1
            else:
                high = start
        return low, self._read_line(name, low)

    def _read_line(self, name: str, place: int) -> bytes | None:
        return self.text[place : self.text.find(LINE, place)] if place < self.sections[name].end else None


def find_first(line: bytes) -> bytes:
    """The first field of a line."""
    return line.split(SEPARATOR, 1)[0]


def find_key(name: str, line: bytes) -> tuple[bytes, ...]:
    """By what the lines of a section are sorted: of identifiers by form and spelling, which stands last."""
    fields = line.split(SEPARATOR)
    if IDENTIFIERS in name:
        return fields[0], fields[2] if len(fields) > 2 else fields[0]
    return tuple(fields)


class Names:
    """The names of a generation, as they were written.

    Parameters
    ----------
    path
        Where the file lies.
    changes
        Where the file of what has changed since lies, if there is one.
    """

    def __init__(self, path: Path, changes: Path | None = None) -> None:
        self.lines = Lines(path)
        later = Lines(changes) if changes is not None else None
        self.added = self._read_changes(later, ADDED)
        self.removed = {name: frozenset(lines) for name, lines in self._read_changes(later, REMOVED).items()}
        if later is not None:
            later.close()

    def _read_changes(self, later: Lines | None, mark: str) -> Mapping[str, list[bytes]]:
        return {name: later.list_all(f"{mark}{name}") if later else [] for name in self.lines.sections}

    def close(self) -> None:
        """Let go of the file."""
        self.lines.close()

    def has(self, kind: str) -> bool:
        """Whether the ids of a kind are in the file; those of runs and rings are few, and other ones after each run."""
        return kind in self.lines.sections

    def list_sections(self) -> list[str]:
        """What the sections are called."""
        return list(self.lines.sections)

    def find_keys(self, canonicals: Iterable[str]) -> list[str]:
        """The keys of the identifiers of these canonical values, whatever their kind."""
        wanted = sorted({escape(each) for each in canonicals})
        kinds = [(name.removeprefix(IDENTIFIERS), name) for name in self._list_identifiers()]
        return [
            f"{kind.replace('%', '%25').replace(':', '%3A')}:{each.value}"
            for kind, name in kinds
            for canonical in wanted
            for each in self._read_equal(name, canonical)
        ]

    def find_ids(self, kind: NamedKind, low: str, most: int) -> list[IdRow]:
        """See :meth:`graph.stores.protocol.GraphStore.find_ids`."""
        part = escape(low)
        found: dict[str, int] = {}
        for line in self._list_lines(kind, [part], part, most):
            each, folded = _read_id(line)
            if low in folded:
                found[each] = 0 if folded == low else 2 if folded.startswith(low) else 3
        best = sorted(found, key=lambda each: (found[each], each))[:most]
        return [row for each in best for row in self._read_owners(kind, each, found[each])]

    def find_identifiers(self, wanted: Wanted, most: int) -> list[Candidate]:
        """See :meth:`graph.stores.protocol.GraphStore.find_identifiers`."""
        found: dict[tuple[str, str], Candidate] = {}
        for name in self._list_identifiers():
            kind = name.removeprefix(IDENTIFIERS)
            for line in self._list_wanted(name, kind, wanted, most):
                each = _read_identifier(kind, line)
                if wanted.fits(each):
                    found[(kind, each.value)] = each
        return sorted(found.values(), key=wanted.rank)[:most]

    def _list_identifiers(self) -> list[str]:
        return [name for name in self.list_sections() if name.startswith(IDENTIFIERS)]

    def _list_wanted(self, name: str, kind: str, wanted: Wanted, most: int) -> Iterator[bytes]:
        for form in wanted.forms:
            yield from self._list_equal(name, escape(form))
        parts = {wanted.low, wanted.address, *([wanted.digits] if kind == "phone" else [])}
        shortest = [escape(each) for each in parts if not any(other in each for other in parts - {each})]
        yield from self._list_lines(name, shortest, escape(wanted.low), most)

    def _read_owners(self, kind: NamedKind, each: str, place: int) -> Iterator[IdRow]:
        owners = f"{OWNERS}{kind}"
        if not self.has(owners):
            yield IdRow(each, place)
            return
        for line in self._list_equal(owners, escape(each)):
            _, buyer, seller = (_unescape(field) for field in line.split(SEPARATOR))
            yield IdRow(each, place, buyer or None, seller or None)

    def _read_equal(self, name: str, key: bytes) -> Iterator[Candidate]:
        return (_read_identifier("", line) for line in self._list_equal(name, key))

    def _list_lines(self, name: str, parts: Sequence[bytes], start: bytes, most: int) -> Iterator[bytes]:
        """The first lines in which one of several texts occurs, and those that begin with one, or are it."""
        bound, is_cut = _LOOKED_AT * most, False
        for part in parts:
            lines = list(islice(self.scan(name, part), bound))
            is_cut = is_cut or len(lines) == bound
            yield from lines
        if is_cut:
            for edge in (LINE, SEPARATOR):
                yield from islice(self.scan(name, edge + start), bound)
                yield from (line for end in (LINE, SEPARATOR) for line in self.scan(name, edge + start + end))

    def scan(self, name: str, part: bytes) -> Iterator[bytes]:
        """The lines of a section in which a text occurs; see :meth:`Lines.scan`."""
        found = (line for line in self.added[name] if not part or part in b"%b%b%b" % (LINE, line, LINE))
        return self._join(name, self.lines.scan(name, part), found)

    def _list_equal(self, name: str, key: bytes) -> Iterator[bytes]:
        found = (line for line in self.added[name] if find_first(line) == key)
        return self._join(name, self.lines.list_equal(name, key), found)

    def _join(self, name: str, lines: Iterator[bytes], added: Iterator[bytes]) -> Iterator[bytes]:
        """Lines of the file and those that have come since, in one order."""
        if not self.added[name] and not self.removed[name]:
            return lines
        stay = (line for line in lines if line not in self.removed[name])
        return heapq.merge(stay, added, key=lambda line: find_key(name, line))


def _read_id(line: bytes) -> tuple[str, str]:
    """An id, and what it is in small letters."""
    first, _, folded = line.partition(SEPARATOR)
    return _unescape(first), _unescape(folded or first)


def _read_identifier(kind: str, line: bytes) -> Candidate:
    canonical, folded, value = [*line.split(SEPARATOR), b"", b""][:3]
    return Candidate(kind, _unescape(value or canonical), _unescape(canonical), _unescape(folded or canonical))
