"""A small load into a large graph: the file of the generation before, and LadybugDB's log beside it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import small_market
from on_disk import list_leftovers, need_graph, overwrite
from property_graph import dump_graph, write_folder

from graph.contract.tables import read_folder
from graph.errors import StoreDamagedError
from graph.settings import Settings, TableSettings
from graph.stores.embedded import draft
from graph.stores.embedded.content import describe_graph
from graph.stores.embedded.disk import share_file
from graph.stores.embedded.manifest import Manifest, read_manifest
from graph.stores.embedded.staging import discard_stage, is_published, name_stage, publish_stage, start_stage
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.embedded.verify import restore, verify_folder
from graph.stores.location import Folder

NEW = {
    "accounts": [{"account_id": "zoe"}, {"account_id": "ann", "role": "both", "updated_at": "2031-01-01"}],
    "orders": [{"order_id": "o-z", "buyer_id": "zoe", "seller_id": "bob"}, {"order_id": "o-y", "buyer_id": "zoe"}],
    "devices": [{"account_id": "zoe", "device_id": "d-z"}, {"account_id": "ann", "device_id": "d-z"}],
}


@pytest.fixture(autouse=True)
def worth_logging() -> Iterator[None]:
    """As if every file took long to copy."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(draft, "_WORTH_LOGGING_BYTES", 0)
        yield


def load(location: Path | Folder, scratch: Path, tables: Any) -> None:
    with EmbeddedStore(location, mode="write") as store:
        removed = {"orders": TableSettings(columns={"removed": "gone"})} if "gone" in str(tables) else {}
        store.load(read_folder(write_folder(scratch, tables), Settings(tables=removed)))


def dump(location: Path | Folder) -> Any:
    with EmbeddedStore(location) as store:
        return dump_graph(store)


def read_newest(location: Path) -> Manifest:
    return read_manifest(need_graph(location).parent)


def need_log(location: Path) -> Path:
    log = need_graph(location).parent / "graph.lbug.wal"
    assert log.is_file()
    return log


def verify(location: Path) -> list[str | None]:
    return [each.state for each in verify_folder(Folder(str(location))).generations]


def write_a_run(location: Path | Folder) -> None:
    with EmbeddedStore(location, mode="write") as store:
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot, run_id="run-9"), snapshot)


def test_a_small_load_leaves_the_file_as_it_is_and_writes_a_log(location: Path, tmp_path: Path) -> None:
    before, content = need_graph(location), need_graph(location).read_bytes()
    load(location, tmp_path / "new", NEW)
    after = need_graph(location)
    assert after.samefile(before)
    assert after.read_bytes() == content
    said = read_newest(location)
    assert said.log is not None
    assert (said.log.bytes, need_log(location).stat().st_mode & 0o222) == (need_log(location).stat().st_size, 0)
    assert said.sha256 != read_manifest(before.parent).sha256
    assert verify(location) == ["whole"] * 3
    assert list_leftovers(location) == []


def test_a_graph_with_a_log_is_the_one_that_all_in_one_file_is(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(location, tmp_path / "new", NEW)
    with EmbeddedStore(location) as store:
        assert describe_graph(store.connection) == read_newest(location).stretches
    monkeypatch.setattr(draft, "_WORTH_LOGGING_BYTES", 1 << 40)
    restore(Folder(str(location)), 2)
    load(location, tmp_path / "new", NEW)
    with_log, in_file = (read_manifest(need_graph(location).parent.parent / name) for name in ("000003", "000005"))
    assert with_log.log is not None
    assert in_file.log is None
    assert (with_log.facts, with_log.tables, with_log.names) == (in_file.facts, in_file.tables, in_file.names)


def test_no_file_is_that_of_more_than_two_generations_that_were_loaded(location: Path, tmp_path: Path) -> None:
    files = [need_graph(location)]
    for number in range(4):
        load(location, tmp_path / f"new-{number}", {"accounts": [{"account_id": f"zoe-{number}"}]})
        files.append(need_graph(location))
    assert [one.samefile(two) for one, two in pairwise(files[2:])] == [True, False]
    with EmbeddedStore(location) as store:
        assert describe_graph(store.connection) == read_newest(location).stretches
        assert {f"zoe-{number}" for number in range(4)} <= {
            each.id for each in store.find_ids("account", "zoe", most=9)
        }


def test_a_run_puts_the_log_into_the_file_and_keeps_all_facts(location: Path, tmp_path: Path) -> None:
    load(location, tmp_path / "new", NEW)
    facts, logged = read_newest(location).facts, need_graph(location)
    write_a_run(location)
    said = read_newest(location)
    assert (said.facts, said.log) == (facts, None)
    with EmbeddedStore(location) as store:
        assert describe_graph(store.connection) == said.stretches
    assert not need_graph(location).samefile(logged)
    assert verify(location) == ["whole"] * 3


@pytest.mark.parametrize(
    "tables",
    [
        {"accounts": [{"account_id": f"zoe-{number}"} for number in range(201)]},
        {"accounts": [{"account_id": "ann"}], "orders": [{"order_id": "o-1", "buyer_id": "ann", "gone": "true"}]},
    ],
    ids=["too much for a log", "a row that goes"],
)
def test_a_load_that_is_not_small_or_takes_something_away_is_written_to_a_file_of_its_own(
    location: Path, tmp_path: Path, tables: Any
) -> None:
    first = {"accounts": [{"account_id": "ann"}], "orders": [{"order_id": "o-1", "buyer_id": "ann"}]}
    load(location, tmp_path / "first", first)
    write_a_run(location)
    load(location, tmp_path / "new", tables)
    assert read_newest(location).log is None


def test_what_was_written_past_the_log_makes_a_file_of_its_own(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = need_graph(location)
    content, close = before.read_bytes(), draft.Database.close

    def write_and_close(database: Any) -> None:
        close(database)
        if database.path.exists() and database.path.stat().st_mtime_ns == 0:
            with database.path.open("r+b") as file:  # as LadybugDB would: the same byte again
                file.write(content[:1])

    monkeypatch.setattr(draft.Database, "close", write_and_close)
    load(location, tmp_path / "new", NEW)
    assert (read_newest(location).log, before.read_bytes()) == (None, content)
    assert not need_graph(location).samefile(before)
    assert verify(location) == ["whole"] * 3
    with EmbeddedStore(location) as store:
        assert describe_graph(store.connection) == read_newest(location).stretches


def test_every_flipped_bit_of_a_log_stops_whoever_reads_everything(location: Path, tmp_path: Path) -> None:
    load(location, tmp_path / "new", NEW)
    log = need_log(location)
    content = log.read_bytes()
    for place in range(0, len(content), max(len(content) // 40, 1)):
        overwrite(log, content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(StoreDamagedError, match=r"`ringfence restore`"), EmbeddedStore(location) as store:
            store.snapshot()
    assert verify(location) == ["damaged", "whole", "whole"]


@pytest.mark.parametrize("damage", ["cut off", "gone"])
def test_a_log_that_is_cut_off_or_gone_is_noticed_by_every_question_and_can_be_gone_back_from(
    location: Path, tmp_path: Path, damage: str
) -> None:
    before = dump(location)
    load(location, tmp_path / "new", NEW)
    log = need_log(location)
    if damage == "gone":
        log.unlink()
    else:
        overwrite(log, log.read_bytes()[:-1])
    with pytest.raises(StoreDamagedError, match=r"graph.lbug.wal is not as it was written; `ringfence restore`"):
        EmbeddedStore(location)
    record = restore(Folder(str(location)), None)
    assert record is not None
    assert (record.made_from, dump(location)) == (2, before)


def test_a_damaged_file_that_two_generations_share_is_told_of_both_before_the_log_is_taken_up(
    location: Path, tmp_path: Path
) -> None:
    load(location, tmp_path / "new", NEW)
    file = need_graph(location)
    overwrite(file, file.read_bytes()[:-1] + b"?")
    with pytest.raises(StoreDamagedError, match=r"`ringfence restore`"), EmbeddedStore(location) as store:
        store.snapshot()
    with pytest.raises(StoreDamagedError, match=r"`ringfence restore`"):
        load(location, tmp_path / "more", {"accounts": [{"account_id": "yan"}]})
    assert verify(location) == ["damaged", "damaged", "whole"]


def test_a_damaged_file_is_told_before_anybody_opens_it(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Taking up a log, LadybugDB looks at much of the file, and may die of it.
    load(location, tmp_path / "new", NEW)
    file = need_graph(location)
    overwrite(file, file.read_bytes()[:-1] + b"?")
    monkeypatch.setattr("graph.stores.embedded.store.Database", None)
    for mode in ("read", "write"):
        with pytest.raises(StoreDamagedError), EmbeddedStore(location, mode=mode) as store:
            store.snapshot()
    with pytest.raises(StoreDamagedError):
        load(location, tmp_path / "more", {"accounts": [{"account_id": "yan"}]})


def test_a_file_that_is_another_users_is_shared_as_it_is(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, chmod = need_graph(location).stat().st_ino, Path.chmod

    def chmod_own(path: Path, mode: int) -> None:
        if path.stat().st_ino == shared:
            raise PermissionError(1, "Operation not permitted")
        chmod(path, mode)

    monkeypatch.setattr(Path, "chmod", chmod_own)
    load(location, tmp_path / "new", NEW)
    assert (read_newest(location).log is not None, need_graph(location).stat().st_ino) == (True, shared)


def test_a_generation_with_a_log_is_restored_with_it(location: Path, tmp_path: Path) -> None:
    load(location, tmp_path / "new", NEW)
    loaded = dump(location)
    restore(Folder(str(location)), 2)
    assert dump(location) != loaded
    restore(Folder(str(location)), 3)
    assert dump(location) == loaded
    assert verify(location) == ["whole"] * 3


def test_a_load_into_a_stage_is_not_yet_published_and_then_is(location: Path, tmp_path: Path) -> None:
    place = Folder(str(location))
    base = start_stage(place)
    load(name_stage(place), tmp_path / "new", NEW)
    staged = dump(name_stage(place))
    assert not is_published(place)
    publish_stage(place, base)
    assert is_published(place)
    discard_stage(place)
    assert dump(location) == staged
    assert read_newest(location).log is not None
    assert list_leftovers(location) == []


def test_where_files_cannot_be_shared_the_log_lies_beside_a_copy(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    share_file(need_graph(location), tmp_path / "copy")
    load(location, tmp_path / "new", NEW)
    assert read_newest(location).log is not None
    assert verify(location) == ["whole"] * 3
    with EmbeddedStore(location) as store:
        assert describe_graph(store.connection) == read_newest(location).stretches


def test_a_load_that_brings_nothing_new_leaves_no_copy(location: Path, tmp_path: Path) -> None:
    load(location, tmp_path / "new", NEW)
    load(location, tmp_path / "new", NEW)
    assert need_graph(location).parent.name == "000003"
    assert list_leftovers(location) == []
