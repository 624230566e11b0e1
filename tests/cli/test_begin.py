"""``init``: what it writes and shows, what it asks, and when it refuses; then a load and a run by what it wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from command_line import run
from places import ROOT

from cli.main import main

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.fixture
def exports(elsewhere: Path) -> Path:
    shutil.copytree(ROOT / "tests" / "exports" / "german", elsewhere / "exports")
    return elsewhere


def test_real_files_are_loaded_and_looked_at_without_a_line_written_by_hand(exports: Path) -> None:
    for words in (["init", "exports"], ["load", "exports", "--strict"], ["detect"]):
        result = run(*words)
        assert result.exit_code == 0, result.output


def test_init_says_what_it_took_for_what_and_what_is_unsure(exports: Path) -> None:
    result = run("init", "exports")
    assert result.stdout.splitlines() == [
        "table         files",
        "──────────────────────────────",
        "accounts      Kundenliste.csv",
        "orders        Bestellungen.csv",
        "addresses     Kundenliste.csv",
        "identifiers   Kundenliste.csv",
        "reviews       Bewertungen.csv",
        "",
        "ringfence.toml is written; each guess stands there with its reason.",
        "Next: ringfence init exports --check, then ringfence load exports",
    ]
    assert result.stderr == (
        "unsure: times in Bestellungen.csv, such as 03.01.2024 09:05, do not say their zone: where did the clock hang?"
        " Taken: Europe/Berlin\n"
    )


def test_settings_that_are_there_stay_unless_they_are_to_go(exports: Path) -> None:
    settings = exports / "ringfence.toml"
    settings.write_text("seed = 7\n")
    result = run("init", "exports")
    assert (result.exit_code, settings.read_text()) == (1, "seed = 7\n")
    assert "ringfence.toml is there already" in result.stderr
    assert run("init", "exports", "--force").exit_code == 0
    assert "[tables.orders]" in settings.read_text(encoding="utf-8")


def test_a_second_folder_has_settings_of_its_own_and_whoever_forgets_is_told(exports: Path) -> None:
    (exports / "shop").mkdir()
    (exports / "shop" / "people.csv").write_text("user_id,email\nA,a@x.org\nB,b@x.org\n")
    assert run("init", "exports").exit_code == 0
    way_out = "ringfence --config NAME.toml init shop"
    assert way_out in run("init", "shop").stderr
    assert way_out in run("load", "shop", "--dry-run").stderr
    result = run("--config", "shop.toml", "init", "shop")
    told = "Next: ringfence --config shop.toml init shop --check, then ringfence --config shop.toml load shop"
    assert told in result.stdout
    assert run("--config", "shop.toml", "load", "shop", "--dry-run").exit_code == 0


def test_check_shows_first_rows_and_writes_nothing(exports: Path) -> None:
    shown = run("init", "exports", "--check").stdout
    assert "orders: 45 rows of Bestellungen.csv" in shown
    assert "B20240000   K-10001    Möbelhaus Süd   A-000" in shown
    assert "is_id" not in shown
    assert not (exports / "ringfence.toml").exists()


def test_check_reads_by_the_settings_that_are_there(exports: Path) -> None:
    run("init", "exports")
    settings = exports / "ringfence.toml"
    text = settings.read_text(encoding="utf-8").replace(
        'Bestellungen.csv"', 'Bestellungen.csv"\nskip_empty = ["status"]'
    )
    settings.write_text(text.replace('decimal = ","', 'decimal = "."'), encoding="utf-8")
    found = {each["table"]: each for each in json.loads(run("init", "exports", "--check", "--format", "json").stdout)}
    assert found["orders"]["rejected"] == 45
    assert found["orders"]["first_reject"].startswith("line 2: amount '1.000,00 €' is not a finite number")
    assert found["reviews"]["files"] == ["Bewertungen.csv"]
    assert found["reviews"]["first"][0]["reviewed_at"] == "2024-01-04T00:00:00Z"


@pytest.mark.parametrize(
    ("typed", "zone"), [("\n", 'zone = "Europe/Berlin"'), ("Mars\nAsia/Tokyo\n", 'zone = "Asia/Tokyo"')]
)
def test_what_is_unsure_is_asked_on_a_terminal(
    exports: Path, monkeypatch: pytest.MonkeyPatch, typed: str, zone: str
) -> None:
    monkeypatch.setattr("cli.begin._is_terminal", lambda: True)
    result = CliRunner().invoke(main, ["init", "exports"], input=typed)
    assert result.exit_code == 0
    assert "where did the clock hang? [Europe/Berlin]: " in result.stderr
    assert "unsure" not in result.stderr
    assert ("'Mars' is no time zone" in result.stderr) == ("Mars" in typed)
    assert zone in (exports / "ringfence.toml").read_text(encoding="utf-8")


def test_a_question_that_is_left_without_an_answer_ends_in_one_line(
    exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.begin._is_terminal", lambda: True)
    result = CliRunner().invoke(main, ["init", "exports"], input="")
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "ringfence: a question was left without an answer; --yes takes what seems likeliest\n"
    )
    assert not (exports / "ringfence.toml").exists()


def test_a_zone_that_was_said_of_one_file_is_offered_for_the_next(
    exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.begin._is_terminal", lambda: True)
    logins = "user_id,device_id,login time\nK-10001,d1,2024-01-03 10:00\nK-10002,d1,2024-01-03 11:00\n"
    (exports / "exports" / "logins.csv").write_text(logins)
    result = CliRunner().invoke(main, ["init", "exports"], input="Europe/Vienna\n\n")
    assert "where did the clock hang? [Europe/Vienna]: " in result.stderr
    assert (exports / "ringfence.toml").read_text(encoding="utf-8").count('zone = "Europe/Vienna"') == 2


def test_nothing_is_asked_of_who_says_yes(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.begin._is_terminal", lambda: True)
    assert "unsure: times" in run("init", "exports", "--yes").stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "exports: no file names accounts by a column that is known here; it holds nothing that is a table"),
        ({"a.csv": "x,y\n1,2\n"}, "it holds a.csv. Write ringfence.toml by hand: docs/exports.md"),
        ({"a.csv": ""}, "a.csv is empty: not even a header. Write ringfence.toml by hand"),
    ],
)
def test_files_of_which_nothing_can_be_made_end_in_one_line(elsewhere: Path, files: dict[str, str], said: str) -> None:
    (elsewhere / "exports").mkdir()
    for name, text in files.items():
        (elsewhere / "exports" / name).write_text(text)
    result = run("init", "exports")
    assert (result.exit_code, result.stderr.count("\n")) == (4, 1)
    assert said in result.stderr
    assert not (elsewhere / "ringfence.toml").exists()


def test_a_folder_that_is_not_there_ends_in_one_line(elsewhere: Path) -> None:
    result = run("init", "nowhere")
    assert (result.exit_code, result.stderr) == (
        4,
        "ringfence: nowhere: no such folder; name the one that holds the exports\n",
    )


def test_names_of_files_and_columns_cannot_tell_a_terminal_anything(elsewhere: Path) -> None:
    (elsewhere / "exports").mkdir()
    (elsewhere / "exports" / "users\x1b[31m.csv").write_text("user_id,x\x1b[2J\nA\x1b[0m,1\n")
    shown = [run("init", "exports"), run("init", "exports", "--check")]
    assert not {"\x1b"} & set("".join(each.output for each in shown))
    assert "\x1b" not in (elsewhere / "ringfence.toml").read_text(encoding="utf-8")
