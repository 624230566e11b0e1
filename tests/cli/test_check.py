"""``ringfence check``: what is said of accounts that are not in the store, and that nothing is written."""

from __future__ import annotations

import csv
import functools
import io
import json
import os
from pathlib import Path

import pytest
import small_market
from click.testing import CliRunner, Result
from places import ROOT
from small_market import HOSTILE

from cli.main import main
from embeddings.encoder import settings as encoder_settings
from embeddings.encoder.settings import EncoderSettings

GOLDEN = ROOT / "tests" / "golden"
UPDATE = "RINGFENCE_UPDATE_GOLDEN"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    small_market.make_store(folder)
    small_market.write_newcomers(folder / "applicants")
    return folder


@pytest.fixture(autouse=True)
def here(market: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("RINGFENCE_STORE", "RINGFENCE_CONFIG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(market)
    return market


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def check(*arguments: str) -> list[dict]:
    found = run("check", *arguments, "--format", "json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def write(folder: Path, **tables: str) -> str:
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_check_reads_as_it_did(form: str) -> None:
    printed = run("check", "applicants", "--format", form)
    assert printed.exit_code == 0
    path = GOLDEN / f"check{'' if form == 'table' else f'-{form}'}.txt"
    if os.environ.get(UPDATE):
        path.write_text(printed.stdout, encoding="utf-8", newline="")
    assert printed.stdout == path.read_bytes().decode(), f"set {UPDATE}=1 to accept the new output"


def test_nothing_is_loaded_or_written(market: Path) -> None:
    def read() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(market.rglob("*")) if path.is_file()}

    before = read()
    check("applicants")
    assert read() == before
    assert run("account", "abe").exit_code == 3


def test_json_lines_and_csv_have_one_row_for_each_account() -> None:
    lines = run("check", "applicants", "--format", "jsonl").stdout.splitlines()
    rows = list(csv.DictReader(io.StringIO(run("check", "applicants", "--format", "csv").stdout)))
    assert [json.loads(line)["account_id"] for line in lines] == [row["account_id"] for row in rows] == ["abe", "zoë"]


def test_who_shares_a_thing_with_a_ring_is_told_so_and_not_accused() -> None:
    abe, _ = check("applicants")
    phone = next(each for each in abe["shared"] if each["kind"] == "device")
    assert (phone["accounts"], phone["tiers"]) == (3, {"automatic": 3})
    assert [(each["account_id"], each["ring_ids"]) for each in phone["known"]] == [
        ("ann", ["R-1"]), ("bob", ["R-1"]), ("cyd", ["R-1"]),
    ]  # fmt: skip
    assert [(ring["tier"], ring["size"], ring["members"]) for ring in abe["rings"]] == [
        ("automatic", 4, 3), ("watch", 2, 1),  # eve, of whom it bought, is in the other
    ]  # fmt: skip
    assert (abe["risk"], abe["summary"].endswith("no verdict on this one.")) == (None, True)


def test_a_crowds_thing_is_counted_and_accuses_nobody(tmp_path: Path) -> None:
    folder = write(tmp_path / "new", accounts="account_id\nnew\n", addresses="account_id,address_id\nnew,café\n")
    (new,) = check(folder)
    assert [(each["accounts"], each["known"], each["tiers"]) for each in new["shared"]] == [(62, [], {})]
    assert new["summary"] == "Has nothing in common but what very many use: no verdict on this one."
    (new,) = check(folder, "--max-hub", "62")
    assert len(new["shared"][0]["known"]) == 5


def test_hostile_ids_go_through_every_form(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    for name, columns, row in (
        ("accounts", ["account_id"], [f"new {HOSTILE}"]),
        ("devices", ["account_id", "device_id"], [f"new {HOSTILE}", "tablet 'x'"]),
        ("orders", ["order_id", "buyer_id", "seller_id"], ["o", f"new {HOSTILE}", HOSTILE]),
    ):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, row])
    (new,) = check(str(folder))
    assert new["account_id"] == f"new {HOSTILE}"
    assert {each["account_id"] for thing in new["shared"] for each in thing["known"]} == {HOSTILE, "cyd"}
    drawn = run("check", str(folder)).stdout
    assert all(each.isprintable() for each in drawn.replace("\n", ""))
    assert "[bold]" in drawn.replace("\n", "").replace(" ", "")


def test_accounts_that_are_in_the_store_are_left_to_the_command_for_them(tmp_path: Path) -> None:
    folder = write(tmp_path / "known", accounts="account_id\nann\n")
    refused = run("check", folder)
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert len(refused.stderr.splitlines()) == 2  # the progress, and the reason
    assert "no account that the store does not know" in refused.stderr


def test_a_bad_row_is_told_of_and_left_out(tmp_path: Path) -> None:
    devices = "account_id,device_id,seen_at\n" + "new,d,\n" * 40 + "new,phone-7,yesterday\n"
    folder = write(tmp_path / "new", accounts="account_id\nnew\n", devices=devices)
    found = run("check", folder)
    assert found.exit_code == 0
    assert "devices.csv: 1 of its rows left out; line 42: " in found.stderr
    assert "phone-7" not in found.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "nowhere"),
        (["applicants", "--model", "none.model"], "none.model: the model cannot be read"),
        (["applicants", "--encoder", "none.encoder"], "none.encoder: the encoder cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(arguments: list[str], reason: str) -> None:
    refused = run("check", *arguments)
    assert refused.exit_code in (1, 4)
    assert refused.stdout == ""
    assert reason in refused.stderr.splitlines()[-1]


def test_before_a_run_nobody_has_a_tier(tmp_path: Path) -> None:
    small_market.make_loaded_store(tmp_path / "store", small_market.write_tables(tmp_path / "market"))
    abe, _ = check("applicants", "--store", str(tmp_path / "store"))
    phone = next(each for each in abe["shared"] if each["kind"] == "device")
    assert (abe["run_id"], phone["accounts"], phone["tiers"], abe["rings"]) == (None, 3, {}, [])


def test_by_an_encoder_the_most_alike_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = functools.partial(EncoderSettings, steps=5, batch=64, hidden=16)
    monkeypatch.setattr(encoder_settings, "EncoderSettings", quick)
    assert run("train", "--encoder", "-o", str(tmp_path / "encoder"), "--format", "json").exit_code == 0
    abe, zoe = check("applicants", "--encoder", str(tmp_path / "encoder"), "-k", "3")
    for new in (abe, zoe):
        cosines = [each["similarity"] for each in new["alike"]]
        assert len(cosines) == 3
        assert cosines == sorted(cosines, reverse=True)
        assert not {each["account_id"] for each in new["alike"]} & {"abe", "zoë"}
