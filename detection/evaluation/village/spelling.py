"""How people of three countries write down where they live."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detection.evaluation.simulation.rhythm import IntArray

N_MANNERS = 5
_FIRST = (
    "Ahorn", "Berg", "Coll", "Drossel", "Erlen", "Falken", "Garden", "Haupt", "Insel", "Jardin", "Kirch", "Linden",
    "Mont", "Nord", "Orchard", "Pont", "Quell", "Rosen", "Sonnen", "Tannen", "Ulmen", "Vallon", "Wiesen", "Ziegel",
)  # fmt: skip
_LAST = ("bach", "en", "hof", "er", "feld")
_TOWNS = ("Arnbrook", "Bellmere", "Corvin", "Dalheim", "Estrel", "Fenwick", "Grauen", "Hollis", "Ivry", "Jarnac")
_PARTS = ("", " Nord", " am Wasser", " Hill", "-sur-Mer", "-West", " Vale", "-Neustadt")

# Each country's manners: with a flat, and without one.
_MANNERS = (
    (
        ("{n} {s} Road, Flat {f}, {t} {z}", "{n} {s} Road, {t} {z}"),
        ("Flat {f}, {n} {s} Rd, {t} {z}", "{n} {s} Rd, {t} {z}"),
        ("{n} {s} Rd., #{f}, {t}", "{n} {s} Rd., {t}"),
        ("{n} {S} ROAD APT {f} {T} {z}", "{n} {S} ROAD {T} {z}"),
        ("{f}/{n} {s} Road, {t} {z}", "{n} {s} Road, {t} {z}"),
    ),
    (
        ("{s}straße {n}, Wohnung {f}, {z} {t}", "{s}straße {n}, {z} {t}"),
        ("{s}str. {n}/{f}, {z} {t}", "{s}str. {n}, {z} {t}"),
        ("{z} {t}, {s}strasse {n}, Wohnung {f}", "{z} {t}, {s}strasse {n}"),
        ("{S}STR. {n}/{f}, {z} {T}", "{S}STR. {n}, {z} {T}"),
        ("{s}str {n} / {f}, {t}", "{s}str {n}, {t}"),
    ),
    (
        ("{n} rue {s}, appartement {f}, {z} {t}", "{n} rue {s}, {z} {t}"),
        ("{n}, rue {s}, appt {f}, {z} {t}", "{n}, rue {s}, {z} {t}"),
        ("appt {f}, {n} rue {s}, {t}", "{n} rue {s}, {t}"),
        ("{n} RUE {S} APPT {f} {z} {T}", "{n} RUE {S} {z} {T}"),
        ("{n} rue {s} apt {f}, {z} {t}", "{n} rue {s}, {z} {t}"),
    ),
)


def spell_places(rng: np.random.Generator, places: IntArray, manners: IntArray) -> Any:
    """Spell places in the manner of whoever writes; one in thirty slips, one flat in thirty is left out.

    Parameters
    ----------
    places : IntArray, shape (n, 4)
        Town, street, number and flat (0: a whole house).
    manners : IntArray, shape (n,)

    Returns
    -------
    pandas string array, shape (n,)
    """
    town, street, number, flat = places.T
    forgets, slips = rng.random(len(places)) < 1 / 30, rng.random(len(places)) < 1 / 30
    flat = np.where(forgets, 0, flat)
    letter = rng.integers(1, 5, len(places))
    rows = zip(town.tolist(), street.tolist(), number.tolist(), flat.tolist(), manners.tolist(), strict=True)
    texts = [
        _spell(*row, slip=at if slipped else 0)
        for row, slipped, at in zip(rows, slips.tolist(), letter.tolist(), strict=True)
    ]
    return pd.array(texts, dtype="str")


def _spell(town: int, street: int, number: int, flat: int, manner: int, *, slip: int) -> str:
    name = _FIRST[street % len(_FIRST)] + _LAST[street // len(_FIRST)]
    name = name[:slip] + name[slip + 1 :] if slip else name
    where = _TOWNS[town % len(_TOWNS)] + _PARTS[town // len(_TOWNS) % len(_PARTS)]
    template = _MANNERS[town % 3][manner][0 if flat else 1]
    code = 10_000 + town * 37
    return template.format(n=number, s=name, S=name.upper(), f=flat, t=where, T=where.upper(), z=code)


def read_places(columns: dict[str, npt.NDArray[Any]]) -> IntArray:
    """Places by their parts, shape (n, 4)."""
    return np.stack([columns[name] for name in ("town", "street", "number", "flat")], axis=1)
