"""Accounts put beside a snapshot: what comes out is what a load would have made, to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_market
from property_graph import Open

from graph.contract.tables import read_folder
from graph.errors import DataError
from graph.settings import Settings
from graph.stores.joined import join_newcomers
from graph.stores.snapshots import digest_snapshot

NEWCOMERS = {
    "accounts": "account_id,created_at,role\nabe,2024-03-30T00:00:00Z,both\nzoë,,\nann,2024-01-01T10:00:00Z,both\n",
    "devices": "account_id,device_id,seen_at\nabe,phone-7,2024-03-30T00:00:00Z\nzoë,new phone,\nabe,new phone,\n",
    "addresses": "account_id,address,kind,seen_at\nabe,12 High Street Apt 4 London,shipping,\n",
    "identifiers": "account_id,kind,value,seen_at\nzoë,phone,+44 7700 900123,\nzoë,email,Z.oe@gmail.com,\n",
    "orders": "order_id,buyer_id,seller_id,product_id,amount,ordered_at,status\n"
    "o90,abe,ann,p1,5.5,2024-03-31T00:00:00Z,lost\no91,abe,,p2,,,\no92,bob,zoë,,1,2024-03-31T00:00:00Z,completed\n"
    "o93,zoë,only-named,p3,2,2024-03-31T00:00:00Z,completed\n",
    "listings": "product_id,seller_id,listed_at,price\np3,zoë,2024-03-30T00:00:00Z,3\n",
    "reviews": "review_id,account_id,product_id,seller_id,rating,reviewed_at,text\n"
    "rev-0,abe,p1,,1,2024-03-31T00:00:00Z,bad\nrev-9,bob,,zoë,5,2024-03-31T00:00:00Z,\n",
    "referrals": "account_id,referred_by\nzoë,ann\n",
    "labels": "account_id,label,decided_at,source\nzoë,legit,2024-04-01T00:00:00Z,desk\n",
}


def write(folder: Path, tables: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path):
    return read_folder(folder, Settings())


def test_joining_gives_the_snapshot_that_loading_gives(open_graph: Open, tmp_path: Path) -> None:
    newcomers = read(write(tmp_path / "new", NEWCOMERS))
    spelled = {
        "accounts": "account_id\nann\neve\n",
        "addresses": 'account_id,address\nann,Flat 4 12 High St. London\neve,"12 High Street, Apt 4, London"\n',
        "identifiers": "account_id,kind,value\nann,phone,07700 900123\neve,email,zoe@gmail.com\n",
    }
    with open_graph() as store:
        store.load(read(small_market.write_tables(tmp_path / "market")))
        store.load(read(write(tmp_path / "spelled", spelled)))
        before = store.snapshot()
        store.load(newcomers)
        loaded = store.snapshot()
    joined = join_newcomers(before, newcomers)
    assert len(loaded.joined_identifier) > 0
    assert digest_snapshot(joined) == digest_snapshot(loaded)


def test_nobody_new_changes_nothing(open_graph: Open, tmp_path: Path) -> None:
    tables = read(small_market.write_tables(tmp_path / "market"))
    with open_graph() as store:
        store.load(tables)
        snapshot = store.snapshot()
    assert digest_snapshot(join_newcomers(snapshot, tables)) == digest_snapshot(snapshot)


def test_a_review_that_another_account_wrote_is_refused_by_name(open_graph: Open, tmp_path: Path) -> None:
    stolen = {"accounts": "account_id\nnew\n", "reviews": "review_id,account_id,product_id,rating\nrev-1,new,p1,5\n"}
    with open_graph() as store:
        store.load(read(small_market.write_tables(tmp_path / "market")))
        snapshot = store.snapshot()
    with pytest.raises(DataError, match="review_id 'rev-1' is already in the store"):
        join_newcomers(snapshot, read(write(tmp_path / "new", stolen)))
