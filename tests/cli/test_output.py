"""The forms of an answer: JSON, JSON lines, CSV, colour, and a reader that leaves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run, run_process
from places import ROOT

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words", [["rings"], ["ring", "R-1"], ["account", "ann"], ["why", "ann"], ["path", "ann", "dan"], ["runs"]]
)
def test_every_query_answers_in_json(words: list[str]) -> None:
    assert json.loads(run(*words, "--format", "json").stdout)


@pytest.mark.usefixtures("here")
def test_an_empty_answer_still_has_its_form() -> None:
    nothing = ("rings", "--kind", "attack", "--format")
    assert run(*nothing, "json").stdout == "[]\n"
    assert run(*nothing, "jsonl").stdout == ""
    assert run(*nothing, "csv").stdout.startswith("ring_id,run_id,rank,kind")


@pytest.mark.usefixtures("here")
def test_times_are_utc() -> None:
    (found,) = json.loads(run("runs", "--format", "json").stdout)
    assert found["as_of"] == "2024-04-01T00:00:00Z"


def test_colour_is_for_terminals_that_want_it(market: Path) -> None:
    piped = run_process("account", "ann", cwd=market, NO_COLOR="", COLUMNS="100")
    forced = run_process("account", "ann", cwd=market, NO_COLOR="", FORCE_COLOR="1", COLUMNS="100")
    refused = run_process("account", "ann", cwd=market, NO_COLOR="1", FORCE_COLOR="1", COLUMNS="100")
    assert "\x1b" not in piped.stdout
    assert "\x1b[1;31m" in forced.stdout
    assert not re.search(r"\x1b\[[\d;]*3\dm", refused.stdout)


def test_a_reader_that_leaves_is_no_error(market: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from cli.process import run; run()"
    query = "UNWIND range(1, 20000) AS n RETURN n"
    command = [sys.executable, "-c", code, "cypher", query, "--format", "jsonl"]
    with subprocess.Popen(command, cwd=market, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
