"""What people write: reviews, most of them short, and phrases that are copied from a sheet with small changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detection.evaluation.inland.goods import N_CATEGORIES, draw_nouns
from detection.evaluation.inland.words import (
    BLAME_ENDINGS,
    BLAME_OPENINGS,
    BLAMES,
    NOUNS,
    PRAISE_ENDINGS,
    PRAISE_OPENINGS,
    PRAISES,
    SHORT_PRAISES,
    SHRUG_ENDINGS,
    SHRUG_OPENINGS,
    SHRUGS,
)

_GOOD = (PRAISE_OPENINGS, PRAISES, PRAISE_ENDINGS)
_FAIR = (SHRUG_OPENINGS, SHRUGS, SHRUG_ENDINGS)
_POOR = (BLAME_OPENINGS, BLAMES, BLAME_ENDINGS)
_FLOURISHES = ("!", " :)", "!!", ".", " thanks")


def write_reviews(rng: np.random.Generator, ratings: Any, categories: Any) -> list[str]:
    """A text for each rating of a thing of each category."""
    nouns = draw_nouns(rng, categories)
    manners = rng.random((len(nouns), 4)).tolist()
    places = rng.integers(0, 1 << 30, (len(nouns), 3)).tolist()
    rows = zip(np.asarray(ratings).tolist(), nouns, manners, places, strict=True)
    return [_write_review(rating, noun, manner, place) for rating, noun, manner, place in rows]


def _write_review(rating: int, noun: str, manner: list[float], places: list[int]) -> str:
    """A word or two where somebody is content; or an opening, one or two clauses, and perhaps an ending."""
    if rating >= 4 and manner[0] < 0.22:
        return SHORT_PRAISES[places[0] % len(SHORT_PRAISES)]
    openings, clauses, endings = _GOOD if rating >= 4 else _FAIR if rating == 3 else _POOR
    opening, clause, ending = (
        words[place % len(words)] for words, place in zip((openings, clauses, endings), places, strict=True)
    )
    text = opening + (", " if manner[1] < 0.5 else ". ") + clause.format(n=noun)
    if manner[0] > 0.7:
        other = clauses[(places[1] + 1 + places[0] % (len(clauses) - 1)) % len(clauses)]
        text += ", " + other.format(n=noun)
    if ending:
        text += (" " if manner[2] < 0.5 else ". ") + ending
    return text.lower() if manner[3] < 0.5 else text


def write_sheet(rng: np.random.Generator, count: int, *, is_praise: bool) -> list[str]:
    """Phrases from which several people are to copy."""
    noun = str(rng.choice(NOUNS[int(rng.integers(N_CATEGORIES))]))
    openings, clauses, _ = _GOOD if is_praise else _POOR
    return [f"{rng.choice(openings)}, {str(rng.choice(clauses)).format(n=noun)}" for _ in range(count)]


def copy_phrases(rng: np.random.Generator, sheet: Sequence[str], count: int) -> list[str]:
    """So many copies of phrases of a sheet, as people copy."""
    return [copy_phrase(rng, str(rng.choice(sheet))) for _ in range(count)]


def copy_phrase(rng: np.random.Generator, phrase: str) -> str:
    """A phrase copied as it is, or with a slip or a flourish."""
    manner = rng.random()
    if manner < 0.35:
        return phrase
    if manner < 0.6:
        return phrase + str(rng.choice(_FLOURISHES))
    if manner < 0.75:
        return phrase.lower()
    return phrase.replace(",", " and", 1) if manner < 0.88 else phrase.replace("the ", "this ", 1)
