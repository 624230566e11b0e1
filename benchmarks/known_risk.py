"""What rings gain by hearing the learned risk of their members, with few labels and with more.

    .venv/bin/python benchmarks/known_risk.py --seeds 5

Hard markets of three worlds.  A share of the accounts, drawn by chance, is labelled by the truth, as investigators
would have labelled them; `fit_risk` learns from them as `ringfence train` does, and the market is searched with
``hear_risk`` and without.  A ring of the list is honest if fewer than half of its members are bad.

Payments between people, where charge-backs and manual reviews are known: accounts are dealt into five folds, and each
is held out once while the others are labelled.  Of the members of the first rings, those that were held out are looked
at (``--part payments``).  Writes ``known_risk.md`` or ``known_risk_payments.md`` into ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from measure import DATA, mark_bad, write_result
from worlds import list_honest, load_world

from detection.decisions import Known
from detection.evaluation.measures import list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.truth import Truth
from detection.evidence.market import Market, make_market
from detection.rings.build import build_rings
from detection.risk.heard import hear_risk
from detection.risk.model import fit_risk
from detection.risk.opinion import form_opinion
from detection.scores import score_market
from detection.search import search_market
from detection.settings import DetectSettings
from detection.statistics import estimate_share
from embeddings.features.table import FeatureTable, describe_accounts
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.results import Ring
from graph.settings import Settings
from graph.vocabulary import TIERS

HEAD = (
    "| world | accounts labelled | average precision | gained, seed by seed | recall | honest of automatic"
    " | honest of review | honest of watch |"
)
SHARES = (0.05, 0.2)
"""Of the accounts that are labelled; a share of 20 stands for twenty labels, ten of either kind."""
N_FOLDS, FIRST = 5, (20, 100, 500)
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


def run_trials(world: str, seed: int, n_accounts: int, shares: Sequence[float] = SHARES) -> Iterator[Trial]:
    """The list without labels, and with each share of them."""
    snapshot, told = load_world(world, n_accounts, seed, "hard")
    truth, market = restrict_truth(told, snapshot), make_market(snapshot)
    rings = find_rings(market)
    yield score(world, seed, 0.0, rings, truth)
    is_bad, described = mark_bad(snapshot, truth.accounts), describe(market, rings)
    for share in shares:
        rows = draw_labelled(is_bad, share, seed)
        yield score(world, seed, share, hear(described, Known(rows, is_bad[rows])), truth)


def draw_labelled(is_bad: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The accounts that somebody has looked at, rising."""
    rng = np.random.default_rng([seed, int(100 * share)])
    if share < 1:
        return np.flatnonzero(rng.random(len(is_bad)) < share)
    kinds = [np.flatnonzero(is_bad == kind) for kind in (True, False)]
    return np.sort(np.concatenate([rng.choice(kind, int(share) // 2, replace=False) for kind in kinds]))


def say_share(share: float) -> str:
    """As a table has it."""
    return f"{share:.0%}" if share < 1 else f"{share:.0f} accounts"


def find_rings(market: Market) -> tuple[Ring, ...]:
    """The list of a market."""
    return build_rings(search_market(market, DetectSettings()))


@dataclass(frozen=True)
class Described:
    """A market with what a model learns from: its ``features``, and the score of each account without labels (N,)."""

    market: Market
    features: FeatureTable
    ring_score: np.ndarray


def describe(market: Market, rings: tuple[Ring, ...]) -> Described:
    """All of a market that labels are learnt with."""
    return Described(market, describe_accounts(market.snapshot), score_market(rings, market).account_score)


def hear(described: Described, known: Known) -> tuple[Ring, ...]:
    """The list of the market where some accounts are known, and rings hear what they teach."""
    market = described.market
    model = fit_risk(described.features, described.ring_score, known).model
    signal = hear_risk(label(market.snapshot, known), form_opinion(model, described.features), market.policy)
    return find_rings(replace(market, conduct=(*market.conduct, signal)))


@dataclass(frozen=True)
class Held:
    """Of held-out members of the ``first`` rings, ``n`` and how many ``bad``, with labels heard and without."""

    first: int
    heard: bool
    n: int
    bad: int


def run_folds(snapshot: Snapshot, is_bad: np.ndarray) -> Iterator[Held]:
    """Each fifth of the accounts once, whose labels nobody has seen."""
    market = make_market(snapshot)
    plain = find_rings(market)
    described = describe(market, plain)
    fold = np.random.default_rng(0).integers(0, N_FOLDS, len(is_bad))
    for number in range(N_FOLDS):
        rows = np.flatnonzero(fold != number)
        heard = hear(described, Known(rows, is_bad[rows]))
        held_out = dict(zip(snapshot.account_id[fold == number].tolist(), is_bad[fold == number].tolist(), strict=True))
        for is_heard, rings in ((False, plain), (True, heard)):
            for first in FIRST:
                members = {each.account_id for ring in rings[:first] for each in ring.members} & held_out.keys()
                yield Held(first, is_heard, len(members), sum(held_out[each] for each in members))


def load_payments(folder: Path) -> tuple[Snapshot, np.ndarray]:
    """The public market of payments, and which of its accounts (N,) were charged back or reviewed by hand."""
    told = pd.read_parquet(folder / "truth" / "accounts.parquet").set_index("account_id").is_fraud
    with tempfile.TemporaryDirectory() as place, open_store(f"{place}/store", mode="write") as store:
        store.load(read_folder(folder, Settings()))
        snapshot = store.snapshot()
    return snapshot, told.reindex(snapshot.account_id).fillna(0).to_numpy().astype(bool)


def report_folds(found: list[Held], base_rate: float) -> str:
    """The page of the public market."""
    lines = [
        "# Rings of payments that hear what labels teach\n",
        f"`python benchmarks/known_risk.py --part payments`: of all accounts {base_rate:.2%} are known to be bad. Each",
        "fifth of them is held out once, and the held-out members of the first rings are looked at, of all folds.\n",
        "| of the members, held out, of the first | heard | members | known to be bad | share, 95 % |",
        "| --- | --- | --- | --- | --- |",
    ]
    for first, heard in dict.fromkeys((each.first, each.heard) for each in found):
        ours = [each for each in found if (each.first, each.heard) == (first, heard)]
        n, bad = sum(each.n for each in ours), sum(each.bad for each in ours)
        share = estimate_share(bad, n)
        said = f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"
        lines.append(f"| {first} rings | {'yes' if heard else 'no'} | {n} | {bad} | {said} |")
    return "\n".join([*lines, ""])


def label(snapshot: Snapshot, known: Known) -> Snapshot:
    """The market where somebody decided about some accounts."""
    never = np.full(len(known.row), "NaT", dtype="datetime64[us]")
    return replace(snapshot, label_account=known.row, label_is_fraud=known.is_fraud, label_decided_at=never)


def score(world: str, seed: int, share: float, rings: tuple[Ring, ...], truth: Truth) -> Trial:
    """How a list fares."""
    found = score_ranking(match_groups(list_members(rings), truth.rings), len(truth.rings))
    return Trial(
        world,
        seed,
        share,
        found.average_precision.value,
        found.recall.value,
        Counter(ring.tier for ring in rings),
        Counter(ring.tier for ring in list_honest(rings, truth)),
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
        lines.append(
            f"| {world} | {say_share(share)} | {means[0]} | {' '.join(gained)} | {means[1]} | {' | '.join(tiers)} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=401)
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    parser.add_argument("--part", choices=("worlds", "payments"), default="worlds")
    parser.add_argument("--data", type=Path, default=DATA)
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    if asked.part == "payments":
        snapshot, is_bad = load_payments(asked.data / "p2p")
        write_result("known_risk_payments.md", report_folds([*run_folds(snapshot, is_bad)], is_bad.mean()))
        return
    trials: list[Trial] = []
    for world in WORLDS_TRIED:
        for seed in seeds:
            trials += run_trials(world, seed, asked.accounts, asked.shares)
    write_result("known_risk.md", report(trials, asked.accounts, asked.seeds))


if __name__ == "__main__":
    main()
