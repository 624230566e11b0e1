"""Learned account risk beside the usual recipes, with 5 %, 20 % and 40 % of the accounts labelled.

    python benchmarks/account_risk.py measure --market p2p --share 0.2 --seeds 0-9
    python benchmarks/account_risk.py folds --seed 0
    python benchmarks/account_risk.py report

The first two keep every figure in ``.bench/account_risk.jsonl``, and pass over what is there already, so that the whole
can be measured in pieces; ``run``, the default, does all of it.  The last writes results/account_risk.md.

A seed draws the labelled accounts, as many of either kind as in the market; all methods learn from the same ones and
are measured on all the others.  Truth reaches a method only as the labels of the drawn accounts.  Intervals are over
the draws, of one and the same market (Student's t, 95 %).  A share of 20 stands for twenty labels, ten of either kind.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from detection_quality import load_market
from measure import DATA, mark_bad, write_result
from risk_methods import ABLATIONS, METHODS, SAGE_EPOCHS, SETTINGS, Market, score_methods
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from detection.evaluation.leak_gate import remove_labels
from detection.evaluation.simulation.market import MarketSettings
from detection.risk.trees import apply_trees, fit_trees
from detection.run import find_run
from detection.settings import DetectSettings
from embeddings.features.accounts import feature_names
from embeddings.features.table import NEIGHBOURS, TWO_STEPS, FeatureTable, describe_accounts, pick_columns
from graph.contract.tables import read_folder
from graph.model import Floats
from graph.open import open_store
from graph.settings import Settings

ROOT = Path(__file__).parents[1]
HOUSES = (ROOT / "graph", ROOT / "embeddings", ROOT / "detection")
KEPT = ROOT / ".bench" / "account_risk.jsonl"
MARKETS = ("ordinary", "hard", "p2p", "yelpchi", "ecom")
SHARES = (0.05, 0.2, 0.4)
FEW = 20
RISKIEST = 50
CALIBRATION = """Calibration error: how far the mean chance lies from the share of fraud, on average over ten groups of
accounts of equal size.  The riskiest are a fiftieth of the accounts: their mean chance, and the share that is bad.
"""
REPORTED = (("calibration", 4), ("base", 4), ("said", 3), ("found", 3))
ABLATED = ("Ringfence", *ABLATIONS)
ABLATED_SHARE, ABLATED_DRAWS = 0.2, 5


def read_market(name: str, data: Path) -> Market:
    """A market with all that does not depend on the draw, which is kept until the code changes."""
    code = hashlib.sha256(b"".join(path.read_bytes() for house in HOUSES for path in sorted(house.rglob("*.py"))))
    place = KEPT.parent / f"{name}-{code.hexdigest()[:16]}.pickle"
    if not place.exists():
        place.parent.mkdir(exist_ok=True)
        aside = place.with_suffix(f".{os.getpid()}")
        aside.write_bytes(pickle.dumps(describe_market(name, data)))
        aside.replace(place)
    return pickle.loads(place.read_bytes())


def describe_market(name: str, data: Path) -> Market:
    if name in ("ordinary", "hard"):
        snapshot, truth = load_market(MarketSettings(20_000, seed=1, difficulty=name))
        is_bad = mark_bad(snapshot, truth.accounts)
    else:
        with tempfile.TemporaryDirectory() as folder, open_store(f"{folder}/store", mode="write") as store:
            store.load(read_folder(data / name, Settings()))
            snapshot = store.snapshot()
        told = pd.read_parquet(data / name / "truth" / "accounts.parquet").set_index("account_id").iloc[:, 0]
        is_bad = told.reindex(snapshot.account_id).to_numpy().astype(bool)
    snapshot = remove_labels(snapshot)
    score = find_run(snapshot, DetectSettings()).account_score
    return Market(snapshot, is_bad, describe_accounts(snapshot), score)


def draw_splits(market: Market, share: float, seeds: Sequence[int]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Accounts to learn from and the others: a share of all, or some number of them; of few, half are bad."""
    everyone = np.arange(len(market.is_bad))
    for seed in seeds:
        if share == FEW:
            rng = np.random.default_rng(seed)
            kinds = [np.flatnonzero(market.is_bad == kind) for kind in (True, False)]
            seen = np.concatenate([rng.choice(kind, FEW // 2, replace=False) for kind in kinds])
        else:
            size = share if share < 1 else int(share)
            seen, _ = next(StratifiedShuffleSplit(1, train_size=size, random_state=seed).split(everyone, market.is_bad))
        seen = np.sort(seen)
        yield seed, seen, np.setdiff1d(everyone, seen)


def measure_market(name: str, share: float, seeds: Sequence[int], data: Path, wanted: Sequence[str]) -> None:
    done = {(line["market"], line["share"], line["seed"], line["method"]) for line in read_kept()}
    missing = {seed: [each for each in wanted if (name, share, seed, each) not in done] for seed in seeds}
    if not any(missing.values()):
        return
    market = read_market(name, data)
    for seed, seen, held in draw_splits(market, share, [seed for seed in seeds if missing[seed]]):
        for method, score in score_methods(market, seen, missing[seed]):
            keep(name, share, seed, method, market.is_bad[held], score[held])


def measure_folds(seed: int, data: Path) -> None:
    """Five folds of p2p, and what each group of columns adds to boosted trees."""
    market = read_market("p2p", data)
    splitter, kept = StratifiedKFold(5, shuffle=True, random_state=seed), read_kept()
    for fold, (seen, held) in enumerate(splitter.split(market.is_bad, market.is_bad)):
        place, bad = 5 * seed + fold, market.is_bad[held]
        done = {line["method"] for line in kept if line["market"] == "p2p folds" and line["seed"] == place}
        for method, columns in list_column_groups(market.table):
            if method not in done:
                x = pick_columns(market.table, columns)
                score = apply_trees(fit_trees(x[seen], market.is_bad[seen], SETTINGS), x[held])
                keep("p2p folds", 0.8, place, method, bad, score)
        wanted = [name for name in ("Ringfence", ABLATIONS[1]) if name not in done]
        for method, score in score_methods(market, seen, wanted) if wanted else ():
            keep("p2p folds", 0.8, place, method, bad, score[held])


def list_column_groups(table: FeatureTable) -> list[tuple[str, list[str]]]:
    own = [name for name in table.names if ": " not in name]
    plain = [name for name in own if name in feature_names()]
    near = [name for name in table.names if ": " in name and not name.startswith(TWO_STEPS)]
    degrees = [name for name in near if name.endswith(NEIGHBOURS)]
    no_cards = [name for name in own if not name.startswith(("payment", "device"))]
    no_amounts = [name for name in own if "amount" not in name and "share" not in name]
    return [
        ("trees: features", plain),
        ("trees: + history", own),
        ("trees: + degrees", own + degrees),
        ("trees: + neighbours' means", own + near),
        ("trees: + two steps away", list(table.names)),
        ("trees: + history, without cards and devices", no_cards),
        ("trees: + history, without amounts", no_amounts),
    ]


def keep(market: str, share: float, seed: int, method: str, bad: np.ndarray, score: Floats) -> None:
    line = {
        "market": market,
        "share": share,
        "seed": seed,
        "method": method,
        "ap": float(average_precision_score(bad, score)),
        "auc": float(roc_auc_score(bad, score)),
        "base": float(bad.mean()),
    }
    if method.startswith("Ringfence"):
        line["calibration"] = measure_calibration(bad, score)
        riskiest = np.argsort(-score, kind="stable")[: len(score) // RISKIEST]
        line["said"], line["found"] = float(score[riskiest].mean()), float(bad[riskiest].mean())
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def measure_calibration(bad: np.ndarray, score: Floats) -> float:
    """Expected calibration error: how far, on average, the share of fraud lies from the score, in ten equal groups."""
    groups = np.array_split(np.argsort(score, kind="stable"), 10)
    return float(np.mean([abs(bad[rows].mean() - score[rows].mean()) for rows in groups]))


def read_kept() -> list[dict]:
    if not KEPT.exists():
        return []
    return [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()]


def estimate(values: Sequence[float]) -> tuple[float, float]:
    """The mean and the half width of its 95 % interval."""
    if len(values) < 2:
        return float(np.mean(values)), float("nan")
    return float(np.mean(values)), float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def show(values: Sequence[float], digits: int = 3) -> str:
    mean, half = estimate(values)
    return f"{mean:.{digits}f}" if np.isnan(half) else f"{mean:.{digits}f} ± {half:.{digits}f}"


def write_report() -> None:
    kept = pd.DataFrame(read_kept()).drop_duplicates(["market", "share", "seed", "method"], keep="last")
    text = ["# Learned account risk\n", "`python benchmarks/account_risk.py`\n", __doc__.split("\n\n", 3)[3]]
    text += [f"GraphSAGE was trained for {SAGE_EPOCHS} epochs.\n"]
    for measure, title in (("ap", "Average precision"), ("auc", "Area under the ROC curve")):
        text += [f"## {title}\n", *tabulate(kept, METHODS, measure), ""]
    text += ["## Ringfence against the best of the others\n"]
    text += ["The difference in average precision, draw by draw, to the method with the highest mean.\n"]
    text += [*tabulate_leads(kept), "", "## Calibration\n", CALIBRATION, *tabulate_calibration(kept), ""]
    if len(keep_whole(kept, ABLATED)):
        text += ["## Ablations: average precision\n", *tabulate(kept, ABLATED, "ap"), ""]
    if (kept.market == "p2p folds").any():
        text += ["## Charge-backs on p2p, five folds\n", *tabulate_folds(kept)]
    write_result("account_risk.md", "\n".join(text) + "\n")


def tabulate_leads(kept: pd.DataFrame) -> list[str]:
    lines = ["| market | labelled | draws | the best other | Ringfence − the best other |", "| --- " * 5 + "|"]
    for market in MARKETS:
        for share in SHARES:
            part = kept[(kept.market == market) & (kept.share == share)]
            values = part.pivot(index="seed", columns="method", values="ap").reindex(columns=METHODS).dropna()
            if len(values) > 1:
                best = values.drop(columns="Ringfence").mean().idxmax()
                lead = (values["Ringfence"] - values[best]).tolist()
                lines.append(f"| {market} | {share:.0%} | {len(values)} | {best} | {show(lead)} |")
    return lines


def tabulate_calibration(kept: pd.DataFrame) -> list[str]:
    heads = ["market", "labels", "draws", "calibration error", "share of fraud", "riskiest: chance", "riskiest: share"]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for market in MARKETS:
        for share in (FEW, *SHARES):
            part = kept[(kept.market == market) & (kept.share == share) & (kept.method == "Ringfence")]
            part = part.dropna(subset=["calibration"])
            if len(part):
                labels = f"{share}" if share >= 1 else f"{share:.0%}"
                cells = [show(part[name].tolist(), digits) for name, digits in REPORTED]
                lines.append(f"| {market} | {labels} | {len(part)} | " + " | ".join(cells) + " |")
    return lines


def keep_whole(kept: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """The draws for which all of some methods were measured: they are compared on the same ones."""
    part = kept[kept.method.isin(methods)]
    return part[part.groupby(["market", "share", "seed"]).method.transform("nunique") == len(methods)]


def tabulate(kept: pd.DataFrame, methods: Sequence[str], measure: str, digits: int = 3) -> list[str]:
    lines = ["| market | labelled | draws | " + " | ".join(methods) + " |", "| --- " * (3 + len(methods)) + "|"]
    for market in MARKETS:
        for share in SHARES:
            part = keep_whole(kept[(kept.market == market) & (kept.share == share)], methods)
            if not len(part):
                continue
            found = {method: part.loc[part.method == method, measure].dropna().tolist() for method in methods}
            best = max((np.mean(values) for values in found.values() if values), default=0.0)
            shown = [show(values, digits) if values else "–" for values in found.values()]
            is_best = [bool(values) and np.mean(values) == best for values in found.values()]
            cells = [f"**{text}**" if bold else text for text, bold in zip(shown, is_best, strict=True)]
            draws = len(found[methods[0]])
            lines.append(f"| {market} | {share:.0%} | {draws} | " + " | ".join(cells) + " |")
    return lines


def tabulate_folds(kept: pd.DataFrame) -> list[str]:
    part = kept[kept.market == "p2p folds"]
    lines = ["| method | folds | average precision | AUC |", "| --- | --- | --- | --- |"]
    for method in part.method.unique():
        of = part[part.method == method]
        lines.append(f"| {method} | {len(of)} | {show(of.ap.tolist())} | {show(of.auc.tolist())} |")
    return lines


def parse_seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["measure", "folds", "report", "run"], default="run")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--market", choices=MARKETS, default="p2p")
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--seeds", type=parse_seeds, default=list(range(10)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ablate", action="store_true")
    options = parser.parse_args()
    wanted = ABLATED if options.ablate else METHODS
    started = time.perf_counter()
    if options.what == "measure":
        measure_market(options.market, options.share, options.seeds, options.data, wanted)
    if options.what in ("folds", "run"):
        measure_folds(options.seed, options.data)
    if options.what == "run":
        for market in MARKETS:
            for share in SHARES:
                measure_market(market, share, options.seeds, options.data, METHODS)
            measure_market(market, FEW, options.seeds, options.data, ("Ringfence",))
            measure_market(market, ABLATED_SHARE, range(ABLATED_DRAWS), options.data, ABLATED)
    if options.what in ("report", "run"):
        write_report()
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
