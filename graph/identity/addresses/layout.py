"""The parts of an address, put into the one order: number, street, units, then places and postcode."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from graph.identity.addresses.segments import Segment, sum_up
from graph.identity.addresses.tokens import (
    BOUND,
    CITY,
    HOUSE_NUMBER,
    NUMBER,
    PLAIN,
    POSTCODE,
    TYPE,
    WORD,
    YARD_OF,
    Token,
)
from graph.identity.addresses.words import BEFORE_NAME, DIRECTIONS, STREET_NOTES


@dataclass(slots=True)
class _Parts:
    """What is found so far; ``taken`` is where the postcode stands: the part, and the word in it."""

    number: str = ""
    street: list[Token] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)
    postcode: str = ""
    taken: tuple[int, int] = (-1, -1)


def compose_form(segments: list[Segment]) -> str:
    """Lay the parts of an address out in the one order; empty where there is nothing.

    Without a house number it is not known which part names the street: all words go in one alphabetical row.
    """
    if not segments:
        return ""
    segments = _read_house_names(segments)
    parts = _Parts()
    house: list[str] = []
    lone: list[str] = []
    for segment in segments:
        if segment.house:
            house += segment.house
        if segment.units:
            parts.units.update(segment.units)
    main = _find_street(segments, has_house=bool(house))
    _take_postcode(segments, main, parts)
    for place, segment in enumerate(segments):
        if segment.numbers and not segment.has_words:
            lone += [segment.tokens[i].text for i in segment.numbers if (place, i) != parts.taken]
    # Numbers by themselves between commas: one may be the house's, the others are flats.
    at = 0 if parts.number else _find_number(segments[main], house, lone, parts)
    parts.units.update([f"bldg{number}" for number in house if number != parts.number])
    parts.units.update([f"unit{number}" for number in lone])
    if not parts.number:
        return _compose_without_number(segments, parts)
    _take_letter(parts)
    _split_street(segments[main].tokens, at, parts, main)
    for place, segment in enumerate(segments):
        if segment.has_words and place != main:
            is_named = len(segment.name) > 5 and not segment.postcodes and segments[main].numbers
            parts.others += [segment.name] if is_named else _glue_numbers(segment, parts, place)
    return _write(parts)


def _read_house_names(segments: list[Segment]) -> list[Segment]:
    """Where a named building goes before its street, its number is a flat's: 3 Rose Court, 12 Mill Lane."""
    first = [i for i, each in enumerate(segments) if each.has_words and each.tokens[0].kind == NUMBER]
    if len(first) != 2:
        return segments
    building, street = (segments[i] for i in first)
    types = {token.text for token in building.tokens if token.kind in (TYPE, PLAIN)}
    if (
        not types <= {"ct"}
        or not any(token.kind == TYPE for token in street.tokens)
        or building.units
        or len(building.numbers) > 1
    ):
        return segments
    flat = sum_up([Token(BOUND, f"unit{building.tokens[0].text}"), *building.tokens[1:]])
    flat.name = building.name
    return [flat if i == first[0] else each for i, each in enumerate(segments)]


def _take_letter(parts: _Parts) -> None:
    """Flat A of number 179 is 179A."""
    if parts.number.isdigit() and len(parts.units) == 1:
        (unit,) = parts.units
        if re.fullmatch(r"unit-[a-z]", unit):
            parts.number += unit[-1]
            parts.units.clear()


def _find_street(segments: list[Segment], *, has_house: bool) -> int:
    """The part that names the street: by its house number, then by its type, then the first."""
    best, best_score = 0, -1.0  # the first of equals: most people write the street first
    for place, segment in enumerate(segments):
        if not segment.has_words:
            continue
        score = segment.score
        if segment.house or (score == 1.0 and not segment.numbers and segment.postcodes[:1] == (0,)):
            score += 4
        elif segment.numbers:
            score += 0.5 if has_house else 3 + segment.has_short_number
        if score > best_score:
            best, best_score = place, score
    return best


def _take_postcode(segments: list[Segment], main: int, parts: _Parts) -> None:
    """Take the last postcode out, and a first one that is rather the house number."""
    spots = [(place, i) for place, segment in enumerate(segments) for i in segment.postcodes]
    if spots and spots[0] == (main, 0) and segments[main].has_words:
        has_number = any(segment.numbers or segment.house for segment in segments)
        if not has_number and (len(spots) > 1 or segments[main].score == 1.0):
            parts.number = segments[main].tokens[0].text
            spots.pop(0)
    spots = spots or _find_short_postcode(segments, main)
    if spots:
        parts.taken = spots[-1]
        parts.postcode = segments[spots[-1][0]].tokens[spots[-1][1]].text


def _find_short_postcode(segments: list[Segment], main: int) -> list[tuple[int, int]]:
    has_house = any(segment.house for segment in segments)
    return [
        (place, i)
        for place, segment in enumerate(segments)
        if place != main and segment.numbers and (segment.has_words or segments[main].numbers or has_house)
        for i in segment.numbers
        if len(segment.tokens[i].text) == 4 and segment.tokens[i].text.isdigit()
    ][-1:]


def _find_number(street: Segment, house: list[str], lone: list[str], parts: _Parts) -> int:
    """Find the house number; where it stands in the street's part, or that part's length."""
    if house:
        parts.number = house[0]
        return next((i for i, token in enumerate(street.tokens) if token.kind == HOUSE_NUMBER), len(street.tokens))
    if street.has_words and street.numbers and not (lone and _is_of_name(street.tokens, street.numbers[0])):
        _split_number(street.tokens, street.numbers[0], parts)
        return street.numbers[0]
    if lone:
        parts.number = lone.pop(0)
    return len(street.tokens)


def _is_of_name(street: list[Token], at: int) -> bool:
    """Whether a number is of the street's name: ul. 8 Marta."""
    before = street[at - 1] if at else None
    follows = at + 1 < len(street) and street[at + 1].kind == WORD
    return bool(before and follows and (before.kind == PLAIN or before.text in BEFORE_NAME))


def _split_number(street: list[Token], at: int, parts: _Parts) -> None:
    """Part the unit from a number such as 12/3 or, after a Slavic street, 12-3."""
    parts.number = street[at].text
    mark = "/" if "/" in parts.number else "-"
    if mark not in parts.number:
        return
    words_before = any(token.kind <= PLAIN for token in street[:at])
    if mark == "/" and parts.number.count(mark) == 2 and words_before:
        parts.number, entrance, unit = parts.number.split(mark)  # Austria: house, staircase, door
        parts.units.update((f"entrance{entrance}", f"unit{unit}"))
        return
    if parts.number.count(mark) != 1 or (mark == "-" and not words_before):
        return
    left, right = parts.number.split(mark)
    number, unit = (left, right) if words_before else (right, left)
    parts.number = number
    parts.units.add(f"unit{unit}")


def _split_street(street: list[Token], at: int, parts: _Parts, main: int) -> None:
    if len(DIRECTIONS.intersection([text for _, text in street])) > 1:
        street = _join_grid(street, at)
    before, after, rest = _around_number(street, at, parts, parts.taken[1] if parts.taken[0] == main else -1)
    if not before or (any(t.kind != WORD for t in after) and not any(t.kind != WORD for t in before)):
        parts.street, beyond = _cut_after_type(after)
        parts.others += [token.text for token in [*before, *beyond, *rest] if token.kind != PLAIN]
        return
    start = next((i for i, t in enumerate(before[:-1]) if i and (t.kind == PLAIN or t.text in BEFORE_NAME)), 0)
    parts.street = before[start:]
    parts.others += [token.text for token in [*before[:start], *after, *rest] if token.kind != PLAIN]


def _around_number(
    street: list[Token], at: int, parts: _Parts, taken: int
) -> tuple[list[Token], list[Token], list[Token]]:
    """The words before the house number, after it, and beyond the unit; further numbers are units or of names."""
    groups: tuple[list[Token], list[Token], list[Token]] = ([], [], [])
    group, glue = 0, ""
    for i, token in enumerate(street):
        kind, text = token
        if i == at:
            group = 1
        elif i == taken:
            continue
        elif kind <= PLAIN:
            groups[group].append(Token(kind, glue + text) if glue else token)
            glue = ""
        elif kind == POSTCODE:
            groups[group].append(Token(WORD, text))
        elif kind == NUMBER and i < at:
            glue = text
        elif kind == NUMBER:
            parts.units.add(f"unit{text}")
        if kind in (NUMBER, BOUND) and i != at and groups[1]:
            group = 2
    if glue:
        parts.units.add(f"unit{glue}")
    return groups


def _join_grid(street: list[Token], at: int) -> list[Token]:
    """One word for a number after the house's and its direction: 200 E 300 S is not 300 E 200 S."""
    joined = list(street)
    for i in range(at + 1, len(street) - 1):
        if street[i].kind == NUMBER and street[i + 1].text in DIRECTIONS:
            joined[i : i + 2] = [Token(CITY, ""), Token(WORD, street[i + 1].text + street[i].text)]
    return joined


def _cut_after_type(words: list[Token]) -> tuple[list[Token], list[Token]]:
    """Part the street from what follows it, where its type comes last: Oak Street | Ashford."""
    if not words or (words[0].kind in (TYPE, PLAIN) and words[0].text != "st"):
        return words, []
    types = [i for i, token in enumerate(words) if token.kind == TYPE and (i or token.text != "st")]
    firm = [i for i in types if words[i].text != "st"]
    last = max(firm or types, default=len(words) - 1)
    while last + 1 < len(words) and words[last + 1].text in DIRECTIONS:
        last += 1
    return words[: last + 1], words[last + 1 :]


def _glue_numbers(segment: Segment, parts: _Parts, place: int) -> list[str]:
    """Words of a part that is not the street's, a number with the word before it: sector 5.

    Bay and the like are left alone, or a form would be read as a unit that the address does not have.
    """
    words: list[str] = []
    for i, (kind, text) in enumerate(segment.tokens):
        if (place, i) == parts.taken:
            continue
        if kind == NUMBER and words and words[-1][0].isalpha() and words[-1] not in YARD_OF:
            words[-1] += text
        elif kind in (WORD, TYPE, NUMBER, POSTCODE):
            words.append(f"n{text}" if kind == NUMBER else text)
    return words


def _compose_without_number(segments: list[Segment], parts: _Parts) -> str:
    parted = [_glue_numbers(segment, parts, place) for place, segment in enumerate(segments) if segment.has_words]
    words = sorted({word for each in parted for word in each})
    boxes = [unit for unit in parts.units if re.fullmatch(r"box\d+", unit)]
    if len(boxes) == 1:
        parts.number, parts.street, parts.others = boxes[0][3:], [Token(WORD, "postbox")], words
        parts.units.remove(boxes[0])
        return _write(parts)
    return " ".join([*words, *sorted(parts.units), *([parts.postcode] if parts.postcode else [])])


def _write(parts: _Parts) -> str:
    noted = [text for text in parts.others if text.startswith(STREET_NOTES)]
    words = [text for kind, text in parts.street if kind == WORD] + noted
    types = [text for kind, text in parts.street if kind == TYPE]
    street = " ".join([parts.number, *words, *types, *sorted(parts.units)])
    others = sorted(set(parts.others) - set(noted))
    if parts.postcode:
        others.append(parts.postcode)
    return f"{street}, {' '.join(others)}" if others else street
