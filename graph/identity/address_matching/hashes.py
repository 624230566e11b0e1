"""Sums of words as whole numbers of 64 bits: forms with the same words have the same sum.

A sum does not depend on the order of its words, and it is known without any one of them by a subtraction.  So all keys
of a market's addresses, each word left out in turn, cost as much as its words are many.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.model import Ints

Hashes = NDArray[np.uint64]


def mix(values: NDArray[Any], salt: int) -> Hashes:
    """Scatter whole numbers over 64 bits (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Hashes = z ^ (z >> np.uint64(31))
    return mixed


def sum_by_form(values: Hashes, form: Ints, n: int) -> Hashes:
    """Sums modulo 2**64 of the values of each form."""
    total = np.concatenate([[np.uint64(0)], np.cumsum(values, dtype=np.uint64)])
    ends = np.searchsorted(form, np.arange(n + 1))
    sums: Hashes = total[ends[1:]] - total[ends[:-1]]
    return sums
