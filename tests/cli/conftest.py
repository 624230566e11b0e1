"""A small market, its store after a run, and places to run commands from."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_market


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``market`` and, from a finished run, ``ringfence-store``."""
    folder = tmp_path_factory.mktemp("cli")
    small_market.make_store(folder)
    return folder


@pytest.fixture(scope="module")
def plain_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with harmless ids, for examples that people read."""
    folder = tmp_path_factory.mktemp("guide")
    small_market.make_store(folder, odd_id="fay")
    small_market.write_newcomers(folder / "applicants")
    return folder


@pytest.fixture
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RINGFENCE_STORE", "RINGFENCE_CONFIG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def here(market: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(market)
    return market


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path
