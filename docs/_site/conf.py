"""Sphinx's settings: the repository's own Markdown, as it stands, and a reference made from docstrings.

The source folder is the root, so that a link in a page works here as it does on GitHub.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]  # what is beside this file, and the houses

project = "Ringfence"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
language = "en"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "contents",
    "reference",
    "pictures",
    "offline",
]

root_doc = "README"
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/adr/*.md",
    "docs/api/*.rst",
    "benchmarks/README.md",
    "benchmarks/results/*.md",
]
exclude_patterns = [".*", "site", "shared"]

myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
suppress_warnings = ["misc.highlighting_failure"]  # Pygments' Cypher knows neither $parameters nor division

default_role = "code"
autodoc_default_options = {"members": True, "member-order": "bysource"}
maximum_signature_line_length = 100
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"Ringfence {release}"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
templates_path = ["."]
html_additional_pages = {"index": "front.html"}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
