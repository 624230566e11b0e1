"""Training the judge of rings: on the simulated worlds, and on rings and honest groups planted in a copy of a market.

No label and no decision has a part in it.  Of the copy only what was planted is learnt from: what else is listed there
may be a real ring, and nobody knows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from detection.evaluation.leak_gate import remove_labels
from detection.evaluation.market_draft import PlantPlan
from detection.evaluation.measures import HIT_JACCARD, find_jaccard, list_members
from detection.evaluation.planting import (
    HONEST_KINDS,
    NO_SHARING,
    find_plantable,
    find_plantable_honest,
    plant_rings,
)
from detection.evaluation.simulation.market import write_market
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.truth import read_truth
from detection.evaluation.worlds import WORLDS, simulate_world
from detection.evidence.market import make_market
from detection.order.features import RingFeatures, describe_rings
from detection.order.learn import TaughtRings, learn_order
from detection.order.model import write_order_model
from detection.order.rank import list_sides
from detection.rings.build import build_rings
from detection.risk.file import check_place
from detection.search import search_market
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.errors import DataError
from graph.files import replace_file
from graph.model import Snapshot
from graph.open import open_store
from graph.progress import Progress, no_progress
from graph.settings import Settings
from graph.stores.location import Location

OWN = "this market"
SIZES = (5, 8, 12, 20)
MOST_PLANTED = 0.05
"""The share of a market's accounts that its copy may gain."""
LEAST_TAUGHT = 5
"""A kind of market teaches with so many rings of either sort."""

Group = frozenset[str]


@dataclass(frozen=True)
class OrderTraining:
    """What came of training: ``rings`` that were learnt from by kind of market, and how many of them were planted."""

    path: str
    rings: dict[str, int]
    planted: dict[str, int]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """The listed rings of one market of which the truth is known, and what the market has facts of."""

    taught: TaughtRings
    sides: frozenset[str]


def train_order(
    location: Location,
    path: Path,
    settings: DetectSettings,
    *,
    as_of: np.datetime64 | None = None,
    progress: Progress = no_progress,
) -> OrderTraining:
    """Learn from the worlds and a copy of a store's market, and write the judge.

    Parameters
    ----------
    location
        Of the store; it is only read.
    path
        Of the judge; an earlier one is replaced when the new one is complete.
    settings
        By which rings are searched, and the seed.
    as_of
        Use only facts that were known at this instant.

    Raises
    ------
    DataError
        If too few of the planted rings and honest groups are listed.
    """
    check_place(path)
    with open_store(location) as store:
        snapshot = store.snapshot(as_of=as_of)
    lessons = teach_worlds(settings, progress=progress)
    progress("planting rings and honest groups in a copy", len(WORLDS), len(WORLDS) + 1)
    return write_order(path, lessons | {OWN: [teach_copy(snapshot, settings)]})


def write_order(path: Path, lessons: Mapping[str, Sequence[Lesson]]) -> OrderTraining:
    """Learn from lessons, by kind of market, and write the judge.

    Raises
    ------
    DataError
        If none of them has enough rings of either sort.
    """
    joined = {name: _join([lesson.taught for lesson in each]) for name, each in lessons.items()}
    kept = {name: each for name, each in joined.items() if _has_enough(each)}
    if not kept:
        raise DataError(f"no market lists {LEAST_TAUGHT} planted rings and as many others to learn an order from")
    needs = sorted(frozenset.intersection(*(lesson.sides for name in kept for lesson in lessons[name])))
    replace_file(path, write_order_model(learn_order(kept, needs)))
    counts = {name: len(each.is_planted) for name, each in kept.items()}
    planted = {name: int(each.is_planted.sum()) for name, each in kept.items()}
    return OrderTraining(str(path), counts, planted, tuple(needs))


def _has_enough(taught: TaughtRings) -> bool:
    n_planted = int(taught.is_planted.sum())
    return min(n_planted, len(taught.is_planted) - n_planted) >= LEAST_TAUGHT


def _join(taught: Sequence[TaughtRings]) -> TaughtRings:
    values = np.vstack([each.features.values for each in taught])
    return TaughtRings(
        RingFeatures(taught[0].features.names, values), np.concatenate([each.is_planted for each in taught])
    )


def teach_worlds(
    settings: DetectSettings, *, n_accounts: int = 20_000, progress: Progress = no_progress
) -> dict[str, list[Lesson]]:
    """The rings of a market of each world and difficulty; some two minutes of 20,000 accounts each."""
    lessons: dict[str, list[Lesson]] = {}
    for place, world in enumerate(WORLDS):
        progress(f"learning in the {world}", place, len(WORLDS) + 1)
        lessons[world] = [teach_world(world, each, settings, n_accounts) for each in get_args(Difficulty)]
    return lessons


def teach_world(world: str, difficulty: Difficulty, settings: DetectSettings, n_accounts: int) -> Lesson:
    """The rings of one simulated market: those that are alike a planted one, and all others."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "market"
        write_market(simulate_world(world, n_accounts, settings.seed + 1, difficulty), place, "parquet")
        with open_store(f"{folder}/store", mode="write") as store:
            store.load(read_folder(place, Settings()))
            snapshot, truth = store.snapshot(), read_truth(place / "truth")
    return teach_market(snapshot, [ring.members for ring in truth.rings], None, settings)


def teach_copy(snapshot: Snapshot, settings: DetectSettings) -> Lesson:
    """The rings of a copy of a market that are known: planted ones, and planted honest groups."""
    plans = plan_groups(snapshot)
    planted = plant_rings(remove_labels(snapshot), plans, np.random.default_rng(settings.seed))
    is_honest = [plan.kind in HONEST_KINDS for plan in plans]
    rings = [members for members, honest in zip(planted.members, is_honest, strict=True) if not honest]
    honest = [members for members, honest in zip(planted.members, is_honest, strict=True) if honest]
    return teach_market(planted.snapshot, rings, honest, settings)


def plan_groups(snapshot: Snapshot) -> list[PlantPlan]:
    """Rings and honest groups by turns, of all kinds and sizes, until the copy would be another market."""
    kinds = [kind for kind, lack in find_plantable(snapshot).items() if not lack]
    honest = find_plantable_honest(snapshot)
    sharing = [kind for kind in snapshot.identifier_kinds if kind != "ip"][:1] or [NO_SHARING]
    rounds = [
        plan
        for size in SIZES
        for camouflage in (0.0, 1.0, 3.0)
        for plan in (
            *(PlantPlan(kind, size, shares, camouflage) for kind in kinds for shares in (*sharing, NO_SHARING)),
            *(
                PlantPlan(kind, min(size, 6) if kind == "household" else size, _share_of(kind, sharing[0]))
                for kind in honest
                for _ in range(3)
            ),
        )
    ]
    most = MOST_PLANTED * snapshot.n_accounts
    kept = np.cumsum([plan.size for plan in rounds]) <= most
    return [plan for plan, fits in zip(rounds, kept.tolist(), strict=True) if fits]


def _share_of(kind: str, thing: str) -> str:
    return thing if kind == "household" else NO_SHARING


def teach_market(
    snapshot: Snapshot, rings: Sequence[Group], honest: Sequence[Group] | None, settings: DetectSettings
) -> Lesson:
    """The listed rings of a market of which it is known what they are.

    Parameters
    ----------
    snapshot
        The market.
    rings
        Who conspires.
    honest
        Groups that do not; a listed ring that has half of one is honest, and of others nothing is known. None: all
        rings that are not alike one of ``rings`` are known to be none.
    settings
        By which rings are searched.
    """
    market = make_market(snapshot, settings)
    listed = build_rings(search_market(market, settings))
    features, members = describe_rings(listed, market), list_members(listed)
    is_ring = np.array([any(find_jaccard(each, ring) >= HIT_JACCARD for ring in rings) for each in members], dtype=bool)
    is_other = ~is_ring
    if honest is not None:
        is_other &= np.array([any(2 * len(each & group) >= len(group) for group in honest) for each in members], bool)
    known = is_ring | is_other
    return Lesson(TaughtRings(RingFeatures(features.names, features.values[known]), is_ring[known]), list_sides(market))
