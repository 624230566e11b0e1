"""What `detect` takes on markets as a whole process, beside the stitched route, and beside another checkout.

    python benchmarks/detection_speed.py [MARKET ...] [--small 800] [--beside CHECKOUT]

Each MARKET is a folder of tables, loaded first; a simulated one of ``--small`` accounts comes first and shows
what starting takes.  Processor seconds are of all threads.  The stitched route takes the same facts from the same store
and runs connected components and Leiden on shared devices and addresses (:mod:`detection.evaluation.baselines`): it
lists groups, and judges, explains and writes nothing.  With ``--beside`` that checkout loads and searches the same
market as well, in turn, which is what tells on a machine that has other work.

Writes results/detection_speed.md.  How seconds grow with accounts is measured by detection_scale.py.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import run_ringfence, write_result

from detection.candidates.links import link_pairs
from detection.evaluation.baselines import choose_usual, find_leiden, find_linked, rank_labels, weigh_shared
from detection.evidence.market import make_market
from graph.open import open_store

HERE = Path(__file__).resolve().parents[1]
PACKAGES = ("cli", "detection", "embeddings", "graph")
HEADING = """# What detect takes

`python benchmarks/detection_speed.py`; whole processes, the load not among them.

| market | accounts | what | processor seconds | seconds | peak GiB |
| --- | ---: | --- | ---: | ---: | ---: |
"""


def run_stitched(store: str) -> None:
    """In a process of its own: the stitched route on a store; prints how many accounts there are."""
    with open_store(store) as opened:
        snapshot = opened.snapshot()
    market, n = make_market(snapshot), snapshot.n_accounts
    usual = choose_usual(market)
    links = link_pairs(usual, (), n, market.policy)
    for name, label in (("WCC", find_linked(links, n)), ("Leiden", find_leiden(links, n))):
        rank_labels(name, label, weigh_shared(usual, label))
    print(json.dumps(n))


def time_process(command: list[str], checkout: Path) -> tuple[str, str]:
    """What a process takes, as cells of the table, and what it prints."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        | {"PYTHONPATH": str(checkout)},
        cwd=checkout,
    )
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {' '.join(command)}")
    seconds = time.perf_counter() - began
    return f"{usage.ru_utime + usage.ru_stime:.1f} | {seconds:.1f} | {usage.ru_maxrss / 2**20:.2f}", printed


def measure_market(name: str, folder: Path, work: Path, beside: Path | None) -> Iterator[str]:
    """The lines of one market."""
    store = str(work / f"{name}-store")
    ringfence = [sys.executable, "-c", "from cli.process import run; run()", "--store", store]
    accounts = ""
    for what, checkout in (("`detect`", HERE), ("`detect` of the other checkout", beside)):
        if checkout is None:
            continue
        # Compiled, as it is once installed.
        time_process([sys.executable, "-m", "compileall", "-q", *PACKAGES], checkout)
        time_process([*ringfence, "load", str(folder)], checkout)
        if not accounts:
            stitched = [sys.executable, str(Path(__file__).resolve()), "--stitched", store]
            cells, printed = time_process(stitched, HERE)
            accounts = f"{int(printed):,}"
            yield f"| {name} | {accounts} | components and Leiden, stitched | {cells} |"
        cells, _ = time_process([*ringfence, "detect"], checkout)
        yield f"| {name} | {accounts} | {what} | {cells} |"
        shutil.rmtree(store)


def main() -> None:
    """Measure every market and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("markets", type=Path, nargs="*")
    parser.add_argument("--small", type=int, default=800)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--stitched", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stitched:
        run_stitched(options.stitched)
        return
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        small = work / "simulated"
        run_ringfence("simulate", small, "--accounts", str(options.small), "--seed", "1")
        for market in (small, *options.markets):
            for line in measure_market(market.name, market.resolve(), work, options.beside):
                print(line, file=sys.stderr)
                lines.append(line)
    write_result("detection_speed.md", HEADING + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
