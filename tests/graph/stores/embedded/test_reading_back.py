"""What was written is read back: nodes by their keys where that is quicker, files block by block."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from property_graph import write_folder

from graph.contract.tables import read_folder
from graph.errors import StoreError
from graph.settings import Settings
from graph.stores.embedded import content, disk, touched
from graph.stores.embedded.content import read_few_nodes, read_part
from graph.stores.embedded.database import ask_arrow
from graph.stores.embedded.disk import digest_blocks
from graph.stores.embedded.store import EmbeddedStore


@pytest.fixture
def short_stretches() -> Iterator[None]:
    """Stretches of two places, so that a small market has many."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(content, "STRETCH_BITS", 1)
        patched.setattr(touched, "_LARGE_SHARE", 1)
        yield


def load_account(store: EmbeddedStore, scratch: Path, account_id: str) -> None:
    store.load(read_folder(write_folder(scratch / account_id, {"accounts": [{"account_id": account_id}]}), Settings()))


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize("label", ["Account", "Identifier", "Review"])
@pytest.mark.parametrize("within", [range(1), range(1, 3)])
def test_nodes_that_are_asked_for_by_their_keys_are_those_that_lie_there(
    location: Path, label: str, within: range
) -> None:
    with EmbeddedStore(location) as store:
        by_key = read_few_nodes(store.connection, label, within)
        lying = read_part(store.connection, label, "", within=within)
    assert by_key.rows.num_rows
    assert by_key.rows.equals(lying.rows)
    assert by_key.name == lying.name


@pytest.mark.usefixtures("short_stretches")
def test_a_node_that_its_key_does_not_find_is_not_published(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_one(connection: Any, cypher: str, parameters: Any = None) -> Any:
        rows = ask_arrow(connection, cypher, parameters)
        return rows.slice(1) if "UNWIND" in cypher and "n.*" in cypher else rows

    with EmbeddedStore(location, mode="write") as store:
        with pytest.MonkeyPatch.context() as patched:  # all is described, in stretches of two
            patched.setattr(touched, "MOST_ROWS", -1)
            load_account(store, tmp_path, "fay")
        generations = sorted((location / "generations").iterdir())
        monkeypatch.setattr(touched, "_MANY_STRETCHES", 0)
        monkeypatch.setattr(content, "ask_arrow", lose_one)
        with pytest.raises(StoreError, match="Account: what is found by its key is not what lies in the graph"):
            load_account(store, tmp_path, "gus")
    assert sorted((location / "generations").iterdir()) == generations


@pytest.mark.parametrize("n_bytes", [0, 1, 4_096, 4_097, 10_000])
def test_blocks_are_digested_whatever_was_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_bytes: int
) -> None:
    (tmp_path / "long").write_bytes(b"?" * 20_000)
    digest_blocks(tmp_path / "long")
    monkeypatch.setattr(disk, "BLOCK_BYTES", 4_096)
    whole = np.random.default_rng(0).bytes(n_bytes)
    (tmp_path / "file").write_bytes(whole)
    pieces = [whole[at : at + 4_096] for at in range(0, max(n_bytes, 1), 4_096)]
    assert digest_blocks(tmp_path / "file") == [hashlib.sha256(piece).hexdigest() for piece in pieces]
