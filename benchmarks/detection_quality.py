"""Measure detection on simulated markets, beside the usual recipes on the same data.

Run ``python benchmarks/detection_quality.py``; with ``--accounts 5000 --seeds 2`` for a quick look.  Writes
``benchmarks/results/detection_quality.md``.

A found ring hits a planted one when the Jaccard index of their members is 0.5 or more and no ring before it has hit
that one.  The sellers whom a planted review ring serves are not counted among its members: Ringfence names them as
parties.  The recipes join accounts that share a device or an address and take the groups of 3 to 400, most links per
member first.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import igraph
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.run import find_run
from detection.settings import DetectSettings
from graph.model import TIERS, Ints, Ring, Snapshot
from graph.settings import Settings
from graph.simulation.market import Market, MarketSettings, simulate_market, write_market
from graph.simulation.settings import Difficulty
from graph.store import open_store
from graph.tables import read_folder

RESULTS = Path(__file__).parent / "results"
HIT_JACCARD = 0.5
SMALLEST, LARGEST = 3, 400
LOOKALIKE_COLUMNS = ("in rings for review", "in rings for automatic", "flagged automatically")
SIZES = ((3, 5), (6, 10), (11, 40))
Group = frozenset[str]


@dataclass(frozen=True)
class Trial:
    """One simulated market and what was found in it; ``flagged`` are the accounts with an automatic flag."""

    difficulty: str
    truth: dict[str, Group]
    kind_of: dict[str, str]
    shares: dict[str, str]
    lookalikes: dict[str, tuple[str, Group]]
    rings: tuple[Ring, ...]
    flagged: Group
    baselines: dict[str, list[Group]]
    seconds: float


def run_trial(n_accounts: int, difficulty: Difficulty, seed: int) -> Trial:
    """Simulate, load, detect."""
    market = simulate_market(MarketSettings(n_accounts, seed=seed, difficulty=difficulty))
    snapshot = load_market(market)
    began = time.perf_counter()
    run = find_run(snapshot, DetectSettings())
    seconds = time.perf_counter() - began
    rings = market.truth["rings"]
    members = rings[rings["role"] != "beneficiary"].groupby("ring_id")["account_id"].agg(frozenset)
    members = members[members.map(len) >= SMALLEST]
    groups = market.truth["lookalikes"].groupby("group_id")
    return Trial(
        difficulty=difficulty,
        truth={str(name): group for name, group in members.items()},
        kind_of=dict(zip(rings["ring_id"], rings["kind"], strict=True)),
        shares=dict(zip(rings["ring_id"], rings["sharing"], strict=True)),
        lookalikes={str(name): (rows["kind"].iloc[0], frozenset(rows["account_id"])) for name, rows in groups},
        rings=run.rings,
        flagged=frozenset(snapshot.account_id[run.account_tier == TIERS.index("automatic")]),
        baselines={name: find(snapshot) for name, find in BASELINES.items()},
        seconds=seconds,
    )


def load_market(market: Market) -> Snapshot:
    """The market's snapshot, by the way that every market takes."""
    with tempfile.TemporaryDirectory() as folder:
        write_market(market, Path(folder) / "market", "parquet")
        tables = read_folder(Path(folder) / "market", Settings())
        with open_store(f"{folder}/store", mode="write") as store:
            store.load(tables)
            return store.snapshot()


def find_components(snapshot: Snapshot) -> list[Group]:
    """Weakly connected components over shared devices and addresses."""
    account, thing = _shared_uses(snapshot)
    n = snapshot.n_accounts
    shape = (n + snapshot.n_identifiers,) * 2
    matrix = sparse.coo_array((np.ones(len(account)), (account, n + thing)), shape=shape)
    return _rank_groups(connected_components(matrix, directed=False)[1][:n].astype(np.int64), snapshot)


def find_louvain(snapshot: Snapshot) -> list[Group]:
    """Louvain communities of the same links (accounts and things as vertices)."""
    account, thing = _shared_uses(snapshot)
    n = snapshot.n_accounts
    edges = np.column_stack([account, n + thing])
    graph = igraph.Graph(n=n + snapshot.n_identifiers, edges=edges)
    igraph.set_random_number_generator(random.Random(0))
    return _rank_groups(np.asarray(graph.community_multilevel().membership)[:n], snapshot)


BASELINES: dict[str, Callable[[Snapshot], list[Group]]] = {
    "components over devices and addresses": find_components,
    "Louvain over devices and addresses": find_louvain,
}


def _shared_uses(snapshot: Snapshot) -> tuple[Ints, Ints]:
    wanted = np.isin(snapshot.identifier_kind[snapshot.uses.identifier].astype(str), ["device", "address"])
    pairs = np.unique(np.column_stack([snapshot.uses.account, snapshot.uses.identifier])[wanted], axis=0)
    return pairs[:, 0], pairs[:, 1]


def _rank_groups(label: Ints, snapshot: Snapshot) -> list[Group]:
    account, thing = _shared_uses(snapshot)
    shared = np.bincount(thing, minlength=snapshot.n_identifiers)[thing] > 1
    ties = np.bincount(label[account[shared]], minlength=label.max() + 1)
    size = np.bincount(label)
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.cumsum(size)[:-1])
    wanted = np.flatnonzero((size >= SMALLEST) & (size <= LARGEST))
    best_first = wanted[np.argsort(-(ties / np.maximum(size, 1))[wanted], kind="stable")]
    return [frozenset(snapshot.account_id[parts[place]].tolist()) for place in best_first]


def match_groups(found: Sequence[Group], truth: dict[str, Group]) -> list[str | None]:
    """The planted ring that each group hits, if any; every ring is hit once at most, in the order given."""
    rings_of: dict[str, list[str]] = {}
    for name, members in truth.items():
        for account in members:
            rings_of.setdefault(account, []).append(name)
    hit: set[str] = set()
    hits: list[str | None] = []
    for group in found:
        near = sorted({name for account in group for name in rings_of.get(account, [])} - hit)
        best = max(near, key=lambda name: find_jaccard(group, truth[name]), default=None)
        hits.append(best if best is not None and find_jaccard(group, truth[best]) >= HIT_JACCARD else None)
        hit |= {name for name in hits[-1:] if name}
    return hits


def find_jaccard(a: Group, b: Group) -> float:
    """Common members over all members of the two."""
    return len(a & b) / len(a | b)


def score_ranking(hits: Sequence[str | None], n_true: int) -> float:
    """Average precision of a ranked list of groups.

    >>> round(score_ranking(["r1", None, "r2"], 4), 4)
    0.4167
    """
    good = np.array([hit is not None for hit in hits], dtype=bool)
    precision = np.cumsum(good) / np.arange(1, len(good) + 1)
    return float(precision[good].sum() / max(n_true, 1))


def list_members(rings: Iterable[Ring]) -> list[Group]:
    """The members of each ring."""
    return [frozenset(member.account_id for member in ring.members) for ring in rings]


def tabulate_methods(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row for each difficulty and method, the mean over seeds."""
    rows = []
    for trial in trials:
        methods = {"Ringfence": list_members(trial.rings)} | trial.baselines
        for tiers in (("review", "automatic"), ("automatic",)):
            methods[f"Ringfence, {' or '.join(tiers)} only"] = list_members(r for r in trial.rings if r.tier in tiers)
        for method, found in methods.items():
            hits = match_groups(found, trial.truth)
            n_hits = sum(hit is not None for hit in hits)
            rows.append(
                {
                    "market": trial.difficulty,
                    "method": method,
                    "groups listed": len(found),
                    "recall": n_hits / len(trial.truth),
                    "precision": n_hits / max(len(found), 1),
                    "average precision": score_ranking(hits, len(trial.truth)),
                }
            )
    return pd.DataFrame(rows).groupby(["market", "method"], sort=False).mean().reset_index()


def tabulate_rings(trials: Sequence[Trial], by: Callable[[Trial, str], str], name: str) -> pd.DataFrame:
    """Rings planted, found at any tier, and found at review or above, over all seeds."""
    rows = []
    for trial in trials:
        hits = match_groups(list_members(trial.rings), trial.truth)
        tier = {hit: ring.tier for hit, ring in zip(hits, trial.rings, strict=True) if hit}
        rows += [
            (trial.difficulty, by(trial, ring), 1, ring in tier, tier.get(ring) in ("review", "automatic"))
            for ring in trial.truth
        ]
    frame = pd.DataFrame(rows, columns=["market", name, "planted", "found", "for review or automatic"])
    return frame.groupby(["market", name]).sum().reset_index()


def tabulate_lookalikes(trials: Sequence[Trial]) -> pd.DataFrame:
    """Honest groups of which half the members or more are in rings of a tier or flagged, over all seeds."""
    rows = []
    for trial in trials:
        accused: dict[str, set[str]] = {tier: set() for tier in ("automatic", "review")}
        for ring in trial.rings:
            if ring.tier in accused:
                accused[ring.tier] |= {member.account_id for member in ring.members}
        for kind, members in trial.lookalikes.values():
            sets = (accused["review"], accused["automatic"], trial.flagged)
            hit = [2 * len(members & accounts) >= len(members) for accounts in sets]
            rows.append((trial.difficulty, kind, 1, *hit))
    frame = pd.DataFrame(rows, columns=["market", "look-alike", "groups", *LOOKALIKE_COLUMNS])
    return frame.groupby(["market", "look-alike"]).sum().reset_index()


def write_report(trials: Sequence[Trial], command: str, n_accounts: int) -> str:
    """The tables as Markdown."""
    seeds = len(trials) // 2
    shares = {"all": "several kinds", "some": "a kind or more", "ip": "a network only", "none": "nothing"}
    seconds = np.median([trial.seconds for trial in trials])
    parts = [
        "# How well detection works on simulated markets",
        f"`{command}`: {n_accounts:,} accounts, {seeds} seeds each, 2 cores. Detection took {seconds:.1f} s (median).",
        (__doc__ or "").split("\n\n")[2].replace("\n", " ").strip(),
        "Means over the seeds:",
        to_markdown(tabulate_methods(trials)),
        "Rings by kind, all seeds together:",
        to_markdown(tabulate_rings(trials, lambda trial, ring: trial.kind_of[ring], "kind")),
        "By what the members share:",
        to_markdown(tabulate_rings(trials, lambda trial, ring: shares[trial.shares[ring]], "shares")),
        "By size:",
        to_markdown(tabulate_rings(trials, lambda trial, ring: _size_class(len(trial.truth[ring])), "members")),
        "Honest look-alike groups, of which half the members or more are in rings of a tier, or flagged automatically:",
        to_markdown(tabulate_lookalikes(trials)),
    ]
    return "\n\n".join(parts) + "\n"


def _size_class(size: int) -> str:
    return next(f"{low}–{high}" for low, high in SIZES if size <= high)


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
