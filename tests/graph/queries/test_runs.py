"""Runs: the latest first, one by its id."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_market

from graph.errors import RingfenceError, UnknownIdError
from graph.queries.accounts import find_account
from graph.queries.rings import find_ring, list_rings
from graph.queries.runs import find_latest_run, find_stored_run, list_runs
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


def test_the_latest_run_comes_first(fresh: Path) -> None:
    small_market.add_run(fresh, run_id="run-0")
    with EmbeddedStore(fresh) as store:
        assert [run.run_id for run in list_runs(store)] == ["run-0", "run-1"]
        assert find_stored_run(store).run_id == "run-0"
        assert find_stored_run(store, "run-1").notes == ("No phone numbers were loaded; that channel is silent.",)


def test_a_store_without_a_run_says_what_to_type(tmp_path: Path) -> None:
    small_market.make_loaded_store(tmp_path / "store", small_market.write_tables(tmp_path / "tables"))
    with EmbeddedStore(tmp_path / "store") as store:
        assert find_latest_run(store) is None
        with pytest.raises(RingfenceError, match="ringfence detect"):
            list_rings(store)
        with pytest.raises(RingfenceError, match="ringfence detect"):
            find_ring(store, "R-1")
        assert find_account(store, "ann").verdict == "Not scored yet; type: ringfence detect."


def test_an_unknown_run_names_the_nearest(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no run 'run-7'; the nearest is 'run-1'"):
        list_rings(store, run_id="run-7")
