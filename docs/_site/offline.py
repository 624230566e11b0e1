"""The finished site, read once more: nothing comes from elsewhere, and every link inside it leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.util import logging

logger = logging.getLogger(__name__)

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
"""What a browser fetches by itself, as against a link that a reader may follow."""


class Page(HTMLParser):
    """One page: the ``ids`` it has, the ``links`` it offers, and what it makes a browser ``fetched``."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one element says."""
        said = {name: value for name, value in attrs if value}
        self.ids |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.links.add(said["href"])
        if FETCHED.get(tag) in said:
            self.fetched.add(said[FETCHED[tag]])


def check_site(app: Any, failure: Exception | None) -> None:
    """Warn, and so fail the build, of all that a reader without a network would miss."""
    if failure:
        return
    site = Path(app.outdir)
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for wrong in (*find_foreign(pages), *find_foreign_in_styles(site), *find_broken(pages)):
        logger.warning("%s", wrong)


def find_foreign(pages: dict[Path, Page]) -> Iterator[str]:
    """What pages fetch from another host."""
    for path, page in pages.items():
        yield from (f"{path.name} fetches {place}" for place in sorted(page.fetched) if urlsplit(place).netloc)


def find_foreign_in_styles(site: Path) -> Iterator[str]:
    """Style sheets that fetch from another host."""
    for path in sorted(site.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        if any(mark in text for mark in ("url(http", 'url("http', "url('http", "url(//", "@import")):
            yield f"{path.name} fetches from elsewhere"


def find_broken(pages: dict[Path, Page]) -> Iterator[str]:
    """Links to files that are not there, and to anchors that their page does not have."""
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages.get(target)
            if not target.exists() or (parts.fragment and known and unquote(parts.fragment) not in known.ids):
                yield f"{path.name} links to {link}"


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", check_site)
    return {"parallel_read_safe": True}
