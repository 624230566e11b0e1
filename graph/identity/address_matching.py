"""Which canonical addresses of a market are one place, where it takes more than one address to tell.

Three things are joined that one address alone cannot show: slips of the pen (``Oakfeild St``), parts that one writer
left out (the postcode, the city, the region), and a flat that one writer left out where the building has but one.
Nothing is joined by a chain: a spelling that fits two places which do not fit one another is joined to neither.
"""

from __future__ import annotations

import operator
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from anyascii import anyascii
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.identity.address_words import COMPOUND_ENDINGS, HOUSES, PLAIN_STREETS, STREET_TYPES, UNITS
from graph.identity.chinese_addresses import HAN

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

DIFFERENT, UNSURE, SAME = -1, 0, 1
_MAX_BLOCK = 64
"""A key that more buildings share says nothing; the other keys of the same building stay."""

_WORD, _NUMBER, _UNIT, _POSTCODE = range(4)
_UNIT_TOKEN = re.compile(rf"({'|'.join(sorted(UNITS, key=len, reverse=True))})([^\W\d]{{0,2}}\d[\w/-]*|-[^\W\d])")
_POSTCODE_TOKEN = re.compile(
    r"\d{3,6}|\d\d-\d{3}|\d{4}-\d{3}|\d{3}-\d{4}|[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|[a-z]\d[a-z]\d[a-z]\d|\d{4}[a-z]{2}"
)
_NUMBER_TOKEN = re.compile(r"\d{1,6}[^\W\d]?(?:[-/]\d{1,4}[^\W\d]?)*")
_PLAIN = tuple(
    word for word in f"{PLAIN_STREETS} {HOUSES} {' '.join(UNITS.values())}".split() if word.isascii() and len(word) > 4
)
_LONG_TYPES = {
    short: [each for each in words.split() if each.isascii() and len(each) > 3] for short, words in STREET_TYPES.items()
}
_LONG_TYPES["st"].append("saint")
_TYPES = frozenset(STREET_TYPES) | {"n", "s", "e", "w", "ne", "nw", "se", "sw"}


def match_addresses(forms: Any) -> Ints:
    """Find which canonical addresses of one market are one place.

    Buildings that share a house number and either a postcode, or all their words but one, are compared word by word;
    flats are then joined within a building.  Cost: linear in the number of addresses times their words, as no key
    that more than 64 buildings share is looked at.

    Parameters
    ----------
    forms
        (N,) pyarrow string array of distinct :func:`~graph.identity.addresses.canonical_address` forms, in any order.

    Returns
    -------
    (N,) int
        For each form the row of the fullest form of its place: its own row where it is joined to none.

    Examples
    --------
    >>> forms = ["12 oakfield st unit3, leeds", "12 oakfeild st unit3, leeds", "12 oakfield st unit4, leeds"]
    >>> match_addresses(pa.array(forms)).tolist()
    [1, 1, 2]
    """
    if len(forms) < 2:
        return np.arange(len(forms), dtype=np.int64)
    words = _split_words(forms)
    buildings = _find_buildings(words, len(forms), forms)
    cluster = _cluster_buildings(buildings)[buildings.of_form]
    place = _split_by_unit(cluster, words, buildings, len(forms))
    return _pick_fullest(place, forms)


# ------------------------------------------------------------------------------------------------ words as arrays


@dataclass(frozen=True)
class _Words:
    """Every word of every form (T,): its form, its code, what it is; and of each code (C,) its text, its sound, codes
    of its first two and last two letters, whether it is a Chinese character, a type of street or
    a misspelt ``street``.
    """

    form: Ints
    code: Ints
    role: Ints
    is_street: NDArray[np.bool_]
    text: NDArray[Any]
    sound: Ints
    head: Ints
    tail: Ints
    is_han: NDArray[np.bool_]
    is_type: NDArray[np.bool_]
    is_plain: NDArray[np.bool_]


def _split_words(forms: Any) -> _Words:
    lists = pc.split_pattern(forms, " ")
    flat = lists.flatten()
    form = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    encoded = flat.dictionary_encode()
    texts, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)
    ends_part = np.array([text.endswith(",") for text in texts], dtype=bool)
    is_first = np.concatenate([[True], form[1:] != form[:-1]])
    before = np.concatenate([[0], np.cumsum(ends_part[codes])[:-1]])
    is_street = before == before[np.flatnonzero(is_first)[form]]
    plain = [text.removesuffix(",") for text in texts]
    pieces = [list(text) if HAN.search(text) else [text] for text in plain]
    return _spread(pieces, form, codes, is_street, is_first)


def _spread(
    pieces: list[list[str]], form: Ints, codes: Ints, is_street: NDArray[np.bool_], is_first: NDArray[np.bool_]
) -> _Words:
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
    is_number = is_first[source] & (role == _NUMBER)
    role = np.where(is_number, _NUMBER, np.where(role == _NUMBER, _WORD, role))
    # A postcode comes last, and never in the street's part; elsewhere it is a number of the street's name.
    code_is_postcode = np.array([bool(_POSTCODE_TOKEN.fullmatch(name)) for name in names], dtype=bool)[code]
    street = is_street[source]
    is_last = np.concatenate([source[1:] != source[:-1], [True]]) & np.concatenate(
        [form[source][1:] != form[source][:-1], [True]]
    )
    role = np.where(code_is_postcode & is_last & ~street, _POSTCODE, role)
    sounds = [sound_of(name) for name in names]
    return _Words(
        form=form[source],
        code=code,
        role=role,
        is_street=street,
        text=np.array(names, dtype=object),
        sound=_number_texts(sounds),
        head=_number_texts([name[:2] for name in names]),
        tail=_number_texts([name[-2:] for name in names]),
        is_han=np.array([bool(HAN.search(name)) for name in names], dtype=bool),
        is_type=np.array([name in _TYPES or name in "路街道" or _has_digit(name) for name in names], dtype=bool),
        is_plain=np.array([_is_plain(name) for name in names], dtype=bool),
    )


def _number_texts(texts: list[str]) -> Ints:
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(text, len(codes)) for text in texts], dtype=np.int64)


def _role_of(text: str) -> int:
    if _UNIT_TOKEN.fullmatch(text):
        return _UNIT
    return _NUMBER if _NUMBER_TOKEN.fullmatch(text) else _WORD


_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("sch|shch", "sc"), ("ch|ts|tc|cz", "c"), ("sh|sz", "s"), ("zh|rz", "z"), ("kh", "h"), ("ck", "k"), ("ph", "f"),
        ("x", "ks"), ("w", "v"), ("[iyj]o", "e"), ("[iyj]([aeu])", r"\1"), ("ae", "a"), ("oe", "o"), ("ue", "u"),
        ("[yj]", "i"), (r"(\D)\1+", r"\1"),
    )
)  # fmt: skip


_POLYPHONES = {"长": "chang", "重": "chong", "厦": "xia", "乐": "le"}
"""Characters with several readings: the one that names of places have."""


@lru_cache(maxsize=1 << 18)
def sound_of(word: str) -> str:
    """What is left of a word when different ways of romanising it, and doubled letters, are made one.

    >>> sound_of("naberezhnaya") == sound_of("naberezhnaia") == sound_of("naberežnaja".replace("ž", "zh"))
    True
    """
    if not word.isascii():
        return _POLYPHONES.get(word) or (anyascii(word).lower() if HAN.search(word) else word)
    if len(word) < 3:
        return word
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


# ------------------------------------------------------------------------------------------------ buildings


@dataclass(frozen=True)
class _Buildings:
    """Addresses without their units (B,): the building of each form, and the first form of each building."""

    of_form: Ints
    first: Ints
    words: _Words
    start: Ints
    has_number: NDArray[np.bool_]


def _mix(values: NDArray[Any], salt: int) -> Hashes:
    """Scatter whole numbers over 64 bits (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Hashes = z ^ (z >> np.uint64(31))
    return mixed


def _sum_by_form(values: Hashes, form: Ints, n: int) -> Hashes:
    """Sums modulo 2**64 of the values of each form."""
    total = np.concatenate([[np.uint64(0)], np.cumsum(values, dtype=np.uint64)])
    ends = np.searchsorted(form, np.arange(n + 1))
    sums: Hashes = total[ends[1:]] - total[ends[:-1]]
    return sums


def _find_buildings(words: _Words, n: int, forms: Any) -> _Buildings:
    sound = words.sound[words.code]
    value = np.where(words.role == _UNIT, np.uint64(0), _mix(sound * 4 + words.role, 1))
    whole = _sum_by_form(value, words.form, n)
    order = pc.sort_indices(forms).to_numpy()
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    _, first_rank, of_rank = np.unique(whole[order], return_index=True, return_inverse=True)
    first = order[first_rank]
    numbered = np.zeros(n, dtype=bool)
    numbered[words.form[words.role == _NUMBER]] = True
    return _Buildings(of_rank[rank], first, words, np.searchsorted(words.form, np.arange(n + 1)), numbered[first])


def _cluster_buildings(buildings: _Buildings) -> Ints:
    """The cluster of each building."""
    left, right = _find_candidates(buildings)
    record = _record_reader(buildings)
    verdict = {(a, b): _compare(record(a), record(b)) for a, b in zip(left.tolist(), right.tolist(), strict=True)}
    return _join_without_chains(verdict, len(buildings.first), record)


@dataclass(frozen=True)
class _Keyed:
    """The words of one form for each numbered building (T,), and sums over each building's words."""

    building: Ints
    code: Ints
    sound: Ints
    role: Ints
    is_street: NDArray[np.bool_]
    number: Hashes
    text: Hashes
    street: Hashes


def _find_candidates(buildings: _Buildings) -> tuple[Ints, Ints]:
    """Pairs of buildings that share a key and do not contradict one another at first sight."""
    keyed = _key_words(buildings)
    n = len(buildings.first)
    postcode = np.full(n, -1, dtype=np.int64)
    is_postcode = keyed.role == _POSTCODE
    postcode[keyed.building[is_postcode]] = keyed.sound[is_postcode]
    pairs = [_pair_exact(buildings, keyed), _pair_slips(buildings, keyed, postcode)]
    left, right = np.concatenate(pairs, axis=1)
    low, high = np.minimum(left, right), np.maximum(left, right)
    agree = (postcode[low] == postcode[high]) | (postcode[low] < 0) | (postcode[high] < 0)
    code = np.unique((low * n + high)[(low < high) & agree])
    return code // n, code % n


def _key_words(buildings: _Buildings) -> _Keyed:
    words, n = buildings.words, len(buildings.first)
    of_form = np.full(len(buildings.of_form), -1, dtype=np.int64)
    of_form[buildings.first] = np.where(buildings.has_number, np.arange(n), -1)
    keep = of_form[words.form] >= 0
    owner, code = of_form[words.form[keep]], words.code[keep]
    order = np.argsort(owner, kind="stable")
    owner, code = owner[order], code[order]
    role, is_street, sound = words.role[keep][order], words.is_street[keep][order], words.sound[code]
    nothing = np.uint64(0)
    number = _sum_by_form(np.where(role == _NUMBER, _mix(sound, 3), nothing), owner, n)
    hashed = np.where(role == _WORD, _mix(sound, 2), nothing)
    text, street = (_sum_by_form(each, owner, n) + number for each in (hashed, np.where(is_street, hashed, nothing)))
    return _Keyed(owner, code, sound, role, is_street, number, text, street)


def _pair_exact(buildings: _Buildings, keyed: _Keyed) -> Ints:
    """Pairs of buildings with the same words, or all those of one but a word that may be left out, or the same street
    and one more word; with the house number.
    """
    numbered = np.flatnonzero(buildings.has_number)
    is_word = keyed.role == _WORD
    # What one writer may leave out: a word of town or region, or a misspelt word for a street.
    optional = np.flatnonzero(is_word & (~keyed.is_street | buildings.words.is_plain[keyed.code]))
    other = np.flatnonzero(is_word & ~keyed.is_street)
    own, place = keyed.building[optional], keyed.building[other]
    whole = np.concatenate([keyed.text[numbered], keyed.text[own] - _mix(keyed.sound[optional], 2)])
    pairs = _pair_blocks(whole, np.arange(len(whole)))
    # Two that each lack a word have nothing in common but the street: 12 Oak St in two towns.
    pairs = pairs[:, pairs.min(axis=0) < len(numbered)]
    by_street = _pair_blocks(_mix(keyed.street[place] + _mix(keyed.sound[other], 6), 7), place)
    return np.concatenate([np.concatenate([numbered, own])[pairs], by_street], axis=1)


def _pair_slips(buildings: _Buildings, keyed: _Keyed, postcode: Ints) -> Ints:
    """Pairs of buildings with one word each that is the other's, or a slip of it, where all other words agree, or the
    postcode does; what looks alike begins or ends alike.
    """
    words = buildings.words
    rest_rows = np.flatnonzero((keyed.role == _WORD) & ~words.is_han[keyed.code])
    rest = keyed.text[keyed.building[rest_rows]] - _mix(keyed.sound[rest_rows], 2)
    is_name = keyed.is_street & (keyed.role == _WORD) & ~words.is_type[keyed.code]
    name_rows = np.flatnonzero(is_name & (postcode[keyed.building] >= 0))
    near = keyed.number[keyed.building[name_rows]] + _mix(postcode[keyed.building[name_rows]], 4)
    pairs = []
    for salt, end in ((8, words.head), (9, words.tail)):
        for rows, key in ((rest_rows, rest), (name_rows, near)):
            pairs.append(_pair_blocks(_mix(key + _mix(end[keyed.code[rows]], salt), salt), rows))
    both = np.concatenate(pairs, axis=1)
    return keyed.building[both[:, _find_alike(words, keyed.code[both])]]


def _find_alike(words: _Words, codes: Ints) -> NDArray[np.bool_]:
    """Which pairs of words (2, P) may stand for one another; each pair is looked at once, however often it comes."""
    low, high = np.sort(codes, axis=0)
    n = len(words.text)
    distinct, place = np.unique(low * n + high, return_inverse=True)
    ones, others = words.text[distinct // n].tolist(), words.text[distinct % n].tolist()
    alike = [_may_replace(one, other) for one, other in zip(ones, others, strict=True)]
    return np.array(alike, dtype=bool)[place]


def _may_replace(one: str, other: str) -> bool:
    return one == other or is_slip(one, other) or is_short_form(one, other)


def _pair_blocks(keys: Hashes, owners: Ints) -> Ints:
    """All pairs (2, P) of owners with the same key, but for keys that too many share."""
    order = np.argsort(keys, kind="stable")
    keys, owners = keys[order], owners[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    sizes = np.diff(np.append(starts, len(keys)))
    pairs = [np.empty((2, 0), dtype=np.int64)]
    for size in np.unique(sizes[(sizes > 1) & (sizes <= _MAX_BLOCK)]).tolist():
        block = owners[starts[sizes == size][:, None] + np.arange(size)]
        i, j = np.triu_indices(size, 1)
        pairs.append(np.stack([block[:, i].ravel(), block[:, j].ravel()]))
    return np.concatenate(pairs, axis=1)


# ------------------------------------------------------------------------------------------------ comparing


@dataclass(frozen=True)
class _Record:
    """One building: its street's words, all other words, its postcode, its number."""

    street: tuple[str, ...]
    others: tuple[str, ...]
    postcode: str
    number: str
    is_chinese: bool


def _record_reader(buildings: _Buildings) -> Callable[[int], _Record]:
    """A function that reads one building, each only once."""
    words = buildings.words
    text, role, street = words.text[words.code].tolist(), words.role.tolist(), words.is_street.tolist()
    is_han, start, first = words.is_han[words.code].tolist(), buildings.start.tolist(), buildings.first.tolist()

    @cache
    def read(building: int) -> _Record:
        number = postcode = ""
        named: tuple[list[str], list[str]] = ([], [])
        is_chinese = False
        for i in range(start[first[building]], start[first[building] + 1]):
            if role[i] == _WORD:
                named[street[i]].append(text[i])
                is_chinese |= is_han[i]
            elif role[i] == _NUMBER:
                number = text[i]
            elif role[i] == _POSTCODE:
                postcode = text[i]
        return _Record(tuple(named[True]), tuple(named[False]), postcode, number, is_chinese)

    return read


def _compare(a: _Record, b: _Record) -> int:
    """Whether two buildings are one: SAME, DIFFERENT, or UNSURE where too little is said."""
    if (b.street, b.others) < (a.street, a.others):
        a, b = b, a  # so that the answer is the same from both sides
    if a.number != b.number or (a.postcode and b.postcode and a.postcode != b.postcode):
        return DIFFERENT
    if a.is_chinese or b.is_chinese:
        return _compare_chinese(a, b) if a.is_chinese and b.is_chinese else UNSURE
    left, right = _cancel_street(a, b)
    if left or right:
        return _judge_rest(left, right, one_sided=UNSURE)
    numbered_a, numbered_b = (tuple(word for word in each.others if _has_digit(word)) for each in (a, b))
    if any(_cancel(numbered_a, numbered_b, _sounds_like)):
        return DIFFERENT if numbered_a and numbered_b else UNSURE  # a staircase, a sector, a unit in a strange tongue
    return SAME if a.postcode and a.postcode == b.postcode else _compare_places(a, b)


def _cancel_street(a: _Record, b: _Record) -> tuple[Words, Words]:
    """The words of the streets that have no fellow on the other side, at first in the street, then in the rest."""
    left, right = _cancel(a.street, b.street, _sounds_like)
    left, right = _cancel(left, right, is_slip)
    if any(word not in _TYPES and not _has_digit(word) for word in _cancel(a.street, left, operator.eq)[0]):
        left, right = _cancel(left, right, is_short_form)
    left, right = _cancel(left, b.others, _is_same_word)[0], _cancel(right, a.others, _is_same_word)[0]
    if _is_slip_of_space(left, right):
        return (), ()
    return _drop_plain(left), _drop_plain(right)


def _judge_rest(left: Words, right: Words, *, one_sided: int) -> int:
    """What words without a fellow say: two slips of one word leave it open, two different words do not."""
    if not (left and right):
        return DIFFERENT if any(word in _TYPES or _has_digit(word) for word in left + right) else one_sided
    left, right = _cancel(left, right, _may_be_slips)
    return DIFFERENT if left and right else UNSURE


def _compare_places(a: _Record, b: _Record) -> int:
    """Compare what is said of town and region, where no postcode settles it."""
    left, _ = _cancel(a.others, b.others + b.street, _sounds_like)
    right, _ = _cancel(b.others, a.others + a.street, _sounds_like)
    left, right = _cancel(left, right, is_slip)
    if _is_slip_of_space(left, right) or not (left or right):
        return SAME
    if left and right:
        return _judge_rest(left, right, one_sided=UNSURE)
    return SAME if len(a.others) > len(left) and len(b.others) > len(right) else UNSURE


Words = tuple[str, ...]


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
    return one not in _TYPES and other not in _TYPES and (_sounds_like(one, other) or is_slip(one, other))


@lru_cache(maxsize=1 << 16)
def _may_be_slips(one: str, other: str) -> bool:
    """Whether two words may both be slips of a third."""
    if one in _TYPES or other in _TYPES or _has_digit(one + other):
        return False
    a, b = sound_of(one), sound_of(other)
    distance = min(OSA.distance(a, b), OSA.distance(one, other))
    return (distance == 1 and len(one) != len(other)) or (distance == 2 and min(len(one), len(other)) > 3)


def _is_slip_of_space(left: Words, right: Words) -> bool:
    """Whether the words of both sides are the same but for one space and at most one slip."""
    if not left or not right or abs(len(left) - len(right)) != 1:
        return False
    one, other = "".join(left), "".join(right)
    return sound_of(one) == sound_of(other) or is_slip(one, other)


def _drop_plain(words: Words) -> Words:
    """Without a misspelt word for a street, a house or a flat: spelt well it is no word of its own."""
    return tuple(word for word in words if not _is_plain(word))


@lru_cache(maxsize=1 << 18)
def _is_plain(word: str) -> bool:
    return len(word) > 3 and word.isascii() and any(is_slip(word, plain) for plain in _PLAIN if plain[0] == word[0])


def _has_digit(word: str) -> bool:
    return not word.isalpha() and any(char.isdigit() for char in word)


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
    if _has_digit(one + other):
        number, name = _split_name(one)
        return (number, bool(name)) == (_split_name(other)[0], True) and is_slip(name, _split_name(other)[1])
    if one in _TYPES and other in _TYPES:
        return False
    if one in _TYPES or other in _TYPES:
        short, long = (one, other) if one in _TYPES else (other, one)
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
    return _is_one_slip(a, b) or _is_one_slip(one, other)


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
    return len(short) <= 3 < len(long) and long.startswith(short) and short not in _TYPES


def _compare_chinese(a: _Record, b: _Record) -> int:
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


def _may_name_place(missing: Words) -> bool:
    """Whether these characters may name a province or a district, rather than tell one road from another."""
    return len(missing) > 1 and not set(missing) & _ROAD_MARKS


_ROAD_MARKS = frozenset("东西南北中大小新旧上下前后内外一二三四五六七八九十")


# ------------------------------------------------------------------------------------------------ clusters


def _join_without_chains(verdict: dict[tuple[int, int], int], n: int, record: Any) -> Ints:
    """Clusters of the pairs that are the same, without buildings that fit two which differ."""
    near: dict[int, list[int]] = defaultdict(list)
    for (a, b), answer in verdict.items():
        if answer == SAME:
            near[a].append(b)
            near[b].append(a)

    def answer_of(a: int, b: int) -> int:
        pair = (a, b) if a < b else (b, a)
        if pair not in verdict:
            verdict[pair] = _compare(record(pair[0]), record(pair[1]))
        return verdict[pair]

    torn = {x for x, others in near.items() if any(answer_of(a, b) == DIFFERENT for a, b in combinations(others, 2))}
    cluster = _label({x: [y for y in others if y not in torn] for x, others in near.items() if x not in torn}, n)
    return _break_chains(cluster, near, answer_of)


def _label(near: dict[int, list[int]], n: int) -> Ints:
    ends = [(a, b) for a, others in near.items() for b in others]
    if not ends:
        return np.arange(n, dtype=np.int64)
    rows, columns = np.array(ends, dtype=np.int64).T
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label, dtype=np.int64)


def _break_chains(cluster: Ints, near: dict[int, list[int]], answer_of: Any) -> Ints:
    """Take a cluster apart that holds two buildings which differ: only who fits all of its neighbours stays."""
    members: dict[int, list[int]] = defaultdict(list)
    for x in near:
        members[int(cluster[x])].append(x)
    fresh = int(cluster.max(initial=0)) + 1
    for each in members.values():
        if len(each) > 2 and any(answer_of(a, b) == DIFFERENT for a, b in combinations(each, 2)):
            for x in each:
                cluster[x] = fresh
                fresh += 1
    return cluster


def _split_by_unit(cluster: Ints, words: _Words, buildings: _Buildings, n: int) -> Ints:
    """The place of each form: its building's cluster and its unit, or the one unit that is known there."""
    is_unit = words.role == _UNIT
    unit = _sum_by_form(np.where(is_unit, _mix(words.code, 12), np.uint64(0)), words.form, n)
    unit_code = np.unique(unit, return_inverse=True)[1].astype(np.int64)
    pair = np.unique(cluster * (unit_code.max() + 1) + unit_code, return_inverse=True)
    place = pair[1].astype(np.int64)
    first_of = np.full(len(pair[0]), -1, dtype=np.int64)
    first_of[place[::-1]] = np.arange(n)[::-1]
    numbered = buildings.has_number[buildings.of_form]
    shared = np.flatnonzero(numbered[first_of])
    by_cluster: dict[int, list[int]] = defaultdict(list)
    order = cluster[first_of[shared]]
    counts = np.bincount(order, minlength=int(cluster.max()) + 1)
    for p, c in zip(shared.tolist(), order.tolist(), strict=True):
        if counts[c] > 1:
            by_cluster[c].append(p)
    start = np.searchsorted(words.form, np.arange(n + 1))
    moved = np.arange(len(pair[0]))
    for places in by_cluster.values():
        units = {p: _units_of(words, start, int(first_of[p])) for p in places}
        for p, fuller in _find_fuller(units).items():
            moved[p] = fuller
    return np.asarray(moved[place], dtype=np.int64)


def _units_of(words: _Words, start: Ints, form: int) -> frozenset[str]:
    rows = slice(start[form], start[form + 1])
    return frozenset(
        text
        for text, role in zip(words.text[words.code[rows]].tolist(), words.role[rows].tolist(), strict=True)
        if role == _UNIT
    )


def _find_fuller(units: dict[int, frozenset[str]]) -> dict[int, int]:
    """For each place of a building the one that says the same and more, if all that do are of one line."""
    holders: dict[str, list[int]] = defaultdict(list)
    for place, names in units.items():
        for name in names:
            holders[name].append(place)
    answer = {}
    for place, names in units.items():
        pool = min((holders[name] for name in names), key=len) if names else list(units)
        if not names and len(units) > 8:
            continue  # several units: which is meant is anybody's guess
        above = sorted((p for p in pool if units[p] > names), key=lambda p: len(units[p]))
        if above and all(units[x] <= units[y] for x, y in pairwise(above)):
            answer[place] = above[-1]
    return answer


def _pick_fullest(place: Ints, forms: Any) -> Ints:
    """The row of the longest form of each form's place, the first in order among equals."""
    length = pc.binary_length(forms).to_numpy(zero_copy_only=False)
    order = pc.sort_indices(
        pa.table({"place": place, "length": -length.astype(np.int64), "form": forms}),
        sort_keys=[("place", "ascending"), ("length", "ascending"), ("form", "ascending")],
    ).to_numpy()
    ordered = place[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    fullest = np.empty(int(place.max()) + 1, dtype=np.int64)
    fullest[ordered[starts]] = order[starts]
    return fullest[place]
