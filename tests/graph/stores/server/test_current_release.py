"""The current release of Neo4j keeps and answers what the embedded store does (the recipes run on it too)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import small_market
from click.testing import CliRunner
from neo4j_server import ServerAddress, logged_in
from property_graph import dump_graph
from small_market import HOSTILE

from cli.main import main
from graph.contract.tables import read_folder
from graph.errors import QueryError
from graph.open import open_store
from graph.settings import Settings
from graph.stores.snapshots import digest_snapshot

pytestmark = [pytest.mark.server, pytest.mark.thorough]

AT = dt.datetime(2024, 4, 1, 6, 30)
QUESTIONS = (
    ["rings"],
    ["ring", "R-1"],
    ["account", HOSTILE],
    ["why", "ann"],
    ["path", "ann", "dan"],
    ["search", "p"],
    ["compare", "ann", HOSTILE],
    ["expand", "ann", "--hops", "2"],
    ["timeline", "R-1"],
    ["exposure"],
    ["similar", "ann"],
    ["runs"],
)


def fill(location: str, market: Path) -> str:
    """Load twice, write a run twice."""
    with open_store(location, mode="write") as store:
        for _ in range(2):
            store.load(read_folder(market, Settings()))
        snapshot = store.snapshot()
        for _ in range(2):
            store.write_run(small_market.make_run(snapshot), snapshot)
        store.write_vectors(snapshot.account_id, np.eye(snapshot.n_accounts, 4, dtype=np.float32))
        store.query("MATCH (r:Run) SET r.started_at = $at, r.finished_at = $at, r.sequence = 1", at=AT)
    return location


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_market.write_tables(tmp_path_factory.mktemp("market") / "market")


@pytest.fixture(scope="module")
def embedded(market: Path) -> str:
    return fill(str(market.parent / "store"), market)


@pytest.fixture(scope="module")
def current(emptied_current: ServerAddress, market: Path) -> Iterator[str]:
    with logged_in(emptied_current) as location:
        yield fill(location, market)


def test_the_current_release_keeps_the_same_graph(embedded: str, current: str) -> None:
    with open_store(embedded) as one, open_store(current) as other:
        assert dump_graph(other) == dump_graph(one)


@pytest.mark.parametrize("as_of", [None, np.datetime64("2024-03-03", "us")])
def test_the_current_release_gives_the_same_snapshot(embedded: str, current: str, as_of: np.datetime64 | None) -> None:
    with open_store(embedded) as one, open_store(current) as other:
        assert digest_snapshot(other.snapshot(as_of=as_of)) == digest_snapshot(one.snapshot(as_of=as_of))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_the_current_release_answers_alike(embedded: str, current: str, question: list[str]) -> None:
    asked = [*question, "--format", "json"]
    answers = [CliRunner().invoke(main, ["--store", location, *asked]) for location in (embedded, current)]
    assert [answer.exit_code for answer in answers] == [0, 0]
    assert answers[1].stdout == answers[0].stdout


def test_the_current_release_lets_nobody_write_who_only_reads(current: str) -> None:
    with open_store(current) as store, pytest.raises((QueryError, OSError)):
        store.query("CREATE (:Account {account_id: 'x'})")
