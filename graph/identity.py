"""One form for the several spellings of one address, e-mail or phone.

Two spellings join only where no reader would tell them apart: ``Flat 14A, 1 High St.`` and
``1 high street, apt #14-a`` are one place; 14A and 14C, or flat 2 of number 1 and flat 1 of number
2, never are.  Misspellings are left alone here: finding them takes more than one value at a time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_STREETS = {
    "ave": "avenue av aven avn",
    "blvd": "boulevard boul bvd",
    "cir": "circle circ",
    "cl": "close",
    "cres": "crescent cresc",
    "ct": "court crt",
    "dr": "drive drv",
    "gdns": "gardens gdn garden",
    "gr": "grove grv",
    "hwy": "highway",
    "ln": "lane",
    "mt": "mount",
    "pkwy": "parkway",
    "pl": "place plc",
    "rd": "road",
    "sq": "square",
    "st": "street saint str strt strasse",
    "ter": "terrace terr",
    "trl": "trail",
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
    "г": "город гор",
    "обл": "область",
    "пер": "переулок",
    "пл": "площадь",
    "пр": "проспект просп",
    "ул": "улица",
    "ш": "шоссе",
}
_UNITS = {
    "unit": "apartment apt appt apto flat suite ste #",
    "room": "rm",
    "floor": "level lvl",
    "bldg": "building",
    "blk": "block",
    "tower": "twr",
    "house": "hse",
    "lot": "",
    "box": "",
    "shop": "",
    "locker": "",
    "д": "дом",
    "кв": "квартира",
    "корп": "корпус",
    "стр": "строение",
    "эт": "этаж",
    "оф": "офис",
    "no": "number num nr",
}
"""What binds the number after it; ``no`` only says that a number follows, and goes."""


def _spellings(table: dict[str, str]) -> dict[str, str]:
    return {spelling: short for short, others in table.items() for spelling in (short, *others.split())}


_STREET, _UNIT = _spellings(_STREETS), _spellings(_UNITS)
_DIRECTIONS = frozenset(("n", "s", "e", "w"))

_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e30-\u0e4e"  # vowel signs are part of a word
_TOKEN = re.compile(rf"#|[\w{_MARKS}]+(?:(?<=\d)[-/](?=\d)\w+)*")
_UNIT_NUMBER = re.compile(r"\w{0,2}\d[\w/-]*|\w")
_GLUED_UNIT = re.compile(rf"({'|'.join(sorted(_UNIT.keys() - {'#'}, key=len, reverse=True))})(\d[\w/-]*)")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_BARE_NUMBER = re.compile(r"(\d+)[^\W\d]?")
_INITIALS = re.compile(r"\b([^\W\d])\.(?=[^\W\d]\b)")
_SPLIT_NUMBER = re.compile(r"(?<=\d)-(?=[^\W\d]\b)|(?<=\b[^\W\d])-(?=\d)")
_SPACE = re.compile(r"\s")
_PHONE = re.compile(r"\+?[\d\s()./-]{5,}")
_NOT_DIGIT = re.compile(r"[^0-9]")
_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


def canonical_values(kind: str, values: Any) -> Any:
    """Bring identifiers of one kind to the form that joins their spellings.

    Parameters
    ----------
    kind
        ``address``, ``email`` and ``phone`` have several spellings; any other kind (``device``,
        ``payment``, ``ip``, ``address_id``, ...) is exact but for Unicode's compatible forms and
        white space around it.
    values
        (N,) pyarrow string array, chunked or not; nulls stay null.

    Returns
    -------
    pyarrow.StringArray
        (N,) canonical forms.  Applying the function again changes nothing.

    Examples
    --------
    >>> canonical_values("address", pa.array(["Flat 14A, 1 High St.", "1 HIGH STREET  apt #14-a"])).to_pylist()
    ['1 high st unit14a', '1 high st unit14a']
    >>> canonical_values("email", pa.array(["Ann.Lee+shop@GoogleMail.com"])).to_pylist()
    ['annlee@gmail.com']
    """
    texts = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    rule = _RULES.get(kind)
    if rule is None:
        return _exact_values(texts)
    encoded = pc.dictionary_encode(texts)
    canonical = pa.array(map(rule, encoded.dictionary.to_pylist()), pa.string())
    return canonical.take(encoded.indices)


def _exact_values(texts: Any) -> Any:
    return pc.utf8_trim_whitespace(pc.utf8_normalize(texts, "NFKC"))


def _fold(text: str) -> str:
    """NFKC and caseless, to a fixed point, as folding can undo the normal form and the other way round."""
    if text.isascii():
        return text.strip().lower()
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded if folded == text else _fold(folded)


def _canonical_address(address: str) -> str:
    text = _fold(address).replace("’", "'").replace("'", "").strip()
    if text.isascii():
        if "," not in text and not _SPACE.search(text):
            return text or address  # a code such as L-1-2: the order of its parts means something
    else:
        text = "".join(str(unicodedata.decimal(char, char)) for char in text).replace("ё", "е")
        if _HAN.search(text):
            return re.sub(r"(?!(?<=\d)-(?=\d))\W+", "", re.sub(r"(?<=\d)\W+(?=\d)", "-", text))
    text = _INITIALS.sub(r"\1", text) if "." in text else text
    text = _SPLIT_NUMBER.sub("", text) if "-" in text else text
    return " ".join(_sort_tokens(_bind_units(_TOKEN.findall(text)))) or text


def _sort_tokens(tokens: list[str]) -> list[str]:
    """Bare short numbers as they came, then words, then unit words that bind no number.

    Two bare numbers are a house and a flat, or a grid of streets, so their order means something;
    longer ones are postcodes.
    """
    max_digits = 4 if len(_DIRECTIONS.intersection(tokens)) > 1 else 3
    bare = [token for token in tokens if 0 < _count_digits(token) <= max_digits]
    words = sorted(token for token in tokens if not 0 < _count_digits(token) <= max_digits)
    lone = [token for token in words if token in _UNIT] if not _UNIT.keys().isdisjoint(words) else []
    return bare + [token for token in words if token not in _UNIT] + lone if lone else bare + words


@lru_cache(maxsize=1 << 16)
def _count_digits(token: str) -> int:
    """Digits of a bare number such as 14 or 14a, else 0."""
    found = _BARE_NUMBER.fullmatch(token)
    return len(found[1]) if found else 0


def _bind_units(tokens: list[str]) -> list[str]:
    """Short forms of the words, and one token for a unit and its number: flat, 14a → unit14a."""
    bound: list[str] = []
    unit = ""  # the unit word that waits for its number
    for token in tokens:
        named = _UNIT.get(token)
        if not named and not unit:
            bound.append(_short_form(token))
        elif named == "floor" and bound and not unit and (ordinal := _ORDINAL.fullmatch(bound[-1])):
            bound[-1] = f"floor{ordinal[1]}"
        elif named and unit and (named == "no" or token == "#"):
            continue  # apt. no. 5, flat #5
        elif named:
            bound += _alone(unit)
            unit = named
        else:
            bound += _name_token(unit, token)
            unit = ""
    return bound + _alone(unit)


def _alone(unit: str) -> list[str]:
    """A unit word without a number: kept, but for ``no``, which says nothing then."""
    return [unit] if unit not in ("", "no") else []


def _name_token(unit: str, token: str) -> list[str]:
    glued = _GLUED_UNIT.fullmatch(token)
    number = glued[2] if glued and _UNIT[glued[1]] == "no" else token  # flat no5
    is_number = _UNIT_NUMBER.fullmatch(number) and not (unit == "no" and number.isalpha())
    if not unit or not is_number or (glued and number == token):
        return [*_alone(unit), _short_form(token)]
    ordinal = _ORDINAL.fullmatch(number)
    number = ordinal[1] if ordinal else number
    return [_short_form(number) if unit == "no" else unit + number]


@lru_cache(maxsize=1 << 16)
def _short_form(token: str) -> str:
    if (short := _STREET.get(token)) is not None:
        return short
    if glued := _GLUED_UNIT.fullmatch(token):
        unit = _UNIT[glued[1]]
        return _short_form(glued[2]) if unit == "no" else unit + glued[2]
    return token.removesuffix("asse") if token.endswith("strasse") else token


def _canonical_email(email: str) -> str:
    text = _fold(email)
    local, at, domain = text.rpartition("@")
    domain = "gmail.com" if domain == "googlemail.com" else domain
    plain = local.split("+")[0]
    plain = plain.replace(".", "") if domain == "gmail.com" else plain
    return f"{plain or local}{at}{domain}"


def _canonical_phone(phone: str) -> str:
    """Digits, with ``+`` before an international number; anything with letters in it is exact."""
    text = phone.strip() if phone.isascii() else unicodedata.normalize("NFKC", phone).strip()
    bare = text.removeprefix("tel:").strip()
    if not _PHONE.fullmatch(bare):
        return text
    digits = _digits_of(bare)
    if bare.startswith("+") or digits.startswith("00"):
        digits = _digits_of(bare.replace("(0)", ""))
        return "+" + (digits if bare.startswith("+") else digits[2:])
    return digits or text


def _digits_of(text: str) -> str:
    if text.isascii():
        return _NOT_DIGIT.sub("", text)
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


_RULES: dict[str, Callable[[str], str]] = {
    "address": _canonical_address,
    "email": _canonical_email,
    "phone": _canonical_phone,
}
