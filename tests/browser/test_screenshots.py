"""What pages look like: pictures of two reference rings, compared coarsely, for each machine has fonts of its own.

After a change that is meant, ``RINGFENCE_UPDATE_PICTURES=1`` takes them anew; look at them before they are committed.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from browsing import Open
from pictured import make_facts
from places import ROOT
from playwright.sync_api import Browser

from graph.pages.ring import write_ring

PICTURES = ROOT / "tests" / "data" / "pictures"
UPDATE = "RINGFENCE_UPDATE_PICTURES"
RINGS: dict[str, Sequence[str]] = {
    "four": ("ann", "bob", "cyd", "dan"),
    "twenty": tuple(f"account-{number:02d}" for number in range(20)),
}
MOST_APART, MOST_APART_ANYWHERE = 0.01, 0.35
"""How much the brightness may differ, 0 to 1: on the average, and in one of the 60 by 37 fields of a picture."""
_SHRINK = """async ([one, other]) => {
  const read = async (data, width, height) => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const canvas = document.createElement("canvas");
    height ??= Math.round(width * image.height / image.width);
    [canvas.width, canvas.height] = [width, height];
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, 0, 0, width, height);
    return [canvas.toDataURL("image/png").split(",")[1], [...pen.getImageData(0, 0, width, height).data]];
  };
  const fields = [(await read(one, 60, 37))[1], (await read(other, 60, 37))[1]];
  const apart = fields[0].map((value, place) => Math.abs(value - fields[1][place]) / 255);
  return [apart.reduce((a, b) => a + b) / apart.length, Math.max(...apart), (await read(one, 460))[0]];
}"""


@pytest.mark.parametrize(("name", "theme"), [("four", "light"), ("twenty", "dark")])
def test_the_picture_of_a_ring_looks_as_it_did(
    open_page: Open, browser: Browser, tmp_path: Path, name: str, theme: str
) -> None:
    path, kept = tmp_path / "ring.html", PICTURES / f"{name}-{theme}.png"
    path.write_text(write_ring(make_facts(RINGS[name]), "en"), encoding="utf-8")
    # Letters are left out: they would be what differs most from machine to machine.
    picture = open_page(path, theme=theme).page.locator("#network")
    picture.evaluate("one => one.querySelectorAll('text').forEach(each => each.setAttribute('visibility', 'hidden'))")
    taken = picture.screenshot()
    before = kept.read_bytes() if kept.exists() else taken
    page = browser.new_page()
    mean, most, small = page.evaluate(_SHRINK, [base64.b64encode(each).decode() for each in (taken, before)])
    page.close()
    if os.environ.get(UPDATE):
        kept.write_bytes(base64.b64decode(small))
        return
    assert kept.exists(), f"set {UPDATE}=1 to take it"
    assert (mean < MOST_APART, most < MOST_APART_ANYWHERE) == (True, True), (mean, most)


def test_parts_of_the_page_stand_where_they_should(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "ring.html"
    path.write_text(write_ring(make_facts(RINGS["twenty"]), "en"), encoding="utf-8")
    page = open_page(path).page
    boxes = [each.bounding_box() for each in page.locator("main section").all()]
    assert all(box is not None and box["width"] > 300 and box["height"] > 60 for box in boxes)
    tops = [box["y"] for box in boxes if box is not None]
    assert tops == sorted(tops)
    network, details = page.locator("#network").bounding_box(), page.locator("#details").bounding_box()
    assert network is not None
    assert details is not None
    assert network["y"] < 450  # the picture begins on the first screen
    assert network["x"] + network["width"] <= details["x"]
