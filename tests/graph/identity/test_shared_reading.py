"""Addresses that another process reads have the forms that one process gives them, whatever becomes of the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from labelled_addresses import read_pairs

from graph.identity.addresses import shared_reading
from graph.identity.addresses.shared_reading import SharedReading, read_addresses
from graph.identity.canonical import canonical_values, read_ahead


@pytest.mark.parametrize(("python", "reads"), [(sys.executable, True), ("/bin/false", False), ("/no/python", False)])
def test_addresses_read_by_two_processes_have_the_forms_that_one_gives_them(
    monkeypatch: pytest.MonkeyPatch, python: str, reads: bool
) -> None:
    texts = [row["text_a"] for row in read_pairs("development")][::40] + ["東京都渋谷区渋谷2-8-1", ""]
    alone = read_addresses(texts, [True] * len(texts))
    monkeypatch.setattr(shared_reading, "_AT_ONCE", 7)
    monkeypatch.setattr(shared_reading.sys, "executable", python)
    with SharedReading(texts, [True] * len(texts)) as at_once:
        assert at_once.finish() == alone
    with SharedReading(texts, [True] * len(texts)) as later:
        later._thread.join()  # the other process has done what it could
        assert len(later.heard) == (-(-len(texts) // 7) if reads else 0)
        assert later.finish() == alone


def test_another_process_that_reads_very_many_addresses_can_be_let_go_of_at_once() -> None:
    with SharedReading(["12 High Street, Leeds LS1 4DY"] * 200_000, [False] * 200_000) as reading:
        other = reading._other
    assert other is not None
    assert other.returncode is not None


MANY = [f"{number} High Street, Leeds LS1 4DY" for number in range(60_000)]


def wait_until_heard(reading: SharedReading) -> None:
    until = time.monotonic() + 60
    while not reading.heard and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "stands still"])
def test_what_another_process_has_not_read_when_it_dies_or_stands_still_is_read_here(number: int) -> None:
    with SharedReading(MANY, [False] * len(MANY)) as reading:
        wait_until_heard(reading)
        assert reading._other is not None
        os.kill(reading._other.pid, number)
        forms = reading.finish()
        assert 0 < len(reading.heard) < -(-len(MANY) // shared_reading._AT_ONCE)
    assert forms[::5_000] == read_addresses(MANY[::5_000], [False] * 12)
    assert (len(forms), reading._other.returncode) == (len(MANY), -signal.SIGKILL)


def test_another_process_of_another_installation_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_reading, "VERSION", "another")
    with SharedReading(MANY[:3], [False] * 3) as reading:
        reading._thread.join()
        assert reading.heard == []
        assert reading.finish() == read_addresses(MANY[:3], [False] * 3)


@pytest.mark.parametrize("said", [[], ["no", "two"], [["1"], ["2"]]], ids=["nothing", "no forms", "too few forms"])
def test_another_process_that_says_what_it_should_not_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[object]
) -> None:
    pieces = [msgspec.msgpack.encode(each) for each in [shared_reading._say_who_reads(), *said]]
    (tmp_path / "said").write_bytes(b"".join(len(each).to_bytes(4, "big") + each for each in pieces) + b"\0\0")
    (tmp_path / "python").write_text(f"#!/bin/sh\ncat > /dev/null\ncat '{tmp_path}/said'\n")
    (tmp_path / "python").chmod(0o700)
    monkeypatch.setattr(shared_reading.sys, "executable", str(tmp_path / "python"))
    with SharedReading(MANY[:3], [False] * 3) as reading:
        reading._thread.join()
        assert reading.heard == []
        assert reading.finish() == read_addresses(MANY[:3], [False] * 3)


@pytest.mark.parametrize("python", [None, ""])
def test_a_program_that_is_no_python_of_its_own_reads_addresses_alone(
    monkeypatch: pytest.MonkeyPatch, python: str | None
) -> None:
    monkeypatch.setattr(shared_reading.sys, "executable", python)
    with SharedReading(MANY[:3], [False] * 3) as reading:
        assert reading._other is None
        assert reading.finish() == read_addresses(MANY[:3], [False] * 3)


def test_without_a_thread_to_listen_addresses_are_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(shared_reading.Thread, "start", refuse)
    with SharedReading(MANY[:3], [False] * 3) as reading:
        assert reading.finish() == read_addresses(MANY[:3], [False] * 3)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says of every process whether it runs")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
@pytest.mark.parametrize("moment", ["at once", "once it reads"])
def test_another_process_that_reads_addresses_ends_with_the_one_that_asked(number: int, moment: str) -> None:
    work = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it is ignored, as behind a shell that goes on
from graph.identity.addresses.shared_reading import SharedReading
texts = [f"{{number}} High Street, Leeds LS1 4DY" for number in range(1_000_000)]
with SharedReading(texts, [False] * len(texts)) as reading:
    while {moment == "once it reads"} and not reading.heard:
        pass
    print(reading._other.pid, flush=True)
    reading.finish()
"""
    with subprocess.Popen(
        [sys.executable, "-c", work], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as asking:
        assert asking.stdout is not None
        other = int(asking.stdout.readline())
        if number == signal.SIGINT:  # as a terminal sends it, to both
            os.killpg(asking.pid, number)
        else:
            asking.kill()
    assert asking.returncode == -number
    until = time.monotonic() + 30  # in which it could not read them all
    while is_running(other) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(other)


def test_addresses_that_are_read_ahead_have_their_forms_and_so_have_others(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array(["Flat 14A, 1 High St.", "ул. Ленина, д. 5", "2 Low Road"])
    monkeypatch.setattr(shared_reading, "WORTH_SHARING", 2)
    monkeypatch.setattr(shared_reading.os, "cpu_count", lambda: 2)
    with read_ahead(pa.chunked_array([texts[:2], texts[:1]])) as ahead:
        assert ahead is not None
        assert ahead.find_forms(texts.take([2, 0, 1])).equals(canonical_values("address", texts.take([2, 0, 1])))
    with read_ahead(pa.chunked_array([texts[:1]])) as ahead:
        assert ahead is None
