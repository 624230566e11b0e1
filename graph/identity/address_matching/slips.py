"""Whether one word is another with a slip of the pen, or its short form."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from anyascii import anyascii
from rapidfuzz.distance import OSA

from graph.identity.address_matching.sounds import sound_of
from graph.identity.addresses.korean import HANGUL
from graph.identity.addresses.words import COMPOUND_ENDINGS, DIRECTIONS, HOUSES, PLAIN_STREETS, STREET_TYPES, UNITS

_PLAIN = tuple(
    word for word in f"{PLAIN_STREETS} {HOUSES} {' '.join(UNITS.values())}".split() if word.isascii() and len(word) > 4
)
_LONG_TYPES = {
    short: [each for each in words.split() if each.isascii() and len(each) > 3] + (["saint"] if short == "st" else [])
    for short, words in STREET_TYPES.items()
}
STREET_WORDS = frozenset(STREET_TYPES) | DIRECTIONS  # in their short forms


@lru_cache(maxsize=1 << 16)
def may_be_slips(one: str, other: str) -> bool:
    """Whether two words may both be slips of a third."""
    if one in STREET_WORDS or other in STREET_WORDS or has_digit(one + other):
        return False
    a, b = sound_of(one), sound_of(other)
    distance = min(OSA.distance(a, b), OSA.distance(one, other))
    return (distance == 1 and len(one) != len(other)) or (distance == 2 and min(len(one), len(other)) > 3)


_LEAST_LETTERS = 6
"""Shorter names have like ones in every town: of two slips of Haill one is Hill and one Hall."""


@lru_cache(maxsize=1 << 16)
def are_slips_of(word: str, one: str, other: str) -> bool:
    """Whether two words are both misspelt for a third, and neither of them can be what the third is misspelt for.

    A name loses letters more easily than it gains one: Stainton and Staunton are no slips of Stanton, which may be a
    slip of either.  Nor do another first letter, or a vowel for a vowel, come of two slips: Harlow and Marlow, Barton
    and Burton are two names, even where somebody writes Baurton.

    >>> are_slips_of("umberstead", "umbertead", "umbersead"), are_slips_of("stanton", "stainton", "staunton")
    (True, False)
    """
    if any(each in STREET_WORDS or has_digit(each) or HANGUL.search(each) for each in (word, one, other)):
        return False
    if len(_cut_type(word)) < _LEAST_LETTERS or one[0] != other[0] or _differ_in_vowel(one, other):
        return False
    pairs = (word, one), (word, other)
    return all(is_slip(*pair) for pair in pairs) and any(_is_typed_for(*pair) for pair in pairs)


def _differ_in_vowel(one: str, other: str) -> bool:
    if len(one) != len(other):
        return False
    apart = [{x, y} for x, y in zip(one, other, strict=True) if x != y]
    return len(apart) == 1 and apart[0] <= _VOWELS


_VOWELS = frozenset("aeiouy")


def _cut_type(word: str) -> str:
    """A compound without its type: berg of bergstr."""
    return next((word.removesuffix(short) for short in _SHORT_ENDINGS if word.endswith(short)), word)


def _is_typed_for(word: str, typed: str) -> bool:
    """Whether one word comes of another by a letter left out, doubled or swapped, or the key beside it."""
    return any(len(b) <= len(a) and (a == b or _is_one_slip(a, b)) for a, b in _spell(word, typed))


def _spell(one: str, other: str) -> tuple[tuple[str, str], ...]:
    """Two words as they sound, as they are written, and without doubled letters: those of one may be another slip."""
    return (sound_of(one), sound_of(other)), (one, other), (_TWICE.sub(r"\1", one), _TWICE.sub(r"\1", other))


_TWICE = re.compile(r"(\D)\1+")


@lru_cache(maxsize=1 << 18)
def is_plain(word: str) -> bool:
    """Whether a word is a misspelt one for a street, a house or a flat: spelt well it is no word of its own."""
    if len(word) <= 3 or not word.isascii() or has_digit(word):
        return False  # a number is no slip of a word
    return any(_may_be_slip(word, plain) and is_slip(word, plain) for plain in _PLAIN if plain[0] == word[0])


def _may_be_slip(word: str, plain: str) -> bool:
    """Whether it is worth asking: of words that are letters alone a slip is one step from the other, or sounds so."""
    if word in STREET_WORDS or word.endswith(_SHORT_ENDINGS):
        return True
    a, b = sound_of(word), sound_of(plain)
    return OSA.distance(a, b, score_cutoff=1) <= 1 or OSA.distance(word, plain, score_cutoff=1) <= 1


_SHORT_ENDINGS = tuple(COMPOUND_ENDINGS.values())


_DIGIT = re.compile(r"\d")


def has_digit(word: str) -> bool:
    """Whether a word is a number, or has one in it: no slip of the pen is looked for in such."""
    return bool(_DIGIT.search(word)) or (not word.isascii() and any(char.isdigit() for char in word))


_KEYBOARDS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_NEAR_KEYS = frozenset(
    frozenset((x, y))
    for row in _KEYBOARDS
    for x, y in ((anyascii(one).lower(), anyascii(other).lower()) for one, other in pairwise(row))
)


@lru_cache(maxsize=1 << 18)
def is_slip(one: str, other: str) -> bool:
    """Whether one word is the other with one slip of the pen: a letter missing, doubled, swapped, or a key beside it.

    A number is never a slip of another; nor is one letter in the place of another that lies elsewhere on the
    keyboard, or Bergstraße and Burgstraße would cross.

    >>> is_slip("oakfield", "oakfeild"), is_slip("bergstr", "burgstr"), is_slip("gdns", "gadens"), is_slip("st", "rd")
    (True, False, True, False)
    """
    if frozenset((one, other)) in _SAINTS:
        return True
    if HANGUL.search(one + other):
        return False  # a syllable is half of a name
    if has_digit(one + other):
        number, name = _split_name(one)
        return (number, bool(name)) == (_split_name(other)[0], True) and is_slip(name, _split_name(other)[1])
    if one in STREET_WORDS and other in STREET_WORDS:
        return False
    if one in STREET_WORDS or other in STREET_WORDS:
        short, long = (one, other) if one in STREET_WORDS else (other, one)
        return len(long) > 3 and any(_is_slip_of_letters(each, long) for each in _LONG_TYPES.get(short, ()))
    return _is_slip_of_letters(_lengthen(one, other), _lengthen(other, one))


_SAINTS = frozenset(frozenset(("s", name)) for name in ("san", "sant", "santa", "santo"))


def _split_name(word: str) -> tuple[str, str]:
    """The number and the name of a street such as 8marta; no name where the letters only make an ordinal."""
    found = re.fullmatch(r"(\d+)([^\W\d]{4,})", word)
    return (found[1], found[2]) if found else (word, "")


def _is_slip_of_letters(one: str, other: str) -> bool:
    a, b = sound_of(one), sound_of(other)
    if a == b:
        return True
    if min(len(one), len(other)) < 3 or max(len(one), len(other)) < 4:
        return False
    return any(_is_one_slip(*pair) for pair in _spell(one, other))


def _lengthen(word: str, other: str) -> str:
    """A compound's type in full where the other word has it misspelt: hauptstr, hauptstrsase."""
    for long, short in COMPOUND_ENDINGS.items():
        if word.endswith(short) and len(other) > len(word) + 1:
            return word.removesuffix(short) + long
    return word


def _is_one_slip(a: str, b: str) -> bool:
    if OSA.distance(a, b, score_cutoff=1) != 1:
        return False
    if len(a) != len(b):
        return True
    ((i, j), *swapped) = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    return bool(swapped) or frozenset((i, j)) in _NEAR_KEYS


def is_short_form(one: str, other: str) -> bool:
    """Whether one word is an initial, or the first two or three letters, of the other."""
    short, long = sorted((one, other), key=len)
    return len(short) <= 3 < len(long) and long.startswith(short) and short not in STREET_WORDS
