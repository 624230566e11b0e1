"""Nights on a Neo4j server, killed again and again: the command, or the server under it.

One server of the long-term release, started for this.  Every night brings one account more.  The night, or what a
person does about one (plan, apply, undo, rollback), is killed before one of its statements or steps on disk, or after
some part of the time that it takes, or the server is; which and when, a seed says.  Then the latest run has to be
whole, and the verdicts on all accounts and reviews those that it gave; the measures those before or those after.  The
next command has to do the rest, as if nobody had been killed.

    .venv/bin/python benchmarks/server_night_kills.py --kills 60 --server-kills 12
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import platform
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
from measure import write_result

from graph.measures.events import read_events
from graph.measures.fold import fold_measures
from graph.open import open_store

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where folders are named like our packages
from killing import Death, Killer
from neo4j_release import LONG_TERM
from neo4j_server import Neo4jServer, logged_in
from night_kills import SETTINGS
from property_graph import as_server
from small_market import write_tables

WHY = ("--by", "bench", "--reason", "bench")
ASK = {
    "accounts": "MATCH (a:Account) RETURN count(a) AS found",
    "latest": "MATCH (u:Run) WITH u ORDER BY u.sequence DESC LIMIT 1 RETURN u.run_id AS found",
    "said": "MATCH (u:Run) WITH u ORDER BY u.sequence DESC LIMIT 1 RETURN [u.rings, u.flags] AS found",
    "rings": "MATCH (u:Run) WITH u ORDER BY u.sequence DESC LIMIT 1 RETURN COUNT { (u)-[:FOUND]->(:Ring) } AS found",
    "flags": "MATCH (u:Run) WITH u ORDER BY u.sequence DESC LIMIT 1 RETURN COUNT { (u)-[:RAISED]->(:Flag) } AS found",
    "verdicts": "MATCH (n:Account|Review) WITH n, coalesce(n.account_id, n.review_id) AS id ORDER BY id"
    " RETURN collect(id + ' ' + coalesce(toString(coalesce(n.risk_score, n.suspicion)), '')"
    " + ' ' + coalesce(n.tier, '')) AS found",
}


@dataclass(frozen=True)
class State:
    """What a server holds: how many accounts, the latest run and whether it is whole, verdicts, measures in force."""

    accounts: int
    latest: str
    is_whole: bool
    verdicts: str
    measures: tuple[tuple[str, str | None], ...]


@dataclass
class Tally:
    """What became of the kills of one command by one victim."""

    kills: int = 0
    ended_before: int = 0
    new: int = 0
    half: int = 0
    not_taken_up: int = 0
    complaints: Counter[str] = field(default_factory=Counter)


class Place:
    """A server, and a folder with its exports, settings and records of nights.

    Parameters
    ----------
    folder, process, killer
        For all that; the server; and who does the work.
    """

    def __init__(self, folder: Path, process: Neo4jServer, killer: Killer) -> None:
        self.folder, self.process, self.killer, self.n_exports = folder, process, killer, 1
        self.given: dict[str, str] = {}
        write_tables(folder / "exports" / "1")
        settings = SETTINGS.replace('store = "{place}/store"', f'store = "{process.uri}"')
        (folder / "ringfence.toml").write_text(settings, encoding="utf-8")
        assert self.run("run").code == 0

    def run(self, *words: str, **death: Any) -> Death:
        """Run a command there, and kill it, if that is asked for."""
        filled = [each.format(plan=self.find_plan() if "{plan}" in each else "", place=self.folder) for each in words]
        return self.killer.run("command", "--config", str(self.folder / "ringfence.toml"), *filled, **death)

    def need(self, *words: str) -> None:
        done = self.run(*words)
        assert done.code == 0, (words, done)

    def run_and_kill_server(self, words: tuple[str, ...], seconds: float) -> Death:
        """Kill the server while a command is at work, and start it again."""
        assert self.process.process is not None
        number = self.process.process.pid
        timer = threading.Timer(seconds, lambda: os.kill(number, signal.SIGKILL))
        timer.start()
        died = self.run(*words)
        timer.join()
        self.process.kill()
        self.process.restart()
        return died

    def bring(self) -> None:
        """An export with one account more."""
        self.n_exports += 1
        export = self.folder / "exports" / str(self.n_exports)
        export.mkdir()
        (export / "accounts.csv").write_text(f"account_id\nnewcomer-{self.n_exports}\n", encoding="utf-8")

    def find_plan(self) -> str:
        """The last plan that was applied, and not undone."""
        with open_store(as_server(self.process.address)) as store:
            measures = fold_measures(read_events(store.measures.read()))
        return next((each for each in reversed(measures.plans) if each not in measures.undone), "none")

    def describe(self) -> State:
        login = (self.process.address.username, self.process.address.password)
        with neo4j.GraphDatabase.driver(self.process.uri, auth=login, notifications_min_severity="OFF") as driver:
            found = {name: driver.execute_query(cypher).records[0]["found"] for name, cypher in ASK.items()}
            lines = driver.execute_query("MATCH (e:MeasureEvent) RETURN e.line AS line ORDER BY e.place").records
        in_force = fold_measures(read_events(row["line"] for row in lines)).list_in_force(datetime.now(UTC))
        verdicts = [each for each in found["verdicts"] if not each.endswith("  ")]  # who came later has none
        return State(
            accounts=found["accounts"],
            latest=found["latest"],
            is_whole=found["said"] == [found["rings"], found["flags"]],
            verdicts=hashlib.sha256("\n".join(verdicts).encode()).hexdigest(),
            measures=tuple(sorted((key[1], event.measure) for key, event in in_force.items())),
        )

    def find_fault(self, state: State) -> str:
        """What is half done: a run that is not whole, or verdicts that are not those that it gave before."""
        if not state.is_whole:
            return "a run that is not whole"
        if self.given.setdefault(state.latest, state.verdicts) != state.verdicts:
            return "verdicts that are not the run's"
        return ""


Begin = Callable[[Place], None]


@dataclass(frozen=True)
class Scenario:
    """A command, what there is before it, how whoever comes next completes it, and what puts things back."""

    name: str
    words: tuple[str, ...]
    begin: Begin
    again: tuple[str, ...] = ("run",)
    back: Begin = lambda place: None
    """So that the next kill finds the measures in force."""
    is_refused_again: bool = False
    """Whether what is done already is refused the second time, with exit code 1."""


def apply_anew(place: Place) -> None:
    place.need("plan", "--again", "-o", "{place}/plan.json")
    place.need("apply", "{place}/plan.json", *WHY, "--despite", "most_accounts")


def undo_and_plan(place: Place) -> None:
    place.need("undo", "{plan}", *WHY)
    place.need("plan", "--again", "-o", "{place}/plan.json")


def live_another_night(place: Place) -> None:
    place.bring()
    place.need("run")


APPLY = ("apply", "{place}/plan.json", *WHY, "--despite", "most_accounts")
SCENARIOS = (
    Scenario("run", ("run",), Place.bring),
    Scenario("apply", APPLY, undo_and_plan, APPLY),
    Scenario("run", ("run",), Place.bring),
    Scenario("undo", ("undo", "{plan}", *WHY), lambda place: None, ("undo", "{plan}", *WHY), apply_anew, True),
    Scenario("run", ("run",), Place.bring),
    Scenario("rollback", ("rollback",), live_another_night, ("rollback",), lambda place: place.need("run"), True),
    Scenario("plan", ("plan", "-o", "{place}/plan.json"), Place.find_plan, ("plan", "-o", "{place}/plan.json")),
)  # fmt: skip


@dataclass(frozen=True)
class Undisturbed:
    """What a command takes, in steps and seconds."""

    steps: int
    seconds: float


class Bench:
    """Commands, and a server to kill them on."""

    def __init__(self, place: Place, rng: np.random.Generator) -> None:
        self.place, self.rng = place, rng
        self.usual: dict[str, Undisturbed] = {}
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.in_force = place.describe().measures

    def measure(self, scenario: Scenario) -> None:
        """Do it twice undisturbed, for the first time the server thinks each question over."""
        for _ in range(2):
            scenario.begin(self.place)
            words = self.fill(scenario.words)
            started = time.perf_counter()
            done = self.place.run(*words)
            self.usual[scenario.name] = Undisturbed(done.steps, time.perf_counter() - started)
            assert done.code == 0, done
            assert not self.place.find_fault(self.place.describe())
            scenario.back(self.place)

    def fill(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The plan is that which was applied before the kill, also afterwards."""
        plan = self.place.find_plan() if "{plan}" in words else ""
        return tuple(plan if each == "{plan}" else each for each in words)

    def kill(self, scenario: Scenario, victim: str) -> None:
        scenario.begin(self.place)
        words, again = self.fill(scenario.words), self.fill(scenario.again)
        before, usual = self.place.describe(), self.usual[scenario.name]
        step, moment = int(self.rng.integers(usual.steps)), float(self.rng.uniform(0, usual.seconds))
        by_step = victim == "command" and bool(self.rng.integers(2))
        if victim == "server":
            died = self.place.run_and_kill_server(words, moment)
        else:
            died = self.place.run(*words, step=step if by_step else None, seconds=None if by_step else moment)
        tally = self.tallies.setdefault((scenario.name, victim), Tally())
        is_killed = died.killed if victim == "command" else died.code != 0
        tally.kills += is_killed
        tally.ended_before += not is_killed
        where = f"step {step} ({died.at})" if by_step else f"{moment:.3f} s"
        self._look(scenario, tally, where, before, again)

    def _look(self, scenario: Scenario, tally: Tally, where: str, before: State, again: tuple[str, ...]) -> None:
        """What is there, and after the next command."""
        seen = self.place.describe()
        tally.new += (seen.latest, seen.measures) != (before.latest, before.measures)
        fault = self.place.find_fault(seen)
        if fault or seen.measures not in ((), before.measures, self.in_force):
            tally.half += 1
            tally.complaints[f"half at {where}: {fault or seen.measures}"] += 1
        done = self.place.run(*again)
        after = self.place.describe()
        expected = before.accounts + (scenario.begin is Place.bring and before.accounts == seen.accounts)
        is_well = done.code == 0 or (scenario.is_refused_again and done.code == 1)
        fault = self.place.find_fault(after) or ("" if is_well else f"exit code {done.code}, {done.error}")
        if fault or after.accounts not in (expected, seen.accounts) or not is_done(scenario, before, after):
            tally.not_taken_up += 1
            tally.complaints[f"not taken up at {where}: {fault or after}"] += 1
        scenario.back(self.place)


def is_done(scenario: Scenario, before: State, after: State) -> bool:
    """Whether what was asked for is so in the end."""
    if scenario.name == "run":
        return after.accounts == before.accounts + 1 and after.latest != before.latest and bool(after.measures)
    if scenario.name == "rollback":
        return after.latest != before.latest and after.accounts == before.accounts
    return after.latest == before.latest and bool(after.measures) == (scenario.name != "undo")


EXPLAINED = """
Half of the commands are killed before a statement to the server or a step on disk, half at any moment; so is the
server. *Ended before*: the command was done before its time came. *New*: what it does was done. *Half*: a run that is
not whole, verdicts that are not those of the latest run, or measures neither as before nor as after. *Not taken up*:
the next command failed, or what was there then was not what there is if nobody is killed.
"""


def report(bench: Bench, minutes: float) -> str:
    total = sum(each.kills for each in bench.tallies.values())
    lines = [
        "# Nights on a server killed without warning\n",
        f"Written by `benchmarks/server_night_kills.py`: {total:,} kills in {minutes:.0f} minutes,",
        f"66 accounts at first, Neo4j {LONG_TERM.version},",
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}.",
        EXPLAINED,
        "| command | killed | steps | kills | ended before | new | half | not taken up |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (name, victim), each in sorted(bench.tallies.items()):
        figures = (bench.usual[name].steps, each.kills, each.ended_before, each.new, each.half, each.not_taken_up)
        lines.append(f"| {name} | {victim} | {' | '.join(map(str, figures))} |")
    wrong = [
        f"- {name}, {victim}: {text}" for (name, victim), each in bench.tallies.items() for text in each.complaints
    ]
    return "\n".join([*lines, *(["\nWhat went wrong:\n", *wrong] if wrong else []), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="how many commands")
    parser.add_argument("--server-kills", type=int, default=12, help="how many servers")
    parser.add_argument("--minutes", type=float, default=60.0, help="or for so long")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        process = Neo4jServer.start(Path(scratch) / "neo4j", LONG_TERM)
        try:
            with logged_in(process.address), Killer(Path(scratch)) as killer:
                bench = Bench(Place(Path(scratch) / "place", process, killer), np.random.default_rng(asked.seed))
                minutes = kill_all(bench, asked)
        finally:
            process.kill()
    write_result("server_night_kills.md", report(bench, minutes))


def kill_all(bench: Bench, asked: argparse.Namespace) -> float:
    """Kill every command in turn, and now and then the server; returns the minutes that it took."""
    started = time.monotonic()
    for scenario in {each.name: each for each in SCENARIOS}.values():
        bench.measure(scenario)
    total = asked.kills + asked.server_kills
    for number in range(total):
        if time.monotonic() - started > 60 * asked.minutes:
            break
        is_server = number * asked.server_kills // total != (number + 1) * asked.server_kills // total
        bench.kill(SCENARIOS[number % len(SCENARIOS)], "server" if is_server else "command")
    return (time.monotonic() - started) / 60


if __name__ == "__main__":
    main()
