"""Fixtures of the tests of the questions: the small market with a finished run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import small_market

from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_market.make_store(tmp_path_factory.mktemp("queries"))


@pytest.fixture
def store(location: Path) -> Iterator[GraphStore]:
    with EmbeddedStore(location) as opened:
        yield opened


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return small_market.make_store(tmp_path)
