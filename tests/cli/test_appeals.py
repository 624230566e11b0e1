"""Appeals: filed, seen in the queue until they are answered, and answered only when it was seen what follows."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import ask, do
from said import BEGAN, say

from graph.casebook.book import import_events
from graph.casebook.events import read_events, write_event
from graph.open import open_casebook

pytestmark = pytest.mark.usefixtures("plain_surroundings")
WHY = ("--by", "ana", "--reason", "lent the phone")


@pytest.fixture(autouse=True)
def here(market: Path, elsewhere: Path) -> Path:
    """A store of one's own after a run, and a letter."""
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    (elsewhere / "letter.txt").write_text("I lent my\nphone\x1b[31m", encoding="utf-8")
    return elsewhere


def list_said() -> list[Any]:
    with open_casebook("ringfence-store") as book:
        return list(read_events(book.read()))


def test_an_appeal_waits_in_the_queue_with_the_day_by_which_it_has_to_be_answered() -> None:
    shown = do("appeal", "ann", "--text", "letter.txt", "--by", "mail")
    until = datetime.now(UTC) + timedelta(days=183)
    assert f"has to be answered by {until:%Y-%m-%d}." in shown
    (event,) = list_said()
    assert (event.kind, event.reason, event.seen.score) == ("appealed", "I lent my\nphone\x1b[31m", 0.93)
    (waiting,) = ask("queue")["appeals"]
    assert (waiting["account_id"], waiting["by"], waiting["is_overdue"]) == ("ann", "mail", False)
    assert "appeal of" in do("queue")
    assert ask("account", "ann")["decisions"][0].endswith(f"the answer is due by {until:%Y-%m-%d}")


def test_an_appeal_that_nobody_has_answered_in_time_is_overdue_and_comes_first() -> None:
    do("appeal", "bob", "--text", "letter.txt", "--by", "mail")
    old = say(kind="appealed", subject_id="ann", until=BEGAN + timedelta(days=1))
    with open_casebook("ringfence-store") as book:
        import_events(book, [write_event(old)])
    assert [(each["account_id"], each["is_overdue"]) for each in ask("queue")["appeals"]] == [
        ("ann", True),
        ("bob", False),
    ]
    assert "overdue" in do("queue")


def test_granting_shows_first_what_follows_and_then_parts_the_account_from_the_rings_things() -> None:
    do("appeal", "ann", "--text", "letter.txt", "--by", "mail")
    shown = do("appeal", "ann", "--granted", *WHY)
    assert "Nothing was said yet: --yes says it." in shown
    assert ask("appeal", "ann", "--granted", *WHY)[0]["account_id"] == "ann"
    assert len(list_said()) == 1
    do("appeal", "ann", "--granted", *WHY, "--yes")
    event = list_said()[-1]
    assert (event.kind, event.ruling, event.word, event.things) == (
        "ruled",
        "granted",
        "cleared",
        (("device", "phone-7"),),
    )
    assert ask("queue")["appeals"] == []
    assert ask("account", "ann")["decisions"][0].startswith("cleared on appeal by ana on ")
    do("detect")
    assert ask("account", "ann")["tier"] == "clear"


def test_another_person_is_not_cleared_but_shares_nothing_with_the_one_that_is_named() -> None:
    do("appeal", "ann", "--text", "letter.txt", "--by", "mail")
    do("appeal", "ann", "--granted", "--not-same-as", "bob", *WHY, "--yes")
    event = list_said()[-1]
    assert (event.word, event.things, event.not_same_as) == (None, (), ("bob",))
    do("appeal", "ann", "--text", "letter.txt", "--by", "mail")
    assert "nearest is 'bob'" in do("appeal", "ann", "--granted", "--not-same-as", "bobb", *WHY, exit_code=3)


def test_a_refused_appeal_changes_nothing_but_is_answered() -> None:
    do("appeal", "ann", "--text", "letter.txt", "--by", "mail")
    do("appeal", "ann", "--refused", *WHY)
    assert ask("queue")["appeals"] == []
    assert ask("account", "ann")["decisions"] == []
    do("decide", "--undo", list_said()[-1].event_id, *WHY)
    assert len(ask("queue")["appeals"]) == 1


WRONG = {
    "no appeal": (["ann", "--granted", *WHY], 1, "no appeal of 'ann' waits"),
    "nobody": (["anne", "--text", "letter.txt", "--by", "m"], 3, "the nearest is 'ann'"),
    "both": (["ann", "--text", "letter.txt", "--granted", *WHY], 2, "either file an appeal"),
    "neither": (["ann", *WHY], 2, "either file an appeal"),
    "not granted": (["ann", "--refused", "--not-same-as", "bob", *WHY], 2, "goes with --granted"),
    "nothing said": (["ann", "--text", "empty.txt", "--by", "m"], 1, "the appeal says nothing"),
    "not text": (["ann", "--text", "odd.bin", "--by", "m"], 1, "is not UTF-8"),
    "a book": (["ann", "--text", "long.txt", "--by", "m"], 1, "1,048,576 bytes"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_makes_no_sense_is_one_line_and_nothing_is_said(here: Path, wrong: str) -> None:
    (here / "empty.txt").write_text(" \n")
    (here / "odd.bin").write_bytes(b"\xff\xfe\x00")
    (here / "long.txt").write_text("x" * ((1 << 20) + 1))
    words, code, said = WRONG[wrong]
    error = do("appeal", *words, exit_code=code)
    assert said in error
    assert len(error.splitlines()) == 1
    assert list_said() == []
