"""A run as a whole: figures that add up, by tier, channel, segment and score."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import do
from small_market import CROWD, FRIENDS

from graph.queries.overview import BINS, look_over
from graph.queries.rings import list_rings
from graph.queries.runs import find_stored_run
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


def test_scores_labels_channels_and_flags_are_counted(store: GraphStore) -> None:
    run = find_stored_run(store)
    found = look_over(store, run, list_rings(store), is_latest=True)
    assert sum(each.accounts for each in found.bins) == len(FRIENDS) + len(CROWD)
    assert [each.low for each in found.bins if each.fraud] == [0.9]  # cyd is labelled, and has a score of 0.9
    assert len(found.bins) == BINS
    assert [(each.channel, each.rings, each.bits) for each in found.channels] == [
        ("device", 2, pytest.approx(46.0)),
        ("trade", 1, pytest.approx(22.75)),
    ]
    assert found.flags == {"run-1": {"automatic": 1, "review": 1}}
    assert [(each.tier, each.rings, each.confirmed) for each in found.tiers] == [("automatic", 1, 0), ("watch", 1, 0)]
    assert [(each.segment, each.accounts, each.flagged) for each in found.segments] == [("", 66, 2)]


def test_chances_are_counted_where_a_model_was_asked(fresh: Path) -> None:
    with EmbeddedStore(fresh, mode="write") as store:
        assert look_over(store, find_stored_run(store), (), is_latest=True).chances == ()
        store.query("MATCH (a:Account) WHERE a.account_id IN ['ann', 'cyd'] SET a.probability = 1.0")
        chances = look_over(store, find_stored_run(store), (), is_latest=True).chances
    assert [(each.low, each.accounts, each.fraud) for each in chances if each.accounts] == [(0.95, 2, 1)]


def test_of_a_run_that_is_not_the_latest_scores_are_not_known(store: GraphStore) -> None:
    assert look_over(store, find_stored_run(store), list_rings(store), is_latest=False).bins == ()


def test_what_people_decided_is_counted_by_tier_and_segment(fresh: Path) -> None:
    where = ("--store", str(fresh))
    do(*where, "decide", "R-1", "confirmed", "--reason", "charge-backs")
    do(*where, "decide", "eve", "cleared", "--reason", "a shop")
    with EmbeddedStore(fresh) as store:
        found = look_over(store, find_stored_run(store), list_rings(store), is_latest=True)
    assert [(each.tier, each.confirmed, each.dismissed) for each in found.tiers] == [
        ("automatic", 1, 0),
        ("watch", 0, 0),
    ]
    assert [(each.confirmed, each.cleared) for each in found.segments] == [(4, 1)]
