"""How long files and functions are: what is longer than a person can hold in mind is two things."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest
from places import ROOT

HOUSES = ("graph", "embeddings", "detection", "cli")
MOST_LINES, MOST_FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 400, 40, 7


def list_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_file(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def function_lines() -> dict[str, int]:
    """How many lines each function of the houses has, its signature and docstring included."""
    return {
        f"{name_file(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in list_files(*HOUSES)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno
    }


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    files = list_files(*HOUSES, "tests", "benchmarks", "docs")
    long = {name_file(path) for path in files if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES}
    assert long == set()


def test_no_function_is_longer_than_forty_lines(function_lines: dict[str, int]) -> None:
    assert {name for name, lines in function_lines.items() if lines > MOST_FUNCTION_LINES} == set()


def test_half_of_the_functions_are_seven_lines_or_less(function_lines: dict[str, int]) -> None:
    assert statistics.median(function_lines.values()) <= MEDIAN_FUNCTION_LINES
