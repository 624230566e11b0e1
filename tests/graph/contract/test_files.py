"""What files may look like, where their rows stand, and files that stop a load."""

from __future__ import annotations

import gzip
import json
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_on_disk import Write, complaints, one_line, read, records

from graph.errors import (
    DataError,
    UnreadableTableError,
)
from graph.settings import TableSettings

ODD_ROLE = "role 'nobody' is not 'buyer', 'seller' or 'both'; tables.accounts.values.role says what words mean"


@pytest.mark.parametrize(
    "text", ["account_id", "account_id\n", "account_id\r\n", "\n\naccount_id\n\n\n", '"account_id"']
)
def test_a_header_may_end_anyhow(write: Write, text: str) -> None:
    assert read(write(accounts=text))["accounts"].n_read == 0


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
    assert complaints(table) == [(3, ODD_ROLE)]


def test_columns_the_contract_does_not_know_are_ignored_however_large(write: Write) -> None:
    folder = write(accounts=f'account_id,note\nA1,"{"x" * 10_000_000}"\nA2,\n')
    assert [row["account_id"] for row in records(read(folder)["accounts"])] == ["A1", "A2"]


SHOWN = "x" * 59 + "…"


def test_a_cell_of_ten_million_characters_is_read_and_set_aside(write: Write) -> None:
    table = read(write(accounts=f"account_id\nA1\n{'x' * 10_000_000}\nA2\n"))["accounts"]
    assert [row["account_id"] for row in records(table)] == ["A1", "A2"]
    assert complaints(table) == [(3, f"account_id '{SHOWN}' is longer than 1,024 bytes")]


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
        ("order_id,buyer_id\n".encode("utf-16-le"), "it looks like utf-16-le"),
        (gzip.compress(b"order_id,buyer_id\n" * 9, mtime=0), "it looks like gzip"),
        (b'order_id,buyer_id\nO1,A\nO2,"B\nO3,C\n', "orders.csv: line 3 opens a quote that is never closed"),
    ],
)
def test_a_csv_file_that_cannot_be_read_stops_the_load(write: Write, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableTableError) as caught:
        read(write(orders=content))
    assert message in one_line(caught.value)


PACKED = gzip.compress(b"order_id,buyer_id\n" + Random(0).randbytes(9000).hex(",", 4).encode(), mtime=0)


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
