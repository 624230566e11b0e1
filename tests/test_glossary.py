"""Every word on the screen is in the glossary; the words are taken from the code that prints them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from places import ROOT

from cli.main import COMMANDS
from detection.channels.catalogue import Catalogue
from detection.channels.conduct import SIGNALS
from detection.evidence.explanations import EXPLAINERS, GRANTED
from graph.vocabulary import RING_KINDS, TIERS

GLOSSARY = ROOT / "docs" / "glossary.md"


@pytest.fixture(scope="module")
def words() -> set[str]:
    """What the first column of each table explains; several words are set apart by commas."""
    cells = re.findall(r"^\| (.+?) \|", GLOSSARY.read_text(encoding="utf-8"), re.M)
    return {word.strip("`") for cell in cells for word in cell.split(", ")}


def list_headings() -> Iterator[str]:
    """The headings of all tables that answers are drawn as."""
    for module in sorted((ROOT / "cli").glob("draw*.py")):
        for function in ast.walk(ast.parse(module.read_bytes())):
            if isinstance(function, ast.FunctionDef):
                yield from list_headings_of(function)


def list_headings_of(function: ast.FunctionDef) -> Iterator[str]:
    """The headings of tables that one function draws."""
    assigned = {
        node.targets[0].id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "").endswith("table"):
            for argument in call.args:
                yield from list_texts(argument, assigned)


def list_texts(value: ast.AST, assigned: dict[str, ast.expr]) -> Iterator[str]:
    """The texts in an expression and in what was assigned to its names; those made of values are not words."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value
    elif isinstance(value, ast.Name) and value.id in assigned:
        yield from list_texts(assigned[value.id], assigned)
    elif isinstance(value, (ast.Tuple, ast.IfExp, ast.Starred)):
        for part in ast.iter_child_nodes(value):
            yield from list_texts(part, assigned)


def test_the_headings_are_found_where_they_are_drawn() -> None:
    assert {"ring", "would add", "of all honest", "average precision", "used as"} <= set(list_headings())


def test_every_heading_is_explained(words: set[str]) -> None:
    assert set(list_headings()) - words == set()


def test_every_tier_and_every_kind_of_ring_is_explained(words: set[str]) -> None:
    assert {*TIERS, *RING_KINDS} - words == set()


def test_every_channel_is_explained(words: set[str]) -> None:
    assert set(Catalogue().names) - words == set()


def test_every_conduct_signal_is_explained(words: set[str]) -> None:
    assert set(SIGNALS) - words == set()


def test_every_innocent_explanation_is_explained(words: set[str]) -> None:
    assert {explainer.name for explainer in (*EXPLAINERS, *GRANTED)} - words == set()


def test_every_command_is_explained(words: set[str]) -> None:
    assert COMMANDS.keys() - words == set()
