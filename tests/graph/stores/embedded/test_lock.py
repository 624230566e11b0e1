"""Many readers or one writer, in this process and others; whoever has to wait is told for whom."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import small_market
from places import ROOT

from graph.errors import StoreBusyError
from graph.stores import holder
from graph.stores.embedded.lock import LOCK_FILE, StoreLock
from graph.stores.embedded.store import EmbeddedStore

HOLD = """
import sys
from pathlib import Path
from graph.stores.embedded.lock import StoreLock
with StoreLock(Path(sys.argv[1]), exclusive=sys.argv[2] == "write"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held_by_another(folder: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a folder's lock until a line is written to it."""
    command = [sys.executable, "-c", HOLD, str(folder), how]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def let_go_soon(process: subprocess.Popen[str], seconds: float = 0.4) -> threading.Timer:
    def let_go() -> None:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()

    timer = threading.Timer(seconds, let_go)
    timer.start()
    return timer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / LOCK_FILE).touch()
    return tmp_path


def test_many_may_read_at_once(folder: Path) -> None:
    with (
        held_by_another(folder, "read"),
        StoreLock(folder, exclusive=False, patience_seconds=0),
        StoreLock(folder, exclusive=False, patience_seconds=0),
    ):
        pass


def test_a_second_writer_is_told_at_once_who_writes(folder: Path) -> None:
    with held_by_another(folder, "write") as process:
        started = time.monotonic()
        with pytest.raises(StoreBusyError) as caught:
            StoreLock(folder, exclusive=True, patience_seconds=30)
        assert time.monotonic() - started < 10
    said = str(caught.value)
    expected = rf"{re.escape(str(folder))} is held by process {process.pid} on {socket.gethostname()} \(-c .*write\)"
    assert re.match(rf"{expected} since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00; try again later$", said), said


def test_a_reader_waits_a_moment_then_is_told_who_writes(folder: Path) -> None:
    with held_by_another(folder, "write") as process:
        started = time.monotonic()
        with pytest.raises(StoreBusyError, match=f"held by process {process.pid} "):
            StoreLock(folder, exclusive=False, patience_seconds=0.5)
        assert time.monotonic() - started >= 0.5


def test_a_reader_gets_in_when_the_writer_is_done(folder: Path) -> None:
    with held_by_another(folder, "write") as process:
        timer = let_go_soon(process)
        with StoreLock(folder, exclusive=False, patience_seconds=30):
            pass
        timer.join()


def test_a_writer_waits_for_readers(folder: Path) -> None:
    with held_by_another(folder, "read") as process:
        timer = let_go_soon(process)
        with StoreLock(folder, exclusive=True, patience_seconds=30):
            assert json.loads((folder / LOCK_FILE).read_text())["pid"] == os.getpid()
        timer.join()


def test_a_writer_does_not_wait_for_readers_for_ever(folder: Path) -> None:
    with (
        held_by_another(folder, "read"),
        pytest.raises(StoreBusyError, match="is held by a reader; try again later"),
    ):
        StoreLock(folder, exclusive=True, patience_seconds=0.3)


def test_a_killed_writer_holds_nothing(folder: Path) -> None:
    with held_by_another(folder, "write") as process:
        process.kill()
        process.wait()
        for exclusive in (True, False):
            with StoreLock(folder, exclusive=exclusive, patience_seconds=5):
                pass


def test_a_dead_writers_name_is_not_given_to_those_who_wait(folder: Path) -> None:
    with held_by_another(folder, "write") as process:
        process.kill()
        process.wait()
    assert json.loads((folder / LOCK_FILE).read_text())["pid"] == process.pid
    with (
        held_by_another(folder, "read"),
        pytest.raises(StoreBusyError, match="is held by a reader"),
    ):
        StoreLock(folder, exclusive=True, patience_seconds=0.2)


def test_the_lock_is_given_back_once_and_leaves_no_name(folder: Path) -> None:
    held = StoreLock(folder, exclusive=True)
    held.release()
    held.release()
    assert (folder / LOCK_FILE).read_text() == ""


@pytest.mark.parametrize("content", ["", "not json", "{}", '{"pid": 1}', "\x00"])
def test_an_odd_lock_file_is_no_obstacle(folder: Path, content: str) -> None:
    (folder / LOCK_FILE).write_text(content)
    with StoreLock(folder, exclusive=True, patience_seconds=0):
        pass


def test_reading_needs_no_lock_file(tmp_path: Path) -> None:
    with StoreLock(tmp_path, exclusive=False):
        assert not (tmp_path / LOCK_FILE).exists()


def test_a_long_command_is_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ringfence", "x" * 1000])
    with StoreLock(folder, exclusive=True):
        command = json.loads((folder / LOCK_FILE).read_text())["command"]
    assert command.startswith("ringfence xxx")
    assert len(command) == 200


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(folder: Path, *, exclusive: bool) -> StoreLock:
        return StoreLock(folder, exclusive=exclusive, patience_seconds=0.3)

    monkeypatch.setattr("graph.stores.embedded.store.StoreLock", make)


@pytest.fixture
def location(tmp_path: Path) -> Path:
    small_market.make_loaded_store(tmp_path / "store", small_market.write_tables(tmp_path / "market"))
    return tmp_path / "store"


@pytest.mark.usefixtures("impatient")
def test_a_store_opened_for_writing_keeps_others_out_until_it_is_closed(location: Path) -> None:
    with EmbeddedStore(location, mode="write"):
        for mode in ("read", "write"):
            with pytest.raises(StoreBusyError, match=f"process {os.getpid()} "):
                EmbeddedStore(location, mode=mode)  # type: ignore[arg-type]
    EmbeddedStore(location, mode="write").close()


@pytest.mark.usefixtures("impatient")
def test_readers_share_a_store_and_keep_writers_out(location: Path) -> None:
    with EmbeddedStore(location) as first, EmbeddedStore(location) as second:
        assert first.snapshot().n_accounts == second.snapshot().n_accounts == 66
        with pytest.raises(StoreBusyError, match="held by a reader"):
            EmbeddedStore(location, mode="write")


@pytest.mark.usefixtures("impatient")
def test_a_store_that_cannot_be_opened_is_let_go(location: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("graph.stores.embedded.schema.SCHEMA_VERSION", 0)
        with pytest.raises(OSError, match="newer Ringfence"):
            EmbeddedStore(location, mode="write")
    EmbeddedStore(location, mode="write").close()


def test_whoever_runs_under_another_user_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError

    alive: Callable[[int], bool] = holder._is_alive
    monkeypatch.setattr("graph.stores.holder.os.kill", refuse)
    assert alive(1)
