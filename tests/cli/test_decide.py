"""A person decides: what is said, what is refused, and that every answer says it from then on."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from command_line import run
from small_market import HOSTILE, RINGS, grow_store, write_newcomers

from graph.casebook.events import read_events
from graph.open import open_casebook

pytestmark = pytest.mark.usefixtures("plain_surroundings")
WHY = ("--by", "ana", "--reason", "family phone")


@pytest.fixture(autouse=True)
def here(market: Path, elsewhere: Path) -> Path:
    """A store of one's own after a run."""
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    return elsewhere


def list_said() -> list[dict[str, object]]:
    """Every event, the latest first."""
    return json.loads(run("casebook", "list", "--format", "json").stdout)  # type: ignore[no-any-return]


def decide(*words: str, exit_code: int = 0) -> str:
    result = run("decide", *words)
    assert result.exit_code == exit_code, result.output
    return result.stderr if exit_code else result.stdout


def test_a_decision_is_kept_with_all_that_there_was_to_see() -> None:
    decide("R-1", "confirmed", *WHY)
    with open_casebook("ringfence-store") as book:
        (event,) = read_events(book.read())
    assert (event.word, event.is_whole, event.by, event.reason) == ("confirmed", True, "ana", "family phone")
    assert set(event.accounts) == {"ann", "bob", "cyd", HOSTILE}
    seen = event.seen
    assert seen is not None
    assert (seen.run_id, seen.tier, seen.score, seen.net_bits) == ("run-1", "automatic", 0.93, 41.5)
    assert [(each.channel, each.bits) for each in seen.evidence] == [("device", 31.0), ("trade", 22.75)]
    assert [(each.account_id, each.bits) for each in seen.members][:2] == [("ann", 22.0), ("bob", 19.5)]
    assert [each.name for each in seen.innocent] == ["household"]


def test_every_answer_says_what_was_decided() -> None:
    decide("R-1", "dismissed", *WHY)
    decide("ann", "cleared", *WHY)
    decide("rev-1", "confirmed", *WHY)
    unheard = " (the next `ringfence detect` hears it)"
    ann = json.loads(run("account", "ann", "--format", "json").stdout)
    assert len(ann["decisions"]) == 1
    assert ann["decisions"][0].startswith("cleared by ana on 20")
    assert ann["decisions"][0].endswith(f": family phone{unheard}")
    assert "Cleared by ana on" in run("account", "ann").stdout
    ring = json.loads(run("ring", "R-1", "--format", "json").stdout)
    assert ring["decisions"][0].startswith("dismissed by ana on")
    assert ring["decisions"][1].startswith("ann: cleared by ana on")
    assert re.search(r"dismissed\b.*\bby ana", run("rings").stdout, re.DOTALL)  # in a narrow column
    listed = json.loads(run("rings", "--format", "json").stdout)
    assert [bool(each["decided"]) for each in listed] == [True, False]
    for subject_id, word in (("ann", "cleared"), ("R-1", "dismissed"), ("rev-1", "confirmed")):
        (reasons,) = json.loads(run("why", subject_id, "--format", "json").stdout)
        assert reasons["sentences"][0].startswith(f"{word} by ana on")


def test_a_decision_on_some_members_is_about_them_alone() -> None:
    decide("R-1", "cleared", "--member", "ann", "--member", "cyd", *WHY)
    assert "decisions" in run("account", "ann", "--format", "json").stdout
    assert json.loads(run("account", "bob", "--format", "json").stdout)["decisions"] == []
    assert decide("R-1", "cleared", "--member", "anne", *WHY, exit_code=3).startswith(
        "ringfence: no member 'anne' in ring 'R-1'; the nearest is 'ann'"
    )
    assert "--member is for rings" in decide("ann", "cleared", "--member", "ann", *WHY, exit_code=1)


def test_who_was_decided_about_alone_keeps_that_when_the_ring_is_decided_about() -> None:
    decide("ann", "cleared", *WHY)
    result = run("decide", "R-1", "confirmed", *WHY)
    assert result.stderr.startswith("ringfence: ann stays as it was decided: cleared by ana on")
    said = json.loads(run("account", "ann", "--format", "json").stdout)["decisions"]
    assert said[0].startswith("cleared by ana")


def test_what_was_said_is_taken_back_and_brought_again() -> None:
    event_id = json.loads(decide("ann", "cleared", *WHY, "--format", "json"))[0]["event_id"]
    assert "To take it back: ringfence decide --undo E" in decide("ann", "watch", *WHY)
    decide("--undo", event_id, *WHY)
    said = json.loads(run("account", "ann", "--format", "json").stdout)["decisions"]
    assert said[0].startswith("only watched by ana")
    assert "was taken back before" in decide("--undo", event_id, *WHY, exit_code=1)
    undone = str(list_said()[0]["event_id"])
    decide("--undo", undone, *WHY)
    assert [each["taken_back"] for each in list_said()] == [False, True, False, False]
    assert decide("--undo", f"{event_id}x", *WHY, exit_code=3).endswith(f"the nearest is '{event_id}'\n")


WRONG = {
    "no reason": (["R-1", "confirmed", "--by", "ana"], 1, "needs a reason"),
    "blanks": (["R-1", "confirmed", "--by", "ana", "--reason", " \n"], 1, "needs a reason"),
    "too long a reason": (["R-1", "confirmed", "--by", "ana", "--reason", "x" * 100_001], 1, "100,001"),
    "another word": (["R-1", "clear", *WHY], 1, "did you mean 'cleared'?"),
    "nobody": (["R-11", "confirmed", *WHY], 3, "the nearest is 'R-1'"),
    "nobody of that kind": (["ann", "cleared", "--as", "review", *WHY], 3, "no review 'ann'"),
    "nothing": ([*WHY], 2, "name what is decided about"),
    "no speaker": (["R-1", "confirmed", "--by", " ", "--reason", "x"], 2, "say --by NAME"),
    "another run": (["R-1", "confirmed", "--seen", "run-9", *WHY], 3, "no run 'run-9'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_makes_no_sense_is_one_line_and_nothing_is_said(wrong: str) -> None:
    words, code, said = WRONG[wrong]
    error = decide(*words, exit_code=code)
    assert said in error
    assert len(error.splitlines()) == 1
    assert list_said() == []


@pytest.mark.parametrize("reason", ["a\nb\r\nc\x1b[31m", "'; DROP", "ü🦊" * 5_000])
def test_any_reason_is_kept_as_it_was_given_and_obeyed_by_no_screen(reason: str) -> None:
    decide(HOSTILE, "cleared", "--by", HOSTILE, "--reason", reason)
    with open_casebook("ringfence-store") as book:
        (event,) = read_events(book.read())
    assert (event.reason, event.by, event.subject_id) == (reason, HOSTILE, HOSTILE)
    for words in (("account", HOSTILE), ("why", HOSTILE), ("casebook", "list"), ("ring", "R-1")):
        shown = run(*words).stdout
        assert not set(shown) & {"\x1b", "\r"}


def test_a_ring_that_changed_since_it_was_looked_at_is_not_decided_about_unseen(here: Path) -> None:
    decide("R-1", "confirmed", "--seen", "run-1", *WHY)
    grow_store(here / "ringfence-store")
    error = decide("R-1", "dismissed", "--seen", "run-1", *WHY, exit_code=7)
    assert "ring R-1 is not what run-1 showed: dan came, " in error
    assert "--seen run-2" in error
    assert len(list_said()) == 1


# ── many at once ──────────────────────────────────────────────────────────────────────────────────


def write_file(here: Path, text: str) -> str:
    (here / "decisions.csv").write_text(text, encoding="utf-8")
    return "decisions.csv"


def test_a_file_decides_about_many_at_once_and_all_of_it_is_taken_back_at_once(here: Path) -> None:
    file = write_file(here, "id,word,reason,member\nann,,,\nbob,watch,seen twice,\nR-1,confirmed,,cyd\n")
    dry = decide("cleared", "--from", file, *WHY, "--dry-run")
    assert "Nothing was said; it would touch 3 accounts." in dry
    assert list_said() == []
    rows = json.loads(decide("cleared", "--from", file, *WHY, "--format", "json"))
    assert [(each["subject_id"], each["word"], each["reason"]) for each in rows] == [
        ("ann", "cleared", "family phone"),
        ("bob", "watch", "seen twice"),
        ("R-1", "confirmed", "family phone"),
    ]
    (batch,) = {each["batch"] for each in rows}
    decide("--undo", batch, *WHY)
    assert [each["taken_back"] for each in list_said()] == [False, True, True, True]
    again = json.loads(decide("cleared", "--from", file, *WHY, "--format", "json"))
    assert {each["batch"] for each in again} != {batch}


@pytest.mark.parametrize("rows", ["R-1,confirmed,\nR-1,cleared,cyd\n", "R-1,cleared,cyd\nann,watch,\nR-1,confirmed,\n"])
def test_in_a_file_a_member_that_is_named_is_decided_about_by_name(here: Path, rows: str) -> None:
    decide("--from", write_file(here, f"id,word,member\n{rows}"), *WHY)
    said = {
        each: json.loads(run("account", each, "--format", "json").stdout)["decisions"][0] for each in ("bob", "cyd")
    }
    assert {each: words.split()[0] for each, words in said.items()} == {"bob": "confirmed", "cyd": "cleared"}


def test_more_accounts_than_a_hundred_are_decided_about_only_if_their_number_is_said(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.casework.deciding.MOST_TOUCHED", 3)
    quoted = RINGS[1].ring_id.replace('"', '""')
    file = write_file(here, f'id\nR-1\n"{quoted}"\n')
    error = decide("watch", "--from", file, *WHY, exit_code=1)
    assert "decides about 6 accounts, more than 3" in error
    assert "--limit 6" in error
    assert "it would touch 6 accounts" in decide("watch", "--from", file, *WHY, "--dry-run")
    decide("watch", "--from", file, *WHY, "--limit", "5", exit_code=1)
    decide("watch", "--from", file, *WHY, "--limit", "6")
    assert len(list_said()) == 2


WRONG_FILES = {
    "": (4, "has no columns"),
    "id\n": (4, "holds no decision"),
    "account\nann\n": (4, "has account; a file of decisions has id,"),
    "id\nann\nnobody\n": (3, "no ring, account or review 'nobody'"),
    "id,word\nann,free\n": (1, "row 2 of decisions.csv: 'free' is no decision"),
    "id,reason\nann,x\nbob,\n": (1, "row 3 of decisions.csv: a decision needs a reason"),
    "id\nann,bob,cyd\n": (4, "more cells than there are columns"),
}


@pytest.mark.parametrize("text", WRONG_FILES)
def test_a_file_with_one_mistake_says_nothing_at_all(here: Path, text: str) -> None:
    code, said = WRONG_FILES[text]
    reason = () if "reason" in text else ("--reason", "x")
    assert said in decide("cleared", "--from", write_file(here, text), "--by", "ana", *reason, exit_code=code)
    assert list_said() == []


# ── things ────────────────────────────────────────────────────────────────────────────────────────


def test_a_thing_is_ignored_and_heeded_again() -> None:
    shown = run("ignore", "device", "phone-7", *WHY).stdout
    assert "judges anew, of the rings there are, whose members share it: R-1" in shown
    assert [(each["kind"], each["subject_id"]) for each in list_said()] == [("ignored", "phone-7")]
    run("ignore", "device", "phone-7", "--again", *WHY)
    assert run("ignore", "device", "phone-7", "--again", *WHY).exit_code == 1
    assert [each["kind"] for each in list_said()] == ["heeded", "ignored"]


def test_nobody_who_is_checked_shares_what_is_ignored(here: Path) -> None:
    write_newcomers(here / "new")
    assert "phone-7" in run("check", "new", "--format", "json").stdout
    run("ignore", "device", "phone-7", *WHY)
    assert "phone-7" not in run("check", "new", "--format", "json").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("device", "phone-8"), 3, "no device 'phone-8'; the nearest is 'phone-7'"),
        (("devic", "phone-7"), 1, "did you mean 'device'?"),
        (("device", "phone-7", "--reason", ""), 1, "needs a reason"),
    ],
)
def test_a_thing_that_is_not_there_is_not_ignored(words: tuple[str, ...], code: int, said: str) -> None:
    result = run("ignore", *words, *(WHY if "--reason" not in words else ("--by", "ana")))
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
    assert list_said() == []
