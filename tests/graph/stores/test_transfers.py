"""What accounts paid one another, in a store of either kind: later facts, names that are made, and the past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from property_graph import Dump, write_folder

from graph.contract.as_of import forget_later
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.settings import Settings, TableSettings
from graph.stores.protocol import GraphStore, LoadReport
from graph.stores.snapshots import digest_snapshot

Dumper = Callable[..., Dump]
Load = Callable[..., LoadReport]
MARKED = Settings(tables={"transfers": TableSettings(columns={"removed": "gone"})})


def pay(payer: str, payee: str, day: str, **more: str) -> dict[str, str]:
    """A row of transfers."""
    return {"payer_id": payer, "payee_id": payee, "paid_at": day, "amount": "20", "currency": "EUR"} | more


TOLD = [
    pay("ann", "bob", "2024-03-02", transfer_id="t1", status="paid"),
    pay("bob", "cyd", "2024-03-05", transfer_id="t2", status="paid"),
    pay("cyd", "ann", "", transfer_id="t3", amount="", currency="", status=""),
]


def list_payments(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    """Payer, payee, day, amount and status of each."""
    orders = snapshot.orders
    assert (orders.product < 0).all()
    return [
        (
            snapshot.account_id[payer],
            snapshot.account_id[payee],
            None if np.isnat(at) else str(at.astype("datetime64[D]")),
            None if np.isnan(amount) else amount,
            None if status < 0 else orders.status_names[status],
        )
        for payer, payee, at, amount, status in zip(
            orders.buyer, orders.seller, orders.ordered_at, orders.amount, orders.status, strict=True
        )
    ]


def count(report: LoadReport) -> dict[str, int]:
    (found,) = (each for each in report.tables if each.name == "transfers")
    names = ("added", "changed", "unchanged", "removed", "rejected")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def test_each_transfer_is_there_once_and_a_second_load_changes_nothing(
    store: GraphStore, load_on: Load, dump: Dumper
) -> None:
    assert count(load_on(store, 9, {"transfers": [*TOLD, TOLD[0]]})) == {"added": 3, "unchanged": 1}
    assert list_payments(store.snapshot()) == [
        ("ann", "bob", "2024-03-02", 20.0, "paid"),
        ("bob", "cyd", "2024-03-05", 20.0, "paid"),
        ("cyd", "ann", None, None, None),
    ]
    before = dump(store)
    assert count(load_on(store, 10, {"transfers": TOLD[::-1]})) == {"unchanged": 3}
    assert dump(store) == before


def test_transfers_are_what_orders_without_a_product_are(store: GraphStore, load_on: Load) -> None:
    orders = [
        {
            "order_id": row["transfer_id"],
            "buyer_id": row["payer_id"],
            "seller_id": row["payee_id"],
            "ordered_at": row["paid_at"],
            "amount": row["amount"],
            "status": row["status"],
        }
        for row in TOLD
    ]
    load_on(store, 9, {"transfers": TOLD})
    told = store.snapshot()
    load_on(store, 10, {"orders": orders, "transfers": [{**row, "gone": "yes"} for row in TOLD]}, settings=MARKED)
    assert store.query("MATCH (:Account)-[p:PAID]->(:Account) RETURN count(p) AS n") == [{"n": 0}]
    assert digest_snapshot(store.snapshot()) == digest_snapshot(told)


def test_a_transfer_without_an_id_is_named_by_what_it_says(store: GraphStore, load_on: Load) -> None:
    bare = [
        pay("ann", "bob", "2024-03-02"),
        pay("ann", "bob", "2024-03-03"),
        pay("ann", "bob", "2024-03-02", amount="21"),
        pay("a/b", "c", "2024-03-02"),
        pay("a", "b/c", "2024-03-02"),
        pay("a" * 1000, "b" * 1000, "2024-03-02"),
    ]
    assert count(load_on(store, 8, {"transfers": bare})) == {"added": 6}
    assert count(load_on(store, 9, {"transfers": bare[::-1]})) == {"unchanged": 6}
    later = [{**bare[0], "status": "refunded"}]
    assert count(load_on(store, 10, {"transfers": later})) == {"changed": 1}
    assert ("ann", "bob", "2024-03-02", 20.0, "refunded") in list_payments(store.snapshot())
    report = load_on(store, 11, {"transfers": [{**bare[1], "gone": "yes"}]}, settings=MARKED)
    assert count(report) == {"removed": 1}
    assert len(store.snapshot().orders.buyer) == 5


def test_some_rows_may_have_an_id_and_others_none(store: GraphStore, load_on: Load) -> None:
    rows = [{**TOLD[0]}, pay("ann", "bob", "2024-03-04", transfer_id="", status="")]
    assert count(load_on(store, 9, {"transfers": rows})) == {"added": 2}
    keys = [row["key"] for row in store.query("MATCH (:Account)-[p:PAID]->(:Account) RETURN p.transfer_id AS key")]
    assert sorted(keys) == ["ann/bob/2024-03-04 00:00:00.000000/20/EUR", "t1"]


def test_a_load_that_replaces_the_table_ends_what_it_has_no_more(store: GraphStore, load_on: Load) -> None:
    load_on(store, 7, {"transfers": TOLD})
    report = load_on(store, 9, {"transfers": TOLD[1:]}, replaced=frozenset({"transfers"}))
    assert count(report) == {"unchanged": 2, "removed": 1}
    assert [row[0] for row in list_payments(store.snapshot())] == ["bob", "cyd"]


def test_a_later_status_holds_and_not_in_the_past(store: GraphStore, load_on: Load) -> None:
    load_on(store, 7, {"transfers": TOLD})
    load_on(store, 9, {"transfers": [{**TOLD[0], "status": "refunded"}]})
    assert list_payments(store.snapshot())[0][-1] == "refunded"
    assert list_payments(store.snapshot(as_of=np.datetime64("2024-03-08", "us"))) == [
        ("ann", "bob", "2024-03-02", 20.0, "paid"),
        ("bob", "cyd", "2024-03-05", 20.0, "paid"),
    ]
    rows = store.query("MATCH (e:Earlier) RETURN e.of_table AS of, e.row_id AS id, e.valid_until AS until")
    assert rows == [{"of": "transfers", "id": "t1", "until": dt.datetime(2024, 3, 9)}]


def test_a_row_that_says_so_takes_a_transfer_back_and_not_in_the_past(store: GraphStore, load_on: Load) -> None:
    load_on(store, 7, {"transfers": TOLD})
    assert count(load_on(store, 9, {"transfers": [{**TOLD[1], "gone": "yes"}]}, settings=MARKED)) == {"removed": 1}
    assert [row[0] for row in list_payments(store.snapshot())] == ["ann", "cyd"]
    assert [row[0] for row in list_payments(store.snapshot(as_of=np.datetime64("2024-03-08", "us")))] == ["ann", "bob"]


def test_an_instant_leaves_what_was_paid_by_then_and_is_dated(store: GraphStore, load_on: Load) -> None:
    load_on(store, 9, {"transfers": TOLD})
    assert [row[0] for row in list_payments(store.snapshot(as_of=np.datetime64("2024-03-04", "us")))] == ["ann"]


def test_tables_cut_at_an_instant_leave_the_same_rows(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "all", {"accounts": [{"account_id": "ann"}], "transfers": TOLD})
    past = forget_later(read_folder(folder, Settings()), np.datetime64("2024-03-04", "us"))
    assert past["transfers"].rows["transfer_id"].to_pylist() == ["t1"]
    assert set(past["accounts"].rows["account_id"].to_pylist()) == {"ann", "bob", "cyd"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (pay("ann", "ann", "2024-03-02"), "payer_id and payee_id are both 'ann': a payment to oneself"),
        (pay("", "ann", "2024-03-02"), "payer_id is empty"),
    ],
)
def test_a_row_that_pays_nobody_is_rejected(store: GraphStore, load_on: Load, row: dict[str, str], reason: str) -> None:
    report = load_on(store, 9, {"transfers": [pay("ann", "bob", "2024-03-02"), row]})
    assert count(report) == {"added": 1, "rejected": 1}
    assert report.checked["transfers"].rejects.reason == (reason,)


def test_a_transfer_to_somebody_else_under_a_known_id_is_rejected(store: GraphStore, load_on: Load) -> None:
    load_on(store, 7, {"transfers": TOLD})
    report = load_on(store, 9, {"transfers": [{**TOLD[0], "payee_id": "dan"}]})
    (reason,) = report.checked["transfers"].rejects.reason
    assert reason == "transfer_id 't1' is already in the store with 'bob' as its payee_id"


def test_an_account_that_only_a_transfer_names_stays_while_the_transfer_does(store: GraphStore, load_on: Load) -> None:
    both = Settings(tables={name: TableSettings(columns={"removed": "gone"}) for name in ("accounts", "transfers")})
    load_on(store, 7, {"transfers": TOLD[:1]})
    gone = [{"account_id": name, "gone": "yes"} for name in ("ann", "bob")]
    load_on(store, 8, {"accounts": [{"account_id": "ann"}, {"account_id": "bob"}]})
    load_on(store, 9, {"accounts": gone}, settings=both)
    assert len(store.snapshot().orders.buyer) == 1
    load_on(store, 10, {"transfers": [{**TOLD[0], "gone": "yes"}], "accounts": gone}, settings=both)
    assert len(store.snapshot().orders.buyer) == 0


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_rows_changes_no_byte(store: GraphStore, load_on: Load, order: int) -> None:
    load_on(store, 9, {"transfers": TOLD[::order]})
    snapshot = store.snapshot()
    assert list_payments(snapshot) == sorted(list_payments(snapshot), key=lambda row: row[0])
    load_on(store, 10, {"transfers": [pay("dan", "ann", "2024-03-06", transfer_id="t4", status="")]})
    other = replace(store.snapshot(), as_of=snapshot.as_of)
    assert digest_snapshot(other) != digest_snapshot(snapshot)
