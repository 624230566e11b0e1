"""What links, candidates and evidence take as a market grows.

    python benchmarks/detection_scale.py [--accounts 50000 500000 1000000]

Each size is a simulated market of its own.  The search for rings runs once in a process of its own, on two cores, from
the snapshot in memory to judged groups; the memory is the most that the process held, the snapshot included.

Writes results/detection_scale.md.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from detection_quality import load_market
from measure import write_result

from detection.evaluation.simulation.market import MarketSettings
from detection.evidence.market import make_market
from detection.search import search_market
from detection.settings import DetectSettings
from graph.model import Snapshot


def keep_market(accounts: int, path: Path) -> int:
    """Simulate a market, load it as any market, keep its snapshot; tells its rows."""
    snapshot, _ = load_market(MarketSettings(accounts, seed=1))
    path.write_bytes(pickle.dumps(snapshot))
    tables = (snapshot.account_id, snapshot.uses.account, snapshot.orders.buyer, snapshot.reviews.author)
    return sum(map(len, (*tables, snapshot.product_id, snapshot.referral_by, snapshot.label_account)))


def search_once(path: Path) -> None:
    """In a process of its own: search a kept snapshot and print what it took."""
    snapshot: Snapshot = pickle.loads(path.read_bytes())  # written by this script a moment ago
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    market = make_market(snapshot)
    measured = time.perf_counter()
    found = search_market(market, DetectSettings())
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = {"channels": measured - began, "search": ended - measured}
    print(json.dumps(seconds | {"gib": peak / 2**20, "held_gib": held / 2**20, "groups": len(found.groups)}))


def main() -> None:
    """Measure every size and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[50_000, 500_000, 1_000_000])
    parser.add_argument("--search", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.search:
        search_once(options.search)
        return
    lines, totals = [], []
    for accounts in options.accounts:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "snapshot"
            rows = keep_market(accounts, path)
            printed = subprocess.run(
                [sys.executable, __file__, "--search", str(path)], check=True, capture_output=True, text=True
            ).stdout
        took = json.loads(printed)
        totals.append(took["channels"] + took["search"])
        lines.append(
            f"| {accounts:,} | {rows:,} | {took['groups']:,} | {took['channels']:.1f} | {took['search']:.1f} |"
            f" {totals[-1]:.1f} | {took['gib']:.2f} | {took['held_gib']:.2f} |"
        )
    exponent = np.polyfit(np.log(options.accounts), np.log(totals), 1)[0]
    head = "| accounts | rows | groups | channels, s | search, s | together, s | peak GiB | of it the snapshot |"
    parts = [
        "# Links, candidates and evidence as a market grows",
        "`python benchmarks/detection_scale.py`",
        " ".join((__doc__ or "").split("\n\n")[2].split()),
        "\n".join([head, "| ---: " * 8 + "|", *lines]),
        f"Seconds grow with accounts to the power of {exponent:.2f}.",
    ]
    write_result("detection_scale.md", "\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
