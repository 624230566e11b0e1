"""What looks misread although no row breaks the contract; each doubt has a count, examples and a way to mend it."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path

import pytest
from tables_on_disk import Write, read, records

from graph.contract.sanity import find_doubts, refuse_grave, write_doubts
from graph.contract.tables import read_folder
from graph.errors import ConfigError, DoubtfulDataError
from graph.settings import Settings, TableSettings

NOW = int(dt.datetime(2024, 6, 1, tzinfo=dt.UTC).timestamp() * 1e6)


def look(folder: Path) -> dict[tuple[str, str], tuple[int, tuple[str, ...]]]:
    """Of each doubt, by its kind and column, how many rows it is about, and examples."""
    return {
        (each.kind, f"{each.table}.{each.column}"): (each.count, each.examples)
        for each in find_doubts(read(folder), NOW)
    }


def test_a_plain_market_leaves_no_doubt(write: Write) -> None:
    folder = write(
        accounts="account_id,created_at\nA1,2024-01-01\nA2,2024-01-02\n",
        orders="order_id,buyer_id,seller_id,ordered_at,status\nO1,A1,A2,2024-02-01,completed\n",
        identifiers="account_id,kind,value\nA1,ip,8.8.4.4\nA2,email,a@shop.example.co\n",
    )
    assert look(folder) == {}


@pytest.mark.parametrize("value", ["1.23E+15", "4e+11", "9.9E+12"])
def test_ids_that_a_spreadsheet_shortened_are_grave(write: Write, value: str) -> None:
    folder = write(devices=f"account_id,device_id\nA,{value}\nB,{value}\nC,abc\n")
    assert look(folder) == {("shortened", "devices.device_id"): (2, (value,))}
    with pytest.raises(DoubtfulDataError, match=r"devices.device_id: 2 rows are numbers as a spreadsheet .*as text"):
        refuse_grave(find_doubts(read(folder), NOW))


@pytest.mark.parametrize(("value", "rows"), [("12e5", 0), ("1E5", 0), ("E+15", 0), ("1.5", 0)])
def test_an_id_with_an_e_in_it_is_no_shortened_one(write: Write, value: str, rows: int) -> None:
    assert len(look(write(devices=f"account_id,device_id\nA,{value}\n"))) == rows


def test_ids_that_lost_their_zeros_are_grave_and_others_are_not(write: Write) -> None:
    accounts = "account_id\n" + "".join(f"{number:05}\n" for number in range(1, 31))
    orders = "order_id,buyer_id\n" + "".join(f"O{number},{number}\n" for number in range(1, 13))
    lost = look(write(accounts=accounts, orders=orders))
    assert lost == {("zeros", "orders.buyer_id"): (12, ("1", "10", "11"))}
    strangers = orders + "".join(f"X{number},9{number:04}\n" for number in range(40))
    assert look(write(accounts=accounts, orders=strangers)) == {}


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("{} ", "spaces around"),
        ("'{}'", "signs around"),
        ("{}.0", "a .0 at the end"),
        ("A{}", "capitals"),
        ("A{} ", "spaces around or signs around or a .0 at the end or capitals"),
    ],
)
def test_ids_that_are_listed_in_another_spelling_are_grave_and_others_are_not(
    write: Write, written: str, what: str
) -> None:
    letter = "a" if "A" in written else ""
    accounts = "account_id\n" + "".join(f"{letter}{number}\n" for number in range(100, 130))
    orders = "order_id,buyer_id\n" + "".join(f"O{n},{written.format(n)}\n" for n in range(100, 112))
    folder = write(accounts=accounts, orders=orders)
    (doubt,) = find_doubts(read(folder), NOW)
    assert (doubt.kind, doubt.column, doubt.count, doubt.is_grave) == ("spelling", "buyer_id", 12, True)
    assert doubt.says == f"are ids of accounts but for {what}, and match nothing as they are"
    strangers = orders + "".join(f"X{number},z{number}\n" for number in range(40))
    assert look(write(accounts=accounts, orders=strangers)) == {}
    known = accounts + "".join(f"{written.format(n)}\n" for n in range(100, 112))
    assert look(write(accounts=known, orders=orders)) == {}


def test_a_part_of_a_long_table_in_which_ids_are_misspelt_is_noticed(write: Write) -> None:
    accounts = "account_id\n" + "".join(f"a{number}\n" for number in range(100))
    rows = "".join(f"O{n},a{n % 100}{' ' if 31_000 <= n < 34_000 else ''}\n" for n in range(41_000))
    folder = write(accounts=accounts, orders=f"order_id,buyer_id\n{rows}")
    assert look(folder) == {("spelling", "orders.buyer_id"): (3_000, ("a0 ", "a1 ", "a10 "))}


@pytest.mark.parametrize(
    "value",
    [
        *(
            "unknown",
            "N/A",
            "n.a.",
            "none",
            "-",
            "xxx",
            "Not provided",
            "keine Angabe",
            "k.A.",
            "non renseigné",
            "Неизвестно",
        ),
        *("未知", "なし", "없음", "غير معروف", "test@test.com", "noreply@shop.example", "0000000000", "(000) 000-0000"),
        *("111-111-1111", "0123456789", "0.0.0.0", "::1", "00:00:00:00:00:00", "02:00:00:00:00:00", "9774d56d682e549c"),
        *("ffffffff-ffff-ffff-ffff-ffffffffffff", "ffffffffffffffff", "22222222", "+10000000000", "+49000000"),
        *("none@none.com", "PayPal", "Cash on delivery", "Rechnung", "apple pay", "货到付款"),
        *("Pick-up in store", "in pick store up", "Click & Collect", "Selbstabholung"),
    ],
)
def test_placeholders_are_doubted_and_left_out_where_the_settings_say_so(write: Write, value: str) -> None:
    folder = write(devices=f"account_id,device_id\nA,{value}\nB,{value}\nC,phone\n")
    assert look(folder) == {("placeholder", "devices.device_id"): (2, (value,))}
    (doubt,) = find_doubts(read(folder), NOW)
    assert doubt.mend == f'[tables.devices] ignore = ["{value}"]'
    mended = read_folder(folder, Settings(tables={"devices": TableSettings(ignore=(value,))}))
    assert [row["device_id"] for row in records(mended["devices"])] == ["phone"]
    assert (mended["devices"].n_ignored, len(mended["devices"].rejects)) == (2, 0)
    assert find_doubts(mended, NOW) == ()


@pytest.mark.parametrize(
    "value",
    [
        "Nada",
        "Anna",
        "noa",
        "0",
        "00",
        "0.5",
        "+49 30 0000001",
        "119-911-9117",
        "::2",
        "02:00:00:00:00:01",
        "A000",
        "無印",
        *("10000000", "2222222", "cashew", "noemi@shop.example", "Visage", "Bar Collect"),
    ],
)
def test_what_somebody_may_have_is_no_placeholder(write: Write, value: str) -> None:
    assert look(write(devices=f"account_id,device_id\nA,{value}\nB,{value}\nC,phone\n")) == {}


def test_the_line_that_mends_a_doubt_has_all_values_as_toml(write: Write) -> None:
    values = ["N/A", "none", "null", "unknown", 'x"\\y']
    often = "".join(f"B{number},'x\"\\y'\n" for number in range(60))
    folder = write(
        devices="account_id,device_id\n"
        + "".join(f"A{k},{each}\nC{k},{each}\n" for k, each in enumerate(values[:4]))
        + often
    )
    settings = Settings(tables={"devices": TableSettings(quote="'")})
    doubts = find_doubts(read_folder(folder, settings), NOW)
    assert [len(doubt.examples) for doubt in doubts] == [3, 1]
    ignored = [tomllib.loads(doubt.mend.removeprefix("[tables.devices] "))["ignore"] for doubt in doubts]
    assert ignored == [values[:4], values[4:]]


def test_only_tables_of_identifiers_leave_values_out(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"tables.orders.ignore"):
        read_folder(write(), Settings(tables={"orders": TableSettings(ignore=("x",))}))


def test_a_value_that_a_large_share_has_is_doubted(write: Write) -> None:
    rows = "".join(f"A{number},{'hub' if number < 60 else f'd{number}'}\n" for number in range(500))
    assert look(write(devices=f"account_id,device_id\n{rows}")) == {("common", "devices.device_id"): (60, ("hub",))}
    small = "".join(f"A{number},{'hub' if number < 40 else f'd{number}'}\n" for number in range(100))
    assert look(write(devices=f"account_id,device_id\n{small}")) == {}


@pytest.mark.parametrize(
    ("value", "is_inside"),
    [
        ("10.1.2.3", True),
        ("192.168.0.7", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("100.64.1.1", True),
        ("100.128.1.1", False),
        ("203.0.113.9", True),
        ("fd00::1", True),
        ("2001:db8::1", True),
        ("81.2.69.142", False),
    ],
)
def test_addresses_inside_of_networks_are_doubted(write: Write, value: str, is_inside: bool) -> None:
    found = look(write(identifiers=f"account_id,kind,value\nA,ip,{value}\nB,phone,{value}\n"))
    assert found == ({("inside", "identifiers.value"): (1, (value,))} if is_inside else {})


def test_words_that_nobody_described_are_doubted(write: Write) -> None:
    folder = write(
        orders="order_id,buyer_id,status\nO1,A,erstattet\nO2,A,completed\n",
        identifiers="account_id,kind,value\nA,steam_id,7656\n",
        labels="account_id,label\nA,legit\n",
        reviews="review_id,account_id,product_id\n",
    )
    assert look(folder) == {
        ("status", "orders.status"): (1, ("erstattet",)),
        ("kind", "identifiers.kind"): (1, ("steam_id",)),
        ("empty", "labels.label"): (1, ("legit",)),
        ("empty", "reviews.review_id"): (0, ()),
    }


def test_times_that_cannot_be_are_doubted(write: Write) -> None:
    rows = "".join(f"O{number},A,2024-02-{number % 28 + 1:02}\n" for number in range(1000))
    odd = "X1,A,2030-01-01\nX2,A,1970-01-01\nX3,A,1999-01-01\n"
    assert look(write(orders=f"order_id,buyer_id,ordered_at\n{rows}{odd}")) == {
        ("future", "orders.ordered_at"): (1, ("2030-01-01 00:00:00",)),
        ("zero", "orders.ordered_at"): (1, ("1970-01-01 00:00:00",)),
        ("early", "orders.ordered_at"): (1, ("1999-01-01 00:00:00",)),
    }


def test_many_repeats_are_doubted(write: Write) -> None:
    assert look(write(devices="account_id,device_id\n" + "A,phone\n" * 3)) == {
        ("repeats", "devices.account_id"): (2, ())
    }


def test_doubts_are_written_as_json(write: Write, tmp_path: Path) -> None:
    doubts = find_doubts(read(write(devices="account_id,device_id\nA,unknown\nB,unknown\n")), NOW)
    write_doubts(doubts, tmp_path / "doubts.json")
    (told,) = json.loads((tmp_path / "doubts.json").read_text())
    assert (told["kind"], told["count"], told["examples"], told["is_grave"]) == ("placeholder", 2, ["unknown"], False)


def test_repeats_are_no_wonder_in_a_file_that_holds_two_tables(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id,buyer_id\n" + "".join(f"O{each},A\n" for each in range(9)))
    buyers = TableSettings(file="orders.csv", columns={"account_id": "buyer_id"})
    tables = read_folder(tmp_path, Settings(tables={"accounts": buyers}))
    assert tables["accounts"].n_repeated == 8
    assert find_doubts(tables, NOW) == ()
    assert [doubt.kind for doubt in find_doubts({"accounts": tables["accounts"]}, NOW)] == ["repeats"]


def test_orders_in_several_currencies_are_doubted_and_those_in_one_are_not(write: Write) -> None:
    head = "order_id,buyer_id,amount,currency\n"
    rows = "O1,A,5,EUR\nO2,B,5,EUR\nO3,C,700,JPY\nO4,D,5,\n"
    assert look(write(orders=head + rows)) == {("currency", "orders.currency"): (1, ("JPY",))}
    assert look(write(orders=head + rows.replace("JPY", "EUR"))) == {}
    (doubt,) = find_doubts(read(write(orders=head + rows)), NOW)
    assert "than most (EUR)" in doubt.say()
    assert not doubt.is_grave


def test_objects_that_stand_for_nothing_and_times_that_cannot_be_are_doubted_in_events_too(write: Write) -> None:
    rows = "A,unknown,view,2024-02-01\nB,unknown,view,2024-02-01\nC,page,view,2031-01-01\n"
    folder = write(events=f"account_id,object,action,happened_at\n{rows}")
    assert look(folder) == {
        ("placeholder", "events.object"): (2, ("unknown",)),
        ("future", "events.happened_at"): (1, ("2031-01-01 00:00:00",)),
    }


def test_transfers_in_several_currencies_or_of_unknown_status_or_time_are_doubted_as_orders_are(write: Write) -> None:
    head = "transfer_id,payer_id,payee_id,amount,currency,paid_at,status\n"
    rows = "t1,A,B,1,EUR,2024-02-01,settled\nt2,B,C,1,EUR,2024-02-01,bounced\nt3,C,A,1,USD,2031-01-01,paid\n"
    folder = write(transfers=head + rows)
    assert look(folder) == {
        ("currency", "transfers.currency"): (1, ("USD",)),
        ("status", "transfers.status"): (1, ("bounced",)),
        ("future", "transfers.paid_at"): (1, ("2031-01-01 00:00:00",)),
    }
