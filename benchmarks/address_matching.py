"""How well addresses written differently are known as one, and how long that takes.

    python benchmarks/address_matching.py [--accounts 500000]

Reads the labelled pairs (tests/data/address_pairs.csv, made by address_pairs.py) and the truth of a simulated market.
Writes results/address_matching.md.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
from address_pairs import FILE
from measure import run_ringfence, write_result

from graph.identity.canonical import canonical_values
from graph.identity.match import match_values

Row = dict[str, str]
SETS = ("development", "held out", "unseen country")


def join(texts: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The form of each text, and the form that stands for its place in a market of just these texts."""
    known = sorted(set(texts))
    forms = canonical_values("address", pa.array(known)).to_pylist()
    distinct = pa.array(sorted(set(forms)))
    into = dict(
        zip(distinct.to_pylist(), distinct.take(pa.array(match_values("address", distinct))).to_pylist(), strict=True)
    )
    return dict(zip(known, forms, strict=True)), {text: into[form] for text, form in zip(known, forms, strict=True)}


def tabulate(rows: list[Row], place: dict[str, str], form: dict[str, str], group: Callable[[Row], str]) -> list[str]:
    """One line for each group of pairs: how many there are, how they were told, precision and recall."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[group(row)].append(row)
    lines = []
    for name, members in sorted(groups.items()):
        joined = [place[row["text_a"]] == place[row["text_b"]] for row in members]
        same = [row["same"] == "1" for row in members]
        hits = sum(a and b for a, b in zip(joined, same, strict=True))
        alone = sum(form[row["text_a"]] == form[row["text_b"]] for row in members if row["same"] == "1")
        precision = f"{hits / sum(joined):.4f}" if any(joined) else ""
        recall, by_form = (f"{n / sum(same):.4f}" if any(same) else "" for n in (hits, alone))
        cells = (name, sum(same), hits, len(same) - sum(same), sum(joined) - hits, precision, recall, by_form)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def count_all_pairs(rows: list[Row], place: dict[str, str]) -> str:
    """Of all pairs of texts that were joined, labelled or not, how many are of one place."""
    truth = {row[f"text_{side}"]: row[f"place_{side}"] for row in rows for side in "ab"}
    table = pd.DataFrame({"true": truth, "found": {text: place[text] for text in truth}})
    right = count_pairs(table.groupby(["found", "true"]).size())
    joined = count_pairs(table.groupby("found").size())
    return f"Of all {joined:,} pairs of texts joined in this set, {right:,} are of one place ({right / joined:.4f})."


def count_pairs(sizes: pd.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def measure_pairs() -> list[str]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    head = "same | joined | different | joined wrongly | precision | recall | recall of the form alone |"
    lines = []
    for name in SETS:
        mine = [row for row in rows if row["half"] == name]
        form, place = join(row[f"text_{side}"] for row in mine for side in "ab")
        rule = "| --- |" + " ---: |" * 7
        lines += ["", f"## {name.capitalize()}: {len(mine):,} pairs", "", f"| script | {head}", rule]
        lines += tabulate(mine, place, form, lambda row: row["script"])
        lines += tabulate(mine, place, form, lambda row: "**all**")
        lines += ["", count_all_pairs(mine, place)]
        lines += ["", f"| country | {head}", rule, *tabulate(mine, place, form, lambda row: row["country"])]
        if name == "held out":
            lines += ["", f"| kind | {head}", rule, *tabulate(mine, place, form, lambda row: row["kind"])]
    return lines


def measure_market(accounts: int) -> list[str]:
    """One line: what a simulated market's truth says, and the seconds that its addresses take."""
    with tempfile.TemporaryDirectory() as folder:
        run_ringfence("simulate", folder, "--accounts", str(accounts), "--seed", "1")
        truth = pd.read_csv(Path(folder) / "truth" / "addresses.csv", keep_default_na=False).drop_duplicates("address")
    started = time.process_time()
    truth["form"] = canonical_values("address", pa.array(truth["address"])).to_pylist()
    middle = time.process_time()
    distinct = pa.array(sorted(set(truth["form"])))
    begun = time.process_time()
    into = match_values("address", distinct)
    ended = time.process_time()
    truth["found"] = truth["form"].map(dict(zip(distinct.to_pylist(), into.tolist(), strict=True)))
    cells = [f"{accounts:,}", f"{len(truth):,}", f"{middle - started:.1f}", f"{ended - begun:.1f}"]
    for key in ("place_id", "building_id"):
        right = count_pairs(truth.groupby(["found", key]).size())
        cells.append(f"{right / count_pairs(truth.groupby('found').size()):.4f}")
        if key == "place_id":
            cells.append(f"{right / count_pairs(truth.groupby(key).size()):.4f}")
            alone = count_pairs(truth.groupby(["form", key]).size()) / count_pairs(truth.groupby(key).size())
            cells.append(f"{alone:.4f}")
    return ["| " + " | ".join(cells) + " |"]


INTRODUCTION = """# Addresses written differently

2 cores, 24 GiB; `python benchmarks/address_matching.py`.

The pairs are made by `benchmarks/address_pairs.py` from real towns, streets and manners of writing
(`address_places.py`), by the same hand as the matcher but without anything of it. A pair of one place differs by one or
two mutations; a pair of two places is as alike as two places can be (flat 14A and 14C, house 1 and 11, High Street and
High Road, block 1 and 2, one street in two towns), each written in some manner of its own. All texts of a set are
joined as one market. "Missing unit" is the same place where the building has one known unit, and another where it has
several.

- *Development* is what the rules were made on. *Held out* has other addresses; a third of its manners of writing are in
  no development pair, and neither are two of its five kinds of slip. Its totals were looked at between changes, its
  pairs were not.
- *Unseen country* has four countries; those in Latin and Cyrillic use words for streets, flats and squares that
  `graph/identity/addresses/words.py` does not list: what to expect before somebody adds them.
- "Recall of the form alone" is what equal canonical forms find, before forms are compared with one another.
"""

MARKET = """
## The simulator's truth

A place is a building's flat. The simulator also draws, now and then, a whole house and a single flat under one number,
or one house twice: those count as joined wrongly here, and no text could tell; the larger the market, the more.

| accounts | distinct addresses | forms, CPU s | joining, CPU s | precision | recall | recall of the form alone | precision, buildings |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""  # noqa: E501 - a table's head is one line


def main() -> None:
    """Measure pairs and markets, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500_000)
    options = parser.parse_args()
    lines = measure_pairs()
    markets = [line for accounts in (20_000, options.accounts) for line in measure_market(accounts)]
    write_result("address_matching.md", INTRODUCTION + "\n".join(lines) + "\n" + MARKET + "\n".join(markets) + "\n")


if __name__ == "__main__":
    main()
