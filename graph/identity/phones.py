"""Telephone numbers: one form for each number, and which national numbers of a market are which international ones."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import join_texts, read_ints, read_texts

if TYPE_CHECKING:
    from graph.arrow import Cells
    from graph.model import Ints

_NUMBER = re.compile(r"\+?[\d\s()./-]{5,}")
_EXTENSION = re.compile(
    r"(.{5,}?)[\s,;]*(?:ext(?:ension)?[.=:]?|x|#|доб\.?|int\.|durchwahl|poste)\s*(\d{1,6})", re.IGNORECASE
)
_NOT_DIGIT = re.compile(r"[^0-9]")
_MIN_NATIONAL = 7
"""A number with fewer digits has no area code: it says nothing outside its town."""


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


def match_phones(forms: Cells) -> Ints:
    """Find which national numbers of a market are written in full elsewhere in it.

    The country is that of more than half of the market's international numbers; without such a country nothing is
    joined.  Cost: linear.

    Parameters
    ----------
    forms
        (N,) pyarrow string array of distinct :func:`canonical_phone` forms.

    Returns
    -------
    (N,) int
        For each national number the row of the international one, where there is one; else its own row.

    Examples
    --------
    >>> match_phones(pa.array(["+442079460958", "02079460958", "02079460959"])).tolist()
    [0, 0, 2]
    """
    own = np.arange(len(forms), dtype=np.int64)
    is_full = pc.starts_with(forms, "+").to_numpy(zero_copy_only=False)
    code = _find_calling_code(forms.filter(pa.array(is_full)))
    rows = np.flatnonzero(
        ~is_full & pc.match_substring_regex(forms, rf"^\d{{{_MIN_NATIONAL},15}}(x\d+)?$").to_numpy(False)
    )
    if not code or not len(rows):
        return own
    national = forms.take(rows)
    trunk = _trunk_prefix(code)
    spelled = [pc.replace_substring_regex(national, f"^{trunk}", "")] if trunk else []
    for each in [*spelled, national]:
        whole = join_texts(f"+{code}", each, "")
        place = read_ints(pc.index_in(whole, value_set=forms), missing=-1)
        own[rows] = np.where((place >= 0) & (own[rows] == rows), place, own[rows])
    return own


def _find_calling_code(full: Cells) -> str:
    """The calling code of more than half of these international numbers; empty where there is none."""
    count: Counter[str] = Counter()
    for start, n in Counter(read_texts(pc.utf8_slice_codeunits(full, 1, 4))).items():
        count[_calling_code(start)] += n
    best = max(sorted(count), key=lambda code: count[code], default="")
    return best if best and 2 * count[best] > len(full) else ""


@cache
def _codes() -> dict[str, str]:
    """The main region of each calling code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return {str(code): regions[0] for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}


def _calling_code(digits: str) -> str:
    return next((digits[:n] for n in (1, 2, 3) if digits[:n] in _codes()), "")


@cache
def _trunk_prefix(code: str) -> str:
    """What people dial before a number inside the country, such as 0 or, in Russia, 8."""
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region(_codes()[code], None)
    prefix = metadata.national_prefix if metadata else None
    return prefix if prefix and prefix.isdigit() else ""


def _drop_trunk(digits: str) -> str:
    """Without the 0 in +44 020: it has no place after the country's code (in Italy it is part of the number)."""
    code = _calling_code(digits[:3])
    is_stray = code and _trunk_prefix(code) == "0" and digits[len(code) :].startswith("0")
    return code + digits[len(code) :].lstrip("0") if is_stray else digits


def _digits_of(text: str) -> str:
    if text.isascii():
        return _NOT_DIGIT.sub("", text)
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())
