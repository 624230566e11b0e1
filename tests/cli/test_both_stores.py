"""From simulated tables to exported files: whichever store is in between, the same bytes come out."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from neo4j_server import ServerAddress, logged_in
from property_graph import empty_quickly

from cli.explorer.answers import Explorer
from cli.explorer.names import Names
from cli.main import main
from embeddings.encoder import settings as encoder_settings
from embeddings.encoder.settings import EncoderSettings
from graph.open import open_store

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def stores(neo4j_server: ServerAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The same market, loaded and searched by the same commands, in a folder and on a server."""
    folder = tmp_path_factory.mktemp("both")
    empty_quickly(neo4j_server)
    with logged_in(neo4j_server) as address, pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        run("unused", "simulate", "market", "--accounts", "600", "--seed", "5")
        both = (str(folder / "embedded"), address)
        for store in both:
            run(store, "load", "market")
            run(store, "detect")
        yield both


def run(store: str, *words: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["--store", store, *words])
    assert result.exit_code == exit_code, result.output
    return result


def ask_both(stores: tuple[str, str], *words: str, exit_code: int = 0) -> str:
    """The answer on both stores, which has to be the same."""
    embedded, server = (run(store, *words, exit_code=exit_code) for store in stores)
    assert server.stdout_bytes == embedded.stdout_bytes
    return embedded.stdout


def test_a_check_of_new_accounts_says_the_same(stores: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    for name in ("accounts", "devices", "addresses", "identifiers"):
        rows = (Path("market") / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        renamed = [row.replace('"A', '"new-A', 1) for row in rows[1:50]]
        (folder / f"{name}.csv").write_text("\n".join([rows[0], *renamed]), encoding="utf-8")
    found = json.loads(ask_both(stores, "check", str(folder), "--format", "json"))
    assert len(found) == 49
    assert sum(len(each["shared"]) for each in found) > 5


@pytest.mark.parametrize(
    ("subject", "form"),
    [("rings", "graphml"), *product(("rings", "accounts", "reviews"), ("csv", "json", "jsonl", "parquet"))],
)
def test_exports_are_the_same_to_the_byte(stores: tuple[str, str], tmp_path: Path, subject: str, form: str) -> None:
    files = [tmp_path / "embedded", tmp_path / "server"]
    for store, file in zip(stores, files, strict=True):
        run(store, "export", subject, "--format", form, "-o", str(file))
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(files[0].read_bytes()) > 1000


@pytest.mark.parametrize("form", ["table", "json"])  # csv and jsonl are written from the rows of json
def test_every_question_has_the_same_answer(stores: tuple[str, str], form: str) -> None:
    shape = ("--format", form)
    ask_both(stores, "rings", "--sparklines", *shape)
    found = json.loads(ask_both(stores, "rings", "--format", "json"))
    ring = json.loads(ask_both(stores, "ring", found[0]["ring_id"], "--format", "json"))
    one, other, *_ = (member["account_id"] for member in ring["members"])
    for words in (("ring", found[-1]["ring_id"], "--picture"), ("why", found[0]["ring_id"]), ("path", one, other)):
        ask_both(stores, *words, *shape)
    for words in (
        ("timeline", found[0]["ring_id"], "--until", "2025-12-31"),  # the runs themselves were at different times
        ("expand", one, "--hops", "2"),
        ("exposure",),
        ("targets",),
        ("compare", one, other),
    ):
        ask_both(stores, *words, *shape)
    for text in (one[:4], "street", found[0]["ring_id"], one):
        ask_both(stores, "search", text, *shape)
    for account in (one, other, ring["members"][-1]["account_id"]):
        ask_both(stores, "account", account, *shape)
        ask_both(stores, "why", account, *shape)
    shared = (
        "MATCH (a:Account {account_id: $id})-[u:USES]->(i:Identifier)"
        " RETURN i.kind AS kind, i.value AS value, u.seen_at AS seen_at ORDER BY kind, value, seen_at"
    )
    ask_both(stores, "cypher", shared, "-p", f"id={one}", *shape)


def test_a_ring_has_the_same_page(stores: tuple[str, str]) -> None:
    found = json.loads(ask_both(stores, "rings", "--format", "json"))
    assert "still a ring" in ask_both(stores, "report", found[0]["ring_id"], "-o", "-")


def test_a_run_has_the_same_page_but_for_its_times(stores: tuple[str, str]) -> None:
    pages = [run(each, "report", "latest", "-o", "-").stdout for each in stores]
    one, other = (re.sub(r"Detection: [\d.]+ seconds|\d+:\d+:\d+ [AP]M", "TIME", each) for each in pages)
    assert one == other
    assert "How the scores of accounts lie" in one


def test_walking_around_shows_the_same(stores: tuple[str, str]) -> None:
    ring = json.loads(run(stores[0], "rings", "--format", "json", "-n", "1").stdout)[0]["ring_id"]
    told = []
    for location in stores:
        with open_store(location) as store:
            explorer = Explorer(store, Names(is_spelt=True), ring)
            begun, found = explorer.begin(), explorer.search("street")
            members = [each["id"] for each in begun["start"]["accounts"]]
            thing = next(each["thing"] for each in found["hits"] if each["thing"])
            rows = store.query(explorer.write_cypher(members)["cypher"])
            told.append([begun, found, explorer.list_users(thing, 30), sorted(tuple(row.values()) for row in rows)])
            told[-1] += [explorer.look_around(members[:1], [], 30), explorer.find_path(*members[:2])]
            told[-1] += [explorer.compare(members[:2]), explorer.tell_account(members[0])]
    assert told[0] == told[1]
    assert told[0][3]


def test_amounts_add_up_to_the_same_digits(stores: tuple[str, str]) -> None:
    busiest = (
        "MATCH (a:Account)-[o:ORDERED]-() WITH a.account_id AS id, count(*) AS orders"
        " RETURN id, orders ORDER BY orders DESC, id LIMIT 12"
    )
    for row in json.loads(ask_both(stores, "cypher", busiest, "--format", "json")):
        ask_both(stores, "account", row["id"], "--format", "json")


def test_runs_differ_in_nothing_but_their_times(stores: tuple[str, str]) -> None:
    said = [
        re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", run(each, "runs", "--format", "json").stdout) for each in stores
    ]
    assert said[0] == said[1]
    assert said[0].count("TIME") == 2


def test_an_unknown_id_has_the_same_neighbour(stores: tuple[str, str]) -> None:
    known = json.loads(
        ask_both(stores, "cypher", "MATCH (a:Account) RETURN min(a.account_id) AS id", "--format", "json")
    )
    wrong = known[0]["id"][:-1] + "x"
    for command in ("account", "why", "ring"):
        said = [run(store, command, wrong, exit_code=3).stderr for store in stores]
        assert said[0] == said[1]


def test_the_most_alike_are_the_same(stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    quick = functools.partial(EncoderSettings, steps=10, batch=64, hidden=16)
    monkeypatch.setattr(encoder_settings, "EncoderSettings", quick)
    ring = json.loads(run(stores[0], "rings", "--format", "json").stdout)[0]["ring_id"]
    member = json.loads(run(stores[0], "ring", ring, "--format", "json").stdout)["members"][0]["account_id"]
    ask_both(stores, "similar", member, "-k", "5", "--format", "json")


def test_loading_the_folder_again_adds_nothing_on_either(stores: tuple[str, str]) -> None:
    tables = [run(store, "load", "market").stdout for store in stores]
    assert tables[0] == tables[1]


def test_a_week_of_casework_ends_the_same_on_both(stores: tuple[str, str], tmp_path: Path) -> None:
    """What is said to one store is taken into the other, and both then find, and show, the same."""
    embedded, server = stores
    first, second = json.loads(run(embedded, "rings", "--format", "json").stdout)[:2]
    ring = json.loads(run(embedded, "ring", first["ring_id"], "--format", "json").stdout)
    one, other = (member["account_id"] for member in ring["members"][:2])
    thing = json.loads(run(embedded, "account", other, "--format", "json").stdout)["identifiers"][0]
    (tmp_path / "letter.txt").write_text("I lent my\nphone", encoding="utf-8")
    why = ("--by", "ana", "--reason", "family phone")
    for words in (
        ("decide", one, "cleared", *why),
        ("decide", second["ring_id"], "dismissed", *why),
        ("ignore", thing["kind"], thing["value"], *why),
        ("claim", first["ring_id"], "--by", "ana"),
        ("note", first["ring_id"], "--text", "called", "--by", "ana"),
        ("appeal", other, "--text", str(tmp_path / "letter.txt"), "--by", "mail"),
        ("appeal", other, "--granted", *why, "--yes"),
    ):
        run(embedded, *words)
    run(embedded, "casebook", "export", "-o", str(tmp_path / "events.jsonl"))
    assert run(server, "casebook", "import", str(tmp_path / "events.jsonl")).stdout == "7 events added, 0 were there.\n"
    for store in stores:
        run(store, "detect")
    shape = ("--format", "json")
    found = json.loads(ask_both(stores, "rings", *shape))
    assert second["ring_id"] not in {each["ring_id"] for each in found}
    for words in (("casebook", "list"), ("account", one), ("why", one), ("account", other), ("case", first["ring_id"])):
        ask_both(stores, *words, *shape)
    assert json.loads(ask_both(stores, "account", one, *shape))["tier"] == "clear"
    said = [json.loads(run(each, "queue", *shape).stdout)["lines"] for each in stores]
    assert [each["case_id"] for each in said[0]] == [each["case_id"] for each in said[1]]
    for store in stores:
        assert "is with ana until" in run(store, "claim", first["ring_id"], "--by", "bo", exit_code=5).stderr
        undone = json.loads(
            run(store, "decide", second["ring_id"], "watch", "--by", "bo", "--reason", "x", *shape).stdout
        )
        run(store, "decide", "--undo", undone[0]["event_id"], "--by", "bo", "--reason", "x")
        assert "casebook" in run(store, "verify").stdout
    assert len(json.loads(run(server, "casebook", "list", *shape).stdout)) == 9


def test_the_same_reasons_are_stated_and_it_is_known_which_facts_carry_the_verdict(
    stores: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "ringfence.toml"
    file.write_text('[statement]\nplatform = "Mart"\ncontact = "a@mart.example"\nterms = "7.2"\n', encoding="utf-8")
    ring_id = json.loads(run(stores[0], "rings", "--format", "json").stdout)[-1]["ring_id"]
    run(stores[0], "decide", ring_id, "confirmed", "--by", "ana", "--reason", "x")
    run(stores[0], "casebook", "export", "-o", str(tmp_path / "events.jsonl"))
    run(stores[1], "casebook", "import", str(tmp_path / "events.jsonl"))
    folders = [tmp_path / "embedded", tmp_path / "server"]
    for store, folder in zip(stores, folders, strict=True):
        told = run(store, "--config", str(file), "statement", ring_id, "-o", str(folder)).stderr
        assert "facts carry the verdict" not in told
    for name in ("record.html", "letter.html", "transparency.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
