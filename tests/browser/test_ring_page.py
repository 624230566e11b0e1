"""The page of a ring, used as a person uses it: with a mouse, with a keyboard alone, on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import Open, Write
from pictured import make_facts, make_hostile_facts
from playwright.sync_api import Browser, Page, expect

from graph.pages.ring import write_ring


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a ring made by hand, with everything that a page can show."""
    path = tmp_path_factory.mktemp("ring") / "ring.html"
    path.write_text(write_ring(make_facts(), "en"), encoding="utf-8")
    return path


def find_shown(page: Page) -> set[str]:
    """The names of the marks that can be seen."""
    marks = page.locator("#network .node:not(.out)").evaluate_all("all => all.map(one => one.ariaLabel)")
    return {each.partition(":")[0] for each in marks}


def test_a_member_that_is_clicked_tells_what_ties_it(open_page: Open, ring: Path) -> None:
    page = open_page(ring).page
    page.locator("#network").get_by_role("button", name="ann: ").click()
    details = page.locator("#details")
    assert details.get_by_role("heading").inner_text() == "ann"
    told = [each.partition("\n")[0] for each in details.get_by_role("listitem").all_inner_texts()]
    assert told == ["device phone 7", "phone 7: dan"]  # a thing, and a dealing, each by its own name
    assert page.locator("tr.picked").get_by_role("button").inner_text() == "ann"
    page.keyboard.press("Escape")
    assert details.get_by_role("heading").count() == 0


def test_a_member_is_picked_from_the_table_as_well(open_page: Open, ring: Path) -> None:
    page = open_page(ring).page
    page.locator("table").get_by_role("button", name="cyd").click()
    assert page.locator("#details").get_by_role("heading").inner_text() == "cyd"
    assert page.evaluate("document.activeElement.ariaLabel").startswith("cyd: ")


def test_what_is_filtered_is_not_seen(open_page: Open, ring: Path) -> None:
    page = open_page(ring).page
    page.get_by_label("fringe member", exact=True).uncheck()
    assert find_shown(page) == {"bob", "cyd", "device phone 7", "shop phone 7"}
    assert page.locator("tbody tr[data-role]:visible").count() == 2
    page.get_by_label("device", exact=True).uncheck()
    assert "device phone 7" not in find_shown(page)
    page.locator("#find").fill("CY")
    assert page.locator("tbody tr[data-role]:visible").count() == 1
    assert page.locator("#found").inner_text() == "1 / 4"


def test_the_slider_shows_how_it_came_together(open_page: Open, ring: Path) -> None:
    page = open_page(ring).page
    everything, slider = find_shown(page), page.locator("#time")
    slider.focus()
    slider.press("Home")
    assert find_shown(page) == {"shop phone 7"}  # nobody knows since when that is there
    assert slider.get_attribute("aria-valuetext") == "before anything"
    slider.press("ArrowRight")
    assert find_shown(page) == {"ann", "device phone 7", "shop phone 7"}
    assert page.locator("#when").inner_text() == "2024-01-01 08:00"
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_text("Stop")
    expect(page.locator("#when")).not_to_have_text("2024-01-01 08:00")
    page.locator("#play").click()
    slider.press("End")
    assert find_shown(page) == everything
    assert page.locator("#now.out").count() == 1


def test_a_keyboard_alone_reaches_everything(open_page: Open, ring: Path) -> None:
    page = open_page(ring).page
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(one => one.id || one.ariaLabel || one.innerText || one.type)(document.activeElement)")
        )
    for name in ("To the content", "checkbox", "play", "time", "details", "find", "ann"):
        assert name in reached, reached
    marks = [each for each in reached if "member, tier" in each]
    assert len(set(marks)) == 1  # the picture is one stop
    page.locator("#network .node[tabindex='0']").focus()
    seen = set()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp") * 2:
        page.keyboard.press(key)
        seen.add(page.evaluate("document.activeElement.ariaLabel"))
    assert len(seen) > 2
    assert page.locator("#network .node[aria-pressed='true']").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_bars_a_screen_reader(open_page: Open, ring: Path, theme: str) -> None:
    page = open_page(ring, theme=theme).page
    page.locator("#network .node").first.click()
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_an_account_s_page_bars_nobody_either(open_page: Open, write_page: Write) -> None:
    page = open_page(write_page("ann", "--language", "de"), theme="dark").page
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_it_prints_on_a_few_pages_of_a4(open_page: Open, ring: Path) -> None:
    page = open_page(ring, theme="dark").page
    paper = page.pdf(format="A4", prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert 1 <= paper.count(b"/Type /Page\n") <= 6
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#play").is_visible()


def test_nothing_runs_past_the_edge_of_a_narrow_window(open_page: Open, ring: Path) -> None:
    page = open_page(ring, width=420).page
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_without_its_script_a_page_still_shows_everything(browser: Browser, ring: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(ring.as_uri())
        assert page.locator("#network .node:visible").count() == 6
        assert page.locator("tbody tr[data-n]:visible").count() == 4
        assert not page.locator("#play").is_visible()


def test_no_id_and_no_text_is_obeyed(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(write_ring(make_hostile_facts(), "en"), encoding="utf-8")
    page = open_page(path).page
    title = page.title()
    for mark in page.locator("#network .node").all():
        mark.dispatch_event("click")
    page.locator("#find").fill("<img src=x onerror=alert(1)>")
    page.locator("#time").press("Home")
    page.get_by_role("button", name="Play").click()
    assert page.title() == title != "taken"
    assert page.locator("img, iframe, object, embed, form, #network svg").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
