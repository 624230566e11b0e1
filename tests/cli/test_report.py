"""Pages to look at, of a ring, a case or an account: whole or not at all, with nothing that was not asked for."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest
from command_line import do, run
from small_market import HOSTILE

pytestmark = pytest.mark.usefixtures("plain_surroundings")
VALUES = ("phone-7", "tablet 'x'", "tablet &#39;x&#39;", "laptop-3", "café")


def report(*words: str) -> str:
    return do("report", *words, "-o", "-")


show = functools.cache(report)
"""Pages of the market that all tests share and nobody changes."""


def test_a_ring_is_a_page_of_its_own(here: Path, tmp_path: Path) -> None:
    path = tmp_path / "ring.html"
    do("report", "R-1", "-o", str(path))
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert all(each in page for each in ("R-1", "ann", "bob", "cyd", "41.5", "Trade ring", "ringfence decide R-1"))


def test_the_same_ring_gives_the_same_bytes_and_another_one_others(here: Path) -> None:
    assert report("R-1") == show("R-1")
    assert show("R-1") != show(f"R-2 {HOSTILE}")


@pytest.mark.parametrize("any_id", ["R-1", HOSTILE, f"R-2 {HOSTILE}"])
def test_no_identifier_is_spelt_out_unless_it_is_asked_for(here: Path, any_id: str) -> None:
    page = show(any_id)
    assert [each for each in VALUES if each in page] == []
    assert "Identifiers are hidden" in page
    open_page = report(any_id, "--unmask")
    assert [each for each in VALUES if each in open_page]
    assert "treat this file as personal data" in open_page


def test_who_spells_them_out_is_told_what_the_page_is(here: Path, tmp_path: Path) -> None:
    said = run("report", "ann", "-o", str(tmp_path / "page.html"), "--unmask").stderr
    assert "it is personal data" in said


def test_what_a_person_wrote_is_hidden_too(market: Path, elsewhere: Path) -> None:
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    do("decide", "R-1", "confirmed", "--reason", "all on phone-7, seen by ana", "--by", "ana")
    page = report("R-1")
    assert "all on device 1, seen by ana" in page
    assert "phone-7" not in page


def test_an_account_has_a_page_with_those_around_it(here: Path) -> None:
    page = show("ann")
    for part in (
        "Account",
        "bob",
        "cyd",
        "Why it stands where it stands",
        "Core of trade ring R-1.",
        "ringfence why ann",
    ):
        assert part in page


def test_a_case_shows_what_was_noted_of_it(market: Path, elsewhere: Path) -> None:
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    do("note", "R-1", "--text", "called ann", "--by", "ana")
    page = report("R-1", "--as", "case")
    assert "called ann" in page
    assert "The case" in page
    part = do("split", "R-1", "--member", "cyd", "--reason", "another hand", "--by", "ana").split()[-1]
    page = report(part)
    assert "of these accounts alone: <bdi>cyd</bdi>" in page
    assert f"ringfence decide {part} confirmed" in page


def test_a_ring_is_shown_as_an_earlier_run_found_it(here: Path) -> None:
    page = show("R-1", "--run", "run-1")
    assert "41.5" in page
    assert "The case" not in page  # what is done about it today is no part of what was found then


def test_a_page_is_in_german_where_that_is_asked_for(here: Path) -> None:
    page = show("R-1", "--language", "de")
    assert 'lang="de"' in page
    assert "Was ihn entlasten würde" in page


def test_what_has_no_page_is_one_line(here: Path, tmp_path: Path) -> None:
    assert "has no page" in do("report", "rev-1", "-o", "x.html", exit_code=1)
    assert "the nearest is 'R-1'" in do("report", "R-3", "-o", "x.html", exit_code=3)
    assert "no run 'run-9'" in do("report", "R-1", "--run", "run-9", "-o", "x.html", exit_code=3)
    assert "cannot be written" in do("report", "R-1", "-o", str(tmp_path), exit_code=1)
    assert not Path("x.html").exists()
