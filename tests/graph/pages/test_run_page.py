"""The page of a run: what it says, in each language, and what it says where something is not known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import small_market
from reading import Reader
from small_market import HOSTILE

from graph.pages.rendering import Site, show_text
from graph.pages.run import draw_bars, list_labelled, list_segments, write_run
from graph.pages.run_content import (
    CheckRecord,
    NightRecord,
    RejectRecord,
    RunAsked,
    RunFacts,
    StepRecord,
    TableRecord,
    read_run,
)
from graph.pages.site import plan_site, write_search
from graph.queries.overview import Bin, SegmentRecord
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore

NIGHT = NightRecord(
    number=7,
    state="done",
    tables=(TableRecord("orders", 6, 5, 0, 1, 0, 2),),
    steps=(StepRecord("load", 1.5, False), StepRecord("apply", 0.0, True)),
    checks=(CheckRecord("most_reject_share", "2 of 6 rows of orders are rejected", False),),
    rejects=(RejectRecord("orders", "amount … is no number", 2),),
)

ASKED = RunAsked(["device", "trade", "phone"], NIGHT)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    """Two runs: in the second ``dan`` has the place of the odd one."""
    location: Path = small_market.make_store(tmp_path_factory.mktemp("run"))
    small_market.grow_store(location)
    with EmbeddedStore(location) as opened:
        yield opened


@pytest.fixture(scope="module")
def facts(store: GraphStore) -> RunFacts:
    return read_run(store, "run-2", ASKED)


def read(facts: RunFacts, language: str = "en") -> str:
    return " ".join(" ".join(Reader(write_run(facts, language)).texts).split())  # type: ignore[arg-type]


def test_everything_about_the_run_is_there(facts: RunFacts) -> None:
    told = read(facts)
    for part in (
        *("Run run-2", "2 rings among 66 accounts", "What is new since the run before", "Run run-1 on the left"),
        *("How the scores of accounts lie", "What carries the rings", "In no ring: phone number", "0.80 1 1 100.0%"),
        *("2 of 6 rows of orders are rejected : does not hold", "Night 7.", "load 1.5", "apply nothing to do"),
        *("Why rows were rejected", "orders amount … is no number 2"),
        *("none known 66 2 too few", "No phone numbers were loaded; that channel is silent."),
    ):
        assert part in told, part


def test_what_is_not_known_is_said(store: GraphStore) -> None:
    told = read(read_run(store, "run-1", RunAsked()))
    for part in (
        *("It is not the latest run.", "It is the first run: everything is new.", "Detection: 0.0 seconds."),
        *("The scores of all accounts are kept of the latest run alone.", "Nobody asked: rewired_copies"),
        *("nobody wrote down what was loaded for it",),
    ):
        assert part in told, part


def test_it_says_the_same_in_german(facts: RunFacts) -> None:
    told = read(facts, "de")
    assert "Lauf run-2" in told
    assert "In keinem Ring: Telefonnummer" in told
    assert not re.search(r"\b(the|rings|What|seconds)\b", told.replace("ringfence rings", ""))


def test_chances_have_a_part_where_a_model_was_asked(facts: RunFacts) -> None:
    assert "by the learned model" not in read(facts)
    taught = replace(facts.overview, chances=tuple(Bin(place / 20, 30, 2 * (place == 19), 0) for place in range(20)))
    told = read(replace(facts, overview=taught))
    assert "Chances of fraud, by the learned model" in told
    assert "0.80 2 2 100.0%" in told


def test_ids_are_text_and_nothing_of_it_is_obeyed(facts: RunFacts) -> None:
    page = write_run(facts, "en")
    read_page = Reader(page)
    assert any(show_text(f"R-2 {HOSTILE}") in each for each in read_page.texts)
    assert [tag for tag, _ in read_page.tags if tag in ("script", "img", "iframe", "link")] == ["script", "script"]
    assert not [name for _, each in read_page.tags for name in each if name.startswith("on") or name == "style"]
    assert HOSTILE not in page


def test_the_same_run_gives_the_same_bytes(store: GraphStore, facts: RunFacts) -> None:
    again = read_run(store, "run-2", ASKED)
    assert write_run(again, "en") == write_run(facts, "en")


def test_notes_name_no_identifier_unless_asked(
    store: GraphStore, facts: RunFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "placeholders link nobody: phone 0000000 (12)"
    run = replace(facts.run, notes=(note,))
    monkeypatch.setattr("graph.pages.run_content.find_stored_run", lambda *_: run)
    hidden, spelt = (read_run(store, "run-2", RunAsked(is_masked=each)).notes for each in (True, False))
    assert (hidden, spelt) == (("placeholders link nobody",), (note,))


def test_more_is_never_drawn_lower_and_one_is_seen() -> None:
    bars = draw_bars([Bin(0.0, n, 0, 0) for n in (0, 1, 9, 10, 5000)])
    heights = [each.height for each in bars]
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (0.0, 1.0)
    assert heights[1] > 0.1


def test_labels_are_summed_in_fifths_of_the_score() -> None:
    found = list_labelled([Bin(place / 20, 10, place > 17, 1) for place in range(20)])
    assert [(round(each.low, 2), each.labelled, each.fraud) for each in found][-1] == (0.8, 6, 2)
    assert sum(each.labelled for each in found) == 22


def test_of_few_accounts_no_share_is_told() -> None:
    few, many = list_segments([SegmentRecord("new", 99, 9, 0, 0), SegmentRecord("old", 100, 10, 0, 0)])
    assert few.share is None
    assert many.share is not None
    assert many.share.low < 0.1 < many.share.high


def test_a_site_knows_all_its_pages(facts: RunFacts) -> None:
    plan = plan_site(
        ["R-1", f"R-2 {HOSTILE}"], [("R-1", "ann", "automatic"), ("R-1", HOSTILE, ""), (f"R-2 {HOSTILE}", "ann", "")]
    )
    assert plan.rings == {"R-1": "rings/0001.html", f"R-2 {HOSTILE}": "rings/0002.html"}
    assert plan.accounts == {"ann": "accounts/00001.html", HOSTILE: "accounts/00002.html"}
    assert plan.members[0].ring_ids == ("R-1", f"R-2 {HOSTILE}")
    links = [each["href"] for tag, each in Reader(write_search(facts, plan, "en")).tags if tag == "a"]
    assert {"rings/0001.html", "rings/0002.html", "accounts/00002.html"} <= set(links)
    home = write_run(facts, "en", places=plan.rings, site=Site("index.html", "search.html"))
    assert {"rings/0001.html", "search.html"} <= {each["href"] for tag, each in Reader(home).tags if tag == "a"}
