"""Where the store is: flag, environment, settings file, default; and a password that nobody gets to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.context import Workplace
from cli.main import main
from graph.errors import ConfigError
from graph.open import open_store
from graph.settings import load_settings
from graph.stores.location import Server, find_server

SECRET = "open sesame"
NAMES = ("URI", "USERNAME", "PASSWORD", "DATABASE", "CA_FILE")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RINGFENCE_STORE", raising=False)
    for name in NAMES:
        monkeypatch.delenv(f"NEO4J_{name}", raising=False)
    return tmp_path


def write_settings(text: str) -> None:
    Path("ringfence.toml").write_text(text, encoding="utf-8")


def test_without_a_word_the_store_is_a_folder_here() -> None:
    assert Workplace().find_location() == "ringfence-store"


def test_a_flag_goes_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write_settings("[neo4j]\nuri = 'neo4j://file'\nusername = 'file'\ndatabase = 'file'\n")
    assert Workplace().find_location() == Server("neo4j://file", "file", database="file")
    monkeypatch.setenv("NEO4J_URI", "bolt://environment:7687")
    monkeypatch.setenv("NEO4J_USERNAME", "environment")
    expected = Server("bolt://environment:7687", "environment", database="file")
    assert Workplace().find_location() == expected
    assert Workplace(store="neo4j+s://flag").find_location() == Server("neo4j+s://flag", "environment", database="file")
    assert Workplace(store="a-folder").find_location() == "a-folder"


def test_ringfences_own_variable_goes_before_neo4js(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://somewhere")
    monkeypatch.setenv("RINGFENCE_STORE", "a-folder")
    result = CliRunner().invoke(main, ["runs"])
    assert result.exit_code == 5
    assert "no store at a-folder" in result.stderr


def test_the_environment_says_all_there_is_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(NAMES, ("neo4j://host:7687", "ann", SECRET, "market", "/ca.pem"), strict=True):
        monkeypatch.setenv(f"NEO4J_{name}", value)
    wanted = Server("neo4j://host:7687", "ann", SECRET, "market", "/ca.pem")
    location = Workplace().find_location()
    assert location == "neo4j://host:7687"  # to which opening adds the rest
    assert find_server(str(location)) == wanted


def test_a_password_file_lies_beside_the_settings(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = elsewhere / "settings"
    folder.mkdir()
    (folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    (folder / "our.toml").write_text(
        "[neo4j]\nuri = 'neo4j://host'\npassword_file = 'secret'\nca_file = 'ca.pem'\n", encoding="utf-8"
    )
    found = Workplace(config=folder / "our.toml").find_location()
    assert found == Server("neo4j://host", password=SECRET, ca_file=str(folder / "ca.pem"))
    monkeypatch.setenv("NEO4J_PASSWORD", "another")
    found = Workplace(config=folder / "our.toml").find_location()
    assert isinstance(found, Server)
    assert found.password == "another"


def test_a_missing_password_file_is_named() -> None:
    write_settings("[neo4j]\nuri = 'neo4j://host'\npassword_file = 'nowhere'\n")
    with pytest.raises(ConfigError, match=r"neo4j.password_file nowhere cannot be read: No such file"):
        Workplace().find_location()


@pytest.mark.parametrize(
    "address",
    [
        f"neo4j://ann:{SECRET}@host:7687",
        f"bolt+s://ann:{SECRET}@host",
        "bolt://ann@host",
        f"NEO4J://ann:{SECRET}@host",
        f"Bolt+SSC://ann:{SECRET}@[::1]:7687",
        f"neo4j://ann%3A{SECRET}%40host",
        f"neo4j://ann%253A{SECRET}%2540host",
        f"neo4j:///ann:{SECRET}@host",
        f"neo4j://host/ann:{SECRET}@host",
        f"neo4j://host?password={SECRET}",
        f"neo4j://host:7687/?user=ann&password={SECRET}",
        f"neo4j://host?policy=eu&token={SECRET}",
        f"neo4j://host?AUTH={SECRET}",
        f"bolt://host?secret={SECRET}",
        f"neo4j://host?{SECRET}",
    ],
)
def test_a_login_in_the_address_is_refused_and_not_repeated(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [CliRunner().invoke(main, ["--store", address, "runs"])]
    monkeypatch.setenv("NEO4J_URI", address)
    said.append(CliRunner().invoke(main, ["runs"]))
    for result in said:
        assert result.exit_code == 1
        assert "set NEO4J_USERNAME and NEO4J_PASSWORD" in result.stderr
        assert SECRET not in result.output


@pytest.mark.parametrize(
    "address",
    [
        f"neo4j:{SECRET}@host",
        f"ann:{SECRET}@host:7687",
        f"NEO4J+S:ann:{SECRET}@host",
        f"bolt:/ann:{SECRET}@host",
        f"neo4j://ann:{SECRET}",
        f"neo4j://host#{SECRET}",
        f"neo4j://host:7687/{SECRET}",
        f"neo4j://{SECRET}\\@host",
        f"neo4j://ho st:{SECRET}",
        f"ann:{SECRET}@neo4j://host",
        f"http://ann:{SECRET}@host",
    ],
)
@pytest.mark.parametrize("command", [["runs"], ["-v", "runs"], ["load", "."], ["detect"]])
def test_what_is_no_address_is_never_repeated_and_makes_no_folder(
    address: str, command: list[str], monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    said = [CliRunner().invoke(main, ["--store", address, *command])]
    monkeypatch.setenv("NEO4J_URI", address)
    said.append(CliRunner().invoke(main, command))
    monkeypatch.delenv("NEO4J_URI")
    write_settings(f"[neo4j]\nuri = '{address}'\n")
    said.append(CliRunner().invoke(main, command))
    for result in said:
        assert (result.exit_code, result.stdout) == (1, "")
        assert SECRET not in f"{result.output}{result.exception!r}"
        assert result.stderr.count("\n") == 1
    assert not [path for path in elsewhere.rglob("*") if SECRET in path.name]


@pytest.mark.parametrize("uri", [f"neo4j://ann:{SECRET}@host", f"neo4j://host?password={SECRET}"])
def test_no_program_can_make_a_server_whose_words_hold_a_password(uri: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Server(uri)
    assert SECRET not in str(caught.value)
    assert str(Server("neo4j://host?policy=eu")) == "neo4j://host"


def test_an_at_sign_elsewhere_in_an_address_is_no_login() -> None:
    assert find_server("neo4j://host:7687?policy=a@b") == Server("neo4j://host:7687?policy=a@b")


@pytest.mark.parametrize("address", ["http://host:7474", "postgres://host", "neo4j+x://host"])
def test_an_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="no store has addresses like"):
        open_store(address)


@pytest.mark.parametrize("text", ["host:7687", "a-folder"])
def test_neo4j_uri_names_servers_only(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_URI", text)
    with pytest.raises(ConfigError, match="NEO4J_URI is no address; write it like neo4j://host:7687"):
        Workplace().find_location()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("store = 'here'\n[neo4j]\nuri = 'neo4j://host'", "name two places; keep one"),
        (
            "[neo4j]\nuri = 'neo4j://host'\npassword = 'a'\npassword_file = 'b'",
            "password_file are both given; keep one",
        ),
        ("[neo4j]\nuri = 'neo4j://host'\nuser = 'ann'", "no setting 'neo4j.user'; did you mean 'username'"),
        ("[neo4j]\nusername = 7", "'neo4j.username': expected text"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings: str, complaint: str) -> None:
    write_settings(settings)
    with pytest.raises(ConfigError, match=complaint):
        Workplace().find_location()


def test_a_password_shows_in_nothing_that_is_printed() -> None:
    write_settings(f"[neo4j]\nuri = 'neo4j://host'\npassword = '{SECRET}'\n")
    settings, location = load_settings(Path("ringfence.toml")), Workplace().find_location()
    assert isinstance(location, Server)
    assert location.password == SECRET
    assert SECRET not in f"{settings!r} {settings} {location!r} {location}"


def test_rejects_of_a_server_are_listed_here() -> None:
    assert Workplace(store="there/store/").name_rejects() == Path("there/store-rejects.csv")
    assert Workplace(store="neo4j://host:7687").name_rejects() == Path("ringfence-store-rejects.csv")
