"""Telephone numbers: one form for each number."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_NUMBER = re.compile(r"\+?[\d\s()./-]{5,}")
_EXTENSION = re.compile(
    r"(.{5,}?)[\s,;]*(?:ext(?:ension)?[.=:]?|x|#|доб\.?|int\.|durchwahl|poste)\s*(\d{1,6})", re.IGNORECASE
)
_NOT_DIGIT = re.compile(r"[^0-9]")


def canonical_phone(phone: str) -> str:
    """Digits, ``+`` before an international number, ``x`` before an extension; anything else is exact.

    >>> canonical_phone("0044 (0)20 7946-0958 ext. 12"), canonical_phone("020 7946 0958"), canonical_phone("hash:aB12")
    ('+442079460958x12', '02079460958', 'hash:aB12')
    """
    text = phone.strip() if phone.isascii() else unicodedata.normalize("NFKC", phone).strip()
    bare = text.removeprefix("tel:").strip()
    found = _EXTENSION.fullmatch(bare)
    bare, extension = (found[1], f"x{found[2]}") if found else (bare, "")
    if not _NUMBER.fullmatch(bare):
        return text
    digits = _digits_of(bare)
    if bare.startswith("+") or digits.startswith("00"):
        digits = _digits_of(bare.replace("(0)", ""))
        return "+" + _drop_trunk(digits if bare.startswith("+") else digits[2:]) + extension
    return digits + extension if digits else text


@cache
def _codes() -> dict[str, str]:
    """The main region of each calling code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return {str(code): regions[0] for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}


def find_calling_code(digits: str) -> str:
    """The calling code that an international number begins with; empty where it begins with none."""
    return next((digits[:n] for n in (1, 2, 3) if digits[:n] in _codes()), "")


@cache
def find_trunk_prefix(code: str) -> str:
    """What people dial before a number inside the country, such as 0 or, in Russia, 8."""
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region(_codes()[code], None)
    prefix = metadata.national_prefix if metadata else None
    return prefix if prefix and prefix.isdigit() else ""


def _drop_trunk(digits: str) -> str:
    """Without the 0 in +44 020: it has no place after the country's code (in Italy it is part of the number)."""
    code = find_calling_code(digits[:3])
    is_stray = code and find_trunk_prefix(code) == "0" and digits[len(code) :].startswith("0")
    return code + digits[len(code) :].lstrip("0") if is_stray else digits


def _digits_of(text: str) -> str:
    if text.isascii():
        return _NOT_DIGIT.sub("", text)
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())
