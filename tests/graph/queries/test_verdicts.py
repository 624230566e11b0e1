"""What a run said: each keeps its own verdicts, and is asked by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_market

from graph.errors import UnknownIdError
from graph.queries.accounts import find_account
from graph.queries.exports import list_flagged, list_members
from graph.queries.reasons import find_reasons
from graph.queries.rings import find_ring, list_rings
from graph.queries.runs import find_latest_run, list_runs
from graph.queries.verdicts import find_verdicts
from graph.results import Flag
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    """A live run, and one of the past to which only ann and rev-1 were odd, in a ring of its own."""
    location = small_market.make_store(tmp_path_factory.mktemp("verdicts"))
    with EmbeddedStore(location, mode="write") as store:
        snapshot = store.snapshot()
        live = small_market.make_run(snapshot)
        flags = (
            Flag("account", "ann", 0.6, "review", ("Was odd then.",), "Look.", ("R-1",)),
            Flag("review", "rev-1", 0.3, "watch", ("Was odd then.",), "Watch.", ()),
        )
        past = replace(live, run_id="run-past", as_of=np.datetime64("2024-03-01"), rings=live.rings[:1], flags=flags)
        store.write_run(past, snapshot)
    with EmbeddedStore(location) as store:
        yield store


def test_a_run_of_the_past_is_never_the_latest_and_stands_at_the_end(both: GraphStore) -> None:
    latest = find_latest_run(both)
    assert latest is not None
    assert latest.run_id == "run-1"
    assert [run.run_id for run in list_runs(both)] == ["run-1", "run-past"]
    assert find_ring(both, "R-1").summary.run_id == "run-1"
    assert [ring.ring_id for ring in list_rings(both, run_id="run-past")] == ["R-1"]


def test_an_account_is_judged_by_the_run_that_is_named(both: GraphStore) -> None:
    now, then = find_account(both, "ann"), find_account(both, "ann", run_id="run-past")
    assert (now.run_id, now.tier, now.risk_score) == ("run-1", "automatic", 0.93)
    assert (then.run_id, then.tier, then.risk_score) == ("run-past", "review", 0.6)
    assert "a person should look" in then.verdict
    assert find_account(both, "ann", run_id="run-1") == now


def test_whom_a_run_did_not_flag_was_clear_to_it(both: GraphStore) -> None:
    then = find_account(both, "bob", run_id="run-past")
    assert (then.tier, then.risk_score) == ("clear", None)
    verdicts = find_verdicts(both, ["ann", "bob"], run_id="run-past")
    assert (verdicts["ann"].tier, verdicts["bob"].tier) == ("review", "clear")


def test_the_members_of_a_ring_have_the_verdicts_of_the_run_that_is_named(both: GraphStore) -> None:
    then = {each.account_id: each.risk_score for each in find_ring(both, "R-1", run_id="run-past").members}
    assert (then["ann"], then["bob"]) == (0.6, None)


def test_reasons_are_those_of_the_run_that_is_named(both: GraphStore) -> None:
    (account,), (review,) = (find_reasons(both, each, run_id="run-past") for each in ("ann", "rev-1"))
    assert "Was odd then." in account.sentences
    assert (review.score, review.tier, review.sentences[-1]) == (0.3, "watch", "Was odd then.")
    assert "Was odd then." not in find_reasons(both, "rev-1")[0].sentences


def test_an_unknown_run_is_told_whatever_is_asked(both: GraphStore) -> None:
    for ask in (find_account, find_reasons, find_ring):
        with pytest.raises(UnknownIdError, match="no run 'run-pasd'; the nearest is 'run-past'"):
            ask(both, "R-1" if ask is find_ring else "ann", run_id="run-pasd")


def test_an_export_of_another_run_has_what_that_run_flagged(both: GraphStore) -> None:
    assert [row["account_id"] for row in list_flagged(both, "accounts", "run-past")] == ["ann"]
    assert [row["suspicion"] for row in list_flagged(both, "reviews", "run-past")] == [0.3]
    scores = {row["account_id"]: row["risk_score"] for row in list_members(both, "run-past", is_latest=False)}
    assert (scores["ann"], scores["bob"]) == (0.6, None)


def test_a_missing_run_has_nobody_nearest_where_none_is_near(location: Path) -> None:
    with EmbeddedStore(location) as store, pytest.raises(UnknownIdError, match=r"no run 'xyz'$"):
        list_rings(store, run_id="xyz")
