"""An account's page: the verdict, and all that is known."""

from __future__ import annotations

import csv
from pathlib import Path

import small_market
from small_market import CROWD, RINGS

from graph.contract.tables import read_folder
from graph.queries import accounts
from graph.queries.accounts import find_account
from graph.queries.answers import Tally
from graph.queries.paths import find_path
from graph.settings import Settings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


def test_an_account_page_begins_with_the_verdict(store: GraphStore) -> None:
    found = find_account(store, "cyd")
    assert found.verdict == (
        "Do not deal: the evidence is certain enough to act on (risk 0.90). It is labelled fraud."
        " It is a core member of trade ring R-1 of 4 accounts."
    )


def test_an_account_page_tells_all_that_is_known(store: GraphStore) -> None:
    found = find_account(store, "ann")
    assert (found.risk_score, found.tier, found.run_id) == (0.93, "automatic", "run-1")
    assert [(each.kind, each.value, each.others) for each in found.identifiers] == [
        ("address", "café", len(CROWD) + 1),
        ("device", "phone-7", 2),
    ]
    assert (found.bought.orders, found.bought.counterparties) == (3, 3)
    assert found.bought.amounts == (Tally("EUR", 32.0),)
    assert [order.order_id for order in found.bought.latest] == ["o5", "o4", "o1"]
    assert found.sold.statuses == (Tally("refunded", 1),)
    assert (found.reviews.written, found.reviews.flagged) == (1, 1)
    assert [(each.review_id, each.target_id) for each in found.reviews.latest] == [("rev-1", "p1")]
    assert (found.referred, found.referred_by) == (1, ())
    assert [flag.reasons for flag in found.flags] == [small_market.FLAGS[0].reasons]


def test_a_seller_counts_the_reviews_of_what_it_lists(store: GraphStore) -> None:
    found = find_account(store, "bob")
    assert (found.listings, found.reviews.received, found.reviews.mean_received) == (1, 3, 5.0)
    assert found.referred_by == ("ann",)


def test_an_order_from_the_market_itself_has_no_seller(store: GraphStore) -> None:
    (order,) = find_account(store, "dan").bought.latest
    assert order.other_id is None


def test_an_account_of_which_nothing_is_known_still_has_a_page(store: GraphStore) -> None:
    found = find_account(store, CROWD[0])
    assert found.verdict == "Nothing against this account (risk 0.05)."
    assert (found.created_at, found.role, found.bought.orders, found.rings) == (None, None, 0, ())


def test_an_account_outside_a_ring_knows_that_it_was_its_target(store: GraphStore) -> None:
    found = find_account(store, "eve")
    assert [(ring.ring_id, ring.role) for ring in found.rings] == [(RINGS[1].ring_id, "core"), ("R-1", "target")]


def test_two_spellings_of_an_address_are_one_thing(tmp_path: Path) -> None:
    spellings = {"a": "12 High Street, Apt 3", "b": "12 high street apt 3"}
    (tmp_path / "tables").mkdir()
    for name, header in (("accounts", ["account_id"]), ("addresses", ["account_id", "address"])):
        with (tmp_path / "tables" / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *([*pair[: len(header)]] for pair in spellings.items())])
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.load(read_folder(tmp_path / "tables", Settings()))
        assert [each.others for each in find_account(store, "a").identifiers] == [1]
        assert find_path(store, "a", "b").found


def test_amounts_that_no_float_can_add_up_are_shown_all_the_same() -> None:
    (total,) = accounts._add_up([("EUR", 1e308), ("EUR", 1e308)])
    assert (total.name, total.total) == ("EUR", float("inf"))
