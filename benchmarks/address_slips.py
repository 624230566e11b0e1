"""How well several misspellings of one address are known as one, beside pairs of like streets that some spelling joins.

    python benchmarks/address_slips.py

Draws the groups anew into tests/data/address_slips.csv, the same ones each time.  Writes results/address_slips.md.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from random import Random
from string import ascii_lowercase

from address_matching import join
from measure import write_result

FILE = Path(__file__).parents[1] / "tests" / "data" / "address_slips.csv"
FIELDS = ("kind", "group", "text", "place")
LONG = [
    "Umberstead", "Bellweather", "Copperthwaite", "Tannery", "Oakfield", "Station", "Church", "Chestnut", "Lakeview",
    "Harrington", "Wilson", "Meadow", "Whitechapel", "Grosvenor", "Elmhurst", "Sycamore", "Jefferson", "Highland",
]  # fmt: skip
SHORT = ["Rose", "Mill", "Berg", "High", "Park", "York", "Lime", "Elm", "Dale", "Abbey", "Queen", "Green"]
LIKE = (
    ("Hill", "Hall"), ("Mill", "Mall"), ("Hull", "Hall"), ("Berg", "Burg"), ("Harlow", "Marlow"), ("Denton", "Renton"),
    ("Parkfield", "Larkfield"), ("Belgrave", "Belgrade"), ("Malden", "Maldon"), ("Barton", "Burton"),
    ("Stainton", "Staunton"), ("Walden", "Waldon"), ("Bergmann", "Burgmann"), ("Camber", "Camden"),
    ("Sandon", "Sandan"), ("Weston", "Heston"),
)  # fmt: skip
"""Real names, in which one letter is another that lies elsewhere on the keyboard."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {key: row[max(i - 1, 0) : i] + row[i + 1 : i + 2] for row in _ROWS for i, key in enumerate(row)}
N_GROUPS = 60


def misspell(name: str, rng: Random) -> str:
    """A name with one slip of the pen; a first letter is seldom the wrong one."""
    at = rng.randrange(len(name)) if rng.random() < 0.2 else rng.randrange(1, len(name))
    before, letter, after = name[:at], name[at], name[at + 1 :]
    match rng.choices(["left out", "doubled", "swapped", "key beside", "came in"], [8, 2, 4, 4, 1])[0]:
        case "left out":
            return before + after
        case "doubled":
            return before + letter * 2 + after
        case "swapped":
            return before + after[:1] + letter + after[1:]
        case "key beside":
            return before + rng.choice(_BESIDE[letter.lower()]) + after
        case _:
            return before + rng.choice(ascii_lowercase) + letter + after


def draw_groups() -> list[dict[str, str]]:
    """Rows of all groups; texts of one group and place are one address."""
    rng, rows = Random(11), []
    for length, names in (("six letters or more", LONG), ("five letters or fewer", SHORT)):
        for n_slips in (1, 2, 3, 4, 6):
            for _ in range(N_GROUPS):
                name, place = rng.choice(names), rng.choice([", Calder {}", ", {} Calder", ", Calder"])
                slips = {misspell(name, rng) for _ in range(n_slips)} - {name}
                frame = f"{rng.randint(1, 300)} {{}} Street" + place.format(rng.randint(10000, 99999))
                group = str(len({row["group"] for row in rows}))
                texts = [frame.format(each) for each in [name, *sorted(slips)]]
                rows += [_row(f"{length}, {n_slips}", group, text, name) for text in texts]
    for one, other in LIKE:
        for bridge in sorted(_bridge(one, other)):
            group = str(len({row["group"] for row in rows}))
            for name, place in ((one, one), (other, other), (bridge, "")):
                rows.append(_row("like streets", group, f"12 {name} Road, Leeds LS1 4DY", place))
    return rows


def _row(kind: str, group: str, text: str, place: str) -> dict[str, str]:
    return dict(zip(FIELDS, (kind, group, text, place), strict=True))


def _bridge(one: str, other: str) -> set[str]:
    """Spellings that one slip leads to from both of two names: without the letter in question, and with both."""
    at = next(i for i, (x, y) in enumerate(zip(one, other, strict=True)) if x != y)
    both = (one[at].lower() + other[at].lower(), other[at].lower() + one[at].lower())
    return {(one[:at] + middle + one[at + 1 :]).capitalize() for middle in ("", *both)}


def tabulate(rows: list[dict[str, str]]) -> list[str]:
    """A line for each number of slips, and one for like streets."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row["kind"], row["group"]].append(row)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (kind, _), members in groups.items():
        place = join(row["text"] for row in members)[1]
        right, *others = [place[row["text"]] for row in members]
        if kind == "like streets":
            others = others[:1]  # the other street
        joined = sum(each == right for each in others)
        for i, value in enumerate((1, len(others), joined, joined == len(others))):
            sums[kind][i] += value
    lines = []
    for kind, (n, others, joined, whole) in sums.items():
        cells = (kind, n, others, joined, f"{joined / others:.3f}", whole)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


INTRODUCTION = """# Several misspellings of one address

`python benchmarks/address_slips.py`; the groups are in `tests/data/address_slips.csv`.

Each group is a market of its own: an address in its right spelling and as many misspellings of its street as the line
says, a slip each (a letter left out, doubled, swapped, the key beside it, or one that came in; repeated slips are one).
*Like streets* are two real names at one number and postcode that differ in one letter, with a third spelling which is
one slip from either, without that letter or with both: joined there is wrong.

| street's name and slips | groups | other spellings | joined | share | whole groups |
| --- | ---: | ---: | ---: | ---: | ---: |
"""


def main() -> None:
    """Draw the groups, measure, and write the table."""
    rows = draw_groups()
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_result("address_slips.md", INTRODUCTION + "\n".join(tabulate(rows)) + "\n")


if __name__ == "__main__":
    main()
