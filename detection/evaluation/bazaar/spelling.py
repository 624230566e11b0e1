"""Addresses as people write them, and what they say of goods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from detection.evaluation.simulation.rhythm import IntArray

_STREETS = tuple(
    f"{first}{last}"
    for first in ("Mill", "Harbour", "Chapel", "Linden", "Orchard", "Foundry", "Tanner", "Weaver", "Quarry", "Heron")
    for last in (" Street", " Lane", " Road", "gate", " Avenue", " Square", " Hill")
)
_MOST_NUMBERS = 300
_TOWNS = ("Aldermouth", "Brackwater", "Caldern", "Dunmore", "Eastholm", "Farleigh", "Grenby", "Holtwick")
_WHAT = ("Thing", "Parcel", "Colour", "Fabric", "Packaging", "Delivery", "Size", "Finish", "Material", "Service")
_HOW = (
    ("was broken", "never came", "is a shame", "fell apart", "looks cheap", "is not what I ordered"),
    ("is all right", "could be better", "took its time", "is so so", "does what it should", "is average"),
    ("is lovely", "came quickly", "is as described", "is perfect", "pleased us all", "is worth it"),
)
_END = ("", "!", ", thanks.", ", for what it costs.", " — see for yourselves.", ". My third one.", ", as ever.")


def spell_places(rng: np.random.Generator, towns: IntArray, places: IntArray) -> Any:
    """The address of each place, written in one of four manners; (n,) texts.

    Numbers of places say nothing: streets and house numbers are dealt out among them at random.
    """
    dealt = rng.permutation(len(towns))[places]
    street, rest = dealt % len(_STREETS), dealt // len(_STREETS)
    manner = rng.choice(4, len(places), p=[0.7, 0.12, 0.10, 0.08])
    spans = zip(street.tolist(), rest.tolist(), towns[places].tolist(), manner.tolist(), strict=True)
    return pd.array([_spell(*span) for span in spans], dtype="str")


def _spell(street: int, rest: int, town: int, manner: int) -> str:
    road, number, flat = _STREETS[street], 1 + rest % _MOST_NUMBERS, rest // _MOST_NUMBERS
    unit = f", Flat {flat}" if flat else ""
    where = f"{_TOWNS[town % 8]} {'ABCDE'[town // 8]}{100 + 7 * town}"
    if manner == 1:
        road = (
            road.replace(" Street", " St").replace(" Avenue", " Ave").replace(" Road", " Rd").replace(" Square", " Sq")
        )
    text = f"{number} {road}{unit}, {where}"
    return text.lower() if manner == 2 else text.upper() if manner == 3 else text


def write_texts(rng: np.random.Generator, ratings: IntArray) -> Any:
    """A few words for each rating; a third say nothing."""
    n = len(ratings)
    tone = np.where(ratings >= 4, 2, np.where(ratings == 3, 1, 0))
    how = np.array(_HOW, dtype=object)[tone, rng.integers(0, 6, n)]
    what, end = (np.array(words, dtype=object)[rng.integers(0, len(words), n)] for words in (_WHAT, _END))
    texts = pd.array(what + " " + how + end, dtype="str")
    texts[rng.random(n) < 0.33] = None
    return texts
