"""Rings in the order that a judge gives them which learnt on other generators, beside the order by their bits.

    .venv/bin/python benchmarks/rerank.py --seeds 3 --keep FOLDER

Each generator is judged by what was learnt on the others alone: from bits alone, from the figures that ship, from these
without the ring's own graph, with pooled vectors of the encoder, with a network over that graph.  Listed rings are kept
in FOLDER, so that only what is missing is simulated.  Writes ``benchmarks/results/rerank.md``.
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from measure import write_result
from ring_networks import OwnGraph, teach_networks
from worlds import load_world

from detection.candidates.links import weigh_links
from detection.evaluation.measures import find_jaccard, list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.simulation.settings import Difficulty
from detection.evaluation.truth import TrueGroup, Truth, read_truth
from detection.evaluation.worlds import WORLDS
from detection.evidence.market import Market, make_market
from detection.order.features import FEATURES, Feature, RingFeatures, describe_rings, list_groups
from detection.order.learn import TaughtRings, learn_order
from detection.order.model import OrderModel
from detection.order.rank import find_order, fix_strange, rank_learned
from detection.rings.build import build_rings
from detection.search import link_market, search_market
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.model import Floats, Ints, Snapshot
from graph.open import open_store
from graph.results import Ring
from graph.settings import Settings
from graph.vocabulary import TIERS

PLAIN = Path(__file__).parents[2] / "shared" / "markets" / "plain.py"
KEEP = Path(tempfile.gettempdir()) / "ringfence-rerank"
HIT = 0.5
BITS = ("bits_per_root", "bits_per_member")
OF_LINKS = ("fragment", "strongest_outsider", "outside_links", "insularity", "cohesion", "density", "neighbours")
POOLED = {
    "alike": Feature("{:.2f}", 1),
    "alike_beyond_outsiders": Feature("{:.2f}", 1),
    "alike_beyond_strangers": Feature("{:.2f}", 1),
}
"""Vectors of a ring's members, pooled: coordinates are another encoder's in each market, cosines are not."""


@dataclass(frozen=True)
class Listed:
    """The rings of a market by their bits, described, beside what is true of it; ``pooled`` is None without vectors."""

    generator: str
    difficulty: str
    seed: int
    features: RingFeatures
    graphs: tuple[OwnGraph, ...]
    pooled: Floats | None
    tiers: Ints
    members: tuple[frozenset[str], ...]
    planted: tuple[TrueGroup, ...]
    honest: np.ndarray

    @property
    def is_planted(self) -> np.ndarray:
        """Which rings are alike a planted one (R,)."""
        likeness = [
            max((find_jaccard(each, ring.members) for ring in self.planted if each & ring.members), default=0.0)
            for each in self.members
        ]
        return np.array(likeness) >= HIT


def load_plain(seed: int) -> tuple[Snapshot, Truth]:
    """The market of the fourth generator, which no world is made by."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "plain"
        subprocess.run([sys.executable, str(PLAIN), "S", str(place), str(seed)], check=True, stdout=subprocess.DEVNULL)
        with open_store(f"{folder}/store", mode="write") as store:
            store.load(read_folder(place, Settings()))
            return store.snapshot(), read_truth(Path(folder) / "plain-truth")


def list_market(generator: str, difficulty: str, seed: int, n_accounts: int, *, is_encoded: bool) -> Listed:
    """Simulate a market, search it, describe its rings."""
    is_world = generator in WORLDS
    snapshot, told = load_world(generator, n_accounts, seed, difficulty) if is_world else load_plain(seed)  # type: ignore[arg-type]  # one of them
    settings = DetectSettings()
    rings = build_rings(search_market(make_market(snapshot, settings), settings))
    vectors = encode(snapshot) if is_encoded else None
    return describe(generator, difficulty, seed, rings, snapshot, restrict_truth(told, snapshot), vectors)


def encode(snapshot: Snapshot) -> Floats:
    """Vectors of an encoder fitted to the market in a third of the usual steps, and no labels."""
    from embeddings.encoder.model import fit_encoder
    from embeddings.encoder.settings import EncoderSettings

    encoder = fit_encoder(snapshot, EncoderSettings(seed=0, steps=100, batch=128))
    return encoder.encode(snapshot).astype(float)


def describe(
    generator: str,
    difficulty: str,
    seed: int,
    rings: Sequence[Ring],
    snapshot: Snapshot,
    truth: Truth,
    vectors: Floats | None,
) -> Listed:
    """All that is learnt from, and measured by."""
    market, members = make_market(snapshot), list_members(rings)
    bad = frozenset().union(*(ring.members for ring in truth.rings))
    graphs, pooled = look_around(rings, market, vectors)
    return Listed(
        generator,
        difficulty,
        seed,
        describe_rings(rings, market),
        graphs,
        pooled,
        np.array([TIERS.index(ring.tier) for ring in rings]),
        tuple(members),
        truth.rings,
        np.array([2 * len(each & bad) < len(each) for each in members]),
    )


def look_around(
    rings: Sequence[Ring], market: Market, vectors: Floats | None
) -> tuple[tuple[OwnGraph, ...], Floats | None]:
    """Each ring's own graph with as many outsiders as members, and how alike its members' vectors are."""
    groups, weights = list_groups(rings, market), weigh_links(link_market(market), market.n_accounts).tocsr()
    strangers = np.random.default_rng(0).choice(market.n_accounts, 200)
    degree = np.asarray(weights.sum(axis=1)).ravel()
    graphs, pooled = [], []
    for group in range(len(groups)):
        members = groups.members(group)
        size, pull = len(members), np.asarray(weights[members].sum(axis=0)).ravel()
        outside = np.setdiff1d(np.flatnonzero(pull > 0), members)
        near = outside[np.argsort(-pull[outside], kind="stable")][: max(size, 5)]
        nodes, usual = np.append(members, near), max(float(np.median(pull[members])), 1e-9)
        links = weights[nodes][:, nodes].tocoo()
        logs = np.log1p(degree[nodes]) / 5, np.log1p(pull[nodes]) / 5
        shown = np.column_stack([np.arange(len(nodes)) < size, pull[nodes] / usual, *logs])
        table = np.clip(shown.astype(float), -5, 10)
        graphs.append(OwnGraph(table, np.stack([links.row, links.col]), np.log1p(links.data)))
        if vectors is not None:
            pooled.append(_pool(vectors, members, near, strangers))
    return tuple(graphs), np.array(pooled) if vectors is not None else None


def _pool(vectors: Floats, members: Ints, near: Ints, strangers: Ints) -> list[float]:
    mean = vectors[members].mean(axis=0)
    pairs = (vectors[members] @ vectors[members].T)[np.triu_indices(len(members), 1)].mean()
    outside = (vectors[near] @ mean).mean() if len(near) else 0.0
    return [float(pairs), float(pairs - outside), float(pairs - (vectors[strangers] @ mean).mean())]


Judge = Callable[[Listed], Floats]
"""From listed rings to log-odds (R,)."""
Teach = Callable[[Sequence[Listed]], Judge]


def teach_figures(figures: Mapping[str, Feature], *, is_pooled: bool = False) -> Teach:
    """What ships, on some figures, and if wanted on pooled vectors as well."""
    chosen = {**figures, **(POOLED if is_pooled else {})}

    def show(listed: Listed) -> RingFeatures:
        if not is_pooled or listed.pooled is None:
            return listed.features
        return RingFeatures((*listed.features.names, *POOLED), np.hstack([listed.features.values, listed.pooled]))

    def teach(lists: Sequence[Listed]) -> Judge:
        model = OrderModel(learn_order(gather_taught(lists, show), (), figures=chosen), "")
        return lambda listed: model.split(show(listed)).sum(axis=1)

    return teach


def gather_taught(
    lists: Sequence[Listed], show: Callable[[Listed], RingFeatures] = lambda listed: listed.features
) -> dict[str, TaughtRings]:
    """What is learnt from, by generator."""
    return {
        name: TaughtRings(
            RingFeatures(show(ours[0]).names, np.vstack([show(each).values for each in ours])),
            np.concatenate([each.is_planted for each in ours]),
        )
        for name, ours in by_generator(lists).items()
    }


def teach_both(one: Teach, other: Teach) -> Teach:
    """The mean of two judges' log-odds."""

    def teach(lists: Sequence[Listed]) -> Judge:
        first, second = one(lists), other(lists)
        return lambda listed: (first(listed) + second(listed)) / 2

    return teach


def by_generator(lists: Sequence[Listed]) -> dict[str, list[Listed]]:
    """Markets by what made them."""
    return {name: [each for each in lists if each.generator == name] for name in sorted({x.generator for x in lists})}


@dataclass(frozen=True)
class Fares:
    """How a list fares: with honest groups before half of the planted rings, and among as many as were planted."""

    average_precision: float
    recall_when_sure: float
    honest_before_half: float
    honest_first: float


def fare(listed: Listed, order: Ints) -> Fares:
    """Measure an order of a market's rings."""
    hits, n = match_groups([listed.members[row] for row in order], listed.planted), len(listed.planted)
    score, honest = score_ranking(hits, n), listed.honest[order]
    good = np.flatnonzero([hit is not None for hit in hits])
    half = min(len(good), max(n // 2, 1))
    before = float(honest[: good[half - 1]].sum()) if half else 0.0
    return Fares(score.average_precision.value, score.recall_when_sure, before, float(honest[:n].sum()))


@dataclass(frozen=True)
class Way:
    """A way to order: who judges, and how its ranks and those by bits become one order."""

    name: str
    teach: Teach
    order: Callable[[Floats, Ints, np.ndarray], Ints]


def within_tiers(odds: Floats, tiers: Ints, is_known: np.ndarray) -> Ints:
    """What ships: the mean of both ranks, in the places of each tier."""
    return find_order(rank_learned(odds, is_known), fix_strange(tiers, is_known))


def over_tiers(odds: Floats, tiers: Ints, is_known: np.ndarray) -> Ints:
    """The mean of both ranks over the whole list."""
    return find_order(rank_learned(odds, is_known), fix_strange(np.zeros_like(tiers), is_known))


def remember(teach: Teach) -> Teach:
    """The same, taught once for the same markets: networks take long."""
    known: dict[tuple[tuple[str, str, int], ...], Judge] = {}

    def ask(lists: Sequence[Listed]) -> Judge:
        key = tuple((each.generator, each.difficulty, each.seed) for each in lists)
        if key not in known:
            known[key] = teach(lists)
        return known[key]

    return ask


def list_ways() -> list[Way]:
    """All that is compared."""
    networks = remember(teach_networks)
    bits = {name: FEATURES[name] for name in BITS}
    no_graph = {name: each for name, each in FEATURES.items() if name not in OF_LINKS}
    figures = teach_figures(FEATURES)
    return [
        Way("bits alone, learnt", teach_figures(bits), within_tiers),
        Way("without the ring's own graph", teach_figures(no_graph), within_tiers),
        Way("**figures (ships)**", figures, within_tiers),
        Way("figures, over tiers", figures, over_tiers),
        Way("figures, learned order alone", figures, lambda odds, *_: np.argsort(-odds, kind="stable")),
        Way("network over the ring's graph", networks, within_tiers),
        Way("figures and network", teach_both(figures, networks), within_tiers),
    ]


Compared = dict[str, dict[tuple[str, str], list[tuple[Fares, Fares]]]]


def compare(lists: Sequence[Listed], ways: Sequence[Way]) -> Compared:
    """By way and by generator and difficulty: how each market's list fares by bits, and by that way."""
    found: Compared = {way.name: {} for way in ways}
    for generator, ours in by_generator(lists).items():
        others = [each for each in lists if each.generator != generator]
        judges: dict[Teach, Judge] = {}
        values = np.vstack([each.features.values for each in others])
        low, high = values.min(axis=0), values.max(axis=0)
        for way in ways:
            if way.teach not in judges:
                judges[way.teach] = way.teach(others)
            judge = judges[way.teach]
            for listed in ours:
                shown = listed.features.values
                known = ((shown >= low) & (shown <= high)).all(axis=1)
                order = way.order(judge(listed), listed.tiers, known)
                pair = fare(listed, np.arange(len(listed.members))), fare(listed, order)
                found[way.name].setdefault((generator, listed.difficulty), []).append(pair)
    return found


def _mean(pairs: Sequence[tuple[Fares, Fares]], side: int, name: str) -> float:
    return float(np.mean([getattr(pair[side], name) for pair in pairs]))


def report(found: Mapping[str, Mapping[tuple[str, str], Sequence[tuple[Fares, Fares]]]], title: str) -> list[str]:
    """Tables of one comparison."""
    keys = list(next(iter(found.values())))
    lines = [f"## {title}\n", "Average precision by bits, and what each way adds to it (the least of the seeds).\n"]
    lines += [f"| way | {' | '.join(' '.join(key) for key in keys)} | least |", "| --- |" + " --- |" * (len(keys) + 1)]
    first = next(iter(found.values()))
    before = [f"{_mean(first[key], 0, 'average_precision'):.3f}" for key in keys]
    lines.append(f"| by bits | {' | '.join(before)} | |")
    for name, cells in found.items():
        gains = [[pair[1].average_precision - pair[0].average_precision for pair in cells[key]] for key in keys]
        shown = " | ".join(f"{np.mean(each):+.3f} ({min(each):+.3f})" for each in gains)
        lines.append(f"| {name} | {shown} | {min(float(np.mean(each)) for each in gains):+.3f} |")
    return [*lines, ""]


def report_harm(cells: Mapping[tuple[str, str], Sequence[tuple[Fares, Fares]]]) -> list[str]:
    """What the way that ships does to recall at precision 0.95, and who is told before the rings."""
    lines = [
        "## What ships: sure rings, and honest groups in front\n",
        "| market | recall at precision 0.95 | honest before half of the rings planted | honest among as many places |",
        "| --- | --- | --- | --- |",
    ]
    for key, pairs in cells.items():
        shown = [
            f"{_mean(pairs, 0, name):{form}} → {_mean(pairs, 1, name):{form}}"
            for name, form in (("recall_when_sure", ".3f"), ("honest_before_half", ".1f"), ("honest_first", ".1f"))
        ]
        lines.append(f"| {' '.join(key)} | {' | '.join(shown)} |")
    return [*lines, ""]


def gather_lists(seeds: Sequence[int], n_accounts: int, n_encoded: int, keep: Path) -> list[Listed]:
    """The listed rings of every market, simulated where they are not kept yet."""
    keep.mkdir(parents=True, exist_ok=True)
    asked = [(world, each, seed) for seed in seeds for world in WORLDS for each in get_args(Difficulty)]
    asked += [("plain", "S", seed) for seed in seeds[: (len(seeds) + 1) // 2] if PLAIN.exists()]
    lists = []
    for generator, difficulty, seed in asked:
        place = keep / f"{generator}-{difficulty}-{seed}.pickle"
        if not place.exists():
            is_encoded = generator in WORLDS and seed in seeds[:n_encoded]
            listed = list_market(generator, difficulty, seed, n_accounts, is_encoded=is_encoded)
            place.write_bytes(pickle.dumps(listed))
        lists.append(pickle.loads(place.read_bytes()))
    return lists


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--encoded", type=int, default=1, help="seeds whose markets are encoded")
    parser.add_argument("--no-networks", action="store_true", help="leave out what takes most of the time")
    parser.add_argument("--keep", type=Path, default=KEEP)
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    lists = gather_lists(seeds, asked.accounts, asked.encoded, asked.keep)
    ways = [way for way in list_ways() if not (asked.no_networks and "network" in way.name)]
    found = compare(lists, ways)
    n_rings = sum(len(each.members) for each in lists)
    lines = [
        "# Rings in a learned order\n",
        f"Written by `benchmarks/rerank.py`: {len(lists)} markets, {n_rings:,} listed rings.",
        "Each generator is ordered by what was learnt on the others alone. Scores, tiers and bits stay.\n",
        *report(found, "Without vectors"),
        *report_harm(found["**figures (ships)**"]),
    ]
    encoded = [each for each in lists if each.pooled is not None]
    if encoded:
        bits = {name: FEATURES[name] for name in BITS}
        ways = [
            Way("figures", teach_figures(FEATURES), within_tiers),
            Way("figures and pooled vectors", teach_figures(FEATURES, is_pooled=True), within_tiers),
            Way("bits and pooled vectors", teach_figures(bits, is_pooled=True), within_tiers),
        ]
        lines += report(compare(encoded, ways), f"With vectors, on the {len(encoded)} markets that were encoded")
    write_result("rerank.md", "\n".join(lines))


if __name__ == "__main__":
    main()
