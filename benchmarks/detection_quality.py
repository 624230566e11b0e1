"""Measure detection on simulated markets, beside the usual recipes on the same data.

Run ``python benchmarks/detection_quality.py``; with ``--accounts 5000 --seeds 2`` for a quick look.  Writes
``benchmarks/results/detection_quality.md``.

A found ring hits a planted one when the Jaccard index of their members is 0.5 or more and no ring before it has hit
that one.  The sellers whom a planted review ring serves are not counted among its members: Ringfence names them as
parties.  The recipes and all measures are those of `ringfence evaluate`; docs/evaluation.md says what they mean.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from detection.evaluation.baselines import run_baselines
from detection.evaluation.measures import (
    Group,
    Measured,
    RankingScore,
    list_members,
    match_groups,
    measure_run,
    restrict_truth,
    score_ranking,
)
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.truth import Truth, read_truth
from detection.evidence.market import make_market
from detection.run import find_run
from detection.settings import DetectSettings
from detection.statistics import Resampling
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.results import RunResult
from graph.settings import Settings

RESULTS = Path(__file__).parent / "results"
RESAMPLING = Resampling(n_resamples=1)  # intervals are over seeds here
SHARES = {"all": "several kinds", "some": "a kind or more", "ip": "a network only", "none": "nothing"}


@dataclass(frozen=True)
class Trial:
    """One simulated market: how each method's list of groups fares, and what Ringfence's run does."""

    difficulty: str
    methods: dict[str, RankingScore]
    measured: Measured
    seconds: float


def run_trial(n_accounts: int, difficulty: Difficulty, seed: int) -> Trial:
    """Simulate, load, detect."""
    snapshot, told = load_market(MarketSettings(n_accounts, seed=seed, difficulty=difficulty))
    truth = restrict_truth(told, snapshot)
    began = time.perf_counter()
    run = find_run(snapshot, DetectSettings())
    seconds = time.perf_counter() - began
    methods = {
        name: score_ranking(match_groups(groups, truth.rings), len(truth.rings))
        for name, groups in list_methods(run, snapshot)
    }
    return Trial(difficulty, methods, measure_run(run, snapshot, truth, RESAMPLING), seconds)


def load_market(settings: MarketSettings) -> tuple[Snapshot, Truth]:
    """The market's snapshot and truth, by the way that every market takes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "market"
        write_market(simulate_market(settings), place, "parquet")
        with open_store(f"{folder}/store", mode="write") as store:
            store.load(read_folder(place, Settings()))
            return store.snapshot(), read_truth(place / "truth")


def list_methods(run: RunResult, snapshot: Snapshot) -> Iterator[tuple[str, list[Group]]]:
    """Every method's groups, the best first."""
    yield "Ringfence", list_members(run.rings)
    for tiers in (("review", "automatic"), ("automatic",)):
        yield f"Ringfence, {' or '.join(tiers)} only", list_members(ring for ring in run.rings if ring.tier in tiers)
    for found in run_baselines(make_market(snapshot)):
        yield found.name, [frozenset(snapshot.account_id[rows].tolist()) for rows in found.members]


def tabulate_methods(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row for each difficulty and method, the mean over seeds."""
    rows = [
        {
            "market": trial.difficulty,
            "method": name,
            "groups listed": float(score.listed),
            "recall": score.recall.value,
            "precision": score.hits / max(score.listed, 1),
            "average precision": score.average_precision.value,
            "recall at precision 0.95": score.recall_when_sure,
        }
        for trial in trials
        for name, score in trial.methods.items()
    ]
    return pd.DataFrame(rows).groupby(["market", "method"], sort=False).mean().reset_index()


def tabulate_rings(trials: Sequence[Trial], by: str, title: str) -> pd.DataFrame:
    """Rings planted, found at any tier, and found at review or above and automatic, over all seeds."""
    rows = [
        (trial.difficulty, SHARES.get(part.part, part.part), part.planted, part.found, part.review, part.automatic)
        for trial in trials
        for part in trial.measured.found
        if part.by == by
    ]
    columns = ["market", title, "planted", "found", "for review or automatic", "automatic"]
    return pd.DataFrame(rows, columns=columns).groupby(["market", title]).sum().reset_index()


def tabulate_lookalikes(trials: Sequence[Trial]) -> pd.DataFrame:
    """Honest groups that are accused, over all seeds."""
    rows = [
        (trial.difficulty, part.kind, part.groups, part.review, part.automatic)
        for trial in trials
        for part in trial.measured.lookalikes
    ]
    columns = ["market", "look-alike", "groups", "accused for review or automatic", "accused automatically"]
    return pd.DataFrame(rows, columns=columns).groupby(["market", "look-alike"]).sum().reset_index()


def tabulate_scores(trials: Sequence[Trial]) -> pd.DataFrame:
    """How well scores separate bad accounts and reviews from good ones, the mean over seeds."""
    rows = [
        (trial.difficulty, f"{part.subject}s", part.auc.value, part.average_precision.value)
        for trial in trials
        for part in (trial.measured.accounts[0], *trial.measured.reviews)
    ]
    columns = ["market", "scores of", "AUC", "average precision"]
    return pd.DataFrame(rows, columns=columns).groupby(["market", "scores of"]).mean().reset_index()


def write_report(trials: Sequence[Trial], command: str, n_accounts: int) -> str:
    """The tables as Markdown."""
    seeds = len(trials) // 2
    seconds = np.median([trial.seconds for trial in trials])
    parts = [
        "# How well detection works on simulated markets",
        f"`{command}`: {n_accounts:,} accounts, {seeds} seeds each, 2 cores. Detection took {seconds:.1f} s (median).",
        (__doc__ or "").split("\n\n")[2].replace("\n", " ").strip(),
        "Means over the seeds:",
        to_markdown(tabulate_methods(trials)),
        "Rings by kind, all seeds together:",
        to_markdown(tabulate_rings(trials, "kind", "kind")),
        "By what the members share:",
        to_markdown(tabulate_rings(trials, "sharing", "shares")),
        "By size:",
        to_markdown(tabulate_rings(trials, "size", "members")),
        "Honest look-alike groups, and those accused:",
        to_markdown(tabulate_lookalikes(trials)),
        "Account and review scores, means over the seeds:",
        to_markdown(tabulate_scores(trials)),
    ]
    return "\n\n".join(parts) + "\n"


def to_markdown(table: pd.DataFrame) -> str:
    """A Markdown table; fractions to two places."""

    def show(value: object) -> str:
        if isinstance(value, float):
            return f"{value:.0f}" if value > 1 else f"{value:.2f}"
        return str(value)

    lines = [list(table.columns), ["---"] * len(table.columns)]
    lines += [[show(cell) for cell in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "detection_quality.md")
    options = parser.parse_args()
    trials = [
        run_trial(options.accounts, difficulty, seed)
        for difficulty in ("ordinary", "hard")
        for seed in range(1, options.seeds + 1)
    ]
    command = f"python benchmarks/detection_quality.py --accounts {options.accounts} --seeds {options.seeds}"
    report = write_report(trials, command, options.accounts)
    options.out.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
