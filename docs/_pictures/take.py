"""Take the pictures of the README anew: pages of a ring, of a run and of explore in a browser, and a terminal session.

    make pictures

Everything comes from a simulated market, made anew: the pages are those that the commands write, and the terminal's
lines are what they print.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
RINGFENCE = Path(sys.executable).with_name("ringfence")
ACCOUNTS, SEED, COLUMNS = "4000", "7", 104
MOST_LINES = 30
"""So much of an answer is shown; a picture of a terminal is no place to read on."""


def main() -> None:
    """Make a market, ask about it, and take the pictures."""
    sys.path.insert(0, str(ROOT / "tests"))
    from browser_install import find_browser

    path = find_browser()
    if path is None:
        raise SystemExit("no Chromium here: run make browser as root")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        for words in (["simulate", "market", "--accounts", ACCOUNTS, "--seed", SEED], ["load", "market"], ["detect"]):
            run(folder, *words)
        ring_id = find_trade_ring(folder)
        run(folder, "report", ring_id, "-o", "ring.html")
        run(folder, "report", "latest", "-o", "run.html")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        take_ring(browser, folder / "ring.html")
        take_run(browser, folder / "run.html")
        take_explore(browser, folder, ring_id)
        browser.close()
        draw_session(folder, [["rings", "--limit", "6"], ["ring", ring_id, "--picture"]])


def run(folder: Path, *words: str) -> str:
    """What a command prints, as on a terminal."""
    colours = {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | colours
    done = subprocess.run(
        [str(RINGFENCE), "-q", *words], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def find_trade_ring(folder: Path) -> str:
    """The strongest ring of traders that is small enough to be taken in."""
    listed = run(folder, "rings", "--format", "csv", "--kind", "trade", "--max-size", "16").splitlines()
    return listed[1].split(",")[0]


def take_ring(browser: Browser, path: Path) -> None:
    """The first screen of a ring's page, with a member picked."""
    page = browser.new_page(viewport={"width": 1240, "height": 1010}, reduced_motion="reduce", locale="en-US")
    page.goto(path.as_uri())
    page.locator("#network .node").first.click()
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURES / "ring.png")
    page.close()


def take_run(browser: Browser, path: Path) -> None:
    """The rings of a run in small."""
    page = browser.new_page(viewport={"width": 1240, "height": 860}, locale="en-US")
    page.goto(path.as_uri())
    page.screenshot(path=PICTURES / "run.png")
    page.close()


def take_explore(browser: Browser, folder: Path, ring_id: str) -> None:
    """The page on which one walks around, with a ring and who is around one of its members."""
    command = [str(RINGFENCE), "-q", "explore", ring_id, "--no-open"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            page = browser.new_page(viewport={"width": 1240, "height": 800}, locale="en-US")
            page.goto(serving.stdout.readline().split()[-1])
            page.locator("#facts").get_by_text("verdict").wait_for()
            page.get_by_role("button", name="Pin", exact=True).click()
            page.screenshot(path=PICTURES / "explore.png")
            page.close()
        finally:
            serving.terminate()


def draw_session(folder: Path, asked: list[list[str]]) -> None:
    """A session in a terminal, as a picture that loads no fonts."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        for words in asked:
            lines = run(folder, *words).rstrip("\n").split("\n")
            console.print(Text.assemble(("$ ", "bold green"), (f"ringfence {' '.join(words)}", "bold")))
            console.print(Text.from_ansi("\n".join(lines[:MOST_LINES])))
            console.print(Text("…" if len(lines) > MOST_LINES else "", style="dim"))
    # The faces are on a server elsewhere; every system has a face of its own.
    frame = re.sub(r"@font-face \{\{.*?\}\}\n?", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    drawn = console.export_svg(title="ringfence", code_format=frame, unique_id="session")
    (PICTURES / "session.svg").write_text(drawn.replace("Fira Code", "DejaVu Sans Mono"), encoding="utf-8")


if __name__ == "__main__":
    main()
