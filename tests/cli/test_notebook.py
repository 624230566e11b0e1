"""The Python way, as docs/notebook.md tells it: every block of the page is run, one after the other."""

from __future__ import annotations

import html
import re
from typing import Any

import pandas as pd
import pytest
from command_line import run
from pictured import HOSTILE, make_facts
from places import ROOT

from graph.open import open_store
from graph.pages.notebook import RingPicture
from graph.pages.rendering import show_text

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page's code knows at its end, run beside a market with planted rings."""
    known: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as here:
        here.chdir(tmp_path_factory.mktemp("notebook"))
        assert run("simulate", "market", "--accounts", "600", "--seed", "5").exit_code == 0
        for block in BLOCKS:
            exec(compile(block, "docs/notebook.md", "exec"), known)
        yield known


def test_ten_lines_lead_from_tables_to_rings(told: dict[str, Any]) -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= 10
    rings, members, accounts, worst = (told[name] for name in ("rings", "members", "accounts", "worst"))
    assert all(isinstance(each, pd.DataFrame) for each in (rings, members, accounts, worst))
    assert set(members["ring_id"]) == set(rings["ring_id"])
    assert members.groupby("ring_id").size().to_dict() == dict(zip(rings["ring_id"], rings["size"], strict=True))
    assert len(accounts) == 600
    assert set(worst["tier"]) <= {"review", "automatic"}


def test_a_ring_draws_itself(told: dict[str, Any]) -> None:
    ring = told["ring"]
    assert isinstance(ring, RingPicture)
    drawn = ring._repr_html_()
    assert drawn.count("<circle") + drawn.count("<path") >= 1
    assert all(each.account_id in drawn for each in ring.ring.members[:2])
    assert repr(ring).startswith(f"<{ring.ring.summary.kind} ring ")
    assert "script" not in drawn
    assert len(drawn) < 100_000


def test_whatever_ids_hold_a_drawn_ring_is_text() -> None:
    facts = make_facts(HOSTILE, texts=HOSTILE)
    drawn = RingPicture(facts.ring, facts.network)._repr_html_()
    tags = {each.lower() for each in re.findall(r"<([a-zA-Z]+)", drawn)}
    assert tags <= {"div", "p", "b", "svg", "line", "g", "title", "circle", "rect", "path", "text"}
    assert not {"\u202e", "\u2067"} & set(drawn)
    assert show_text(HOSTILE[3]) in drawn


def test_a_picture_hides_identifiers_unless_they_are_asked_for(told: dict[str, Any]) -> None:
    ring_id = told["rings"]["ring_id"][0]
    hidden, readable = (told["found"].show(ring_id, unmask=each)._repr_html_() for each in (False, True))
    assert "(…" in hidden
    assert hidden != readable


def test_no_page_of_what_was_found_spells_out_an_identifier(told: dict[str, Any]) -> None:
    with open_store("market-store") as store:
        rows = store.query("MATCH (i:Identifier) RETURN i.value AS value, i.canonical AS canonical")
    values = {each for row in rows for each in row.values() if each and len(each) > 4}
    members = told["members"].groupby("ring_id")["account_id"].first()[:2]
    for any_id in (*members.index, *members):
        page = html.unescape(run("--store", "market-store", "report", any_id, "-o", "-").stdout)
        body = page[page.index("<body") : page.index("<script>")]
        words = set(re.findall(r"[\w.:@+-]+", body))
        assert [each for each in values if each in words or (" " in each and each in body)] == [], any_id
