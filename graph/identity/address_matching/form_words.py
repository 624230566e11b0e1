"""The words of all forms of a market as arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import read_texts
from graph.identity.address_matching.slips import STREET_WORDS, has_digit, is_plain
from graph.identity.address_matching.sounds import sound_of
from graph.identity.addresses.chinese import has_han
from graph.identity.addresses.words import ALL_UNITS
from graph.model import Ints

if TYPE_CHECKING:
    from graph.arrow import Cells

JAPANESE_NUMBER = re.compile(r"\d+(?:-\d+)*番")
WORD, NUMBER, UNIT, POSTCODE = range(4)
_UNIT_TOKEN = re.compile(rf"({'|'.join(sorted(ALL_UNITS, key=len, reverse=True))})([^\W\d]{{0,2}}\d[\w/-]*|-[^\W\d])")
_POSTCODE_TOKEN = re.compile(
    r"\d{3,6}|\d\d-\d{3}|\d{4}-\d{3}|\d{3}-\d{4}|[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|[a-z]\d[a-z]\d[a-z]\d|\d{4}[a-z]{2}"
)
_NUMBER_TOKEN = re.compile(r"\d{1,6}(?:bis|ter|quater|[^\W\d])?(?:[-/]\d{1,4}[^\W\d]?)*")


@dataclass(frozen=True)
class FormWords:
    """Every word of every form (T,): its form, its code, what it is, whether it stands for its letters alone and not
    for how they sound; and of each code (C,) its text, its sound, codes of its first two and last two letters, whether
    it is a Chinese character, a type of street or a misspelt ``street``.
    """

    form: Ints
    code: Ints
    role: Ints
    is_street: NDArray[np.bool_]
    is_exact: NDArray[np.bool_]
    text: NDArray[Any]
    sound: Ints
    head: Ints
    tail: Ints
    is_han: NDArray[np.bool_]
    is_type: NDArray[np.bool_]
    is_plain: NDArray[np.bool_]


def split_words(forms: Cells) -> FormWords:
    """Cut forms (N,) into their words, at spaces; what stands before the first comma is the street's part."""
    lists = pc.split_pattern(forms, " ")
    flat = lists.flatten()
    form = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    encoded = flat.dictionary_encode()
    texts, codes = read_texts(encoded.dictionary), encoded.indices.to_numpy().astype(np.int64)
    ends_part = np.array([text.endswith(",") for text in texts], dtype=bool)
    is_first = np.concatenate([[True], form[1:] != form[:-1]])
    before = np.concatenate([[0], np.cumsum(ends_part[codes])[:-1]])
    is_street = before == before[np.flatnonzero(is_first)[form]]
    plain = [text.removesuffix(",") for text in texts]
    pieces = [list(text) if has_han(text) and not JAPANESE_NUMBER.fullmatch(text) else [text] for text in plain]
    return _spread(pieces, form, codes, is_street, is_first)


def _spread(
    pieces: list[list[str]], form: Ints, codes: Ints, is_street: NDArray[np.bool_], is_first: NDArray[np.bool_]
) -> FormWords:
    """Replace each word by its pieces: Chinese characters stand for themselves."""
    n_pieces = np.array([len(each) for each in pieces], dtype=np.int64)
    names = sorted({piece for each in pieces for piece in each})
    place = {name: i for i, name in enumerate(names)}
    flat = np.array([place[piece] for each in pieces for piece in each], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(n_pieces)[:-1]])
    count = n_pieces[codes]
    source = np.repeat(np.arange(len(codes)), count)
    offset = np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)
    code = flat[starts[codes[source]] + offset]
    role = np.array([_role_of(name) for name in names], dtype=np.int64)[code]
    is_number = is_first[source] & (role == NUMBER)
    role = np.where(is_number, NUMBER, np.where(role == NUMBER, WORD, role))
    # A postcode comes last, and never in the street's part; elsewhere it is a number of the street's name.
    code_is_postcode = np.array([bool(_POSTCODE_TOKEN.fullmatch(name)) for name in names], dtype=bool)[code]
    street = is_street[source]
    is_last = np.concatenate([source[1:] != source[:-1], [True]]) & np.concatenate(
        [form[source][1:] != form[source][:-1], [True]]
    )
    role = np.where(code_is_postcode & is_last & ~street, POSTCODE, role)
    sounds, are_numbers = [sound_of(name) for name in names], [has_digit(name) for name in names]
    return FormWords(
        form=form[source],
        code=code,
        role=role,
        is_street=street,
        is_exact=_find_japanese(form[source], names, code),
        text=np.array(names, dtype=object),
        sound=_number_texts(sounds),
        head=_number_texts([name[:2] for name in names]),
        tail=_number_texts([name[-2:] for name in names]),
        is_han=np.array([has_han(name) for name in names], dtype=bool),
        is_type=np.array([name in STREET_WORDS or name in "路街道" for name in names], dtype=bool) | are_numbers,
        is_plain=np.array(
            [not each and is_plain(name) for name, each in zip(names, are_numbers, strict=True)], dtype=bool
        ),
    )


def _find_japanese(form: Ints, names: list[str], code: Ints) -> NDArray[np.bool_]:
    """Which words (T,) are of Japanese forms: how their characters sound in Chinese says nothing."""
    is_number = np.array([bool(JAPANESE_NUMBER.fullmatch(name)) for name in names], dtype=bool)[code]
    is_japanese = np.zeros(int(form.max(initial=-1)) + 1, dtype=bool)
    is_japanese[form[is_number]] = True
    return is_japanese[form]


def _number_texts(texts: list[str]) -> Ints:
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(text, len(codes)) for text in texts], dtype=np.int64)


def _role_of(text: str) -> int:
    if _UNIT_TOKEN.fullmatch(text):
        return UNIT
    return NUMBER if _NUMBER_TOKEN.fullmatch(text) else WORD
