"""What rings gain by hearing the learned risk of their members, with few labels and with more.

    .venv/bin/python benchmarks/known_risk.py --seeds 5

Hard markets of two worlds.  A share of the accounts, drawn by chance, is labelled by the truth, as investigators would
have labelled them; `fit_risk` learns from them as `ringfence train` does, and the market is searched with
``hear_risk`` and without.  A ring of the list is honest if fewer than half of its members are bad.  Writes
``benchmarks/results/known_risk.md``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from measure import mark_bad, write_result
from worlds import load_world

from detection.decisions import Known
from detection.evaluation.measures import list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.truth import Truth
from detection.evidence.market import Market, make_market
from detection.rings.build import build_rings
from detection.risk.heard import hear_risk
from detection.risk.model import fit_risk
from detection.scores import score_market
from detection.search import search_market
from detection.settings import DetectSettings
from embeddings.features.table import describe_accounts
from graph.model import Snapshot
from graph.results import Ring
from graph.vocabulary import TIERS

HEAD = (
    "| world | accounts labelled | average precision | gained, seed by seed | recall | honest of automatic"
    " | honest of review | honest of watch |"
)
SHARES = (0.05, 0.2)
WORLDS_TRIED = ("market", "village", "bazaar")


@dataclass(frozen=True)
class Trial:
    """One list: of which world, with which share of accounts labelled, and how it fares."""

    world: str
    seed: int
    share: float
    average_precision: float
    recall: float
    listed: Counter[str]
    honest: Counter[str]


def run_trials(world: str, seed: int, n_accounts: int) -> Iterator[Trial]:
    """The list without labels, and with each share of them."""
    snapshot, told = load_world(world, n_accounts, seed, "hard")
    truth, market = restrict_truth(told, snapshot), make_market(snapshot)
    rings = build_rings(search_market(market, DetectSettings()))
    yield score(world, seed, 0.0, rings, truth)
    is_bad, features = mark_bad(snapshot, truth.accounts), describe_accounts(snapshot)
    ring_score = score_market(rings, market).account_score
    for share in SHARES:
        rows = np.flatnonzero(np.random.default_rng([seed, int(100 * share)]).random(len(is_bad)) < share)
        known = Known(rows, is_bad[rows])
        model = fit_risk(features, ring_score, known).model
        signal = hear_risk(label(snapshot, known), model, market.policy)
        heard: Market = replace(market, conduct=(*market.conduct, signal))
        yield score(world, seed, share, build_rings(search_market(heard, DetectSettings())), truth)


def label(snapshot: Snapshot, known: Known) -> Snapshot:
    """The market where somebody decided about some accounts."""
    never = np.full(len(known.row), "NaT", dtype="datetime64[us]")
    return replace(snapshot, label_account=known.row, label_is_fraud=known.is_fraud, label_decided_at=never)


def score(world: str, seed: int, share: float, rings: tuple[Ring, ...], truth: Truth) -> Trial:
    """How a list fares."""
    found = score_ranking(match_groups(list_members(rings), truth.rings), len(truth.rings))
    bad = frozenset().union(*(ring.members for ring in truth.rings))
    honest = [ring for ring in rings if 2 * sum(each.account_id in bad for each in ring.members) < len(ring.members)]
    return Trial(
        world,
        seed,
        share,
        found.average_precision.value,
        found.recall.value,
        Counter(ring.tier for ring in rings),
        Counter(ring.tier for ring in honest),
    )


def report(trials: list[Trial], n_accounts: int, n_seeds: int) -> str:
    """The page."""
    lines = [
        "# Rings that hear what labels teach\n",
        f"`python benchmarks/known_risk.py --seeds {n_seeds}`: hard markets of {n_accounts:,} accounts.",
        "Means over the seeds, sums of rings; the bazaar was looked at by nobody who chose a rule here.\n",
        HEAD,
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    before = {(trial.world, trial.seed): trial.average_precision for trial in trials if not trial.share}
    for world, share in dict.fromkeys((trial.world, trial.share) for trial in trials):
        ours = [trial for trial in trials if (trial.world, trial.share) == (world, share)]
        gained = [f"{trial.average_precision - before[world, trial.seed]:+.3f}" for trial in ours] if share else ["-"]
        means = [f"{np.mean([getattr(trial, name) for trial in ours]):.3f}" for name in ("average_precision", "recall")]
        tiers = [
            f"{sum(trial.honest[tier] for trial in ours)} of {sum(trial.listed[tier] for trial in ours)}"
            for tier in reversed(TIERS[1:])
        ]
        lines.append(f"| {world} | {share:.0%} | {means[0]} | {' '.join(gained)} | {means[1]} | {' | '.join(tiers)} |")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=401)
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    trials = [trial for world in WORLDS_TRIED for seed in seeds for trial in run_trials(world, seed, asked.accounts)]
    write_result("known_risk.md", report(trials, asked.accounts, asked.seeds))


if __name__ == "__main__":
    main()
