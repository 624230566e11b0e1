"""Identifiers that are not spelt out: a kind, a number that is the same all over a page, the last letters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

_LEAST = 3
"""Shorter values name nobody, and would be found in the middle of any sentence."""
_TAIL, _LONG = 2, 8
"""So many last characters stay of values that have so many."""
_STARTS = re.compile(r"(?<!\w)\S")
_ALSO = " (also written "
_QUOTED = re.compile(r"“(.*?)”", re.DOTALL)


@dataclass(frozen=True)
class Identifier:
    """A thing that accounts use: its kind, and every spelling in which a text may have it."""

    kind: str
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class Masks:
    """Puts something readable in the place of identifiers, wherever they stand in a text.

    ``names`` says what stands in the place of some; the others are numbered.

    >>> masks = Masks((Identifier("phone", ("+49 30 1234567", "+49301234567")),))
    >>> masks.hide("Shares phone +49 30 1234567 with ann")
    'Shares phone 1 (…67) with ann'
    """

    identifiers: tuple[Identifier, ...] = ()
    names: Mapping[Identifier, str] = field(default_factory=dict)

    def hide(self, text: str) -> str:
        """A text without any identifier; its kind, where it stands before it, is not said twice.

        Looked up from every beginning of a word, so that many identifiers cost no more than few.
        """
        text = self._hide_joined(text)
        told, place = "", 0
        for start in self._find_starts(text):
            end = self._find_end(text, start) if start >= place else None
            if end is None:
                continue
            kind, word = self._words[text[start:end].casefold()]
            before = text[place:start]
            if before.casefold().endswith(f"{kind} ".casefold()):
                before = before[: -len(kind) - 1]
            told += before + word
            place = end
        return told + text[place:]

    def _hide_joined(self, text: str) -> str:
        """A text without things that are told with their other spellings: the first may be that of somebody else."""
        if _ALSO not in text or not self.identifiers:
            return text
        return self._joined.sub(lambda found: self._name_joined(found["kind"], found["first"], found["others"]), text)

    def _name_joined(self, kind: str, first: str, others: str) -> str:
        known = (self._words.get(each.strip().casefold()) for each in (first, *_QUOTED.findall(others)))
        return next((word for found, word in filter(None, known) if found == kind), f"{kind}{_say_tail(first)}")

    @cached_property
    def _joined(self) -> re.Pattern[str]:
        kinds = "|".join(
            sorted({re.escape(each.kind) for each in self.identifiers}, key=lambda each: (-len(each), each))
        )
        first = rf"(?P<first>(?:(?!(?<!\w)(?:{kinds}) ).)+?)"
        return re.compile(
            rf"(?<!\w)(?P<kind>{kinds}) {first} \(also written (?P<others>“.*?”(?:, “.*?”)*)(?: and [\d,]+ more)?\)",
            re.DOTALL,
        )

    def _find_starts(self, text: str) -> Iterator[int]:
        if len(text) >= _LEAST and self._words:
            yield from (found.start() for found in _STARTS.finditer(text))

    def _find_end(self, text: str, start: int) -> int | None:
        """Where the longest identifier that begins at a place ends; none does inside of a word."""
        for length in self._lengths:
            end = start + length
            if end <= len(text) and text[start:end].casefold() in self._words and not _goes_on(text, end):
                return end
        return None

    @cached_property
    def _words(self) -> dict[str, tuple[str, str]]:
        """By spelling, the kind of an identifier, and what stands in its place."""
        words: dict[str, tuple[str, str]] = {}
        numbers: dict[str, int] = defaultdict(int)
        for each in sorted(self.identifiers, key=lambda one: (one.kind, one.spellings)):
            numbers[each.kind] += 1
            word = self.names.get(each) or _name(each, numbers[each.kind])
            for spelling in (spelt.strip() for spelt in each.spellings if len(spelt.strip()) >= _LEAST):
                words.setdefault(spelling.casefold(), (each.kind, word))
        return words

    @cached_property
    def _lengths(self) -> list[int]:
        return sorted({len(each.strip()) for one in self.identifiers for each in one.spellings}, reverse=True)


def _goes_on(text: str, end: int) -> bool:
    """Whether a word that is on its way goes on after a place."""
    return end < len(text) and (text[end].isalnum() or text[end] == "_") and (text[end - 1].isalnum())


def _name(identifier: Identifier, number: int) -> str:
    value = identifier.spellings[0] if identifier.spellings else ""
    return f"{identifier.kind} {number}{_say_tail(value)}"


def _say_tail(value: str) -> str:
    return f" (…{value[-_TAIL:]})" if len(value) >= _LONG else ""


def list_identifiers(rows: Iterable[tuple[str, str, str]]) -> tuple[Identifier, ...]:
    """Identifiers from kind, canonical value and value as written; each once, with all its spellings."""
    spellings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, canonical, value in rows:
        spellings[kind, canonical or value] |= {each for each in (canonical, value) if each}
    return tuple(Identifier(kind, tuple(sorted(found))) for (kind, _), found in sorted(spellings.items()))
