"""Cases: what waits, who has it, what was said of it, and what becomes of it."""

from __future__ import annotations

import csv
import io
import json
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import ask, do, run
from said import decide_ring
from small_market import HOSTILE, RINGS, grow_store, make_loaded_store, make_run, write_tables

from graph.casebook.book import import_events, say_in
from graph.casebook.events import Event, read_events, write_event
from graph.casebook.fold import fold
from graph.casework.working import prepare_claim, require_case
from graph.errors import CaseHeldError
from graph.open import open_casebook, open_store
from graph.stores.embedded.store import EmbeddedStore

pytestmark = pytest.mark.usefixtures("plain_surroundings")
SECOND = RINGS[1].ring_id
WHY = ("--by", "ana", "--reason", "why")


@pytest.fixture(autouse=True)
def here(market: Path, elsewhere: Path) -> Path:
    """A store of one's own after a run: ``R-1`` of four accounts, and a second ring that is watched."""
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    return elsewhere


def list_queue() -> list[str]:
    return [each["case_id"] for each in ask("queue")["lines"]]


def test_the_queue_begins_with_what_costs_most_for_the_time_that_it_takes() -> None:
    first, second = ask("queue")["lines"]
    assert (first["case_id"], second["case_id"]) == ("R-1", SECOND)
    # Five orders of 73.50 in all, a member's least harm of 10 each being less; 10 minutes, and half of one for each.
    assert (first["harm"], first["minutes"], first["chance"]) == (73.5, 12.0, None)
    assert (second["harm"], second["minutes"]) == (20.0, 11.0)
    assert first["priority"] == pytest.approx(73.5 * 0.93 / 12 * (1 + first["age_days"] / 30), rel=0.01)
    (here := Path("ringfence.toml")).write_text("casework.member_harm = 1000\ncasework.case_minutes = 1\n")
    assert [each["harm"] for each in ask("queue")["lines"]] == [4000.0, 2000.0]
    here.write_text("casework.member_harm = 0\n")
    assert "member_harm" in do("queue", exit_code=1)


def test_what_a_case_may_cost_is_what_its_exposure_comes_to_and_is_kept_with_the_run() -> None:
    here = "MATCH (g:Ring {ring_id: 'R-1'})"
    for money in (73.5, 1000.0, None):  # as the run was written, as somebody changed it, as an older version left it
        with EmbeddedStore("ringfence-store", mode="write") as store:
            assert store.query(f"{here} RETURN g.money AS money, g.currency AS currency")[0]["currency"] == "EUR"
            store.query(f"{here} SET g.money = $money", money=money)
        assert ask("queue")["lines"][0]["harm"] == (money or 73.5)
    (exposure,) = ask("exposure", "R-1")
    assert sum(line["amount"] for line in exposure["money"]) == 73.5


def test_nobody_says_what_to_expect_before_five_rings_of_a_tier_were_decided_about() -> None:
    said = do("queue", "--budget", "1")
    assert "1 of 2 cases that wait" in said
    assert "fewer than 5 rings of tier automatic were decided about" in said.replace("\n", " ")
    words = ["confirmed"] * 4 + ["dismissed"]
    said_of = [decide_ring(f"R-old-{n}", word, {f"x{n}": 9.0}, tier="automatic") for n, word in enumerate(words)]
    with open_casebook("ringfence-store") as book:
        import_events(book, [write_event(each) for each in said_of[1:]])
        assert ask("queue", "--budget", "1")["hits"] is None
        import_events(book, [write_event(said_of[0])])
    found = ask("queue", "--budget", "1")
    assert found["hits"] == pytest.approx(0.8)
    assert (round(found["hits_low"], 2), round(found["hits_high"], 2)) == (0.38, 0.96)
    assert found["says"] == "confirmed so far: 4 of 5 of tier automatic"
    assert "0.8 of them are expected" in do("queue", "--budget", "1").replace("\n", " ")


def test_two_cannot_have_one_case_and_a_claim_lapses() -> None:
    do("claim", "R-1", "--by", "ana")
    error = do("claim", "R-1", "--by", "bo", exit_code=5)
    until = datetime.now(UTC) + timedelta(hours=8)
    assert error.startswith(f"ringfence: case R-1 is with ana until {until:%Y-%m-%d %H:}")
    for words in (("skip", "R-1"), ("merge", SECOND, "R-1")):
        assert "is with ana" in do(*words, "--by", "bo", "--reason", "x", exit_code=5)
    do("claim", "R-1", "--by", "ana")
    assert ask("queue")["lines"][0]["holder"] == "ana"
    assert [each["case_id"] for each in ask("queue", "--budget", "5")["lines"]] == [SECOND]
    assert "not with bo" in do("claim", "R-1", "--release", "--by", "bo", exit_code=1)
    do("claim", "R-1", "--release", "--by", "ana")
    do("claim", "R-1", "--by", "bo", "--hours", "0.0000001")
    do("claim", "R-1", "--by", "cy")


def test_one_screen_says_all_of_a_case(here: Path) -> None:
    do("claim", "R-1", "--by", "ana")
    do("note", "R-1", "--text", "called\nthe seller", "--by", "ana")
    do("note", "R-1", "--text", "we look at it", "--public", "--by", "ana")
    do("decide", SECOND, "confirmed", *WHY)
    grow_store(here / "ringfence-store")
    page = ask("case", "R-1")
    assert (page["status"], page["holder"], page["decided"]) == ("held", "ana", "")
    assert [(each["text"], each["is_public"]) for each in page["notes"]] == [
        ("called\nthe seller", False),
        ("we look at it", True),
    ]
    assert page["changed"].startswith("since claimed by ana on 20")
    assert page["changed"].endswith(': dan came, o\'Hara "[bold]"; DROP\n=1+1,\t🦊 went')
    related = {each["case_id"]: each for each in page["related"]}
    assert related[SECOND]["members"] == ["dan"]
    assert related[SECOND]["decided"].startswith("confirmed by ana")
    assert page["proposes"] == "Hold payouts and open a case."
    assert page["surer"].startswith("it is as sure as it gets")
    (here / "letter.txt").write_text("not me")
    do("appeal", "bob", "--text", "letter.txt", "--by", "mail")
    assert [each["account_id"] for each in ask("case", "R-1")["appeals"]] == ["bob"]
    screen = do("case", "R-1")
    assert f"bob, since {datetime.now(UTC):%Y-%m-%d} " in screen
    assert "Notes" in screen
    assert "(public): we look at it" in screen
    assert not set(screen) & {"\x1b", "\t"}


def test_what_was_decided_does_not_wait_until_it_grows_or_is_opened_again(here: Path) -> None:
    do("decide", "R-1", "confirmed", *WHY)
    assert list_queue() == [SECOND]
    assert ask("case", "R-1")["status"] == "closed"
    assert "nothing to reopen" in do("reopen", SECOND, *WHY, exit_code=1)
    do("reopen", "R-1", *WHY)
    assert "R-1" in list_queue()
    do("decide", "R-1", "watch", *WHY)
    assert list_queue() == [SECOND]
    grow_store(here / "ringfence-store")
    assert "R-1" in list_queue()
    assert ask("case", "R-1")["fresh"] == ["dan"]


def test_a_ring_whose_members_are_all_restricted_is_closed_by_itself() -> None:
    for account_id in ("ann", "bob", HOSTILE):
        assert "R-1" in list_queue()
        do("decide", account_id, "confirmed", *WHY)
    # cyd is labelled fraud by the tables.
    assert list_queue() == [SECOND]
    do("decide", "cyd", "cleared", *WHY)
    assert "R-1" in list_queue()


def test_a_skipped_case_comes_last_until_it_is_decided() -> None:
    do("skip", "R-1", *WHY)
    assert list_queue() == [SECOND, "R-1"]
    assert ask("queue")["lines"][1]["skipped"] == 1


def test_cases_that_were_merged_are_one_and_are_decided_about_as_one() -> None:
    do("merge", SECOND, "R-1", *WHY)
    assert list_queue() == ["R-1"]
    assert ask("case", SECOND)["case_id"] == "R-1"
    assert ask("case", "R-1")["parts"] == [SECOND]
    (line,) = ask("queue")["lines"]
    # What ann has bought of eve is at risk with either ring.
    assert (line["size"], line["harm"], line["minutes"]) == (6, 73.5 + 16.0, 13.0)
    for word, status in (("dismissed", "decided"), ("confirmed", "closed")):
        (first, _) = ask("decide", "R-1", word, *WHY)
        assert ask("case", "R-1")["status"] == status
        do("decide", "--undo", first["batch"], *WHY)
    assert "as it is" in do("merge", "R-1", "R-1", *WHY, exit_code=1)
    rows = ask("decide", "R-1", "dismissed", *WHY)
    assert {each["subject_id"] for each in rows} == {"R-1", SECOND}
    do("decide", "--undo", rows[0]["batch"], *WHY)
    do("reopen", SECOND, *WHY)
    assert list_queue() == ["R-1", SECOND]


def test_members_who_were_split_off_are_a_case_of_their_own() -> None:
    said = do("split", "R-1", "--member", "ann", *WHY)
    (part,) = [each for each in list_queue() if each.startswith("C")]
    assert f"ringfence case {part}" in said
    assert ask("case", part)["members"] == ["ann"]
    assert "ann" not in ask("case", "R-1")["members"]
    do("decide", part, "cleared", *WHY)
    assert part not in list_queue()
    do("decide", "R-1", "confirmed", *WHY)
    said_of = {each: ask("account", each)["decisions"][0].split()[0] for each in ("ann", "bob")}
    assert said_of == {"ann": "cleared", "bob": "confirmed"}
    assert "name some of the" in do("split", SECOND, "--member", "dan", "--member", "eve", *WHY, exit_code=1)
    assert "no member 'bo'" in do("split", SECOND, "--member", "bo", *WHY, exit_code=3)


@pytest.mark.parametrize("command", ["case", "claim", "note", "skip", "merge", "split", "reopen"])
def test_a_case_that_there_is_not_is_one_line_with_the_nearest(command: str) -> None:
    more = {
        "case": (),
        "claim": ("--by", "ana"),
        "note": ("--text", "x", "--by", "ana"),
        "merge": (SECOND, *WHY),
        "split": ("--member", "ann", *WHY),
    }
    error = do(command, "R-11", *more.get(command, WHY), exit_code=3)
    assert error == "ringfence: no case 'R-11'; the nearest is 'R-1'\n"


def test_before_the_first_run_nothing_waits_and_accounts_can_be_decided_about(tmp_path: Path) -> None:
    assert "no store" in do("--store", str(tmp_path / "nowhere"), "queue", exit_code=5)
    store = tmp_path / "loaded"
    make_loaded_store(store, write_tables(tmp_path / "tables"))
    assert "no run yet" in do("--store", str(store), "queue", exit_code=1)
    do("--store", str(store), "decide", "ann", "cleared", *WHY)
    (said,) = ask("--store", str(store), "account", "ann")["decisions"]
    assert said.endswith("(the next `ringfence detect` hears it)")


def test_whoever_decides_is_told_what_changed_since_the_claim_and_who_else_has_the_case(here: Path) -> None:
    do("claim", "R-1", "--by", "ana")
    assert run("decide", "R-1", "watch", *WHY).stderr == ""
    do("claim", "R-1", "--by", "ana")
    grow_store(here / "ringfence-store")
    assert run("decide", "R-1", "watch", *WHY).stderr.startswith(
        "ringfence: ring R-1 has changed since you claimed it: dan came, "
    )


def list_last(n: int) -> list[Event]:
    with open_casebook("ringfence-store") as book:
        return list(read_events(book.read())[-n:])


def test_a_case_that_somebody_else_has_is_not_decided_about_unless_that_is_said(here: Path) -> None:
    do("claim", "R-1", "--by", "bo")
    until = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%d %H:}"
    (here / "many.csv").write_text("id\neve\nR-1\n")
    refused = (
        ("decide", "R-1", "dismissed"),
        ("decide", "R-1", "cleared", "--member", "ann"),
        ("decide", "--from", "many.csv", "watch"),
        ("merge", SECOND, "R-1"),
        ("split", "R-1", "--member", "ann"),
    )
    for words in refused:
        error = do(*words, *WHY, exit_code=5)
        assert error.startswith(f"ringfence: case R-1 is with bo until {until}")
        assert error.endswith("(UTC); --anyway does it all the same, and that is recorded\n")
        assert len(list_last(9)) == 1
    assert "case R-1 is with bo" in run("decide", "R-1", "watch", *WHY, "--dry-run").stderr
    do("decide", "ann", "watch", *WHY)  # of an account of its own nobody has the case
    do("decide", "R-1", "cleared", "--member", "bob", *WHY[2:], "--by", "bo")
    assert [each.despite for each in list_last(2)] == [(), ()]
    for words in refused[1:2] + refused[3:]:
        do(*words, *WHY, "--anyway")
        assert list_last(1)[0].despite == ("bo",)
    do("claim", "R-1", "--by", "bo")
    assert "is with bo" in do("decide", SECOND, "watch", *WHY, exit_code=5)  # it is part of his case
    do("decide", "R-1", "watch", *WHY, "--anyway")
    assert [(each.subject_id, each.despite) for each in list_last(2)] == [("R-1", ("bo",)), (SECOND, ("bo",))]


def test_of_two_who_claim_at_the_same_time_one_is_told_who_was_first() -> None:
    began, told = threading.Barrier(2), list[str]()

    def claim(by: str) -> None:
        with open_store("ringfence-store") as store:

            def draft(known: tuple[Event, ...]) -> list[dict[str, Any]]:
                file = require_case(store, fold(known), "R-1")
                return [prepare_claim(file, by=by, hours=1.0, now=datetime.now(UTC))]

            began.wait()
            try:
                say_in(store.casebook, draft)
            except CaseHeldError as error:
                told.append(str(error))

    threads = [threading.Thread(target=claim, args=(by,)) for by in ("ana", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = list_last(2)
    assert len(told) == 1
    assert told[0].startswith(f"case R-1 is with {first.by} until ")


def test_what_is_said_again_word_for_word_is_there_once(here: Path) -> None:
    (here / "letter.txt").write_text("it was not me")
    (here / "many.csv").write_text("id\neve\ndan\n")
    for words in (
        ("decide", "R-1", "confirmed", *WHY),
        ("decide", "ann", "cleared", *WHY),
        ("decide", "R-1", "watch", "--member", "bob", *WHY),
        ("decide", "--from", "many.csv", "watch", *WHY),
        ("ignore", "device", "phone-7", *WHY),
        ("skip", "R-1", *WHY),
        ("note", "R-1", "--text", "called", "--by", "ana"),
        ("appeal", "ann", "--text", "letter.txt", "--by", "ana"),
    ):
        rows = ask(*words)
        again = run(*words, "--format", "json")
        assert json.loads(again.stdout) == rows
        assert again.stderr == "ringfence: this was said before, word for word, and stands: nothing was added\n"
    assert len(list_last(20)) == 9
    for words in (
        ("decide", "ann", "cleared", "--by", "bo", "--reason", "why"),
        ("decide", "ann", "cleared", "--by", "bo", "--reason", "why not"),
        ("decide", "ann", "cleared", *WHY),  # bo has spoken since
        ("ignore", "device", "phone-7", *WHY, "--until", "2099-01-01"),
        ("note", "R-1", "--text", "called", "--by", "bo"),
        ("decide", "R-1", "cleared", "--member", "ann", *WHY),
        ("decide", "ann", "cleared", *WHY),  # what stands of her was said with the ring
        ("decide", "R-1", "confirmed", *WHY),  # she skipped it since
    ):
        assert run(*words).stderr.count("said before") == 0
    assert len(list_last(20)) == 17


def test_who_was_confirmed_by_name_stays_so_when_the_ring_is_decided_about_and_that_is_taken_back() -> None:
    do("decide", "ann", "confirmed", *WHY)
    for word in ("confirmed", "dismissed"):
        do("decide", "R-1", word, *WHY)
        assert ask("account", "ann")["decisions"][0].startswith("confirmed by ana")
    do("decide", "--undo", list_last(1)[0].event_id, *WHY)
    assert ask("account", "ann")["decisions"][0].startswith("confirmed by ana")


def test_the_market_is_measured_by_what_people_decided_and_never_found_by_it() -> None:
    plain = ("evaluate", "--no-baselines", "--resamples", "5")
    assert "people decided" not in do(*plain)  # by the one label alone
    for words in (("R-1", "confirmed"), ("dan", "cleared"), (SECOND, "dismissed")):
        do("decide", *words, *WHY)
    assert "Rings that people decided about, by the tier they had then" in do(*plain)
    rows = csv.DictReader(io.StringIO(do(*plain, "--format", "csv")))
    found = {(row["section"], row["name"], row["measure"]): row["value"] for row in rows}
    assert found["decided rings", "automatic", "precision"] == "1.0"
    assert found["decided rings", "watch", "hits"] == "0"
    assert (found["accounts", "all", "rows"], found["accounts", "all", "bad"]) == ("6", "4")


def test_a_case_whose_ring_is_gone_still_has_its_page_and_says_where_its_members_are(here: Path) -> None:
    do("note", SECOND, "--text", "one laptop", "--by", "ana")
    do("decide", SECOND, "dismissed", *WHY)
    with open_store("ringfence-store", mode="write") as store:
        snapshot = store.snapshot()
        run = make_run(snapshot, run_id="run-9", odd_id="dan")
        store.write_run(replace(run, rings=run.rings[:1], as_of=None), snapshot)
    page = ask("case", SECOND)
    assert (page["status"], page["proposes"], page["surer"]) == ("gone", "", "")
    assert page["changed"] == "the latest run finds no such ring; 1 of its 2 members are in ring R-1 now"
    assert page["decided"].startswith("dismissed by ana")
    assert [each["text"] for each in page["notes"]] == ["one laptop"]
    assert {each["case_id"]: each["members"] for each in page["related"]} == {"R-1": ["dan"]}
    assert ask("case", "R-1")["changed"] == f"since run-1: dan came, {HOSTILE} went"
    assert "finds no ring" in do("reopen", SECOND, *WHY, exit_code=3)


def test_whatever_is_said_of_a_case_or_a_thing_keeps_what_there_was_to_see() -> None:
    for words in (
        ("note", "R-1", "--text", "called", "--by", "ana"),
        ("skip", "R-1", *WHY),
        ("split", "R-1", "--member", "ann", *WHY),
        ("merge", SECOND, "R-1", *WHY),
        ("reopen", SECOND, *WHY),
    ):
        do(*words)
        (event,) = list_last(1)
        assert event.seen is not None
        assert (event.seen.run_id, event.seen.tier) == ("run-1", "watch" if SECOND in words[1] else "automatic")
        assert event.seen.members
    do("ignore", "device", "phone-7", *WHY)
    seen = list_last(1)[0].seen
    assert seen is not None
    assert (seen.run_id, seen.ring_ids) == ("run-1", ("R-1",))
