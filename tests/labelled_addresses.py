"""Pairs of addresses of which people said whether they are one place."""

from __future__ import annotations

import csv

from places import TESTS

PAIRS = TESTS / "data" / "address_pairs.csv"


def read_pairs(half: str) -> list[dict[str, str]]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["half"] == half]
