"""How many listed rings are honest groups, beside how many are said to be: the false-discovery rate of every ring.

    .venv/bin/python benchmarks/false_discovery.py [--write] [--seeds 5]

What honest rings show is taken from seeds 201 to 204 of each simulated world (``--write`` ships it with the project),
and tried on other seeds, the world that it is tried on left out.  Writes ``benchmarks/results/false_discovery.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from measure import write_result
from worlds import list_honest, load_world

from detection.evaluation.measures import restrict_truth
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.worlds import MEASURED
from detection.evidence.market import make_market
from detection.policy import DEFAULT_POLICY
from detection.rings.build import build_rings
from detection.rings.honest_rings import (
    PAYMENTS,
    Mixture,
    count_answered,
    count_steps,
    estimate_honest_share,
    gather_worlds,
    spread_counts,
)
from detection.search import search_market
from detection.settings import DetectSettings
from graph.model import Floats, Orders

HERE = Path(__file__).resolve().parents[1]
LEARNT_FROM = range(201, 205)
FIRST_SEED = 301
LEVELS = (0.02, 0.05, 0.1, 0.2)
HEAD = """# How many rings are honest groups, and how many are said to be

`python benchmarks/false_discovery.py`: what honest rings show is known from seeds 201 to 204 of each world, and tried
on {n} others of 20,000 accounts each, with the world itself left out and with it. *Honest* is a listed ring of which
fewer than half of the members are bad. Of the rings listed at a rate of 0.05 or less no more than one in twenty
should be. Payments among friends are one world: left out, they are set beside markets that sell goods.

| world | known from | {levels} | all for review or above |
| --- | --- |{dashes} --- |
"""


@dataclass(frozen=True)
class Listed:
    """The rings of one market: what each ``shows`` (G,), and which are ``honest`` (G,).

    ``orders`` are the market's, of ``n_accounts``.
    """

    world: str
    difficulty: str
    shows: Floats
    honest: Floats
    orders: Orders
    n_accounts: int


def list_market(world: str, difficulty: Difficulty, seed: int) -> Listed:
    """Simulate, load, search."""
    snapshot, told = load_world(world, 20_000, seed, difficulty)
    settings = DetectSettings()
    rings = build_rings(search_market(make_market(snapshot, settings), settings))
    honest = {ring.ring_id for ring in list_honest(rings, restrict_truth(told, snapshot))}
    return Listed(
        world,
        difficulty,
        np.array([ring.shown for ring in rings]),
        np.array([ring.ring_id in honest for ring in rings]),
        snapshot.orders,
        snapshot.n_accounts,
    )


def gather(listed: Iterable[Listed]) -> dict[str, dict[str, Any]]:
    """What the honest rings of each world show, counted; and the share of its dealing pairs that deal both ways."""
    shown: dict[str, list[Floats]] = {}
    pairs: dict[str, list[tuple[int, int]]] = {}
    for each in listed:
        shown.setdefault(each.world, []).append(each.shows[each.honest])
        pairs.setdefault(each.world, []).append(count_answered(each.orders, each.n_accounts))
    answered = {world: np.sum(counts, axis=0) for world, counts in pairs.items()}
    return {
        "honest": {world: count_steps(np.concatenate(parts)) for world, parts in shown.items()},
        "answered": {world: round(float(both / all_), 4) for world, (both, all_) in answered.items()},
    }


def mix(each: Listed, known: dict[str, dict[str, Any]], *, is_left_out: bool) -> Mixture:
    """What a market's list is set beside, its own world left out or not."""
    honest = {world: counts for world, counts in known["honest"].items() if not (is_left_out and world == each.world)}
    if PAYMENTS not in honest:
        return ((1.0, spread_counts(honest.values())),)
    return gather_worlds(honest, known["answered"]).mix(each.orders, each.n_accounts, DEFAULT_POLICY)


def report(tried: Sequence[Listed], known: dict[str, dict[str, Any]], n_seeds: int) -> str:
    """The page."""
    levels = " | ".join(f"at {level} or less" for level in LEVELS)
    lines = [HEAD.format(n=n_seeds, levels=levels, dashes=" --- |" * len(LEVELS))]
    for world, difficulty in dict.fromkeys((each.world, each.difficulty) for each in tried):
        ours = [each for each in tried if (each.world, each.difficulty) == (world, difficulty)]
        for known_from, is_left_out in (("the others", True), ("all", False)):
            rates = [
                estimate_honest_share(each.shows, mix(each, known, is_left_out=is_left_out), DEFAULT_POLICY)
                for each in ours
            ]
            accused = [
                (each.shows >= DEFAULT_POLICY.review_score) & (rate <= DEFAULT_POLICY.review_rate)
                for each, rate in zip(ours, rates, strict=True)
            ]
            chosen = [[rate <= level for rate in rates] for level in LEVELS] + [accused]
            cells = (
                f"{sum(int(each.honest[part].sum()) for each, part in zip(ours, parts, strict=True))}"
                f" of {sum(int(part.sum()) for part in parts)}"
                for parts in chosen
            )
            lines.append(f"| {world} {difficulty} | {known_from} | {' | '.join(cells)} |\n")
    return "".join(lines)


def main() -> None:
    """Learn, ship where that is asked for, and try."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    each_kind = [(world, difficulty) for world in MEASURED for difficulty in get_args(Difficulty)]
    place = HERE / "detection" / "rings" / "honest_rings.json"
    known = json.loads(place.read_text())
    if asked.write:
        known = gather(list_market(*kind, seed) for kind in each_kind for seed in LEARNT_FROM)
        place.write_text(json.dumps({"made_by": "benchmarks/false_discovery.py", **known}) + "\n")
    seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
    tried = [list_market(*kind, seed) for kind in each_kind for seed in seeds]
    write_result("false_discovery.md", report(tried, known, asked.seeds))


if __name__ == "__main__":
    main()
