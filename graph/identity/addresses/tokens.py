"""One word of an address: what it is, and its short form."""

from __future__ import annotations

import re
from string import ascii_lowercase
from typing import NamedTuple

from graph.identity.addresses.words import (
    ALL_UNITS,
    CITIES,
    COMPOUND_ENDINGS,
    HOUSES,
    PLAIN_STREETS,
    QUALIFIERS,
    SHORT_WORDS,
    STREET_TYPES,
    UNITS,
    YARD_UNITS,
    spellings,
)
from graph.identity.letters import UKRAINIAN_LETTERS, Letters

# Whole numbers, not an enum: each word of each address is compared with some.  Up to PLAIN they are words of names.
WORD, TYPE, PLAIN, NUMBER, UNIT, HOUSE, CITY, BOUND, POSTCODE, HOUSE_NUMBER, HALF, YARD = range(12)


class Token(NamedTuple):
    """A word of an address: what it is, and its short form."""

    kind: int
    text: str


YARD_OF = spellings(YARD_UNITS)
_UNIT_OF = spellings(ALL_UNITS)
_LEXICON: dict[str, Token] = {
    **{word: Token(WORD, short) for word, short in spellings(QUALIFIERS).items()},
    **{word: Token(TYPE, short) for word, short in spellings(STREET_TYPES).items()},
    **{word: Token(PLAIN, word) for word in PLAIN_STREETS.split()},
    **{word: Token(UNIT, short) for word, short in spellings(UNITS).items()},
    **{word: Token(YARD, word) for word in YARD_OF},
    **{word: Token(HOUSE, word) for word in HOUSES.split()},
    **{word: Token(CITY, word) for word in CITIES.split()},
    **{word: Token(BOUND, word) for unit in ALL_UNITS for word in [f"{unit}-{x}" for x in ascii_lowercase]},
    "st": Token(TYPE, "st"),
    "saint": Token(TYPE, "st"),
    "м": Token(CITY, "m"),
    "m": Token(CITY, "m"),
}
_NUMBER = re.compile(r"\d{1,4}(?:bis|ter|quater|[^\W\d])?(?:[-/]\d{1,4}[^\W\d]?)*")
_POSTCODE = re.compile(
    r"\d{5,6}|\d\d-\d{3}|\d{4}-\d{3}|\d{3}-\d{4}|[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|[a-z]\d[a-z]\d[a-z]\d|\d{4}[a-z]{2}(?<!\dst|\dnd|\drd|\dth|\dya)"
)
_INNER_HALF = re.compile(r"\d[a-z]{2}(?<!1st|2nd|3rd|\dth)|\d[a-z]\d")
_NO_POSTCODE = frozenset(SHORT_WORDS.split())
_GLUED = re.compile(
    rf"({'|'.join(sorted((w for w in _UNIT_OF if len(w) > 1), key=len, reverse=True))}|no|№)(\d[\w/-]*)"
)
_OWN_UNIT = re.compile(rf"(?:{'|'.join(ALL_UNITS)})[^\W\d]{{1,2}}\d[\w/-]*")


class _Reader(dict[str, Token]):
    """Each word that was ever seen, read once; forgets all when it has grown too large."""

    def __init__(self, letters: dict[int, str]) -> None:
        super().__init__()
        self.letters = letters

    def __missing__(self, word: str) -> Token:
        if len(self) > 1 << 18:
            self.clear()
        token = _read_word(word, self.letters)
        self[word] = token
        return token


TOKENS = _Reader(Letters())
UKRAINIAN_TOKENS = _Reader(Letters({ord(char): plain for char, plain in UKRAINIAN_LETTERS.items()}))


def _read_word(word: str, letters: dict[int, str]) -> Token:
    if word in _LEXICON:
        return Token(HALF, word) if word == "ak" else _LEXICON[word]  # 5211 AK
    plain = word if word.isascii() else word.translate(letters)
    if not plain:
        return Token(CITY, "")  # nothing but marks: goes like a word for a town
    if plain != word and plain in _LEXICON:
        return _LEXICON[plain]
    if any(char.isdigit() for char in plain):
        return _read_number(plain)
    is_half = len(plain) == 2 and plain.isascii() and plain not in _NO_POSTCODE  # 1012 AB
    return Token(HALF, plain) if is_half else Token(WORD, _shorten_compound(plain))


def _read_number(plain: str) -> Token:
    if plain[0].isdigit() and "-" in plain and not plain[-1].isdigit():
        plain = plain.replace("-", "")  # 14-a, 1-ya
    if _POSTCODE.fullmatch(plain):
        return Token(POSTCODE, plain)
    if _NUMBER.fullmatch(plain):
        return Token(NUMBER, plain)
    if _INNER_HALF.fullmatch(plain):
        return Token(HALF, plain)
    if glued := _GLUED.fullmatch(plain):
        unit = _UNIT_OF.get(glued[1])
        return Token(BOUND, unit + glued[2]) if unit else Token(HOUSE_NUMBER, glued[2])
    return Token(BOUND if _OWN_UNIT.fullmatch(plain) else WORD, plain)


def _shorten_compound(word: str) -> str:
    for ending, short in COMPOUND_ENDINGS.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + short
    return word
