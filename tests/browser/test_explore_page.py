"""The page on which one walks around, used as a person uses it: with a mouse, by the keyboard, and with bad ids."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small_market
from axe_playwright_python.sync_playwright import Axe
from browsing import Heard
from exploring import Visitor, serving
from playwright.sync_api import Browser, Page

from graph.contract.tables import read_folder
from graph.open import open_store
from graph.settings import Settings

Walk = Callable[..., Page]

BAD = (
    "</script><script>alert(1)</script>",
    "<img src=//evil.example/x onerror=alert(1)>",
    "\" onclick='alert(1)' x=\"",
    "\u202egnp.exe\u2066",
    "{{constructor.constructor('alert(1)')()}}",
    "x" * 900,
    small_market.HOSTILE,
)


@pytest.fixture(scope="module")
def visitor(market: Path) -> Iterator[Visitor]:
    with open_store(str(market / "ringfence-store")) as store, serving(store, start_id="ann") as visitor:
        yield visitor


@pytest.fixture(scope="module")
def bad_visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """Accounts, things and products of which each has a name that is more than a name."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "market").mkdir()
    rows = {
        "accounts": [("account_id",), *((each,) for each in BAD)],
        "devices": [("account_id", "device_id"), *((each, name) for each in BAD for name in (BAD[1], BAD[3]))],
        "orders": [
            ("order_id", "buyer_id", "seller_id"),
            *((f"o{n}", BAD[n], BAD[n + 1]) for n in range(len(BAD) - 1)),
        ],
        "reviews": [("review_id", "account_id", "product_id"), *((f"r {each}", each, BAD[2]) for each in BAD)],
    }
    for name, table in rows.items():
        with (folder / "market" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)
    with open_store(str(folder / "store"), mode="write") as store:
        store.load(read_folder(folder / "market", Settings()))
    with open_store(str(folder / "store")) as store, serving(store, is_spelt=True, start_id=BAD[0]) as visitor:
        yield visitor


@pytest.fixture
def walk(browser: Browser) -> Iterator[Walk]:
    """Open the page; nothing may go wrong in it, and nothing may leave this machine, or the test fails."""
    opened: list[tuple[Page, Heard, str]] = []

    def open_it(visitor: Visitor, *, theme: str = "light") -> Page:
        page = browser.new_page(
            color_scheme="dark" if theme == "dark" else "light", locale="en-US", accept_downloads=True
        )
        heard = Heard()
        page.on("console", lambda message: heard.console.append(message.text))
        page.on("pageerror", lambda error: heard.console.append(str(error)))
        page.on("dialog", lambda dialog: heard.console.append(dialog.message))
        page.on("request", lambda request: heard.requests.append(request.url))
        page.goto(visitor.server.address)
        page.locator("#shown li").first.wait_for()
        opened.append((page, heard, f"http://127.0.0.1:{visitor.server.server_port}/"))
        return page

    yield open_it
    for page, heard, place in opened:
        page.close()
        assert heard.console == []
        assert [url for url in heard.requests if not url.startswith((place, "blob:", "data:"))] == []


def list_shown(page: Page) -> set[str]:
    return set(page.locator("#shown li button > :first-child").all_inner_texts())


def pick(page: Page, name: str) -> None:
    page.locator("#shown").get_by_role("button", name=name).click()


def press(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("button", name=name, exact=True).click()


def test_one_walks_from_account_to_account(walk: Walk, visitor: Visitor) -> None:
    page = walk(visitor)
    assert page.url == f"http://127.0.0.1:{visitor.server.server_port}/"  # the token is not in it any more
    assert {"ann", "bob", "cyd", "eve", "device 1"} <= list_shown(page)
    pick(page, "eve")
    page.locator("#facts").get_by_text("verdict").wait_for()
    press(page, "Expand")
    pick(page, "dan")
    press(page, "Choose")
    pick(page, "bob")
    press(page, "Choose", "Path between the two")
    page.get_by_role("heading", name="Path of 3 hops").wait_for()
    press(page, "Compare")
    page.get_by_role("heading", name="Side by side").wait_for()
    assert page.locator("#answer table").first.locator("thead th").all_inner_texts() == ["account", "dan", "bob"]
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_what_is_searched_is_found_in_any_spelling_and_what_is_pinned_stays(walk: Walk, visitor: Visitor) -> None:
    page = walk(visitor)
    page.get_by_label("Search").fill("LAPTOP-3")
    page.keyboard.press("Enter")
    page.locator("#hits li button").first.click()
    pick(page, "dan")
    assert not [each for each in ("laptop-3", "phone-7", "café") if each in page.content()]
    press(page, "Pin", "Clear what is not pinned")
    assert list_shown(page) == {"dan"}


def test_the_keyboard_alone_is_enough(walk: Walk, visitor: Visitor) -> None:
    page = walk(visitor)
    page.get_by_label("Search").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "graph"
    seen = {page.locator("#who").inner_text()}
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
        seen.add(page.locator("#who").inner_text())
    assert len(seen) > 2
    before = list_shown(page)
    page.keyboard.press("p")
    assert page.locator("#pin").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Delete")
    assert len(list_shown(page)) == len(before) - 1


def take(page: Page, name: str, folder: Path) -> Path:
    with page.expect_download() as download:
        press(page, name)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_bad_names_are_text_and_nothing_else(walk: Walk, bad_visitor: Visitor, tmp_path: Path) -> None:
    page = walk(bad_visitor)
    page.locator("#shown li button").nth(1).click()
    press(page, "Expand")
    assert page.locator("#graph").get_attribute("aria-label") == f"The graph: {len(BAD)} accounts, 3 things"
    shown = list_shown(page)
    assert {BAD[0], BAD[1], BAD[2], r"\u202egnp.exe\u2066"} <= shown
    assert page.locator("img, #panel script").count() == 0
    assert max(map(len, shown)) <= 200
    for name, root in (("SVG", "svg"), ("GraphML", "graphml")):
        tree = ET.parse(take(page, name, tmp_path)).getroot()
        assert tree.tag.endswith(root)
        texts = {element.text for element in tree.iter() if element.text}
        assert BAD[1] in texts or any(text.startswith(BAD[1]) for text in texts)
        assert not [element for element in tree.iter() if element.tag.endswith(("script", "img"))]
    assert take(page, "PNG", tmp_path).read_bytes().startswith(b"\x89PNG")
    press(page, "Cypher")
    assert "ringfence cypher" in page.get_by_role("textbox", name="Cypher").input_value()
