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
    Token,
)
from graph.identity.letters import VOWEL_SIGNS

_WAITING = frozenset((UNIT, HOUSE, CITY))
_TOKEN = re.compile(rf"#|\d+-[^\W\d]{{1,3}}\b|[\w{VOWEL_SIGNS}]+(?:(?<=\d)[-/](?=\d)\w+|(?<=\d[a-z])/(?=\d)\w+)*")
_OUTER_HALF = re.compile(r"[a-z]{1,2}\d[a-z\d]?|[a-z]\d[a-z]")
_UNIT_NUMBER = re.compile(r"[^\W\d]{0,2}\d[\w/-]*|[^\W\d]")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")


@dataclass(slots=True)
class Segment:
    """One part between commas, read once: what there is of each kind; ``score`` says how like a street's part it is."""

    tokens: list[Token]
    has_words: bool = False
    has_short_number: bool = False
    score: float = 0.0
    numbers: tuple[int, ...] = ()
    house: tuple[str, ...] = ()
    postcodes: tuple[int, ...] = ()
    units: tuple[str, ...] = ()


def read_part(part: str, is_ukrainian: bool) -> Segment:
    """Read one part; towns and districts, which come again and again, only once."""
    return _read_segment(part, is_ukrainian) if part[:1].isdigit() and " " in part else _read_often(part, is_ukrainian)


def _read_segment(part: str, is_ukrainian: bool) -> Segment:
    read = UKRAINIAN_TOKENS if is_ukrainian else TOKENS
    tokens = [read[word] for word in _TOKEN.findall(part)]
    if len(tokens) > 1 and tokens[0][1] == "gr":
        tokens.pop(0)  # gr. Plovdiv, not Upper Park Gr
    kinds = [token[0] for token in tokens]
    if HALF in kinds or kinds.count(NUMBER) > 1:
        tokens = _join_halves(tokens)
    if not _WAITING.isdisjoint(kinds):
        tokens = _bind(tokens)
    if len(tokens) > 1 and tokens[0][0] == PLAIN and tokens[1][0] == NUMBER and not any(t[0] == WORD for t in tokens):
        tokens = [Token(WORD, "ul" + tokens[1].text), *tokens[2:]]  # Calle 10
    return _sum_up(tokens)


def _sum_up(tokens: list[Token]) -> Segment:
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
    return joined


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
    for token in tokens:
        if token.kind in (UNIT, HOUSE, CITY):
            if waits and waits.kind == UNIT and (token.kind == HOUSE or token.text == "unit"):
                continue  # apt. no. 5, flat #5
            if token.text == "floor" and bound and (ordinal := _ORDINAL.fullmatch(bound[-1].text)):
                bound[-1] = Token(BOUND, f"floor{ordinal[1]}")
                continue
            bound += _alone(waits)
            waits = token
        elif waits:
            bound += _name(waits, token)
            waits = None
        else:
            bound.append(token)
    return bound + _alone(waits)


def _alone(waits: Token | None) -> list[Token]:
    """A unit word without its number: a locker is worth keeping, a flat says nothing."""
    return [Token(WORD, waits.text)] if waits and waits.kind == UNIT and waits.text not in ("unit", "room") else []


def _name(waits: Token, token: Token) -> list[Token]:
    if token.kind == HOUSE_NUMBER and waits.kind == UNIT:
        return [Token(BOUND, waits.text + token.text)]  # flat no5
    is_number = token.kind == NUMBER or (token.kind in (WORD, CITY) and _UNIT_NUMBER.fullmatch(token.text))
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
