"""One form for the several spellings of one address, worked out from the address alone.

The form has up to three parts, ``number street units, places postcode``: ``Flat 14A, 1 High St., Leeds LS1 4DY`` is
``1 high st unit14a, leeds ls14dy``.  Letters lose their accents and Cyrillic is romanised; Chinese stays Chinese, in
simplified characters.  What takes more than one address to tell (a slip of the pen, a missing flat) is left to
:mod:`graph.identity.address_matching`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from string import ascii_lowercase
from typing import NamedTuple

from anyascii import anyascii

from graph.identity.address_words import (
    BEFORE_NAME,
    CITIES,
    COMPOUND_ENDINGS,
    COUNTRIES,
    HOUSES,
    JOINED,
    PLAIN_STREETS,
    QUALIFIERS,
    STREET_TYPES,
    UNITS,
    spellings,
)
from graph.identity.chinese_addresses import HAN, canonical_chinese_address

WORD, TYPE, PLAIN, NUMBER, UNIT, HOUSE, CITY, BOUND, POSTCODE, HOUSE_NUMBER, HALF = range(11)
_WAITING = frozenset((UNIT, HOUSE, CITY))


class Token(NamedTuple):
    """A word of an address: what it is, and its short form."""

    kind: int
    text: str


_UNIT_OF = spellings(UNITS)
_LEXICON: dict[str, Token] = {
    **{word: Token(WORD, short) for word, short in spellings(QUALIFIERS).items()},
    **{word: Token(TYPE, short) for word, short in spellings(STREET_TYPES).items()},
    **{word: Token(PLAIN, word) for word in PLAIN_STREETS.split()},
    **{word: Token(UNIT, short) for word, short in _UNIT_OF.items()},
    **{word: Token(HOUSE, word) for word in HOUSES.split()},
    **{word: Token(CITY, word) for word in CITIES.split()},
    **{f"{unit}-{letter}": Token(BOUND, f"{unit}-{letter}") for unit in UNITS for letter in ascii_lowercase},
    "st": Token(TYPE, "st"),
    "saint": Token(TYPE, "st"),
    "м": Token(CITY, "m"),
    "m": Token(CITY, "m"),
}

_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e30-\u0e4e"  # vowel signs are part of a word
_TOKEN = re.compile(rf"#|\d+-[^\W\d]{{1,3}}\b|[\w{_MARKS}]+(?:(?<=\d)[-/](?=\d)\w+|(?<=\d[a-z])/(?=\d)\w+)*")
_SEPARATOR = re.compile(r"[,;\n\r|()،、]+|\s//?\s|\s[-–—]\s")
_NUMBER = re.compile(r"\d{1,4}[^\W\d]?(?:[-/]\d{1,4}[^\W\d]?)*")
_POSTCODE = re.compile(
    r"\d{5,6}|\d\d-\d{3}|\d{4}-\d{3}|\d{3}-\d{4}|[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|[a-z]\d[a-z]\d[a-z]\d|\d{4}[a-z]{2}(?<!\dst|\dnd|\drd|\dth|\dya)"
)
_OUTER_HALF = re.compile(r"[a-z]{1,2}\d[a-z\d]?|[a-z]\d[a-z]")
_INNER_HALF = re.compile(r"\d[a-z]{2}(?<!1st|2nd|3rd|\dth)|\d[a-z]\d")
_NO_POSTCODE = frozenset(
    [
        "ne",
        "nw",
        "se",
        "sw",
        "st",
        "rd",
        "dr",
        "av",
        "ct",
        "ln",
        "pl",
        "la",
        "le",
        "el",
        "de",
        "du",
        "da",
        "do",
        "di",
        "of",
        "on",
        "mt",
        "ft",
        "ul",
        "al",
        "os",
        "am",
        "im",
        "in",
        "an",
        "bd",
        "ch",
        "gr",
        "sh",
    ]
)
_LONG_POSTCODE = re.compile(r"\b(\d{5})-\d{4}\b|\b[a-z]{1,2}-(?=(?:\d{4,6}|\d\d-\d{3})\b)")
_GLUED = re.compile(
    rf"({'|'.join(sorted((w for w in _UNIT_OF if len(w) > 1), key=len, reverse=True))}|no|№)(\d[\w/-]*)"
)
_OWN_UNIT = re.compile(rf"(?:{'|'.join(UNITS)})[^\W\d]{{1,2}}\d[\w/-]*")
_UNIT_NUMBER = re.compile(r"[^\W\d]{0,2}\d[\w/-]*|[^\W\d]")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_DEGREE = re.compile(r"(?<=\d)\s?[ºª°]\s?(?=[^\W\d]?\b)")
_INITIALS = re.compile(r"\b([^\W\d])\.(?=[^\W\d]\b)")
_JOINED = re.compile(r"\b([^\W\d]{1,2})[.\-]([^\W\d]{1,3})\b")
_CALLE = re.compile(r"(^|[,;\n]\s*)(?:c\.\s*(?=[^\W\d]{2})|v\.\s+(?=[^\W\d]{3}))|\bc/\s*(?=[^\W\d]{2})")
_BOX = re.compile(r"\bp\.?\s?o\.?\s?box\b")
_STRANGE_DIGIT = re.compile(r"(?![0-9])\d")
_SPACE = re.compile(r"\s")
_DIRECTIONS = frozenset(("n", "s", "e", "w", "ne", "nw", "se", "sw"))
_UKRAINIAN = re.compile("[іїєґ]|вул|буд")


def canonical_address(address: str) -> str:
    """The one form of an address; the form of a form is itself.

    >>> canonical_address("Flat 14A, 1 High St., Leeds LS1 4DY")
    '1 high st unit14a, leeds ls14dy'
    >>> canonical_address("г. Москва, ул. Ленина, д. 5, кв. 12")
    '5 lenina unit12, moskva'
    """
    form = _read_address(address)
    for _ in range(8):  # what is hardly an address may take more than one round to settle
        is_risky = _RISKY.search(form) or not _RISKY_WORDS.isdisjoint(form.replace(",", "").split(" "))
        if not is_risky or form == address or _is_own_form(form):
            break
        address, form = form, _read_address(form)
    return form


def _read_address(address: str) -> str:
    is_ukrainian = False
    if address.isascii():
        text = address.strip().lower()
        if "," not in text and not _SPACE.search(text):
            return text or address  # a code such as L-1-2: the order of its parts means something
        if text == address and _is_own_form(text):
            return text
    else:
        text = fold_text(_DEGREE.sub("", address))
        if _STRANGE_DIGIT.search(text):
            text = "".join(str(unicodedata.decimal(char, char)) for char in text)
        if HAN.search(text):
            form = canonical_chinese_address(text) or text
            return form if HAN.search(form) else _read_address(form)
        if text == address and _is_own_form(text):
            return text
        is_ukrainian = bool(_UKRAINIAN.search(text))
    segments = []
    for piece in _SEPARATOR.split(_tidy(text)):
        part = piece.strip(" .")
        if part and part not in COUNTRIES:
            segments.append(_read_part(part, is_ukrainian))
    return _compose(segments) or text


def _is_own_form(text: str) -> bool:
    """Whether a text is laid out as this module does it, every word in its short form: it stays as it is then."""
    if not _OWN_TEXT.fullmatch(text):
        return False
    head, comma, tail = text.partition(", ")
    kinds, is_short = _read_form(head)
    if not is_short or (comma and not kinds.startswith("3")):
        return False
    if not _OWN_HEAD.fullmatch(kinds):
        return False
    if not comma:
        return True
    names = tail.split(" ")
    kinds, is_short = _read_form(tail)
    words = names[:-1] if kinds[-1] in "38" else names
    return is_short and bool(_OWN_TAIL.fullmatch(kinds)) and words == sorted(set(words))


_KIND = "01234567890"
_OWN_TEXT = re.compile(rf"[\w/ {_MARKS}-]+(?:, [\w/ {_MARKS}-]+)?")
_OWN_HEAD = re.compile("30*1*7*|0+7*8?")
_OWN_TAIL = re.compile("[01]*8?|[01]+3")
_RISKY = re.compile(
    r"^(?!\d{1,4}\S? [a-z]{2}[a-z\d])|[^\x00-\x7f]"
    r"|(?<= )(?:[a-z](?![^ ,])|\d\S*[ ,]|\d{1,4}[a-z]?(?![^ ,]))|^[^,]* \d\S*$"
)
_RISKY_WORDS = frozenset([*UNITS, "gr", *HOUSES.split()])
"""What may be read otherwise when it is read again: letters and numbers by themselves, and words that wait for one."""


def _read_form(text: str) -> tuple[str, bool]:
    """The kinds of the words between spaces, a digit each, and whether every word is its own short form."""
    names = text.split(" ")
    tokens = [_READ[name] for name in names]
    return "".join([_KIND[token[0]] for token in tokens]), [token[1] for token in tokens] == names


def fold_text(text: str) -> str:
    """NFKC and caseless, to a fixed point, as folding can undo the normal form and the other way round."""
    if text.isascii():
        return text.strip().lower()
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded if folded == text else fold_text(folded)


_QUOTES = str.maketrans("", "", "'`’ʹʺ")


def _tidy(text: str) -> str:
    """Undo what abbreviations do to the borders between words."""
    if not text.isascii() or "'" in text or "`" in text:
        text = text.translate(_QUOTES)
    if "box" in text:
        text = _BOX.sub("pobox", text)
    if "." in text:
        text = _INITIALS.sub(r"\1", text)
    if "-" in text or "." in text:
        text = _JOINED.sub(lambda found: JOINED.get(found[1] + found[2], found[0]), text)
    if "-" in text:
        text = _LONG_POSTCODE.sub(lambda found: found[1] or "", text)
    if "c/" in text or "c." in text or "v." in text:
        text = _CALLE.sub(lambda found: (found[1] or "") + "ul ", text)
    return text


# ------------------------------------------------------------------------------------------------ words


@dataclass(slots=True)
class _Segment:
    """One part between commas, read once: what there is of each kind; ``score`` says how like a street's part it is."""

    tokens: list[Token]
    has_words: bool = False
    has_short_number: bool = False
    score: float = 0.0
    numbers: tuple[int, ...] = ()
    house: tuple[str, ...] = ()
    postcodes: tuple[int, ...] = ()
    units: tuple[str, ...] = ()


def _read_part(part: str, is_ukrainian: bool) -> _Segment:
    """Read one part; towns and districts, which come again and again, only once."""
    return _read_segment(part, is_ukrainian) if part[:1].isdigit() and " " in part else _read_often(part, is_ukrainian)


def _read_segment(part: str, is_ukrainian: bool) -> _Segment:
    read = _READ_UKRAINIAN if is_ukrainian else _READ
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


def _sum_up(tokens: list[Token]) -> _Segment:
    segment = _Segment(tokens)
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


class _Reader(dict[str, Token]):
    """Each word that was ever seen, read once; forgets all when it has grown too large."""

    def __init__(self, letters: dict[int, str]) -> None:
        super().__init__()
        self.letters = letters

    def __missing__(self, word: str) -> Token:
        if len(self) > 1 << 18:
            self.clear()
        token = _read_word(word, self.letters)
        self[word] = token
        return token


class _Letters(dict[int, str]):
    """Latin, Greek and Cyrillic letters in plain Latin ones; all others as they are."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        name = unicodedata.name(char, "")
        plain = anyascii(char).lower() if name.startswith(("LATIN", "GREEK", "CYRILLIC", "COMBINING")) else char
        self[code] = plain.replace("'", "").replace('"', "")
        return self[code]


_UKRAINIAN_LETTERS = {"и": "y", "г": "h", "ґ": "g", "і": "i", "ї": "i", "є": "ie", "й": "i"}
_READ = _Reader(_Letters())
_READ_UKRAINIAN = _Reader(_Letters({ord(char): plain for char, plain in _UKRAINIAN_LETTERS.items()}))


def _read_word(word: str, letters: dict[int, str]) -> Token:
    if word in _LEXICON:
        return Token(HALF, word) if word == "ak" else _LEXICON[word]  # 5211 AK
    plain = word if word.isascii() else word.translate(letters)
    if not plain:
        return Token(CITY, "")  # nothing but marks: goes like a word for a town
    if plain != word and plain in _LEXICON:
        return _LEXICON[plain]
    if any(char.isdigit() for char in plain):
        return _read_number(plain)
    is_half = len(plain) == 2 and plain.isascii() and plain not in _NO_POSTCODE  # 1012 AB
    return Token(HALF, plain) if is_half else Token(WORD, _shorten_compound(plain))


def _read_number(plain: str) -> Token:
    if plain[0].isdigit() and "-" in plain and not plain[-1].isdigit():
        plain = plain.replace("-", "")  # 14-a, 1-ya
    if _POSTCODE.fullmatch(plain):
        return Token(POSTCODE, plain)
    if _NUMBER.fullmatch(plain):
        return Token(NUMBER, plain)
    if _INNER_HALF.fullmatch(plain):
        return Token(HALF, plain)
    if glued := _GLUED.fullmatch(plain):
        unit = _UNIT_OF.get(glued[1])
        return Token(BOUND, unit + glued[2]) if unit else Token(HOUSE_NUMBER, glued[2])
    return Token(BOUND if _OWN_UNIT.fullmatch(plain) else WORD, plain)


def _shorten_compound(word: str) -> str:
    for ending, short in COMPOUND_ENDINGS.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + short
    return word


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


# ------------------------------------------------------------------------------------------------ parts


@dataclass(slots=True)
class _Parts:
    """What is found so far; ``taken`` is where the postcode stands: the part, and the word in it."""

    number: str = ""
    street: list[Token] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)
    postcode: str = ""
    taken: tuple[int, int] = (-1, -1)


def _compose(segments: list[_Segment]) -> str:
    if not segments:
        return ""
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
    at = 0 if parts.number else _find_number(segments[main], house, lone, parts)
    parts.units.update([f"bldg{number}" for number in house if number != parts.number])
    parts.units.update([f"unit{number}" for number in lone])
    if not parts.number:
        return _compose_without_number(segments, parts)
    _split_street(segments[main].tokens, at, parts, main)
    for place, segment in enumerate(segments):
        if segment.has_words and place != main:
            parts.others += _glue_numbers(segment, parts, place)
    return _write(parts)


def _find_street(segments: list[_Segment], *, has_house: bool) -> int:
    """The part that names the street: by its house number, then by its type, then the first."""
    best, best_score = 0, -1.0
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


def _take_postcode(segments: list[_Segment], main: int, parts: _Parts) -> None:
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


def _find_short_postcode(segments: list[_Segment], main: int) -> list[tuple[int, int]]:
    has_house = any(segment.house for segment in segments)
    return [
        (place, i)
        for place, segment in enumerate(segments)
        if place != main and segment.numbers and (segment.has_words or segments[main].numbers or has_house)
        for i in segment.numbers
        if len(segment.tokens[i].text) == 4 and segment.tokens[i].text.isdigit()
    ][-1:]


def _find_number(street: _Segment, house: list[str], lone: list[str], parts: _Parts) -> int:
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
    if parts.number.count(mark) != 1 or (mark == "-" and not words_before):
        return
    left, right = parts.number.split(mark)
    number, unit = (left, right) if words_before else (right, left)
    parts.number = number
    parts.units.add(f"unit{unit}")


def _split_street(street: list[Token], at: int, parts: _Parts, main: int) -> None:
    if len(_DIRECTIONS.intersection([text for _, text in street])) > 1:
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
        if street[i].kind == NUMBER and street[i + 1].text in _DIRECTIONS:
            joined[i : i + 2] = [Token(CITY, ""), Token(WORD, street[i + 1].text + street[i].text)]
    return joined


def _cut_after_type(words: list[Token]) -> tuple[list[Token], list[Token]]:
    """Part the street from what follows it, where its type comes last: Oak Street | Ashford."""
    if not words or (words[0].kind in (TYPE, PLAIN) and words[0].text != "st"):
        return words, []
    types = [i for i, token in enumerate(words) if token.kind == TYPE and (i or token.text != "st")]
    firm = [i for i in types if words[i].text != "st"]
    last = max(firm or types, default=len(words) - 1)
    while last + 1 < len(words) and words[last + 1].text in _DIRECTIONS:
        last += 1
    return words[: last + 1], words[last + 1 :]


def _glue_numbers(segment: _Segment, parts: _Parts, place: int) -> list[str]:
    """Words of a part that is not the street's, a number with the word before it: sector 5."""
    words: list[str] = []
    for i, (kind, text) in enumerate(segment.tokens):
        if (place, i) == parts.taken:
            continue
        if kind == NUMBER and words and words[-1][0].isalpha():
            words[-1] += text
        elif kind in (WORD, TYPE, NUMBER, POSTCODE):
            words.append(f"n{text}" if kind == NUMBER else text)
    return words


def _compose_without_number(segments: list[_Segment], parts: _Parts) -> str:
    parted = [_glue_numbers(segment, parts, place) for place, segment in enumerate(segments) if segment.has_words]
    words = sorted({word for each in parted for word in each})
    return " ".join([*words, *sorted(parts.units), *([parts.postcode] if parts.postcode else [])])


def _write(parts: _Parts) -> str:
    words = [text for kind, text in parts.street if kind == WORD]
    types = [text for kind, text in parts.street if kind == TYPE]
    street = " ".join([parts.number, *words, *types, *sorted(parts.units)])
    others = sorted(set(parts.others))
    if parts.postcode:
        others.append(parts.postcode)
    return f"{street}, {' '.join(others)}" if others else street
