"""Cells in the forms that the settings declare: dates, numbers, words; and what one file says of several tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tables_on_disk import Write, complaints, one_line, read, records

from graph.contract.numbers import read_marked
from graph.errors import ConfigError, MissingColumnError
from graph.settings import Settings, TableSettings, load_settings


def read_times(write: Write, *cells: str, **settings: object) -> list[str | None]:
    rows = "".join(f'A,x{place},"{cell}"\n' for place, cell in enumerate(cells))
    folder = write(devices=f"account_id,device_id,seen_at\n{rows}")
    table = read(folder, devices=TableSettings(**settings))["devices"]  # type: ignore[arg-type]
    found = dict(zip(table.rows["device_id"].to_pylist(), table.rows["seen_at"].to_pylist(), strict=True))
    return [str(found[f"x{place}"]) if f"x{place}" in found else None for place in range(len(cells))]


@pytest.mark.parametrize(
    ("form", "written", "instant"),
    [
        ("day first", "03/04/2024", "2024-04-03 00:00:00"),
        ("month first", "03/04/2024", "2024-03-04 00:00:00"),
        ("day first", "31.1.24 9:05", "2024-01-31 09:05:00"),
        ("day first", "31.01.1999, 23:59:59,5 ", "1999-01-31 23:59:59.500000"),
        ("month first", "1/31/2024 12:30:01 AM", "2024-01-31 00:30:01"),
        ("month first", "Jan 31, 2024 1:05 p.m.", "2024-01-31 13:05:00"),
        ("day first", "31-January-2024 13:05", "2024-01-31 13:05:00"),
        ("year first", "2024/1/31 10:00", "2024-01-31 10:00:00"),
        ("year first", "2024年1月31日 10时05分06秒", "2024-01-31 10:05:06"),
        ("year first", "2024年1月31日", "2024-01-31 00:00:00"),
        ("day first", "31/01/2024 10:00 +05:30", "2024-01-31 04:30:00"),
        ("day first", "29.02.2023", None),
        ("day first", "1/31/2024", None),
        ("day first", "31/01/2024 25:00", None),
        ("month first", "1/31/2024 13:00 PM", None),
        ("day first", "1706695200", None),
        ("day first", "2024-01-31T10:00:00Z", "2024-01-31 10:00:00"),
        ("unix milliseconds", "1706695200250", "2024-01-31 10:00:00.250000"),
        ("unix microseconds", "1706695200250001", "2024-01-31 10:00:00.250001"),
        ("unix nanoseconds", "1706695200250000000", "2024-01-31 10:00:00.250000"),
        ("unix seconds", "1706695200", "2024-01-31 10:00:00"),
        ("unix milliseconds", "2024-01-31", "2024-01-31 00:00:00"),
        ("excel", "45322.416666666664", "2024-01-31 10:00:00"),
        ("excel", "45322", "2024-01-31 00:00:00"),
        ("excel", "1706695200", None),
    ],
)
def test_times_are_read_as_they_are_declared(write: Write, form: str, written: str, instant: str | None) -> None:
    # Beside another cell and an empty one: how one is read does not depend on the others.
    assert read_times(write, written, "", "2020-02-03", times={"seen_at": form})[0] == instant
    assert read_times(write, written, times=form)[0] == instant


@pytest.mark.parametrize(
    ("form", "written", "instant"),
    [
        (None, "2024-01-31 10:00:00", "2024-01-31 09:00:00"),
        (None, "2024-07-31T10:00", "2024-07-31 08:00:00"),
        (None, "2024-07-31", "2024-07-30 22:00:00"),
        (None, "2024-07-31T10:00:00Z", "2024-07-31 10:00:00"),
        (None, "2024-07-31 10:00:00+01", "2024-07-31 09:00:00"),
        (None, "2024-07-31 10:00:00 -0500", "2024-07-31 15:00:00"),
        (None, "1706695200", "2024-01-31 10:00:00"),
        ("day first", "31.01.2024 10:00", "2024-01-31 09:00:00"),
        ("day first", "31.07.2024 10:00 UTC", "2024-07-31 10:00:00"),
        ("excel", "45322.5", "2024-01-31 11:00:00"),
        (None, "2024-10-27 02:30:00", "2024-10-27 00:30:00"),  # comes twice: the first
        (None, "2024-03-31 02:30:00", None),  # is left out
    ],
)
def test_times_of_a_place_become_utc(write: Write, form: str | None, written: str, instant: str | None) -> None:
    form_of = {} if form is None else {"times": form}
    assert read_times(write, written, "2020-02-03T00:00:00Z", zone="Europe/Berlin", **form_of)[0] == instant


def test_times_in_parquet_without_a_zone_are_of_the_declared_one(write: Write) -> None:
    frame = pd.DataFrame({"account_id": ["A"], "device_id": "x", "seen_at": [np.datetime64("2024-01-31T10:00", "us")]})
    table = read(write(devices=frame), devices=TableSettings(zone="Asia/Shanghai"))["devices"]
    assert str(table.rows["seen_at"][0].as_py()) == "2024-01-31 02:00:00"


def test_a_time_of_another_form_is_set_aside(write: Write) -> None:
    folder = write(devices="account_id,device_id,seen_at\nA,x,1/31/2024\n")
    table = read(folder, devices=TableSettings(times="day first"))["devices"]
    assert complaints(table) == [(2, "seen_at '1/31/2024' is not a time written day first")]


@pytest.mark.parametrize(("form", "written"), [(None, "2024-03-31 02:30:00"), ("day first", "31.03.2024 02:30")])
def test_a_time_that_no_clock_showed_says_why(write: Write, form: str | None, written: str) -> None:
    folder = write(devices=f"account_id,device_id,seen_at\nA,x,{written}\nA,y,none of these\n")
    form_of = {} if form is None else {"times": form}
    table = read(folder, devices=TableSettings(zone="Europe/Berlin", **form_of))["devices"]
    skipped = "is in an hour that clocks in Europe/Berlin leave out in spring: are these times of another zone?"
    assert complaints(table)[0] == (2, f"seen_at '{written}' {skipped}")
    assert "leave out" not in complaints(table)[1][1]


@pytest.mark.parametrize(
    ("mark", "written", "number"),
    [
        (",", "1.234,50", 1234.5),
        (",", "1234,5", 1234.5),
        (",", "1.234", 1234.0),
        (",", "1 234 567,8 €", 1234567.8),
        (",", "€\u00a012,-", None),
        (",", "1'234,50 CHF", 1234.5),
        (",", "12.50", None),
        (",", "0,5", 0.5),
        (",", ",5", 0.5),
        (".", "1,234.50", 1234.5),
        (".", "$1,234", 1234.0),
        (".", "US$ 12.00", 12.0),
        (".", "₹1,23,456.00", 123456.0),
        (".", "¥5", 5.0),
        (".", "1,23", None),
        (".", "+7", 7.0),
        (".", "12.345.678", None),
        (".", "EUR", None),
        (".", "", None),
    ],
)
def test_numbers_are_read_with_their_decimal_mark(write: Write, mark: str, written: str, number: float | None) -> None:
    folder = write(orders=f'order_id,buyer_id,amount\nO,A,"{written}"\nO2,A,7\n')
    table = read(folder, orders=TableSettings(decimal=mark))["orders"]  # type: ignore[arg-type]
    assert table.rows["amount"].to_pylist() == ([number] if number is not None or not written else []) + [7.0]
    told = [(2, f"amount {written!r} is not a finite number with the decimal mark {mark!r}")]
    assert complaints(table) == (told if number is None and written else [])


def test_amounts_in_parts_of_the_unit_are_divided(write: Write) -> None:
    folder = write(orders="order_id,buyer_id,amount\nO,A,1250\nP,A,\n")
    table = read(folder, orders=TableSettings(per_unit={"amount": 100}))["orders"]
    assert table.rows["amount"].to_pylist() == [12.5, None]


def test_words_of_the_file_become_those_of_the_contract(write: Write) -> None:
    folder = write(
        reviews="review_id,account_id,product_id,rating,text\nR,A,P, Sehr Gut ,gut\nS,A,P,4,x\nT,A,P,oje,x\n"
    )
    table = read(folder, reviews=TableSettings(values={"rating": {"sehr gut": "5"}, "text": {"gut": "good"}}))[
        "reviews"
    ]
    assert [(row["rating"], row["text"]) for row in records(table)] == [(5.0, "good"), (4.0, "x")]
    assert complaints(table) == [(4, "rating 'oje' is not a number from 1 to 5")]


def test_words_of_the_file_become_codes_and_flags(write: Write) -> None:
    folder = write(accounts="account_id,role,state,gone\nA,Käufer,gesperrt,ja\nB,VERKÄUFER,aktiv,nein\n")
    mapped = TableSettings(
        columns={"status": "state", "removed": "gone"},
        values={
            "role": {"käufer": "buyer", "Verkäufer": "seller"},
            "status": {"Gesperrt": "suspended"},
            "removed": {"ja": "yes", "nein": "no"},
        },
    )
    rows = records(read(folder, accounts=mapped)["accounts"])
    assert [(row["role"], row["status"], row["removed"]) for row in rows] == [
        ("buyer", "suspended", True),
        ("seller", "aktiv", False),
    ]


def test_cells_that_stand_for_nothing_are_empty(write: Write) -> None:
    folder = write(orders="order_id,buyer_id,amount\nO,A,NULL\n\\N,A,5\n")
    table = read(folder, orders=TableSettings(empty=("NULL", "\\N")))["orders"]
    assert table.rows["amount"].to_pylist() == [None]
    assert complaints(table) == [(3, "order_id is empty")]


# ── one file, several tables ──────────────────────────────────────────────────────────────────────

WIDE = """id,phone,mobile,e-mail,iban,device,street,town
A1,030 1,,a@x.de,DE1,d1,Weg 1,Ulm
A2,,0171 2,,,,,
A3,030 1,0171 2, ,DE3,d3,,Bonn
"""


def test_columns_of_a_wide_file_become_identifiers_devices_and_addresses(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(WIDE)
    account = {"account_id": "id"}
    tables = read(
        tmp_path,
        accounts=TableSettings(file="users.csv", columns=account),
        identifiers=TableSettings(
            file="users.csv",
            columns=account,
            kinds={"phone": ("phone", "mobile"), "email": "e-mail", "payment": "iban"},
        ),
        devices=TableSettings(file="users.csv", columns={**account, "device_id": "device"}, skip_empty=("device_id",)),
        addresses=TableSettings(
            file="users.csv",
            columns={**account, "address": ("street", "town")},
            always={"kind": "billing"},
            skip_empty=("address",),
        ),
    )
    assert [tuple(row.values()) for row in records(tables["identifiers"])] == [
        ("A1", "phone", "030 1"),
        ("A3", "phone", "030 1"),
        ("A2", "phone", "0171 2"),
        ("A3", "phone", "0171 2"),
        ("A1", "email", "a@x.de"),
        ("A1", "payment", "DE1"),
        ("A3", "payment", "DE3"),
    ]
    assert [row["device_id"] for row in records(tables["devices"])] == ["d1", "d3"]
    assert [(row["address"], row["kind"]) for row in records(tables["addresses"])] == [
        ("Weg 1, Ulm", "billing"),
        ("Bonn", "billing"),
    ]
    assert [table.n_read for table in tables.values()] == [3, 2, 2, 7]
    assert not any(len(table.rejects) for table in tables.values())


def test_a_row_that_is_set_aside_is_found_again_in_a_wide_file(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id,phone\nA1,\n,030 1\nA1\nA3,030 2\n,030 3\n")
    table = read(
        tmp_path,
        accounts=TableSettings(file="users.csv", columns={"account_id": "id"}),
        identifiers=TableSettings(file="users.csv", columns={"account_id": "id"}, kinds={"phone": ("phone", "phone")}),
    )["identifiers"]
    assert [row["value"] for row in records(table)] == ["030 2"]
    assert complaints(table) == [
        (3, "account_id is empty"),
        (4, "1 cell where the header has 2"),
        (6, "account_id is empty"),
        (3, "account_id is empty"),
        (6, "account_id is empty"),
    ]
    assert (table.n_read, table.n_repeated) == (7, 1)


def test_parts_whose_cells_are_empty_are_compared_all_the_same(write: Write) -> None:
    part = "account_id,address,kind\nA,Weg 1,\nB,Weg 2,billing\nB,Weg 2,billing\n"
    folder = write(accounts="account_id\n", one=part, two=part.replace("Weg 2", "Weg 3"))
    table = read(folder, addresses=TableSettings(file=("one.csv", "two.csv")))["addresses"]
    assert [row["address"] for row in records(table)] == ["Weg 1", "Weg 2", "Weg 3"]
    assert table.n_repeated == 3


def test_an_order_file_holds_the_buyers_too(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id,buyer_id,seller_id,status\nO1,A,S,paid\nO2,A,S,refunded\nO3,B,S,paid\n"
    )
    buyers = TableSettings(
        file="orders.csv", columns={"account_id": "buyer_id"}, always={"role": "buyer"}, only_mapped=True
    )
    tables = read(tmp_path, accounts=buyers)
    assert tables["orders"].silent == ("product_id", "amount", "currency", "ordered_at")
    assert "status" in tables["accounts"].silent
    assert [(row["account_id"], row["role"]) for row in records(tables["accounts"])] == [("A", "buyer"), ("B", "buyer")]
    assert tables["accounts"].n_repeated == 1


# ── what makes no sense ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("table", "settings", "message"),
    [
        ("devices", {"kinds": {"phone": "x"}}, "'tables.devices.kinds': only identifiers are of many kinds"),
        ("identifiers", {"kinds": {"phone": "x"}, "always": {"kind": "ip"}}, "kinds says what kind is; leave kind out"),
        ("orders", {"always": {"amount": "1"}}, "not for this column: 'tables.orders.always.amount'; it may name"),
        ("orders", {"values": {"state": {}}}, "no column 'tables.orders.values.state'; did you mean 'status'?"),
        (
            "orders",
            {"times": {"created": "day first"}},
            "no column 'tables.orders.times.created'; it may name ordered_at",
        ),
        ("orders", {"per_unit": {"price": 100}}, "no column 'tables.orders.per_unit.price'; it may name amount"),
        ("orders", {"columns": {"status": "x"}, "always": {"status": "y"}}, "has status among both columns and always"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    write: Write, table: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(), **{table: TableSettings(**settings)})  # type: ignore[arg-type]
    assert message in one_line(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('times = "dmy"', "times 'dmy' is none of 'day first', 'month first', 'year first'"),
        ('zone = "Berlin"', "zone 'Berlin' is not a time zone such as 'Europe/Berlin'"),
        ('decimal = ";"', "ringfence.toml: 'tables.orders.decimal'"),
        ('quote = "<<"', "quote '<<' is not one ASCII character"),
        ("skip_lines = -1", "skip_lines is below 0"),
        ("per_unit = {amount = 0}", "per_unit below 1"),
        ('format = "word"', "ringfence.toml: 'tables.orders.format'"),
        ("file = []", "file is an empty list"),
    ],
)
def test_a_form_that_makes_no_sense_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    for head in ("[tables.orders]", "[[tables.orders]]"):
        (tmp_path / "ringfence.toml").write_text(f"{head}\n{text}\n", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_settings(tmp_path / "ringfence.toml")
        assert message in one_line(caught.value)


def test_several_parts_of_a_table_are_read_from_the_settings(tmp_path: Path) -> None:
    parts = '[[tables.orders]]\nfile = "a.csv"\n[[tables.orders]]\nfile = ["b.csv", "c.csv"]\ntimes = "day first"\n'
    (tmp_path / "ringfence.toml").write_text(parts, encoding="utf-8")
    settings = load_settings(tmp_path / "ringfence.toml")
    assert [part.list_files() for part in settings.list_parts("orders")] == [("a.csv",), ("b.csv", "c.csv")]
    assert Settings().list_parts("orders") == (TableSettings(),)


def test_an_amount_that_is_not_zero_says_how_an_order_ended(write: Write) -> None:
    rows = "O1,A,paid,0.00\nO2,B,paid,12.50\nO3,C,,-3\nO4,D,paid,\nO5,E,paid,none\n"
    folder = write(orders="order_id,buyer_id,status,back\n" + rows)
    table = read(folder, orders=TableSettings(nonzero={"back": "Refunded"}))["orders"]
    assert [row.get("status") for row in records(table)] == ["paid", "refunded", "refunded", "paid", "paid"]
    assert len(table.rejects) == 0
    with pytest.raises(MissingColumnError, match=r"no column status by paid back"):
        read(folder, orders=TableSettings(nonzero={"paid back": "refunded"}))
    with pytest.raises(ConfigError, match=r"only orders end by an amount"):
        read(folder, accounts=TableSettings(nonzero={"back": "refunded"}))


def test_an_amount_below_zero_is_what_was_paid_back_where_that_is_said(write: Write) -> None:
    rows = "O1,A,paid,5.00\nO2,B,paid,-$12.50\nO3,C,,(3.25)\nO4,D,paid,\nO5,E,paid,none\n"
    folder = write(orders="order_id,buyer_id,status,amount\n" + rows)
    table = read(folder, orders=TableSettings(decimal=".", below_zero="Refunded"))["orders"]
    told = [(row.get("status"), row.get("amount")) for row in records(table)]
    assert told == [("paid", 5.0), ("refunded", 12.5), ("refunded", 3.25), ("paid", None)]
    assert [line for line, _ in complaints(table)] == [6]
    refused = read(folder, orders=TableSettings(decimal="."))["orders"]
    assert complaints(refused)[:2] == [
        (line, f"amount '{cell}': an amount below zero; if it was paid back, set tables.orders.below_zero = 'refunded'")
        for line, cell in ((3, "-$12.50"), (4, "(3.25)"))
    ]
    with pytest.raises(ConfigError, match=r"only orders and transfers are paid back, or out"):
        read(folder, accounts=TableSettings(below_zero="refunded"))
    with pytest.raises(ConfigError, match=r"only transfers are outgoing"):
        read(folder, orders=TableSettings(below_zero="Outgoing"))


def test_a_transfer_below_zero_is_paid_out_or_paid_back_as_is_said(write: Write) -> None:
    folder = write(transfers="transfer_id,payer_id,payee_id,status,amount\nT1,A,B,paid,5.00\nT2,B,A,paid,-12.50\n")
    for below_zero, status in (("outgoing", "paid"), ("Refunded", "refunded")):
        table = read(folder, transfers=TableSettings(below_zero=below_zero))["transfers"]
        told = [tuple(map(row.get, ("payer_id", "payee_id", "status", "amount"))) for row in records(table)]
        assert told == [("A", "B", "paid", 5.0), ("B", "A", status, 12.5)]
    refused = complaints(read(folder)["transfers"])
    out, back = (f"set tables.transfers.below_zero = '{each}'" for each in ("outgoing", "refunded"))
    assert refused == [
        (3, f"amount '-12.50': an amount below zero; if it was paid out, {out}; if it was paid back, {back}")
    ]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *(("-12.50", -12.5), ("-$12.50", -12.5), ("$-12.50", -12.5), ("($1,234.00)", -1234.0), ("12.50-", -12.5)),
        *(("−3", -3.0), ("+5", 5.0), ("--3", None), ("-(3)", None), ("(3", None), ("-$-3", None), ("-", None)),
    ],
)
def test_a_sign_is_understood_wherever_it_is_written(cell: str, number: float | None) -> None:
    assert read_marked(pa.chunked_array([[cell]]), ".").to_pylist() == [number]
