"""The data contract: whole tables, and the rows that they set aside."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import DATA
from tables_on_disk import Write, complaints, one_line, read, records

from graph.contract.schema import CONTRACT
from graph.contract.tables import check_reject_share, read_folder, write_rejects
from graph.errors import (
    DataError,
    TooManyRejectsError,
)
from graph.settings import LoadSettings, Settings, TableSettings

REAL = DATA


def test_tables_come_in_the_contracts_order_with_all_its_columns(write: Write) -> None:
    folder = write(labels="account_id,label\n", orders="order_id,buyer_id\n", accounts="account_id\nA1\n")
    tables = read(folder)
    assert list(tables) == ["accounts", "orders", "labels"]
    for name, table in tables.items():
        assert table.rows.column_names == [column.name for column in CONTRACT[name].columns]
        assert table.path == folder / f"{name}.csv"


def test_columns_have_the_contracts_types_whether_or_not_they_are_there(write: Write) -> None:
    one = read(write(orders="order_id,buyer_id\nO1,A\n"))["orders"].rows.schema
    other = read(
        write(orders="order_id,buyer_id,seller_id,product_id,amount,currency,ordered_at,status\nO,A,B,P,1,EUR,0,x\n")
    )["orders"].rows.schema
    assert one == other
    assert (one.field("amount").type, one.field("ordered_at").type) == (pa.float64(), pa.timestamp("us"))


def test_only_accounts_are_required_and_a_header_without_rows_is_fine(write: Write) -> None:
    (table,) = read(write()).values()
    assert (table.n_read, table.rows.num_rows, len(table.rejects)) == (0, 0, 0)


def test_a_mapping_names_files_columns_and_attributes(write: Write) -> None:
    folder = write(accounts="id,age,browser\nA1,39,\nA2,,\n")
    (folder / "payments.txt").write_text("ref,payer\nO1,A1\n")
    tables = read(
        folder,
        accounts=TableSettings(columns={"account_id": "id"}, attributes=("age", "browser")),
        orders=TableSettings(file="payments.txt", columns={"order_id": "ref", "buyer_id": "payer"}),
    )
    assert records(tables["accounts"]) == [{"account_id": "A1", "attributes": '{"age": "39"}'}, {"account_id": "A2"}]
    assert records(tables["orders"]) == [{"order_id": "O1", "buyer_id": "A1"}]


def test_addresses_and_address_ids_become_one_column_told_apart(write: Write) -> None:
    folder = write(addresses="account_id,address,address_id,kind\nA,1 High St,L1,Shipping\nB,,L1,\nC,,,\n")
    table = read(folder)["addresses"]
    assert records(table) == [
        {"account_id": "A", "address": "1 High St", "kind": "shipping", "is_id": False},
        {"account_id": "B", "address": "L1", "is_id": True},
    ]
    assert complaints(table) == [(4, "address and address_id are both empty")]


def test_optional_columns_that_are_absent_or_empty_fall_silent(write: Write) -> None:
    table = read(write(orders="order_id,buyer_id,amount,ordered_at\nO1,A,,0\n"))["orders"]
    assert table.silent == ("seller_id", "product_id", "amount", "currency", "status")


@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from(["", "1", "2"])), max_size=20
    )
)
def test_the_check_agrees_with_reading_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    (folder / "accounts.csv").write_text("account_id\n")
    (folder / "orders.csv").write_text("order_id,buyer_id,amount\n" + "".join(",".join(row) + "\n" for row in rows))
    first: dict[str, tuple[str, str, str]] = {}
    for row in rows:
        first.setdefault(row[0], row)
    table = read(folder)["orders"]
    assert table.rows["buyer_id"].to_pylist() == [row[1] for row in first.values()]
    assert table.n_repeated == sum(first[row[0]] == row for row in rows) - len(first)
    assert table.n_read == table.rows.num_rows + len(table.rejects) + table.n_repeated


def test_more_rejects_than_the_settings_allow_stop_the_load(write: Write) -> None:
    tables = read(write(orders="order_id,buyer_id,amount\nO1,A,x\n" + "".join(f"P{i},A,1\n" for i in range(9))))
    check_reject_share(tables, Settings(load=LoadSettings(max_reject_share=0.1)))
    with pytest.raises(TooManyRejectsError) as caught:
        check_reject_share(tables, Settings(load=LoadSettings(max_reject_share=0.09)))
    message = one_line(caught.value)
    assert message.startswith("orders.csv: 1 of 10 rows break the contract")
    assert "line 2: amount 'x' is not a finite number" in message


def test_the_reject_file_says_where_and_why_and_keeps_the_row(write: Write) -> None:
    tables = read(
        write(orders='order_id,buyer_id\nO1,\n"O,2"\n', devices=pd.DataFrame({"account_id": ["A"], "device_id": None}))
    )
    path = tables["orders"].path.with_name("rejects.csv")
    write_rejects(tables, path)
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [
            {"table": "orders", "file": "orders.csv", "line": "2", "reason": "buyer_id is empty", "row": "O1,"},
            {
                "table": "orders",
                "file": "orders.csv",
                "line": "3",
                "reason": "1 cell where the header has 2",
                "row": '"O,2"',
            },
            {
                "table": "devices",
                "file": "devices.parquet",
                "line": "1",
                "reason": "device_id is empty",
                "row": '{"account_id": "A", "device_id": null}',
            },
        ]


def test_a_reject_file_that_cannot_be_written_is_an_error(write: Write) -> None:
    folder = write()
    with pytest.raises(DataError, match="cannot be written"):
        write_rejects(read(folder), folder / "nowhere" / "rejects.csv")


def test_a_store_can_set_further_rows_aside_by_their_place(write: Write) -> None:
    frame = pd.DataFrame({"account_id": ["A", "B", "C"], "device_id": ["x", "y", "z"]})
    tables = read(write(orders="order_id,buyer_id\nO1\nO2,\nO3,A\nO4,A\n\nO5,A\n", devices=frame))
    orders = tables["orders"].reject(np.array([2]), ["known already"]).reject(np.array([0]), ["known too"])
    assert complaints(orders) == [
        (2, "1 cell where the header has 2"),
        (3, "buyer_id is empty"),
        (4, "known too"),
        (7, "known already"),
    ]
    assert records(orders) == [{"order_id": "O4", "buyer_id": "A"}]
    devices = tables["devices"].reject(np.array([1]), ["known already"])
    assert (devices.rejects.line.tolist(), devices.rows["account_id"].to_pylist()) == ([2], ["A", "C"])


def test_progress_is_told_after_each_table(write: Write) -> None:
    told: list[tuple[str, int, int]] = []
    folder = write(orders="order_id,buyer_id\nO1,A\n")
    read_folder(folder, Settings(), progress=lambda *step: told.append(step))
    assert told == [("read accounts", 0, 0), ("read orders", 1, 1)]


def test_the_same_folder_read_twice_is_the_same(write: Write) -> None:
    folder = write(orders="order_id,buyer_id\nO1,A\nO1,B\nO2,A\nO2,A\n")
    one, other = read(folder)["orders"], read(folder)["orders"]
    assert one.rows.equals(other.rows)
    assert complaints(one) == complaints(other)


@pytest.mark.parametrize(
    ("market", "rows"),
    [
        ("p2p", {"accounts": 33_732, "orders": 102_832, "devices": 55_026, "identifiers": 128_066, "referrals": 1_859}),
        ("yelpchi", {"accounts": 38_063, "reviews": 67_395}),
        ("ecom", {"accounts": 51_689, "orders": 51_689, "devices": 51_689, "identifiers": 30_189}),
    ],
)
def test_real_markets_load_but_for_referrals_of_oneself(market: str, rows: dict[str, int]) -> None:
    if not (REAL / market).is_dir():
        pytest.skip(f"no real data at {REAL / market}; set RINGFENCE_DATA")
    tables = read_folder(REAL / market, Settings())
    assert {name: table.rows.num_rows for name, table in tables.items()} == rows
    reasons = [reason for table in tables.values() for reason in table.rejects.reason]
    assert all(reason.endswith("a referral of oneself") for reason in reasons)
    check_reject_share(tables, Settings())
