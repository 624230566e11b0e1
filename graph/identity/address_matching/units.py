"""Flats within a building."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np

from graph.identity.address_matching.buildings import Buildings
from graph.identity.address_matching.form_words import UNIT, FormWords
from graph.identity.address_matching.hashes import mix, sum_by_form
from graph.model import Ints


def split_by_unit(cluster: Ints, words: FormWords, buildings: Buildings, n: int) -> Ints:
    """The place of each form: its building's cluster and its unit, or the one unit that is known there."""
    # Places: a building and all its units, whatever their order.
    is_unit = words.role == UNIT
    unit = sum_by_form(np.where(is_unit, mix(words.code, 12), np.uint64(0)), words.form, n)
    unit_code = np.unique(unit, return_inverse=True)[1].astype(np.int64)
    pair = np.unique(cluster * (unit_code.max() + 1) + unit_code, return_inverse=True)
    place = pair[1].astype(np.int64)
    first_of = np.full(len(pair[0]), -1, dtype=np.int64)
    first_of[place[::-1]] = np.arange(n)[::-1]
    # Only in a building with a number, and with several places, may one be another with less said of it.
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


def _units_of(words: FormWords, start: Ints, form: int) -> frozenset[str]:
    rows = slice(start[form], start[form + 1])
    return frozenset(
        text
        for text, role in zip(words.text[words.code[rows]].tolist(), words.role[rows].tolist(), strict=True)
        if role == UNIT
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
