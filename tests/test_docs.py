"""The documentation, checked without building it: every page is in the navigation, every link leads somewhere."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from places import ROOT

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)
HOUSES = ("graph", "embeddings", "detection", "cli")
SITE = ROOT / "docs" / "_site"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
    if not path.name.startswith(".")
)


@pytest.fixture(scope="module")
def navigation() -> ModuleType:
    """The module by which the site's pages are put in order."""
    spec = importlib.util.spec_from_file_location("navigation", SITE / "navigation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def list_all_packages(navigation: ModuleType, package: str) -> list[str]:
    """A package and all inside it, as the reference has them."""
    inside = navigation.list_packages(package)
    return [package, *(each for found in inside for each in list_all_packages(navigation, found))]


def read_prose(page: Path) -> str:
    """A page without its code, in which brackets are no links and hashes are no headings."""
    return re.sub(r"^(```+|~~~+).*?^\1", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def list_anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them; a second heading of one name gets ``-1``."""
    anchors: set[str] = set()
    for heading in HEADING.findall(read_prose(page)):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = sum(1 for each in anchors if each == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", each))
        anchors.add(f"{slug}-{number}" if number else slug)
    return anchors


def list_links(page: Path) -> list[str]:
    """Links to somewhere in this repository."""
    prose = re.sub(r"`[^`\n]*`", "", read_prose(page))
    return [link for link in LINK.findall(prose) if not re.match(r"[a-z]+:", link)]


def find_broken(page: Path) -> list[str]:
    broken = []
    for link in list_links(page):
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.is_file() or (anchor and anchor not in list_anchors(target)):
            broken.append(f"{page.relative_to(ROOT)}: {link}")
    return broken


def test_every_link_and_anchor_in_every_page_leads_somewhere() -> None:
    assert [broken for page in PAGES for broken in find_broken(page)] == []


def test_every_page_is_in_the_navigation_once(navigation: ModuleType) -> None:
    listed = sorted(["README.md", *navigation.list_pages()])
    assert listed == sorted(page.relative_to(ROOT).as_posix() for page in PAGES)


def test_the_reference_has_every_package_of_every_house(navigation: ModuleType) -> None:
    documented = {each for house in navigation.HOUSES for each in list_all_packages(navigation, house)}
    packages = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for house in HOUSES
        for path in (ROOT / house).rglob("__init__.py")
    }
    assert documented == packages


def list_names(module: Path) -> set[str]:
    """What a module defines at its top."""
    body = ast.parse(module.read_bytes()).body
    assigned = {name.id for node in body for name in ast.walk(node) if isinstance(name, ast.Name)}
    return assigned | {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def is_ours(dotted: str) -> bool:
    """Whether there is such a package, such a module, or such a name in one."""
    parent, _, name = dotted.rpartition(".")
    place, home = ROOT / dotted.replace(".", "/"), ROOT / f"{parent.replace('.', '/')}.py"
    return place.is_dir() or place.with_suffix(".py").is_file() or (home.is_file() and name in list_names(home))


def test_what_pages_say_of_modules_is_there() -> None:
    files = {path.name for folder in (*HOUSES, "tests", "benchmarks", "docs") for path in (ROOT / folder).rglob("*.py")}
    gone = []
    for page in PAGES:
        quoted = re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))
        dotted = [each for each in quoted if re.fullmatch(rf"(?:{'|'.join(HOUSES)})(?:\.\w+)+", each)]
        placed = [
            each for each in quoted if re.fullmatch(rf"(?:{'|'.join(HOUSES)}|tests|benchmarks|docs)/[\w/.-]+", each)
        ]
        bare = [each for each in quoted if re.fullmatch(r"\w+\.py", each)]
        gone += [
            f"{page.name}: {each}" for each in dotted if not is_ours(each) and not each.endswith((".lbug", ".lbug.wal"))
        ]
        gone += [f"{page.name}: {each}" for each in placed if not (ROOT / each).exists()]
        gone += [f"{page.name}: {each}" for each in bare if each not in files]
    assert gone == []


def read_contracts() -> dict[str, list[str]]:
    """The layers inside each house, from the top."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return {contract["name"].removeprefix("Inside "): contract.get("layers", []) for contract in contracts}


@pytest.mark.parametrize("house", ["detection", "embeddings", "graph"])
def test_the_picture_of_the_layers_is_that_of_the_contracts(house: str) -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    drawn = [label.split(" · ") for label in re.findall(rf'^ +{house}\d+\["(.+)"\]$', text, re.M)]
    assert drawn == [re.sub(r"[()]", "", layer).split(" | ") for layer in read_contracts()[house]]


def test_the_architecture_has_a_word_on_every_package(navigation: ModuleType) -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    packages = [each for house in HOUSES for each in list_all_packages(navigation, house)]
    assert [package for package in packages if f"`{package}`" not in text] == []


def test_the_decisions_are_listed_under_their_titles() -> None:
    index = ROOT / "docs" / "adr" / "README.md"
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", index.read_text(encoding="utf-8"), re.M)
    decisions = sorted(index.parent.glob("[0-9]*.md"))
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in decisions]
    assert listed == [(title, path.name) for title, path in zip(titles, decisions, strict=True)]


def test_a_broken_link_and_a_broken_anchor_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    page = tmp_path / "page.md"
    prose = "# A `b` c\n[1](#a-b-c) [2](#a) [3](gone.md) [4](page.md#a-b-c)\n"
    page.write_text(prose + "`[5](code.md)`\n```\n[6](code.md)\n```\n")
    assert find_broken(page) == ["page.md: #a", "page.md: gone.md"]


def test_pictures_are_there_small_and_on_the_first_page() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    shown = set(re.findall(r"!\[[^\]]+\]\((docs/pictures/[^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {each.relative_to(ROOT).as_posix() for each in pictures} == shown
    assert [each.name for each in pictures if each.stat().st_size > 300_000] == []
    assert "http" not in re.sub(r'xmlns="[^"]*"|<!--.*?-->', "", (pictures[-1]).read_text(encoding="utf-8"))
