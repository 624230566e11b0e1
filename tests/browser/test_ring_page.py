"""The page of a ring, used as a person uses it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Open, Write


def test_picking_a_member_tells_what_ties_it(open_page: Open, write_page: Write) -> None:
    page = open_page(write_page("R-1")).page
    page.get_by_role("button", name="ann: core member").click()
    details = page.locator("#details")
    assert "device 1" in details.inner_text()
    assert page.locator("#network .node.near").count() > 1
    page.keyboard.press("Escape")
    assert "device 1" not in details.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_bars_a_screen_reader_or_a_keyboard(open_page: Open, write_page: Write, theme: str) -> None:
    page = open_page(write_page("R-1"), theme=theme).page
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
