"""The money at risk with a ring: every order once, by side, state and currency; and who lost it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
import small_market
from rich.console import Console

from cli.draw_investigate import draw_exposures
from graph.errors import UnknownIdError
from graph.open import open_store
from graph.queries.exposure import ALL, find_exposure, list_exposures
from graph.queries.views import Exposure, MoneyLine, Victim
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


def test_fees_and_guarantees_are_added_up_where_orders_have_them(tmp_path: Path) -> None:
    market = small_market.write_tables(tmp_path / "market")
    orders = [dict(row, fee="", guarantee="") for row in small_market.TABLES["orders"]]
    orders[0] |= {"fee": "1.50", "guarantee": "20"}
    orders[1] |= {"fee": "0.25"}
    with (market / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(orders[0]))
        writer.writeheader()
        writer.writerows(orders)
    small_market.make_loaded_store(tmp_path / "store", market)
    small_market.add_run(tmp_path / "store")
    with open_store(str(tmp_path / "store")) as store:
        found = find_exposure(store, "R-1", run_id=None, refunded=REFUND_STATUSES)
    assert [(line.fees, line.guarantees) for line in found.money] == [(1.75, 20.0), (None, None), (None, None)]
    assert "fees" in drawn(found)
    assert "fees" not in drawn(replace(found, money=found.money[1:]))


def drawn(found: Exposure) -> str:
    console = Console(width=120, file=io.StringIO())
    with console.capture() as captured:
        console.print(draw_exposures([found]))
    return captured.get()


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
