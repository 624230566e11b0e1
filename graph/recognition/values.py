"""What the cells of a column look like: times, numbers, e-mail addresses, words of which there are few."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_true
from graph.contract.numbers import read_marked
from graph.contract.times import read_times
from graph.mapping import TIMES
from graph.recognition.names import fold, read_data

if TYPE_CHECKING:
    from graph.arrow import Chunks

MOST = 0.9
"""The share of a column's values from which they are of a sort; exports are dirty."""
_LOOKED_AT = 2000
_FIRST_SHARE = 5
"""A fifth of a column's values tells that it holds no times: then at least as many are none as there may be."""
_FIRST, _LAST = np.datetime64("1995-01-01", "us"), np.datetime64("2100-01-01", "us")
_PATTERNS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "phone": re.compile(r"\+?[\d\s()./-]{6,24}"),
    "iban": re.compile(r"[A-Z]{2}\d{2}(?:\s?[A-Z0-9]){11,30}"),
}
_CLOCK, _MIDNIGHT = re.compile(r"\d:\d\d|时"), re.compile(r"(?<![\d:])0?0:00(:00)?(\.0+)?(?!:?\d)")
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)$"


@dataclass(frozen=True)
class TimeForm:
    """How times are written: ``form`` as the settings call it, None for ISO 8601 or Unix seconds.

    ``others`` are the forms that fit as well; ``has_clock`` and ``has_zone`` say whether there are times of day, and
    whether all say their offset from UTC.
    """

    form: str | None
    share: float
    others: tuple[str, ...]
    has_clock: bool
    has_zone: bool


@dataclass(frozen=True)
class NumberForm:
    """How numbers are written: ``decimal`` is their mark, None where none has to be declared; ``unsure`` of two."""

    decimal: str | None
    share: float
    unsure: bool
    is_whole: bool


@dataclass(frozen=True)
class Profile:
    """The first cells of a column; None where one is empty."""

    cells: tuple[str | None, ...]

    @cached_property
    def filled(self) -> tuple[str, ...]:
        """The cells that say something."""
        nothing = {"", *read_words("empty")}
        bare = [cell.strip() for cell in self.cells if cell]
        return tuple([cell for cell in bare if cell not in nothing])

    @cached_property
    def distinct(self) -> dict[str, None]:
        """What they say, each once, in the order in which it comes."""
        return dict.fromkeys(self.filled)

    @property
    def fill(self) -> float:
        """The share of cells that say something."""
        return len(self.filled) / max(len(self.cells), 1)

    @property
    def variety(self) -> float:
        """The share of them that says something new: 1 where no value comes twice."""
        return len(self.distinct) / max(len(self.filled), 1)

    @cached_property
    def nothings(self) -> tuple[str, ...]:
        """The words in it that stand for an empty cell."""
        said = {cell.strip() for cell in set(self.cells) if cell}
        return tuple(sorted(said & read_words("empty").keys()))

    @cached_property
    def some(self) -> list[str]:
        """As many of the distinct values as are looked at one by one."""
        return list(self.distinct)[:_LOOKED_AT]

    @cached_property
    def folded(self) -> list[str]:
        """The same without capitals and accents."""
        return [fold(each) for each in self.some]

    @cached_property
    def _texts(self) -> Chunks:
        return pa.chunked_array([pa.array(self.some, pa.string())])

    def share(self, sort: str) -> float:
        """The share of values that are of a sort: ``email``, ``phone``, ``iban``, ``ip``."""
        if not self.some:
            return 0.0
        if sort == "ip":
            return sum(map(_is_ip, self.some)) / len(self.some)
        found = [each for each in self.some if _PATTERNS[sort].fullmatch(each)]
        if sort == "phone":
            found = [each for each in found if 6 <= sum(map(str.isdigit, each)) <= 15]
        return len(found) / len(self.some)

    @cached_property
    def time(self) -> TimeForm | None:
        """How its times are written; None where it has none."""
        if not self.some:
            return None
        counts = {
            form: _count_enough_times(self._texts, form)
            for form in (None, *TIMES)
            if form not in ("unix seconds", "excel")
        }
        best = max(counts.values())
        if best < MOST * len(self.some):
            return None
        fitting = [form for form, count in counts.items() if count == best]
        clock = any(_CLOCK.search(each) and not _MIDNIGHT.search(each) for each in self.some)
        zone = all(re.search(r"(Z|UTC|GMT|[+-]\d\d:?\d\d|[:.]\d+[+-]\d\d)$", each) for each in self.some)
        # With dots between them the day is first wherever dates are written so.
        is_dotted = all(re.match(r"\d{1,2}\.\d{1,2}\.\d", each) for each in self.some)
        others = () if fitting[0] is None or is_dotted else tuple(form for form in fitting[1:] if form)
        return TimeForm(fitting[0], best / len(self.some), others, clock, zone or self.some[0].isdigit())

    @cached_property
    def looks_like_excel_days(self) -> bool:
        """Whether all are numbers such as Excel counts the days of this century with."""
        return bool(self.some) and _count_times(self._texts, "excel") == len(self.some)

    @cached_property
    def number(self) -> NumberForm | None:
        """How its numbers are written; None where it has none."""
        if not self.some:
            return None
        plain = sum(re.match(_PLAIN, each) is not None for each in self.some)
        whole = all(re.fullmatch(r"[+-]?\d+", each) for each in self.some)
        # A dot with three digits behind it, always, is as likely a mark of thousands.
        dotted = [each for each in self.some if "." in each]
        if plain >= MOST * len(self.some):
            thousands = len(dotted) > 1 and all(re.fullmatch(r"\d{1,3}\.\d{3}", each) for each in dotted)
            return NumberForm(None, plain / len(self.some), thousands, whole)
        counts = {mark: _count_numbers(self._texts, mark) for mark in (".", ",")}
        mark = max(counts, key=lambda each: counts[each])
        if counts[mark] < MOST * len(self.some):
            return None
        return NumberForm(mark, counts[mark] / len(self.some), counts["."] == counts[","], is_whole=False)

    def translate(self, column: str) -> dict[str, str]:
        """The words in it that mean something in the contract, and what they mean; see ``words.toml``."""
        known = read_words(column)
        return {each: known[bare] for each, bare in zip(self.some, self.folded, strict=True) if bare in known}


@lru_cache(maxsize=16)
def read_words(column: str) -> dict[str, str]:
    """What words in files mean in a column of the contract."""
    meant: dict[str, Sequence[str]] = read_data("words.toml")[column]
    return {(word if column == "empty" else fold(word)): meaning for meaning, words in meant.items() for word in words}


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "." in text or ":" in text


def _count_enough_times(texts: Chunks, form: str | None) -> int:
    """How many of some values (N,) are times; 0 where the first of them show that too few are for it to matter."""
    n_first = len(texts) // _FIRST_SHARE
    n_others = len(texts) - n_first
    if n_first and _count_times(texts.slice(0, n_first), form) + n_others < MOST * len(texts):
        return 0
    return _count_times(texts, form)


def _count_times(texts: Chunks, form: str | None) -> int:
    instants = read_times(texts, form, None)
    # What is declared reads ISO 8601 too, which proves nothing for it.
    iso = 0 if form is None else len(find_true(pc.match_substring_regex(texts, r"^\d{4}-\d\d-\d\d")))
    with np.errstate(invalid="ignore"):
        return int(((instants >= _FIRST) & (instants < _LAST)).sum()) - iso


def _count_numbers(texts: Chunks, mark: str) -> int:
    return len(texts) - read_marked(texts, mark).null_count
