"""The same row, or the same id, twice."""

from __future__ import annotations

import pytest
from tables_on_disk import Write, complaints, read, records


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
