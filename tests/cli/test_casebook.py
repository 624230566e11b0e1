"""What people said, as the command line lists and moves it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_line import run
from said import decide, say

from graph.casebook.book import import_events
from graph.casebook.events import write_event
from graph.open import open_casebook

pytestmark = pytest.mark.usefixtures("plain_surroundings")
HOSTILE = "=1+1\n\x1b[31m"


@pytest.fixture
def here(market: Path, elsewhere: Path) -> Path:
    """A store of one's own with two events, of which the second takes back the first."""
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    first = decide(HOSTILE, "cleared", reason="one\ntwo")
    with open_casebook("ringfence-store") as book:
        undone = say(2, kind="undone", subject="event", subject_id=first.event_id, reason="wrong one")
        import_events(book, [write_event(first), write_event(undone)])
    return elsewhere


@pytest.mark.usefixtures("here")
def test_events_are_listed_the_latest_first_and_obeyed_by_no_screen() -> None:
    listed = json.loads(run("casebook", "list", "--format", "json").stdout)
    assert [(each["kind"], each["by"], each["taken_back"]) for each in listed] == [
        ("undone", "ana", False),
        ("decided", "ana", True),
    ]
    screen = run("casebook", "list").stdout
    assert "(taken" in screen
    assert "\x1b" not in screen
    assert len(json.loads(run("casebook", "list", "--about", HOSTILE, "--format", "json").stdout)) == 1


@pytest.mark.usefixtures("here")
def test_what_is_exported_is_taken_in_once_and_comes_out_the_same(market: Path) -> None:
    assert run("casebook", "export", "-o", "events.jsonl").stdout == "2 events in events.jsonl\n"
    shutil.copytree(market / "ringfence-store", "other")
    assert run("--store", "other", "casebook", "list").stdout.startswith("Nothing was said yet")
    for said in ("2 events added, 0 were there.\n", "0 events added, 2 were there.\n"):
        assert run("--store", "other", "casebook", "import", "events.jsonl").stdout == said
    assert run("--store", "other", "casebook", "export").stdout == Path("events.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", ["what?\n", '{"a": 1}\n', "[]"])
def test_a_line_that_is_no_event_is_named_and_nothing_is_taken_in(here: Path, wrong: str) -> None:
    content = write_event(decide("bob", "watch"))
    (here / "events.jsonl").write_text(f"{content}\n{wrong}", encoding="utf-8")
    result = run("casebook", "import", "events.jsonl")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith("ringfence: line 2 of events.jsonl: ")
    assert len(json.loads(run("casebook", "list", "--format", "json").stdout)) == 2


@pytest.mark.usefixtures("here")
def test_going_back_to_a_generation_says_that_what_people_said_stays() -> None:
    said = "The casebook is in no generation, and stays as it is: 2 events.\n"
    assert run("generations").stdout.endswith(said)
    oldest = json.loads(run("generations", "--format", "json").stdout)[-1]["generation"]
    assert run("restore", str(oldest)).stdout.endswith(said)
    assert len(json.loads(run("casebook", "list", "--format", "json").stdout)) == 2


def test_a_damaged_casebook_is_said_to_be_so_and_is_no_reason_to_go_back(here: Path) -> None:
    file = here / "ringfence-store" / "casebook" / "events.jsonl"
    run("casebook", "export", "-o", "events.jsonl")
    before = json.loads(run("casebook", "list", "--format", "json").stdout)
    file.write_bytes(file.read_bytes().replace(b"cleared", b"dismissed"))
    assert run("casebook", "list").exit_code == 8
    result = run("verify")
    assert result.exit_code == 8
    assert "the casebook of ringfence-store is damaged, and no generation has it" in result.stderr
    assert "`ringfence casebook import FILE --mend` puts back" in result.stderr
    assert run("casebook", "import", "events.jsonl").exit_code == 8
    said = run("casebook", "import", "events.jsonl", "--mend").stdout
    assert said == "The casebook is whole again, with 2 events.\n"
    assert json.loads(run("casebook", "list", "--format", "json").stdout) == before
