"""Nights killed without warning, again and again: what is lost, doubled, half-published or half-applied.

A night, and what a person does about one, begins on the same place and is killed before one of its steps on disk, or
after some part of the time that it takes undisturbed; which, a seed says.  Then every table has to be as its checksum
says, the graph the one before or the one after, and the measures those before or those after.  The next command has to
do the rest, so that all is as if nobody had been killed.

    .venv/bin/python benchmarks/night_kills.py --kills 300
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from measure import write_result

from graph.stores.embedded.store import EmbeddedStore

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where folders are named like our packages
from killing import Killer
from night_kills import NightPlace, NightState


@dataclass
class Tally:
    """What became of the kills of one command."""

    kills: int = 0
    ended_before: int = 0
    new: int = 0
    half: int = 0
    not_taken_up: int = 0
    left_over: int = 0
    complaints: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Scenario:
    """A command, those before it, how whoever comes next completes it, and whether that one always ends well."""

    name: str
    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    again: tuple[str, ...] = ("run",)
    ends_well: bool = True


@dataclass(frozen=True)
class Undisturbed:
    """What a command takes, what there is before and after it, and after whoever comes next."""

    steps: int
    seconds: float
    states: tuple[NightState, NightState]
    done: NightState


WHY = ("--by", "bench", "--reason", "bench")
SCENARIOS = (
    Scenario("run", ("run",)),
    Scenario("run, up to its checks, taken up", ("run",), (("run", "--stop-after", "check"),)),
    Scenario("plan", ("plan", "-o", "{place}/plan.json"), (), ("plan", "-o", "{place}/plan.json")),
    Scenario(
        "apply",
        ("apply", "{place}/plan.json", *WHY, "--despite", "most_accounts"),
        (("undo", "{plan}", *WHY), ("plan", "--again", "-o", "{place}/plan.json")),
        ("apply", "{place}/plan.json", *WHY, "--despite", "most_accounts"),
    ),
    Scenario("undo", ("undo", "{plan}", *WHY), (), ("undo", "{plan}", *WHY), ends_well=False),
    Scenario("decide", ("decide", "ann", "watch", *WHY), (), ("decide", "bob", "watch", *WHY)),
    Scenario("rollback", ("rollback",), (("run",),), ("rollback",), ends_well=False),
)


def find_plan(place: NightPlace) -> str:
    """The plan that the first night applied."""
    from graph.measures.events import read_events
    from graph.measures.fold import fold_measures
    from graph.open import open_store

    with open_store(str(place.place / "store")) as store:
        return next(iter(fold_measures(read_events(store.measures.read())).plans), "none")


class Bench:
    """Commands, and a place to kill them in."""

    def __init__(self, place: NightPlace) -> None:
        self.place, self.plan = place, find_plan(place)

    def fill(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(each.format(place=self.place.place, plan=self.plan) for each in words)

    def begin(self, scenario: Scenario) -> NightState:
        self.place.begin()
        for words in scenario.before:
            assert self.place.run(*self.fill(words)).code == 0, words
        return self.place.describe()

    def measure(self, scenario: Scenario) -> Undisturbed:
        before = self.begin(scenario)
        started = time.perf_counter()
        death = self.place.run(*self.fill(scenario.words))
        seconds = time.perf_counter() - started
        assert death.code == 0, death.error
        after = self.place.describe()
        self.place.run(*self.fill(scenario.again))
        return Undisturbed(death.steps, seconds, (before, after), self.place.describe())

    def kill(self, scenario: Scenario, usual: Undisturbed, tally: Tally, rng: np.random.Generator) -> None:
        self.begin(scenario)
        step, moment = int(rng.integers(usual.steps)), float(rng.uniform(0, usual.seconds))
        by_step = bool(rng.integers(2))
        death = self.place.run(
            *self.fill(scenario.words), step=step if by_step else None, seconds=None if by_step else moment
        )
        where = f"step {step} ({death.at})" if by_step else f"{moment:.3f} s"
        tally.kills += death.killed
        tally.ended_before += not death.killed
        seen = forget_alerts(self.place.describe())
        whole = [forget_alerts(each) for each in (*usual.states, mix(*usual.states))]
        tally.new += seen == whole[1]
        if seen not in whole:
            tally.half += 1
            tally.complaints[f"half at {where}: {seen}"] += 1
        again = self.place.run(*self.fill(scenario.again))
        EmbeddedStore(self.place.place / "store", mode="write").close()  # as any writer, it takes away what is left
        after = self.place.describe()
        tally.left_over += len(after.left)
        if (again.code and scenario.ends_well) or forget_plans(after) != forget_plans(usual.done):
            tally.not_taken_up += 1
            tally.complaints[f"not taken up at {where}: {again.error or after}"] += 1


def forget_alerts(state: NightState) -> NightState:
    """Alerts are told after all else, and files that the next one takes away are no state."""
    return replace(state, alerts=0, left=())


def forget_plans(state: NightState) -> NightState:
    """Whoever was killed may have applied the plan that is now not needed any more."""
    return replace(state, plans=0, alerts=0)


def mix(before: NightState, after: NightState) -> NightState:
    """Published, and not applied yet."""
    return replace(after, measures=before.measures, plans=before.plans)


EXPLAINED = """
Half of the kills hit a step on disk (a file opened for writing, renamed, deleted, synchronised; half of a copy; a
statement of LadybugDB), half any moment. *New*: all was as after the command. *Half*: neither as before nor as after
nor, of a night, published and not yet applied. *Not taken up*: the next command failed, or what was there then
(accounts, runs, measures, each table by its checksum) was not what there is if nobody is killed. *Left over* is what
the writer after that did not take away in the store's folder.
"""


def report(tallies: dict[str, Tally], steps: dict[str, int], minutes: float) -> str:
    total = sum(each.kills for each in tallies.values())
    lines = [
        "# Nights killed without warning\n",
        f"Written by `benchmarks/night_kills.py`: {total:,} kills in {minutes:.0f} minutes, 66 accounts,",
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}.",
        EXPLAINED,
        "| command | steps | kills | ended before | new | half | not taken up | left over |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, each in tallies.items():
        figures = (steps[name], each.kills, each.ended_before, each.new, each.half, each.not_taken_up, each.left_over)
        lines.append(f"| {name} | {' | '.join(map(str, figures))} |")
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
        bench = Bench(NightPlace(Path(folder), killer))
        usual = {each.name: bench.measure(each) for each in SCENARIOS}
        tallies = {each.name: Tally() for each in SCENARIOS}
        started, place = time.monotonic(), 0
        while (minutes := (time.monotonic() - started) / 60) < asked.minutes:
            if sum(each.kills for each in tallies.values()) >= asked.kills:
                break
            scenario = SCENARIOS[
                0 if place % 2 else place // 2 % len(SCENARIOS)
            ]  # every other kill is of a whole night
            bench.kill(scenario, usual[scenario.name], tallies[scenario.name], rng)
            place += 1
    write_result("night_kills.md", report(tallies, {name: each.steps for name, each in usual.items()}, minutes))


if __name__ == "__main__":
    main()
