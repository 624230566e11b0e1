"""Commands killed without warning, again and again: what is lost, what is wedged, what is left over.

A command begins on a fresh copy of a store and is killed before one of its steps on disk, or after some part of the
time that it takes undisturbed; which, a seed says.  Then the graph has to be wholly the one before or wholly the one
after, every table as its checksum says; a reader and a writer have to go on; and nothing may be left that the next
writer does not take away.

    .venv/bin/python benchmarks/kills.py --minutes 10
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from measure import write_result

from detection.evaluation.simulation.market import simulate_market, write_market
from detection.evaluation.simulation.settings import MarketSettings
from detection.run import detect
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.errors import RingfenceError
from graph.open import open_store
from graph.settings import Settings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.embedded.verify import verify_folder
from graph.stores.location import Folder

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where folders are named like our packages
from killing import Killer
from on_disk import list_leftovers

N_ACCOUNTS = 1_500


@dataclass
class Tally:
    """What became of the kills of one command."""

    kills: int = 0
    ended_before: int = 0
    lost: int = 0
    wedged: int = 0
    left_over: int = 0
    beside: int = 0
    after: int = 0
    complaints: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Scenario:
    """A command on a store: ``begin`` is the store that it begins with, ``words`` follow the name of the store."""

    name: str
    begin: Path
    words: tuple[str, ...]


@dataclass(frozen=True)
class Undisturbed:
    """What a command takes, and what the store is before and after it."""

    steps: int
    seconds: float
    states: tuple[str, str]


def describe(store: Path) -> str:
    """The facts and the runs of a store that can be read, and is whole."""
    checked = verify_folder(Folder(str(store)))
    if checked.damaged:
        raise RingfenceError(f"damaged in {checked.damaged}")
    with open_store(str(store)) as graph:
        runs = graph.query("MATCH (u:Run) OPTIONAL MATCH (u)-[:RAISED]->(f:Flag) RETURN u.run_id AS id, count(f) AS n")
        return f"{graph.mark_facts()} {sorted((row['id'], row['n']) for row in runs)}"


class Bench:
    """Stores to begin with, and a place to kill in."""

    def __init__(self, folder: Path, killer: Killer) -> None:
        self.folder, self.killer = folder, killer
        self.place = folder / "work" / "store"
        write_market(simulate_market(MarketSettings(n_accounts=N_ACCOUNTS, seed=3)), folder / "market", "parquet")
        self._split(folder / "market", folder / "half")
        empty, half, whole = folder / "empty", folder / "store-half", folder / "store-whole"
        EmbeddedStore(empty, mode="write").close()
        for store, tables in ((half, "half"), (whole, "market")):
            with open_store(str(store), mode="write") as graph:
                graph.load(read_folder(folder / tables, Settings()))
        detected = Path(shutil.copytree(whole, folder / "store-detected"))
        detect(str(detected), DetectSettings())
        self.scenarios = [
            Scenario("load, into an empty store", empty, ("load", str(folder / "market"))),
            Scenario("load, into a store with half of it", half, ("load", str(folder / "market"))),
            Scenario("detect", whole, ("detect",)),
            Scenario("train", whole, ("train", "-o", str(self.place.parent / "risk.model"))),
            Scenario("export", detected, ("export", "accounts", "-o", str(self.place.parent / "scores.csv"))),
            Scenario("restore", detected, ("restore", "2")),
        ]

    def _split(self, market: Path, half: Path) -> None:
        """Half of the accounts, and nothing else."""
        import pyarrow.parquet as pq

        half.mkdir()
        accounts = pq.read_table(market / "accounts.parquet")
        pq.write_table(accounts.slice(0, accounts.num_rows // 2), half / "accounts.parquet")

    def begin(self, scenario: Scenario) -> None:
        shutil.rmtree(self.place.parent, ignore_errors=True)
        self.place.parent.mkdir()
        shutil.copytree(scenario.begin, self.place)

    def run(self, scenario: Scenario, **death: float | int | None) -> tuple[bool, int, float]:
        started = time.perf_counter()
        died = self.killer.run("command", "--store", str(self.place), *scenario.words, **death)  # type: ignore[arg-type]
        if not died.killed and died.code:
            raise RingfenceError(f"{scenario.name}: {died.error}")
        return died.killed, died.steps, time.perf_counter() - started

    def measure(self, scenario: Scenario) -> Undisturbed:
        self.begin(scenario)
        before = describe(self.place)
        _, steps, seconds = self.run(scenario)
        return Undisturbed(steps, seconds, (before, describe(self.place)))

    def kill(self, scenario: Scenario, usual: Undisturbed, tally: Tally, rng: np.random.Generator) -> None:
        self.begin(scenario)
        by_step = bool(rng.integers(2))
        step, seconds = int(rng.integers(usual.steps)), float(rng.uniform(0, usual.seconds))
        killed, _, _ = self.run(scenario, step=step if by_step else None, seconds=None if by_step else seconds)
        tally.kills += killed
        tally.ended_before += not killed
        where = f"step {step}" if by_step else f"{seconds:.3f} s"
        with self.complaining(tally, "lost", where):
            state = describe(self.place)
            if state not in usual.states:
                raise RingfenceError(f"neither before nor after: {state}")
            tally.after += state == usual.states[1]
        tally.beside += len([path for path in self.place.parent.iterdir() if path.name.startswith(".")])
        with self.complaining(tally, "wedged", where):
            EmbeddedStore(self.place, mode="write").close()
            tally.left_over += len(list_leftovers(self.place))

    @contextlib.contextmanager
    def complaining(self, tally: Tally, what: str, where: str) -> Iterator[None]:
        try:
            yield
        except (RingfenceError, OSError) as error:
            setattr(tally, what, getattr(tally, what) + 1)
            tally.complaints[f"{what} at {where}: {error}"] += 1


EXPLAINED = """
Half of the kills hit a step on disk (a file opened for writing, renamed, deleted, synchronised; half of a copy; a
statement of LadybugDB), half any moment. *Ended before*: the command was done before its time came. *New*: the graph
was the new one afterwards, otherwise the old one; `train` and `export` change none, so that the two are the same.
*Lost*: it was neither, or not whole. *Wedged*: the next writer could not go on.
*Left over* is what that writer did not take away, *beside* what was left next to the store: the unfinished
file of an export or a model, whose name begins with a dot.
"""


def report(tallies: dict[str, Tally], usual: dict[str, Undisturbed], minutes: float) -> str:
    total = sum(each.kills for each in tallies.values())
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# Commands killed without warning\n",
        f"Written by `benchmarks/kills.py`: {total:,} kills in {minutes:.0f} minutes, on a simulated market of",
        f"{N_ACCOUNTS:,} accounts, {system}.",
        EXPLAINED,
        "| command | steps | kills | ended before | new | lost | wedged | left over | beside |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, each in tallies.items():
        figures = (usual[name].steps, each.kills, each.ended_before, each.after, each.lost, each.wedged)
        lines.append(f"| {name} | {' | '.join(map(str, (*figures, each.left_over, each.beside)))} |")
    wrong = [f"- {name}: {text}" for name, each in tallies.items() for text in each.complaints]
    return "\n".join([*lines, *(["\nWhat went wrong:\n", *wrong] if wrong else []), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory() as folder, Killer(Path(folder)) as killer:
        bench = Bench(Path(folder), killer)
        usual = {each.name: bench.measure(each) for each in bench.scenarios}
        tallies = {each.name: Tally() for each in bench.scenarios}
        started = time.monotonic()
        while time.monotonic() - started < asked.minutes * 60:
            for scenario in bench.scenarios:
                bench.kill(scenario, usual[scenario.name], tallies[scenario.name], rng)
    write_result("kills.md", report(tallies, usual, (time.monotonic() - started) / 60))


if __name__ == "__main__":
    main()
