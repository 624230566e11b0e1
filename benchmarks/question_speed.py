"""What each question takes as a whole process, from the shell's prompt to the last byte, on both stores.

    python benchmarks/question_speed.py [--accounts 20000] [--repeat 7] [--no-server] [--large STORE]

Writes results/question_speed.md. A market is simulated, loaded and searched once on each store; then every question
is a process of its own. A large market takes an hour to make: it is asked where it is, a store in a folder with a
run. The first of each is told apart: a server plans a question when it meets it for the first time. Of the others the
quickest and the median are told, with the processor time of the quickest process of all: on a machine with other work
that is what the process needs, and the rest is waiting.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import RINGFENCE, read_ringfence, run_ringfence, write_result

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from neo4j_server import Neo4jServer, logged_in

JAVA = ("-Xms1g", "-Xmx1500m", "-XX:+UseSerialGC")
FOLDER_SECONDS, SERVER_SECONDS, LARGE_SECONDS = 0.5, 1.0, 1.0
"""What a question may take as a whole process."""


@dataclass(frozen=True)
class Taken:
    """Seconds of one question: the first time, the quickest and the median of the others, and of processor."""

    first: float
    quickest: float
    median: float
    processor: float


def main() -> None:
    options = _read_options()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run_ringfence("simulate", folder / "market", "--accounts", str(options.accounts), "--seed", "1")
        found = {"in a folder": _measure_market(folder, str(folder / "store"), options.repeat)}
        if not options.no_server:
            with _serving(folder) as address:
                found["on Neo4j"] = _measure_market(folder, address, options.repeat)
        if options.large:
            (run,) = json.loads(read_ringfence("--store", options.large, "runs", "-n", "1", "--format", "json"))
            found[f"in a folder, {run['accounts']:,} accounts"] = _measure_store(
                options.large, options.repeat, "similar"
            )
    write_result("question_speed.md", "\n".join(_report(found, options)) + "\n")


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--no-server", action="store_true")
    parser.add_argument("--large", metavar="STORE", help="a store in a folder, with a run")
    return parser.parse_args()


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    server = Neo4jServer.start(folder / "neo4j", java_options=JAVA)
    try:
        with logged_in(server.address) as address:
            yield address
    finally:
        server.stop()


def _measure_market(folder: Path, store: str, repeat: int) -> dict[str, Taken]:
    for words in (("load", folder / "market"), ("detect",)):
        run_ringfence("--store", store, *words)
    return _measure_store(store, repeat)


def _measure_store(store: str, repeat: int, *unasked: str) -> dict[str, Taken]:
    asked = {name: words for name, words in _list_questions(store).items() if name not in unasked}
    return {name: _measure(store, words, repeat) for name, words in asked.items()}


def _list_questions(store: str) -> Mapping[str, tuple[str, ...]]:
    """The questions, about the strongest ring and its first members."""
    ring_id = json.loads(read_ringfence("--store", store, "rings", "-n", "1", "--format", "json"))[0]["ring_id"]
    ring = json.loads(read_ringfence("--store", store, "ring", ring_id, "--format", "json"))
    one, other, *_ = (each["account_id"] for each in ring["members"])
    return {
        "queue": ("queue",),
        "case": ("case", ring_id),
        "search, an id": ("search", one),
        "search, a street": ("search", "elm street"),
        "compare": ("compare", one, other),
        "timeline of a ring": ("timeline", ring_id),
        "rings": ("rings",),
        "account": ("account", one),
        "ring": ("ring", ring_id),
        "why": ("why", one),
        "path": ("path", one, other),
        "expand": ("expand", one),
        "exposure of a ring": ("exposure", ring_id),
        "similar": ("similar", one),
    }


def _measure(store: str, words: tuple[str, ...], repeat: int) -> Taken:
    times, processor = [], []
    for _ in range(repeat + 1):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [str(RINGFENCE), "--store", store, *words]
        subprocess.run(command, env=_find_variables(), check=True, capture_output=True)
        times.append(time.perf_counter() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    first, *others = times
    return Taken(first, min(others), statistics.median(others), min(processor))


def _find_variables() -> dict[str, str]:
    """As on an ordinary machine: Python keeps what it has compiled."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _report(found: Mapping[str, Mapping[str, Taken]], options: argparse.Namespace) -> Iterator[str]:
    yield "# What a question takes"
    yield ""
    busy = os.getloadavg()[0]
    yield f"Whole processes, on a market of {options.accounts:,} accounts and {os.cpu_count()} cores, at a load of"
    yield f"{busy:.1f}. With other work about, the processor time is what a question needs, and the rest is waiting."
    large = " --large STORE" if options.large else ""
    yield f"`python benchmarks/question_speed.py --accounts {options.accounts} --repeat {options.repeat}{large}`."
    yield ""
    yield f"Asked: {FOLDER_SECONDS} s in a folder, {SERVER_SECONDS:.0f} s on a server, {LARGE_SECONDS:.0f} s in a"
    yield "folder with 500,000 accounts; `similar` 3 s (it looks at all accounts and is not asked of the large market)."
    for store, questions in found.items():
        yield from ("", f"## {store[0].upper()}{store[1:]}", "")
        yield "| question | first, s | quickest, s | median, s | processor, s |"
        yield "| --- | --- | --- | --- | --- |"
        for name, taken in questions.items():
            cells = (taken.first, taken.quickest, taken.median, taken.processor)
            yield f"| {name} | {' | '.join(f'{each:.2f}' for each in cells)} |"


if __name__ == "__main__":
    main()
