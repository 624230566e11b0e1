"""Install the Chromium that the tests open pages in: Debian's, by apt, where there is none.

Needs no package of ours, so that it can run while those come.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
VARIABLE = "RINGFENCE_CHROMIUM"


class NoBrowserError(Exception):
    """There is no Chromium here, and it cannot be installed."""


def find_browser() -> str | None:
    """Where a Chromium is: the one that is named, or one on the PATH."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    return next((found for found in map(shutil.which, NAMES) if found), None)


def install() -> None:
    """Install Debian's Chromium, unless there is one.

    Raises
    ------
    NoBrowserError
        If there is no apt, nobody may use it, or it fails.
    """
    if find_browser():
        return
    apt = shutil.which("apt-get")
    if apt is None:
        raise NoBrowserError(f"install a Chromium, or name one in {VARIABLE}: apt-get is not on the PATH")
    if os.geteuid() != 0:
        raise NoBrowserError(f"this takes root: sudo apt-get install chromium, or name one in {VARIABLE}")
    quietly = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]):
        done = subprocess.run([apt, "--quiet=2", *words], capture_output=True, text=True, check=False, env=quietly)
        if done.returncode:
            raise NoBrowserError(f"apt-get {words[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def main() -> int:
    """Install it; return 1 where it has to be there and cannot be had."""
    parser = argparse.ArgumentParser(description="Install the Chromium that the tests use.")
    parser.add_argument("--if-possible", action="store_true", help="succeed without it, unless CI is set")
    chosen = parser.parse_args()
    try:
        install()
    except NoBrowserError as error:
        sys.stderr.write(f"tests in a browser will be skipped: {error}\n")
        return int(not chosen.if_possible or bool(os.environ.get("CI")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
