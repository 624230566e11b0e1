"""Addresses without their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.identity.address_matching.form_words import NUMBER, UNIT, FormWords
from graph.identity.address_matching.hashes import mix, sum_by_form
from graph.model import Ints

if TYPE_CHECKING:
    from graph.arrow import Cells


@dataclass(frozen=True)
class Buildings:
    """Addresses without their units (B,): the building of each form, and the first form of each building."""

    of_form: Ints
    first: Ints
    words: FormWords
    start: Ints
    has_number: NDArray[np.bool_]


def find_buildings(words: FormWords, n: int, forms: Cells) -> Buildings:
    """Find the forms (N,) that differ in their units alone, or in how their words are romanised.

    Buildings are numbered, and their first forms chosen, by the forms' alphabet: the order of a market changes nothing.
    """
    sound = np.where(words.is_exact, words.code + len(words.sound), words.sound[words.code])
    value = np.where(words.role == UNIT, np.uint64(0), mix(sound * 4 + words.role, 1))
    whole = sum_by_form(value, words.form, n)
    order = pc.sort_indices(forms).to_numpy()
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    _, first_rank, of_rank = np.unique(whole[order], return_index=True, return_inverse=True)
    first = order[first_rank]
    numbered = np.zeros(n, dtype=bool)
    numbered[words.form[words.role == NUMBER]] = True
    return Buildings(of_rank[rank], first, words, np.searchsorted(words.form, np.arange(n + 1)), numbered[first])
