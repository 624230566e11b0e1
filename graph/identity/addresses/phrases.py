"""What several words of an address say together, put into words that are read one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Change = str | Callable[[re.Match[str]], str]

_FLOORS = {"ground": "0", "first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6"}
_ORDINALS = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th"}
_ORDINALS |= {"seventh": "7th", "eighth": "8th", "ninth": "9th", "tenth": "10th", "eleventh": "11th", "twelfth": "12th"}
_SHORT_FLATS = {"gff": "floor 0", "fff": "floor 1", "sff": "floor 2", "tff": "floor t"}
_HOUSES = {"hinter": "h", "rück": "h", "vorder": "v", "garten": "y", "quer": "q", "seiten": "s"}
_MONTHS = (
    "januar|februar|marz|april|mai|juni|juli|august|september|oktober|november|dezember|janvier|fevrier|mars|avril|juin|juillet"
    "|aout|septembre|octobre|novembre|decembre|aprile|maggio|giugno|settembre|novembre|mayo|julio|octubre|maja|listopada"
)


def _read_flat(found: re.Match[str]) -> str:
    word = found[1]
    return f" floor {_FLOORS.get(word, 't' if word == 'top' else 'b')} "


def _read_cedex(found: re.Match[str]) -> str:
    """The postcode of the street where Cedex names the quarter of a city that has several, and none otherwise."""
    if " box" in found.string:
        return f"{found[1]} {found[2]}"  # a box has no other
    department, quarter = found[1][:2], found[3]
    street = f"{department}0{int(quarter):02} " if quarter and department in ("13", "69", "75") else ""
    return f"{street}{found[2]}"


def _join_range(found: re.Match[str]) -> str:
    first, last = int(found[1]), int(found[2])
    return f"{first}-{last}" if first < last <= first + 20 else found[0]


def _read_box(found: re.Match[str]) -> str:
    number = re.sub(r"\D+", "", found[1])
    return f" , box{number} , "


_BOX_WORDS = "|".join((
    r"p\.?\s?o\.?\s?box", "post office box", "pobox", "postfach", r"pf\.?", "postbus", r"b\.?\s?p\.?",
    "bo[iî]te postale",
    "apartado(?: de correos)?", r"apdo\.?(?: de)?(?: correos)?", "casella postale", r"c\.\s?p\.",
    r"skr(?:ytka|\.)? ?poczt(?:owa|\.)", "а/я", "абонентский ящик", "صندوق بريد", r"ص\s?[.]?\s?ب\.?",
))  # fmt: skip
_BOX_SIGNS = "box|postfach|pf |postbus|bp |b.p|b. p|boite|boîte|apartado|apdo|casella|c.p|skr|а/я|ящик|صندوق|ص.ب|ص ب"
_LOW = "erdgeschoss|dachgeschoss|untergeschoss|souterrain|rez[- ]de[- ]chauss[ée]e|sous-sol"
_LOW_FLOORS = {"er": "0", "re": "0", "da": "a", "un": "u", "so": "u"}
_FLATS = "ground|first|second|third|fourth|fifth|sixth|top|basement|garden"
_MONTH_SIGNS = " juni| mai| mars| novem| septem| juil| april| mayo| maja| mag| listop"
_LOCKER = (
    r"(?:\b(?:amazon|inpost)\s+)?(?:hub\s+)?\b(?:locker|paczkomat)\b(?:\s+inpost\b)?[\s–-]*"
    r"((?!box|unit|no\b|nr\b)[a-z]{3,}(?:\d{2,3}[a-z]{1,4})?)\b"
)


class Phrase(NamedTuple):
    """Letters of which a text must have some to be looked at, what is looked for, and what it becomes."""

    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    change: Change


def _phrase(signs: str, pattern: str, change: Change) -> Phrase:
    return Phrase(tuple(signs.split("|")), re.compile(pattern), change)


PHRASES = (
    _phrase(" bis| ter| quater", r"\b(\d{1,4}) (bis|ter|quater)\b(?!\.)", r"\1\2"),
    _phrase(" - | – ", r"\b(\d{1,4}) [-–] (\d{1,4})\b(?!-)", _join_range),
    # A name alone between commas goes; where the street follows at once, one word does: too little, not the street.
    _phrase("c/o|c / o|care of", r"(?:\bc\s?/\s?o\b|\bcare of\b)[^,;\n()\d]*(?=[,;\n)]|$)", ","),
    _phrase("c/o|c / o|care of", r"(?:\bc\s?/\s?o\b|\bcare of\b)\s*\w+", " "),
    _phrase("chez |bei |z.hd|z. hd", r"(?:^|(?<=[,;\n(]))\s*(?:chez|bei|z\.\s?hd\.?)\s[^,;\n()\d]*(?=[,;\n)]|$)", ","),
    _phrase("ste-|ste ", r"\bste[- ]+(?=[^\W\d]{3})", "sainte "),
    _phrase("st-", r"\bst-(?=[^\W\d]{3})", "saint "),
    _phrase("stiege|stg", r"\b(?:stiege|stg\.?)\s*(\d+)[,\s]+(?:t[üu]e?r|top)\s*(\d+)", r" entrance \1 unit \2 "),
    _phrase(
        "hinter|vorder|garten|quer|seiten|rück",
        r"\b(hinter|vorder|garten|quer|seiten|rück)(?:haus|hs\.?|gebäude|gebaeude|flügel|fluegel)\b",
        lambda found: f" haus {_HOUSES[found[1]]} ",
    ),
    _phrase("geschoss|souterrain|rez|sous-sol", rf"\b({_LOW})\b", lambda found: f" floor {_LOW_FLOORS[found[1][:2]]} "),
    _phrase("floor|basement|garden", rf"\b({_FLATS})(?: floor(?: flat)?| flat)\b", _read_flat),
    _phrase(
        "|".join(f"{word} " for word in _ORDINALS),
        rf"\b({'|'.join(_ORDINALS)}) (?=(?:avenue|ave?|street|st|road|rd)\b)",
        lambda found: f"{_ORDINALS[found[1]]} ",
    ),
    _phrase("gff|fff|sff|tff", r"\b(gff|fff|sff|tff)\b", lambda found: f" {_SHORT_FLATS[found[1]]} "),
    _phrase("rear|r/o", r"\brear of\b|\br/o\b|(?<=\()rear(?=\))", " rearside "),
    _phrase(
        _MONTH_SIGNS,
        rf"(?<=[^\d\s] )(\d{{1,2}})\.? ({_MONTHS})\b(?: (19\d\d)\b)?",
        lambda found: f"{found[1]}{found[2]}{found[3] or ''}",
    ),
    _phrase("cott", r"\bcott\b\.?", "cottage"),
    _phrase("locker|paczkomat", _LOCKER, r" , locker\1 , "),
    _phrase("postbox", r"^(\d+) postbox\b", r"box\1 ,"),
    _phrase("packstation", r"\b(?:dhl[ -])?packstation(?: nr\.?| no\.?)? (\d+)", r" , \1 packstation , "),
    _phrase("post-nr|postnummer|postnr", r"\b(?:post-?nr\.?|postnummer):?\s*(?=\d)", " "),
    _phrase(
        _BOX_SIGNS,
        rf"(?<!\w)(?:{_BOX_WORDS})\s*(?:n\.?[ro]?\.?|nº|№|no\.?|:)?\s*(\d[\d ]*\d|\d)(?![\w-])",
        _read_box,
    ),
    _phrase("cedex", r"\b(\d{5}) ([^,;\n\d]+?) cedex(?: (\d{1,2}))?\b", _read_cedex),
)
"""In this order."""

SIGNS = "|".join(re.escape(sign) for signs, _, _ in PHRASES for sign in signs if sign.isascii())
"""A pattern for whole columns: what has only plain letters and none of these has no phrase."""


def rephrase(text: str) -> str:
    """A folded text in which each phrase is words that the reader knows.

    >>> rephrase("müllerstr. 12, hinterhaus, 10115 berlin")
    'müllerstr. 12,  haus h , 10115 berlin'
    """
    for signs, pattern, change in PHRASES:
        if any(sign in text for sign in signs):
            text = pattern.sub(change, text)
    return text
