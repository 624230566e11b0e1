"""What the main job takes: simulate, load, detect, and the two questions asked most.

    python benchmarks/main_job.py [--small 20000] [--large 500000] [--repeat 3]

Writes results/main_job.md.  Whole processes, wall-clock, nothing kept warm but the file system.
"""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import Cost, read_ringfence, run_ringfence, write_result


def count_rows(folder: Path) -> int:
    """Rows of all tables of a market written as CSV; no cell of the simulator holds a newline."""
    return sum(sum(1 for _ in path.open("rb")) - 1 for path in folder.glob("*.csv"))


def median_cost(run: Callable[[], Cost], repeat: int) -> Cost:
    """The median seconds and the largest memory of some runs."""
    costs = [run() for _ in range(repeat)]
    seconds, processor = ([getattr(cost, name) for cost in costs] for name in ("seconds", "processor_seconds"))
    return Cost(statistics.median(seconds), max(cost.gib for cost in costs), statistics.median(processor))


def measure_market(folder: Path, accounts: int, repeat: int) -> list[tuple[str, Cost]]:
    """Costs of each step on one market."""
    market, store = folder / "market", folder / "store"
    steps = [("simulate", run_ringfence("simulate", market, "--accounts", str(accounts), "--seed", "0"))]
    rows = count_rows(market)
    stores = iter([store, *(folder / f"again-{n}" for n in range(repeat))])
    steps.append(("load", median_cost(lambda: run_ringfence("--store", next(stores), "load", market), repeat)))
    steps.append(("load again, nothing new", run_ringfence("--store", store, "load", market)))
    detect = median_cost(lambda: run_ringfence("--store", store, "detect", "--no-encoder"), repeat)
    steps.append(("detect, without the encoder", detect))
    ring = next(csv.DictReader(io.StringIO(read_ringfence("--store", store, "export", "rings", "-o", "-"))))
    for question, known in (("ring", ring["ring_id"]), ("account", ring["account_id"]), ("why", ring["account_id"])):
        cost = median_cost(lambda q=question, k=known: run_ringfence("--store", store, q, k), max(repeat, 5))
        steps.append((question, cost))
    return [(f"{accounts:,} accounts, {rows:,} rows: {name}", cost) for name, cost in steps]


def main() -> None:
    """Measure both sizes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    lines = ["# What the main job takes", "", "2 cores, 24 GiB; `python benchmarks/main_job.py`.", ""]
    lines += ["| step, as a whole process | seconds | peak GiB |", "| --- | ---: | ---: |"]
    for accounts, repeat in ((options.small, options.repeat), (options.large, 1)):
        with tempfile.TemporaryDirectory() as folder:
            for name, cost in measure_market(Path(folder), accounts, repeat):
                lines.append(f"| {name} | {cost.seconds:.2f} | {cost.gib:.2f} |")
    write_result("main_job.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
