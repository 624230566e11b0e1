"""However the process ends: one line, the documented exit code, nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import small_market
from processes import ringfence, start

from cli import ending

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are another thing here")


def wait_until_answering(process: subprocess.Popen[str]) -> None:
    """Wait for the process to take signals into its own hands: until then they are the interpreter's."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        caught = re.search(r"SigCgt:\s*(\w+)", status.read_text(encoding="ascii"))
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.002)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ending")
    small_market.make_loaded_store(folder / "ringfence-store", small_market.write_tables(folder / "market"))
    return folder


def end_at(place: Path, number: signal.Signals, milliseconds: int) -> tuple[int, list[str]]:
    """The exit code of a detection that is told to end so long after it began, and what it says but its progress."""
    # Whoever runs the tests in the background may ignore signals, and what is ignored is so in its children too.
    process = start("detect", "--no-encoder", cwd=place, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    wait_until_answering(process)
    time.sleep(milliseconds / 1_000)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    return process.returncode, [line for line in said.splitlines() if not line.endswith(" s)")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which signals a process answers")
@pytest.mark.parametrize(
    ("number", "words", "first", "step"),
    [
        (signal.SIGINT, "interrupted", 250, 1_000),
        (signal.SIGTERM, "ended by SIGTERM", 700, 1_500),
        (signal.SIGHUP, "ended by SIGHUP", 900, 3_000),
        pytest.param(signal.SIGINT, "interrupted", 0, 100, marks=pytest.mark.thorough),
        pytest.param(signal.SIGTERM, "ended by SIGTERM", 0, 300, marks=pytest.mark.thorough),
        pytest.param(signal.SIGHUP, "ended by SIGHUP", 0, 1_000, marks=pytest.mark.thorough),
    ],
)
def test_a_signal_at_any_moment_is_one_line_and_its_exit_code(
    place: Path, number: signal.Signals, words: str, first: int, step: int
) -> None:
    moments = range(first, 3_000, step)
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda moment: end_at(place, number, moment), moments))
    done = [(code, lines) for code, lines in ends if code == 0]
    assert len(done) < len(ends)
    # 5: another of the four held the store.
    told = [(moment, end) for moment, end in zip(moments, ends, strict=True) if end[0] not in (0, 5)]
    assert [end for _, end in told] == [(128 + number, [f"ringfence: {words}"])] * len(told), told
    assert ringfence("rings", cwd=place).returncode in (0, 1)  # 1: no run was finished
    assert not (place / "ringfence-store" / "staging").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which signals a process answers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("milliseconds", [0, 400])
def test_a_signal_while_starting_is_answered(place: Path, number: signal.Signals, milliseconds: int) -> None:
    words = {signal.SIGINT: "interrupted", signal.SIGTERM: "ended by SIGTERM"}[number]
    assert end_at(place, number, milliseconds) == (128 + number, [f"ringfence: {words}"])


def test_a_signal_when_the_work_is_done_ends_nothing() -> None:
    code = (
        "import os, signal; from cli.ending import answer_signals, end_work\n"
        "class Last:\n"
        "    def __del__(self, kill=os.kill, pid=os.getpid(), numbers=(2, 14, 15)): [kill(pid, n) for n in numbers]\n"
        "signal.kept_to_the_end = Last(); answer_signals(); end_work()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_ignored_signal_stays_ignored(place: Path) -> None:
    process = start("policy", cwd=place, preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0


def test_an_interruption_waits_for_an_import_to_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(ending, "_told", ending._Told(is_working=True))
    monkeypatch.setattr(ending, "_is_importing", lambda frame: True)
    monkeypatch.setattr(ending, "_ask_again", lambda: asked.append(True))
    ending._answer(signal.SIGTERM, None)
    assert asked == [True]
    monkeypatch.setattr(ending, "_is_importing", lambda frame: False)
    with pytest.raises(KeyboardInterrupt):
        ending._answer_again(0, None)
    assert ending.find_ending() == ("ended by SIGTERM", 143)


@pytest.mark.parametrize("command", [("policy",), ("policy", "--format", "json"), ("--help",), ("--version",)])
def test_output_to_a_full_place_is_one_line(place: Path, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        code = "import sys; sys.argv[0] = 'ringfence'; from cli.process import run; run()"
        whole = [sys.executable, "-c", code, *command]
        done = subprocess.run(whole, cwd=place, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"ringfence: the output.* cannot be written: No space left on device\n", done.stderr)


def test_a_closed_stdout_is_one_line_and_no_success(place: Path) -> None:
    process = start("policy", cwd=place, preexec_fn=lambda: os.close(1))
    assert process.communicate(timeout=60)[1] == "ringfence: the output cannot be written: stdout is closed\n"
    assert process.returncode == 1


def test_a_closed_or_full_stderr_stops_nothing(place: Path) -> None:
    process = start("policy", "--format", "json", cwd=place, preexec_fn=lambda: os.close(2))
    assert process.communicate(timeout=60)[0].startswith("[")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("acount",), "no such command 'acount'. Did you mean 'account'?; see: ringfence --help"),
        (("ring",), "missing argument 'ID'; see: ringfence ring --help"),
        (("rings", "--min-size", "many"), "invalid value for '--min-size'"),
        (("rings", "--limt", "3"), "no such option '--limt'"),
        (("completion",), "missing argument"),
        (("cypher", "RETURN 1", "-p", "x\nringfence: all is well"), "invalid value for --param"),
        (("\x1b[2J\u202e",), r"no such command '\x1b[2J\u202e'"),
    ],
)
def test_wrong_usage_is_one_line(place: Path, arguments: tuple[str, ...], said: str) -> None:
    done = ringfence(*arguments, cwd=place)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("ringfence: ")
    assert said.split(" Did", maxsplit=1)[0] in done.stderr


def test_too_little_memory_is_one_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("graph.queries.runs.list_runs", fail)
    done = ringfence("runs", cwd=place)
    assert (done.returncode, done.stderr) == (1, "ringfence: the memory is not enough for what was asked\n")


# LadybugDB does not look at the clock before it has made all of a range: 800 MB, which take it ten seconds or more.
LONG_STEP = "UNWIND range(1, 100000000) AS x RETURN count(x)"


@pytest.mark.skipif(sys.platform != "linux", reason="what it takes is bounded on Linux alone")
def test_a_question_that_nothing_stops_ends_with_the_process(place: Path) -> None:
    code = (
        "import sys; sys.argv[0] = 'ringfence'; from cli import ending; ending._GRACE_SECONDS = 0.5\n"
        "from cli.process import run; run()"
    )
    command = [sys.executable, "-c", code, "cypher", "--timeout", "0.1", LONG_STEP]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "ringfence: the question took more than 0.1 s; ask for less, or allow more (--timeout"
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_question_may_take_what_the_settings_say(place: Path, tmp_path: Path) -> None:
    (tmp_path / "ringfence.toml").write_text("[query]\nmax_rows = 2\n", encoding="utf-8")
    asked = ("--store", str(place / "ringfence-store"), "cypher", "MATCH (a:Account) RETURN a.account_id AS id")
    done = ringfence(*asked, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ringfence: the answer has more than 2 rows; add LIMIT")
    assert ringfence(*asked, "--timeout", "30", cwd=place).returncode == 0
    assert ringfence(*asked, "--timeout", "0", cwd=place).returncode == 2
    (tmp_path / "ringfence.toml").write_text("[query]\ntimeout_seconds = 0\n", encoding="utf-8")
    said = ringfence(*asked, cwd=tmp_path).stderr
    assert said == "ringfence: ringfence.toml: 'query': timeout_seconds 0 is not above 0 and up to 1,000,000\n"


def test_what_does_not_come_back_is_ended_and_what_does_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(ending, "_GRACE_SECONDS", 0.0)
    monkeypatch.setattr(ending.os, "_exit", ended.append)
    with ending.ending_late(0.05, "it is late"):
        pass
    time.sleep(0.2)
    assert ended == []
    with ending.ending_late(0.01, "it is late"):
        time.sleep(0.2)
    assert ended == [1]
