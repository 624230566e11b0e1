"""Generations: a graph is wholly the old one or wholly the new one, and what is not Ringfence's own is let alone."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import small_market
from killing import Killer
from on_disk import list_files, list_leftovers, need_graph, overwrite

from graph.contract.tables import read_folder
from graph.errors import StoreDamagedError, StoreError, StoreNotFoundError, UnknownIdError
from graph.settings import Settings
from graph.stores.checks import Verification
from graph.stores.embedded import draft
from graph.stores.embedded import generations as kept
from graph.stores.embedded.disk import copy_file, remove_ours
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.embedded.verify import list_records, restore, verify_folder
from graph.stores.location import Folder


def load(location: Path, folder: Path) -> None:
    with EmbeddedStore(location, mode="write") as store:
        store.load(read_folder(folder, Settings()))


def count_accounts(location: Path) -> int:
    with EmbeddedStore(location) as store:
        return store.snapshot().n_accounts


def read_mark(location: Path) -> str:
    with EmbeddedStore(location) as store:
        return store.mark_facts()


# ── the first one ─────────────────────────────────────────────────────────────────────────────────


def test_the_first_load_makes_the_first_generation(made: Path, tmp_path: Path) -> None:
    load(tmp_path / "store", made / "market")
    assert [(each.generation, each.made_from) for each in list_records(Folder(str(tmp_path / "store")))] == [(1, None)]
    assert list_leftovers(tmp_path / "store") == []


def test_a_first_load_that_fails_makes_none(made: Path, tmp_path: Path) -> None:
    def stumble(stage: str, done: int, total: int) -> None:
        if stage == "writing USES":
            raise KeyboardInterrupt

    def begin() -> None:
        with EmbeddedStore(tmp_path / "store", mode="write") as store:
            store.load(read_folder(made / "market", Settings()), progress=stumble)

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert StoreFolder(tmp_path / "store").list_numbers() == []
    with pytest.raises(StoreNotFoundError, match="make one with `ringfence load FOLDER`"):
        EmbeddedStore(tmp_path / "store")
    load(tmp_path / "store", made / "market")
    assert StoreFolder(tmp_path / "store").list_numbers() == [1]


def test_a_store_that_was_opened_for_writing_is_there_and_empty(made: Path, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        mark = store.mark_facts()
    assert (read_mark(tmp_path / "store"), count_accounts(tmp_path / "store")) == (mark, 0)
    with EmbeddedStore(tmp_path / "other", mode="write") as store:
        store.query("CREATE (:Shop {shop_id: 's'})")
        store.query("CREATE (:Shop {shop_id: 't'})")
    with EmbeddedStore(tmp_path / "other") as store:
        assert store.query("MATCH (s:Shop) RETURN count(s) AS n") == [{"n": 2}]


# ── full ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_copy_that_cannot_be_finished_changes_nothing(
    made: Path, location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_disk(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:100])
        raise OSError(28, "No space left on device")

    before = list_files(location)
    with monkeypatch.context() as patched:
        patched.setattr("graph.stores.embedded.draft.copy_file", fill_disk)
        with pytest.raises(StoreError, match=r"no space left on the disk of .*; nothing was changed"):
            load(location, made / "newcomers")
    assert list_files(location) == before
    load(location, made / "newcomers")
    assert count_accounts(location) == 68


@pytest.mark.parametrize("has_clone", [True, False])
def test_a_copy_is_the_same_whoever_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_clone: bool) -> None:
    if not has_clone:

        def refuse(*_: object) -> int:
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(os, "copy_file_range", refuse)
    (tmp_path / "one").write_bytes(os.urandom(3_000_001))
    copy_file(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


# ── what is not ours ──────────────────────────────────────────────────────────────────────────────


def test_tables_in_the_store_survive_every_write(made: Path, location: Path) -> None:
    ours = list_files(location)
    theirs = [location / name for name in ("staging", "drafts/draft-1", "drafts/swept-1", "generations/mine", "lost")]
    for folder in theirs:
        shutil.copytree(made / "market", folder)
    (location / "drafts" / "notes.txt").write_text("mine")
    before = {name: (location / name).read_bytes() for name in list_files(location) if name not in ours}
    load(location, made / "newcomers")
    small_market.add_run(location)
    assert {name: (location / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("name", ["staging", "staging/accounts"])
def test_tables_beside_nothing_else_keep_a_folder_from_becoming_a_store(made: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(made / "market", tmp_path / "store" / name)
    with pytest.raises(StoreError, match="holds other files; give the store a folder of its own"):
        EmbeddedStore(tmp_path / "store", mode="write")


@pytest.mark.parametrize("name", ["lock", "drafts", "generations", "ringfence-store.json"])
def test_a_link_in_a_stores_own_place_is_refused_and_not_followed(
    made: Path, location: Path, tmp_path: Path, name: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (location / name).rename(elsewhere)
    (location / name).symlink_to(elsewhere)
    content = list_files(tmp_path)
    with pytest.raises(StoreError, match=f"{name} is a link, and Ringfence follows none inside a store"):
        load(location, made / "newcomers")
    assert list_files(tmp_path) == content


def test_a_link_in_the_place_of_a_generation_or_its_graph_is_refused(location: Path, tmp_path: Path) -> None:
    graph = need_graph(location)
    graph.rename(tmp_path / "graph.lbug")
    graph.symlink_to(tmp_path / "graph.lbug")
    with pytest.raises(StoreError, match=r"graph\.lbug is a link"):
        EmbeddedStore(location)
    graph.parent.rename(tmp_path / "moved")
    graph.parent.symlink_to(tmp_path / "moved")
    with pytest.raises(StoreError, match="000002 is a link"):
        EmbeddedStore(location)


def test_a_store_may_be_behind_a_link_itself(made: Path, location: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(location)
    load(tmp_path / "link", made / "newcomers")
    assert count_accounts(location) == 68


# ── readers and writers ───────────────────────────────────────────────────────────────────────────


def test_a_reader_goes_on_with_its_generation_through_many_writes(made: Path, location: Path) -> None:
    with EmbeddedStore(location) as reader:
        load(location, made / "newcomers")
        for _ in range(4):
            with EmbeddedStore(Folder(str(location), kept_generations=1), mode="write") as store:
                store.query("MATCH (a:Account {account_id: 'ann'}) SET a.risk_score = 0.5")
        assert StoreFolder(location).list_numbers() == [2, 7]
        assert reader.snapshot().n_accounts == 66
    EmbeddedStore(Folder(str(location), kept_generations=1), mode="write").close()
    assert StoreFolder(location).list_numbers() == [7]


def test_a_generation_that_goes_while_it_is_being_opened_is_not_read(
    location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, lock = StoreFolder(location), fcntl.flock
    restore(Folder(str(location)), 1)
    taken = []

    def be_late(descriptor: int, how: int) -> None:
        if how == fcntl.LOCK_SH and not taken:
            taken.append(how)
            (location / "generations" / "000003").rename(location / "drafts" / "swept-000003")
        lock(descriptor, how)

    monkeypatch.setattr(kept.fcntl, "flock", be_late)
    held = kept.hold_newest(folder)
    assert held is not None
    assert held.number == 2
    held.release()


def test_nothing_new_makes_no_generation(made: Path, location: Path) -> None:
    before = list_files(location)
    load(location, made / "market")
    with EmbeddedStore(location) as store:
        store.load(read_folder(made / "newcomers", Settings()), dry_run=True)
    assert list_files(location) == before


def test_nobody_may_write_to_a_generation(location: Path) -> None:
    assert need_graph(location).stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) == 0


def test_a_run_that_would_change_facts_is_not_published(location: Path) -> None:
    before = read_mark(location)
    with EmbeddedStore(location, mode="write") as store:

        def change_role() -> None:
            with store._transaction(keeps_facts=True):
                store.query("MATCH (a:Account {account_id: 'ann'}) SET a.role = 'nobody'")

        def take_away() -> None:
            with store._transaction(keeps_facts=True):
                store.query("MATCH (:Account)-[o:ORDERED]->() DELETE o")

        for change in (change_role, take_away):
            with pytest.raises(StoreError, match="facts changed while a run was written; nothing was changed"):
                change()
        with store._transaction(keeps_facts=True):
            store.query("MATCH (a:Account {account_id: 'ann'}) SET a.risk_score = 0.5")
    assert read_mark(location) == before


# ── damage ────────────────────────────────────────────────────────────────────────────────────────


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    overwrite(file, bytes(content))


def verify(location: Path) -> Verification:
    return verify_folder(Folder(str(location)))


def test_a_whole_store_is_whole_table_by_table(location: Path) -> None:
    found = verify(location)
    assert found.damaged == ()
    assert {each.state for each in found.tables} == {"whole"}
    assert {each.table: each.rows for each in found.tables}["Account"] == 66
    assert [each.state for each in found.generations] == ["whole", "whole"]


@pytest.mark.parametrize("share", [index / 40 for index in range(40)])
def test_every_flipped_bit_stops_whoever_reads_everything(location: Path, share: float) -> None:
    file = need_graph(location)
    flip(file, int(share * file.stat().st_size))
    with pytest.raises(StoreDamagedError, match=r"`ringfence restore`"), EmbeddedStore(location) as store:
        store.snapshot()


def test_a_copy_that_is_not_its_original_is_never_written_to(
    made: Path, location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_badly(source: Path, target: Path) -> None:
        copy_file(source, target)
        flip(target, target.stat().st_size - 1)

    monkeypatch.setattr(draft, "copy_file", copy_badly)
    with pytest.raises(StoreDamagedError, match="is not as it was written"):
        load(location, made / "newcomers")
    assert [each.generation for each in list_records(Folder(str(location)))] == [2, 1]
    assert list_leftovers(location) == []


def test_a_folder_without_its_mark_keeps_what_is_in_it(tmp_path: Path) -> None:
    for name in ("ours", "theirs", "linked"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.arrow").write_text("rows")
    (tmp_path / "ours" / "mark").write_text("")
    (tmp_path / "linked" / "mark").symlink_to(tmp_path / "ours" / "mark")
    for name in ("theirs", "linked", "ours"):
        remove_ours(tmp_path / name, ["rows.arrow"], mark="mark")
    assert sorted(list_files(tmp_path)) == ["linked/mark", "linked/rows.arrow", "theirs/rows.arrow"]


def test_the_damaged_table_is_named_and_an_older_generation_is_whole(made: Path, location: Path) -> None:
    load(location, made / "newcomers")
    file = need_graph(location)
    for place in re.finditer(b"phone-7", file.read_bytes()):  # pages that are no longer read have it too
        flip(file, place.start())
    found = verify(location)
    assert found.damaged == ("Identifier",)
    assert [(each.generation, each.state) for each in found.generations] == [(3, "damaged"), (2, "whole"), (1, "whole")]
    with pytest.raises(StoreDamagedError):
        load(location, made / "market")
    record = restore(Folder(str(location)), None)
    assert record is not None
    assert (record.generation, record.made_from) == (4, 2)
    assert count_accounts(location) == 66
    load(location, made / "newcomers")
    assert count_accounts(location) == 68


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "empty"])
def test_a_damaged_manifest_is_told_and_mended(location: Path, damage: str) -> None:
    manifest = need_graph(location).parent / "manifest.json"
    content = manifest.read_bytes()
    if damage == "gone":
        manifest.unlink()
    elif damage == "flipped":
        flip(manifest, 40)
    else:
        manifest.write_bytes(content[:-30] if damage == "cut" else b"")
    with pytest.raises(StoreDamagedError, match=r"manifest\.json is .*`ringfence restore`"):
        EmbeddedStore(location)
    assert verify(location).damaged == ("generation 2",)
    record = restore(Folder(str(location)), None)
    assert record is not None
    assert (record.generation, record.made_from) == (3, 1)
    EmbeddedStore(location).close()


def test_what_somebody_else_wrote_beside_a_graph_is_told_and_mended(location: Path) -> None:
    # LadybugDB opened by hand for writing leaves a log beside the file, and refuses to read it afterwards.
    (need_graph(location).parent / "graph.lbug.wal").write_bytes(b"left over")
    with pytest.raises(
        StoreDamagedError, match=r"something else than Ringfence wrote to .*000002; `ringfence restore`"
    ):
        EmbeddedStore(location)
    record = restore(Folder(str(location)), None)
    assert record is not None
    assert (record.generation, record.made_from) == (3, 2)
    assert count_accounts(location) == 66


def test_going_back_can_be_taken_back(made: Path, location: Path) -> None:
    place = Folder(str(location))
    load(location, made / "newcomers")
    assert restore(place, None) is None
    restore(place, 2)
    assert count_accounts(location) == 66
    restore(place, 3)
    assert count_accounts(location) == 68
    assert [each.made_from for each in list_records(place)] == [3, 2, 2]
    with pytest.raises(UnknownIdError, match=r"no generation 99 in .*; there are 3, 4, 5"):
        restore(place, 99)


def test_nothing_can_be_restored_where_nothing_is_whole(location: Path) -> None:
    for number in (1, 2):
        flip(location / "generations" / f"{number:06d}" / "graph.lbug", 5000)
    with pytest.raises(StoreDamagedError, match=r"no generation of .* is whole; load the tables into a new store"):
        restore(Folder(str(location)), None)


# ── older stores ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def unfinished(location: Path, tmp_path: Path, killer: Killer) -> Path:
    """A store of the older layout, as a writer left it that was killed with a row in its log."""
    older = tmp_path / "older"
    older.mkdir()
    copy_file(need_graph(location), older / "graph.lbug")
    killer.run("leave_log", older / "graph.lbug", "CREATE (:Shop {shop_id: 'late'})")
    assert (older / "graph.lbug.wal").stat().st_size
    return older


def ask_shops(location: Path, read: Callable[[], EmbeddedStore]) -> set[str]:
    with read() as store:
        return {row["id"] for row in store.query("MATCH (s:Shop) RETURN s.shop_id AS id")}


def test_an_older_store_with_a_killed_writers_log_is_read_on_a_copy_and_becomes_a_generation(unfinished: Path) -> None:
    before = {name: (unfinished / name).read_bytes() for name in list_files(unfinished)}
    assert "late" in ask_shops(unfinished, lambda: EmbeddedStore(unfinished))
    assert {name: (unfinished / name).read_bytes() for name in list_files(unfinished)} == before
    assert {each.state for each in verify(unfinished).tables} == {"not recorded"}
    assert "late" in ask_shops(unfinished, lambda: EmbeddedStore(unfinished, mode="write"))
    generation = [f"generations/000001/{name}" for name in ("graph.lbug", "manifest.json", "names.txt")]
    assert list_files(unfinished) == ["drafts/", *generation, "lock", "ringfence-store.json"]
    assert "late" in ask_shops(unfinished, lambda: EmbeddedStore(unfinished))
