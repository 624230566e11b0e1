"""Letters of all scripts in few: without capitals and accents, Greek and Cyrillic in Latin ones."""

from __future__ import annotations

import unicodedata

from anyascii import anyascii

VOWEL_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e30-\u0e4e"  # part of the word that they stand in


def fold_text(text: str) -> str:
    """NFKC and caseless, to a fixed point, as folding can undo the normal form and the other way round."""
    if text.isascii():
        return text.strip().lower()
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded if folded == text else fold_text(folded)


class Letters(dict[int, str]):
    """Latin, Greek and Cyrillic letters in plain Latin ones; all others as they are."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        name = unicodedata.name(char, "")
        plain = anyascii(char).lower() if name.startswith(("LATIN", "GREEK", "CYRILLIC", "COMBINING")) else char
        self[code] = plain.replace("'", "").replace('"', "")
        return self[code]


UKRAINIAN_LETTERS = {"и": "y", "г": "h", "ґ": "g", "і": "i", "ї": "i", "є": "ie", "й": "i"}
