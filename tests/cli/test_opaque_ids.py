"""Ids are opaque: whatever they are called, everything is kept and the same rings are found."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile import HOSTILE, Place
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from neo4j_server import ServerAddress, logged_in
from property_graph import empty_quickly

from detection.evaluation.simulation.market import simulate_market
from detection.evaluation.simulation.settings import MarketSettings
from graph.open import open_store


@pytest.fixture(params=["embedded", pytest.param("neo4j", marks=pytest.mark.server)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty store."""
    if request.param == "embedded":
        place = Place(str(tmp_path / "fresh"))
        yield place
        place.close()
        return
    address: ServerAddress = request.getfixturevalue("neo4j_server")
    empty_quickly(address)
    with logged_in(address) as location:
        place = Place(location)
        yield place
        place.close()


ID_COLUMNS = ["account_id", "buyer_id", "seller_id", "referred_by", "device_id", "order_id", "product_id", "review_id"]


def rename(value: str) -> str:
    """Another name for each id, its own behind a hostile one."""
    return f"{HOSTILE[zlib.crc32(value.encode()) % 40]}~{value}" if value else value


def find_groups(place: Place, tables: Mapping[str, Any], folder: Path) -> set[frozenset[str]]:
    """Load tables, detect, and return who is in which ring."""
    folder.mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    for command in (["load", str(folder)], ["detect"]):
        result = place.ask(*command)
        assert result.exit_code == 0, result.stderr
    rings = [place.answer("ring", ring["ring_id"]) for ring in place.answer("rings")]
    return {frozenset(member["account_id"] for member in ring["members"]) for ring in rings}


# That both stores keep ids like these, and that both find the same by the same tables, has tests of its own.
@pytest.mark.parametrize(
    "fresh", ["embedded", pytest.param("neo4j", marks=[pytest.mark.server, pytest.mark.thorough])], indirect=True
)
def test_detection_finds_the_same_rings_whatever_the_ids_are(fresh: Place, tmp_path: Path) -> None:
    tables = simulate_market(MarketSettings(n_accounts=400, seed=7)).tables
    hostile = {name: table.copy() for name, table in tables.items()}
    for table in hostile.values():
        for column in set(ID_COLUMNS) & set(table):
            table[column] = table[column].fillna("").map(rename)
    usual = Place(str(tmp_path / "plain"))
    plain = find_groups(usual, tables, tmp_path / "plain-tables")
    usual.close()
    assert {frozenset(map(rename, group)) for group in plain} == find_groups(fresh, hostile, tmp_path / "tables")
    assert plain


@hypothesis_settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(ids=st.sets(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1), min_size=1))
def test_any_text_is_an_id(fresh: Place, tmp_path: Path, ids: set[str]) -> None:
    folder = tmp_path / f"ids-{abs(hash(frozenset(ids)))}"
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table({"account_id": sorted(ids)}), folder / "accounts.parquet")
    pq.write_table(pa.table({"account_id": sorted(ids), "device_id": sorted(ids)}), folder / "devices.parquet")
    assert fresh.ask("load", str(folder)).exit_code == 0
    with open_store(fresh.location) as store:
        found = {row["id"] for row in store.query("MATCH (a:Account) RETURN a.account_id AS id")}
        used = store.query("MATCH (a:Account)-[:USES]->(i:Identifier) RETURN a.account_id AS id, i.value AS value")
    assert ids <= found
    assert all(row["id"] == row["value"] for row in used)
    assert len(used) == len(found)
