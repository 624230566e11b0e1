"""Every question is asked in the Cypher that all databases speak."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import graph.queries
from graph.stores.protocol import Question


def list_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from list_texts(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from list_texts(each)
    elif isinstance(value, Question):
        yield from (value.near, value.returns, value.way, value.condition, value.order)


def list_queries() -> list[str]:
    names = [f"graph.queries.{each.name}" for each in pkgutil.iter_modules(graph.queries.__path__)]
    constants = [
        value for name in names for key, value in vars(importlib.import_module(name)).items() if key[:2] != "__"
    ]
    return sorted({text for value in constants for text in list_texts(value)})


@pytest.mark.parametrize("text", list_queries())
def test_no_query_uses_what_only_one_database_knows(text: str) -> None:
    for word in ("offset(", "label(", "CAST(", "LOAD FROM", "CALL ", "apoc", "gds.", "elementId", "startNode"):
        assert word not in text


def test_all_questions_are_looked_at() -> None:
    assert sum("MATCH" in text for text in list_queries()) > 10
