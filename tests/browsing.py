"""Pages that are open in a browser, and what was heard of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page


@dataclass
class Heard:
    """What a page said in the console, and what it asked for beyond its own file."""

    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Opened:
    """A page in the browser, and what was heard of it."""

    page: Page
    heard: Heard


Open = Callable[..., Opened]
Write = Callable[..., Path]
