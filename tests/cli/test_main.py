"""The command itself: exit codes, suggestions, where the store is looked for, and how quickly it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from command_line import run
from places import ROOT

from cli.main import COMMANDS, main
from graph.errors import StoreBusyError

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.mark.usefixtures("here")
def test_wrong_usage_exits_with_2() -> None:
    assert run("ring").exit_code == 2
    assert run("rings", "--min-size", "many").exit_code == 2
    assert run("detect", "--as-of", "yesterday").exit_code == 2
    assert run("export", "accounts", "-o", "x.graphml").exit_code == 2
    assert run("cypher", "RETURN $x AS x", "-p", "x").exit_code == 2
    assert run("compare", "ann").exit_code == 2
    assert run("compare", "ann", "ann").exit_code == 2
    assert run("why-not", "ann").exit_code == 2
    assert run("why-not", "R-1", "ann").exit_code == 2


@pytest.mark.usefixtures("here")
def test_an_unknown_id_exits_with_3() -> None:
    result = run("account", "annn")
    assert (result.exit_code, result.stderr) == (3, "ringfence: no account 'annn'; the nearest is 'ann'\n")


@pytest.mark.usefixtures("elsewhere")
def test_bad_data_exits_with_4() -> None:
    result = run("load", "nowhere")
    assert result.exit_code == 4
    assert result.stderr.startswith("ringfence: ")


@pytest.mark.usefixtures("elsewhere")
def test_a_missing_store_exits_with_5() -> None:
    result = run("rings")
    assert result.exit_code == 5
    assert "ringfence load" in result.stderr


def test_a_busy_store_exits_with_5(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(location: str, *, mode: str = "read", early: object = None) -> None:
        raise StoreBusyError(f"{location} is in use")

    monkeypatch.setattr("graph.open.open_store", refuse)
    assert run("rings").exit_code == 5


@pytest.mark.usefixtures("here")
def test_a_wrong_query_or_setting_exits_with_1(tmp_path: Path) -> None:
    assert run("cypher", "MATCH (nonsense").exit_code == 1
    (tmp_path / "odd.toml").write_text("colour = 'red'\n")
    result = run("--config", str(tmp_path / "odd.toml"), "rings")
    assert result.exit_code == 1
    assert "colour" in result.stderr


@pytest.mark.usefixtures("here")
def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("graph.queries.runs.list_runs", fail)
    with pytest.raises(ZeroDivisionError):
        run("runs")


def test_what_is_nearly_a_command_or_an_option_is_suggested() -> None:
    assert "Did you mean 'account'?" in run("acount", "x").stderr
    assert "Did you mean '--limit'?" in run("rings", "--limt", "3").stderr


def test_a_flag_goes_before_the_environment_and_that_before_the_file(market: Path, elsewhere: Path) -> None:
    store = str(market / "ringfence-store")
    (elsewhere / "ringfence.toml").write_text(f"store = {store!r}\n")
    assert run("runs").exit_code == 0
    assert run("--store", "nowhere", "runs").exit_code == 5
    other = {"RINGFENCE_STORE": "nowhere"}
    assert CliRunner().invoke(main, ["runs"], env=other).exit_code == 5
    assert CliRunner().invoke(main, ["--store", store, "runs"], env=other).exit_code == 0
    (elsewhere / "other.toml").write_text("store = 'nowhere'\n")
    assert run("--config", "other.toml", "runs").exit_code == 5
    assert CliRunner().invoke(main, ["runs"], env={"RINGFENCE_CONFIG": "other.toml"}).exit_code == 5
    assert (
        CliRunner()
        .invoke(main, ["--config", "ringfence.toml", "runs"], env={"RINGFENCE_CONFIG": "other.toml"})
        .exit_code
        == 0
    )


def test_a_settings_file_that_is_named_must_be_there(elsewhere: Path) -> None:
    assert run("--config", "nowhere.toml", "runs").exit_code == 1


HEAVY = {"torch", "torch_geometric", "pandas", "pyarrow", "networkx", "scipy", "graspologic_native", "neo4j"}


def list_imports(*arguments: str, cwd: Path) -> set[str]:
    code = (
        "import sys; from cli.main import main\n"
        "try: main(sys.argv[1:], prog_name='ringfence')\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "print('|'.join(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, encoding="utf-8", check=True)
    return set(done.stderr.splitlines()[-1].split("|"))


def test_help_imports_nothing_heavy(market: Path) -> None:
    assert list_imports("--help", cwd=market) & (HEAVY | {"ladybug", "numpy", "rich", "msgspec"}) == set()


@pytest.mark.parametrize("words", [["ring", "R-1"], ["account", "ann"], ["why", "ann"], ["rings"], ["search", "ann"]])
def test_questions_import_nothing_heavy(market: Path, words: list[str]) -> None:
    assert list_imports(*words, cwd=market) & (HEAVY | {"asyncio.events"}) == set()


def test_a_load_without_addresses_imports_neither_their_patterns_nor_other_answers(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "accounts.csv").write_text("account_id\na\n")
    imported = list_imports("--store", "store", "load", "new", cwd=tmp_path)
    assert imported & {"graph.identity.addresses.form", "cli.draw_answers", "torch", "neo4j"} == set()


def test_the_listed_help_is_that_of_the_commands() -> None:
    context = click.Context(main)
    for name, (_, words) in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.short_help == words
