"""How learned risk tells apart accounts that nobody labelled, in each simulated world: figures for cards of models.

    python benchmarks/risk_worlds.py [--seeds 2] [--accounts 20000]

Hard markets of three worlds, whose truth is known.  Some accounts are labelled by it: so many, half of either kind, or
a share of all, drawn by chance; a model learns from them, and is measured on all the others.  Writes
``results/risk_worlds.md``, and ``detection/training/worlds.json``, which cards show.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from known_risk import draw_labelled, find_rings, say_share
from measure import mark_bad, write_result
from worlds import load_world

from detection.decisions import Known
from detection.evaluation.measures import restrict_truth
from detection.evidence.market import make_market
from detection.risk.model import fit_risk, score_accounts
from detection.scores import score_market
from detection.statistics import Resampling, separate_scores
from embeddings.features.table import describe_accounts

SHARES = (100, 0.05, 0.2)
WORLDS_TRIED = ("market", "village", "bazaar")
MEASURES = ("average_precision", "auc")
CARD_FILE = Path(__file__).parents[1] / "detection" / "training" / "worlds.json"


@dataclass(frozen=True)
class Trial:
    """One model: of which world, by how many labels, and what it reaches on the others, with learning and without."""

    world: str
    seed: int
    share: float
    learned: dict[str, float]
    unlearned: dict[str, float]


def run_trials(world: str, seed: int, n_accounts: int) -> Iterator[Trial]:
    """A model for each share of labels."""
    snapshot, told = load_world(world, n_accounts, seed, "hard")
    is_bad = mark_bad(snapshot, restrict_truth(told, snapshot).accounts)
    market = make_market(snapshot)
    ring_score, features = score_market(find_rings(market), market).account_score, describe_accounts(snapshot)
    for share in SHARES:
        rows = draw_labelled(is_bad, share, seed)
        model = fit_risk(features, ring_score, Known(rows, is_bad[rows])).model
        others = np.setdiff1d(np.arange(len(is_bad)), rows)
        both = (score_accounts(model, features, ring_score), ring_score)
        learned, unlearned = (measure(scores[others], is_bad[others]) for scores in both)
        yield Trial(world, seed, share, learned, unlearned)


def measure(scores: np.ndarray, is_bad: np.ndarray) -> dict[str, float]:
    """The figures of some scores."""
    found = separate_scores("account", "others", scores, is_bad, Resampling(1))
    return {name: getattr(found, name).value for name in MEASURES}


def summarise(trials: list[Trial]) -> list[dict[str, str | float]]:
    """Means over the seeds, a row for each world and share."""
    rows: list[dict[str, str | float]] = []
    for world, share in dict.fromkeys((trial.world, trial.share) for trial in trials):
        ours = [trial for trial in trials if (trial.world, trial.share) == (world, share)]
        row: dict[str, str | float] = {"world": world, "labelled": say_share(share)}
        for name in MEASURES:
            row[name] = round(float(np.mean([trial.learned[name] for trial in ours])), 4)
            row[f"{name}_unlearned"] = round(float(np.mean([trial.unlearned[name] for trial in ours])), 4)
        rows.append(row)
    return rows


def report(trials: list[Trial], n_accounts: int) -> None:
    """Write the page, and what cards show."""
    n_seeds, rows = len({trial.seed for trial in trials}), summarise(trials)
    says = (
        f"Accounts that nobody labelled, on hard markets of {n_accounts:,} accounts made by three generators (means of"
        f" {n_seeds} markets each)."
    )
    CARD_FILE.write_text(json.dumps({"says": says, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    names = ("average precision", "without learning", "AUC", "without learning")
    lines = ["# Learned risk, by generator\n", f"`python benchmarks/risk_worlds.py --seeds {n_seeds}`. {says}\n"]
    lines += [f"| world | labelled | {' | '.join(names)} |", "| --- | --- |" + " ---: |" * len(names)]
    for row in rows:
        figures = " | ".join(f"{row[each]:.3f}" for name in MEASURES for each in (name, f"{name}_unlearned"))
        lines.append(f"| {row['world']} | {row['labelled']} | {figures} |")
    write_result("risk_worlds.md", "\n".join([*lines, ""]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=501)
    asked = parser.parse_args()
    trials: list[Trial] = []
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        for world in WORLDS_TRIED:
            trials += run_trials(world, seed, asked.accounts)
        report(trials, asked.accounts)


if __name__ == "__main__":
    main()
