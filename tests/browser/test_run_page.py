"""The page of a run and the search of its site, used as a person uses them."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Open
from command_line import run


@pytest.fixture(scope="module")
def site(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    result = run("--store", str(market / "ringfence-store"), "report", "--all", str(folder))
    assert result.exit_code == 0, result.output
    return folder


def test_nothing_bars_a_screen_reader_or_a_keyboard_from_a_run(open_page: Open, site: Path) -> None:
    page = open_page(site / "index.html").page
    page.locator("details").first.locator("summary").click()
    page.get_by_label("Find").fill("farm")
    assert page.locator("#found").inner_text() == "1 / 2"
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_the_search_works_from_the_file_system(open_page: Open, site: Path) -> None:
    page = open_page(site / "search.html").page
    page.get_by_label("Find").fill("r-1 account")
    shown = page.locator("tbody tr:visible td:first-child")
    assert shown.all_inner_texts()[:3] == ["ann", "bob", "cyd"]
    assert shown.count() == 4
    link = page.get_by_role("link", name="ann").get_attribute("href")
    assert (site / str(link)).is_file()
