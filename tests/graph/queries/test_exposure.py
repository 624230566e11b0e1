"""The money at risk with a ring: every order once, by side, state and currency; and who lost it."""

from __future__ import annotations

import pytest

from graph.errors import UnknownIdError
from graph.queries.exposure import ALL, find_exposure, list_exposures
from graph.queries.views import MoneyLine, Victim
from graph.stores.protocol import GraphStore
from graph.vocabulary import REFUND_STATUSES


def test_every_order_counts_once_on_its_side_in_its_state(store: GraphStore) -> None:
    found = find_exposure(store, "R-1", run_id=None, refunded=REFUND_STATUSES)
    assert found.money == (
        MoneyLine("among members", "done", "EUR", 3, 45.5),
        MoneyLine("among members", "taken back", "EUR", 1, 21.0),
        MoneyLine("bought from others", "done", "EUR", 1, 7.0),
    )
    assert found.victims == ()


def test_who_sold_what_was_taken_back_lost_it(store: GraphStore) -> None:
    found = find_exposure(store, "R-1", run_id=None, refunded=("completed",))
    assert found.victims == (Victim("eve", "seller", "taken back", "EUR", 1, 7.0),)


def test_all_rings_add_up_to_each_order_once(store: GraphStore) -> None:
    *rings, everything = list_exposures(store, run_id=None, refunded=REFUND_STATUSES)
    assert rings[0].ring_id == "R-1"
    assert (everything.ring_id, everything.kind) == (ALL, None)
    assert sum(line.orders for line in everything.money) == 6


def test_an_unknown_ring_is_told(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no ring 'R-9'; the nearest is 'R-1'"):
        find_exposure(store, "R-9", run_id=None, refunded=())
