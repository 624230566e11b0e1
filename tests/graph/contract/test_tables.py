"""The data contract: what loads, what is set aside and why, what stops a load."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import DATA

from graph.contract.tables import CONTRACT, CheckedTable, check_reject_share, read_folder, write_rejects
from graph.errors import (
    ConfigError,
    DataError,
    MissingColumnError,
    MissingTableError,
    TooManyRejectsError,
    UnreadableTableError,
)
from graph.settings import LoadSettings, Settings, TableSettings

Write = Callable[..., Path]
REAL = DATA


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write tables as text, bytes or frames; accounts come by themselves."""

    def write_files(**tables: str | bytes | pd.DataFrame) -> Path:
        for name, content in ({"accounts": "account_id\n"} | tables).items():
            if isinstance(content, pd.DataFrame):
                content.to_parquet(tmp_path / f"{name}.parquet", index=False)
            else:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / f"{name}.csv").write_bytes(data)
        return tmp_path

    return write_files


def read(folder: Path, **tables: TableSettings) -> dict[str, CheckedTable]:
    return read_folder(folder, Settings(tables=tables))


def records(table: CheckedTable) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if value is not None} for row in table.rows.to_pylist()]


def complaints(table: CheckedTable) -> list[tuple[int, str]]:
    return list(zip(table.rejects.line.tolist(), table.rejects.reason, strict=True))


# ── what loads ────────────────────────────────────────────────────────────────────────────────────


def test_tables_come_in_the_contracts_order_with_all_its_columns(write: Write) -> None:
    folder = write(labels="account_id,label\n", orders="order_id,buyer_id\n", accounts="account_id\nA1\n")
    tables = read(folder)
    assert list(tables) == ["accounts", "orders", "labels"]
    for name, table in tables.items():
        assert table.rows.column_names == [column.name for column in CONTRACT[name]]
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


@pytest.mark.parametrize(
    "text", ["account_id", "account_id\n", "account_id\r\n", "\n\naccount_id\n\n\n", '"account_id"']
)
def test_a_header_may_end_anyhow(write: Write, text: str) -> None:
    assert read(write(accounts=text))["accounts"].n_read == 0


def test_ids_are_exactly_as_written(write: Write) -> None:
    ids = ["007", "7", " 7", "1e5", "NULL", "nan", "Ünï-❤", "a,b", 'say "x"', "line\nbreak", "x" * 1024]
    body = "".join('"' + value.replace('"', '""') + '"\n' for value in ids)
    assert read(write(accounts="account_id\n" + body))["accounts"].rows["account_id"].to_pylist() == ids


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_and_a_byte_order_mark_are_understood(write: Write, ending: str) -> None:
    text = ending.join(["account_id,role", "A1,buyer", "A2,seller", ""])
    table = read(write(accounts=b"\xef\xbb\xbf" + text.encode()))["accounts"]
    assert records(table) == [{"account_id": "A1", "role": "buyer"}, {"account_id": "A2", "role": "seller"}]


def test_a_gzipped_csv_file_is_read_also_in_several_members(write: Write) -> None:
    folder = write()
    (folder / "accounts.csv").unlink()
    packed = gzip.compress(b"account_id\nA1\n") + gzip.compress(b"A2\n,\n")
    (folder / "accounts.csv.gz").write_bytes(packed)
    table = read(folder)["accounts"]
    assert [row["account_id"] for row in records(table)] == ["A1", "A2"]
    assert complaints(table) == [(4, "2 cells where the header has 1")]


def test_other_encodings_and_delimiters_are_read_when_the_settings_say_so(write: Write) -> None:
    folder = write(accounts="account_id;segment\nÄ1;süd\n".encode("latin-1"))
    table = read(folder, accounts=TableSettings(encoding="latin-1", delimiter=";"))["accounts"]
    assert records(table) == [{"account_id": "Ä1", "segment": "süd"}]


def test_utf_16_is_read_when_the_settings_say_so(write: Write) -> None:
    folder = write(accounts="account_id,role\nÄ1,buyer\nÄ2,nobody\n".encode("utf-16"))
    table = read(folder, accounts=TableSettings(encoding="utf-16"))["accounts"]
    assert records(table) == [{"account_id": "Ä1", "role": "buyer"}]
    assert complaints(table) == [(3, "role 'nobody' is not 'buyer', 'seller' or 'both'")]


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


def test_columns_the_contract_does_not_know_are_ignored_however_large(write: Write) -> None:
    folder = write(accounts=f'account_id,note\nA1,"{"x" * 10_000_000}"\nA2,\n')
    assert [row["account_id"] for row in records(read(folder)["accounts"])] == ["A1", "A2"]


def test_addresses_and_address_ids_become_one_column_told_apart(write: Write) -> None:
    folder = write(addresses="account_id,address,address_id,kind\nA,1 High St,L1,Shipping\nB,,L1,\nC,,,\n")
    table = read(folder)["addresses"]
    assert records(table) == [
        {"account_id": "A", "address": "1 High St", "kind": "shipping", "is_id": False},
        {"account_id": "B", "address": "L1", "is_id": True},
    ]
    assert complaints(table) == [(4, "address and address_id are both empty")]


def test_words_of_small_vocabularies_are_trimmed_and_in_lower_case(write: Write) -> None:
    folder = write(
        identifiers="account_id,kind,value\nA1, Payment ,C1\n",
        labels="account_id,label\nA1,FRAUD\n",
        accounts="account_id,role\nA1,Buyer\n",
    )
    tables = read(folder)
    assert records(tables["identifiers"]) == [{"account_id": "A1", "kind": "payment", "value": "C1"}]
    assert records(tables["labels"]) == [{"account_id": "A1", "label": "fraud"}]
    assert records(tables["accounts"]) == [{"account_id": "A1", "role": "buyer"}]


def test_optional_columns_that_are_absent_or_empty_fall_silent(write: Write) -> None:
    table = read(write(orders="order_id,buyer_id,amount,ordered_at\nO1,A,,0\n"))["orders"]
    assert table.silent == ("seller_id", "product_id", "amount", "currency", "status")


# ── times ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00"),
        ("2024-01-31 10:00:00.25", "2024-01-31T10:00:00.25"),
        ("2024-01-31T10:00:00+02:00", "2024-01-31T08:00:00"),
        ("2024-01-31T10:00:00-0530", "2024-01-31T15:30:00"),
        ("2024-01-31", "2024-01-31T00:00:00"),
        ("20240131", "2024-01-31T00:00:00"),
        (" 2024-01-31T10:00 ", "2024-01-31T10:00:00"),
        ("1706695200", "2024-01-31T10:00:00"),
        ("1706695200.5", "2024-01-31T10:00:00.5"),
        ("-1", "1969-12-31T23:59:59"),
        ("1900-01-01", "1900-01-01T00:00:00"),
        ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59"),
    ],
)
def test_times_become_utc_instants(write: Write, written: str, instant: str) -> None:
    for others in ("", "D,x,2020-01-01T00:00:00Z\n", "D,x,1\nE,x,2020-01-01\n"):
        table = read(write(devices=f"account_id,device_id,seen_at\nA,x,{written}\n{others}"))["devices"]
        assert np.datetime64(table.rows["seen_at"][0].as_py()) == np.datetime64(instant)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("yesterday", "is not an ISO 8601 time or Unix seconds"),
        ("now", "is not an ISO 8601 time or Unix seconds"),
        ("2024-02-30", "is not an ISO 8601 time or Unix seconds"),
        ("01/02/2024", "is not an ISO 8601 time or Unix seconds"),
        ("2024", "is not an ISO 8601 time or Unix seconds"),
        ("NaT", "is not an ISO 8601 time or Unix seconds"),
        ("9999-12-31", "looks like a placeholder: leave the cell empty"),
        ("0001-01-01T00:00:00Z", "looks like a placeholder: leave the cell empty"),
        ("1899-12-31", "looks like a placeholder: leave the cell empty"),
        ("2200-01-01", "looks like a placeholder: leave the cell empty"),
        ("1706695200000", "looks like milliseconds: Unix times are in seconds"),
        ("99999999999999999999", "is not an ISO 8601 time or Unix seconds"),
    ],
)
def test_a_time_that_is_no_time_is_set_aside(write: Write, written: str, reason: str) -> None:
    for others in ("", "D,x,2020-01-01T00:00:00Z\n", "D,x,1\n"):
        table = read(write(devices=f"account_id,device_id,seen_at\nA,x,{written}\n{others}"))["devices"]
        assert complaints(table) == [(2, f"seen_at '{written}' {reason}")]


# ── rows set aside ────────────────────────────────────────────────────────────────────────────────

LONG = "x" * 1025
SHOWN = "x" * 59 + "…"


@pytest.mark.parametrize(
    ("table", "header", "row", "reason"),
    [
        ("orders", "order_id,buyer_id", "O1,", "buyer_id is empty"),
        ("orders", "order_id,buyer_id", '"",A1', "order_id is empty"),
        ("identifiers", "account_id,kind,value", "A, ,x", "kind is empty"),
        ("orders", "order_id,buyer_id", f"O1,{LONG}", f"buyer_id '{SHOWN}' is longer than 1,024 bytes"),
        ("orders", "order_id,buyer_id", f"O1,{'é' * 513}", f"buyer_id '{'é' * 59}…' is longer than 1,024 bytes"),
        (
            "orders",
            "order_id,buyer_id",
            "O1,A\0B",
            r"buyer_id 'A\x00B' holds a NUL character, which no graph store keeps",
        ),
        ("orders", "order_id,buyer_id,amount", "O1,A,much", "amount 'much' is not a finite number"),
        ("orders", "order_id,buyer_id,amount", "O1,A,NaN", "amount 'NaN' is not a finite number"),
        ("orders", "order_id,buyer_id,amount", "O1,A,-inf", "amount '-inf' is not a finite number"),
        ("orders", "order_id,buyer_id,amount", "O1,A,1e999", "amount '1e999' is not a finite number"),
        ("orders", "order_id,buyer_id,amount", 'O1,A,"1,000"', "amount '1,000' is not a finite number"),
        ("orders", "order_id,buyer_id,amount", "O1,A,-5", "amount '-5': an amount below zero"),
        ("listings", "product_id,seller_id,price", "P,A,-0.01", "price '-0.01': a price below zero"),
        ("listings", "product_id,seller_id,price", "P,A,free", "price 'free' is not a finite number"),
        ("reviews", "review_id,account_id,product_id,rating", "R,A,P,9", "rating '9' is not a number from 1 to 5"),
        ("reviews", "review_id,account_id,product_id,rating", "R,A,P,0", "rating '0' is not a number from 1 to 5"),
        (
            "reviews",
            "review_id,account_id,product_id,rating",
            "R,A,P,good",
            "rating 'good' is not a number from 1 to 5",
        ),
        ("reviews", "review_id,account_id,product_id,rating", "R,A,P,nan", "rating 'nan' is not a number from 1 to 5"),
        ("reviews", "review_id,account_id,product_id,seller_id", "R,A,,", "product_id and seller_id are both empty"),
        (
            "orders",
            "order_id,buyer_id,seller_id",
            "O,A1,A1",
            "buyer_id and seller_id are both 'A1': an order to oneself",
        ),
        (
            "referrals",
            "account_id,referred_by",
            "A,A",
            "account_id and referred_by are both 'A': a referral of oneself",
        ),
        ("labels", "account_id,label", "A,maybe", "label 'maybe' is not 'fraud' or 'legit'"),
        ("accounts", "account_id,role", "A,admin", "role 'admin' is not 'buyer', 'seller' or 'both'"),
        ("orders", "order_id,buyer_id", "O1", "1 cells where the header has 2"),
        ("orders", "order_id,buyer_id", "O1,A,x,y", "4 cells where the header has 2"),
    ],
)
def test_a_row_that_breaks_the_contract_is_set_aside(
    write: Write, table: str, header: str, row: str, reason: str
) -> None:
    found = read(write(**{table: f"{header}\n{row}\n"}))[table]
    assert complaints(found) == [(2, reason)]
    assert (found.n_read, found.rows.num_rows) == (1, 0)


def test_a_review_text_of_more_than_a_mebibyte_is_set_aside_and_one_of_a_mebibyte_is_not(write: Write) -> None:
    size = 1024 * 1024
    folder = write(reviews=f"review_id,account_id,product_id,text\nR1,A,P,{'x' * size}\nR2,A,P,{'x' * (size + 1)}\n")
    table = read(folder)["reviews"]
    assert [row["review_id"] for row in records(table)] == ["R1"]
    assert complaints(table) == [(3, f"text '{SHOWN}' is longer than 1,048,576 bytes")]
    assert len(table.rejects.row[0]) < 2000


def test_a_cell_of_ten_million_characters_is_read_and_set_aside(write: Write) -> None:
    table = read(write(accounts=f"account_id\nA1\n{'x' * 10_000_000}\nA2\n"))["accounts"]
    assert [row["account_id"] for row in records(table)] == ["A1", "A2"]
    assert complaints(table) == [(3, f"account_id '{SHOWN}' is longer than 1,024 bytes")]


def test_only_the_first_thing_wrong_with_a_row_is_named(write: Write) -> None:
    table = read(write(orders="order_id,buyer_id,amount\n,,much\n"))["orders"]
    assert complaints(table) == [(2, "order_id is empty")]


def test_lines_are_counted_through_quoted_line_breaks_and_blank_lines(write: Write) -> None:
    text = 'review_id,account_id,"product\n_id",rating,text\n\nR1,A,P,9,"a\nb\r\nc"\nR2,A,P\nR3,A,P,8,\n'
    folder = write(reviews=text)
    table = read(folder, reviews=TableSettings(columns={"product_id": "product\n_id"}))["reviews"]
    assert [line for line, _ in complaints(table)] == [4, 7, 8]
    assert table.rejects.row == ('R1,A,P,9,"a\nb\r\nc"', "R2,A,P", "R3,A,P,8,")


def test_in_parquet_rows_are_counted_from_one_and_shown_as_json(write: Write) -> None:
    frame = pd.DataFrame({"order_id": ["O1", "O2"], "buyer_id": ["A", None], "amount": [1.5, np.inf]})
    table = read(write(orders=frame))["orders"]
    assert complaints(table) == [(2, "buyer_id is empty")]
    assert json.loads(table.rejects.row[0])["order_id"] == "O2"


@given(lines=st.lists(st.sampled_from(["good", "bad", "short", "blank", "quoted"]), max_size=30))
def test_the_line_named_is_the_line_that_is_wrong(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    forms = {"good": "O{0},A,1", "bad": "O{0},A,x", "short": "O{0}", "blank": "", "quoted": '"O{0}\n",A,x'}
    text, expected, line = ["order_id,buyer_id,amount"], [], 2
    for number, form in enumerate(lines):
        text.append(forms[form].format(number))
        expected += [line] if form in ("bad", "short", "quoted") else []
        line += 2 if form == "quoted" else 1
    folder = tmp_path_factory.mktemp("lines")
    (folder / "accounts.csv").write_text("account_id\n")
    (folder / "orders.csv").write_text("\n".join(text))
    table = read(folder)["orders"]
    assert table.rejects.line.tolist() == expected
    assert table.rows.num_rows == lines.count("good")
    assert table.n_read == len(lines) - lines.count("blank")


# ── the same id twice ─────────────────────────────────────────────────────────────────────────────


def test_one_order_id_with_two_buyers_keeps_the_first_and_names_its_line(write: Write) -> None:
    table = read(write(orders='order_id,buyer_id\n"O\n6",X\nO7,A\nO8,A\nO7,B\n'))["orders"]
    assert [row["order_id"] for row in records(table)] == ["O\n6", "O7", "O8"]
    assert complaints(table) == [(6, "order_id 'O7' was already given buyer_id 'A', on line 4")]


@pytest.mark.parametrize(
    ("table", "header", "first", "second", "reason"),
    [
        (
            "accounts",
            "account_id,role",
            "A,buyer",
            "A,seller",
            "account_id 'A' was already given role 'buyer', on line 2",
        ),
        ("accounts", "account_id,role", "A,", "A,seller", "account_id 'A' was already given without role, on line 2"),
        ("listings", "product_id,seller_id", "P,A", "P,B", "product_id 'P' was already given seller_id 'A', on line 2"),
        (
            "reviews",
            "review_id,account_id,seller_id,rating",
            "R,A,S,5",
            "R,A,S,1",
            "review_id 'R' was already given rating '5.0', on line 2",
        ),
        (
            "orders",
            "order_id,buyer_id,ordered_at",
            "O,A,2024-01-01",
            "O,A,2024-01-02",
            "order_id 'O' was already given ordered_at '2024-01-01 00:00:00', on line 2",
        ),
    ],
)
def test_one_id_with_two_contents_is_set_aside(
    write: Write, table: str, header: str, first: str, second: str, reason: str
) -> None:
    assert complaints(read(write(**{table: f"{header}\n{first}\n{second}\n"}))[table]) == [(3, reason)]


def test_identical_repeats_are_kept_once_and_counted(write: Write) -> None:
    folder = write(
        orders="order_id,buyer_id,ordered_at\nO1,A,2024-01-01\nO1,A,2024-01-01T00:00:00Z\nO1,B,\nO1,A,1704067200\n",
        devices="account_id,device_id,seen_at\nA,x,\nA,x,\nA,x,0\nB,x,\nA,x,\n",
        identifiers="account_id,kind,value\nA,IP,x\nA,ip,x\n",
    )
    tables = read(folder)
    counts = {name: (table.n_read, table.rows.num_rows, table.n_repeated) for name, table in tables.items()}
    assert counts["orders"] == (4, 1, 2)
    assert counts["devices"] == (5, 3, 2)
    assert counts["identifiers"] == (2, 1, 1)


def test_a_row_set_aside_does_not_take_its_id_with_it(write: Write) -> None:
    table = read(write(orders="order_id,buyer_id,amount\nO1,A,x\nO1,A,2\n"))["orders"]
    assert records(table) == [{"order_id": "O1", "buyer_id": "A", "amount": 2.0}]


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


# ── Parquet's physical types ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7, None], pa.int64()),
        pa.array([7, None], pa.uint16()),
        pa.array([7.0, None], pa.float64()),
        pa.array([7.0, float("nan")], pa.float32()),
        pa.array(["7", ""], pa.string()),
        pa.array(["7", None], pa.large_string()),
        pa.array(["7", None], pa.string_view()),
        pa.array(["7", None]).dictionary_encode(),
        pa.array([b"7", None], pa.binary()),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_of_any_physical_type_are_their_digits(write: Write, ids: pa.Array) -> None:
    folder = write()
    pq.write_table(pa.table({"order_id": ["a", "b"], "buyer_id": ids}), folder / "orders.parquet")
    table = read(folder)["orders"]
    assert records(table) == [{"order_id": "a", "buyer_id": "7"}]
    assert complaints(table) == [(2, "buyer_id is empty")]


@pytest.mark.parametrize("number", [7.5, 1e300, float(2**53), float("inf")])
def test_a_float_that_is_no_whole_number_is_no_id(write: Write, number: float) -> None:
    table = read(write(orders=pd.DataFrame({"order_id": ["a"], "buyer_id": [number]})))["orders"]
    assert complaints(table) == [(1, f"buyer_id '{number}' is a fraction or too long to be exact")]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([dt.datetime(2024, 1, 31, 10), None], pa.timestamp("ns")),
        pa.array([dt.datetime(2024, 1, 31, 10), None], pa.timestamp("s")),
        pa.array([dt.datetime(2024, 1, 31, 10, tzinfo=dt.UTC), None], pa.timestamp("us", "Asia/Tokyo")),
        pa.array([1706695200, None], pa.int64()),
        pa.array([1706695200.0, float("nan")], pa.float64()),
        pa.array(["2024-01-31T10:00:00Z", None], pa.large_string()),
    ],
    ids=lambda times: str(times.type),
)
def test_times_of_any_physical_type_are_instants(write: Write, times: pa.Array) -> None:
    folder = write()
    pq.write_table(
        pa.table({"account_id": ["A", "B"], "device_id": [1, 2], "seen_at": times}), folder / "devices.parquet"
    )
    table = read(folder)["devices"]
    assert table.rows["seen_at"].to_pylist() == [dt.datetime(2024, 1, 31, 10), None]


def test_dates_become_midnight_and_placeholders_in_them_are_set_aside(write: Write) -> None:
    dates = [dt.date(2024, 1, 31), dt.date(9999, 12, 31)]
    table = read(write(devices=pd.DataFrame({"account_id": ["A", "B"], "device_id": 1, "seen_at": dates})))["devices"]
    assert table.rows["seen_at"].to_pylist() == [dt.datetime(2024, 1, 31)]
    assert complaints(table) == [(2, "seen_at '9999-12-31' looks like a placeholder: leave the cell empty")]


def test_numbers_of_any_physical_type_are_floats_and_nan_is_missing(write: Write) -> None:
    frame = pd.DataFrame({"order_id": list("abc"), "buyer_id": "A", "amount": [1.5, np.nan, np.inf]})
    table = read(write(orders=frame))["orders"]
    assert table.rows["amount"].to_pylist() == [1.5, None]
    assert complaints(table) == [(3, "amount 'inf' is not a finite number")]
    folder = write(
        reviews=pd.DataFrame({"review_id": list("ab"), "account_id": "A", "seller_id": "S", "rating": [5, 6]})
    )
    assert complaints(read(folder)["reviews"]) == [(2, "rating '6' is not a number from 1 to 5")]


def test_a_column_of_nulls_falls_silent_whatever_its_type(write: Write) -> None:
    nothing = pd.Series([None, None], dtype=object)
    frame = pd.DataFrame({"order_id": ["a", "b"], "buyer_id": "A"}).assign(
        seller_id=nothing, amount=nothing, ordered_at=nothing, status=nothing
    )
    table = read(write(orders=frame))["orders"]
    assert (table.rows.num_rows, len(table.rejects)) == (2, 0)
    assert table.silent == ("seller_id", "product_id", "amount", "currency", "ordered_at", "status")


def test_a_column_of_lists_stops_the_load(write: Write) -> None:
    frame = pd.DataFrame({"order_id": ["a"], "buyer_id": [["A"]]})
    with pytest.raises(DataError, match="column buyer_id holds list"):
        read(write(orders=frame))


# ── what stops a load ─────────────────────────────────────────────────────────────────────────────


def one_line(error: BaseException) -> str:
    assert "\n" not in str(error)
    return str(error)


def test_a_folder_that_is_not_there_stops_the_load(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match="no such folder"):
        read(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder_stops_the_load(write: Write) -> None:
    with pytest.raises(MissingTableError, match="is a file; give the folder"):
        read(write() / "accounts.csv")


def test_a_folder_without_accounts_lists_what_it_holds_and_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match="the folder holds nothing"):
        read(tmp_path)
    (tmp_path / "account.csv").write_text("account_id\n")
    (tmp_path / "orders.csv").write_text("order_id\n")
    with pytest.raises(MissingTableError) as caught:
        read(tmp_path)
    assert "the folder holds account.csv, orders.csv" in one_line(caught.value)
    assert "file = 'account.csv'" in str(caught.value)


def test_a_file_that_the_settings_name_but_is_not_there_stops_the_load(write: Write) -> None:
    with pytest.raises(MissingTableError, match=r"payments\.csv: no such file.*tables\.orders\.file"):
        read(write(), orders=TableSettings(file="payments.csv"))


def test_two_files_for_one_table_stop_the_load(write: Write) -> None:
    folder = write(orders="order_id,buyer_id\n")
    pq.write_table(pa.table({"order_id": ["a"], "buyer_id": ["b"]}), folder / "orders.parquet")
    with pytest.raises(DataError, match=r"orders\.csv and orders\.parquet are both the table 'orders'"):
        read(folder)


def test_a_file_that_is_nearly_named_after_a_table_is_warned_of(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="ringfence"):
        read(write(order="order_id,buyer_id\n"))
    assert caplog.messages == ["order.csv is not read: did you mean orders.csv?"]


def test_a_missing_required_column_names_the_nearest_and_how_to_map_it(write: Write) -> None:
    with pytest.raises(MissingColumnError) as caught:
        read(write(orders="order_id,buyer,amount\nO1,A,1\n"))
    message = one_line(caught.value)
    assert message.startswith(
        "orders.csv has no column buyer_id; it has 'order_id', 'buyer', 'amount'; did you mean 'buyer'?"
    )
    assert '[tables.orders.columns] buyer_id = "…"' in message


@pytest.mark.parametrize(
    ("table", "header", "missing"),
    [
        ("reviews", "review_id,account_id", "product_id or seller_id"),
        ("addresses", "account_id", "address or address_id"),
    ],
)
def test_one_of_two_columns_must_be_there(write: Write, table: str, header: str, missing: str) -> None:
    with pytest.raises(MissingColumnError, match=f"has no column {missing}"):
        read(write(**{table: header + "\n"}))


def test_a_mapped_column_or_attribute_must_be_there(write: Write) -> None:
    with pytest.raises(MissingColumnError, match=r"no column amount \(which ringfence.toml calls 'total'\)"):
        read(write(orders="order_id,buyer_id\n"), orders=TableSettings(columns={"amount": "total"}))
    with pytest.raises(MissingColumnError, match="no column attribute age"):
        read(write(), accounts=TableSettings(attributes=("age",)))


def test_another_delimiter_is_guessed_at_in_the_message(write: Write) -> None:
    with pytest.raises(MissingColumnError, match=r"split by ';': set tables\.orders\.delimiter"):
        read(write(orders="order_id;buyer_id\n"))


def test_the_same_name_twice_in_a_header_stops_the_load(write: Write) -> None:
    with pytest.raises(DataError, match="the header names 'order_id' twice"):
        read(write(orders="order_id,buyer_id,order_id\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "orders.csv is empty: not even a header"),
        (b"\n\n", "orders.csv is empty: not even a header"),
        (
            "order_id,buyer_id\nO1,A\nO2,J\xf6rg\n".encode("latin-1"),
            "orders.csv: line 3, byte 28 of the file, is not utf-8",
        ),
        ("order_id,buyer_id\n".encode("utf-16"), "it looks like UTF-16"),
        (gzip.compress(b"order_id,buyer_id\n" * 9), "it looks like gzip"),
        (b'order_id,buyer_id\nO1,A\nO2,"B\nO3,C\n', "orders.csv: line 3 opens a quote that is never closed"),
    ],
)
def test_a_csv_file_that_cannot_be_read_stops_the_load(write: Write, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableTableError) as caught:
        read(write(orders=content))
    assert message in one_line(caught.value)


PACKED = gzip.compress(b"order_id,buyer_id\n" + os.urandom(9000).hex(",", 4).encode())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("orders.csv.gz", b"order_id,buyer_id\n", "not a readable gzip file"),
        ("orders.csv.gz", PACKED[:-9], "not a readable gzip file, or was cut short"),
        ("orders.csv.gz", PACKED[: len(PACKED) // 2], "not a readable gzip file, or was cut short"),
        ("orders.csv.gz", PACKED[:5000] + b"\0" * 50 + PACKED[5050:], "not a readable gzip file"),
        ("orders.parquet", b"order_id,buyer_id\n", "not a readable Parquet file"),
        ("orders.parquet", b"PAR1 cut", "not a readable Parquet file"),
        ("orders.parquet", b"", "orders.parquet is empty"),
    ],
)
def test_a_file_of_another_format_stops_the_load(write: Write, name: str, content: bytes, message: str) -> None:
    folder = write()
    (folder / name).write_bytes(content)
    with pytest.raises(UnreadableTableError) as caught:
        read(folder)
    assert message in one_line(caught.value)


def test_parquet_text_that_is_not_utf_8_stops_the_load(write: Write) -> None:
    bad = pa.array([b"\xff"], pa.binary()).view(pa.string())
    folder = write()
    pq.write_table(pa.table({"order_id": bad, "buyer_id": ["A"]}), folder / "orders.parquet")
    with pytest.raises(UnreadableTableError, match="column order_id"):
        read(folder)


def test_a_folder_in_place_of_a_table_stops_the_load(write: Write) -> None:
    folder = write()
    (folder / "orders.parquet").mkdir()
    with pytest.raises(UnreadableTableError, match=r"orders\.parquet is a folder; a table is one file"):
        read(folder)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"ordes": TableSettings()}, "no table 'tables.ordes'; did you mean 'orders'?"),
        ({"orders": TableSettings(columns={"buyer": "x"})}, "'tables.orders.columns.buyer'; did you mean 'buyer_id'?"),
        (
            {"orders": TableSettings(attributes=("x",))},
            "'tables.orders.attributes': only accounts keep further columns",
        ),
    ],
)
def test_a_mapping_of_something_the_contract_does_not_know_is_refused(
    write: Write, tables: dict[str, TableSettings], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(), **tables)
    assert message in one_line(caught.value)


# ── rejects ───────────────────────────────────────────────────────────────────────────────────────


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
                "reason": "1 cells where the header has 2",
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
        (2, "1 cells where the header has 2"),
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


# ── real data ─────────────────────────────────────────────────────────────────────────────────────


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
