"""Exports as nobody would design them: in parts, in an archive, in other words, with a title above their header."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from guessing import USERS, guess, read, settle, write
from workbooks import make_workbook

from graph.contract.packed import guess_encoding
from graph.contract.sanity import find_doubts, refuse_grave
from graph.errors import DoubtfulDataError
from graph.recognition.names import Names, score_name, squeeze
from graph.recognition.survey import survey_folder
from graph.settings import LoadSettings

CLIENTS = (
    "N° client;Date d'inscription;Statut du compte\nC1;03/01/2024 10:00:00;Actif\nC2;13/01/2024 10:00:00;Suspendu\n"
)


def pack(members: Mapping[str, str], encoding: str = "utf-8") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text.encode(encoding))
    return content.getvalue()


# ── parts of one table ────────────────────────────────────────────────────────────────────────────

HEADER = "N° commande;N° client;Montant TTC;Date de commande;Statut\n"
JANUARY = HEADER + "O1;C1;1 234,50 €;31/01/2024 10:00:00;Terminée\n"
MAY = HEADER + "O2;C2;4,00 €;15/05/2024 10:00:00;En litige\n"


def test_months_in_one_archive_are_one_table(tmp_path: Path) -> None:
    months = {"export/orders_2024-01.csv": JANUARY, "export/orders_2024-05.csv": MAY}
    found = guess(write(tmp_path, {"Clients.csv": CLIENTS, "orders.zip": pack(months, "cp1252")}, "cp1252"))
    orders = settle(found)["orders"]
    assert orders["member"] == "export/orders_*-*.csv"
    assert orders["values"]["status"] == {"Terminée": "completed", "En litige": "disputed"}
    zone = "times in Clients.csv, such as 03/01/2024 10:00:00, do not say their zone: where did the clock hang?"
    assert f"{zone} Taken: Europe/Paris, also in orders.zip (export/orders_*-*.csv)" in found.unsure
    assert len([each for each in found.unsure if "orders" in each]) == 1
    rows = read(tmp_path, found)["orders"].rows
    assert rows["amount"].to_pylist() == [1234.5, 4.0]
    assert [each.hour for each in rows["ordered_at"].to_pylist()] == [9, 8]


def test_sheets_of_months_are_one_table(tmp_path: Path) -> None:
    rows = {f"2024-0{month}": [["order id", "user id", "total"], [f"O{month}", "U1", 2.5]] for month in (1, 2)}
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.xlsx": make_workbook(rows)}))
    assert settle(found)["orders"]["sheet"] == "*-*"
    assert read(tmp_path, found)["orders"].rows["order_id"].to_pylist() == ["O1", "O2"]


def test_a_pattern_that_would_take_something_else_too_is_not_written(tmp_path: Path) -> None:
    members = {
        "orders_1.csv": "order_id,user_id\nO1,U1\n",
        "orders_2.csv": "order_id,user_id\nO2,U1\n",
        "orders_x.csv": "order_id,user_id,total\nO3,U2,5.5\n",
    }
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.zip": pack(members)}))
    assert [each["member"] for each in settle(found)["orders"]] == list(members)
    assert read(tmp_path, found)["orders"].rows.num_rows == 3


def test_a_month_without_an_accent_is_in_the_encoding_of_the_others(tmp_path: Path) -> None:
    files = {"users.csv": USERS, "orders-1.csv": "order_id,user_id,product\nO1,U1,mug\n"}
    write(tmp_path, files)
    write(tmp_path, {"orders-2.csv": "order_id,user_id,product\nO2,U1,Käse\n"}, "cp1252")
    found = guess(tmp_path)
    assert (settle(found)["orders"]["file"], settle(found)["orders"]["encoding"]) == ("orders-*.csv", "cp1252")
    write(tmp_path, {"orders-1.csv": "order_id,user_id,product\nO1,U1,Brötchen\n"})
    assert len(settle(guess(tmp_path))["orders"]) == 2


def test_folders_of_months_are_one_table_and_a_store_among_them_is_none(tmp_path: Path) -> None:
    for month in ("2024-01", "2024-02"):
        (tmp_path / month).mkdir()
        write(tmp_path / month, {"orders.csv": f"order_id,user_id,total\nO{month},U1,5.5\n"})
    (tmp_path / "kept").mkdir()
    write(tmp_path / "kept", {"ringfence-store.json": "{}", "orders.csv": "order_id,user_id,total\nX,U1,5.5\n"})
    found = guess(write(tmp_path, {"users.csv": USERS}))
    assert settle(found)["orders"]["file"] == "*-*/orders.csv"
    assert read(tmp_path, found)["orders"].rows["order_id"].to_pylist() == ["O2024-01", "O2024-02"]


def test_a_folder_says_what_its_files_are_that_do_not_say_it_themselves(tmp_path: Path) -> None:
    (tmp_path / "reviews").mkdir()
    parts = {f"part-{n}.csv": f"id,user_id,product_id,stars\nR{n},U{n},P1,5\n" for n in (1, 2)}
    write(tmp_path / "reviews", {**parts, "customers.csv": USERS})
    tables = settle(guess(tmp_path))
    assert (tables["reviews"]["file"], tables["reviews"]["columns"]["review_id"]) == ("reviews/part-*.csv", "id")
    assert tables["accounts"]["file"] == "reviews/customers.csv"


def test_a_copy_in_a_folder_inside_is_left_alone_and_told(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    write(tmp_path / "old", {"users.csv": USERS, "logins.csv": "user_id,device_id\nU1,D1\nU2,D1\n"})
    found = guess(write(tmp_path, {"users.csv": USERS}))
    assert settle(found)["accounts"]["file"] == "users.csv"
    assert settle(found)["devices"]["file"] == "old/logins.csv"
    assert found.unsure == ("old/users.csv is not read: users.csv is, which lies less deep",)


def test_an_archive_in_an_archive_is_told(tmp_path: Path) -> None:
    inner = pack({"users.csv": USERS})
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("export.zip", inner)
    assert survey_folder(tmp_path, LoadSettings()).unread == ("all.zip holds an archive, export.zip: unpack it first",)


# ── how files are written ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "N° client;Identifiant appareil\nC1;D1\n"),
        ("cp1252", "total;note\n5 £;café\n"),
        ("cp1252", "id_usuario;situação;endereço\nU1;ativo;Rua São João, 4\n"),
        ("cp1250", "id;miasto\n1;Łódź\n2;Kraków\n"),
        ("cp1251", "номер;имя\n1;Иван\n"),
        ("cp932", "注文番号,氏名\n1,山田\n"),
    ],
)
def test_a_few_letters_of_western_europe_are_no_japanese(encoding: str, text: str) -> None:
    assert guess_encoding(text.encode(encoding)) == encoding


def test_what_most_files_are_in_is_taken_for_one_that_alone_would_be_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    towns = ("Älvö", "Åsby", "Mölle", "Växjö", "Göta", "Håby", "Lüå", "Çé", "îsê", "Ñò")
    text = "N° client;Adresse\n" + "".join(f"C{n};{n} {town} gata\n" for n, town in enumerate(towns))
    monkeypatch.setattr(
        "graph.recognition.survey.guess_encoding", lambda start: "cp1252" if b"gata" not in start else "cp1250"
    )
    files = {"Adresses.csv": text, "Clients.csv": CLIENTS, "Vendeurs.csv": CLIENTS.replace("Actif", "Fermé")}
    found = guess(write(tmp_path, files, "cp1252"))
    assert settle(found)["addresses"]["encoding"] == "cp1252"
    assert "most files here are in cp1252, though alone it looks like cp1250" in found.text


def test_an_encoding_that_few_files_are_in_is_shown_by_what_it_makes_of_them(tmp_path: Path) -> None:
    users = "id;miasto\n1;Łódź\n2;Kraków\n3;Gdańsk\n4;Wąchock\n"
    found = guess(write(tmp_path, {"users.csv": users}, "cp1250"))
    assert found.unsure == ("users.csv is no UTF-8, and is read as cp1250: does it hold “Łódź”?",)


def test_titles_above_the_header_of_a_sheet_are_left_out(tmp_path: Path) -> None:
    rows = [["Exported by J. Smith"], [], ["Order ref", "Buyer", "Order total (£)", "Placed on"]]
    rows += [[f"O{n}", f"U{n}", 2.5 * n, 45000.4 + n] for n in range(1, 9)]
    found = guess(write(tmp_path, {"users.csv": USERS, "Sales ledger.xlsx": make_workbook({"May": rows})}))
    assert settle(found)["orders"]["skip_lines"] == 2
    assert settle(found)["orders"]["zone"] == "Europe/London"  # days of Excel do not say where the clock hung either
    assert read(tmp_path, found)["orders"].rows["amount"].to_pylist() == [2.5 * n for n in range(1, 9)]


def test_a_header_that_does_not_name_all_columns_of_a_sheet_stays_the_header(tmp_path: Path) -> None:
    rows = [["order id", "user id"], *([f"O{n}", f"U{n}", n, "x", 45000.4] for n in range(1, 9))]
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.xlsx": make_workbook({"May": rows})}))
    assert "skip_lines" not in settle(found)["orders"]


def test_a_list_of_phones_in_a_record_is_read_and_records_around_columns_are_not(tmp_path: Path) -> None:
    users = [{"id": f"U{n}", "contact": {"phones": [f"+4479000000{n}", f"+4479000001{n}"]}} for n in range(1, 9)]
    sales = [
        {
            "id": f"O{n}",
            "buyer": {"id": f"U{n}"},
            "seller": {"id": "U1"} if n > 1 else None,
            "lines": [{"sku": f"P{n}"}],
        }
        for n in range(1, 9)
    ]
    files = {"users.jsonl": "\n".join(map(json.dumps, users)), "orders.jsonl": "\n".join(map(json.dumps, sales))}
    found = guess(write(tmp_path, files))
    assert settle(found)["identifiers"]["kinds"] == {"phone": ["contact.phones.0", "contact.phones.1"]}
    assert settle(found)["orders"]["columns"]["product_id"] == "lines.0.sku"
    assert (found.unsure, "Not read" in found.text) == ((), False)
    assert read(tmp_path, found)["identifiers"].rows.num_rows == 16


# ── what columns are called ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("client id", "N° client"),
        ("client id", "Numéro de client"),
        ("client id", "CLIENT_REF"),
        ("customer id", "custId"),
        ("created at", "created_on"),
        ("transaction date", "txn_ts"),
        ("total", "Total (£)"),
        ("amount", "amount_gbp"),
        ("total", "total incl. VAT"),
        ("sku", "lines.0.sku"),
        ("phone", "phones.0"),
    ],
)
def test_a_name_is_known_by_its_words(alias: str, name: str) -> None:
    assert score_name(name, Names((squeeze(alias),), (), (alias,))) > 0.7


@pytest.mark.parametrize(
    ("alias", "name"),
    [("client id", "N° commande"), ("total", "VAT amount"), ("order id", "id"), ("payer id", "paid on")],
)
def test_other_words_are_another_name(alias: str, name: str) -> None:
    assert score_name(name, Names((squeeze(alias),), (), (alias,))) == 0.0


def test_statuses_of_accounts_are_understood_and_what_is_not_bars_nobody_silently(tmp_path: Path) -> None:
    words = ["Actif", "Suspendu", "Gesperrt", "en vacances"]
    users = "user_id,status\n" + "".join(f"U{n},{word}\n" for n, word in enumerate(words))
    found = guess(write(tmp_path, {"users.csv": users}))
    assert settle(found)["accounts"]["values"]["status"] == {
        "Actif": "active",
        "Suspendu": "suspended",
        "Gesperrt": "blocked",
    }
    assert found.unsure == ("users.csv: status en vacances: what it means is not known here, and it bars nobody",)
    (doubt,) = find_doubts(read(tmp_path, found), 1_710_000_000_000_000)
    assert doubt.say().startswith(
        "accounts.status: 1 row has a status that nobody has described: it bars nobody (en vacances); "
    )


def test_amounts_that_no_name_explains_are_asked_for(tmp_path: Path) -> None:
    orders = "order_id,user_id,items,zzz\n" + "".join(f"O{n},U{n},{n},{n}.50\n" for n in range(1, 9))
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.csv": orders}))
    assert found.unsure == ("orders.csv: no column is known to be amount; is it zzz?",)


# ── who is who ────────────────────────────────────────────────────────────────────────────────────


def test_a_log_of_addresses_that_names_accounts_is_read_for_its_identifiers(tmp_path: Path) -> None:
    log = "user_id,Adresse IP,Horodatage\n" + "".join(f"U{n},8.8.4.{n},2024-03-0{n}T10:00:00Z\n" for n in range(1, 10))
    cards = "user_id,Empreinte carte\n" + "".join(f"U{n},card-{n}\n" for n in range(1, 10))
    found = guess(write(tmp_path, {"users.csv": USERS, "Connexions.csv": log, "Moyens de paiement.csv": cards}))
    assert [each["kinds"] for each in settle(found)["identifiers"]] == [
        {"ip": "Adresse IP"},
        {"payment": "Empreinte carte"},
    ]
    assert found.unsure == ()
    rows = read(tmp_path, found)["identifiers"].rows
    assert (rows.num_rows, rows["seen_at"].null_count) == (18, 9)


def test_a_file_of_kinds_and_values_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    contacts = "member_no,contact_type,contact_value\nU1,Mobile,+447900000001\nU2,E-Mail,a@b.example\n"
    found = guess(write(tmp_path, {"members.csv": "member_no\nU1\nU2\n", "contact_points.csv": contacts}))
    assert settle(found)["identifiers"]["values"]["kind"] == {"Mobile": "phone", "E-Mail": "email"}
    own = "account_id,kind,value\nU1,loyalty_card,7\nU2,telefono,061\n"
    found = guess(write(tmp_path, {"identifiers.csv": own, "contact_points.csv": "x\n1\n"}))
    assert (settle(found)["identifiers"]["file"], found.unsure) == ("identifiers.csv", ())


def test_a_wallet_that_is_the_account_itself_is_no_identifier(tmp_path: Path) -> None:
    paid = "tx_hash,from_wallet,to_wallet,value\n" + "".join(f"t{n},U{n},U1,5.5\n" for n in range(2, 10))
    found = guess(write(tmp_path, {"users.csv": USERS, "wallet_transfers.csv": paid}))
    assert settle(found).keys() == {"accounts", "transfers"}


def test_ids_that_name_nobody_are_told_while_settings_are_guessed_and_with_all_else_that_is_grave(
    tmp_path: Path,
) -> None:
    users = "account_id\n" + "".join(f"{n:07d}\n" for n in range(1, 60))
    orders = "order_id,buyer_id,amount\n" + "".join(f"O{n},{n},5.5\n" for n in range(1, 60))
    devices = "account_id,device_id\n" + "".join(f"{n:07d},{1.23 + n % 7 / 100:.2f}E+15\n" for n in range(1, 60))
    found = guess(write(tmp_path, {"accounts.csv": users, "orders.csv": orders, "devices.csv": devices}))
    told = "orders.buyer_id is buyer_id of orders.csv, and none of its values (1, …) is an account of accounts.csv"
    assert f"{told} (0000001, …)" in found.unsure
    doubts = find_doubts(read(tmp_path, found), 1_710_000_000_000_000)
    with pytest.raises(DoubtfulDataError, match=r"^devices\.device_id: .*; orders\.buyer_id: 59 rows are ids"):
        refuse_grave(doubts)


# ── what is written for somebody else ─────────────────────────────────────────────────────────────


def test_a_line_that_tells_excel_the_delimiter_is_no_header(tmp_path: Path) -> None:
    users = "sep=;\r\nuser_id;created_at\r\n" + "".join(f"U{n};2024-01-0{n}\r\n" for n in range(1, 9))
    found = guess(write(tmp_path, {"users.csv": users}))
    assert (settle(found)["accounts"]["skip_lines"], settle(found)["accounts"]["delimiter"]) == (1, ";")
    assert read(tmp_path, found)["accounts"].rows.num_rows == 8


def test_characters_alone_are_of_the_zone_that_other_files_of_the_folder_tell(tmp_path: Path) -> None:
    users = "会員番号,ステータス,登録日時\nK1,有効,2024/01/13 10:00:00\nK2,退会,2024/01/14 10:00:00\n"
    orders = "注文番号,会員番号,合計金額,注文日時\nJ1,K1,100.50,2024/01/13 10:00:00\nJ2,K2,20.25,2024/01/14 10:00:00\n"
    found = guess(write(tmp_path, {"会員.csv": users, "注文.csv": orders}))
    assert {settle(found)[table]["zone"] for table in ("accounts", "orders")} == {"Asia/Tokyo"}
    assert settle(found)["accounts"]["values"]["status"] == {"有効": "active", "退会": "closed"}


def test_ids_that_became_floats_still_name_the_column(tmp_path: Path) -> None:
    users = "account_id\n" + "".join(f"{1000 + n}\n" for n in range(20))
    orders = "order_id,buyer_id,amount\n" + "".join(f"{n},{1000 + n}.0,{n}.5\n" for n in range(20))
    found = guess(write(tmp_path, {"accounts.csv": users, "orders.csv": orders}))
    assert settle(found)["orders"]["columns"]["buyer_id"] == "buyer_id"


def test_ids_that_a_spreadsheet_shortened_are_not_left_out_in_silence(tmp_path: Path) -> None:
    orders = "order_id,buyer_id,listing_id\n" + "".join(
        f"{n},U{n},{'1.23457E+11' if n == 1 else 123456789000 + n}\n" for n in range(1, 40)
    )
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.csv": orders}))
    assert settle(found)["orders"]["columns"]["product_id"] == "listing_id"
    with pytest.raises(DoubtfulDataError, match=r"1\.23457E\+11"):
        refuse_grave(find_doubts(read(tmp_path, found), 1_710_000_000_000_000))
