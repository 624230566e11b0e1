"""Rings and honest groups on every simulated world, side by side: who is found, and who is accused.

    .venv/bin/python benchmarks/worlds.py --seeds 5

A ring of the list is honest if fewer than half of its members are bad.  The average precision is that of
`ringfence evaluate`: a listed ring hits a planted one at a Jaccard index of 0.5 or more, each once.  Writes
``benchmarks/results/worlds.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from measure import write_result

from detection.evaluation.measures import list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.simulation.market import write_market
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.truth import Truth, read_truth
from detection.evaluation.worlds import MEASURED, simulate_world
from detection.evidence.market import make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.results import Ring
from graph.settings import Settings
from graph.vocabulary import TIERS

HEAD = (
    "| world | tuned on | average precision | recall | recall at precision 0.95 | honest of automatic"
    " | honest of review | honest of watch | processor seconds |"
)
TUNED_ON = {
    "market": "in part",
    "village": "yes",
    "bazaar": "looked at",
    "harbour": "looked at",
    "inland": "looked at",
    "payments": "looked at",
}


@dataclass(frozen=True)
class Trial:
    """One market: how the list of rings fares, and how many of each tier's rings are honest."""

    world: str
    difficulty: str
    average_precision: float
    recall: float
    recall_when_sure: float
    listed: Counter[str]
    honest: Counter[str]
    honest_kinds: Counter[str]
    seconds: float


def load_world(world: str, n_accounts: int, seed: int, difficulty: Difficulty) -> tuple[Snapshot, Truth]:
    """The market's snapshot and truth, by the way that every market takes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "market"
        write_market(simulate_world(world, n_accounts, seed, difficulty), place, "parquet")
        with open_store(f"{folder}/store", mode="write") as store:
            store.load(read_folder(place, Settings()))
            return store.snapshot(), read_truth(place / "truth")


def run_trial(world: str, n_accounts: int, seed: int, difficulty: Difficulty) -> Trial:
    """Simulate, load, search."""
    snapshot, told = load_world(world, n_accounts, seed, difficulty)
    truth = restrict_truth(told, snapshot)
    began = time.process_time()
    settings = DetectSettings()
    rings = build_rings(search_market(make_market(snapshot, settings), settings))
    seconds = time.process_time() - began
    score = score_ranking(match_groups(list_members(rings), truth.rings), len(truth.rings))
    honest = list_honest(rings, truth)
    return Trial(
        world,
        difficulty,
        score.average_precision.value,
        score.recall.value,
        score.recall_when_sure,
        Counter(ring.tier for ring in rings),
        Counter(ring.tier for ring in honest),
        Counter(_name_kind(ring, truth) for ring in honest if ring.tier in ("review", "automatic")),
        seconds,
    )


def list_honest(rings: Sequence[Ring], truth: Truth) -> list[Ring]:
    """The rings of which fewer than half of the members are bad."""
    bad = frozenset().union(*(ring.members for ring in truth.rings))
    return [ring for ring in rings if 2 * sum(each.account_id in bad for each in ring.members) < len(ring.members)]


def _name_kind(ring: Ring, truth: Truth) -> str:
    """The kind of the honest group that most of a ring's members belong to."""
    members = list_members([ring])[0]
    best = max(truth.lookalikes, key=lambda group: len(group.members & members), default=None)
    return best.kind if best and 2 * len(best.members & members) >= len(members) else "none"


def report(trials: Sequence[Trial], n_accounts: int, n_seeds: int) -> str:
    """The page."""
    lines = [
        "# Every world\n",
        f"Written by `benchmarks/worlds.py`: {n_seeds} seeds of {n_accounts:,} accounts each; means, sums of rings.",
        "*Honest* is a listed ring of which fewer than half of the members are bad.\n",
        HEAD,
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for key in dict.fromkeys((trial.world, trial.difficulty) for trial in trials):
        ours = [trial for trial in trials if (trial.world, trial.difficulty) == key]
        means = [
            f"{np.mean([getattr(trial, name) for trial in ours]):.3f}"
            for name in ("average_precision", "recall", "recall_when_sure")
        ]
        shares = [
            f"{sum(trial.honest[tier] for trial in ours)} of {sum(trial.listed[tier] for trial in ours)}"
            for tier in reversed(TIERS[1:])
        ]
        seconds = f"{np.mean([trial.seconds for trial in ours]):.1f}"
        lines.append(f"| {' '.join(key)} | {TUNED_ON[key[0]]} | {' | '.join([*means, *shares, seconds])} |")
    kinds = sum((trial.honest_kinds for trial in trials), Counter[str]())
    named = ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))
    return "\n".join([*lines, f"\nHonest groups for review or flagged automatically, by kind: {named or 'none'}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=101)
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    trials = [
        run_trial(world, asked.accounts, seed, difficulty)
        for world in MEASURED
        for difficulty in get_args(Difficulty)
        for seed in seeds
    ]
    write_result("worlds.md", report(trials, asked.accounts, asked.seeds))


if __name__ == "__main__":
    main()
