"""Dice: whole numbers, reals, yes or no, one or some of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


@dataclass(frozen=True)
class Chance:
    """What is left to chance in a town; ``rng`` for whole arrays."""

    rng: np.random.Generator

    def draw_real(self, low: float, high: float) -> float:
        """A number between two others."""
        return low + (high - low) * float(self.rng.random())

    def draw_between(self, low: int, high: int) -> int:
        """A whole number between two others, which may be drawn themselves."""
        return low + int(self.rng.random() * (high + 1 - low))

    def happens(self, share: float) -> bool:
        """Whether something happens that does in this share of cases."""
        return bool(self.rng.random() < share)

    def draw_one(self, items: Sequence[Item]) -> Item:
        """One of several."""
        return items[int(self.rng.random() * len(items))]

    def draw_some(self, items: Sequence[Item], count: int) -> list[Item]:
        """So many different ones of several, or all of them if they are fewer, in any order."""
        count = min(count, len(items))
        return [items[i] for i in self.rng.choice(len(items), count, replace=False)]
