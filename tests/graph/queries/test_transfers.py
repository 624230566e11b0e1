"""What accounts paid one another, in the answers that tell of orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import small_market

from graph.contract.tables import read_folder
from graph.open import open_store
from graph.queries.accounts import find_account
from graph.queries.activity import find_activity
from graph.queries.answers import NO_DEALINGS, Share
from graph.queries.comparison import compare_accounts
from graph.queries.expansion import Bounds, expand
from graph.queries.exposure import find_exposure
from graph.queries.flagged import count_touched
from graph.queries.paths import find_path
from graph.queries.rings import list_rings
from graph.queries.search import search
from graph.queries.timeline import find_timeline
from graph.queries.views import MoneyLine, Victim
from graph.settings import Settings
from graph.stores.protocol import GraphStore
from graph.vocabulary import REFUND_STATUSES

TRANSFERS = """transfer_id,payer_id,payee_id,amount,currency,paid_at,status,updated_at
o1,ann,bob,5,EUR,2024-03-01T00:00:00Z,paid,
t2,ann,zoe,2.5,EUR,2024-03-02T00:00:00Z,,
t3,zoe,ann,1,EUR,2024-03-03T00:00:00Z,paid,
"""
LATER = """transfer_id,payer_id,payee_id,amount,currency,paid_at,status,updated_at
t3,zoe,ann,1,EUR,2024-03-03T00:00:00Z,refunded,2024-03-09T00:00:00Z
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    folder = tmp_path_factory.mktemp("paid")
    market = small_market.write_tables(folder / "market")
    (market / "transfers.csv").write_text(TRANSFERS, encoding="utf-8")
    small_market.make_loaded_store(folder / "store", market)
    (folder / "later").mkdir()
    (folder / "later" / "accounts.csv").write_text("account_id\nann\n", encoding="utf-8")
    (folder / "later" / "transfers.csv").write_text(LATER, encoding="utf-8")
    with open_store(str(folder / "store"), mode="write") as opened:
        opened.load(read_folder(folder / "later", Settings()))
    small_market.add_run(folder / "store")
    with open_store(str(folder / "store")) as opened:
        yield opened


def test_transfers_stand_in_the_stream_and_so_does_what_became_of_them(store: GraphStore) -> None:
    told = [(each.what, each.detail) for each in find_timeline(store, "ann").moments]
    assert [each for each in told if each[0] == "transfer"] == [
        ("transfer", "paid 5.00 EUR (paid) to bob"),
        ("transfer", "paid 2.50 EUR to zoe"),
        ("transfer", "was paid 1.00 EUR (refunded) by zoe"),
    ]
    assert ("refund", "transfer t3: paid became refunded") in told


def test_within_a_ring_a_transfer_is_told_once(store: GraphStore) -> None:
    paid = [each for each in find_timeline(store, "R-1").moments if each.what == "transfer"]
    assert [(each.account_id, each.other_id) for each in paid] == [("ann", "bob"), ("ann", "zoe"), ("ann", "zoe")]


def test_an_account_says_what_it_paid_and_was_paid_beside_what_it_bought(store: GraphStore) -> None:
    ann = find_account(store, "ann")
    assert (ann.paid.orders, ann.paid.counterparties) == (2, 2)
    assert [each.total for each in ann.paid.amounts] == [7.5]
    assert (ann.received.latest[0].other_id, ann.received.latest[0].ordered_at) == ("zoe", datetime(2024, 3, 3))
    assert ann.received.latest[0].product_id is None
    assert find_account(store, "eve").paid == NO_DEALINGS


def test_money_at_risk_has_a_side_for_transfers(store: GraphStore) -> None:
    found = find_exposure(store, "R-1", run_id=None, refunded=REFUND_STATUSES)
    assert MoneyLine("among members", "open", "EUR", 1, 5.0) in found.money
    assert MoneyLine("paid to others", "open", "EUR", 1, 2.5) in found.money
    assert MoneyLine("received from others", "taken back", "EUR", 1, 1.0) in found.money
    assert found.victims == (Victim("zoe", "payer", "taken back", "EUR", 1, 1.0),)


def test_a_transfer_is_no_order_of_the_same_id(store: GraphStore) -> None:
    touched = count_touched(store, ["ann", "bob"])
    alone = store.query(
        "MATCH (a:Account)-[o:ORDERED]-() WHERE a.account_id IN ['ann', 'bob'] RETURN count(DISTINCT o.order_id) AS n"
    )
    assert touched.orders == alone[0]["n"] + 3
    (ring,) = (each for each in find_activity(store, list_rings(store)) if each.ring_id == "R-1")
    deeds = len({(each.what, each.at, each.account_id, each.other_id) for each in find_timeline(store, "R-1").moments
                 if each.what in ("sign-up", "order", "sale", "transfer", "review")})  # fmt: skip
    assert sum(ring.activity) == deeds


def test_the_money_of_a_ring_has_its_transfers_in_it(store: GraphStore, tmp_path: Path) -> None:
    market = small_market.write_tables(tmp_path / "market")
    small_market.make_loaded_store(tmp_path / "store", market)
    small_market.add_run(tmp_path / "store")
    ask = "MATCH (g:Ring) WHERE g.ring_id = 'R-1' RETURN g.money AS money"
    with open_store(str(tmp_path / "store")) as plain:
        assert store.query(ask)[0]["money"] == pytest.approx(plain.query(ask)[0]["money"] + 8.5)


def test_a_transfer_is_found_by_its_id_with_both_accounts(store: GraphStore) -> None:
    (hit,) = (each for each in search(store, "T2", most=10).hits if each.kind == "transfer")
    assert (hit.id, hit.match, hit.accounts, hit.account_ids) == ("t2", "exactly", 2, ("ann", "zoe"))


def test_two_accounts_are_connected_by_what_one_paid_the_other(store: GraphStore) -> None:
    (hop,) = find_path(store, "ann", "zoe").hops
    assert Share("transfer", "1 transfer", 2) in hop.shares
    assert find_path(store, "zoe", "bob").hops[0].account_b == "ann"


def test_whoever_very_many_pay_is_left_out_of_ways_and_named(store: GraphStore) -> None:
    found = find_path(store, "zoe", "bob", max_hub=2)
    assert Share("transfer", "ann", 3) in found.left_out or not found.found


def test_a_look_around_goes_over_transfers_alone_where_that_is_asked(store: GraphStore) -> None:
    (root,) = expand(store, "zoe", Bounds(channels=frozenset({"transfer"}))).branches
    assert [(each.account_id, [share.name for share in each.shares]) for each in root.branches] == [
        ("ann", ["1 transfer"])
    ]


def test_accounts_side_by_side_say_whom_they_paid(store: GraphStore) -> None:
    found = compare_accounts(store, ["ann", "zoe"])
    assert [(each.paid, each.payees, each.was_paid, each.payers) for each in found.accounts] == [
        (2, 2, 1, 1),
        (1, 1, 1, 1),
    ]
    assert {each.name for each in found.in_common if each.channel == "transfer"} == {
        "ann paid zoe once",
        "zoe paid ann once",
    }
