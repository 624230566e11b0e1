"""Rings on a market of nothing but transfers: no identifiers, no products, no sign-ups.

    .venv/bin/python benchmarks/transfers.py --seeds 3

The market is that of :mod:`detection.evaluation.wallets`.  Writes ``benchmarks/results/transfers.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from measure import load_folder, write_result

from detection.evaluation.measures import list_members, match_groups, score_ranking
from detection.evaluation.truth import TrueGroup
from detection.evaluation.wallets import BEGINS, Market, simulate
from detection.evidence.market import make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from graph.model import Snapshot
from graph.results import Ring

HEAD = (
    "| seed | rings | listed | mean best Jaccard | real of the first 100 | average precision | recall"
    " | for review or automatic | processor seconds |"
)
WRITTEN = (
    "Written by `benchmarks/transfers.py`: {:,} honest wallets; other seeds of the generator were looked at while the\n"
    "rules were found, those here were not."
)
FIRST = 100
"""So many rings at the head of the list are looked at."""


def load(market: Market) -> tuple[Snapshot, list[TrueGroup]]:
    """The snapshot of a market, and its rings, under names that tell nothing."""
    names = [f"w{number:06d}" for number in market.rng.permutation(market.n)]
    rows = sorted(market.rows, key=lambda row: row[2])
    transfers = pd.DataFrame(
        {
            "transfer_id": [f"t{number}" for number in range(len(rows))],
            "payer_id": [names[payer] for payer, _, _ in rows],
            "payee_id": [names[payee] for _, payee, _ in rows],
            "paid_at": pd.Timestamp(BEGINS, tz="UTC") + pd.to_timedelta([day for *_, day in rows], unit="D"),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame({"account_id": names}).to_parquet(f"{folder}/accounts.parquet")
        transfers.to_parquet(f"{folder}/transfers.parquet")
        snapshot = load_folder(Path(folder))
    rings = enumerate(market.rings)
    return snapshot, [TrueGroup(f"R{n}", shape, frozenset(names[row] for row in who)) for n, (shape, who) in rings]


def find_best(rings: Sequence[Ring], truth: Sequence[TrueGroup]) -> list[float]:
    """The best Jaccard index that a listed ring has with each true one."""
    found, of = list_members(rings), Counter[tuple[int, int]]()
    where: dict[str, list[int]] = {}
    for number, ring in enumerate(found):
        for account in ring:
            where.setdefault(account, []).append(number)
    for place, group in enumerate(truth):
        of.update((place, number) for account in group.members for number in where.get(account, ()))
    best = [0.0] * len(truth)
    for (place, number), common in of.items():
        best[place] = max(best[place], common / (len(found[number]) + len(truth[place].members) - common))
    return best


def run_trial(n: int, n_rings: int, seed: int) -> str:
    """A line of the table."""
    snapshot, truth = load(simulate(n, n_rings, seed))
    began, settings = time.process_time(), DetectSettings()
    rings = build_rings(search_market(make_market(snapshot, settings), settings))
    seconds = time.process_time() - began
    bad, found = frozenset().union(*(group.members for group in truth)), list_members(rings)
    real = [2 * len(members & bad) >= len(members) for members in found[:FIRST]]
    score = score_ranking(match_groups(found, truth), len(truth))
    tiers = Counter(ring.tier for ring in rings)
    cells = (
        str(seed), f"{len(truth)}", f"{len(rings)}", f"{np.mean(find_best(rings, truth)):.3f}",
        f"{np.mean(real or [False]):.2f}", f"{score.average_precision.value:.3f}", f"{score.recall.value:.3f}",
        f"{tiers['review'] + tiers['automatic']}", f"{seconds:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--rings", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    lines = [
        "# Transfers between wallets\n",
        f"{WRITTEN.format(asked.accounts)}\n",
        HEAD,
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(run_trial(asked.accounts, asked.rings, 101 + seed) for seed in range(asked.seeds)),
    ]
    write_result("transfers.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
