"""Addresses that are built alike are read alike: one of each build is read word by word, and the others follow it.

``213 Mill Lane, Apt 22, Dunmore 10128`` and ``90 Rose Lane, Apt 31, Eastry 10391`` differ in names and numbers alone,
and so do their forms.  The reader knows no such name, and compares names with one another alone, where it sorts the
words after the comma; of numbers it looks at nothing but how many digits there are.  A shape is an address
in which each name stands for all of its place in the alphabet, and each number for all that are as long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase

from graph.identity.addresses.form import canonical_address
from graph.identity.addresses.tokens import TOKENS, WORD
from graph.identity.addresses.words import BEFORE_NAME, COUNTRIES, HOUSE_NAMES, SIDES

_PIECE = re.compile("([a-z]+|[0-9]+)")
_NAME, _DIGIT = "\x00", "\x01"
_STAND = re.compile(f"{_NAME}|{_DIGIT}+")
_LEAST_LETTERS = 4
"""Words of fewer letters mean something in many places, or may be half of a postcode."""
_MOST_OF_A_KIND = 8
_MOST_KEPT = 1 << 16
_KNOWN = frozenset([*SIDES, *BEFORE_NAME, *(word for each in COUNTRIES for word in each.split())])
_ORDINAL = re.compile(f"{_DIGIT}-?[a-z]{{2}}")
"""1st, 2nd and 3rd are read otherwise than 4nd."""
_HEAD = re.compile(r"\d+[a-z]?(?: [a-z]+)+(?: [a-z]*\d+[a-z]?)?")
"""How a form begins that has one unit or none: several would be sorted, by what their numbers are."""


class _Stands(dict[str, str]):
    """What stands in a shape for each piece of a text; forgets all when it has grown too large."""

    def __missing__(self, piece: str) -> str:
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[piece] = stand = _DIGIT * len(piece) if piece.isdigit() else _NAME if is_name(piece) else piece
        return stand


_STANDS = _Stands()
_FORMS: dict[tuple[str, bool, tuple[int, ...]], str] = {}
"""The form of each shape, with the places of names and numbers in braces; empty where it has none of its own."""


def is_name(word: str) -> bool:
    """Whether the reader sees nothing but a name in a word of small plain letters.

    >>> is_name("dunmore"), is_name("lane"), is_name("links"), is_name("almshouse")
    (True, False, False, False)
    """
    return (
        len(word) >= _LEAST_LETTERS
        and word.isalpha()
        and TOKENS[word] == (WORD, word)
        and word not in _KNOWN
        and not word.endswith(HOUSE_NAMES)
    )


def read_plain(text: str) -> str:
    """The form of an address of plain letters that has no phrase.

    It is what :func:`~graph.identity.addresses.form.canonical_address` makes of it.

    >>> read_plain("213 Mill Lane, Apt 22, Dunmore 10128")
    '213 mill ln unit22, dunmore 10128'
    """
    small = text.lower()
    pieces = _PIECE.split(small)
    stands = [_STANDS[piece] for piece in pieces]
    values = [piece for piece, stand in zip(pieces, stands, strict=True) if stand != piece]
    names = [value for value in values if value.isalpha()]
    in_order = sorted(names)
    key = "".join(stands), small == text, tuple([in_order.index(name) for name in names])
    form = _FORMS.get(key)
    if form is None:
        if len(_FORMS) >= _MOST_KEPT:
            _FORMS.clear()
        form = _FORMS[key] = _find_form(*key)
    if form and len(set(values)) == len(values):
        return form.format(*values)
    return canonical_address(text, has_phrases=False)


def _find_form(shape: str, is_small: bool, order: Sequence[int]) -> str:
    """The form of all addresses of a shape, whose names are in that order; empty where it depends on more."""
    stands = _STAND.findall(shape)
    if _ORDINAL.search(shape) or max(len(order), len(stands) - len(order)) > _MOST_OF_A_KIND:
        return ""
    ranks, digits = iter(order), iter("23456789")
    given = [
        f"{ascii_lowercase[next(ranks) + 1]}azubo" if stand == _NAME else next(digits) * len(stand) for stand in stands
    ]
    texts = iter(given)
    text = _STAND.sub(lambda _: next(texts), shape)
    text = text if is_small else text.upper()
    if (text == text.lower()) != is_small:
        return ""
    form = canonical_address(text, has_phrases=False)
    return _put_places(form, given) if _follows(form, given) else ""


def _follows(form: str, given: Sequence[str]) -> bool:
    """Whether nothing in a form was put in order but names by themselves, whose order is the shape's."""
    head, _, tail = form.partition(", ")
    places = tail.split(" ") if tail else []
    if places and places[-1].isdigit():
        places.pop()  # the postcode
    return bool(_HEAD.fullmatch(head)) and ({*places} <= {*given} or (len(places) == 1 and places[0].isalpha()))


def _put_places(form: str, given: Sequence[str]) -> str:
    """A form with the places of names and numbers in it; empty where one is within another word."""
    place = {value: f"{{{number}}}" for number, value in enumerate(given)}
    pieces = _PIECE.split(form)
    is_whole = all(piece in place or (piece.isalpha() and "azubo" not in piece) for piece in pieces[1::2])
    return "".join([place.get(piece, piece) for piece in pieces]) if is_whole else ""
