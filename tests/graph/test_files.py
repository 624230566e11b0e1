"""Files that are written: whole or not there, nothing piles up beside them, and nobody else's file is touched."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from killing import Killer
from on_disk import list_files

from graph import files
from graph.errors import ConfigError
from graph.files import MARK, making_folder, name_room, remove_file, replace_file, replacing_file

OLD, NEW = b"old" * 1000, b"new" * 2000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "risk.model").write_bytes(OLD)
    return folder / "risk.model"


def write_folder(path: Path) -> None:
    with making_folder(path) as inside:
        (inside / "truth").mkdir()
        (inside / "truth" / "rings.csv").write_bytes(NEW)


def leave_room(target: Path, *names: str) -> Path:
    """What somebody who was killed leaves beside a file."""
    room = name_room(target)
    room.mkdir()
    for name in names:
        (room / name).write_bytes(b"half")
    return room


@pytest.mark.parametrize("work", ["write_file", "write_folder"])
def test_a_kill_at_any_step_leaves_old_or_new_and_one_room_that_the_next_writer_takes_away(
    killer: Killer, target: Path, work: str
) -> None:
    place = target if work == "write_file" else target.with_name("market")
    whole = {OLD, NEW} if work == "write_file" else {NEW}
    for death in killer.kill_at_steps(work, place, before=lambda: None):  # each begins with what the last left
        found = [path for path in (place, place / "truth" / "rings.csv") if path.is_file()]
        assert {path.read_bytes() for path in found} <= whole, death
        beside = [path for path in place.parent.iterdir() if path.name.startswith(".")]
        assert beside in ([], [name_room(place)]), death
        assert not death.error, death
        if work == "write_folder" and found and death.killed:
            found[0].unlink()
            found[0].parent.rmdir()
    made = [] if work == "write_file" else ["market/truth/rings.csv"]
    assert list_files(target.parent) == [*made, "risk.model"]
    assert place.is_dir() or place.read_bytes() == NEW


@pytest.mark.parametrize("left", [(), (MARK,), (MARK, "content")])
def test_what_was_left_is_taken_over(target: Path, left: tuple[str, ...]) -> None:
    leave_room(target, *left)
    replace_file(target, NEW)
    assert (target.read_bytes(), list_files(target.parent)) == (NEW, ["risk.model"])
    leave_room(target, *left)
    remove_file(target)
    assert list_files(target.parent) == []


def put_file(room: Path) -> None:
    room.write_bytes(b"mine")


def put_folder(room: Path) -> None:
    room.mkdir()
    (room / "content").write_bytes(b"mine")


def put_link(room: Path) -> None:
    (room.parent.parent / "elsewhere").mkdir()
    (room.parent.parent / "elsewhere" / MARK).write_bytes(b"mine")
    room.symlink_to(room.parent.parent / "elsewhere")


def put_link_for_the_mark(room: Path) -> None:
    room.mkdir()
    (room.parent.parent / "mine").write_bytes(b"mine")
    (room / MARK).symlink_to(room.parent.parent / "mine")


@pytest.mark.parametrize("put", [put_file, put_folder, put_link, put_link_for_the_mark])
def test_nothing_of_anybody_elses_is_touched(target: Path, put: Callable[[Path], None]) -> None:
    put(name_room(target))
    before = list_files(target.parent.parent)
    with pytest.raises((ConfigError, OSError)) as caught:
        replace_file(target, NEW)
    assert isinstance(caught.value, OSError) or f"{name_room(target)} is in the way" in str(caught.value)
    assert list_files(target.parent.parent) == before
    assert target.read_bytes() == OLD


def test_another_users_room_is_not_ours(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = leave_room(target, MARK, "content")
    monkeypatch.setattr(os, "geteuid", lambda: room.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="is in the way"):
        replace_file(target, NEW)
    assert list_files(room) == ["content", MARK]


def test_a_link_left_as_the_content_is_not_followed(target: Path) -> None:
    room, mine = leave_room(target, MARK), target.with_name("mine")
    mine.write_bytes(b"mine")
    (room / "content").symlink_to(mine)
    replace_file(target, NEW)
    assert (mine.read_bytes(), target.is_symlink()) == (b"mine", False)


def test_what_somebody_put_into_our_room_stays(target: Path) -> None:
    leave_room(target, MARK, "notes")
    replace_file(target, NEW)
    assert list_files(target.parent) == [f".risk.model.unfinished/{name}" for name in ("notes", MARK)] + ["risk.model"]


def test_two_writers_of_one_file_take_turns(target: Path) -> None:
    begun, written = threading.Event(), []

    def write_slowly() -> None:
        with replacing_file(target) as file:
            begun.set()
            time.sleep(0.2)
            file.write(b"first")
        written.append("first")

    slow = threading.Thread(target=write_slowly)
    slow.start()
    begun.wait()
    replace_file(target, b"second")
    written.append("second")
    slow.join()
    assert (written, target.read_bytes()) == (["first", "second"], b"second")
    assert list_files(target.parent) == ["risk.model"]


def test_a_room_that_goes_while_it_is_being_taken_is_not_the_one(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room, lock, taken = name_room(target), fcntl.flock, []

    def be_late(descriptor: int, how: int) -> None:
        if not taken:  # the writer before is done, and the one after has a room of its own
            taken.append(how)
            (room / MARK).unlink()
            (room / MARK).write_bytes(b"")
        lock(descriptor, how)
        taken.append(os.fstat(descriptor).st_nlink)

    monkeypatch.setattr(files.fcntl, "flock", be_late)
    replace_file(target, NEW)
    assert taken[1:] == [0, 1]
    assert list_files(target.parent) == ["risk.model"]


def test_who_waits_for_long_is_told_in_one_line(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PATIENCE_SECONDS", 0.1)
    room = leave_room(target, MARK, "content")
    with (room / MARK).open("rb") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match=r"another process is writing in .*; wait for it, or name another file"):
            replace_file(target, NEW)
    assert (target.read_bytes(), (room / "content").read_bytes()) == (OLD, b"half")


def test_an_error_leaves_the_old_file_and_nothing_beside_it(target: Path) -> None:
    def fail() -> None:
        with replacing_file(target) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (target.read_bytes(), list_files(target.parent)) == (OLD, ["risk.model"])


def test_a_new_file_has_the_usual_permissions_and_an_old_one_keeps_its_own(target: Path) -> None:
    target.chmod(0o600)
    replace_file(target, NEW)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    mask = os.umask(0o027)
    try:
        replace_file(target.with_name("new.model"), NEW)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(target.with_name("new.model").stat().st_mode) == 0o640


def test_a_link_is_followed_and_a_pipe_is_written_to(target: Path) -> None:
    link, pipe = target.with_name("link"), target.with_name("pipe")
    link.symlink_to(target)
    replace_file(link, NEW)
    assert (link.is_symlink(), target.read_bytes()) == (True, NEW)
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(pipe, b"told")
    assert os.read(reader, 10) == b"told"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_folder_is_made_where_there_is_nothing_or_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        write_folder(tmp_path / name)
    assert list_files(tmp_path) == ["empty/truth/rings.csv", "new/truth/rings.csv"]
    with pytest.raises(OSError, match="not empty"):
        write_folder(tmp_path / "new")
