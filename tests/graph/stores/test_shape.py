"""The shape of the graph is said once: documented, kept, migrated and asked for as it is said there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT
from version_1 import unpack_version_1

from graph.results import Ring
from graph.stores.shape import NODES, RELATIONSHIPS, VECTOR, Node, Relationship, read_fields, say_returns

NEW_FIELD = '    note: str | None = field(default=None, metadata={"since": 99})\n'
ASK_FOR_IT = """
import sys
from dataclasses import replace
from pathlib import Path
import small_market
from graph.open import open_store
from graph.queries.rings import find_ring
from graph.results import Ring
from graph.stores.shape import VERSION

folder, old = sys.argv[1:]
assert VERSION == 99
place = small_market.make_store(Path(folder))
ring = small_market.RINGS[0]
noted = replace(ring, evidence=tuple(replace(each, note=f"seen in {each.channel}") for each in ring.evidence))
with open_store(str(place), mode="write") as store:
    snapshot = store.snapshot()
    store.write_run(replace(small_market.make_run(snapshot, run_id="run-2"), rings=(noted,), flags=()), snapshot)
for mode, where, run_id in (("read", place, "run-2"), ("read", old, None), ("write", old, None), ("read", old, None)):
    with open_store(str(where), mode=mode) as store:
        print([each.note for each in find_ring(store, "R-1", run_id=run_id).evidence])
"""


def read_documented() -> dict[str, list[str]]:
    """The cells behind the name of each label and relationship in docs/graph-model.md."""
    text = (ROOT / "docs" / "graph-model.md").read_text(encoding="utf-8")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    return {cells[0].strip("`"): cells[1:] for cells in lines[::-1]}


def list_names(cell: str) -> list[str]:
    """The names of properties, without what is said of them."""
    words = re.sub(r"\([^)]*\)", "", cell.replace("**", "")).partition(":")[0]
    return [word.strip() for word in words.split(",") if word.strip()]


@pytest.mark.parametrize("node", [*NODES.values(), VECTOR], ids=lambda node: node.label)
def test_the_documented_nodes_are_the_stores(node: Node) -> None:
    (described,) = read_documented()[node.label]
    assert list_names(described) == list(node.properties)
    assert re.findall(r"\*\*(\w+)\*\*", described) == [node.key]


@pytest.mark.parametrize("relationship", RELATIONSHIPS.values(), ids=lambda each: each.kind)
def test_the_documented_relationships_are_the_stores(relationship: Relationship) -> None:
    ends, described = read_documented()[relationship.kind]
    assert re.sub(r" \([^)]*\)", "", ends) == ", ".join(" → ".join(each) for each in relationship.ends)
    assert list_names(described) == list(relationship.properties)


def test_properties_that_came_later_stand_at_the_end() -> None:
    for part in (*NODES.values(), *RELATIONSHIPS.values()):
        versions = [each.since for each in part.properties.values()]
        assert versions == sorted(versions)


def test_a_property_that_is_none_cannot_be_returned() -> None:
    with pytest.raises(KeyError, match=r"Account.* has no colour"):
        say_returns("a", NODES["Account"], ["account_id", "colour"])


def test_a_field_that_no_property_holds_is_refused() -> None:
    with pytest.raises(TypeError, match=r"no property of the graph holds tuple\[graph.results.Member"):
        read_fields(Ring)


def test_a_new_field_of_evidence_is_one_line(tmp_path: Path) -> None:
    """With that line alone it is written, read back, and null in what was written before."""
    shutil.copytree(ROOT / "graph", tmp_path / "graph")
    results = tmp_path / "graph" / "results.py"
    text = results.read_text(encoding="utf-8")
    before = "    expected: float\n    sentence: str\n"
    assert text.count(before) == 1
    results.write_text(text.replace(before, before + NEW_FIELD), encoding="utf-8")
    old = unpack_version_1(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "tests")])}
    command = [sys.executable, "-c", ASK_FOR_IT, str(tmp_path / "new"), str(old)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    nothing = "[None, None]"
    assert done.stdout.splitlines() == ["['seen in device', 'seen in trade']", nothing, nothing, nothing]
