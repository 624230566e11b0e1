"""Investigators' commands killed without warning, in a folder and on a server: what is lost, doubled or half said.

Each command by which somebody says something begins on the same store and casebook, and is killed (SIGKILL): before one
of its steps on disk, or after some part of the time that it takes undisturbed; on a server also the server itself is.
Which command and when, a seed says.  Then all that was said before has to be there, and of what the command says all or
nothing; the same command is run again, and after that what it says has to be there once.

    .venv/bin/python benchmarks/casework_kills.py --kills 600 --client-kills 120 --server-kills 12
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import neo4j
import numpy as np
from measure import write_result

from graph.casebook.book import Casebook, import_events
from graph.casebook.events import read_events
from graph.errors import RingfenceError
from graph.open import open_casebook

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where folders are named like our packages
import small_market
from casework_scenes import SCENES, UNDONE, Scene, write_files
from killing import Death, Killer
from neo4j_release import LONG_TERM
from neo4j_server import Neo4jServer, logged_in
from property_graph import as_server

STORE = "ringfence-store"
_FORGET = (
    "MATCH (e:CaseEvent) DETACH DELETE e",
    "MATCH (s:Schema) REMOVE s.casebook_events, s.casebook_sha256",
)


@dataclass
class Tally:
    """What became of the kills of one command."""

    kills: int = 0
    ended_before: int = 0
    said: int = 0
    lost: int = 0
    doubled: int = 0
    half_said: int = 0
    stuck: int = 0
    complaints: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Usual:
    """The casebook before a command, what the command takes undisturbed, and its words."""

    lines: tuple[str, ...]
    words: tuple[str, ...]
    steps: int
    seconds: float


class Place:
    """A store in a folder, and how its casebook is put back to what it was.

    Parameters
    ----------
    killer
        For the commands.
    """

    name = "folder"

    def __init__(self, killer: Killer) -> None:
        self.killer, self.store = killer, STORE

    def run(self, words: Sequence[str], **death: float | int | None) -> Death:
        return self.killer.run("command", "--store", self.store, *words, **death)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def open(self) -> Iterator[Casebook]:
        with open_casebook(self.store) as book:
            yield book

    def read(self) -> tuple[str, ...]:
        with self.open() as book:
            return book.read()

    def begin(self, lines: Sequence[str]) -> None:
        """Put the casebook back."""
        self.forget()
        if lines:
            with self.open() as book:
                import_events(book, lines)

    def forget(self) -> None:
        shutil.rmtree(Path(self.store) / "casebook", ignore_errors=True)

    def measure(self, scene: Scene) -> Usual:
        """What a command begins with and takes; it is done twice, for the first time takes longer."""
        self.forget()
        for words in scene.before:
            need_done(self.run(words), words)
        lines = self.read()
        last = read_events(lines)[-1:]
        named = [each.batch or each.event_id for each in last]
        words = tuple(named[0] if each == UNDONE else each for each in scene.words)
        for _ in range(2):
            self.begin(lines)
            started = time.perf_counter()
            done = self.run(words)
            seconds = time.perf_counter() - started
            need_done(done, words)
        return Usual(lines, words, done.steps, seconds)


class OnServer(Place):
    """A store on a Neo4j server, which can be killed too."""

    def __init__(self, killer: Killer, process: Neo4jServer) -> None:
        super().__init__(killer)
        self.name, self._process, self.store = "server", process, process.uri

    def forget(self) -> None:
        login = (self._process.address.username, self._process.address.password)
        with neo4j.GraphDatabase.driver(self._process.uri, auth=login, notifications_min_severity="OFF") as driver:
            for statement in _FORGET:
                driver.execute_query(statement)

    def run_and_kill_server(self, words: Sequence[str], seconds: float) -> Death:
        """Kill the server while a command is at work, and start it again."""
        assert self._process.process is not None
        number = self._process.process.pid
        timer = threading.Timer(seconds, lambda: os.kill(number, signal.SIGKILL))
        timer.start()
        died = self.run(words)
        timer.join()
        self._process.kill()
        self._process.restart()
        return died


def need_done(died: Death, words: Sequence[str]) -> None:
    if died.code:
        raise RingfenceError(f"{' '.join(words)}: {died.error}")


def kill_once(place: Place, scene: Scene, usual: Usual, tally: Tally, rng: np.random.Generator) -> None:
    """Kill a command in a folder, or a client of a server, and look at what there is."""
    place.begin(usual.lines)
    by_step = place.name == "folder" and bool(rng.integers(2))
    step, seconds = int(rng.integers(max(usual.steps, 1))), float(rng.uniform(0, usual.seconds))
    died = place.run(usual.words, step=step if by_step else None, seconds=None if by_step else seconds)
    tally.kills += died.killed
    tally.ended_before += not died.killed
    look(place, scene, usual, tally, f"step {step}" if by_step else f"{seconds:.3f} s")


def kill_server_once(place: OnServer, scene: Scene, usual: Usual, tally: Tally, rng: np.random.Generator) -> None:
    """Kill the server at some moment of a command."""
    place.begin(usual.lines)
    seconds = float(rng.uniform(0, usual.seconds))
    died = place.run_and_kill_server(usual.words, seconds)
    tally.kills += died.code != 0
    tally.ended_before += died.code == 0
    if died.code not in (0, 5):
        tally.complaints[f"server killed after {seconds:.3f} s: exit code {died.code}, {died.error}"] += 1
    look(place, scene, usual, tally, f"server, {seconds:.3f} s", acknowledged=died.code == 0)


def look(place: Place, scene: Scene, usual: Usual, tally: Tally, where: str, *, acknowledged: bool = False) -> None:
    """What is there after a kill, and after the same command again."""
    try:
        after = place.read()
        n = len(after) - len(usual.lines)
        tally.said += n == scene.events
        wrong = {
            "lost": after[: len(usual.lines)] != usual.lines or (acknowledged and n == 0),
            "half_said": n not in (0, scene.events),
        }
        repeated = place.run(usual.words)
        again = place.read()
        n_again = len(again) - len(usual.lines)
        wrong["lost"] |= again[: len(after)] != after
        wrong["doubled"] = n_again > scene.events * (2 if scene.grows and n else 1)
        wrong["stuck"] = n_again < scene.events or repeated.code not in ((0, 1) if n else (0,))
    except RingfenceError as error:
        wrong = {"stuck": True}
        where = f"{where}: {error}"
    for what in (name for name, is_so in wrong.items() if is_so):
        setattr(tally, what, getattr(tally, what) + 1)
        tally.complaints[f"{what} at {where}"] += 1


EXPLAINED = """
Half of the kills in a folder hit a step on disk, half any moment; a client of a server is killed at any moment, and so
is the server. *Ended before*: the command was done before its time came. *Said*: what it says was all there afterwards,
otherwise nothing of it. *Lost*: something that was there before, or was acknowledged, was not there any more. *Half
said*: some of it was there. *Doubled*: it was there twice when the same command was run again (`claim` apart, which
then lasts longer). *Stuck*: the same command could not be run again, or did not say it then either.
"""
COLUMNS = ("kills", "ended before", "said", "lost", "half said", "doubled", "stuck")


def report(found: dict[str, dict[str, Tally]], minutes: float) -> str:
    """The page."""
    totals = {place: sum(each.kills for each in tallies.values()) for place, tallies in found.items()}
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, Neo4j {LONG_TERM.version}"
    lines = [
        "# Investigators' commands killed without warning\n",
        f"Written by `benchmarks/casework_kills.py`: {sum(totals.values()):,} kills in {minutes:.0f} minutes,",
        f"{system}.",
        EXPLAINED,
    ]
    for place, tallies in found.items():
        lines += [f"## {place}\n", f"| command | {' | '.join(COLUMNS)} |", f"| --- |{' ---: |' * len(COLUMNS)}"]
        for name, each in [*tallies.items(), ("all", add_up(tallies.values()))]:
            figures = (each.kills, each.ended_before, each.said, each.lost, each.half_said, each.doubled, each.stuck)
            lines.append(f"| {name} | {' | '.join(map(str, figures))} |")
        wrong = [f"- {name}: {text}" for name, each in tallies.items() for text in each.complaints]
        lines += ["\nWhat went wrong:\n", *wrong, ""] if wrong else [""]
    return "\n".join(lines)


def add_up(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for each in tallies:
        for name in ("kills", "ended_before", "said", "lost", "half_said", "doubled", "stuck"):
            setattr(total, name, getattr(total, name) + getattr(each, name))
    return total


def measure(place: Place, kills: int, server_kills: int, rng: np.random.Generator) -> dict[str, dict[str, Tally]]:
    """Kill every command in turn, so often."""
    found = {place.name: {scene.name: Tally() for scene in SCENES}}
    usual = {scene.name: place.measure(scene) for scene in SCENES}
    for scene in itertools.islice(itertools.cycle(SCENES), kills):
        kill_once(place, scene, usual[scene.name], found[place.name][scene.name], rng)
    if isinstance(place, OnServer):
        found = {"on a server, the client killed": found[place.name]}
        tallies = found["on a server, the server killed"] = {}
        for scene in itertools.islice(itertools.cycle(SCENES[::2] + SCENES[1::2]), server_kills):
            kill_server_once(place, scene, usual[scene.name], tallies.setdefault(scene.name, Tally()), rng)
        return found
    return {"in a folder": found[place.name]}


def measure_server(scratch: Path, asked: argparse.Namespace, rng: np.random.Generator) -> dict[str, dict[str, Tally]]:
    process = Neo4jServer.start(scratch / "neo4j", LONG_TERM)
    try:
        small_market.make_loaded_store(as_server(process.address), small_market.write_tables(scratch / "tables"))
        small_market.add_run(as_server(process.address))
        with logged_in(process.address), Killer(scratch) as killer:
            return measure(OnServer(killer, process), asked.client_kills, asked.server_kills, rng)
    finally:
        process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=600, help="how many in a folder")
    parser.add_argument("--client-kills", type=int, default=120, help="how many clients of a server")
    parser.add_argument("--server-kills", type=int, default=12, help="how many servers")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, started = np.random.default_rng(asked.seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        small_market.make_store(write_files(Path(folder)))
        with Killer(Path(folder)) as killer:
            found = measure(Place(killer), asked.kills, 0, rng)
        if asked.client_kills or asked.server_kills:
            found |= measure_server(Path(folder), asked, rng)
    write_result("casework_kills.md", report(found, (time.monotonic() - started) / 60))


if __name__ == "__main__":
    main()
