"""CSV that a spreadsheet may open: no cell is a formula, and what is loaded again is what there was."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from processes import ringfence

from graph.open import open_store
from graph.spreadsheets import guard_cell, unguard_cell

FORMULAS = ("=1+1", "+SUM(A1)", "-2+3", "@x", "\t=1", "\r=1", "＝1", "'=1", "''=1", "=1,2", '="x"', "-5,=1")


@settings(deadline=None)
@given(st.text(alphabet="'=+-@\t\r\n＝＋－＠a1.5e ,", max_size=8))
@example("'")
@example("'-5")
def test_no_guarded_cell_is_a_formula_and_each_comes_back(cell: str) -> None:
    guarded = str(guard_cell(cell))
    assert unguard_cell(guarded) == cell
    if guarded and guarded[0] in "=+-@\t\r\n＝＋－＠":
        float(guarded)


@pytest.mark.parametrize("number", ["-5", "+5", "-1.5e-3", "5", "-.5", -5, 0.5, None])
def test_numbers_are_left_alone(number: object) -> None:
    assert guard_cell(number) == number


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "market").mkdir()
    (tmp_path / "market" / "accounts.csv").write_text("account_id\nann\n", encoding="utf-8")
    (tmp_path / "ringfence.toml").write_text("load.max_reject_share = 1.0\n", encoding="utf-8")
    return tmp_path


def write_orders(folder: Path, delimiter: str = ",") -> None:
    """Orders that are all rejects: each has an id that is a formula, and an amount below zero that is none."""
    with (folder / "market" / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["amount", "order_id", "buyer_id"])
        writer.writerows([["-5", each, each] for each in FORMULAS])


def read_rejects(folder: Path) -> list[str]:
    with (folder / "ringfence-store-rejects.csv").open(encoding="utf-8", newline="") as file:
        return [row["row"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_mended_rejects_load_as_what_they_were(here: Path, delimiter: str) -> None:
    write_orders(here, delimiter)
    toml = f"load.max_reject_share = 1.0\n[tables.orders]\ndelimiter = {delimiter!r}\n".replace("'", '"')
    (here / "ringfence.toml").write_text(toml, encoding="utf-8")
    assert ringfence("load", "market", cwd=here).returncode == 0
    rows = read_rejects(here)
    assert len(rows) == len(FORMULAS)
    assert not [row for row in rows if row[0] in "=+-@\t\r"]
    # Somebody mends the amount, and puts the rows back under their header.
    mended = [row.replace("'-5", "5", 1) for row in rows]
    text = "\n".join([delimiter.join(["amount", "order_id", "buyer_id"]), *mended, ""])
    (here / "market" / "orders.csv").write_bytes(text.encode())
    (here / "ringfence.toml").write_text(f"{toml}guarded = true\n", encoding="utf-8")
    assert "No row was rejected." in ringfence("load", "market", cwd=here).stdout
    with open_store(str(here / "ringfence-store")) as store:
        found = store.query("MATCH (a:Account) RETURN a.account_id AS id")
    assert {row["id"] for row in found} == {"ann", *FORMULAS}


def test_a_guarded_file_is_not_guarded_twice(here: Path) -> None:
    (here / "market" / "orders.csv").write_text("order_id,buyer_id,amount\n'=1+1,ann,x\n", encoding="utf-8")
    toml = "load.max_reject_share = 1.0\ntables.orders.guarded = true\n"
    (here / "ringfence.toml").write_text(toml, encoding="utf-8")
    assert ringfence("load", "market", cwd=here).returncode == 0
    (row,) = read_rejects(here)
    assert [unguard_cell(cell) for cell in next(csv.reader([row]))] == ["=1+1", "ann", "x"]


def test_raw_rejects_are_as_they_were_written(here: Path) -> None:
    write_orders(here)
    assert ringfence("load", "market", "--raw", cwd=here).returncode == 0
    assert [next(csv.reader(io.StringIO(row, newline="")))[1] for row in read_rejects(here)] == list(FORMULAS)
