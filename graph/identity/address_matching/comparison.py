"""Whether two buildings are one, word by word."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from graph.identity.address_matching.buildings import Buildings
from graph.identity.address_matching.form_words import NUMBER, POSTCODE, WORD
from graph.identity.address_matching.slips import (
    STREET_WORDS,
    are_slips_of,
    has_digit,
    is_plain,
    is_short_form,
    is_slip,
    may_be_slips,
)
from graph.identity.address_matching.sounds import sound_of

DIFFERENT, UNSURE, SAME = -1, 0, 1
Words = tuple[str, ...]


@dataclass(frozen=True)
class BuildingRecord:
    """One building: its street's words, all other words, its postcode, its number, and how many forms it has."""

    street: tuple[str, ...]
    others: tuple[str, ...]
    postcode: str
    number: str
    is_chinese: bool
    n_forms: int = 1


def make_record_reader(buildings: Buildings) -> Callable[[int], BuildingRecord]:
    """A function that reads one building, each only once."""
    words = buildings.words
    text, role, street = words.text[words.code].tolist(), words.role.tolist(), words.is_street.tolist()
    is_han, start, first = words.is_han[words.code].tolist(), buildings.start.tolist(), buildings.first.tolist()

    n_forms = np.bincount(buildings.of_form, minlength=len(first)).tolist()

    @cache
    def read(building: int) -> BuildingRecord:
        number = postcode = ""
        named: tuple[list[str], list[str]] = ([], [])
        is_chinese = False
        for i in range(start[first[building]], start[first[building] + 1]):
            if role[i] == WORD:
                named[street[i]].append(text[i])
                is_chinese |= is_han[i]
            elif role[i] == NUMBER:
                number = text[i]
            elif role[i] == POSTCODE:
                postcode = text[i]
        return BuildingRecord(tuple(named[True]), tuple(named[False]), postcode, number, is_chinese, n_forms[building])

    return read


def compare_buildings(a: BuildingRecord, b: BuildingRecord, middle: BuildingRecord | None = None) -> int:
    """Whether two buildings are one: SAME, DIFFERENT, or UNSURE where too little is said.

    Parameters
    ----------
    a, b
        Two buildings, in either order: the answer is the same.  Numbers must agree, and postcodes where both have one;
        then streets, word by word, but for slips and short forms; then towns, where no postcode settles it.
    middle
        A third one: two words that are both misspelt for one of its words do not tell the two apart.
    """
    if (b.street, b.others) < (a.street, a.others):
        a, b = b, a  # so that the answer is the same from both sides
    if a.number != b.number or (a.postcode and b.postcode and a.postcode != b.postcode):
        return DIFFERENT
    if a.is_chinese or b.is_chinese:
        return _compare_characters(a, b)
    spelt = middle.street + middle.others if middle else ()
    left, right = _cancel_street(a, b)
    if left or right:
        return _judge_rest(left, right, spelt)
    numbered_a, numbered_b = (tuple(word for word in each.others if has_digit(word)) for each in (a, b))
    if any(_cancel(numbered_a, numbered_b, _sounds_like)):
        return DIFFERENT if numbered_a and numbered_b else UNSURE  # a staircase, a sector, a unit in a strange tongue
    if _name_two_houses(a, b):
        return DIFFERENT
    return SAME if a.postcode and a.postcode == b.postcode else _compare_places(a, b, spelt)


def _cancel_street(a: BuildingRecord, b: BuildingRecord) -> tuple[Words, Words]:
    """The words of the streets that have no fellow on the other side, at first in the street, then in the rest."""
    left, right = _cancel(a.street, b.street, _sounds_like)
    left, right = _cancel(left, right, is_slip)
    if any(word not in STREET_WORDS and not has_digit(word) for word in _cancel(a.street, left, operator.eq)[0]):
        left, right = _cancel(left, right, is_short_form)
    left, right = _cancel(left, b.others, _is_same_word)[0], _cancel(right, a.others, _is_same_word)[0]
    if _is_slip_of_space(left, right):
        return (), ()
    return _drop_plain(left), _drop_plain(right)


def _judge_rest(left: Words, right: Words, spelt: Words) -> int:
    """What words without a fellow say: two slips of one word leave it open, two different words do not."""
    if not (left and right):
        return DIFFERENT if any(word in STREET_WORDS or has_digit(word) for word in left + right) else UNSURE
    left, right = _cancel(left, right, may_be_slips)
    left, right = _cancel(left, right, lambda one, other: any(are_slips_of(word, one, other) for word in spelt))
    return DIFFERENT if left and right else UNSURE


def _compare_places(a: BuildingRecord, b: BuildingRecord, spelt: Words) -> int:
    """Compare what is said of town and region, where no postcode settles it."""
    left, _ = _cancel(a.others, b.others + b.street, _sounds_like)
    right, _ = _cancel(b.others, a.others + a.street, _sounds_like)
    left, right = _cancel(left, right, is_slip)
    if _is_slip_of_space(left, right) or not (left or right):
        return SAME
    if left and right:
        return _judge_rest(left, right, spelt)
    return SAME if len(a.others) > len(left) and len(b.others) > len(right) else UNSURE


def _cancel(left: Words, right: Words, agree: Callable[[str, str], bool]) -> tuple[Words, Words]:
    """The words of either side that agree with none of the other; each counts once."""
    if left == right or not (left and right):
        return ((), ()) if left == right else (left, right)
    kept, pool = [], list(right)
    for word in left:
        match = next((other for other in pool if agree(word, other)), None)
        if match is None:
            kept.append(word)
        else:
            pool.remove(match)
    return tuple(kept), tuple(pool)


def _sounds_like(one: str, other: str) -> bool:
    return sound_of(one) == sound_of(other)


def _is_same_word(one: str, other: str) -> bool:
    return one not in STREET_WORDS and other not in STREET_WORDS and (_sounds_like(one, other) or is_slip(one, other))


def _is_slip_of_space(left: Words, right: Words) -> bool:
    """Whether the words of both sides are the same but for one space and at most one slip."""
    if not left or not right or abs(len(left) - len(right)) != 1:
        return False
    one, other = "".join(left), "".join(right)
    return sound_of(one) == sound_of(other) or is_slip(one, other)


def _drop_plain(words: Words) -> Words:
    """Without a misspelt word for a street, a house or a flat: spelt well it is no word of its own."""
    return tuple(word for word in words if not is_plain(word))


def _name_two_houses(a: BuildingRecord, b: BuildingRecord) -> bool:
    """Whether each names a building and they have two names: Rose Court and Lily Court, both 12 Mill Lane."""
    one, other = ({word for word in each.others if word.startswith("house") and len(word) > 5} for each in (a, b))
    return bool(one and other) and not one & other


def _compare_characters(a: BuildingRecord, b: BuildingRecord) -> int:
    if not (a.is_chinese and b.is_chinese):
        return UNSURE
    return _compare_japanese(a, b) if a.number.endswith("番") else _compare_chinese(a, b)


def _compare_chinese(a: BuildingRecord, b: BuildingRecord) -> int:
    """Compare characters by their sound: the road's have to agree, province or district may be missing."""
    road = min(len(a.street), len(b.street), 3)  # its type and the last two characters of its name
    left, right = _cancel(a.street + a.others, b.street + b.others, _sounds_like)
    if not (left or right):
        return SAME
    if road < 2 or not all(map(_sounds_like, a.street[-road:], b.street[-road:])):
        return DIFFERENT
    same_road = not any(_cancel(a.street, b.street, _sounds_like))
    same_postcode = bool(a.postcode) and a.postcode == b.postcode
    if (left and right) or not (same_road or _may_name_place(left + right)):
        return SAME if same_road and same_postcode else DIFFERENT
    if not same_road and a.others and b.others:
        return DIFFERENT
    shared = {*a.street[:-road], *a.others} & {*b.street[:-road], *b.others}
    return SAME if shared or same_postcode else UNSURE


def _compare_japanese(a: BuildingRecord, b: BuildingRecord) -> int:
    """Towns have to be the same, letter by letter; prefecture, city or the building's name may be missing."""
    if a.street != b.street:
        return DIFFERENT
    left, right = _cancel(a.others, b.others, operator.eq)
    if left and right:
        return DIFFERENT
    shares = len(a.others) > len(left) or len(b.others) > len(right) or not (left or right)
    return SAME if shares or (a.postcode and a.postcode == b.postcode) else UNSURE


def _may_name_place(missing: Words) -> bool:
    """Whether these characters may name a province or a district, rather than tell one road from another."""
    return len(missing) > 1 and not set(missing) & _ROAD_MARKS


_ROAD_MARKS = frozenset("东西南北中大小新旧上下前后内外一二三四五六七八九十")
