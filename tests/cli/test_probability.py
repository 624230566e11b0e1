"""A model's probability stands beside the score, on the screens only where there is one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_market
from click.testing import CliRunner

from cli.main import main
from graph.open import open_store

CHANCES = {"ann": 0.25, "bob": 0.75}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose latest run had a model that knows two of the accounts."""
    location = small_market.make_store(tmp_path_factory.mktemp("probability"))
    with open_store(str(location), mode="write") as store:
        snapshot = store.snapshot()
        chances = np.array([CHANCES.get(each, np.nan) for each in snapshot.account_id])
        flags = tuple(replace(flag, probability=CHANCES.get(flag.subject_id)) for flag in small_market.FLAGS)
        run = small_market.make_run(snapshot, run_id="run-2")
        store.write_run(replace(run, account_probability=chances, flags=flags), snapshot)
    return location


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose run had no model."""
    return small_market.make_store(tmp_path_factory.mktemp("plain"))


def ask(place: Path, *words: str) -> str:
    result = CliRunner().invoke(main, ["--store", str(place), *words], env={"COLUMNS": "100", "NO_COLOR": "1"})
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_verdict_says_it_beside_the_risk(place: Path) -> None:
    for words in (("account", "ann"), ("why", "ann")):
        assert "(risk 0.93, probability 0.25)" in ask(place, *words)
    assert "score 0.93  probability 0.25" in ask(place, "why", "ann")


def test_members_have_a_column_of_it_blank_where_nothing_is_known(place: Path) -> None:
    lines = [line.split() for line in ask(place, "ring", "R-1").splitlines()]
    assert ["account", "role", "bits", "risk", "probability", "tier"] in lines
    assert ["bob", "core", "19.5", "0.91", "0.75", "automatic"] in lines
    assert ["cyd", "core", "18.0", "0.90", "automatic"] in lines


@pytest.mark.parametrize("words", [("account", "ann"), ("why", "ann"), ("ring", "R-1"), ("account", "guest-01")])
def test_without_a_model_no_screen_speaks_of_it(plain: Path, words: tuple[str, ...]) -> None:
    assert "probability" not in ask(plain, *words)


def test_json_always_has_it(place: Path, plain: Path) -> None:
    account = json.loads(ask(place, "account", "ann", "--format", "json"))
    assert (account["risk_score"], account["probability"]) == (0.93, 0.25)
    assert [flag["probability"] for flag in account["flags"]] == [0.25, None]  # the run before had no model
    assert json.loads(ask(plain, "account", "ann", "--format", "json"))["probability"] is None
    members = json.loads(ask(place, "ring", "R-1", "--format", "json"))["members"]
    assert [each["probability"] for each in members] == [0.25, 0.75, None, None]


def test_the_export_of_accounts_has_it_last(place: Path) -> None:
    lines = ask(place, "export", "accounts", "-o", "-").splitlines()
    assert lines[:4] == [
        "account_id,risk_score,tier,probability",
        "ann,0.93,automatic,0.25",
        "bob,0.91,automatic,0.75",
        "cyd,0.9,automatic,",
    ]
