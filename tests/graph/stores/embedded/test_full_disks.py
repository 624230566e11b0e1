"""A disk that is full while a draft is written: what is said then, and that nothing was changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from on_disk import list_files

from graph.contract.tables import read_folder
from graph.errors import StoreError
from graph.settings import Settings
from graph.stores.embedded.database import DATABASE_FILE, Database
from graph.stores.embedded.store import EmbeddedStore

_CANNOT_READ = (
    "Transaction committed successfully, but the post-commit checkpoint failed. The committed data is durable and will"
    " be recovered on restart: IO exception: Cannot read from file"
)


@pytest.mark.parametrize(
    ("is_full", "says"),
    [(True, "no space left on the disk of .*; nothing was changed"), (False, "^[^:]*: IO exception: Cannot read from")],
)
def test_a_disk_that_only_the_draft_fills_is_called_full(
    made: Path, location: Path, monkeypatch: pytest.MonkeyPatch, is_full: bool, says: str
) -> None:
    def look(place: Path) -> SimpleNamespace:
        drafts = list((location / "drafts").glob("draft-*"))
        return SimpleNamespace(free=0 if drafts and is_full else 1 << 40)

    def fail(*_: object) -> None:
        raise RuntimeError(_CANNOT_READ)

    before = list_files(location)
    monkeypatch.setattr(shutil, "disk_usage", look)
    monkeypatch.setattr("graph.stores.embedded.bulk.write_plan", fail)
    with EmbeddedStore(location, mode="write") as store, pytest.raises(StoreError, match=says) as caught:
        store.load(read_folder(made / "newcomers", Settings()))
    assert str(caught.value).endswith("nothing was changed")
    assert "durable" not in str(caught.value)
    assert list_files(location) == before


@pytest.mark.parametrize("is_kept", [False, True])
def test_what_is_thrown_away_is_not_written_once_more(tmp_path: Path, is_kept: bool) -> None:
    file = tmp_path / DATABASE_FILE
    with Database(file, writing=True) as made:
        made.ask("CREATE NODE TABLE N(k STRING PRIMARY KEY)")
    database = Database(file, writing=True)
    database.ask("UNWIND range(1, 1000) AS i CREATE (:N {k: string(i)})")
    content = file.read_bytes()
    for _ in range(2):
        database.close() if is_kept else database.discard()
    assert (file.read_bytes() == content) is not is_kept
