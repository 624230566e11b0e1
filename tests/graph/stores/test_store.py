"""The contract that every property graph fulfils, run against each backend; then the embedded one's own promises."""

from __future__ import annotations

import csv
import datetime as dt
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import small_market
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from places import ROOT
from property_graph import Dump, Open
from small_market import CROWD, FRIENDS, HOSTILE

from graph.contract.tables import read_folder
from graph.errors import QueryError, StoreError, StoreReadOnlyError
from graph.identity.canonical import canonical_values
from graph.model import Member, Snapshot
from graph.settings import Settings, TableSettings
from graph.stores.embedded import bulk as embedded_bulk
from graph.stores.embedded import store as embedded
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore, LoadReport, Question
from graph.stores.snapshots import digest_snapshot

Rows = Sequence[Mapping[str, object]]
Tables = Mapping[str, Rows]
Dumper = Callable[..., Dump]

TIMES = ("started_at", "finished_at", "sequence")
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


def write_folder(folder: Path, tables: Tables) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., LoadReport]:
    """Load tables, written as rows, by way of a folder."""

    def load_tables(
        store: GraphStore, tables: Tables, *, dry_run: bool = False, settings: Settings | None = None
    ) -> LoadReport:
        folder = write_folder(tmp_path / f"folder-{random.random()}", {"accounts": [{"account_id": "ann"}], **tables})
        return store.load(read_folder(folder, settings or Settings()), dry_run=dry_run)

    return load_tables


@pytest.fixture
def store(open_graph: Open) -> GraphStore:
    return open_graph()


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return small_market.write_tables(tmp_path / "market")


def by_table(report: LoadReport) -> dict[str, tuple[int, int, int, int]]:
    return {each.name: (each.read, each.added, each.already_there, each.rejected) for each in report.tables}


def no_load_yet(store: GraphStore) -> bool:
    return not store.query("MATCH (a:Account) RETURN a.account_id")


# ── loading ───────────────────────────────────────────────────────────────────────────────────────


def test_a_load_is_found_by_cypher_in_the_documented_shape(store: GraphStore, market: Path, dump: Dumper) -> None:
    store.load(read_folder(market, Settings()))
    found = dump(store)
    at = dt.datetime
    assert ("ann", at(2024, 1, 1, 10), "both", None, "active", None, None, None) in found["Account"]
    assert ("device:phone-7", "device", "phone-7", "phone-7") in found["Identifier"]
    assert found["Listing"] == [("p1", at(2024, 1, 5), 20.0)]
    assert (f"rev {HOSTILE}", 5.0, at(2024, 3, 9), None, None, None) in found["Review"]
    assert found["Shop"] == [("market",)]
    assert found["Label"] == [("fraud",)]
    assert found["Schema"] == [("ringfence", 1)]
    assert ("ann", "device:phone-7", None, at(2024, 2, 1)) in found["Account-USES-Identifier"]
    assert ("dan", "address:café", "shipping", None) in found["Account-USES-Identifier"]
    first = ("ann", "bob", "o1", "p1", 20.0, "EUR", at(2024, 3, 1, 12), "completed")
    assert first in found["Account-ORDERED-Account"]
    assert [row[:3] for row in found["Account-ORDERED-Shop"]] == [("dan", "market", "o6")]
    assert found["Account-LISTED-Listing"] == [("bob", "p1")]
    assert (HOSTILE, f"rev {HOSTILE}") in found["Account-WROTE-Review"]
    assert ("rev-1", "p1") in found["Review-ABOUT-Listing"]
    assert found["Account-REFERRED-Account"] == [("ann", "bob")]
    assert found["Account-LABELLED-Label"] == [("cyd", "fraud", at(2024, 3, 20), "charge-back")]
    counts = {"Account": 66, "Identifier": 4, "Review": 3, "Account-USES-Identifier": 69}
    assert {name: len(found[name]) for name in counts} == counts


def test_loading_the_same_folder_twice_changes_nothing(open_graph: Open, market: Path, dump: Dumper) -> None:
    with open_graph() as store:
        first = store.load(read_folder(market, Settings()))
        before = dump(store)
        again = store.load(read_folder(market, Settings()))
        assert dump(store) == before
    assert all(each.added == 0 and each.already_there == each.read for each in again.tables)
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
    assert by_table(report) == {"accounts": (1, 0, 1, 0), "orders": (3, 1, 2, 0), "devices": (2, 1, 1, 0)}
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
    assert found["Listing"] == [("p9", None, None)]
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
    assert by_table(report) == {"accounts": (2, 1, 1, 0), "listings": (1, 1, 0, 0)}
    assert ("ann", dt.datetime(2024, 1, 1), "both", None, None, None, None, None) in found["Account"]
    assert found["Listing"] == [("p", None, 3.5)]
    assert found["Account-LISTED-Listing"] == [("bob", "p")]


def test_a_price_that_comes_later_does_not_list_the_product_twice(store: GraphStore, load: Any, dump: Dumper) -> None:
    load(store, {"listings": [{"product_id": "p", "seller_id": "bob", "price": ""}]})
    load(store, {"listings": [{"product_id": "p", "seller_id": "bob", "price": "3.5"}]})
    found = dump(store)
    assert found["Listing"] == [("p", None, 3.5)]
    assert found["Account-LISTED-Listing"] == [("bob", "p")]


def test_a_blank_is_filled_without_forgetting_what_is_known(store: GraphStore, load: Any, dump: Dumper) -> None:
    load(store, {"accounts": [{"account_id": "ann", "role": "seller", "status": ""}]})
    load(store, {"accounts": [{"account_id": "ann", "role": "", "status": "closed"}]})
    assert dump(store)["Account"][0][:5] == ("ann", None, "seller", None, "closed")


@pytest.mark.parametrize(
    ("table", "first", "second", "reason"),
    [
        ("accounts", {"account_id": "a", "role": "buyer"}, {"role": "seller"}, "account_id 'a' .* 'buyer' as its role"),
        ("orders", {"order_id": "o", "buyer_id": "a"}, {"buyer_id": "b"}, "order_id 'o' .* 'a' as its buyer_id"),
        (
            "orders",
            {"order_id": "o", "buyer_id": "a", "amount": ""},
            {"amount": "7"},
            "order_id 'o' .* nothing as its amount",
        ),
        ("listings", {"product_id": "p", "seller_id": "a"}, {"seller_id": "b"}, "'p' .* 'a' as its seller_id"),
        (
            "reviews",
            {"review_id": "r", "account_id": "a", "product_id": "p", "rating": "5"},
            {"rating": "1"},
            "'r' .* 5.0 as its rating",
        ),
    ],
)
def test_a_contradiction_is_rejected_with_its_line_and_reason(
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
    assert by_table(report)[table] == (2, 1, 0, 1)
    after = dump(store)
    assert all(row in after[name] for name in before for row in before[name])
    assert not any("b" in row for row in after["Account"])


def test_attributes_are_kept_and_contradicted_as_a_whole(store: GraphStore, load: Any, dump: Dumper) -> None:
    wanted = Settings(tables={"accounts": TableSettings(attributes=("shoe",))})
    load(store, {"accounts": [{"account_id": "ann", "shoe": "42"}]}, settings=wanted)
    report = load(store, {"accounts": [{"account_id": "ann", "shoe": "43"}]}, settings=wanted)
    assert "already in the store with other values as its attributes" in report.checked["accounts"].rejects.reason[0]
    assert dump(store)["Account"][0][5] == '{"shoe": "42"}'


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


@pytest.mark.parametrize("odd", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
def test_hostile_ids_come_back_as_they_were_written(store: GraphStore, tmp_path: Path, dump: Dumper, odd: str) -> None:
    tables = read_folder(small_market.write_tables(tmp_path / "odd", odd_id=odd), Settings())
    store.load(tables)
    extra = {
        "devices": [{"account_id": odd, "device_id": odd}],
        "addresses": [{"account_id": odd, "address_id": odd}],
        "identifiers": [{"account_id": odd, "kind": "phone", "value": odd}],
        "listings": [{"product_id": odd, "seller_id": odd}],
        "reviews": [{"review_id": odd, "account_id": odd, "product_id": odd}],
        "labels": [{"account_id": odd, "label": "fraud", "source": odd}],
        "orders": [{"order_id": odd, "buyer_id": odd, "seller_id": "ann", "product_id": odd}],
    }
    folder = write_folder(tmp_path / "more", {"accounts": [{"account_id": odd}], **extra})
    store.load(read_folder(folder, Settings()))
    found = dump(store)
    assert (odd, f"device:{odd}", None, None) in found["Account-USES-Identifier"]
    assert odd in {row[2] for row in found["Identifier"] if row[1] == "phone"}
    assert (odd, odd) in found["Account-LISTED-Listing"]
    assert (odd, odd) in found["Review-ABOUT-Listing"]
    assert (odd, "fraud", None, odd) in found["Account-LABELLED-Label"]
    assert (odd, "ann", odd, odd, None, None, None, None) in found["Account-ORDERED-Account"]
    snapshot = store.snapshot()
    assert odd in snapshot.account_id
    assert odd in snapshot.product_id
    assert odd in snapshot.reviews.review_id
    run = small_market.make_run(snapshot, odd_id=odd)
    store.write_run(run, snapshot)
    assert store.query("MATCH (a:Account {account_id: $id})-[:MEMBER_OF]->() RETURN count(*) AS n", id=odd)[0]["n"] == 1
    again = store.load(read_folder(folder, Settings()))
    assert all(each.added == 0 and each.rejected == 0 for each in again.tables)


# ── the snapshot ──────────────────────────────────────────────────────────────────────────────────


def make_random_tables(seed: int) -> dict[str, list[dict[str, str]]]:
    """A crowded little market in which everything that may be missing sometimes is."""
    pick = random.Random(seed)
    people = [f"p{number}" for number in range(12)]
    goods = [f"g{number}" for number in range(5)]

    def day() -> str:
        return pick.choice(["", *(f"2024-0{month}-15T00:00:0{month}Z" for month in range(1, 7))])

    def two() -> tuple[str, str]:
        first, second = pick.sample(people, 2)
        return first, second

    orders = []
    for number in range(40):
        buyer, seller = two()
        order = {"order_id": f"o{number}", "buyer_id": buyer, "seller_id": pick.choice([seller, ""])}
        order |= {"product_id": pick.choice([*goods, ""]), "amount": pick.choice(["", "1.5", "20"])}
        orders.append({**order, "ordered_at": day(), "status": pick.choice(["", "completed", "refunded"])})
    reviews = []
    for number in range(20):
        author, seller = two()
        subject = pick.choice([{"product_id": pick.choice(goods), "seller_id": ""}, {"seller_id": seller}])
        rating = pick.choice(["", "1", "5"])
        reviews.append(
            {"review_id": f"r{number}", "account_id": author, **subject, "rating": rating, "reviewed_at": day()}
        )
    return {
        "accounts": [{"account_id": each, "created_at": day()} for each in people[:9]],
        "devices": [
            {"account_id": pick.choice(people), "device_id": pick.choice("abc"), "seen_at": day()} for _ in range(30)
        ],
        "identifiers": [
            {
                "account_id": pick.choice(people),
                "kind": pick.choice(["email", "phone"]),
                "value": pick.choice(["A.B@example.com", "a.b@EXAMPLE.com", "+49 30 123456", "004930123456"]),
                "seen_at": day(),
            }
            for _ in range(30)
        ],
        "listings": [{"product_id": each, "seller_id": pick.choice(people)} for each in goods[:3]],
        "orders": orders,
        "reviews": [{"product_id": "", **each} for each in reviews],
        "referrals": [dict(zip(("account_id", "referred_by"), two(), strict=True)) for _ in range(6)],
        "labels": [
            {"account_id": pick.choice(people), "label": pick.choice(["fraud", "legit"]), "decided_at": day()}
            for _ in range(8)
        ],
    }


def read_time(text: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text.removesuffix("Z")) if text else None


def last_if_unknown(value: Any) -> tuple[bool, Any]:
    return (value is None, 0 if value is None else value)


def take_slow_snapshot(tables: Mapping[str, list[dict[str, str]]], as_of: dt.datetime | None) -> dict[str, Any]:
    """What a snapshot holds, worked out row by row; None where nothing is known, -1 for no row."""

    def known(at: dt.datetime | None) -> bool:
        return as_of is None or (at is not None and at <= as_of)

    columns = ("account_id", "buyer_id", "seller_id", "referred_by")
    everybody = {row[c] for rows in tables.values() for row in rows for c in columns if row.get(c)}
    created = {row["account_id"]: read_time(row["created_at"]) for row in tables["accounts"]}
    accounts = sorted(
        each for each in everybody if as_of is None or created.get(each) is None or created[each] <= as_of
    )
    account = {each: place for place, each in enumerate(accounts)}
    goods = sorted({row["product_id"] for rows in tables.values() for row in rows if row.get("product_id")})
    product = {each: place for place, each in enumerate(goods)}
    seller_of = {row["product_id"]: row["seller_id"] for row in tables["listings"]}
    used = [(row["account_id"], "device", row["device_id"], row["seen_at"]) for row in tables["devices"]]
    used += [(row["account_id"], row["kind"], row["value"], row["seen_at"]) for row in tables["identifiers"]]
    joined = [(who, kind, canonical_values(kind, pa.array([value]))[0].as_py(), at) for who, kind, value, at in used]
    identifiers = sorted({(kind, canonical) for _, kind, canonical, _ in joined})
    uses = {
        (account[who], identifiers.index((kind, canonical)), read_time(at))
        for who, kind, canonical, at in joined
        if who in account and known(read_time(at))
    }
    statuses = sorted({row["status"] for row in tables["orders"]} - {""})
    orders = [
        (
            account[row["buyer_id"]],
            account.get(row["seller_id"], -1),
            read_time(row["ordered_at"]),
            product.get(row["product_id"], -1),
            statuses.index(row["status"]) if row["status"] else -1,
            float(row["amount"]) if row["amount"] else None,
        )
        for row in tables["orders"]
        if row["buyer_id"] in account and known(read_time(row["ordered_at"]))
    ]
    reviews = [
        (
            row["review_id"],
            account[row["account_id"]],
            product.get(row["product_id"], -1),
            account.get(row.get("seller_id") or seller_of.get(row["product_id"], ""), -1),
            float(row["rating"]) if row["rating"] else None,
            read_time(row["reviewed_at"]),
        )
        for row in sorted(tables["reviews"], key=lambda row: row["review_id"])
        if row["account_id"] in account and known(read_time(row["reviewed_at"]))
    ]
    referrals = {(account[row["account_id"]], account[row["referred_by"]]) for row in tables["referrals"] if not as_of}
    labels = {
        (account[row["account_id"]], row["label"] == "fraud", read_time(row["decided_at"]))
        for row in tables["labels"]
        if row["account_id"] in account and known(read_time(row["decided_at"]))
    }
    return {
        "accounts": [(each, created.get(each)) for each in accounts],
        "identifiers": identifiers,
        "products": [(each, account.get(seller_of.get(each, ""), -1)) for each in goods],
        "uses": sorted(uses, key=lambda row: (*row[:2], last_if_unknown(row[2]))),
        "orders": sorted(orders, key=lambda row: tuple(map(last_if_unknown, row))),
        "reviews": reviews,
        "referrals": sorted(referrals),
        "labels": labels,
    }


def spell_out(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot in the words of its slow twin."""

    def plain(values: Any) -> list[Any]:
        return [None if each != each else each for each in np.asarray(values).tolist()]

    uses, orders, reviews = snapshot.uses, snapshot.orders, snapshot.reviews

    def rows(*columns: Any) -> list[tuple[Any, ...]]:
        return list(zip(*map(plain, columns), strict=True))

    assert orders.status_names == tuple(sorted(orders.status_names))
    return {
        "accounts": rows(snapshot.account_id, snapshot.created_at),
        "identifiers": rows(snapshot.identifier_kind, snapshot.identifier_value),
        "products": rows(snapshot.product_id, snapshot.product_seller),
        "uses": rows(uses.account, uses.identifier, uses.seen_at),
        "orders": rows(orders.buyer, orders.seller, orders.ordered_at, orders.product, orders.status, orders.amount),
        "reviews": rows(
            reviews.review_id, reviews.author, reviews.product, reviews.seller, reviews.rating, reviews.reviewed_at
        ),
        "referrals": rows(snapshot.referral_account, snapshot.referral_by),
        "labels": set(rows(snapshot.label_account, snapshot.label_is_fraud, snapshot.label_decided_at)),
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_is_what_a_slow_twin_finds(store: GraphStore, tmp_path: Path, seed: int) -> None:
    tables = make_random_tables(seed)
    store.load(read_folder(write_folder(tmp_path / "random", tables), Settings()))
    for as_of in (None, dt.datetime(2024, 4, 15, 0, 0, 4), dt.datetime(2024, 1, 1)):
        cut = None if as_of is None else np.datetime64(as_of, "us")
        snapshot = store.snapshot(as_of=cut)
        assert spell_out(snapshot) == take_slow_snapshot(tables, as_of)
        assert snapshot.as_of == cut


def test_the_order_of_loading_does_not_change_the_snapshot(open_graph: Open, tmp_path: Path) -> None:
    tables = make_random_tables(7)
    halves = []
    for part in (0, 1):
        rows = {name: rows[part::2] for name, rows in tables.items()}
        halves.append(write_folder(tmp_path / f"half-{part}", rows))
    digests = set()
    for place, folders in (("there", halves), ("back", halves[::-1]), ("twice", [*halves, halves[0]])):
        with open_graph(place=place) as store:
            for folder in folders:
                store.load(read_folder(folder, Settings()))
            digests.add(digest_snapshot(store.snapshot()))
    assert len(digests) == 1


# ── runs and vectors ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def loaded(store: GraphStore, market: Path) -> GraphStore:
    store.load(read_folder(market, Settings()))
    return store


def test_a_run_is_found_by_cypher_in_the_documented_shape(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    started_at = dt.datetime(2024, 4, 1, 6)
    loaded.write_run(small_market.make_run(snapshot), snapshot, started_at=started_at)
    found = dump(loaded)
    run = dict(zip(("run_id", "sequence", "started_at"), found["Run"][0], strict=False))
    assert run == {"run_id": "run-1", "sequence": 1, "started_at": started_at}
    odd = f"R-2 {HOSTILE}"
    assert found["Run-FOUND-Ring"] == [("run-1", "run-1/R-1"), ("run-1", f"run-1/{odd}")]
    strong = next(row for row in found["Ring"] if row[1] == "R-1")
    action = "Hold payouts and open a case."
    assert strong == ("run-1/R-1", "R-1", "run-1", 1, "trade", 0.93, "automatic", 4, 41.5, 12.25, action)
    assert ("ann", "run-1/R-1", "core", 22.0) in found["Account-MEMBER_OF-Ring"]
    assert (HOSTILE, "run-1/R-1", "fringe", 4.0) in found["Account-MEMBER_OF-Ring"]
    assert found["Ring-INVOLVES-Account"] == [("run-1/R-1", "eve", "target", "Sold to the ring once.")]
    assert ("ann", "bob", "run-1/R-1", "device", 12.0, "device phone-7") in found["Account-LINKED-Account"]
    assert ("run-1/R-1", "run-1/R-1/trade") in found["Ring-SHOWS-Evidence"]
    assert ("run-1/R-1", "run-1/R-1/household") in found["Ring-HEARD-Reading"]
    assert ("run-1/account/ann", "ann") in found["Flag-ON-Account"]
    assert found["Flag-ON-Review"] == [("run-1/review/rev-1", "rev-1")]
    assert len(found["Run-RAISED-Flag"]) == len(found["Flag-CITES-Ring"]) == 3
    assert next(row for row in found["Account"] if row[0] == "ann")[6:] == (0.93, "automatic")
    assert next(row for row in found["Review"] if row[0] == "rev-1")[4:] == (0.8, "review")


def test_the_same_run_twice_leaves_the_same_graph(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    run = small_market.make_run(snapshot)
    loaded.write_run(run, snapshot)
    before = dump(loaded, without=TIMES)
    loaded.write_run(run, snapshot)
    assert dump(loaded, without=TIMES) == before


def test_a_run_replaces_only_itself(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    for run_id in ("run-1", "run-10", "run-1"):
        loaded.write_run(small_market.make_run(snapshot, run_id=run_id), snapshot)
    found = dump(loaded)
    assert [row[0] for row in found["Run"]] == ["run-1", "run-10"]
    assert len(found["Ring"]) == 4
    assert len(found["Flag"]) == 6
    newer = {row[0]: row[1] for row in found["Run"]}
    assert newer["run-1"] > newer["run-10"]


def test_a_run_leaves_the_snapshot_as_it_was(loaded: GraphStore) -> None:
    snapshot = loaded.snapshot()
    loaded.write_run(small_market.make_run(snapshot), snapshot)
    assert digest_snapshot(loaded.snapshot()) == digest_snapshot(snapshot)


def test_a_run_about_unknown_accounts_is_refused_and_invents_nobody(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    run = small_market.make_run(snapshot)
    ring = replace(run.rings[0], members=(*run.rings[0].members, Member("nobody", "core", 1.0)))
    before = dump(loaded)
    with pytest.raises(StoreError, match="nobody"):
        loaded.write_run(replace(run, rings=(ring,)), snapshot)
    assert dump(loaded) == before


def test_vectors_are_replaced(loaded: GraphStore) -> None:
    query = "MATCH (v:Vector) RETURN v.account_id AS account_id, v.vector AS vector ORDER BY account_id"
    loaded.write_vectors(np.array(["ann", HOSTILE], dtype=object), np.eye(2, 3, dtype=np.float32))
    assert [row["vector"] for row in loaded.query(query)] == [[1, 0, 0], [0, 1, 0]]
    loaded.write_vectors(np.array(["bob"], dtype=object), np.ones((1, 5), dtype=np.float32))
    assert loaded.query(query) == [{"account_id": "bob", "vector": [1, 1, 1, 1, 1]}]


def test_a_run_brings_its_vectors(loaded: GraphStore) -> None:
    snapshot = loaded.snapshot()
    vectors = np.arange(snapshot.n_accounts * 2, dtype=np.float32).reshape(-1, 2)
    loaded.write_run(replace(small_market.make_run(snapshot), vectors=vectors), snapshot)
    rows = loaded.query("MATCH (v:Vector) RETURN v.account_id AS account_id, v.vector AS vector")
    found = {row["account_id"]: row["vector"] for row in rows}
    assert found == dict(zip(snapshot.account_id, vectors.tolist(), strict=True))


DEVICES = "(a)-[u:USES]->(i:Identifier {kind: 'device'})"


@pytest.fixture
def friends(open_graph: Open, tmp_path: Path) -> GraphStore:
    store = open_graph()
    store.load(read_folder(small_market.write_tables(tmp_path / "friends"), Settings()))
    return store


def ask(store: GraphStore, returns: str, ids: Sequence[str], way: str = "", **more: Any) -> list[dict[str, Any]]:
    question = Question("(a:Account)", "a.account_id", returns, ids, way, **more)
    nobody = replace(question, ids=())
    rows, nothing = store.query_many([question, nobody])
    assert nothing == []
    return sorted(rows, key=repr) if not question.order else rows


@pytest.mark.parametrize("others", [(), ("nobody",), tuple(f"stranger {number}" for number in range(100))])
def test_one_or_many_are_asked_about_alike(friends: GraphStore, others: tuple[str, ...]) -> None:
    assert ask(friends, "a.account_id AS id", ["ann", *others]) == [{"id": "ann"}]
    assert ask(friends, "a.account_id AS id, i.value AS device", ["ann", *others], DEVICES) == [
        {"id": "ann", "device": "phone-7"}
    ]
    assert ask(friends, "count(i) AS n", [CROWD[0], *others], DEVICES) == [{"n": 0}]
    assert ask(friends, "i.value AS device", ["ann", *others], DEVICES, condition="u.seen_at IS NULL") == []


def test_the_first_rows_come_in_the_order_that_was_asked_for(friends: GraphStore) -> None:
    order = "ORDER BY device DESC, id LIMIT 3"
    rows = ask(friends, "a.account_id AS id, i.value AS device", [*FRIENDS, "nobody"], DEVICES, order=order)
    assert [tuple(row.values()) for row in rows] == [("cyd", "tablet 'x'"), (HOSTILE, "tablet 'x'"), ("ann", "phone-7")]


def count_users(store: GraphStore, names: Sequence[str], *, most: int = 0) -> dict[str, tuple[int, list[str]]]:
    """How many use each device, and which accounts, if they are no more than ``most``."""
    returns, way = "i.value AS device", "(i)<-[:USES]-(b:Account)"
    question = Question("(i:Identifier)", "i.canonical", returns, names, way, gather="b.account_id", most=most)
    (rows,) = store.query_many([question])
    found = {row["device"]: (row["n"], sorted(row["gathered"])) for row in rows}
    assert len(found) == len(rows)
    assert all(list(row) == ["device", "n", "gathered"] for row in rows)
    return found


@pytest.mark.parametrize("others", [(), ("laptop-3", "nothing"), tuple(f"thing {number}" for number in range(100))])
def test_whoever_is_reached_is_counted_and_named_if_few(friends: GraphStore, others: tuple[str, ...]) -> None:
    for _ in range(3):  # what was counted once may be known
        found = count_users(friends, ["phone-7", "tablet 'x'", *others], most=2)
        assert ("laptop-3" in found) == ("laptop-3" in others)
        found.pop("laptop-3", None)
        assert found == {"phone-7": (3, []), "tablet 'x'": (2, ["cyd", HOSTILE])}


def test_what_was_counted_is_counted_anew_once_somebody_has_written(friends: GraphStore) -> None:
    for _ in range(3):
        assert count_users(friends, ["phone-7", "nothing"]) == {"phone-7": (3, [])}
    friends.query("MATCH (a:Account {account_id: 'ann'})-[u:USES]->(i:Identifier {value: 'phone-7'}) DELETE u")
    for _ in range(3):
        assert count_users(friends, ["phone-7", "nothing"]) == {"phone-7": (2, [])}


def test_many_may_be_counted_and_not_named(friends: GraphStore) -> None:
    names = [row["name"] for row in friends.query("MATCH (i:Identifier {kind: 'address'}) RETURN i.canonical AS name")]
    way, gather = "(t)<-[:USES]-(a:Account)", "a.account_id"
    question = Question("(t:Identifier)", "t.canonical", "t.kind AS kind", names, way, gather=gather)
    ((row,),) = friends.query_many([question])
    assert (row["kind"], row["n"], list(row["gathered"])) == ("address", len(CROWD) + 2, [])


def test_a_query_that_is_none_is_told_with_its_words(loaded: GraphStore) -> None:
    with pytest.raises(QueryError, match=r"query: MATCH \(a:Account RETURN a"):
        loaded.query("MATCH (a:Account RETURN a")


def test_a_store_opened_for_reading_cannot_be_changed(open_graph: Open, market: Path, dump: Dumper) -> None:
    with open_graph() as store:
        store.load(read_folder(market, Settings()))
    with open_graph("read") as store:
        before = dump(store)
        with pytest.raises((QueryError, StoreError)):
            store.query("MATCH (a:Account) DETACH DELETE a")
        snapshot = store.snapshot()
        with pytest.raises(StoreReadOnlyError):
            store.write_run(small_market.make_run(snapshot), snapshot)
        with pytest.raises(StoreReadOnlyError):
            store.write_vectors(snapshot.account_id, np.zeros((snapshot.n_accounts, 1), dtype=np.float32))
        assert dump(store) == before


# ── a state machine against plain dicts ───────────────────────────────────────────────────────────

_PEOPLE = st.sampled_from(["ann", "bob", "cyd", HOSTILE])
_ROLES = st.sampled_from(["", "buyer", "seller"])
_ORDERS = st.tuples(_PEOPLE, st.sampled_from(["", "ann", "dan"]), st.sampled_from(["", "1.5", "2"])).filter(
    lambda order: order[0] != order[1]
)


class StoreAgainstDicts(RuleBasedStateMachine):
    """Accounts with roles, orders and devices; loads, dry runs, runs, vectors and reopening in any order."""

    where: Path
    open_graph: Open
    count = 0

    @initialize()
    def start(self) -> None:
        type(self).count += 1
        self.folder = self.where / f"{type(self).__name__}-{type(self).count}"
        self.store = self.reopened()
        self.roles: dict[str, str] = {}
        self.orders: dict[str, tuple[str, str, str]] = {}
        self.devices: set[tuple[str, str]] = set()
        self.vectors: list[str] = []
        self.runs: set[str] = set()

    def reopened(self) -> GraphStore:
        return type(self).open_graph(place=self.folder.name)

    def load(
        self,
        accounts: dict[str, str],
        orders: dict[str, tuple[str, str, str]],
        devices: set[tuple[str, str]],
        dry: bool,
    ) -> LoadReport:
        tables = {
            "accounts": [{"account_id": each, "role": role} for each, role in accounts.items()],
            "orders": [
                {"order_id": key, "buyer_id": buyer, "seller_id": seller, "amount": amount}
                for key, (buyer, seller, amount) in orders.items()
            ],
            "devices": [{"account_id": each, "device_id": device} for each, device in sorted(devices)],
        }
        folder = self.folder / "tables"
        write_folder(folder, {name: rows for name, rows in tables.items() if rows})
        for name, rows in tables.items():
            if not rows:
                (folder / f"{name}.csv").unlink(missing_ok=True)
        return self.store.load(read_folder(folder, Settings()), dry_run=dry)

    @rule(
        accounts=st.dictionaries(_PEOPLE, _ROLES, min_size=1, max_size=3),
        orders=st.dictionaries(st.sampled_from("xyz"), _ORDERS, max_size=3),
        devices=st.sets(st.tuples(_PEOPLE, st.sampled_from("12")), max_size=3),
        dry=st.booleans(),
    )
    def load_some(
        self,
        accounts: dict[str, str],
        orders: dict[str, tuple[str, str, str]],
        devices: set[tuple[str, str]],
        dry: bool,
    ) -> None:
        report = by_table(self.load(accounts, orders, devices, dry))
        bad = {each for each, role in accounts.items() if role and self.roles.get(each) and role != self.roles[each]}
        # A blank contradicts nothing; a cell where the store has a blank does, for orders are final.
        wrong = {
            key
            for key, order in orders.items()
            if any(cell and cell != kept for cell, kept in zip(order, self.orders.get(key, order), strict=True))
        }
        assert report["accounts"][3] == len(bad)
        assert report.get("orders", (0, 0, 0, 0))[1:] == (
            len(orders.keys() - self.orders.keys()),
            len(orders.keys() & self.orders.keys() - wrong),
            len(wrong),
        )
        assert report.get("devices", (0, 0))[1] == len(devices - self.devices)
        if dry:
            return
        for each, role in accounts.items():
            self.roles[each] = self.roles.get(each) or role
        for key in orders.keys() - wrong:
            self.orders.setdefault(key, orders[key])
            for each in orders[key][:2]:
                self.roles.setdefault(each, "")
        self.devices |= devices
        for each, _ in devices:
            self.roles.setdefault(each, "")
        self.roles.pop("", None)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.reopened()

    @precondition(lambda self: self.roles)
    @rule(run_id=st.sampled_from(["run-1", "run-2"]))
    def write_run(self, run_id: str) -> None:
        snapshot = self.store.snapshot()
        run = replace(small_market.make_run(snapshot, run_id=run_id), rings=(), flags=())
        self.store.write_run(run, snapshot)
        self.runs.add(run_id)

    @precondition(lambda self: self.roles)
    @rule()
    def write_vectors(self) -> None:
        self.vectors = sorted(self.roles)
        ids = np.array(self.vectors, dtype=object)
        self.store.write_vectors(ids, np.zeros((len(ids), 2), dtype=np.float32))

    @invariant()
    def agrees(self) -> None:
        query = self.store.query
        accounts = query("MATCH (a:Account) RETURN a.account_id AS id, coalesce(a.role, '') AS role")
        assert {row["id"]: row["role"] for row in accounts} == self.roles
        ordered = "RETURN o.order_id AS key, b.account_id AS buyer, coalesce(o.amount, 0.0) AS amount"
        rows = query(f"MATCH (b:Account)-[o:ORDERED]->(s:Account) {ordered}, s.account_id AS seller")
        rows += query(f"MATCH (b:Account)-[o:ORDERED]->(:Shop) {ordered}, '' AS seller")
        expected = {(key, b, s, float(amount or 0)) for key, (b, s, amount) in self.orders.items()}
        assert {(row["key"], row["buyer"], row["seller"], row["amount"]) for row in rows} == expected
        assert len(rows) == len(expected)
        used = query("MATCH (a:Account)-[:USES]->(i:Identifier) RETURN a.account_id AS id, i.value AS device")
        assert sorted((row["id"], row["device"]) for row in used) == sorted(self.devices)
        assert {row["id"] for row in query("MATCH (u:Run) RETURN u.run_id AS id")} == self.runs
        if self.vectors:
            kept = query("MATCH (v:Vector) RETURN v.account_id AS id ORDER BY id")
            assert sorted(row["id"] for row in kept) == self.vectors

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


def test_any_sequence_of_work_agrees_with_plain_dicts(open_graph: Open, tmp_path: Path) -> None:
    class Here(StoreAgainstDicts):
        where = tmp_path

    Here.open_graph = staticmethod(open_graph)

    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Here,
        settings=hypothesis_settings(
            max_examples=10, stateful_step_count=8, deadline=None, derandomize=True, phases=[Phase.generate]
        ),
    )


# ── the embedded store's own promises ─────────────────────────────────────────────────────────────


def test_a_copy_of_keys_that_exist_is_refused_and_changes_nothing(tmp_path: Path, dump: Dumper) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        rows = pa.table({"label": ["fraud", "legit"]})
        with store._transaction():
            embedded_bulk._copy(store.connection, store._staging, "Label", rows)
        before = dump(store)

        def copy_both() -> None:
            with store._transaction():
                embedded_bulk._copy(store.connection, store._staging, "Shop", pa.table({"shop_id": ["another"]}))
                embedded_bulk._copy(store.connection, store._staging, "Label", rows)

        with pytest.raises(StoreError, match=r"legit|fraud"):
            copy_both()
        assert dump(store) == before


def test_a_relationship_to_an_unknown_node_is_refused_and_invents_nobody(tmp_path: Path, dump: Dumper) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        before = dump(store)
        rows = pa.table({"from": ["ghost"], "to": ["phantom"]})
        with pytest.raises(StoreError, match=r"ghost|phantom"), store._transaction():
            embedded_bulk._copy_relationship(store.connection, store._staging, ("REFERRED", "Account", "Account"), rows)
        assert dump(store) == before


def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    tmp_path: Path, market: Path, dump: Dumper, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        before = dump(store)
        said = []

        def stumble(stage: str, done: int, total: int) -> None:
            said.append(stage)
            if stage == "writing USES":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            store.load(read_folder(market, Settings()), progress=stumble)
        assert len(said) > 3
        assert dump(store) == before
        assert [path.name for path in sorted((tmp_path / "store").iterdir())] == ["graph.lbug", "lock"]
    with EmbeddedStore(tmp_path / "store") as store:
        assert dump(store) == before


def test_a_writer_works_on_one_thread(tmp_path: Path, market: Path) -> None:
    # LadybugDB's parallel COPY into a node table can wait for itself for ever; on four threads it soon does.
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        threads = store.query("CALL current_setting('threads') RETURN *")
        assert [list(row.values()) for row in threads] == [["1"]]
        with store._transaction():
            inside = store.query("CALL current_setting('threads') RETURN *")
        assert inside == threads


@pytest.mark.timeout(90)
def test_many_keys_are_copied_without_hanging(tmp_path: Path) -> None:
    ids = [f"device:{number * 7919 % 300_007:06d}-{number:x}" for number in range(300_000)]
    keys = pa.array(ids)
    rows = pa.table({"identifier_key": keys, "kind": keys, "value": keys, "canonical": keys})
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        with store._transaction():
            embedded_bulk._copy(store.connection, store._staging, "Identifier", rows)
        assert store.query("MATCH (i:Identifier) RETURN count(*) AS n") == [{"n": 300_000}]


def test_what_a_killed_writer_left_behind_is_swept_away(tmp_path: Path, market: Path) -> None:
    small_market.make_loaded_store(tmp_path / "store", market)
    staging = tmp_path / "store" / embedded.STAGING_FOLDER
    staging.mkdir()
    (staging / "graph.lbug").write_bytes(b"half a draft")
    with EmbeddedStore(tmp_path / "store") as store:
        assert store.snapshot().n_accounts == 66
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        assert store.snapshot().n_accounts == 66
    assert not staging.exists()


def test_what_was_written_by_query_survives_the_next_transaction(tmp_path: Path, market: Path) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.query("CREATE (:Shop {shop_id: 'by hand'})")
        store.load(read_folder(market, Settings()))
        assert {row["id"] for row in store.query("MATCH (s:Shop) RETURN s.shop_id AS id")} >= {"by hand"}


def test_the_documented_shape_is_the_stores() -> None:
    from property_graph import NODES, RELATIONSHIPS

    text = (ROOT / "docs" / "graph-model.md").read_text(encoding="utf-8")
    rows = {
        cells[0].strip("`"): cells[1:]
        for cells in ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines())
        if cells[0].startswith("`")
    }
    for label, words in NODES.items():
        described = rows[label][0].replace("**", "")
        assert [name for name in words.split() if name not in described] == [], label
    for source, kind, target in RELATIONSHIPS:
        assert f"{source} → {target}" in re.sub(r" \([^)]*\)", "", rows[kind][0]), kind
