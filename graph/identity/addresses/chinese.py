"""Chinese addresses in one form: the road and its number, what is inside the house, then province, city, district.

``海宁市东城区中山路８８號1501室`` is ``88 中山路 unit1501, 东城 海宁``: simplified characters, Arabic numbers, and the
district without its suffix, for people leave that out.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from graph.identity.addresses.numerals import read_numeral
from graph.identity.addresses.settling import settle

if TYPE_CHECKING:
    from opencc import OpenCC

HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_NUMERAL = re.compile(r"([〇零一二两三四五六七八九十百千]+)(?=号|栋|幢|座|单元|室|楼|层|弄|房)")
_POSTCODE = re.compile(r"(?:邮编|邮政编码)?[:\s]*(?<!\d)(\d{6})(?!\d)|^(\d{3}|\d{5})(?=\s?[^\W\d])")
_COUNTRY = re.compile(r"^(?:中国|中华人民共和国|台湾(?=.{1,3}[市县]))")
_ROAD = re.compile(r"(?<=[^\W\d])(?=\d)")
_NUMBER = re.compile(r"(\d+[a-z]?)(?:号(?!楼|房)|弄(?!\d+号))?")
_LANE = re.compile(r"(?:(\d+)巷)?(?:(\d+)弄)?(?=\d+号)")
_OF_NAME = re.compile(r"(?<=[^\W\d])([1-9])(?=段|路)")
_ALL_INSIDE = re.compile(r"之?(\d+)-(\d+)-(\d+)室?")
_PLACE = re.compile(r"([^\W\d]{2,}?)(?:特别行政区|自治区|自治州|省|市|新区|区|县|镇|乡)")
_INSIDE = re.compile(r"之?([a-z]?\d+[a-z]?|[a-z])(号楼|栋|幢|座|单元|楼|层|f\b|室|号房|房|户|号)?")
_OWN_FORM = re.compile(
    r"\d{1,5}[a-z]?(?:-\d+)? [^\s,\d]+( (?:lane|alley|bldg|entrance|floor|unit)-?[a-z]?\d*[a-z]?)*(?:, [^,]+)?"
)
_KINDS = {
    "号楼": "bldg",
    "栋": "bldg",
    "幢": "bldg",
    "座": "bldg",
    "单元": "entrance",
    "楼": "floor",
    "层": "floor",
    "f": "floor",
}


def has_han(text: str) -> bool:
    """Whether a text has a Chinese character or a Japanese kana in it."""
    return not text.isascii() and HAN.search(text) is not None


def canonical_chinese_address(text: str) -> str:
    """The one form of an address in Chinese characters; empty where it has no characters at all.

    >>> canonical_chinese_address("海宁市东城区中山路88號1501室")
    '88 中山路 unit1501, 东城 海宁'
    """
    return settle(text, _OWN_FORM, _compose)


def _compose(text: str) -> str:
    text = _COUNTRY.sub("", _NUMERAL.sub(lambda found: read_numeral(found[0]), _converter().convert(text)))
    text = _OF_NAME.sub(lambda found: "〇一二三四五六七八九"[int(found[1])], text)
    text, postcode = _take_postcode(text)
    text = re.sub(r"(?<=\d)[^\w,，、;；]+(?=\d)", "-", text)
    parts = [re.sub(r"[^\w-]+", "", part) for part in re.split(r"[,，、;；()（）]+", text)]
    parts = [part for part in parts if part]
    main = next((i for i, part in enumerate(parts) if _ROAD.search(part)), 0)
    if not parts or not _ROAD.search(parts[main]):
        return " ".join(["".join(sorted(parts)), *([postcode] if postcode else [])])
    spot = _ROAD.search(parts[main])
    assert spot is not None
    left, right = parts[main][: spot.start()], parts[main][spot.start() :]
    places, road = _split_places(left)
    number, lane, units, beyond = _read_inside(right)
    for i, part in enumerate(parts):
        if i != main and part[0].isdigit():
            units |= _read_units(part)
        elif i != main:
            found, tail = _split_places(part)
            places += [*found, *([tail] if tail else [])]
    street = " ".join([number, road, *lane, *sorted(units)])
    others = " ".join([*sorted({*places, *beyond}), *([postcode] if postcode else [])])
    return f"{street}, {others}" if others else street


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


def _take_postcode(text: str) -> tuple[str, str]:
    found = _POSTCODE.search(text)
    if not found:
        return text, ""
    return text[: found.start()] + " , " + text[found.end() :], found[1] or found[2]


def _split_places(text: str) -> tuple[list[str], str]:
    """Provinces, cities and districts without their suffixes, and the rest: the road."""
    places, end = [], 0
    for found in _PLACE.finditer(text):
        if found.start() != end:
            break
        places.append(found[1])
        end = found.end()
    return places, text[end:]


def _read_inside(right: str) -> tuple[str, list[str], set[str], list[str]]:
    """The house number, its lane, the units, and words that are left."""
    lane = _LANE.match(right)
    numbers = [each for each in lane.groups() if each] if lane else []  # 弄 alone is Shanghai's word for a lane
    lanes = [kind + each for kind, each in zip(("lane", "alley"), numbers, strict=False)]
    right = right[lane.end() :] if lane else right
    found = _NUMBER.match(right)
    assert found is not None
    inside = right[found.end() :].lstrip("-")
    beyond = [word for word in re.split(r"[\d\s-]+", _INSIDE.sub(" ", inside)) if word]
    return found[1], lanes, _read_units(inside), beyond


def _read_units(text: str) -> set[str]:
    whole = _ALL_INSIDE.fullmatch(text)
    if whole:
        return {f"bldg{whole[1]}", f"entrance{whole[2]}", f"unit{whole[3]}"}
    found = [(_KINDS.get(each[2] or "", "unit"), each[1]) for each in _INSIDE.finditer(text)]
    return {f"{kind}-{number}" if number.isalpha() else kind + number for kind, number in found}
