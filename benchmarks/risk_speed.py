"""What learned risk takes on a market of half a million accounts: time and memory of training and of scoring.

    python benchmarks/risk_speed.py [processes | parts] [--accounts 500000] [--folder FOLDER]

Whole processes first: training, and detection with the model.  Then the parts, in one process, one after the other;
memory is the most that the process held until the end of the part.  ``--folder`` keeps the market, its store and the
model, and uses those of an earlier run; so either half can be measured by itself, and the other is told as it was last.
Writes results/risk_speed.md.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from main_job import count_rows
from measure import mark_bad, run_ringfence, write_result

from detection.decisions import Known
from detection.evaluation.leak_gate import remove_labels
from detection.evaluation.truth import read_truth
from detection.risk.file import read_model
from detection.risk.model import fit_risk, score_accounts
from embeddings.features.history import measure_large_amounts
from embeddings.features.one_account import describe_account
from embeddings.features.table import FeatureTable, describe_accounts
from graph.model import Floats, Snapshot
from graph.open import open_store

ASKED = 200


@dataclass(frozen=True)
class Part:
    """One step: what it took."""

    name: str
    seconds: float
    gib: float
    processor_seconds: float = np.nan


def take(name: str, work: Callable[[], object], parts: list[Part]) -> None:
    """Run one part."""
    began, worked = time.perf_counter(), time.process_time()
    work()
    seconds, processor_seconds = time.perf_counter() - began, time.process_time() - worked
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    parts.append(Part(name, seconds, gib, processor_seconds))
    print(parts[-1], flush=True)


def make_market(folder: Path, accounts: int) -> None:
    if not (folder / "store").exists():
        run_ringfence("simulate", folder / "market", "--accounts", str(accounts), "--seed", "0")
        run_ringfence("--store", folder / "store", "load", folder / "market")


def measure_processes(folder: Path) -> list[Part]:
    store, model = ("--store", folder / "store"), folder / "risk.model"
    steps = {
        "train": ("train", "-o", model),
        "detect, with the model": ("detect", "--no-encoder", "--model", model),
    }
    parts = []
    for name, command in steps.items():
        cost = run_ringfence(*store, *command)
        parts.append(Part(name, cost.seconds, cost.gib, cost.processor_seconds))
        print(parts[-1], flush=True)
    return parts


def measure_parts(folder: Path, numbers: list[int]) -> list[Part]:
    parts: list[Part] = []
    with open_store(str(folder / "store")) as store:
        snapshot = store.snapshot()
    market, model = remove_labels(snapshot), read_model(folder / "risk.model").model
    made: list[FeatureTable] = []
    score = np.full(market.n_accounts, 0.1)  # what the unsupervised score is has no part in what this takes
    take("describe all accounts", lambda: made.append(describe_accounts(market)), parts)
    table = made[0]
    take("score all accounts", lambda: score_accounts(model, table, score), parts)
    is_bad = mark_bad(snapshot, read_truth(folder / "market" / "truth").accounts)
    for number in numbers:
        rows = np.sort(np.random.default_rng(0).permutation(len(is_bad))[:number])
        known = Known(rows, is_bad[rows])
        name = f"learn from {len(rows):,} labels, and score all accounts"
        take(name, lambda known=known: fit_risk(table, score, known), parts)
    seconds = measure_questions(market, table, lambda one: score_accounts(model, one, np.array([0.1])))
    for name, share in (("median", 0.5), ("95th percentile", 0.95)):
        parts.append(Part(f"describe and score one account, {name} of {ASKED}", np.quantile(seconds, share), np.nan))
    return parts


def measure_questions(market: Snapshot, table: FeatureTable, score: Callable[[FeatureTable], Floats]) -> Floats:
    """Seconds for each of some accounts (A,), as if they had come since the market was described."""
    large_from, seconds = measure_large_amounts(market), []
    for account in np.random.default_rng(0).choice(market.n_accounts, ASKED).tolist():
        began = time.perf_counter()
        score(describe_account(market, table, account, large_from))
        seconds.append(time.perf_counter() - began)
    return np.array(seconds)


def tabulate(parts: list[Part], heading: str) -> list[str]:
    lines = [f"| {heading} | seconds | processor seconds | peak GiB |", "| --- | ---: | ---: | ---: |"]
    for part in parts:
        seconds = f"{part.seconds:.1f}" if part.seconds >= 1 else f"{part.seconds:.3f}"
        others = ((part.processor_seconds, 1), (part.gib, 2))
        cells = ("" if np.isnan(each) else f"{each:.{digits}f}" for each, digits in others)
        lines.append(f"| {part.name} | {seconds} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=500_000)
    parser.add_argument("--labels", type=int, nargs="*", default=[500_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("what", nargs="?", choices=["processes", "parts", "both"], default="both")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        folder = options.folder or Path(aside)
        make_market(folder, options.accounts)
        if options.what != "parts":
            keep("processes", tabulate(measure_processes(folder), "as a whole process"))
        if options.what != "processes":
            keep("parts", tabulate(measure_parts(folder, options.labels), "part, in one process"))
        rows = count_rows(folder / "market")
    lines = ["# What learned risk takes", "", f"`python benchmarks/risk_speed.py`: {options.accounts:,} accounts,"]
    lines += [f"{rows:,} rows; 2 cores."]
    for half in ("processes", "parts"):
        if place_half(half).exists():
            lines += ["", *place_half(half).read_text(encoding="utf-8").splitlines()]
    write_result("risk_speed.md", "\n".join(lines) + "\n")


def place_half(half: str) -> Path:
    return Path(__file__).parents[1] / ".bench" / f"risk_speed_{half}.md"


def keep(half: str, lines: list[str]) -> None:
    place_half(half).parent.mkdir(exist_ok=True)
    place_half(half).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
