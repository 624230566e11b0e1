"""Exports of shops and payment services, in their own columns and words."""

from __future__ import annotations

import json
from pathlib import Path

from guessing import USERS, guess, read, settle, write


def test_lines_of_orders_beside_the_orders_are_left_out_and_what_is_lost_is_told(tmp_path: Path) -> None:
    ids = [(n, n % 9 + 1) for n in range(1, 20)]
    orders = "Sale Date,Order ID,User ID,Order Value\n" + "".join(f"2024-03-01,{n},U{of},{n}.50\n" for n, of in ids)
    header = "Sale Date,User ID,Price,Transaction ID,Order ID,Listing ID\n"
    lines = header + "".join(f"2024-03-01,U{of},{n}.50,7{n:03d},{n},L{of}\n" for n, of in ids)
    found = guess(write(tmp_path, {"users.csv": USERS, "SoldOrderItems.csv": lines, "SoldOrders.csv": orders}))
    assert settle(found)["orders"]["file"] == "SoldOrders.csv"
    told = "SoldOrderItems.csv is left out of orders: its Order ID names those of SoldOrders.csv, which fits better, in"
    assert f"{told} other columns; its Listing ID (product_id) is lost" in found.unsure
    assert read(tmp_path, found)["orders"].rows.num_rows == 19


def test_orders_of_two_shops_in_other_columns_are_both_read(tmp_path: Path) -> None:
    one = "order_id,user_id,amount\n" + "".join(f"A{n},U{n},{n}.50\n" for n in range(1, 9))
    other = "order_id,user_id,total,status\n" + "".join(f"B{n},U{n},{n}.50,paid\n" for n in range(1, 9))
    found = guess(write(tmp_path, {"users.csv": USERS, "orders-a.csv": one, "orders-b.csv": other}))
    assert found.tables["orders"] == ("orders-a.csv", "orders-b.csv")
    assert read(tmp_path, found)["orders"].rows.num_rows == 16


def test_refunds_that_are_rows_below_zero_are_taken_for_refunds_and_told(tmp_path: Path) -> None:
    rows = "".join(f'O{n},U{n},"{"-" if n % 3 == 0 else ""}$1,{n}00.50"\n' for n in range(1, 10))
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.csv": f"order_id,user_id,Amount\n{rows}"}))
    assert settle(found)["orders"]["below_zero"] == "refunded"
    told = "orders.csv: 33% of Amount are below zero, such as -$1,300.50; they are taken for what was paid back"
    assert told in found.unsure
    table = read(tmp_path, found)["orders"]
    assert table.rows["status"].to_pylist().count("refunded") == 3
    assert table.rows["amount"].to_pylist()[2] == 1300.5
    spent = rows.replace('"$', '"-$')
    found = guess(write(tmp_path, {"orders.csv": f"order_id,user_id,Amount\n{spent}"}))
    assert "below_zero" not in settle(found)["orders"]
    assert "orders.csv: 100% of Amount are below zero, such as -$1,100.50, and would be set aside" in found.unsure


def test_a_statement_that_counts_what_was_paid_out_below_zero_is_read_and_told(tmp_path: Path) -> None:
    header = "Gross,From Email Address,To Email Address,Transaction ID\n"
    paid = "".join(f"{'-' if n % 4 else ''}{n}.50,p{n}@x.org,p{n + 1}@x.org,T{n}\n" for n in range(1, 9))
    found = guess(write(tmp_path, {"transfers.csv": header + paid}))
    assert settle(found)["transfers"]["below_zero"] == "outgoing"
    assert any(
        "75% of Gross are below zero, such as -1.50; they are taken for payments out" in each for each in found.unsure
    )
    rows = read(tmp_path, found)["transfers"].rows
    assert rows["amount"].to_pylist() == [n + 0.5 for n in range(1, 9)]
    assert rows["payer_id"].to_pylist()[0] == "p1@x.org"
    alone = "".join(f"{'-' if n % 4 else ''}{n}.50,shop@x.org,p{n}@x.org,T{n}\n" for n in range(1, 9))
    found = guess(write(tmp_path, {"transfers.csv": header + alone}))
    assert "below_zero" not in settle(found)["transfers"]
    assert any("From Email Address is always the same" in each for each in found.unsure)


def test_a_time_of_day_in_a_column_of_its_own_is_read_with_its_date(tmp_path: Path) -> None:
    header = "Date,Time,TimeZone,From Email Address,To Email Address,Transaction ID,Gross\n"
    rows = "".join(f"1{n}/07/2024,1{n}:30:00,BST,p{n}@x.org,p{n + 1}@x.org,T{n},5.50\n" for n in range(1, 9))
    winter = "20/12/2024,09:30:00,GMT,p1@x.org,p2@x.org,T9,5.50\n"
    found = guess(write(tmp_path, {"transfers.csv": header + rows + winter}))
    transfers = settle(found)["transfers"]
    assert (transfers["columns"]["paid_at"], transfers["zone"]) == (["Date", "Time"], "Europe/London")
    told = read(tmp_path, found)["transfers"].rows["paid_at"].to_pylist()
    assert [str(each) for each in (told[0], told[-1])] == ["2024-07-11 10:30:00", "2024-12-20 09:30:00"]
    iso = header + rows.replace("/07/2024", "").replace("\n1", "\n2024-07-1").replace("11,", "2024-07-11,", 1)
    found = guess(write(tmp_path, {"transfers.csv": iso.replace("BST,p3", "PST,p3")}))
    assert str(read(tmp_path, found)["transfers"].rows["paid_at"][0]) == "2024-07-11 11:30:00"
    assert any("TimeZone says BST, PST, which no one zone is" in each for each in found.unsure)


def test_a_time_of_day_that_may_be_of_either_date_is_told(tmp_path: Path) -> None:
    header = "order_id,user_id,ordered_at,updated_at,amount,clock\n"
    rows = "".join(f"O{n},U{n},2024-03-0{n},2024-03-1{n},{n}.50,1{n}:30\n" for n in range(1, 9))
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.csv": header + rows}))
    assert settle(found)["orders"]["columns"]["ordered_at"] == "ordered_at"
    assert "orders.csv: clock holds times of day, and is not read" in found.unsure


def test_a_list_of_devices_in_a_record_is_left_out_but_not_in_silence(tmp_path: Path) -> None:
    users = [
        {"user_id": f"U{n}", "devices": [{"device_id": f"D{n}"}, {"device_id": "D0"}], "badges": [{"level": n}]}
        for n in range(1, 9)
    ]
    found = guess(write(tmp_path, {"users.jsonl": "".join(json.dumps(each) + "\n" for each in users)}))
    assert settle(found).keys() == {"accounts"}
    told = (
        "users.jsonl: the list devices in each record is not read; write its entries to a file, each with the id of its"
    )
    assert [each for each in found.unsure if "the list" in each] == [f"{told} account"]


def test_a_state_of_the_union_is_no_status_of_an_account(tmp_path: Path) -> None:
    states = {"users.csv": "user_id,state\nU1,CA\nU2,NY\n", "sellers.csv": "user_id,state\nU1,active\nU2,on leave\n"}
    for name, text in states.items():
        (tmp_path / name).mkdir()
        found = guess(write(tmp_path / name, {"users.csv": text}))
        assert ("status" in settle(found)["accounts"]["columns"]) == ("active" in text)


def test_a_type_that_says_how_orders_ended_is_their_status(tmp_path: Path) -> None:
    orders = "order_id,user_id,Type\n" + "".join(f"O{n},U{n},{'Refund' if n > 6 else 'Sale'}\n" for n in range(1, 10))
    found = guess(write(tmp_path, {"users.csv": USERS, "orders.csv": orders}))
    assert settle(found)["orders"]["values"]["status"] == {"Sale": "completed", "Refund": "refunded"}
    found = guess(write(tmp_path, {"orders.csv": orders.replace("Refund", "Web").replace("Sale", "App")}))
    assert "status" not in settle(found)["orders"]["columns"]


def test_a_back_office_in_brazil_is_understood(tmp_path: Path) -> None:
    users = "id_usuario;data_cadastro;situação;CPF;endereço\n1;13/03/2024;ativo;123;Rua São João, 4\n"
    users += "2;14/03/2024;suspenso;124;Rua Augusta, 4\n"
    sales = "Nº da venda;Data da venda;Estado;id_comprador;id_vendedor;# de anúncio;Total (BRL)\n"
    sales += "7;15/04/2024 10:00;Entregue;1;2;MLB1;1.234,50\n8;15/04/2024 10:00;Devolvida;2;1;MLB2;4,50\n"
    found = guess(write(tmp_path, {"usuarios.csv": users, "vendas.csv": sales}, "cp1252"))
    tables = read(tmp_path, found)
    assert tables["accounts"].rows["status"].to_pylist() == ["active", "suspended"]
    assert tables["orders"].rows["status"].to_pylist() == ["delivered", "returned"]
    assert tables["orders"].rows["amount"].to_pylist() == [1234.5, 4.5]
    assert tables["orders"].rows["product_id"].to_pylist() == ["MLB1", "MLB2"]
    assert tables["addresses"].rows.num_rows == tables["identifiers"].rows.num_rows == 2


def test_orders_of_a_shop_of_woocommerce_name_their_buyers(tmp_path: Path) -> None:
    orders = "Order Number,Order Date,Order Status,Customer User ID,Order Total Amount\n"
    orders += "5,2024-04-01 10:00:00,On hold,U1,5.50\n6,2024-04-02 10:00:00,Completed,U2,6.50\n"
    found = guess(write(tmp_path, {"users.csv": USERS, "wc-orders.csv": orders}))
    rows = read(tmp_path, found)["orders"].rows
    assert rows["buyer_id"].to_pylist() == ["U1", "U2"]
    assert rows["amount"].to_pylist() == [5.5, 6.5]
    assert rows["status"].to_pylist() == ["pending", "completed"]


def test_what_an_address_is_used_as_may_stand_behind_its_parts(tmp_path: Path) -> None:
    header = "Order Number,Customer User ID,Address 1 (Billing),City (Billing),Address 1 (Shipping),City (Shipping)\n"
    orders = header + "5,U1,4 High Street,Leeds,7 Low Street,York\n6,U2,5 High Street,Leeds,8 Low Street,York\n"
    found = guess(write(tmp_path, {"users.csv": USERS, "wc-orders.csv": orders}))
    rows = read(tmp_path, found)["addresses"].rows.to_pylist()
    told = sorted((each["kind"], each["address"]) for each in rows if each["account_id"] == "U1")
    assert told == [("billing", "4 High Street, Leeds"), ("shipping", "7 Low Street, York")]


def test_orders_of_shopee_name_who_sold(tmp_path: Path) -> None:
    header = "Order ID,Order Status,Username (Buyer),Seller Username,Product Name,SKU Reference No.,Grand Total\n"
    orders = header + "2405A,To ship,ann,mugs,Mug,S1,5.50\n2405B,Shipping,bob,cups,Mug,S2,6.50\n"
    rows = read(tmp_path, guess(write(tmp_path, {"Order.all.csv": orders})))["orders"].rows
    assert rows["seller_id"].to_pylist() == ["mugs", "cups"]
    assert rows["product_id"].to_pylist() == ["S1", "S2"]
    assert rows["status"].to_pylist() == ["pending", "shipped"]
