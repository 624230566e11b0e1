"""The manual pages are those of the commands as they are: ``make man`` writes them."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from types import ModuleType

import pytest
from places import ROOT

from cli.main import COMMANDS

MAN = ROOT / "docs" / "man"


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages", ROOT / "docs" / "_man" / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def written(pages: ModuleType) -> dict[str, str]:
    made: dict[str, str] = pages.list_pages()
    return made


def test_every_page_is_that_of_its_command(written: dict[str, str]) -> None:
    found = {path.name: path.read_text(encoding="utf-8") for path in MAN.iterdir()}
    assert found.keys() == written.keys(), "run `make man`"
    assert found == written, "run `make man`"


def test_every_command_has_a_page_with_its_options(written: dict[str, str]) -> None:
    assert {f"ringfence-{name}.1" for name in COMMANDS} < written.keys()
    assert {"ringfence.1", "ringfence-casebook-export.1"} < written.keys()
    assert "\n.B \\-\\-max\\-hub" in written["ringfence-path.1"]
    assert all(re.search(r"^\.B .*\\-h, \\-\\-help", text, re.M) for text in written.values())


def test_no_line_of_text_is_taken_for_a_command_of_roff(written: dict[str, str]) -> None:
    known = {"TH", "SH", "PP", "TP", "B", "BR", "nf", "fi"}
    for name, text in written.items():
        begun = {match[1] for match in re.finditer(r"^[.'](\S*)", text, re.M)}
        assert begun <= known, name


def test_the_pages_are_installed_where_man_looks() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["setuptools"]["data-files"] == {"share/man/man1": ["docs/man/*.1"]}
