"""What was written is read back: nodes by their keys where that is quicker, files block by block."""

from __future__ import annotations

import hashlib
import time
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


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that were read so far, in that order."""
    read: list[str] = []

    def watch(connection: Any, table: str, target: str) -> content.Part:
        part = read_part(connection, table, target)
        read.append(part.name)
        return part

    monkeypatch.setattr(content, "read_part", watch)
    return read


def test_parts_are_read_while_one_is_named_and_each_is_described_as_if_alone(location: Path, reads: list[str]) -> None:
    def wait(part: content.Part) -> None:
        until = time.monotonic() + 60
        while part.table == "Identifier" and "WROTE Review" not in reads:
            assert time.monotonic() < until
            time.sleep(0.01)

    with EmbeddedStore(location) as store:
        described = content.describe_graph(store.connection, wait)
        tables = content.list_tables(store.connection)
        alone = [content.describe_table(store.connection, table) for table in tables]
    assert list(described.items()) == [item for each in alone for item in each.items()]
    assert reads.index("ORDERED Shop") < reads.index("USES Identifier")


def test_no_more_waits_to_be_described_than_a_bound(
    location: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    monkeypatch.setattr(content, "MOST_WAITING_BYTES", -1)
    most, taken = 0, 0

    def count(_: content.Part) -> None:
        nonlocal most, taken
        time.sleep(0.01)
        most, taken = max(most, len(reads) - taken), taken + 1

    with EmbeddedStore(location) as store:
        content.describe_graph(store.connection, count)
    assert taken == len(reads)
    assert most == 2  # the one that is looked at, and the one that was read meanwhile


def test_where_a_part_cannot_be_described_no_other_is_waited_for(location: Path, reads: list[str]) -> None:
    seen: list[str] = []

    def fail(part: content.Part) -> None:
        seen.append(part.name)
        time.sleep(0.2)
        raise ValueError(part.name)

    with EmbeddedStore(location) as store, pytest.raises(ValueError, match="Schema"):
        content.describe_graph(store.connection, fail)
    assert len(seen) <= 2
