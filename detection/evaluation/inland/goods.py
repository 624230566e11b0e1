"""What is sold in the country: categories, what they cost, what things are called."""

from __future__ import annotations

from typing import Any

import numpy as np

from detection.evaluation.inland.words import ADDITIONS, ADJECTIVES, NOUNS
from detection.evaluation.simulation.rhythm import FloatArray

CLOTHES, KIDS, BOOKS, GAMES, PHONES, COMPUTERS, FURNITURE = range(7)
GARDEN, TOOLS, BIKES, MUSIC, COLLECT, KITCHEN, SPORT = range(7, 14)
N_CATEGORIES = 14

PRICES: FloatArray = np.array([14, 11, 6, 19, 165, 210, 75, 17, 38, 120, 48, 24, 21, 33], dtype=np.float64)
"""By category, about what a thing costs."""
_SHARES = np.array([16, 11, 8, 7, 9, 7, 9, 6, 6, 5, 4, 5, 6, 6])
SHARES: FloatArray = _SHARES / _SHARES.sum()
"""By category, how many like it most."""


def draw_prices(rng: np.random.Generator, categories: Any, count: int, scale: float = 1.0) -> FloatArray:
    """So many prices of a category, or of one each, to the half euro; at least one euro."""
    prices = PRICES[categories] * scale * rng.lognormal(-0.25, 0.75, count)
    return np.asarray(np.maximum(1, np.round(prices * 2) / 2))


def draw_nouns(rng: np.random.Generator, categories: Any) -> list[str]:
    """A name of a thing of each category."""
    which = rng.integers(0, len(NOUNS[0]), len(categories)).tolist()
    return [NOUNS[category][place] for category, place in zip(np.asarray(categories).tolist(), which, strict=True)]


def draw_titles(rng: np.random.Generator, categories: Any) -> list[str]:
    """What somebody who sells a thing of each category calls it."""
    before = rng.integers(0, len(ADJECTIVES), len(categories)).tolist()
    after = rng.integers(0, len(ADDITIONS), len(categories)).tolist()
    nouns = draw_nouns(rng, categories)
    titles = [ADJECTIVES[a] + noun + ADDITIONS[b] for a, noun, b in zip(before, nouns, after, strict=True)]
    return [title[0].upper() + title[1:] for title in titles]
