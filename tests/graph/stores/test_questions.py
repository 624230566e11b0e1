"""The contract of every property graph: how it is asked, about one or many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_market
from property_graph import Dump, Open
from small_market import CROWD, FRIENDS, HOSTILE

from graph.contract.tables import read_folder
from graph.errors import QueryError, QueryLimitError, StoreError, StoreReadOnlyError
from graph.settings import QuerySettings, Settings
from graph.stores.protocol import GraphStore, Question

Dumper = Callable[..., Dump]


DEVICES = "(a)-[u:USES]->(i:Identifier {kind: 'device'})"


@pytest.fixture
def friends(open_graph: Open, tmp_path: Path) -> GraphStore:
    store = open_graph()
    store.load(read_folder(small_market.write_tables(tmp_path / "friends"), Settings()))
    return store


def ask(store: GraphStore, returns: str, ids: Sequence[str], way: str = "", **more: Any) -> list[dict[str, Any]]:
    question = Question("(a:Account)", "a.account_id", returns, ids, way, **more)
    nobody = replace(question, ids=())
    rows, nothing = store.query_many([question, nobody])
    assert nothing == []
    return sorted(rows, key=repr) if not question.order else rows


@pytest.mark.parametrize("others", [(), ("nobody",), tuple(f"stranger {number}" for number in range(100))])
def test_one_or_many_are_asked_about_alike(friends: GraphStore, others: tuple[str, ...]) -> None:
    assert ask(friends, "a.account_id AS id", ["ann", *others]) == [{"id": "ann"}]
    assert ask(friends, "a.account_id AS id, i.value AS device", ["ann", *others], DEVICES) == [
        {"id": "ann", "device": "phone-7"}
    ]
    assert ask(friends, "count(i) AS n", [CROWD[0], *others], DEVICES) == [{"n": 0}]
    assert ask(friends, "i.value AS device", ["ann", *others], DEVICES, condition="u.seen_at IS NULL") == []


def test_the_first_rows_come_in_the_order_that_was_asked_for(friends: GraphStore) -> None:
    order = "ORDER BY device DESC, id LIMIT 3"
    rows = ask(friends, "a.account_id AS id, i.value AS device", [*FRIENDS, "nobody"], DEVICES, order=order)
    assert [tuple(row.values()) for row in rows] == [("cyd", "tablet 'x'"), (HOSTILE, "tablet 'x'"), ("ann", "phone-7")]


def count_users(store: GraphStore, names: Sequence[str], *, most: int = 0) -> dict[str, tuple[int, list[str]]]:
    """How many use each device, and which accounts, if they are no more than ``most``."""
    returns, way = "i.value AS device", "(i)<-[:USES]-(b:Account)"
    question = Question("(i:Identifier)", "i.canonical", returns, names, way, gather="b.account_id", most=most)
    (rows,) = store.query_many([question])
    found = {row["device"]: (row["n"], sorted(row["gathered"])) for row in rows}
    assert len(found) == len(rows)
    assert all(list(row) == ["device", "n", "gathered"] for row in rows)
    return found


@pytest.mark.parametrize("others", [(), ("laptop-3", "nothing"), tuple(f"thing {number}" for number in range(100))])
def test_whoever_is_reached_is_counted_and_named_if_few(friends: GraphStore, others: tuple[str, ...]) -> None:
    for _ in range(3):  # what was counted once may be known
        found = count_users(friends, ["phone-7", "tablet 'x'", *others], most=2)
        assert ("laptop-3" in found) == ("laptop-3" in others)
        found.pop("laptop-3", None)
        assert found == {"phone-7": (3, []), "tablet 'x'": (2, ["cyd", HOSTILE])}


def test_what_was_counted_is_counted_anew_once_somebody_has_written(friends: GraphStore) -> None:
    for _ in range(3):
        assert count_users(friends, ["phone-7", "nothing"]) == {"phone-7": (3, [])}
    friends.query("MATCH (a:Account {account_id: 'ann'})-[u:USES]->(i:Identifier {value: 'phone-7'}) DELETE u")
    for _ in range(3):
        assert count_users(friends, ["phone-7", "nothing"]) == {"phone-7": (2, [])}


def test_many_may_be_counted_and_not_named(friends: GraphStore) -> None:
    names = [row["name"] for row in friends.query("MATCH (i:Identifier {kind: 'address'}) RETURN i.canonical AS name")]
    way, gather = "(t)<-[:USES]-(a:Account)", "a.account_id"
    question = Question("(t:Identifier)", "t.canonical", "t.kind AS kind", names, way, gather=gather)
    ((row,),) = friends.query_many([question])
    assert (row["kind"], row["n"], list(row["gathered"])) == ("address", len(CROWD) + 2, [])


def test_a_query_that_is_none_is_told_with_its_words(loaded: GraphStore) -> None:
    with pytest.raises(QueryError, match=r"query: MATCH \(a:Account RETURN a"):
        loaded.query("MATCH (a:Account RETURN a")


def test_a_store_opened_for_reading_cannot_be_changed(open_graph: Open, market: Path, dump: Dumper) -> None:
    with open_graph() as store:
        store.load(read_folder(market, Settings()))
    with open_graph("read") as store:
        before = dump(store)
        with pytest.raises((QueryError, StoreError)):
            store.query("MATCH (a:Account) DETACH DELETE a")
        snapshot = store.snapshot()
        with pytest.raises(StoreReadOnlyError):
            store.write_run(small_market.make_run(snapshot), snapshot)
        with pytest.raises(StoreReadOnlyError):
            store.write_vectors(snapshot.account_id, np.zeros((snapshot.n_accounts, 1), dtype=np.float32))
        assert dump(store) == before


FOR_EVER = "UNWIND range(1, 100000) AS x UNWIND range(1, 100000) AS y WITH x, y WHERE x * y = -1 RETURN count(x) AS n"


@pytest.mark.parametrize(
    ("cypher", "limits", "said"),
    [
        (FOR_EVER, QuerySettings(timeout_seconds=0.2), r"took more than 0\.2 s; .*--timeout, or timeout_seconds under"),
        ("UNWIND range(1, 11) AS x RETURN x", QuerySettings(max_rows=10), r"more than 10 rows; .*max_rows under"),
    ],
)
def test_a_question_that_takes_more_than_it_may_is_stopped(
    friends: GraphStore, cypher: str, limits: QuerySettings, said: str
) -> None:
    with pytest.raises(QueryLimitError, match=said):
        friends.ask_within(limits, cypher)
    assert friends.ask_within(limits, "RETURN $x AS x", x="it goes on") == [{"x": "it goes on"}]
    assert len(friends.ask_within(QuerySettings(max_rows=10), "UNWIND range(1, 10) AS x RETURN x")) == 10
    assert len(friends.query("UNWIND range(1, 11) AS x RETURN x")) == 11


def test_a_question_within_limits_reads_only_and_says_what_is_wrong_with_it(friends: GraphStore) -> None:
    with pytest.raises(QueryError, match="DELETE"):
        friends.ask_within(QuerySettings(), "MATCH (a:Account) DETACH DELETE a")
    with pytest.raises(QueryError, match=r"timed out") as caught:
        friends.ask_within(QuerySettings(), "RETURN memory AS x, 'timed out' AS y")
    assert not isinstance(caught.value, QueryLimitError)
