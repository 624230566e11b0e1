"""Identifiers that are not spelt out: a kind, a number that is the same all over a page, the last letters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

_LEAST = 3
"""Shorter values name nobody, and would be found in the middle of any sentence."""
_TAIL, _LONG = 2, 8
"""So many last characters stay of values that have so many."""


@dataclass(frozen=True)
class Identifier:
    """A thing that accounts use: its kind, and every spelling in which a text may have it."""

    kind: str
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class Masks:
    """Puts something readable in the place of identifiers, wherever they stand in a text.

    >>> masks = Masks((Identifier("phone", ("+49 30 1234567", "+49301234567")),))
    >>> masks.hide("Shares phone +49 30 1234567 with ann")
    'Shares phone 1 (…67) with ann'
    """

    identifiers: tuple[Identifier, ...] = ()
    _words: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Give each identifier its number, in the order of its first spelling."""
        numbers: dict[str, int] = defaultdict(int)
        for each in sorted(self.identifiers, key=lambda one: (one.kind, one.spellings)):
            numbers[each.kind] += 1
            word = _name(each, numbers[each.kind])
            for spelling in each.spellings:
                self._words.setdefault(spelling.casefold(), word)

    def hide(self, text: str) -> str:
        """A text without any identifier; its kind, where it stands before it, is not said twice."""
        return self._pattern.sub(lambda found: self._words.get(found["value"].casefold(), "…"), text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        spelt = {each for one in self.identifiers for each in one.spellings if len(each) >= _LEAST}
        values = sorted(spelt, key=lambda each: (-len(each), each))
        kinds = sorted({re.escape(each.kind) for each in self.identifiers}, key=lambda each: (-len(each), each))
        told = rf"(?:\b(?:{'|'.join(kinds)}) )?" if kinds else ""
        named = "|".join(map(re.escape, values)) or r"(?!)"
        return re.compile(rf"{told}(?<!\w)(?P<value>{named})(?!\w)(?: \(also written [^)]*\))?", re.IGNORECASE)


def _name(identifier: Identifier, number: int) -> str:
    value = identifier.spellings[0] if identifier.spellings else ""
    return f"{identifier.kind} {number}" + (f" (…{value[-_TAIL:]})" if len(value) >= _LONG else "")


def list_identifiers(rows: Iterable[tuple[str, str, str]]) -> tuple[Identifier, ...]:
    """Identifiers from kind, canonical value and value as written; each once, with all its spellings."""
    spellings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, canonical, value in rows:
        spellings[kind, canonical or value] |= {each for each in (canonical, value) if each}
    return tuple(Identifier(kind, tuple(sorted(found))) for (kind, _), found in sorted(spellings.items()))
