"""The order of the pages: what is listed in ``navigation.toml``, and a page for each package of the houses."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOUSES = ("graph", "embeddings", "detection", "cli")
REFERENCE = "docs/api"


def read_navigation() -> dict[str, Any]:
    """``navigation.toml`` as it is."""
    return tomllib.loads(Path(__file__).with_name("navigation.toml").read_text(encoding="utf-8"))


def list_below(page: str) -> list[str]:
    """The pages that stand below one; none below most."""
    pattern = read_navigation()["below"].get(page)
    return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)) if pattern else []


def list_pages() -> list[str]:
    """Every page but the front page and the reference, in order."""
    listed = [page for section in read_navigation()["section"] for page in section["pages"]]
    return [each for page in listed for each in (page, *list_below(page))]


def list_packages(within: str) -> list[str]:
    """The packages directly inside one, by name."""
    folder = ROOT / within.replace(".", "/")
    return sorted(f"{within}.{path.parent.name}" for path in folder.glob("*/__init__.py"))


def list_modules(package: str) -> list[str]:
    """The modules directly inside a package, by name."""
    folder = ROOT / package.replace(".", "/")
    return sorted(f"{package}.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__")
