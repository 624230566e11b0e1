"""The contract of every property graph: a snapshot is the facts as arrays, as of one instant."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from property_graph import Open, write_folder

from graph.contract.tables import read_folder
from graph.identity.canonical import canonical_values
from graph.model import Snapshot
from graph.settings import Settings
from graph.stores.protocol import GraphStore
from graph.stores.snapshots import digest_snapshot


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
