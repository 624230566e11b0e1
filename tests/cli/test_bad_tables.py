"""Whatever is wrong with the tables: one clear line, an exit code, and nothing lost."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_market
from processes import complaint, dump_at, ringfence, write_lines
from property_graph import Dump
from small_market import HOSTILE


@pytest.fixture
def here(tmp_path: Path) -> Path:
    small_market.write_tables(tmp_path / "market")
    return tmp_path


@pytest.fixture
def loaded(here: Path) -> Path:
    """A place with the loaded ``ringfence-store`` and the ``market`` that it was loaded from."""
    small_market.make_loaded_store(here / "ringfence-store", here / "market")
    return here


def spoil_nothing_but_remove(market: Path) -> None:
    shutil.rmtree(market)


def drop_column(market: Path) -> None:
    write_lines(market / "orders.csv", "order_id,seller_id", "o1,ann")


def empty_file(market: Path) -> None:
    (market / "devices.csv").write_bytes(b"")


def write_latin(market: Path) -> None:
    (market / "accounts.csv").write_bytes("account_id,segment\nann,caf\u00e9\n".encode("latin-1"))


def write_utf_16(market: Path) -> None:
    (market / "accounts.csv").write_text("account_id\nann\n", encoding="utf-16-le")


def call_text_parquet(market: Path) -> None:
    (market / "labels.csv").rename(market / "labels.parquet")


def cut_parquet(market: Path) -> None:
    (market / "labels.csv").unlink()
    pq.write_table(pa.table({"account_id": ["a"] * 1000, "label": ["fraud"] * 1000}), market / "labels.parquet")
    content = (market / "labels.parquet").read_bytes()
    (market / "labels.parquet").write_bytes(content[: len(content) // 2])


def disagree_everywhere(market: Path) -> None:
    rows = [f"same,b{number},s" for number in range(10)]
    write_lines(market / "orders.csv", "order_id,buyer_id,seller_id", *rows)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_nothing_but_remove, "market"),
        (drop_column, "orders.csv has no column buyer_id"),
        (empty_file, "devices.csv is empty: not even a header"),
        (write_latin, "accounts.csv: line 2, byte 27 of the file, is not utf-8 text"),
        (write_utf_16, "looks like utf-16-le"),
        (call_text_parquet, "labels.parquet is not a readable Parquet file"),
        (cut_parquet, "labels.parquet is not a readable Parquet file"),
        (disagree_everywhere, "orders.csv: 9 of 10 rows break the contract"),
    ],
)
def test_a_folder_that_cannot_be_loaded_changes_nothing(
    loaded: Path, dump: Callable[..., Dump], spoil: Callable[[Path], None], words: str
) -> None:
    before = dump_at(loaded / "ringfence-store", dump)
    spoil(loaded / "market")
    assert words in complaint(ringfence("load", "market", cwd=loaded), 4)
    assert dump_at(loaded / "ringfence-store", dump) == before


def test_a_first_load_that_fails_leaves_no_store(here: Path) -> None:
    empty_file(here / "market")
    complaint(ringfence("load", "market", cwd=here), 4)
    assert not (here / "ringfence-store").exists()


def test_tables_with_only_a_header_load(here: Path, dump: Callable[..., Dump]) -> None:
    for file in (here / "market").iterdir():
        header = file.read_text(encoding="utf-8").splitlines()[0]
        file.write_text(f"{header}\n", encoding="utf-8")
    assert ringfence("load", "market", cwd=here).returncode == 0
    found = dump_at(here / "ringfence-store", dump)
    assert {name for name, rows in found.items() if rows} == {"Schema"}


def rejects(place: Path) -> dict[tuple[str, int], str]:
    with (place / "ringfence-store-rejects.csv").open(encoding="utf-8", newline="") as file:
        return {(row["table"], int(row["line"])): row["reason"] for row in csv.DictReader(file)}


def test_rows_that_break_the_contract_are_listed_and_the_rest_loads(here: Path, dump: Callable[..., Dump]) -> None:
    odd = ['x\n🦊 "it\'s"', "o2"]
    with (here / "market" / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "buyer_id", "seller_id", "amount", "ordered_at"])
        writer.writerow([odd[0], "ann", HOSTILE, "1", "1900-01-01"])
        writer.writerow([odd[0], "bob", "ann", "1", ""])
        writer.writerow(["o2", "ann", "bob", "NaN", ""])
        writer.writerow(["o3", "ann", "bob", "-inf", ""])
        writer.writerow(["o4", "ann", "bob", "1", "0000-01-01T00:00:00Z"])
        writer.writerow(["o5", "ann", "bob", "1", "9999-12-31T23:59:59Z"])
        writer.writerow(["y" * 10_000_000, "ann", "bob", "1", ""])
        writer.writerows([f"good{number}", "ann", "bob", "1", ""] for number in range(50))
    (here / "ringfence.toml").write_text("[load]\nmax_reject_share = 0.5\n", encoding="utf-8")
    finished = ringfence("load", "market", cwd=here)
    assert finished.returncode == 0, finished.stderr
    found = rejects(here)
    # The id with a line break fills two lines, and HOSTILE another two: the second row starts on line 5.
    assert sorted(line for table, line in found if table == "orders") == [5, 7, 8, 9, 10, 11], found
    assert "already given buyer_id 'ann'" in found["orders", 5]
    assert "amount" in found["orders", 7]
    assert "amount" in found["orders", 8]
    assert "ordered_at" in found["orders", 9]
    assert "ordered_at" in found["orders", 10]
    assert "longer than 1,024 bytes" in found["orders", 11]
    orders = dump_at(here / "ringfence-store", dump)["Account-ORDERED-Account"]
    assert len(orders) == 51
    assert ("ann", HOSTILE, odd[0]) in {row[:3] for row in orders}
    assert "Traceback" not in finished.stderr
