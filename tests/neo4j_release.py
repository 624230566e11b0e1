"""The releases of Neo4j that the tests run, what is installed of each, and the Java that runs it."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".neo4j"
SOURCES = ROOT / "tests" / "java"

STAMP = "installed"
LAUNCHER = "launcher.jar"
CLASSES = "classes.jsa"
"""What Java read and verified of the jars once: a start that takes it over spends half the time."""
NEW_HOME = "home"
"""A server's home as its first start leaves it, with the first password replaced."""

OPENED = ("java.nio", "java.io", "java.lang", "java.util.concurrent", "sun.nio.ch", "jdk.internal.ref")
"""Packages of java.base that Neo4j reaches into."""


class NoServerError(Exception):
    """A server cannot be had on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Release:
    """A version of the server, and the Java versions that it runs on."""

    version: str
    oldest_java: int
    newest_java: int

    @property
    def folder(self) -> Path:
        return CACHE / self.version


LONG_TERM = Release("5.26.30", 17, 21)
CURRENT = Release("2026.08.1", 21, 25)
RELEASES = (LONG_TERM, CURRENT)


def find_java(release: Release) -> Path:
    """Return the oldest Java on this machine that runs a release.

    Raises
    ------
    NoServerError
        If there is none.
    """
    fitting = {
        version: java
        for java in reversed(_list_javas())
        if release.oldest_java <= (version := _read_java_version(java)) <= release.newest_java
    }
    if not fitting:
        wanted = f"Java {release.oldest_java} to {release.newest_java}"
        raise NoServerError(f"Neo4j {release.version} needs {wanted}: not in JAVA_HOME, PATH or /usr/lib/jvm")
    return fitting[min(fitting)]


def _list_javas() -> list[Path]:
    homes = [Path(home) for home in [os.environ.get("JAVA_HOME")] if home]
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parents[1])
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    homes += sorted(Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"))
    return [home / "bin" / "java" for home in homes if (home / "bin" / "java").is_file()]


@functools.cache
def _read_java_version(java: Path) -> int:
    """Return the feature release, 17 for 17.0.15; 0 where it cannot be told."""
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def is_installed(release: Release) -> bool:
    stamp = release.folder / STAMP
    return stamp.is_file() and stamp.read_text() == compute_digest(release)


def check_installed(release: Release) -> None:
    """Raise `NoServerError` where a release cannot be started."""
    find_java(release)
    if not is_installed(release):
        raise NoServerError(f"Neo4j {release.version} is not installed for the tests; run: make neo4j")


def compute_digest(release: Release) -> str:
    """What an installation depends on; another digest asks for another installation."""
    sources = [*sorted(SOURCES.iterdir()), Path(__file__).with_name("neo4j_install.py")]
    return hashlib.sha256(release.version.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()


def make_java_command(release: Release, options: Sequence[str]) -> list[str]:
    """The command that runs a release's launcher, which asks for one argument: the server's home.

    Raises
    ------
    NoServerError
        If this machine has no fitting Java.
    """
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    quiet = ["--enable-native-access=ALL-UNNAMED"] if release is CURRENT else []
    # By name: Java accepts an archive of classes only where it was made from the same jars in the same order.
    jars = [release.folder / LAUNCHER, *sorted((release.folder / "lib").glob("*.jar"))]
    classes = os.pathsep.join(map(str, jars))
    return [str(find_java(release)), *options, *opened, *quiet, "-cp", classes, "Server"]
