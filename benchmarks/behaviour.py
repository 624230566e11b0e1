"""Accounts that act alike at the same times and share nothing: whether look-alike links by behaviour find rings.

    .venv/bin/python benchmarks/behaviour.py measure --world village --seed 1
    .venv/bin/python benchmarks/behaviour.py report

The first keeps every figure in ``.bench/behaviour.jsonl`` and passes over what is there already; ``run``, the default,
measures all; ``report`` writes results/behaviour.md.  Hard markets of 20,000 accounts.

Every design makes one vector of what an account did in order (`behaviour_designs.py`).  A pair's *surprise* is -log2 of
the share of matched pairs that are at least as alike: pairs of accounts that began in the same two quarters of the
market's time and did as much (each class twice the one before).  Accounts with fewer than three acts are left out, and
so are pairs that an identifier joins, that any channel links, or whose lives do not overlap, where that is said.

*Links inside* asks whose the most surprising pairs are: of one planted ring that shares nothing, of any planted ring,
of one honest group; *chance* is the share of all pairs.  *Mates* are as in [encoder.md](encoder.md).  *Detection* lets
the search follow the links (*proposed*), or counts them as one more channel (*heard*), without an innocent explanation,
and then only pairs that no other channel links, so that nothing is counted twice.  Truth is read for measuring only,
but for the design `told by the truth`, which learns from the rings of three other markets who is whose mate.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from behaviour_designs import (
    FEWEST,
    Acts,
    count_moments,
    count_phrases,
    encode_halves,
    encode_next,
    learn_mates,
    project_counts,
    read_acts,
    weigh_counts,
)
from behaviour_pairs import AlikePairs, compare_vectors, find_alike, leave_linked, mark_inside
from detection_quality import to_markdown
from encoder import Market as Asked
from encoder import by_cosine, by_links, find_mates
from measure import write_result
from numpy.typing import NDArray
from worlds import list_honest, load_world

from detection.candidates.links import Links
from detection.channels.incidence import Dealings
from detection.channels.record import Channel
from detection.evaluation.leak_gate import remove_labels
from detection.evaluation.measures import list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.truth import Truth
from detection.evaluation.worlds import WORLDS
from detection.evidence.market import Market, make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from embeddings.encoder.model import fit_encoder
from embeddings.encoder.settings import EncoderSettings
from graph.model import Ints, Snapshot
from graph.vocabulary import TIERS

KEPT = Path(__file__).parents[1] / ".bench" / "behaviour.jsonl"
LINK_BITS = 13.0
"""Of a link: one matched pair in 8,192 is as alike."""
MOST_LISTED = (300, 3_000)
TAUGHT_BY = 3
PHRASES, MOMENTS, NEXT, HALVES = "phrases", "moments", "what comes next", "own other half"
TOLD, SHIPPED, CHANNELS = "told by the truth", "the encoder as it ships", "links of the channels"
DESIGNS: dict[str, Callable[[Acts], Any]] = {
    PHRASES: lambda acts: project_counts(count_phrases(acts), 0),
    MOMENTS: lambda acts: weigh_counts(count_moments(acts)),
    NEXT: lambda acts: encode_next(acts, 0),
    HALVES: lambda acts: encode_halves(acts, 0),
}
EVERY = (*DESIGNS, SHIPPED, TOLD)
HEARD = (MOMENTS, HALVES)
"""One plain design and one that is learned."""
LIKENESS = Channel(
    "likeness",
    lambda *_: Dealings(LIKENESS, *np.empty((2, 0), dtype=np.int64)),
    many="pairs of members act alike at the same times",
    has_pool=False,
)


@dataclass(frozen=True)
class Trial:
    """A market with what is true of it: the rows of each ring with what it shares, and of each honest group."""

    snapshot: Snapshot
    truth: Truth
    rings: list[tuple[str, Ints]]
    honest: list[Ints]

    @property
    def asked(self) -> Asked:
        """The same as the questions about ring mates want it."""
        return Asked(self.snapshot, np.zeros(self.snapshot.n_accounts, dtype=bool), self.rings)


@cache
def read_trial(world: str, seed: int) -> Trial:
    snapshot, told = load_world(world, 20_000, seed, "hard")
    truth = restrict_truth(told, snapshot)
    row = {name: place for place, name in enumerate(snapshot.account_id.tolist())}
    rings = [(ring.sharing, np.array(sorted(row[one] for one in ring.members))) for ring in truth.rings]
    honest = [np.array(sorted(row[one] for one in group.members)) for group in truth.lookalikes]
    return Trial(remove_labels(snapshot), truth, rings, honest)


def measure(world: str, seed: int, designs: Sequence[str]) -> None:
    """Some designs on one market, and detection without any."""
    trial = read_trial(world, seed)
    acts, market = read_acts(trial.snapshot), make_market(trial.snapshot)
    key = {"world": world, "seed": seed}
    if not is_kept(**key, design="", way="not heard"):
        keep(**key, design="", way="not heard", **detect(trial, market))
    makers = {name: partial(make, acts) for name, make in DESIGNS.items()}
    makers |= {TOLD: partial(_learn_from_others, world, seed, acts)}
    for name in designs:
        if name == SHIPPED:
            measure_others(trial, key)
            continue
        if is_kept(**key, design=name, part="links"):
            continue
        began = time.process_time()
        compare = compare_vectors(makers[name]())
        mates = find_mates(compare, trial.asked)
        pairs = find_alike(compare, acts)
        seconds = time.process_time() - began
        apart = {by_any: leave_linked(pairs, market, acts, by_any=by_any) for by_any in (False, True)}
        for way, heard in _hear(name, apart, market):
            if not is_kept(**key, design=name, way=way):
                keep(**key, design=name, way=way, **detect(trial, *heard))
        told = {f"{by_any}": [*tell_inside(left, trial)] for by_any, left in apart.items()}
        keep(**key, design=name, part="mates", **mates)
        keep(**key, design=name, part="links", seconds=seconds, told=told, chance=tell_chance(acts, trial))


def measure_others(trial: Trial, key: dict[str, Any]) -> None:
    """Ring mates by what there is already."""
    if is_kept(**key, design=SHIPPED, part="mates"):
        return
    keep(**key, design=CHANNELS, part="mates", **find_mates(by_links(trial.snapshot), trial.asked))
    vectors = fit_encoder(trial.snapshot, EncoderSettings(seed=0)).encode(trial.snapshot)
    keep(**key, design=SHIPPED, part="mates", **find_mates(by_cosine(vectors), trial.asked))


def _learn_from_others(world: str, seed: int, acts: Acts) -> NDArray[np.float32]:
    others = [read_trial(world, seed + more) for more in range(1, TAUGHT_BY + 1)]
    return learn_mates([(read_acts(other.snapshot), [rows for _, rows in other.rings]) for other in others], acts, 0)


def _hear(
    name: str, apart: dict[bool, AlikePairs], market: Market
) -> Iterator[tuple[str, tuple[Market, Links | None]]]:
    """The ways in which detection may hear of a design's links, as a market and links that the search follows."""
    if name not in HEARD:
        return
    told, unlinked = (pairs.take(pairs.bits >= LINK_BITS) for pairs in (apart[False], apart[True]))
    yield "proposed", (market, Links(told.a, told.b, told.bits))
    dealings = {**market.dealings, LIKENESS.name: Dealings(LIKENESS, unlinked.a, unlinked.b)}
    yield "heard", (replace(market, dealings=dealings), None)


def detect(trial: Trial, market: Market, likes: Links | None = None) -> dict[str, Any]:
    """How the list of rings fares, how many rings that share nothing are on it, and who is accused."""
    rings = build_rings(search_market(market, DetectSettings(), likes=likes))
    hits = match_groups(list_members(rings), trial.truth.rings)
    score = score_ranking(hits, len(trial.truth.rings))
    quiet = [ring.sharing == "none" for ring in trial.truth.rings]
    honest = list_honest(rings, trial.truth)
    tiers = Counter(ring.tier for ring in rings), Counter(ring.tier for ring in honest)
    return {
        "average_precision": score.average_precision.value,
        "recall": score.recall.value,
        "quiet": sum(quiet),
        "quiet_found": sum(quiet[hit] for hit in hits if hit is not None),
        **{f"listed_{tier}": tiers[0][tier] for tier in TIERS[1:]},
        **{f"honest_{tier}": tiers[1][tier] for tier in TIERS[1:]},
    }


def _list_groups(trial: Trial) -> tuple[list[Ints], list[Ints], list[Ints]]:
    quiet = [rows for sharing, rows in trial.rings if sharing == "none"]
    return quiet, [rows for _, rows in trial.rings], trial.honest


def tell_inside(pairs: AlikePairs, trial: Trial) -> Iterator[dict[str, float]]:
    """Whose the most surprising pairs are."""
    quiet, every, honest = _list_groups(trial)
    for most in MOST_LISTED:
        first, n = pairs.take(slice(most)), trial.snapshot.n_accounts
        yield {
            "links": len(first.a),
            "bits": float(first.bits[-1]) if len(first.bits) else 0.0,
            "quiet": int(mark_inside(first, quiet, n).sum()),
            "rings": int(mark_inside(first, every, n).sum()),
            "honest": int(mark_inside(first, honest, n).sum()),
            "touched": sum(bool(mark_inside(first, [rows], n).any()) for rows in quiet),
        }


def tell_chance(acts: Acts, trial: Trial) -> list[float]:
    """The share of all pairs of accounts that did enough, inside the same three."""
    able = acts.count >= FEWEST
    everybody = int(able.sum())
    sizes = [[int(able[rows].sum()) for rows in groups] for groups in _list_groups(trial)]
    return [sum(n * (n - 1) for n in each) / (everybody * (everybody - 1)) for each in sizes]


def write_report() -> str:
    """All that was measured, as Markdown."""
    kept = read_kept()
    parts = [
        "# Behaviour over time: look-alike links between accounts that share nothing",
        "`python benchmarks/behaviour.py`: hard markets of 20,000 accounts; what is missing here was not measured.",
        *(" ".join(part.split()) for part in (__doc__ or "").split("\n\n")[3:5]),
        "## Ring mates",
        to_markdown(tabulate_mates(kept)),
        "## Links inside",
        "The most surprising pairs of each market, and how many in a hundred lie inside a group of each sort.",
        to_markdown(tabulate_links(kept)),
        "## Detection",
        "Sums of rings over the seeds; *found* are planted rings that share nothing.",
        to_markdown(tabulate_detection(kept)),
    ]
    return "\n\n".join(parts) + "\n"


def tabulate_mates(kept: list[dict[str, Any]]) -> pd.DataFrame:
    """For each world and design the rank of the first mate, and mates among the ten nearest, means over the seeds."""
    figures = {"mrr_all": "mates, MRR", "recall_all": "recall at 10"}
    figures |= {"mrr_nothing": "of rings that share nothing", "recall_nothing": "their recall at 10"}
    told = pd.DataFrame([each for each in kept if each.get("part") == "mates"])
    means = told.groupby(["world", "design"])[[*figures]].mean().reset_index()
    means = means.assign(seeds=told.groupby(["world", "design"]).seed.nunique().to_numpy())
    order = {name: place for place, name in enumerate((*WORLDS, CHANNELS, SHIPPED, *DESIGNS, TOLD))}
    means = means.sort_values(["world", "design"], key=lambda column: column.map(order))
    shown = means.assign(**{name: means[name].map("{:.3f}".format) for name in figures})
    return shown.rename(columns=figures)[["world", "design", "seeds", *figures.values()]]


def tabulate_links(kept: list[dict[str, Any]]) -> pd.DataFrame:
    """For each world and design, whose the most surprising pairs are, sums over the seeds."""
    rows = []
    trials = [each for each in kept if each.get("part") == "links"]
    for world, design in dict.fromkeys((each["world"], each["design"]) for each in trials):
        ours = [each for each in trials if (each["world"], each["design"]) == (world, design)]
        chance = np.mean([each["chance"] for each in ours], axis=0)
        for by_any, said in (("False", "no identifier"), ("True", "nothing that is seen")):
            for place, most in enumerate(MOST_LISTED):
                told = pd.DataFrame([each["told"][by_any][place] for each in ours])
                shares = [told[name].sum() / told["links"].sum() for name in ("quiet", "rings", "honest")]
                inside = [f"{100 * share:.2f} ({100 * by:.3f})" for share, by in zip(shares, chance, strict=True)]
                bits, touched = f"{told['bits'].mean():.1f}", int(told["touched"].sum())
                rows.append((world, design, said, most, bits.replace("nan", ""), *inside, touched))
    groups = ("in a ring that shares nothing (chance)", "in a ring", "in an honest group")
    names = ("in common", "pairs", "least bits", *groups)
    order = {name: place for place, name in enumerate((*WORLDS, *DESIGNS, TOLD))}
    table = pd.DataFrame(rows, columns=["world", "design", *names, "rings touched"])
    by = ["world", "design"]
    return table.sort_values(by, key=lambda column: column.map(order), kind="stable").reset_index(drop=True)


def tabulate_detection(kept: list[dict[str, Any]]) -> pd.DataFrame:
    """For each world and way of hearing how rings and honest groups fare."""
    trials = pd.DataFrame([each for each in kept if "way" in each])
    rows = []
    for (world, design, way), ours in trials.groupby(["world", "design", "way"], sort=False):
        accused = [f"{ours[f'honest_{tier}'].sum()} of {ours[f'listed_{tier}'].sum()}" for tier in reversed(TIERS[1:])]
        means = [f"{ours[name].mean():.3f}" for name in ("average_precision", "recall")]
        each = " ".join(f"{figure:.3f}" for figure in ours.sort_values("seed").average_precision)
        found = f"{ours.quiet_found.sum()} of {ours.quiet.sum()}"
        rows.append((world, f"{design}, {way}" if design else way, *means, each, found, *accused))
    names = ("average precision", "recall", "by seed", "found", "honest of automatic", "of review", "of watch")
    table = pd.DataFrame(rows, columns=["world", "links", *names])
    return table.sort_values("world", key=lambda column: column.map([*WORLDS].index), kind="stable")


def keep(**figures: object) -> None:
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")
    print(figures, flush=True)


def read_kept() -> list[dict[str, Any]]:
    return [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()] if KEPT.exists() else []


def is_kept(**wanted: object) -> bool:
    return any(all(each.get(name) == value for name, value in wanted.items()) for each in read_kept())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="run", choices=["run", "measure", "report"])
    parser.add_argument("--world", choices=list(WORLDS), default="market")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--designs", nargs="+", choices=EVERY, default=EVERY)
    options = parser.parse_args()
    if options.command == "measure":
        measure(options.world, options.seed, options.designs)
    elif options.command == "run":
        for seed, world in product(range(1, options.seeds + 1), WORLDS):
            measure(world, seed, EVERY)
    if options.command in ("run", "report"):
        write_result("behaviour.md", write_report())


if __name__ == "__main__":
    main()
