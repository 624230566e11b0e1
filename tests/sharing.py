"""How tests are shared out among workers: whole modules, what needs a server or a browser as one."""

from __future__ import annotations

import ast
import functools
import re

from places import ROOT

SERVER, BROWSER = "server", "browser"
_BROWSER_TESTS = "tests/browser/"
_PARAMETERS = ("server", "neo4j")
"""How the backends that are servers are called in the names of tests."""


def find_scope(nodeid: str) -> str:
    """What a test is given to a worker with, by its name alone, for whoever shares them out knows no more."""
    if nodeid.startswith(_BROWSER_TESTS):  # one browser for all of them
        return BROWSER
    return SERVER if needs_server(nodeid) else nodeid.partition("::")[0]


def needs_server(nodeid: str) -> bool:
    """Whether a test has the mark ``server``."""
    path, _, name = nodeid.partition("::")
    function, _, parameters = name.partition("[")
    marked = _find_marked(path)
    return not marked.isdisjoint((function, "pytestmark")) or parameters.rstrip("]").split("-")[0] in _PARAMETERS


@functools.cache
def _find_marked(path: str) -> frozenset[str]:
    """The functions of a module that have the mark, and ``pytestmark`` where the module has it."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and "pytest.mark.server" in map(ast.unparse, node.decorator_list):
            found.add(node.name)
        if isinstance(node, ast.Assign) and re.fullmatch(r"pytestmark = .*pytest\.mark\.server\b.*", ast.unparse(node)):
            found.add("pytestmark")
    return frozenset(found)
