"""An investigator's day, command by command, as its page tells it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from string import Template

import pytest
from command_line import run
from places import ROOT

PAGE = ROOT / "docs" / "investigators-day.md"

pytestmark = pytest.mark.usefixtures("plain_surroundings")


def find_names() -> dict[str, str]:
    """What the words of the page that stand for something stand for here."""
    first, second = json.loads(run("rings", "--format", "json", "-n", "2").stdout)
    ring = json.loads(run("ring", first["ring_id"], "--format", "json").stdout)
    account, other, *_, family = (member["account_id"] for member in ring["members"])
    used = run(
        "cypher",
        "MATCH (:Ring {ring_id: $id})<-[:MEMBER_OF]-(a:Account)-[:USES]->(i:Identifier {kind: 'device'})"
        " RETURN i.value AS value, count(DISTINCT a) AS n ORDER BY n DESC, value LIMIT 1",
        "-p",
        f"id={first['ring_id']}",
        "--format",
        "json",
    ).stdout
    return {
        "CASE": first["ring_id"],
        "SECOND": second["ring_id"],
        "ACCOUNT": account,
        "OTHER": other,
        "FAMILY": family,
        "PHONE": json.loads(used)[0]["value"],
    }


def test_every_command_of_the_day_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    (settings,) = re.findall(r"^```toml\n(.*?)^```$", text, re.M | re.S)
    (tmp_path / "ringfence.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "letter.txt").write_text("It was not me.", encoding="utf-8")
    for words in (("simulate", "market", "--accounts", "600", "--seed", "3"), ("load", "market"), ("detect",)):
        assert run(*words).exit_code == 0
    names = find_names()
    said = {}
    for line in re.findall(r"^\$ ringfence (.*)$", text, re.M):
        done = run(*shlex.split(Template(line).substitute(names)))
        assert done.exit_code == 0, (line, done.output)
        said[line] = done.stdout
    assert len(said) > 25
    assert "Cleared by" in said["account $FAMILY"]
    assert "Cleared on appeal by" in said["account $ACCOUNT"]
    assert names["SECOND"] in said["casebook list"]
    assert {path.name for path in (tmp_path / "statements").iterdir()} >= {"letter.html", "record.html"}
