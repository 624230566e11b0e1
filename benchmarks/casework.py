"""Ten nights with an investigator who decides about twenty cases a day, beside the same nights without one.

    python benchmarks/casework.py [--accounts 20000] [--nights 10] [--a-day 20] [--seed 1]

Writes results/casework.md.  A hard market of the simulator is loaded night by night, as a shop's whole export of that
night would tell it, into two stores, and searched.  In one of them the truth then decides about the first cases of the
queue: confirmed where most of a ring's members are bad, dismissed elsewhere.  Of each night it is told which share of
the first forty rings of the run is true, on either store.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import re
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from measure import read_ringfence, run_ringfence, write_result

from detection.evaluation.simulation.market import SimulatedMarket, simulate_market
from detection.evaluation.simulation.settings import MarketSettings

FIRST = 40
"""Rings that somebody could look at in a day."""
BEGIN = 0.5
"""The share of all orders that there are before the first night."""
TIMES = ("created_at", "ordered_at", "seen_at", "listed_at", "reviewed_at", "decided_at")


@dataclass(frozen=True)
class Night:
    """Of the first rings of a run how many there are, how many of them true; and what was decided afterwards."""

    listed: int
    true: int
    confirmed: int = 0
    dismissed: int = 0


def main() -> None:
    options = _read_options()
    market = simulate_market(MarketSettings(options.accounts, seed=options.seed, difficulty="hard"))
    bad = frozenset(market.truth["rings"]["account_id"])
    with tempfile.TemporaryDirectory() as place:
        folders = _write_nights(market, Path(place), options.nights)
        heeded = _live(Path(place) / "heeded", folders, bad, a_day=options.a_day)
        alone = _live(Path(place) / "alone", folders, bad, a_day=0)
    write_result("casework.md", _report(heeded, alone, options))


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--a-day", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _write_nights(market: SimulatedMarket, place: Path, nights: int) -> list[Path]:
    """The market's tables as they are known at the end of each day, one folder a night."""
    ordered = pd.to_datetime(market.tables["orders"]["ordered_at"], utc=True)
    folders = []
    for night in range(nights):
        share = BEGIN + (1.0 - BEGIN) * (night + 1) / nights
        folder = place / f"night-{night + 1:02}"
        folder.mkdir()
        for name, table in market.tables.items():
            _cut(table, ordered.quantile(share)).to_csv(folder / f"{name}.csv", index=False)
        folders.append(folder)
    return folders


def _cut(table: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """The rows that are known at a time; those without a time always are."""
    for name in TIMES:
        if name in table.columns:
            at = pd.to_datetime(table[name], utc=True)
            return table[at.isna() | (at <= until)]
    return table


def _live(store: Path, folders: list[Path], bad: frozenset[str], *, a_day: int) -> list[Night]:
    nights = []
    for folder in folders:
        run_ringfence("--store", store, "load", folder)
        run_ringfence("--store", store, "detect", "--no-encoder")
        true = _judge_rings(store, bad)
        first = list(true.values())[:FIRST]
        said = _decide(store, true, a_day)
        nights.append(Night(len(first), sum(first), said.count("confirmed"), said.count("dismissed")))
    return nights


def _judge_rings(store: Path, bad: frozenset[str]) -> dict[str, bool]:
    """The rings of the latest run in their order, and whether most of their members are bad."""
    members: dict[str, list[bool]] = {}
    for row in csv.DictReader(io.StringIO(read_ringfence("--store", store, "export", "rings", "-o", "-"))):
        members.setdefault(row["ring_id"], []).append(row["account_id"] in bad)
    return {ring: 2 * sum(found) > len(found) for ring, found in members.items()}


def _decide(store: Path, true: dict[str, bool], n: int) -> list[str]:
    """Decide about the first cases of the queue by the truth."""
    if not n:
        return []
    queue = json.loads(read_ringfence("--store", store, "queue", "--limit", str(n), "--format", "json"))
    said = [(case["case_id"], "confirmed" if true[case["case_id"]] else "dismissed") for case in queue["lines"]]
    file = store.with_suffix(".csv")
    file.write_text("id,word\n" + "".join(f"{case},{word}\n" for case, word in said), encoding="utf-8")
    asked = ("--store", store, "decide", "--from", file, "--reason", "the truth", "--by", "truth")
    touched = re.search(r"touch ([\d,]+) account", read_ringfence(*asked, "--dry-run"))
    assert touched is not None
    run_ringfence(*asked, "--limit", touched[1].replace(",", ""))
    return [word for _, word in said]


def _report(heeded: list[Night], alone: list[Night], options: argparse.Namespace) -> str:
    about = f"A hard market of {options.accounts:,} accounts (seed {options.seed}) in {options.nights} nights, with"
    about += f" {options.a_day} decisions a day by the truth: which of the first {FIRST} rings of a night are true."
    columns = ("night", "decided before", "first rings, true", "share", "without decisions", "share")
    lines = ["# Nights with an investigator", "", about, ""]
    lines += [f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
    decided = 0
    for number, (one, other) in enumerate(zip(heeded, alone, strict=True), 1):
        lines.append(
            f"| {number} | {decided} | {one.true} of {one.listed} | {one.true / max(one.listed, 1):.2f}"
            f" | {other.true} of {other.listed} | {other.true / max(other.listed, 1):.2f} |"
        )
        decided += one.confirmed + one.dismissed
    lines += ["", f"With decisions: {_say_rise(heeded)}. Without: {_say_rise(alone)}."]
    lines += ["", "    python benchmarks/casework.py", ""]
    return "\n".join(lines)


def _say_rise(nights: list[Night]) -> str:
    shares = [each.true / max(each.listed, 1) for each in nights]
    rising = sum(after >= before for before, after in itertools.pairwise(shares))
    half = len(shares) // 2
    first, second = (statistics.mean(each) for each in (shares[:half], shares[half:]))
    ends = f"{shares[0]:.2f} in the first night and {shares[-1]:.2f} in the last"
    steps = f"no lower than the night before in {rising} of {len(shares) - 1}"
    return f"{ends}, {first:.2f} over the first half and {second:.2f} over the second, {steps}"


if __name__ == "__main__":
    main()
