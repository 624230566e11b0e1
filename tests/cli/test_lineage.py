"""What became of rings from run to run, on the command line."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import ask, do
from property_graph import as_server, empty_quickly
from small_market import HOSTILE, add_run, make_loaded_store, make_run, write_tables

from detection.run import read_latest_rings
from graph.open import open_store
from graph.queries.lineage import diff_runs, tell_history, trace_lineage
from graph.results import Member, Ring, RingLink
from graph.stores.location import Location

pytestmark = pytest.mark.usefixtures("plain_surroundings")
STORE = "ringfence-store"


@pytest.fixture(scope="module")
def told(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small market after four runs."""
    place = tmp_path_factory.mktemp("lineage")
    shutil.copytree(market / STORE, place / STORE)
    write_runs(str(place / STORE))
    return place


@pytest.fixture(autouse=True)
def here(told: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(told)
    return told


def write_runs(location: Location) -> None:
    """R-1 grows by dan, vanishes, and comes back; R-2 goes into it."""
    joined = (RingLink("ann", "dan", "device", 15.5, "device tablet"),)
    members = (("ann", "bob", "cyd", HOSTILE, "dan", "eve"), (), ("ann", "bob", "cyd"))
    with open_store(location, mode="write") as store:
        snapshot = store.snapshot()
        for number, accounts in enumerate(members, start=2):
            run = make_run(snapshot, run_id=f"run-{number}")
            rings = _make_rings(run.rings, accounts, joined)
            store.write_run(replace(run, rings=rings, flags=()), snapshot)


def _make_rings(rings: tuple[Ring, ...], accounts: Sequence[str], links: tuple[RingLink, ...]) -> tuple[Ring, ...]:
    listed = tuple(Member(each, "core", 20.0) for each in accounts)
    there = tuple(each for each in links if {each.account_a, each.account_b} <= set(accounts))
    return (replace(rings[0], members=listed, links=there, parties=()),) if accounts else ()


def test_diff_tells_each_ring_and_by_which_link_who_joined() -> None:
    found = ask("diff", "run-1", "run-2")
    assert {each["ring_id"]: (each["happened"], each["before"], each["after"]) for each in found["changes"]} == {
        "R-1": ("grew", 4, 6),
        f"R-2 {HOSTILE}": ("merged", 2, 0),
    }
    assert found["causes"] == [
        {"ring_id": "R-1", "account_id": "dan", "other_id": "ann", "channel": "device", "bits": 15.5,
         "via": "device tablet"}
    ]  # fmt: skip
    assert {(each["before"], each["members"], each["is_match"]) for each in found["overlaps"]} == {
        ("R-1", 4, True), (f"R-2 {HOSTILE}", 2, False),
    }  # fmt: skip
    shown = do("diff", "run-1", "run-2")
    assert "dan joined R-1 by device with ann: device tablet, 15.5 bits" in shown.replace("\n", " ")
    assert "No ring changed" in do("diff", "run-1", "run-1")
    assert "the nearest is 'run-1'" in do("diff", "run-11", "run-2", exit_code=3)


def test_a_ring_tells_its_history_the_latest_first() -> None:
    told = ask("ring", "R-1", "--history")
    assert [(each["run_id"], each["happened"], each["size"]) for each in told] == [
        ("run-4", "came back", 3),
        ("run-3", "faded", 0),
        ("run-2", f"R-2 {HOSTILE} merged", 0),
        ("run-2", "grew", 6),
        ("run-1", "born", 4),
    ]
    assert "came back" in do("ring", "R-1", "--history")
    assert "the nearest is 'R-1'" in do("ring", "R-11", "--history", exit_code=3)


def test_a_ring_that_is_gone_keeps_its_id_for_whoever_comes_back() -> None:
    with open_store(STORE) as store:
        known = read_latest_rings(store)
    assert set(known["R-1"]) == {"ann", "bob", "cyd"}
    assert set(known[f"R-2 {HOSTILE}"]) == {"dan", "eve"}


def test_the_lineage_is_drawn_and_nothing_in_an_id_breaks_the_drawing() -> None:
    found = do("lineage", "--format", "dot")
    assert '"run-1/R-1" -> "run-2/R-1" [label="4"' in found
    assert found.count("{") == found.count("}")
    picture = ET.fromstring(do("lineage", "--format", "svg"))
    assert len(picture.findall(".//{http://www.w3.org/2000/svg}rect")) == 4
    assert len(ask_lineage("--runs", "2")["nodes"]) == 1
    joined = ask_lineage("--ring", f"R-2 {HOSTILE}")
    assert {(each["run_id"], each["ring_id"]) for each in joined["nodes"]} == {
        ("run-1", "R-1"), ("run-1", f"R-2 {HOSTILE}"), ("run-2", "R-1"),
    }  # fmt: skip


def ask_lineage(*words: str) -> dict[str, list[dict[str, str]]]:
    return ask("lineage", *words)  # type: ignore[no-any-return]  # an object of lists


@pytest.mark.server
def test_both_stores_tell_the_same_lineage(neo4j_server: Any, tmp_path: Path) -> None:
    empty_quickly(neo4j_server)
    server = as_server(neo4j_server)
    make_loaded_store(server, write_tables(tmp_path / "tables"))
    add_run(server)
    write_runs(server)
    with open_store(server) as one, open_store(STORE) as other:
        assert diff_runs(one, "run-1", "run-2") == diff_runs(other, "run-1", "run-2")
        assert trace_lineage(one, most=4) == trace_lineage(other, most=4)
        told = [[(each.run_id, each.happened) for each in tell_history(store, "R-1")] for store in (one, other)]
        assert told[0] == told[1]
        assert read_latest_rings(one) == read_latest_rings(other)
