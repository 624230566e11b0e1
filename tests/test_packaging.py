"""What ships, what may import what, and what a fresh machine is promised."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT

HOUSES = ("graph", "embeddings", "detection", "cli")
NOT_SOURCE = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*")

# Spelt in pieces, so that this file does not name them.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("repo", "maven", "apache", "org"),
        ("deb", "debian", "org"),
    ]
]
TORCH_HOST = ".".join(("download", "pytorch", "org"))


def read_pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


LOCKS = ("requirements.lock", "requirements-docs.lock")


def read_lock(lock: str) -> dict[str, str]:
    """Pinned version by canonical name."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.M)}


def list_kept_files() -> list[Path]:
    """Files that are committed, or would be by the next ``git add``."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing says which files are kept")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def list_modules() -> list[Path]:
    return sorted(path for house in HOUSES for path in (ROOT / house).rglob("*.py"))


def run_python(code: str, *arguments: str, cwd: Path = ROOT) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names in a wheel built from a copy of this tree, tests and benchmarks included as bait."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in (*HOUSES, "tests", "benchmarks", "docs"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=NOT_SOURCE)
    for bait in ("benchmarks/__init__.py", "tests/__init__.py", "docs/__init__.py"):
        (tree / bait).touch()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    run_python("from setuptools import build_meta; build_meta.build_wheel('dist')", cwd=tree)
    (wheel,) = (tree / "dist").glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_ships_exactly_the_four_houses(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    version = read_pyproject()["project"]["version"]
    assert tops == {*HOUSES, f"ringfence-{version}.dist-info", f"ringfence-{version}.data"}


def test_the_wheel_ships_every_manual_page(wheel_names: list[str]) -> None:
    pages = {f"share/man/man1/{path.name}" for path in (ROOT / "docs" / "man").iterdir()}
    assert pages == {name.partition(".data/data/")[2] for name in wheel_names if ".data/" in name}


def test_the_wheel_ships_every_module(wheel_names: list[str]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in list_modules()}
    assert modules == {name for name in wheel_names if name.endswith(".py")}


def test_the_wheel_ships_every_template_and_translation_and_all_that_pages_are_made_of(wheel_names: list[str]) -> None:
    endings = (".j2", ".po", ".css", ".js", ".html", ".LICENSE.txt")
    files = {
        path.relative_to(ROOT).as_posix()
        for house in HOUSES
        for path in (ROOT / house).rglob("*")
        if path.name.endswith(endings)
    }
    assert {"graph/pages/assets/page.js", "graph/pages/assets/page.css"} <= files
    assert {"cli/explorer/static/explore.html", "cli/explorer/static/cytoscape.LICENSE.txt"} <= files
    assert files == {name for name in wheel_names if name.endswith(endings)}


def test_the_wheel_carries_its_licence_and_its_command(wheel_names: list[str]) -> None:
    files = {name.split("/", 1)[1] for name in wheel_names if ".dist-info/" in name}
    assert {"licenses/LICENSE", "entry_points.txt"} <= files
    assert read_pyproject()["project"]["scripts"] == {"ringfence": "cli.process:run"}


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in list_modules() if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert silent == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    loaded = set(run_python("import sys, cli.main; print(*sys.modules, sep='\\n')").split())
    heavy = {"torch", "torch_geometric", "pandas", "pyarrow", "ladybug", "neo4j", "scipy", "graspologic_native"}
    assert loaded & heavy == set()


def test_the_command_tells_the_version_of_the_package() -> None:
    command = [Path(sys.executable).with_name("ringfence"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"\d+\.\d+\.\d+\S*", said) == [read_pyproject()["project"]["version"]]


def test_the_readme_begins_with_the_demo_and_the_tests() -> None:
    fences = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    lines = (line.partition("#")[0].removeprefix("$ ").strip() for fence in fences for line in fence.splitlines())
    assert [line for line in lines if line][:2] == ["make demo", "make test"]


def test_no_kept_file_names_a_package_registry() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in list_kept_files()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert named == []


def test_only_the_guides_name_the_cpu_index_of_torch() -> None:
    naming = {path.relative_to(ROOT) for path in list_kept_files() if TORCH_HOST.encode() in path.read_bytes()}
    assert {path for path in naming if path.parts[0] != "docs" and path.name != "README.md"} == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_cover_every_dependency(lock: str) -> None:
    pyproject, pins = read_pyproject(), read_lock(lock)
    groups = pyproject["dependency-groups"]
    wanted = {
        "requirements.lock": pyproject["project"]["dependencies"] + groups["dev"],
        "requirements-docs.lock": groups["docs"],
    }
    requirements = [Requirement(text) for text in wanted[lock]]
    uncovered = [
        str(each)
        for each in requirements
        if not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"), prereleases=True)
    ]
    assert uncovered == []


def test_what_both_locks_name_has_one_version() -> None:
    tested, built_with = (read_lock(lock) for lock in LOCKS)
    differing = {name for name in tested.keys() & built_with.keys() if tested[name] != built_with[name]}
    assert differing == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_have_a_hash_for_every_pin_and_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^[\w.-]+==.*\n(.*)", text, re.M)
    assert len(pins) == len(read_lock(lock))
    assert all(line.startswith("    --hash=sha256:") for line in pins)
    assert "://" not in text


def test_the_continuous_check_is_a_program() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
