"""What a load takes: a whole market, the same again, and three new rows of a table; side by side with another checkout.

    python benchmarks/load_speed.py [--accounts 500000] [--against FOLDER] [--repeat 1]

FOLDER is another checkout of this repository, run with the same libraries by turns, so that a busy machine slows both.
Writes results/load_speed.md: wall-clock seconds, and the processor's, of whole processes and those that they start.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from measure import write_result

HERE = Path(__file__).parents[1]
_COMMAND = "from cli.process import run; run()"


@dataclass(frozen=True)
class Spent:
    """Wall-clock seconds, processor seconds, and the most memory that one process held, in GiB."""

    seconds: float
    cpu_seconds: float
    gib: float


def run_in(checkout: Path, *arguments: str | Path) -> Spent:
    """Run one command of a checkout to its end; fail if it fails."""
    command = [sys.executable, "-P", "-c", _COMMAND, *(str(each) for each in arguments)]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as after an installation
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed in {checkout}: {' '.join(map(str, arguments))}")
    return Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def write_small(folder: Path, market: Path) -> dict[str, Path]:
    """Folders with three new rows each: accounts, and orders and devices of accounts of the market."""
    known = pq.read_table(market / "accounts.parquet", columns=["account_id"])["account_id"].to_pylist()
    ids = known[:: len(known) // 6]
    rows = {
        "accounts": [],
        "orders": ["order_id,buyer_id,seller_id", *(f"new-{n},{ids[n]},{ids[n + 3]}" for n in range(3))],
        "devices": ["account_id,device_id", *(f"{ids[n]},new-{n}" for n in range(3))],
    }
    for name, lines in rows.items():
        (folder / name).mkdir(parents=True)
        accounts = "".join(f"{name}-{number}\n" for number in range(3)) if name == "accounts" else f"{ids[0]}\n"
        (folder / name / "accounts.csv").write_text(f"account_id\n{accounts}", encoding="utf-8")
        if lines:
            (folder / name / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {name: folder / name for name in rows}


def measure(checkouts: dict[str, Path], market: Path, scratch: Path, repeat: int) -> dict[str, dict[str, list[Spent]]]:
    """The costs of each step in each checkout, by turns."""
    small = write_small(scratch / "small", market)
    found: dict[str, dict[str, list[Spent]]] = {}
    for _ in range(repeat):
        for name, checkout in checkouts.items():
            store, linked = scratch / f"store of {name}", scratch / f"linked store of {name}"
            shutil.rmtree(store, ignore_errors=True)
            steps = (
                ("load into nothing", ("--store", store, "load", market)),
                ("load again, nothing new", ("--store", store, "load", market)),
                *((f"three new {table}", ("--store", linked, "load", folder)) for table, folder in small.items()),
                ("three new orders after a small load", ("--store", linked, "load", small["orders"])),
                ("check, read and say doubts", ("--store", scratch / "none", "load", market, "--dry-run")),
                ("init --check", ("init", market, "--check", "--yes")),
            )
            for step, arguments in steps:
                if step in {f"three new {table}" for table in small}:  # each into what was loaded at first
                    shutil.rmtree(linked, ignore_errors=True)
                    shutil.copytree(store, linked, copy_function=os.link)
                found.setdefault(step, {}).setdefault(name, []).append(run_in(checkout, *arguments))
    return found


def tabulate(found: dict[str, dict[str, list[Spent]]]) -> list[str]:
    """A line for each step and checkout: medians, and the largest memory."""
    lines = ["| step | checkout | seconds | processor seconds | peak GiB |", "| --- | --- | ---: | ---: | ---: |"]
    for step, by_name in found.items():
        for name, spent in by_name.items():
            seconds = statistics.median(each.seconds for each in spent)
            cpu = statistics.median(each.cpu_seconds for each in spent)
            lines.append(f"| {step} | {name} | {seconds:.1f} | {cpu:.1f} | {max(each.gib for each in spent):.2f} |")
    return lines


def main() -> None:
    """Make a market, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500_000)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    checkouts = {"this": HERE} | ({"another": options.against} if options.against else {})
    with tempfile.TemporaryDirectory() as place:
        market = Path(place) / "market"
        run_in(HERE, "simulate", market, "--accounts", str(options.accounts), "--seed", "7", "--tables", "parquet")
        found = measure(checkouts, market, Path(place), options.repeat)
    said = f"`python benchmarks/load_speed.py --accounts {options.accounts}`, 2 cores, 24 GiB."
    waited = f"Others on the machine: {os.getloadavg()[2] - 1:.0f} more processes wanted a core at any time."
    lines = ["# What a load takes", "", said, waited, ""]
    write_result("load_speed.md", "\n".join([*lines, *tabulate(found)]) + "\n")


if __name__ == "__main__":
    main()
