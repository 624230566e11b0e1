"""Sphinx reads the repository's own Markdown; what it needs beyond that is added while it reads.

The pages stay plain: their tables of contents are appended here, so that none of them carries a directive which
GitHub would show as code.
"""

from __future__ import annotations

from typing import Any

import navigation


def make_toctree(pages: list[str], caption: str = "") -> str:
    """A hidden table of contents in MyST."""
    lines = [f":caption: {caption}"] if caption else []
    return "\n".join(["", "", "```{toctree}", ":hidden:", *lines, "", *(f"/{page}" for page in pages), "```", ""])


def add_contents(app: Any, docname: str, source: list[str]) -> None:
    """Append what stands below a page to its text; everything stands below the front page."""
    if docname == app.config.root_doc:
        for section in navigation.read_navigation()["section"]:
            source[0] += make_toctree(section["pages"], section["caption"])
        houses = [f"{navigation.REFERENCE}/{house}" for house in navigation.HOUSES]
        source[0] += make_toctree(houses, "Reference")
    elif below := navigation.list_below(f"{docname}.md"):
        source[0] += make_toctree(below)


def list_parents(app: Any, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """The pages with contents, to be read again each time: what stands below them is not in their files."""
    return [app.config.root_doc, *(page.removesuffix(".md") for page in navigation.read_navigation()["below"])]


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", add_contents)
    app.connect("env-get-outdated", list_parents)
    return {"parallel_read_safe": True}
