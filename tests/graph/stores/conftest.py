"""Fixtures of the tests of property graphs: one of each backend, empty or loaded with the small market."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_market
from property_graph import Open, Tables, write_folder

from graph.contract.tables import read_folder
from graph.settings import Settings
from graph.stores.protocol import GraphStore, LoadReport, LoadTerms


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., LoadReport]:
    """Load tables, written as rows, by way of a folder."""

    def load_tables(
        store: GraphStore, tables: Tables, *, dry_run: bool = False, settings: Settings | None = None
    ) -> LoadReport:
        folder = write_folder(tmp_path / f"folder-{random.random()}", {"accounts": [{"account_id": "ann"}], **tables})
        return store.load(read_folder(folder, settings or Settings()), dry_run=dry_run)

    return load_tables


@pytest.fixture
def load_on(tmp_path: Path) -> Callable[..., LoadReport]:
    """Load tables as they were on a day of March 2024."""
    count = iter(range(1000))

    def load(
        store: GraphStore, day: int, tables: Tables, *, settings: Settings | None = None, **terms: Any
    ) -> LoadReport:
        folder = write_folder(tmp_path / f"on-{next(count)}", {"accounts": [{"account_id": "ann"}], **tables})
        at = np.datetime64(f"2024-03-{day:02}", "us")
        return store.load(read_folder(folder, settings or Settings()), LoadTerms(as_of=at, **terms))

    return load


@pytest.fixture
def store(open_graph: Open) -> GraphStore:
    return open_graph()


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return small_market.write_tables(tmp_path / "market")


@pytest.fixture
def loaded(store: GraphStore, market: Path) -> GraphStore:
    store.load(read_folder(market, Settings()))
    return store
