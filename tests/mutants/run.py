"""Break the modules that accuse, one small change at a time, and see that a test notices: ``make mutants``.

mutmut makes the changes; each is tried in a fork of this process, in memory and with all that no change can touch
already loaded, so that no file changes and hundreds of changes take minutes.  A first run without any change learns
which test reaches which function: a change is shown to those tests alone, the quickest first, until one notices.
mutmut's own runner breaks functions alone; thresholds are constants.

``mutants.toml`` says which tests answer for which module.  A change that no test noticed is added to it, and the run
fails until a test does or the entry says why none can.
"""

from __future__ import annotations

import argparse
import ast
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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mutants.reach import Chosen, Reach, Tracer

ROOT = Path(__file__).resolve().parents[2]
LISTED = Path(__file__).with_name("mutants.toml")

OPTIONS = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist")
OPTIONS += ("-m", "not server and not slow and not thorough")
OPTIONS += ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
MOST_TIMES_LONGER = 5
"""A change that makes the tests take longer than this has been noticed: somebody would wait for ever."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change; ``was`` and ``now`` are the lines that differ, ``line`` (from 1) is the first."""

    path: str
    code: str
    was: str
    now: str
    line: int

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
        first, was, now = _compare(source.splitlines(), code.splitlines())
        found.append(Mutant(path, code, was, now, first + 1))
    return found


def _compare(before: Sequence[str], after: Sequence[str]) -> tuple[int, str, str]:
    """The first line that differs, and all that do.

    >>> _compare(["def f():", "    return 1", ""], ["def f():", "    return 2", ""])
    (1, 'return 1', 'return 2')
    """
    first = next((n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), len(after))
    end = 0
    while end < min(len(before), len(after)) - first and before[-1 - end] == after[-1 - end]:
        end += 1
    was, now = ("\n".join(line.strip() for line in lines[first : len(lines) - end]) for lines in (before, after))
    return first, was, now


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


def find_function(source: str, line: int) -> int | None:
    r"""The first line of the outermost function or method whose body a line is in; None where there is no such body.

    >>> find_function("LIMIT = 1\nclass A:\n    @cached\n    def f(self, most=2):\n        return most\n", 5)
    3
    """
    inside = [ast.parse(source)]
    for node in inside:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.FunctionDef) and each.body[0].lineno <= line <= (each.end_lineno or 0):
                return min([each.lineno, *(decorator.lineno for decorator in each.decorator_list)])
            if isinstance(each, ast.ClassDef):
                inside.append(each)
    return None


def start_tests(
    tests: Sequence[str], plugin: object, mutant: Mutant | None = None, *, most_seconds: float = 0, after: object = None
) -> int:
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
        code = int(pytest.main([*OPTIONS, *tests], plugins=[plugin]))
        if callable(after):
            after()
    except BaseException:  # noqa: BLE001 -- a fork must not go on as if it were its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)  # without cleaning up: everything here is the parent's


def learn_reach(path: str, tests: Sequence[str]) -> tuple[Reach, float]:
    """Run the tests without any change: which of them reach what, and the CPU seconds that they take."""
    reads, writes = os.pipe()
    tracer = Tracer(str(ROOT / path))

    def tell() -> None:
        with os.fdopen(writes, "w") as pipe:
            json.dump(tracer.describe(), pipe)

    process = start_tests(tests, tracer, after=tell)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        said = pipe.read()
    _, status, used = os.wait4(process, 0)
    if status:
        raise SystemExit(f"these tests fail without any change: {' '.join(tests)}")
    return Reach(**json.loads(said)), used.ru_utime + used.ru_stime


def load_what_stays(path: str, modules: Sequence[str]) -> None:
    """Load what the tests load and no change to a module can touch, once and for all forks."""
    import grimp

    ours = ("graph", "embeddings", "detection", "cli")
    name = path.removesuffix(".py").replace("/", ".")
    changed = {name, *grimp.build_graph(*ours, cache_dir=None).find_downstream_modules(name)}
    for module in modules:
        if module not in changed and module not in sys.modules:
            with suppress(ImportError):  # pytest's own plugins by other names
                importlib.import_module(module)
    if name in sys.modules:
        raise SystemExit(f"{name} is loaded already, and no change to it would be seen")
    gc.freeze()  # else every fork would look through what they share for garbage


def find_survivors(mutants: Sequence[Mutant], tests: Sequence[str], say: Callable[[str], None]) -> Iterator[Mutant]:
    """Try every mutant, as many at once as there are cores, and yield those that no test noticed."""
    path = mutants[0].path
    source = (ROOT / path).read_text(encoding="utf-8")
    reach, seconds = learn_reach(path, tests)
    load_what_stays(path, reach.modules)
    waiting, running = list(reversed(mutants)), dict[int, Mutant]()
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop()
            chosen = reach.choose(find_function(source, mutant.line))
            if not chosen:
                yield mutant
                continue
            most_seconds = 10 + MOST_TIMES_LONGER * seconds
            running[start_tests(tests, Chosen(chosen), mutant, most_seconds=most_seconds)] = mutant
        if not running:
            continue
        process, status = os.wait()
        mutant = running.pop(process)
        if status == 0:
            yield mutant
        if waiting and len(waiting) % 50 == 0:
            say(f"{mutant.path}: {len(waiting)} of {len(mutants)} changes to go")


def report_module(
    path: str, tests: Sequence[str], explained: dict[tuple[str, str, str], str], *, listed_only: bool = False
) -> list[str]:
    """Mutate a module; list new survivors, which are added to the file, and old ones that nobody explained."""

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    mutants = [mutant for mutant in list_mutants(path) if not listed_only or mutant.key in explained]
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
    parser.add_argument("--listed", action="store_true", help="try again only what was not noticed before")
    given = parser.parse_args()
    os.chdir(ROOT)
    if given.mutmut:
        sys.path.append(str(given.mutmut.resolve()))  # at the end: what .venv has comes from there
    from hypothesis import Phase, settings

    # Which example it was is of no interest here, nor is the smallest.
    settings.register_profile("mutants", database=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8"))
    explained = {(each["path"], each["was"], each["now"]): each["why"] for each in listed.get("survivor", [])}
    unknown = set(given.path) - {module["path"] for module in listed["module"]}
    if unknown:
        parser.error(f"{LISTED.name} names no tests for {', '.join(sorted(unknown))}")
    asked = [module for module in listed["module"] if not given.path or module["path"] in given.path]
    reports = [(each["path"], each["tests"], explained) for each in asked]
    return max([run_in_a_fork(report_module, *report, listed_only=given.listed) for report in reports])


def run_in_a_fork(report: Callable[..., list[str]], *arguments: object, **options: object) -> int:
    """Report on a module, and keep nothing loaded for the next; 1 where something is wrong."""
    process = os.fork()
    if process:
        return int(os.waitpid(process, 0)[1] != 0)
    code = 3
    try:
        wrong = report(*arguments, **options)
        sys.stderr.write("".join(f"{line}\n" for line in wrong))
        code = int(bool(wrong))
    except SystemExit as error:
        sys.stderr.write(f"{error}\n")
    except BaseException:  # noqa: BLE001 -- as above
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
