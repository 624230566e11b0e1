"""Certificates, logins, rights and memory: a refusal of a Neo4j server is one line, and what it allows works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_market
from click.testing import CliRunner, Result
from neo4j import exceptions
from neo4j_server import Neo4jServer, logged_in
from property_graph import as_server, empty_quickly
from server_work import at, load
from small_market import CROWD, HOSTILE

from cli.explorer.server import ExploreServer
from cli.main import COMMANDS, main
from graph.contract.tables import read_folder
from graph.errors import (
    ConfigError,
    StoreError,
    StoreFullError,
    StoreLoginError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from graph.open import open_store
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.server.bolt import explain_server_error

pytestmark = pytest.mark.server

LITTLE_MEMORY_BYTES = 4 << 20


@pytest.fixture(scope="module")
def process(own_neo4j: Neo4jServer) -> Neo4jServer:
    """The server of all tests, which speaks TLS with whoever wants it, with nothing in its database."""
    empty_quickly(own_neo4j.address)
    return own_neo4j


# ------------------------------------------------------------------------------------------- TLS


@pytest.mark.parametrize("scheme", ["neo4j+s", "bolt+s"])
def test_a_store_opens_over_tls_with_our_own_authority(process: Neo4jServer, authority: Path, scheme: str) -> None:
    with open_store(at(process, scheme, ca_file=authority / "ours.pem"), mode="write") as store:
        assert store.query("MATCH (s:Schema) RETURN count(s) AS n") == [{"n": 1}]


@pytest.mark.parametrize("scheme", ["neo4j+s", "bolt+s"])
@pytest.mark.parametrize("trusted", ["other.pem", None])
def test_a_certificate_of_another_authority_is_refused(
    process: Neo4jServer, authority: Path, scheme: str, trusted: str | None
) -> None:
    ca_file = None if trusted is None else authority / trusted
    with pytest.raises(StoreUnreachableError, match=r"certificate verify failed.*NEO4J_CA_FILE"):
        open_store(at(process, scheme, ca_file=ca_file))


@pytest.mark.parametrize("scheme", ["neo4j+s", "bolt+s"])
def test_a_certificate_for_another_host_is_refused(process: Neo4jServer, authority: Path, scheme: str) -> None:
    with pytest.raises(StoreUnreachableError, match=r"127\.0\.0\.1.*certificate"):
        open_store(at(process, scheme, host="127.0.0.1", ca_file=authority / "ours.pem"))


@pytest.mark.parametrize("scheme", ["neo4j+ssc", "bolt+ssc"])
def test_any_certificate_will_do_when_the_scheme_says_so(process: Neo4jServer, tmp_path: Path, scheme: str) -> None:
    with open_store(at(process, scheme), mode="write") as store:
        store.load(read_folder(small_market.write_tables(tmp_path / "market"), Settings()))
        assert len(store.query("MATCH (a:Account) RETURN a.account_id AS id")) == len(CROWD) + 6


def test_a_file_without_certificates_is_named(process: Neo4jServer, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing to trust")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(ConfigError, match=name):
            open_store(at(process, "neo4j+s", ca_file=tmp_path / name))


def test_the_command_line_takes_the_authority_from_the_environment(
    process: Neo4jServer, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = f"neo4j+s://localhost:{process.port}"
    folder = small_market.write_tables(tmp_path / "market")
    with logged_in(process.address):
        refused = run(location, "load", str(folder))
        monkeypatch.setenv("NEO4J_CA_FILE", str(authority / "ours.pem"))
        loaded = run(location, "load", str(folder))
    assert (refused.exit_code, refused.stderr.count("certificate verify failed")) == (5, 1)
    assert loaded.exit_code == 0


def run(location: str, *arguments: str) -> Result:
    result = CliRunner(env={"NO_COLOR": "1", "RINGFENCE_CONFIG": None}).invoke(main, ["--store", location, *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


# ---------------------------------------------------------------------------------------- logins


def test_a_wrong_password_is_refused_and_never_shown(process: Neo4jServer) -> None:
    wrong = replace(at(process, "neo4j+ssc"), password="wrong-battery")
    with pytest.raises(StoreLoginError, match=r"'neo4j'.*NEO4J_PASSWORD") as caught:
        open_store(wrong)
    assert "wrong-battery" not in f"{caught.value} {wrong}  {wrong!r}"


def test_an_unknown_user_or_none_at_all_is_refused(process: Neo4jServer) -> None:
    for other in ({"username": "nobody"}, {"password": None}):
        with pytest.raises(StoreLoginError, match="NEO4J_"):
            open_store(replace(at(process, "neo4j+ssc"), **other))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------- memory


def test_a_load_for_which_the_server_has_no_memory_fails_soon_and_says_so(process: Neo4jServer, market: Path) -> None:
    empty_quickly(process.address)
    here = at(process, "neo4j+ssc")
    open_store(here, mode="write").close()
    process.limit_memory(LITTLE_MEMORY_BYTES)
    started = time.monotonic()
    try:
        with pytest.raises(StoreFullError, match=r"ran out of memory: .*give the server more heap"):
            load(here, market)
    finally:
        process.limit_memory(0)
    assert time.monotonic() - started < 30


# ------------------------------------------------------------------------------- rights: for real


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def read_only(process: Neo4jServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The location of a store with a run, whose database takes no more writes."""
    empty_quickly(process.address)
    with open_store(as_server(process.address), mode="write") as store:
        store.load(read_folder(small_market.write_tables(tmp_path_factory.mktemp("rights") / "market"), Settings()))
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot), snapshot)
        store.write_vectors(snapshot.account_id, np.eye(snapshot.n_accounts, 4, dtype=np.float32))
    process.let_write(False)
    with logged_in(process.address) as location:
        yield location
    process.let_write(True)


QUESTIONS = (
    ["rings"],
    ["ring", "R-1"],
    ["account", HOSTILE],
    ["why", "ann"],
    ["path", "ann", "dan"],
    ["similar", "ann"],
    ["search", "ann"],
    ["compare", "ann", "dan"],
    ["why-not", "ann", "dan"],
    ["expand", "ann"],
    ["timeline", "ann"],
    ["exposure"],
    ["targets"],
    ["report", "R-1", "-o", "-"],
    ["report", "latest", "-o", "-"],
    ["policy"],
    ["plan"],
    ["measures"],
    ["queue"],
    ["case", "R-1"],
    ["casebook", "list"],
    ["runs"],
    ["diff", "run-1", "run-1"],
    ["lineage"],
    ["export", "rings", "-o", "-"],
    ["export", "accounts", "-o", "-"],
    ["export", "reviews", "-o", "-"],
    ["export", "rings", "--format", "graphml", "-o", "-"],
    ["cypher", "MATCH (a:Account) RETURN count(a) AS n"],
)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_every_question_is_answered_without_the_right_to_write(read_only: str, question: list[str]) -> None:
    result = run(read_only, *question)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout


def test_there_is_a_question_for_each_command_that_only_asks() -> None:
    others = {"init", "load", "detect", "train", "simulate", "completion", "evaluate", "redteam", "run", "doctor"}
    others |= {"model"}  # reads runs, and files
    about_words, about_folders = {"explain"}, {"generations", "verify", "restore", "rollback", "alerts"}
    says = {"claim", "note", "skip", "merge", "split", "reopen", "decide", "ignore", "appeal", "apply", "undo"}
    asks = {question[0] for question in (*QUESTIONS, ["check"], ["statement"], ["explore"])}
    assert asks == set(COMMANDS) - others - about_words - about_folders - says


def test_newcomers_are_checked_without_the_right_to_write(read_only: str, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id\nsomebody new\n", encoding="utf-8")
    result = run(read_only, "check", str(tmp_path))
    assert result.exit_code == 0, result.stderr
    assert "somebody new" in result.stdout


def test_one_walks_around_without_the_right_to_write(read_only: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExploreServer, "serve_forever", lambda *_: None)
    result = run(read_only, "explore", "ann", "--no-open")
    assert result.exit_code == 0, result.stderr
    assert "http://127.0.0.1:" in result.stdout


def test_reasons_are_stated_without_the_right_to_write(read_only: str, elsewhere: Path) -> None:
    settings = '[statement]\nplatform = "Mart"\ncontact = "appeals@mart.example"\nterms = "Terms, 7.2"\n'
    (elsewhere / "ringfence.toml").write_text(settings, encoding="utf-8")
    result = run(read_only, "statement", "ann", "-o", "out")
    assert result.exit_code == 0, result.stderr
    assert len(list((elsewhere / "out").iterdir())) == 3


def test_a_trial_load_needs_no_right_to_write(read_only: str, tmp_path: Path) -> None:
    result = run(read_only, "load", "--dry-run", str(small_market.write_tables(tmp_path / "market")))
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("command", ["load", "detect", "decide"])
def test_what_writes_says_which_right_it_lacks(read_only: str, tmp_path: Path, command: str) -> None:
    more = {
        "load": [str(small_market.write_tables(tmp_path / "market"))],
        "detect": [],
        "decide": ["ann", "cleared", "--by", "ana", "--reason", "x"],
    }
    result = run(read_only, command, *more[command])
    refusal = result.stderr.splitlines()[-1]
    assert result.exit_code == 5
    assert "read" in refusal
    assert "write" in refusal


# --------------------------------------------------------------------- rights: what servers answer

ASKED = Server("neo4j://graph.example", "jake")
REFUSED = (
    "Create node with labels 'Account' on database 'neo4j' is not allowed for user 'jake' with roles [PUBLIC, reader].",
    "Set property for property 'tier' on database 'neo4j' is not allowed for user 'jake' with roles [PUBLIC, reader].",
    "Schema operation 'create_constraint' on database 'neo4j' is not allowed for user 'jake' with roles [publisher].",
    "Database access is not allowed for user 'jake' with roles [PUBLIC].",
)


def answer_of(code: str, message: str) -> exceptions.Neo4jError:
    """What the driver raises when a server answers this."""
    return exceptions.Neo4jError._hydrate_neo4j(code=code, message=message)


@pytest.mark.parametrize("said", REFUSED)
def test_a_refusal_names_the_privilege_the_user_and_the_role_to_ask_for(said: str) -> None:
    found = explain_server_error(ASKED, answer_of("Neo.ClientError.Security.Forbidden", said))
    assert isinstance(found, StoreReadOnlyError)
    assert said in str(found)
    assert all(word in str(found) for word in ("graph.example", "'jake'", "reader", "publisher", "architect"))
    assert "\n" not in str(found)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Neo.ClientError.Security.Unauthorized", StoreLoginError),
        ("Neo.ClientError.Security.AuthenticationRateLimit", StoreLoginError),
        ("Neo.ClientError.Security.CredentialsExpired", StoreLoginError),
        ("Neo.ClientError.Security.TokenExpired", StoreLoginError),
        ("Neo.ClientError.Statement.AccessMode", StoreReadOnlyError),
        ("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase", StoreReadOnlyError),
        ("Neo.ClientError.General.ForbiddenOnReadOnlyDatabase", StoreReadOnlyError),
    ],
)
def test_a_refusal_is_told_from_a_wrong_login(code: str, kind: type[StoreError]) -> None:
    found = explain_server_error(ASKED, answer_of(code, "no"))
    assert type(found) is kind
    assert "graph.example" in str(found)
