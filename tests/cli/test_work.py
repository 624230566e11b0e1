"""Long work: load, simulate, detect; how far it has come; and the completion script."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import small_market
from command_line import run, run_process
from places import ROOT

from cli import options, progress

pytestmark = pytest.mark.usefixtures("plain_surroundings")


def test_a_load_counts_its_rows_and_says_what_comes_next(elsewhere: Path) -> None:
    small_market.write_tables(elsewhere / "market")
    result = run("load", "market")
    assert result.exit_code == 0
    assert "No row was rejected.\nNext: ringfence detect\n" in result.stdout
    assert re.search(r"accounts +66 +66 +0 +0", result.stdout)
    assert "ringfence: read accounts: 66 (" in result.stderr
    assert re.search(r"accounts +66 +0 +0 +66 +0 +0", run("load", "market").stdout)


def test_a_dry_run_leaves_no_trace(elsewhere: Path) -> None:
    small_market.write_tables(elsewhere / "market")
    assert "would add" in run("load", "market", "--dry-run").stdout
    assert sorted(path.name for path in elsewhere.iterdir()) == ["market"]
    run("load", "market")
    assert re.search(r"accounts +66 +0 +0 +66", run("load", "market", "--dry-run").stdout)


def test_rejects_are_listed_where_the_load_says(elsewhere: Path) -> None:
    folder = small_market.write_tables(elsewhere / "market")
    with (folder / "accounts.csv").open("a") as file:
        file.write(",2024-01-01,both,active\n")
    result = run("load", "market")
    assert "1 row rejected; see ringfence-store-rejects.csv" in result.stdout
    assert len((elsewhere / "ringfence-store-rejects.csv").read_text().splitlines()) == 2
    run("load", "market", "--rejects", "bad.csv")
    assert (elsewhere / "bad.csv").exists()


def test_rejects_of_an_earlier_load_are_not_taken_for_those_of_this_one(elsewhere: Path) -> None:
    folder = small_market.write_tables(elsewhere / "market")
    good = (folder / "accounts.csv").read_text()
    (folder / "accounts.csv").write_text(f"{good},2024-01-01,both,active\n")
    run("load", "market")
    (folder / "accounts.csv").write_text(good)
    assert "No row was rejected." in run("load", "market").stdout
    assert (elsewhere / "ringfence-store-rejects.csv").read_text() == "table,file,line,reason,row\n"
    (elsewhere / "mine.csv").write_text("line\n7\n")
    run("load", "market", "--rejects", "mine.csv")
    assert (elsewhere / "mine.csv").read_text() == "line\n7\n"


def test_stages_are_one_line_each(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with caplog.at_level(logging.INFO), progress.show_progress() as report:
        for done in (1, 5, 10):
            report("read", done, 10)
        report("write", 3, 10)
    assert [line.partition(" (")[0] for line in caplog.messages] == ["read: 10", "write: 3 of 10"]


WRITES_LONG = """
import sys, time
import cli.main, detection.run

def is_imported():
    return "cli.draw_answers" in sys.modules

def write_long(*_, progress, **__):
    progress("scoring", 4, 6)
    time.sleep(0.1)
    print(is_imported())
    progress(detection.run.WRITING, 5, 6)
    until = time.monotonic() + 30
    while not is_imported() and time.monotonic() < until:
        time.sleep(0.01)
    print(is_imported())
    raise SystemExit

detection.run.detect = write_long
cli.main.main(["detect"])
"""


def test_what_draws_the_rings_is_imported_while_they_are_written(elsewhere: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", WRITES_LONG], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.split() == ["False", "True"]


def test_times_are_read_as_utc() -> None:
    assert options.parse_time("2024-12-31T23:00:00+01:00") == options.parse_time("2024-12-31T22:00:00Z")
    assert options.parse_time("2024-12-31").isoformat() == "2024-12-31T00:00:00"


def test_a_simulated_market_can_be_loaded(elsewhere: Path) -> None:
    result = run("simulate", "market", "--accounts", "300", "--seed", "3", "--tables", "parquet")
    assert (
        result.stdout == f"300 accounts in market, the truth in {Path('market/truth')}\nNext: ringfence load market\n"
    )
    assert run("load", "market").exit_code == 0
    assert run("simulate", "market", "--accounts", "300").exit_code == 1


def test_another_world_is_made_by_its_name_and_says_how_many_it_needs(elsewhere: Path) -> None:
    result = run("simulate", "village", "--world", "village", "--accounts", "2000", "--tables", "parquet")
    assert result.exit_code == 0
    assert run("load", "village", "--dry-run").exit_code == 0
    refused = run("simulate", "hamlet", "--world", "village", "--accounts", "300")
    assert refused.exit_code == 1
    assert "at least 2,000" in refused.stderr
    assert not Path("hamlet").exists()


def test_a_market_is_simulated_loaded_searched_and_asked(elsewhere: Path) -> None:
    run("simulate", "market", "--accounts", "600", "--seed", "3")
    run("load", "market")
    result = run("detect", "--seed", "5", "--as-of", "2030-01-01", "--no-encoder")
    assert result.exit_code == 0
    assert "Next: ringfence ring R" in result.stdout
    (found,) = json.loads(run("runs", "--format", "json").stdout)
    assert json.loads(found["settings"])["seed"] == 5
    strongest = json.loads(run("rings", "--limit", "1", "--format", "json").stdout)
    members = json.loads(run("ring", strongest[0]["ring_id"], "--format", "json").stdout)["members"]
    assert all(run("account", each["account_id"]).exit_code == 0 for each in members)


@pytest.mark.usefixtures("here")
def test_a_wrong_detection_setting_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text("[detect]\ncolour = 1\n")
    assert run("--config", str(tmp_path / "odd.toml"), "detect").exit_code == 1


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_says_how_to_install_it(shell: str) -> None:
    script = run("completion", shell).stdout
    assert "_RINGFENCE_COMPLETE" in script
    assert script.splitlines()[-1].startswith(f"# install: ringfence completion {shell}")


def test_commands_are_completed(market: Path) -> None:
    done = run_process(cwd=market, _RINGFENCE_COMPLETE="zsh_complete", COMP_WORDS="ringfence ri", COMP_CWORD="1")
    assert {"rings", "ring"} <= set(done.stdout.split("\n"))
