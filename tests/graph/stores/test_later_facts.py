"""What a later load says holds, what held before is history, and the past is as it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from property_graph import Dump, Open, Rows, Tables, write_folder

from graph.contract.as_of import forget_later
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.settings import Settings, TableSettings
from graph.stores.protocol import GraphStore, LoadReport
from graph.stores.snapshots import digest_snapshot

Dumper = Callable[..., Dump]
Load = Callable[..., LoadReport]

_ENDING = ("orders", "devices", "labels")
MARCH = [np.datetime64(f"2024-03-{day:02}", "us") for day in range(1, 32)]
_MARKED = Settings(
    tables={name: TableSettings(columns={"removed": "gone"}) for name in ("orders", "devices", "labels")}
)


def order(**cells: str) -> dict[str, str]:
    return {
        "order_id": "o1",
        "buyer_id": "ann",
        "seller_id": "bob",
        "product_id": "",
        "amount": "20",
        "ordered_at": "2024-03-01",
        "status": "completed",
        **cells,
    }


def counts(report: LoadReport, table: str) -> dict[str, int]:
    """What became of a table's rows, without what did not happen."""
    (found,) = (each for each in report.tables if each.name == table)
    names = ("added", "changed", "unchanged", "removed", "rejected")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def statuses(snapshot: Snapshot) -> list[str | None]:
    orders = snapshot.orders
    return [None if code < 0 else orders.status_names[code] for code in orders.status]


# ── changes ───────────────────────────────────────────────────────────────────────────────────────


def test_a_refund_takes_the_place_of_a_completed_order_and_not_in_the_past(store: GraphStore, load_on: Load) -> None:
    load_on(store, 2, {"orders": [order()]})
    report = load_on(store, 9, {"orders": [order(status="refunded")]})
    assert counts(report, "orders") == {"changed": 1}
    assert statuses(store.snapshot()) == ["refunded"]
    assert statuses(store.snapshot(as_of=MARCH[7])) == ["completed"]
    assert statuses(store.snapshot(as_of=MARCH[8])) == ["refunded"]
    rows = store.query(
        "MATCH (e:Earlier) RETURN e.of_table AS of, e.row_id AS id, e.status AS status, e.valid_from AS since,"
        " e.valid_until AS until"
    )
    assert rows == [
        {"of": "orders", "id": "o1", "status": "completed", "since": None, "until": dt.datetime(2024, 3, 9)}
    ]


def test_what_says_when_goes_before_the_order_of_loads(store: GraphStore, load_on: Load, dump: Dumper) -> None:
    old, new = order(updated_at="2024-03-03"), order(status="disputed", updated_at="2024-03-05")
    load_on(store, 9, {"orders": [new]})
    assert counts(load_on(store, 10, {"orders": [old]}), "orders") == {"changed": 1}
    assert statuses(store.snapshot()) == ["disputed"]
    assert [statuses(store.snapshot(as_of=MARCH[day])) for day in (2, 3, 4)] == [
        ["completed"],
        ["completed"],
        ["disputed"],
    ]
    before = dump(store)
    for rows in ([old], [new], [old, new], [new, old]):
        assert counts(load_on(store, 11, {"orders": rows}), "orders") == {"unchanged": len(rows)}
        assert dump(store) == before


def test_one_export_may_tell_several_states(store: GraphStore, load_on: Load) -> None:
    log = [("completed", "02"), ("disputed", "04"), ("refunded", "06")]
    rows = [order(status=status, updated_at=f"2024-03-{day}") for status, day in log]
    assert counts(load_on(store, 9, {"orders": rows[::-1]}), "orders") == {"added": 1, "changed": 2}
    found = [statuses(store.snapshot(as_of=MARCH[day]))[0] for day in (2, 3, 4, 5, 6)]
    assert found == ["completed", "disputed", "disputed", "refunded", "refunded"]


def test_of_what_is_only_known_from_later_on_the_past_tells_no_status(store: GraphStore, load_on: Load) -> None:
    load_on(store, 9, {"orders": [order(status="refunded", updated_at="2024-03-06")]})
    assert statuses(store.snapshot(as_of=MARCH[3])) == [None]
    assert store.snapshot(as_of=MARCH[3]).orders.amount.tolist() == [20.0]


CHANGED = (
    ("accounts", {"account_id": "eve", "status": "active"}, {"status": "suspended"}),
    ("accounts", {"account_id": "fay", "role": "buyer"}, {"role": "both"}),
    ("listings", {"product_id": "p", "seller_id": "bob", "price": "20"}, {"price": "25"}),
    ("listings", {"product_id": "q", "seller_id": "bob", "price": "20"}, {"seller_id": "cyd"}),
    ("orders", order(), {"seller_id": "cyd"}),
    ("orders", order(order_id="o2"), {"amount": "21", "ordered_at": "2024-03-02"}),
    (
        "reviews",
        {"review_id": "r", "account_id": "ann", "seller_id": "bob", "rating": "5", "text": "good"},
        {"rating": "1", "text": "bad"},
    ),
    ("labels", {"account_id": "eve", "label": "fraud", "source": "desk"}, {"label": "legit"}),
)
"""Of a table, a row and what it says later."""
FILLED = (
    ("orders", order(seller_id=""), {"seller_id": "cyd"}),
    ("orders", order(order_id="o2", amount=""), {"amount": "7"}),
)
"""The same where it said nothing before: what it said first takes nothing back."""


def gather(rows: Iterable[tuple[str, Mapping[str, str]]]) -> Tables:
    tables: dict[str, list[Mapping[str, str]]] = {}
    for table, row in rows:
        tables.setdefault(table, []).append(row)
    return tables


@pytest.mark.parametrize("cases", [CHANGED, FILLED], ids=["changed", "filled"])
def test_what_is_later_leaves_the_store_as_if_it_had_always_been_so(
    store: GraphStore, load_on: Load, dump: Dumper, cases: Sequence[tuple[str, Mapping[str, str], Mapping[str, str]]]
) -> None:
    first = gather((table, row) for table, row, _ in cases)
    second = gather((table, {**row, **later}) for table, row, later in cases)
    n_rows = {table: len(rows) for table, rows in first.items()}

    def load_all(day: int, tables: Tables) -> dict[str, dict[str, int]]:
        report = load_on(store, day, tables)
        return {table: counts(report, table) for table in tables}

    load_all(2, first)
    before = dump(store, without=("updated_at",))
    assert load_all(3, second) == {table: {"changed": n} for table, n in n_rows.items()}
    changed = dump(store, without=("updated_at",))
    assert load_all(4, second) == {table: {"unchanged": n} for table, n in n_rows.items()}
    assert dump(store, without=("updated_at",)) == changed
    became = "unchanged" if cases is FILLED else "changed"
    assert load_all(5, first) == {table: {became: n} for table, n in n_rows.items()}
    back = dump(store, without=("updated_at",))
    assert len(back["Earlier"]) - len(before["Earlier"]) == (1 if cases is FILLED else 2) * len(cases)
    wanted = changed if cases is FILLED else before
    left_out = () if cases is FILLED else ("Account", "Label", "Earlier")  # who was named once stays as a name
    assert {name: set(map(repr, rows)) for name, rows in wanted.items() if name not in left_out} == {
        name: set(map(repr, rows)) for name, rows in back.items() if name not in left_out
    }


def test_prices_and_reviews_are_in_the_past_what_they_were(store: GraphStore, load_on: Load) -> None:
    listing = {"product_id": "p", "seller_id": "bob", "price": "20"}
    review = {"review_id": "r", "account_id": "ann", "product_id": "p", "reviewed_at": "2024-03-01", "rating": "5"}
    load_on(store, 2, {"listings": [listing], "reviews": [review]})
    first = store.snapshot(as_of=MARCH[2])
    load_on(
        store, 5, {"listings": [{**listing, "price": "30", "seller_id": "cyd"}], "reviews": [{**review, "rating": "1"}]}
    )
    now, then = store.snapshot(), store.snapshot(as_of=MARCH[2])
    assert (now.product_price.tolist(), now.reviews.rating.tolist()) == ([30.0], [1.0])
    assert (then.product_price.tolist(), then.reviews.rating.tolist()) == ([20.0], [5.0])
    assert [now.account_id[now.reviews.seller[0]], then.account_id[then.reviews.seller[0]]] == ["cyd", "bob"]
    assert digest_snapshot(replace(then, account_id=first.account_id)) != digest_snapshot(now)


# ── verdicts ──────────────────────────────────────────────────────────────────────────────────────


def verdicts(snapshot: Snapshot) -> list[tuple[str, bool]]:
    return [
        (snapshot.account_id[row], bool(is_fraud))
        for row, is_fraud in zip(snapshot.label_account, snapshot.label_is_fraud, strict=True)
    ]


@pytest.mark.parametrize("together", [True, False])
def test_legit_after_fraud_leaves_one_verdict_with_its_history(
    store: GraphStore, load_on: Load, dump: Dumper, together: bool
) -> None:
    fraud = {"account_id": "ann", "label": "fraud", "decided_at": "2024-03-02", "source": "charge-back"}
    legit = {"account_id": "ann", "label": "legit", "decided_at": "2024-03-06", "source": "appeal"}
    for rows in [[legit, fraud]] if together else [[fraud], [legit]]:
        load_on(store, 9, {"labels": rows})
    assert [row[:2] for row in dump(store)["Account-LABELLED-Label"]] == [("ann", "legit")]
    assert verdicts(store.snapshot()) == [("ann", False)]
    found = [verdicts(store.snapshot(as_of=MARCH[day])) for day in (0, 1, 4, 5)]
    assert found == [[], [("ann", True)], [("ann", True)], [("ann", False)]]
    before = dump(store)
    assert counts(load_on(store, 10, {"labels": [fraud, legit]}), "labels") == {"unchanged": 2}
    assert dump(store) == before


def test_the_same_verdict_from_a_second_source_contradicts_nothing(store: GraphStore, load_on: Load) -> None:
    rows = [{"account_id": "ann", "label": "fraud", "source": source} for source in ("desk", "charge-back")]
    assert counts(load_on(store, 2, {"labels": rows}), "labels") == {"added": 1, "unchanged": 1}


def test_when_a_verdict_was_reached_may_be_told_later(store: GraphStore, load_on: Load) -> None:
    load_on(store, 2, {"labels": [{"account_id": "ann", "label": "fraud", "decided_at": ""}]})
    load_on(store, 9, {"labels": [{"account_id": "ann", "label": "fraud", "decided_at": "2024-03-01"}]})
    assert verdicts(store.snapshot(as_of=MARCH[4])) == [("ann", True)]


# ── contradictions ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("table", "rows", "reason"),
    [
        (
            "orders",
            [order(), order(status="refunded")],
            "order_id 'o1' was already given status 'completed', on line 2",
        ),
        (
            "orders",
            [order(updated_at="2024-03-03"), order(status="refunded", updated_at="2024-03-03")],
            "order_id 'o1' was already given status 'completed', on line 2",
        ),
        (
            "orders",
            [order(updated_at="2024-03-03"), order(buyer_id="eve", updated_at="2024-03-04")],
            "order_id 'o1' was already given buyer_id 'ann', on line 2",
        ),
        (
            "orders",
            [order(updated_at="2024-03-03"), order(status="refunded", updated_at="")],
            "order_id 'o1' was already given status 'completed', on line 2",
        ),
        (
            "labels",
            [{"account_id": "ann", "label": "fraud"}, {"account_id": "ann", "label": "legit"}],
            "account_id 'ann' was already given label 'fraud', on line 2",
        ),
    ],
)
def test_two_states_without_an_order_between_them_are_a_reject(
    store: GraphStore, load_on: Load, table: str, rows: Rows, reason: str
) -> None:
    report = load_on(store, 9, {table: rows})
    assert report.checked[table].rejects.reason == (reason,)
    assert counts(report, table) == {"added": 1, "rejected": 1}


def test_another_state_of_the_very_same_instant_contradicts_the_store(store: GraphStore, load_on: Load) -> None:
    load_on(store, 9, {"orders": [order(updated_at="2024-03-03")]})
    report = load_on(store, 10, {"orders": [order(status="refunded", updated_at="2024-03-03")]})
    assert report.checked["orders"].rejects.reason == (
        "order_id 'o1' is already in the store with 'completed' as its status",
    )
    assert statuses(store.snapshot()) == ["completed"]


def test_what_is_shown_the_rejects_can_stop_a_load(store: GraphStore, load_on: Load, dump: Dumper) -> None:
    load_on(store, 2, {"orders": [order()]})
    before, seen = dump(store), []

    def refuse(tables: Mapping[str, Any]) -> None:
        seen.extend(tables["orders"].rejects.reason)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        load_on(store, 3, {"orders": [order(buyer_id="eve"), order(order_id="o2")]}, review=refuse)
    assert seen == ["order_id 'o1' is already in the store with 'ann' as its buyer_id"]
    assert dump(store) == before


# ── what is gone ──────────────────────────────────────────────────────────────────────────────────


def test_a_row_that_says_removed_takes_a_fact_away_and_leaves_it_in_the_past(
    store: GraphStore, load_on: Load, dump: Dumper
) -> None:
    device = {"account_id": "ann", "device_id": "phone", "seen_at": "2024-03-01"}
    label = {"account_id": "ann", "label": "fraud", "decided_at": "2024-03-01"}
    facts: dict[str, dict[str, str]] = {"orders": order(), "devices": device, "labels": label}
    load_on(store, 2, {name: [row] for name, row in facts.items()})
    first = digest_snapshot(store.snapshot(as_of=MARCH[4]))
    gone = {name: [{**row, "gone": "yes"}] for name, row in facts.items()}
    report = load_on(store, 6, gone, settings=_MARKED)
    assert [counts(report, name) for name in facts] == [{"removed": 1}] * 3
    now = store.snapshot()
    assert (len(now.orders.buyer), len(now.uses.account), len(now.label_account)) == (0, 0, 0)
    assert digest_snapshot(store.snapshot(as_of=MARCH[4])) == first
    before = dump(store)
    again = load_on(store, 7, gone, settings=_MARKED)
    assert [counts(again, name) for name in facts] == [{"unchanged": 1}] * 3
    assert dump(store) == before
    back = load_on(store, 8, {name: [{**row, "gone": "no"}] for name, row in facts.items()}, settings=_MARKED)
    assert [counts(back, name) for name in facts] == [{"added": 1}] * 3
    assert len(store.snapshot().orders.buyer) == 1


MARKET: dict[str, list[dict[str, str]]] = {
    "accounts": [{"account_id": each, "created_at": "2024-01-01"} for each in ("ann", "bob", "cyd", "eve")],
    "orders": [order(), order(order_id="o2", buyer_id="cyd", product_id="p")],
    "devices": [{"account_id": each, "device_id": "phone", "seen_at": "2024-03-01"} for each in ("ann", "cyd")],
    "identifiers": [{"account_id": "ann", "kind": "ip", "value": "9.9.9.9", "seen_at": "2024-03-01"}],
    "listings": [{"product_id": each, "seller_id": "bob", "price": "5"} for each in ("p", "q")],
    "reviews": [
        {"review_id": each, "account_id": "ann", "product_id": "p", "reviewed_at": "2024-03-01", "rating": "4"}
        for each in ("r1", "r2")
    ],
    "referrals": [{"account_id": each, "referred_by": "bob"} for each in ("ann", "cyd")],
    "labels": [{"account_id": each, "label": "fraud", "decided_at": "2024-03-01"} for each in ("ann", "cyd")],
}


GONE = {
    "orders": "(:Account)-[:ORDERED {order_id: 'o2'}]->(:Account)",
    "devices": "(:Account {account_id: 'cyd'})-[:USES]->(:Identifier)",
    "reviews": "(r:Review {review_id: 'r2'})",
    "listings": "(p:Listing {product_id: 'q'})",
    "referrals": "(:Account)-[:REFERRED]->(:Account {account_id: 'cyd'})",
    "labels": "(:Account {account_id: 'cyd'})-[:LABELLED]->(:Label)",
    "accounts": "(a:Account {account_id: 'eve'})",
}
"""What the last row of a table made."""


def test_what_a_replaced_table_has_no_more_is_gone_and_in_the_past_it_is_there(
    store: GraphStore, load_on: Load, dump: Dumper
) -> None:
    load_on(store, 2, MARKET)
    before, first = dump(store), digest_snapshot(store.snapshot(as_of=MARCH[4]))
    for day, (table, gone) in enumerate(GONE.items(), 6):
        left = {"accounts": MARKET["accounts"], table: MARKET[table][:-1]}
        report = load_on(store, day, left, replaced=frozenset({table}))
        assert counts(report, table) == {"unchanged": len(MARKET[table]) - 1, "removed": 1}
        assert store.query(f"MATCH {gone} RETURN count(*) AS n") == [{"n": 0}]
        after = dump(store)
        changed = {name for name, rows in after.items() if set(map(repr, rows)) != set(map(repr, before[name]))}
        assert "Earlier" in changed, table
        assert len(changed) <= 4, table
        assert digest_snapshot(store.snapshot(as_of=MARCH[4])) == first
        before = after


def test_what_a_table_has_no_more_stays_where_it_is_not_replaced(
    store: GraphStore, load_on: Load, dump: Dumper
) -> None:
    load_on(store, 2, MARKET)
    before = dump(store)
    left = {name: rows[:-1] for name, rows in MARKET.items() if len(rows) > 1}
    report = load_on(store, 5, left)
    assert {name: counts(report, name) for name in left} == {
        name: {"unchanged": len(rows)} for name, rows in left.items()
    }
    assert dump(store) == before


def test_an_account_that_others_name_stays_as_a_name(store: GraphStore, load_on: Load, dump: Dumper) -> None:
    load_on(store, 2, MARKET)
    load_on(store, 6, {"accounts": MARKET["accounts"][:2]}, replaced=frozenset({"accounts"}))
    accounts = {row[0]: row[1] for row in dump(store)["Account"]}
    assert set(accounts) == {"ann", "bob", "cyd"}
    assert accounts["cyd"] is None
    assert accounts["ann"] is not None


def test_tables_without_what_came_later_tell_the_same_of_the_past(open_graph: Open, tmp_path: Path) -> None:
    rows = [
        order(updated_at="2024-03-02"),
        order(status="refunded", updated_at="2024-03-06"),
        order(order_id="o2", buyer_id="eve", status="disputed", updated_at="2024-03-06"),
    ]
    labels = [
        {"account_id": "ann", "label": label, "decided_at": f"2024-03-0{day}"}
        for label, day in (("fraud", 3), ("legit", 7))
    ]
    tables = read_folder(
        write_folder(tmp_path / "all", {"accounts": MARKET["accounts"], "orders": rows, "labels": labels}), Settings()
    )
    with open_graph(place="one") as store:
        store.load(tables)
        then = digest_snapshot(store.snapshot(as_of=MARCH[4]))
        assert then != digest_snapshot(store.snapshot())
    with open_graph(place="other") as store:
        store.load(forget_later(tables, MARCH[4]))
        assert digest_snapshot(store.snapshot(as_of=MARCH[4])) == then
