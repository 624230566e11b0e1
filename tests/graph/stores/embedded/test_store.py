"""What the embedded store promises besides the contract: drafts, one thread, nothing left behind."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import small_market
from on_disk import list_files
from property_graph import Dump

from graph.contract.tables import read_folder
from graph.errors import QueryError, QueryLimitError, StoreError
from graph.memory import give_memory_back
from graph.settings import QuerySettings, Settings
from graph.stores.embedded import bulk as embedded_bulk
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import start_draft
from graph.stores.embedded.store import EmbeddedStore

Dumper = Callable[..., Dump]


def test_a_copy_of_keys_that_exist_is_refused_and_changes_nothing(tmp_path: Path, dump: Dumper) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        rows = pa.table({"label": ["fraud", "legit"]})
        with store._transaction():
            embedded_bulk._copy(store.connection, store.staging, "Label", rows)
        before = dump(store)

        def copy_both() -> None:
            with store._transaction():
                embedded_bulk._copy(store.connection, store.staging, "Shop", pa.table({"shop_id": ["another"]}))
                embedded_bulk._copy(store.connection, store.staging, "Label", rows)

        with pytest.raises(StoreError, match=r"legit|fraud"):
            copy_both()
        assert dump(store) == before


@pytest.mark.parametrize("few", [0, 200], ids=["copied", "made by keys"])
def test_a_relationship_to_an_unknown_node_is_refused_and_invents_nobody(
    tmp_path: Path, dump: Dumper, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(embedded_bulk, "_FEW_ROWS", few)
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        before = dump(store)
        rows = pa.table({"from": ["ghost"], "to": ["phantom"]})
        with pytest.raises(StoreError, match=r"ghost|phantom"), store._transaction():
            embedded_bulk._copy_relationship(store.connection, store.staging, ("REFERRED", "Account", "Account"), rows)
        assert dump(store) == before


def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    tmp_path: Path, market: Path, dump: Dumper, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        before, files = dump(store), list_files(tmp_path / "store")
        said = []

        def stumble(stage: str, done: int, total: int) -> None:
            said.append(stage)
            if stage == "writing USES":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            store.load(read_folder(market, Settings()), progress=stumble)
        assert len(said) > 3
        assert dump(store) == before
        assert list_files(tmp_path / "store") == files
    with EmbeddedStore(tmp_path / "store") as store:
        assert dump(store) == before


def test_a_writer_works_on_one_thread(tmp_path: Path, market: Path) -> None:
    # LadybugDB's parallel COPY into a node table can wait for itself for ever; on four threads it soon does.
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        with store._transaction():
            threads = store.query("CALL current_setting('threads') RETURN *")
        assert [list(row.values()) for row in threads] == [["1"]]


@pytest.mark.timeout(90)
def test_many_keys_are_copied_without_hanging(tmp_path: Path) -> None:
    ids = [f"device:{number * 7919 % 300_007:06d}-{number:x}" for number in range(300_000)]
    keys = pa.array(ids)
    kinds = pa.repeat("device", len(ids))
    rows = pa.table({"identifier_key": keys, "kind": kinds, "value": keys, "canonical": keys})
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        with store._transaction():
            embedded_bulk._copy(store.connection, store.staging, "Identifier", rows)
        assert store.query("MATCH (i:Identifier) RETURN count(*) AS n") == [{"n": 300_000}]


def test_what_a_killed_writer_left_behind_is_swept_away(tmp_path: Path, market: Path) -> None:
    small_market.make_loaded_store(tmp_path / "store", market)
    draft = start_draft(StoreFolder(tmp_path / "store"))
    (draft / "graph.lbug").write_bytes(b"half a draft")
    with EmbeddedStore(tmp_path / "store") as store:
        assert store.snapshot().n_accounts == 66
    assert draft.exists()
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        assert store.snapshot().n_accounts == 66
    assert not draft.exists()


def test_a_statement_by_hand_that_fails_is_told_with_its_words(tmp_path: Path, market: Path) -> None:
    small_market.make_loaded_store(tmp_path / "store", market)
    before = list_files(tmp_path / "store")
    with (
        EmbeddedStore(tmp_path / "store", mode="write") as store,
        pytest.raises(QueryError, match=r"primary key.*\(query: MATCH \(s:Shop\) SET"),
    ):
        store.query("MATCH (s:Shop) SET s.shop_id = 'another'")
    assert list_files(tmp_path / "store") == before


def test_what_was_written_by_query_survives_the_next_transaction(tmp_path: Path, market: Path) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.query("CREATE (:Shop {shop_id: 'by hand'})")
        store.load(read_folder(market, Settings()))
        assert {row["id"] for row in store.query("MATCH (s:Shop) RETURN s.shop_id AS id")} >= {"by hand"}


@pytest.mark.parametrize(("most_bytes", "n_statements"), [(1 << 28, 1), (1, 3)])
def test_relationships_that_are_not_large_go_in_by_one_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_bytes: int, n_statements: int
) -> None:
    staged, stage = [], embedded_bulk._staged
    monkeypatch.setattr(embedded_bulk, "_FEW_ROWS", 0)
    monkeypatch.setattr(embedded_bulk, "_STATEMENT_ROWS", 1)
    monkeypatch.setattr(embedded_bulk, "_STATEMENT_BYTES", most_bytes)
    monkeypatch.setattr(
        embedded_bulk,
        "_staged",
        lambda *given, **limit: (staged.append(each) or each for each in stage(*given, **limit)),
    )
    with EmbeddedStore(tmp_path / "store", mode="write") as store, store._transaction():
        accounts = pa.table({"account_id": ["a", "b", "c"]})
        embedded_bulk._copy(store.connection, store.staging, "Account", accounts)
        staged.clear()
        rows = pa.table({"referred_by": ["a", "b", "c"], "account_id": ["b", "c", "a"]})
        embedded_bulk._copy_relationship(store.connection, store.staging, ("REFERRED", "Account", "Account"), rows)
        assert len(staged) == n_statements
        found = store.query("MATCH (b:Account)-[:REFERRED]->(a:Account) RETURN count(*) AS n")
    assert found == [{"n": 3}]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory is taken")
@pytest.mark.parametrize(
    "cypher",
    ["UNWIND range(1, 1000000000000) AS x RETURN count(x) AS n", "RETURN size(range(1, 1000000000000)) AS n"],
)
def test_a_question_for_more_memory_than_it_may_have_is_stopped(tmp_path: Path, cypher: str) -> None:
    limits, before = QuerySettings(max_memory_bytes=1 << 28), resource.getrlimit(resource.RLIMIT_AS)
    EmbeddedStore(tmp_path / "store", mode="write").close()
    with EmbeddedStore(tmp_path / "store") as store:
        with pytest.raises(QueryLimitError, match=r"more memory than .* 268,435,456 bytes; .*max_memory_bytes under"):
            store.ask_within(limits, cypher)
        assert store.ask_within(limits, "RETURN 1 AS x") == [{"x": 1}]
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read where Linux says it")
def test_memory_that_nobody_uses_is_given_back_to_the_system() -> None:
    def count_held_bytes() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()

    arrays = [np.ones(1 << 13) for _ in range(2_000)]  # 64 KiB each: so small that the C library keeps what is freed
    last = arrays.pop()  # and stands behind all others
    arrays.clear()
    before = count_held_bytes()
    give_memory_back()
    assert before - count_held_bytes() > 50 << 20
    assert last.sum() == 1 << 13
