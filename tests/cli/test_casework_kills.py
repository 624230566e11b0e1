"""Whoever is killed while something is said loses nothing that was acknowledged, doubles nothing, and says no half."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from casework_scenes import SCENES, UNDONE, Scene, write_files
from casework_week import keep_open
from command_line import run
from said import decide

from graph.casebook.book import import_events, mend_events
from graph.casebook.events import Event, read_events, write_event
from graph.stores.checks import check_casebook
from graph.stores.embedded.journal import Journal
from graph.stores.location import Folder

pytestmark = pytest.mark.usefixtures("plain_surroundings")
STORE = "ringfence-store"
STEPS = ("fsync", "ftruncate", "write", "fsync", "replace")
"""Of what changes the disk while something is said: the next head is made, the line is written, the head is put."""


class Killed(BaseException):
    """Stands for SIGKILL: from here on the process changes nothing any more."""


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """Die before the step-th change on disk, or in the middle of it where that is a write; gives the steps taken."""
    taken: list[str] = []

    def mortal(name: str, change: Callable[..., Any]) -> Callable[..., Any]:
        def do(*arguments: Any, **more: Any) -> Any:
            if len(taken) >= step:
                if name == "write" and len(taken) == step:
                    change(arguments[0], arguments[1][: len(arguments[1]) // 2])
                taken.append("dead")
                raise Killed
            taken.append(name)
            return change(*arguments, **more)

        return do

    with pytest.MonkeyPatch.context() as patched:
        for name in {*STEPS, "link"}:
            patched.setattr(os, name, mortal(name, getattr(os, name)))
        try:
            yield taken
        except Killed:
            taken.append("killed")


@pytest.fixture(scope="module")
def ready(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store and the files that commands read."""
    folder = write_files(tmp_path_factory.mktemp("scenes"))
    shutil.copytree(market / STORE, folder / STORE)
    return folder


@pytest.fixture
def opened(ready: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store's casebook, empty, while its graph stays open."""
    monkeypatch.chdir(ready)
    shutil.rmtree(ready / STORE / "casebook", ignore_errors=True)
    with keep_open(STORE):
        yield ready / STORE / "casebook"


def read() -> tuple[Event, ...]:
    return read_events(Journal(Folder(STORE)).read())


def say(words: tuple[str, ...]) -> int:
    return run(*words).exit_code


def fill_in(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command, with the name of what was said last where it stands for that."""
    said = read()
    return tuple((said[-1].batch or said[-1].event_id) if each == UNDONE else each for each in words)


def kill_and_repeat(scene: Scene, step: int) -> bool:
    """Whether a command was killed at a step; then it is repeated, and what it says is there once."""
    before, words = read(), fill_in(scene.words)
    with killed_at(step) as taken:
        say(words)
    after = read()
    assert after[: len(before)] == before
    assert len(after) - len(before) in (0, scene.events)
    repeated = say(words)
    assert repeated == 0 or (repeated == 1 and len(after) > len(before))  # refused, for it is so already
    again = read()
    assert again[: len(after)] == after
    if not scene.grows:
        assert len(again) == len(before) + scene.events
    return "killed" in taken


def test_a_decision_or_a_batch_that_dies_at_any_step_is_whole_or_absent(opened: Path) -> None:
    for scene in (scene for scene in SCENES if scene.name in ("decide, a ring", "decide --from")):
        step = 0
        while kill_and_repeat(scene, step):
            step += 1
            shutil.rmtree(opened)
        assert step >= 6
        shutil.rmtree(opened)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
@pytest.mark.parametrize("step", [STEPS.index("write"), STEPS.index("replace")], ids=["half a line", "nobody is told"])
def test_whichever_command_dies_in_the_middle_can_be_repeated(opened: Path, scene: Scene, step: int) -> None:
    for words in scene.before:
        assert say(words) == 0
    assert kill_and_repeat(scene, step)


def test_these_are_the_steps_of_whatever_is_said(opened: Path) -> None:
    with killed_at(100) as taken:
        assert say(("note", "R-1", "--text", "x", "--by", "ana")) == 0
    assert tuple(taken[-len(STEPS) :]) == STEPS


def test_a_casebook_whose_mending_dies_at_any_step_is_damaged_as_before_or_mended(tmp_path: Path) -> None:
    file, book = tmp_path / "casebook" / "events.jsonl", Journal(Folder(str(tmp_path)))
    events = [write_event(decide(each, "watch", turn)) for turn, each in enumerate(("ann", "bob", "cyd"), start=1)]
    ended, step = set(), 0
    while "alive" not in ended:
        shutil.rmtree(file.parent, ignore_errors=True)
        for each in events:
            import_events(book, [each])
        file.write_bytes(file.read_bytes().replace(b"watch", b"vatch", 1).rpartition(b"\n{")[0] + b"\n")
        with killed_at(step) as taken:
            mend_events(book, events[2:])
        state = check_casebook(book)[0].state
        ended |= {state, "killed" if "killed" in taken else "alive"}
        assert state == "damaged" or book.read() == tuple(events[1:])
        assert mend_events(book, events[2:]) == 2
        assert mend_events(book, events) == 3
        assert book.read() == tuple(events)
        step += 1
    assert ended == {"alive", "killed", "damaged", "whole"}
    assert step > 4
