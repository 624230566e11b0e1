"""Ids that quote, escape, inject, format, mimic options or look like nothing at all: every command, on every store.

One market is made of them: each is an account, a device, an order, a product, a review, a word and a text.  Nothing
may be lost or altered, no command may do what an id says, and the stores have to answer alike.
"""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hostile import HOSTILE, Place
from hostile_market import CANARIES, NEXT, SUBJECTS, TABLES, as_word, make_run, write_market
from neo4j_server import ServerAddress, logged_in
from property_graph import Dump, dump_graph

from graph.open import open_store
from graph.spreadsheets import unguard_cell


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_market(tmp_path_factory.mktemp("hostile") / "market")


def fill(place: Place, market: Path) -> Place:
    """Load the market by the command line, and write the run."""
    loaded = place.ask("load", str(market), "--rejects", str(market.parent / "rejects.csv"))
    assert loaded.exit_code == 0, loaded.output
    assert "No row was rejected." in loaded.stdout
    with open_store(place.location, mode="write") as store:
        snapshot = store.snapshot()
        store.write_run(make_run(snapshot), snapshot)
        store.query("MATCH (r:Run) SET r.started_at = $at, r.finished_at = $at", at=dt.datetime(2024, 4, 1))
    return place


@contextmanager
def unchanged(place: Place) -> Iterator[Place]:
    """Whatever is asked of a place, at the end each fact and each canary is where it was."""
    with open_store(place.location) as store:
        before = dump_graph(store)
    yield place
    with open_store(place.location) as store:
        after = dump_graph(store)
    assert after == before
    assert len([row for row in after["Account"] if row[0] in CANARIES]) == len(CANARIES)
    place.close()


@pytest.fixture(scope="module")
def embedded(market: Path) -> Iterator[Place]:
    with unchanged(fill(Place(str(market.parent / "store")), market)) as place:
        yield place


@pytest.fixture(scope="module")
def neo4j(emptied_neo4j: ServerAddress, market: Path) -> Iterator[Place]:
    with logged_in(emptied_neo4j) as location, unchanged(fill(Place(location), market)) as place:
        yield place


# Each command by itself is tried on the embedded store; that a server answers alike is asked further below.
@pytest.fixture(
    scope="module",
    params=["embedded", pytest.param("neo4j", marks=[pytest.mark.server, pytest.mark.thorough])],
)
def place(request: pytest.FixtureRequest) -> Place:
    """A store full of hostile ids."""
    place: Place = request.getfixturevalue(request.param)
    return place


# ---------------------------------------------------------------------------------- what is kept


@pytest.fixture(scope="module", params=["embedded", pytest.param("neo4j", marks=pytest.mark.server)])
def kept(request: pytest.FixtureRequest) -> Dump:
    place: Place = request.getfixturevalue(request.param)
    with open_store(place.location) as store:
        return dump_graph(store)


def rows_of(table: str, *names: str) -> list[tuple[Any, ...]]:
    """What was written into a table, distinct; words as the contract keeps them."""
    words = ("status",) if table in ("accounts", "orders") else ("kind",) if table == "addresses" else ()
    return in_order(
        {tuple(as_word(row[name]) or None if name in words else row[name] for name in names) for row in TABLES[table]}
    )


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def test_accounts_keep_their_ids_and_words(kept: Dump) -> None:
    found = [(row[0], row[3], row[4]) for row in kept["Account"]]
    assert in_order(found) == rows_of("accounts", "account_id", "segment", "status")


def test_identifiers_keep_their_kinds_and_values(kept: Dump) -> None:
    devices = {("device", value) for (value,) in rows_of("devices", "device_id")}
    addresses = {("address", value) for (value,) in rows_of("addresses", "address")}
    others = set(rows_of("identifiers", "kind", "value"))
    found = [(kind, value) for _, kind, value, _ in kept["Identifier"]]
    assert in_order(found) == in_order(devices | addresses | others)


def test_uses_join_the_accounts_and_things_that_were_written(kept: Dump) -> None:
    thing = {key: (kind, value) for key, kind, value, _ in kept["Identifier"]}
    found = {(account, *thing[key], role) for account, key, role, _ in kept["Account-USES-Identifier"]}
    devices = {(account, "device", value, None) for account, value in rows_of("devices", "account_id", "device_id")}
    places = rows_of("addresses", "account_id", "address", "kind")
    addresses = {(account, "address", value, role) for account, value, role in places}
    others = {(*row, None) for row in rows_of("identifiers", "account_id", "kind", "value")}
    assert found == devices | addresses | others


def test_orders_keep_everything(kept: Dump) -> None:
    found = [(*row[:4], row[5], row[7]) for row in kept["Account-ORDERED-Account"]]
    names = ("buyer_id", "seller_id", "order_id", "product_id", "currency", "status")
    assert in_order(found) == rows_of("orders", *names)


def test_listings_and_reviews_keep_everything(kept: Dump) -> None:
    assert [row[0] for row in kept["Listing"]] == [row[0] for row in rows_of("listings", "product_id")]
    assert kept["Account-LISTED-Listing"] == rows_of("listings", "seller_id", "product_id")
    assert in_order((row[0], row[3]) for row in kept["Review"]) == rows_of("reviews", "review_id", "text")
    assert kept["Account-WROTE-Review"] == rows_of("reviews", "account_id", "review_id")
    assert kept["Review-ABOUT-Listing"] == rows_of("reviews", "review_id", "product_id")


def test_referrals_and_labels_keep_everything(kept: Dump) -> None:
    assert kept["Account-REFERRED-Account"] == rows_of("referrals", "referred_by", "account_id")
    found = [(row[0], row[1], row[3]) for row in kept["Account-LABELLED-Label"]]
    assert in_order(found) == rows_of("labels", "account_id", "label", "source")


def test_a_run_keeps_its_rings_flags_and_sentences(kept: Dump) -> None:
    assert in_order((row[1],) for row in kept["Ring"]) == in_order((each,) for each in HOSTILE)
    assert in_order((row[1], row[5]) for row in kept["Evidence"]) == in_order((each, each) for each in HOSTILE)
    assert in_order((row[1], row[4]) for row in kept["Reading"]) == in_order((each, each) for each in HOSTILE)
    links = [(row[0], row[1], row[3], row[5]) for row in kept["Account-LINKED-Account"]]
    assert in_order(links) == in_order((each, NEXT[each], each, each) for each in HOSTILE)
    flags = {(subject, each, tuple(reasons), action) for _, _, subject, each, _, _, reasons, action, _ in kept["Flag"]}
    assert flags == {(subject, each, (each, "x"), each) for each in HOSTILE for subject in SUBJECTS}
    assert len(kept["Flag"]) == len(kept["Flag-CITES-Ring"]) == len(flags)
    assert tuple(kept["Run"][0][-1]) == HOSTILE


def test_loading_the_same_ids_again_adds_nothing(place: Place, market: Path) -> None:
    for options in (["--dry-run"], []):
        result = place.ask("load", *options, "--rejects", str(market.parent / "none.csv"), str(market))
        assert result.exit_code == 0
        counts = [line.split() for line in result.stdout.splitlines()]
        assert [row[2] for row in counts if row and row[0] in TABLES] == ["0"] * len(TABLES)


# ------------------------------------------------------------------------------ what is answered


def test_account_answers_for_each_id(place: Place) -> None:
    for each in HOSTILE:
        found = place.answer("account", each)
        before = HOSTILE[HOSTILE.index(each) - 1]
        assert (found["account_id"], found["segment"]) == (each, each)
        assert {use["value"] for use in found["identifiers"] if use["kind"] == "device"} >= {each, before}
        assert found["referred_by"] == [NEXT[each]]
        assert found["bought"]["latest"][0]["other_id"] == NEXT[each]
        assert found["sold"]["latest"][0]["order_id"] == before
        assert found["reviews"]["latest"][0]["review_id"] == each
        assert found["labels"][0]["source"] == each
        assert {ring["ring_id"] for ring in found["rings"]} == {each, before}
        assert found["flags"][0]["reasons"] == [each, "x"]


def test_why_answers_for_each_id_as_account_ring_and_review(place: Place) -> None:
    for each in HOSTILE:
        found = place.answer("why", each)
        assert [(reasons["subject"], reasons["subject_id"]) for reasons in found] == [
            ("account", each),
            ("ring", each),
            ("review", each),
        ]
        assert all(each in sentence for sentence in (found[0]["sentences"][1], found[1]["sentences"][0]))
        assert found[2]["sentences"][0] == f"Written by {each}."


def test_ring_answers_for_each_id(place: Place) -> None:
    for each in HOSTILE:
        found = place.answer("ring", each)
        assert [member["account_id"] for member in found["members"]] == [each, NEXT[each]]
        assert [link["via"] for link in found["links"]] == [each]
        assert (found["evidence"][0]["channel"], found["readings"][0]["sentence"]) == (each, each)


@pytest.mark.parametrize("hostile_id", ["<b>&amp;</b>", "--help", HOSTILE[0]])
def test_a_page_shows_each_id_as_text(place: Place, hostile_id: str) -> None:
    written = place.ask("report", "-o", "-", "--as", "account", "--", hostile_id)
    assert (written.exit_code, written.stderr) == (0, "")
    assert hostile_id in html.unescape(written.stdout)
    assert written.stdout.count("<script") == 2
    assert "<b>&amp;</b>" not in written.stdout


def test_path_leads_from_each_id_to_the_next(place: Place) -> None:
    for each in HOSTILE:
        (hop,) = place.answer("path", each, NEXT[each])["hops"]
        assert (hop["account_a"], hop["account_b"]) == (each, NEXT[each])
        channels = {share["channel"] for share in hop["shares"]}
        assert {"device", as_word(each) or "blank", "trade", "referral"} <= channels


def test_a_path_takes_no_identifier_for_an_account_of_its_name(place: Place) -> None:
    (hop,) = place.answer("path", *CANARIES[:2])["hops"]
    assert (hop["account_a"], hop["account_b"]) == CANARIES[:2]
    assert {"channel": "account", "name": HOSTILE[0], "accounts": 2} in hop["shares"]


def test_similar_answers_for_each_id(place: Place) -> None:
    everybody = {*HOSTILE, *CANARIES}
    for each in HOSTILE[::4]:
        found = {other["account_id"] for other in place.answer("similar", each)}
        assert found <= everybody - {each}
        assert len(found) == 10


def test_cypher_takes_each_id_as_a_parameter_and_as_nothing_else(place: Place) -> None:
    asked = "MATCH (a:Account {account_id: $id}) RETURN a.account_id AS found, $id AS given"
    for each in HOSTILE:
        result = place.ask("cypher", asked, "-p", f"id={each}", "--format", "json")
        assert json.loads(result.stdout) == [{"found": each, "given": each}]


def test_rings_and_runs_list_everything(place: Place) -> None:
    assert {ring["ring_id"] for ring in place.answer("rings")} == set(HOSTILE)
    assert place.answer("runs")[0]["notes"] == list(HOSTILE)


@pytest.mark.parametrize("command", ["account", "why", "ring"])
def test_csv_and_tables_hold_each_id(place: Place, command: str) -> None:
    column = {"account": "account_id", "why": "subject_id", "ring": "ring_id"}[command]
    for each in HOSTILE[::5]:
        for options, read in ((["--raw"], str), ([], unguard_cell)):
            written = place.ask(command, "--format", "csv", *options, "--", each).stdout
            assert {read(row[column]) for row in csv.DictReader(io.StringIO(written, newline=""))} == {each}
        drawn = place.ask(command, "--", each)
        assert (drawn.exit_code, drawn.stderr) == (0, "")
        assert drawn.stdout


@pytest.mark.parametrize("subject", ["account", "review", "ring"])
@pytest.mark.parametrize("form", ["csv", "guarded.csv", "jsonl", "json", "parquet"])
def test_exports_hold_each_id(place: Place, tmp_path: Path, subject: str, form: str) -> None:
    file = tmp_path / f"out.{form}"
    assert place.ask("export", f"{subject}s", "-o", str(file), *(["--raw"] if form == "csv" else [])).exit_code == 0
    text = file.read_bytes().decode(errors="replace")  # not read_text, which takes all line ends for one
    if form == "parquet":
        found = pq.read_table(file)[f"{subject}_id"].to_pylist()
    elif form.endswith("csv"):
        found = [row[f"{subject}_id"] for row in csv.DictReader(io.StringIO(text, newline=""))]
        assert form == "csv" or not [cell for cell in found if cell[:1] in tuple("=+-@\t\r\n")]
        found = list(map(unguard_cell, found)) if form == "guarded.csv" else found
    else:
        rows = json.loads(text) if form == "json" else [json.loads(line) for line in text.split("\n") if line]
        found = [row[f"{subject}_id"] for row in rows]
    assert set(found) - set(CANARIES) == set(HOSTILE)


def test_a_network_file_holds_each_ring(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "out.graphml"
    assert place.ask("export", "rings", "-o", str(file)).exit_code == 0
    nodes = ET.parse(file).getroot().iter("{http://graphml.graphdrawing.org/xmlns}node")
    assert len({node.get("id") for node in nodes}) == len(HOSTILE)


# ------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("command", ["account", "why", "ring", "similar"])
def test_an_unknown_id_is_named_in_one_line(place: Place, command: str) -> None:
    for each in HOSTILE[:-2:3]:
        result = place.ask(command, "--", f"{each}?!")
        assert (result.exit_code, result.stdout) == (3, "")
        assert repr(f"{each}?!") in result.stderr
        assert result.stderr.count("\n") == 1


def test_an_unknown_run_or_end_of_a_path_is_refused(place: Place) -> None:
    for each in HOSTILE[::3]:
        assert place.ask("rings", f"--run={each}").exit_code == 3
        assert place.ask("path", "--", CANARIES[0], f"{each}?!").exit_code == 3


def test_an_id_with_a_nul_is_refused_at_load_and_unknown_when_asked(place: Place, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id\nfine\nno\0no\n")
    result = place.ask("load", str(tmp_path), "--dry-run", "--rejects", str(tmp_path / "bad.csv"))
    assert result.exit_code == 4
    assert "NUL" in result.stderr
    assert place.ask("account", f"{CANARIES[0]}\0").exit_code == 3


def test_half_a_character_is_wrong_usage(place: Place) -> None:
    for command in (["account"], ["why"], ["ring"], ["path", CANARIES[0]], ["similar"]):
        assert place.ask(*command, "\udcff").exit_code == 2


@pytest.mark.parametrize("query", ["MATCH (a:Account) DETACH DELETE a", "CREATE (:Account {account_id: 'x'})"])
def test_cypher_changes_nothing(place: Place, query: str) -> None:
    assert place.ask("cypher", query).exit_code != 0


# -------------------------------------------------------------------------------- store by store

QUESTIONS = (
    ("rings",),
    ("runs",),
    *((command, each) for each in HOSTILE[::4] for command in ("account", "why", "ring")),
    *(("path", each, NEXT[each]) for each in HOSTILE[1::4]),
    *(("path", each, CANARIES[0]) for each in HOSTILE[::9]),
    *(("similar", each) for each in HOSTILE[::9]),
)


@pytest.mark.server
def test_the_stores_answer_alike(embedded: Place, neo4j: Place) -> None:
    for question in QUESTIONS:
        assert neo4j.answer(*question) == embedded.answer(*question), question


@pytest.mark.server
def test_the_stores_guess_alike_what_was_meant(embedded: Place, neo4j: Place) -> None:
    for each in HOSTILE[:-2:4]:
        asked = ("account", "--", each[:-1] + "x")
        assert neo4j.ask(*asked).stderr == embedded.ask(*asked).stderr


@pytest.mark.server
@pytest.mark.parametrize("subject", ["accounts", "reviews", "rings"])
def test_the_stores_export_alike(embedded: Place, neo4j: Place, subject: str) -> None:
    found = [place.ask("export", subject, "-o", "-", "--format", "jsonl").stdout_bytes for place in (embedded, neo4j)]
    assert found[0] == found[1]
