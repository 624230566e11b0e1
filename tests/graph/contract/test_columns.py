"""Columns of every type: what loads, what is set aside and why, what stops a load."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables_on_disk import Write, complaints, one_line, read, records

from graph.errors import (
    DataError,
    MissingColumnError,
)
from graph.settings import TableSettings


def test_ids_are_exactly_as_written(write: Write) -> None:
    ids = ["007", "7", " 7", "1e5", "NULL", "nan", "Ünï-❤", "a,b", 'say "x"', "line\nbreak", "x" * 1024]
    body = "".join('"' + value.replace('"', '""') + '"\n' for value in ids)
    assert read(write(accounts="account_id\n" + body))["accounts"].rows["account_id"].to_pylist() == ids


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
        (
            "orders",
            "order_id,buyer_id,amount",
            'O1,A,"1,000"',
            "amount '1,000' is not a finite number: say how it is written, tables.orders.decimal = '.' or ','",
        ),
        (
            "orders",
            "order_id,buyer_id,amount",
            "O1,A,-5",
            "amount '-5': an amount below zero; if it was paid back, set tables.orders.below_zero = 'refunded'",
        ),
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
        (
            "labels",
            "account_id,label",
            "A,maybe",
            "label 'maybe' is not 'fraud' or 'legit'; tables.labels.values.label says what words mean",
        ),
        (
            "accounts",
            "account_id,role",
            "A,admin",
            "role 'admin' is not 'buyer', 'seller' or 'both'; tables.accounts.values.role says what words mean",
        ),
        ("orders", "order_id,buyer_id", "O1", "1 cell where the header has 2"),
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


def test_only_the_first_thing_wrong_with_a_row_is_named(write: Write) -> None:
    table = read(write(orders="order_id,buyer_id,amount\n,,much\n"))["orders"]
    assert complaints(table) == [(2, "order_id is empty")]


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
        read(write(orders="order;buyer_id\n"))
