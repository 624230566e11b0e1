"""Short texts of reviews."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detection.evaluation.simulation.rhythm import IntArray

NO_SCRIPT = -1

_GOOD = (
    ("Great product.", "Love it!", "Very happy with this.", "Excellent quality.", "Works perfectly.", "Good value.",
     "Exactly as described.", "Five stars.", "Really nice.", "Better than expected.", "Would buy again.", "Solid."),
    ("Fast shipping", "Arrived two days early", "Well packed", "The colour is lovely", "Easy to set up",
     "My daughter uses it every day", "The seller answered at once", "Fits perfectly", "Bought it as a gift",
     "Feels sturdy", "Quiet and small", "Used it for a month now"),
    ("and I recommend it.", "and it looks great.", "and no complaints so far.", "thank you!", "will order again.",
     "and the price is fair.", "highly recommended.", "what more could you want.", "and the finish is good.", "A+."),
)  # fmt: skip
_MIXED = (
    ("It is okay.", "Not bad, not great.", "Does the job.", "Average.", "Mixed feelings.", "As expected.", "Decent."),
    ("Delivery took a while", "The manual is hard to read", "Smaller than it looks", "One part was loose",
     "Colour differs from the picture", "Battery could last longer", "A bit pricey"),
    ("but it works.", "but fine for the price.", "so three stars.", "still usable.", "might return it.",
     "we shall see."),
)  # fmt: skip
_BAD = (
    ("Disappointed.", "Do not buy.", "Terrible.", "Waste of money.", "Broke after a week.", "Poor quality.", "Avoid."),
    ("Arrived damaged", "The seller never answered", "Stopped working", "Not what I ordered", "Looks like a copy",
     "Smells of plastic", "Half of it was missing", "Took five weeks"),
    ("and I want a refund.", "never again.", "stay away.", "and support was no use.", "shame.", "very unhappy."),
)  # fmt: skip


def write_reviews(rng: np.random.Generator, ratings: IntArray, scripts: IntArray) -> npt.NDArray[np.object_]:
    """Write a short text for each rating.

    Parameters
    ----------
    ratings : IntArray, shape (n,)
        1 to 5.
    scripts : IntArray, shape (n,)
        The brief a paid reviewer was given, or `NO_SCRIPT`; reviews on one brief draw from few phrases.
    """
    texts = np.full(len(ratings), "", dtype=object)
    tones = np.where(ratings >= 4, 0, np.where(ratings == 3, 1, 2))
    for tone, phrases in enumerate((_GOOD, _MIXED, _BAD)):
        rows = np.flatnonzero(tones == tone)
        texts[rows] = _compose(rng, phrases, scripts[rows])
    return texts


def _compose(
    rng: np.random.Generator, phrases: tuple[tuple[str, ...], ...], scripts: IntArray
) -> npt.NDArray[np.object_]:
    parts = []
    for turn, pool in enumerate(phrases):
        free = rng.integers(0, len(pool), len(scripts))
        briefed = (scripts * (7 + turn) + rng.integers(0, 3, len(scripts))) % len(pool)
        parts.append(np.array(pool, dtype=object)[np.where(scripts == NO_SCRIPT, free, briefed)])
    # Many honest reviews are a stock phrase and nothing more, so that equal texts prove little.
    length = rng.choice(3, len(scripts), p=[0.3, 0.3, 0.4])
    two, three = parts[0] + " " + parts[1] + ".", parts[0] + " " + parts[1] + " " + parts[2]
    return np.asarray(np.where(length == 0, parts[0], np.where(length == 1, two, three)), dtype=object)
