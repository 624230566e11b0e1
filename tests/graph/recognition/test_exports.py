"""Real exports, in the columns that their makers document, map without a line written by hand."""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

from graph.contract.tables import CheckedTable, read_folder
from graph.recognition.survey import Survey, survey_folder
from graph.recognition.writing import Guess, guess_settings
from graph.settings import LoadSettings, convert_settings

EXPORTS = ROOT / "tests" / "exports"


@lru_cache
def survey(folder: Path) -> Survey:
    return survey_folder(folder, LoadSettings())


def guess(folder: Path, **answers: str) -> Guess:
    return guess_settings(survey(folder), folder, answers)


def read(folder: Path, text: str) -> dict[str, CheckedTable]:
    return read_folder(folder, convert_settings(tomllib.loads(text), "ringfence.toml"))


def first(table: CheckedTable) -> dict[str, Any]:
    return {name: cell for name, cell in table.rows.slice(0, 1).to_pylist()[0].items() if cell is not None}


ROWS = {
    "shopify": {"accounts": 11, "orders": 30, "addresses": 60, "identifiers": 60},
    "stripe": {"accounts": 9, "orders": 21, "addresses": 21, "identifiers": 42},
    "postgres": {
        "accounts": 24,
        "orders": 50,
        "devices": 48,
        "identifiers": 96,
        "listings": 7,
        "reviews": 25,
        "referrals": 20,
    },
    "german": {"accounts": 22, "orders": 45, "addresses": 22, "identifiers": 66, "reviews": 20},
    "chinese": {"accounts": 10, "orders": 36, "addresses": 36, "identifiers": 72},
}
FIRST_ORDER = {
    "shopify": {
        "order_id": "5123450000000",
        "buyer_id": "anna.young@example.com",
        "seller_id": "Mugs & Co",
        "product_id": "MUG-0",
        "amount": 20.0,
        "currency": "USD",
        "ordered_at": dt.datetime(2024, 1, 3, 14, 5, 7),
        "status": "paid",
    },
    "stripe": {
        "order_id": "ch_3Nx0001AbCdEf",
        "buyer_id": "cus_N001xyz",
        "seller_id": "acct_1Shop1",
        "amount": 2049.0,
        "currency": "eur",
        "ordered_at": dt.datetime(2024, 1, 3, 16, 18, 7),
        "status": "paid",
    },
    "postgres": {
        "order_id": "1000",
        "buyer_id": "1",
        "seller_id": "19",
        "product_id": "500",
        "amount": 12.5,
        "currency": "EUR",
        "ordered_at": dt.datetime(2024, 1, 3, 9, 5, 7),
        "status": "completed",
        "updated_at": dt.datetime(2024, 1, 4, 6, 44, 7),
    },
    "german": {
        "order_id": "B20240000",
        "buyer_id": "K-10001",
        "seller_id": "Möbelhaus Süd",
        "product_id": "A-000",
        "amount": 1000.0,
        "currency": "EUR",
        "ordered_at": dt.datetime(2024, 1, 3, 8, 5),
        "status": "completed",
    },
    "chinese": {
        "order_id": "1723904455660012300",
        "buyer_id": "tb张伟00",
        "seller_id": "小米数码店",
        "product_id": "手机壳 0号款",
        "amount": 58.0,
        "ordered_at": dt.datetime(2024, 1, 3, 1, 5, 7),
        "status": "completed",
    },
}


@pytest.mark.parametrize("name", ROWS)
def test_an_export_is_read_as_its_maker_meant_it(name: str) -> None:
    tables = read(EXPORTS / name, guess(EXPORTS / name).text)
    assert {table: each.rows.num_rows for table, each in tables.items()} == ROWS[name]
    assert {each.rejects.reason for each in tables.values()} == {()}
    assert first(tables["orders"]) == FIRST_ORDER[name]


def test_ends_of_orders_that_stand_beside_their_status_are_joined_to_it() -> None:
    orders = read(EXPORTS / "stripe", guess(EXPORTS / "stripe").text)["orders"]
    assert set(orders.rows["status"].to_pylist()) == {"paid", "refunded", "disputed", "failed"}


def test_words_of_two_languages_mean_the_same() -> None:
    for name in ("german", "chinese"):
        statuses = set(read(EXPORTS / name, guess(EXPORTS / name).text)["orders"].rows["status"].to_pylist())
        assert (
            {"completed", "cancelled"}
            <= statuses
            <= {"completed", "cancelled", "shipped", "refunded", "returned", "pending"}
        )


def test_months_of_one_table_are_named_by_a_pattern() -> None:
    found = guess(EXPORTS / "chinese")
    assert found.tables["orders"] == ("订单报表*.csv",)
    assert "# 2 files with the same columns, whose names differ in digits alone" in found.text


def test_whoever_looks_finds_each_choice_with_its_reason() -> None:
    text = guess(EXPORTS / "german").text
    assert 'encoding = "cp1252"                          # its bytes are no UTF-8, and make words in cp1252' in text
    assert "skip_lines = 2                               # a header with as many names as the rows have cells" in text
    assert "by its name, and 100% of its values are accounts of Kundenliste.csv" in text
    assert "# Not read of Kundenliste.csv: Anrede, Vorname, Nachname" in text


def test_what_is_unsure_is_asked_and_an_answer_is_taken() -> None:
    found = guess(EXPORTS / "german")
    (question,) = found.questions
    assert (question.key, question.default) == ("zone:Bestellungen.csv", "Europe/Berlin")
    assert found.unsure[0].startswith("times in Bestellungen.csv, such as 03.01.2024 09:05, do not say their zone")
    answered = guess(EXPORTS / "german", **{question.key: "UTC"})
    assert first(read(EXPORTS / "german", answered.text)["orders"])["ordered_at"] == dt.datetime(2024, 1, 3, 9, 5)
    assert answered.unsure == ()


def test_the_same_files_give_the_same_settings() -> None:
    again = guess_settings(survey_folder(EXPORTS / "chinese", LoadSettings()), EXPORTS / "chinese", {})
    assert again.text == guess(EXPORTS / "chinese").text


# ── files of other makes ──────────────────────────────────────────────────────────────────────────


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


DATES = "order_id,buyer,when\nO1,A,{}\nO2,B,{}\nO3,A,{}\n"


@pytest.mark.parametrize(
    ("others", "currency", "expected"),
    [("", "", "day first"), ("", "USD", "month first"), ("1/31/2024", "", "month first")],
)
def test_dates_that_may_be_either_are_told_and_taken_as_is_usual(
    tmp_path: Path, others: str, currency: str, expected: str
) -> None:
    orders = "order_id,buyer,order date,currency\n" + "".join(f"O{i},A,0{i}/02/2024,{currency}\n" for i in range(1, 9))
    folder = write(tmp_path, orders=orders)
    if others:
        write(folder, logins="user_id,device_id,login time\n" + f"A,d,{others}\n" * 3)
    found = guess(folder)
    (question,) = [each for each in found.questions if each.key.startswith("times")]
    assert (question.choices, question.default) == (("day first", "month first"), expected)
    assert any("order date in orders.csv, such as 01/02/2024: day or month first?" in each for each in found.unsure)
    answered = guess(folder, **{question.key: "month first"})
    assert str(first(read(folder, answered.text)["orders"])["ordered_at"]) == "2024-01-02 00:00:00"


def test_numbers_that_may_be_either_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path, orders="order_id,buyer,amount\n" + "".join(f"O{i},A,{i}.500\n" for i in range(1, 9)))
    found = guess(folder)
    (question,) = [each for each in found.questions if each.key.startswith("decimal")]
    assert first(read(folder, found.text)["orders"])["amount"] == 1.5
    assert first(read(folder, guess(folder, **{question.key: ","}).text)["orders"])["amount"] == 1500.0


def test_who_acts_is_the_column_whose_values_are_accounts(tmp_path: Path) -> None:
    users = "id,username,email\n" + "".join(f"{i},u{i},u{i}@x.de\n" for i in range(20))
    orders = "order_no,customer,customer email,total\n" + "".join(f"O{i},Name {i},u{i}@x.de,5.00\n" for i in range(20))
    tables = read(tmp_path, guess(write(tmp_path, users=users, orders=orders)).text)
    assert first(tables["accounts"])["account_id"] == first(tables["orders"])["buyer_id"] == "u0@x.de"


def test_columns_are_known_by_their_cells_where_names_say_nothing(tmp_path: Path) -> None:
    rows = "".join(f"U{i},k{i}@x.de,81.2.69.{i},2024-01-{i + 1:02d}T10:00:00Z,{i}\n" for i in range(9))
    text = guess(write(tmp_path, users="user_id,xx,yy,zz,ww\n" + rows)).text
    assert 'email = "xx"' in text
    assert 'ip = "yy"' in text
    assert 'created_at = "zz"' in text
    assert "# Not read of users.csv: ww" in text


def test_a_column_of_the_contracts_name_with_other_cells_is_left_alone(tmp_path: Path) -> None:
    rows = "".join(f"O{i},A{i},about 5,free text number {i}\n" for i in range(60))
    tables = read(tmp_path, guess(write(tmp_path, orders="order_id,buyer_id,amount,status\n" + rows)).text)
    assert {"amount", "status"} <= set(tables["orders"].silent)
    assert len(tables["orders"].rejects) == 0


def test_names_with_signs_of_toml_are_written_so_that_they_are_read(tmp_path: Path) -> None:
    orders = 'order_id,buyer_id,"total ""amount"" #\n[x]",currency\nO1,A,5,EUR\nO2,B,6,EUR\n'
    look = survey_folder(write(tmp_path, orders=orders), LoadSettings()).looks[0]
    assert 'total "amount" #\n[x]' in look.columns
    assert read(tmp_path, guess(tmp_path).text)["orders"].rows.num_rows == 2


def test_a_file_that_is_called_as_orders_are_is_no_list_of_accounts(tmp_path: Path) -> None:
    orders = "N°;Client;Statut\n" + "".join(f"{i};C{i};Remboursée\n" for i in range(9))
    clients = "Identifiant client;Courriel\n" + "".join(f"C{i};c{i}@x.fr\n" for i in range(9))
    found = guess(write(tmp_path, commandes=orders.replace("N°", "Réf"), clients=clients))
    assert found.tables["accounts"] == ("clients.csv",)
    said = "commandes.csv is not read: it is called as orders are, but none of its columns is known to be order_id"
    assert said in found.unsure
    assert f"#   {said}" in found.text
    (tmp_path / "clients.csv").unlink()
    assert guess_settings(survey_folder(tmp_path, LoadSettings()), tmp_path, {}).tables == {}


def test_accents_and_capitals_make_no_other_word(tmp_path: Path) -> None:
    rows = "".join(f"{i};C{i};{word}\n" for i, word in enumerate(["Remboursée", "REMBOURSEE", "Payée", "annulé"]))
    tables = read(tmp_path, guess(write(tmp_path, commandes="N° de commande;Client;Statut\n" + rows)).text)
    assert tables["orders"].rows["status"].to_pylist() == ["refunded", "refunded", "paid", "cancelled"]


def test_files_that_cannot_be_read_are_told_and_others_go_on(tmp_path: Path) -> None:
    folder = write(tmp_path, users="user_id\nA\n", empty="")
    (folder / "book.xlsx").write_bytes(b"PK")
    found = guess(folder)
    assert found.tables == {"accounts": ("users.csv",)}
    assert [each.split(" is ")[0] for each in found.unsure] == ["book.xlsx", "empty.csv"]


@pytest.mark.parametrize(
    ("head", "first", "second", "found"),
    [
        ("Total,Refunded Amount", "20.00,0.00", "30.00,30.00", ["refunded"]),
        ("Total,Status,Refunded Amount", "20.00,paid,0.00", "30.00,paid,5.00", ["paid", "refunded"]),
        ("Total,Status,Refunded Amount", "20.00,paid,0.00", "30.00,refunded,30.00", ["paid", "refunded"]),
        ("Total,Refunded Amount", "20.00,0.00", "30.00,0.00", []),
    ],
)
def test_refunds_that_only_an_amount_tells_are_found(
    tmp_path: Path, head: str, first: str, second: str, found: list[str]
) -> None:
    rows = "".join(f"O{i},A{i},{second if i % 3 == 0 else first}\n" for i in range(30))
    guessed = guess(write(tmp_path, orders=f"order_id,buyer_id,{head}\n" + rows))
    statuses = read(tmp_path, guessed.text)["orders"].rows["status"].to_pylist()
    assert sorted({each for each in statuses if each}) == found
    assert statuses[0] == (found[-1] if found else None)
    assert ("nonzero" in guessed.text) == (found == ["refunded"] or "5.00" in second)


def test_disputes_that_only_an_amount_tells_are_found_beside_refunds_that_the_status_tells(tmp_path: Path) -> None:
    rows = "".join(f"O{i},A{i},20.00,{'Refunded' if i % 3 else 'Paid'},{'' if i % 5 else '20.00'}\n" for i in range(30))
    guessed = guess(write(tmp_path, orders="order_id,buyer_id,Amount,Status,Disputed Amount\n" + rows))
    statuses = read(tmp_path, guessed.text)["orders"].rows["status"].to_pylist()
    assert statuses[:6] == ["disputed", "refunded", "refunded", "paid", "refunded", "disputed"]


@pytest.mark.parametrize(("other", "devices"), [("note", 0), ("Browser Fingerprint", 30)])
def test_a_cards_fingerprint_is_a_card_and_no_device(tmp_path: Path, other: str, devices: int) -> None:
    rows = "".join(f"O{i},A{i},fp{i},bf{i}\n" for i in range(30))
    folder = write(tmp_path, orders=f"order_id,buyer_id,Card Fingerprint,{other}\n{rows}")
    tables = read(tmp_path, guess(folder).text)
    assert set(tables["identifiers"].rows["kind"].to_pylist()) == {"payment"}
    assert (tables["devices"].rows.num_rows if "devices" in tables else 0) == devices


def test_prices_in_cents_are_known_by_their_name(tmp_path: Path) -> None:
    rows = "".join(f"P{i},S{i % 7},{1000 + i}\n" for i in range(30))
    folder = write(tmp_path, products="product_id,seller_id,price_cents\n" + rows)
    listings = read(tmp_path, guess(folder).text)["listings"]
    assert listings.rows["price"][0].as_py() == 10.0


def test_the_seller_is_the_column_whose_values_are_accounts(tmp_path: Path) -> None:
    users = "user_id,name\n" + "".join(f"{1000 + i},Shop {i}\n" for i in range(60))
    rows = [f"O{i},{1010 + i % 50},Shop {i % 10},{1000 + i % 10},5.50\n" for i in range(120)]
    orders = "order_id,buyer,seller,merchant,total\n" + "".join(rows)
    guessed = guess(write(tmp_path, users=users, orders=orders))
    assert first(read(tmp_path, guessed.text)["orders"])["seller_id"] == "1000"
    assert "100% of its values are accounts of users.csv" in guessed.text
    strangers = "".join(row.replace(f",{1000 + i % 10},", f",{9000 + i % 10},") for i, row in enumerate(rows))
    (other := tmp_path / "other").mkdir()
    guessed = guess(write(other, users=users, orders="order_id,buyer,seller,merchant,total\n" + strangers))
    assert first(read(other, guessed.text)["orders"])["seller_id"] == "Shop 0"  # neither is: by its name


def test_clicks_and_messages_are_events(tmp_path: Path) -> None:
    users = "user_id,created\n" + "".join(f"u{n},2024-01-01T00:00:00Z\n" for n in range(30))
    clicks = "user_id,page_url,event_type,timestamp\n" + "".join(
        f"u{n},/p{n % 7},view,2024-01-02T10:00:00Z\n" for n in range(30)
    )
    words = "sender,body,sent_at\n" + "".join(
        f"u{n},is number {n} still there,2024-01-02T11:00:00Z\n" for n in range(30)
    )
    guessed = guess(write(tmp_path, users=users, clickstream=clicks, messages=words))
    events = read(tmp_path, guessed.text)["events"].rows.to_pylist()
    assert (len(events), events[0]["object"], events[0]["action"], events[0]["is_text"]) == (60, "/p0", "view", False)
    assert (events[-1]["object"], events[-1]["action"], events[-1]["is_text"]) == (
        "is number 29 still there",
        "message",
        True,
    )
    assert all(event["happened_at"] is not None for event in events)


def test_a_file_of_log_ins_stays_one_of_devices(tmp_path: Path) -> None:
    logins = "user_id,device_id,login_at\n" + "".join(f"u{n},d{n % 9},2024-01-02T10:00:00Z\n" for n in range(30))
    guessed = guess(write(tmp_path, logins=logins))
    assert "events" not in read(tmp_path, guessed.text)


def test_payments_from_wallet_to_wallet_are_transfers(tmp_path: Path) -> None:
    head = "Txhash,DateTime (UTC),From,To,Value,Currency,Status\n"
    rows = "".join(
        f"0xa{n},2024-01-0{n % 7 + 1} 10:00:00,w{n},w{(n + 3) % 30},{n + 1}.25,EUR,succeeded\n" for n in range(30)
    )
    wallets = "wallet,created\n" + "".join(f"w{n},2024-01-01T00:00:00Z\n" for n in range(30))
    guessed = guess(write(tmp_path, users=wallets.replace("wallet", "user_id"), transactions=head + rows))
    tables = read(tmp_path, guessed.text)
    assert "orders" not in tables
    assert first(tables["transfers"]) == {
        "transfer_id": "0xa0",
        "payer_id": "w0",
        "payee_id": "w3",
        "amount": 1.25,
        "currency": "EUR",
        "paid_at": dt.datetime(2024, 1, 1, 10),
        "status": "paid",
    }


def test_payments_of_buyers_stay_orders(tmp_path: Path) -> None:
    users = "user_id,created\n" + "".join(f"u{n},2024-01-01T00:00:00Z\n" for n in range(30))
    rows = "".join(f"p{n},u{n},9.5,2024-01-02T10:00:00Z\n" for n in range(30))
    guessed = guess(write(tmp_path, users=users, payments="payment_id,customer_id,amount,created_at\n" + rows))
    tables = read(tmp_path, guessed.text)
    assert "transfers" not in tables
    assert first(tables["orders"])["buyer_id"] == "u0"


@pytest.mark.parametrize("name", ["Ship State", "bill_state"])
def test_the_state_of_an_address_is_no_state_of_an_order(tmp_path: Path, name: str) -> None:
    rows = "".join(f"O{n},U{n % 3},{('TX', 'OR')[n % 2]}\n" for n in range(9))
    write(tmp_path, orders=f"order_id,buyer_id,{name}\n{rows}")
    assert "status" not in tomllib.loads(guess(tmp_path).text)["tables"]["orders"]["columns"]
