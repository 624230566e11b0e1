"""What every id and identifier of a generation is called, in one file beside the graph, to be searched as text.

LadybugDB keeps an index of the keys of nodes and of nothing else: to find the spellings of one identifier, or part of
an id, it reads a whole table.  This file has the same texts sorted, one a line, so that one is found by halving, and
part of one as fast as memory is read.  It is derived from the facts: without it the graph is asked, which takes longer.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from graph.stores.embedded.disk import open_here
from graph.stores.texts import Candidate, IdRow, NamedKind, Wanted

NAMES_FILE = "names.txt"
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


class Names:
    """The file of a generation, as it was written.

    Parameters
    ----------
    path
        Where it lies.
    """

    def __init__(self, path: Path) -> None:
        descriptor = open_here(path, os.O_RDONLY)
        try:
            self._text = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        foot = self._text.rfind(LINE, 0, len(self._text) - 1) + 1
        self._sections = {name: _Section(*place) for name, place in json.loads(self._text[foot:]).items()}

    def close(self) -> None:
        """Let go of the file."""
        self._text.close()

    def has(self, kind: NamedKind) -> bool:
        """Whether the ids of a kind are in the file; those of runs and rings are few, and other ones after each run."""
        return kind in self._sections

    def find_keys(self, canonicals: Iterable[str]) -> list[str]:
        """The keys of the identifiers of these canonical values, whatever their kind."""
        wanted = sorted({escape(each) for each in canonicals})
        kinds = [(name.removeprefix(IDENTIFIERS), place) for name, place in self._list_identifiers()]
        return [
            f"{kind.replace('%', '%25').replace(':', '%3A')}:{each.value}"
            for kind, section in kinds
            for canonical in wanted
            for each in self._read_equal(section, canonical)
        ]

    def find_ids(self, kind: NamedKind, low: str, most: int) -> list[IdRow]:
        """See :meth:`graph.stores.protocol.GraphStore.find_ids`."""
        section, part = self._sections[kind], escape(low)
        found: dict[str, int] = {}
        for line in self._list_lines(section, [part], part, most):
            each, folded = _read_id(line)
            if low in folded:
                found[each] = 0 if folded == low else 2 if folded.startswith(low) else 3
        best = sorted(found, key=lambda each: (found[each], each))[:most]
        return [row for each in best for row in self._read_owners(kind, each, found[each])]

    def find_identifiers(self, wanted: Wanted, most: int) -> list[Candidate]:
        """See :meth:`graph.stores.protocol.GraphStore.find_identifiers`."""
        found: dict[tuple[str, str], Candidate] = {}
        for name, section in self._list_identifiers():
            kind = name.removeprefix(IDENTIFIERS)
            for line in self._list_wanted(section, kind, wanted, most):
                each = _read_identifier(kind, line)
                if wanted.fits(each):
                    found[(kind, each.value)] = each
        return sorted(found.values(), key=wanted.rank)[:most]

    def _list_identifiers(self) -> Iterator[tuple[str, _Section]]:
        return ((name, place) for name, place in self._sections.items() if name.startswith(IDENTIFIERS))

    def _list_wanted(self, section: _Section, kind: str, wanted: Wanted, most: int) -> Iterator[bytes]:
        for form in wanted.forms:
            yield from self._list_equal(section, escape(form))
        parts = {wanted.low, wanted.address, *([wanted.digits] if kind == "phone" else [])}
        shortest = [escape(each) for each in parts if not any(other in each for other in parts - {each})]
        yield from self._list_lines(section, shortest, escape(wanted.low), most)

    def _read_owners(self, kind: NamedKind, each: str, place: int) -> Iterator[IdRow]:
        owners = self._sections.get(f"{OWNERS}{kind}")
        if owners is None:
            yield IdRow(each, place)
            return
        for line in self._list_equal(owners, escape(each)):
            _, buyer, seller = (_unescape(field) for field in line.split(SEPARATOR))
            yield IdRow(each, place, buyer or None, seller or None)

    def _read_equal(self, section: _Section, key: bytes) -> Iterator[Candidate]:
        return (_read_identifier("", line) for line in self._list_equal(section, key))

    def _list_lines(self, section: _Section, parts: Sequence[bytes], start: bytes, most: int) -> Iterator[bytes]:
        """The first lines in which one of several texts occurs, and those that begin with one, or are it."""
        bound, is_cut = _LOOKED_AT * most, False
        for part in parts:
            lines = list(islice(self._scan(section, part), bound))
            is_cut = is_cut or len(lines) == bound
            yield from lines
        if is_cut:
            for edge in (LINE, SEPARATOR):
                yield from islice(self._scan(section, edge + start), bound)
                yield from (line for end in (LINE, SEPARATOR) for line in self._scan(section, edge + start + end))

    def _scan(self, section: _Section, part: bytes) -> Iterator[bytes]:
        """The lines in which a text occurs; it may begin at the newline before a line, and end at the one after."""
        text, at, part = self._text, section.start, part or LINE
        end = section.end - (part == LINE)  # no line begins at the last newline
        while (at := text.find(part, at, end)) >= 0:
            first = at + 1 if part.startswith(LINE) else text.rfind(LINE, section.start, at) + 1
            last = text.find(LINE, first, section.end)
            yield text[first:last]
            at = last

    def _list_equal(self, section: _Section, key: bytes) -> Iterator[bytes]:
        """The lines whose first field is a text, found by halving."""
        text, low, high = self._text, section.start, section.end - 1
        while low < high:  # of line starts: all before `low` are less, none from `high` on is
            start = text.rfind(LINE, section.start, (low + high) // 2 + 1)
            end = text.find(LINE, start + 1, section.end)
            if text[start + 1 : end].split(SEPARATOR, 1)[0] < key:
                low = end
            else:
                high = start
        while low < section.end - 1:
            end = text.find(LINE, low + 1, section.end)
            line = text[low + 1 : end]
            if line.split(SEPARATOR, 1)[0] != key:
                return
            yield line
            low = end


def _read_id(line: bytes) -> tuple[str, str]:
    """An id, and what it is in small letters."""
    first, _, folded = line.partition(SEPARATOR)
    return _unescape(first), _unescape(folded or first)


def _read_identifier(kind: str, line: bytes) -> Candidate:
    canonical, folded, value = [*line.split(SEPARATOR), b"", b""][:3]
    return Candidate(kind, _unescape(value or canonical), _unescape(canonical), _unescape(folded or canonical))
