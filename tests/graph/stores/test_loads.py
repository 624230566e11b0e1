"""The contract of every property graph: what a load adds, rejects, fills and leaves alone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_market
from property_graph import Dump, Open, by_table, write_folder
from small_market import HOSTILE

from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.results import RunResult
from graph.settings import Settings, TableSettings
from graph.stores.protocol import GraphStore
from graph.stores.shape import VERSION

Dumper = Callable[..., Dump]

HOSTILE_IDS = (
    'it\'s "quoted" `thrice`',
    "back\\slash\\",
    "\\' OR 1=1",
    "🦊👩‍👩‍👧",
    "two\nlines\r\nor three",
    "\u202eright to left\u202c אבג",
    "'}) DETACH DELETE n //",
    "$prefix {account_id: 'x'}",
    "007",
    "null",
    "\t;,|:/",
    "e\u0301 is not \u00e9",
    "x" * 1024,
    "é" * 512,
    "\ufdfa" * 341,  # one letter that is eighteen when spelt out
)


def test_a_load_is_found_by_cypher_in_the_documented_shape(store: GraphStore, market: Path, dump: Dumper) -> None:
    store.load(read_folder(market, Settings()))
    found = dump(store)
    at = dt.datetime
    assert ("ann", at(2024, 1, 1, 10), "both", None, "active", None, None, None, None, None) in found["Account"]
    assert ("device:phone-7", "device", "phone-7", "phone-7") in found["Identifier"]
    assert found["Listing"] == [("p1", at(2024, 1, 5), 20.0, None, None)]
    assert (f"rev {HOSTILE}", 5.0, at(2024, 3, 9), None, None, None, None) in found["Review"]
    assert found["Shop"] == [("market",)]
    assert found["Label"] == [("fraud",)]
    assert found["Schema"] == [("ringfence", VERSION)]
    assert ("ann", "device:phone-7", None, at(2024, 2, 1)) in found["Account-USES-Identifier"]
    assert ("dan", "address:café", "shipping", None) in found["Account-USES-Identifier"]
    first = ("ann", "bob", "o1", "p1", 20.0, "EUR", at(2024, 3, 1, 12), "completed", *[None] * 3)
    assert first in found["Account-ORDERED-Account"]
    assert [row[:3] for row in found["Account-ORDERED-Shop"]] == [("dan", "market", "o6")]
    assert found["Account-LISTED-Listing"] == [("bob", "p1")]
    assert (HOSTILE, f"rev {HOSTILE}") in found["Account-WROTE-Review"]
    assert ("rev-1", "p1") in found["Review-ABOUT-Listing"]
    assert found["Account-REFERRED-Account"] == [("ann", "bob")]
    assert found["Account-LABELLED-Label"] == [("cyd", "fraud", at(2024, 3, 20), "charge-back", None)]
    counts = {"Account": 66, "Identifier": 4, "Review": 3, "Account-USES-Identifier": 69}
    assert {name: len(found[name]) for name in counts} == counts


def test_loading_the_same_folder_twice_changes_nothing(open_graph: Open, market: Path, dump: Dumper) -> None:
    with open_graph() as store:
        first = store.load(read_folder(market, Settings()))
        before = dump(store)
        again = store.load(read_folder(market, Settings()))
        assert dump(store) == before
    assert all(each.added == 0 and each.unchanged == each.read for each in again.tables)
    assert all(each.added == each.read for each in first.tables)
    with open_graph("read") as store:
        assert dump(store) == before


def test_an_overlapping_folder_only_adds(store: GraphStore, market: Path, load: Any, dump: Dumper) -> None:
    store.load(read_folder(market, Settings()))
    before = dump(store)
    orders = [dict(row) for row in small_market.TABLES["orders"][:2]]
    orders.append({**orders[0], "order_id": "o99", "buyer_id": "zoe", "seller_id": "bob"})
    devices = [{"account_id": "ann", "device_id": "phone-7", "seen_at": seen} for seen in ("2024-02-01T00:00:00Z", "")]
    report = load(store, {"orders": orders, "devices": devices})
    after = dump(store)
    assert by_table(report) == {
        "accounts": (1, 0, 0, 1, 0),
        "orders": (3, 1, 0, 2, 0),
        "devices": (2, 1, 0, 1, 0),
    }
    assert all(set(map(repr, rows)) <= set(map(repr, after[name])) for name, rows in before.items())
    added = {name: len(after[name]) - len(before[name]) for name in after if len(after[name]) != len(before[name])}
    assert added == {"Account": 1, "Account-ORDERED-Account": 1, "Account-USES-Identifier": 1}


def test_accounts_and_products_that_are_only_named_are_created(store: GraphStore, load: Any, dump: Dumper) -> None:
    load(
        store,
        {
            "orders": [{"order_id": "o1", "buyer_id": "buyer", "seller_id": "seller", "product_id": "p9"}],
            "reviews": [{"review_id": "r1", "account_id": "author", "seller_id": "praised"}],
            "referrals": [{"account_id": "guest", "referred_by": "host"}],
            "devices": [{"account_id": "user", "device_id": "d"}],
            "labels": [{"account_id": "marked", "label": "legit"}],
        },
    )
    found = dump(store)
    named = {"ann", "buyer", "seller", "author", "praised", "guest", "host", "user", "marked"}
    assert {row[0] for row in found["Account"]} == named
    assert all(cell is None for row in found["Account"] for cell in row[1:])
    assert found["Listing"] == [("p9", None, None, None, None)]
    assert found["Review-ABOUT-Account"] == [("r1", "praised")]


def test_a_later_load_fills_blanks(store: GraphStore, load: Any, dump: Dumper) -> None:
    load(store, {"orders": [{"order_id": "o", "buyer_id": "ann", "seller_id": "bob", "product_id": "p"}]})
    report = load(
        store,
        {
            "accounts": [
                {"account_id": "ann", "role": "both", "created_at": "2024-01-01"},
                {"account_id": "bob", "role": "", "created_at": ""},
            ],
            "listings": [{"product_id": "p", "seller_id": "bob", "price": "3.5"}],
        },
    )
    found = dump(store)
    assert by_table(report) == {"accounts": (2, 1, 0, 1, 0), "listings": (1, 1, 0, 0, 0)}
    assert ("ann", dt.datetime(2024, 1, 1), "both", None, None, None, None, None, None, None) in found["Account"]
    assert found["Listing"] == [("p", None, 3.5, None, None)]
    assert found["Account-LISTED-Listing"] == [("bob", "p")]


def test_a_price_that_comes_later_does_not_list_the_product_twice(store: GraphStore, load: Any, dump: Dumper) -> None:
    load(store, {"listings": [{"product_id": "p", "seller_id": "bob", "price": ""}]})
    load(store, {"listings": [{"product_id": "p", "seller_id": "bob", "price": "3.5"}]})
    found = dump(store)
    assert found["Listing"] == [("p", None, 3.5, None, None)]
    assert found["Account-LISTED-Listing"] == [("bob", "p")]


def test_a_blank_is_filled_without_forgetting_what_is_known(store: GraphStore, load: Any, dump: Dumper) -> None:
    load(store, {"accounts": [{"account_id": "ann", "role": "seller", "status": ""}]})
    load(store, {"accounts": [{"account_id": "ann", "role": "", "status": "closed"}]})
    assert dump(store)["Account"][0][:5] == ("ann", None, "seller", None, "closed")


@pytest.mark.parametrize(
    ("table", "first", "second", "reason"),
    [
        ("orders", {"order_id": "o", "buyer_id": "a"}, {"buyer_id": "b"}, "order_id 'o' .* 'a' as its buyer_id"),
        (
            "reviews",
            {"review_id": "r", "account_id": "a", "product_id": "p"},
            {"account_id": "b"},
            "'r' .* 'a' as its account_id",
        ),
        (
            "reviews",
            {"review_id": "r", "account_id": "a", "product_id": "p", "seller_id": ""},
            {"seller_id": "b"},
            "'r' .* nothing as its seller_id",
        ),
    ],
)
def test_another_thing_under_a_known_key_is_rejected_with_its_line_and_reason(
    store: GraphStore, load: Any, dump: Dumper, table: str, first: dict, second: dict, reason: str
) -> None:
    key = next(iter(first))
    load(store, {table: [first]})
    before = dump(store)
    # A harmless row first, with a line break in its key: the contradiction starts on line 4.
    others = {**first, key: "two\nlines"}
    report = load(store, {table: [others, {**first, **second}]})
    rejects = report.checked[table].rejects
    assert rejects.line.tolist() == [4]
    assert [bool(re.search(reason, each)) for each in rejects.reason] == [True], rejects.reason
    assert by_table(report)[table] == (2, 1, 0, 0, 1)
    after = dump(store)
    assert all(row in after[name] for name in before for row in before[name])
    assert not any("b" in row for row in after["Account"])


def test_attributes_are_kept_and_change_as_a_whole(store: GraphStore, load: Any, dump: Dumper) -> None:
    wanted = Settings(tables={"accounts": TableSettings(attributes=("shoe",))})
    load(store, {"accounts": [{"account_id": "ann", "shoe": "42"}]}, settings=wanted)
    report = load(store, {"accounts": [{"account_id": "ann", "shoe": "43"}]}, settings=wanted)
    assert by_table(report)["accounts"] == (1, 0, 1, 0, 0)
    assert dump(store)["Account"][0][5] == '{"shoe": "43"}'


def test_a_dry_run_reports_the_same_and_writes_nothing(store: GraphStore, market: Path, dump: Dumper) -> None:
    before = dump(store)
    dry = store.load(read_folder(market, Settings()), dry_run=True)
    assert dump(store) == before
    wet = store.load(read_folder(market, Settings()))
    assert dry.dry_run
    assert not wet.dry_run
    assert dry.tables == wet.tables
    assert dump(store) != before


def test_empty_tables_are_no_trouble(store: GraphStore, tmp_path: Path, dump: Dumper) -> None:
    before = dump(store)
    headers = {
        "accounts": "account_id",
        "orders": "order_id,buyer_id,seller_id,amount",
        "devices": "account_id,device_id",
        "addresses": "account_id,address",
        "identifiers": "account_id,kind,value",
        "listings": "product_id,seller_id",
        "reviews": "review_id,account_id,product_id",
        "referrals": "account_id,referred_by",
        "labels": "account_id,label",
    }
    (tmp_path / "empty").mkdir()
    for name, header in headers.items():
        (tmp_path / "empty" / f"{name}.csv").write_text(header + "\n", encoding="utf-8")
    report = store.load(read_folder(tmp_path / "empty", Settings()))
    assert all(each.read == 0 for each in report.tables)
    assert dump(store) == before
    snapshot = store.snapshot()
    assert (snapshot.n_accounts, snapshot.n_identifiers, snapshot.n_products) == (0, 0, 0)


def test_progress_counts_every_row_once(store: GraphStore, market: Path) -> None:
    said: list[tuple[str, int, int]] = []
    store.load(read_folder(market, Settings()), progress=lambda *each: said.append(each))
    done = [done for _, done, _ in said]
    assert done == sorted(done)
    assert {total for _, _, total in said} == {done[-1]}


def make_odd_run(snapshot: Snapshot) -> RunResult:
    """The small market's run with its rings once for each hostile id, which has the place of the odd one."""
    runs = {odd: small_market.make_run(snapshot, odd_id=odd) for odd in HOSTILE_IDS}
    return replace(
        runs[HOSTILE_IDS[0]],
        rings=tuple(replace(ring, ring_id=f"{ring.ring_id} {odd}") for odd, run in runs.items() for ring in run.rings),
        flags=tuple(
            replace(flag, ring_ids=(f"R-1 {odd}",))
            for odd, run in runs.items()
            for flag in run.flags
            if flag.subject_id == odd
        ),
    )


def test_hostile_ids_come_back_as_they_were_written(store: GraphStore, tmp_path: Path, dump: Dumper) -> None:
    store.load(read_folder(small_market.write_tables(tmp_path / "market"), Settings()))
    tables = {
        "accounts": [{"account_id": odd} for odd in HOSTILE_IDS],
        "devices": [{"account_id": odd, "device_id": odd} for odd in HOSTILE_IDS],
        "addresses": [{"account_id": odd, "address_id": odd} for odd in HOSTILE_IDS],
        "identifiers": [{"account_id": odd, "kind": "phone", "value": odd} for odd in HOSTILE_IDS],
        "listings": [{"product_id": odd, "seller_id": odd} for odd in HOSTILE_IDS],
        "reviews": [{"review_id": odd, "account_id": odd, "product_id": odd} for odd in HOSTILE_IDS],
        "labels": [{"account_id": odd, "label": "fraud", "source": odd} for odd in HOSTILE_IDS],
        "orders": [{"order_id": odd, "buyer_id": odd, "seller_id": "ann", "product_id": odd} for odd in HOSTILE_IDS],
    }
    folder = write_folder(tmp_path / "more", tables)
    store.load(read_folder(folder, Settings()))
    found, snapshot = dump(store), store.snapshot()
    for odd in HOSTILE_IDS:
        assert (odd, f"device:{odd}", None, None) in found["Account-USES-Identifier"]
        assert odd in {row[2] for row in found["Identifier"] if row[1] == "phone"}
        assert (odd, odd) in found["Account-LISTED-Listing"]
        assert (odd, odd) in found["Review-ABOUT-Listing"]
        assert (odd, "fraud", None, odd, None) in found["Account-LABELLED-Label"]
        assert (odd, "ann", odd, odd, *[None] * 7) in found["Account-ORDERED-Account"]
        assert odd in snapshot.account_id
        assert odd in snapshot.product_id
        assert odd in snapshot.reviews.review_id
    store.write_run(make_odd_run(snapshot), snapshot)
    member_of = "MATCH (a:Account)-[:MEMBER_OF]->() RETURN a.account_id AS id, count(*) AS n"
    rings = {row["id"]: row["n"] for row in store.query(member_of)}
    assert {odd: rings[odd] for odd in HOSTILE_IDS} == dict.fromkeys(HOSTILE_IDS, 1)
    again = store.load(read_folder(folder, Settings()))
    assert all(each.added == 0 and each.rejected == 0 for each in again.tables)
