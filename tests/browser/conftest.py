"""A Chromium without a screen, one for all tests; a page in it hears everything that goes wrong or out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small_market
from browser_install import VARIABLE, find_browser
from browsing import Heard, Open, Opened
from command_line import run
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Skips where there is no Chromium, and fails there in continuous integration."""
    path = find_browser()
    if path is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"no Chromium here: run make browser as root, or name one in {VARIABLE}")
    with sync_playwright() as playwright:
        # A container has no user namespace that the sandbox could use; these pages are our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open a file; whoever opened it finds that nothing went wrong in it and nothing went out, or the test fails."""
    opened: list[Opened] = []

    def open_file(path: Path, *, theme: str = "light", width: int = 1280) -> Opened:
        scheme = "dark" if theme == "dark" else "light"
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", locale="en-US"
        )
        heard = Heard()
        page.on("console", lambda message: heard.console.append(message.text))
        page.on("pageerror", lambda error: heard.console.append(str(error)))
        page.on("request", lambda request: heard.requests.append(request.url))
        page.goto(path.as_uri())
        opened.append(Opened(page, heard))
        return opened[-1]

    yield open_file
    for each in opened:
        each.page.close()
        assert each.heard.console == []
        assert len(each.heard.requests) == 1, each.heard.requests


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store after a run."""
    folder = tmp_path_factory.mktemp("pages")
    small_market.make_store(folder)
    return folder


@pytest.fixture(scope="session")
def write_page(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write the page of something with the command, once for the same words."""
    made: dict[tuple[str, ...], Path] = {}

    def write(*words: str) -> Path:
        if words not in made:
            path = tmp_path_factory.mktemp("page") / "page.html"
            store = str(market / "ringfence-store")
            result = run("--store", store, "report", "-o", str(path), *words)
            assert result.exit_code == 0, result.output
            made[words] = path
        return made[words]

    return write
