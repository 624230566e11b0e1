"""The contract of every property graph: a snapshot is the facts as arrays, as of one instant."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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


def pick_day(pick: random.Random) -> str:
    return pick.choice(["", *(f"2024-0{month}-15T00:00:0{month}Z" for month in range(1, 7))])


def make_orders(pick: random.Random, people: list[str], goods: list[str]) -> list[dict[str, str]]:
    orders = []
    for number in range(40):
        buyer, seller = pick.sample(people, 2)
        order = {"order_id": f"o{number}", "buyer_id": buyer, "seller_id": pick.choice([seller, ""])}
        order |= {"product_id": pick.choice([*goods, ""]), "amount": pick.choice(["", "1.5", "20"])}
        orders.append({**order, "ordered_at": pick_day(pick), "status": pick.choice(["", "completed", "refunded"])})
    return orders


def make_reviews(pick: random.Random, people: list[str], goods: list[str]) -> list[dict[str, str]]:
    reviews = []
    for number in range(20):
        author, seller = pick.sample(people, 2)
        subject = pick.choice([{"product_id": pick.choice(goods), "seller_id": ""}, {"seller_id": seller}])
        review = {"product_id": "", "review_id": f"r{number}", "account_id": author, **subject}
        reviews.append({**review, "rating": pick.choice(["", "1", "5"]), "reviewed_at": pick_day(pick)})
    return reviews


def make_random_tables(seed: int) -> dict[str, list[dict[str, str]]]:
    """A crowded little market in which everything that may be missing sometimes is."""
    pick = random.Random(seed)
    people = [f"p{number}" for number in range(12)]
    goods = [f"g{number}" for number in range(5)]
    values = ["A.B@example.com", "a.b@EXAMPLE.com", "+49 30 123456", "004930123456"]

    def use(**thing: str) -> dict[str, str]:
        return {"account_id": pick.choice(people), **thing, "seen_at": pick_day(pick)}

    return {
        "accounts": [{"account_id": each, "created_at": pick_day(pick)} for each in people[:9]],
        "devices": [use(device_id=pick.choice("abc")) for _ in range(30)],
        "identifiers": [use(kind=pick.choice(["email", "phone"]), value=pick.choice(values)) for _ in range(30)],
        "listings": [{"product_id": each, "seller_id": pick.choice(people)} for each in goods[:3]],
        "orders": make_orders(pick, people, goods),
        "reviews": make_reviews(pick, people, goods),
        "referrals": [dict(zip(("account_id", "referred_by"), pick.sample(people, 2), strict=True)) for _ in range(6)],
        "labels": [
            {"account_id": pick.choice(people), "label": pick.choice(["fraud", "legit"]), "decided_at": pick_day(pick)}
            for _ in range(8)
        ],
    }


def read_time(text: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text.removesuffix("Z")) if text else None


def last_if_unknown(value: Any) -> tuple[bool, Any]:
    return (value is None, 0 if value is None else value)


@dataclass(frozen=True)
class SlowTwin:
    """A snapshot worked out row by row; None where nothing is known, -1 for no row."""

    tables: Mapping[str, list[dict[str, str]]]
    as_of: dt.datetime | None

    def knows(self, text: str) -> bool:
        at = read_time(text)
        return self.as_of is None or (at is not None and at <= self.as_of)

    @cached_property
    def created(self) -> dict[str, dt.datetime | None]:
        return {row["account_id"]: read_time(row["created_at"]) for row in self.tables["accounts"]}

    @cached_property
    def account(self) -> dict[str, int]:
        columns = ("account_id", "buyer_id", "seller_id", "referred_by")
        everybody = {row[c] for rows in self.tables.values() for row in rows for c in columns if row.get(c)}
        created = {each: self.created.get(each) for each in sorted(everybody)}
        there = [each for each, at in created.items() if self.as_of is None or at is None or at <= self.as_of]
        by_joining = sorted(there, key=lambda each: last_if_unknown(created[each]))
        return {each: place for place, each in enumerate(by_joining)}

    @cached_property
    def product(self) -> dict[str, int]:
        goods = {row["product_id"] for rows in self.tables.values() for row in rows if row.get("product_id")}
        return {each: place for place, each in enumerate(sorted(goods))}

    @cached_property
    def seller_of(self) -> dict[str, str]:
        return {row["product_id"]: row["seller_id"] for row in self.tables["listings"]}

    @cached_property
    def joined(self) -> list[tuple[str, str, str, str]]:
        """Who uses what, in the form that joins spellings, and when."""
        used = [(row["account_id"], "device", row["device_id"], row["seen_at"]) for row in self.tables["devices"]]
        used += [(row["account_id"], row["kind"], row["value"], row["seen_at"]) for row in self.tables["identifiers"]]
        return [(who, kind, canonical_values(kind, pa.array([value]))[0].as_py(), at) for who, kind, value, at in used]

    @cached_property
    def identifiers(self) -> list[tuple[str, str]]:
        return sorted({(kind, canonical) for _, kind, canonical, _ in self.joined})

    def list_uses(self) -> list[tuple[Any, ...]]:
        uses = {
            (self.account[who], self.identifiers.index((kind, canonical)), read_time(at))
            for who, kind, canonical, at in self.joined
            if who in self.account and self.knows(at)
        }
        return sorted(uses, key=lambda row: (*row[:2], last_if_unknown(row[2])))

    def list_orders(self) -> list[tuple[Any, ...]]:
        statuses = sorted({row["status"] for row in self.tables["orders"]} - {""})
        orders = [
            (
                self.account[row["buyer_id"]],
                self.account.get(row["seller_id"], -1),
                read_time(row["ordered_at"]),
                self.product.get(row["product_id"], -1),
                statuses.index(row["status"]) if row["status"] else -1,
                float(row["amount"]) if row["amount"] else None,
            )
            for row in self.tables["orders"]
            if row["buyer_id"] in self.account and self.knows(row["ordered_at"])
        ]
        return sorted(orders, key=lambda row: tuple(map(last_if_unknown, row)))

    def list_reviews(self) -> list[tuple[Any, ...]]:
        return [
            (
                row["review_id"],
                self.account[row["account_id"]],
                self.product.get(row["product_id"], -1),
                self.account.get(row.get("seller_id") or self.seller_of.get(row["product_id"], ""), -1),
                float(row["rating"]) if row["rating"] else None,
                read_time(row["reviewed_at"]),
            )
            for row in sorted(self.tables["reviews"], key=lambda row: row["review_id"])
            if row["account_id"] in self.account and self.knows(row["reviewed_at"])
        ]

    def list_referrals(self) -> list[tuple[int, int]]:
        rows = self.tables["referrals"] if self.as_of is None else []  # nobody dated them
        return sorted({(self.account[row["account_id"]], self.account[row["referred_by"]]) for row in rows})

    def list_labels(self) -> set[tuple[Any, ...]]:
        """Of each account the last verdict; one that says the same again is none, and some have no order to others."""
        found = set()
        for who in {row["account_id"] for row in self.tables["labels"]} & set(self.account):
            said = [row for row in self.tables["labels"] if row["account_id"] == who]
            of_day = {row["decided_at"]: row for row in reversed(said)}
            said = [of_day[day] for day in sorted(of_day)] if all(of_day) else said[:1]
            before = ["", *(row["label"] for row in said)]
            told = [row for row, last in zip(said, before, strict=False) if row["label"] != last]
            known = [row for row in told if self.knows(row["decided_at"])]
            found |= {(self.account[who], row["label"] == "fraud", read_time(row["decided_at"])) for row in known[-1:]}
        return found


def take_slow_snapshot(tables: Mapping[str, list[dict[str, str]]], as_of: dt.datetime | None) -> dict[str, Any]:
    """What a snapshot holds, as a slow twin finds it."""
    twin = SlowTwin(tables, as_of)
    return {
        "accounts": [(each, twin.created.get(each)) for each in twin.account],
        "identifiers": twin.identifiers,
        "products": [(each, twin.account.get(twin.seller_of.get(each, ""), -1)) for each in twin.product],
        "uses": twin.list_uses(),
        "orders": twin.list_orders(),
        "reviews": twin.list_reviews(),
        "referrals": twin.list_referrals(),
        "labels": twin.list_labels(),
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
    for place, folders in (("there", halves), ("back", [*halves[::-1], halves[1]])):
        with open_graph(place=place) as store:
            for folder in folders:
                store.load(read_folder(folder, Settings()))
            digests.add(digest_snapshot(store.snapshot()))
    assert len(digests) == 1
