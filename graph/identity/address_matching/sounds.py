"""How a word sounds, however it was romanised."""

from __future__ import annotations

import re
from functools import lru_cache

from anyascii import anyascii

from graph.identity.addresses.chinese import has_han

_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("sch|shch", "sc"), ("ch|ts|tc|cz", "c"), ("sh|sz", "s"), ("zh|rz", "z"), ("kh", "h"), ("ck", "k"), ("ph", "f"),
        ("x", "ks"), ("w", "v"), ("[iyj]o", "e"), ("[iyj](?=[aeu])", ""), ("ae", "a"), ("oe", "o"), ("ue", "u"),
        ("[yj]", "i"), (r"(\D)\1+", r"\1"),
    )
)  # fmt: skip
_ANY_CHANGE = re.compile("|".join(pattern.pattern for pattern, _ in _SOUNDS))
"""Most words of a market are numbers and codes, which sound as they are spelt."""
_POLYPHONES = {"长": "chang", "重": "chong", "厦": "xia", "乐": "le"}
"""Characters with several readings: the one that names of places have."""


@lru_cache(maxsize=1 << 18)
def sound_of(word: str) -> str:
    """What is left of a word when different ways of romanising it, and doubled letters, are made one.

    >>> sound_of("naberezhnaya") == sound_of("naberezhnaia") == sound_of("naberežnaja".replace("ž", "zh"))
    True
    """
    if not word.isascii():
        return _POLYPHONES.get(word) or (anyascii(word).lower() if has_han(word) else word)
    if len(word) < 3 or not _ANY_CHANGE.search(word):
        return word
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word
