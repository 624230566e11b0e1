"""What a load says of rows that contradict the store, and when it stops before anything is written."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from on_disk import list_files
from property_graph import write_folder

from graph.contract import tables
from graph.stores.embedded import bulk

pytestmark = pytest.mark.usefixtures("plain_surroundings")

ORDER = {"order_id": "o1", "buyer_id": "ann", "seller_id": "bob", "amount": "5", "status": "completed"}
OTHER = {**ORDER, "buyer_id": "eve"}
FURTHER = [{**ORDER, "order_id": f"o{number}"} for number in range(2, 40)]


def load(place: Path, orders: list[dict[str, str]], *words: str) -> tuple[int, str]:
    write_folder(place / "market", {"accounts": [{"account_id": "ann"}], "orders": orders})
    result = run("load", "market", *words)
    return result.exit_code, result.output


def read_rejects(place: Path) -> list[tuple[str, str]]:
    with (place / "ringfence-store-rejects.csv").open(encoding="utf-8", newline="") as file:
        return [(row["line"], row["reason"]) for row in csv.DictReader(file)]


def test_what_contradicts_the_store_is_listed_and_told(elsewhere: Path) -> None:
    load(elsewhere, [ORDER])
    code, said = load(elsewhere, [*FURTHER, OTHER])
    assert (code, "1 row rejected; see ringfence-store-rejects.csv" in said) == (0, True)
    assert read_rejects(elsewhere) == [("40", "order_id 'o1' is already in the store with 'ann' as its buyer_id")]


@pytest.mark.parametrize(("orders", "words"), [([OTHER], ()), ([*FURTHER, OTHER], ("--strict",))])
def test_too_much_that_contradicts_the_store_stops_a_load(
    elsewhere: Path, orders: list[dict[str, str]], words: tuple[str, ...]
) -> None:
    load(elsewhere, [ORDER])
    before = list_files(elsewhere / "ringfence-store")
    code, said = load(elsewhere, orders, *words)
    assert (code, "is already in the store with 'ann' as its buyer_id" in said) == (4, True)
    assert len(read_rejects(elsewhere)) == 1
    assert list_files(elsewhere / "ringfence-store") == before


def test_a_refund_is_a_change_and_no_reject(elsewhere: Path) -> None:
    load(elsewhere, [ORDER], "--as-of", "2024-03-01")
    code, said = load(elsewhere, [{**ORDER, "status": "refunded"}], "--as-of", "2024-03-05")
    assert code == 0
    assert "No row was rejected." in said
    asked = run("cypher", "MATCH (e:Earlier) RETURN e.status, e.valid_until", "--format", "csv").stdout
    assert asked.splitlines()[1:] == ["completed,2024-03-05T00:00:00Z"]


def test_a_table_that_is_not_there_replaces_nothing(elsewhere: Path) -> None:
    code, said = load(elsewhere, [ORDER], "--replace", "labels")
    assert (code, "'labels' is not in the folder, which has accounts, orders" in said) == (2, True)
    assert not (elsewhere / "ringfence-store").exists()


def test_what_a_replaced_table_has_no_more_is_counted(elsewhere: Path) -> None:
    load(elsewhere, [ORDER, *FURTHER])
    code, said = load(elsewhere, FURTHER, "--replace", "orders")
    assert (code, " ".join(said[said.index("orders ") :].split()[:7])) == (0, "orders 38 0 0 38 1 0")


def test_ids_that_a_spreadsheet_changed_stop_a_load_unless_it_is_told_to_go_on(elsewhere: Path) -> None:
    devices = [{"account_id": who, "device_id": "1.23E+15"} for who in ("ann", "bob")]
    write_folder(elsewhere / "market", {"accounts": [{"account_id": "ann"}], "devices": devices})
    stopped = run("load", "market", "--doubts", "doubts.json")
    assert (stopped.exit_code, "devices.device_id: 2 rows are numbers as a spreadsheet" in stopped.stderr) == (4, True)
    assert not (elsewhere / "ringfence-store").exists()
    assert [each["kind"] for each in json.loads((elsewhere / "doubts.json").read_text())] == ["shortened"]
    loaded = run("load", "market", "--despite-doubts")
    assert (loaded.exit_code, "doubtful: devices.device_id: 2 rows" in loaded.stderr) == (0, True)


def test_what_is_only_doubtful_is_told_and_loaded(elsewhere: Path) -> None:
    devices = [{"account_id": who, "device_id": "unknown"} for who in ("ann", "bob")]
    write_folder(elsewhere / "market", {"accounts": [{"account_id": "ann"}], "devices": devices})
    loaded = run("load", "market")
    assert loaded.exit_code == 0
    assert '(unknown); [tables.devices] ignore = ["unknown"]' in loaded.stderr


def test_the_tables_are_let_go_of_before_they_are_written(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[dict[str, tables.CheckedTable]] = []
    read_folder, write_plan = tables.read_folder, bulk.write_plan

    def remember(*given: Any, **named: Any) -> dict[str, tables.CheckedTable]:
        read.append(read_folder(*given, **named))
        assert read[0]
        return read[0]

    def look(*given: Any) -> None:
        assert read == [{}]
        write_plan(*given)

    monkeypatch.setattr(tables, "read_folder", remember)
    monkeypatch.setattr(bulk, "write_plan", look)
    code, said = load(elsewhere, [ORDER])
    assert (code, read, "No row was rejected." in said) == (0, [{}], True)
