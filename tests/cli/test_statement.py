"""Reasons that can be sent: three files for a decision, and a line where there is nothing to state."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from command_line import run
from said import BEGAN, decide_ring, say
from small_market import HOSTILE

from graph.casebook.book import import_events
from graph.casebook.cases import fold_cases
from graph.casebook.events import read_events, write_event
from graph.casebook.fold import fold
from graph.open import open_casebook

pytestmark = pytest.mark.usefixtures("plain_surroundings")
TOML = """[statement]
platform = "Mart"
contact = "appeals@mart.example"
terms = "Terms, 7.2"
appeal_days = 30
"""
WHY = ("--by", "Zoltan", "--reason", "same hand as phone-7")
NAMES = {"record.html", "letter.html", "transparency.json"}


@pytest.fixture(autouse=True)
def here(market: Path, elsewhere: Path) -> Path:
    """A store of one's own after a run, and settings."""
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    (elsewhere / "ringfence.toml").write_text(TOML, encoding="utf-8")
    return elsewhere


def do(*words: str, exit_code: int = 0) -> str:
    result = run(*words)
    assert result.exit_code == exit_code, result.output
    return result.stderr


def state(*words: str, into: str = "out") -> dict[str, str]:
    do("statement", *words, "-o", into)
    return {path.name: path.read_text(encoding="utf-8") for path in Path(into).iterdir()}


def test_what_a_person_decided_about_a_ring_is_stated_for_each_of_its_members() -> None:
    do("decide", "R-1", "confirmed", *WHY)
    do("decide", "bob", "cleared", *WHY)
    files = state("R-1")
    assert files.keys() == NAMES
    forms = json.loads(files["transparency.json"])["statements"]
    assert [each["content_date"] for each in forms] == ["2024-01-01", "2024-01-03", "2024-01-06"]
    assert {each["automated_decision"] for each in forms} == {"AUTOMATED_DECISION_PARTIALLY"}
    assert len({each["puid"] for each in forms}) == 3
    assert all(each["puid"] in files["record.html"] for each in forms)
    for name in ("ann", "bob", "cyd", "eve", "DROP", "phone-7", "Zoltan", "R-1"):
        for file in ("letter.html", "transparency.json"):
            assert re.search(rf"\b{name}\b", files[file]) is None
    assert all(f"<bdi>{name}</bdi>" in files["record.html"] for name in ("ann", "bob", "cyd", "eve", "Zoltan", "R-1"))


def test_what_was_decided_with_a_ring_is_stated_of_one_member_in_german() -> None:
    event = decide_ring("R-1", "confirmed", {"ann": 22.0, "cyd": 18.0}, tier="automatic")
    with open_casebook("ringfence-store") as book:
        import_events(book, [write_event(event)])
    files = state("ann", "--language", "de")
    assert "<bdi>ann</bdi>" in files["letter.html"]
    assert "Ein Mensch hat es sich angesehen und entschieden." in files["letter.html"]
    assert "bis zum 2. Mai 2024" in files["letter.html"]
    (form,) = json.loads(files["transparency.json"])["statements"]
    assert form["application_date"] == f"{BEGAN:%Y-%m-%d}"
    assert form["decision_facts"].startswith("The account acts together with others, in a group of 4 accounts.")


def test_the_record_of_an_account_has_what_the_run_said_of_it_and_nothing_else_has() -> None:
    files = state("ann")
    assert "<bdi>Shares phone-7 with bob and cyd.</bdi>" in files["record.html"]
    assert "Shares" not in files["letter.html"] + files["transparency.json"]


def test_what_nobody_has_decided_is_stated_where_the_program_is_certain_and_only_there() -> None:
    assert "No person took part." in state("ann")["letter.html"]
    error = do("statement", HOSTILE, "-o", "other", exit_code=1)
    assert "nobody has decided about" in error
    assert "ringfence decide" in error
    assert len(error.splitlines()) == 1
    assert not Path("other").exists()


def test_an_id_that_nothing_may_stumble_over_is_stated_like_any_other() -> None:
    do("decide", HOSTILE, "confirmed", *WHY)
    files = state(HOSTILE)
    assert "o&#39;Hara &#34;[bold]&#34;; DROP\\n=1+1,\\t🦊" in files["letter.html"]
    assert "DROP" not in files["transparency.json"]


def test_the_same_decision_gives_the_same_bytes_and_another_secret_other_numbers(here: Path) -> None:
    first, again = state("ann", into="first"), state("ann", into="again")
    assert first == again
    assert (here / "ringfence-statement.key").stat().st_mode & 0o077 == 0
    (here / "ringfence-statement.key").unlink()
    (number,) = (each["puid"] for each in json.loads(first["transparency.json"])["statements"])
    assert number not in state("ann", into="other")["transparency.json"]


def test_a_note_that_may_be_told_is_told_unless_it_names_somebody_else() -> None:
    do("note", "R-1", "--text", "You shipped nothing.", "--public", "--by", "ana")
    do("note", "R-1", "--text", "bob seems to be in charge", "--by", "ana")
    files = state("ann")
    assert "You shipped nothing." in files["letter.html"]
    assert "in charge" not in files["letter.html"]
    assert "shipped" not in files["transparency.json"]
    do("note", "R-1", "--text", "You know PHONE-7.", "--public", "--by", "ana")
    assert "note 2 of those that may be told" in do("statement", "ann", "-o", "other", exit_code=1)


def test_that_facts_came_since_the_run_is_said_and_all_that_it_found_is_stated() -> None:
    assert "which facts carry the verdict" in do("statement", "ann", "-o", "out")
    letter = Path("out/letter.html").read_text(encoding="utf-8")
    assert "These are all the facts that were found." in letter
    assert letter.count("counted 3 times") == 2


def test_an_account_in_no_ring_is_told_in_words_why() -> None:
    do("decide", "guest-01", "confirmed", *WHY)
    files = state("guest-01", "--ground", "You sold a phone that was not yours.", "--language", "de")
    assert "You sold a phone that was not yours." in files["letter.html"]
    assert "Warum wir über Ihr Konto entschieden haben" in files["letter.html"]
    assert "Gruppe" not in files["letter.html"]
    (form,) = json.loads(files["transparency.json"])["statements"]
    assert form["decision_facts"].startswith("A person looked at the account")
    assert (form["category_specification"], "phone" in files["transparency.json"]) == (["KEYWORD_OTHER"], False)


def test_the_author_of_a_review_is_told_why_it_is_removed() -> None:
    do("decide", "rev-1", "confirmed", *WHY)
    files = state("rev-1", "--ground", "You praised what you had not bought.")
    assert "Why we decided about your review" in files["letter.html"]
    assert "The review is removed." in files["letter.html"]
    assert "The account is suspended." not in files["letter.html"]
    (form,) = json.loads(files["transparency.json"])["statements"]
    assert form["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_REMOVED"]
    assert (form["content_type"], form["content_date"]) == (["CONTENT_TYPE_TEXT"], "2024-03-08")
    assert form["category_specification"] == ["KEYWORD_INAUTHENTIC_USER_REVIEWS"]
    assert "decision_account" not in form
    assert not re.search(r"\b(ann|rev-1)\b", files["transparency.json"])


def test_a_case_that_was_split_off_has_reasons_of_its_own() -> None:
    do("split", "R-1", "--member", "cyd", "--reason", "another hand", "--by", "Zoltan")
    do("decide", "R-1", "confirmed", "--member", "cyd", *WHY)
    with open_casebook("ringfence-store") as book:
        part = next(each for each in fold_cases(fold(read_events(book.read()))) if each.startswith("C"))
    files = state(part)
    (form,) = json.loads(files["transparency.json"])["statements"]
    assert form["content_date"] == "2024-01-03"
    assert form["decision_facts"].startswith("The account acts together with others")
    assert f"<bdi>{part}</bdi>" in files["record.html"]


WRONG = {
    "cleared": (["ann"], "cleared", 1, "'ann' is cleared: there is no decision against it"),
    "watched": (["ann"], "watch", 1, "'ann' is only watched"),
    "in no ring": (["guest-01"], "confirmed", 1, "was in no ring when it was decided about"),
    "a review": (["rev-1"], "", 1, "nobody has decided about 'rev-1'"),
    "a review without a ground": (["rev-1"], "confirmed", 1, "say in words what it is: --ground"),
    "one who shares": (["guest-01", "--ground", "You know ann."], "confirmed", 1, "--ground names another account"),
    "undecided": (["guest-01", "--ground", "You lied."], "", 1, "nobody has decided about"),
    "nobody": (["annn"], "", 3, "the nearest is 'ann'"),
    "no case": (["ann", "--as", "case"], "", 3, "no ring 'ann'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_where_there_is_nothing_to_state_it_is_one_line_and_no_file(wrong: str) -> None:
    words, word, code, said = WRONG[wrong]
    if word:
        do("decide", words[0], word, *WHY)
    error = do("statement", *words, "-o", "out", exit_code=code)
    assert said in error
    assert len(error.splitlines()) == 1
    assert not Path("out").exists()


@pytest.mark.parametrize("lacking", ["platform", "contact", "terms"])
def test_what_has_to_be_told_has_to_be_set(here: Path, lacking: str) -> None:
    lines = [line for line in TOML.splitlines() if not line.startswith(lacking)]
    (here / "ringfence.toml").write_text("\n".join(lines), encoding="utf-8")
    assert lacking in do("statement", "ann", "-o", "out", exit_code=1)


def test_a_folder_that_holds_something_and_a_secret_that_is_none_are_refused(here: Path) -> None:
    state("ann")
    assert "holds something already" in do("statement", "ann", "-o", "out", exit_code=1)
    (here / "ringfence-statement.key").write_text("short")
    assert "too short for a secret" in do("statement", "ann", "-o", "other", exit_code=1)


def test_an_answer_to_an_appeal_leaves_nothing_to_state() -> None:
    ruled = say(2, kind="ruled", ruling="granted", word="cleared")
    with open_casebook("ringfence-store") as book:
        import_events(book, [write_event(decide_ring("R-1", "confirmed", {"ann": 22.0})), write_event(ruled)])
    assert "'ann' is cleared" in do("statement", "ann", "-o", "out", exit_code=1)
