"""What people write in reviews: a few words, more when they are cross; paid ones from a brief."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.village.village import PLAIN

_WORDS = {
    "good": (
        ("Happy", "Pleased", "Delighted", "Thank you", "Lovely", "Perfect", "Super", "Top", "Nice", "As hoped"),
        ("with the parcel", "with the colour", "with the size", "for the quick answer", "for the careful packing",
         "for the price", "with the quality", "for my son", "for the kitchen", "for the garden", "as a present",
         "for every day"),
        ("again any time", "my neighbour wants one too", "nothing to complain of", "fits", "does what it should",
         "came on Tuesday already", "better than the old one", "feels solid", "the family likes it"),
    ),
    "middling": (
        ("All right", "So-so", "Acceptable", "Could be better", "Not sure yet", "Fair"),
        ("for the price", "but slow to come", "but smaller than I thought", "but a scratch on it", "once it is set up",
         "if you need one"),
        ("keeps for now", "will see", "one star less for the box", "the picture flatters it", "works, mostly"),
    ),
    "bad": (
        ("Angry", "Never came", "Broken", "A let-down", "Useless", "Sent it back", "Stay away", "Cheated"),
        ("after two weeks of waiting", "on the first day", "and nobody answers", "although it was to be new",
         "and it smells", "as the seller does not write back", "and not what the picture shows"),
        ("money back, please", "I shall not buy here again", "a pity", "told my bank", "do not make my mistake"),
    ),
}  # fmt: skip


def write_texts(rng: np.random.Generator, ratings: IntArray, scripts: IntArray) -> npt.NDArray[np.object_]:
    """One text for each rating; texts on one brief use few words, shapes (n,)."""
    mood = np.where(ratings >= 4, 0, np.where(ratings == 3, 1, 2))
    texts = np.full(len(ratings), "", dtype=object)
    for number, parts in enumerate(_WORDS.values()):
        rows = np.flatnonzero(mood == number)
        texts[rows] = _join_words(rng, parts, scripts[rows])
    return texts


def _join_words(rng: np.random.Generator, parts: tuple[tuple[str, ...], ...], scripts: IntArray) -> Any:
    chosen = []
    for turn, pool in enumerate(parts):
        free = (len(pool) * rng.random(len(scripts)) ** 1.5).astype(np.int64)
        briefed = (scripts * (5 + 2 * turn) + rng.integers(0, 2, len(scripts))) % len(pool)
        chosen.append(np.array(pool, dtype=object)[np.where(scripts == PLAIN, free, briefed)])
    length = rng.choice(3, len(scripts), p=[0.25, 0.4, 0.35])
    two = chosen[0] + " " + chosen[1]
    return np.where(length == 0, chosen[0] + "!", np.where(length == 1, two + ".", two + ", " + chosen[2] + "."))
