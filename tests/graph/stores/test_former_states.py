"""What was said before something changed is told with the account that it is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from graph.queries.accounts import find_account
from graph.stores.protocol import GraphStore, LoadReport

Load = Callable[..., LoadReport]


def order(**cells: str) -> dict[str, str]:
    return {"order_id": "o1", "buyer_id": "ann", "seller_id": "bob", "amount": "20", "status": "completed", **cells}


def test_an_account_tells_what_was_said_of_it_and_of_its_orders_before(store: GraphStore, load_on: Load) -> None:
    ann = {"account_id": "ann", "role": "buyer", "status": "active"}
    load_on(store, 2, {"accounts": [ann], "orders": [order(), order(order_id="o2", buyer_id="cyd", seller_id="dan")]})
    assert find_account(store, "ann").former == ()
    suspended = [{**ann, "status": "suspended"}]
    load_on(
        store, 9, {"accounts": suspended, "orders": [order(status="refunded"), order(order_id="o2", buyer_id="cyd")]}
    )
    told = [
        (each.what, each.id, each.said, each.valid_until, each.ended_as) for each in find_account(store, "ann").former
    ]
    until = dt.datetime(2024, 3, 9)
    assert told == [
        ("accounts", "ann", "status active, role buyer", until, "changed"),
        ("orders", "o1", "status completed, amount 20.00", until, "changed"),
    ]
    assert [each.id for each in find_account(store, "bob").former] == ["o1"]  # the seller's side of it
    assert [each.id for each in find_account(store, "dan").former] == ["o2"]  # which has another seller now
