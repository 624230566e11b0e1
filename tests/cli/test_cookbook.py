"""Every recipe of docs/cookbook.md, pasted as it stands there, against a simulated market after two runs."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neo4j_server import ServerAddress, logged_in
from places import ROOT
from said import decide, decide_ring

from detection.evaluation.simulation.market import simulate_market, write_market
from detection.evaluation.simulation.settings import MarketSettings
from detection.run import detect
from detection.settings import DetectSettings
from graph.casebook.book import import_events
from graph.casebook.events import Event, write_event
from graph.contract.tables import read_folder
from graph.open import open_store
from graph.results import RunResult
from graph.settings import Settings
from graph.stores.protocol import GraphStore

PAGE = ROOT / "docs" / "cookbook.md"
EARLIER = np.datetime64("2024-10-15", "us")
MOST_TRIES = 300


@dataclass(frozen=True)
class Recipe:
    """One section of the page: what it says it wants and returns, and its query."""

    title: str
    runs_on_both: bool
    parameters: tuple[str, ...]
    columns: tuple[str, ...]
    query: str


def read_recipes() -> list[Recipe]:
    sections = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [_read_recipe(section) for section in sections]


def _read_recipe(section: str) -> Recipe:
    words, query = re.fullmatch(r"(.*?)```cypher\n(.*?)```.*", section, flags=re.DOTALL).groups()  # type: ignore[union-attr]
    flowing = " ".join(words.split())
    where = re.search(r"(Both stores|Neo4j)\. Returns (.*)\.$", flowing)
    wanted = re.search(r"Give (.*?)\.", flowing)
    assert where, f"the recipe says neither where it runs nor what it returns: {words}"
    return Recipe(
        words.splitlines()[0],
        where[1] == "Both stores",
        tuple(re.findall("`(.*?)`", wanted[1])) if wanted else (),
        tuple(re.findall("`(.*?)`", where[2])),
        query,
    )


RECIPES = read_recipes()


@dataclass(frozen=True)
class Searched:
    """A market, its embedded store, and what two runs found: as of some months before its end, and at the end."""

    folder: Path
    store: str
    runs: tuple[RunResult, RunResult]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    folder = tmp_path_factory.mktemp("cookbook")
    # At this seed every recipe has something to answer, also who is no longer flagged.
    write_market(simulate_market(MarketSettings(n_accounts=600, seed=15)), folder / "market")
    location = str(folder / "store")
    load(location, folder / "market")
    runs = detect(location, DetectSettings(), as_of=EARLIER), detect(location, DetectSettings())
    return Searched(folder / "market", location, runs)


def load(location: str, market: Path) -> None:
    with open_store(location, mode="write") as store:
        store.load(read_folder(market, Settings()))


def copy(searched: Searched, location: str) -> str:
    """The same market and runs on another store; that it would find the same is for test_both_stores.py."""
    load(location, searched.folder)
    with open_store(location, mode="write") as store:
        for run in searched.runs:
            store.write_run(run, store.snapshot(as_of=run.as_of))
        import_events(store.casebook, [write_event(each) for each in decide_first(searched.runs[1])])
    return location


def decide_first(run: RunResult) -> Iterator[Event]:
    """What somebody says of the first ring, and of one of its members."""
    first = run.rings[0]
    members = {each.account_id: each.bits for each in first.members}
    yield decide_ring(first.ring_id, "confirmed", members)
    yield decide(first.members[0].account_id, "cleared", 2)


@pytest.fixture(scope="module")
def neo4j(emptied_neo4j: ServerAddress, searched: Searched) -> Iterator[str]:
    with logged_in(emptied_neo4j) as location:
        yield copy(searched, location)


@pytest.fixture(scope="module")
def current_neo4j(emptied_current: ServerAddress, searched: Searched) -> Iterator[str]:
    with logged_in(emptied_current) as location:
        yield copy(searched, location)


@pytest.fixture(scope="module")
def embedded(searched: Searched) -> str:
    return searched.store


CHOICES = {
    "ring": "MATCH (g:Ring) RETURN DISTINCT g.ring_id AS id ORDER BY id",
    "account": "MATCH (a:Account)-[:MEMBER_OF]->(:Ring) RETURN DISTINCT a.account_id AS id ORDER BY id",
    "other": "MATCH (a:Account)-[:MEMBER_OF]->(:Ring) RETURN DISTINCT a.account_id AS id ORDER BY id DESC",
}


@functools.cache
def ask(location: str, recipe: Recipe) -> list[dict[str, Any]]:
    """What a recipe returns on a store, tried once."""
    with open_store(location) as store:
        return try_recipe(store, recipe)


def try_recipe(store: GraphStore, recipe: Recipe) -> list[dict[str, Any]]:
    """Run a recipe with one parameter after the other until something comes back."""
    choices = [[row["id"] for row in store.query(CHOICES[name])] for name in recipe.parameters]
    for values in islice(product(*choices), MOST_TRIES):
        rows = store.query(recipe.query, **dict(zip(recipe.parameters, values, strict=True)))
        if rows:
            return rows
    return []


def test_there_are_enough_recipes_and_each_has_its_own_title() -> None:
    assert len(RECIPES) >= 20
    assert len({recipe.title for recipe in RECIPES}) == len(RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_names_its_parameters_and_only_reads(recipe: Recipe) -> None:
    assert set(re.findall(r"\$(\w+)", recipe.query)) == set(recipe.parameters)
    assert not re.search(r"\b(CREATE|MERGE|SET|DELETE|REMOVE|DROP)\b", recipe.query)


@pytest.mark.parametrize("recipe", [each for each in RECIPES if each.runs_on_both], ids=lambda recipe: recipe.title)
def test_a_recipe_for_both_stores_answers_on_the_embedded_one(embedded: str, recipe: Recipe) -> None:
    rows = ask(embedded, recipe)
    assert rows
    assert tuple(rows[0]) == recipe.columns


@pytest.mark.server
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_answers_on_neo4j(neo4j: str, recipe: Recipe) -> None:
    rows = ask(neo4j, recipe)
    assert rows
    assert tuple(rows[0]) == recipe.columns


@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_answers_on_the_current_neo4j(current_neo4j: str, recipe: Recipe) -> None:
    rows = ask(current_neo4j, recipe)
    assert rows
    assert tuple(rows[0]) == recipe.columns


@pytest.mark.server
@pytest.mark.parametrize("recipe", [each for each in RECIPES if each.runs_on_both], ids=lambda recipe: recipe.title)
def test_both_stores_answer_alike(embedded: str, neo4j: str, recipe: Recipe) -> None:
    assert in_order(ask(embedded, recipe)) == in_order(ask(neo4j, recipe))


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr([_as_text(value) for value in row.values()]) for row in rows)


def _as_text(value: Any) -> Any:
    """Numbers to six digits, lists sorted: sums depend on their order, and collected lists have none."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return sorted(value) if isinstance(value, list) else str(value)
