"""Make the labelled address pairs: tests/data/address_pairs.csv.

    python benchmarks/address_pairs.py

Each base address is written by its own hand in two ways.  Half of the bases, with all of their spellings, are for
development; the other half is held out, and there alone stand some countries, a third of the manners of writing and
some ways of slipping.  All texts of one half form one market: what is said of a missing unit depends on which units of
the building are known.
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from address_places import COUNTRIES
from address_writing import Country

FILE = Path(__file__).parents[1] / "tests" / "data" / "address_pairs.csv"
COLUMNS = ("half", "script", "country", "kind", "same", "place_a", "place_b", "text_a", "text_b")
_BASES = {"Latin": 36, "Cyrillic": 44, "Chinese": 64}
"""Bases of each country in each half, by its script."""


@dataclass(frozen=True)
class Place:
    """One address; ``city`` is its row among the country's."""

    country: str
    city: int
    street: tuple[str, str]
    number: str
    unit: str | None
    postcode: str
    block: str = ""

    @property
    def name(self) -> str:
        return "|".join((self.country, str(self.city), self.street[0], self.number, self.block, self.unit or "-"))


def draw_place(rng: np.random.Generator, country: str, *, half: int, unit_share: float = 0.6) -> Place:
    """Draw a place; the two halves share no house number."""
    book = COUNTRIES[country]
    city = int(rng.integers(len(book.cities)))
    number = 2 * int(rng.integers(1, 420)) + half
    unit = str(rng.choice(book.unit_numbers)) if rng.random() < unit_share else None
    street = book.streets[int(rng.integers(len(book.streets)))]
    return Place(country, city, street, str(number), unit, book.cities[city][2])


_BLOCKS = {
    "RU": ", корп. {}",
    "UA": ", корпус {}",
    "CN": "{}栋",
    "PL": " bud. {}",
    "US": ", Building {}",
    "GB": ", Block {}",
}


def write_place(place: Place, template: str, *, unit_form: int = 0, drop: str = "") -> str:
    """Fill a template in; ``drop`` names optional parts to leave out, such as ``"uz"``."""
    book = COUNTRIES[place.country]
    city, region, _ = book.cities[place.city]
    long, short = book.units[unit_form % len(book.units)]
    left_out = set(drop) | (set() if place.unit else {"u"}) | (set() if region else {"r"})
    text = re.sub(r"\((\w):((?:[^()]|\([^()]*\))*)\)", lambda m: "" if m[1] in left_out else m[2], template)
    unit = place.unit or ""
    if place.block:
        text = re.sub(r"\{n\}(号|號)?", lambda m: m[0] + _BLOCKS[place.country].format(place.block), text, count=1)
    parts = {
        "n": place.number,
        "s": place.street[0],
        "sa": place.street[1],
        "c": city,
        "r": region,
        "z": place.postcode,
    }
    text = text.format(**parts, u=long.format(unit), ua=short.format(unit))
    return re.sub(r"^[\s,;-]+|[\s,;-]+$", "", text.replace("..", "."))


# ------------------------------------------------------------------------------------------------ ways of slipping

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_HOMOPHONES = dict(
    zip("建国人民解放文化学院长江新华和平光体育延安", "健囯仁明介芳闻画雪园常将欣花合坪广替玉沿按", strict=True)
)


def slip(text: str, rng: np.random.Generator, *, held_out: bool) -> str:
    """One slip of the pen in a word of five letters or more, digits left alone; in Chinese a homophone."""
    spots = [i for i, char in enumerate(text) if char in _HOMOPHONES]
    if spots:
        at = spots[int(rng.integers(len(spots)))]
        return text[:at] + _HOMOPHONES[text[at]] + text[at + 1 :]
    words = [m for m in re.finditer(r"[^\W\d_]{5,}", text) if not re.search("[㐀-鿿]", m[0])]
    if not words:
        return text
    word = words[int(rng.integers(len(words)))]
    at = int(rng.integers(word.start() + 1, word.end() - 1))
    kind = int(rng.integers(5 if held_out else 3))
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + _neighbour(text[at], rng) + text[at + (1 if kind == 3 else 0) :]


def _neighbour(char: str, rng: np.random.Generator) -> str:
    for row in _KEYS:
        if (at := row.find(char.lower())) >= 0:
            near = row[max(0, at - 1) : at + 2].replace(char.lower(), "")
            return str(rng.choice(list(near)))
    return char


_ROMAN = {
    "passport": ("a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y - e iu ia", ""),
    "english": ("a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya", ""),
    "scientific": ("a b v g d e ë ž z i j k l m n o p r s t u f h c č š šč ʺ y ʹ è ju ja", ""),
}
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_UKRAINIAN = {"і": "i", "ї": "i", "є": "ie", "ґ": "g", "и": "y", "г": "h", "’": ""}
_SERBIAN = {
    "ј": "j",
    "љ": "lj",
    "њ": "nj",
    "ђ": "đ",
    "ћ": "ć",
    "џ": "dž",
    "ц": "c",
    "ч": "č",
    "ш": "š",
    "ж": "ž",
    "х": "h",
}
_BULGARIAN = {"щ": "sht", "ъ": "a", "х": "h", "ц": "ts", "я": "ya", "ю": "yu", "й": "y"}


def romanise(text: str, system: str, country: str) -> str:
    """Write Cyrillic in Latin letters."""
    table = dict(zip(_RUSSIAN, (w.replace("-", "") for w in _ROMAN[system][0].split(" ")), strict=True))
    table |= _UKRAINIAN if country == "UA" else _BULGARIAN if country == "BG" else {}
    table |= _SERBIAN if country == "RS" else {}
    answer = "".join(
        table.get(char.lower(), char) if char.islower() else table.get(char.lower(), char).capitalize() for char in text
    )
    return answer.replace("№", "No.")


_TRADITIONAL = dict(
    zip(
        "国号楼区东广龙华学长门义宁阳苏陕辽汉化场观丰宾馆",
        "國號樓區東廣龍華學長門義寧陽蘇陝遼漢化場觀豐賓館",
        strict=True,
    )
)
_NUMERALS = "〇一二三四五六七八九"


def respell(text: str, country: str, rng: np.random.Generator) -> str:
    """Another spelling of the same words: other accents, other hyphens, other digits, other characters."""
    ways: list[Callable[[str], str]] = [
        _drop_marks,
        lambda t: t.replace("-", " ") if country != "PL" else _drop_marks(t),
    ]
    if country == "DE":
        ways = [_write_umlauts_out, lambda t: t.replace("ß", "ss"), _drop_marks]
    elif country in ("CN", "TW", "HK"):
        ways = [_widen_digits, _write_traditional if country == "CN" else _write_simplified, _write_numeral]
    elif country in ("RU", "UA", "BG", "RS"):
        ways = [lambda t: t.replace("ё", "е"), _widen_digits, lambda t: t.replace("-", " ")]
    elif country in ("US", "GB"):
        ways = [
            _turn_saint,
            lambda t: t.replace("'", "").replace("-", " "),
            lambda t: t.replace("'", "’"),
            _widen_digits,
        ]
    return ways[int(rng.integers(len(ways)))](text)


def _turn_saint(text: str) -> str:
    return text.replace("Saint", "St.") if "Saint" in text else re.sub(r"\bSt\.? (?=[A-Z])", "Saint ", text)


def _drop_marks(text: str) -> str:
    plain = text.translate(str.maketrans("łŁøØ", "lLoO"))
    return "".join(char for char in unicodedata.normalize("NFD", plain) if not unicodedata.combining(char))


def _write_umlauts_out(text: str) -> str:
    for mark, letters in {"ä": "ae", "ö": "oe", "ü": "ue", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}.items():
        text = text.replace(mark, letters)
    return text


def _widen_digits(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isdigit() else char for char in text)


def _write_traditional(text: str) -> str:
    return "".join(_TRADITIONAL.get(char, char) for char in text)


def _write_simplified(text: str) -> str:
    back = {new: old for old, new in _TRADITIONAL.items()} | {"羅": "罗", "復": "复", "興": "兴", "臺": "台"}
    return "".join(back.get(char, char) for char in text)


def _write_numeral(text: str) -> str:
    return re.sub(r"(?<!\d)(\d)(\d?)(?=[号號楼樓])", lambda m: _say_chinese(int(m[0])), text)


def _say_chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    start = "" if tens == 0 else "十" if tens == 1 else _NUMERALS[tens] + "十"
    return start + (_NUMERALS[ones] if ones or not tens else "")


# ------------------------------------------------------------------------------------------------------- pairs

_MUTATIONS = ("order", "abbreviation", "case", "spelling", "typo", "missing unit", "missing part", "script")


def write_pairs(rng: np.random.Generator, half: int) -> Iterator[tuple[object, ...]]:
    """All rows of one half: 0 for development, 1 held out."""
    seen: set[str] = set()
    for country, book in COUNTRIES.items():
        if book.held_out_only and not half:
            continue
        for turn in range(_BASES[book.script]):
            place = draw_place(rng, country, half=half)
            building = f"{country}|{place.city}|{place.street[0]}|{place.number}"
            if building in seen:
                continue
            seen.add(building)
            rows = _write_same(rng, place, half) if turn % 2 else _write_others(rng, place, half)
            for kind, one, other, text_a, text_b in rows:
                name = "unseen country" if book.held_out_only else "held out" if half else "development"
                what = (name, book.script, country, kind, int(one == other))
                yield (*what, one.name, other.name, text_a, text_b)


def _templates(book: Country, half: int) -> tuple[str, ...]:
    return book.templates if half else book.templates[: book.shown_templates]


def _write_in_some_manner(rng: np.random.Generator, place: Place, half: int, drop: str = "") -> str:
    templates = _templates(COUNTRIES[place.country], half)
    return write_place(place, templates[int(rng.integers(len(templates)))], unit_form=int(rng.integers(9)), drop=drop)


def _write_same(rng: np.random.Generator, place: Place, half: int) -> Iterator[tuple[str, Place, Place, str, str]]:
    """Pairs of spellings of one place, each by one or two mutations."""
    for kind in _MUTATIONS:
        mutated = _mutate(rng, place, kind, half)
        if mutated is None:
            continue
        text_a, text_b = mutated
        second = str(rng.choice(("case", "typo", "spelling"))) if rng.random() < 0.4 else ""
        if second and second != kind and kind != "missing part":
            text_b = _touch(rng, text_b, second, place.country, half)
        else:
            second = ""
        if text_a != text_b:
            yield kind if second in ("", "case") else f"{kind} + {second}", place, place, text_a, text_b


def _touch(rng: np.random.Generator, text: str, kind: str, country: str, half: int) -> str:
    if kind == "case":
        return (text.upper(), text.lower())[int(rng.integers(2))]
    if kind == "typo":
        return slip(text, rng, held_out=bool(half))
    return respell(text, country, rng)


def _mutate(rng: np.random.Generator, place: Place, kind: str, half: int) -> tuple[str, str] | None:
    """Two spellings that differ by one mutation; None where the country knows no such thing."""
    templates = _templates(COUNTRIES[place.country], half)
    reference = write_place(place, templates[0])
    if kind == "order":
        return reference, _write_in_some_manner(rng, place, half)
    if kind == "abbreviation":
        return reference, write_place(
            replace(place, street=place.street[::-1]), templates[0], unit_form=int(rng.integers(9))
        )
    if kind in ("case", "typo", "spelling"):
        text = _write_in_some_manner(rng, place, half)
        return text, _touch(rng, text, kind, place.country, half)
    if kind == "missing part" or (kind == "missing unit" and place.unit):
        drop = "u" if kind == "missing unit" else str(rng.choice(("z", "c", "r")))
        return reference, _write_in_some_manner(rng, place, half, drop)
    is_cyrillic = COUNTRIES[place.country].script == "Cyrillic"
    return _romanise_pair(rng, place, half) if kind == "script" and is_cyrillic else None


def _romanise_pair(rng: np.random.Generator, place: Place, half: int) -> tuple[str, str]:
    templates = _templates(COUNTRIES[place.country], half)
    system = str(rng.choice(list(_ROMAN) if half else ["passport", "english"]))
    return write_place(place, templates[0]), romanise(_write_in_some_manner(rng, place, half), system, place.country)


def _write_others(rng: np.random.Generator, place: Place, half: int) -> Iterator[tuple[str, Place, Place, str, str]]:
    """Pairs of two places that look alike, each written in some manner."""
    book = COUNTRIES[place.country]
    unit = place.unit or str(rng.choice(book.unit_numbers))
    units = [other for other in book.unit_numbers if other != unit]
    there = replace(place, unit=unit)
    others = {"other unit": replace(there, unit=str(rng.choice(units)))}
    others["other number"] = replace(
        there, number=str(rng.choice((place.number + "1", "1" + place.number, str(int(place.number) + 2))))
    )
    near = book.near_streets[int(rng.integers(len(book.near_streets)))]
    number = str(int(place.number) + 1000)  # a building of its own
    one = replace(there, street=(near[0], near[0]), number=number)
    others["other street"] = replace(one, street=(near[1], near[1]))
    city = int(
        rng.choice([row for row in range(len(book.cities)) if book.cities[row][0] != book.cities[place.city][0]])
    )
    others["other city"] = replace(there, city=city, postcode=book.cities[city][2])
    if unit.isdigit() and unit != place.number:
        others["number and unit swapped"] = replace(there, number=unit, unit=place.number)
    if place.country in _BLOCKS:
        one_block = replace(there, number=str(int(place.number) + 2000), block="1")
        others["other block"] = replace(one_block, block="2")
    for kind, other in others.items():
        left = {"other street": one, "other block": one_block if place.country in _BLOCKS else there}.get(kind, there)
        yield kind, left, other, _write_in_some_manner(rng, left, half), _write_in_some_manner(rng, other, half)
    bare = replace(there, unit=None)
    yield (
        "missing unit of several",
        there,
        bare,
        _write_in_some_manner(rng, there, half),
        _write_in_some_manner(rng, bare, half),
    )


def main() -> None:
    rng = np.random.default_rng(20240131)
    rows = [row for half in (0, 1) for row in write_pairs(rng, half)]
    number = {name: n for n, name in enumerate(dict.fromkeys(name for row in rows for name in row[5:7]))}
    rows = [(*row[:5], number[row[5]], number[row[6]], *row[7:]) for row in rows]
    with FILE.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    sys.stderr.write(f"{len(rows)} pairs in {FILE.name}\n")


if __name__ == "__main__":
    main()
