"""A large load into nothing is written in two halves, of which one is worked out while the other is copied."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest
import small_market

from graph.contract.tables import CheckedTable, read_folder
from graph.errors import StoreError
from graph.settings import Settings
from graph.stores import load_plan
from graph.stores.embedded import bulk, concerned, content, disk, draft
from graph.stores.embedded.database import DATABASE_FILE, Database
from graph.stores.embedded.manifest import read_manifest
from graph.stores.embedded.names import NAMES_FILE
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import LoadReport, LoadTerms


@pytest.fixture(autouse=True)
def _no_load_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concerned, "FEW_ROWS", -1)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_market.write_tables(tmp_path_factory.mktemp("first") / "market")


def load(place: Path, market: Path) -> LoadReport:
    with EmbeddedStore(place, mode="write") as store:
        return store.load(read_folder(market, Settings()))


def test_two_halves_give_the_graph_the_names_and_the_reports_that_one_plan_gives(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halved = load(tmp_path / "halved", market)
    with monkeypatch.context() as whole:
        whole.setattr("graph.stores.embedded.first_load.load_first", None)  # what is not called is not missed
        EmbeddedStore(tmp_path / "whole", mode="write").close()  # a graph that has nothing
        assert load(tmp_path / "whole", market).tables == halved.tables
    first, second = tmp_path / "halved" / "generations" / "000001", tmp_path / "whole" / "generations" / "000002"
    manifests = read_manifest(first), read_manifest(second)
    assert manifests[0].stretches == manifests[1].stretches
    assert manifests[0].facts == manifests[1].facts
    assert (first / NAMES_FILE).read_bytes() == (second / NAMES_FILE).read_bytes()


def test_the_second_half_is_worked_out_while_the_first_is_copied(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, worked_out, copy, lay_out = Event(), Event(), bulk._copy, load_plan.lay_out_set_nodes
    threads = set()

    def copy_late(*given: object) -> None:
        threads.add(current_thread().name)
        begun.set()
        assert worked_out.wait(60)
        copy(*given)

    def lay_out_meanwhile(*given: object) -> object:
        assert begun.wait(60)
        worked_out.set()
        return lay_out(*given)

    monkeypatch.setattr(bulk, "_copy", copy_late)
    monkeypatch.setattr(load_plan, "lay_out_set_nodes", lay_out_meanwhile)
    assert load(tmp_path / "store", market).tables
    assert current_thread().name not in threads
    assert len(threads) == 1  # LadybugDB writes by one statement at a time


def test_where_the_second_half_fails_nothing_more_of_the_first_is_written(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stages = Event(), []

    def fail(*_: object) -> None:
        assert begun.wait(60)
        raise ValueError("no second half")

    def take(stage: str, done: int, total: int) -> None:
        stages.append((stage, done, total))
        begun.set()
        time.sleep(0.5)

    monkeypatch.setattr(load_plan, "lay_out_set_nodes", fail)
    with (
        pytest.raises(ValueError, match="no second half"),
        EmbeddedStore(tmp_path / "store", mode="write") as store,
    ):
        store.load(read_folder(market, Settings()), progress=take)
    assert len(stages) == 1
    assert not [*tmp_path.glob("store/generations/*"), *tmp_path.glob("store/drafts/draft-*")]


@pytest.mark.parametrize("part", ["_copy", "_copy_relationship"])
def test_what_cannot_be_copied_fails_the_load(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("IO exception: no disk")

    monkeypatch.setattr(bulk, part, fail)
    with pytest.raises(StoreError, match=re.escape("no disk")):
        load(tmp_path / "store", market)
    assert not [*tmp_path.glob("store/generations/*"), *tmp_path.glob("store/drafts/draft-*")]


def test_what_a_whole_load_wrote_is_read_back_in_order_by_one_thread(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_file(path: Path, **given: bool) -> Database:
        opened.append(given)
        return Database(path, **given)

    monkeypatch.setattr(draft, "Database", open_file)
    load(tmp_path / "store", market)
    assert opened == [{"writing": True, "logging": False}, {"writing": False, "in_order": True}]


def test_rows_are_let_go_of_once_what_they_bring_is_laid_out(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = read_folder(market, Settings())
    rows = {name: weakref.ref(table.rows) for name, table in tables.items()}
    listed: list[Sequence[str]] = []
    held: dict[str, set[str]] = {}

    def let_go(checked: Mapping[str, CheckedTable]) -> None:
        listed.extend(table.rejects.reason for table in checked.values())
        tables.clear()

    def watch(step: str) -> None:
        done = getattr(load_plan, step)

        def look(*given: Any, **named: Any) -> Any:
            held[step] = {name for name, each in rows.items() if each() is not None}
            return done(*given, **named)

        monkeypatch.setattr(load_plan, step, look)

    watch("find_uses")
    watch("lay_out_set_nodes")
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        report = store.load(tables, LoadTerms(review=let_go))
    assert held["find_uses"] == rows.keys() - load_plan.KEYED
    assert held["lay_out_set_nodes"] == set()
    assert [table.rejects.reason for table in report.checked.values()] == listed
    assert {table.name for table in report.tables} == set(report.checked) == set(rows)


def test_the_graph_goes_to_the_disk_while_it_is_read_back(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, describe = Event(), content.describe_graph

    def describe_late(*given: Any) -> content.Stretches:
        assert begun.wait(60)
        return describe(*given)

    def fail(path: Path) -> None:
        if path.name == DATABASE_FILE:
            begun.set()
            raise OSError(f"{path.name} is not on the disk")

    monkeypatch.setattr(content, "describe_graph", describe_late)
    monkeypatch.setattr(disk, "sync", fail)
    with pytest.raises(StoreError, match=re.escape("graph.lbug is not on the disk")):
        load(tmp_path / "store", market)
    assert not [*tmp_path.glob("store/generations/*"), *tmp_path.glob("store/drafts/draft-*")]
