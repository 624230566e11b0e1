"""The stage: a store inside the store, of which readers see nothing until it is published by one rename."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_market
from on_disk import list_leftovers, need_graph

from graph.errors import StoreMovedError
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.staging import (
    STAGED,
    discard_stage,
    find_staged_facts,
    is_published,
    name_stage,
    publish_stage,
    start_stage,
)
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.location import Folder


def write_a_run(location: Folder) -> None:
    """What a night would find."""
    with EmbeddedStore(location, mode="write") as store:
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot, run_id="run-9"), snapshot)


def count_runs(location: Path) -> int:
    with EmbeddedStore(location) as store:
        return int(store.query("MATCH (r:Run) RETURN count(r) AS n")[0]["n"])


def test_a_stage_is_the_newest_generation_by_a_link_and_published_once(location: Path) -> None:
    place, before = Folder(str(location)), count_runs(location)
    base = start_stage(place)
    assert need_graph(location / STAGED).samefile(need_graph(location))
    assert is_published(place)
    write_a_run(name_stage(place))
    assert (count_runs(location), is_published(place)) == (before, False)
    number = publish_stage(place, base)
    assert (number, count_runs(location)) == ((base or 0) + 1, before + 1)
    assert publish_stage(place, base) == number
    discard_stage(place)
    assert find_staged_facts(place) == ""
    assert list_leftovers(location) == []


def test_a_store_that_was_written_to_meanwhile_is_not_overtaken(location: Path) -> None:
    place = Folder(str(location))
    base = start_stage(place)
    write_a_run(name_stage(place))
    with EmbeddedStore(location, mode="write") as store:
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot, run_id="run-8"), snapshot)
    newest = StoreFolder(location).list_numbers()[-1]
    with pytest.raises(StoreMovedError, match="nothing was published"):
        publish_stage(place, base)
    assert StoreFolder(location).list_numbers()[-1] == newest
    assert start_stage(place) == newest


def test_what_is_somebody_elses_in_a_stage_stays(location: Path) -> None:
    place = Folder(str(location))
    start_stage(place)
    (location / STAGED / "notes.txt").write_text("mine", encoding="utf-8")
    discard_stage(place)
    assert (location / STAGED / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert not StoreFolder(location / STAGED).list_numbers()


def test_a_new_store_has_a_stage_and_no_graph_yet(tmp_path: Path) -> None:
    place = Folder(str(tmp_path / "new"))
    assert start_stage(place) is None
    assert StoreFolder(tmp_path / "new").list_numbers() == []
    EmbeddedStore(name_stage(place), mode="write").close()
    assert publish_stage(place, None) == 1
