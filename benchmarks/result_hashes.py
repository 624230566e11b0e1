"""SHA-256 of what a run exports for four markets on both stores: equal before and after a change that changes nothing.

    python benchmarks/result_hashes.py [--data ../shared/data] [--without-server]

Writes results/result_hashes.md.  Every command runs as a user would run it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measure import DATA, read_ringfence, run_ringfence, write_result

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from neo4j_release import LONG_TERM
from neo4j_server import Neo4jServer, empty_server

SIMULATED = {
    "demo": ("--accounts", "10000", "--seed", "7"),
    "hard": ("--accounts", "20000", "--seed", "3", "--difficulty", "hard"),
}
REAL = ("p2p", "yelpchi")
EXPORTS = ("rings", "accounts", "reviews")
HEADING = """# What a run exports, as hashes

`benchmarks/result_hashes.py`; the first 16 digits of SHA-256.

| market | store | rings | accounts | reviews |
| --- | --- | --- | --- | --- |
"""


def hash_exports(market: Path, store: str) -> list[str]:
    """Load and search a market in a store; a hash for each export."""
    run_ringfence("--store", store, "load", market)
    run_ringfence("--store", store, "detect")
    texts = [read_ringfence("--store", store, "export", what, "-o", "-") for what in EXPORTS]
    return [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]


@contextmanager
def start_server(home: Path) -> Iterator[Neo4jServer]:
    """A server of the long-term release that every command of this process finds."""
    server = Neo4jServer.start(home, LONG_TERM)
    os.environ |= {"NEO4J_USERNAME": server.username, "NEO4J_PASSWORD": server.password}
    try:
        yield server
    finally:
        server.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--without-server", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        work, lines = Path(folder), []
        server = None if given.without_server else stack.enter_context(start_server(work / "neo4j"))
        for name in (*SIMULATED, *REAL):
            market = given.data / name
            if name in SIMULATED:
                market = work / name
                run_ringfence("simulate", market, *SIMULATED[name])
            found = {"embedded": hash_exports(market, str(work / f"{name}-store"))}
            if server is not None:
                empty_server(server.address)
                found["server"] = hash_exports(market, server.uri)
            lines += [f"| {name} | {store} | {' | '.join(hashes)} |" for store, hashes in found.items()]
            print(*lines[-len(found) :], sep="\n", file=sys.stderr)
    write_result("result_hashes.md", HEADING + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
