"""Things that identify: devices, cards, numbers, mail, networks, pictures, homes; and how they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from detection.evaluation.inland.towns import Towns
from detection.evaluation.inland.words import FIRST_NAMES, MAIL_HOSTS, STREET_NAMES, STREET_TYPES, SURNAMES
from detection.evaluation.simulation.ledger import Ledger
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.simulation.tables import draw_ip_names, draw_names, take_names

KINDS = ("device", "address", "payment", "phone", "email", "ip", "photo")
_PREFIXES = {"device": "d-", "payment": "pm_", "photo": "ph_"}
N_STREETS = len(STREET_NAMES) * len(STREET_TYPES)
_LETTERS = tuple("0123456789abcdefghijklmnopqrstuvwxyz")
_FLATS = ("Flat {}, ", "Flat {}, ", "Apt {}, ", "flat {} ")


class Things:
    """Makes things by number, each new, and says at the end what they are called.

    Attributes
    ----------
    ledger
        Counts the things of each kind; its table ``places`` has the place that each address is.
    """

    def __init__(self, rng: np.random.Generator, ledger: Ledger, towns: Towns) -> None:
        self.rng, self.ledger, self.towns = rng, ledger, towns
        self._named: dict[str, dict[int, str]] = {kind: {} for kind in KINDS}

    def make(self, kind: str, count: int) -> IntArray:
        """So many things of a kind that nobody has had before."""
        return self.ledger.issue(kind, count)

    def make_one(self, kind: str) -> int:
        """One such thing."""
        return int(self.ledger.issue(kind, 1)[0])

    def make_named(self, kind: str, name: str) -> int:
        """One that is called so."""
        thing = int(self.make_places(0, [0], 0, 0)[0]) if kind == "address" else self.make_one(kind)
        self._named[kind][thing] = name
        return thing

    def make_places(self, towns: Any, numbers: Any, streets: Any, flats: Any) -> IntArray:
        """Homes by town, house number, street and flat, shape (n,) each; a flat 0 is a house."""
        places = self.make("address", len(np.asarray(numbers)))
        self.ledger.add("places", town=towns, number=numbers, street=streets, flat=flats)
        return places

    def make_place(self, town: int, *, has_flats: bool = False) -> int:
        """A home somewhere in a town."""
        flat = int(self.rng.integers(1, 40)) if has_flats else 0
        return int(self.make_places(town, [self.rng.integers(1, 180)], [self.draw_street()], flat)[0])

    def draw_code(self, length: int) -> str:
        """Some letters and digits."""
        return "".join(self.rng.choice(_LETTERS, length).tolist())

    def draw_street(self) -> int:
        """A street, by number."""
        return int(self.rng.integers(N_STREETS))

    # ── what they are called ──────────────────────────────────────────────────────────────────────
    def write(self, kind: str, things: IntArray) -> Any:
        """What things of a kind are called, shape (n,); numbers and addresses as whoever types them spells them."""
        if kind == "address":
            return self._spell_places(things)
        count = self.ledger.count_issued(kind)
        if kind == "phone":
            names = draw_names(self.rng, "+4477", count)
        elif kind == "email":
            names = self._draw_mails(count)
        else:
            names = draw_ip_names(self.rng, count) if kind == "ip" else draw_names(self.rng, _PREFIXES[kind], count, 14)
        for thing, name in self._named[kind].items():
            names[thing] = name
        return take_names(names, things)

    def _draw_mails(self, count: int) -> Any:
        """Mail addresses of somebody's name each, none of them twice."""
        rng = self.rng
        parts = (rng.choice(words, count).tolist() for words in (FIRST_NAMES, SURNAMES, MAIL_HOSTS))
        numbers = rng.permutation(np.arange(1, 10_000 + count))[:count].tolist()
        rows = zip(*parts, numbers, strict=True)
        return pd.array([f"{first}.{last}{number}@{host}" for first, last, host, number in rows], dtype="str")

    def _spell_places(self, things: IntArray) -> Any:
        """Places in one of the ways of writing them, each time anew."""
        columns = ("town", "number", "street", "flat")
        rows = zip(*(self.ledger.read("places", name)[things].tolist() for name in columns), strict=True)
        manners = self.rng.random((len(things), 2)).tolist()
        texts = [self._spell(*row, *manner) for row, manner in zip(rows, manners, strict=True)]
        named = self._named["address"]
        texts = [named.get(thing, text) for thing, text in zip(things.tolist(), texts, strict=True)]
        return np.array(texts, dtype=object)

    def _spell(self, town: int, number: int, street: int, flat: int, manner: float, door: float) -> str:
        name, (long, short) = STREET_NAMES[street // len(STREET_TYPES)], STREET_TYPES[street % len(STREET_TYPES)]
        before = _FLATS[int(door * len(_FLATS))].format(flat) if flat else ""
        where = f"{self.towns.codes[town]} {self.towns.names[town]}"
        text = f"{before}{number} {name} {short if manner < 0.25 else long}, {where}"
        return text.upper() if manner > 0.94 else text.lower() if manner > 0.88 else text


def spell_phones(rng: np.random.Generator, numbers: Any) -> Any:
    """Numbers as their owners type them: some without the country, some with spaces; shape (n,)."""
    manners = rng.random(len(numbers))
    texts = [_spell_phone(str(number), manner) for number, manner in zip(numbers, manners.tolist(), strict=True)]
    return np.array(texts, dtype=object)


def _spell_phone(number: str, manner: float) -> str:
    if manner < 0.18:
        return number.replace("+44", "0")
    return f"{number[:3]} {number[3:7]} {number[7:]}" if manner < 0.3 else number
