"""Pairs of addresses of which people said whether they are one place."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from itertools import combinations

from places import TESTS

PAIRS = TESTS / "data" / "address_pairs.csv"
SCRIPTS = TESTS / "data" / "address_scripts.toml"
SLIPS = TESTS / "data" / "address_slips.csv"


def read_pairs(half: str) -> list[dict[str, str]]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["half"] == half]


def read_slips() -> dict[str, list[list[str]]]:
    """For each kind its groups of texts: the right spelling and misspellings, or like streets and what is between."""
    groups: dict[tuple[str, str], list[str]] = {}
    with SLIPS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            groups.setdefault((row["kind"], row["group"]), []).append(row["text"])
    kinds: dict[str, list[list[str]]] = {}
    for (kind, _), texts in groups.items():
        kinds.setdefault(kind, []).append(texts)
    return kinds


def read_script_pairs(half: str) -> dict[str, list[tuple[str, str, bool]]]:
    """For each system of writing addresses its pairs, and whether they are one place."""
    scripts = tomllib.loads(SCRIPTS.read_text(encoding="utf-8"))
    return {name: [pair for group in halves[half] for pair in _pair_group(group)] for name, halves in scripts.items()}


def _pair_group(places: list[list[str]]) -> Iterator[tuple[str, str, bool]]:
    texts = [(text, number) for number, place in enumerate(places) for text in place]
    for (one, mine), (other, yours) in combinations(texts, 2):
        yield one, other, mine == yours
