"""One form for the several spellings of one address, worked out from the address alone.

The form has up to three parts, ``number street units, places postcode``: ``Flat 14A, 1 High St., Leeds LS1 4DY`` is
``1 high st unit14a, leeds ls14dy``.  Letters lose their accents and Cyrillic is romanised; Chinese stays Chinese, in
simplified characters.  What takes more than one address to tell (a slip of the pen, a missing flat) is left to
:mod:`graph.identity.address_matching`.

The way: this module undoes abbreviations and cuts at commas, :mod:`~graph.identity.addresses.segments` reads each
part, word by word (:mod:`~graph.identity.addresses.tokens`), and :mod:`~graph.identity.addresses.layout` puts the
parts into their order.
"""

from __future__ import annotations

import re
import unicodedata

from graph.identity.addresses.arabic import ARABIC, fold_arabic
from graph.identity.addresses.chinese import canonical_chinese_address, has_han
from graph.identity.addresses.japanese import canonical_japanese_address, is_japanese
from graph.identity.addresses.korean import HANGUL, canonical_korean_address
from graph.identity.addresses.layout import compose_form
from graph.identity.addresses.phrases import rephrase
from graph.identity.addresses.segments import read_part
from graph.identity.addresses.tokens import TOKENS
from graph.identity.addresses.words import (
    ALL_UNITS,
    COUNTRIES,
    HOUSES,
    JOINED,
    SHORT_UNITS,
)
from graph.identity.letters import VOWEL_SIGNS, fold_text

_SEPARATOR = re.compile(r"[,;\n\r|()،、]+|\s//?\s|\s[-–—]\s")
_LONG_POSTCODE = re.compile(r"\b(\d{5})-\d{4}\b|\b[a-z]{1,2}-(?=(?:\d{4,6}|\d\d-\d{3})\b)")
_DEGREE = re.compile(r"(?<=\d)\s?[ºª°]\s?(?=[^\W\d]?\b)")
_INITIALS = re.compile(r"\b([^\W\d])\.(?=[^\W\d]\b)")
_JOINED = re.compile(r"\b([^\W\d]{1,2})[.\-]([^\W\d]{1,3})\b")
_CALLE = re.compile(r"(^|[,;\n]\s*)(?:c\.\s*(?=[^\W\d]{2})|v\.\s+(?=[^\W\d]{3}))|\bc/\s*(?=[^\W\d]{2})")
_BOX = re.compile(r"\bp\.?\s?o\.?\s?box\b")
_STRANGE_DIGIT = re.compile(r"(?![0-9])\d")
_SPACE = re.compile(r"\s")
_UKRAINIAN = re.compile("[іїєґ]|вул|буд")


def canonical_address(address: str, *, has_phrases: bool = True) -> str:
    """The one form of an address; the form of a form is itself.

    ``has_phrases`` is false for a text that is known to have none of :data:`~graph.identity.addresses.phrases.SIGNS`.

    >>> canonical_address("Flat 14A, 1 High St., Leeds LS1 4DY")
    '1 high st unit14a, leeds ls14dy'
    >>> canonical_address("г. Москва, ул. Ленина, д. 5, кв. 12")
    '5 lenina unit12, moskva'
    """
    form = _read_address(address, has_phrases=has_phrases)
    for _ in range(8):  # what is hardly an address may take more than one round to settle
        is_risky = _RISKY.search(form) or not _RISKY_WORDS.isdisjoint(form.replace(",", "").split(" "))
        if not is_risky or form == address or _is_own_form(form):
            break
        address, form = form, _read_address(form)
    return form


def _read_address(address: str, *, has_phrases: bool = True) -> str:
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
        if has_han(text) or HANGUL.search(text):
            return _read_characters(text)
        if text == address and _is_own_form(text):
            return text
        if ARABIC.search(text):
            text = fold_arabic(text)
        is_ukrainian = bool(_UKRAINIAN.search(text))
    segments = []
    for piece in _SEPARATOR.split(_tidy(rephrase(text) if has_phrases else text)):
        part = piece.strip(" .")
        if part and part not in COUNTRIES:
            segments.append(read_part(part, is_ukrainian))
    return compose_form(segments) or text


def _read_characters(text: str) -> str:
    if not has_han(text):
        return canonical_korean_address(text)
    form = (canonical_japanese_address if is_japanese(text) else canonical_chinese_address)(text) or text
    return form if has_han(form) else _read_address(form)


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


_KIND = "012345678900"
"""A digit for each kind of token, so that an order of kinds is a regular expression; HALF and YARD are a WORD."""
_OWN_TEXT = re.compile(rf"[\w/ {VOWEL_SIGNS}-]+(?:, [\w/ {VOWEL_SIGNS}-]+)?")
_OWN_HEAD = re.compile("30*1*7*|0+7*8?")
_OWN_TAIL = re.compile("[01]*8?|[01]+3")
_RISKY = re.compile(
    r"^(?!\d{1,4}\S? [a-z]{2}[a-z\d])|[^\x00-\x7f]"
    r"|(?<= )(?:[a-z](?![^ ,])|\d\S*[ ,]|\d{1,4}[a-z]?(?![^ ,]))|^[^,]* \d\S*$"
)
_RISKY_WORDS = frozenset([*ALL_UNITS, "gr", *HOUSES.split(), *SHORT_UNITS])
"""What may be read otherwise when it is read again: letters and numbers by themselves, and words that wait for one."""


def _read_form(text: str) -> tuple[str, bool]:
    """The kinds of the words between spaces, a digit each, and whether every word is its own short form."""
    names = text.split(" ")
    tokens = [TOKENS[name] for name in names]
    return "".join([_KIND[token[0]] for token in tokens]), [token[1] for token in tokens] == names


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
