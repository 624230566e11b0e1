"""Judges of rings taught by rings and honest groups that were planted in a copy of the market at hand as well.

    .venv/bin/python benchmarks/rerank_own.py --keep FOLDER

FOLDER is that of `rerank.py`, whose lists are used.  Each world's first market is ordered by what was learnt on the
other generators, by that and by what was planted in a copy of the market itself, and by the copy alone.  Of the copy
only what was planted is learnt from.  Writes ``benchmarks/results/rerank_own.md``.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import numpy as np
from measure import write_result
from rerank import KEEP, Listed, fare, gather_lists, gather_taught, within_tiers
from worlds import load_world

from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.worlds import WORLDS
from detection.order.learn import TaughtRings, learn_order
from detection.order.model import OrderModel
from detection.settings import DetectSettings
from detection.training.order import Lesson, teach_copy


def find_lesson(listed: Listed, n_accounts: int, keep: Path) -> Lesson:
    """What is planted and listed in a copy of a market, made where it is not kept yet."""
    place = keep / f"copy-{listed.generator}-{listed.difficulty}-{listed.seed}.copy"
    if not place.exists():
        snapshot, _ = load_world(listed.generator, n_accounts, listed.seed, listed.difficulty)  # type: ignore[arg-type]
        place.write_bytes(pickle.dumps(teach_copy(snapshot, DetectSettings())))
    lesson: Lesson = pickle.loads(place.read_bytes())
    return lesson


def measure_gain(listed: Listed, taught: Mapping[str, TaughtRings]) -> float:
    """What an order that is learnt adds to the average precision of a market's list."""
    model = OrderModel(learn_order(taught, ()), "")
    order = within_tiers(
        model.split(listed.features).sum(axis=1), listed.tiers, np.all(model.know(listed.features), axis=1)
    )
    before, after = (fare(listed, each).average_precision for each in (np.arange(len(listed.members)), order))
    return after - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, default=KEEP)
    asked = parser.parse_args()
    lists = gather_lists(range(1, asked.seeds + 1), asked.accounts, 1, asked.keep)
    lines = [
        "# A judge of rings taught in a copy of the market as well\n",
        "Written by `benchmarks/rerank_own.py`: what a learned order adds to the average precision of a market.\n",
        "| market | planted, honest | by the other generators | by these and the copy | by the copy alone |",
        "| --- | --- | --- | --- | --- |",
    ]
    for world in WORLDS:
        for difficulty in get_args(Difficulty):
            (listed,) = [x for x in lists if (x.generator, x.difficulty, x.seed) == (world, difficulty, 1)]
            others = gather_taught([each for each in lists if each.generator != world])
            own = find_lesson(listed, asked.accounts, asked.keep).taught
            ways: list[dict[str, TaughtRings]] = [others, others | {"copy": own}, {"copy": own}]
            gains = " | ".join(f"{measure_gain(listed, way):+.3f}" for way in ways)
            n_planted = int(own.is_planted.sum())
            lines.append(f"| {world} {difficulty} | {n_planted}, {len(own.is_planted) - n_planted} | {gains} |")
    write_result("rerank_own.md", "\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
