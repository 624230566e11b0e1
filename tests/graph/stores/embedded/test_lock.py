"""One writer at a time, in this process and others; who waits is told for whom, and readers wait for nobody."""

from __future__ import annotations

import json
import logging
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

from graph.contract.tables import read_folder
from graph.errors import StoreBusyError, StoreError
from graph.settings import Settings
from graph.stores import holder
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.lock import HOLDER_FILE, WriterLock
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.location import Folder

HOLD = """
import sys
from pathlib import Path
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.lock import WriterLock
with WriterLock(StoreFolder(Path(sys.argv[1])), wait_seconds=0):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held_by_another(folder: StoreFolder) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a folder's lock until a line is written to it."""
    command = [sys.executable, "-c", HOLD, str(folder.path)]
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
def folder(tmp_path: Path) -> StoreFolder:
    folder = StoreFolder(tmp_path)
    folder.prepare_rooms()
    return folder


def test_a_second_writer_is_told_who_writes_and_how_long_it_waited(folder: StoreFolder) -> None:
    with held_by_another(folder) as process:
        started = time.monotonic()
        with pytest.raises(StoreBusyError) as caught:
            WriterLock(folder, wait_seconds=0.3)
        assert 0.3 <= time.monotonic() - started < 10
    said = str(caught.value)
    expected = rf"{re.escape(str(folder.path))} is held by process {process.pid} on {socket.gethostname()} \(-c .*\)"
    end = r" since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00; try again later \(waited 0.3 s\)$"
    assert re.match(expected + end, said), said


def test_a_writer_that_waits_says_once_for_whom(folder: StoreFolder, caplog: pytest.LogCaptureFixture) -> None:
    with held_by_another(folder) as process, caplog.at_level(logging.INFO, "ringfence.store"):
        timer = let_go_soon(process)
        with WriterLock(folder, wait_seconds=30):
            assert json.loads((folder.drafts / HOLDER_FILE).read_text())["pid"] == os.getpid()
        timer.join()
        (said,) = (record.message for record in caplog.records)
        assert re.match(rf".* is held by process {process.pid} on .*; waiting up to 30 s$", said)


def test_a_killed_writer_holds_nothing(folder: StoreFolder) -> None:
    with held_by_another(folder) as process:
        process.kill()
        process.wait()
        assert json.loads((folder.drafts / HOLDER_FILE).read_text())["pid"] == process.pid
        with WriterLock(folder, wait_seconds=5):
            pass


def test_the_lock_is_given_back_once_and_leaves_no_name(folder: StoreFolder) -> None:
    held = WriterLock(folder, wait_seconds=0)
    held.release()
    held.release()
    assert list(folder.drafts.iterdir()) == []


@pytest.mark.parametrize("content", ["", "not json", "{}", '{"pid": 1}', "\x00", "[]"])
def test_an_odd_name_is_no_obstacle(folder: StoreFolder, content: str) -> None:
    (folder.drafts / HOLDER_FILE).write_text(content)
    with WriterLock(folder, wait_seconds=0):
        (folder.drafts / HOLDER_FILE).write_text(content)
        with pytest.raises(StoreBusyError, match=r"is held by another process; try again later$"):
            WriterLock(folder, wait_seconds=0)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_what_a_linked_lock_leads_to_is_never_changed(
    folder: StoreFolder, tmp_path: Path, link: Callable[..., None]
) -> None:
    diary = tmp_path / "diary"
    diary.write_text("dear diary")
    link(diary, folder.lock)
    if link is os.symlink:
        with pytest.raises(StoreError, match="lock is a link, and Ringfence follows none inside a store"):
            WriterLock(folder, wait_seconds=0)
    else:
        with WriterLock(folder, wait_seconds=0):
            pass
    assert diary.read_text() == "dear diary"


def test_a_long_command_is_cut(folder: StoreFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ringfence", "x" * 1000])
    with WriterLock(folder, wait_seconds=0):
        command = json.loads((folder.drafts / HOLDER_FILE).read_text())["command"]
    assert command.startswith("ringfence xxx")
    assert len(command) == 200


@pytest.fixture
def location(tmp_path: Path) -> Folder:
    small_market.make_loaded_store(tmp_path / "store", small_market.write_tables(tmp_path / "market"))
    return Folder(str(tmp_path / "store"), wait_seconds=0.2)


def test_a_store_opened_for_writing_keeps_writers_out_until_it_is_closed(location: Folder) -> None:
    with EmbeddedStore(location, mode="write"), pytest.raises(StoreBusyError, match=f"process {os.getpid()} "):
        EmbeddedStore(location, mode="write")
    EmbeddedStore(location, mode="write").close()


def test_readers_and_a_writer_do_not_wait_for_one_another(location: Folder, tmp_path: Path) -> None:
    newcomers = read_folder(small_market.write_newcomers(tmp_path / "newcomers"), Settings())
    with EmbeddedStore(location) as earlier, EmbeddedStore(location, mode="write") as writer:
        writer.load(newcomers)
        with EmbeddedStore(location) as later:
            assert (earlier.snapshot().n_accounts, later.snapshot().n_accounts) == (66, 68)


def test_a_store_that_cannot_be_opened_is_let_go(location: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
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
