"""One part of an address, between two commas: its words, with what belongs together bound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from graph.identity.addresses.tokens import (
    BOUND,
    CITY,
    HALF,
    HOUSE,
    HOUSE_NUMBER,
    NUMBER,
    PLAIN,
    POSTCODE,
    TOKENS,
    TYPE,
    UKRAINIAN_TOKENS,
    UNIT,
    WORD,
    YARD,
    YARD_OF,
    Token,
)
from graph.identity.addresses.words import DIRECTIONS, HOUSE_NAMES, SHORT_UNITS, SIDES
from graph.identity.letters import VOWEL_SIGNS

_LETTERS = frozenset("abcdfgh")  # e is east before a name
_MARKS = _LETTERS | SIDES.keys()
_WAITING = frozenset((UNIT, HOUSE, CITY, YARD))
_TOKEN = re.compile(rf"#|\d+-[^\W\d]{{1,3}}\b|[\w{VOWEL_SIGNS}]+(?:(?<=\d)[-/](?=\d)\w+|(?<=\d[a-z])/(?=\d)\w+)*")
_OUTER_HALF = re.compile(r"[a-z]{1,2}\d[a-z\d]?|[a-z]\d[a-z]")
_UNIT_NUMBER = re.compile(r"[^\W\d]{0,2}\d[\w/-]*|[^\W\d]")
_YARD_NUMBER = re.compile(r"\d{1,3}[^\W\d]?(?:[-/]\d{1,3}[^\W\d]?)?")
"""One of four digits may be a postcode: Byron Bay 2481."""
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th|er|ere|e|eme)")


@dataclass(slots=True)
class Segment:
    """One part between commas, read once: what there is of each kind; ``score`` says how like a street's part it is,
    ``name`` what a building is called.
    """

    tokens: list[Token]
    has_words: bool = False
    has_short_number: bool = False
    score: float = 0.0
    numbers: tuple[int, ...] = ()
    house: tuple[str, ...] = ()
    postcodes: tuple[int, ...] = ()
    units: tuple[str, ...] = ()
    name: str = ""


def read_part(part: str, is_ukrainian: bool) -> Segment:
    """Read one part; towns and districts, which come again and again, only once."""
    return _read_segment(part, is_ukrainian) if part[:1].isdigit() and " " in part else _read_often(part, is_ukrainian)


def _read_segment(part: str, is_ukrainian: bool) -> Segment:
    read = UKRAINIAN_TOKENS if is_ukrainian else TOKENS
    tokens = [read[word] for word in _TOKEN.findall(part)]
    if len(tokens) > 1 and tokens[0][1] == "gr":
        tokens.pop(0)  # gr. Plovdiv, not Upper Park Gr
    has_marks = not _MARKS.isdisjoint([token[1] for token in tokens])
    if has_marks:
        tokens = _join_letters(tokens)
    kinds = [token[0] for token in tokens]
    if HALF in kinds or kinds.count(NUMBER) > 1:
        tokens = _join_halves(tokens)
    if not _WAITING.isdisjoint(kinds):
        tokens = _bind(_read_yards(tokens) if YARD in kinds else tokens)
    if has_marks:
        tokens = _bind_sides(tokens)
    if len(tokens) > 1 and tokens[0][0] == PLAIN and tokens[1][0] == NUMBER and not any(t[0] == WORD for t in tokens):
        tokens = [Token(WORD, "ul" + tokens[1].text), *tokens[2:]]  # Calle 10
    if len(tokens) > 2 and tokens[0].kind == tokens[1].kind == NUMBER and "/" in tokens[0].text:
        tokens[0] = Token(BOUND, f"unit{tokens[0].text}")  # 1/2 14 Byres Road
    segment = sum_up(tokens)
    if part.endswith(HOUSE_NAMES) and not part.startswith("house"):  # as such a name does once it is made
        segment.name = "".join(["house", *[text for kind, text in tokens if kind == WORD]])
    return segment


def sum_up(tokens: list[Token]) -> Segment:
    """Say what there is of each kind among the words of one part."""
    segment = Segment(tokens)
    for i, (kind, text) in enumerate(tokens):
        if kind <= PLAIN:
            segment.has_words = True
            if kind != WORD and (text != "st" or (i and tokens[i - 1][0] == WORD)) and segment.score < 1.5:
                segment.score = 1.5 if kind == PLAIN else 1.0
        elif kind == NUMBER:
            segment.numbers += (i,)
            segment.has_short_number |= len(text) < 4
        elif kind == HOUSE_NUMBER:
            segment.house += (text,)
        elif kind == POSTCODE:
            segment.postcodes += (i,)
        elif kind == BOUND:
            segment.units += (text,)
    return segment


_read_often = lru_cache(maxsize=1 << 16)(_read_segment)


def _join_halves(tokens: list[Token]) -> list[Token]:
    """One token for a postcode that is written in two: LS1 4DY, K1A 0B6, 1012 AB, 111 22."""
    joined: list[Token] = []
    for token in tokens:
        kind, text = token
        is_inner = kind == HALF or (kind == NUMBER and len(text) == 2)
        if is_inner and joined and joined[-1][0] in _OUTER and _is_postcode(joined[-1][1], text):
            joined[-1] = Token(POSTCODE, joined[-1][1] + text)
        else:
            joined.append(Token(WORD, text) if kind == HALF else token)
    if any(kind == POSTCODE for kind, _ in joined):
        return joined
    return [Token(BOUND, SHORT_UNITS[t.text]) if t.kind == WORD and t.text in SHORT_UNITS else t for t in joined]


def _join_letters(tokens: list[Token]) -> list[Token]:
    """One token for a number and its letter: Lindenweg 12 a, 11 C Station Road, but not 11 C Street."""
    joined: list[Token] = []
    for i, token in enumerate(tokens):
        ends_part = not any(later.kind <= NUMBER for later in tokens[i + 1 :])
        begins_name = i == 1 and [later.kind for later in tokens[i + 1 : i + 3]] == [WORD, TYPE]
        is_place = begins_name or (ends_part and len(joined) > 1)
        is_letter = token.kind == WORD and token.text in _LETTERS
        if is_letter and is_place and joined and joined[-1].kind == NUMBER and joined[-1].text.isdigit():
            joined[-1] = Token(NUMBER, joined[-1].text + token.text)
        else:
            joined.append(token)
    return joined


def _bind_sides(tokens: list[Token]) -> list[Token]:
    """The side of a floor, where a floor goes before: 3. OG links."""
    bound: list[Token] = []
    for token in tokens:
        follows = bool(bound) and bound[-1].kind == BOUND and bound[-1].text.startswith("floor")
        bound.append(Token(BOUND, SIDES[token.text]) if follows and token.text in SIDES else token)
    return bound


_OUTER = frozenset((WORD, NUMBER, POSTCODE))


@lru_cache(maxsize=1 << 16)
def _is_postcode(outer: str, inner: str) -> bool:
    if inner.isalpha():
        return len(outer) == 4 and outer.isdigit() and inner.isascii()
    if inner.isdigit():
        return len(outer) == 3 and outer.isdigit()
    return bool(_OUTER_HALF.fullmatch(outer))


def _bind(tokens: list[Token]) -> list[Token]:
    """One token for a unit and its number, and for a house and its number."""
    bound: list[Token] = []
    waits: Token | None = None  # for its number
    for i, token in enumerate(tokens):
        is_letter = waits and waits.kind == UNIT and len(token.text) == 1 and not _goes_before_number(tokens, i)
        if token.kind in (UNIT, HOUSE, CITY) and not (is_letter and token.text != "#"):
            if waits and waits.kind == UNIT and (token.kind == HOUSE or token.text == "unit"):
                continue  # apt. no. 5, flat #5
            if token.text == "floor" and not waits and (floor := _floor_before(bound, tokens[i + 1 : i + 2])):
                bound[-1] = Token(BOUND, f"floor{floor}")
                continue
            bound += _alone(waits)
            waits = token
        elif waits:
            bound += _name(waits, token)
            waits = None
        else:
            bound.append(token)
    return bound + _alone(waits)


def _read_yards(tokens: list[Token]) -> list[Token]:
    """Bay, Gate and the like as units where they cannot be names, and as words elsewhere."""
    read: list[Token] = []
    free = 0  # where a part begins, or goes on after such a unit
    for i, token in enumerate(tokens):
        if token.kind != YARD:
            read.append(token)
            continue
        is_marked = tokens[i + 1 : i + 2] and (tokens[i + 1].kind == HOUSE or tokens[i + 1].text == "unit")
        at = i + 2 if is_marked else i + 1  # Gate no. 2, Bay #4
        if _is_yard_number(tokens[at : at + 2]) and (i == free or _ends_street(tokens[:i])):
            read.append(Token(UNIT, YARD_OF[token.text]))
            free = at + 1
        else:
            read.append(Token(WORD, token.text))
    return read


def _is_yard_number(after: list[Token]) -> bool:
    """Whether a short number follows, or a letter, and no word for a street after it."""
    if not after or any(token.kind in (TYPE, PLAIN) for token in after[1:]):
        return False
    if after[0].kind == NUMBER:
        return bool(_YARD_NUMBER.fullmatch(after[0].text))
    return after[0].text in _LETTERS and after[0].kind == WORD and len(after) == 1


def _ends_street(before: list[Token]) -> bool:
    """Whether a street with its number ends here: 55 Tannery Ln, Tannery Ln 55, 55 Tannery Ln N."""
    if not any(token.kind in (NUMBER, POSTCODE, HOUSE_NUMBER) for token in before):
        return False
    kinds = [token.kind for token in before if token.text not in DIRECTIONS]
    return (kinds[-1] in (NUMBER, BOUND) and WORD in kinds) or kinds[-2:] == [WORD, TYPE]


def _goes_before_number(tokens: list[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].kind == NUMBER


def _floor_before(bound: list[Token], after: list[Token]) -> str:
    """The number of the floor where it stands before the word: 2nd floor, 3. OG, 3e etage."""
    if not bound:
        return ""
    ordinal = _ORDINAL.fullmatch(bound[-1].text)
    if ordinal:
        return ordinal[1]
    is_free = len(bound) == 1 or [token.kind for token in bound].count(NUMBER) > 1  # else it is the house's
    follows = bool(after) and after[0].kind == NUMBER
    return bound[-1].text if bound[-1].kind == NUMBER and bound[-1].text.isdigit() and is_free and not follows else ""


def _alone(waits: Token | None) -> list[Token]:
    """A unit word without its number: a locker is worth keeping, a flat says nothing."""
    return [Token(WORD, waits.text)] if waits and waits.kind == UNIT and waits.text not in ("unit", "room") else []


def _name(waits: Token, token: Token) -> list[Token]:
    if token.kind == HOUSE_NUMBER and waits.kind == UNIT:
        return [Token(BOUND, waits.text + token.text)]  # flat no5
    is_number = token.kind == NUMBER or (token.kind in (WORD, CITY, HOUSE) and _UNIT_NUMBER.fullmatch(token.text))
    if waits.kind == UNIT and is_number:
        ordinal = _ORDINAL.fullmatch(token.text)
        number = ordinal[1] if ordinal else token.text
        return [Token(BOUND, f"{waits.text}-{number}" if number.isalpha() else waits.text + number)]
    if waits.kind == HOUSE and token.kind == NUMBER:
        return [Token(HOUSE_NUMBER, token.text)]
    if waits.text == "m" and token.kind == NUMBER:
        return [Token(BOUND, f"unit{token.text}")]
    if token.kind in (TYPE, PLAIN, BOUND) and waits.text in ("g", "m"):
        return [Token(WORD, waits.text), token]  # G Street, M Street
    return [*_alone(waits), token]
