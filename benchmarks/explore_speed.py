"""How fluid the page of `explore` stays as it fills: frame times while somebody pans, zooms and drags in a Chromium.

Marks are added by the page's own code, and moved by real events of a mouse; each frame's time is what the page itself
sees between two callbacks of the browser.  There is no graphics card: Chromium draws with the processor.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import small_market  # noqa: E402 - found through the path above
from browser_install import find_browser  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from cli.explorer.answers import Explorer  # noqa: E402
from cli.explorer.names import Names  # noqa: E402
from cli.explorer.server import ExploreServer  # noqa: E402
from graph.open import open_store  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "explore_speed.md"
SIZES = (250, 500, 1000, 2000, 4000)
STEPS = 60
LOOK_MS = 1500
"""How long somebody looks before the first movement."""
FILL = """async (found) => {
  const { addFound, fit } = await import("/graph.js");
  const cy = document.getElementById("graph")._cyreg.cy;
  const started = performance.now();
  cy.elements().remove();
  addFound(cy, found, { x: 0, y: 0 });
  fit(cy);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [performance.now() - started, cy.nodes().length, cy.edges().length];
}"""
WATCH = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const note = (now) => { window.frames_ms.push(now - last); last = now; window.watch = requestAnimationFrame(note); };
  window.watch = requestAnimationFrame(note);
}"""
STOP = "() => { cancelAnimationFrame(window.watch); return window.frames_ms.slice(1); }"
SPOT = """() => {
  const cy = document.getElementById("graph")._cyreg.cy, box = document.getElementById("graph").getBoundingClientRect();
  const node = cy.nodes('[kind = "account"]').first().renderedPosition();
  return [box.x + node.x, box.y + node.y];
}"""


@dataclass(frozen=True)
class Frames:
    """How long frames took, and the processor's time for each movement of the mouse, in milliseconds."""

    times: list[float]
    processor: float

    def find(self, share: float) -> float:
        """The time that this share of the frames stays below."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]

    def say(self) -> str:
        """Median, 95 of 100, the longest; and the processor's time."""
        return f"{self.find(0.5):.0f} / {self.find(0.95):.0f} / {max(self.times):.0f} | {self.processor:.0f}"


def read_processor_ms() -> float:
    """What all processes of the browser have used of the processor's time so far."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            fields = rest.split()
            parents[int(path.parent.name)] = int(fields[1])
            if name.startswith("chrom"):
                used[int(path.parent.name)] = (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
    return sum(ms for pid, ms in used.items() if _is_ours(pid, parents))


def _is_ours(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != os.getpid():
        pid = parents[pid]
    return pid == os.getpid()


def make_found(nodes: int) -> dict[str, Any]:
    """Three accounts to each thing, which is shared by five of them: a neighbourhood of this many marks."""
    n_things = nodes // 4
    n_accounts = nodes - n_things
    tiers = ("clear", "watch", "review", "automatic")
    accounts = [
        {"id": f"A{n:07d}", "label": f"A{n:07d}", "tier": tiers[n % 4], "risk": 0.5, "rings": []}
        for n in range(n_accounts)
    ]
    channels = ("device", "address", "payment", "phone", "email", "ip", "reviewed product")
    things = [
        {"id": f"t{n}", "channel": channels[n % 7], "label": f"{channels[n % 7]} {n}", "accounts": 5}
        | {"users": [f"A{(n * 3 + step * step * 7) % n_accounts:07d}" for step in range(5)]}
        for n in range(n_things)
    ]
    dealings = [
        {"channel": "trade", "one": f"A{n:07d}", "other": f"A{(n * 31 + 7) % n_accounts:07d}", "detail": "1 order"}
        for n in range(0, n_accounts, 2)
    ]
    return {
        "roots": [],
        "accounts": accounts,
        "things": things,
        "dealings": dealings,
        "folded": [],
        "around": 0,
        "shown": 0,
    }


def watch(page: Page, act: Callable[[], None]) -> Frames:
    """The frames while something is done."""
    page.evaluate(WATCH)
    before = read_processor_ms()
    act()
    times = page.evaluate(STOP)
    return Frames(times, (read_processor_ms() - before) / STEPS)


def drag(page: Page, x: float, y: float) -> None:
    """Press, go round, let go."""
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(STEPS):
        turn = step / STEPS * 2 * math.pi
        page.mouse.move(x + 120 * math.sin(turn), y + 80 * (1 - math.cos(turn)))
    page.mouse.up()


def zoom(page: Page, x: float, y: float) -> None:
    """Come nearer, and go back."""
    page.mouse.move(x, y)
    for step in range(STEPS):
        page.mouse.wheel(0, -60 if step < STEPS // 2 else 60)


def measure(page: Page, nodes: int) -> str:
    """One row of the table."""
    filled_ms, n_nodes, n_edges = page.evaluate(FILL, make_found(nodes))
    page.wait_for_timeout(LOOK_MS)
    box = page.locator("#graph").bounding_box() or {}
    corner = box["x"] + 6, box["y"] + 6
    panned = watch(page, lambda: drag(page, *corner))
    zoomed = watch(page, lambda: zoom(page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    dragged = watch(page, lambda: drag(page, *page.evaluate(SPOT)))
    counts = f"{n_nodes:,} | {n_edges:,} | {filled_ms / 1000:.2f} s"
    return f"| {counts} | {panned.say()} | {zoomed.say()} | {dragged.say()} |"


def write_result(rows: list[str], browser: str) -> None:
    lines = [
        "# How fluid the page of explore stays",
        "",
        f"`explore_speed.py`; {browser} without a screen or a graphics card, {os.cpu_count()} cores, 1,400 x 900.",
        "Frame times in milliseconds, as the page sees them: median / 95 of 100 / longest. A screen that shows",
        "60 frames a second has 17 ms for each; up to some 50 ms a movement is felt as one. Beside it is what all",
        "processes of the browser used of the processors for each of 60 movements of the mouse, which hangs less on",
        f"what else the machine does. Its load was {os.getloadavg()[0]:.1f} when this was measured.",
        "",
        "| marks | lines | drawn after | moving the picture | ms | zooming | ms | dragging a mark | ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
    ]
    RESULT.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    with (
        TemporaryDirectory() as folder,
        open_store(str(small_market.make_store(Path(folder)))) as store,
        ExploreServer(Explorer(store, Names(is_spelt=False))) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(server.address)
        page.get_by_text("Search for an account").wait_for()
        rows = [measure(page, size) for size in SIZES]
        write_result(rows, f"Chromium {browser.version}")
        print("\n".join(rows))
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
