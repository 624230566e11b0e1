"""Events on top of every simulated world: which rings are found by them alone, and whom they accuse.

    .venv/bin/python benchmarks/event_worlds.py --seeds 2

The worlds as they are, and the same with a table of events (:mod:`detection.evaluation.doings`), on which no rule was
found.  Writes ``benchmarks/results/event_worlds.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measure import write_result

from detection.evaluation.measures import list_members, match_groups, score_ranking
from detection.evaluation.simulation.market import write_market
from detection.evaluation.truth import TrueGroup, Truth, read_truth
from detection.evaluation.worlds import WORLDS, simulate_world
from detection.evidence.market import make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.results import Ring
from graph.settings import Settings

SORTS = ("script", "hands", "campaign", "text")
HONEST = ("course", "on call", "newsletter", "show", "home")
HALF = 0.5


@dataclass(frozen=True)
class Trial:
    """One market, without events and with them."""

    world: str
    found: Counter[str]
    planted: Counter[str]
    listed: Counter[str]
    reviewed: Counter[str]
    honest: Counter[str]
    others_before: tuple[float, int, int]
    others_after: tuple[float, int, int]
    seconds: tuple[float, float]


def load_world(world: str, n_accounts: int, seed: int, *, with_events: bool) -> tuple[Snapshot, Truth]:
    """The market's snapshot and truth, by the way that every market takes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "market"
        market = simulate_world(world, n_accounts, seed, "ordinary", with_events=with_events)
        write_market(market, place, "parquet")
        with open_store(f"{folder}/store", mode="write") as store:
            store.load(read_folder(place, Settings()))
            return store.snapshot(), read_truth(place / "truth")


def find_rings(snapshot: Snapshot) -> tuple[tuple[Ring, ...], float]:
    """The rings, and the processor seconds that they took."""
    began, settings = time.process_time(), DetectSettings()
    rings = build_rings(search_market(make_market(snapshot, settings), settings))
    return rings, time.process_time() - began


def run_trial(world: str, n_accounts: int, seed: int) -> Trial:
    """Both markets."""
    plain, told = load_world(world, n_accounts, seed, with_events=False)
    with_events, all_told = load_world(world, n_accounts, seed, with_events=True)
    (before, first), (after, second) = find_rings(plain), find_rings(with_events)
    done = [group for group in all_told.rings if group.kind in SORTS]
    calm = [group for group in all_told.lookalikes if group.kind in HONEST]
    members = list_members(after)
    best = [max((_overlap(group.members, each) for each in members), default=0.0) for group in done]
    rings = [members[n] for n in range(len(after)) if not any(_overlap(members[n], g.members) >= HALF for g in done)]
    accused = [(ring, _find_group(ring, calm)) for ring in after]
    return Trial(
        world,
        Counter(group.kind for group, share in zip(done, best, strict=True) if share >= HALF),
        Counter(group.kind for group in done),
        Counter(group.kind for _, group in accused if group is not None),
        Counter(group.kind for ring, group in accused if group is not None and ring.tier != "watch"),
        Counter(group.kind for group in calm),
        _score(list_members(before), before, told),
        _score(rings, [after[n] for n in range(len(after)) if members[n] in rings], told, all_told),
        (first, second),
    )


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _find_group(ring: Ring, groups: Sequence[TrueGroup]) -> TrueGroup | None:
    """The honest group to which half of a ring's members belong."""
    members = list_members([ring])[0]
    return next((group for group in groups if 2 * len(members & group.members) >= len(members)), None)


def _score(
    members: Sequence[frozenset[str]], rings: Sequence[Ring], told: Truth, all_told: Truth | None = None
) -> tuple[float, int, int]:
    """Average precision of the world's own rings; honest rings for review or automatic, and of how many."""
    bad = frozenset().union(*(group.members for group in (all_told or told).rings))
    asked = [who for who, ring in zip(members, rings, strict=True) if ring.tier != "watch"]
    honest = sum(2 * len(who & bad) < len(who) for who in asked)
    return score_ranking(match_groups(members, told.rings), len(told.rings)).average_precision.value, honest, len(asked)


def report(trials: Sequence[Trial], n_accounts: int, n_seeds: int) -> str:
    """The page."""
    lines = [
        "# Events on every world\n",
        f"Written by `benchmarks/event_worlds.py`: {n_seeds} seeds of {n_accounts:,} accounts each. A ring is found",
        "where a listed one has half in common with it; an honest group is listed where half of a listed ring is.\n",
        "| world | "
        + " | ".join(f"{kind} found" for kind in SORTS)
        + " | "
        + " | ".join(f"{kind} listed" for kind in HONEST)
        + " | of these for review | processor seconds, without and with |",
        "|" + " --- |" * (len(SORTS) + len(HONEST) + 3),
    ]
    by_world = [(world, [trial for trial in trials if trial.world == world]) for world in WORLDS]
    for world, ours in by_world:
        found, planted, listed, reviewed, honest = (
            sum((getattr(trial, name) for trial in ours), Counter())
            for name in ("found", "planted", "listed", "reviewed", "honest")
        )
        cells = [f"{found[kind]} of {planted[kind]}" for kind in SORTS]
        cells += [f"{listed[kind]} of {honest[kind]}" for kind in HONEST]
        seconds = " and ".join(f"{np.mean([trial.seconds[place] for trial in ours]):.0f}" for place in (0, 1))
        lines.append(f"| {world} | {' | '.join(cells)} | {reviewed.total()} | {seconds} |")
    lines += [
        "\nThe world's own rings, without the table and with it:\n",
        "| world | average precision | honest of review and automatic |",
        "| --- | --- | --- |",
    ]
    for world, ours in by_world:
        parts = [[getattr(trial, name) for trial in ours] for name in ("others_before", "others_after")]
        precision = ", ".join(f"{np.mean([each[0] for each in part]):.3f}" for part in parts)
        honest_rings = ", ".join(
            f"{sum(each[1] for each in part)} of {sum(each[2] for each in part)}" for part in parts
        )
        lines.append(f"| {world} | {precision} | {honest_rings} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=201)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    trials = [run_trial(world, asked.accounts, seed) for world in WORLDS for seed in seeds]
    write_result("event_worlds.md", report(trials, asked.accounts, asked.seeds))


if __name__ == "__main__":
    main()
