"""Korean addresses in one form: the number, its road or its neighbourhood, what is inside the building, then places.

``서울특별시 강남구 테헤란로 152, 101동 1502호 (역삼동)`` is ``152 테헤란로 bldg101 unit1502, 강남구 서울``.
A road's number and a lot's in a neighbourhood are two systems, and no address says which of the one is which of the
other.
"""

from __future__ import annotations

import re

from graph.identity.addresses.settling import settle

HANGUL = re.compile("[\uac00-\ud7a3]")
_OWN_FORM = re.compile(r"\d+(?:-\d+)? [^\s,]+(?: (?:bldg|floor|unit)[-\w]+)*(?:, [^,]+)?")
_ROAD_OF_ROAD = re.compile(r"(?<=로)\s+(?=\d+번?[가나다]?길)")
_ROAD = re.compile(
    r"(?P<street>[^\s,]+?(?:대로|로|길))\s*(?P<below>지하\s*)?"
    r"(?P<number>\d+(?:-\d+)?)(?![\d번]*길)(?!\d)"
)
_LOT = re.compile(
    r"(?P<street>[^\s,]+?(?:동|리|가|읍|면))\s*(?P<hill>산\s*)?(?P<number>\d+(?:-\d+)?)(?!\d)"
    r"(?P<lot>번지)?(?:(?<=번지)\s*(?P<second>\d+)호)?"
)
_POSTCODE = re.compile(r"(?<![\d-])(\d{5}|\d{3}-\d{3})(?![\d-])")
_FIVE_DIGITS = re.compile(r"(?<![\d-])(\d{5})(?![\d-])")
_BESIDE = re.compile(r"\([^)]*\)")
_INSIDE = re.compile(
    r"(?<![\d-])(?P<both>\d+-\d+)(?![\d-])|제?(?P<bldg>\d+|[a-z]|[가-하](?=동))동"
    r"|지하\s*(?P<below>\d+)\s*층|b(?P<basement>\d+)(?:층|f)?"
    r"|제?(?P<floor>\d+)(?:층|f\b)|제?(?P<unit>[a-z]?\d+[a-z]?)(?:호|실)?"
)
_PLACES = {
    short: long.split()
    for short, long in {
        "서울": "서울특별시 서울시", "부산": "부산광역시 부산시", "대구": "대구광역시 대구시",
        "인천": "인천광역시 인천시", "광주": "광주광역시 광주시", "대전": "대전광역시 대전시",
        "울산": "울산광역시 울산시", "세종": "세종특별자치시 세종시", "경기": "경기도",
        "강원": "강원도 강원특별자치도", "충북": "충청북도", "충남": "충청남도", "전북": "전라북도 전북특별자치도",
        "전남": "전라남도", "경북": "경상북도", "경남": "경상남도", "제주": "제주특별자치도 제주도",
    }.items()
}  # fmt: skip
_SHORT_PLACES = {long: short for short, longs in _PLACES.items() for long in longs}
_COUNTRY = frozenset(("대한민국", "한국"))


def canonical_korean_address(text: str) -> str:
    """The one form of an address in Hangul.

    >>> canonical_korean_address("서울시 강남구 테헤란로152, 101동1502호 (역삼동)")
    '152 테헤란로 bldg101 unit1502, 강남구 서울'
    """
    return settle(text, _OWN_FORM, _compose)


def _compose(text: str) -> str:
    plain = _ROAD_OF_ROAD.sub("", _BESIDE.sub(" ", text))
    found = _ROAD.search(plain) or _LOT.search(plain)
    if found is None:
        return " ".join(sorted(set(re.findall(r"[\w-]+", plain)))) or text
    before, after = plain[: found.start()], plain[found.end() :]
    before, postcode = _take_postcode(before, _POSTCODE)
    if not postcode:
        after, postcode = _take_postcode(after, _FIVE_DIGITS)
    parts = found.groupdict()
    number = parts["number"] + (f"-{parts['second']}" if parts.get("second") and "-" not in parts["number"] else "")
    street = parts["street"] + ("산" if parts.get("hill") else "") + ("지하" if parts.get("below") else "")
    units, named = _read_inside(after)
    places = {_SHORT_PLACES.get(word, word) for word in re.findall(r"\w+", before)} - _COUNTRY
    beyond = [*sorted(places | named), *([postcode] if postcode else [])]
    head = " ".join([number, street, *sorted(units)])
    return f"{head}, {' '.join(beyond)}" if beyond else head


def _take_postcode(text: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    found = pattern.search(text)
    return (text[: found.start()] + " " + text[found.end() :], found[1]) if found else (text, "")


def _read_inside(rest: str) -> tuple[set[str], set[str]]:
    """The units, and words that are left: what the building is called."""
    units = set()
    for found in _INSIDE.finditer(rest):
        kind = str(found.lastgroup)
        number = found[kind]
        if kind == "both":
            building, unit = number.split("-")
            units |= {f"bldg{building}", f"unit{unit}"}
        else:
            name = "floorb" if kind in ("below", "basement") else kind
            units.add(f"{name}-{number}" if number.isalpha() else f"{name}{number}")
    return units, set(re.findall(r"[^\W\d_]{2,}", _INSIDE.sub(" ", rest)))
