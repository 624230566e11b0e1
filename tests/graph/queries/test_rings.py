"""Rings come back as they were scored."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_market
from small_market import RINGS

from graph.errors import UnknownIdError
from graph.queries.rings import find_ring, list_rings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


def test_rings_come_by_rank(store: GraphStore) -> None:
    assert [ring.ring_id for ring in list_rings(store)] == [ring.ring_id for ring in RINGS]


@pytest.mark.parametrize(
    ("filters", "ranks"),
    [
        ({"kind": "farm"}, [2]),
        ({"tiers": ["automatic"]}, [1]),
        ({"min_size": 3}, [1]),
        ({"max_size": 3}, [2]),
        ({"kind": "trade", "min_size": 5}, []),
        ({"kind": None, "tiers": None}, [1, 2]),
    ],
)
def test_rings_can_be_filtered(
    store: GraphStore, filters: dict[str, str | int | list[str] | None], ranks: list[int]
) -> None:
    assert [ring.rank for ring in list_rings(store, **filters)] == ranks


@pytest.mark.parametrize("ring", RINGS)
def test_a_ring_comes_back_as_it_was_scored(store: GraphStore, ring: small_market.Ring) -> None:
    found = find_ring(store, ring.ring_id)
    assert found.summary.net_bits == ring.net_bits
    assert [(each.account_id, each.role, each.bits) for each in found.members] == [
        (each.account_id, each.role, each.bits) for each in ring.members
    ]
    assert [vars(each) for each in found.evidence] == [vars(each) for each in ring.evidence]
    assert [vars(each) for each in found.links] == [vars(each) for each in ring.links]
    assert [vars(each) for each in found.readings] == [vars(each) for each in ring.innocent]
    assert [vars(each) for each in found.parties] == [vars(each) for each in ring.parties]


def test_a_ring_is_found_in_the_run_that_is_named(fresh: Path) -> None:
    small_market.add_run(fresh, run_id="run-2")
    with EmbeddedStore(fresh) as store:
        assert find_ring(store, "R-1").summary.run_id == "run-2"
        found = find_ring(store, "R-1", run_id="run-1")
        assert found.summary.run_id == "run-1"
        assert len(found.links) == len(RINGS[0].links)


def test_an_unknown_ring_names_the_nearest(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no ring 'R1'; the nearest is 'R-1'"):
        find_ring(store, "R1")
