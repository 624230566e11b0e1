"""A store of version 1 answers a reader as it is, and a writer brings it up to date, killed or not."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import ladybug
import pytest
import small_market
from click.testing import CliRunner
from killing import SOME_OR_ALL, Killer
from on_disk import claim_version, find_graph, list_files, list_leftovers
from version_1 import read_recorded, unpack_version_1

from cli.main import main
from graph.errors import QueryError, StoreVersionError
from graph.stores.embedded.database import DATABASE_FILE
from graph.stores.embedded.disk import digest_file
from graph.stores.embedded.schema import list_migrations
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import Mode
from graph.stores.shape import NODES, RELATIONSHIPS, VERSION, find_later


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return unpack_version_1(tmp_path)


NOTHING_PAID: dict[str, Any] = {
    "orders": 0,
    "counterparties": 0,
    "statuses": [],
    "amounts": [],
    "first_at": None,
    "last_at": None,
    "latest": [],
}
LATER: dict[str, Any] = {
    "probability": None,
    "decided": "",
    "decisions": [],
    "others": [],
    "ways": 1,
    "former": [],
    "paid": NOTHING_PAID,
    "received": NOTHING_PAID,
    "place": "",
    "reviewed": [],
    "events": [],
    "false_discovery": None,
}
"""What version 1 did not say, and how that is said of what it kept."""


def without_later(answer: Any, recorded: Any) -> Any:
    """An answer as version 1 would give it; what came since is there, and says nothing."""
    if isinstance(answer, list) and isinstance(recorded, list) and len(answer) == len(recorded):
        return [without_later(each, before) for each, before in zip(answer, recorded, strict=True)]
    if not isinstance(answer, dict) or not isinstance(recorded, dict):
        return answer
    later = {name: answer[name] for name in answer.keys() - recorded.keys()}
    assert later == {name: LATER[name] for name in later}
    return {name: without_later(answer[name], recorded[name]) for name in answer.keys() & recorded.keys()}


def ask(place: Path, *words: str) -> Any:
    result = CliRunner().invoke(main, ["--store", str(place), *words])
    assert (result.exit_code, result.stderr) == (0, "")
    return (
        [json.loads(line) for line in result.stdout.split("\n") if line]
        if "jsonl" in words
        else json.loads(result.stdout)
    )


def check_answers(place: Path) -> None:
    recorded = read_recorded()
    for each in recorded["answers"]:
        found = ask(place, *each["command"], "--format", "json")
        assert without_later(found, each["answer"]) == each["answer"], each["command"]
    assert ask(place, "timeline", recorded["answers"][0]["answer"][0]["ring_id"], "--format", "json")
    for what, rows in recorded["exports"].items():
        assert without_later(ask(place, "export", what, "--format", "jsonl", "-o", "-"), rows) == rows


def check_graph(place: Path, *, mode: Mode = "read") -> None:
    """Whatever version 1 kept is there, and nothing else."""
    with EmbeddedStore(place, mode=mode) as store:
        for name, rows in read_recorded()["graph"].items():
            found = store.query(ask_for_all(name, list(rows[0]) if rows else []))
            found = [{**row, "version": 1} for row in found] if name == "Schema" else found
            plain = json.loads(json.dumps(found, default=lambda value: value.isoformat()))
            assert sorted(plain, key=repr) == sorted(rows, key=repr), name


def ask_for_all(name: str, columns: list[str]) -> str:
    """All nodes of a label, or relationships of a kind (``Account-USES-Identifier``), with the keys of their ends."""
    if "-" not in name:
        return f"MATCH (n:{name}) RETURN {', '.join(f'n.{each} AS {each}' for each in columns)}"
    source, kind, target = name.split("-")
    ends = [f"a.{NODES[source].key} AS from_key", f"b.{NODES[target].key} AS to_key"]
    returns = [*ends, *(f"r.{each} AS {each}" for each in columns if each not in ("from_key", "to_key"))]
    return f"MATCH (a:{source})-[r:`{kind}`]->(b:{target}) RETURN {', '.join(returns)}"


def find_version(place: Path) -> int:
    database = ladybug.Database(find_graph(place) or place / DATABASE_FILE, read_only=True)
    with ladybug.Connection(database) as connection:
        result = connection.execute("MATCH (s:Schema) RETURN s.version AS version")
        assert not isinstance(result, list)
        version = next(iter(result.rows_as_dict()))["version"]
    database.close()
    return int(version)


def describe_tables(place: Path) -> dict[str, list[tuple[Any, ...]]]:
    with EmbeddedStore(place) as store:
        tables = [row["name"] for row in store.query("CALL show_tables() RETURN *") if row["name"] != "Vector"]
        return {
            name: [tuple(row.values()) for row in store.query(f"CALL table_info('{name}') RETURN *")] for name in tables
        }


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_of_an_older_store_is_answered_as_ever_and_writes_nothing(old: Path) -> None:
    before = (old / DATABASE_FILE).read_bytes()
    check_answers(old)
    check_graph(old)
    assert (old / DATABASE_FILE).read_bytes() == before
    assert sorted(path.name for path in old.iterdir()) == [DATABASE_FILE, "lock"]


def test_what_an_older_store_lacks_is_null_wherever_it_is_named(old: Path) -> None:
    with EmbeddedStore(old) as store:
        both = (
            "MATCH (f:Flag)-[:`ON`]->(a:Account {account_id: 'ann'}) RETURN f.probability AS flag, a.probability AS own"
        )
        assert store.query(both) == [{"flag": None, "own": None}]
        assert store.query("MATCH (a:Account) WHERE a.probability > 0.5 RETURN a.account_id AS id") == []
        said = store.query(
            "MATCH (a:Account {account_id: 'ann'}) RETURN 'a.probability' AS text, a.probability AS number"
        )
        assert said == [{"text": "a.probability", "number": None}]


def test_what_no_version_knows_is_no_query_to_an_older_store_either(old: Path) -> None:
    with EmbeddedStore(old) as store, pytest.raises(QueryError, match="Cannot find property nothing for a"):
        store.query("MATCH (a:Account) RETURN a.nothing, a.probability")


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def test_a_writer_brings_an_older_store_up_to_date_and_loses_nothing(old: Path) -> None:
    EmbeddedStore(old, mode="write").close()
    assert find_version(old) == VERSION
    check_answers(old)
    check_graph(old)
    generation = [f"generations/000001/{name}" for name in ("graph.lbug", "manifest.json", "names.txt")]
    assert list_files(old) == ["drafts/", *generation, "lock", "ringfence-store.json"]


def test_a_migrated_store_has_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    EmbeddedStore(old, mode="write").close()
    EmbeddedStore(tmp_path / "new", mode="write").close()
    assert describe_tables(old) == describe_tables(tmp_path / "new")


def test_the_next_run_on_a_migrated_store_is_that_on_a_new_one(old: Path, tmp_path: Path) -> None:
    new = small_market.make_store(tmp_path / "new")
    for place in (old, new):
        small_market.add_run(place, run_id="run-2")
    commands = (["account", "ann"], ["ring", "R-1"], ["why", "rev-1"], ["runs"])
    assert [ask(old, *words, "--format", "json") for words in commands] == [
        ask(new, *words, "--format", "json") for words in commands
    ]


def test_an_older_store_is_migrated_once(old: Path) -> None:
    EmbeddedStore(old, mode="write").close()
    published = list_files(old)
    assert list_migrations(VERSION) == []
    with EmbeddedStore(old, mode="write") as store:
        assert store.query("MATCH (s:Schema) RETURN s.version AS version") == [{"version": VERSION}]
    assert list_files(old) == published


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_newer_store_is_refused_and_left_alone(old: Path, mode: Mode) -> None:
    EmbeddedStore(old, mode="write").close()
    claim_version(old, 99)
    before = list_files(old)
    with pytest.raises(StoreVersionError, match=rf"newer Ringfence \(schema 99; this one reads up to {VERSION}\)"):
        EmbeddedStore(old, mode=mode)
    assert list_files(old) == before


def read_facts(place: Path) -> str:
    with EmbeddedStore(place) as store:
        return store.mark_facts()


@pytest.mark.parametrize(("first", "every"), SOME_OR_ALL)
def test_a_migration_that_is_killed_at_any_step_loses_nothing(
    old: Path, tmp_path: Path, killer: Killer, first: int, every: int
) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(old, kept)
    EmbeddedStore(old, mode="write").close()
    check_graph(old)
    deaths, versions, facts, as_it_was = [], [], read_facts(old), digest_file(kept / DATABASE_FILE)

    def begin_anew() -> None:
        shutil.rmtree(old)
        shutil.copytree(kept, old)

    for death in killer.kill_at_steps("open", old, before=begin_anew, first=first, every=every):
        deaths.append(death)
        versions.append(find_version(old))
        if versions[-1] != 1 or digest_file(old / DATABASE_FILE) != as_it_was:
            check_graph(old)
        EmbeddedStore(old, mode="write").close()
        assert read_facts(old) == facts
        assert list_leftovers(old) == []
    assert deaths[-1].steps >= 20
    assert set(versions) == {1, VERSION}
    assert versions == sorted(versions)


def test_every_property_that_came_later_has_its_migration() -> None:
    migrations = " ".join(list_migrations(1))
    for table, properties in find_later(1).items():
        assert table in {**NODES, **RELATIONSHIPS}
        for name in properties:
            assert re.search(rf"ALTER TABLE `{table}` ADD {name} ", migrations), (table, name)
