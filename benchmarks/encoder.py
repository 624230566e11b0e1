"""Which objective, and which parts of a link, make the encoder's vectors useful; and what it takes.

    python benchmarks/encoder.py measure --market hard --seed 1
    python benchmarks/encoder.py report

The first keeps every figure in ``.bench/encoder.jsonl`` and passes over what is there already.  ``run``, the default,
measures all; ``report`` writes results/encoder.md.

Vectors are asked two things.  *Ring mates*: for every member of a planted ring, how high does the first other member
rank among all accounts by cosine (mean reciprocal rank, MRR), and how many of the ten nearest are mates, of as many as
there could be (recall at 10)?  Members of rings which share no identifier are counted apart.  *Probe*: a logistic
regression on the vectors learns from 5 % of the accounts, drawn three times; the average precision is on the rest.
Truth is read for measuring only.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from detection_quality import load_market, to_markdown
from encoder_objectives import METHODS
from large_market import make_large_market, take_facts
from measure import DATA, mark_bad, write_result
from scipy import sparse
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedShuffleSplit

from detection.candidates.links import link_pairs
from detection.channels.catalogue import SIGN_UP
from detection.evaluation.leak_gate import remove_labels
from detection.evaluation.measures import list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.simulation.market import MarketSettings
from detection.evidence.market import make_market
from detection.risk.linear import apply_linear, fit_linear
from detection.run import find_run
from detection.settings import DetectSettings
from embeddings.encoder.incremental import warm_up
from embeddings.encoder.model import fit_encoder
from embeddings.encoder.settings import EncoderSettings
from embeddings.encoder.training import KnownAccounts
from embeddings.features.accounts import account_features
from embeddings.features.scaling import fit_scaling, scale_features
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.settings import Settings

KEPT = Path(__file__).parents[1] / ".bench" / "encoder.jsonl"
LABELLED, N_DRAWS = 0.05, 3
PROBE_STRENGTH = 0.01
LABEL_STEPS = 100
N_NEWCOMERS = 50
MARKETS = (("hard", 1), ("hard", 2), ("ordinary", 1), ("p2p", 0))
NEAREST = 10
FEATURES = "scaled features, no encoder"
LINKS = "links of the channels, no encoder"
TUNED = "fine-tuned with the labels of the probe"


@dataclass(frozen=True)
class Market:
    """A market, whether each account is bad (N,), and the rows of each planted ring with what its members share."""

    snapshot: Snapshot
    is_bad: np.ndarray
    rings: list[tuple[str, np.ndarray]]


@cache
def read_market(name: str, seed: int, data: Path) -> Market:
    if name in ("ordinary", "hard"):
        snapshot, truth = load_market(MarketSettings(20_000, seed=seed, difficulty=name))
        is_bad = mark_bad(snapshot, truth.accounts)
        row = {one: place for place, one in enumerate(snapshot.account_id.tolist())}
        members = [
            (ring.sharing, np.array(sorted(row[one] for one in ring.members if one in row))) for ring in truth.rings
        ]
        return Market(remove_labels(snapshot), is_bad, [each for each in members if len(each[1]) > 1])
    with tempfile.TemporaryDirectory() as folder, open_store(f"{folder}/store", mode="write") as store:
        store.load(read_folder(data / name, Settings()))
        snapshot = remove_labels(store.snapshot())
    told = pd.read_parquet(data / name / "truth" / "accounts.parquet").set_index("account_id").iloc[:, 0]
    return Market(snapshot, told.reindex(snapshot.account_id).to_numpy().astype(bool), [])


def measure(name: str, seed: int, data: Path, *, most: int = 99) -> None:
    """Every method on one market; no more than some at a time, so that the whole can be measured in pieces."""
    market = read_market(name, seed, data)
    if not is_kept(market=name, seed=seed, method=FEATURES):
        features = account_features(market.snapshot)
        values = scale_features(features, fit_scaling(features))
        unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
        keep(
            market=name, seed=seed, method=FEATURES, **find_mates(by_cosine(unit), market), probe=probe(values, market)
        )
    if market.rings and not is_kept(market=name, seed=seed, method=LINKS):
        keep(market=name, seed=seed, method=LINKS, **find_mates(by_links(market.snapshot), market))
    for method, (make, settings) in METHODS.items():
        if is_kept(market=name, seed=seed, method=method):
            continue
        if most == 0:
            return
        most -= 1
        began = time.perf_counter()
        vectors = fit_encoder(market.snapshot, settings, make_objective=make).encode(market.snapshot)
        seconds = time.perf_counter() - began
        told = find_mates(by_cosine(vectors), market) | {"probe": probe(vectors, market), "seconds": seconds}
        keep(market=name, seed=seed, method=method, **told)
    if most and not is_kept(market=name, seed=seed, method=TUNED):
        keep(market=name, seed=seed, method=TUNED, **measure_tuned(market))


def measure_tuned(market: Market) -> dict[str, float]:
    """Vectors fine-tuned with the labels of each draw, probed with the same labels."""
    found, mates = [], []
    for seen, held in draw_labels(market):
        known = KnownAccounts(seen, market.is_bad[seen])
        vectors = fit_encoder(market.snapshot, EncoderSettings(label_steps=LABEL_STEPS), known=known).encode(
            market.snapshot
        )
        found.append(probe_once(vectors, market, seen, held))
        mates.append(find_mates(by_cosine(vectors), market))
    return {name: float(np.mean([each[name] for each in mates])) for name in mates[0]} | {
        "probe": float(np.mean(found))
    }


def by_cosine(vectors: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: vectors[rows] @ vectors.T


def by_links(snapshot: Snapshot) -> Callable[[np.ndarray], np.ndarray]:
    """Two accounts are as alike as the links weigh that the search for candidates follows."""
    market, n = make_market(snapshot), snapshot.n_accounts
    things = tuple(channel for name, channel in market.things.items() if name != SIGN_UP)
    links = link_pairs(things, tuple(market.dealings.values()), n, market.policy)
    weights = sparse.coo_array((links.bits, (links.a, links.b)), shape=(n, n)).tocsr()
    weights = weights + weights.T
    return lambda rows: weights[rows].toarray()


def find_mates(compare: Callable[[np.ndarray], np.ndarray], market: Market) -> dict[str, float]:
    """How well ring mates are found, for members of all rings and of those that share nothing.

    ``compare`` tells how alike some accounts are to all, (m,) rows → (m, N).
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for sharing, rows in market.rings:
        alike = compare(rows)
        alike[np.arange(len(rows)), rows] = -np.inf
        for place, each in enumerate(alike):
            mates = np.delete(rows, place)
            nearest = np.argpartition(-each, NEAREST)[:NEAREST]
            hits = np.isin(nearest, mates).sum() / min(NEAREST, len(mates))
            # Where many are as near as the first mate, it comes in their midst.
            rank = 1 + (each > each[mates].max()).sum() + ((each == each[mates].max()).sum() - 1) / 2
            figures = (1.0 / rank, float(hits))
            for part in ("all", *(["nothing"] if sharing == "none" else [])):
                found.setdefault(part, []).append(figures)
    means = {part: np.mean(each, axis=0) for part, each in found.items()}
    return {
        f"{name}_{part}": float(mean[at]) for part, mean in means.items() for at, name in enumerate(("mrr", "recall"))
    }


def draw_labels(market: Market) -> list[tuple[np.ndarray, np.ndarray]]:
    splitter = StratifiedShuffleSplit(N_DRAWS, train_size=LABELLED, random_state=0)
    return list(splitter.split(market.is_bad, market.is_bad))


def probe(vectors: np.ndarray, market: Market) -> float:
    return float(np.mean([probe_once(vectors, market, seen, held) for seen, held in draw_labels(market)]))


def probe_once(vectors: np.ndarray, market: Market, seen: np.ndarray, held: np.ndarray) -> float:
    linear = fit_linear(vectors[seen], market.is_bad[seen], PROBE_STRENGTH)
    return float(average_precision_score(market.is_bad[held], apply_linear(linear, vectors[held])))


def measure_look_alike(seed: int) -> None:
    """Rings found on a hard market, with the look-alike channel and without."""
    if is_kept(part="look-alike", seed=seed):
        return
    snapshot, told = load_market(MarketSettings(20_000, seed=seed, difficulty="hard"))
    truth = restrict_truth(told, snapshot)
    for look_alike in (False, True):
        began = time.perf_counter()
        run = find_run(snapshot, DetectSettings(look_alike=look_alike))
        score = score_ranking(match_groups(list_members(run.rings), truth.rings), len(truth.rings))
        keep(
            part="look-alike",
            seed=seed,
            look_alike=look_alike,
            listed=score.listed,
            recall=score.recall.value,
            average_precision=score.average_precision.value,
            sure_recall=score.recall_when_sure,
            seconds=time.perf_counter() - began,
        )


def measure_speed() -> None:
    """What a market of half a million accounts and four million rows takes, in a process of its own if asked alone."""
    market = make_large_market(np.random.default_rng(0))
    held = read_peak_gib()
    encoder, fitting = time_call(lambda: fit_encoder(market))
    fit_peak = read_peak_gib()
    vectors, encoding = time_call(lambda: encoder.encode(market))
    warm, warming = time_call(lambda: warm_up(encoder, market))
    rng = np.random.default_rng(1)
    chosen = rng.choice(market.n_accounts, N_NEWCOMERS, replace=False)
    cut = [(take_facts(market, row), str(market.account_id[row]), row) for row in chosen.tolist()]
    warm.encode_newcomer(*cut[0][:2])
    alone = [time_call(lambda one=one: warm.encode_newcomer(*one[:2])) for one in cut]
    off = max(float(np.abs(vector - vectors[one[2]]).max()) for (vector, _), one in zip(alone, cut, strict=True))
    millis = [1000 * seconds for _, seconds in alone]
    keep(
        part="speed",
        rows=len(market.uses.account) + len(market.orders.buyer) + len(market.reviews.author),
        snapshot_gib=held,
        fit_seconds=fitting,
        fit_gib=fit_peak,
        encode_seconds=encoding,
        warm_seconds=warming,
        gib=read_peak_gib(),
        newcomer_ms=float(np.median(millis)),
        newcomer_worst_ms=max(millis),
        newcomer_off=off,
    )


def time_call(call: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    found = call()
    return found, time.perf_counter() - began


def read_peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def write_report() -> str:
    """All that was measured, as Markdown."""
    kept = read_kept()
    methods = pd.DataFrame([each for each in kept if "method" in each])
    parts = [
        "# The encoder: what it is trained for, and what it takes",
        "`python benchmarks/encoder.py`. Simulated markets have 20,000 accounts; 300 steps, one seed.",
        (__doc__ or "").split("\n\n")[3].replace("\n", " ").strip(),
        to_markdown(tabulate_methods(methods)),
        "## Rings found with the look-alike channel and without",
        "Hard simulated markets, 20,000 accounts; measures are those of [detection_quality.md](detection_quality.md).",
        to_markdown(tabulate_look_alike([each for each in kept if each.get("part") == "look-alike"])),
        "## Speed",
        *[tell_speed(each) for each in kept if each.get("part") == "speed"][-1:],
    ]
    return "\n\n".join(parts) + "\n"


def tabulate_methods(kept: pd.DataFrame) -> pd.DataFrame:
    names = {"mrr_all": "mates, MRR", "recall_all": "recall at 10", "mrr_nothing": "nothing shared: MRR"}
    names |= {"recall_nothing": "their recall at 10", "probe": "probe, AP"}
    order = {name: place for place, name in enumerate([LINKS, FEATURES, *METHODS, TUNED])}
    kept = kept.assign(place=kept.method.map(order)).sort_values(["market", "seed", "place"])
    told = kept.assign(market=kept.market + " " + kept.seed.astype(str)).rename(columns=names)
    return show_figures(told[["market", "method", *names.values()]], [*names.values()])


def tabulate_look_alike(kept: list[dict[str, object]]) -> pd.DataFrame:
    told = pd.DataFrame(kept).sort_values(["seed", "look_alike"])
    told["look-alikes"] = np.where(told.look_alike, "with", "without")
    columns = {"listed": "rings listed", "recall": "recall", "average_precision": "average precision"}
    columns |= {"sure_recall": "recall at precision 0.95"}
    told = told.rename(columns=columns)
    means = told.groupby("look_alike")[["look-alikes", *columns.values()]].agg(
        {"look-alikes": "first"} | dict.fromkeys(columns.values(), "mean")
    )
    every = pd.concat([told, means.assign(seed="mean")])[["seed", "look-alikes", *columns.values()]]
    return show_figures(every, [*columns.values()])


def show_figures(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Fractions to three places, as text; what was not measured is empty."""
    shown = {name: [f"{each:.3g}" if each > 1 else f"{each:.3f}" for each in table[name]] for name in columns}
    return table.assign(**shown).replace("nan", "")


def tell_speed(kept: dict[str, object]) -> str:
    return (
        "A made-up market of 500,000 accounts, 900,000 identifiers and {rows:,} uses, orders and reviews,"
        " one thread: fitting {fit_seconds:.0f} s and at most {fit_gib:.1f} GiB, {snapshot_gib:.1f} of it the snapshot;"
        " encoding all {encode_seconds:.0f} s; one account beside the warm market {newcomer_ms:.0f} ms (median;"
        " {newcomer_worst_ms:.0f} ms at most), after {warm_seconds:.0f} s of warming up. Memory at most {gib:.1f} GiB"
        " in all. An account that is encoded alone by its facts differs from the full encoding by {newcomer_off:.0e}."
    ).format(**kept)


def keep(**figures: object) -> None:
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")
    print(figures, flush=True)


def read_kept() -> list[dict[str, object]]:
    return [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()] if KEPT.exists() else []


def is_kept(**wanted: object) -> bool:
    return any(all(each.get(name) == value for name, value in wanted.items()) for each in read_kept())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "command", nargs="?", default="run", choices=["run", "measure", "look-alike", "speed", "report"]
    )
    parser.add_argument("--market", choices=["ordinary", "hard", "p2p", "yelpchi", "ecom"], default="hard")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=99, help="methods to measure now")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    if options.command == "measure":
        measure(options.market, options.seed, options.data, most=options.most)
    elif options.command == "look-alike":
        measure_look_alike(options.seed)
    elif options.command == "speed":
        measure_speed()
    elif options.command == "run":
        for name, seed in MARKETS:
            measure(name, seed, options.data)
        for seed in range(1, 6):
            measure_look_alike(seed)
        measure_speed()
    if options.command in ("run", "report"):
        write_result("encoder.md", write_report())


if __name__ == "__main__":
    main()
