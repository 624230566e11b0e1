"""What the page of a ring costs: to make, on disk, and in a real Chromium until it can be used.

    python benchmarks/report_pages.py [--repeat 5]

Writes results/report_pages.md. Rings are made by hand: each member has three things of its own ring, so that nobody can
be folded into a crowd, and orders from two others; what a ring of that size can look like at worst.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from measure import write_result
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from browser_install import find_browser
from pictured import BEGAN, make_facts

from graph.pages.content import RingFacts, list_people
from graph.pages.ring import write_ring
from graph.pictures.network import Tie, draw_network

SIZES = (12, 60, 150, 400)
LOAD_SECONDS, MEGABYTES = 1.0, 1.0
"""What a ring of 400 may take to load, and what its page may weigh."""
_FRAMES = """() => new Promise(done => {
  const slider = document.querySelector("#time"), taken = [];
  let place = 0, before = performance.now();
  const step = () => {
    const now = performance.now();
    taken.push(now - before);
    before = now;
    if (place > Number(slider.max) || place > 60) return done(taken.slice(1));
    slider.value = String(place);
    slider.dispatchEvent(new Event("input"));
    place += 1;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
_LOADED = (
    """() => { const [one] = performance.getEntriesByType("navigation"); return one.loadEventEnd - one.startTime; }"""
)


@dataclass(frozen=True)
class Taken:
    """Of one size: nodes and edges, seconds to make, megabytes, seconds to load, milliseconds of picks and frames."""

    size: int
    nodes: int
    edges: int
    making: float
    megabytes: float
    loading: float
    picking_ms: float
    frame_ms: float
    worst_ms: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeat", type=int, default=5)
    repeat = options.parse_args().repeat
    path = find_browser()
    if path is None:
        raise SystemExit("no Chromium here: run make browser as root")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        found = [measure(browser, size, Path(folder), repeat) for size in SIZES]
        version = browser.version
        browser.close()
    write_result("report_pages.md", report(found, version, repeat))


def make_large(size: int) -> tuple[RingFacts, float]:
    """A ring of so many members, and the seconds that its picture takes."""
    facts = make_facts([f"A{number:07d}" for number in range(size)])
    ids, rng = [each.account_id for each in facts.ring.members], np.random.default_rng(size)
    ties = [
        Tie(each, "device", f"device D{thing:06d}", 4.0, BEGAN + timedelta(hours=int(thing)))
        for each in ids
        for thing in rng.choice(max(size // 2, 3), 3, replace=False).tolist()
    ]
    ties += [
        Tie(each, "trade", "1 order", 2.0, BEGAN + timedelta(hours=place), ids[int(other)])
        for place, each in enumerate(ids)
        for other in rng.choice(size, 2, replace=False)
        if ids[int(other)] != each
    ]
    people = list_people(facts.ring, facts.timeline)
    started = time.perf_counter()
    network = draw_network(people, ties)
    return replace(facts, network=network), time.perf_counter() - started


def measure(browser: Browser, size: int, folder: Path, repeat: int) -> Taken:
    facts, drawing = make_large(size)
    path, started = folder / f"{size}.html", time.perf_counter()
    path.write_text(write_ring(facts, "en"), encoding="utf-8")
    making = drawing + time.perf_counter() - started
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    loads = []
    for _ in range(repeat):
        page.goto(path.as_uri())
        loads.append(page.evaluate(_LOADED) / 1000)
    mark = page.locator("#network .node").nth(size // 2)
    picks = [_time(lambda: mark.dispatch_event("click")) for _ in range(repeat)]
    frames = page.evaluate(_FRAMES)
    page.close()
    return Taken(
        *(size, len(facts.network.nodes), len(facts.network.edges), making, path.stat().st_size / 1e6),
        *(statistics.median(loads), statistics.median(picks) * 1000, statistics.median(frames), max(frames)),
    )


def _time(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def report(found: list[Taken], version: str, repeat: int) -> str:
    last = found[-1]
    kept = last.loading < LOAD_SECONDS and last.megabytes < MEGABYTES
    lines = [
        "# What the page of a ring costs",
        "",
        f"Chromium {version} without a screen, {os.cpu_count()} cores at a load of {os.getloadavg()[0]:.1f};",
        f"medians of {repeat}: `python benchmarks/report_pages.py --repeat {repeat}`. No member can be folded into a",
        "crowd: the worst that rings of these sizes can look like. Loading is from the start of the navigation to the",
        "end of its load event, the script's own work included; a pick is a click and back over the driver's wire; a",
        "frame is one step of the slider.",
        "",
        f"Asked: a ring of 400 loads within {LOAD_SECONDS:g} s, and its page has less than {MEGABYTES:g} MB:",
        f"{'kept' if kept else 'not kept'}.",
        "",
        "| members | nodes | edges | making, s | MB | loading, s | a pick, ms | a frame, ms | worst frame, ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {each.size} | {each.nodes} | {each.edges} | {each.making:.2f} | {each.megabytes:.2f} | {each.loading:.2f}"
        f" | {each.picking_ms:.0f} | {each.frame_ms:.0f} | {each.worst_ms:.0f} |"
        for each in found
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
