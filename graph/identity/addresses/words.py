"""The words of addresses in many languages, and the one short form of each.

After transliteration: Latin letters without accents, Cyrillic as it is usually romanised.
"""

from __future__ import annotations

STREET_TYPES = {
    "al": "aleja alleya alee alei аллея ал алея",
    "all": "allee",
    "ave": "avenue av aven avn avda avenida avd",
    "bd": "boulevard blvd boul bvd bld bulvar bulevar bulwar bul бульвар бул булвард",
    "camino": "cno",
    "cir": "circle circ",
    "ch": "chemin chem",
    "cl": "close",
    "corso": "cso",
    "cours": "crs",
    "cres": "crescent cresc",
    "ct": "court crt",
    "dr": "drive drv",
    "gdns": "gardens gdn garden",
    "gr": "grove grv gracht",
    "hwy": "highway",
    "imp": "impasse",
    "ln": "lane",
    "os": "osiedle",
    "paseo": "po",
    "per": "pereulok провулок пров prov provulok переулок пер",
    "pkwy": "parkway",
    "pl": "place plc piazza pza platz plaza plac площадь площад площа пл ploshchad ploshcha ploshtad plein ploscad",
    "pr": "prospekt prosp проспект просп пр прт пркт prt pros",
    "proezd": "проезд прд",
    "quai": "",
    "rd": "road",
    "rte": "route",
    "rue": "r",
    "sh": "shosse шоссе ш sosse",
    "sq": "square",
    "st": "street str strt strasse straat",
    "tup": "тупик туп",
    "ter": "terrace terr",
    "trl": "trail",
    "viale": "vle",
    "way": "",
    "طريق": "",
    "ميدان": "",
}
"""What a street is: kept, for High Street is not High Road."""

PLAIN_STREETS = "ul ulitsa ulica ulitza ulicza улица ул вулиця вул vul vulytsia vulitsya vulytsya vulica calle via شارع"
"""The word for a street where nothing else is meant: left out, as writers do."""

BEFORE_NAME = frozenset(
    [
        "al",
        "all",
        "ave",
        "bd",
        "camino",
        "ch",
        "corso",
        "imp",
        "os",
        "paseo",
        "per",
        "pl",
        "pr",
        "proezd",
        "quai",
        "rte",
        "cours",
        "rue",
        "sh",
        "tup",
        "viale",
        "طريق",
        "ميدان",
    ]
)
"""Types that some language writes before the name; ``ave`` and ``pl`` come after it in others."""

QUALIFIERS = {
    "st": "saint",
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
    "mt": "mount",
    "gal": "general",
    "fbg": "faubourg fg faub",
    "res": "residence",
    "naberezhnaya": "наб nab",
    "ak": "akademika академика",
}
"""Parts of names with a usual short form."""

UNITS = {
    "unit": "apartment apartament apartamento appartement apt ap app appt apto flat suite ste # wohnung whg piso"
    " mieszkanie lok lokal interno int kv شقه kvartira kvartyra кв квартира ап апартамент ofis of оф офис",
    "room": "rm",
    "floor": "level lvl эт этаж etazh og obergeschoss stock stockwerk etage etg طابق الطابق دور الدور",
    "bldg": "building budynek batiment bat",
    "blk": "block قطعه",
    "tower": "twr برج",
    "entrance": "подъезд под вход escalier esc",
    "korp": "korpus корп корпус",
    "stroenie": "строение стр",
    "lot": "",
    "box": "pobox",
    "shop": "",
    "locker": "",
    "studio": "",
    "office": "مكتب",
    "haus": "hs",
    "seite": "",
}
"""What binds the number after it."""

YARD_UNITS = {
    "gate": "tor brama",
    "bay": "",
    "dock": "",
    "warehouse": "whse",
    "berth": "",
    "pod": "",
    "hangar": "hngr",
    "stall": "",
    "booth": "",
    "kiosk": "",
    "cabin": "",
    "desk": "",
    "dept": "department",
    "space": "spc",
    "trailer": "trlr",
    "halle": "hala",
    "rampe": "",
    "nave": "",
    "capannone": "",
}
"""What binds the number after it where no name can stand: Bay 4 before a street or after it, but not Byron Bay 2481,
nor Karl Johans gate 22.
"""

ALL_UNITS = UNITS | YARD_UNITS
"""Whatever binds a number, somewhere."""

HOUSES = "no number num nr house hse dom d дом д مبني عماره بنايه منزل فيلا буд будинок budinok budynok bud буд"
"""What says that the number after it is the house's."""

CITIES = "г гор город gorod м місто misto гр град п пос с село дер حي مدينه g обл область obl oblast"
"""What says that a town's name follows, and goes."""

COUNTRIES = frozenset(
    [
        "usa",
        "us",
        "uk",
        "gb",
        "россия",
        "rossiya",
        "russia",
        "украина",
        "ukraine",
        "україна",
        "polska",
        "poland",
        "polen",
        "deutschland",
        "germany",
        "france",
        "italia",
        "italy",
        "espana",
        "spain",
        "nederland",
        "netherlands",
        "holland",
        "българия",
        "bulgaria",
        "canada",
        "australia",
        "ireland",
        "osterreich",
        "austria",
        "china",
    ]
) | {"united states", "united kingdom", "great britain", "united states of america"}
"""Whole parts that may go: no market has one street in two countries and the same postcode."""

JOINED = {
    "бр": "бульвар", "br": "bulvar", "прт": "проспект", "prt": "prospekt", "пркт": "проспект", "прд": "проезд",
    "vle": "viale", "pza": "piazza", "pzza": "piazza", "cso": "corso", "lgo": "largo",
}  # fmt: skip
"""Words shortened around a mark, without it: б-р, pr-t, V.le."""

COMPOUND_ENDINGS = {"strasse": "str", "straat": "str", "platz": "pl", "plein": "pl", "gracht": "gr"}
"""How a type ends one long word."""

DIRECTIONS = frozenset(("n", "s", "e", "w", "ne", "nw", "se", "sw"))

SHORT_WORDS = "ne nw se sw st rd dr av ct ln pl la le el de du da do di of on mt ft ul al os am im in an bd ch gr sh"
"""Words of two letters that are no second half of a Dutch postcode."""


def spellings(table: dict[str, str]) -> dict[str, str]:
    """Every spelling in a table, with its short form."""
    return {spelling: short for short, others in table.items() for spelling in (short, *others.split())}


SHORT_UNITS = {"eg": "floor0", "dg": "floor-a", "ug": "floor-u", "hh": "haus-h", "vh": "haus-v", "qg": "haus-q"}
"""Two letters that say where in a German house; a part with a postcode means something else by them."""

SIDES = {"links": "seite-l", "li": "seite-l", "rechts": "seite-r", "re": "seite-r"}
"""Which side of a floor, after the floor."""

STREET_NOTES = ("locker", "rearside")
"""How words begin that tell one thing at a street's number from another there."""

HOUSE_NAMES = ("house", "court", "lodge", "mansions", "heights", "chambers")
"""How the name of a building ends, in English."""
