"""Break the modules that accuse, one small change at a time, and see that a test notices: ``make mutants``.

mutmut makes the changes; each is tried in a fork of this process, in memory and with the heavy libraries already
loaded, so that no file changes and hundreds of changes take minutes.  mutmut's own runner breaks functions alone;
thresholds are constants.

``mutants.toml`` says which tests answer for which module.  A change that no test noticed is added to it, and the run
fails until a test does or the entry says why none can.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import tomllib
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTED = Path(__file__).with_name("mutants.toml")
HEAVY = (
    "hypothesis.strategies",
    "graspologic_native",
    "ladybug",
    "msgspec.inspect",
    "neo4j",
    "networkx",
    "numpy",
    "pandas",
)
HEAVY += ("pyarrow.parquet", "scipy.optimize", "scipy.sparse.csgraph", "scipy.special")
"""What tests load and no change can touch: loaded once, before the forks."""

OPTIONS = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not server and not slow")
OPTIONS += ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
MOST_TIMES_LONGER = 5
"""A change that makes the tests take longer than this has been noticed: somebody would wait for ever."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change; ``was`` and ``now`` are the lines that differ."""

    path: str
    code: str
    was: str
    now: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.path, self.was, self.now


def list_mutants(path: str) -> list[Mutant]:
    """Every change that mutmut knows for a module, without those to what it says of types."""
    mutation = importlib.import_module("mutmut.mutation.file_mutation")
    source = (ROOT / path).read_text(encoding="utf-8")
    module, changes, _, _ = mutation.create_mutations(path, source)
    found = []
    for change in changes:
        code = module.deep_replace(change.original_node, change.mutated_node).code
        was, now = _compare(source.splitlines(), code.splitlines())
        found.append(Mutant(path, code, was, now))
    return found


def _compare(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """The lines that differ.

    >>> _compare(["def f():", "    return 1", ""], ["def f():", "    return 2", ""])
    ('return 1', 'return 2')
    """
    first = next((n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), len(after))
    end = 0
    while end < min(len(before), len(after)) - first and before[-1 - end] == after[-1 - end]:
        end += 1
    was, now = ("\n".join(line.strip() for line in lines[first : len(lines) - end]) for lines in (before, after))
    return was, now


class Changed(importlib.abc.MetaPathFinder):
    """Imports a mutant in the place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = mutant.path.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _ChangedSource(fullname, str(ROOT / self.mutant.path))
        loader.code = self.mutant.code
        return importlib.util.spec_from_file_location(fullname, loader.path, loader=loader)


class _ChangedSource(importlib.machinery.SourceFileLoader):
    code = ""

    def get_code(self, fullname: str) -> Any:
        return compile(self.code, self.path, "exec", dont_inherit=True)


def start_tests(tests: Sequence[str], mutant: Mutant | None = None, *, most_seconds: float = 0) -> int:
    """Run tests in a fork, where ``mutant`` is in place and CPU seconds are limited; return its process."""
    process = os.fork()
    if process:
        return process
    code = 3
    try:
        if most_seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (int(most_seconds) + 1, int(most_seconds) + 1))
        if mutant is not None:
            sys.meta_path.insert(0, Changed(mutant))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
        code = int(pytest.main([*OPTIONS, *tests]))
    except BaseException:  # noqa: BLE001 -- a fork must not go on as if it were its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)  # without cleaning up: everything here is the parent's


def find_survivors(mutants: Sequence[Mutant], tests: Sequence[str], say: Callable[[str], None]) -> Iterator[Mutant]:
    """Try every mutant, as many at once as there are cores, and yield those that no test noticed."""
    _, status, used = os.wait4(start_tests(tests), 0)
    if status:
        raise SystemExit(f"these tests fail without any change: {' '.join(tests)}")
    most_seconds = 10 + MOST_TIMES_LONGER * (used.ru_utime + used.ru_stime)
    waiting, running = list(reversed(mutants)), dict[int, Mutant]()
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop()
            running[start_tests(tests, mutant, most_seconds=most_seconds)] = mutant
        process, status = os.wait()
        mutant = running.pop(process)
        if status == 0:
            yield mutant
        if waiting and len(waiting) % 20 == 0:
            say(f"{mutant.path}: {len(waiting)} of {len(mutants)} changes to go")


def report_module(path: str, tests: Sequence[str], explained: dict[tuple[str, str, str], str]) -> list[str]:
    """Mutate a module; list new survivors, which are added to the file, and old ones that nobody explained."""

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    mutants = list_mutants(path)
    survivors = list(find_survivors(mutants, tests, say))
    say(f"{path}: {len(mutants)} changes, {len(mutants) - len(survivors)} noticed, {len(survivors)} not")
    with LISTED.open("a", encoding="utf-8") as file:
        for mutant in {each.key: each for each in survivors}.values():
            if mutant.key not in explained:
                lines = [("path", path), ("was", mutant.was), ("now", mutant.now), ("why", "")]
                rows = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in lines)
                file.write("\n[[survivor]]\n" + "".join(rows))
    wrong = [f"not noticed, not explained: {m.was!r} -> {m.now!r}" for m in survivors if not explained.get(m.key)]
    alive = {mutant.key for mutant in survivors}
    gone = [key for key in explained if key[0] == path and key not in alive]
    return [
        f"{path}: {each}" for each in wrong + [f"noticed now, delete its entry: {k[1]!r} -> {k[2]!r}" for k in gone]
    ]


def main() -> int:
    """Mutate the listed modules, or those that are named; return 1 where a survivor is not explained."""
    parser = argparse.ArgumentParser(description="Break the modules that accuse, and see that a test notices.")
    parser.add_argument("path", nargs="*", help="modules to break, as mutants.toml names them (default: all)")
    parser.add_argument("--mutmut", type=Path, help="folder that mutmut is installed in")
    given = parser.parse_args()
    os.chdir(ROOT)
    if given.mutmut:
        sys.path.append(str(given.mutmut.resolve()))  # at the end: what .venv has comes from there
    for name in HEAVY:
        importlib.import_module(name)
    gc.freeze()  # else every fork would look through what they share for garbage
    hypothesis = sys.modules["hypothesis"]
    hypothesis.settings.register_profile("mutants", database=None, derandomize=True)
    hypothesis.settings.load_profile("mutants")
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8"))
    explained = {(each["path"], each["was"], each["now"]): each["why"] for each in listed.get("survivor", [])}
    unknown = set(given.path) - {module["path"] for module in listed["module"]}
    if unknown:
        parser.error(f"{LISTED.name} names no tests for {', '.join(sorted(unknown))}")
    wrong = []
    for module in listed["module"]:
        if not given.path or module["path"] in given.path:
            wrong += report_module(module["path"], module["tests"], explained)
    sys.stderr.write("".join(f"{line}\n" for line in wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
