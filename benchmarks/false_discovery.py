"""How many listed rings are honest groups, beside how many are said to be: the false-discovery rate of every ring.

    .venv/bin/python benchmarks/false_discovery.py [--write] [--seeds 5]

What honest rings show is taken from seeds 201 to 204 of the simulated worlds that are known (``--write`` ships it with
the project), and tried on other seeds of those and of another, the world that it is tried on left out.  Writes
``benchmarks/results/false_discovery.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from measure import write_result
from worlds import list_honest, load_world

from detection.evaluation.measures import restrict_truth
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.worlds import KNOWN, MEASURED
from detection.evidence.market import make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from detection.significance.honest_rings import count_steps, estimate_honest_share, spread_counts
from graph.model import Floats

HERE = Path(__file__).resolve().parents[1]
LEARNT_FROM = range(201, 205)
FIRST_SEED = 301
LEVELS = (0.02, 0.05, 0.1, 0.2)
HEAD = """# How many rings are honest groups, and how many are said to be

`python benchmarks/false_discovery.py`: what honest rings show is known from seeds 201 to 204 of each world, and tried
on {n} others of 20,000 accounts each, with the world itself left out and with it. *Honest* is a listed ring of which
fewer than half of the members are bad. Of the rings listed at a rate of 0.05 or less no more than one in twenty
should be.

| world | known from | {levels} | all for review or above |
| --- | --- |{dashes} --- |
"""


@dataclass(frozen=True)
class Listed:
    """The rings of one market: what each ``shows`` (G,), which are ``honest`` (G,), and which a person is to see."""

    world: str
    difficulty: str
    shows: Floats
    honest: Floats
    is_accused: Floats


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
        np.array([ring.tier in ("review", "automatic") for ring in rings]),
    )


def gather(listed: Iterable[Listed]) -> dict[str, list[int]]:
    """What the honest rings of each world show, counted."""
    shown: dict[str, list[Floats]] = {}
    for each in listed:
        shown.setdefault(each.world, []).append(each.shows[each.honest])
    return {world: count_steps(np.concatenate(parts)) for world, parts in shown.items()}


def report(tried: Sequence[Listed], known: Mapping[str, Sequence[int]], n_seeds: int) -> str:
    """The page."""
    levels = " | ".join(f"at {level} or less" for level in LEVELS)
    lines = [HEAD.format(n=n_seeds, levels=levels, dashes=" --- |" * len(LEVELS))]
    for world, difficulty in dict.fromkeys((each.world, each.difficulty) for each in tried):
        ours = [each for each in tried if (each.world, each.difficulty) == (world, difficulty)]
        others = {name: counts for name, counts in known.items() if name != world}
        for known_from, worlds in (("the others", others), ("all four", known)):
            rates = [estimate_honest_share(each.shows, spread_counts(worlds)) for each in ours]
            chosen = [[rate <= level for rate in rates] for level in LEVELS] + [[each.is_accused for each in ours]]
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
    place = HERE / "detection" / "significance" / "honest_rings.json"
    known = json.loads(place.read_text())["honest"]
    if asked.write:
        known = gather(list_market(*kind, seed) for kind in each_kind if kind[0] in KNOWN for seed in LEARNT_FROM)
        place.write_text(json.dumps({"made_by": "benchmarks/false_discovery.py", "honest": known}) + "\n")
    seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
    tried = [list_market(*kind, seed) for kind in each_kind for seed in seeds]
    write_result("false_discovery.md", report(tried, known, asked.seeds))


if __name__ == "__main__":
    main()
