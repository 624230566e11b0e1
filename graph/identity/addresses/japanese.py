"""Japanese addresses in one form: the numbers of block and house in their order, the town, what is inside, then places.

``〒150-0002 東京都渋谷区渋谷２丁目８番１号 301号室`` is ``2-8-1番 渋谷 unit301, 東京 渋谷 150-0002``:
2-8-1 and 2-1-8 are two houses, and 2-8 is a block.  A fourth number is a room's.  ``番`` at the end of the numbers says
to whoever compares forms that these are Japanese.
"""

from __future__ import annotations

import re

from graph.identity.addresses.numerals import read_numeral
from graph.identity.addresses.settling import settle

_IS_JAPANESE = re.compile(
    r"[\u3041-\u3096\u30a1-\u30fa]|丁目|番地|〒|\d番|[一-龠]県|東京都|(?:大阪|京都)府|北海道|\d号室"
    r"|[一二三四五六七八九十\d]条[東西通]|(?<=[^\d\s\W路街巷弄道段村号楼栋幢座樓號棟])\d+-\d+-\d+(?!\d)"
)
_OWN_FORM = re.compile(r"\d+(?:-\d+)*番 [^\s,]+(?: (?:bldg|floor|unit)-?[a-z]{0,2}\d*[a-z]?)*(?:, [^,]+)?")
_POSTCODE = re.compile(r"〒\s*(\d{3})-?(\d{4})|(?:^|[,\s])(\d{3})-(\d{4})(?=\s|,|$|[^\d-])")
_DASH = re.compile(r"(?<=\d)\s*[‐‑–—―−ー~-]\s*(?=\d)")
_NUMERAL = re.compile(r"[〇零一二三四五六七八九十百千]+(?=丁目|番地|番(?![町丁])|号|条|階)")
_SMALL_KE = re.compile(r"(?<=[一-龠])[ヶケがガ](?=[一-龠])")
_SECTION = re.compile(r"大字|(?<=[町村市区])字")
_NUMBERS = re.compile(
    r"\d+(?![\d条線])(?:(?:丁目\s*|番地の|番地|番|[のノ]|-)\d+(?!\d*条))*(?:丁目|番地|番|号(?![室棟館]))?"
)
_PREFECTURE = re.compile(r"(東京)都|(北海道)|(大阪|京都)府|([^\s\d]{2,3}?)県")
_CITY = re.compile(r"([^\s\d]{1,5}?)郡|((?:四日市|廿日市|八日市場|野々市|市川|市原|[^\s\d]{1,7}?))市")
_WARD = re.compile(r"([^\s\d]{1,5}?)区")
_DISTRICT_TOWN = re.compile(r"([^\s\d]{1,6}?)[町村](?=[^\s\d])")
_INSIDE = re.compile(
    r"(?P<bldg>[a-z]|\d+)(?:号?棟|号館)|(?:地下|(?<![a-z])b)(?P<below>\d+)(?:階|f)?|(?P<floor>\d+)(?:階|f(?![a-z]))"
    r"|#?(?P<unit>[a-z]?\d+[a-z]?)(?:号室|室|号)?"
)


def is_japanese(text: str) -> bool:
    """Whether a text with Chinese characters is a Japanese address rather than a Chinese one."""
    return bool(_IS_JAPANESE.search(text))


def canonical_japanese_address(text: str) -> str:
    """The one form of a Japanese address.

    >>> canonical_japanese_address("〒150-0002 東京都渋谷区渋谷2丁目8番1号 301号室")
    '2-8-1番 渋谷 unit301, 東京 渋谷 150-0002'
    """
    return settle(text, _OWN_FORM, _compose)


def _compose(text: str) -> str:
    plain = _NUMERAL.sub(lambda found: read_numeral(found[0]), _DASH.sub("-", text))
    plain = _SECTION.sub("", _SMALL_KE.sub("ケ", plain))
    plain, postcode = _take_postcode(plain)
    found = next((each for each in _NUMBERS.finditer(plain) if plain[: each.start()].strip()), None)
    if found is None:
        return "".join(re.findall(r"[\w-]+", plain)) + (f" 〒{postcode}" if postcode else "")
    places, town = _split_places(re.sub(r"[\s,、]+", "", plain[: found.start()]))
    numbers = re.findall(r"\d+", found[0])
    units, others = _read_inside(plain[found.end() :])
    if len(numbers) > 3:
        units.add(f"unit{'-'.join(numbers[3:])}")
    street = " ".join([f"{'-'.join(numbers[:3])}番", town, *sorted(units)])
    beyond = [*sorted({*places, *others}), *([postcode] if postcode else [])]
    return f"{street}, {' '.join(beyond)}" if beyond else street


def _take_postcode(text: str) -> tuple[str, str]:
    found = _POSTCODE.search(text)
    if not found:
        return text.replace("〒", ""), ""
    first, second = (found[1], found[2]) if found[1] else (found[3], found[4])
    return (text[: found.start()] + " " + text[found.end() :]).replace("〒", ""), f"{first}-{second}"


def _split_places(text: str) -> tuple[list[str], str]:
    """Prefecture, district, city and ward without their suffixes, and what is left: the town."""
    places = []
    in_district = False
    for pattern in (_PREFECTURE, _CITY, _WARD, _DISTRICT_TOWN):
        found = pattern.match(text)
        if found and (pattern is not _DISTRICT_TOWN or in_district):
            places.append(next(name for name in found.groups() if name))
            in_district |= found[0].endswith("郡")
            text = text[found.end() :]
    town = re.sub(r"[^\w]+", "", text)
    return places, town or (places[-1] if places else "番")


def _read_inside(rest: str) -> tuple[set[str], list[str]]:
    units, others = set(), []
    for word in re.split(r"[\s,、()]+", rest):
        named = re.match(r"(?!\d+[号階f]|[a-z]棟)[^\d#-]{2,}", word)
        if named:
            others.append(re.sub(r"\W+", "", named[0]))
        for found in _INSIDE.finditer(word, named.end() if named else 0):
            kind = str(found.lastgroup)
            number = found[kind]
            name = "floorb" if kind == "below" else kind
            units.add(f"{name}-{number}" if number.isalpha() else f"{name}{number}")
    return units, [each for each in others if each]
