"""Commands killed without warning, again and again: what is lost, what is wedged, what is left over.

A command begins on a fresh copy of a store and is killed before one of its steps on disk, or after some part of the
time that it takes undisturbed; which, a seed says.  Then the graph has to be wholly the one before or wholly the one
after, every table as its checksum says; a reader and a writer have to go on; and nothing may be left that the next
writer does not take away.

    .venv/bin/python benchmarks/kills.py --kills 850
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
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
from graph.errors import RingfenceError, StoreNotFoundError
from graph.open import open_store
from graph.settings import Settings
from graph.stores.embedded.content import describe_graph
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import Generation, hold, hold_newest
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.embedded.verify import restore
from graph.stores.location import Folder

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where folders are named like our packages
from killing import Death, Killer
from on_disk import list_leftovers

N_ACCOUNTS = 1_500
EARLIER = b"an earlier file"


@dataclass
class Tally:
    """What became of the kills of one command."""

    kills: int = 0
    ended_before: int = 0
    lost: int = 0
    wedged: int = 0
    left_over: int = 0
    beside_killed: int = 0
    beside: int = 0
    after: int = 0
    complaints: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Scenario:
    """Work on a store: ``begin`` is what it begins with, or nothing; ``output`` is the file that it writes outside."""

    name: str
    begin: Path | None
    work: str
    words: tuple[str, ...] = ()
    output: Path | None = None


@dataclass(frozen=True)
class Undisturbed:
    """What a command takes, what the store is before and after it, and what its output holds."""

    steps: int
    seconds: float
    states: tuple[str, str]
    content: bytes


class Reader:
    """Reads stores as a reader would, and compares them with their checksums; a file that was read before is hashed."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def describe(self, store: Path) -> str:
        """The facts and the runs of a store that can be read, and is whole."""
        folder = StoreFolder(store)
        numbers = folder.list_numbers()
        for number in numbers:
            self._check(folder, number)
        with contextlib.suppress(StoreNotFoundError), EmbeddedStore(store) as graph:
            newest = hold_newest(folder)
            assert newest is not None
            newest.release()
            if newest.manifest.sha256 not in self._known:
                self._known[newest.manifest.sha256] = self._read(graph, newest)
            return f"{len(numbers)} generations, {self._known[newest.manifest.sha256]}"
        return "nothing"

    def _check(self, folder: StoreFolder, number: int) -> None:
        held = hold(folder, number)
        if held is None:
            raise RingfenceError(f"generation {number} is gone")
        held.check_size()
        held.check_file()
        held.release()

    def _read(self, graph: EmbeddedStore, newest: Generation) -> str:
        tables, facts = describe_graph(graph.connection)
        if (tables, facts) != (dict(newest.manifest.tables), newest.manifest.facts):
            raise RingfenceError("a table is another one than the manifest says")
        runs = graph.query("MATCH (u:Run) OPTIONAL MATCH (u)-[:RAISED]->(f:Flag) RETURN u.run_id AS id, count(f) AS n")
        return f"{facts} {sorted((row['id'], row['n']) for row in runs)}"


def copy_store(source: Path, target: Path) -> None:
    """Copy a store; what nobody may write to is linked, so that whoever writes to it all the same spoils every kill."""

    def copy(file: str, to: str) -> None:
        if Path(file).stat().st_mode & 0o222:
            shutil.copy2(file, to)
        else:
            os.link(file, to)

    shutil.copytree(source, target, copy_function=copy)


class Bench:
    """Stores to begin with, and a place to kill in."""

    def __init__(self, folder: Path, killer: Killer) -> None:
        self.killer, self.reader = killer, Reader()
        self.outputs = folder / "work"
        self.place = folder / "work" / "store"
        self._make_stores(folder)
        market, model, scores = str(folder / "market"), self.outputs / "risk.model", self.outputs / "scores.csv"
        whole, detected = folder / "store-whole", folder / "store-detected"
        export = ("export", "accounts", "-o", str(scores))
        self.scenarios = [
            Scenario("load, into a new folder", None, "command", ("load", market)),
            Scenario("load, into a store with half of it", folder / "store-half", "command", ("load", market)),
            Scenario("detect", whole, "command", ("detect",)),
            Scenario("train", whole, "command", ("train", "-o", str(model)), model),
            Scenario("export", detected, "command", export, scores),
            Scenario("restore", detected, "command", ("restore", "1")),
            Scenario("old generations taken away", folder / "store-restored", "sweep"),
        ]

    def _make_stores(self, folder: Path) -> None:
        market = folder / "market"
        write_market(simulate_market(MarketSettings(n_accounts=N_ACCOUNTS, seed=3)), market, "parquet")
        self._split(market, folder / "half")
        for store, tables in (("store-half", "half"), ("store-whole", "market")):
            with open_store(str(folder / store), mode="write") as graph:
                graph.load(read_folder(folder / tables, Settings()))
        copy_store(folder / "store-whole", folder / "store-detected")
        detect(str(folder / "store-detected"), DetectSettings())
        copy_store(folder / "store-detected", folder / "store-restored")
        restore(Folder(str(folder / "store-restored")), 1)

    def _split(self, market: Path, half: Path) -> None:
        """Half of the accounts, and nothing else."""
        import pyarrow.parquet as pq

        half.mkdir()
        accounts = pq.read_table(market / "accounts.parquet")
        pq.write_table(accounts.slice(0, accounts.num_rows // 2), half / "accounts.parquet")

    def begin(self, scenario: Scenario) -> None:
        shutil.rmtree(self.outputs, ignore_errors=True)
        self.outputs.mkdir()
        if scenario.begin is not None:
            copy_store(scenario.begin, self.place)
        if scenario.output is not None:
            scenario.output.write_bytes(EARLIER)

    def run(self, scenario: Scenario, **death: float | int | None) -> tuple[Death, float]:
        started = time.perf_counter()
        words = ("--store", str(self.place), *scenario.words) if scenario.work == "command" else (str(self.place),)
        died = self.killer.run(scenario.work, *words, **death)  # type: ignore[arg-type]
        if not died.killed and died.code:
            raise RingfenceError(f"{scenario.name}: {died.error}")
        return died, time.perf_counter() - started

    def measure(self, scenario: Scenario) -> Undisturbed:
        self.begin(scenario)
        before = self.reader.describe(self.place)
        died, seconds = self.run(scenario)
        content = scenario.output.read_bytes() if scenario.output else b""
        return Undisturbed(died.steps, seconds, (before, self.reader.describe(self.place)), content)

    def kill(self, scenario: Scenario, usual: Undisturbed, tally: Tally, rng: np.random.Generator) -> None:
        self.begin(scenario)
        by_step = bool(rng.integers(2))
        step, seconds = int(rng.integers(usual.steps)), float(rng.uniform(0, usual.seconds))
        died, _ = self.run(scenario, step=step if by_step else None, seconds=None if by_step else seconds)
        tally.kills += died.killed
        tally.ended_before += not died.killed
        where = f"step {step}" if by_step else f"{seconds:.3f} s"
        with self.complaining(tally, "lost", where):
            self._look(scenario, usual, tally)
        with self.complaining(tally, "wedged", where):
            self._go_on(scenario, usual, tally)

    def _look(self, scenario: Scenario, usual: Undisturbed, tally: Tally) -> None:
        """Whether all that there is is wholly old or wholly new."""
        state = self.reader.describe(self.place)
        content = scenario.output.read_bytes() if scenario.output else b""
        if state not in self._list_states(scenario, usual) or content not in (EARLIER, usual.content):
            raise RingfenceError(f"neither before nor after: {state}, {len(content)} bytes of output")
        tally.after += content == usual.content if scenario.output else state == usual.states[1]

    def _list_states(self, scenario: Scenario, usual: Undisturbed) -> list[str]:
        if scenario.work != "sweep":
            return list(usual.states)
        graph = usual.states[1].split(", ", 1)[1]  # of those that go each is there or not
        return [f"{n} generations, {graph}" for n in (1, 2, 3)]

    def _go_on(self, scenario: Scenario, usual: Undisturbed, tally: Tally) -> None:
        """The next writer of the store; and of the output, where there is something beside it."""
        tally.beside_killed += bool(self._list_beside())
        if scenario.output is not None and self._list_beside():
            self.run(scenario)
            if scenario.output.read_bytes() != usual.content:
                raise RingfenceError("the next writer wrote something else")
        tally.beside += len(self._list_beside())
        EmbeddedStore(self.place, mode="write").close()
        tally.left_over += len(list_leftovers(self.place))

    def _list_beside(self) -> list[str]:
        return [path.name for path in self.outputs.iterdir() if path.name.startswith(".")]

    @contextlib.contextmanager
    def complaining(self, tally: Tally, what: str, where: str) -> Iterator[None]:
        try:
            yield
        except (RingfenceError, OSError) as error:
            setattr(tally, what, getattr(tally, what) + 1)
            tally.complaints[f"{what} at {where}: {error}"] += 1


EXPLAINED = """
Half of the kills hit a step on disk (a file opened for writing, renamed, deleted, synchronised; half of a copy; a
statement of LadybugDB), half any moment. *Ended before*: the command was done before its time came. *New*: the graph,
or the file that `train` or `export` writes, was the new one afterwards, otherwise the old one. *Lost*: it was neither,
or not whole: every file of every generation is compared with its checksum, every table of a graph not seen before
with its own. *Wedged*: the next writer could not go on. *Left over* is what that writer did not take away in the
store's folder. *Beside, killed* are the kills that left something next to the output; *beside, next* is what was still
there when the same command had written the same output again.
"""


COLUMNS = ("steps", "kills", "ended before", "new", "lost", "wedged", "left over", "beside, killed", "beside, next")


def report(tallies: dict[str, Tally], usual: dict[str, Undisturbed], minutes: float) -> str:
    total = sum(each.kills for each in tallies.values())
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# Commands killed without warning\n",
        f"Written by `benchmarks/kills.py`: {total:,} kills in {minutes:.0f} minutes, on a simulated market of",
        f"{N_ACCOUNTS:,} accounts, {system}.",
        EXPLAINED,
        f"| command | {' | '.join(COLUMNS)} |",
        f"| --- |{' ---: |' * len(COLUMNS)}",
    ]
    for name, each in tallies.items():
        figures = (usual[name].steps, each.kills, each.ended_before, each.after, each.lost, each.wedged, each.left_over)
        lines.append(f"| {name} | {' | '.join(map(str, (*figures, each.beside_killed, each.beside)))} |")
    wrong = [f"- {name}: {text}" for name, each in tallies.items() for text in each.complaints]
    return "\n".join([*lines, *(["\nWhat went wrong:\n", *wrong] if wrong else []), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="how many")
    parser.add_argument("--minutes", type=float, default=60.0, help="or for so long")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory() as folder, Killer(Path(folder)) as killer:
        bench = Bench(Path(folder), killer)
        usual = {each.name: bench.measure(each) for each in bench.scenarios}
        tallies = {each.name: Tally() for each in bench.scenarios}
        started = time.monotonic()
        for scenario in itertools.cycle(bench.scenarios):
            minutes = (time.monotonic() - started) / 60
            if minutes > asked.minutes or sum(each.kills for each in tallies.values()) >= asked.kills:
                break
            bench.kill(scenario, usual[scenario.name], tallies[scenario.name], rng)
    write_result("kills.md", report(tallies, usual, minutes))


if __name__ == "__main__":
    main()
