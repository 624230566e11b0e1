"""Fixtures of the tests of embedded stores: one to load more into."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import small_market

from graph.stores.embedded.store import EmbeddedStore


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, its ``market``, and ``newcomers`` that are not loaded yet."""
    folder = tmp_path_factory.mktemp("made")
    EmbeddedStore(folder / "store", mode="write").close()  # a generation of its own, so that there is one to go back to
    small_market.make_loaded_store(folder / "store", small_market.write_tables(folder / "market"))
    small_market.write_newcomers(folder / "newcomers")
    return folder


@pytest.fixture
def location(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "store", tmp_path / "store"))
