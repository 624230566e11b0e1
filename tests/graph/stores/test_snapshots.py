"""From a store's columns to arrays: the same facts in any order give the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graph.stores.raw_graph import RawGraph
from graph.stores.snapshots import build_snapshot, digest_snapshot


def at(*days: int | None) -> pa.Array:
    """Instants so many days after the first of 2024; None is unknown."""
    start = np.datetime64("2024-01-01", "us")
    return pa.array([None if day is None else start + np.timedelta64(day, "D") for day in days], pa.timestamp("us"))


def make_graph() -> RawGraph:
    return RawGraph(
        accounts=pa.table(
            {
                "account_id": ["cyd", "ann", "bob"],
                "created_at": at(3, 1, None),
                "status": ["active", None, "banned"],
                "updated_at": at(9, None, 4),
            }
        ),
        identifiers=pa.table({"kind": ["phone", "device", "phone"], "canonical": ["1", "1", "1"]}),
        listings=pa.table({"product_id": ["q", "p"], "price": [2.5, None]}),
        reviews=pa.table(
            {"review_id": ["r2", "r1"], "rating": [None, 5.0], "reviewed_at": at(None, 2), "text": [None, "lovely"]}
        ),
        uses=pa.table({"account": [0, 1, 1, 1], "identifier": [0, 0, 2, 1], "seen_at": at(1, 2, 2, None)}),
        orders=pa.table(
            {
                "buyer": [1, 1, 0],
                "seller": pa.array([2, None, 1], pa.int64()),
                "product_id": ["p", None, "q"],
                "amount": [1.5, None, 2.0],
                "ordered_at": at(4, None, 2),
                "status": ["refunded", None, "completed"],
            }
        ),
        listed=pa.table({"account": [2], "listing": [1]}),
        wrote=pa.table({"account": [0, 1], "review": [0, 1]}),
        about_listing=pa.table({"review": [1], "listing": [1]}),
        about_account=pa.table({"review": [0], "account": [1]}),
        referred=pa.table({"by": [1, 0], "account": [0, 2]}),
        labelled=pa.table({"account": [2, 0], "label": ["fraud", "legit"], "decided_at": at(5, None)}),
    )


_ENDS = {
    "uses": {"account": "accounts", "identifier": "identifiers"},
    "orders": {"buyer": "accounts", "seller": "accounts"},
    "listed": {"account": "accounts", "listing": "listings"},
    "wrote": {"account": "accounts", "review": "reviews"},
    "about_listing": {"review": "reviews", "listing": "listings"},
    "about_account": {"review": "reviews", "account": "accounts"},
    "referred": {"by": "accounts", "account": "accounts"},
    "labelled": {"account": "accounts"},
}


def shuffle(raw: RawGraph, seed: int) -> RawGraph:
    """The same facts, nodes and relationships in another order."""
    generator = np.random.default_rng(seed)
    changed: dict[str, pa.Table] = {}
    moved: dict[str, np.ndarray] = {}
    for name in ("accounts", "identifiers", "listings", "reviews"):
        order = generator.permutation(getattr(raw, name).num_rows)
        changed[name] = getattr(raw, name).take(pa.array(order))
        moved[name] = np.argsort(order)
    for name, ends in _ENDS.items():
        table = getattr(raw, name)
        for column, nodes in ends.items():
            place = pa.array(moved[nodes], pa.int64()).take(table[column].combine_chunks())
            table = table.set_column(table.column_names.index(column), column, place)
        changed[name] = table.take(pa.array(generator.permutation(table.num_rows)))
    return replace(raw, **changed)


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 0, 2, 4]))
def test_the_order_of_the_facts_does_not_matter(seed: int, day: int | None) -> None:
    as_of = None if day is None else np.datetime64("2024-01-01", "us") + np.timedelta64(day, "D")
    raw = make_graph()
    expected = digest_snapshot(build_snapshot(raw, as_of=as_of))
    assert digest_snapshot(build_snapshot(shuffle(raw, seed), as_of=as_of)) == expected


def change(name: str, column: str, value: Any) -> Callable[[RawGraph], RawGraph]:
    def change_it(raw: RawGraph) -> RawGraph:
        table = getattr(raw, name)
        cells = table[column].to_pylist()
        cells[0] = value
        place = table.column_names.index(column)
        return replace(raw, **{name: table.set_column(place, column, pa.array(cells, table.schema.field(column).type))})

    return change_it


@pytest.mark.parametrize(
    "changed",
    [
        change("accounts", "account_id", "dan"),
        change("accounts", "created_at", None),
        change("identifiers", "canonical", "2"),
        change("listings", "product_id", "o"),
        change("reviews", "rating", 1.0),
        change("uses", "account", 2),
        change("uses", "seen_at", None),
        change("orders", "amount", 1.25),
        change("orders", "status", "disputed"),
        change("orders", "seller", 0),
        change("listed", "account", 0),
        change("about_account", "account", 2),
        change("referred", "by", 2),
        change("labelled", "label", "legit"),
    ],
)
def test_any_other_fact_gives_another_digest(changed: Callable[[RawGraph], RawGraph]) -> None:
    raw = make_graph()
    assert digest_snapshot(build_snapshot(changed(raw))) != digest_snapshot(build_snapshot(raw))


def test_rows_are_in_order_and_name_one_another() -> None:
    found = build_snapshot(make_graph())
    # In the order of joining; nobody knows when 'bob' did.
    assert found.account_id.tolist() == ["ann", "cyd", "bob"]
    assert found.product_id.tolist() == ["p", "q"]
    assert found.product_seller.tolist() == [2, -1]
    np.testing.assert_array_equal(found.product_price, [np.nan, 2.5])
    assert found.reviews.review_id.tolist() == ["r1", "r2"]
    # Of a product the seller is that of its listing; a review of a seller names no product.
    assert found.reviews.product.tolist() == [0, -1]
    assert found.reviews.seller.tolist() == [2, 0]
    assert found.reviews.text.tolist() == ["lovely", None]
    assert found.orders.buyer.tolist() == [0, 0, 1]
    assert found.orders.seller.tolist() == [-1, 2, 0]
    assert found.orders.status_names == ("completed", "refunded")
    assert list(zip(found.referral_account.tolist(), found.referral_by.tolist(), strict=True)) == [(1, 0), (2, 1)]


def test_spellings_of_one_identifier_are_joined_and_their_uses_counted_once() -> None:
    found = build_snapshot(make_graph())
    pairs = zip(found.identifier_kind, found.identifier_value, strict=True)
    assert list(pairs) == [("device", "1"), ("phone", "1")]
    # Account 'ann' used two spellings of the phone at the same time: one use.
    assert list(zip(found.uses.account.tolist(), found.uses.identifier.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 1),
    ]


def make_market_of_addresses(*used: tuple[str, int | None]) -> RawGraph:
    """One account for each address, used on a day."""
    raw = make_graph()
    accounts = [f"a{row}" for row in range(len(used))]
    return replace(
        raw,
        accounts=pa.table(
            {"account_id": accounts, "created_at": at(*[0] * len(used)), "status": pa.nulls(len(used), pa.string())}
        ),
        identifiers=pa.table({"kind": ["address"] * len(used), "canonical": [form for form, _ in used]}),
        uses=pa.table(
            {"account": range(len(used)), "identifier": range(len(used)), "seen_at": at(*(day for _, day in used))}
        ),
        **{name: getattr(raw, name).slice(0, 0) for name in vars(raw) if name not in _ENDS and name == "reviews"},
        **{name: getattr(raw, name).slice(0, 0) for name in _ENDS if name != "uses"},
    )


def test_addresses_that_the_market_shows_to_be_one_are_joined_and_all_their_forms_kept() -> None:
    used = (("12 oakfeild st, leeds", 1), ("12 oakfield st unit3, leeds", 1), ("9 elm rd, leeds", 1))
    found = build_snapshot(make_market_of_addresses(*used))
    assert found.identifier_value.tolist() == ["12 oakfield st unit3, leeds", "9 elm rd, leeds"]
    assert found.uses.identifier.tolist() == [0, 0, 1]
    assert found.name_identifier(0) == "12 oakfield st unit3, leeds (also written “12 oakfeild st, leeds”)"
    assert found.name_identifier(1) == "9 elm rd, leeds"


def test_of_many_other_forms_the_first_are_named() -> None:
    forms = np.array([f"2a02::{number}" for number in range(1, 9)], dtype=object)
    found = replace(
        build_snapshot(make_market_of_addresses(("9 elm rd, leeds", 1))),
        joined_identifier=np.zeros(len(forms), dtype=np.int64),
        joined_value=forms,
    )
    told = "“2a02::1”, “2a02::2”, “2a02::3”, “2a02::4”, “2a02::5” and 3 more"
    assert found.name_identifier(0) == f"9 elm rd, leeds (also written {told})"


def test_what_is_learnt_later_does_not_change_how_addresses_were_joined() -> None:
    raw = make_market_of_addresses(
        ("12 oak st, leeds", 1), ("12 oak st unit3, leeds", 1), ("12 oak st unit4, leeds", 5)
    )
    early, late = (build_snapshot(raw, as_of=np.datetime64(day, "us")) for day in ("2024-01-03", "2024-01-07"))
    assert early.uses.identifier[0] == early.uses.identifier[1]
    assert len(set(late.uses.identifier.tolist())) == 3  # of two flats, nobody knows which was meant


@hypothesis_settings(max_examples=30, deadline=None)
@given(
    st.permutations(["12 oak st, leeds", "12 oak st unit3, leeds", "12 oka st, leeds", "1 elm rd", "1 elm rd, leeds"])
)
def test_the_order_of_identifiers_does_not_matter_when_they_are_joined(forms: list[str]) -> None:
    by_account = build_snapshot(make_market_of_addresses(*((form, 1) for form in sorted(forms))))
    again = build_snapshot(make_market_of_addresses(*((form, 1) for form in forms)))
    assert again.identifier_value.tolist() == by_account.identifier_value.tolist()
    assert again.joined_value.tolist() == by_account.joined_value.tolist()
    assert again.joined_identifier.tolist() == by_account.joined_identifier.tolist()


def test_an_instant_takes_in_what_happened_at_it_and_leaves_out_what_bears_no_date() -> None:
    day_two = np.datetime64("2024-01-03", "us")
    found = build_snapshot(make_graph(), as_of=day_two)
    assert found.account_id.tolist() == ["ann", "bob"]  # 'cyd' came on day 3; nobody knows when 'bob' did
    assert found.uses.seen_at.tolist() == [day_two.item()]
    assert found.reviews.review_id.tolist() == ["r1"]
    assert len(found.orders.buyer) == 0  # the only order of those days is by 'cyd'
    assert len(found.referral_account) == 0  # referrals bear no date
    assert len(found.label_account) == 0
    before = build_snapshot(make_graph(), as_of=day_two - np.timedelta64(1, "us"))
    assert len(before.uses.account) == len(before.reviews.review_id) == 0


def test_of_statuses_only_those_that_are_dated_by_then_are_known() -> None:
    now = build_snapshot(make_graph())
    assert (now.account_status_names, now.account_status.tolist()) == (("active", "banned"), [-1, 0, 1])
    then = build_snapshot(make_graph(), as_of=np.datetime64("2024-01-06", "us"))
    assert (then.account_status_names, then.account_status.tolist()) == (("banned",), [-1, -1, 0])
    bare = replace(make_graph(), accounts=make_graph().accounts.drop_columns("updated_at"))
    undated = build_snapshot(bare, as_of=np.datetime64("2024-01-06", "us"))
    assert (undated.account_status_names, undated.account_status.tolist()) == ((), [-1, -1, -1])


def test_labels_are_cut_like_everything_else() -> None:
    found = build_snapshot(make_graph(), as_of=np.datetime64("2024-01-06", "us"))
    assert (found.label_account.tolist(), found.label_is_fraud.tolist()) == ([2], [True])


def test_an_empty_graph_has_empty_arrays() -> None:
    raw = make_graph()
    tables = {name: table.slice(0, 0) for name, table in vars(raw).items() if table is not None}
    found = build_snapshot(RawGraph(**tables))
    assert (found.n_accounts, found.n_identifiers, found.n_products) == (0, 0, 0)
    assert found.orders.status_names == ()
    assert digest_snapshot(found) == digest_snapshot(build_snapshot(RawGraph(**tables)))
