"""Whoever is killed at any step leaves the graph as it was or as it should be, and the next one goes on."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
from killing import SOME_OR_ALL, Killer
from on_disk import list_leftovers, need_graph
from said import say

from graph.casebook.book import import_events
from graph.casebook.events import write_event
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.journal import Journal
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.location import Folder


def count_accounts(location: Path) -> int:
    with EmbeddedStore(location) as store:
        return store.snapshot().n_accounts


def read_mark(location: Path) -> str:
    with EmbeddedStore(location) as store:
        return store.mark_facts()


@pytest.mark.parametrize("work", ["command", "logged_command"])
@pytest.mark.parametrize(("first", "every"), SOME_OR_ALL)
def test_a_load_that_is_killed_at_any_step_is_done_or_not_begun(
    made: Path, location: Path, killer: Killer, first: int, every: int, work: str
) -> None:
    marks = {read_mark(location): 66}

    def begin_anew() -> None:
        shutil.rmtree(location)
        shutil.copytree(made / "store", location)

    command = ("--store", str(location), "load", str(made / "newcomers"))
    deaths, found = [], []
    for death in killer.kill_at_steps(work, *command, before=begin_anew, first=first, every=every):
        deaths.append(death)
        mark = read_mark(location)
        if mark not in marks:
            marks[mark] = count_accounts(location)
        found.append(marks[mark])
    assert deaths[-1].code == 0
    assert deaths[-1].steps >= 40
    assert set(found) == {66, 68}
    assert found == sorted(found)
    assert len(marks) == 2
    assert list_leftovers(location) == []
    assert (need_graph(location).parent / "graph.lbug.wal").exists() == (work == "logged_command")


def test_going_back_that_is_killed_at_any_step_is_done_or_not_begun(made: Path, location: Path, killer: Killer) -> None:
    def begin_anew() -> None:
        shutil.rmtree(location)
        shutil.copytree(made / "store", location)

    command = ("--store", str(location), "restore", "1")
    deaths, found = [], []
    for death in killer.kill_at_steps("command", *command, before=begin_anew):
        deaths.append(death)
        found.append(StoreFolder(location).list_numbers())
        EmbeddedStore(location, mode="write").close()
        assert list_leftovers(location) == []
    assert deaths[-1].code == 0
    assert deaths[-1].steps >= 15
    assert found == sorted(found)
    assert [each for each, _ in itertools.groupby(found)] == [[1, 2], [1, 2, 3]]


@pytest.mark.parametrize(("first", "every"), SOME_OR_ALL)
def test_what_a_kill_leaves_is_gone_after_the_next_write(
    location: Path, killer: Killer, first: int, every: int
) -> None:
    steps = killer.run("run", location).steps
    for step in range(first, steps, 2 * every):
        assert killer.run("run", location, step=step).killed
        EmbeddedStore(location, mode="write").close()
        assert list_leftovers(location) == []
        assert count_accounts(location) == 66


@pytest.mark.parametrize("step", [1, 4, *(pytest.param(step, marks=pytest.mark.thorough) for step in (0, 2, 3, 5))])
def test_a_sweeper_that_is_killed_is_taken_up_again(location: Path, killer: Killer, step: int) -> None:
    deaths = []
    for _ in range(20):
        deaths.append(killer.run("sweep", location, step=step))
        EmbeddedStore(location).close()
        if not deaths[-1].killed:
            break
    assert killer.run("sweep", location).code == 0
    assert StoreFolder(location).list_numbers() == [2]
    assert list_leftovers(location) == []


def test_a_writer_that_dies_as_it_opens_leaves_a_store_that_can_be_read(location: Path, killer: Killer) -> None:
    # What LadybugDB changes in a file by merely opening it for writing is changed in a draft.
    before = need_graph(location).read_bytes()
    for step in range(12):
        killer.run("open", location, step=step)
        assert count_accounts(location) == 66
    assert need_graph(location).read_bytes() == before


def test_whoever_is_killed_while_something_is_said_loses_and_doubles_nothing(
    location: Path, tmp_path: Path, killer: Killer
) -> None:
    events, book = tmp_path / "events.jsonl", Journal(Folder(str(location)))
    events.write_text("".join(f"{write_event(say(subject_id=str(n)))}\n" for n in range(3)), encoding="utf-8")
    command = ("--store", str(location), "casebook", "import", str(events))

    def begin_anew() -> None:
        shutil.rmtree(location / "casebook", ignore_errors=True)
        import_events(book, [write_event(say(subject_id="ann"))])

    deaths, found = [], []
    for death in killer.kill_at_steps("command", *command, before=begin_anew):
        deaths.append(death)
        found.append(len(book.read()))
        assert killer.run("command", *command).code == 0
        assert len(book.read()) == 4
    assert deaths[-1].code == 0
    assert set(found) == {1, 4}
    assert found == sorted(found)
