"""A small market, its store after a run, and places to run commands from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import small_market
from command_line import run


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


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``exports/1``, and the store and the record of the night that loaded it."""
    place = tmp_path_factory.mktemp("night")
    small_market.write_tables(place / "exports" / "1")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(place)
        result = run("run", "exports", "--format", "json")
    assert result.exit_code == 0, result.output
    return place


@pytest.fixture
def after_a_night(first_night: Path, elsewhere: Path) -> Path:
    """A place of one's own after the first night."""
    shutil.copytree(first_night, elsewhere, dirs_exist_ok=True)
    return elsewhere
