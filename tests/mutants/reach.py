"""Which tests reach which functions of a module, and how long they take."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from places import TESTS


@dataclass(frozen=True)
class Reach:
    """What a run of tests without any change told.

    ``reached`` the functions, by their first lines, that each test calls, itself or by its fixtures; ``seconds`` how
    long each takes; ``at_once`` what was called before the first test; ``modules`` all that were
    loaded, but the tests' own.
    """

    reached: dict[str, list[int]]
    seconds: dict[str, float]
    at_once: list[int]
    modules: list[str]

    def choose(self, function: int | None) -> list[str]:
        """The tests that a change in a function can be noticed by, the quickest first; all where it is in none."""
        anywhere = function is None or function in self.at_once
        tests = [test for test, reached in self.reached.items() if anywhere or function in reached]
        return sorted(tests, key=lambda test: self.seconds[test])


class Tracer:
    """A plugin of pytest that learns what :class:`Reach` holds, of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.now: set[int] = set()
        self.at_once: set[int] = set()
        self.by_fixture: dict[str, set[int]] = defaultdict(set)
        self.reached: dict[str, set[int]] = {}
        self.seconds: dict[str, float] = {}

    def trace(self, frame: FrameType, event: str, _: object) -> None:
        """Note a call; what happens within is of no interest."""
        if frame.f_code.co_filename == self.file:
            self.now.add(frame.f_code.co_firstlineno)

    def pytest_sessionstart(self) -> None:
        sys.settrace(self.trace)  # type: ignore[arg-type]
        threading.settrace(self.trace)  # type: ignore[arg-type]

    def pytest_collection_finish(self) -> None:
        self.at_once, self.now = self.now, set()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        before, self.now = self.now, set()
        result = yield
        self.by_fixture[fixturedef.argname] |= self.now
        self.now |= before
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        self.now, started = set(), time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = time.perf_counter() - started
        self.reached[item.nodeid] = self.now.union(
            *(self.by_fixture[name] for name in getattr(item, "fixturenames", ()))
        )
        return result

    def describe(self) -> dict[str, Any]:
        """What `Reach` is made of."""
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        return {
            "reached": {test: sorted(lines) for test, lines in self.reached.items()},
            "seconds": self.seconds,
            "at_once": sorted(self.at_once),
            "modules": sorted(name for name, module in sys.modules.items() if not _is_of_tests(module)),
        }


def _is_of_tests(module: object) -> bool:
    """Whether a module lies with the tests: those import what is changed."""
    return Path(getattr(module, "__file__", None) or TESTS).is_relative_to(TESTS)


class Chosen:
    """A plugin of pytest that runs some of the tests that were found, in a given order."""

    def __init__(self, tests: list[str]) -> None:
        self.place = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (each for each in items if each.nodeid in self.place), key=lambda each: self.place[each.nodeid]
        )
