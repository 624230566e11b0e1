"""The contract of every property graph: runs, scores and vectors replace themselves, all or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import small_market
from property_graph import Dump
from small_market import HOSTILE

from graph.errors import StoreError
from graph.results import Member
from graph.stores.protocol import GraphStore, LoadReport
from graph.stores.run_order import ASK_ORDER
from graph.stores.snapshots import digest_snapshot

Dumper = Callable[..., Dump]

TIMES = ("started_at", "finished_at", "sequence")


def test_a_run_is_found_by_cypher_in_the_documented_shape(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    started_at = dt.datetime(2024, 4, 1, 6)
    loaded.write_run(small_market.make_run(snapshot), snapshot, started_at=started_at)
    found = dump(loaded)
    run = dict(zip(("run_id", "sequence", "started_at"), found["Run"][0], strict=False))
    assert run == {"run_id": "run-1", "sequence": 1, "started_at": started_at}
    odd = f"R-2 {HOSTILE}"
    assert found["Run-FOUND-Ring"] == [("run-1", "run-1/R-1"), ("run-1", f"run-1/{odd}")]
    strong = next(row for row in found["Ring"] if row[1] == "R-1")
    action = "Hold payouts and open a case."
    assert strong == (
        "run-1/R-1",
        "R-1",
        "run-1",
        1,
        "trade",
        0.93,
        "automatic",
        4,
        41.5,
        12.25,
        action,
        73.5,
        "EUR",
        0.004,
    )
    assert ("ann", "run-1/R-1", "core", 22.0) in found["Account-MEMBER_OF-Ring"]
    assert (HOSTILE, "run-1/R-1", "fringe", 4.0) in found["Account-MEMBER_OF-Ring"]
    assert found["Ring-INVOLVES-Account"] == [("run-1/R-1", "eve", "target", "Sold to the ring once.")]
    assert ("ann", "bob", "run-1/R-1", "device", 12.0, "device phone-7") in found["Account-LINKED-Account"]
    assert ("run-1/R-1", "run-1/R-1/trade") in found["Ring-SHOWS-Evidence"]
    assert ("run-1/R-1", "run-1/R-1/household") in found["Ring-HEARD-Reading"]
    assert ("run-1/account/ann", "ann") in found["Flag-ON-Account"]
    assert found["Flag-ON-Review"] == [("run-1/review/rev-1", "rev-1")]
    assert len(found["Run-RAISED-Flag"]) == len(found["Flag-CITES-Ring"]) == 3
    assert next(row for row in found["Account"] if row[0] == "ann")[6:9] == (0.93, "automatic", None)
    assert next(row for row in found["Review"] if row[0] == "rev-1")[4:6] == (0.8, "review")


def test_a_run_on_a_market_without_reviews_is_written(
    store: GraphStore, load: Callable[..., LoadReport], dump: Dumper
) -> None:
    load(store, {})
    snapshot = store.snapshot()
    run = replace(small_market.make_run(snapshot), rings=(), flags=())
    store.write_run(run, snapshot)
    assert [row[6:9] for row in dump(store)["Account"]] == [(0.93, "automatic", None)]


def test_the_same_run_twice_leaves_the_same_graph(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    run = small_market.make_run(snapshot)
    loaded.write_run(run, snapshot)
    before = dump(loaded, without=TIMES)
    loaded.write_run(run, snapshot)
    assert dump(loaded, without=TIMES) == before


def test_a_run_replaces_only_itself(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    for run_id in ("run-1", "run-10", "run-1"):
        loaded.write_run(small_market.make_run(snapshot, run_id=run_id), snapshot)
    found = dump(loaded)
    assert [row[0] for row in found["Run"]] == ["run-1", "run-10"]
    assert len(found["Ring"]) == 4
    assert len(found["Flag"]) == 6
    newer = {row[0]: row[1] for row in found["Run"]}
    assert newer["run-1"] > newer["run-10"]


def test_a_models_probability_is_kept_beside_the_score_and_goes_with_the_model(loaded: GraphStore) -> None:
    snapshot = loaded.snapshot()
    plain = small_market.make_run(snapshot)
    ann, bob = (snapshot.account_id.tolist().index(each) for each in ("ann", "bob"))
    probability = np.full(snapshot.n_accounts, np.nan)
    probability[[ann, bob]] = 0.25, 0.0
    flags = tuple(replace(flag, probability=0.25) if flag.subject_id == "ann" else flag for flag in plain.flags)
    accounts = "MATCH (a:Account) WHERE a.probability IS NOT NULL RETURN a.account_id AS id, a.probability AS chance"
    flagged = "MATCH (f:Flag) WHERE f.probability IS NOT NULL RETURN f.subject_id AS id, f.probability AS chance"
    loaded.write_run(replace(plain, account_probability=probability, flags=flags), snapshot)
    known = {row["id"]: row["chance"] for row in loaded.query(accounts)}
    assert known == {"ann": 0.25, "bob": 0.0}
    assert loaded.query(flagged) == [{"id": "ann", "chance": 0.25}]
    assert loaded.query("MATCH (a:Account {account_id: 'ann'}) RETURN a.risk_score AS score") == [{"score": 0.93}]
    loaded.write_run(plain, snapshot)
    assert loaded.query(accounts) == loaded.query(flagged) == []


def test_a_run_leaves_the_snapshot_as_it_was(loaded: GraphStore) -> None:
    snapshot = loaded.snapshot()
    loaded.write_run(small_market.make_run(snapshot), snapshot)
    assert digest_snapshot(loaded.snapshot()) == digest_snapshot(snapshot)


def test_a_run_about_unknown_accounts_is_refused_and_invents_nobody(loaded: GraphStore, dump: Dumper) -> None:
    snapshot = loaded.snapshot()
    run = small_market.make_run(snapshot)
    ring = replace(run.rings[0], members=(*run.rings[0].members, Member("nobody", "core", 1.0)))
    before = dump(loaded)
    with pytest.raises(StoreError, match="nobody"):
        loaded.write_run(replace(run, rings=(ring,)), snapshot)
    assert dump(loaded) == before


def test_vectors_are_replaced(loaded: GraphStore) -> None:
    query = "MATCH (v:Vector) RETURN v.account_id AS account_id, v.vector AS vector ORDER BY account_id"
    loaded.write_vectors(np.array(["ann", HOSTILE], dtype=object), np.eye(2, 3, dtype=np.float32))
    assert [row["vector"] for row in loaded.query(query)] == [[1, 0, 0], [0, 1, 0]]
    loaded.write_vectors(np.array(["bob"], dtype=object), np.ones((1, 5), dtype=np.float32))
    assert loaded.query(query) == [{"account_id": "bob", "vector": [1, 1, 1, 1, 1]}]


def test_a_run_brings_its_vectors(loaded: GraphStore) -> None:
    snapshot = loaded.snapshot()
    vectors = np.arange(snapshot.n_accounts * 2, dtype=np.float32).reshape(-1, 2)
    loaded.write_run(replace(small_market.make_run(snapshot), vectors=vectors), snapshot)
    rows = loaded.query("MATCH (v:Vector) RETURN v.account_id AS account_id, v.vector AS vector")
    found = {row["account_id"]: row["vector"] for row in rows}
    assert found == dict(zip(snapshot.account_id, vectors.tolist(), strict=True))


def test_a_run_of_the_past_is_kept_and_leaves_the_verdicts_and_the_vectors_of_the_latest(loaded: GraphStore) -> None:
    snapshot = loaded.snapshot()
    accounts = "MATCH (a:Account) RETURN a.account_id AS id, a.risk_score AS score, a.tier AS tier ORDER BY id"
    vectors = np.eye(snapshot.n_accounts, 2, dtype=np.float32)
    live = replace(small_market.make_run(snapshot), as_of=None, vectors=vectors)
    loaded.write_run(live, snapshot, started_at=dt.datetime(2024, 4, 2))
    judged = loaded.query(accounts)
    past = replace(
        small_market.make_run(snapshot, run_id="run-past"),
        as_of=np.datetime64("2024-04-01", "us"),
        account_score=np.zeros(snapshot.n_accounts),
        vectors=vectors + 1,
    )
    loaded.write_run(past, snapshot, started_at=dt.datetime(2024, 4, 3))
    assert {row["run_id"]: row["sequence"] for row in loaded.query(ASK_ORDER)} == {"run-1": 1, "run-past": 0}
    assert loaded.query(accounts) == judged
    assert loaded.query("MATCH (v:Vector {account_id: 'ann'}) RETURN sum(v.vector[2]) AS n")[0]["n"] <= 1
    assert len(loaded.query("MATCH (:Run {run_id: 'run-past'})-[:FOUND]->(g:Ring) RETURN g.ring_id AS id")) == 2


def test_a_run_that_knows_as_much_or_more_is_the_latest(loaded: GraphStore) -> None:
    snapshot = loaded.snapshot()
    for day, run_id in ((1, "run-1"), (1, "run-2"), (2, "run-3")):
        as_of = np.datetime64(f"2024-04-0{day}", "us")
        run = replace(small_market.make_run(snapshot, run_id=run_id), as_of=as_of)
        loaded.write_run(run, snapshot, started_at=dt.datetime(2024, 4, 5))
    assert {row["run_id"]: row["sequence"] for row in loaded.query(ASK_ORDER)} == {"run-1": 1, "run-2": 2, "run-3": 3}
