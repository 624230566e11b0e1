"""Where people live: towns of six regions, few large and many small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.evaluation.inland.words import TOWN_ENDS, TOWN_STARTS
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

REGIONS = ("north", "lakes", "east", "south", "hills", "capital")
_PEOPLE_PER_TOWN = 170
_LEAST_TOWNS = 12


@dataclass(frozen=True)
class Towns:
    """Towns by number.

    Attributes
    ----------
    names, codes
        What each is called, and its postal code.
    region
        Which of ``REGIONS`` it lies in, shape (n,).
    share
        How many of the people live there, shape (n,).
    """

    names: tuple[str, ...]
    codes: tuple[str, ...]
    region: IntArray
    share: FloatArray

    def __len__(self) -> int:
        return len(self.names)


def found_towns(rng: np.random.Generator, n_accounts: int) -> Towns:
    """As many towns as so many people live in."""
    count = max(_LEAST_TOWNS, n_accounts // _PEOPLE_PER_TOWN)
    made = rng.permutation([start + end for start in TOWN_STARTS for end in TOWN_ENDS]).tolist()
    rounds = [f" {number}" if number else "" for number in range(count // len(made) + 1)]
    names = tuple([name + again for again in rounds for name in made][:count])
    codes = tuple(f"{name[:2].upper()}{place % 90 + 1}" for place, name in enumerate(names))
    weight = 1 / np.arange(2, count + 2) ** 0.8
    return Towns(names, codes, rng.integers(0, len(REGIONS), count), weight / weight.sum())
