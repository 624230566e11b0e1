"""Which pairs of buildings are worth comparing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.identity.address_matching.buildings import Buildings
from graph.identity.address_matching.form_words import NUMBER, POSTCODE, WORD, FormWords
from graph.identity.address_matching.hashes import Hashes, mix, sum_by_form
from graph.identity.address_matching.slips import is_short_form, is_slip
from graph.model import Ints

_MAX_BLOCK = 64
"""A key that more buildings share says nothing; the other keys of the same building stay."""


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


def find_candidates(buildings: Buildings) -> tuple[Ints, Ints]:
    """Pairs of buildings that share a key and do not contradict one another at first sight.

    Returns
    -------
    tuple
        Two arrays (P,) of buildings; in each pair the first one has the smaller number.
    """
    keyed = _key_words(buildings)
    n = len(buildings.first)
    postcode = np.full(n, -1, dtype=np.int64)
    is_postcode = keyed.role == POSTCODE
    postcode[keyed.building[is_postcode]] = keyed.sound[is_postcode]
    # Comparing all pairs would be quadratic: only who shares a key may be one.
    pairs = [_pair_exact(buildings, keyed), _pair_slips(buildings, keyed, postcode)]
    left, right = np.concatenate(pairs, axis=1)
    low, high = np.minimum(left, right), np.maximum(left, right)
    agree = (postcode[low] == postcode[high]) | (postcode[low] < 0) | (postcode[high] < 0)
    code = np.unique((low * n + high)[(low < high) & agree])
    return code // n, code % n


def _key_words(buildings: Buildings) -> _Keyed:
    words, n = buildings.words, len(buildings.first)
    of_form = np.full(len(buildings.of_form), -1, dtype=np.int64)
    of_form[buildings.first] = np.where(buildings.has_number, np.arange(n), -1)
    keep = of_form[words.form] >= 0
    owner, code = of_form[words.form[keep]], words.code[keep]
    order = np.argsort(owner, kind="stable")
    owner, code = owner[order], code[order]
    role, is_street, sound = words.role[keep][order], words.is_street[keep][order], words.sound[code]
    nothing = np.uint64(0)
    number = sum_by_form(np.where(role == NUMBER, mix(sound, 3), nothing), owner, n)
    hashed = np.where(role == WORD, mix(sound, 2), nothing)
    text, street = (sum_by_form(each, owner, n) + number for each in (hashed, np.where(is_street, hashed, nothing)))
    return _Keyed(owner, code, sound, role, is_street, number, text, street)


def _pair_exact(buildings: Buildings, keyed: _Keyed) -> Ints:
    """Pairs of buildings with the same words, or all those of one but a word that may be left out, or the same street
    and one more word; with the house number.
    """
    numbered = np.flatnonzero(buildings.has_number)
    is_word = keyed.role == WORD
    # What one writer may leave out: a word of town or region, or a misspelt word for a street.
    optional = np.flatnonzero(is_word & (~keyed.is_street | buildings.words.is_plain[keyed.code]))
    other = np.flatnonzero(is_word & ~keyed.is_street)
    own, place = keyed.building[optional], keyed.building[other]
    whole = np.concatenate([keyed.text[numbered], keyed.text[own] - mix(keyed.sound[optional], 2)])
    pairs = _pair_blocks(whole, np.arange(len(whole)))
    # Two that each lack a word have nothing in common but the street: 12 Oak St in two towns.
    pairs = pairs[:, pairs.min(axis=0) < len(numbered)]
    by_street = _pair_blocks(mix(keyed.street[place] + mix(keyed.sound[other], 6), 7), place)
    return np.concatenate([np.concatenate([numbered, own])[pairs], by_street], axis=1)


def _pair_slips(buildings: Buildings, keyed: _Keyed, postcode: Ints) -> Ints:
    """Pairs of buildings with one word each that is the other's, or a slip of it, where all other words agree, or the
    postcode does; what looks alike begins or ends alike.
    """
    words = buildings.words
    rest_rows = np.flatnonzero((keyed.role == WORD) & ~words.is_han[keyed.code])
    rest = keyed.text[keyed.building[rest_rows]] - mix(keyed.sound[rest_rows], 2)
    is_name = keyed.is_street & (keyed.role == WORD) & ~words.is_type[keyed.code]
    name_rows = np.flatnonzero(is_name & (postcode[keyed.building] >= 0))
    near = keyed.number[keyed.building[name_rows]] + mix(postcode[keyed.building[name_rows]], 4)
    pairs = []
    for salt, end in ((8, words.head), (9, words.tail)):
        for rows, key in ((rest_rows, rest), (name_rows, near)):
            pairs.append(_pair_blocks(mix(key + mix(end[keyed.code[rows]], salt), salt), rows))
    both = np.concatenate(pairs, axis=1)
    return keyed.building[both[:, _find_alike(words, keyed.code[both])]]


def _find_alike(words: FormWords, codes: Ints) -> NDArray[np.bool_]:
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
