from __future__ import annotations

import csv
import io
import json
import logging
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pyarrow.parquet as pq
import pytest
import small_market
from click.testing import CliRunner, Result
from places import ROOT
from small_market import CROWD, HOSTILE, RINGS

from cli import ask, exports, likeness, progress, work
from cli.main import COMMANDS, main
from graph.errors import StoreBusyError
from graph.stores.embedded.store import EmbeddedStore
from graph.vocabulary import RING_KINDS, TIERS

GOLDEN = ROOT / "tests" / "golden"
GUIDE = ROOT / "docs" / "commands.md"
UPDATE = "RINGFENCE_UPDATE_GOLDEN"
ACCOUNTS = sorted([*small_market.FRIENDS, *CROWD])


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``market`` and, from a finished run, ``ringfence-store``."""
    folder = tmp_path_factory.mktemp("cli")
    small_market.make_store(folder)
    return folder


@pytest.fixture(scope="module")
def plain_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with harmless ids, for examples that people read."""
    folder = tmp_path_factory.mktemp("guide")
    small_market.make_store(folder, odd_id="fay")
    small_market.write_newcomers(folder / "applicants")
    return folder


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RINGFENCE_STORE", "RINGFENCE_CONFIG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def here(market: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(market)
    return market


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run_process(
    *arguments: str, cwd: Path, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'ringfence'; from cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        command, cwd=cwd, env=variables, input=stdin, capture_output=True, encoding="utf-8", check=False
    )


def check_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get(UPDATE):
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode(), f"set {UPDATE}=1 to accept the new output"


# ----------------------------------------------------------------------------- what people see


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_help_reads_as_it_did(command: str) -> None:
    check_golden(f"help-{command or 'ringfence'}", run(*command.split(), "--help").stdout)


SCREENS = {
    "rings": ["rings"],
    "rings-none": ["rings", "--kind", "attack"],
    "rings-csv": ["rings", "--format", "csv"],
    "rings-jsonl": ["rings", "--format", "jsonl", "--limit", "1"],
    "ring": ["ring", "R-1"],
    "ring-csv": ["ring", "R-1", "--format", "csv"],
    "ring-json": ["ring", RINGS[1].ring_id, "--format", "json"],
    "account": ["account", "ann"],
    "account-hostile": ["account", HOSTILE],
    "account-unknown": ["account", CROWD[0]],
    "account-json": ["account", "bob", "--format", "json"],
    "why-account": ["why", "ann"],
    "why-ring": ["why", RINGS[1].ring_id],
    "why-review": ["why", "rev-1"],
    "path": ["path", "ann", "dan"],
    "path-none": ["path", "ann", CROWD[0]],
    "path-csv": ["path", "ann", "bob", "--format", "csv"],
    "runs": ["runs"],
    "cypher": [
        "cypher",
        "MATCH (a:Account {account_id: $id}) RETURN a.account_id AS id, a.tier AS tier",
        "-p",
        f"id={HOSTILE}",
    ],
    "export-rings": ["export", "rings", "-o", "-"],
    "export-reviews": ["export", "reviews", "-o", "-"],
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_reads_as_it_did(name: str) -> None:
    result = run(*SCREENS[name])
    assert (result.exit_code, result.stderr) == (0, "")
    check_golden(name, result.stdout)


FOR_PROGRAMS = {"csv", "json", "jsonl", "export"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", [name for name in SCREENS if not FOR_PROGRAMS & set(name.split("-"))])
def test_no_screen_obeys_control_characters(name: str) -> None:
    assert not set(run(*SCREENS[name]).stdout) & {"\t", "\x1b", "\r"}


# --------------------------------------------------------------------------------- hostile ids

QUERIES = {
    "account": (["account"], HOSTILE),
    "ring": (["ring"], RINGS[1].ring_id),
    "why": (["why"], f"rev {HOSTILE}"),
    "path": (["path", "dan"], HOSTILE),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize("name", QUERIES)
def test_a_hostile_id_goes_in_and_comes_out_unharmed(name: str, form: str) -> None:
    words, odd_id = QUERIES[name]
    result = run(*words, odd_id, "--format", form)
    assert result.exit_code == 0
    if form == "json":
        assert HOSTILE in " ".join(_list_texts(json.loads(result.stdout)))
    elif form == "jsonl":
        assert [json.loads(line) for line in result.stdout.splitlines()]
    elif form == "csv":
        assert HOSTILE in " ".join(cell for row in csv.reader(io.StringIO(result.stdout)) for cell in row)


def _list_texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _list_texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _list_texts(each)]
    return [str(value)]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("wrong", ["", "'", "%", "nobody\nhere", "\x1b[31m", "🦊🦊", "x" * 1024])
def test_a_hostile_id_that_is_not_there_is_one_line(name: str, wrong: str) -> None:
    result = run(*QUERIES[name][0], wrong)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("ringfence: no ")
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_bytes_that_are_no_text_are_wrong_usage(market: Path) -> None:
    done = run_process("account", "caf\udce9", cwd=market)
    assert done.returncode == 2
    assert "not valid UTF-8" in done.stderr


# -------------------------------------------------------------------------------- forms of answers


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words", [["rings"], ["ring", "R-1"], ["account", "ann"], ["why", "ann"], ["path", "ann", "dan"], ["runs"]]
)
def test_every_query_answers_in_json(words: list[str]) -> None:
    assert json.loads(run(*words, "--format", "json").stdout)


@pytest.mark.usefixtures("here")
def test_an_empty_answer_still_has_its_form() -> None:
    nothing = ("rings", "--kind", "attack", "--format")
    assert run(*nothing, "json").stdout == "[]\n"
    assert run(*nothing, "jsonl").stdout == ""
    assert run(*nothing, "csv").stdout.startswith("ring_id,run_id,rank,kind")


@pytest.mark.usefixtures("here")
def test_times_are_utc() -> None:
    (found,) = json.loads(run("runs", "--format", "json").stdout)
    assert found["as_of"] == "2024-04-01T00:00:00Z"


def test_colour_is_for_terminals_that_want_it(market: Path) -> None:
    piped = run_process("account", "ann", cwd=market, NO_COLOR="", COLUMNS="100")
    forced = run_process("account", "ann", cwd=market, NO_COLOR="", FORCE_COLOR="1", COLUMNS="100")
    refused = run_process("account", "ann", cwd=market, NO_COLOR="1", FORCE_COLOR="1", COLUMNS="100")
    assert "\x1b" not in piped.stdout
    assert "\x1b[1;31m" in forced.stdout
    assert not re.search(r"\x1b\[[\d;]*3\dm", refused.stdout)


def test_a_reader_that_leaves_is_no_error(market: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from cli.main import main; main()"
    query = "UNWIND range(1, 20000) AS n RETURN n"
    command = [sys.executable, "-c", code, "cypher", query, "--format", "jsonl"]
    with subprocess.Popen(command, cwd=market, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


# ------------------------------------------------------------------------------------- exit codes


@pytest.mark.usefixtures("here")
def test_wrong_usage_exits_with_2() -> None:
    assert run("ring").exit_code == 2
    assert run("rings", "--min-size", "many").exit_code == 2
    assert run("detect", "--as-of", "yesterday").exit_code == 2
    assert run("export", "accounts", "-o", "x.graphml").exit_code == 2
    assert run("cypher", "RETURN $x AS x", "-p", "x").exit_code == 2


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
    def refuse(location: str, *, mode: str = "read") -> None:
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
def test_a_query_cannot_write() -> None:
    assert run("cypher", "MATCH (a:Account {account_id: 'ann'}) SET a.tier = 'clear'").exit_code == 5
    assert json.loads(run("account", "ann", "--format", "json").stdout)["tier"] == "automatic"


@pytest.mark.usefixtures("here")
def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("graph.queries.runs.list_runs", fail)
    with pytest.raises(ZeroDivisionError):
        run("runs")


def test_the_kinds_and_tiers_to_choose_from_are_those_of_the_model() -> None:
    assert ask.KINDS == RING_KINDS
    assert set(ask.TIERS) == set(TIERS)


def test_what_is_nearly_a_command_or_an_option_is_suggested() -> None:
    assert "Did you mean 'account'?" in run("acount", "x").stderr
    assert "Did you mean '--limit'?" in run("rings", "--limt", "3").stderr


# --------------------------------------------------------------------- where the store is looked for


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


# --------------------------------------------------------------------------------------- loading


def test_a_load_counts_its_rows_and_says_what_comes_next(elsewhere: Path) -> None:
    small_market.write_tables(elsewhere / "market")
    result = run("load", "market")
    assert result.exit_code == 0
    assert "No row was rejected.\nNext: ringfence detect\n" in result.stdout
    assert re.search(r"accounts +66 +66 +0 +0", result.stdout)
    assert "ringfence: read accounts: 66 (" in result.stderr
    assert re.search(r"accounts +66 +0 +66 +0", run("load", "market").stdout)


def test_a_dry_run_leaves_no_trace(elsewhere: Path) -> None:
    small_market.write_tables(elsewhere / "market")
    assert "would add" in run("load", "market", "--dry-run").stdout
    assert sorted(path.name for path in elsewhere.iterdir()) == ["market"]
    run("load", "market")
    assert re.search(r"accounts +66 +0 +66", run("load", "market", "--dry-run").stdout)


def test_rejects_are_listed_where_the_load_says(elsewhere: Path) -> None:
    folder = small_market.write_tables(elsewhere / "market")
    with (folder / "accounts.csv").open("a") as file:
        file.write(",2024-01-01,both,active\n")
    result = run("load", "market")
    assert "1 row rejected; see ringfence-store-rejects.csv" in result.stdout
    assert len((elsewhere / "ringfence-store-rejects.csv").read_text().splitlines()) == 2
    run("load", "market", "--rejects", "bad.csv")
    assert (elsewhere / "bad.csv").exists()


def test_stages_are_one_line_each(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with caplog.at_level(logging.INFO), progress.show_progress() as report:
        for done in (1, 5, 10):
            report("read", done, 10)
        report("write", 3, 10)
    assert [line.partition(" (")[0] for line in caplog.messages] == ["read: 10", "write: 3 of 10"]


def test_times_are_read_as_utc() -> None:
    assert work.parse_time("2024-12-31T23:00:00+01:00") == work.parse_time("2024-12-31T22:00:00Z")
    assert work.parse_time("2024-12-31").isoformat() == "2024-12-31T00:00:00"


def test_a_simulated_market_can_be_loaded(elsewhere: Path) -> None:
    result = run("simulate", "market", "--accounts", "300", "--seed", "3", "--tables", "parquet")
    assert (
        result.stdout == f"300 accounts in market, the truth in {Path('market/truth')}\nNext: ringfence load market\n"
    )
    assert run("load", "market").exit_code == 0
    assert run("simulate", "market", "--accounts", "300").exit_code == 1


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


# ------------------------------------------------------------------------------------------ export


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("subject", exports.COLUMNS)
def test_every_form_of_an_export_holds_the_same_rows(subject: str, tmp_path: Path) -> None:
    for form in ("csv", "json", "jsonl", "parquet"):
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


# ----------------------------------------------------------------------------------------- similar


@pytest.fixture
def with_vectors(elsewhere: Path) -> Iterator[Path]:
    small_market.make_store(elsewhere)
    angles = np.array([0.01 * ACCOUNTS.index(account) for account in ACCOUNTS])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    with EmbeddedStore(elsewhere / "ringfence-store", mode="write") as store:
        store.write_vectors(np.array(ACCOUNTS, dtype=object), vectors)
    return elsewhere


@pytest.mark.usefixtures("with_vectors")
def test_similar_accounts_come_with_what_they_share() -> None:
    found = json.loads(run("similar", "ann", "-k", "2", "--format", "json").stdout)
    assert [each["account_id"] for each in found] == ["bob", "cyd"]
    assert found[0]["similarity"] == pytest.approx(np.cos(0.01), abs=1e-5)
    assert (found[0]["risk_score"], found[0]["tier"]) == (0.91, "automatic")
    assert "device phone-7" in found[0]["reasons"]


@pytest.mark.usefixtures("with_vectors")
def test_similar_knows_hostile_and_unknown_ids() -> None:
    assert run("similar", HOSTILE).exit_code == 0
    assert run("similar", "annn").exit_code == 3


def test_similar_keeps_the_vectors_it_had_to_make(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_market.make_store(elsewhere)
    calls = []

    def train(snapshot: small_market.Snapshot, seed: int) -> np.ndarray:
        calls.append(seed)
        return np.eye(snapshot.n_accounts, 3, dtype=np.float32)

    monkeypatch.setattr(likeness, "train_vectors", train)
    first = run("similar", "ann", "-k", "1")
    assert "training the encoder" in first.stderr
    assert run("similar", "ann", "-k", "1").stdout == first.stdout
    assert calls == [0]


# ------------------------------------------------------------------------------------- completion


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_says_how_to_install_it(shell: str) -> None:
    script = run("completion", shell).stdout
    assert "_RINGFENCE_COMPLETE" in script
    assert script.splitlines()[-1].startswith(f"# install: ringfence completion {shell}")


def test_commands_are_completed(market: Path) -> None:
    done = run_process(cwd=market, _RINGFENCE_COMPLETE="zsh_complete", COMP_WORDS="ringfence ri", COMP_CWORD="1")
    assert {"rings", "ring"} <= set(done.stdout.split("\n"))


# ------------------------------------------------------------------------------------ quick to start

HEAVY = {"torch", "torch_geometric", "pandas", "pyarrow", "networkx", "scipy", "igraph", "neo4j"}


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


@pytest.mark.parametrize("words", [["ring", "R-1"], ["account", "ann"], ["why", "ann"], ["rings"]])
def test_questions_import_nothing_heavy(market: Path, words: list[str]) -> None:
    assert list_imports(*words, cwd=market) & HEAVY == set()


def test_the_listed_help_is_that_of_the_commands() -> None:
    context = click.Context(main)
    for name, (_, words) in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.short_help == words


# ------------------------------------------------------------------------------------------- guide


def test_the_guide_shows_every_command() -> None:
    shown = set(re.findall(r"^\$ ringfence (?:--\S+ \S+ )*(\w+)", GUIDE.read_text(encoding="utf-8"), re.M))
    assert set(COMMANDS) <= shown


def test_the_guide_names_every_option() -> None:
    guide, context = GUIDE.read_text(encoding="utf-8"), click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        options = [each for each in command.params if isinstance(each, click.Option)]
        assert [each.opts for each in options if f"`{each.opts[0]}" not in guide] == []


def test_the_guide_shows_what_the_commands_print(plain_market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plain_market)
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n\$ ringfence ([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) >= 8
    for words, shown in blocks:
        printed = run(*shlex.split(words)).stdout
        if os.environ.get(UPDATE):
            text = text.replace(f"$ ringfence {words}\n{shown}```", f"$ ringfence {words}\n{printed}```")
        else:
            assert printed == shown, words
    if os.environ.get(UPDATE):
        GUIDE.write_text(text, encoding="utf-8")
