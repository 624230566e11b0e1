"""Mermaid fences, which GitHub draws in the page, drawn into the site when it is built.

Mermaid itself runs here, inside Python, and the page gets an SVG: a reader needs neither scripts nor a network.
"""

from __future__ import annotations

import hashlib
from typing import Any

import mermaidx
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

NAME_OF_ALL = "my-svg"
"""What every picture calls itself; its styles and arrow heads refer to that, so two on a page must differ."""


class MermaidPicture(SphinxDirective):
    """A fence of Mermaid as a picture."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Draw it; a mistake in it is a warning at its line, and so ends the build."""
        source = "\n".join(self.content)
        name = f"picture-{hashlib.sha256(source.encode()).hexdigest()[:12]}"
        try:
            svg = mermaidx.render(source, theme="neutral").svg()
        except Exception as error:  # noqa: BLE001  it names no type for what Mermaid's own parser throws
            return [self.state.document.reporter.warning(f"Mermaid: {error}", line=self.lineno)]
        return [nodes.raw("", f'<div class="picture">{svg.replace(NAME_OF_ALL, name)}</div>', format="html")]


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("mermaid", MermaidPicture)
    return {"parallel_read_safe": True}
