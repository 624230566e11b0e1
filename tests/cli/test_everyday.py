"""What people do every day: options that mean the same everywhere, words that are explained, nothing said in vain."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_market
from command_line import run
from rich.console import Console

from cli.draw_cases import draw_queue
from cli.draw_parts import make_table, show_id
from cli.glossary import find_entries, read_glossary
from graph.casework.queue import Queue, QueueLine
from graph.open import open_store

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("tiers", "listed"),
    [
        (["automatic"], ["R-1"]),
        (["review"], ["R-1"]),
        (["automatic", "watch"], ["R-1", small_market.RINGS[1].ring_id]),
        (["watch", "automatic"], ["R-1", small_market.RINGS[1].ring_id]),
        (["watch"], ["R-1", small_market.RINGS[1].ring_id]),
    ],
)
def test_a_tier_means_that_one_or_above_and_several_all_of_them(tiers: list[str], listed: list[str]) -> None:
    words = [word for tier in tiers for word in ("--tier", tier)]
    assert [ring["ring_id"] for ring in json.loads(run("rings", *words, "--format", "json").stdout)] == listed


@pytest.mark.usefixtures("here")
def test_a_list_is_sorted_as_asked_and_cut_short() -> None:
    for sort in ("rank", "size", "bits"):
        assert len(json.loads(run("rings", "--sort", sort, "-n", "1", "--format", "json").stdout)) == 1
    assert len(json.loads(run("runs", "-n", "1", "--format", "json").stdout)) == 1


def test_each_line_on_stderr_is_a_document_for_whoever_collects_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_LOG", "json")
    monkeypatch.chdir(tmp_path)
    lines = [json.loads(line) for line in run("run", "nowhere", "-v").stderr.splitlines()]
    assert (lines[-1]["level"], lines[-1]["message"][:7]) == ("error", "nowhere")
    assert all(line.keys() == {"at", "level", "message"} for line in lines)
    (wrong,) = run("rings", "--limt", "3").stderr.splitlines()
    assert json.loads(wrong)["level"] == "error"


@pytest.mark.usefixtures("here")
def test_whoever_asks_for_quiet_hears_only_what_goes_wrong(tmp_path: Path) -> None:
    assert run("export", "rings", "-q", "-o", str(tmp_path / "r.csv")).stderr == ""
    assert "rows in" in run("export", "rings", "-o", str(tmp_path / "r.csv")).stderr
    assert run("account", "annn", "--quiet").stderr.startswith("ringfence: no account")
    assert logging.getLogger("ringfence").level == logging.WARNING
    run("runs")
    assert logging.getLogger("ringfence").level == logging.INFO


def test_a_word_is_explained_in_any_case_and_number_and_an_unknown_one_has_its_nearest() -> None:
    assert "chance half as good" in run("explain", "Bits").stdout
    assert (
        run("explain", "rings").stdout == run("explain", "ring").stdout + "" or "ring" in run("explain", "rings").stdout
    )
    assert run("explain", "chrage").stderr == "ringfence: no word in the glossary 'chrage'; the nearest is 'charge'\n"
    assert run("explain", "chrage").exit_code == 3


def test_one_word_may_mean_several_things_and_all_are_told() -> None:
    assert len(find_entries(read_glossary(), "refund")) == 2
    assert len(json.loads(run("explain", "--format", "json").stdout)) > 100


@pytest.mark.parametrize("word", ["bits", "charge", "tie", "watch", "automatic", "household", "believed", "net"])
def test_the_words_that_people_ask_about_are_there(word: str) -> None:
    assert find_entries(read_glossary(), word)[0].meaning


def test_nothing_is_proposed_after_a_run_that_found_no_ring(elsewhere: Path) -> None:
    (elsewhere / "market").mkdir()
    (elsewhere / "market" / "accounts.csv").write_text("account_id\nann\nbob\n")
    run("load", "market")
    said = run("detect").stdout
    assert "No rings." in said
    assert "ringfence ring " not in said


def test_a_run_of_the_past_says_so_and_names_itself_in_what_to_type_next(elsewhere: Path) -> None:
    run("simulate", "market", "--accounts", "600", "--seed", "3")
    run("load", "market")
    run("detect")
    latest = json.loads(run("runs", "--format", "json").stdout)[0]["run_id"]
    said = run("detect", "--as-of", "2024-06-01").stdout
    known = [each["run_id"] for each in json.loads(run("runs", "--format", "json").stdout)]
    assert known[0] == latest
    assert f"the verdicts stay those of run {latest}" in said
    assert f"--run {known[1]}" in said


def test_the_other_run_is_asked_by_every_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = small_market.make_store(tmp_path)
    monkeypatch.chdir(tmp_path)
    with open_store(str(location), mode="write") as store:
        snapshot = store.snapshot()
        run_of_past = replace(small_market.make_run(snapshot, run_id="past"), as_of=np.datetime64("2024-01-01"))
        store.write_run(replace(run_of_past, flags=()), snapshot)
    for words in (["account", "ann"], ["why", "ann"], ["ring", "R-1"], ["search", "ann"], ["expand", "ann"]):
        now, then = run(*words), run(*words, "--run", "past")
        assert now.exit_code == then.exit_code == 0
        assert now.stdout != then.stdout
    for words in (["rings"], ["timeline", "R-1"], ["exposure", "R-1"], ["compare", "ann", "bob"]):
        assert run(*words, "--run", "past").exit_code == 0
        assert run(*words, "--run", "never").exit_code == 3
    assert run("export", "accounts", "--run", "past", "-o", "-").stdout.splitlines()[1:] == []


def draw(width: int) -> str:
    table = make_table("account", "similarity", "probability", "used as", "false discoveries")
    table.add_row("an account whose id is long " * 3, "a", "b", "c", "d")
    console = Console(width=width)
    with console.capture() as shown:
        console.print(table)
    return shown.get()


@pytest.mark.parametrize("width", [70, 80])
def test_no_heading_is_broken_inside_a_word(width: int) -> None:
    assert {"similarity", "probability", "used", "discoveries"} <= set(draw(width).split())


def test_no_id_is_broken_while_there_is_room_to_break_words_elsewhere() -> None:
    table = make_table("ring", "tier", "amount", "action", right={"amount"})
    table.add_row(
        show_id("R6159c9f1fa"), "automatic", "12,241.86 USD", "restrict, and let a person confirm within a day"
    )
    console = Console(width=50)
    with console.capture() as shown:
        console.print(table)
    assert {"R6159c9f1fa", "automatic", "12,241.86", "restrict,"} <= set(shown.get().split())


def test_the_queue_fits_a_terminal_of_eighty_columns() -> None:
    line = QueueLine("R6159c9f1fa", "attack", "automatic", 0.95, 138, 130_551.0, None, 115.0, 8.0, 12, "open", "", 0)
    console = Console(width=80)
    with console.capture() as shown:
        console.print(draw_queue(Queue((line,), (), 1, 15.0, None, None, None, "nobody can say")))
    head, _, row, *_ = shown.get().splitlines()
    assert head.split() == ["case", "kind", "tier", "score", "size", "harm", "minutes", "waits"]
    assert row.split() == ["R6159c9f1fa", "attack", "automatic", "0.95", "138", "130,551", "115", "12", "d"]


def test_a_screen_too_narrow_for_the_headings_still_has_every_cell() -> None:
    assert set("abcd") <= set(draw(35).split())
