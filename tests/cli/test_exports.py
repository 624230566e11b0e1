"""Whole runs as files: every form the same rows, complete or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import small_market
from command_line import ACCOUNTS, run
from python_calamine import CalamineWorkbook

from cli import exports

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("subject", exports.COLUMNS)
def test_every_form_of_an_export_holds_the_same_rows(subject: str, tmp_path: Path) -> None:
    for form in ("csv", "json", "jsonl", "parquet", "xlsx"):
        assert run("export", subject, "-o", str(tmp_path / f"all.{form}")).exit_code == 0
    columns = list(exports.COLUMNS[subject])
    table = pq.read_table(tmp_path / "all.parquet").to_pylist()
    assert [list(row) for row in table] == [columns] * len(table)
    assert json.loads((tmp_path / "all.json").read_text(encoding="utf-8")) == table
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert [json.loads(line) for line in lines] == table
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        assert [list(row.values()) for row in csv.DictReader(file)] == [
            ["" if row[name] is None else str(row[name]) for name in columns] for row in table
        ]

    with CalamineWorkbook.from_path(str(tmp_path / "all.xlsx")) as book:
        head, *rows = book.get_sheet_by_name(subject).to_python()
    assert head == columns
    assert rows == [["" if row[name] is None else row[name] for name in columns] for row in table]


@pytest.mark.usefixtures("here")
def test_a_workbook_is_the_same_to_the_byte_every_time(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        run("export", "rings", "-o", str(tmp_path / name))
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_text_that_a_spreadsheet_would_run_stays_a_text(tmp_path: Path) -> None:
    row = dict.fromkeys(exports.COLUMNS["reviews"]) | {"review_id": "=1+1", "account_id": "http://x.y"}
    with (tmp_path / "evil.xlsx").open("wb") as file:
        exports.write_xlsx(file, exports.Export("reviews", [row], []))
    with zipfile.ZipFile(tmp_path / "evil.xlsx") as parts:
        sheet, words = (parts.read(f"xl/{name}").decode() for name in ("worksheets/sheet1.xml", "sharedStrings.xml"))
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "=1+1" in words


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["rings.doc", "rings.xls", "rings.CSVX"])
def test_an_ending_that_nobody_writes_is_refused(name: str, tmp_path: Path) -> None:
    result = run("export", "rings", "-o", str(tmp_path / name))
    assert result.exit_code == 2
    assert "say which with --format: csv, json, jsonl, parquet, xlsx or graphml" in result.stderr
    assert not (tmp_path / name).exists()
    assert run("export", "rings", "--format", "csv", "-o", str(tmp_path / name)).exit_code == 0


@pytest.mark.usefixtures("here")
def test_exports_begin_with_the_columns_that_programs_rely_on() -> None:
    assert run("export", "rings", "-o", "-").stdout.startswith("ring_id,kind,score,account_id,")
    assert run("export", "accounts", "-o", "-").stdout.startswith("account_id,risk_score,tier,probability\n")
    assert run("export", "reviews", "-o", "-").stdout.startswith("review_id,account_id,suspicion,")


@pytest.mark.usefixtures("here")
def test_an_export_of_accounts_holds_all_of_them() -> None:
    rows = list(csv.DictReader(io.StringIO(run("export", "accounts", "-o", "-").stdout, newline="")))
    assert [row["account_id"] for row in rows] == ACCOUNTS
    assert all(0 <= float(row["risk_score"]) <= 1 for row in rows)


@pytest.mark.usefixtures("here")
def test_a_network_of_rings_is_valid_xml(tmp_path: Path) -> None:
    run("export", "rings", "-o", str(tmp_path / "rings.graphml"))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = ET.parse(tmp_path / "rings.graphml").getroot()
    assert len(root.findall(f".//{space}node")) == 6
    assert len(root.findall(f".//{space}edge")) == 4


def test_what_xml_cannot_hold_is_written_out() -> None:
    assert exports._as_xml("a\x00b\x1bc🦊") == "a\\x00b\\x1bc🦊"


def test_an_export_that_fails_leaves_the_old_file(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_halfway(file: io.BytesIO, export: exports.Export) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    target = tmp_path / "rings.csv"
    target.write_text("old")
    monkeypatch.setitem(exports.WRITERS, "csv", fail_halfway)
    result = run("export", "rings", "-o", str(target))
    assert (result.exit_code, result.stderr) == (1, f"ringfence: {target} cannot be written: No space left on device\n")
    assert [path.name for path in tmp_path.iterdir()] == ["rings.csv"]
    assert target.read_text() == "old"


@pytest.mark.usefixtures("here")
def test_an_export_keeps_permissions_and_links(tmp_path: Path) -> None:
    secret, link = tmp_path / "secret.csv", tmp_path / "link.csv"
    secret.write_text("old")
    secret.chmod(0o600)
    link.symlink_to(secret)
    run("export", "rings", "-o", str(link))
    assert link.is_symlink()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text(encoding="utf-8").startswith("ring_id")


@pytest.mark.usefixtures("here")
def test_a_device_is_written_to_and_not_replaced() -> None:
    assert run("export", "rings", "-o", os.devnull).exit_code == 0
    assert not Path(os.devnull).is_file()


@pytest.mark.usefixtures("here")
def test_an_export_to_nowhere_is_one_line(tmp_path: Path) -> None:
    result = run("export", "rings", "-o", str(tmp_path / "no" / "rings.csv"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_a_store_without_a_run_has_nothing_to_export(elsewhere: Path) -> None:
    small_market.make_loaded_store(elsewhere / "ringfence-store", small_market.write_tables(elsewhere / "market"))
    result = run("export", "accounts", "-o", "accounts.csv")
    assert (result.exit_code, result.stderr) == (1, "ringfence: no run yet; type: ringfence detect\n")
    assert not (elsewhere / "accounts.csv").exists()
