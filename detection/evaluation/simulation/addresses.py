"""Places, and the many ways in which people write one address down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.evaluation.simulation.rhythm import IntArray

ObjectArray = npt.NDArray[np.object_]

LATIN, CYRILLIC, CHINESE = 0, 1, 2
NO_UNIT = -1
N_SPELLINGS = 8
N_UNITS = 200
_HOUSE_NUMBERS = 240

_LATIN_CITIES = (
    "Ashford", "Brookhaven", "Carlow", "Dunmore", "Eastleigh", "Fairview", "Glenwood", "Hartwell", "Inverness",
    "Kingsport", "Lakewood", "Marlow", "Newbridge", "Oakdale", "Port Ellis", "Queensferry", "Ridgemont",
    "Saint Clair", "Thornbury", "Upton", "Vernon Hills", "Westport", "Yarrow", "Zeeland", "Brandt am See",
    "Neustadt", "Montclair", "Villanova", "San Telmo", "Puerto Claro", "Åsby", "Køgemark", "Łaskowo", "Vila Serena",
)  # fmt: skip
_CYRILLIC_CITIES = (
    ("Светлогорск", "Svetlogorsk"), ("Речной", "Rechnoy"), ("Белоярск", "Beloyarsk"), ("Заречье", "Zarechye"),
    ("Каменка", "Kamenka"), ("Новомирск", "Novomirsk"),
)  # fmt: skip
_CHINESE_CITIES = ("海宁", "青川", "临江", "安平")
N_CITIES = len(_LATIN_CITIES) + len(_CYRILLIC_CITIES) + len(_CHINESE_CITIES)

_STREET_FIRST = (
    "Oak", "Maple", "Cedar", "Elm", "Birch", "Willow", "Chestnut", "Linden", "Mill", "Church", "Station", "Park",
    "High", "Bridge", "King", "Queen", "Victoria", "Albert", "Garden", "River", "Hill", "Meadow", "Orchard", "Spring",
    "Castle", "Market", "School", "North", "South", "Lake", "Forest", "Stone", "Rose", "Abbey", "Harbour", "Canal",
)  # fmt: skip
_STREET_LAST = ("", "field", "wood", "ton", "gate", "side", "ham", "well")
_STREET_TYPES = (("Street", "St"), ("Road", "Rd"), ("Avenue", "Ave"), ("Lane", "Ln"), ("Boulevard", "Blvd"))
_CYRILLIC_STREETS = (
    ("Ленина", "Lenina"), ("Садовая", "Sadovaya"), ("Мира", "Mira"), ("Лесная", "Lesnaya"), ("Гагарина", "Gagarina"),
    ("Школьная", "Shkolnaya"), ("Полевая", "Polevaya"), ("Набережная", "Naberezhnaya"), ("Пушкина", "Pushkina"),
    ("Советская", "Sovetskaya"), ("Чехова", "Chekhova"), ("Весенняя", "Vesennyaya"), ("Озёрная", "Ozyornaya"),
    ("Кирова", "Kirova"), ("Парковая", "Parkovaya"), ("Заводская", "Zavodskaya"),
)  # fmt: skip
_CHINESE_STREETS = ("中山", "人民", "解放", "建设", "和平", "长江", "新华", "文化", "光明", "友谊", "南京", "学院")
_CHINESE_DISTRICTS = ("东城", "西湖", "江北", "新城")

# Each spelling: with a unit, without one, and how its letters are cased.
_TEMPLATES: dict[int, tuple[tuple[str, str, str], ...]] = {
    LATIN: (
        ("{number} {street} {long}, Apt {unit}, {city} {zip}", "{number} {street} {long}, {city} {zip}", "as_is"),
        ("{number} {street} {short}., #{unit}, {city}", "{number} {street} {short}., {city}", "as_is"),
        ("Apt. {unit}, {number} {street} {long}, {city}, {zip}", "{number} {street} {long}, {city}, {zip}", "as_is"),
        ("{number} {street} {short} {unit} {city} {zip}", "{number} {street} {short} {city} {zip}", "upper"),
        ("{number} {street} {short} unit {unit}, {city} {zip}", "{number} {street} {short}, {city} {zip}", "lower"),
        ("{street} {long} {number}/{unit}, {zip} {city}", "{street} {long} {number}, {zip} {city}", "as_is"),
        ("{unit}/{number} {street} {short}, {city} {zip}", "{number} {street} {short}, {city} {zip}", "as_is"),
        ("Flat {unit}, {number} {street} {short}, {city}", "{number} {street} {short}, {city}", "as_is"),
    ),
    CYRILLIC: (
        ("г. {city}, ул. {street}, д. {number}, кв. {unit}", "г. {city}, ул. {street}, д. {number}", "as_is"),
        ("{zip}, {city}, улица {street}, дом {number}, квартира {unit}",
         "{zip}, {city}, улица {street}, дом {number}", "as_is"),
        ("{city}, {street} {number}-{unit}", "{city}, {street} {number}", "as_is"),
        ("ул {street} {number} кв {unit} {city}", "ул {street} {number} {city}", "lower"),
        ("{city} УЛ. {street} {number} КВ. {unit}", "{city} УЛ. {street} {number}", "upper"),
        ("{roman_city}, ul. {roman_street} {number}, kv. {unit}", "{roman_city}, ul. {roman_street} {number}", "as_is"),
        ("ул.{street}, {number}, кв.{unit}, {city}, {zip}", "ул.{street}, {number}, {city}, {zip}", "as_is"),
        ("ul {roman_street} {number}-{unit} {roman_city} {zip}",
         "ul {roman_street} {number} {roman_city} {zip}", "as_is"),
    ),
    CHINESE: (
        ("{city}市{district}区{street}路{number}号{unit}室", "{city}市{district}区{street}路{number}号", "as_is"),
        ("{city}{district}{street}路{number}号{unit}", "{city}{district}{street}路{number}号", "as_is"),
        ("{street}路{number}号{unit}室,{city}市{district}区", "{street}路{number}号,{city}市{district}区", "as_is"),
        ("{city}市 {district}区 {street}路 {number}号 {unit}室",
         "{city}市 {district}区 {street}路 {number}号", "as_is"),
        ("{zip} {city}市{street}路{number}号{unit}室", "{zip} {city}市{street}路{number}号", "as_is"),
        ("{city}市{district}区{street}路{number}弄{unit}", "{city}市{district}区{street}路{number}弄", "as_is"),
        ("{street}路{number}-{unit},{district}区,{city}", "{street}路{number},{district}区,{city}", "as_is"),
        ("{city}市{district}区{street}路{number}号{unit}房", "{city}市{district}区{street}路{number}号", "as_is"),
    ),
}  # fmt: skip


@dataclass
class PlaceBook:
    """All places of a market, in pieces; a place is a city, a street, a house number and perhaps a unit."""

    pieces: list[npt.NDArray[np.int64]] = field(default_factory=list)
    n_places: int = 0

    def add(self, city: IntArray, street: IntArray, number: IntArray, unit: IntArray) -> IntArray:
        """Write places down; returns their numbers. The same place written twice has two numbers until joined."""
        rows = np.column_stack(np.broadcast_arrays(city, street, number, unit)).astype(np.int64)
        self.pieces.append(rows)
        self.n_places += len(rows)
        return np.arange(self.n_places - len(rows), self.n_places, dtype=np.int64)

    def draw(self, rng: np.random.Generator, city: IntArray, *, unit_share: float = 0.45) -> IntArray:
        """Draw one home in each of the cities given."""
        n = len(city)
        unit = np.where(rng.random(n) < unit_share, rng.integers(0, N_UNITS, n), NO_UNIT)
        return self.add(city, rng.integers(0, 1 << 30, n), 1 + rng.integers(0, _HOUSE_NUMBERS, n), unit)

    def draw_tower(self, rng: np.random.Generator, city: int, n_flats: int) -> IntArray:
        """Draw one house and `n_flats` different flats in it."""
        unit = rng.permutation(N_UNITS)[:n_flats]
        street, number = rng.integers(0, 1 << 30), 1 + rng.integers(0, _HOUSE_NUMBERS)
        return self.add(np.full(len(unit), city), np.full(len(unit), street), np.full(len(unit), number), unit)

    def read(self) -> npt.NDArray[np.int64]:
        """All places, shape (n_places, 4): city, street within the city's script, number, unit."""
        rows = np.concatenate(self.pieces) if self.pieces else np.zeros((0, 4), dtype=np.int64)
        rows[:, 1] %= _count_streets()[find_scripts(rows[:, 0])]
        return rows


def find_scripts(city: IntArray) -> IntArray:
    """The script that each city writes in."""
    is_past_latin = city >= len(_LATIN_CITIES)
    return is_past_latin.astype(np.int64) + (city >= len(_LATIN_CITIES) + len(_CYRILLIC_CITIES))


def _count_streets() -> IntArray:
    latin = len(_STREET_FIRST) * len(_STREET_LAST) * len(_STREET_TYPES)
    return np.array([latin, len(_CYRILLIC_STREETS) * 6, len(_CHINESE_STREETS) * len(_CHINESE_DISTRICTS)])


def spell_addresses(rng: np.random.Generator, places: IntArray, spelling: IntArray, careless: IntArray) -> ObjectArray:
    """Write addresses down.

    Parameters
    ----------
    places : IntArray, shape (n, 4)
        City, street, number, unit of each row.
    spelling : IntArray, shape (n,)
        Which of the `N_SPELLINGS` manners the writer has.
    careless : IntArray, shape (n,)
        1 where the writer makes three times as many slips.

    Returns
    -------
    ObjectArray, shape (n,)
    """
    texts = np.empty(len(places), dtype=object)
    scripts = find_scripts(places[:, 0])
    has_unit = (places[:, 3] != NO_UNIT) & (rng.random(len(places)) >= 0.04)
    for script, templates in _TEMPLATES.items():
        for manner, (with_unit, without_unit, case) in enumerate(templates):
            for template, wants_unit in ((with_unit, True), (without_unit, False)):
                rows = np.flatnonzero((scripts == script) & (spelling == manner) & (has_unit == wants_unit))
                texts[rows] = _fill_template(template, places[rows], case)
    slips = np.flatnonzero(rng.random(len(places)) < 0.05 * (1 + 2 * careless))
    for row, slip, spot in zip(slips, rng.integers(0, 4, len(slips)), rng.random(len(slips)), strict=True):
        texts[row] = _slip(texts[row], int(slip), float(spot))
    return texts


def _fill_template(template: str, places: IntArray, case: str) -> ObjectArray:
    text: Any = np.full(len(places), "", dtype=object)
    for part in template.split("{"):
        name, brace, literal = part.partition("}")
        if brace:
            words = _FIELDS[name](places)
            text = text + (_CASES[case](words)) + _CASES[case](np.array([literal], dtype=object))[0]
        else:
            text = text + _CASES[case](np.array([part], dtype=object))[0]
    return np.asarray(text, dtype=object)


def _pick(pool: tuple[str, ...], index: IntArray) -> ObjectArray:
    return np.array(pool, dtype=object)[index]


def _map_words(words: ObjectArray, change: Any) -> ObjectArray:
    return np.array([change(word) for word in words], dtype=object)


def _name_latin_street(places: IntArray) -> ObjectArray:
    first, last = np.divmod(places[:, 1] // len(_STREET_TYPES), len(_STREET_LAST))
    return np.asarray(_pick(_STREET_FIRST, first) + _pick(_STREET_LAST, last), dtype=object)


def _name_street(places: IntArray) -> ObjectArray:
    if len(places) == 0 or places[0, 0] < len(_LATIN_CITIES):
        return _name_latin_street(places)
    if places[0, 0] < len(_LATIN_CITIES) + len(_CYRILLIC_CITIES):
        names = tuple(name if turn == 0 else f"{turn}-я {name}" for turn in range(6) for name, _ in _CYRILLIC_STREETS)
        return _pick(names, places[:, 1])
    return _pick(_CHINESE_STREETS, places[:, 1] % len(_CHINESE_STREETS))


def _name_roman_street(places: IntArray) -> ObjectArray:
    names = tuple(name if turn == 0 else f"{turn}-ya {name}" for turn in range(6) for _, name in _CYRILLIC_STREETS)
    return _pick(names, places[:, 1])


def _name_unit(places: IntArray) -> ObjectArray:
    in_latin = tuple(
        f"{code // 8 + 1}{'ABCD'[code % 8]}" if code % 8 < 4 else f"{code // 8 + 1}0{code % 8 - 3}"
        for code in range(N_UNITS)
    )
    numbered = tuple(str(code + 1) for code in range(N_UNITS))
    return _pick(in_latin if len(places) and places[0, 0] < len(_LATIN_CITIES) else numbered, places[:, 3])


def _name_zip(places: IntArray) -> ObjectArray:
    codes = tuple(f"{code:05d}" for code in range(10_000, 10_000 + 60 * 40))
    return _pick(codes, places[:, 0] * 40 + places[:, 1] % 40)


_ALL_CITIES = _LATIN_CITIES + tuple(name for name, _ in _CYRILLIC_CITIES) + _CHINESE_CITIES
_ROMAN_CITIES = _LATIN_CITIES + tuple(name for _, name in _CYRILLIC_CITIES) + _CHINESE_CITIES
_NUMBERS = tuple(str(number) for number in range(_HOUSE_NUMBERS + 1))
_FIELDS: dict[str, Any] = {
    "number": lambda places: _pick(_NUMBERS, places[:, 2]),
    "street": _name_street,
    "roman_street": _name_roman_street,
    "long": lambda places: _pick(tuple(long for long, _ in _STREET_TYPES), places[:, 1] % len(_STREET_TYPES)),
    "short": lambda places: _pick(tuple(short for _, short in _STREET_TYPES), places[:, 1] % len(_STREET_TYPES)),
    "district": lambda places: _pick(_CHINESE_DISTRICTS, places[:, 1] // len(_CHINESE_STREETS)),
    "city": lambda places: _pick(_ALL_CITIES, places[:, 0]),
    "roman_city": lambda places: _pick(_ROMAN_CITIES, places[:, 0]),
    "zip": _name_zip,
    "unit": _name_unit,
}
_CASES: dict[str, Any] = {
    "as_is": lambda words: words,
    "upper": lambda words: _map_words(words, str.upper),
    "lower": lambda words: _map_words(words, str.lower),
}


def _slip(text: str, slip: int, spot: float) -> str:
    """Make one slip of the pen; digits are left alone, for a wrong digit is another place."""
    if slip == 0:
        return text.replace(",", "").replace(".", "")
    letters = [at for at in range(len(text) - 1) if text[at].isalpha() and text[at + 1].isalpha()]
    if slip == 1 or len(letters) < 2:
        return text.replace(", ", ",").lower()
    at = letters[int(spot * len(letters))]
    if slip == 2:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :]
