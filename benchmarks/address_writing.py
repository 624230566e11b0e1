"""How a country writes addresses: what the labelled address pairs are made of.

Written from how people in these countries write addresses, not from what the matcher knows.  A template's optional
parts are ``(u:...)`` the unit, ``(z:...)`` the postcode, ``(c:...)`` the city and ``(r:...)`` the region.  Fields: n
house number, s and sa the street in full and abbreviated, u and ua the unit likewise, c city, r region, z postcode.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """How one country names places and writes them down.

    ``cities`` are (city, region, first postcode); ``streets`` (in full, abbreviated); ``units`` (in full, abbreviated)
    with ``{}`` for the number; ``near_streets`` pairs of streets that differ and look alike.  ``templates`` of number
    ``shown_templates`` and above are kept for the held-out half.
    """

    script: str
    cities: tuple[tuple[str, str, str], ...]
    streets: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    unit_numbers: tuple[str, ...]
    templates: tuple[str, ...]
    shown_templates: int
    near_streets: tuple[tuple[str, str], ...]
    held_out_only: bool = False


LETTERED = ("14A", "14C", "1", "11", "2", "12", "3B", "3", "21", "4D", "101", "110")
PLAIN = ("1", "11", "2", "12", "21", "14", "41", "7", "17", "104", "140", "36")
