"""Whole runs, in the same order every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import small_market
from small_market import CROWD, HOSTILE

from graph.queries.exports import list_accounts, list_links, list_members, list_vectors
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


def test_exports_are_in_order(store: GraphStore) -> None:
    accounts = [row["account_id"] for row in list_accounts(store)]
    assert accounts == sorted(accounts)
    assert len(accounts) == len(CROWD) + len(small_market.FRIENDS)
    members = [(row["rank"], row["account_id"]) for row in list_members(store, "run-1")]
    assert members == [(1, "ann"), (1, "bob"), (1, "cyd"), (1, HOSTILE), (2, "dan"), (2, "eve")]
    assert len(list_links(store, "run-1")) == 4


def test_a_store_without_vectors_has_none(store: GraphStore) -> None:
    assert list_vectors(store) == []


def test_stored_vectors_come_back(fresh: Path) -> None:
    with EmbeddedStore(fresh, mode="write") as store:
        store.write_vectors(np.array(["ann", HOSTILE], dtype=object), np.eye(2, 3, dtype=np.float32))
        assert {row["account_id"]: list(row["vector"]) for row in list_vectors(store)} == {
            "ann": [1.0, 0.0, 0.0],
            HOSTILE: [0.0, 1.0, 0.0],
        }
