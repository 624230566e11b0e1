"""Groups that are true, for tests of what is measured against them."""

from __future__ import annotations

from pathlib import Path

from detection_market import make_background, make_snapshot, pick, plant_farm, plant_trade_ring

from detection.evaluation.truth import TrueGroup
from detection.statistics import Resampling
from graph.model import Snapshot

FEW = Resampling(n_resamples=50)


def group(name: str, members: str, kind: str = "trade", sharing: str = "all") -> TrueGroup:
    return TrueGroup(name, kind, frozenset(members), sharing)


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def plant(n: int = 600) -> tuple[Snapshot, list[list[str]]]:
    facts = make_background(n=n)
    rings = [pick(100, 12), pick(300, 16)]
    plant_trade_ring(facts, rings[0])
    plant_farm(facts, rings[1])
    return make_snapshot(facts), rings
