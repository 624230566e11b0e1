"""Texts that nearly agree, by MinHash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graph.components import find_components
from graph.model import Ints

MOST_TEXTS = 200_000
NEAR_DUPLICATE_SIMILARITY = 0.7
SHINGLE_WORDS = 3
PRINT_VALUES, BANDS, BAND_VALUES = 64, 14, 4
"""Of the values of a text's print, texts are compared that agree in all of a band: nearly every two that are near do
(98 of 100), and one in three that agree by four tenths.
"""
_SEED = 1


def join_alike(texts: Sequence[str]) -> Ints:
    """The class of each text (T,), from 0: texts that nearly agree are in one.

    Sets of three words in a row, compared by MinHash (Broder, On the resemblance and containment of
    documents, SEQUENCES 1997) and banded hashing; near is a resemblance of 0.7, and who agrees with one agrees
    with all that it agrees with.  Texts of the same words are compared once; of more than ``MOST_TEXTS`` different
    ones, only those of the same words agree.

    Parameters
    ----------
    texts
        As written; capitals and spaces do not count.

    >>> join_alike(["Buy  my book", "buy my BOOK", "sold"]).tolist()
    [0, 0, 1]
    """
    words = [tuple(text.casefold().split()) for text in texts]
    distinct = {each: place for place, each in enumerate(dict.fromkeys(words))}
    alike = _join_words(list(distinct)) if len(distinct) <= MOST_TEXTS else np.arange(len(distinct))
    return alike[np.array([distinct[each] for each in words], dtype=np.int64)]


def _join_words(texts: Sequence[tuple[str, ...]]) -> Ints:
    """The class of each text (T,), numbered by its first text: texts that nearly agree are in one."""
    prints, label = _make_prints(texts), np.arange(len(texts))
    for first in range(0, BANDS * BAND_VALUES, BAND_VALUES):
        band = np.unique(prints[:, first : first + BAND_VALUES], axis=0, return_inverse=True)[1].ravel()
        label = _join_band(prints, band, label)
    return label


def _make_prints(texts: Sequence[tuple[str, ...]]) -> NDArray[np.uint32]:
    """The MinHash of each text (T, PRINT_VALUES): the least value that each of some permutations gives its shingles."""
    shingles = [
        {" ".join(words[n : n + SHINGLE_WORDS]) for n in range(max(1, len(words) - SHINGLE_WORDS + 1))}
        for words in texts
    ]
    number = {each: place for place, each in enumerate(dict.fromkeys(each for found in shingles for each in found))}
    hashes = [hashlib.sha1(each.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest() for each in number]
    known = _spread_bits(np.array([int.from_bytes(each[:4], "little") for each in hashes], dtype=np.uint32))
    used = np.fromiter((number[each] for found in shingles for each in found), np.int64)
    count = np.array([len(found) for found in shingles], dtype=np.int64)
    begin, random = np.cumsum(count) - count, np.random.RandomState(_SEED)
    # An odd factor permutes the 32-bit numbers.
    factor = random.randint(0, 1 << 31, PRINT_VALUES, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    more = random.randint(0, 1 << 32, PRINT_VALUES, dtype=np.uint32)
    prints = np.empty((len(texts), PRINT_VALUES), dtype=np.uint32)
    for value in range(PRINT_VALUES if len(texts) else 0):
        prints[:, value] = np.minimum.reduceat((known * factor[value] + more[value])[used], begin)
    return prints


def _spread_bits(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Numbers spread over 32 bits, the same ones everywhere (the last step of MurmurHash3)."""
    mixed = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(16))


def _join_band(prints: NDArray[np.uint32], band: Ints, label: Ints) -> Ints:
    """The classes (T,) when those of one band (T,) that are near one another are joined as well."""
    order = np.argsort(band, kind="stable")
    size, place = np.bincount(band)[band[order]], np.arange(len(band)) - np.searchsorted(band[order], band[order])
    rows, step = np.flatnonzero(size > 1), 1
    while len(rows := rows[place[rows] + step < size[rows]]):
        one, other = order[rows], order[rows + step]
        # Whoever is in one class already need not be compared: of a crowd of copies each is, once, with the next one.
        apart = label[one] != label[other]
        one, other = one[apart], other[apart]
        near = (prints[one] == prints[other]).mean(axis=1) >= NEAR_DUPLICATE_SIMILARITY
        if near.any():
            ends = np.column_stack([label[one[near]], label[other[near]]])
            label = find_components(ends, int(label.max()) + 1)[label]
        step += 1
    return label
