"""Questions: ids of any kind go in and come out, and queries only read."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import run, run_process
from small_market import HOSTILE, RINGS

pytestmark = pytest.mark.usefixtures("plain_surroundings")


QUERIES = {
    "account": (["account"], HOSTILE),
    "ring": (["ring"], RINGS[1].ring_id),
    "why": (["why"], f"rev {HOSTILE}"),
    "path": (["path", "dan"], HOSTILE),
    "compare": (["compare", "ann"], HOSTILE),
    "timeline": (["timeline"], HOSTILE),
    "expand": (["expand"], HOSTILE),
    "exposure": (["exposure"], RINGS[1].ring_id),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize("name", QUERIES)
def test_a_hostile_id_goes_in_and_comes_out_unharmed(name: str, form: str) -> None:
    words, odd_id = QUERIES[name]
    result = run(*words, odd_id, "--format", form)
    assert result.exit_code == 0
    if form == "json":
        assert HOSTILE in " ".join(_list_texts(json.loads(result.stdout)))
    elif form == "jsonl":
        assert [json.loads(line) for line in result.stdout.splitlines()]
    elif form == "csv":
        assert HOSTILE in " ".join(cell for row in csv.reader(io.StringIO(result.stdout)) for cell in row)


def _list_texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _list_texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _list_texts(each)]
    return [str(value)]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("wrong", ["", "'", "%", "nobody\nhere", "\x1b[31m", "🦊🦊", "x" * 1024])
def test_a_hostile_id_that_is_not_there_is_one_line(name: str, wrong: str) -> None:
    result = run(*QUERIES[name][0], wrong)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("ringfence: no ")
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_bytes_that_are_no_text_are_wrong_usage(market: Path) -> None:
    done = run_process("account", "caf\udce9", cwd=market)
    assert done.returncode == 2
    assert "not valid UTF-8" in done.stderr


@pytest.mark.usefixtures("here")
def test_a_query_cannot_write() -> None:
    assert run("cypher", "MATCH (a:Account {account_id: 'ann'}) SET a.tier = 'clear'").exit_code == 1
    assert json.loads(run("account", "ann", "--format", "json").stdout)["tier"] == "automatic"
