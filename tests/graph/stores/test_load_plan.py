"""What a load would add, worked out without any database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graph.contract.rejects import Rejects
from graph.contract.schema import CONTRACT, Column, Table, Use
from graph.contract.tables import CheckedTable
from graph.stores import new_facts
from graph.stores.known_facts import KNOW_NOTHING, KnownFacts
from graph.stores.load_plan import LoadPlan, foresee_load, plan_in_two, plan_load
from graph.stores.protocol import LoadReport
from graph.vocabulary import SHOP_ID

_AT = dt.datetime(2024, 1, 1)


def table(name: str, *rows: Mapping[str, object]) -> CheckedTable:
    """A checked table made by hand."""
    schema = CONTRACT[name].row_schema
    cells = pa.Table.from_pylist([{field.name: row.get(field.name) for field in schema} for row in rows], schema=schema)
    return CheckedTable(name, Path(f"{name}.csv"), cells, Rejects(np.empty(0, np.int64), (), ()), len(rows), ())


def facts(
    accounts: Sequence[Mapping[str, object]] = (),
    orders: Sequence[Mapping[str, object]] = (),
    listings: Sequence[Mapping[str, object]] = (),
    uses: Sequence[tuple[int, int, str | None, dt.datetime | None]] = (),
    identifier_key: Sequence[str] = (),
) -> KnownFacts:
    used = KNOW_NOTHING.uses.schema
    return replace(
        KNOW_NOTHING,
        accounts=table("accounts", *accounts).rows,
        listings=table("listings", *listings).rows,
        orders=table("orders", *orders).rows,
        identifier_key=pa.array(identifier_key, pa.string()),
        uses=pa.Table.from_pylist([dict(zip(used.names, row, strict=True)) for row in uses], schema=used),
    )


def plan(*tables: CheckedTable, known: KnownFacts | None = None) -> LoadPlan:
    """The plan of a load; what is foreseen of it without planning is the same, and so are two plans of a first load."""
    told, is_first, known = {each.name: each for each in tables}, known is None, known or facts()
    made, foreseen = plan_load(told, known), foresee_load(told, known)
    assert foreseen == LoadReport(made.reports, made.tables, dry_run=True)
    if is_first:
        first, second = plan_in_two(told)
        assert not first.nodes.keys() & {"Identifier", "Object"}
        assert not first.relationships.keys() & second.relationships.keys()
        assert {**first.nodes, **second.nodes} == made.nodes
        assert {**first.relationships, **second.relationships} == made.relationships
        assert (made.changes, made.ends, made.gone) == ({}, {}, {})
        assert ((), made.reports, made.tables) == (first.reports, second.reports, first.tables)
        assert second.tables == {name: each.forget_rows() for name, each in made.tables.items()}
    return made


def test_no_address_is_read_to_foresee_a_load(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"addresses": table("addresses", {"account_id": "a", "address": "1 High St", "is_id": False})}
    monkeypatch.setattr(new_facts, "canonical_values", None)
    assert foresee_load(told, facts()).tables[0].added == 1
    with pytest.raises(TypeError):
        plan_load(told, facts())


def test_nothing_in_nothing_out() -> None:
    made = plan(table("accounts"))
    assert (made.nodes, made.changes, made.relationships, made.ends, made.gone, made.n_rows) == ({}, {}, {}, {}, {}, 0)


def test_new_accounts_come_sorted_and_complete() -> None:
    made = plan(
        table("accounts", {"account_id": "z", "role": "buyer"}, {"account_id": "b"}),
        table("referrals", {"account_id": "m", "referred_by": "b"}),
    )
    assert made.nodes["Account"].select(["account_id", "role"]).to_pydict() == {
        "account_id": ["b", "m", "z"],
        "role": [None, None, "buyer"],
    }
    assert made.relationships["REFERRED", "Account", "Account"].to_pylist() == [{"referred_by": "b", "account_id": "m"}]


def test_orders_without_a_seller_are_of_the_shop() -> None:
    made = plan(
        table("orders", {"order_id": "1", "buyer_id": "a", "seller_id": "b"}, {"order_id": "2", "buyer_id": "a"})
    )
    assert made.nodes["Shop"].to_pydict() == {"shop_id": [SHOP_ID]}
    assert made.relationships["ORDERED", "Account", "Account"]["order_id"].to_pylist() == ["1"]
    to_shop = made.relationships["ORDERED", "Account", "Shop"]
    assert to_shop.column_names[:3] == ["buyer_id", "shop_id", "order_id"]
    assert to_shop["order_id"].to_pylist() == ["2"]


def test_orders_that_all_name_a_seller_need_no_shop() -> None:
    made = plan(table("orders", {"order_id": "1", "buyer_id": "a", "seller_id": "b"}))
    assert "Shop" not in made.nodes
    assert set(made.relationships) == {("ORDERED", "Account", "Account")}


def test_the_same_use_counts_once_over_tables_and_the_store() -> None:
    known = facts(
        accounts=[{"account_id": "a"}], identifier_key=["device:d"], uses=[(0, 0, None, None), (0, 0, None, _AT)]
    )
    made = plan(
        table("devices", {"account_id": "a", "device_id": "d"}, {"account_id": "a", "device_id": "e", "seen_at": _AT}),
        table(
            "identifiers",
            {"account_id": "a", "kind": "device", "value": "d", "seen_at": _AT},
            {"account_id": "a", "kind": "device", "value": "e", "seen_at": _AT},
            {"account_id": "a", "kind": "device", "value": "e"},
        ),
        known=known,
    )
    uses = made.relationships["USES", "Account", "Identifier"].select(["identifier_key", "seen_at"]).to_pylist()
    assert uses == [
        {"identifier_key": "device:e", "seen_at": _AT},
        {"identifier_key": "device:e", "seen_at": None},
    ]
    assert made.nodes["Identifier"]["identifier_key"].to_pylist() == ["device:e"]
    assert [(each.name, each.added, each.unchanged) for each in made.reports] == [
        ("devices", 1, 1),
        ("identifiers", 1, 2),
    ]


def test_an_address_id_is_exact_where_free_text_has_spellings() -> None:
    street = "12 Main St."
    text = plan(table("addresses", {"account_id": "a", "address": street, "is_id": False}))
    exact = plan(table("addresses", {"account_id": "a", "address": street, "is_id": True}))
    assert exact.nodes["Identifier"]["canonical"].to_pylist() == [street]
    assert text.nodes["Identifier"]["canonical"].to_pylist() != [street]


@pytest.mark.parametrize(
    ("kept", "given", "becomes"),
    [
        ("buyer", "buyer", "unchanged"),
        ("buyer", None, "unchanged"),
        (None, None, "unchanged"),
        (None, "buyer", "filled"),
        ("buyer", "seller", "changed"),
    ],
)
def test_an_account_that_is_known(kept: str | None, given: str | None, becomes: str) -> None:
    known = facts(accounts=[{"account_id": "a", "role": kept, "status": "active"}])
    made = plan(table("accounts", {"account_id": "a", "role": given}), known=known)
    [report] = made.reports
    counts = {"filled": report.added, "changed": report.changed, "unchanged": report.unchanged}
    assert counts == {word: int(word == becomes) for word in counts}
    assert set(made.changes) == ({"Account"} if becomes in ("filled", "changed") else set())
    assert set(made.nodes) == ({"Earlier"} if becomes == "changed" else set())


def test_history_that_an_interrupted_load_left_is_not_written_again() -> None:
    known = facts(accounts=[{"account_id": "a"}], orders=[{"order_id": "o", "buyer_id": "a", "status": "paid"}])
    later = table("orders", {"order_id": "o", "buyer_id": "a", "status": "refunded", "updated_at": _AT})
    first = plan(later, known=known)
    again = plan(later, known=replace(known, earlier=first.nodes["Earlier"]))
    assert "Earlier" not in again.nodes
    assert (again.ends, again.relationships) == (first.ends, first.relationships)


def test_a_rejected_row_names_nobody() -> None:
    known = facts(accounts=[{"account_id": "a"}], orders=[{"order_id": "o", "buyer_id": "a", "amount": 1.0}])
    made = plan(table("orders", {"order_id": "o", "buyer_id": "stranger", "product_id": "thing"}), known=known)
    assert made.n_rows == 0
    assert made.tables["orders"].rejects.reason == ("order_id 'o' is already in the store with 'a' as its buyer_id",)


def test_a_listing_is_completed_with_its_seller_once() -> None:
    unsold = facts(accounts=[{"account_id": "s"}], listings=[{"product_id": "p"}])
    made = plan(table("listings", {"product_id": "p", "seller_id": "s", "price": 2.0}), known=unsold)
    assert made.relationships["LISTED", "Account", "Listing"].to_pylist() == [{"seller_id": "s", "product_id": "p"}]
    listed = facts(accounts=[{"account_id": "s"}], listings=[{"product_id": "p", "seller_id": "s"}])
    made = plan(table("listings", {"product_id": "p", "seller_id": "s", "price": 2.0}), known=listed)
    assert made.relationships == {}
    assert made.changes["Listing"]["price"].to_pylist() == [2.0]


_PEOPLE = st.sampled_from("abcd")


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(_PEOPLE, _PEOPLE, st.sampled_from([None, "x"])), max_size=8),
    st.lists(st.tuples(_PEOPLE, st.sampled_from("pq"), st.sampled_from([None, _AT])), max_size=8, unique=True),
)
def test_every_row_read_is_added_changed_unchanged_or_rejected(
    orders: list[tuple[str, str, str | None]], devices: list[tuple[str, str, dt.datetime | None]]
) -> None:
    known = facts(
        accounts=[{"account_id": "a"}, {"account_id": "b"}],
        orders=[{"order_id": "0", "buyer_id": "a", "seller_id": "b", "status": "x"}],
        identifier_key=["device:p"],
        uses=[(0, 0, None, _AT)],
    )
    made = plan(
        table("accounts", {"account_id": "a"}),
        table(
            "orders",
            *(
                {"order_id": str(number), "buyer_id": buyer, "seller_id": seller, "status": status}
                for number, (buyer, seller, status) in enumerate(orders)
                if buyer != seller
            ),
        ),
        table("devices", *({"account_id": who, "device_id": what, "seen_at": at} for who, what, at in devices)),
        known=known,
    )
    for report in made.reports:
        assert report.read == report.added + report.changed + report.unchanged + report.rejected
        assert min(report.added, report.changed, report.unchanged, report.rejected) >= 0
    ends = {cell for (_, source, _), rows in made.relationships.items() for cell in rows.column(0).to_pylist()}
    new = set(made.nodes["Account"]["account_id"].to_pylist()) if "Account" in made.nodes else set()
    assert ends <= new | {"a", "b"}
    assert not new & {"a", "b"}
    assert made.n_rows == sum(
        map(len, [*made.nodes.values(), *made.changes.values(), *made.relationships.values(), *made.ends.values()])
    )


_ONE_ROW: dict[str, dict[str, object]] = {
    "accounts": {"account_id": "a"},
    "orders": {"order_id": "o", "buyer_id": "a"},
    "devices": {"account_id": "a", "device_id": "d"},
    "addresses": {"account_id": "a", "address": "1 High St", "is_id": False},
    "identifiers": {"account_id": "a", "kind": "ip", "value": "::1"},
    "listings": {"product_id": "p", "seller_id": "a"},
    "reviews": {"review_id": "r", "account_id": "a", "product_id": "p"},
    "referrals": {"account_id": "a", "referred_by": "b"},
    "events": {"account_id": "a", "object": "p", "is_text": False},
    "transfers": {"transfer_id": "t", "payer_id": "a", "payee_id": "b"},
    "labels": {"account_id": "a", "label": "fraud"},
}


@pytest.mark.parametrize("name", CONTRACT)
def test_every_table_of_the_contract_has_its_place_in_the_graph(name: str) -> None:
    made = plan(table(name, _ONE_ROW[name]))
    assert [(report.name, report.added) for report in made.reports] == [(name, 1)]
    assert made.nodes["Account"]["account_id"].to_pylist()[0] == "a"


def test_a_table_without_a_place_in_the_graph_is_never_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    dreams = Table("dreams", (Column("account_id", "id", required=True, mentions="account"),))
    monkeypatch.setitem(CONTRACT, "dreams", dreams)
    with pytest.raises(KeyError, match="dreams"):
        plan(table("dreams", {"account_id": "a"}))


def test_a_further_table_of_identifiers_takes_one_record_in_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (
        Column("account_id", "id", required=True, mentions="account"),
        Column("card", "id", required=True),
        Column("purpose", "code"),
        Column("paid_at", "time"),
    )
    use = Use("card", kind="payment", role_column="purpose")
    monkeypatch.setitem(CONTRACT, "payments", Table("payments", columns, time="paid_at", use=use))
    row = {"account_id": "a", "card": "4111 1111 1111 1111", "purpose": "payout", "paid_at": _AT}
    made = plan(table("payments", row, row | {"account_id": "b"}))
    assert made.relationships["USES", "Account", "Identifier"].to_pylist() == [
        {"account_id": who, "identifier_key": "payment:4111 1111 1111 1111", "role": "payout", "seen_at": _AT}
        for who in ("a", "b")
    ]
    assert made.nodes["Identifier"]["canonical"].to_pylist() == ["4111111111111111"]
    assert [(report.name, report.added) for report in made.reports] == [("payments", 2)]
