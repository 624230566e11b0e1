"""What is left when a Neo4j server, or its client, is killed at any statement of a first load or of a run.

    python benchmarks/server_kills.py [--kills 150] [--seed 0]

Writes results/server_kills.md.  One server of the long-term release, started for this.  A process of its own makes the
keys, loads or writes a run; at one of its statements, a few milliseconds after it was sent, it or the server is killed
(SIGKILL).  Then the server is started again where it was the victim, the same work is done again, and the graph is
compared with one that nobody disturbed: every node, relationship and property, the snapshot, and the keys.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import neo4j
from measure import write_result

sys.path += map(str, (Path(__file__).parents[1], Path(__file__).parents[1] / "tests"))  # also where it forks
import small_market
from neo4j_release import LONG_TERM
from neo4j_server import Neo4jServer, empty_server
from property_graph import Dump, as_server, dump_graph, empty_quickly
from server_work import load

from graph.errors import RingfenceError, StoreUnreachableError
from graph.open import open_store
from graph.stores.location import Server
from graph.stores.server import statements
from graph.stores.server import store as server_store
from graph.stores.server.bolt import Bolt
from graph.stores.snapshots import digest_snapshot

LONGEST_DELAY_SECONDS = 0.03
NEVER = 10**9
UNREACHABLE = 5


def do_work(what: str, kill: tuple[int, float, int], server: Server, market: Path, answer: Connection) -> None:
    """Make keys, load or write a run, in a process of its own.

    ``kill`` is the number of a statement, the seconds after it, and whom to kill: a process, or 0 for this one.  The
    answer is the number of statements, or the seconds between the kill and the error that this process met.
    """
    (number, delay, victim), n_run, killed_at = kill, 0, 0.0
    statement = neo4j.Transaction.run

    def die() -> None:
        nonlocal killed_at
        killed_at = time.monotonic()
        os.kill(victim or os.getpid(), signal.SIGKILL)

    def count(transaction: neo4j.Transaction, *arguments: Any, **more: Any) -> Any:
        nonlocal n_run
        n_run += 1
        if n_run == number:
            threading.Timer(delay, die).start()
        return statement(transaction, *arguments, **more)

    neo4j.Transaction.run = count  # type: ignore[method-assign]
    server_store.ONE_TRANSACTION_ROWS, statements.BATCH_ROWS = 0, 20
    try:
        small_market.add_run(server) if what == "run" else load(server, market)
    except StoreUnreachableError:
        answer.send(time.monotonic() - killed_at)
        sys.exit(UNREACHABLE)
    answer.send(n_run)


@dataclass
class Tally:
    """What became of the kills of one victim in one stage; ``odd`` says of each that went wrong what did."""

    n: int = 0
    odd: list[str] = field(default_factory=list)
    told_seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class State:
    """All there is in a database."""

    dump: Dump
    digest: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code (None if it did not), and what it answered."""

    code: int | None
    figure: float


@dataclass
class Bench:
    """A server that may be killed, the tables to load, and what they make when nobody disturbs it."""

    process: Neo4jServer
    market: Path
    chance: random.Random
    wanted: dict[str, State] = field(default_factory=dict)
    n_statements: dict[str, int] = field(default_factory=dict)
    forks: ForkServerContext = field(default_factory=lambda: multiprocessing.get_context("forkserver"))

    @property
    def server(self) -> Server:
        return as_server(self.process.address)

    def work(self, what: str, number: int, *, victim: int = 0) -> Ended:
        """Do a piece of work in a process of its own, and kill somebody at one of its statements."""
        kill = (number, self.chance.uniform(0.0, LONGEST_DELAY_SECONDS), victim)
        told, answer = self.forks.Pipe(duplex=False)
        process = self.forks.Process(target=do_work, args=(what, kill, self.server, self.market, answer))
        process.start()
        answer.close()
        process.join(120)
        code = process.exitcode
        if code is None:
            process.kill()
        figure = told.recv() if code in (0, UNREACHABLE) else 0.0
        return Ended(code, figure)

    def prepare(self, what: str) -> None:
        """What is there before the work: nothing at all, empty keys, or a load."""
        if what == "keys":
            empty_server(self.process.address)
        elif what == "load":
            empty_quickly(self.process.address)
        else:
            empty_quickly(self.process.address)
            load(self.server, self.market)

    def repeat(self, what: str) -> None:
        """The same work again, undisturbed."""
        if what == "run":
            small_market.add_run(self.server)
        else:
            load(self.server, self.market)

    def describe(self) -> State:
        """Everything in the database."""
        with open_store(self.server) as store:
            dump, digest = dump_graph(store), digest_snapshot(store.snapshot())
        bolt = Bolt(self.server)
        keys = [row["name"] for row in bolt.ask("SHOW CONSTRAINTS YIELD name RETURN name ORDER BY name")]
        bolt.close()
        return State(dump, digest, tuple(keys))

    def learn(self, what: str) -> None:
        """How many statements the work has, and what it makes."""
        self.prepare(what)
        self.n_statements[what] = int(self.work(what, NEVER).figure)
        self.wanted[what] = self.describe()


def kill_once(bench: Bench, what: str, victim: str, tally: Tally) -> None:
    """Kill once at a statement that chance picks, do the work again, and compare."""
    bench.prepare(what)
    first, last = (1, 30) if what == "keys" else (31 if what == "load" else 1, bench.n_statements[what])
    number = bench.chance.randint(min(first, last), last)
    assert bench.process.process is not None
    done = bench.work(what, number, victim=bench.process.process.pid if victim == "server" else 0)
    tally.n += 1
    if victim == "server":
        tally.told_seconds += [done.figure] if done.code == UNREACHABLE else []
        bench.process.kill()
        bench.process.restart()
    expected = (UNREACHABLE, 0) if victim == "server" else (-signal.SIGKILL, 0)
    if done.code not in expected:
        tally.odd.append(f"statement {number}: ended with {done.code}")
    try:
        bench.repeat(what)
        if bench.describe() != bench.wanted[what]:
            tally.odd.append(f"statement {number}: another graph")
    except RingfenceError as error:
        tally.odd.append(f"statement {number}: {error}")


def measure(bench: Bench, kills: int, minutes: float) -> dict[tuple[str, str], Tally]:
    """Kill in turns, so often or for so many minutes."""
    for what in ("keys", "load", "run"):
        bench.learn(what)
    found: dict[tuple[str, str], Tally] = defaultdict(Tally)
    deadline = time.monotonic() + 60 * minutes
    turns = [("keys", "server"), ("load", "client"), ("run", "client"), ("keys", "client"), ("load", "server")]
    turns += [("load", "client"), ("run", "client"), ("run", "server")]
    for (what, victim), _ in zip(itertools.cycle(turns), range(kills), strict=False):
        if time.monotonic() > deadline:
            break
        kill_once(bench, what, victim, found[what, victim])
    return dict(found)


_STAGES = {"keys": "first load, while keys are made", "load": "load of many transactions", "run": "run written back"}


def say(found: dict[tuple[str, str], Tally]) -> list[str]:
    """The table, and whatever went wrong."""
    lines = [
        "| stage | killed | kills | whole after the same command | client told after, most |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for (what, victim), tally in sorted(found.items()):
        told = f"{max(tally.told_seconds):.1f} s" if tally.told_seconds else ""
        lines.append(f"| {_STAGES[what]} | {victim} | {tally.n} | {tally.n - len(tally.odd)} | {told} |")
    odd = [f"- {_STAGES[what]}, {victim}: {each}" for (what, victim), tally in found.items() for each in tally.odd]
    return [*lines, "", *(odd or ["Nothing else was ever found."])]


def main(arguments: Sequence[str] | None = None, *, write: Callable[[str, str], None] = write_result) -> None:
    """Measure, and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=40, help="how many")
    parser.add_argument("--minutes", type=float, default=60.0, help="or for so long")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    multiprocessing.get_context("forkserver").set_forkserver_preload(["server_kills"])  # all that takes its time
    with tempfile.TemporaryDirectory() as folder:
        process = Neo4jServer.start(Path(folder) / "neo4j", LONG_TERM)
        try:
            bench = Bench(process, small_market.write_tables(Path(folder) / "market"), random.Random(given.seed))
            started = time.monotonic()
            found = measure(bench, given.kills, given.minutes)
            minutes = (time.monotonic() - started) / 60
        finally:
            process.kill()
    n_statements = ", ".join(f"{what} {n}" for what, n in bench.n_statements.items())
    n_kills = sum(each.n for each in found.values())
    head = [
        "# A server or its client killed at any statement",
        "",
        f"Neo4j {LONG_TERM.version}, seed {given.seed}, {n_kills} kills in {minutes:.0f} minutes.",
        f"Statements: {n_statements}.",
        "Seconds count from the kill to the one line that the client ends with (exit code 5).",
        "",
    ]
    write("server_kills.md", "\n".join([*head, *say(found), ""]))


if __name__ == "__main__":
    main()
